//! Shapes of texts that come from the inside: exceptions, traces, errors of drivers, credentials.

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use super::{Context, has_word};
use crate::contract::Confidence;

/// A shape, and what it is a sign of.
pub(super) struct Shape {
    pub(super) what: &'static str,
    pub(super) sure: Confidence,
    pub(super) regex: Regex,
    /// Whether what has the shape is what it looks like.
    pub(super) holds: fn(&Context<'_>) -> bool,
}

/// Which of [`SHAPES`] a text has.
pub(super) static SET: LazyLock<RegexSet> = LazyLock::new(|| {
    let patterns = TABLE.iter().map(|(.., pattern)| *pattern);
    RegexSetBuilder::new(patterns).unicode(false).build().expect("each is tested to compile")
});

pub(super) static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(|| {
    let shape = |&(what, sure, holds, pattern): &Row| Shape {
        what,
        sure,
        holds,
        regex: RegexBuilder::new(pattern)
            .unicode(false)
            .build()
            .expect("each is tested to compile"),
    };
    TABLE.iter().map(shape).collect()
});

type Row = (&'static str, Confidence, fn(&Context<'_>) -> bool, &'static str);

fn always(_: &Context<'_>) -> bool {
    true
}

/// A path under a key for addresses is one of the service's own, and so is the one that was asked for.
fn is_file(context: &Context<'_>) -> bool {
    let found = &context.text[context.found.clone()];
    let path = found.trim_start_matches(|c: char| c != '/' && !c.is_ascii_alphabetic());
    let addressed = has_word(context.keys, ADDRESSES);
    !(addressed || path == context.url.path() || path.contains('{'))
}

const ADDRESSES: &[&str] = &[
    "endpoint",
    "endpoints",
    "href",
    "instance",
    "link",
    "links",
    "route",
    "routes",
    "self",
    "uri",
    "url",
    "urls",
];

/// Exceptions and traces by the runtimes' own formats; errors by the sources of their drivers;
/// credentials by their issuers' documentation. ASCII alone, and nothing that is counted is long.
const TABLE: &[Row] = &[
    (
        "an exception",
        Confidence::Confirmed,
        always,
        // A qualified class name of Java, Kotlin or .NET; a Python module's; PHP's with backslashes.
        r"\b(?:[A-Za-z_][A-Za-z0-9_$]*[.\\])+[A-Z][A-Za-z0-9_$]*(?:Exception|Error)\b",
    ),
    (
        "a stack trace",
        Confidence::Confirmed,
        always,
        r"Traceback \(most recent call last\)|(?:^|\\n|\n)\s+at [A-Za-z0-9_$.<>/\[\]: -]+\(|goroutine \d+ \[|\b[A-Za-z0-9_./-]+\.(?:[cm]?[jt]s|py|rb|go|rs|php|java|kt|cs|exs?):\d+\b|\bthread '[^']*' panicked at|\.rb:\d+:in |\.php on line \d+|called `(?:Result|Option)::",
    ),
    (
        "an error of a driver",
        Confidence::Confirmed,
        always,
        r#"\bSQLSTATE\b|\b(?:ORA|TNS|PLS)-\d{5}\b|password authentication failed for user|no pg_hba\.conf entry|too many clients already|remaining connection slots are reserved|the database system is (?:starting up|shutting down|in recovery mode)|\bpq: [a-z]|\bFATAL: |PG::[A-Z]\w+|Access denied for user '|Unknown database '|Communications link failure|Can't connect to (?:local )?(?:MySQL|MariaDB|server)|\bER_[A-Z]+_[A-Z_]+\b|Login failed for user '|Mongo[A-Za-z]*Error\b|Mongo[A-Za-z]*Exception\b|E11000 duplicate key|\bSQLITE_(?:ERROR|BUSY|CANTOPEN|CONSTRAINT)\b|\b(?:WRONGPASS|NOAUTH|MISCONF|LOADING Redis)\b|HikariPool-\d+ - |Prisma[A-Za-z]*Error|Sequelize[A-Za-z]*Error|error returned from database: |relation \\?"[^"]+" does not exist"#,
    ),
    (
        "an error of the network",
        Confidence::Firm,
        always,
        r"\bE(?:CONNREFUSED|NOTFOUND|HOSTUNREACH|TIMEDOUT|CONNRESET|AI_AGAIN|PIPE)\b|\bdial (?:tcp|udp|unix)\b|\bgetaddrinfo\b|: no such host\b|\(os error \d+\)|could not (?:connect to server|translate host name)|Name or service not known|Temporary failure in name resolution|nodename nor servname provided|Failed to establish a new connection|\[Errno -?\d+\]|AMQP connection|connect\(\) failed",
    ),
    (
        "a connection string",
        Confidence::Confirmed,
        always,
        r#"(?i)\b(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|nats|sqlserver|mssql|clickhouse|ldaps?)://[^\s"]{3}|\bjdbc:[a-z0-9]+:[^\s"]{3}|\b(?:server|data source|host)=[^;\s"]+[; ][^"]*\b(?:database|initial catalog|dbname|user(?: id)?|uid)=|\b[a-z][a-z0-9+.-]*://[^\s:/@"'<>]+:[^\s@/"'<>]+@"#,
    ),
    (
        "a credential",
        Confidence::Confirmed,
        always,
        r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[0-9A-Za-z_-]{35}\b|\bgh[pousr]_[0-9A-Za-z]{20}|\bgithub_pat_[0-9A-Za-z_]{20}|\bglpat-[0-9A-Za-z_-]{20}|\bxox[abeprs]-[0-9A-Za-z-]{10}|\b[sr]k_live_[0-9A-Za-z]{16}|\bSG\.[0-9A-Za-z_-]{16}|\bnpm_[0-9A-Za-z]{36}\b|\beyJ[A-Za-z0-9_-]{10}[A-Za-z0-9_-]*\.eyJ[A-Za-z0-9_-]+\.|-----BEGIN (?:[A-Z0-9]+ )?PRIVATE KEY-----",
    ),
    (
        "a file path",
        Confidence::Firm,
        is_file,
        r#"(?:^|["'\s(=])(?:/(?:app|home|var|usr|opt|srv|etc|root|tmp|data|mnt|workspace|Users)/[A-Za-z0-9_.{-]|[A-Z]:\\\\?[A-Za-z])[^\s"']*"#,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_compiles_and_is_asked_for_by_its_place() {
        assert_eq!(SET.len(), SHAPES.len());
        assert!(SET.patterns().iter().zip(SHAPES.iter()).all(|(a, b)| a == b.regex.as_str()));
    }
}
