//! The text a configuration is read from, and places in it.

use std::{
    fmt,
    path::Path,
    sync::{Arc, OnceLock},
};

/// Where something stands: bytes of one of the configuration's files.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Span {
    /// Index of the file.
    pub(super) file: u16,
    /// First byte.
    pub(super) start: u32,
    /// The byte after the last.
    pub(super) end: u32,
}

/// A line of a configuration file, for reports that point at it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Position {
    /// The file, as it was named on the command line or found in the directory.
    pub file: Arc<Path>,
    /// The line, from 1.
    pub line: u32,
}

/// One file of the configuration.
pub(super) struct Source {
    pub(super) path: Arc<Path>,
    pub(super) text: String,
    /// The byte each line starts with; counted only when somebody asks.
    lines: OnceLock<Vec<u32>>,
}

impl Source {
    pub(super) fn new(path: &Path, text: String) -> Self {
        Self { path: path.into(), text, lines: OnceLock::new() }
    }

    /// Line and column, both from 1, the column in characters.
    pub(super) fn line_and_column(&self, offset: u32) -> (u32, usize) {
        let line = self.line(offset);
        let start = self.lines()[line as usize - 1] as usize;
        let end = self.floor(offset as usize).max(start);
        (line, self.text[start..end].chars().filter(|c| *c != BOM).count() + 1)
    }

    /// The line a byte stands in, from 1.
    pub(super) fn line(&self, offset: u32) -> u32 {
        let lines = self.lines().partition_point(|start| *start <= offset);
        u32::try_from(lines).unwrap_or(u32::MAX)
    }

    /// The text of a line, without its line break, and the byte it starts with.
    pub(super) fn line_text(&self, line: u32) -> (&str, u32) {
        let start = self.lines()[line as usize - 1];
        let rest = &self.text[start as usize..];
        let text = rest.split('\n').next().unwrap_or_default();
        (text.strip_suffix('\r').unwrap_or(text), start)
    }

    /// The directory that relative paths in this file start from.
    pub(super) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    pub(super) fn position(&self, offset: u32) -> Position {
        Position { file: self.path.clone(), line: self.line(offset) }
    }

    /// The nearest character boundary at or before `offset`.
    fn floor(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset)
    }

    fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let breaks = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            let after = |(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX);
            std::iter::once(0).chain(breaks.map(after)).collect()
        })
    }
}

impl fmt::Debug for Source {
    /// Names the file and keeps its text to itself: somebody may have written a secret into it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A byte order mark takes no column in any editor.
const BOM: char = '\u{feff}';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let source = Source::new(Path::new("x"), "ab\r\nçd\n\nlast".into());
        assert_eq!(source.line_and_column(0), (1, 1));
        assert_eq!(source.line_and_column(6), (2, 2));
        assert_eq!(source.line_and_column(13), (4, 5));
        assert_eq!(source.line_text(1), ("ab", 0));
        assert_eq!(source.line_text(3), ("", 8));
    }
}
