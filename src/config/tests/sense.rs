//! What a good configuration comes to.

use std::sync::Arc;

use gonogo_probes::contract::{
    Footprint,
    net::{Address, Endpoint},
};

use super::*;
use crate::{
    config::{ArmedProbe, TargetConfig},
    policy::Unknown,
};

const API: &str = "targets:\n  - name: shop\n    url: https://shop.example\n    profile: api\n";

fn only(config: Config) -> TargetConfig {
    config.targets.into_iter().next().expect("a target")
}

fn probe<'a>(target: &'a TargetConfig, name: &str) -> &'a ArmedProbe {
    target.probes.iter().find(|probe| probe.name == name).expect(name)
}

fn names(target: &TargetConfig) -> Vec<&str> {
    target.probes.iter().map(|probe| probe.name.as_str()).collect()
}

#[test]
fn the_designs_example_loads() {
    let config = load_path(Path::new("tests/config/good/design.yaml")).expect("the example");
    let target = only(config);
    assert_eq!(names(&target), ["health", "auth", "cors", "pool", "shutdown", "tls"]);
    assert_eq!(target.allow, [Footprint::Load, Footprint::Disruptive]);
    let settings = target.net_settings("gonogo".to_owned(), Arc::default());
    assert_eq!(settings.origin, Endpoint::tcp("checkout.staging.example", 443));
    assert_eq!(settings.connect_to, [Address::Ip("10.0.0.7:443".parse().expect("an address"))]);
    let clean = settings.redactor.clean("x hunter2-token y").into_owned();
    assert_eq!(clean, "x [redacted] y");
}

#[test]
fn a_profile_arms_what_is_not_mentioned_and_suits() {
    assert_eq!(names(&only(sound(API))), ["health", "tls", "cors"]);
    let plain = API.replace("https", "http");
    assert_eq!(names(&only(sound(&plain))), ["health", "cors"]);
    let mentioned = format!("{API}    probes: [cors, {{health: {{enabled: false}}}}]\n");
    assert_eq!(names(&only(sound(&mentioned))), ["cors", "tls"]);
    let without = API.replace("    profile: api\n", "");
    assert_eq!(names(&only(sound(&without))), [""; 0]);
}

#[test]
fn two_probes_of_a_kind_have_names_of_their_own() {
    let text = format!("{API}    probes: [health, {{health: {{name: orders, ready: /orders}}}}]\n");
    assert_eq!(names(&only(sound(&text))), ["health", "orders", "tls", "cors"]);
}

#[test]
fn an_interval_is_the_probes_then_the_targets_then_the_kinds() {
    let text = format!(
        "{API}    interval: 5s\n    probes: [{{cors: {{interval: 2m, deadline: 1m}}}}, {{shutdown: {{trigger: manual, in_flight: GET /, grace: 1s}}}}]\n"
    );
    let target = only(sound(&text));
    let times = |name| {
        let probe = probe(&target, name);
        (probe.interval.map(|interval| interval.as_secs()), probe.deadline.as_secs())
    };
    assert_eq!(times("cors"), (Some(120), 60));
    assert_eq!(times("health"), (Some(5), 5), "a visit ends before the next begins");
    assert_eq!(times("tls"), (Some(3600), 10), "what is costly keeps its own pace");
    assert_eq!(times("shutdown"), (None, 120), "what is disruptive waits to be asked");
}

#[test]
fn the_net_reaches_what_the_configuration_names_and_no_more() {
    let text = format!(
        "{API}    connect_to: [169.254.1.1:8443, unix:/run/shop.sock]\n    allow_hosts: [cdn.example:443]\n    allow_networks: [10.0.0.0/8]\n    probes: [{{health: {{depends: [db.internal:5432]}}}}]\n"
    );
    let reach = only(sound(&text)).net_settings(String::new(), Arc::default()).allow;
    let shown: Vec<String> = reach.endpoints.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "169.254.1.1:8443",
            "cdn.example:443",
            "db.internal:5432",
            "shop.example:443",
            "unix:/run/shop.sock"
        ]
    );
    let networks: Vec<String> = reach.networks.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["10.0.0.0/8", "169.254.1.1/32"]);
}

