//! What an operator may say about how a target speaks TLS.

pub(super) mod authority_kind;
pub(super) mod pin;

use std::collections::BTreeMap;

use rustls_pki_types::ServerName;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use self::{authority_kind::AuthorityKind, pin::Pin};
use super::{
    observe::survey::{Tier, cadence::Cadence},
    when::DAY,
};
use crate::contract::{
    Check, Mistake, Probe, Scheme, Target,
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
    pub(super) address: Option<Endpoint>,

    /// The protocol spoken at `address` before TLS, where it starts in the open and is asked to go on
    /// with TLS. Nobody logs in and nothing is sent.
    pub(super) starttls: Option<StartTls>,

    /// The name to ask for and to find in the certificate, if not the target's `trust.server_name` or
    /// the address's host.
    #[serde(deserialize_with = "server_name")]
    #[schemars(with = "Option<String>")]
    pub(super) server_name: Option<ServerName<'static>>,

    /// How long before its end a certificate should have been replaced. By default 14 days, or a fifth
    /// of the certificate's lifetime if that is less.
    pub(super) renew_before: Option<Dur>,

    /// A PEM file of intermediate certificates, so that one the server fails to send is told from an
    /// unknown issuer. Nothing is trusted for being in it.
    pub(super) intermediates_file: Option<File>,

    /// How deep to look: `handshake` shakes hands as current clients do and sends nothing else; `fast`
    /// also asks whether anything old or weak is accepted, with two hellos; `standard` and `full` ask
    /// more, less often. A sound server costs 1, 3, 6 and about 25 connections. Hellos that are refused
    /// leave a line in the logs of some servers, such as PostgreSQL and what is written in Go.
    pub(super) depth: Tier,

    /// How often the standard tier is asked, unless the server has changed; by default every 15
    /// minutes.
    pub(super) standard_every: Option<Dur>,

    /// How often the full tier is asked, as long as it finds nothing wrong; by default once a day.
    pub(super) full_every: Option<Dur>,

    /// Which of TLSRef's profiles the server is held against: `intermediate`, or `modern`, which wants
    /// TLS 1.3 alone.
    pub(super) profile: Ideal,

    /// Checks by id that are held against another profile, or `ignore`d because the deployment lives
    /// with the fault by design; a fault that is to be mended wants a waiver instead.
    pub(super) overrides: BTreeMap<String, Override>,

    /// What the server is expected to ask of its clients: `required`, a certificate without which
    /// nobody is served; `none`, no certificate at all. Without this it is nobody's business.
    pub(super) client_certificate: Option<ClientCertificate>,

    /// Files of certificate revocation lists, as PEM or DER, in which the leaf and its intermediates
    /// are looked up. Something else on this machine has to keep them fresh: nothing is fetched.
    pub(super) revocation_lists: Vec<File>,

    /// Public keys of which one must be on the leaf's path, the leaf's own and the root's included.
    pub(super) pinned_keys: Vec<Pin>,

    /// Who should have issued the certificate: the common name, the organisation or the whole name of
    /// its issuer or of the root above.
    #[serde(deserialize_with = "issuer")]
    #[schemars(with = "Option<String>")]
    pub(super) issuer: Option<String>,

    /// Whose rules hold: those for public authorities (lifetimes, transparency) or those for private
    /// ones. By default `public` if the root is in Mozilla's programme, else `private`.
    pub(super) authorities: Option<AuthorityKind>,
}

/// A profile of TLSRef's.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Ideal {
    /// Clients of the last five years.
    #[default]
    Intermediate,
    /// Clients that speak TLS 1.3.
    Modern,
}

/// What holds for one check alone.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Override {
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
pub(super) enum ClientCertificate {
    /// A certificate, or nobody is served.
    Required,
    /// No certificate.
    None,
}

impl Tls {
    pub(super) fn asks_handshake(&self, check: &Check) -> Result<(), String> {
        self.asks(check, Tier::Handshake)
    }

    pub(super) fn asks_fast(&self, check: &Check) -> Result<(), String> {
        self.asks(check, Tier::Fast)
    }

    pub(super) fn asks_standard(&self, check: &Check) -> Result<(), String> {
        self.asks(check, Tier::Standard)
    }

