//! The two text formats of Prometheus: 0.0.4, and OpenMetrics 1.0 where asked for.
//!
//! The `prometheus` crate's own encoder knows only the first, and takes 150 ms for 100,000 series; its
//! types are used for what it measures, and what targets show is written from cached label blocks.

use std::fmt::Write;

use prometheus::proto::{MetricFamily, MetricType};

/// A text format.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Format {
    /// `text/plain; version=0.0.4`, which every scraper takes.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Text, Self::OpenMetrics];

    /// The format an `Accept` header asks for. What does not name OpenMetrics gets text.
    pub fn accepted(accept: &str) -> Self {
        let open = accept.split(',').any(|offer| {
            let mut parts = offer.split(';').map(str::trim);
            let wanted = parts.next() == Some("application/openmetrics-text");
            let (mut refused, mut version) = (false, true);
            for part in parts {
                if let Some(quality) = part.strip_prefix("q=") {
                    refused = quality.parse::<f32>().is_ok_and(|quality| quality <= 0.0);
                }
                if let Some(named) = part.strip_prefix("version=") {
                    version = named == "1.0.0" || named == "0.0.1";
                }
            }
            wanted && version && !refused
        });
        if open { Self::OpenMetrics } else { Self::Text }
    }

    /// The value of `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// What ends a document.
    pub const fn end(self) -> &'static str {
        match self {
            Self::Text => "",
            Self::OpenMetrics => "# EOF\n",
        }
    }
}

/// Kind of a metric family.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FamilyKind {
    /// May go up and down.
    Gauge,
    /// Only goes up; its name ends in `_total`.
    Counter,
    /// How many fell into each bucket.
    Histogram,
}

/// Writes the two lines above a family's samples. OpenMetrics names a counter's family without its
/// `_total`.
pub fn write_head(out: &mut String, format: Format, name: &str, kind: FamilyKind, help: &str) {
    let word = match kind {
        FamilyKind::Gauge => "gauge",
        FamilyKind::Counter => "counter",
        FamilyKind::Histogram => "histogram",
    };
    head(out, format, name, word, help);
}

/// Writes a label's name and value, escaped.
pub fn write_label(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str("=\"");
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Writes a sample's value.
pub fn write_value(out: &mut String, value: f64) {
    if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else {
        // Rust writes NaN as the formats want it.
        let _ = write!(out, "{value}");
    }
}

/// The value of a bucket's label `le`. OpenMetrics writes bounds as floats; text takes that too.
pub fn bucket_bound(bound: f64) -> String {
    let mut le = String::new();
    write_value(&mut le, bound);
    if bound.is_finite() && !le.contains(['.', 'e']) {
        le.push_str(".0");
    }
    le
}

/// Writes what the `prometheus` crate gathered.
pub fn write_gathered(out: &mut String, format: Format, families: &[MetricFamily]) {
    for family in families {
        let name = family.name();
        let word = match family.get_field_type() {
            MetricType::COUNTER => "counter",
            MetricType::HISTOGRAM => "histogram",
            MetricType::SUMMARY => "summary",
            MetricType::GAUGE => "gauge",
            MetricType::UNTYPED => "unknown",
        };
        head(out, format, name, word, family.help());
        for metric in family.get_metric() {
            let labels: Vec<(&str, &str)> =
                metric.get_label().iter().map(|label| (label.name(), label.value())).collect();
            match family.get_field_type() {
                MetricType::COUNTER => sample(out, name, &labels, metric.get_counter().get_value()),
                MetricType::GAUGE => sample(out, name, &labels, metric.get_gauge().get_value()),
                MetricType::HISTOGRAM => histogram(out, name, &labels, metric.get_histogram()),
                // gonogo measures neither.
                MetricType::SUMMARY | MetricType::UNTYPED => {}
            }
        }
    }
}

fn head(out: &mut String, format: Format, name: &str, word: &str, help: &str) {
    let name = match (format, word) {
        (Format::OpenMetrics, "counter") => name.strip_suffix("_total").unwrap_or(name),
        _ => name,
    };
    for (line, text) in [("HELP", help), ("TYPE", word)] {
        out.push_str("# ");
        out.push_str(line);
        out.push(' ');
        out.push_str(name);
        out.push(' ');
        for c in text.chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '"' if format == Format::OpenMetrics => out.push_str("\\\""),
                c => out.push(c),
            }
        }
        out.push('\n');
    }
}

