//! Whether a policy must stand in every certificate, and does (RFC 5280 section 6.1).

use crate::{
    tls::chain::oddity::Found,
    wire::x509::{Certificate, oid, policy},
};

/// `path` goes from the leaf up, without the root.
pub(in crate::tls::chain) fn judge(path: &[&Certificate<'_>], found: &mut Found) {
    let mut valid = Policies::Any;
    let mut until_explicit = path.len() + 1;
    for (i, certificate) in path.iter().enumerate().rev() {
        let named = certificate.extension(oid::CERTIFICATE_POLICIES);
        valid = match named.map(policy::policies) {
            Some(Ok(named)) => valid.among(&named),
            _ => Policies::Some(Vec::new()),
        };
        if i == 0 || !certificate.is_self_issued() {
            until_explicit = until_explicit.saturating_sub(1);
        }
        let constraints = certificate.extension(oid::POLICY_CONSTRAINTS);
        if let Some(Ok(Some(after))) = constraints.map(policy::explicit_after) {
            let after = usize::try_from(after).unwrap_or(usize::MAX);
            if i > 0 || after == 0 {
                until_explicit = until_explicit.min(after);
            }
        }
        if let Some(Ok(mappings)) =
            certificate.extension(oid::POLICY_MAPPINGS).map(policy::mappings)
        {
            valid = valid.mapped(&mappings);
        }
    }
    if until_explicit == 0 && valid.is_none() {
        found.rule(
            "GJTCW",
            "an authority asks for a certificate policy that the path does not have",
        );
    }
}

enum Policies<'a> {
    Any,
    Some(Vec<&'a [u8]>),
}

impl<'a> Policies<'a> {
    fn is_none(&self) -> bool {
        matches!(self, Self::Some(policies) if policies.is_empty())
    }

    fn among(self, named: &[&'a [u8]]) -> Self {
        let names_any = named.contains(&oid::ANY_POLICY);
        match self {
            Self::Any if names_any => Self::Any,
            Self::Any => Self::Some(named.to_vec()),
            Self::Some(policies) if names_any => Self::Some(policies),
            Self::Some(mut policies) => {
                policies.retain(|policy| named.contains(policy));
                Self::Some(policies)
            }
        }
    }

    fn mapped(self, mappings: &[[&'a [u8]; 2]]) -> Self {
        let Self::Some(policies) = self else { return Self::Any };
        let mut mapped = Vec::new();
        for policy in policies {
            let to: Vec<_> =
                mappings.iter().filter(|one| one[0] == policy).map(|one| one[1]).collect();
            if to.is_empty() { mapped.push(policy) } else { mapped.extend(to) }
        }
        Self::Some(mapped)
    }
}