#[test]
fn identity_and_fingerprint_tell_what_matters_and_nothing_else() {
    let of = |text: &str| {
        let target = only(sound(text));
        (probe(&target, "health").identity(&target), target.fingerprint)
    };
    let with = |settings: &str| of(&format!("{API}    probes: [{{health: {settings}}}]\n"));
    let (health, net) = with("{ready: /r}");
    assert_eq!(with("{ready: /r, interval: 5s}"), (health, net), "how often is no setting");
    assert_eq!(
        of(&format!("# x\n{API}    probes:\n      - health:\n          ready: /r  # y\n")),
        (health, net)
    );
    assert_ne!(with("{ready: /s}").0, health);
    assert_ne!(with("{ready: /r, headers: {x: {env: CHECKOUT_TOKEN}}}").0, health);
    let (a, b) =
        (with("{headers: {x: {env: CHECKOUT_TOKEN}}}"), with("{headers: {x: {env: WEAK_TOKEN}}}"));
    assert_ne!(a, b);
    let told =
        of(&format!("{API}    revision: {{header: x}}\n    probes: [{{health: {{ready: /r}}}}]\n"));
    assert_eq!(told.0, health);
    assert_ne!(told.1, net);
    let moved = of(&format!(
        "{API}    connect_to: [10.0.0.1:443]\n    probes: [{{health: {{ready: /r}}}}]\n"
    ));
    assert_ne!(moved.0, health, "it may be another system");
    assert_ne!(moved.1, net, "the way there is another");
}

#[test]
fn a_changed_secret_changes_neither_identity_nor_fingerprint() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("gonogo.yaml");
    let text = format!("{API}    probes: [{{health: {{headers: {{x: {{file: token}}}}}}}}]\n");
    std::fs::write(&path, text).expect("a file");
    let fingerprint = |secret: &str| {
        std::fs::write(directory.path().join("token"), secret).expect("a file");
        let target = only(load_path(&path).expect("a configuration"));
        (probe(&target, "health").identity(&target), target.fingerprint)
    };
    let before = fingerprint("one\n");
    assert_eq!(fingerprint("one"), before, "a line break is no part of the secret");
    assert_eq!(fingerprint("two"), before);
}

#[test]
fn trust_is_read_from_files_beside_the_configuration() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("gonogo.yaml");
    let key = rcgen::KeyPair::generate().expect("a key");
    let params =
        rcgen::CertificateParams::new(vec!["shop.example".to_owned()]).expect("parameters");
    let certificate = params.self_signed(&key).expect("a certificate");
    std::fs::write(directory.path().join("c.pem"), certificate.pem()).expect("a file");
    std::fs::write(directory.path().join("k.pem"), key.serialize_pem()).expect("a file");
    let text = format!(
        "{API}    trust: {{ca_file: c.pem, client_cert: c.pem, client_key: k.pem, server_name: shop.internal}}\n"
    );
    std::fs::write(&path, text).expect("a file");
    let config = load_path(&path).expect("a configuration");
    let inputs: Vec<_> =
        config.inputs.paths().map(|p| p.file_name().expect("a name").to_owned()).collect();
    assert_eq!(inputs, ["c.pem", "gonogo.yaml", "k.pem"]);
    let trust = only(config).net_settings(String::new(), Arc::default()).trust;
    assert_eq!(trust.server_name.as_deref(), Some("shop.internal"));
    assert!(
        matches!(trust.roots, gonogo_probes::contract::net::Roots::Listed(list) if list.len() == 1)
    );
    assert_eq!(trust.client.expect("an identity").chain.len(), 1);

    std::fs::write(directory.path().join("k.pem"), "-----BEGIN PRIVATE KEY-----\nhunter2\n")
        .expect("a file");
    let said = load_path(&path).expect_err("a damaged key").to_string();
    assert!(
        said.contains("there is no unencrypted PEM private key") && !said.contains("hunter2"),
        "{said}"
    );
}

