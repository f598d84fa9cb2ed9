//! What it says of a server that it accepts a hello, or refuses it.

use std::collections::BTreeMap;

use crate::{
    contract::{Confidence, Item},
    tls::{
        evidence::Seen,
        observe::survey::{Survey, Told, ask::Answer},
    },
    wire::hello::{
        flight::Flight,
        suite::{Fault, Suite},
        version::Version,
    },
};

/// A pass if the hello was refused, a fail if it was accepted.
pub(in crate::tls) fn refused(
    answer: &Told<Answer>,
    subject: &str,
    passing: &str,
    failing: impl FnOnce(&Flight) -> String,
) -> Item {
    match answer {
        Ok(Answer::Accepted(flight)) => Item::fail(Confidence::Confirmed, subject, failing(flight)),
        Ok(Answer::Refused(_)) => Item::pass(subject, passing),
        Err(obstructed) => Item::unknown(subject, obstructed),
    }
}

/// An item for every version that accepts suites with one of these faults, or one that says that none
/// does.
pub(in crate::tls) fn faulty(survey: &Survey, faults: &[Fault], passing: &str) -> Vec<Item> {
    let standard = match survey.standard() {
        Ok(standard) => standard,
        Err(obstructed) => return vec![Item::unknown("", &obstructed)],
    };
    let asked = standard.faults.iter().filter(|(fault, _)| faults.contains(fault));
    let flights = asked.clone().filter_map(|(_, answer)| answer.as_ref().ok()?.accepted());
    let chosen = flights.filter_map(|flight| Some((flight.version?, flight.suite?)));
    let listed = survey
        .full
        .iter()
        .flat_map(|full| &full.listed.suites)
        .flat_map(|(version, listing)| listing.found.iter().map(|suite| (*version, *suite)));
    let mut found: BTreeMap<Version, Vec<Suite>> = BTreeMap::new();
    let bad = |suite: Suite| faults.iter().any(|fault| suite.has(*fault));
    for (version, suite) in listed.chain(chosen).filter(|(_, suite)| bad(*suite)) {
        let suites = found.entry(version).or_default();
        if !suites.contains(&suite) {
            suites.push(suite);
        }
    }
    let fails = found.iter().map(|(version, suites)| {
        let seen = format!("accepts {}", named(suites));
        Item::fail(Confidence::Confirmed, version.to_string(), seen)
    });
    let mut items: Vec<Item> = fails.collect();
    let groups = [&survey.fast.weak, &standard.rare];
    let mut unanswered = groups.into_iter().chain(asked.map(|(_, answer)| answer));
    // One obstacle is as good as several.
    items.extend(
        unanswered
            .find_map(|answer| answer.as_ref().err())
            .map(|obstructed| Item::unknown("", obstructed)),
    );
    if items.is_empty() {
        items.push(Item::pass("", passing));
    }
    items
}

/// The first few suites, and how many there are besides.
pub(in crate::tls) fn named(suites: &[Suite]) -> String {
    const SHOWN: usize = 4;
    let mut text = suites.iter().take(SHOWN).map(Suite::to_string).collect::<Vec<_>>().join(", ");
    if suites.len() > SHOWN {
        text = format!("{text} and {} more", suites.len() - SHOWN);
    }
    text
}

/// The items, with a command that shows the same.
pub(in crate::tls) fn shown_by(items: Vec<Item>, command: &str) -> Vec<Item> {
    items.into_iter().map(|item| item.replay(command)).collect()
}

