//! The deserializer: a node, asked for a type.

use gonogo_probes::contract::setting::{FILE_TOKEN, SECRET_TOKEN};
use serde::{
    Deserializer,
    de::{Expected, IntoDeserializer, Visitor, value::StringDeserializer},
};

use super::{
    access::{Elements, Entries, Variant},
    error::{Error, wording},
    pass::{Pass, Treatment},
    secret::FromSecret,
};
use crate::config::{
    files::LARGEST,
    mistake::Mistake,
    secret::Reference,
    source::Span,
    suggest,
    yaml::{Node, Plain, Value, float, integer},
};

/// A node of the configuration as serde sees it.
#[derive(Clone, Copy)]
pub(in crate::config) struct FromNode<'p, 'a> {
    pub(super) node: &'a Node,
    /// Where to point when the node is refused.
    pub(super) at: Span,
    pub(super) pass: &'p Pass<'a>,
}

impl<'p, 'a> FromNode<'p, 'a> {
    pub(super) fn root(pass: &'p Pass<'a>) -> Self {
        Self::new(pass.root, pass)
    }

    pub(super) fn new(node: &'a Node, pass: &'p Pass<'a>) -> Self {
        Self { node, at: node.span, pass }
    }

    pub(super) fn witness<T>(self, result: Result<T, Error>) -> Result<T, Error> {
        self.pass.witness(result, self.node, self.at, |_| None)
    }

    fn refuse<T>(self, expected: &dyn Expected) -> Result<T, Error> {
        self.witness(Err(Error::Type { expected: wording(&expected.to_string()) }))
    }

    fn number<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let whole = self.plain_text().and_then(integer);
        match whole.map(|number| (u64::try_from(number), i64::try_from(number))) {
            Some((Ok(number), _)) => self.witness(visitor.visit_u64(number)),
            Some((_, Ok(number))) => self.witness(visitor.visit_i64(number)),
            _ => self.refuse(&visitor),
        }
    }

    /// The path of a file, as the configuration means it. The file is read, so that a missing one is a
    /// mistake and a changed one a changed configuration.
    fn file<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Some(text) = self.node.text() else { return self.refuse(&visitor) };
        let vault = self.pass.vault;
        let path = vault.resolve(text, self.node.span);
        if let Err(error) = vault.files.read(&path, LARGEST) {
            let shown = path.display();
            let message = format!("cannot read the file `{shown}`: {error}");
            return self.witness(Err(Error::Message(message)));
        }
        let path: StringDeserializer<Error> =
            path.to_string_lossy().into_owned().into_deserializer();
        self.witness(visitor.visit_newtype_struct(path))
    }

    /// The text of a scalar without quotes.
    fn plain_text(self) -> Option<&'a str> {
        match &self.node.value {
            Value::Scalar { text, plain: true } => Some(text),
            _ => None,
        }
    }

    fn secret<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Some(reference) = Reference::of(self.node) {
            let from = FromSecret { reference, node: self.node, pass: self.pass };
            return self.witness(visitor.visit_newtype_struct(from));
        }
        self.pass.note(self.node, || {
            let (message, help) = Reference::mistake(self.node);
            let absent = self.node.is_null() || self.node.entries().is_some_and(<[_]>::is_empty);
            let at = if absent { Mistake::at } else { Mistake::at_secret };
            at(self.at, message).help(help)
        });
        self.witness(Err(Error::Noted))
    }

    /// A mapping, or with `fields` a struct.
    pub(super) fn mapping<'de, V: Visitor<'de>>(
        self,
        visitor: V,
        fields: Option<&'static [&'static str]>,
    ) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::Mapping(entries) => {
                let entries = Entries::new(self.node, entries, fields, self.pass);
                self.witness(visitor.visit_map(entries))
            }
            _ => self.refuse(&visitor),
        }
    }

    /// The variant's name and what belongs to it.
    fn variant(
        self,
        variants: &'static [&'static str],
    ) -> Result<(&'a Node, Option<&'a Node>), Error> {
        let (name, content) = match &self.node.value {
            Value::Mapping(entries) => match &entries[..] {
                [entry] => (&entry.key, Some(&entry.value).filter(|value| !value.is_null())),
                _ => return self.refuse(&one_of(variants).as_str()),
            },
            Value::Scalar { .. } if !self.node.is_null() => (self.node, None),
            _ => return self.refuse(&one_of(variants).as_str()),
        };
        let text = name.text().unwrap_or_default();
        if variants.contains(&text) {
            return Ok((name, content));
        }
        self.pass.note(name, || {
            let near = suggest::nearest(text, variants.iter().copied());
            let message = format!("expected {}, found `{text}`", one_of(variants));
            let at = if std::ptr::eq(name, self.node) { Mistake::at } else { Mistake::at_key };
            at(name.span, message).help(near.map(|near| format!("did you mean `{near}`?")))
        });
        self.witness(Err(Error::Noted))
    }
}

