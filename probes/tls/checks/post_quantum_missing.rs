//! Keys that will still be secret when quantum computers come.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        evidence::{Posture, Seen},
    },
    wire::hello::group::Group,
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-post-quantum-missing",
        fault: "no post-quantum key exchange is offered",
        impact: Impact::Low,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "What is recorded today can be decrypted once a quantum computer exists, whatever the \
              certificate was. Browsers have agreed on X25519MLKEM768 by default since 2024; a server \
              without it is the reason that a connection stays readable.",
        how: "The handshake with each address offers X25519MLKEM768 first; which group the server \
              chooses tells. Less often, hellos without a key share list every group it has.",
        fix: "Use OpenSSL 3.5, BoringSSL, AWS-LC, Go 1.24 or a proxy built with one of them, and put \
              X25519MLKEM768 first among the groups (nginx `ssl_ecdh_curve \
              X25519MLKEM768:X25519:prime256v1`). It needs TLS 1.3.",
        sources: &["RFC 10024", "TLSRef 6.0"],
    },
    |_, posture: &Posture| posture.seen.iter().map(|seen| seen.show(judge(seen))).collect(),
).applies(Tls::asks_handshake);

fn judge(seen: &Seen) -> Item {
    let chosen = seen.handshake.as_ref().map(|settled| settled.group.as_deref().unwrap_or("none"));
    let listed = seen.survey.as_ref().ok().and_then(|survey| survey.full.as_ref());
    let listed = listed.map(|full| full.listed.groups.found.as_slice()).unwrap_or_default();
    let named =
        |name: &str| Group::TLS13.iter().find(|group| group.to_string().eq_ignore_ascii_case(name));
    let item = match chosen {
        Ok(name) if named(name).is_some_and(|group| group.is_post_quantum()) => {
            Item::pass("", format!("chooses {name}"))
        }
        _ if listed.iter().any(|group| group.is_post_quantum()) => {
            Item::pass("", "has one, though it prefers another group")
        }
        Ok(name) => {
            let seen = format!("chooses {name} where X25519MLKEM768 is on offer");
            Item::fail(Confidence::Confirmed, "", seen)
        }
        // It exists in TLS 1.3 alone.
        Err(_) if seen.refuses_tls13() => {
            Item::fail(Confidence::Confirmed, "", "does not speak TLS 1.3")
        }
        Err(broken) => Item::unknown("", &broken.obstructed),
    };
    item.replay(seen.command("-tls1_3"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::Outcome,
        tls::{
            observe::survey::fixture::{full, survey},
            tests::fixture::{judged, surveyed},
        },
    };

    #[test]
    fn what_a_client_gets_counts_and_else_what_the_server_has() {
        let mut posture = surveyed(survey());
        assert_eq!(judged(&RULE, &posture)[0].outcome, Outcome::Pass);
        if let Ok(settled) = &mut posture.seen[0].handshake {
            settled.group = Some("X25519".to_owned());
        }
        assert!(matches!(judged(&RULE, &posture)[0].outcome, Outcome::Fail(_)));
        let mut has_one = full();
        has_one.listed.groups.found = vec![Group(0x001d), Group(0x11ec)];
        if let Ok(survey) = &mut posture.seen[0].survey {
            survey.full = Some(has_one.into());
        }
        assert_eq!(judged(&RULE, &posture)[0].outcome, Outcome::Pass);
    }
}
