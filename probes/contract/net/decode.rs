//! Taking in a body: up to the budget, decoded.

use std::{
    io::{self, Write},
    ops::ControlFlow,
};

use ::http::{HeaderMap, header};
use bytes::Bytes;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::Body;
use crate::contract::{Obstacle, Obstructed};

/// Takes a body in pieces, decoded, until it breaks.
pub type Sink<'a> = &'a mut (dyn FnMut(&[u8]) -> ControlFlow<()> + Send);

/// Gathers a body, or hands it on. The limit is one of decoded bytes: a kilobyte of gzip can be a
/// megabyte of zeros.
pub(super) struct Intake<'a> {
    coding: Result<Coding<'a>, Obstructed>,
    out: Capped<'a>,
}

enum Coding<'a> {
    Identity,
    /// Not begun: an empty body has no coding.
    Gzip,
    Deflate,
    Decoding(Box<Decoder<'a>>),
}

enum Decoder<'a> {
    Gzip(MultiGzDecoder<Capped<'a>>),
    Zlib(ZlibDecoder<Capped<'a>>),
    Raw(DeflateDecoder<Capped<'a>>),
}

impl<'a> Intake<'a> {
    pub(super) fn new(headers: &HeaderMap, limit: usize, sink: Option<Sink<'a>>) -> Self {
        Self { coding: coding(headers), out: Capped::new(limit, sink) }
    }

    /// Takes a piece in; an error ends the reading.
    pub(super) fn take(&mut self, data: Bytes) -> Result<(), Obstructed> {
        if data.is_empty() {
            return Ok(());
        }
        if let Ok(coding) = &mut self.coding {
            coding.begin(data[0], &mut self.out);
        }
        match &mut self.coding {
            Ok(Coding::Decoding(decoder)) => {
                decoder.stream().write_all(&data).map_err(|error| undecodable(&error))
            }
            _ => self.out.add(data),
        }
    }

    /// The body, with the reason if reading ended before it did.
    pub(super) fn finish(self, ended: Result<(), Obstructed>) -> Body {
        match self.coding {
            Ok(Coding::Decoding(mut decoder)) => {
                let complete = decoder.finish().map_err(|error| undecodable(&error));
                let cut = ended.and(complete).err();
                Body { bytes: decoder.into_out().into_bytes(), cut }
            }
            Ok(_) => Body { bytes: self.out.into_bytes(), cut: ended.err() },
            Err(unknown) => {
                // An empty body is what it is in any coding.
                let unknown = (self.out.taken > 0).then_some(unknown);
                Body { bytes: self.out.into_bytes(), cut: ended.err().or(unknown) }
            }
        }
    }
}

/// RFC 9110 section 8.4: the codings in the order in which they were applied. We ask for none.
fn coding<'a>(headers: &HeaderMap) -> Result<Coding<'a>, Obstructed> {
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

impl<'a> Coding<'a> {
    /// Begins to decode, if there is something to decode. What is decoded then goes where `out` would.
    fn begin(&mut self, first: u8, out: &mut Capped<'a>) {
        if matches!(self, Self::Identity | Self::Decoding(_)) {
            return;
        }
        let capped = std::mem::replace(out, Capped::new(0, None));
        let decoder = match self {
            Self::Gzip => Decoder::Gzip(MultiGzDecoder::new(capped)),
            // RFC 9110 section 8.4.1.2: "deflate" is zlib, but some send it without zlib's header,
            // whose low four bits are 8.
            Self::Deflate if first & 0x0f == 8 => Decoder::Zlib(ZlibDecoder::new(capped)),
            _ => Decoder::Raw(DeflateDecoder::new(capped)),
        };
        *self = Self::Decoding(Box::new(decoder));
    }
}

impl<'a> Decoder<'a> {
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

    fn into_out(mut self) -> Capped<'a> {
        let capped = match &mut self {
            Self::Gzip(stream) => stream.get_mut(),
            Self::Zlib(stream) => stream.get_mut(),
            Self::Raw(stream) => stream.get_mut(),
        };
        std::mem::replace(capped, Capped::new(0, None))
    }
}

/// Where the body goes, up to the limit.
struct Capped<'a> {
    /// Most bodies come in one piece, which need not be copied.
    only: Bytes,
    all: Vec<u8>,
    sink: Option<Sink<'a>>,
    taken: usize,
    limit: usize,
}

impl<'a> Capped<'a> {
    fn new(limit: usize, sink: Option<Sink<'a>>) -> Self {
        Self { only: Bytes::new(), all: Vec::new(), sink, taken: 0, limit }
    }

    fn add(&mut self, data: Bytes) -> Result<(), Obstructed> {
        if self.sink.is_none() && self.taken == 0 && data.len() <= self.limit {
            self.taken = data.len();
            self.only = data;
            return Ok(());
        }
        self.copy(&data)
    }

    fn copy(&mut self, data: &[u8]) -> Result<(), Obstructed> {
        let room = self.limit - self.taken;
        let within = &data[..room.min(data.len())];
        self.taken += within.len();
        if let Some(sink) = &mut self.sink {
            if !within.is_empty() && sink(within).is_break() {
                let detail = "the probe has seen enough of the body, and the rest was not read";
                return Err(Obstacle::OverBudget.because(detail));
            }
        } else {
            if !self.only.is_empty() {
                append(&mut self.all, &std::mem::take(&mut self.only), self.limit);
            }
            append(&mut self.all, within, self.limit);
        }
        if data.len() > room { Err(over_budget(self.limit)) } else { Ok(()) }
    }

    fn into_bytes(self) -> Bytes {
        if self.all.is_empty() { self.only } else { self.all.into() }
    }
}

impl Write for Capped<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.copy(data).map_err(io::Error::other)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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

fn undecodable(error: &io::Error) -> Obstructed {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Obstructed>()) {
        Some(ours) => ours.clone(),
        None => {
            Obstacle::Protocol.because(format!("the compressed body cannot be decoded: {error}"))
        }
    }
}
