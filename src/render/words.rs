//! What the catalogue's words mean, as sentences several documents share.

use gonogo_probes::contract::{Footprint, Impact, Kind, Settles};

/// What a fail of this impact does to the verdict.
pub(super) const fn impact(impact: Impact) -> &'static str {
    match impact {
        Impact::Blocker => "One such fail makes the verdict NO-GO.",
        Impact::High => "One such fail keeps the verdict from GO; it is STAGED at best.",
        Impact::Medium | Impact::Low => "It lowers the score and blocks nothing by itself.",
    }
}

/// When an answer that changed is believed.
pub(super) const fn settles(settles: Settles) -> &'static str {
    match settles {
        Settles::AtOnce => "A changed answer counts at once.",
        Settles::TwoOfThree => "A changed answer counts when two of the last three visits agree.",
    }
}

/// What a probe of this footprint does to a target.
pub(super) const fn footprint(footprint: Footprint) -> &'static str {
    match footprint {
        Footprint::Passive => "asks for what any client may ask for",
        Footprint::Active => "sends what a well-behaved client would not, and changes nothing",
        Footprint::Load => "sends bursts; runs only where the target allows `load`",
        Footprint::Disruptive => {
            "takes something down or changes state; runs only where the target allows `disruptive`"
        }
    }
}

/// How often a probe visits.
pub(super) fn interval(kind: &Kind) -> String {
    kind.needs.map_or_else(
        || "on demand".to_owned(),
        |needs| format!("every {}", humantime::format_duration(needs.every)),
    )
}

/// "1 target", "2 targets".
pub(crate) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// The clause as a sentence.
pub(super) fn sentence(clause: &str) -> String {
    format!("{}.", capital(clause))
}

/// The word with a capital first letter.
pub(super) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clause_becomes_a_sentence() {
        assert_eq!(sentence("the door is open"), "The door is open.");
        assert_eq!(sentence("TLS 1.0 is spoken"), "TLS 1.0 is spoken.");
    }
}
