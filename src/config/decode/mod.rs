//! From the tree to types, by serde, without stopping at the first mistake.
//!
//! Serde gives up on a value as soon as a part of it is wrong. So a value is decoded again and again,
//! each time without the parts already found wrong, until nothing new is found. A sound value, which
//! is nearly every one, is decoded once.

mod access;
mod error;
mod from_node;
mod pass;
mod secret;
mod stand_in;

pub(super) use from_node::FromNode;

use serde::de::DeserializeOwned;

use super::{
    mistake::Mistake,
    secret::Vault,
    source::Span,
    yaml::{Node, Value},
};
use pass::Pass;

/// Decodes `node`; `None` if that brought mistakes.
pub(super) fn decode<T: DeserializeOwned>(
    node: &Node,
    vault: &Vault<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Option<T> {
    decode_by(node, &[], vault, mistakes, |from| T::deserialize(from).map_err(drop))
}

/// Decodes `node` by a function of the caller's, which may be called several times.
///
/// `elsewhere` are keys of `node` that somebody else reads: they are no mistakes, and nobody here
/// sees them.
pub(super) fn decode_by<T>(
    node: &Node,
    elsewhere: &'static [&'static str],
    vault: &Vault<'_>,
    mistakes: &mut Vec<Mistake>,
    decode: impl Fn(FromNode<'_, '_>) -> Result<T, ()>,
) -> Option<T> {
    let mut pass = Pass::new(node, elsewhere, vault);
    let mut value = None;
    let given = vault.count();
    for _ in 0..MOST_PASSES {
        vault.forget_since(given);
        value = decode(FromNode::root(&pass)).ok();
        if value.is_some() || !pass.learn() {
            break;
        }
    }
    let found = pass.into_mistakes();
    let sound = found.is_empty();
    mistakes.extend(found);
    if value.is_none() && sound {
        // The type refused without saying so to any of its parts.
        mistakes.push(Mistake::at(node.span, "this cannot be read"));
    }
    value.filter(|_| sound)
}

/// What a value is called in messages.
fn describe(node: &Node) -> String {
    match &node.value {
        Value::Scalar { .. } if node.is_null() => "nothing".to_owned(),
        Value::Scalar { text, plain } => {
            let mut chars = text.chars();
            let mut shown: String = chars.by_ref().take(60).collect();
            if chars.next().is_some() {
                shown.push('…');
            }
            if *plain { format!("`{shown}`") } else { format!("the text \"{shown}\"") }
        }
        Value::List(_) => "a list".to_owned(),
        Value::Mapping(_) => "a mapping".to_owned(),
    }
}

/// Stands for settings that were not written.
static EMPTY: Node = Node::empty(Span { file: 0, start: 0, end: 0 });

/// Nobody mends more mistakes at once, and each costs a pass.
const MOST_PASSES: usize = 500;

#[cfg(test)]
mod tests;
