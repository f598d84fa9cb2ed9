//! Rules about gonogo itself: without them its silence would read as health.

use std::borrow::Cow;

use super::rule::{Alert, Runbook, Severity};

pub(super) const ALERTS: [Alert; 5] = [
        Alert {
            name: "GonogoScheduleStalled",
            why: "The schedule beats every five seconds whether or not a visit is due.",
            expr: "time() - gonogo_schedule_last_beat_timestamp_seconds > 60",
            hold: Some("5m"),
            keep: None,
            severity: Severity::Warning,
            summary: "{{ $labels.instance }} has stopped making visits.",
            description: Cow::Borrowed("\
The schedule of {{ $labels.instance }} last showed that it is alive {{ $value | humanizeDuration }}
ago. What it reports is getting old, and every verdict turns UNKNOWN. Restart it and keep its log."),
            runbook: Runbook::StatusPage,
        },
        Alert {
            name: "GonogoConfigReloadFailed",
            why: "Over five minutes, so that a scrape that fails does not begin the wait anew.",
            expr: "max_over_time(gonogo_config_last_reload_successful[5m]) == 0",
            hold: Some("10m"),
            keep: None,
            severity: Severity::Warning,
            summary: "{{ $labels.instance }} runs with an old configuration.",
            description: Cow::Borrowed("\
{{ $labels.instance }} could not load its configuration and keeps the one before: changed targets,
waivers and thresholds do not apply. `gonogo serve --config.check` says what is wrong."),
            runbook: Runbook::StatusPage,
        },
        Alert {
            name: "GonogoStateNotWritten",
            why: "",
            expr: "max_over_time(gonogo_state_last_write_successful[5m]) == 0",
            hold: Some("10m"),
            keep: None,
            severity: Severity::Warning,
            summary: "{{ $labels.instance }} cannot write its state.",
            description: Cow::Borrowed("\
{{ $labels.instance }} could not write to its --storage.path: a restart now forgets since when checks
fail and when targets were last GO. See whether the disk is full or the directory not writable."),
            runbook: Runbook::StatusPage,
        },
        Alert {
            name: "GonogoNoTargets",
            why: "The series of a target that is taken out vanish, and its alerts with them.",
            expr: "max without (instance, pod) (gonogo_targets_configured) == 0",
            hold: Some("15m"),
            keep: None,
            severity: Severity::Warning,
            summary: "gonogo has no targets.",
            description: Cow::Borrowed("\
gonogo runs with a configuration that names no target, so that it asks nobody anything. See the
configuration it was last given."),
            runbook: Runbook::StatusPage,
        },
        Alert {
            name: "GonogoAbsent",
            why: "No other rule can fire when the series are gone.",
            expr: "absent(gonogo_build_info)",
            hold: Some("15m"),
            keep: None,
            severity: Severity::Critical,
            summary: "gonogo is gone.",
            description: Cow::Borrowed("\
Prometheus has no series of any gonogo: nothing is asked of any target, and no other alert about
them can fire. See whether gonogo runs (`systemctl status gonogo`) and whether Prometheus scrapes
it (its targets page)."),
            runbook: Runbook::Nowhere,
        },
];
