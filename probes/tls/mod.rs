//! TLS: the certificates a target shows, and the protocol it settles on with a current client.

mod certificate_expired;
mod certificate_expiring;
mod certificate_not_yet_valid;
mod chain;
mod chain_disordered;
mod chain_element_expired;
mod facts;
#[cfg(test)]
mod fixture;
mod gauges;
mod handshake;
mod hostname_mismatch;
mod intermediate_missing;
mod known;
mod lifetime_too_long;
mod observe;
mod posture;
mod san_missing;
mod self_signed;
#[cfg(any(test, feature = "specimen"))]
mod specimens;
#[cfg(test)]
mod tests;
mod unreachable;
mod untrusted_issuer;
mod weak_key;
mod weak_signature;
mod when;
mod wrong_usage;

use rustls_pki_types::ServerName;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};

use self::posture::Posture;
#[cfg(any(test, feature = "specimen"))]
use crate::contract::specimen::Specimen;
use crate::contract::{
    Fact, Footprint, Gauge, Mistake, Obstructed, Probe, Profile, Rule, Target, Visit,
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
}

impl Probe for Tls {
    type Evidence = Posture;

    const NAME: &'static str = "tls";
    const ABOUT: &'static str = "The certificates a target shows at each of its addresses, and \
                                 whether a current client can shake hands with it.";
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
    ];
    const GAUGES: &'static [Gauge<Self>] = gauges::GAUGES;

    fn suits(target: &Target) -> bool {
        target.is_tls()
    }

    fn endpoints(&self, _: &Target) -> Vec<Endpoint> {
        self.address.iter().cloned().collect()
    }

    fn mistakes(&self, target: &Target) -> Vec<Mistake> {
        if let Some(protocol) = self.starttls {
            return self.starts_with_http(target, protocol);
        }
        if self.address.is_some() || target.is_tls() {
            return Vec::new();
        }
        let message = format!("{} is not https; say where TLS is spoken, as host:port", target.url);
        vec![Mistake { path: vec!["address".to_owned()], message }]
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
    fn starts_with_http(&self, target: &Target, protocol: StartTls) -> Vec<Mistake> {
        let own = Endpoint::tcp(target.host(), target.port());
        if self.endpoint(target) != own {
            return Vec::new();
        }
        let (scheme, word) = (target.url.scheme(), protocol.as_str());
        let message = format!(
            "{own} is where the target's URL speaks {scheme}; say in `address` where {word} is \
             spoken, as host:port"
        );
        vec![Mistake { path: vec!["starttls".to_owned()], message }]
    }

    fn endpoint(&self, target: &Target) -> Endpoint {
        match &self.address {
            Some(address) => address.clone(),
            None => Endpoint::tcp(target.host(), target.port()),
        }
    }
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