fn one_of(variants: &'static [&'static str]) -> String {
    suggest::one_of(variants.iter().copied()).unwrap_or_else(|| "another word".to_owned())
}

/// Serde asks for each width apart, and the visitor knows which it wants.
macro_rules! numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.number(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for FromNode<'_, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let treatment = self.pass.treatment(self.node);
        let visited = match (&self.node.value, treatment) {
            (Value::Scalar { text, .. }, Some(Treatment::AsText(error))) => {
                // Both ways failed; the first error is about what was written.
                return self.witness(visitor.visit_str(text).map_err(|_: Error| error.clone()));
            }
            (Value::Scalar { text, .. }, _) => match self.node.plain() {
                Plain::Null => return self.witness(visitor.visit_unit()),
                Plain::Text => return self.witness(visitor.visit_str(text)),
                Plain::Bool(value) => visitor.visit_bool(value),
                Plain::Unsigned(number) => visitor.visit_u64(number),
                Plain::Signed(number) => visitor.visit_i64(number),
                Plain::Float(number) => visitor.visit_f64(number),
            },
            (Value::List(_), _) => return self.deserialize_seq(visitor),
            (Value::Mapping(_), Some(Treatment::AsMapping)) => {
                return self.mapping(visitor, None);
            }
            (Value::Mapping(_), _) => {
                let Some(reference) = Reference::of(self.node) else {
                    return self.mapping(visitor, None);
                };
                let from = FromSecret { reference, node: self.node, pass: self.pass };
                let visited = visitor.visit_newtype_struct(from);
                return self.pass.witness(visited, self.node, self.at, |error| {
                    let no_secret = matches!(error, Error::Type { .. });
                    no_secret.then_some(Treatment::AsMapping)
                });
            }
        };
        let as_text = |error: &Error| Some(Treatment::AsText(error.clone()));
        self.pass.witness(visited, self.node, self.at, as_text)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.plain_text() {
            Some("true") => self.witness(visitor.visit_bool(true)),
            Some("false") => self.witness(visitor.visit_bool(false)),
            _ => self.refuse(&visitor),
        }
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.plain_text().and_then(float) {
            Some(number) => self.witness(visitor.visit_f64(number)),
            None => self.refuse(&visitor),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node.text() {
            Some(text) if !self.node.is_null() => self.witness(visitor.visit_str(text)),
            _ => self.refuse(&visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if !self.node.is_null() {
            return self.witness(visitor.visit_some(self));
        }
        // A template that was filled in with nothing must not turn a setting off unseen.
        if self.node.text() == Some("") {
            return self.refuse(&"a value, or `null` for none");
        }
        self.witness(visitor.visit_none())
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.node.is_null() { self.witness(visitor.visit_unit()) } else { self.refuse(&visitor) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == SECRET_TOKEN {
            return self.secret(visitor);
        }
        if name == FILE_TOKEN {
            return self.file(visitor);
        }
        self.witness(visitor.visit_newtype_struct(self))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.value {
            Value::List(items) => {
                self.witness(visitor.visit_seq(Elements { items: items.iter(), pass: self.pass }))
            }
            _ => self.refuse(&visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.mapping(visitor, None)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.mapping(visitor, Some(fields))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (name, content) = self.variant(variants)?;
        self.witness(visitor.visit_enum(Variant { name, content, pass: self.pass }))
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}
