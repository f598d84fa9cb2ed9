//! What some client refuses a chain for.

use std::borrow::Cow;

use super::{Families, Lenience, position};

/// Something in a chain that some client refuses it for.
#[derive(Clone, Debug)]
pub(in crate::tls) struct Oddity {
    pub(in crate::tls) place: Place,
    /// "its serial number is negative".
    pub(in crate::tls) what: Cow<'static, str>,
    pub(in crate::tls) refusers: Families,
    pub(in crate::tls) kind: Kind,
    /// The check that tells of it, where one does besides those about clients.
    pub(in crate::tls) told_by: Option<&'static str>,
    /// What a search overlooks that goes on all the same.
    pub(super) lenience: Option<Lenience>,
    /// Whether a stapled response lifts it.
    pub(in crate::tls) lifted_by_staple: bool,
}

/// Where an oddity is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::tls) enum Place {
    /// In what was sent, at this position.
    Served(usize),
    /// In an intermediate that was not sent.
    Known,
    /// In the trusted root.
    Root,
    /// In the chain as a whole.
    Chain,
}

/// What stands in a client's way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::tls) enum Kind {
    /// It cannot read a certificate.
    Reading,
    /// It does not know an extension that it must know.
    Unknown,
    /// It reads the chain and does not believe it.
    Rule,
}

impl Oddity {
    pub(super) fn new(
        place: Place,
        kind: Kind,
        refusers: Families,
        what: impl Into<Cow<'static, str>>,
    ) -> Self {
        let what = what.into();
        Self { place, what, refusers, kind, told_by: None, lenience: None, lifted_by_staple: false }
    }

    /// It is told by this check.
    pub(super) fn told_by(self, check: &'static str) -> Self {
        Self { told_by: Some(check), ..self }
    }

    pub(super) fn overlooked_by(self, lenience: Lenience) -> Self {
        Self { lenience: Some(lenience), ..self }
    }

    /// For people: where, and what.
    pub(in crate::tls) fn described(&self) -> String {
        match self.place {
            Place::Served(i) => format!("{}: {}", position(i), self.what),
            Place::Known => format!("an intermediate that was not sent: {}", self.what),
            Place::Root => format!("root: {}", self.what),
            Place::Chain => self.what.to_string(),
        }
    }
}

/// Oddities of one place, as they are found.
#[derive(Debug)]
pub(super) struct Found {
    place: Place,
    pub(super) all: Vec<Oddity>,
}

impl Found {
    pub(super) fn at(place: Place) -> Self {
        Self { place, all: Vec::new() }
    }

    pub(super) fn reading(&mut self, letters: &str, what: impl Into<Cow<'static, str>>) {
        self.push(Kind::Reading, letters, what);
    }

    pub(super) fn unknown(&mut self, letters: &str, what: impl Into<Cow<'static, str>>) {
        self.push(Kind::Unknown, letters, what);
    }

    pub(super) fn rule(
        &mut self,
        letters: &str,
        what: impl Into<Cow<'static, str>>,
    ) -> &mut Oddity {
        self.push(Kind::Rule, letters, what);
        self.all.last_mut().expect("just pushed")
    }

    fn push(&mut self, kind: Kind, letters: &str, what: impl Into<Cow<'static, str>>) {
        self.all.push(Oddity::new(self.place, kind, Families::of(letters), what));
    }
}

/// Every client, as letters.
pub(super) const ALL: &str = "OGJTFCW";
