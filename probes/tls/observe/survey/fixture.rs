//! What a sound server has told, for tests to spoil.

use std::collections::BTreeMap;

use crate::{
    tls::observe::survey::{
        Survey, Told,
        ask::{Answer, Refusal},
        fast::Fast,
        full::{Full, Listed, Shown},
        list::Listing,
        standard::Standard,
    },
    wire::hello::{
        flight::{Alert, Flight},
        suite::Suite,
        version::Version,
    },
};

/// A hello that is refused by an alert.
#[expect(clippy::unnecessary_wraps, reason = "it stands for a question that was answered")]
pub(in crate::tls) fn refused() -> Told<Answer> {
    Ok(Answer::Refused(Refusal::Alert(Alert(40))))
}

/// A hello that is answered with this version and suite.
#[expect(clippy::unnecessary_wraps, reason = "it stands for a question that was answered")]
pub(in crate::tls) fn accepted(version: Version, suite: u16) -> Told<Answer> {
    let (version, suite) = (Some(version), Some(Suite(suite)));
    let extensions = vec![Flight::RENEGOTIATION_INFO, Flight::EXTENDED_MASTER_SECRET];
    Ok(Answer::Accepted(Box::new(Flight { version, suite, extensions, ..Flight::default() })))
}

/// The standard tier of a sound server of TLS 1.2 and 1.3.
pub(in crate::tls) fn standard() -> Standard {
    Standard {
        flight: accepted(Version::Tls12, 0xc02f),
        manners: accepted(Version::Tls12, 0xc02f),
        ssl3: refused(),
        rare: refused(),
        faults: Vec::new(),
        old: Vec::new(),
        fallback: None,
    }
}

/// The full tier of the same.
pub(in crate::tls) fn full() -> Full {
    let listed = Listed {
        ssl2: Ok(false),
        suites: BTreeMap::new(),
        groups: Listing { found: Vec::new(), rest: Ok(()) },
        weak_curve: Some(refused()),
        broken_hash: Some(refused()),
    };
    let second = Ok(Shown::Refusal("handshake_failure".to_owned()));
    Full { listed, nameless: None, second, resumes: Ok(true) }
}

/// All three tiers of the same.
pub(in crate::tls) fn survey() -> Survey {
    Survey {
        fast: Fast { old: refused(), weak: refused(), tls13: None },
        standard: Some(standard().into()),
        full: Some(full().into()),
    }
}
