//! Numbers worth graphing.

use std::collections::BTreeMap;

use super::{Tls, chain::Certificate, observe};
use crate::{
    contract::{Gauge, Label, NumberKind, Reading},
    tls::{
        evidence::{Posture, Seen},
        statements::staple::Answer,
    },
};

pub(super) const GAUGES: &[Gauge<Tls>] = &[
    Gauge {
        name: "tls_certificate_not_before_timestamp_seconds",
        help: "Start of the validity of the certificate at this position of the served chain, 0 \
               being the leaf; where addresses differ, of the one that ends first.",
        kind: NumberKind::Gauge,
        labels: &[HOST, POSITION],
        read: |_, posture| by_position(posture, |certificate| certificate.not_before),
    },
    Gauge {
        name: "tls_certificate_not_after_timestamp_seconds",
        help: "End of the validity of the certificate at this position of the served chain, 0 \
               being the leaf; where addresses differ, of the one that ends first.",
        kind: NumberKind::Gauge,
        labels: &[HOST, POSITION],
        read: |_, posture| by_position(posture, |certificate| certificate.not_after),
    },
    Gauge {
        name: "tls_handshake_seconds",
        help: "Time to connect and shake hands with the slowest address that did.",
        kind: NumberKind::Gauge,
        labels: &[HOST],
        read: |_, posture| {
            let slowest =
                completed(posture).map(|seen| seen.took.as_secs_f64()).max_by(f64::total_cmp);
            reading(posture, slowest)
        },
    },
    Gauge {
        name: "tls_negotiated_version_info",
        help: "1 for the version of TLS that a current client gets, 0 for the others; where \
               addresses differ, for each that some client gets.",
        kind: NumberKind::Gauge,
        labels: &[HOST, Label::fixed("version", &VERSIONS)],
        read: |_, posture| {
            let got = |version: &str| {
                completed(posture).any(|seen| {
                    seen.handshake.as_ref().is_ok_and(|negotiated| negotiated.version == version)
                })
            };
            if completed(posture).next().is_none() {
                return Vec::new();
            }
            VERSIONS
                .iter()
                .map(|version| {
                    let labels = vec![posture.host(), (*version).to_owned()];
                    Reading::new(labels, f64::from(u8::from(got(version))))
                })
                .collect()
        },
    },
    Gauge {
        name: "tls_staple_next_update_timestamp_seconds",
        help: "End of the stapled OCSP response; where addresses differ, of the one that ends first.",
        kind: NumberKind::Gauge,
        labels: &[HOST],
        read: |_, posture| {
            let staples = posture.seen.iter().filter_map(|seen| seen.staple.as_ref()?.answer());
            #[expect(
                clippy::cast_precision_loss,
                reason = "seconds up to the year 9999 fit 53 bits"
            )]
            reading(posture, staples.map(Answer::holds_until).min().map(|end| end as f64))
        },
    },
    Gauge {
        name: "tls_handshake_success_ratio",
        help: "Share of the host's addresses with which a client can shake hands.",
        kind: NumberKind::Gauge,
        labels: &[HOST],
        read: |_, posture| reading(posture, success_ratio(posture)),
    },
    Gauge {
        name: "tls_visit_connections",
        help: "Connections that the last visit has used.",
        kind: NumberKind::Gauge,
        labels: &[HOST],
        read: |_, posture| reading(posture, Some(f64::from(posture.connections))),
    },
    Gauge {
        name: "tls_visit_seconds",
        help: "Time that the last visit has taken.",
        kind: NumberKind::Gauge,
        labels: &[HOST],
        read: |_, posture| reading(posture, Some(posture.took.as_secs_f64())),
    },
];

/// The name that is asked for, which stands in the settings, or in those of the target.
const HOST: Label<Tls> = Label::of_settings("host", |tls, visit| {
    let name = observe::name(tls, visit);
    name.map(|name| name.to_str().into_owned()).into_iter().collect()
});

const POSITION: Label<Tls> = Label::fixed("position", &POSITIONS);

fn by_position(posture: &Posture, read: fn(&Certificate) -> i64) -> Vec<Reading> {
    let mut first_to_end: BTreeMap<usize, &Certificate> = BTreeMap::new();
    for chain in posture.seen.iter().filter_map(|seen| seen.chain.as_ref().ok()) {
        for (position, certificate) in chain.certificates().take(POSITIONS.len()) {
            let first = first_to_end.entry(position).or_insert(certificate);
            if certificate.not_after < first.not_after {
                *first = certificate;
            }
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "seconds up to the year 9999 fit 53 bits")]
    let value = |certificate| read(certificate) as f64;
    let host = posture.host();
    let reading = |(position, certificate): (usize, _)| {
        Reading::new(vec![host.clone(), position.to_string()], value(certificate))
    };
    first_to_end.into_iter().map(reading).collect()
}

