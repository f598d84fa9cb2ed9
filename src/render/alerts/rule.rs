//! One rule, and how it is written as YAML.

use std::{borrow::Cow, fmt::Write};

/// A series that is worth computing once.
#[derive(Debug)]
pub(super) struct Recording {
    /// `level:metric:operation`.
    pub(super) record: &'static str,
    /// Why it is as it is.
    pub(super) why: &'static str,
    /// The expression.
    pub(super) expr: &'static str,
}

/// An alert.
#[derive(Debug)]
pub(super) struct Alert {
    /// In camel case.
    pub(super) name: &'static str,
    /// Why it is as it is.
    pub(super) why: &'static str,
    /// The expression.
    pub(super) expr: &'static str,
    /// How long it must hold.
    pub(super) hold: Option<&'static str>,
    /// How long it must not hold before the alert ends, where scrapes that fail would end it.
    pub(super) keep: Option<&'static str>,
    /// How bad it is.
    pub(super) severity: Severity,
    /// One line that stays the same while the alert lasts.
    pub(super) summary: &'static str,
    /// What happened, who is hurt and what to do first; lines are joined by spaces.
    pub(super) description: Cow<'static, str>,
    /// Where to read on.
    pub(super) runbook: Runbook,
}

/// How bad an alert is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Severity {
    /// Somebody should know.
    Info,
    /// Somebody should act.
    Warning,
    /// Nobody is watching any more.
    Critical,
}

/// Where whoever gets an alert reads on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Runbook {
    /// The page of the check in the alert's labels.
    Check,
    /// The page of this check.
    Page(&'static str),
    /// The status page.
    StatusPage,
    /// Nowhere: gonogo's pages are gone with it, and the description must do.
    Nowhere,
}

impl Recording {
    pub(super) fn write(&self, file: &mut String) {
        comment(file, self.why);
        let _ = writeln!(file, "      - record: {}", self.record);
        expression(file, self.expr);
    }
}

impl Alert {
    pub(super) fn write(&self, file: &mut String, external_url: &str) {
        comment(file, self.why);
        let _ = writeln!(file, "      - alert: {}", self.name);
        expression(file, self.expr);
        for (key, duration) in [("for", self.hold), ("keep_firing_for", self.keep)] {
            if let Some(duration) = duration {
                let _ = writeln!(file, "        {key}: {duration}");
            }
        }
        let severity = match self.severity {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        };
        let _ = write!(
            file,
            "        labels:\n          severity: {severity}\n        annotations:\n          \
             summary: \"{}\"\n          description: >-\n",
            self.summary
        );
        for line in self.description.lines() {
            let _ = writeln!(file, "            {line}");
        }
        let page = match self.runbook {
            Runbook::Check => "checks/{{ $labels.check }}".to_owned(),
            Runbook::Page(check) => format!("checks/{check}"),
            Runbook::StatusPage => String::new(),
            Runbook::Nowhere => return,
        };
        let _ = writeln!(file, "          runbook_url: \"{external_url}/{page}\"");
    }
}

/// Text that Prometheus shall not read as a template.
pub(super) fn literal(text: &str) -> String {
    text.replace("{{", r#"{{ "{{" }}"#)
}

fn comment(file: &mut String, why: &str) {
    for line in why.lines() {
        let _ = writeln!(file, "      # {line}");
    }
}

fn expression(file: &mut String, expr: &str) {
    file.push_str("        expr: |-\n");
    for line in expr.lines() {
        let _ = writeln!(file, "          {line}");
    }
}
