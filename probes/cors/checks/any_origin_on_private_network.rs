//! Behind a firewall every user's browser is a way in.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Outcome, Rule, Settles},
    cors::{
        Cors,
        answer::Reach,
        checks::any_origin::strangers,
        evidence::{Asked, Endpoint, Evidence, Private, is_denial},
        judge,
        question::Class,
    },
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-any-origin-on-private-network",
        fault: "any web site may call into the private network",
        impact: Impact::High,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "What only the network keeps out, a page on the Internet reaches through the browser of \
              anybody inside: it reads the answers and sends them out.",
        how: "On a target with a private address, or with `private_network: true`, sends the origin of \
              a domain that nobody can register, `null` and names like the target's. Expected: none \
              may read an answer that needs no credentials, nor gets leave to send other requests. \
              Tentative where a name leads to a private address from here and may lead elsewhere for \
              others, and where no `endpoints` are named and the target's own URL has nothing.",
        fix: "Answer with `access-control-allow-origin` only to the origins that need it, and ask for \
              credentials inside the network too. If the target is on the Internet, say \
              `private_network: false`.",
        sources: &["Fetch standard section 4.10 (CORS check)", "W3C, Local Network Access (draft)"],
    },
    |_, seen| {
        let (why, sure) = match &seen.private {
            Private::No => return vec![Item::skip("", "the target is not on a private network")],
            Private::Surely(why) => (why, true),
            Private::Maybe(why) => (why, false),
        };
        seen.endpoints.iter().map(|endpoint| item(endpoint, why, sure)).collect()
    },
);

fn item(endpoint: &Endpoint, why: &str, sure: bool) -> Item {
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
    // Where only a lookalike may read more, with credentials, that is judged on its own.
    let calls = |asked: &&Asked| match asked.question.class {
        Class::Any => asked.reach() > Reach::Nothing,
        _ => asked.reach() == Reach::Anonymous,
    };
    let granted: Vec<&Asked> = strangers.iter().copied().filter(calls).collect();
    let Some(mut item) = judge::fail(endpoint, Class::Any, &granted, Reach::Anonymous) else {
        return judge::refused(endpoint, &[Class::Any], &strangers);
    };
    item.seen = format!("{}; {why}", item.seen);
    if !sure {
        item.outcome = Outcome::Fail(Confidence::Tentative);
    }
    item
}

impl Evidence {
    /// Why the target counts as private or not, for a person to read.
    pub(in crate::cors) fn network(&self) -> String {
        match &self.private {
            Private::No => "public".to_owned(),
            Private::Surely(why) => format!("private: {why}"),
            Private::Maybe(why) => format!("perhaps private: {why}"),
        }
    }
}
