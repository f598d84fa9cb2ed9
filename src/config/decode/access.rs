//! The parts of lists, mappings and enums, as serde asks for them.

use std::slice;

use serde::{
    Deserializer as _,
    de::{
        DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
    },
};

use super::{EMPTY, FromNode, error::Error, pass::Pass, stand_in::StandIn};
use crate::config::yaml::{Entry, Node};

/// The items of a list, without those found wrong.
pub(super) struct Elements<'p, 'a> {
    pub(super) items: slice::Iter<'a, Node>,
    pub(super) pass: &'p Pass<'a>,
}

impl<'de> SeqAccess<'de> for Elements<'_, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let pass = self.pass;
        let Some(item) = self.items.find(|item| !pass.skips(item)) else { return Ok(None) };
        let from = FromNode::new(item, pass);
        pass.leave(from.witness(seed.deserialize(from)), item).map(Some)
    }
}

/// The entries of a mapping, without those found wrong and those nobody knows, and with stand-ins for
/// those found missing.
pub(super) struct Entries<'p, 'a> {
    owner: &'a Node,
    rest: slice::Iter<'a, Entry>,
    fields: Option<&'static [&'static str]>,
    stand_ins: Vec<(&'static str, usize)>,
    next: Option<Next<'a>>,
    pass: &'p Pass<'a>,
}

enum Next<'a> {
    Value(&'a Node),
    StandIn(&'static str, usize),
}

impl<'p, 'a> Entries<'p, 'a> {
    pub(super) fn new(
        owner: &'a Node,
        entries: &'a [Entry],
        fields: Option<&'static [&'static str]>,
        pass: &'p Pass<'a>,
    ) -> Self {
        let stand_ins = fields.map(|fields| pass.stand_ins(owner, fields)).unwrap_or_default();
        Self { owner, rest: entries.iter(), fields, stand_ins, next: None, pass }
    }

    /// Whether an entry is for the type at hand.
    fn is_wanted(&self, Entry { key, value }: &Entry) -> bool {
        let text = key.text().unwrap_or_default();
        if self.pass.skips(key) || self.pass.skips(value) {
            return false;
        }
        if std::ptr::eq(self.owner, self.pass.root) && self.pass.elsewhere.contains(&text) {
            return false;
        }
        match self.fields {
            Some(fields) if !fields.contains(&text) => {
                self.pass.note_unknown(self.owner, key, fields);
                false
            }
            _ => true,
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        while let Some(entry) = self.rest.next() {
            if self.is_wanted(entry) {
                self.next = Some(Next::Value(&entry.value));
                let from = FromNode::new(&entry.key, self.pass);
                let key = from.witness(seed.deserialize(from));
                return self.pass.leave(key, &entry.key).map(Some);
            }
        }
        let Some((field, tried)) = self.stand_ins.pop() else { return Ok(None) };
        self.next = Some(Next::StandIn(field, tried));
        seed.deserialize(field.into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        match self.next.take() {
            Some(Next::Value(value)) => {
                let from = FromNode::new(value, self.pass);
                self.pass.leave(from.witness(seed.deserialize(from)), value)
            }
            Some(Next::StandIn(field, tried)) => {
                self.pass.standing_in(Some((self.owner, field)));
                let from = FromNode::new(self.owner, self.pass);
                let value = from.witness(seed.deserialize(StandIn { tried }));
                self.pass.standing_in(None);
                value
            }
            None => Err(Error::Message("a value was asked for before its key".to_owned())),
        }
    }
}

/// A variant of an enum: `name`, or `name: content`.
pub(super) struct Variant<'p, 'a> {
    pub(super) name: &'a Node,
    pub(super) content: Option<&'a Node>,
    pub(super) pass: &'p Pass<'a>,
}

impl<'p, 'a> Variant<'p, 'a> {
    fn content(&self) -> FromNode<'p, 'a> {
        match self.content {
            Some(content) => FromNode::new(content, self.pass),
            None => FromNode { node: &EMPTY, at: self.name.span, pass: self.pass },
        }
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, '_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let from = FromNode::new(self.name, self.pass);
        from.witness(seed.deserialize(from)).map(|variant| (variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, '_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        let Some(content) = self.content else { return Ok(()) };
        let name = self.name.text().unwrap_or_default();
        let message = format!("`{name}` takes no value; write it alone");
        FromNode::new(content, self.pass).witness(Err(Error::Message(message)))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        let from = self.content();
        from.witness(seed.deserialize(from))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.content().deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.content().mapping(visitor, Some(fields))
    }
}
