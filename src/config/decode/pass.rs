//! What one round of decoding finds, and what the next makes of it.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
};

use gonogo_probes::contract::redact::Redactor;

use super::{EMPTY, describe, error::Error, stand_in};
use crate::config::{
    mistake::Mistake,
    secret::Vault,
    source::Span,
    suggest,
    yaml::{Node, Value},
};

/// All that the rounds of decoding one value share.
pub(super) struct Pass<'a> {
    pub(super) root: &'a Node,
    pub(super) elsewhere: &'static [&'static str],
    pub(super) vault: &'a Vault<'a>,
    raised: RefCell<Option<Raised<'a>>>,
    mistakes: RefCell<Vec<Mistake>>,
    /// Keys already reported, by their address.
    noted: RefCell<HashSet<*const Node>>,
    /// Keys that an unknown key of the same mapping was probably meant to be.
    meant: RefCell<HashSet<(*const Node, &'static str)>>,
    treatment: HashMap<*const Node, Treatment>,
    /// What is put in place of missing keys, so that the other keys of the mapping are read.
    stand_ins: HashMap<(*const Node, &'static str), usize>,
    /// Whether a stand-in is being read, whose faults are nobody's mistakes.
    standing_in: Cell<Option<(*const Node, &'static str)>>,
}

/// How a node is read when its own nature did not do.
#[derive(Clone, Debug)]
pub(super) enum Treatment {
    /// Not at all: it is wrong, and was reported.
    Skip,
    /// As text, although it looks like a number, a truth value or nothing. The error is what reading
    /// it by its looks brought.
    AsText(Error),
    /// As a mapping, although it looks like a secret's reference.
    AsMapping,
}

/// An error at the innermost value that it concerns.
struct Raised<'a> {
    node: &'a Node,
    at: Span,
    error: Error,
    /// Another way of reading the node, that was not tried yet.
    retry: Option<Treatment>,
    stand_in: Option<(*const Node, &'static str)>,
    /// What could be left out, from the inside out.
    trail: Vec<&'a Node>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        root: &'a Node,
        elsewhere: &'static [&'static str],
        vault: &'a Vault<'a>,
    ) -> Self {
        Self {
            root,
            elsewhere,
            vault,
            raised: RefCell::default(),
            mistakes: RefCell::default(),
            noted: RefCell::default(),
            meant: RefCell::default(),
            treatment: HashMap::new(),
            stand_ins: HashMap::new(),
            standing_in: Cell::new(None),
        }
    }

    pub(super) fn treatment(&self, node: &Node) -> Option<&Treatment> {
        self.treatment.get(&std::ptr::from_ref(node))
    }

    pub(super) fn skips(&self, node: &Node) -> bool {
        matches!(self.treatment(node), Some(Treatment::Skip))
    }

    /// The stand-ins for keys that a mapping lacks.
    pub(super) fn stand_ins(
        &self,
        mapping: &Node,
        fields: &[&'static str],
    ) -> Vec<(&'static str, usize)> {
        let address = std::ptr::from_ref(mapping);
        let mine = |((of, field), tried): (&(*const Node, &'static str), &usize)| {
            (*of == address && fields.contains(field)).then_some((*field, *tried))
        };
        self.stand_ins.iter().filter_map(mine).collect()
    }

    pub(super) fn standing_in(&self, key: Option<(*const Node, &'static str)>) {
        self.standing_in.set(key);
    }

    /// Passes a result on, and keeps the place of an error if no part of the value has raised it.
    pub(super) fn witness<T>(
        &self,
        result: Result<T, Error>,
        node: &'a Node,
        at: Span,
        retry: impl FnOnce(&Error) -> Option<Treatment>,
    ) -> Result<T, Error> {
        let mut raised = self.raised.borrow_mut();
        match &result {
            // Whatever was raised within was dealt with by the type.
            Ok(_) => *raised = None,
            Err(error) if raised.is_none() => {
                let (error, retry) = (error.clone(), retry(error));
                let stand_in = self.standing_in.get();
                *raised = Some(Raised { node, at, error, retry, stand_in, trail: Vec::new() });
            }
            Err(_) => {}
        }
        result
    }

    /// Notes that the value an error was raised in could be left out.
    pub(super) fn leave<T>(&self, result: Result<T, Error>, node: &'a Node) -> Result<T, Error> {
        if let (Err(_), Some(raised)) = (&result, &mut *self.raised.borrow_mut()) {
            raised.trail.push(node);
        }
        result
    }

    /// Records a mistake that does not keep the rest from being read. `key` is what it is about.
    pub(super) fn note(&self, key: &Node, mistake: impl FnOnce() -> Mistake) {
        if self.standing_in.get().is_none() && self.noted.borrow_mut().insert(key) {
            self.mistakes.borrow_mut().push(mistake());
        }
    }

    /// Records an unknown key.
    pub(super) fn note_unknown(&self, mapping: &Node, key: &Node, known: &'static [&'static str]) {
        let text = key.text().unwrap_or_default();
        let also: &[&str] = if std::ptr::eq(mapping, self.root) { self.elsewhere } else { &[] };
        // What is there already was hardly meant.
        let free = known.iter().chain(also).copied().filter(|known| mapping.get(known).is_none());
        if let Some(near) = suggest::nearest(text, free.clone()) {
            self.meant.borrow_mut().insert((mapping, near));
        }
        self.note(key, || {
            let help = suggest::suggest(text, free)
                .or_else(|| known.is_empty().then(|| "there is nothing to set here".to_owned()));
            Mistake::at_key(key.span, format!("unknown key `{text}`")).help(help)
        });
    }

    /// Learns from a failed round; `false` if another would bring nothing new.
    pub(super) fn learn(&mut self) -> bool {
        let Some(raised) = self.raised.take() else { return false };
        if let Some((mapping, field)) = raised.stand_in {
            let tried = self.stand_ins.entry((mapping, field)).or_default();
            *tried += 1;
            if *tried < stand_in::COUNT {
                return true;
            }
            // Nothing fits; the mapping as a whole is left out.
            return self.skip_one_of(&raised.trail);
        }
        if let Some(retry) = raised.retry {
            self.treatment.insert(raised.node, retry);
            return true;
        }
        if let Error::Missing(field) = raised.error {
            return self.learn_missing(&raised, field);
        }
        if !self.follows_from_others(raised.node) {
            self.report(&raised);
        }
        self.skip_one_of(&raised.trail)
    }

    fn learn_missing(&mut self, raised: &Raised<'a>, field: &'static str) -> bool {
        let key = (std::ptr::from_ref(raised.node), field);
        // A key that is there, or is there misspelt, was reported for what is wrong with it.
        if raised.node.get(field).is_none() && !self.meant.borrow().contains(&key) {
            self.report(raised);
        }
        if self.stand_ins.insert(key, 0).is_none() {
            return true;
        }
        self.skip_one_of(&raised.trail)
    }

    fn report(&self, raised: &Raised<'_>) {
        let (node, at) = (raised.node, raised.at);
        let mut mistake = match &raised.error {
            Error::Noted => return,
            Error::Type { expected } => {
                if std::ptr::eq(node, &raw const EMPTY) {
                    let message = format!("`{}` needs a value: {expected}", self.vault.text(at));
                    self.mistakes.borrow_mut().push(Mistake::at(at, message));
                    return;
                }
                let found = describe(node);
                let list = expected == "a list" && node.text().is_some_and(|text| !text.is_empty());
                let help = list.then(|| format!("write [{}]", node.text().unwrap_or_default()));
                Mistake::at(at, format!("expected {expected}, found {found}")).help(help)
            }
            error => Mistake::at(at, error.to_string()),
        };
        // A type that was given a secret may quote it.
        Redactor::new(self.vault.given()).clean_in_place(&mut mistake.message);
        self.mistakes.borrow_mut().push(mistake);
    }

    /// Whether the node is refused because of what was left out of it or put into it.
    fn follows_from_others(&self, node: &Node) -> bool {
        let touched = |node: &Node| {
            let address = std::ptr::from_ref(node);
            self.skips(node) || self.stand_ins.keys().any(|(mapping, _)| *mapping == address)
        };
        let within = |node: &Node| touched(node) || self.follows_from_others(node);
        self.stand_ins.keys().any(|(mapping, _)| std::ptr::eq(*mapping, node))
            || match &node.value {
                Value::Scalar { .. } => false,
                Value::List(items) => items.iter().any(within),
                Value::Mapping(entries) => {
                    entries.iter().any(|entry| touched(&entry.key) || within(&entry.value))
                }
            }
    }

    /// Leaves out the innermost value that is still being read; `false` if there is none.
    fn skip_one_of(&mut self, trail: &[&Node]) -> bool {
        let Some(node) = trail.iter().find(|node| !self.skips(node)) else { return false };
        self.treatment.insert(*node, Treatment::Skip);
        true
    }

    pub(super) fn into_mistakes(self) -> Vec<Mistake> {
        self.mistakes.into_inner()
    }
}
