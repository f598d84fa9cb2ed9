//! Signed certificate timestamps: the promises of public logs to show a certificate to everybody.

use std::collections::BTreeSet;

use x509_parser::extensions::{SignedCertificateTimestamp, parse_ct_signed_certificate_timestamp};

/// A log's promise (RFC 6962 section 3.2). Its signature is not verified: logs come and go, and a list
/// of their keys that is compiled in would call good timestamps bad once it is old.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::tls) struct Timestamp {
    /// The log's id: SHA-256 of its key, in hexadecimal.
    pub(in crate::tls) log: String,
    /// When the log promised, in seconds since the epoch.
    pub(in crate::tls) at: i64,
}

impl Timestamp {
    /// How many of a list are kept. Nobody needs more than three.
    const MOST: usize = 32;

    fn of(one: &SignedCertificateTimestamp<'_>) -> Self {
        let at = i64::try_from(one.timestamp / 1000).unwrap_or(i64::MAX);
        Self { log: crate::tls::chain::hex(one.id.key_id), at }
    }

    /// Those of a list as TLS writes it, with two bytes of length before it and before each.
    pub(in crate::tls) fn list(bytes: &[u8]) -> Result<Vec<Self>, String> {
        let wrong = || "the list of certificate timestamps cannot be read".to_owned();
        let (length, mut rest) = bytes.split_first_chunk::<2>().ok_or_else(wrong)?;
        if usize::from(u16::from_be_bytes(*length)) != rest.len() {
            return Err(wrong());
        }
        let mut list = Vec::new();
        while !rest.is_empty() && list.len() < Self::MOST {
            let (after, one) = parse_ct_signed_certificate_timestamp(rest).map_err(|_| wrong())?;
            list.push(Self::of(&one));
            rest = after;
        }
        Ok(list)
    }
}

/// How many different logs have promised.
pub(in crate::tls) fn logs<'a>(timestamps: impl IntoIterator<Item = &'a Timestamp>) -> usize {
    timestamps.into_iter().map(|one| one.log.as_str()).collect::<BTreeSet<_>>().len()
}

/// A list as TLS writes it, of one timestamp for each of these logs. Nobody has signed it.
#[cfg(any(test, feature = "specimen"))]
pub(in crate::tls) fn made(logs: &[u8]) -> Vec<u8> {
    let sized = |bytes: &[u8]| {
        let length = u16::try_from(bytes.len()).expect("a short list");
        [&length.to_be_bytes()[..], bytes].concat()
    };
    let one = |log: &u8| {
        let at = 1_700_000_000_000_u64.to_be_bytes();
        // Version 1, log, time, no extensions, and a signature by ECDSA with SHA-256.
        sized(&[&[0][..], &[*log; 32], &at, &[0, 0, 4, 3], &sized(&[0x30, 0])].concat())
    };
    sized(&logs.iter().flat_map(one).collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_is_read_and_its_logs_are_counted_once() {
        let list = Timestamp::list(&made(&[7, 8, 7])).expect("a list");
        assert_eq!(list.len(), 3);
        assert_eq!(list[0], Timestamp { log: "07".repeat(32), at: 1_700_000_000 });
        assert_eq!(logs(&list), 2);
        assert_eq!(Timestamp::list(&[0, 0]), Ok(Vec::new()));
    }

    #[test]
    fn a_list_that_is_cut_off_is_refused() {
        let list = made(&[7, 8]);
        for end in 0..list.len() {
            assert!(Timestamp::list(&list[..end]).is_err(), "{end}");
        }
        assert!(Timestamp::list(&[list, vec![0]].concat()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(list) = Timestamp::list(&bytes) {
                prop_assert!(list.len() <= bytes.len() / 40);
            }
        }
    }
}
