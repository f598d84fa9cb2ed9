//! Certificates of any date and fault, and postures made of them, for the judgements' tests.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose,
    NameConstraints, PublicKeyData, RsaKeySize, SubjectPublicKeyInfo,
};
use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};

use crate::{
    contract::{
        Item, Obstacle, Rule,
        net::{Address, Negotiated},
    },
    tls::{
        Tls,
        chain::{Authorities, Chain, Standard, issuer},
        evidence::{NoChain, Posture, Seen},
        observe::{handshake::Afterwards, survey::Survey},
        statements::staple::{Staple, made::Made},
        when::DAY,
    },
};

/// The moment most tests look at: 2027-01-15.
pub(in crate::tls) const NOW: i64 = 1_800_000_000;
/// The year 2100.
const FAR: i64 = 4_102_444_800;

/// A root, an intermediate, and who trusts and knows what.
pub(in crate::tls) struct Forge {
    name: String,
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
    trusted: Vec<CertificateDer<'static>>,
    known: Vec<CertificateDer<'static>>,
    asked: String,
}

impl Forge {
    pub(in crate::tls) fn new() -> Self {
        Self::new_as("forge")
    }

    pub(in crate::tls) fn new_as(name: &str) -> Self {
        let root = CertifiedIssuer::self_signed(authority(name, "root", 0, FAR), key());
        let root = root.expect("a self-signed authority");
        let intermediate =
            CertifiedIssuer::signed_by(authority(name, "intermediate", 0, FAR), key(), &root);
        let trusted = vec![root.der().clone()];
        Self {
            name: name.to_owned(),
            root,
            intermediate: intermediate.expect("an authority below the root"),
            trusted,
            known: Vec::new(),
            asked: "shop.example".to_owned(),
        }
    }

    pub(in crate::tls) fn trusting(mut self, trusted: Vec<CertificateDer<'static>>) -> Self {
        self.trusted = trusted;
        self
    }

    pub(in crate::tls) fn knowing(
        mut self,
        known: impl FnOnce(&Self) -> Vec<CertificateDer<'static>>,
    ) -> Self {
        self.known = known(&self);
        self
    }

    pub(in crate::tls) fn asked(mut self, name: &str) -> Self {
        name.clone_into(&mut self.asked);
        self
    }

