//! Servers as other people run them, each described in a file, and what `gonogo check` must say of them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};
use gonogo_probes::contract::specimen::{Answer, Asked, Pki, Server, bind, refusing};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::Site;

/// A case, as `acceptance/README.md` describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "source")]
    _source: String,
    #[serde(default)]
    tls: bool,
    #[serde(default)]
    routes: BTreeMap<String, Route>,
    target: Value,
    expect: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    origins: Option<Vec<String>>,
    #[serde(default)]
    verdict: Vec<String>,
    #[serde(default)]
    replay_contains: Option<String>,
    #[serde(default)]
    seen: BTreeMap<String, String>,
    #[serde(default)]
    secs: u64,
    #[serde(default)]
    flaky: Option<usize>,
    #[serde(default)]
    refuses: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Route {
    Utf8(u16, Vec<(String, String)>, String),
    Encoded(u16, Vec<(String, String)>, String, String),
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_comes_out_as_wanted() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/acceptance/http");
    let files = std::fs::read_dir(directory).expect("the cases");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    assert!(files.len() >= 25, "the cases are there");
    let complaints: Vec<String> = stream::iter(files)
        .map(|file| async move {
            let text = std::fs::read_to_string(&file).expect("a case");
            let case: Case = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
            let complaints = complaints(case).await;
            complaints.into_iter().map(|complaint| format!("{name}: {complaint}")).collect()
        })
        .buffered(4)
        .collect::<Vec<Vec<String>>>()
        .await
        .concat();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// What comes out otherwise than wanted.
async fn complaints(case: Case) -> Vec<String> {
    let report = report(&case).await;
    let target = &report["targets"][0];
    let findings = target["findings"].as_array().expect("findings");
    let of = |check: &str| {
        let check = check.to_owned();
        findings.iter().filter(move |finding| finding["check"] == check.as_str())
    };
    let mut complaints = Vec::new();
    for (check, allowed) in &case.expect {
        let statuses: Vec<&str> = of(check).filter_map(|found| found["status"].as_str()).collect();
        if statuses.is_empty() || statuses.iter().any(|status| !allowed.iter().any(|a| a == status))
        {
            let items: Vec<&Value> = of(check).map(|finding| &finding["items"]).collect();
            complaints.push(format!("{check} is {statuses:?}, wanted {allowed:?}: {items:?}"));
        }
    }
    for (check, text) in &case.seen {
        let items = || of(check).filter_map(|finding| finding["items"].as_array()).flatten();
        let has = |item: &Value| item["seen"].as_str().is_some_and(|seen| seen.contains(text));
        if !items().any(has) {
            complaints
                .push(format!("{check} does not say `{text}`: {:?}", items().collect::<Vec<_>>()));
        }
    }
    let verdict = target["verdict"].as_str().expect("a verdict");
    if !case.verdict.is_empty() && !case.verdict.iter().any(|wanted| wanted == verdict) {
        let reasons = &target["reasons"];
        complaints.push(format!("the verdict is {verdict}, wanted {:?}: {reasons}", case.verdict));
    }
    if let Some(text) = &case.replay_contains {
        let failing = findings.iter().filter(|finding| finding["status"] == "fail");
        let items: Vec<&Value> =
            failing.filter_map(|finding| finding["items"].as_array()).flatten().collect();
        let mut replays = items.iter().filter_map(|item| item["replay"].as_str()).peekable();
        if replays.peek().is_none() {
            complaints.push("no item that fails has a command".to_owned());
        }
        let lacking = replays.filter(|replay| !replay.contains(text.as_str()));
        complaints.extend(lacking.map(|replay| format!("no `{text}` in `{replay}`")));
    }
    complaints
}

/// What `gonogo check` reports of the case's target.
async fn report(case: &Case) -> Value {
    let pki = Pki::new();
    let url = case.target["url"].as_str().expect("a URL").replace(":$PORT", "");
    let host = url::Url::parse(&url).expect("a URL").host_str().expect("a host").to_owned();
    let tls = case.tls.then(|| pki.leaf(&[host.as_str()]).server_config());
    let (closed, _closed) = refusing();
    let routes = Arc::new(case.clone());
    let requests = Arc::new(AtomicUsize::new(0));
    let listening = Server::start(bind().await, tls, move |asked| {
        let number = requests.fetch_add(1, Ordering::Relaxed) + 1;
        if routes.flaky.is_some_and(|every| number.is_multiple_of(every)) {
            return Answer::text(500, "");
        }
        routes.answer(&asked).after(Duration::from_secs(routes.secs))
    });
    let port = if case.refuses { closed.port() } else { listening.address().port() };

    let mut target = case.target.clone();
    target["name"] = json!("case");
    // JSON is YAML.
    let config = json!({"targets": [target]}).to_string();
    let config = config.replace("$PORT", &port.to_string()).replace("$CA", "ca.pem");
    let site = Site::new(&config);
    site.write("ca.pem", &pki.root_pem());
    tokio::task::spawn_blocking(move || site.report(&[]).1).await.expect("the command ends")
}

impl Case {
    fn answer(&self, asked: &Asked) -> Answer {
        let method = asked.method.as_str();
        let path = asked.path.as_str();
        let bare = path.split('?').next().unwrap_or_default();
        let places = [
            format!("{method} {path}"),
            path.to_owned(),
            format!("{method} {bare}"),
            bare.to_owned(),
            format!("{method} *"),
            "*".to_owned(),
        ];
        let Some(route) = places.iter().find_map(|place| self.routes.get(place)) else {
            return Answer::text(404, "");
        };
        let (status, headers, body) = match route {
            Route::Utf8(status, headers, body) => (*status, headers, body.clone().into_bytes()),
            Route::Encoded(status, headers, body, charset) => {
                (*status, headers, encoded(body, charset))
            }
        };
        let mut answer = Answer::text(status, body);
        answer.headers.clear();
        let origin = asked.header("origin").filter(|origin| {
            self.origins.as_ref().is_none_or(|known| known.iter().any(|one| one == origin))
        });
        for (name, value) in headers {
            match (value.contains("$ORIGIN"), origin) {
                (false, _) => answer = answer.header(name, value),
                (true, Some(origin)) => {
                    answer = answer.header(name, &value.replace("$ORIGIN", origin));
                }
                (true, None) => {}
            }
        }
        answer
    }
}

fn encoded(text: &str, charset: &str) -> Vec<u8> {
    match charset {
        "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => {
            let encoding = encoding_rs::Encoding::for_label(charset.as_bytes()).expect("a charset");
            encoding.encode(text).0.into_owned()
        }
    }
}
