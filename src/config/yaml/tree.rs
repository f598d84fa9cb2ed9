//! Building the tree from the parser's events: anchors, merge keys, duplicate keys.

use std::collections::HashMap;

use super::{DEEPEST, Entry, Node, Value};
use crate::config::{mistake::Mistake, source::Span};

/// A tree under construction.
#[derive(Default)]
pub(super) struct Tree {
    root: Option<Node>,
    open: Vec<Open>,
    /// What anchors stand for; `None` while the anchored collection is still open.
    anchors: HashMap<usize, Option<Node>>,
    /// Nodes that exist because of anchors and aliases.
    copied: usize,
    pub(super) mistakes: Vec<Mistake>,
}

struct Open {
    span: Span,
    anchor: usize,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Mapping { entries: Vec<Entry>, key: Option<Node>, flow: bool },
}

impl Tree {
    pub(super) fn scalar(
        &mut self,
        text: &str,
        plain: bool,
        span: Span,
        anchor: usize,
    ) -> Result<(), Mistake> {
        // What is left out, the parser reports as `~`; it was not written.
        let text = if span.start == span.end { "" } else { text };
        let node = Node { span, value: Value::Scalar { text: text.into(), plain } };
        self.remember(anchor, &node)?;
        self.put(node)
    }

    pub(super) fn open_list(&mut self, span: Span, anchor: usize) -> Result<(), Mistake> {
        self.open(Open { span, anchor, items: Items::List(Vec::new()) })
    }

    pub(super) fn open_mapping(
        &mut self,
        span: Span,
        anchor: usize,
        flow: bool,
    ) -> Result<(), Mistake> {
        let items = Items::Mapping { entries: Vec::new(), key: None, flow };
        self.open(Open { span, anchor, items })
    }

    fn open(&mut self, open: Open) -> Result<(), Mistake> {
        if self.open.len() >= DEEPEST {
            return Err(too_deep(open.span));
        }
        if open.anchor != 0 {
            self.anchors.insert(open.anchor, None);
        }
        self.open.push(open);
        Ok(())
    }

    pub(super) fn close(&mut self, end: Span) -> Result<(), Mistake> {
        let Some(Open { mut span, anchor, items }) = self.open.pop() else { return Ok(()) };
        let value = match items {
            Items::List(items) => {
                // A block's own span is empty; its first item shows where it is.
                match items.first() {
                    Some(first) if span.start == span.end => span.end = first.span.start,
                    _ => span.end = end.end.max(span.end),
                }
                Value::List(items)
            }
            Items::Mapping { entries, flow, .. } => {
                match entries.first() {
                    Some(first) if !flow => span = first.key.span,
                    _ => span.end = end.end.max(span.end),
                }
                Value::Mapping(self.mapping(entries))
            }
        };
        let node = Node { span, value };
        self.remember(anchor, &node)?;
        self.put(node)
    }

    pub(super) fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Mistake> {
        let node = match self.anchors.get(&anchor) {
            Some(Some(node)) => node,
            Some(None) => return Err(Mistake::at(span, "an alias within what it stands for")),
            None => {
                return Err(Mistake::at(span, "an alias to an anchor that is not defined above"));
            }
        };
        if self.open.len() + depth(node) > DEEPEST {
            return Err(too_deep(span));
        }
        let copied = self.copied + size(node);
        if copied > MOST_COPIED {
            return Err(Mistake::at(span, "the aliases up to this one stand for too much text")
                .help(format!("aliases may stand for {MOST_COPIED} values in all")));
        }
        let copy = node.clone();
        self.copied = copied;
        self.put(copy)
    }

    pub(super) fn finish(self) -> (Option<Node>, Vec<Mistake>) {
        (self.root, self.mistakes)
    }

    fn remember(&mut self, anchor: usize, node: &Node) -> Result<(), Mistake> {
        if anchor != 0 {
            self.copied += size(node);
            if self.copied > MOST_COPIED {
                return Err(Mistake::at(
                    node.span,
                    "the anchors up to this one hold too much text",
                ));
            }
            self.anchors.insert(anchor, Some(node.clone()));
        }
        Ok(())
    }

    /// Puts a finished node where it belongs.
    fn put(&mut self, node: Node) -> Result<(), Mistake> {
        match self.open.last_mut().map(|open| &mut open.items) {
            None => self.root = Some(node),
            Some(Items::List(items)) => items.push(node),
            Some(Items::Mapping { entries, key, .. }) => match key.take() {
                Some(key) => entries.push(Entry { key, value: node }),
                None if node.text().is_some() && !node.is_null() => *key = Some(node),
                // Whatever was meant, the entries after it cannot be told from it.
                None => return Err(not_a_key(&node)),
            },
        }
        Ok(())
    }

    /// The entries with merge keys resolved and duplicates reported.
    fn mapping(&mut self, mut entries: Vec<Entry>) -> Vec<Entry> {
        self.refuse_duplicates(&mut entries);
        let Some(at) = entries.iter().position(|entry| is_merge(&entry.key)) else {
            return entries;
        };
        let merge = entries.remove(at);
        let sources = match merge.value.value {
            Value::List(items) => items,
            _ => vec![merge.value],
        };
        for source in sources {
            let Value::Mapping(inherited) = source.value else {
                self.mistakes.push(
                    Mistake::at(source.span, "`<<` merges mappings, and this is none")
                        .help("write `<<: *anchor`, or a list of aliases to mappings".to_owned()),
                );
                continue;
            };
            for entry in inherited {
                if !entries.iter().any(|own| own.key.text() == entry.key.text()) {
                    entries.push(entry);
                }
            }
        }
        entries
    }

    fn refuse_duplicates(&mut self, entries: &mut Vec<Entry>) {
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.sort_by_key(|i| (entries[*i].key.text(), *i));
        let mut repeated = Vec::new();
        let mut first: Option<usize> = None;
        for i in order {
            match first {
                Some(f) if entries[f].key.text() == entries[i].key.text() => {
                    repeated.push((f, i));
                }
                _ => first = Some(i),
            }
        }
        repeated.sort_unstable_by_key(|(_, second)| std::cmp::Reverse(*second));
        for (first, second) in repeated {
            let (first, second) = (entries[first].key.span, entries.remove(second).key);
            let key = second.text().unwrap_or_default();
            let message = format!("the key `{key}` is here twice");
            self.mistakes.push(Mistake::at_key(second.span, message).also("it is first at", first));
        }
    }
}

fn is_merge(key: &Node) -> bool {
    matches!(&key.value, Value::Scalar { text, plain: true } if text.as_ref() == "<<")
}

fn too_deep(span: Span) -> Mistake {
    Mistake::at(span, format!("nested more than {DEEPEST} levels deep"))
}

fn not_a_key(node: &Node) -> Mistake {
    let template = "if this is a template such as `{{ name }}`, it was not filled in";
    match &node.value {
        Value::Scalar { .. } => Mistake::at(node.span, "an entry without a key"),
        _ => Mistake::at(node.span, "a key must be text, and this is a collection")
            .help(template.to_owned()),
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::Scalar { .. } => 0,
        Value::List(items) => items.iter().map(size).sum(),
        Value::Mapping(entries) => entries.iter().map(|entry| 1 + size(&entry.value)).sum(),
    }
}

fn depth(node: &Node) -> usize {
    match &node.value {
        Value::Scalar { .. } => 0,
        Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Mapping(entries) => {
            1 + entries.iter().map(|entry| depth(&entry.value)).max().unwrap_or(0)
        }
    }
}

/// Enough for ten thousand targets that share their settings; far from what fills a memory.
const MOST_COPIED: usize = 1_000_000;
