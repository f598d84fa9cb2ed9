//! The list of a target's probes, as it is written.

use std::borrow::Cow;

use gonogo_probes::contract::Kind;

use super::{
    loading::Loading,
    mistake::Mistake,
    probes::COMMON,
    suggest,
    yaml::{Entry, Node, Value},
};

/// An item of the list of probes: `kind`, or `kind: settings`.
pub(super) struct Mention<'a> {
    /// The kind's name as it was written.
    pub(super) name: &'a Node,
    pub(super) settings: Option<&'a Node>,
}

/// The items of the list.
pub(super) fn mentions<'a>(
    list: Option<&'a Node>,
    mistakes: &mut Vec<Mistake>,
) -> Vec<Mention<'a>> {
    let how = "write `- health` or `- health: {…}`";
    let mut wrong = |node: &Node, message: &str| {
        mistakes.push(Mistake::at(node.span, message).help(how.to_owned()));
    };
    let items = match list.map(|list| (list, &list.value)) {
        None => return Vec::new(),
        Some((_, Value::List(items))) => items,
        Some((list, _)) => {
            wrong(list, "expected a list of probes");
            return Vec::new();
        }
    };
    let mut mentions = Vec::new();
    for item in items {
        match &item.value {
            Value::Scalar { .. } if !item.is_null() => {
                mentions.push(Mention { name: item, settings: None });
            }
            Value::Mapping(entries) => match &entries[..] {
                [Entry { key, value }] => {
                    let settings = Some(value).filter(|value| !value.is_null());
                    mentions.push(Mention { name: key, settings });
                }
                [_, second, ..] => {
                    wrong(
                        &second.key,
                        "two keys in one item of `probes`; its settings are indented further",
                    );
                }
                [] => wrong(item, "expected a probe, found nothing"),
            },
            _ => wrong(item, "expected a probe"),
        }
    }
    mentions
}

impl Mention<'_> {
    /// The kind that is named.
    pub(super) fn kind(&self, loading: &mut Loading<'_>) -> Option<&'static Kind> {
        let name = self.name.text().unwrap_or_default();
        let kind = loading.catalogue.iter().find(|kind| kind.name == name);
        if kind.is_none() {
            let help = suggest::suggest(name, loading.catalogue.iter().map(|kind| kind.name));
            let message = format!("unknown probe `{name}`");
            let at = if self.settings.is_some() { Mistake::at_key } else { Mistake::at };
            loading.mistakes.push(at(self.name.span, message).help(help));
        }
        kind
    }

    /// The keys that every probe has, and those of its own.
    pub(super) fn split(&self) -> (Node, Cow<'_, Node>) {
        let at = self.name.span;
        let Some(settings) = self.settings else {
            return (Node::empty(at), Cow::Owned(Node::empty(at)));
        };
        let Some(entries) = settings.entries() else {
            return (Node::empty(at), Cow::Borrowed(settings));
        };
        let is_common = |entry: &&Entry| COMMON.contains(&entry.key.text().unwrap_or_default());
        let of = |entries: Vec<Entry>| Node { span: settings.span, value: Value::Mapping(entries) };
        let common: Vec<Entry> = entries.iter().filter(is_common).cloned().collect();
        let rest = if common.is_empty() {
            Cow::Borrowed(settings)
        } else {
            Cow::Owned(of(entries.iter().filter(|entry| !is_common(entry)).cloned().collect()))
        };
        (of(common), rest)
    }
}
