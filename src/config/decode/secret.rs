//! A secret's value, for the type that asks for it by name.

use gonogo_probes::contract::setting;
use serde::{Deserializer, de::Visitor, forward_to_deserialize_any};

use super::{error::Error, pass::Pass};
use crate::config::{mistake::Mistake, secret::Reference, yaml::Node};

/// The value of a reference. It is looked up only when it is asked for, so that what merely looks
/// like a reference is left alone.
pub(super) struct FromSecret<'p, 'a> {
    pub(super) reference: Reference<'a>,
    pub(super) node: &'a Node,
    pub(super) pass: &'p Pass<'a>,
}

impl<'de> Deserializer<'de> for FromSecret<'_, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Self { reference, node, pass } = self;
        let at = node.entries().and_then(<[_]>::first).map_or(node.span, |entry| entry.value.span);
        let secret = pass.vault.open(reference, at).or_else(|reason| {
            pass.note(node, || {
                let path = pass.root.path_to(node).unwrap_or_default();
                Mistake::at(at, format!("the secret `{path}` cannot be read: {reason}"))
            });
            pass.witness(Err(Error::Noted), node, at, |_| None)
        })?;
        let visited = setting::hand_over(&secret, |value| visitor.visit_string(value));
        pass.witness(visited, node, at, |_| None)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
