//! Assessments → metrics. Every series a target can have is there from the start, so that a rule never
//! waits for one; none of their labels holds what a target said.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use gonogo_probes::contract::{Dimension, GaugeReadings, Impact, Kind, NumberKind, Reading};

use super::exposition::{FamilyKind, Format, bucket_bound, write_head, write_label, write_value};
use crate::{
    assessment::{Assessment, Rulings, assess},
    causes::causes,
    clock::unix,
    findings::{Snapshot, TargetFindings},
    policy::Status,
    scorecard::Verdict,
};

/// A metric family that targets have.
struct Family {
    name: &'static str,
    kind: FamilyKind,
    help: &'static str,
}

const VERDICT: usize = 0;
const SCORE: usize = 1;
const COVERAGE: usize = 2;
const DIMENSION_SCORE: usize = 3;
const CHECKS: usize = 4;
const CHECK_STATUS: usize = 5;
const CHECK_INFO: usize = 6;
const CHECK_OBSTACLE: usize = 7;
const CHECK_CONFIDENCE: usize = 8;
const CHECK_TRANSITION: usize = 9;
const WAIVER_EXPIRY: usize = 10;
const LAST_VISIT: usize = 11;
const VISIT_INTERVAL: usize = 12;
const LAST_GO: usize = 13;
const DEPLOYMENT: usize = 14;
const DEPLOYMENT_INFO: usize = 15;
const REQUESTS: usize = 16;
const SERIES_LEFT_OUT: usize = 17;
const CHECKS_WAITING: usize = 18;

/// Families every target has; those of the probes' gauges follow them.
const FAMILIES: [Family; 19] = [
    gauge(
        "gonogo_verdict",
        "Whether the target has this verdict as of its latest findings (exactly one is 1 per target); unknown when answers are missing or too old.",
    ),
    gauge(
        "gonogo_score_ratio",
        "Weighted share of applicable checks that pass, from 0 to 1: with unknowns as fails (low), over what is known (known), with unknowns as passes (high).",
    ),
    gauge(
        "gonogo_coverage_ratio",
        "Weighted share of applicable checks whose answer is known, from 0 to 1.",
    ),
    gauge(
        "gonogo_dimension_score_ratio",
        "The lower score of the checks that count against this dimension, from 0 to 1.",
    ),
    gauge("gonogo_checks", "Number of checks by impact and status as of the latest findings."),
    gauge(
        "gonogo_check_status",
        "Whether the check has this status as of the latest findings (exactly one is 1 per target, probe and check).",
    ),
    gauge(
        "gonogo_check_info",
        "Impact and dimension of the check, to be joined on target, probe and check; always 1.",
    ),
    gauge(
        "gonogo_check_obstacle",
        "What kept the check from being answered; 1 while its status is unknown, else absent.",
    ),
    gauge(
        "gonogo_check_confidence",
        "How sure the fail of the check is; 1 while its status is fail, else absent. A tentative fail neither blocks nor pages.",
    ),
    gauge(
        "gonogo_check_last_transition_timestamp_seconds",
        "Unix time at which the outcome of the check last changed; absent before its first visit.",
    ),
    gauge(
        "gonogo_waiver_expiry_timestamp_seconds",
        "Unix time at which the waiver of the check expires; absent where none is in force.",
    ),
    gauge(
        "gonogo_last_visit_timestamp_seconds",
        "Unix time at which the probe's last visit ended; absent before the first.",
    ),
    gauge(
        "gonogo_visit_interval_seconds",
        "Configured time between visits; absent where visits are made on demand.",
    ),
    gauge(
        "gonogo_last_go_timestamp_seconds",
        "Unix time at which the verdict was last seen to be GO; 0 if never.",
    ),
    gauge(
        "gonogo_deployment_timestamp_seconds",
        "Unix time at which the deployed revision was first seen; absent where the revision is not known.",
    ),
    gauge("gonogo_deployment_info", "Revision of the deployment under test; always 1."),
    Family {
        name: "gonogo_requests_total",
        kind: FamilyKind::Counter,
        help: "Connections and requests made to the target.",
    },
    gauge(
        "gonogo_series_left_out",
        "Series of the probe's own numbers that are over the limit and not exported; absent while there are none.",
    ),
    gauge(
        "gonogo_checks_waiting",
        "Number of checks that are unknown for the same cause: a failing check by its id, or an obstacle; absent while there are none.",
    ),
];

