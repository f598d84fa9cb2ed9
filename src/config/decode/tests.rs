//! Every mistake of a value is found, and nothing that merely follows from one.

use std::{collections::BTreeMap, ffi::OsString};

use gonogo_probes::contract::setting::{Dur, Secret, Text};
use serde::Deserialize;

use super::*;
use crate::config::{files::Files, mistake::Mistakes, source::Source, yaml};

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only whether they decode matters")]
struct Settings {
    path: String,
    every: Dur,
    size: u16,
    #[serde(default)]
    strict: bool,
    #[serde(default)]
    inner: Vec<Inner>,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    headers: BTreeMap<String, Text>,
    token: Option<Secret>,
    #[serde(default)]
    any: serde_json::Value,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only whether they decode matters")]
struct Inner {
    port: u16,
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only whether they decode matters")]
enum Mode {
    #[default]
    Fast,
    Slow {
        wait: Dur,
        factor: f64,
    },
    Custom(String),
}

fn environment(name: &str) -> Option<OsString> {
    match name {
        "TOKEN" => Some("hunter2".into()),
        "EMPTY" => Some("".into()),
        _ => None,
    }
}

fn with<T>(text: &str, see: impl FnOnce(Option<Settings>, &Vault<'_>, String) -> T) -> T {
    let sources = vec![Source::new("s.yaml".as_ref(), text.to_owned())];
    let (node, mut mistakes) = yaml::parse(&sources[0], 0);
    let files = Files::default();
    let vault = Vault::new(&files, &sources, &environment);
    let settings = decode(&node.expect("a document"), &vault, &mut mistakes);
    let shown = Mistakes::new(mistakes, vec![Source::new("s.yaml".as_ref(), text.to_owned())]);
    let lines = shown.to_string();
    let heads: Vec<&str> = lines.lines().filter(|line| line.starts_with("s.yaml:")).collect();
    let heads = heads.join("\n").replace("s.yaml:", "");
    see(settings, &vault, heads)
}

fn mistakes(text: &str) -> String {
    with(text, |settings, _, mistakes| {
        assert!(settings.is_none());
        mistakes
    })
}

fn sound(text: &str) -> Settings {
    with(text, |settings, _, mistakes| {
        assert_eq!(mistakes, "");
        settings.expect("settings")
    })
}

const FINE: &str = "path: /x\nevery: 5s\nsize: 1\n";

#[test]
fn text_is_taken_as_it_is_written() {
    let settings =
        sound("path: 1.20\nevery: 5s\nsize: 0x10\nheaders: {a: 1.20, b: yes, c: true}\n");
    assert_eq!((settings.path.as_str(), settings.size), ("1.20", 16));
    let headers: Vec<String> =
        settings.headers.values().map(|text| text.expose().to_owned()).collect();
    assert_eq!(headers, ["1.20", "yes", "true"]);
}

#[test]
fn every_mistake_is_found_in_one_go_and_in_order() {
    let said = mistakes(
        "every: 5\nstrict: yes\npth: /x\ninner:\n  - {port: 70000}\n  - {name: [x], prot: 1}\nmode: {slow: {factor: x}}\n",
    );
    let expected = [
        "1:1: the key `size` is missing",
        "1:8: the duration `5` has no unit; write it with its unit, like 500ms, 30s, 5m, 1h 30m or 21d",
        "2:9: expected true or false, found `yes`",
        "3:1: unknown key `pth`",
        "5:5: the key `name` is missing",
        "5:12: expected a whole number from 0 to 65535, found `70000`",
        "6:12: expected text, found a list",
        "6:17: unknown key `prot`",
        "7:14: the key `wait` is missing",
        "7:23: expected a number, found `x`",
    ];
    assert_eq!(said, expected.join("\n"));
}

#[test]
fn nothing_that_follows_from_a_mistake_is_reported() {
    assert_eq!(mistakes("path: []\nevery: 5s\nsize: 1\n"), "1:7: expected text, found a list");
    let said = mistakes("path: /x\nevery: 5s\nsize: 1\nmode: slwo\n");
    assert_eq!(said, "4:7: expected `fast`, `slow` or `custom`, found `slwo`");
    let said = mistakes(&format!("{FINE}mode: {{fast: 1}}\n"));
    assert_eq!(said, "4:14: `fast` takes no value; write it alone");
    let said = mistakes(&format!("{FINE}mode: custom\n"));
    assert_eq!(said, "4:7: `custom` needs a value: text");
}

#[test]
fn a_secret_goes_only_to_a_type_that_asks_for_one() {
    let text = format!(
        "{FINE}token: {{env: TOKEN}}\nheaders: {{x: {{env: TOKEN}}}}\nany: {{env: OTHER}}\n"
    );
    with(&text, |settings, vault, mistakes| {
        assert_eq!(mistakes, "");
        let settings = settings.expect("settings");
        assert_eq!(
            settings.token.as_ref().map(|token| token.expose().to_owned()).as_deref(),
            Some("hunter2")
        );
        assert!(settings.headers["x"].secret().is_some());
        assert_eq!(&*settings.headers["x"].expose(), "hunter2");
        assert_eq!(settings.any, serde_json::json!({"env": "OTHER"}));
        let secrets = vault.take();
        assert_eq!(secrets.len(), 2);
        secrets[0].replace("swordfish".into());
        let token = settings.token.expect("a token");
        assert_eq!(&*token.expose(), "swordfish", "what is told is what was decoded");
        assert_eq!(&*settings.headers["x"].expose(), "hunter2");
    });
    let said = mistakes(&format!("{FINE}mode: {{custom: {{env: TOKEN}}}}\n"));
    assert_eq!(said, "4:16: expected text, found a mapping");
}

#[test]
fn a_secret_that_cannot_be_had_is_named_and_never_shown() {
    for (token, said) in [
        (
            "{env: NONE}",
            "4:14: the secret `token` cannot be read: the environment variable `NONE` is not set",
        ),
        (
            "{env: EMPTY}",
            "4:14: the secret `token` cannot be read: the environment variable `EMPTY` is empty",
        ),
        ("hunter2", "4:8: a secret is never written here"),
        ("{evn: TOKEN}", "4:8: a secret is written {env: NAME} or {file: PATH}"),
        ("{env: A, file: b}", "4:8: a secret is written {env: NAME} or {file: PATH}"),
    ] {
        assert_eq!(mistakes(&format!("{FINE}token: {token}\n")), said);
    }
    let said = mistakes(&format!("{FINE}headers: {{x: {{file: none.txt}}}}\n"));
    assert!(
        said.starts_with(
            "4:21: the secret `headers.x` cannot be read: cannot read the file `none.txt`: No such"
        ),
        "{said}"
    );
}

#[test]
fn what_was_put_wrong_keeps_its_own_place_behind_type_erasure() {
    let text = "path: /x\nevery: 5\nsize: 1\nmdoe: fast\n";
    let sources = vec![Source::new("s.yaml".as_ref(), text.to_owned())];
    let (node, mut mistakes) = yaml::parse(&sources[0], 0);
    let files = Files::default();
    let vault = Vault::new(&files, &sources, &environment);
    let settings =
        decode_by(&node.expect("a document"), &["name"], &vault, &mut mistakes, |from| {
            let mut erased = <dyn erased_serde::Deserializer<'_>>::erase(from);
            erased_serde::deserialize::<Settings>(&mut erased).map_err(drop)
        });
    assert!(settings.is_none());
    let shown = Mistakes::new(mistakes, sources).to_string();
    assert!(shown.contains("s.yaml:2:8: the duration `5`"), "{shown}");
    assert!(
        shown.contains("s.yaml:4:1: unknown key `mdoe`") && shown.contains("did you mean `mode`?"),
        "{shown}"
    );
    assert!(shown.ends_with("2 mistakes"), "{shown}");
}
