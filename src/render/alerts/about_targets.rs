//! Rules about what gonogo finds on targets.

use std::{borrow::Cow, fmt::Write};

use gonogo_probes::contract::{Impact, Kind};

use super::rule::{Alert, Recording, Runbook, Severity, literal};

pub(super) const RECORDINGS: &[Recording] = &[
    Recording {
        record: "target:gonogo_no_go:max",
        why: "Replicas that watch the same target: the worse answer counts, and they are never added up.",
        expr: r#"max without (instance, pod, verdict) (gonogo_verdict{verdict="no_go"})"#,
    },
    Recording {
        record: "target_bound:gonogo_score_ratio:min",
        why: "",
        expr: "min without (instance, pod) (gonogo_score_ratio)",
    },
    Recording {
        record: "target:gonogo_coverage_ratio:min",
        why: "",
        expr: "min without (instance, pod) (gonogo_coverage_ratio)",
    },
    Recording {
        record: "check:gonogo_check_failing:max",
        why: "\
A tentative fail shows in gonogo_check_status and pages nobody. Joined replica by replica: while
one of them is newer, they may disagree on a check's impact.",
        expr: r#"max without (instance, pod, confidence) (
    gonogo_check_confidence{confidence!="tentative"}
  * on (job, instance, target, probe, check) group_left (impact, dimension)
    gonogo_check_info
)"#,
    },
];

pub(super) fn alerts(catalogue: &[Kind]) -> Vec<Alert> {
    let mut alerts = Vec::from(ALERTS);
    alerts.push(check_failing(catalogue));
    alerts.extend(certificate_expires_soon(catalogue));
    alerts
}

const ALERTS: [Alert; 6] = [
    Alert {
        name: "GonogoNoGo",
        why: "",
        expr: "target:gonogo_no_go:max == 1",
        hold: Some("10m"),
        keep: Some("5m"),
        severity: Severity::Warning,
        summary: "{{ $labels.target }} is NO-GO.",
        description: Cow::Borrowed(NO_GO),
        runbook: Runbook::StatusPage,
    },
    Alert {
        name: "GonogoVerdictUnknown",
        why: "",
        expr: r#"max without (instance, pod, verdict) (gonogo_verdict{verdict="unknown"}) == 1"#,
        hold: Some("30m"),
        keep: Some("5m"),
        severity: Severity::Warning,
        summary: "There is no verdict on {{ $labels.target }}.",
        description: Cow::Borrowed(UNKNOWN),
        runbook: Runbook::StatusPage,
    },
    Alert {
        name: "GonogoScoreDropped",
        why: "\
The best the score can be now against the worst it can have been a day ago: an outage of either
day opens the bounds and proves nothing.",
        expr: r#"(target_bound:gonogo_score_ratio:min{bound="low"} offset 1d)
  - ignoring (bound) target_bound:gonogo_score_ratio:min{bound="high"}
> 0.10"#,
        hold: Some("30m"),
        keep: None,
        severity: Severity::Info,
        summary: "The score of {{ $labels.target }} dropped.",
        description: Cow::Borrowed(
            "\
The score of {{ $labels.target }} is at least {{ printf \"%.2f\" $value }} lower than 24 hours ago,
on a scale from 0 to 1. See which checks changed since, and what was deployed.",
        ),
        runbook: Runbook::StatusPage,
    },
    Alert {
        name: "GonogoCoverageLow",
        why: "",
        expr: "target:gonogo_coverage_ratio:min < 0.90",
        hold: Some("1h"),
        keep: None,
        severity: Severity::Info,
        summary: "Too little is known of {{ $labels.target }}.",
        description: Cow::Borrowed(
            "\
Only {{ $value | humanizePercentage }} of what applies to {{ $labels.target }} is known. What is in
the way of the rest is named by gonogo_check_obstacle and on the status page.",
        ),
        runbook: Runbook::StatusPage,
    },
    Alert {
        name: "GonogoVisitsStale",
        why: "\
A probe that never came to an end has no last visit: its checks are unknown, and
GonogoVerdictUnknown speaks for them.",
        expr: "\
max without (instance, pod) (
    (time() - gonogo_last_visit_timestamp_seconds) > 3 * gonogo_visit_interval_seconds
)",
        hold: Some("5m"),
        keep: None,
        severity: Severity::Warning,
        summary: "gonogo no longer visits {{ $labels.target }} with {{ $labels.probe }}.",
        description: Cow::Borrowed(
            "\
The last visit of {{ $labels.probe }} to {{ $labels.target }} ended {{ $value | humanizeDuration }}
ago, which is more than three intervals; its checks are unknown. See gonogo's log, and whether
gonogo_visits_skipped_total rises: then there is more to visit than time to do it.",
        ),
        runbook: Runbook::StatusPage,
    },
    Alert {
        name: "GonogoWaiverExpiresSoon",
        why: "",
        expr: "min without (instance, pod) (gonogo_waiver_expiry_timestamp_seconds) - time() < 7 * 86400",
        hold: None,
        keep: None,
        severity: Severity::Info,
        summary: "A waiver of {{ $labels.check }} on {{ $labels.target }} ends within a week.",
        description: Cow::Borrowed(
            "\
The waiver ends in {{ $value | humanizeDuration }}; from then on the fail counts again. Mend the
fault, or decide anew and write down why.",
        ),
        runbook: Runbook::Check,
    },
];

