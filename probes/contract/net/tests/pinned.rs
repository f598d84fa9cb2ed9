//! Certificates that are not sound, and what is asked all the same.

use std::sync::Arc;

use ::http::header;
use rcgen::date_time_ymd;
use rustls_pki_types::{CertificateDer, ServerName};

use super::{
    super::{HttpOptions, Speaks},
    *,
};
use crate::contract::{
    Obstacle, Outcome, Visit,
    setting::{Secret, Text},
    specimen::{Answer, Certified, Pki, Server, arm},
};

/// A target with a certificate that is not sound, the leaf, and what says who may vouch for it.
struct Target {
    server: Server,
    url: Url,
    leaf: CertificateDer<'static>,
    settings: fn(&Url, &Pki) -> NetSettings,
    pki: Pki,
}

impl Target {
    async fn new(certified: &Certified, pki: Pki) -> Self {
        let server = Server::https(certified.server_config(), |_| Answer::text(200, "ok")).await;
        let (url, leaf) = (server.url("/"), certified.chain[0].clone());
        Self { server, url, leaf, settings: trusting, pki }
    }

    async fn expired() -> Self {
        let pki = Pki::new();
        let certified = pki.leaf_with(&["127.0.0.1"], |params| {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        });
        Self::new(&certified, pki).await
    }

    fn net(&self) -> Arc<Net> {
        Net::new((self.settings)(&self.url, &self.pki)).expect("a net")
    }

    fn judge(&self, session: &Session, leaf: &CertificateDer<'static>) {
        let name = ServerName::try_from("127.0.0.1").expect("a name");
        session.judging(&name, &Address::Ip(self.server.address()), leaf);
    }
}

fn trusting(url: &Url, pki: &Pki) -> NetSettings {
    let mut settings = settings(url);
    settings.trust.roots = Roots::Listed(Arc::new(vec![pki.root()]));
    settings
}

#[tokio::test]
async fn what_needs_no_credential_is_asked_over_a_connection_pinned_to_the_judged_leaf() {
    let pki = Pki::new();
    let self_signed = Certified::self_signed(&["127.0.0.1"]);
    let elsewhere = pki.leaf(&["other.example"]);
    let other = Pki::new().leaf(&["127.0.0.1"]);
    let targets = [
        (Target::expired().await, "expired on 2021-01-01"),
        (Target::new(&self_signed, Pki::new()).await, "is signed by no authority"),
        (Target::new(&elsewhere, pki).await, "is not valid for 127.0.0.1"),
        (Target::new(&other, Pki::new()).await, "carries a signature that is not its authority's"),
    ];
    for (target, fault) in targets {
        let net = target.net();
        let session = net.session(Footprint::Passive);
        let ask = async || soon(session.exchange(Request::get(target.url.clone()))).await;
        let refused = ask().await.expect_err("nobody has judged it");
        assert_eq!(refused.obstacle, Obstacle::Tls);
        assert_eq!(session.unverified(), None);

        target.judge(&session, &target.leaf);
        let exchange = ask().await.expect(fault);
        assert_eq!(exchange.body.text(), "ok");
        let unverified = exchange.unverified.expect("said so");
        assert!(unverified.contains(fault), "{unverified}");
        assert!(exchange.replay.contains(" -k"), "{}", exchange.replay);
        assert!(session.unverified().is_some_and(|said| said.contains(fault)));

        target.judge(&session, &CertificateDer::from(vec![1, 2, 3]));
        assert_eq!(ask().await.expect_err("another leaf").obstacle, Obstacle::Tls);
    }
}

