//! What a server may send in the clear, read whatever it is.

use super::chain::Certificate;
use crate::{
    tls::statements::timestamps::Timestamp,
    wire::hello::flight::{End, Flight, FlightReader},
};

/// Reads bytes as a server's first flight, whole and in two pieces.
///
/// # Panics
///
/// Panics if the reader does, if pieces read otherwise than the whole, or if more is kept than was sent.
pub fn first_flight(bytes: &[u8]) {
    // The first byte says where to cut.
    let Some((cut, bytes)) = bytes.split_first() else { return };
    let cut = usize::from(*cut) * bytes.len() / 256;
    let whole = read(&[bytes]);
    assert_eq!(whole, read(&[&bytes[..cut], &bytes[cut..]]));
    let (flight, _) = whole;
    let kept: usize = flight.chain.iter().map(Vec::len).sum::<usize>() + flight.timestamps.len();
    assert!(kept <= bytes.len());
    let _ = Timestamp::list(&flight.timestamps);
}

/// Reads bytes as a certificate.
pub fn certificate(bytes: &[u8]) {
    let _ = Certificate::read(bytes);
}

fn read(pieces: &[&[u8]]) -> (Flight, Option<End>) {
    let mut reader = FlightReader::default();
    let end = pieces.iter().fold(None, |_, piece| reader.push(piece));
    (reader.finish(), end)
}
