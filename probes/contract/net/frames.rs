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
    goaway: Option<GoAway>,
}

/// A server's announcement that it takes no more requests on a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct GoAway {
    /// The last stream it has worked on or will.
    pub(super) last_stream: u32,
    /// Why: 0 for an orderly end (RFC 9113 section 7).
    pub(super) code: u32,
    /// When it came.
    pub(super) at: Instant,
}

impl Frames {
    /// Takes note of the bytes that have come.
    pub(super) fn see(&mut self, mut bytes: &[u8]) {
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

    /// The last GOAWAY.
    #[cfg_attr(not(test), expect(dead_code, reason = "for connections that are kept"))]
    pub(super) fn goaway(&self) -> Option<GoAway> {
        self.goaway
    }

    fn begin(&mut self) {
        let [high, middle, low, ..] = self.header;
        self.left = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        self.kept = 0;
        if self.kind() == HEADERS {
            self.headers += 1;
        }
    }

    fn end(&mut self) {
        self.read = 0;
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
