//! TLS: the certificates a target shows, and the protocol it settles on with a current client.

mod accepted;
mod anchor_expiring;
mod authority_kind;
mod broken_cipher;
mod broken_version;
mod cbc_without_etm;
mod certificate_expired;
mod certificate_expiring;
mod certificate_not_yet_valid;
mod certificate_revoked;
mod chain;
mod chain_disordered;
mod chain_element_expired;
mod client_certificate_not_required;
mod client_certificate_unexpected;
mod compression;
mod der;
mod early_data;
mod extended_master_secret_missing;
mod facts;
mod fallback_unprotected;
mod finite_field_dh;
#[cfg(test)]
mod fixture;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod gauges;
mod handshake;
mod heartbeat;
mod hello;
mod hostname_mismatch;
mod http2_missing;
mod insecure_renegotiation;
mod intermediate_missing;
mod known;
mod legacy_version;
mod lifetime_too_long;
mod look;
#[cfg(any(test, feature = "specimen"))]
mod masquerade;
mod modern_version_missing;
mod no_forward_secrecy;
mod observe;
mod pin;
mod post_quantum_missing;
mod posture;
#[cfg(any(test, feature = "specimen"))]
mod protocol_specimens;
mod revocation_lists;
mod san_missing;
mod second_certificate_unsound;
mod self_signed;
mod sessions;
#[cfg(any(test, feature = "specimen"))]
mod specimens;
mod staple;
mod staple_missing;
mod staple_stale;
#[cfg(any(test, feature = "specimen"))]
mod statement_specimens;
mod statements;
mod static_key_exchange;
mod survey;
#[cfg(test)]
mod tests;
mod timestamps;
mod transparency_missing;
mod unexpected_issuer;
mod unexpected_key;
mod unreachable;
mod untrusted_issuer;
mod way;
mod weak_cipher;
mod weak_curve;
mod weak_dh;
mod weak_handshake_signature;
mod weak_key;
mod weak_signature;
mod when;
mod wrong_certificate_without_sni;
mod wrong_usage;

use std::{collections::BTreeMap, time::Duration};

use rustls_pki_types::ServerName;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use self::{
    authority_kind::AuthorityKind,
    pin::Pin,
    posture::Posture,
    survey::{Cadence, Tier},
    when::DAY,
};
#[cfg(any(test, feature = "specimen"))]
use crate::contract::specimen::Specimen;
use crate::contract::{
    Check, Fact, Footprint, Gauge, Mistake, Obstructed, Probe, Profile, Rule, Target, Visit,
    net::{Endpoint, StartTls},
    setting::{Dur, File},
};

/// Settings of the `tls` probe.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tls {
    /// Where TLS is spoken, as `host:port`, if not at the target's own URL. TLS from the first byte,
    /// unless `starttls` says otherwise.
    #[serde(deserialize_with = "address")]
    #[schemars(with = "Option<String>")]
    address: Option<Endpoint>,

    /// The protocol spoken at `address` before TLS, where it starts in the open and is asked to go on
    /// with TLS. Nobody logs in and nothing is sent.
    starttls: Option<StartTls>,

    /// The name to ask for and to find in the certificate, if not the target's `trust.server_name` or
    /// the address's host.
    #[serde(deserialize_with = "server_name")]
    #[schemars(with = "Option<String>")]
    server_name: Option<ServerName<'static>>,

    /// How long before its end a certificate should have been replaced. By default 14 days, or a fifth
    /// of the certificate's lifetime if that is less.
    renew_before: Option<Dur>,

    /// A PEM file of intermediate certificates, so that one the server fails to send is told from an
    /// unknown issuer. Nothing is trusted for being in it.
    intermediates_file: Option<File>,

    /// How deep to look: `handshake` shakes hands as current clients do and sends nothing else; `fast`
    /// also asks whether anything old or weak is accepted, with two hellos; `standard` and `full` ask
    /// more, less often. A sound server costs 1, 3, 6 and about 25 connections. Hellos that are refused
    /// leave a line in the logs of some servers, such as PostgreSQL and what is written in Go.
    depth: Tier,

    /// How often the standard tier is asked, unless the server has changed; by default every 15
    /// minutes.
    standard_every: Option<Dur>,

    /// How often the full tier is asked, as long as it finds nothing wrong; by default once a day.
    full_every: Option<Dur>,

    /// Which of TLSRef's profiles the server is held against: `intermediate`, or `modern`, which wants
    /// TLS 1.3 alone.
    profile: Ideal,

    /// Checks by id that are held against another profile, or `ignore`d because the deployment lives
    /// with the fault by design; a fault that is to be mended wants a waiver instead.
    overrides: BTreeMap<String, Override>,

    /// What the server is expected to ask of its clients: `required`, a certificate without which
    /// nobody is served; `none`, no certificate at all. Without this it is nobody's business.
    client_certificate: Option<ClientCertificate>,

    /// Files of certificate revocation lists, as PEM or DER, in which the leaf and its intermediates
    /// are looked up. Something else on this machine has to keep them fresh: nothing is fetched.
    revocation_lists: Vec<File>,

    /// Public keys of which one must be on the leaf's path, the leaf's own and the root's included.
    pinned_keys: Vec<Pin>,

    /// Who should have issued the certificate: the common name, the organisation or the whole name of
    /// its issuer or of the root above.
    #[serde(deserialize_with = "issuer")]
    #[schemars(with = "Option<String>")]
    issuer: Option<String>,

    /// Whose rules hold: those for public authorities (lifetimes, transparency) or those for private
    /// ones. By default `public` if the root is in Mozilla's programme, else `private`.
    authorities: Option<AuthorityKind>,
}

