//! Reading staples: what is in them, who may have signed them, and bytes that are none.

use proptest::prelude::*;

use crate::tls::{
    chain::{Chain, issuer},
    statements::staple::{made::Made, remembered::Remembered, *},
    tests::fixture::{Forge, NOW},
    when::DAY,
};

/// A forge, and a chain of its.
struct Scene {
    forge: Forge,
    chain: std::sync::Arc<Chain>,
    made: Made,
}

impl Scene {
    fn new() -> Self {
        let forge = Forge::new();
        let served = [forge.leaf(&["shop.example"]), forge.intermediate()];
        let made = Made::good(&served[0], NOW);
        let mut posture = forge.posture(&served, NOW);
        let chain = posture.seen.remove(0).chain.expect("a chain");
        Self { forge, chain, made }
    }

    fn bytes(&self) -> Vec<u8> {
        self.made.signed_by(self.forge.issuer())
    }

    fn read(&self) -> Staple {
        self.read_bytes(&self.bytes())
    }

    fn read_bytes(&self, bytes: &[u8]) -> Staple {
        Staple::read(bytes, &self.chain.leaf, issuer(&self.chain).as_ref())
    }
}

fn answer(staple: Staple) -> Answer {
    match staple {
        Staple::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn broken(staple: Staple) -> String {
    match staple {
        Staple::Broken(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_is_read_whole() {
    let mut scene = Scene::new();
    scene.made.logs = vec![3, 4];
    for by_sha256 in [false, true] {
        scene.made.by_sha256 = by_sha256;
        let answer = answer(scene.read());
        assert_eq!(answer.status, Status::Good);
        assert_eq!((answer.this_update, answer.next_update), (NOW - 3600, Some(NOW + 7 * DAY)));
        assert_eq!(answer.produced_at, NOW - 3600);
        assert_eq!(answer.signer, Signer::Issuer);
        assert_eq!(answer.timestamps.len(), 2);
    }
}

#[test]
fn a_revocation_has_a_time_and_a_reason() {
    let mut scene = Scene::new();
    scene.made.revoke();
    let status = answer(scene.read()).status;
    assert_eq!(status, Status::Revoked { at: NOW - DAY, reason: Some("keyCompromise") });
}

#[test]
fn an_answer_about_many_certificates_is_searched_for_the_right_one() {
    let mut scene = Scene::new();
    scene.made.revoke();
    scene.made.others = 200;
    assert!(matches!(answer(scene.read()).status, Status::Revoked { .. }));
}

#[test]
fn a_responder_must_be_appointed() {
    let mut scene = Scene::new();
    scene.made.responder = Some((NOW - DAY, NOW + DAY, true));
    let signer = answer(scene.read()).signer;
    assert!(
        matches!(signer, Signer::Responder { not_after, .. } if not_after == NOW + DAY),
        "{signer:?}"
    );
    scene.made.responder = Some((NOW - DAY, NOW + DAY, false));
    assert!(broken(scene.read()).contains("no OCSPSigning among its purposes"));
    // A responder that another authority has appointed.
    scene.made.responder = Some((NOW - DAY, NOW + DAY, true));
    let stranger = Forge::new();
    let own = scene.bytes();
    let others = scene.made.signed_by(stranger.issuer());
    assert!(matches!(scene.read_bytes(&own), Staple::Answer(_)));
    assert!(broken(scene.read_bytes(&others)).contains("another issuer"));
}

#[test]
fn an_authority_of_the_same_name_and_another_key_is_another() {
    let scene = Scene::new();
    let namesake = scene.made.signed_by(Forge::new().issuer());
    assert!(broken(scene.read_bytes(&namesake)).contains("another issuer"));
}

#[test]
fn without_the_issuer_nothing_can_be_verified() {
    let scene = Scene::new();
    let staple = Staple::read(&scene.bytes(), &scene.chain.leaf, None);
    assert!(matches!(&staple, Staple::Unverifiable(why) if why.contains("CN=forge intermediate")));
}

#[test]
fn a_staple_is_read_once() {
    let scene = Scene::new();
    let mut remembered = Remembered::default();
    let issuer = issuer(&scene.chain);
    let mut read = |bytes: &[u8]| remembered.read(bytes, &scene.chain.leaf, issuer.as_ref());
    let bytes = scene.bytes();
    let first = read(&bytes);
    assert!(std::sync::Arc::ptr_eq(&first, &read(&bytes)));
    let other = read(&scene.bytes());
    assert!(!std::sync::Arc::ptr_eq(&first, &other), "signed anew");
}

#[test]
fn what_is_too_large_is_not_read() {
    let staple = Scene::new().read_bytes(&vec![0x30; LARGEST + 1]);
    assert!(matches!(staple, Staple::Unverifiable(_)), "{staple:?}");
}

#[test]
fn a_response_that_is_cut_off_anywhere_is_broken() {
    let scene = Scene::new();
    let bytes = scene.bytes();
    for end in 0..bytes.len() {
        let why = broken(scene.read_bytes(&bytes[..end]));
        assert!(why.starts_with("it is not an OCSP response: "), "{why}");
    }
    let longer = [bytes, vec![0]].concat();
    assert!(broken(scene.read_bytes(&longer)).contains("1 bytes follow the response"));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(response::read(&bytes).is_err() || bytes.len() >= 5);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whoever changes a byte of what is signed, or of the signature, changes what it says to nothing.
    #[test]
    fn no_change_of_a_good_answer_makes_another_good_answer(flips in proptest::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 24)) {
        let mut scene = Scene::new();
        scene.made.logs = vec![1];
        let bytes = scene.bytes();
        let original = answer(scene.read_bytes(&bytes));
        for (index, flip) in flips {
            let mut changed = bytes.clone();
            changed[index.index(bytes.len())] ^= flip;
            if let Staple::Answer(changed) = scene.read_bytes(&changed) {
                prop_assert_eq!(changed.status, original.status);
                prop_assert_eq!(changed.next_update, original.next_update);
            }
        }
    }
}
