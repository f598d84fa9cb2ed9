//! What must hold for every check, whoever wrote it, and that what is rendered from the catalogue is
//! fresh: `BLESS=1 cargo test --test gonogo catalogue` renders it anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use gonogo::render::{alerts, readme};
use gonogo_probes::{
    CATALOGUE,
    contract::{Check, FAMILIES, Kind, NumberKind},
};

#[test]
fn no_id_is_used_twice() {
    let mut seen = BTreeSet::new();
    for check in checks() {
        assert!(seen.insert(check.id), "{} is declared twice", check.id);
    }
}

#[test]
fn every_folder_is_a_probe_or_a_room() {
    let folders: BTreeSet<String> = entries(&root("probes"))
        .filter(|path| path.is_dir() && !path.ends_with("target"))
        .map(|path| name(&path))
        .filter(|folder| !ROOMS.contains(&folder.as_str()))
        .collect();
    let kinds = CATALOGUE.iter().map(|kind| kind.name.to_owned()).collect();
    assert_eq!(
        folders, kinds,
        "folders of probes/ on the left, rows of the catalogue on the right"
    );
}

#[test]
fn every_probe_has_the_same_floor_plan() {
    let mut missing = Vec::new();
    for kind in CATALOGUE {
        let folder = root("probes").join(kind.name);
        let has = |name: &str| {
            folder.join(format!("{name}.rs")).is_file()
                || folder.join(name).join("mod.rs").is_file()
        };
        for part in ["settings", "evidence", "observe", "checks", "specimens", "tests"] {
            if !has(part) {
                missing.push(format!("{}/{part}", kind.name));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_check_is_declared_in_the_file_its_id_names() {
    let mut declared = BTreeMap::new();
    for kind in CATALOGUE {
        for file in sources(&root("probes").join(kind.name)) {
            for id in declared_in(&fs::read_to_string(&file).expect("a source file")) {
                declared.insert(id, file.clone());
            }
        }
    }
    let named = CATALOGUE.iter().flat_map(|kind| {
        let folder = root("probes").join(kind.name).join("checks");
        kind.checks().into_iter().map(move |check| {
            let fault = &check.id[kind.name.len() + 1..];
            (check.id.to_owned(), folder.join(format!("{}.rs", fault.replace('-', "_"))))
        })
    });
    assert_eq!(declared, named.collect());
}

/// Arrows between rooms never lead back: a probe stands on what it shares with others, never the other
/// way round, and no two probes on each other.
#[test]
fn no_rooms_of_the_probes_depend_on_each_other() {
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let rooms: BTreeSet<String> = entries(&root("probes"))
        .filter(|path| path.is_dir() && !path.ends_with("target"))
        .map(|path| name(&path))
        .collect();
    for room in &rooms {
        for file in sources(&root("probes").join(room)) {
            let is_for_tests = file.with_extension("").components().any(|part| {
                ["fixture", "tests", "specimen", "specimens"]
                    .iter()
                    .any(|name| part.as_os_str() == *name)
            });
            if is_for_tests {
                continue;
            }
            let text = fs::read_to_string(&file).expect("a source file");
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            for other in &rooms {
                let named = code.contains(&format!("crate::{other}::"))
                    || uses(code).any(|block| {
                        block.lines().any(|line| line.starts_with(&format!("    {other}::")))
                    });
                if other != room && named {
                    arrows.entry(room.clone()).or_default().insert(other.clone());
                }
            }
        }
    }
    let mut left = arrows;
    loop {
        let free: Vec<String> =
            rooms.iter().filter(|room| !left.contains_key(*room)).cloned().collect();
        let before = left.len();
        left.retain(|_, others| {
            others.retain(|other| !free.contains(other));
            !others.is_empty()
        });
        if left.len() == before {
            break;
        }
    }
    assert!(left.is_empty(), "these depend on each other in a circle: {left:?}");
}

/// The grouped imports of a file, `use crate::{ … };` each.
fn uses(code: &str) -> impl Iterator<Item = &str> {
    code.split("use crate::{\n").skip(1).filter_map(|rest| rest.split("\n};").next())
}

#[test]
fn every_text_can_be_read_by_whoever_is_paged() {
    let mut complaints = Vec::new();
    let mut complain = |id: &str, what: &str| complaints.push(format!("{id}: {what}"));
    for check in checks() {
        if !is_clause(check.fault) {
            complain(check.id, "`fault` is a lower-case clause without a full stop");
        }
        for (field, text) in [("why", check.why), ("how", check.how), ("fix", check.fix)] {
            if !is_prose(text) {
                complain(check.id, &format!("`{field}` is made of sentences"));
            }
        }
        if check.sources.is_empty()
            || check.sources.iter().any(|s| s.is_empty() || s.ends_with('.'))
        {
            complain(check.id, "`sources` names at least one, each without a full stop");
        }
    }
    for kind in CATALOGUE {
        if !is_prose(kind.about) {
            complain(kind.name, "`ABOUT` is a sentence");
        }
        for gauge in kind.gauges() {
            if !is_prose(gauge.help) {
                complain(gauge.name, "`help` is a sentence");
            }
        }
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn gauges_are_named_as_prometheus_wants_them() {
    for (kind, gauge) in CATALOGUE.iter().flat_map(|k| k.gauges().into_iter().map(move |g| (k, g)))
    {
        let mut owners = FAMILIES.iter().copied().chain([kind.name]);
        let is_owned = owners
            .any(|owner| gauge.name.strip_prefix(owner).is_some_and(|rest| rest.starts_with('_')));
        assert!(is_owned, "{} does not start with its probe or a shared family", gauge.name);
        let is_counter = gauge.kind == NumberKind::Counter;
        assert_eq!(gauge.name.ends_with("_total"), is_counter, "{}", gauge.name);
        let name = gauge.name.strip_suffix("_total").unwrap_or(gauge.name);
        let last = name.rsplit('_').next().unwrap_or_default();
        assert!(!NO_UNIT.contains(&last), "{}: {last} is no base unit, or reserved", gauge.name);
        for label in &gauge.labels {
            assert!(!TAKEN.contains(label), "{}: the label {label} is taken", gauge.name);
        }
    }
}

#[test]
fn a_shared_number_is_declared_the_same_everywhere() {
    let mut known = BTreeMap::new();
    for gauge in CATALOGUE.iter().flat_map(Kind::gauges) {
        if let Some(other) = known.insert(gauge.name, gauge.clone()) {
            assert_eq!(other, gauge, "two probes declare it differently");
        }
        if let NumberKind::Histogram(bounds) = gauge.kind {
            assert!(!bounds.is_empty() && bounds.is_sorted_by(|a, b| a < b), "{}", gauge.name);
        }
    }
}

#[test]
fn a_probe_explains_by_its_own_checks() {
    for kind in CATALOGUE {
        for explains in kind.explains {
            let is_own = kind.checks().iter().any(|check| check.id == explains.check);
            assert!(is_own, "{} is no check of {}", explains.check, kind.name);
            assert!(!explains.obstacles.is_empty(), "{}", explains.check);
        }
    }
}

#[test]
fn no_id_is_ever_forgotten() {
    let path = root("probes/ids.txt");
    let shipped = fs::read_to_string(&path).unwrap_or_default();
    let (head, mut known) = (head(&shipped), ids(&shipped));
    if is_blessing() {
        for check in checks() {
            known.entry(check.id.to_owned()).or_default();
        }
        let lines =
            known.iter().map(|(id, fate)| format!("{id} {fate}").trim_end().to_owned() + "\n");
        fs::write(&path, head + &lines.collect::<String>()).expect("the list of ids");
    }
    let alive: BTreeSet<&str> =
        known.iter().filter(|(_, fate)| fate.is_empty()).map(|(id, _)| id.as_str()).collect();
    let declared: BTreeSet<&str> = checks().map(|check| check.id).collect();
    let gone: Vec<_> = alive.difference(&declared).collect();
    assert!(gone.is_empty(), "ids are for ever; say in probes/ids.txt what became of {gone:?}");
    let new: Vec<_> = declared.difference(&alive).collect();
    assert!(new.is_empty(), "not in probes/ids.txt as alive: {new:?}; BLESS=1 adds new ones");
}

#[test]
fn every_page_is_fresh() {
    let probes = root("probes");
    let mut pages = vec![(probes.join("README.md"), readme::index(CATALOGUE))];
    for kind in CATALOGUE {
        pages.push((probes.join(kind.name).join("README.md"), readme::page(kind)));
    }
    for (path, page) in pages {
        assert_fresh(&path, &page);
    }
}

#[test]
fn the_shipped_rules_are_fresh() {
    let rules = alerts::rules(CATALOGUE, "http://localhost:10466");
    assert_fresh(&root("deploy/prometheus/gonogo.rules.yml"), &rules);
}

#[test]
fn every_file_says_first_what_it_is_for() {
    for file in ["src", "probes", "tests"].iter().flat_map(|folder| sources(&root(folder))) {
        let text = fs::read_to_string(&file).expect("a source file");
        let first = text.lines().find(|line| !line.starts_with("#![")).unwrap_or_default();
        assert!(first.starts_with("//! ") && first.len() > 10, "{}: {first}", file.display());
    }
}

fn checks() -> impl Iterator<Item = &'static Check> {
    CATALOGUE.iter().flat_map(Kind::checks)
}

/// Ids that a source file declares.
fn declared_in(text: &str) -> Vec<String> {
    let ids =
        text.lines().filter_map(|line| line.trim().strip_prefix("id: \"")?.strip_suffix("\","));
    ids.map(str::to_owned).collect()
}

fn is_clause(text: &str) -> bool {
    let mut letters = text.chars();
    let (first, second) = (letters.next(), letters.next());
    // A name in capitals may come first: "TLS 1.0 is accepted".
    let opens_small = first.is_some_and(|letter| !letter.is_uppercase())
        || second.is_some_and(|letter| !letter.is_lowercase());
    opens_small && !text.ends_with(['.', '!', '?']) && is_plain(text)
}

fn is_prose(text: &str) -> bool {
    text.ends_with('.') && text.chars().next().is_some_and(|l| !l.is_lowercase()) && is_plain(text)
}

/// Whether a terminal, a table and a template can all show the text.
fn is_plain(text: &str) -> bool {
    !text.contains(['\n', '\t', '\u{2013}', '\u{2014}'])
        && !text.contains("  ")
        && text.trim() == text
}

/// What stands before the first id.
fn head(list: &str) -> String {
    list.lines().take_while(|line| line.starts_with('#')).flat_map(|line| [line, "\n"]).collect()
}

/// Ids, each with what became of it: nothing while it is alive.
fn ids(list: &str) -> BTreeMap<String, String> {
    let lines = list.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| line.split_once(' ').unwrap_or((line, "")))
        .map(|(id, fate)| (id.to_owned(), fate.to_owned()))
        .collect()
}

/// Compares a committed file with what it is rendered to; writes it when blessing.
fn assert_fresh(path: &Path, text: &str) {
    if is_blessing() {
        fs::write(path, text).expect("a file of the repository");
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == text,
        "{} is stale; render it with BLESS=1 cargo test --test gonogo catalogue",
        path.display()
    );
}

#[expect(clippy::disallowed_methods, reason = "how whoever runs the tests asks for rendering")]
fn is_blessing() -> bool {
    std::env::var_os("BLESS").is_some()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in entries(folder) {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of the repository");
    entries.map(|entry| entry.expect("an entry").path())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What several probes stand on.
const ROOMS: [&str; 4] = ["contract", "observatory", "web", "wire"];

/// Ends of metric names that are not base units, or that Prometheus gives a meaning of its own.
const NO_UNIT: [&str; 15] = [
    "bits",
    "bucket",
    "count",
    "days",
    "hours",
    "kilobytes",
    "megabytes",
    "microseconds",
    "milliseconds",
    "minutes",
    "ms",
    "percent",
    "seconds_total",
    "sum",
    "total",
];

/// Labels that every series of ours has, or that Prometheus and its operator set.
const TAKEN: [&str; 9] =
    ["container", "endpoint", "instance", "job", "le", "namespace", "pod", "probe", "target"];