const fn gauge(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: FamilyKind::Gauge, help }
}

/// Writes the metrics of all targets, and remembers what it wrote for those that did not change.
#[derive(Debug)]
pub struct Renderer {
    families: Vec<Named>,
    shards: Mutex<HashMap<String, Arc<Shard>>>,
}

/// A family as it is written.
#[derive(Debug)]
struct Named {
    name: String,
    kind: FamilyKind,
    help: &'static str,
    /// For a probe's gauge, its labels besides `target` and `probe`.
    labels: Vec<&'static str>,
    /// For a histogram, the upper bounds of its buckets.
    bounds: &'static [f64],
}

/// What one target contributes to each family.
#[derive(Debug)]
struct Shard {
    of: Arc<TargetFindings>,
    rulings: Arc<Rulings>,
    holds_until: Option<SystemTime>,
    /// Of exact size: there may be thousands, and they are kept.
    families: Box<[Box<str>]>,
}

/// A written document, without its end, and how long it holds if no finding changes.
#[derive(Clone, Debug)]
pub struct Document {
    /// The text.
    pub text: String,
    /// When something changes by itself: staleness, the end of a waiver.
    pub holds_until: Option<SystemTime>,
}

impl Renderer {
    /// A renderer for what these probes measure.
    pub fn new(catalogue: &[Kind]) -> Self {
        let own = FAMILIES.iter().map(|family| Named {
            name: family.name.to_owned(),
            kind: family.kind,
            help: family.help,
            labels: Vec::new(),
            bounds: &[],
        });
        let mut families: Vec<Named> = own.collect();
        for gauge in catalogue.iter().flat_map(Kind::gauges) {
            let name = format!("{PREFIX}{}", gauge.name);
            // Several probes may share a family, all with the same declaration.
            if families.iter().any(|known| known.name == name) {
                continue;
            }
            let (kind, bounds): (_, &[f64]) = match gauge.kind {
                NumberKind::Gauge => (FamilyKind::Gauge, &[]),
                NumberKind::Counter => (FamilyKind::Counter, &[]),
                NumberKind::Histogram(bounds) => (FamilyKind::Histogram, bounds),
            };
            families.push(Named { name, kind, help: gauge.help, labels: gauge.labels, bounds });
        }
        Self { families, shards: Mutex::default() }
    }

    /// The metrics of all targets as of `now`.
    pub fn render(
        &self,
        snapshot: &Snapshot,
        rulings: &Arc<Rulings>,
        format: Format,
        now: SystemTime,
    ) -> Document {
        let shards = self.shards(snapshot, rulings, now);
        let mut text = String::new();
        let size = shards.iter().flat_map(|shard| &shard.families).map(|text| text.len()).sum();
        text.reserve(size);
        for (place, family) in self.families.iter().enumerate() {
            if shards.iter().all(|shard| shard.families[place].is_empty()) {
                continue;
            }
            write_head(&mut text, format, &family.name, family.kind, family.help);
            for shard in &shards {
                text.push_str(&shard.families[place]);
            }
        }
        Document { text, holds_until: shards.iter().filter_map(|s| s.holds_until).min() }
    }

    /// What each target contributes, written anew where it changed.
    fn shards(
        &self,
        snapshot: &Snapshot,
        rulings: &Arc<Rulings>,
        now: SystemTime,
    ) -> Vec<Arc<Shard>> {
        let mut known = self.lock();
        let mut kept = HashMap::with_capacity(snapshot.targets.len());
        let shards = snapshot.targets.iter().map(|target| {
            let old = known.remove(&target.target.name).filter(|shard| {
                Arc::ptr_eq(&shard.of, target)
                    && Arc::ptr_eq(&shard.rulings, rulings)
                    && shard.holds_until.is_none_or(|until| now < until)
            });
            let shard = old.unwrap_or_else(|| Arc::new(self.shard(target, rulings, now)));
            kept.insert(target.target.name.clone(), Arc::clone(&shard));
            shard
        });
        let shards = shards.collect();
        *known = kept;
        shards
    }

