//! Diffie-Hellman groups that can be, or have been, broken.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        evidence::{Posture, Seen},
        observe::survey::Survey,
    },
    wire::hello::{flight::Flight, suite::Fault},
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-weak-dh",
        fault: "a Diffie-Hellman group is shorter than 2048 bits",
        impact: Impact::High,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Groups of 512 bits fall in minutes (Logjam), and those of 1024 bits, which most servers \
              share, are within reach of whoever can afford one large computation. What is recorded \
              today can then be read.",
        how: "Where suites with ephemeral or anonymous Diffie-Hellman are taken, the server's own \
              ServerKeyExchange shows the prime; its length is measured. No handshake is completed.",
        fix: "Take the DHE suites out of the cipher list; ECDHE replaces them everywhere. If some \
              client has nothing else, use a standard group of 2048 bits or more (RFC 7919 ffdhe2048; \
              in nginx `ssl_dhparam`).",
        sources: &[
            "RFC 9325 section 4.5 (2048 bits required)",
            "Logjam, CVE-2015-4000",
            "RFC 7919",
        ],
    },
    |_, posture: &Posture| posture.surveyed(judge),
).applies(Tls::asks_standard);

fn judge(seen: &Seen, survey: &Survey) -> Vec<Item> {
    let standard = match survey.standard() {
        Ok(standard) => standard,
        Err(obstructed) => return vec![Item::unknown("", &obstructed)],
    };
    let measured = |flight: &Flight| Some((flight.suite?, flight.key_exchange?.dh_bits?));
    let mut sizes: Vec<(String, u32)> = Vec::new();
    for (suite, bits) in standard.flights().filter_map(measured) {
        // One group serves all suites, but for those made for export.
        if !sizes.iter().any(|(_, known)| *known == bits) {
            sizes.push((suite.to_string(), bits));
        }
    }
    let mut items: Vec<Item> = Vec::new();
    for (suite, bits) in &sizes {
        let seen = format!("{suite} with a group of {bits} bits");
        items.push(match bits {
            0..SHORTEST => Item::fail(Confidence::Confirmed, "", seen),
            _ => Item::pass("", seen),
        });
    }
    let asked = standard.faults.iter().filter(|(fault, _)| {
        matches!(fault, Fault::FiniteField | Fault::Anonymous | Fault::Export)
    });
    let mut answers = asked.map(|(_, answer)| answer).chain([&survey.fast.weak, &standard.rare]);
    let unanswered = answers.find_map(|answer| answer.as_ref().err());
    items.extend(unanswered.map(|obstructed| Item::unknown("", obstructed)));
    if items.is_empty() {
        items.push(Item::pass("", "uses no Diffie-Hellman in a finite field"));
    }
    let command = seen.command("-tls1_2 -cipher 'kDHE:aNULL:@SECLEVEL=0'");
    items.into_iter().map(|item| item.replay(command.clone())).collect()
}

/// Bits of the shortest group that is long enough.
const SHORTEST: u32 = 2048;
