//! A certificate is for the names it says, and no others.

use rustls_pki_types::ServerName;

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        chain::{Chain, Match},
        evidence::Posture,
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-hostname-mismatch",
        fault: "the certificate is for another name",
        impact: Impact::Blocker,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "A client refuses a certificate that does not name the host it asked for, however \
              valid it is otherwise: it cannot tell the right server from any other that has a \
              certificate.",
        how: "A handshake with each address, asking for the target's name (SNI). The name must \
              match a DNS name of the leaf's subjectAltName, where `*` stands for exactly one \
              label, or, for a target given by IP address, an IP address there. The common name is \
              ignored, as browsers and Go ignore it. Fails where no client finds the name; what only some \
              find is told by the checks of the chain and tls-san-missing.",
        fix: "See which certificate came: a default virtual host's means that no server block has \
              this name, so add it to the server's configuration. Otherwise issue the certificate \
              again with the missing name. `*.example.com` covers neither `example.com` nor \
              `a.b.example.com`. If clients use another name than the target's URL, set \
              `server_name`.",
        sources: &["RFC 9525 sections 4 and 6", "RFC 5280 section 4.2.1.6", "RFC 6066 section 3"],
    },
    |_, posture| posture.items(|chain| vec![judge(posture, chain)]),
)
.applies(Tls::asks_handshake);

fn judge(posture: &Posture, chain: &Chain) -> Item {
    let host = posture.host();
    match chain.named {
        Match::Everyone => return Item::pass("", format!("it names {host}")),
        Match::Some if matches!(chain.leaf.name_count, None | Some(0)) => {
            let why = "only its common name is that of the host: see tls-san-missing";
            return Item::skip("", why);
        }
        Match::Some => {
            return Item::pass("", format!("it names {host}, in a way that some clients refuse"));
        }
        Match::Unreadable => return Item::skip("", UNREADABLE),
        Match::Nobody => {}
    }
    let kind = if matches!(posture.name, ServerName::IpAddress(_)) { "the address " } else { "" };
    let seen = match chain.leaf.name_count {
        None | Some(0) => format!("it names nobody in its subjectAltName, so not {kind}{host}"),
        Some(count) => format!("it is for {}, not for {kind}{host}", listed(chain, count)),
    };
    Item::fail(Confidence::Confirmed, "", seen)
}

const UNREADABLE: &str = "its subjectAltName cannot be read: see tls-certificate-unreadable";

fn listed(chain: &Chain, count: usize) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<&str> = chain.leaf.names.iter().take(SHOWN).map(String::as_str).collect();
    match count.saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::{
        contract::{Item, Outcome},
        tls::tests::fixture::{Forge, NOW, judged},
    };

    fn item(names: &[&str], asked: &str) -> Item {
        let forge = Forge::new();
        let chain = [forge.leaf(names), forge.intermediate()];
        judged(&RULE, &forge.asked(asked).posture(&chain, NOW)).remove(0)
    }

    #[test]
    fn a_wildcard_stands_for_one_label() {
        assert_eq!(item(&["*.shop.example"], "www.shop.example").outcome, Outcome::Pass);
        for asked in ["shop.example", "a.b.shop.example"] {
            let item = item(&["*.shop.example"], asked);
            assert!(matches!(item.outcome, Outcome::Fail(_)), "{item:?}");
        }
    }

    #[test]
    fn an_address_must_be_named_as_an_address() {
        assert_eq!(item(&["192.0.2.7"], "192.0.2.7").outcome, Outcome::Pass);
        let wrong = item(&["shop.example"], "192.0.2.7");
        assert_eq!(
            wrong.seen, "it is for shop.example, not for the address 192.0.2.7",
            "{:?}",
            wrong.outcome
        );
    }

    #[test]
    fn the_names_it_has_are_shown_and_not_all_of_them() {
        let item =
            item(&["a.example", "b.example", "c.example", "d.example", "e.example"], "x.example");
        assert_eq!(
            item.seen,
            "it is for a.example, b.example, c.example, d.example and 1 more, not for x.example"
        );
    }
}