#[test]
fn secrets_of_a_target_are_its_own() {
    let text = format!(
        "{API}    probes: [{{auth: {{credentials: {{a: {{bearer: {{env: CHECKOUT_TOKEN}}}}}}}}}}]\n  - name: other\n    url: https://other.example\n"
    );
    let config = sound(&text);
    let of = |i: usize| {
        config.targets[i].secrets.iter().map(|s| s.expose().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of(0), ["hunter2-token"]);
    assert_eq!(of(1), [""; 0]);
}

#[test]
fn a_directory_is_one_configuration() {
    let config = load_path(Path::new("tests/config/good/directory")).expect("a configuration");
    let names: Vec<&str> = config.targets.iter().map(|t| t.target.name.as_str()).collect();
    assert_eq!(names, ["cart", "checkout"]);
    assert_eq!(config.waivers.len(), 2);
    assert!((config.policy.go - 0.9).abs() < f64::EPSILON);
    let position = &config.targets[1].position;
    assert_eq!(
        (position.file.as_ref(), position.line),
        (Path::new("tests/config/good/directory/20-checkout.yml"), 3)
    );
}

#[test]
fn the_policy_says_what_an_unknown_check_does() {
    let unknown = |set: &str| sound(&format!("{API}policy: {{ {set} }}\n")).policy.unknown;
    assert_eq!(unknown("go: 0.9"), Unknown::Hold);
    assert_eq!(unknown("unknown: hold"), Unknown::Hold);
    assert_eq!(unknown("unknown: score"), Unknown::Score);
}

#[test]
fn an_expired_waiver_loads_and_is_reported() {
    let text = format!(
        "{API}waivers:\n  - {{check: cors-any-origin, target: shop, reason: r, owner: o, expires: 2026-11-20}}\n  - {{check: cors-any-origin, target: '*', reason: r, owner: o, expires: 2026-11-21}}\n"
    );
    let config = sound(&text);
    let warnings: Vec<String> = config.warnings(now()).iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["the waiver of `cors-any-origin` on shop expired at 2026-11-21 and changes nothing"]
    );
}

#[test]
fn what_is_shown_of_a_configuration_is_a_configuration_without_secrets() {
    let path = Path::new("tests/config/good/design.yaml");
    let config = load_path(path).expect("the example");
    let shown = config.redacted();
    assert!(!shown.contains("hunter2"), "{shown}");
    let expected = Path::new("tests/config/good/design-redacted.yaml");
    if blesses() {
        std::fs::write(expected, &shown).expect("to write");
    }
    assert_eq!(std::fs::read_to_string(expected).unwrap_or_default(), shown, "BLESS=1 accepts it");
    let again = load_path(expected).expect("a configuration");
    let (before, after) = (&config.targets[0], &again.targets[0]);
    let targets = (before, after);
    for (before, after) in before.probes.iter().zip(&after.probes) {
        assert_eq!(before.identity(targets.0), after.identity(targets.1), "{}", before.name);
        assert_eq!((before.interval, before.deadline), (after.interval, after.deadline));
    }
    assert_eq!(before.probes.len(), after.probes.len());
    assert_eq!(before.fingerprint, after.fingerprint);
    assert_eq!((config.policy, config.waivers), (again.policy, again.waivers));
}

#[test]
fn ten_thousand_targets_load() {
    let target = |i: usize| {
        format!(
            "  - name: t{i}\n    url: https://t{i}.example\n    profile: api\n    labels: {{team: payments}}\n    probes:\n      - health: {{ready: /readyz, live: /livez}}\n      - cors: {{allowed_origins: [https://shop.example], endpoints: [/api/cart]}}\n"
        )
    };
    let text: String =
        std::iter::once("targets:\n".to_owned()).chain((0..10_000).map(target)).collect();
    let config = sound(&text);
    assert_eq!(config.targets.iter().map(|target| target.probes.len()).sum::<usize>(), 30_000);
}

fn warnings(text: &str) -> Vec<String> {
    let warnings = sound(text).warnings(now());
    let place = |warning: &str| warning.split_once("gonogo.yaml:").map(|(_, rest)| rest.to_owned());
    warnings.iter().map(|warning| place(&warning.to_string()).expect("a place")).collect()
}

