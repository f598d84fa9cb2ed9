//! Faults of YAML's grammar, told to people who do not know the grammar.

use granit_parser::{ErrorKind, ScanError};

use crate::config::{
    mistake::Mistake,
    source::{Source, Span},
};

/// The parser's error, where it met it.
pub(super) fn mistake(error: &ScanError, source: &Source, file: u16) -> Mistake {
    let length = source.text.len();
    let at = error.marker().byte_offset().unwrap_or(length).min(length);
    // At the end of the file, the last thing written is what there is to look at.
    let at = if at == length { source.text.trim_end().len().saturating_sub(1) } else { at };
    let at = if is_tab(error.kind()) { tab_after(&source.text, at) } else { at };
    let at = u32::try_from(source.text.floor_char_boundary(at)).unwrap_or(u32::MAX);
    let (message, help) = wording(error.kind());
    let mistake = Mistake::at(Span { file, start: at, end: at }, message);
    mistake.help(help.map(str::to_owned))
}

fn is_tab(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::TabInIndentation
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabNotAllowed
            | ErrorKind::TabInPlainScalar
            | ErrorKind::TabAtBlockScalarStart
    )
}

/// The tab that is meant: the parser points at the text that it interrupts.
fn tab_after(text: &str, at: usize) -> usize {
    let at = text.floor_char_boundary(at);
    text[at..].find('\t').map_or(at, |distance| at + distance)
}

fn wording(kind: &ErrorKind) -> (String, Option<&'static str>) {
    use ErrorKind as E;
    let (message, help) = match kind {
        tab if is_tab(tab) => ("a tab where YAML wants spaces", Some("indent with spaces")),
        E::UnclosedQuotedScalar | E::DocumentIndicatorInQuotedScalar => {
            ("a quote is opened and never closed", None)
        }
        E::UnclosedFlowCollection { open } => {
            return (format!("a `{open}` is opened and never closed"), None);
        }
        E::UnexpectedEofFlowSequence => ("a `[` is opened and never closed", None),
        E::UnexpectedEofFlowMapping | E::UnexpectedEofImplicitFlowMapping => {
            ("a `{` is opened and never closed", None)
        }
        E::MismatchedFlowCollectionEnd { open, close } => {
            return (format!("`{open}` is closed by `{close}`"), None);
        }
        E::MisplacedFlowCollectionEnd => ("a bracket is closed that was never opened", None),
        E::ExpectedFlowMappingSeparator => ("expected `,` or `}` before this", None),
        E::ExpectedFlowSequenceSeparator => ("expected `,` or `]` before this", None),
        E::UnexpectedEof | E::UnexpectedEofBlockMapping | E::UnexpectedEofBlockSequence => {
            ("the file ends in the middle", Some("it may be half-written"))
        }
        E::SimpleKeyExpected | E::InvalidSimpleKey => {
            ("expected `key: value`, and there is no `:`", Some(INDENTATION))
        }
        E::ExpectedBlockMappingKey => ("expected a key here", Some(INDENTATION)),
        E::ExpectedBlockSequenceEntry => ("expected `- ` here", Some(INDENTATION)),
        E::InvalidQuotedScalarIndent => (
            "quoted text runs on into this line, which is not indented enough for that",
            Some("close the quote in the line above"),
        ),
        E::InvalidIndentation | E::InvalidFlowScalarIndent => {
            ("the indentation fits nothing above", Some(INDENTATION))
        }
        E::MappingValueNotAllowed | E::InvalidColonPlacement => (
            "a `:` that is not expected here",
            Some("text that contains `: ` must be quoted; otherwise look at the indentation"),
        ),
        E::MappingKeyNotAllowed | E::BlockSequenceEntryNotAllowed => {
            ("a list or mapping cannot start here", Some(INDENTATION))
        }
        E::BlockEntryInFlowCollection => ("`- ` within brackets", Some("separate with `,`")),
        E::UnexpectedCharacter { character } if character.is_control() => {
            let character = character.escape_default();
            return (format!("the control character `{character}`"), None);
        }
        E::UnexpectedCharacter { character } => {
            let character = character.escape_default();
            return (format!("text cannot start with `{character}`"), Some("put it in quotes"));
        }
        E::UnknownAnchor => ("an alias to an anchor that is not defined above", None),
        E::UndeclaredTagHandle => ("a tag that is not declared", Some("put it in quotes")),
        E::UnknownQuotedScalarEscape => (
            "an escape that YAML does not know",
            Some("use single quotes, in which a backslash is a backslash"),
        ),
        E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => {
            ("something follows the closing quote", None)
        }
        E::CommentNotSeparated => ("a comment needs a space before `#`", None),
        E::CommentInterceptedScalar => ("a comment in the middle of text", None),
        E::RecursionLimitExceeded => {
            return (format!("nested more than {} levels deep", super::DEEPEST), None);
        }
        E::BomInsideDocument => ("a byte order mark in the middle of the file", None),
        other => return (format!("this is not YAML: {other}"), None),
    };
    (message.to_owned(), help)
}

const INDENTATION: &str = "look at the indentation of this line and the one above";
