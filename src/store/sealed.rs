//! Documents as they stand on disk: JSON in gzip, so that `zcat` shows them, a cut or damaged one is
//! noticed, and one of another version is known before it is read.

use std::io::{self, Read, Write};

use flate2::{Compression, bufread::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Why a document is of no use to us.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Flaw {
    /// It is not what any version writes.
    Damaged(String),
    /// It is in a format of another version.
    Foreign(String),
}

#[derive(Deserialize, Serialize)]
struct Document<T> {
    schema: String,
    content: T,
}

/// What every version says first. Of another version, the rest need not be readable to us.
#[derive(Deserialize)]
struct Head {
    schema: String,
}

/// A document of this schema.
pub(super) fn seal<T: Serialize>(schema: &str, content: &T) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    serde_json::to_writer(&mut encoder, &Document { schema: schema.to_owned(), content })?;
    encoder.flush()?;
    encoder.finish()
}

/// What a document of this schema holds.
pub(super) fn unseal<T: DeserializeOwned>(schema: &str, bytes: &[u8]) -> Result<T, Flaw> {
    let (content, rest) = unseal_first(schema, bytes)?;
    if rest.is_empty() {
        Ok(content)
    } else {
        Err(Flaw::Damaged(format!("{} bytes follow its end", rest.len())))
    }
}

/// What the first of several documents holds, and the rest of them.
pub(super) fn unseal_first<'a, T: DeserializeOwned>(
    schema: &str,
    bytes: &'a [u8],
) -> Result<(T, &'a [u8]), Flaw> {
    let mut decoder = GzDecoder::new(bytes);
    let mut text = Vec::new();
    let size = (&mut decoder).take(LARGEST + 1).read_to_end(&mut text).map_err(damaged)?;
    if size as u64 > LARGEST {
        return Err(Flaw::Damaged(format!("it holds more than {LARGEST} bytes")));
    }
    let head: Head = serde_json::from_slice(&text).map_err(damaged)?;
    if head.schema != schema {
        return Err(Flaw::Foreign(head.schema));
    }
    let document: Document<T> = serde_json::from_slice(&text).map_err(damaged)?;
    Ok((document.content, decoder.into_inner()))
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn damaged(error: impl ToString) -> Flaw {
    Flaw::Damaged(error.to_string())
}

/// A number that tells one document from another.
pub(super) fn mark(bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum()
}

/// Bytes of JSON; nothing that is written comes near it.
const LARGEST: u64 = 256 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = "gonogo/test/v2";

    #[test]
    fn a_document_comes_back() {
        let bytes = seal(SCHEMA, &["a", "b"]).expect("in memory");
        assert_eq!(unseal::<Vec<String>>(SCHEMA, &bytes), Ok(vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn a_document_cut_at_any_byte_is_damaged() {
        let bytes = seal(SCHEMA, &vec![7; 100]).expect("in memory");
        for end in 0..bytes.len() {
            let flaw = unseal::<Vec<u8>>(SCHEMA, &bytes[..end]).expect_err("cut");
            assert!(matches!(flaw, Flaw::Damaged(_)), "{end}: {flaw:?}");
        }
    }

    #[test]
    fn a_byte_that_differs_never_changes_what_is_read() {
        let content: Vec<u8> = (0..100).collect();
        let bytes = seal(SCHEMA, &content).expect("in memory");
        for place in 0..bytes.len() {
            let mut other = bytes.clone();
            other[place] ^= 0x10;
            // Some bytes of a gzip header mean nothing.
            if let Ok(read) = unseal::<Vec<u8>>(SCHEMA, &other) {
                assert_eq!(read, content, "byte {place}");
            }
        }
    }

    #[test]
    fn another_version_is_told_from_damage_whatever_it_holds() {
        let newer = seal("gonogo/test/v3", &std::collections::BTreeMap::from([("x", 1)]));
        let flaw = unseal::<Vec<u8>>(SCHEMA, &newer.expect("in memory")).expect_err("newer");
        assert_eq!(flaw, Flaw::Foreign("gonogo/test/v3".to_owned()));
    }

    #[test]
    fn documents_stand_one_after_another() {
        let both = [seal(SCHEMA, &1).expect("in memory"), seal(SCHEMA, &2).expect("in memory")];
        let both = both.concat();
        let (first, rest) = unseal_first::<u8>(SCHEMA, &both).expect("sound");
        assert_eq!((first, unseal::<u8>(SCHEMA, rest)), (1, Ok(2)));
        assert!(matches!(unseal::<u8>(SCHEMA, &both), Err(Flaw::Damaged(_))));
    }
}
