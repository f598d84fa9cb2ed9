//! What clients say to a path.

use super::{
    Families, Key, Lenience,
    oddity::{Found, Kind, Oddity, Place},
    paths::{Search, Way},
    rules::{
        Role, constraints::Constraints, encoding, extensions, issuer, leaf, link, policies, size,
    },
};
use crate::wire::x509::Certificate;

/// A path that was judged.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) way: Way,
    pub(super) oddities: Vec<Oddity>,
}

impl Search<'_> {
    /// What clients say to a path.
    pub(super) fn judge(&self, way: Way, served: usize, bytes: usize) -> Judged {
        let path: Vec<&(Place, Certificate<'_>)> =
            way.certificates.iter().map(|i| &self.pool[*i]).collect();
        let authority = &self.authorities[way.authority];
        let root = authority.certificate.as_ref();
        let mut oddities = Vec::new();
        let mut between = [0, 0];
        for (i, (place, one)) in path.iter().enumerate() {
            let role = if i == 0 { Role::Leaf } else { Role::Intermediate };
            let mut found = Found::at(*place);
            encoding::judge(one, &mut found);
            extensions::judge(one, role, &mut found);
            if i == 0 {
                leaf::judge(one, &mut found);
                link::key_of_leaf(&Key::of(&one.key), &mut found);
            } else {
                issuer::judge(one, role, between, &mut found);
                between = [between[0] + 1, between[1] + usize::from(!one.is_self_issued())];
            }
            let above = path.get(i + 1).map(|(_, one)| one).or(root);
            let key = path.get(i + 1).map_or_else(|| authority.key(), |(_, one)| Key::of(&one.key));
            link::judge(one, way.likeness[i], above, &key, &mut found);
            oddities.append(&mut found.all);
            self.dates(i, *place, one, &mut oddities);
        }
        let certificates: Vec<_> = path.iter().map(|(_, one)| one).collect();
        for (i, (place, one)) in path.iter().enumerate().skip(1) {
            if let Some(constraints) = Constraints::of(one, *place, Role::Intermediate) {
                oddities.extend(constraints.judge(&certificates[..i]));
            }
        }
        if let Some(constraints) = authority.constraints() {
            oddities.extend(constraints.judge(&certificates));
        }
        if let Some(root) = root {
            oddities.extend(self.root(root, between));
        }
        let mut found = Found::at(Place::Chain);
        policies::judge(&certificates, &mut found);
        size::judge(served, bytes, path.len() - 1, &mut found);
        if path.iter().any(|(place, _)| *place == Place::Known) {
            found.rule("", "").lenience = Some(Lenience::Known);
        }
        oddities.append(&mut found.all);
        oddities.extend(self.twin(&way));
        Judged { way, oddities }
    }

    fn dates(&self, i: usize, place: Place, one: &Certificate<'_>, oddities: &mut Vec<Oddity>) {
        let is_over = one.not_after.at < self.at;
        if is_over || one.not_before.at > self.at {
            let (what, check) = match (is_over, i) {
                (true, 0) => ("it has expired", "tls-certificate-expired"),
                (true, _) => ("it has expired", "tls-chain-element-expired"),
                (false, 0) => ("it is not valid yet", "tls-certificate-not-yet-valid"),
                (false, _) => ("it is not valid yet", "tls-intermediate-missing"),
            };
            let oddity = Oddity::new(place, Kind::Rule, Families::EVERYONE, what);
            oddities.push(oddity.told_by(check).overlooked_by(Lenience::Time));
        }
    }

    fn root(&self, root: &Certificate<'_>, between: [usize; 2]) -> Vec<Oddity> {
        let mut found = Found::at(Place::Root);
        encoding::judge(root, &mut found);
        encoding::as_root(&mut found, Role::Root);
        extensions::judge(root, Role::Root, &mut found);
        if !root.is_self_issued() {
            let what = "it is trusted and no root, and the authority above it is not trusted";
            found.rule("O", what).lenience = Some(Lenience::Anchor);
        }
        issuer::judge(root, Role::Root, between, &mut found);
        if root.not_after.at < self.at {
            let oddity = found.rule("OGTFC", "it has expired");
            (oddity.told_by, oddity.lenience) =
                (Some("tls-chain-element-expired"), Some(Lenience::Anchor));
        } else if root.not_before.at > self.at {
            found.rule("OGTFC", "it is not valid yet");
        }
        found.all
    }

    /// Whether OpenSSL and GnuTLS take another certificate for an issuer of this path: they look at
    /// the first that fits by name, and not at its signature.
    fn twin(&self, way: &Way) -> Option<Oddity> {
        let is_hidden = way.certificates.windows(2).any(|pair| {
            let (below, issuer) = (&self.pool[pair[0]].1, pair[1]);
            (1..issuer).any(|i| {
                let (place, one) = &self.pool[i];
                *place != Place::Known
                    && one.subject == self.pool[issuer].1.subject
                    && one.key.whole != self.pool[issuer].1.key.whole
                    && link::may_be_issuer(below, one)
            })
        });
        let what = "a certificate with an issuer's name and another key comes before the issuer's";
        is_hidden.then(|| Oddity::new(Place::Chain, Kind::Rule, Families::of("OT"), what))
    }
}