    fn shard(
        &self,
        target: &Arc<TargetFindings>,
        rulings: &Arc<Rulings>,
        now: SystemTime,
    ) -> Shard {
        let assessment = assess(target, rulings, now);
        let mut writer = Writer::new(&target.target.name, &self.families);
        writer.target(&assessment, now);
        writer.checks(&assessment);
        writer.probes(target);
        Shard {
            of: Arc::clone(target),
            rulings: Arc::clone(rulings),
            holds_until: assessment.holds_until,
            families: writer.out.into_iter().map(String::into_boxed_str).collect(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Shard>>> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes one target's samples, family by family.
struct Writer<'a> {
    families: &'a [Named],
    out: Vec<String>,
    /// `target="…"`, as it starts every label set.
    target: String,
}

impl<'a> Writer<'a> {
    fn new(target: &str, families: &'a [Named]) -> Self {
        let mut label = String::new();
        write_label(&mut label, "target", target);
        Self { families, out: vec![String::new(); families.len()], target: label }
    }

    fn target(&mut self, assessment: &Assessment<'_>, now: SystemTime) {
        let card = &assessment.card;
        for verdict in Verdict::ALL {
            let value = f64::from(verdict == card.verdict);
            self.put(VERDICT, &[("verdict", verdict.as_str())], value);
        }
        let bounds =
            [("low", card.score.low), ("known", card.score.known), ("high", card.score.high)];
        for (bound, value) in bounds {
            self.put(SCORE, &[("bound", bound)], value);
        }
        self.put(COVERAGE, &[], card.coverage);
        for (dimension, score) in Dimension::ALL.into_iter().zip(card.dimensions) {
            if let Some(score) = score {
                self.put(DIMENSION_SCORE, &[("dimension", dimension.as_str())], score.low);
            }
        }
        for impact in Impact::ALL {
            for (word, count) in Status::WORDS.into_iter().zip(card.counts.row(impact)) {
                #[expect(clippy::cast_precision_loss, reason = "a target has few checks")]
                let count = *count as f64;
                self.put(CHECKS, &[("impact", impact.as_str()), ("status", word)], count);
            }
        }
        let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
        for cause in causes(assessment) {
            *waiting.entry(cause.word()).or_default() += cause.lines.len();
        }
        for (cause, count) in waiting {
            self.put(CHECKS_WAITING, &[("cause", cause)], float(count as u64));
        }
        let findings = assessment.target;
        let last_go = findings.last_go(card.verdict, now);
        self.put(LAST_GO, &[], last_go.map_or(0.0, unix));
        if let Some(revision) = &findings.revision {
            self.put(DEPLOYMENT, &[], unix(revision.first_seen));
            self.put(DEPLOYMENT_INFO, &[("revision", &revision.value)], 1.0);
        }
        self.put(REQUESTS, &[], findings.requests());
    }

    fn checks(&mut self, assessment: &Assessment<'_>) {
        let mut block = String::new();
        for line in &assessment.lines {
            block.clone_from(&self.target);
            block.push(',');
            write_label(&mut block, "probe", &line.probe.name);
            block.push(',');
            write_label(&mut block, "check", line.check.id);
            for (place, word) in Status::WORDS.into_iter().enumerate() {
                let value = f64::from(place == line.status.place());
                self.put_in(CHECK_STATUS, &block, &[("status", word)], value);
            }
            let info = [
                ("impact", line.check.impact.as_str()),
                ("dimension", line.check.dimension.as_str()),
            ];
            self.put_in(CHECK_INFO, &block, &info, 1.0);
            match line.status {
                Status::Unknown(obstacle) => {
                    let obstacle = [("obstacle", obstacle.as_str())];
                    self.put_in(CHECK_OBSTACLE, &block, &obstacle, 1.0);
                }
                Status::Fail(confidence) => {
                    let confidence = [("confidence", confidence.as_str())];
                    self.put_in(CHECK_CONFIDENCE, &block, &confidence, 1.0);
                }
                Status::Pass | Status::Waived | Status::Skip => {}
            }
            if let Some(since) = line.since {
                self.put_in(CHECK_TRANSITION, &block, &[], unix(since));
            }
            if let Some(waiver) = line.waiver {
                self.put_in(WAIVER_EXPIRY, &block, &[], unix(waiver.expires));
            }
        }
    }

    fn probes(&mut self, target: &TargetFindings) {
        for probe in &target.probes {
            let name = [("probe", &*probe.name)];
            if let Some(visited) = &probe.visited {
                self.put(LAST_VISIT, &name, unix(visited.ended));
            }
            if let Some(interval) = probe.interval {
                self.put(VISIT_INTERVAL, &name, interval.as_secs_f64());
            }
            let left_out: usize = probe.readings.iter().map(|gauge| gauge.left_out).sum();
            if left_out > 0 {
                self.put(SERIES_LEFT_OUT, &name, float(left_out as u64));
            }
            for gauge in &probe.readings {
                self.readings(&probe.name, gauge);
            }
        }
    }

    /// The numbers of one gauge. A scrape that holds the same series twice is refused whole: the report
    /// boundary has joined those.
    fn readings(&mut self, probe: &str, gauge: &GaugeReadings) {
        let families = self.families;
        let place =
            families.iter().position(|known| known.name.strip_prefix(PREFIX) == Some(gauge.name));
        let Some(place) = place else { return };
        let family = &families[place];
        // State that an earlier version wrote may have another shape.
        let fits = |reading: &&Reading| {
            let buckets = match family.kind {
                FamilyKind::Histogram => family.bounds.len() + 1,
                FamilyKind::Gauge | FamilyKind::Counter => 0,
            };
            reading.labels.len() == family.labels.len() && reading.counts.len() == buckets
        };
        for reading in gauge.readings.iter().filter(fits) {
            let mut labels = vec![("probe", probe)];
            let values = reading.labels.iter().map(String::as_str);
            labels.extend(family.labels.iter().copied().zip(values));
            if family.kind == FamilyKind::Histogram {
                self.histogram(place, &labels, reading);
            } else {
                self.put(place, &labels, reading.value);
            }
        }
    }

    fn histogram(&mut self, place: usize, labels: &[(&str, &str)], reading: &Reading) {
        let mut total = 0;
        let bounds = self.families[place].bounds.iter().copied().chain([f64::INFINITY]);
        for (bound, count) in bounds.zip(&reading.counts) {
            total += count;
            let bound = bucket_bound(bound);
            let mut labels = labels.to_vec();
            labels.push(("le", &bound));
            self.put_part(place, "_bucket", &labels, float(total));
        }
        self.put_part(place, "_sum", labels, reading.value);
        self.put_part(place, "_count", labels, float(total));
    }

    fn put(&mut self, family: usize, labels: &[(&str, &str)], value: f64) {
        let block = std::mem::take(&mut self.target);
        self.put_in(family, &block, labels, value);
        self.target = block;
    }

    fn put_in(&mut self, family: usize, block: &str, labels: &[(&str, &str)], value: f64) {
        self.write(family, "", block, labels, value);
    }

    fn put_part(&mut self, family: usize, part: &str, labels: &[(&str, &str)], value: f64) {
        let block = std::mem::take(&mut self.target);
        self.write(family, part, &block, labels, value);
        self.target = block;
    }

    fn write(
        &mut self,
        family: usize,
        part: &str,
        block: &str,
        labels: &[(&str, &str)],
        value: f64,
    ) {
        let out = &mut self.out[family];
        out.push_str(&self.families[family].name);
        out.push_str(part);
        out.push('{');
        out.push_str(block);
        for (label, value) in labels {
            out.push(',');
            write_label(out, label, value);
        }
        out.push_str("} ");
        write_value(out, value);
        out.push('\n');
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, and a metric is a float")]
fn float(count: u64) -> f64 {
    count as f64
}

/// Starts every metric of ours.
const PREFIX: &str = "gonogo_";

#[cfg(test)]
mod tests {
    use gonogo_probes::contract::{Confidence, Item};

    use super::*;
    use crate::{
        findings::{Expected, Findings},
        testing::{self, at, visited},
    };

    static CATALOGUE: [Kind; 1] = [Kind::of::<testing::Door>()];

    fn render(findings: &Findings, now: u64) -> String {
        let rulings = Arc::new(Rulings::default());
        let renderer = Renderer::new(&CATALOGUE);
        renderer.render(&findings.snapshot(), &rulings, Format::Text, at(now)).text
    }

    #[test]
    fn a_failing_target_reads_like_this() {
        let findings = visited(Item::fail(Confidence::Confirmed, "", "wide open"));
        insta::assert_snapshot!(render(&findings, 120));
    }

    #[test]
    fn an_unvisited_target_is_unknown_and_says_why() {
        let findings = Findings::default();
        findings.expect(&[testing::expected("a \"quoted\\name")]);
        let text = render(&findings, 120);
        let target = r#"target="a \"quoted\\name""#;
        for line in [
            format!("gonogo_verdict{{{target},verdict=\"unknown\"}} 1\n"),
            format!("gonogo_verdict{{{target},verdict=\"go\"}} 0\n"),
            format!(
                "gonogo_check_obstacle{{{target},probe=\"door\",check=\"door-open\",obstacle=\"pending\"}} 1\n"
            ),
        ] {
            assert!(text.contains(&line), "{line}\n{text}");
        }
        assert!(!text.contains("gonogo_last_visit"));
    }

    #[test]
    fn a_stale_target_turns_unknown_without_any_news() {
        let findings = visited(Item::pass("", "shut"));
        let renderer = Renderer::new(&CATALOGUE);
        let rulings = Arc::new(Rulings::default());
        let snapshot = findings.snapshot();
        let at_second = |now| renderer.render(&snapshot, &rulings, Format::Text, at(now));
        assert!(at_second(120).text.contains(r#"verdict="go"} 1"#));
        assert_eq!(at_second(120).holds_until, Some(at(280)));
        assert!(at_second(280).text.contains(r#"verdict="unknown"} 1"#));
    }

    #[test]
    fn counters_and_histograms_are_written_as_both_formats_want_them() {
        let findings = visited(Item::pass("", "shut"));
        let mut snapshot = findings.snapshot();
        let target = Arc::make_mut(&mut snapshot.targets[0]);
        let probe = Arc::make_mut(&mut target.probes[0]);
        let leaf = || vec!["left".to_owned()];
        let of = |name, readings| GaugeReadings { name, readings, left_out: 0 };
        probe.readings = vec![
            of("door_slams_total", vec![Reading::new(leaf(), 3.0)]),
            of("door_slam_seconds", vec![Reading::histogram(leaf(), vec![1, 0, 2], 4.5)]),
            // What an earlier version stored.
            of("door_slam_seconds", vec![Reading::new(leaf(), 1.0)]),
        ];
        probe.readings[0].left_out = 7;
        let rulings = Arc::new(Rulings::default());
        let render = |format| {
            let text = Renderer::new(&CATALOGUE).render(&snapshot, &rulings, format, at(120)).text;
            let lines = text
                .lines()
                .filter(|line| line.contains("door_slam") || line.contains("series_left_out{"));
            lines.collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(render(Format::Text), @r##"
        gonogo_series_left_out{target="shop",probe="door"} 7
        # HELP gonogo_door_slams_total How often the door was slammed.
        # TYPE gonogo_door_slams_total counter
        gonogo_door_slams_total{target="shop",probe="door",leaf="left"} 3
        # HELP gonogo_door_slam_seconds How long the slams were heard.
        # TYPE gonogo_door_slam_seconds histogram
        gonogo_door_slam_seconds_bucket{target="shop",probe="door",leaf="left",le="0.5"} 1
        gonogo_door_slam_seconds_bucket{target="shop",probe="door",leaf="left",le="1.0"} 1
        gonogo_door_slam_seconds_bucket{target="shop",probe="door",leaf="left",le="+Inf"} 3
        gonogo_door_slam_seconds_sum{target="shop",probe="door",leaf="left"} 4.5
        gonogo_door_slam_seconds_count{target="shop",probe="door",leaf="left"} 3
        "##);
        insta::assert_snapshot!(render(Format::OpenMetrics), @r##"
        gonogo_series_left_out{target="shop",probe="door"} 7
        # HELP gonogo_door_slams How often the door was slammed.
        # TYPE gonogo_door_slams counter
        gonogo_door_slams_total{target="shop",probe="door",leaf="left"} 3
        # HELP gonogo_door_slam_seconds How long the slams were heard.
        # TYPE gonogo_door_slam_seconds histogram
        gonogo_door_slam_seconds_bucket{target="shop",probe="door",leaf="left",le="0.5"} 1
        gonogo_door_slam_seconds_bucket{target="shop",probe="door",leaf="left",le="1.0"} 1
        gonogo_door_slam_seconds_bucket{target="shop",probe="door",leaf="left",le="+Inf"} 3
        gonogo_door_slam_seconds_sum{target="shop",probe="door",leaf="left"} 4.5
        gonogo_door_slam_seconds_count{target="shop",probe="door",leaf="left"} 3
        "##);
    }

    #[test]
    fn a_removed_targets_series_vanish() {
        let findings = visited(Item::pass("", "shut"));
        findings.expect(&[testing::expected("other")] as &[Expected]);
        assert!(!render(&findings, 120).contains("shop"));
    }
}
