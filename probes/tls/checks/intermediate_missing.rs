//! A server must send the certificates between its own and the root.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Obstacle, Obstructed, Rule, Settles},
    tls::{
        Tls,
        chain::{Certificate, Chain, Lenience, Path, Refusal, Step, Trust},
        evidence::Posture,
        when::date,
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-intermediate-missing",
        fault: "the server does not send a valid intermediate certificate",
        impact: Impact::Blocker,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Programs (curl, Java, Go, Python, mobile apps) refuse the connection, because they \
              have the root and nothing between it and the leaf. Browsers hide the fault: they \
              remember or fetch the intermediate. So it works for whoever deployed it and fails \
              for customers' systems.",
        how: "A handshake with each address. A path to a trusted authority is looked for twice, \
              offline: with what was sent, and with the intermediates that `intermediates_file`, \
              the CA bundle, other addresses and earlier visits show. A path that needs the \
              latter, or a certificate that is not valid now, means that a valid one is missing. \
              Nothing is fetched.",
        fix: "Install the full chain: leaf first, then each issuer, without the root. With certbot \
              that is `fullchain.pem`, not `cert.pem`; in nginx both stand in `ssl_certificate`. \
              If the intermediate was sent and has expired, take the current one from your \
              authority. Reload, then check with the command below: `Verify return code: 0 (ok)`.",
        sources: &[
            "RFC 9846 (TLS 1.3), the Certificate message",
            "RFC 5246 section 7.4.2",
            "RFC 4158 section 1.5",
        ],
    },
    |_, posture: &Posture| posture.items(|chain| vec![judge(posture, chain)]),
)
.applies(Tls::asks_handshake);

fn judge(posture: &Posture, chain: &Chain) -> Item {
    let leaf_is_valid = chain.leaf.is_valid_at(posture.at);
    match &chain.trust {
        Trust::Listed | Trust::SelfSigned => Item::skip(
            "",
            "the certificate stands for itself, so there is nothing between it and a root",
        ),
        Trust::Anchored { path, .. } if chain.trust.overlooks(Lenience::Known) => {
            let seen = missing(posture, chain, path);
            Item::fail(Confidence::Confirmed, "", seen)
        }
        Trust::Anchored { path, .. } if leaf_is_valid && chain.trust.overlooks(Lenience::Time) => {
            Item::fail(Confidence::Firm, "", invalid(posture, chain, path))
        }
        Trust::Anchored { path, .. } => Item::pass("", sent(path)),
        Trust::Refused(refusal) => undecided(posture, refusal),
    }
}

/// The path needs certificates that were not sent: which, and whether an expired namesake was.
fn missing(posture: &Posture, chain: &Chain, path: &Path) -> String {
    let needed = path.steps.iter().filter_map(|step| match step {
        Step::Known(der) => Certificate::read(der).ok(),
        Step::Served(_) => None,
    });
    let named = needed.map(|needed| {
        let stale = chain
            .certificates()
            .find(|(_, sent)| sent.subject.is(&needed.subject) && sent.not_after < posture.at);
        match stale {
            Some((_, sent)) => format!(
                "{}: the one that was sent expired on {}, a current one is known",
                needed.subject,
                date(sent.not_after)
            ),
            None => format!("{} was not sent", needed.subject),
        }
    });
    named.collect::<Vec<_>>().join("; ")
}

fn invalid(posture: &Posture, chain: &Chain, path: &Path) -> String {
    let on_path = chain.certificates().filter(|(i, _)| path.passes(*i));
    let invalid = on_path.filter(|(_, one)| !one.is_valid_at(posture.at)).map(|(_, one)| {
        let (is, when) = if one.not_after < posture.at {
            ("expired on", one.not_after)
        } else {
            ("is not valid before", one.not_before)
        };
        format!("{} {is} {}", one.subject, date(when))
    });
    let invalid = invalid.collect::<Vec<_>>().join("; ");
    format!("the only path from what was sent to a trusted authority is not valid now: {invalid}")
}

fn sent(path: &Path) -> String {
    match path.steps.len() {
        0 => "the leaf was issued by a trusted authority directly".to_owned(),
        1 => "the intermediate between the leaf and its root was sent".to_owned(),
        n => format!("all {n} intermediates between the leaf and its root were sent"),
    }
}

