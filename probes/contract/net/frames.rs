//! The frames of HTTP/2, as they go by.

use std::time::Instant;

/// Follows one direction of an HTTP/2 connection, whose bytes it is shown as they come.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The header of the frame that has begun, as far as it is here.
    header: [u8; HEADER],
    read: usize,
    /// What is left of the frame's payload.
    left: usize,
    /// The beginning of a GOAWAY's payload.
    payload: [u8; GOAWAY_HEAD],
    kept: usize,
    headers: usize,
    /// The last stream that has begun.
    stream: u32,
    streams: usize,
    /// Streams that are over in this direction.
    ended: usize,
    /// What is left of what comes before the first frame.
    preface: usize,
    goaway: Option<GoAway>,
}

/// A server's announcement that it takes no more requests on a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GoAway {
    /// The last stream it has worked on or will.
    pub last_stream: u32,
    /// Why: 0 for an orderly end (RFC 9113 section 7).
    pub code: u32,
    /// When it came.
    pub at: Instant,
}

impl Frames {
    /// For what a client sends.
    pub(super) fn of_client() -> Self {
        Self { preface: PREFACE, ..Self::default() }
    }

    /// Takes note of the bytes that have come.
    pub(super) fn see(&mut self, mut bytes: &[u8]) {
        let preface = self.preface.min(bytes.len());
        self.preface -= preface;
        bytes = &bytes[preface..];
        while !bytes.is_empty() {
            if self.read < HEADER {
                let taken = bytes.len().min(HEADER - self.read);
                self.header[self.read..self.read + taken].copy_from_slice(&bytes[..taken]);
                self.read += taken;
                bytes = &bytes[taken..];
                if self.read == HEADER {
                    self.begin();
                }
            } else {
                let taken = bytes.len().min(self.left);
                if self.kind() == GOAWAY {
                    let kept = taken.min(GOAWAY_HEAD - self.kept);
                    self.payload[self.kept..self.kept + kept].copy_from_slice(&bytes[..kept]);
                    self.kept += kept;
                }
                self.left -= taken;
                bytes = &bytes[taken..];
            }
            if self.read == HEADER && self.left == 0 {
                self.end();
            }
        }
    }

    /// Headers and trailers so far. A request has one of each, and interim answers (1xx) before them,
    /// all of which are kept in memory until the answer is read.
    pub(super) fn headers(&self) -> usize {
        self.headers
    }

    /// Whether every stream that has begun is over in this direction.
    pub(super) fn all_ended(&self) -> bool {
        self.ended == self.streams
    }

    /// The last GOAWAY.
    pub(super) fn goaway(&self) -> Option<GoAway> {
        self.goaway
    }

    fn begin(&mut self) {
        let [high, middle, low, ..] = self.header;
        self.left = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        self.kept = 0;
        let stream = number(&self.header[5..]);
        if self.kind() == HEADERS {
            self.headers += 1;
            if stream > self.stream {
                self.stream = stream;
                self.streams += 1;
            }
        }
    }

    fn end(&mut self) {
        self.read = 0;
        if matches!(self.kind(), DATA | HEADERS) && self.header[4] & END_STREAM != 0 {
            self.ended += 1;
        }
        if self.kind() == GOAWAY && self.kept == GOAWAY_HEAD {
            let (last_stream, code) = (number(&self.payload), number(&self.payload[4..]));
            let last_stream = last_stream & !(1 << 31);
            self.goaway = Some(GoAway { last_stream, code, at: Instant::now() });
        }
    }

    fn kind(&self) -> u8 {
        self.header[3]
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

const HEADER: usize = 9;
const GOAWAY_HEAD: usize = 8;
/// "PRI * HTTP/2.0" and what follows it (RFC 9113 section 3.4).
const PREFACE: usize = 24;
const END_STREAM: u8 = 1;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const GOAWAY: u8 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).expect("short");
        [&[0, 0, length, kind, 0, 0, 0, 0, stream], payload].concat()
    }

    fn seen(bytes: &[u8], at_once: usize) -> Frames {
        let mut frames = Frames::default();
        bytes.chunks(at_once).for_each(|piece| frames.see(piece));
        frames
    }

    #[test]
    fn headers_are_counted_however_they_are_cut() {
        let bytes = [
            frame(4, 0, &[]),
            frame(HEADERS, 1, b"abc"),
            frame(6, 0, &[HEADERS; 20]),
            frame(HEADERS, 1, b""),
            frame(0, 1, b"e"),
            frame(HEADERS, 3, b"d"),
        ]
        .concat();
        for at_once in 1..=bytes.len() {
            assert_eq!(seen(&bytes, at_once).headers(), 3);
        }
    }

    #[test]
    fn requests_that_lack_their_end_are_told() {
        let headers = |flags, stream| [&[0, 0, 0, HEADERS, flags, 0, 0, 0, stream][..]].concat();
        let mut frames = Frames::of_client();
        frames.see(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        frames.see(&headers(END_STREAM, 1));
        assert!(frames.all_ended());
        frames.see(&headers(0, 3));
        assert!(!frames.all_ended());
        frames.see(&[0, 0, 2, DATA, END_STREAM, 0, 0, 0, 3, b'a']);
        assert!(!frames.all_ended(), "half of the last frame");
        frames.see(b"b");
        assert!(frames.all_ended());
    }

    #[test]
    fn a_goaway_is_read_however_it_is_cut() {
        let payload = [0x80, 0, 0, 5, 0, 0, 0, 11, b'w', b'h', b'y'];
        let bytes = [frame(0, 1, &[7; 40]), frame(GOAWAY, 0, &payload)].concat();
        for at_once in 1..=bytes.len() {
            let goaway = seen(&bytes, at_once).goaway().expect("a GOAWAY");
            assert_eq!((goaway.last_stream, goaway.code), (5, 11));
        }
        assert_eq!(seen(&bytes[..bytes.len() - 4], 3).goaway(), None, "not complete");
    }
}
