//! Settings as an operator writes them.

use serde_json::{Value, json};

use super::kind;
use crate::{
    contract::{Armed, Target, net::Endpoint},
    tls::Tls,
};

fn wrong(settings: Value) -> String {
    serde_json::from_value::<Tls>(settings).expect_err("a mistake").to_string()
}

fn target(url: &str) -> Target {
    Target {
        name: "shop".to_owned(),
        url: url.parse().expect("a URL"),
        profile: None,
        labels: std::collections::BTreeMap::new(),
    }
}

#[test]
fn nothing_need_be_set() {
    let tls: Tls = serde_json::from_value(json!({})).expect("settings");
    assert!(Armed::endpoints(&tls, &target("https://shop.example/")).is_empty());
    assert!(Armed::mistakes(&tls, &target("https://shop.example/")).is_empty());
}

#[test]
fn another_address_may_be_called() {
    let settings = json!({ "address": "broker.example:8883", "renew_before": "30d" });
    let tls: Tls = serde_json::from_value(settings).expect("settings");
    let target = target("http://shop.example/");
    assert_eq!(Armed::endpoints(&tls, &target), [Endpoint::tcp("broker.example", 8883)]);
    assert!(Armed::mistakes(&tls, &target).is_empty());
}

#[test]
fn a_target_without_tls_needs_an_address() {
    let mistakes = Armed::mistakes(&Tls::default(), &target("http://shop.example/"));
    assert_eq!(mistakes[0].path, ["address"]);
    assert!(mistakes[0].message.contains("host:port"), "{}", mistakes[0].message);
    assert!(!kind().suits(&target("http://shop.example/")));
    assert!(kind().suits(&target("https://shop.example/")));
}

#[test]
fn what_speaks_no_http_is_asked_for_tls_as_it_begins() {
    let mistakes = |settings: Value, url| {
        let tls: Tls = serde_json::from_value(settings).expect("settings");
        let mistakes = Armed::mistakes(&tls, &target(url));
        mistakes.into_iter().map(|it| (it.path.join("."), it.message)).collect::<Vec<_>>()
    };
    for url in ["rediss://cache", "grpcs://api", "mqtts://broker", "tcp://thing:9000"] {
        assert_eq!(mistakes(json!({}), url), [], "{url}");
    }
    assert_eq!(mistakes(json!({ "starttls": "postgres" }), "postgres://db"), []);
    assert_eq!(mistakes(json!({ "starttls": "smtp" }), "tcp://mail:25"), []);
    for (settings, url, path, says) in [
        (json!({}), "postgresql://db", "starttls", "`starttls: postgres`"),
        (json!({}), "redis://cache", "address", "rediss://"),
        (json!({}), "mqtt://broker", "address", "mqtts://"),
        (json!({ "starttls": "smtp" }), "postgres://db", "starttls", "db:5432"),
        (json!({ "starttls": "postgres" }), "rediss://cache", "starttls", "cache:6379"),
    ] {
        let found = mistakes(settings, url);
        assert_eq!(found.len(), 1, "{url}: {found:?}");
        assert!(found[0].0 == path && found[0].1.contains(says), "{url}: {found:?}");
    }
}

#[test]
fn starttls_needs_a_port_on_which_no_http_is_spoken() {
    let mistakes = |settings: Value, url| {
        let tls: Tls = serde_json::from_value(settings).expect("settings");
        Armed::mistakes(&tls, &target(url))
    };
    let apart = json!({ "starttls": "postgres", "address": "db.example:5432" });
    assert!(mistakes(apart.clone(), "https://shop.example/").is_empty());
    assert!(mistakes(apart, "http://shop.example/").is_empty());
    for (settings, url) in [
        (json!({ "starttls": "smtp" }), "https://shop.example/"),
        (json!({ "starttls": "smtp" }), "http://shop.example/"),
        (json!({ "starttls": "smtp", "address": "Shop.example:443" }), "https://shop.example/"),
    ] {
        let mistakes = mistakes(settings, url);
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert_eq!(mistakes[0].path, ["starttls"]);
        let message = &mistakes[0].message;
        assert!(message.contains("say in `address` where smtp is spoken"), "{message}");
    }
}

#[test]
fn mistakes_say_what_would_be_right() {
    assert!(wrong(json!({ "address": "broker.example" })).contains("write host:port"));
    assert!(wrong(json!({ "address": "unix:/run/x" })).contains("write host:port"));
    assert!(wrong(json!({ "server_name": "käse.example" })).contains("xn--"));
    assert!(wrong(json!({ "starttls": "imap" })).contains("`postgres` or `smtp`"));
    assert!(wrong(json!({ "renew_before": 30 })).contains("unit"));
    assert!(wrong(json!({ "pinned_keys": ["sha256/AAAA"] })).contains("44 characters of base64"));
    assert!(wrong(json!({ "pinned_keys": "all" })).contains("sequence"));
    assert!(wrong(json!({ "issuer": " " })).contains("write the issuer's common name"));
    assert!(wrong(json!({ "authorities": "own" })).contains("`public` or `private`"));
    assert!(wrong(json!({ "renew_befor": "30d" })).contains("unknown field"));
}