fn completed(posture: &Posture) -> impl Iterator<Item = &Seen> {
    posture.seen.iter().filter(|seen| seen.handshake.is_ok())
}

#[expect(clippy::cast_precision_loss, reason = "a visit sees few addresses")]
fn success_ratio(posture: &Posture) -> Option<f64> {
    let all = posture.seen.len();
    let reached = |seen: &&Seen| seen.handshake.is_ok() || seen.insists_on_certificate();
    (all > 0).then(|| posture.seen.iter().filter(reached).count() as f64 / all as f64)
}

fn reading(posture: &Posture, value: Option<f64>) -> Vec<Reading> {
    value.into_iter().map(|value| Reading::new(vec![posture.host()], value)).collect()
}

/// Positions that are exported: a server may send a hundred certificates, and each would be a series.
const POSITIONS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

const VERSIONS: [&str; 2] = ["TLSv1.2", "TLSv1.3"];

#[cfg(test)]
mod tests {
    use super::{super::when::DAY, *};
    use crate::{
        contract::Obstacle,
        tls::{
            statements::staple::made::Made,
            tests::fixture::{Forge, NOW},
        },
    };

    fn read(name: &str, posture: &Posture) -> Vec<(String, f64)> {
        let gauge = GAUGES.iter().find(|gauge| gauge.name == name).expect("a gauge");
        let readings = (gauge.read)(&Tls::default(), posture);
        assert!(readings.iter().all(|reading| reading.labels.len() == gauge.labels.len()));
        readings.into_iter().map(|reading| (reading.labels.join(" "), reading.value)).collect()
    }

    fn two_addresses() -> Posture {
        let forge = Forge::new();
        let chain = |until| [forge.leaf_of(NOW - DAY, until), forge.intermediate()];
        let mut posture = forge.posture(&chain(NOW + 80 * DAY), NOW);
        posture.seen.extend(forge.posture(&chain(NOW - 1), NOW).seen);
        posture
    }

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "a moment of this century")]
    fn the_first_end_counts_and_an_expired_certificate_still_has_one() {
        let readings = read("tls_certificate_not_after_timestamp_seconds", &two_addresses());
        assert_eq!(readings[0], ("shop.example 0".to_owned(), (NOW - 1) as f64));
        assert_eq!(readings[1].0, "shop.example 1");
        assert_eq!(readings.len(), 2);
    }

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "a moment of this century")]
    fn the_staple_that_ends_first_counts() {
        let forge = Forge::new();
        let chain = [forge.leaf(&["shop.example"]), forge.intermediate()];
        let name = "tls_staple_next_update_timestamp_seconds";
        let mut posture = forge.posture(&chain, NOW);
        assert!(read(name, &posture).is_empty());
        let mut made = Made::good(&chain[0], NOW);
        forge.staple(&mut posture, &made);
        let mut other = forge.posture(&chain, NOW);
        made.next_update = Some(NOW + DAY);
        forge.staple(&mut other, &made);
        posture.seen.extend(other.seen);
        assert_eq!(read(name, &posture), [("shop.example".to_owned(), (NOW + DAY) as f64)]);
    }

    #[test]
    fn the_series_are_bounded() {
        let forge = Forge::new();
        let mut chain = vec![forge.leaf(&["shop.example"])];
        chain.extend(std::iter::repeat_n(forge.intermediate(), 40));
        let posture = forge.posture(&chain, NOW);
        assert_eq!(
            read("tls_certificate_not_after_timestamp_seconds", &posture).len(),
            POSITIONS.len()
        );
    }

    #[test]
    fn what_failed_is_counted_and_not_timed() {
        let mut posture = two_addresses();
        posture.seen[1].handshake = Err(Obstacle::Refused.because("no").into());
        let host = "shop.example".to_owned();
        assert_eq!(read("tls_handshake_success_ratio", &posture), [(host.clone(), 0.5)]);
        assert_eq!(read("tls_handshake_seconds", &posture), [(host, 0.012)]);
        assert_eq!(
            read("tls_negotiated_version_info", &posture),
            [("shop.example TLSv1.2".to_owned(), 0.0), ("shop.example TLSv1.3".to_owned(), 1.0)]
        );
    }

    #[test]
    fn an_address_that_showed_nothing_has_no_dates() {
        let mut posture = two_addresses();
        for seen in &mut posture.seen {
            seen.chain =
                Err(crate::tls::evidence::NoChain::Unseen(Obstacle::Timeout.because("silence")));
            seen.handshake = Err(Obstacle::Timeout.because("").into());
        }
        assert!(read("tls_certificate_not_after_timestamp_seconds", &posture).is_empty());
        assert!(read("tls_handshake_seconds", &posture).is_empty());
        assert!(read("tls_negotiated_version_info", &posture).is_empty());
    }
}
