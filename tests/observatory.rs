//! The cases of MDN HTTP Observatory's own tests, each served by a server: its result must be ours, and
//! our checks must say the same wherever we do not differ on purpose.

use std::collections::BTreeMap;

use gonogo_probes::{
    CATALOGUE,
    contract::{
        Kind, Outcome, Report,
        specimen::{Answer, Asked, Pki, Server, Started, arm, refusing},
    },
};
use serde::Deserialize;
use serde_json::{Value, json};

/// A case as it was recorded.
#[derive(Clone, Debug, Deserialize)]
struct Case {
    id: String,
    check: String,
    needs: Vec<String>,
    headers: BTreeMap<String, Lines>,
    https_headers: Option<BTreeMap<String, Lines>>,
    cors_response: Option<BTreeMap<String, Lines>>,
    redirects: Option<Vec<Redirect>>,
    site: String,
    html_body: Option<String>,
    expect: String,
    expect_pass: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Lines {
    One(String),
    Many(Vec<String>),
}

#[derive(Clone, Debug, Deserialize)]
struct Redirect {
    url: String,
    status: u16,
}

impl Case {
    /// The host that is asked: where redirects were recorded, the one they begin at.
    fn host(&self) -> String {
        let first = self.redirects.as_ref().and_then(|redirects| redirects.first());
        let host = first.and_then(|first| first.url.split('/').nth(2));
        host.unwrap_or(&self.site).to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_comes_out_as_the_observatory_expects() {
    let cases: Vec<Case> = serde_json::from_str(CASES).expect("recorded cases");
    assert!(cases.len() > 100, "the cases are there");
    let pki = Pki::new();
    let mut complaints = Vec::new();
    let mut met = Vec::new();
    for case in &cases {
        if let Some((id, _)) = NOT_COMPUTED.iter().find(|(id, _)| case.id == *id) {
            met.push(*id);
            continue;
        }
        let seen = visit(case, &pki).await;
        let test = test_of(&case.check);
        let result = observatory(&seen["headers"], test);
        if result != case.expect {
            complaints.push(format!("{}: {test} wanted {}, got {result}", case.id, case.expect));
        }
        if let Some(complaint) = differs(case, &seen) {
            match DIVERGENCES.iter().find(|(id, _)| case.id == *id) {
                Some((id, _)) => met.push(*id),
                None => complaints.push(format!("{}: {complaint}", case.id)),
            }
        }
    }
    let named = DIVERGENCES.iter().chain(NOT_COMPUTED).map(|(id, _)| *id);
    for stale in named.filter(|id| !met.contains(id)) {
        complaints.push(format!("{stale}: named as a divergence, and is none"));
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// What a visit of each probe brought back.
async fn visit(case: &Case, pki: &Pki) -> BTreeMap<&'static str, Report> {
    let served = case.clone();
    let site = case.host();
    let tls = pki.leaf(&[site.as_str()]).server_config();
    let secure = Server::https(tls, move |asked| answer(&served, &asked)).await;
    let (closed, _closed) = refusing();
    let plain = match case.redirects.as_deref() {
        None | Some([]) => None,
        Some(redirects) => {
            let redirects = redirects.to_vec();
            Some(Server::http(move |asked| redirect(&redirects, &asked)).await)
        }
    };
    let port = plain.as_ref().map_or(closed, Server::address).port();
    let preloaded = case.needs.iter().any(|need| need == "preload-list");
    let cors = json!({"private_network": false, "endpoints": [{"path": "/", "public": true}]});
    let cors = (case.check == CORS).then_some(("cors", cors));
    let mut seen = BTreeMap::new();
    for (probe, settings) in [
        // The Observatory is content with 180 days.
        ("headers", json!({"port": port, "preloaded": preloaded, "hsts_min_age": "180d"})),
        ("cookies", json!({"port": port})),
        ("plaintext", json!({"port": port})),
    ]
    .into_iter()
    .chain(cors)
    {
        let kind = kind(probe);
        let started = Started::new(secure.url("/"), ())
            .known_as(&format!("https://{site}/"), secure.address())
            .settings(settings)
            .root(pki.root());
        let armed = arm(kind, &started.settings);
        let report = armed.run(&started.visit(armed.as_ref(), kind.footprint())).await;
        seen.insert(probe, report);
    }
    seen
}

fn answer(case: &Case, asked: &Asked) -> Answer {
    if asked.method == "OPTIONS" {
        return with(Answer::text(204, ""), case.cors_response.as_ref());
    }
    if asked.path != "/" {
        return Answer::text(404, "");
    }
    let body = case.html_body.clone().unwrap_or_default();
    let mut answer = Answer::html(200, body);
    answer.headers.clear();
    with(with(answer, Some(&case.headers)), case.https_headers.as_ref())
}

/// The answer with these lines; those of the message itself are the server's own.
fn with(mut answer: Answer, headers: Option<&BTreeMap<String, Lines>>) -> Answer {
    const OF_THE_MESSAGE: [&str; 4] =
        ["connection", "content-length", "content-encoding", "transfer-encoding"];
    for (name, lines) in headers.into_iter().flatten() {
        if OF_THE_MESSAGE.contains(&name.as_str()) || answer.headers.contains_key(name.as_str()) {
            continue;
        }
        let lines = match lines {
            Lines::One(line) => std::slice::from_ref(line),
            Lines::Many(lines) => lines,
        };
        for line in lines {
            answer = answer.header(name, line);
        }
    }
    answer
}

/// The answer of the port without TLS. What it redirects to without TLS is a path of its own, since
/// other hosts may not be asked.
fn redirect(redirects: &[Redirect], asked: &Asked) -> Answer {
    let host = asked.header("host").expect("HTTP/1.1 requests have a host");
    let place: usize = asked.path.trim_start_matches("/hop").parse().unwrap_or(0);
    let next = redirects.get(place + 1).map(|next| match next.url.strip_prefix("http://") {
        Some(_) => format!("http://{host}/hop{}", place + 1),
        None => next.url.clone(),
    });
    let answer = Answer::html(redirects[place].status, "");
    match next {
        Some(next) => answer.header("location", &next),
        None => answer,
    }
}

/// The Observatory's word for what a test found.
fn observatory(report: &Report, test: &str) -> String {
    let mut facts = report.facts.iter().filter(|fact| fact.topic == "MDN Observatory");
    let found = facts.find(|fact| fact.name == test || fact.value.starts_with("none"));
    let value = found.map(|fact| fact.value.as_str()).unwrap_or_default();
    value.rsplit_once(" (").map_or(value, |(name, _)| name).to_owned()
}

/// How our checks differ from what was expected, where they do.
fn differs(case: &Case, seen: &BTreeMap<&str, Report>) -> Option<String> {
    let (probe, checks) = checks_of(&case.check);
    let failed: Vec<String> = seen[probe]
        .findings
        .iter()
        .filter(|finding| checks.contains(&finding.check.id))
        .filter(|finding| matches!(finding.outcome, Outcome::Fail(_)))
        .map(|finding| format!("{} ({})", finding.check.id, finding.items[0].seen))
        .collect();
    match (case.expect_pass, failed.is_empty()) {
        (true, false) => Some(format!("expected to pass ({}), failed {failed:?}", case.expect)),
        (false, true) => Some(format!("expected to fail ({}), none did", case.expect)),
        _ => None,
    }
}

fn test_of(function: &str) -> &'static str {
    match function {
        "contentSecurityPolicyTest" => "content-security-policy",
        "cookiesTest" => "cookies",
        "crossOriginEmbedderPolicyTest" => "cross-origin-embedder-policy",
        "crossOriginOpenerPolicyTest" => "cross-origin-opener-policy",
        "crossOriginResourcePolicyTest" => "cross-origin-resource-policy",
        CORS => "cross-origin-resource-sharing",
        "redirectionTest" => "redirection",
        "referrerPolicyTest" => "referrer-policy",
        "strictTransportSecurityTest" => "strict-transport-security",
        "subresourceIntegrityTest" => "subresource-integrity",
        "xContentTypeOptionsTest" => "x-content-type-options",
        "xFrameOptionsTest" => "x-frame-options",
        other => panic!("a test nobody knows: {other}"),
    }
}

/// Our checks that ask what a test asks.
fn checks_of(function: &str) -> (&'static str, &'static [&'static str]) {
    match function {
        "contentSecurityPolicyTest" => ("headers", &["headers-csp-missing", "headers-csp-weak"]),
        "cookiesTest" => {
            ("cookies", &["cookies-insecure", "cookies-script-readable", "cookies-cross-site"])
        }
        "crossOriginEmbedderPolicyTest"
        | "crossOriginOpenerPolicyTest"
        | "crossOriginResourcePolicyTest" => {
            ("headers", &["headers-cross-origin-isolation-invalid"])
        }
        CORS => (
            "cors",
            &[
                "cors-any-origin-with-credentials",
                "cors-null-origin",
                "cors-lookalike-origin",
                "cors-any-origin",
            ],
        ),
        "redirectionTest" => ("plaintext", &["plaintext-served", "plaintext-redirects-elsewhere"]),
        "referrerPolicyTest" => ("headers", &["headers-referrer-leaks"]),
        "strictTransportSecurityTest" => {
            ("headers", &["headers-hsts-missing", "headers-hsts-short", "headers-hsts-invalid"])
        }
        "subresourceIntegrityTest" => ("headers", &["headers-subresource-unpinned"]),
        "xContentTypeOptionsTest" => ("headers", &["headers-sniffing-allowed"]),
        "xFrameOptionsTest" => ("headers", &["headers-framing-allowed"]),
        other => panic!("a test nobody knows: {other}"),
    }
}

fn kind(name: &str) -> &'static Kind {
    CATALOGUE.iter().find(|kind| kind.name == name).expect("a probe of the catalogue")
}

/// Where our checks differ on purpose, each with the reason.
const DIVERGENCES: &[(&str, &str)] = &[
    (
        "csp.test.js#51",
        "two hashes without a blank between them are no hash to browsers, so 'unsafe-inline' stays in \
         force",
    ),
    (
        "csp.test.js#55",
        "to browsers `http:` and `https:` together allow every host by https; the Observatory compares \
         them as text and finds nothing in common",
    ),
    (
        "x-frame-options.test.js#2",
        "the same value twice is one value to browsers (HTML standard, X-Frame-Options)",
    ),
    (
        "subresource-integrity.test.js#11",
        "on a page that comes by https, an address without a scheme is https; and it is pinned",
    ),
];

/// What is not computed, each with the reason.
const NOT_COMPUTED: &[(&str, &str)] = &[(
    "strict-transport-security.test.js#4",
    "the Observatory goes on without verifying the certificate; gonogo never does, and the tls probe tells",
)];

/// The test of the Observatory that the cors probe answers. What it calls public is meant to be.
const CORS: &str = "crossOriginResourceSharingTest";

const CASES: &str = include_str!("data/observatory/cases.json");

#[test]
fn the_recorded_cases_are_not_ours_and_say_so() {
    let notice = include_str!("data/observatory/NOTICE");
    assert!(notice.contains("Mozilla Public License"));
    let cases: Vec<Value> = serde_json::from_str(CASES).expect("recorded cases");
    assert!(!cases.is_empty());
}
