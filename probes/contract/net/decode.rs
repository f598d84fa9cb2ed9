//! Taking in a body: up to the budget, decoded.

use std::io::{self, Write};

use ::http::{HeaderMap, header};
use bytes::Bytes;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::Body;
use crate::contract::{Obstacle, Obstructed};

/// Gathers a body. The limit is one of decoded bytes: a kilobyte of gzip can be a megabyte of zeros.
pub(super) struct Intake {
    coding: Result<Coding, Obstructed>,
    gathered: Gathered,
    limit: usize,
}

enum Coding {
    Identity,
    /// Not begun: an empty body has no coding.
    Gzip,
    Deflate,
    Decoding(Box<Decoder>),
}

enum Decoder {
    Gzip(MultiGzDecoder<Capped>),
    Zlib(ZlibDecoder<Capped>),
    Raw(DeflateDecoder<Capped>),
}

/// Most bodies come in one piece, which need not be copied.
#[derive(Default)]
struct Gathered {
    only: Bytes,
    all: Vec<u8>,
}

impl Intake {
    pub(super) fn new(headers: &HeaderMap, limit: usize) -> Self {
        Self { coding: coding(headers), gathered: Gathered::default(), limit }
    }

    /// Takes a piece in; an error ends the reading.
    pub(super) fn take(&mut self, data: Bytes) -> Result<(), Obstructed> {
        if data.is_empty() {
            return Ok(());
        }
        if let Ok(coding) = &mut self.coding {
            coding.begin(data[0], self.limit);
        }
        match &mut self.coding {
            Ok(Coding::Decoding(decoder)) => {
                let outcome = decoder.stream().write_all(&data);
                outcome.map_err(|error| undecodable(&error, self.limit))
            }
            _ => self.gathered.add(data, self.limit),
        }
    }

    /// The body, with the reason if reading ended before it did.
    pub(super) fn finish(self, ended: Result<(), Obstructed>) -> Body {
        match self.coding {
            Ok(Coding::Decoding(mut decoder)) => {
                let complete = decoder.finish().map_err(|error| undecodable(&error, self.limit));
                let cut = ended.and(complete).err();
                Body { bytes: decoder.into_decoded().into(), cut }
            }
            Ok(_) => Body { bytes: self.gathered.into_bytes(), cut: ended.err() },
            Err(unknown) => {
                let bytes = self.gathered.into_bytes();
                // An empty body is what it is in any coding.
                let unknown = (!bytes.is_empty()).then_some(unknown);
                Body { bytes, cut: ended.err().or(unknown) }
            }
        }
    }
}

/// RFC 9110 section 8.4: the codings in the order in which they were applied. We ask for none.
fn coding(headers: &HeaderMap) -> Result<Coding, Obstructed> {
    let mut found = Coding::Identity;
    for value in headers.get_all(header::CONTENT_ENCODING) {
        for name in value.as_bytes().split(|byte| *byte == b',') {
            let name = name.trim_ascii();
            let next = if name.is_empty() || name.eq_ignore_ascii_case(b"identity") {
                continue;
            } else if name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip") {
                Coding::Gzip
            } else if name.eq_ignore_ascii_case(b"deflate") {
                Coding::Deflate
            } else {
                return Err(unknown(value.as_bytes()));
            };
            if !matches!(found, Coding::Identity) {
                return Err(unknown(value.as_bytes()));
            }
            found = next;
        }
    }
    Ok(found)
}

fn unknown(name: &[u8]) -> Obstructed {
    let name = String::from_utf8_lossy(name);
    Obstacle::Protocol.because(format!(
        "the body is encoded as {name:?} although the request accepts only `identity`"
    ))
}

impl Coding {
    fn begin(&mut self, first: u8, limit: usize) {
        let capped = Capped { bytes: Vec::new(), limit, full: false };
        let decoder = match self {
            Self::Gzip => Decoder::Gzip(MultiGzDecoder::new(capped)),
            // RFC 9110 section 8.4.1.2: "deflate" is zlib, but some send it without zlib's header,
            // whose low four bits are 8.
            Self::Deflate if first & 0x0f == 8 => Decoder::Zlib(ZlibDecoder::new(capped)),
            Self::Deflate => Decoder::Raw(DeflateDecoder::new(capped)),
            Self::Identity | Self::Decoding(_) => return,
        };
        *self = Self::Decoding(Box::new(decoder));
    }
}

impl Decoder {
    fn stream(&mut self) -> &mut dyn Write {
        match self {
            Self::Gzip(stream) => stream,
            Self::Zlib(stream) => stream,
            Self::Raw(stream) => stream,
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(stream) => stream.try_finish(),
            Self::Zlib(stream) => stream.try_finish(),
            Self::Raw(stream) => stream.try_finish(),
        }
    }

    fn into_decoded(mut self) -> Vec<u8> {
        let capped = match &mut self {
            Self::Gzip(stream) => stream.get_mut(),
            Self::Zlib(stream) => stream.get_mut(),
            Self::Raw(stream) => stream.get_mut(),
        };
        std::mem::take(&mut capped.bytes)
    }
}

/// Where decoded bytes go; writing fails when the limit is passed.
struct Capped {
    bytes: Vec<u8>,
    limit: usize,
    full: bool,
}

impl Write for Capped {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let room = self.limit - self.bytes.len();
        append(&mut self.bytes, &data[..room.min(data.len())], self.limit);
        if data.len() > room {
            self.full = true;
            return Err(io::Error::other(over_budget(self.limit)));
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Gathered {
    fn add(&mut self, data: Bytes, limit: usize) -> Result<(), Obstructed> {
        let room = limit - self.only.len().max(self.all.len());
        let over = data.len() > room;
        let data = if over { data.slice(..room) } else { data };
        if self.only.is_empty() && self.all.is_empty() {
            self.only = data;
        } else {
            if self.all.is_empty() {
                append(&mut self.all, &std::mem::take(&mut self.only), limit);
            }
            append(&mut self.all, &data, limit);
        }
        if over { Err(over_budget(limit)) } else { Ok(()) }
    }

    fn into_bytes(self) -> Bytes {
        if self.all.is_empty() { self.only } else { self.all.into() }
    }
}

/// Appends. The room doubles in steps that end at `limit`, so that growing to it never holds more than
/// half as much besides.
pub(super) fn append(bytes: &mut Vec<u8>, data: &[u8], limit: usize) {
    let needed = bytes.len() + data.len();
    if needed > bytes.capacity() {
        let mut room = limit.max(needed);
        while room / 2 >= needed {
            room /= 2;
        }
        bytes.reserve_exact(room - bytes.len());
    }
    bytes.extend_from_slice(data);
}

fn over_budget(limit: usize) -> Obstructed {
    Obstacle::OverBudget.because(format!("the body is larger than the budget of {limit} bytes"))
}

fn undecodable(error: &io::Error, limit: usize) -> Obstructed {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Obstructed>()) {
        Some(_) => over_budget(limit),
        None => {
            Obstacle::Protocol.because(format!("the compressed body cannot be decoded: {error}"))
        }
    }
}
