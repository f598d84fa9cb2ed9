//! The configuration in force, as it may be shown.

use std::fmt::{self, Write as _};

use gonogo_probes::contract::redact::Redactor;

use super::{
    ArmedProbe, Config, TargetConfig, date,
    source::Source,
    words::shown,
    yaml::{self, Node, Value, scalar},
};
use crate::policy::{Attestation, Policy, Required, Waiver};

impl Config {
    /// The configuration in force as YAML: every target with its armed probes, their intervals and
    /// deadlines, and the defaults that were not written. Secrets are references, and whatever looks
    /// like one is taken out.
    #[must_use]
    pub fn redacted(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_redacted(&mut out);
        out
    }

    fn write_redacted(&self, out: &mut String) -> fmt::Result {
        let usual = Redactor::default();
        let clean = |text: &str| usual.clean(text).into_owned();
        write_policy(out, &self.policy)?;
        writeln!(out, "limits:")?;
        writeln!(out, "  visits: {}", self.limits.overall)?;
        writeln!(out, "  visits_per_target: {}", self.limits.per_target)?;
        heading(out, "targets", self.targets.is_empty())?;
        for target in &self.targets {
            write_target(out, target)?;
        }
        heading(out, "waivers", self.waivers.is_empty())?;
        for waiver in &self.waivers {
            write_waiver(out, waiver, &clean)?;
        }
        heading(out, "attestations", self.attestations.is_empty())?;
        for attestation in &self.attestations {
            write_attestation(out, attestation, &clean)?;
        }
        Ok(())
    }
}

/// The entries of a mapping as YAML, but for those in `without`.
pub(super) fn written(node: &Node, without: &[&str]) -> Box<str> {
    let kept = node.entries().unwrap_or_default().iter();
    let kept = kept.filter(|entry| !without.contains(&entry.key.text().unwrap_or_default()));
    let node = Node { span: node.span, value: Value::Mapping(kept.cloned().collect()) };
    let mut out = String::new();
    if node.entries().is_some_and(|entries| !entries.is_empty()) {
        yaml::emit(&mut out, &node, 0, &str::to_owned);
    }
    out.into()
}

fn heading(out: &mut String, key: &str, empty: bool) -> fmt::Result {
    writeln!(out, "{key}:{}", if empty { " []" } else { "" })
}

fn write_policy(out: &mut String, policy: &Policy) -> fmt::Result {
    writeln!(out, "policy:")?;
    writeln!(out, "  go: {}", policy.go)?;
    writeln!(out, "  staged: {}", policy.staged)?;
    writeln!(out, "  coverage: {}", policy.coverage)?;
    writeln!(out, "  max_waiver: {}", shown(policy.max_waiver))?;
    if let Required::Listed(ids) = &policy.required {
        writeln!(out, "  required: [{}]", ids.iter().cloned().collect::<Vec<_>>().join(", "))?;
    }
    writeln!(out, "  unknown: {}", policy.unknown.as_str())?;
    let blocking: Vec<&str> = policy.blocking.iter().map(|impact| impact.as_str()).collect();
    writeln!(out, "  blocking: [{}]", blocking.join(", "))?;
    let weights = policy.impacts.iter().map(|(impact, weight)| (impact.as_str(), *weight));
    writeln!(out, "  weights: {}", flow(weights))?;
    let factors = policy.dimensions.iter().map(|(name, factor)| (name.as_str(), *factor));
    writeln!(out, "  dimensions: {}", flow(factors))?;
    writeln!(out, "  attested: {}", policy.attested_weight)
}

fn flow<'a>(entries: impl Iterator<Item = (&'a str, f64)>) -> String {
    let entries: Vec<String> = entries.map(|(key, value)| format!("{key}: {value}")).collect();
    format!("{{{}}}", entries.join(", "))
}