#[test]
fn a_target_of_which_nothing_is_asked_is_told_with_what_to_write() {
    let example = "name a deployed system: `targets: [{name: shop, url: https://shop.example, profile: api}]`";
    for (text, told) in [
        (
            "targets: []\n".to_owned(),
            format!("1:1: there are no targets: nothing is asked; {example}"),
        ),
        (
            "targets:\n- name: shop\n  url: https://shop.example\n".to_owned(),
            "2:9: `shop` has neither `profile` nor `probes`: nothing is asked of it; write `profile: api` (or web, worker, database), or list what to ask: `probes: [health, tls, auth]`".to_owned(),
        ),
        (
            "targets:\n- name: shop\n  url: https://shop.example\n  probes: []\n".to_owned(),
            "4:11: no probe is listed: nothing is asked of `shop`; write `profile: api` (or web, worker, database), or list what to ask: `probes: [health, tls, auth]`".to_owned(),
        ),
        (
            "targets:\n- name: shop\n  url: https://shop.example\n  profile: database\n".to_owned(),
            "4:12: the profile `database` arms no probe for `https` URLs: nothing is asked of `shop`; list what to ask: `probes: [health, tls, auth]`".to_owned(),
        ),
        (
            "targets:\n- name: shop\n  url: https://shop.example\n  probes: [health: {enabled: false}]\n".to_owned(),
            "4:11: every probe of `shop` is disabled: nothing is asked of it; take `enabled: false` out of one of them, or remove the target".to_owned(),
        ),
    ] {
        assert_eq!(warnings(&text), [told], "{text}");
    }
    assert!(
        warnings("targets: [{name: shop, url: 'https://shop.example', probes: [health]}]\n")
            .is_empty()
    );
}

#[test]
fn a_target_may_speak_something_else_than_http() {
    let target = |url: &str| {
        let text = format!("targets: [{{name: db, url: '{url}', probes: [{{tls: {{}}}}]}}]\n");
        load_text(&text)
    };
    for (url, port) in [
        ("postgres://DB.internal", 5432),
        ("postgresql://db.internal/app", 5432),
        ("rediss://cache.internal/0", 6379),
        ("grpcs://api.internal", 443),
        ("mqtts://[fd00::7]:8884", 8884),
        ("tcp://10.0.0.7:9000", 9000),
    ] {
        let config = target(url).unwrap_or_else(|error| panic!("{error}"));
        let target = &config.targets[0].target;
        assert_eq!(target.port(), Some(port), "{url}");
        assert_eq!(target.host(), target.host().to_lowercase(), "{url}");
    }
    for (url, told) in [
        ("tcp://thing.internal", "write tcp://thing.internal:PORT"),
        ("grpc://api.internal", "write grpc://api.internal:PORT"),
        ("mqtt://broker.internal/topic", "a path, which means nothing to `mqtt`"),
        ("postgres://app:hunter2@db.internal", "a user name or password"),
        ("amqp://queue.internal", "one of https, http, postgres, rediss, redis"),
        ("redis://", "no host"),
        ("redis://a%20b", "not a host name or an address"),
    ] {
        let said = target(url).expect_err("a mistake").to_string();
        assert!(said.contains(told), "{url}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_probe_that_cannot_ask_a_target_is_a_mistake_with_its_place_and_a_suggestion() {
    let said = load_text(
        "targets:\n- name: db\n  url: postgres://db.internal\n  revision: {header: x}\n  probes:\n  - tls\n  - health\n  - auth: {enabled: false}\n",
    );
    let said = said.expect_err("a mistake").to_string();
    for told in [
        "gonogo.yaml:7:5: the probe `health` asks by https, http, and this target speaks postgres",
        "help: of this one, ask `probes: [tls]`; what speaks https is a target of its own",
        "gonogo.yaml:4:13: a revision is asked for by HTTP, and this target speaks postgres",
    ] {
        assert!(said.contains(told), "{said}");
    }
    assert!(said.ends_with("2 mistakes"), "{said}");
    // A profile arms what can ask, and no more.
    let config = sound("targets: [{name: db, url: 'rediss://cache.internal', profile: api}]\n");
    let armed: Vec<&str> = config.targets[0].probes.iter().map(|probe| probe.kind.name).collect();
    assert_eq!(armed, ["tls"]);
}
