//! Which tier is due when.

use std::sync::Arc;

use crate::{
    contract::Obstacle,
    tls::observe::survey::{
        Tier,
        ask::Answer,
        cadence::{Cadence, Remembered},
        fixture::{full, standard},
        full::Full,
        standard::Standard,
    },
    wire::hello::{flight::Flight, suite::Fault, version::Version},
};

const CADENCE: Cadence = Cadence { depth: Tier::Full, standard: 900, full: 86_400 };

fn remembered(standard: Standard, full: Full) -> Remembered {
    Remembered {
        fingerprint: 7,
        standard: (1000, Arc::new(standard)),
        full: Some((1000, Arc::new(full))),
    }
}

#[test]
fn everything_is_due_at_first_as_deep_as_the_settings_go() {
    assert_eq!(CADENCE.due(None, 7, 0), Tier::Full);
    for depth in [Tier::Handshake, Tier::Fast, Tier::Standard] {
        assert_eq!(Cadence { depth, ..CADENCE }.due(None, 7, 0), depth);
    }
}

#[test]
fn a_sound_server_is_asked_at_each_tiers_own_pace() {
    let remembered = remembered(standard(), full());
    let due = |at| CADENCE.due(Some(&remembered), 7, at);
    assert_eq!(due(1000), Tier::Fast);
    assert_eq!(due(1899), Tier::Fast);
    assert_eq!(due(1900), Tier::Standard);
    assert_eq!(due(1000 + 86_399), Tier::Standard);
    assert_eq!(due(1000 + 86_400), Tier::Full);
}

#[test]
fn a_server_that_has_changed_is_looked_at_again_at_once() {
    let remembered = remembered(standard(), full());
    assert_eq!(CADENCE.due(Some(&remembered), 8, 1001), Tier::Standard);
}

#[test]
fn a_clock_that_went_back_makes_everything_due() {
    let remembered = remembered(standard(), full());
    assert_eq!(CADENCE.due(Some(&remembered), 7, 999), Tier::Full);
}

#[test]
fn what_was_not_answered_is_asked_again_sooner() {
    let silent = Standard { ssl3: Err(Obstacle::Timeout.because("silence")), ..standard() };
    let remembered = remembered(silent, full());
    let due = |at| CADENCE.due(Some(&remembered), 7, at);
    assert_eq!((due(1179), due(1180)), (Tier::Fast, Tier::Standard));
}

#[test]
fn what_was_found_faulty_is_looked_at_again_before_the_day_is_over() {
    let mut faulty = full();
    faulty.listed.ssl2 = Ok(true);
    let mut unanswered = full();
    unanswered.second = Err(Obstacle::Timeout.because("silence"));
    for full in [faulty, unanswered] {
        let remembered = remembered(standard(), full);
        let due = |at| CADENCE.due(Some(&remembered), 7, at);
        assert_eq!((due(1899), due(1900)), (Tier::Fast, Tier::Full));
    }
}

#[test]
fn of_all_certificates_the_leaf_beside_the_timestamps_alone_is_remembered() {
    let accepted = || {
        let chain = vec![vec![1; 900], vec![2; 900]];
        Ok(Answer::Accepted(Box::new(Flight { chain, ..Flight::default() })))
    };
    let mut standard = Standard {
        flight: accepted(),
        manners: accepted(),
        ssl3: accepted(),
        rare: accepted(),
        faults: vec![(Fault::Cbc, accepted())],
        old: vec![(Version::Tls10, accepted())],
        fallback: Some(accepted()),
    };
    standard.slim();
    let kept: Vec<usize> = standard.flights().map(|flight| flight.chain.len()).collect();
    assert_eq!(kept, [1, 0, 0, 0, 0]);
    for answer in [&Some(standard.manners), &standard.fallback] {
        let flight = answer.as_ref().and_then(|told| told.as_ref().ok()?.accepted());
        assert!(flight.is_some_and(|flight| flight.chain.is_empty()), "{flight:?}");
    }
}