fn write_target(out: &mut String, target: &TargetConfig) -> fmt::Result {
    let redactor = target.redactor();
    let clean = |text: &str| redactor.clean(text).into_owned();
    writeln!(out, "  - name: {}", scalar(&target.target.name, false))?;
    write_settings(out, &target.settings, 4, &clean);
    let b = &target.budgets;
    writeln!(
        out,
        "    budgets:\n      requests_per_second: {}\n      burst: {}\n      in_flight: {}",
        b.requests_per_second, b.burst, b.in_flight,
    )?;
    if let Some(limit) = b.requests_per_visit {
        writeln!(out, "      requests_per_visit: {limit}")?;
    }
    writeln!(
        out,
        "      body_bytes: {}\n      header_bytes: {}\n      redirects: {}\n      connect_timeout: {}\n      read_timeout: {}",
        b.body_bytes,
        b.header_bytes,
        b.redirects,
        shown(b.connect_timeout),
        shown(b.read_timeout),
    )?;
    out.push_str("    probes:");
    out.push_str(if target.probes.is_empty() && target.disabled.is_empty() {
        " []\n"
    } else {
        "\n"
    });
    for probe in &target.probes {
        write_probe(out, probe, &clean)?;
    }
    target
        .disabled
        .iter()
        .try_for_each(|kind| writeln!(out, "      - {kind}: {{ enabled: false }}"))
}

fn write_probe(
    out: &mut String,
    probe: &ArmedProbe,
    clean: &dyn Fn(&str) -> String,
) -> fmt::Result {
    writeln!(out, "      - {}:", probe.kind.name)?;
    writeln!(out, "          name: {}", scalar(&probe.name, false))?;
    if let Some(interval) = probe.interval {
        writeln!(out, "          interval: {}", shown(interval))?;
    }
    writeln!(out, "          deadline: {}", shown(probe.deadline))?;
    write_settings(out, &probe.settings, 10, clean);
    Ok(())
}

fn write_settings(out: &mut String, settings: &str, indent: usize, clean: &dyn Fn(&str) -> String) {
    let source = Source::new("".as_ref(), settings.to_owned());
    if let (Some(node), _) = yaml::parse(&source, 0)
        && node.entries().is_some()
    {
        let mut lines = String::new();
        yaml::emit(&mut lines, &node, indent, clean);
        // The settings continue a mapping that is open already.
        out.push_str(lines.trim_start_matches('\n'));
    }
}

fn write_waiver(out: &mut String, waiver: &Waiver, clean: &dyn Fn(&str) -> String) -> fmt::Result {
    writeln!(out, "  - check: {}", waiver.check)?;
    writeln!(out, "    target: {}", scalar(waiver.target.as_deref().unwrap_or("*"), false))?;
    if let Some(subject) = &waiver.subject {
        writeln!(out, "    subject: {}", scalar(&clean(subject), false))?;
    }
    writeln!(out, "    reason: {}", scalar(&clean(&waiver.reason), false))?;
    writeln!(out, "    owner: {}", scalar(&clean(&waiver.owner), false))?;
    if let Some(ticket) = &waiver.ticket {
        writeln!(out, "    ticket: {}", scalar(&clean(ticket), false))?;
    }
    writeln!(out, "    expires: {}", date::moment(waiver.expires))
}

fn write_attestation(
    out: &mut String,
    attestation: &Attestation,
    clean: &dyn Fn(&str) -> String,
) -> fmt::Result {
    writeln!(out, "  - statement: {}", scalar(&clean(&attestation.statement), false))?;
    writeln!(out, "    dimension: {}", attestation.dimension)?;
    writeln!(out, "    target: {}", scalar(attestation.target.as_deref().unwrap_or("*"), false))?;
    writeln!(out, "    score: {}", attestation.score)?;
    writeln!(out, "    by: {}", scalar(&clean(&attestation.by), false))?;
    writeln!(out, "    until: {}", date::moment(attestation.until))
}