/// What the way tells in which TLS 1.2 or older is spoken. A server that speaks TLS 1.3 alone passes,
/// as that left the matter behind.
pub(in crate::tls) fn manners(
    seen: &Seen,
    survey: &Survey,
    passing: &str,
    is_fault: impl Fn(&Flight) -> bool,
    failing: &str,
) -> Item {
    let answer = match survey.standard() {
        Ok(standard) => &standard.manners,
        Err(obstructed) => return Item::unknown("", &obstructed),
    };
    let accepted = answer.as_ref().ok().and_then(Answer::accepted);
    let version = accepted.and_then(|flight| flight.version).unwrap_or(Version::Tls12);
    // TLS 1.3, which a client speaks by itself, has none of this.
    let options = format!("{} -comp -cipher 'ALL:@SECLEVEL=0' -tlsextdebug", version.option());
    let item = match answer {
        Ok(Answer::Accepted(flight)) => {
            let version = flight.version.map(|version| version.to_string()).unwrap_or_default();
            if is_fault(flight) {
                Item::fail(Confidence::Confirmed, version, failing)
            } else {
                Item::pass(version, passing)
            }
        }
        Ok(Answer::Refused(_)) => match &seen.handshake {
            Ok(settled) => {
                Item::pass("", format!("speaks {} alone, which has no such thing", settled.version))
            }
            Err(broken) => Item::unknown("", &broken.obstructed),
        },
        Err(obstructed) => Item::unknown("", obstructed),
    };
    item.replay(seen.command(&options))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Obstacle, Outcome},
        tls::observe::survey::{
            fixture::{accepted, full, standard, survey},
            list::Listing,
            standard::Standard,
        },
    };

    fn judged(survey: &Survey, fault: Fault) -> Vec<(String, Outcome)> {
        let items = faulty(survey, &[fault], "refused");
        items.into_iter().map(|item| (item.subject, item.outcome)).collect()
    }

    #[test]
    fn what_refuses_both_groups_has_no_fault() {
        for fault in Fault::ALL {
            assert_eq!(judged(&survey(), fault), [(String::new(), Outcome::Pass)]);
        }
    }

    #[test]
    fn half_an_answer_is_none() {
        let silence = || Err(Obstacle::Timeout.because("silence"));
        let mut of_rare = survey();
        of_rare.standard = Some(Standard { rare: silence(), ..standard() }.into());
        let mut of_common = survey();
        of_common.fast.weak = silence();
        let mut of_none = survey();
        of_none.standard = None;
        for (survey, obstacle) in [
            (of_rare, Obstacle::Timeout),
            (of_common, Obstacle::Timeout),
            (of_none, Obstacle::Pending),
        ] {
            let unknown = (String::new(), Outcome::Unknown(obstacle));
            assert_eq!(judged(&survey, Fault::Broken), [unknown]);
        }
    }

    #[test]
    fn a_fault_is_told_of_the_version_that_has_it_and_the_rest_stays_unknown() {
        let mut taken = survey();
        taken.fast.weak = accepted(Version::Tls12, 0xc011);
        let faults = vec![
            (Fault::Broken, accepted(Version::Tls12, 0xc011)),
            (Fault::Static, Err(Obstacle::Reset.because("a reset"))),
        ];
        taken.standard = Some(Standard { faults, ..standard() }.into());
        let told = judged(&taken, Fault::Broken);
        assert_eq!(told, [("TLS 1.2".to_owned(), Outcome::Fail(Confidence::Confirmed))]);
        let told = judged(&taken, Fault::Static);
        assert_eq!(told, [(String::new(), Outcome::Unknown(Obstacle::Reset))]);
    }

    #[test]
    fn what_an_old_version_has_besides_is_told_too() {
        let mut survey = survey();
        let mut full = full();
        let found = vec![Suite(0x000a), Suite(0xc013)];
        full.listed.suites.insert(Version::Tls10, Listing { found, rest: Ok(()) });
        survey.full = Some(full.into());
        let told = judged(&survey, Fault::Obsolete);
        assert_eq!(told, [("TLS 1.0".to_owned(), Outcome::Fail(Confidence::Confirmed))]);
    }

    #[test]
    fn many_suites_are_named_by_the_first_few() {
        assert_eq!(named(&[Suite(0x000a)]), "TLS_RSA_WITH_3DES_EDE_CBC_SHA");
        assert!(named(&Suite::ssl3()).ends_with(" more"));
    }
}
