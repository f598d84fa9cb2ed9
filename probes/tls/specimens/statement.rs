//! Servers of whose certificates authorities and logs have something to say, or should have.

use std::{sync::Arc, time::SystemTime};

use rcgen::CertificateParams;
use rustls::{ServerConfig, sign::SingleCertAndKey};
use serde_json::{Value, json};

use crate::{
    contract::specimen::{Certified, Pki, Server, Specimen, Started, validity},
    tls::{
        chain::Certificate,
        settings::pin::Pin,
        specimens::{
            Authority, NAME, Starting, boxed, certified_key, page, serve, showing, specimen,
        },
        statements::staple::made::{Made, embedded, must_staple},
        when::{DAY, seconds},
    },
};

pub(in crate::tls) fn all() -> Vec<Specimen> {
    vec![
        specimen("a promised staple that is sent", &[], || boxed(stapling(|_| {}))),
        specimen("a promised staple that is missing", &["tls-staple-missing"], || {
            boxed(with_settings(|params| params.custom_extensions.push(must_staple()), json!({})))
        }),
        specimen("a revoked certificate", &["tls-certificate-revoked"], || {
            boxed(stapling(Made::revoke))
        }),
        says_nothing("a staple from last week", || {
            boxed(stapling(|made| {
                (made.this_update, made.next_update) = (made.at - 9 * DAY, Some(made.at - 2 * DAY));
            }))
        }),
        says_nothing("another certificate's staple", || {
            boxed(stapling(|made| made.serial.push(1)))
        }),
        says_nothing("a staple that somebody else has signed", || {
            boxed(stapling(|made| made.is_forged = true))
        }),
        specimen("a public certificate without timestamps", &["tls-transparency-missing"], || {
            boxed(with_settings(|_| {}, json!({ "authorities": "public" })))
        }),
        specimen("a public certificate with timestamps of two logs", &[], || {
            let logged = |params: &mut CertificateParams| {
                params.custom_extensions.push(embedded(&[1, 2]));
            };
            boxed(with_settings(logged, json!({ "authorities": "public" })))
        }),
        specimen("a root with a month left", &["tls-anchor-expiring"], || boxed(ending_root())),
        specimen("a key that nobody pinned", &["tls-unexpected-key"], || {
            let other = Pin::of(b"another key").to_string();
            boxed(with_settings(|_| {}, json!({ "pinned_keys": [other] })))
        }),
        specimen("a pinned intermediate", &[], || boxed(pinned())),
        specimen("another authority than the expected one", &["tls-unexpected-issuer"], || {
            boxed(with_settings(|_| {}, json!({ "issuer": "Internet Security Research Group" })))
        }),
        specimen("the expected authority", &[], || {
            boxed(with_settings(|_| {}, json!({ "issuer": "gonogo specimen root" })))
        }),
    ]
}

/// A staple that is as good as none, and worse.
fn says_nothing(name: &'static str, start: fn() -> Starting) -> Specimen {
    let unknown = &["tls-certificate-revoked"];
    Specimen { name, fails: &["tls-staple-stale"], unknown, start }
}

/// A server that staples a response to a certificate which promises one.
async fn stapling(change: impl FnOnce(&mut Made) + Send) -> Started {
    let pki = Pki::new();
    let certified = pki.leaf_with(&[NAME], |params| params.custom_extensions.push(must_staple()));
    let (now, _) = validity::<SystemTime>(0, 0);
    let mut made = Made::good(&certified.chain[0], seconds(now));
    change(&mut made);
    let config = with_staple(&certified, made.signed_by(pki.issuer()));
    let server = Server::https(config, page).await;
    let started = Started::new(server.url("/"), server).root(pki.root());
    started.settings(json!({ "server_name": NAME }))
}

/// Like a sound server's, with this response stapled.
fn with_staple(certified: &Certified, staple: Vec<u8>) -> Arc<ServerConfig> {
    let mut shown = certified_key(certified);
    shown.ocsp = Some(staple);
    showing(SingleCertAndKey::from(shown))
}

async fn with_settings(
    change: impl FnOnce(&mut CertificateParams) + Send,
    settings: Value,
) -> Started {
    let pki = Pki::new();
    let started = serve(pki.leaf_with(&[NAME], change), pki.root()).await;
    set(started, settings)
}

async fn pinned() -> Started {
    let pki = Pki::new();
    let intermediate = Certificate::read(&pki.intermediate()).expect("a certificate");
    let pin = Pin::of(&intermediate.key_der).to_string();
    let started = serve(pki.leaf(&[NAME]), pki.root()).await;
    set(started, json!({ "pinned_keys": [pin] }))
}

async fn ending_root() -> Started {
    let root = Authority::root("ending root", 300, 30);
    let middle = Authority::below(&root, "below an ending root", 100, 100);
    serve(middle.leaf(&[&middle]), root.der()).await
}

/// The specimen, with these settings besides its own.
fn set(mut started: Started, settings: Value) -> Started {
    if let (Value::Object(own), Value::Object(more)) = (&mut started.settings, settings) {
        own.extend(more);
    }
    started
}