/// The alert on checks that fail for certain.
fn check_failing(catalogue: &[Kind]) -> Alert {
    Alert {
        name: "GonogoCheckFailing",
        why: "",
        expr: r#"check:gonogo_check_failing:max{impact=~"blocker|high"} == 1"#,
        hold: Some("10m"),
        keep: Some("5m"),
        severity: Severity::Warning,
        summary: "{{ $labels.check }} fails on {{ $labels.target }}.",
        description: fault_in_words(catalogue).into(),
        runbook: Runbook::Check,
    }
}

/// The alert on certificates, if a probe of the catalogue looks at them.
fn certificate_expires_soon(catalogue: &[Kind]) -> Option<Alert> {
    let has = |name| catalogue.iter().flat_map(Kind::gauges).any(|gauge| gauge.name == name);
    let watched = has("tls_certificate_not_before_timestamp_seconds")
        && has("tls_certificate_not_after_timestamp_seconds");
    watched.then(|| Alert {
        name: "GonogoCertificateExpiresSoon",
        why: "\
Of the lifetime, not in days: that fits certificates of 6, 47 and 398 days. Renewal is due with a
third left. The leaf only: an authority's certificate is no concern of ours years ahead.",
        expr: r#"min without (instance, pod) (
    (gonogo_tls_certificate_not_after_timestamp_seconds{position="0"} - time())
  /
    (
        gonogo_tls_certificate_not_after_timestamp_seconds{position="0"}
      - gonogo_tls_certificate_not_before_timestamp_seconds{position="0"}
    )
) < 0.25"#,
        hold: Some("1h"),
        keep: None,
        severity: Severity::Info,
        summary: "The certificate of {{ $labels.host }} is due for renewal.",
        description: "\
The certificate of {{ $labels.host }} has {{ if gt $value 0.0 }}{{ $value | humanizePercentage }} of its
lifetime left{{ else }}ended{{ end }} and has not been renewed. See the renewal's last run, and whether
the server has reloaded its result."
            .into(),
        runbook: Runbook::Page(CERTIFICATE_CHECK),
    })
}

/// What is wrong, for each check that can page, a line each. A check that is newer than the rules is
/// named by its id.
fn fault_in_words(catalogue: &[Kind]) -> String {
    let mut text = "On {{ $labels.target }},\n".to_owned();
    let mut clause = "{{ if";
    for check in catalogue.iter().flat_map(Kind::checks) {
        if matches!(check.impact, Impact::Blocker | Impact::High) {
            let fault = literal(check.fault);
            let _ = writeln!(text, "{clause} eq $labels.check \"{}\" -}}}} {fault}", check.id);
            clause = "{{- else if";
        }
    }
    text.push_str(if clause == "{{ if" {
        "a check fails"
    } else {
        "{{- else -}} a check fails\n{{- end }}"
    });
    text.push_str(
        " ({{ $labels.check }}, impact {{ $labels.impact }}).\n\
         `gonogo explain {{ $labels.check }}` says why it matters and how to mend it.",
    );
    text
}

/// Says how renewal is mended.
const CERTIFICATE_CHECK: &str = "tls-certificate-expiring";

const NO_GO: &str = r#"{{ $labels.target }} has had the verdict NO-GO for 10 minutes: release gates hold it back.
{{ with printf "max by (check) (check:gonogo_check_failing:max{target=%q, impact=~\"blocker|high\"})"
$labels.target | query -}} Failing: {{ range $i, $it := sortByLabel "check" . }}{{ if $i }}, {{ end }}
{{- $it.Labels.check }}{{ end }}.{{ else -}} No check of impact blocker or high fails; the score is too
low.{{ end }}"#;

const UNKNOWN: &str = r#"For 30 minutes nobody could say whether {{ $labels.target }} is fit for use: release gates hold
it back.
{{ with printf "topk(5, max by (cause) (gonogo_checks_waiting{target=%q}))" $labels.target | query -}}
{{ range $i, $it := sortByLabel "cause" . }}{{ if $i }}, {{ end }}{{ $it.Value }} {{ if eq $it.Value 1.0 }}check waits
for: {{ else }}checks wait for: {{ end }}{{ $it.Labels.cause }}{{ end }}.{{ end }}"#;