/// A profile of TLSRef's.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Ideal {
    /// Clients of the last five years.
    #[default]
    Intermediate,
    /// Clients that speak TLS 1.3.
    Modern,
}

/// What holds for one check alone.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Override {
    /// It does not apply.
    Ignore,
    /// Judged by the profile `intermediate`.
    Intermediate,
    /// Judged by the profile `modern`.
    Modern,
}

/// What a server asks of its clients.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
enum ClientCertificate {
    /// A certificate, or nobody is served.
    Required,
    /// No certificate.
    None,
}

impl Probe for Tls {
    type Evidence = Posture;

    const NAME: &'static str = "tls";
    const ABOUT: &'static str = "The certificates a target shows at each of its addresses, whether a \
                                 current client can shake hands with it, and which versions, ciphers \
                                 and groups of TLS it accepts.";
    const FOOTPRINT: Footprint = Footprint::Passive;
    const PROFILES: &'static [Profile] = &[Profile::Api, Profile::Web];
    const RULES: &'static [Rule<Self>] = &[
        unreachable::RULE,
        certificate_expired::RULE,
        certificate_not_yet_valid::RULE,
        certificate_expiring::RULE,
        hostname_mismatch::RULE,
        untrusted_issuer::RULE,
        self_signed::RULE,
        intermediate_missing::RULE,
        chain_element_expired::RULE,
        chain_disordered::RULE,
        weak_key::RULE,
        weak_signature::RULE,
        san_missing::RULE,
        wrong_usage::RULE,
        lifetime_too_long::RULE,
        broken_version::RULE,
        legacy_version::RULE,
        modern_version_missing::RULE,
        broken_cipher::RULE,
        weak_cipher::RULE,
        static_key_exchange::RULE,
        finite_field_dh::RULE,
        weak_dh::RULE,
        cbc_without_etm::RULE,
        no_forward_secrecy::RULE,
        weak_handshake_signature::RULE,
        weak_curve::RULE,
        post_quantum_missing::RULE,
        compression::RULE,
        insecure_renegotiation::RULE,
        extended_master_secret_missing::RULE,
        fallback_unprotected::RULE,
        heartbeat::RULE,
        early_data::RULE,
        http2_missing::RULE,
        second_certificate_unsound::RULE,
        wrong_certificate_without_sni::RULE,
        client_certificate_not_required::RULE,
        client_certificate_unexpected::RULE,
        anchor_expiring::RULE,
        staple_missing::RULE,
        staple_stale::RULE,
        certificate_revoked::RULE,
        transparency_missing::RULE,
        unexpected_key::RULE,
        unexpected_issuer::RULE,
    ];
    const GAUGES: &'static [Gauge<Self>] = gauges::GAUGES;
    // A permissive server has a hundred suites, and a name may have eight addresses. The pace of a
    // target's connections still holds.
    const REQUESTS: u32 = 400;
    const DEADLINE: Duration = Duration::from_secs(45);

    fn suits(target: &Target) -> bool {
        target.is_tls()
    }

    fn endpoints(&self, _: &Target) -> Vec<Endpoint> {
        self.address.iter().cloned().collect()
    }

    fn mistakes(&self, target: &Target) -> Vec<Mistake> {
        let mut mistakes: Vec<Mistake> =
            self.overrides.keys().filter_map(|id| unknown_check(id)).collect();
        if let Some(protocol) = self.starttls {
            mistakes.extend(self.starts_with_http(target, protocol));
        } else if self.address.is_none() && !target.is_tls() {
            let message =
                format!("{} is not https; say where TLS is spoken, as host:port", target.url);
            mistakes.push(Mistake { path: vec!["address".to_owned()], message });
        }
        mistakes
    }

    fn exempts(&self, check: &Check) -> Option<String> {
        if self.overrides.get(check.id) == Some(&Override::Ignore) {
            return Some("the settings ignore it".to_owned());
        }
        let needed = tier_of(check.id);
        let depth = self.depth.as_str();
        (needed > self.depth).then(|| format!("the settings look no deeper than `{depth}`"))
    }

    async fn observe(&self, visit: &Visit) -> Result<Posture, Obstructed> {
        observe::posture(self, visit).await
    }

    fn facts(&self, posture: &Posture) -> Vec<Fact> {
        facts::facts(posture)
    }

    #[cfg(any(test, feature = "specimen"))]
    fn specimens() -> Vec<Specimen> {
        specimens::all()
    }
}

