//! Reading YAML into a tree that knows where everything stands.
//!
//! Serde-based readers stop at the first mistake and forget positions; this one keeps both. The
//! grammar is `granit-parser`'s.

mod emit;
mod node;
mod syntax;
mod tree;

pub(super) use emit::{emit, scalar};
pub(super) use node::{Entry, Node, Plain, Value, float, integer};

use granit_parser::{Event, Parser, ScalarStyle, Span as Marks, StructureStyle, Tag, options};

use super::{
    mistake::Mistake,
    source::{Source, Span},
};
use tree::Tree;

/// Reads the one document of a file.
///
/// The mistakes are all that can be found without knowing what the document means; a syntax error is
/// told alone, since whatever follows it is guesswork.
pub(super) fn parse(source: &Source, file: u16) -> (Option<Node>, Vec<Mistake>) {
    let options = options! {
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
        simple_key_max_lookahead: 4096,
    };
    let mut reader = Reader { file, tree: Tree::default() };
    let mut documents = 0;
    for event in Parser::new_from_str_with_options(&source.text, options) {
        let (event, marks) = match event {
            Ok(event) => event,
            Err(error) => return (None, vec![syntax::mistake(&error, source, file)]),
        };
        if matches!(event, Event::DocumentStart(..)) {
            documents += 1;
            if documents > 1 {
                let here = reader.span(marks);
                return (None, vec![several_documents(here)]);
            }
        }
        if let Err(fatal) = reader.take(event, marks) {
            return (None, vec![fatal]);
        }
    }
    reader.tree.finish()
}

fn several_documents(here: Span) -> Mistake {
    Mistake::at(here, "a second document starts here, and a configuration is one document").help(
        "put it into a file of its own; a directory of files is a configuration too".to_owned(),
    )
}

struct Reader {
    file: u16,
    tree: Tree,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, marks: Marks) -> Result<(), Mistake> {
        let span = self.span(marks);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let forced = self.tag(tag.as_deref(), marks);
                let plain = style == ScalarStyle::Plain && !forced;
                self.tree.scalar(text.as_ref(), plain, span, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), marks);
                self.tree.open_list(span, anchor)
            }
            Event::MappingStart(style, anchor, tag) => {
                self.tag(tag.as_deref(), marks);
                self.tree.open_mapping(span, anchor, style == StructureStyle::Flow)
            }
            Event::SequenceEnd | Event::MappingEnd => self.tree.close(span),
            Event::Alias(anchor) => self.tree.alias(anchor, span),
            _ => Ok(()),
        }
    }

    /// Whether a tag makes text of a scalar. Other tags have no meaning here.
    fn tag(&mut self, tag: Option<&Tag>, marks: Marks) -> bool {
        let Some(tag) = tag else { return false };
        if tag.core_suffix().is_some() || (tag.handle().is_empty() && tag.suffix() == "!") {
            return tag.core_suffix().is_none_or(|suffix| suffix == "str");
        }
        let written = format!("{}{}", tag.original_handle(), tag.suffix());
        let span = self.span(marks.tag_span().unwrap_or(marks));
        let mistake = Mistake::at(span, format!("the tag `{written}` has no meaning here"));
        let help = "write the value without a tag; a secret is {env: NAME} or {file: PATH}";
        self.tree.mistakes.push(mistake.help(help.to_owned()));
        false
    }

    fn span(&self, marks: Marks) -> Span {
        let byte = |offset: Option<usize>| {
            offset.and_then(|offset| u32::try_from(offset).ok()).unwrap_or(u32::MAX)
        };
        let start = byte(marks.start.byte_offset());
        Span { file: self.file, start, end: byte(marks.end.byte_offset()).max(start) }
    }
}

/// How many collections may be nested in one another, aliases included.
const DEEPEST: usize = 64;

#[cfg(test)]
mod tests;
