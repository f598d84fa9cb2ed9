//! What hellos told, as rows for a person.

use crate::{
    contract::{Fact, Obstructed},
    tls::{
        evidence::Seen,
        observe::survey::{
            Survey, Told, ask::Answer, full::Full, list::Listing, standard::Standard,
        },
    },
    wire::hello::{
        suite::{Fault, Suite},
        version::Version,
    },
};

/// The versions, suites, groups and sessions of one address; none where nothing was asked.
pub(super) fn facts(seen: &Seen) -> Vec<Fact> {
    let Ok(survey) = &seen.survey else { return Vec::new() };
    let mut facts = versions(seen, survey);
    if let Some(full) = &survey.full {
        facts.extend(suites(full));
        facts.extend(groups(full));
    }
    if let Some(standard) = &survey.standard {
        facts.extend(group_of_dh(standard));
    }
    facts.extend(sessions(seen, survey));
    facts
}

fn versions(seen: &Seen, survey: &Survey) -> Vec<Fact> {
    let standard = survey.standard.as_deref();
    let row = |name: String, value: String| Fact::new("versions", name, value);
    let mut facts = Vec::new();
    if let Some(full) = &survey.full {
        facts.push(row("SSL 2.0".to_owned(), spoken(full.listed.ssl2.as_ref().copied())));
    }
    if let Some(standard) = standard {
        facts.push(row(Version::Ssl3.to_string(), answered(&standard.ssl3)));
    }
    for version in [Version::Tls10, Version::Tls11] {
        let asked =
            standard.and_then(|standard| standard.old.iter().find(|(one, _)| *one == version));
        let value = match (asked, &survey.fast.old) {
            (Some((_, answer)), _) => answered(answer),
            (None, Ok(Answer::Refused(_))) => "refused".to_owned(),
            // What chose an older one does not have this.
            (None, Ok(Answer::Accepted(flight))) if flight.version < Some(version) => {
                "refused".to_owned()
            }
            (None, Ok(Answer::Accepted(_))) => continue,
            (None, Err(obstructed)) => unknown(obstructed),
        };
        facts.push(row(version.to_string(), value));
    }
    if let Some(standard) = standard {
        let weak = [&survey.fast.weak, &standard.rare].into_iter().find(|answer| {
            let flight = answer.as_ref().ok().and_then(Answer::accepted);
            flight.is_some_and(|flight| flight.version == Some(Version::Tls12))
        });
        facts.push(row(Version::Tls12.to_string(), answered(weak.unwrap_or(&standard.flight))));
    }
    let tls13 = match (seen.version(), &survey.fast.tls13) {
        (Some(version), _) => spoken(Ok(version == Version::Tls13)),
        (None, Some(told)) => answered(told),
        (None, None) => return facts,
    };
    facts.push(row(Version::Tls13.to_string(), tls13));
    facts
}

/// A row a suite, strongest version first.
fn suites(full: &Full) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (version, listing) in full.listed.suites.iter().rev() {
        for (i, suite) in listing.found.iter().enumerate() {
            let name = if i == 0 { version.to_string() } else { String::new() };
            facts.push(Fact::new("suites", name, with_faults(*suite)));
        }
        if let Err(obstructed) = &listing.rest {
            facts.push(Fact::new("suites", "", format!("and maybe more: {}", obstructed.detail)));
        }
    }
    facts
}

fn groups(full: &Full) -> Vec<Fact> {
    let Listing { found, rest } = &full.listed.groups;
    let mut names: Vec<String> = found.iter().map(ToString::to_string).collect();
    if let Err(obstructed) = rest {
        names.push(format!("and maybe more: {}", obstructed.detail));
    }
    if names.is_empty() {
        return Vec::new();
    }
    vec![Fact::new("key exchange", "groups", names.join(", "))]
}

fn group_of_dh(standard: &Standard) -> Option<Fact> {
    let bits = standard.flights().find_map(|flight| flight.key_exchange?.dh_bits)?;
    Some(Fact::new("key exchange", "Diffie-Hellman", format!("a group of {bits} bits")))
}

fn sessions(seen: &Seen, survey: &Survey) -> Vec<Fact> {
    if seen.handshake.is_err() {
        return Vec::new();
    }
    let row = |name: &'static str, value: String| Fact::new("sessions", name, value);
    let mut facts = vec![row("offered", seen.sessions.count().to_string())];
    if let Some(full) = &survey.full {
        facts.push(row(
            "resumed",
            match &full.resumes {
                Ok(true) => "yes".to_owned(),
                Ok(false) => "no".to_owned(),
                Err(obstructed) => unknown(obstructed),
            },
        ));
    }
    if let Some(bytes) = seen.sessions.early_data() {
        let value = if bytes == 0 { "none".to_owned() } else { format!("{bytes} bytes") };
        facts.push(row("early data", value));
    }
    facts
}

fn answered(answer: &Told<Answer>) -> String {
    spoken(answer.as_ref().map(|answer| answer.accepted().is_some()))
}

fn spoken(told: Result<bool, &Obstructed>) -> String {
    match told {
        Ok(true) => "spoken".to_owned(),
        Ok(false) => "refused".to_owned(),
        Err(obstructed) => unknown(obstructed),
    }
}

fn unknown(obstructed: &Obstructed) -> String {
    format!("could not tell: {}", obstructed.detail)
}

/// A suite, and what is wrong with it.
fn with_faults(suite: Suite) -> String {
    let words = Fault::ALL.into_iter().filter(|fault| suite.has(*fault)).map(|fault| match fault {
        Fault::Unencrypted => "no encryption",
        Fault::Anonymous => "anonymous",
        Fault::Export => "export",
        Fault::Broken => "broken cipher",
        Fault::Obsolete => "obsolete cipher",
        Fault::Static => "no forward secrecy",
        Fault::FiniteField => "finite field",
        Fault::Cbc => "CBC",
    });
    let words: Vec<&str> = words.collect();
    if words.is_empty() { suite.to_string() } else { format!("{suite}  ({})", words.join(", ")) }
}