impl Tls {
    /// HTTP has no STARTTLS, and it is what a target's URL speaks.
    fn starts_with_http(&self, target: &Target, protocol: StartTls) -> Option<Mistake> {
        let own = own(target);
        if self.endpoint(target) != own {
            return None;
        }
        let (scheme, word) = (target.url.scheme(), protocol.as_str());
        let message = format!(
            "{own} is where the target's URL speaks {scheme}; say in `address` where {word} is \
             spoken, as host:port"
        );
        Some(Mistake { path: vec!["starttls".to_owned()], message })
    }

    fn cadence(&self) -> Cadence {
        let seconds = |set: Option<Dur>, usual| {
            set.map_or(usual, |Dur(every)| i64::try_from(every.as_secs()).unwrap_or(i64::MAX))
        };
        Cadence {
            depth: self.depth,
            standard: seconds(self.standard_every, 15 * 60),
            full: seconds(self.full_every, DAY),
        }
    }

    /// The profile that a check is judged by.
    fn ideal(&self, check: &str) -> Ideal {
        match self.overrides.get(check) {
            Some(Override::Intermediate) => Ideal::Intermediate,
            Some(Override::Modern) => Ideal::Modern,
            Some(Override::Ignore) | None => self.profile,
        }
    }

    fn endpoint(&self, target: &Target) -> Endpoint {
        match &self.address {
            Some(address) => address.clone(),
            None => own(target),
        }
    }
}

/// Where the target's own URL leads.
fn own(target: &Target) -> Endpoint {
    Endpoint::tcp(target.host(), target.port())
}

/// The tier that answers a check.
fn tier_of(id: &str) -> Tier {
    match id {
        "tls-legacy-version" => Tier::Fast,
        "tls-broken-version"
        | "tls-broken-cipher"
        | "tls-weak-cipher"
        | "tls-static-key-exchange"
        | "tls-finite-field-dh"
        | "tls-weak-dh"
        | "tls-cbc-without-etm"
        | "tls-weak-handshake-signature"
        | "tls-compression"
        | "tls-insecure-renegotiation"
        | "tls-extended-master-secret-missing"
        | "tls-fallback-unprotected"
        | "tls-heartbeat" => Tier::Standard,
        "tls-weak-curve"
        | "tls-second-certificate-unsound"
        | "tls-wrong-certificate-without-sni" => Tier::Full,
        _ => Tier::Handshake,
    }
}

fn unknown_check(id: &str) -> Option<Mistake> {
    let known = || Tls::RULES.iter().map(|rule| rule.check.id);
    if known().any(|known| known == id) {
        return None;
    }
    let nearest = known().max_by(|one, other| {
        strsim::jaro_winkler(one, id).total_cmp(&strsim::jaro_winkler(other, id))
    });
    let message = format!(
        "no check of this probe is called `{id}`; did you mean `{}`?",
        nearest.unwrap_or_default()
    );
    Some(Mistake { path: vec!["overrides".to_owned(), id.to_owned()], message })
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Endpoint>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.parse().map_err(de::Error::custom)? {
        Endpoint::Unix(_) => {
            Err(de::Error::custom(format!("`{text}` is a Unix socket; write host:port")))
        }
        endpoint @ Endpoint::Tcp { .. } => Ok(Some(endpoint)),
    }
}

fn issuer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Err(de::Error::custom(
            "the name is empty; write the issuer's common name, organisation or whole name",
        ));
    }
    Ok(Some(text))
}

fn server_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ServerName<'static>>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = |_| {
        let wanted = "write a host name in ASCII (xn--… for others) or an IP address";
        de::Error::custom(format!("`{text}` is not a server name; {wanted}"))
    };
    ServerName::try_from(text.to_ascii_lowercase()).map(Some).map_err(wrong)
}
