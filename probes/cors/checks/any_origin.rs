//! What everybody may read should be meant for everybody.

use crate::{
    contract::{Check, Dimension, Impact, Item, Rule, Settles},
    cors::{
        Cors,
        answer::Reach,
        evidence::{Asked, Endpoint, is_denial},
        judge,
        question::Class,
    },
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-any-origin",
        fault: "any web site may read what is said without credentials",
        impact: Impact::Medium,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Any page can call the endpoint from its visitors' machines, with their addresses and \
              from inside their networks. That is right for public data and wrong for everything \
              else.",
        how: "Sends the origin of a domain that nobody can register, `null` and names like the \
              target's. Expected: none may read the answer without credentials, unless the endpoint \
              is declared `public`; tentative where no `endpoints` are named and the target's own URL \
              has nothing. An endpoint that answers 401 or 403 without credentials gives nothing away, \
              whatever its policy.",
        fix: "If anybody may read it, say `public: true`. If not, answer with \
              `access-control-allow-origin` only to the origins that need it.",
        sources: &[
            "OWASP ASVS 5.0 requirement 3.4.2 (`*` only where nothing is sensitive)",
            "Fetch standard section 4.10 (CORS check)",
        ],
    },
    |_, seen| seen.endpoints.iter().map(item).collect(),
);

fn item(endpoint: &Endpoint) -> Item {
    let subject = &endpoint.subject;
    if endpoint.public {
        return Item::skip(subject, "it is declared public");
    }
    let denied = endpoint.anonymous_status().filter(|status| is_denial(*status));
    if let Some(status) = denied {
        // A denial of what nobody was seen to read may be a firewall's.
        if let Err(obstructed) = endpoint.standing() {
            return Item::unknown(subject, &obstructed);
        }
        let status = status.as_u16();
        return Item::pass(subject, format!("it answers {status} without credentials"));
    }
    let strangers = strangers(endpoint);
    let granted: Vec<&Asked> = strangers.iter().copied().filter(|a| reads(endpoint, a)).collect();
    judge::fail(endpoint, Class::Any, &granted, Reach::Anonymous)
        .unwrap_or_else(|| judge::refused(endpoint, &[Class::Any], &strangers))
}

/// The questions that anybody could come to ask.
pub(in crate::cors) fn strangers(endpoint: &Endpoint) -> Vec<&Asked> {
    let is_stranger = |asked: &&Asked| {
        let class = asked.question.class;
        let anybody =
            matches!(class, Class::Any | Class::Null) || Class::LOOKALIKES.contains(&class);
        anybody && asked.question.usable
    };
    endpoint.asked.iter().filter(is_stranger).collect()
}

/// Whether this origin reads what the endpoint says to anybody. Where only a lookalike may read more,
/// with credentials, that is judged on its own.
fn reads(endpoint: &Endpoint, asked: &Asked) -> bool {
    let exposed = judge::exposed(endpoint, asked);
    let unconditionally =
        asked.question.class == Class::Any && asked.actual_reach() > Reach::Nothing;
    exposed == Reach::Anonymous || unconditionally
}