fn histogram(
    out: &mut String,
    name: &str,
    labels: &[(&str, &str)],
    histogram: &prometheus::proto::Histogram,
) {
    let buckets = format!("{name}_bucket");
    let mut write = |bound: f64, count: u64| {
        let le = bucket_bound(bound);
        let mut labels = labels.to_vec();
        labels.push(("le", &le));
        sample(out, &buckets, &labels, float(count));
    };
    for bucket in histogram.get_bucket() {
        write(bucket.upper_bound(), bucket.cumulative_count());
    }
    let last = histogram.get_bucket().last().map_or(0.0, prometheus::proto::Bucket::upper_bound);
    if last.is_finite() {
        write(f64::INFINITY, histogram.get_sample_count());
    }
    sample(out, &format!("{name}_sum"), labels, histogram.get_sample_sum());
    sample(out, &format!("{name}_count"), labels, float(histogram.get_sample_count()));
}

fn sample(out: &mut String, name: &str, labels: &[(&str, &str)], value: f64) {
    out.push_str(name);
    if !labels.is_empty() {
        let mut before = '{';
        for (label, value) in labels {
            out.push(before);
            write_label(out, label, value);
            before = ',';
        }
        out.push('}');
    }
    out.push(' ');
    write_value(out, value);
    out.push('\n');
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, and a metric is a float")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use prometheus::{Histogram, HistogramOpts, IntCounterVec, Opts, Registry};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn openmetrics_is_served_to_whom_asks_for_it() {
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                            text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
        assert_eq!(Format::accepted(prometheus_3), Format::OpenMetrics);
        for other in [
            "",
            "*/*",
            "text/plain",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;version=2.0.0",
        ] {
            assert_eq!(Format::accepted(other), Format::Text, "{other}");
        }
    }

    #[test]
    fn gathered_families_are_written_in_both_formats() {
        let registry = Registry::new();
        let visits = IntCounterVec::new(Opts::new("x_visits_total", "Visits."), &["result"])
            .expect("a counter");
        visits.with_label_values(&["a\"b\\c\nd"]).inc_by(3);
        let lag = HistogramOpts::new("x_lag_seconds", "Lag.").buckets(vec![0.5, 1.0]);
        let lag = Histogram::with_opts(lag).expect("a histogram");
        lag.observe(0.7);
        registry.register(Box::new(visits)).expect("registered");
        registry.register(Box::new(lag)).expect("registered");
        let families = registry.gather();
        let mut text = String::new();
        write_gathered(&mut text, Format::Text, &families);
        insta::assert_snapshot!(text, @r##"
        # HELP x_lag_seconds Lag.
        # TYPE x_lag_seconds histogram
        x_lag_seconds_bucket{le="0.5"} 0
        x_lag_seconds_bucket{le="1.0"} 1
        x_lag_seconds_bucket{le="+Inf"} 1
        x_lag_seconds_sum 0.7
        x_lag_seconds_count 1
        # HELP x_visits_total Visits.
        # TYPE x_visits_total counter
        x_visits_total{result="a\"b\\c\nd"} 3
        "##);
        let mut open = String::new();
        write_gathered(&mut open, Format::OpenMetrics, &families);
        assert!(open.contains("# TYPE x_visits counter\n"));
        assert!(open.contains("x_visits_total{"));
    }

    proptest! {
        #[test]
        fn a_label_is_always_one_quoted_string_on_one_line(value in "\\PC*|[\"\\\\\n]*") {
            let mut out = String::new();
            write_label(&mut out, "l", &value);
            prop_assert!(!out.contains('\n'));
            let inner = out.strip_prefix("l=\"").and_then(|rest| rest.strip_suffix('"'));
            let inner = inner.expect("quoted");
            let mut back = String::new();
            let mut chars = inner.chars();
            while let Some(c) = chars.next() {
                match c {
                    '\\' => back.push(match chars.next() {
                        Some('n') => '\n',
                        Some(c) => c,
                        None => return Err(TestCaseError::fail("a lone backslash")),
                    }),
                    '"' => return Err(TestCaseError::fail("a bare quote")),
                    c => back.push(c),
                }
            }
            prop_assert_eq!(back, value);
        }
    }
}