#[tokio::test]
async fn every_finding_says_once_that_the_connection_was_not_verified() {
    let target = Target::expired().await;
    let net = target.net();
    target.judge(&net.session(Footprint::Passive), &target.leaf);
    let kind = crate::CATALOGUE.iter().find(|kind| kind.name == "headers").expect("a probe");
    let armed = arm(kind, &serde_json::json!({}));
    let visited = crate::contract::Target {
        name: "shop".to_owned(),
        url: target.url.clone(),
        profile: None,
        labels: std::collections::BTreeMap::default(),
    };
    #[expect(clippy::disallowed_methods, reason = "the visit is made in real time")]
    let now = std::time::SystemTime::now();
    let session = net.session(Footprint::Passive);
    let visit = Visit::new(Arc::new(visited), session, now, PATIENT);
    let report = soon(armed.run(&visit)).await;
    let note = "over an unverified connection: the certificate expired on 2021-01-01";
    let judged: Vec<_> =
        report.findings.iter().filter(|finding| finding.outcome != Outcome::Skip).collect();
    assert!(judged.len() >= 3, "{judged:?}");
    for finding in judged {
        let noted = finding.items.iter().filter(|item| item.seen.contains(note)).count();
        assert_eq!(noted, 1, "{finding:?}");
    }
    assert!(report.facts.iter().any(|fact| fact.name == "unverified"));
}

#[tokio::test]
async fn a_credential_is_never_sent_over_such_a_connection() {
    let target = Target::expired().await;
    let mut settings = (target.settings)(&target.url, &target.pki);
    let secret = secrecy::SecretString::from("hunter2hunter2");
    settings.redactor = Redactor::new(vec![secret]);
    let net = Net::new(settings).expect("a net");
    let session = net.session(Footprint::Passive);
    target.judge(&session, &target.leaf);
    let plain = || Request::get(target.url.clone());
    soon(session.exchange(plain())).await.expect("without one");
    let mut secret = plain();
    let text = Text::Secret(Secret::new("whatever"));
    secret.headers.push((header::ACCEPT, text));
    let mut in_url = plain();
    in_url.url.set_query(Some("key=hunter2hunter2"));
    let mut in_body = plain();
    in_body.body = "{\"password\": \"hunter2hunter2\"}".into();
    let requests = [
        plain().header(header::AUTHORIZATION, "Bearer x"),
        plain().header(header::COOKIE, "a=b"),
        secret,
        in_url,
        in_body,
    ];
    for request in requests {
        let refused = soon(session.exchange(request.clone())).await.expect_err("a credential");
        assert_eq!(refused.obstacle, Obstacle::Tls, "{request:?}");
    }

    let options = HttpOptions { speaks: Speaks::Http1, ..HttpOptions::default() };
    let kept = soon(session.http(&target.url, options)).await.expect("a connection");
    let exchange = soon(kept.exchange(plain())).await.expect("without one");
    assert!(exchange.unverified.is_some());
    let bearer = plain().header(header::AUTHORIZATION, "Bearer x");
    let refused = soon(kept.exchange(bearer)).await.expect_err("a credential");
    assert_eq!(refused.obstructed.obstacle, Obstacle::Tls);
}

#[tokio::test]
async fn strict_trust_and_a_certificate_of_ours_allow_no_such_connection() {
    let target = Target::expired().await;
    let mut strict = (target.settings)(&target.url, &target.pki);
    strict.trust.strict = true;
    let mut identified = (target.settings)(&target.url, &target.pki);
    let Certified { chain, key } = target.pki.leaf(&["client.example"]);
    identified.trust.client = Some(super::super::ClientIdentity { chain, key });
    for settings in [strict, identified] {
        let net = Net::new(settings).expect("a net");
        let session = net.session(Footprint::Passive);
        target.judge(&session, &target.leaf);
        let refused = soon(session.exchange(Request::get(target.url.clone()))).await;
        assert_eq!(refused.expect_err("not sound").obstacle, Obstacle::Tls);
    }
}

#[tokio::test]
async fn the_first_judgement_is_waited_for() {
    let target = Target::expired().await;
    let net = target.net();
    net.expect_judgement();
    let (asking, judging) = (net.session(Footprint::Passive), net.session(Footprint::Passive));
    let asked = asking.exchange(Request::get(target.url.clone()));
    let judged = async {
        time::sleep(Duration::from_millis(300)).await;
        target.judge(&judging, &target.leaf);
    };
    let (asked, ()) = soon(async { tokio::join!(asked, judged) }).await;
    assert!(asked.expect("an answer").unverified.is_some());
}