    pub(in crate::tls) fn root(&self) -> CertificateDer<'static> {
        self.root.der().clone()
    }

    pub(in crate::tls) fn root_until(&self, until: i64) -> CertificateDer<'static> {
        let root = authority(&self.name, "root", 0, until).self_signed(self.root.key());
        root.expect("a self-signed authority").der().clone()
    }

    pub(in crate::tls) fn intermediate(&self) -> CertificateDer<'static> {
        self.intermediate.der().clone()
    }

    pub(in crate::tls) fn intermediate_of(&self, from: i64, until: i64) -> CertificateDer<'static> {
        let params = authority(&self.name, "intermediate", from, until);
        signed(params.signed_by(self.intermediate.key(), &self.root))
    }

    /// This forge's root as another's intermediate.
    pub(in crate::tls) fn cross_signed_by(
        &self,
        other: &Self,
        from: i64,
        until: i64,
    ) -> CertificateDer<'static> {
        let params = authority(&self.name, "root", from, until);
        signed(params.signed_by(self.root.key(), &other.root))
    }

    /// A leaf for `name`, below an intermediate that may issue for names under `permitted` only.
    pub(in crate::tls) fn under_constraint(
        &self,
        permitted: &str,
        name: &str,
    ) -> (CertificateDer<'static>, CertificateDer<'static>) {
        let mut params = authority(&self.name, "intermediate", 0, FAR);
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName(permitted.to_owned())],
            excluded_subtrees: Vec::new(),
        });
        let intermediate = params.signed_by(self.intermediate.key(), &self.root);
        (self.leaf(&[name]), signed(intermediate))
    }

    pub(in crate::tls) fn leaf(&self, names: &[&str]) -> CertificateDer<'static> {
        self.leaf_with(names, |_| {})
    }

    pub(in crate::tls) fn leaf_with(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> CertificateDer<'static> {
        self.issue(&key(), names, change)
    }

    pub(in crate::tls) fn leaf_of(&self, from: i64, until: i64) -> CertificateDer<'static> {
        self.leaf_with(&["shop.example"], |params| {
            (params.not_before, params.not_after) = (moment(from), moment(until));
        })
    }

    pub(in crate::tls) fn leaf_for(&self, key: &impl PublicKeyData) -> CertificateDer<'static> {
        self.issue(key, &["shop.example"], |_| {})
    }

    pub(in crate::tls) fn leaf_without_subject(&self) -> CertificateDer<'static> {
        self.leaf_with(&["shop.example"], |params| {
            params.distinguished_name = DistinguishedName::new();
        })
    }

    pub(in crate::tls) fn leaf_with_issuer_url(&self, url: &str) -> CertificateDer<'static> {
        self.leaf_with(&["shop.example"], |params| {
            params.custom_extensions.push(issuer_url(url));
        })
    }

    /// A leaf that lives for this many days, of which one has passed.
    pub(in crate::tls) fn leaf_lasting(
        &self,
        days: i64,
        change: impl FnOnce(&mut CertificateParams),
    ) -> CertificateDer<'static> {
        self.leaf_with(&["shop.example"], |params| {
            params.not_before = moment(NOW - DAY);
            params.not_after = moment(NOW + (days - 1) * DAY - 1);
            change(params);
        })
    }

    /// A leaf, below an intermediate of this organisation's.
    pub(in crate::tls) fn under_organisation(
        &self,
        name: &str,
    ) -> (CertificateDer<'static>, CertificateDer<'static>) {
        let mut params = authority(&self.name, "subordinate", 0, FAR);
        params.distinguished_name.push(DnType::OrganizationName, name);
        let issuer = CertifiedIssuer::signed_by(params, key(), &self.root);
        let issuer = issuer.expect("an authority below the root");
        (signed(leaf(&["shop.example"]).signed_by(&key(), &issuer)), issuer.der().clone())
    }

    /// Staples a response of the intermediate's to every chain of the posture.
    pub(in crate::tls) fn staple(&self, posture: &mut Posture, made: &Made) {
        let bytes = made.signed_by(&self.intermediate);
        for seen in &mut posture.seen {
            let chain = seen.chain.as_ref().expect("a chain");
            let staple = Staple::read(&bytes, &chain.leaf, issuer(chain).as_ref());
            seen.staple = Some(Arc::new(staple));
        }
    }

    /// The authority that issues the leaves.
    pub(in crate::tls) fn issuer(&self) -> &CertifiedIssuer<'static, KeyPair> {
        &self.intermediate
    }

    /// A key of every kind that current clients take.
    pub(in crate::tls) fn every_key() -> Vec<SubjectPublicKeyInfo> {
        let rsa = |size| KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size);
        let keys = [
            KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512),
            KeyPair::generate_for(&rcgen::PKCS_ED25519),
            rsa(RsaKeySize::_2048),
            rsa(RsaKeySize::_4096),
        ];
        let public = |key: KeyPair| SubjectPublicKeyInfo::from_der(&key.subject_public_key_info());
        keys.into_iter().map(|key| public(key.expect("a key")).expect("its public half")).collect()
    }

    /// What a visit to a server with this chain brings back.
    pub(in crate::tls) fn posture(&self, served: &[CertificateDer<'static>], at: i64) -> Posture {
        self.posture_of(served, &self.trusted, at)
    }

    /// The same, where of the trusted authorities only names and keys are known.
    pub(in crate::tls) fn posture_by_keys(
        &self,
        served: &[CertificateDer<'static>],
        at: i64,
    ) -> Posture {
        self.posture_of(served, &[], at)
    }

    fn posture_of(
        &self,
        served: &[CertificateDer<'static>],
        certificates: &[CertificateDer<'static>],
        at: i64,
    ) -> Posture {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(self.trusted.iter().cloned());
        let authorities = Authorities::new(&store, certificates);
        let mut known = self.known.clone();
        known.extend(authorities.intermediates().cloned());
        let name = ServerName::try_from(self.asked.clone()).expect("a name or an address");
        let standard = Standard { name: &name, authorities, known: &known, at };
        let chain = Chain::judge(served, &standard).map(Arc::new).map_err(NoChain::Unreadable);
        posture(name, at, vec![seen(443, chain)])
    }

    fn issue(
        &self,
        key: &impl PublicKeyData,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> CertificateDer<'static> {
        let mut params = leaf(names);
        change(&mut params);
        signed(params.signed_by(key, &self.intermediate))
    }
}

/// The rule's items, with default settings.
pub(in crate::tls) fn judged(rule: &Rule<Tls>, posture: &Posture) -> Vec<Item> {
    judged_with(&Tls::default(), rule, posture)
}

/// The rule's items.
pub(in crate::tls) fn judged_with(tls: &Tls, rule: &Rule<Tls>, posture: &Posture) -> Vec<Item> {
    let items = rule.judge(tls, posture);
    assert!(!items.is_empty(), "{} gives no answer", rule.check.id);
    items
}

/// A posture of these addresses.
pub(in crate::tls) fn posture(name: ServerName<'static>, at: i64, seen: Vec<Seen>) -> Posture {
    Posture {
        at,
        name,
        seen,
        left_out: Vec::new(),
        unasked: None,
        unread: None,
        is_http: true,
        connections: 3,
        took: Duration::from_millis(15),
    }
}

/// An address on which the handshake succeeded.
pub(in crate::tls) fn seen(port: u16, chain: Result<Arc<Chain>, NoChain>) -> Seen {
    Seen {
        address: Address::Ip(([192, 0, 2, 1], port).into()),
        handshake: Ok(Negotiated {
            version: "TLSv1.3".to_owned(),
            suite: "TLS13_AES_256_GCM_SHA384".to_owned(),
            group: Some("X25519MLKEM768".to_owned()),
            alpn: Some("h2".to_owned()),
        }),
        took: Duration::from_millis(12),
        chain,
        asks_for_certificate: false,
        bad_signature: None,
        afterwards: Afterwards::GoesOn,
        sessions: Arc::default(),
        survey: Err(Obstacle::Pending.because("nothing was asked")),
        anonymous: None,
        staple: None,
        listed: None,
        extension_timestamps: None,
        client: String::new(),
    }
}

/// A sound chain at an address that was surveyed.
pub(in crate::tls) fn surveyed(survey: Survey) -> Posture {
    let forge = Forge::new();
    let mut posture = forge.posture(&[forge.leaf(&["shop.example"]), forge.intermediate()], NOW);
    posture.seen[0].survey = Ok(survey);
    posture
}

/// A certificate for `shop.example` that is signed with its own key.
pub(in crate::tls) fn self_signed(is_authority: bool) -> CertificateDer<'static> {
    let mut params = leaf(&["shop.example"]);
    if is_authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    signed(params.self_signed(&key()))
}

/// A committed chain, leaf first, with the root it leads to.
pub(in crate::tls) fn committed(
    name: &str,
) -> (CertificateDer<'static>, Vec<CertificateDer<'static>>) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tls/fixtures");
    let mut chain: Vec<_> = CertificateDer::pem_file_iter(folder.join(name))
        .and_then(Iterator::collect)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let root = chain.pop().expect("a root at the end");
    (root, chain)
}

fn leaf(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names that are DNS names or addresses");
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "shop.example");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (params.not_before, params.not_after) = (moment(NOW - DAY), moment(NOW + 89 * DAY));
    params
}

fn authority(name: &str, role: &str, from: i64, until: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("{name} {role}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (moment(from), moment(until));
    params
}

/// An authorityInfoAccess extension (1.3.6.1.5.5.7.1.1) with one caIssuers address.
fn issuer_url(url: &str) -> CustomExtension {
    const CA_ISSUERS: [u8; 10] = [0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02];
    const URI: u8 = 0x86;
    let nested = |tag: u8, content: &[u8]| {
        let length = u8::try_from(content.len()).expect("a short value");
        [&[tag, length][..], content].concat()
    };
    let access = [&CA_ISSUERS[..], &nested(URI, url.as_bytes())].concat();
    let content = nested(0x30, &nested(0x30, &access));
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], content)
}

fn signed(certificate: Result<rcgen::Certificate, rcgen::Error>) -> CertificateDer<'static> {
    certificate.expect("a certificate that can be signed").der().clone()
}

fn key() -> KeyPair {
    KeyPair::generate().expect("entropy")
}

fn moment<T: From<std::time::SystemTime>>(seconds: i64) -> T {
    let seconds = u64::try_from(seconds).expect("a moment since 1970");
    (UNIX_EPOCH + Duration::from_secs(seconds)).into()
}