    pub(super) fn asks_full(&self, check: &Check) -> Result<(), String> {
        self.asks(check, Tier::Full)
    }

    /// Whether a check that `tier` answers is asked.
    fn asks(&self, check: &Check, tier: Tier) -> Result<(), String> {
        if self.overrides.get(check.id) == Some(&Override::Ignore) {
            return Err("the settings ignore it".to_owned());
        }
        if tier > self.depth {
            let depth = self.depth.as_str();
            return Err(format!("the settings look no deeper than `{depth}`"));
        }
        Ok(())
    }

    /// What is wrong if `protocol` is not what the target's URL speaks at the address.
    pub(super) fn starts_elsewhere(&self, target: &Target, protocol: StartTls) -> Option<Mistake> {
        let own = target.endpoint()?;
        let fits = match target.scheme() {
            Scheme::Postgres => protocol == StartTls::Postgres,
            Scheme::Tcp => true,
            _ => false,
        };
        if fits || self.address.as_ref().is_some_and(|address| *address != own) {
            return None;
        }
        let (scheme, word) = (target.url.scheme(), protocol.as_str());
        let message = format!(
            "{own} is where the target's URL speaks {scheme}; say in `address` where {word} is \
             spoken, as host:port"
        );
        Some(Mistake { path: vec!["starttls".to_owned()], message })
    }

    pub(super) fn cadence(&self) -> Cadence {
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
    pub(super) fn ideal(&self, check: &str) -> Ideal {
        match self.overrides.get(check) {
            Some(Override::Intermediate) => Ideal::Intermediate,
            Some(Override::Modern) => Ideal::Modern,
            Some(Override::Ignore) | None => self.profile,
        }
    }

    /// Whom is asked, how deep, and the files that are read; limits and what is expected are not in it.
    pub(super) fn observed(&self) -> String {
        let Self {
            address,
            starttls,
            server_name,
            intermediates_file,
            revocation_lists,
            depth,
            ..
        } = self;
        format!(
            "{address:?} {starttls:?} {server_name:?} {intermediates_file:?} {revocation_lists:?} {depth:?}"
        )
    }

    pub(super) fn endpoint(&self, target: &Target) -> Option<Endpoint> {
        self.address.clone().or_else(|| target.endpoint())
    }
}

/// What is wrong if a connection to the target does not begin with TLS, and no setting says otherwise.
pub(super) fn begins_without_tls(target: &Target) -> Option<Mistake> {
    let url = &target.url;
    let (path, message) = match target.scheme() {
        // Nothing else is known of it.
        Scheme::Tcp => return None,
        scheme if scheme.is_tls() => return None,
        Scheme::Postgres => {
            let message = "PostgreSQL begins TLS when it is asked to: write `starttls: postgres`";
            ("starttls", message.to_owned())
        }
        Scheme::Http => {
            ("address", format!("{url} is not https; say where TLS is spoken, as host:port"))
        }
        scheme => {
            let word = scheme.as_str();
            let message = format!(
                "{url} is spoken to without TLS; write {word}s:// there, or say where TLS is \
                 spoken, as host:port"
            );
            ("address", message)
        }
    };
    Some(Mistake { path: vec![path.to_owned()], message })
}

pub(super) fn unknown_check(id: &str) -> Option<Mistake> {
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

pub(super) fn address<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Endpoint>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.parse().map_err(de::Error::custom)? {
        Endpoint::Unix(_) => {
            Err(de::Error::custom(format!("`{text}` is a Unix socket; write host:port")))
        }
        endpoint @ Endpoint::Tcp { .. } => Ok(Some(endpoint)),
    }
}

pub(super) fn issuer<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Err(de::Error::custom(
            "the name is empty; write the issuer's common name, organisation or whole name",
        ));
    }
    Ok(Some(text))
}

pub(super) fn server_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ServerName<'static>>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = |_| {
        let wanted = "write a host name in ASCII (xn--… for others) or an IP address";
        de::Error::custom(format!("`{text}` is not a server name; {wanted}"))
    };
    ServerName::try_from(text.to_ascii_lowercase()).map(Some).map_err(wrong)
}