/// Where no issuer is known, a missing intermediate of a trusted authority and a complete chain of an
/// unknown private one look the same. A leaf that comes alone is most often the former, the more so if
/// it says where its issuer's certificate may be had; but a private root that signs leaves itself looks
/// like that too, and authorities of Windows domains write such addresses. So it shows as tentative;
/// that nobody trusts the leaf is certain, and tls-untrusted-issuer blocks.
fn undecided(posture: &Posture, refusal: &Refusal) -> Item {
    let unknown = |why: &str| match &posture.unread {
        Some(obstructed) => Item::unknown("", obstructed),
        None => Item::unknown("", &Obstructed { obstacle: Obstacle::Tls, detail: why.to_owned() }),
    };
    match refusal {
        Refusal::UnknownIssuer { is_rooted: true, .. } => {
            Item::pass("", "the chain is complete up to its own root, which is not trusted")
        }
        Refusal::UnknownIssuer { issuer, is_alone: true, issuer_url: Some(url), .. } => {
            let seen = format!("the leaf came alone; {url} should have its issuer, {issuer}");
            Item::fail(Confidence::Tentative, "", seen)
        }
        Refusal::UnknownIssuer { issuer, is_alone: true, .. } => {
            let seen = format!(
                "the leaf came alone, and its issuer, {issuer}, is no trusted authority: either \
                 that is an intermediate which should have been sent, or a root unknown here"
            );
            Item::fail(Confidence::Tentative, "", seen)
        }
        Refusal::UnknownIssuer { issuer, .. } => unknown(&format!(
            "{issuer} is neither trusted nor known; give its certificate in `trust.ca_file` if it \
             is a root, in `intermediates_file` if not"
        )),
        _ => unknown(
            "there is no path to a trusted authority, for another reason: see tls-untrusted-issuer",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::{
        contract::{Confidence, Item, Obstacle, Outcome},
        tls::tests::fixture::{Forge, NOW, judged},
    };

    fn item(forge: &Forge, chain: &[rustls_pki_types::CertificateDer<'static>]) -> Item {
        judged(&RULE, &forge.posture(chain, NOW)).remove(0)
    }

    #[test]
    fn passes_where_everything_needed_was_sent() {
        let forge = Forge::new();
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate()];
        assert_eq!(item(&forge, &chain).outcome, Outcome::Pass);
    }

    #[test]
    fn a_known_intermediate_that_was_not_sent_is_named() {
        let forge = Forge::new();
        let forge = forge.knowing(|forge| vec![forge.intermediate()]);
        let item = item(&forge, &[forge.leaf(&["shop.example"])]);
        assert_eq!(item.outcome, Outcome::Fail(Confidence::Confirmed));
        assert_eq!(item.seen, "CN=forge intermediate was not sent");
    }

    #[test]
    fn an_intermediate_in_the_ca_bundle_is_no_excuse() {
        let forge = Forge::new();
        let bundle = vec![forge.root(), forge.intermediate()];
        let forge = forge.trusting(bundle);
        let item = item(&forge, &[forge.leaf(&["shop.example"])]);
        assert_eq!(item.seen, "CN=forge intermediate was not sent");
    }

    #[test]
    fn a_bundle_of_nothing_but_the_intermediate_means_it() {
        let forge = Forge::new();
        let bundle = vec![forge.intermediate()];
        let forge = forge.trusting(bundle);
        let leaf = forge.leaf(&["shop.example"]);
        assert_eq!(item(&forge, &[leaf]).outcome, Outcome::Pass);
    }

    #[test]
    fn an_expired_intermediate_whose_replacement_is_known_counts_as_missing() {
        let forge = Forge::new().knowing(|forge| vec![forge.intermediate()]);
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate_of(0, NOW - 10)];
        let item = item(&forge, &chain);
        assert_eq!(item.outcome, Outcome::Fail(Confidence::Confirmed));
        assert!(item.seen.contains("a current one is known"), "{}", item.seen);
    }

    #[test]
    fn an_expired_intermediate_without_replacement_leaves_no_valid_path() {
        let forge = Forge::new();
        let leaf = forge.leaf_of(NOW - 1000, NOW + 1000);
        let item = item(&forge, &[leaf, forge.intermediate_of(0, NOW - 10)]);
        assert_eq!(item.outcome, Outcome::Fail(Confidence::Firm));
        assert!(item.seen.contains("forge intermediate expired on"), "{}", item.seen);
    }

    #[test]
    fn an_unknown_issuer_may_be_a_private_authority() {
        let (forge, other) = (Forge::new(), Forge::new_as("other"));
        let alone = item(&forge, &[other.leaf(&["shop.example"])]);
        assert_eq!(alone.outcome, Outcome::Fail(Confidence::Tentative));
        let ending = item(&forge, &[other.leaf(&["shop.example"]), other.intermediate()]);
        assert_eq!(ending.outcome, Outcome::Unknown(Obstacle::Tls));
        let pointing = item(&forge, &[other.leaf_with_issuer_url("http://ca.example/i.crt")]);
        assert_eq!(pointing.outcome, Outcome::Fail(Confidence::Tentative));
        assert!(pointing.seen.contains("http://ca.example/i.crt"), "{}", pointing.seen);
    }
}
