//! Who signed a leaf: by this name and key its statements about the leaf are known.

use super::{Certificate, Chain, Step, certificate::Name};

/// The authority directly above a leaf.
#[derive(Clone, Debug)]
pub(in crate::tls) struct Issuer {
    /// Its name.
    pub(in crate::tls) name: Name,
    /// Its key, as DER (a SubjectPublicKeyInfo).
    pub(in crate::tls) key: Box<[u8]>,
}

/// The issuer of a chain's leaf: the one on its path, or, where there is no path, the one of the right
/// name that was sent. Whether that one is to be trusted is another question.
pub(in crate::tls) fn issuer(chain: &Chain) -> Option<Issuer> {
    let of = |one: &Certificate| Issuer { name: one.subject.clone(), key: one.key_der.clone() };
    let Some(path) = chain.trust.path() else {
        let named = chain.certificates().find(|(_, one)| one.subject.is(&chain.leaf.issuer));
        return named.map(|(_, one)| of(one));
    };
    match path.steps.first() {
        Some(Step::Served(position)) => {
            chain.rest.get(position.checked_sub(1)?)?.as_ref().ok().map(of)
        }
        Some(Step::Known(der)) => Certificate::read(der).ok().as_ref().map(of),
        None => Some(Issuer { name: path.anchor.name.clone(), key: path.anchor.key_der.clone() }),
    }
}
