//! Chains that clients were given byte for byte, held against what they said; and against two of those
//! clients.

mod case;
mod cases;
mod made;
mod oracles;

use proptest::{prelude::*, sample::Index};
use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, ServerName};

use self::case::{Case, Scene};
use crate::{
    contract::Outcome,
    tls::{
        chain::{Chain, Families, Grade},
        checks::RULES,
        tests::fixture::{Forge, NOW, judged},
    },
};

/// A case, made, and what we say of it.
struct Tried {
    case: Case,
    asked: &'static str,
    sent: Vec<CertificateDer<'static>>,
    trusted: CertificateDer<'static>,
    /// What we say of the chain.
    chain: Chain,
    fails: Vec<&'static str>,
}

impl Tried {
    fn of(case: Case) -> Self {
        let mut scene = Scene::new();
        (case.edit)(&mut scene);
        let (sent, trusted) = scene.made();
        let forge = Forge::new().trusting(vec![trusted.clone()]).asked(scene.asked);
        let posture = forge.posture(&sent, NOW);
        let chain = (**posture.seen[0].chain.as_ref().expect("a chain")).clone();
        let fails = RULES.iter().filter(|rule| !APART.contains(&rule.check.id)).filter(|rule| {
            judged(rule, &posture).iter().any(|item| matches!(item.outcome, Outcome::Fail(_)))
        });
        let fails = fails.map(|rule| rule.check.id).collect();
        Self { case, asked: scene.asked, sent, trusted, chain, fails }
    }

    /// Which checks have to fail.
    fn wanted(&self) -> Vec<&'static str> {
        if !self.case.fails.is_empty() {
            return self.case.fails.to_vec();
        }
        match Families::of(self.case.refusers).grade() {
            None => Vec::new(),
            Some(Grade::Unusual) => vec!["tls-chain-unusual"],
            Some(Grade::One) => vec!["tls-chain-refused-by-one"],
            Some(Grade::Several) => vec!["tls-chain-not-portable"],
            Some(Grade::Everyone) => {
                let unread = self.chain.clients.non_readers().grade() == Some(Grade::Everyone);
                vec![if unread { "tls-certificate-unreadable" } else { "tls-untrusted-issuer" }]
            }
        }
    }
}

fn every_case() -> impl Iterator<Item = Tried> {
    cases::all().into_iter().map(Tried::of)
}

#[test]
fn each_chain_fails_for_those_who_refuse_it_and_nobody_else() {
    let mut wrong = Vec::new();
    for tried in every_case() {
        let (name, refusers) = (tried.case.name, tried.chain.clients.refusers(false));
        let known = Families::of(tried.case.refusers);
        if refusers != known && tried.case.fails.is_empty() {
            wrong.push(format!("{name}: refused by {known}, not by {refusers}"));
        }
        if tried.fails != tried.wanted() {
            let (fails, wanted) = (&tried.fails, tried.wanted());
            let why = tried.chain.clients.described(false);
            wrong.push(format!("{name}: {fails:?} fail instead of {wanted:?}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What we say rustls does is what rustls does.
#[test]
fn rustls_agrees_on_every_chain() {
    oracles::hold("W", |tried| {
        let mut store = RootCertStore::empty();
        if store.add(tried.trusted.clone()).is_err() {
            return Some(false);
        }
        let name = ServerName::try_from(tried.asked).expect("a name");
        Some(oracles::rustls_accepts(&tried.sent, &store, &name))
    });
}

#[test]
fn openssl_agrees_on_every_chain() {
    oracles::hold("O", |tried| Some(oracles::openssl_accepts(tried, &[])));
}

#[test]
fn gnutls_agrees_on_every_chain() {
    oracles::hold("T", oracles::gnutls_accepts);
}

#[test]
fn strict_openssl_agrees_on_every_chain() {
    oracles::hold("S", |tried| Some(oracles::openssl_accepts(tried, &["-x509_strict"])));
}

proptest! {
    /// Whatever a byte of a chain is changed to, it is judged.
    #[test]
    fn no_byte_makes_the_judgement_panic(
        case in 0..CASES, place in any::<Index>(), byte in any::<u8>(), of_leaf in any::<bool>(),
    ) {
        let mut scene = Scene::new();
        (cases::all()[case].edit)(&mut scene);
        let (mut sent, trusted) = scene.made();
        let changed = if of_leaf { 0 } else { sent.len() - 1 };
        let mut der = sent[changed].to_vec();
        let place = place.index(der.len());
        der[place] = byte;
        sent[changed] = der.into();
        let forge = Forge::new().trusting(vec![trusted]).asked(scene.asked);
        for rule in RULES {
            judged(rule, &forge.posture(&sent, NOW));
        }
    }
}

/// How many cases are drawn from.
const CASES: usize = 100;

/// Checks about other things than who refuses a chain.
const APART: &[&str] = &[
    "tls-anchor-expiring",
    "tls-certificate-expiring",
    "tls-chain-disordered",
    "tls-lifetime-too-long",
    "tls-weak-key",
    "tls-weak-signature",
];
