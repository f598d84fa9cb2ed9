//! Leave that browsers remember for days outlives the policy that gave it.

use http::header::ACCESS_CONTROL_MAX_AGE;

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    cors::{Cors, answer::Reach, evidence::Endpoint},
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-preflight-cached-too-long",
        fault: "preflights are to be remembered for more than a day",
        impact: Impact::Low,
        dimension: Dimension::Resilience,
        settles: Settles::AtOnce,
        why: "A method or header that is taken out of the policy stays allowed, and one that is added \
              stays refused, for as long as browsers remember the old answer. Most cut the time \
              short: Chromium at two hours, Firefox at a day. Others need not.",
        how: "Reads `access-control-max-age` of every preflight that was granted. Expected: at most \
              86400 seconds. Without it, and where it is no number, browsers remember for 5 seconds.",
        fix: "Set `access-control-max-age` to 7200, which is as long as Chromium remembers.",
        sources: &["Fetch standard section 4.9 (CORS-preflight cache)"],
    },
    |_, seen| seen.endpoints.iter().map(item).collect(),
);

fn item(endpoint: &Endpoint) -> Item {
    let subject = &endpoint.subject;
    let mut granted = endpoint
        .preflights()
        .filter(|(origin, answer)| {
            answer.status.is_success() && answer.reach(origin) > Reach::Nothing
        })
        .map(|(_, answer)| (answer, answer.shown(&ACCESS_CONTROL_MAX_AGE)))
        .peekable();
    let Some((_, first)) = granted.peek().cloned() else {
        return match endpoint.standing() {
            Ok(()) => Item::skip(subject, "no preflight was granted"),
            Err(obstructed) => Item::unknown(subject, &obstructed),
        };
    };
    let too_long = granted.find_map(|(answer, age)| {
        let age = age?;
        is_too_long(&age).then_some((answer, age))
    });
    if let Some((answer, age)) = too_long {
        let words = format!("{ACCESS_CONTROL_MAX_AGE}: {age}");
        return Item::fail(Confidence::Firm, subject, words).replay(&answer.replay);
    }
    let words = first.map_or_else(
        || format!("without {ACCESS_CONTROL_MAX_AGE}"),
        |age| format!("{ACCESS_CONTROL_MAX_AGE}: {age}"),
    );
    Item::pass(subject, words)
}

fn is_too_long(age: &str) -> bool {
    let digits = age.trim_start_matches('0');
    let is_number = !age.is_empty() && age.bytes().all(|byte| byte.is_ascii_digit());
    // More digits than a u64 has are more than a day.
    is_number && (digits.len() > 19 || digits.parse::<u64>().is_ok_and(|age| age > LONGEST))
}

const LONGEST: u64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_longest() {
        for fine in ["0", "600", "86400", "-1", "", "soon", "600, 999999", "+99999999", "00086400"]
        {
            assert!(!is_too_long(fine), "{fine}");
        }
        for wrong in ["86401", "31536000", "99999999999999999999999", "000086401"] {
            assert!(is_too_long(wrong), "{wrong}");
        }
    }
}
