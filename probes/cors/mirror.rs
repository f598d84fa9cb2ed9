//! Whether leave is given for whatever is asked, judged alike for methods and headers.

use http::HeaderName;

use super::{
    answer::Reach,
    evidence::{Endpoint, Mirror, Reply},
};
use crate::contract::{Confidence, Item};

/// Judges the answer to a preflight for something made up.
pub(super) fn item(
    endpoint: &Endpoint,
    reply: fn(&Mirror) -> &Reply,
    list: &HeaderName,
    made_up: &str,
) -> Item {
    let subject = &endpoint.subject;
    let Some(mirror) = &endpoint.mirror else {
        return match endpoint.standing() {
            Err(obstructed) => Item::unknown(subject, &obstructed),
            Ok(()) if endpoint.alike.is_some() => {
                Item::skip(subject, "it answers as another endpoint does, where that was asked")
            }
            Ok(()) => Item::skip(subject, "no origin is known that it grants anything"),
        };
    };
    let answer = match reply(mirror) {
        Ok(answer) => answer,
        Err(obstructed) => return Item::unknown(subject, obstructed),
    };
    let reach = answer.reach(&mirror.origin);
    if !answer.status.is_success() || reach == Reach::Nothing {
        let words = format!("the preflight for {made_up} is refused: {}", answer.in_words());
        return Item::pass(subject, words);
    }
    if endpoint.public && reach < Reach::Credentialed {
        return Item::skip(subject, "it is public, and pages need no leave to send no credentials");
    }
    let members = answer.list(list);
    let mirrored = members.iter().any(|member| member.eq_ignore_ascii_case(made_up));
    // With credentials an asterisk is an asterisk.
    let wild = reach < Reach::Credentialed && members.iter().any(|member| member == "*");
    let shown = answer.shown(list).unwrap_or_default();
    if mirrored || wild {
        let words = format!("a preflight from {} is answered {list}: {shown}", mirror.origin);
        return Item::fail(Confidence::Firm, subject, words).replay(&answer.replay);
    }
    Item::pass(subject, format!("{list}: {shown}"))
}
