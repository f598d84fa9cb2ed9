//! What a target echoes and what it puts into its texts, at everything that shows it: the terminal, the
//! JSON report, pages, metrics, `/probe`, the state and the log.

use std::{
    fmt::Write,
    io::Read,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::read::MultiGzDecoder;
use gonogo_probes::contract::specimen::{Answer, Asked, Server};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::support::{Site, stderr, stdout};

const TOKEN: &str = "Bearer correct\"horse&battery<staple%paperclip";
/// The part that is secret.
const SECRET: &str = "correct\"horse&battery<staple%paperclip";
const FORGED: &str = "\u{1b}[2J\u{7}\0\u{9b}1m\u{202e}\u{200b}\r\nGO: nothing stands in the way\n";

const SPELLINGS: [&str; 6] = ["raw", "json", "html", "percent", "base64", "lower"];

fn spelled(how: &str) -> String {
    match how {
        "json" => serde_json::to_string(SECRET).expect("text").trim_matches('"').to_owned(),
        "html" => SECRET.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;"),
        "percent" => utf8_percent_encode(SECRET, NON_ALPHANUMERIC).to_string(),
        "base64" => STANDARD.encode(format!("app:{SECRET}")),
        "lower" => SECRET.to_lowercase(),
        _ => SECRET.to_owned(),
    }
}

/// Answers `/HOW/PLACE` with the spelled secret at that place of the body, and with what a terminal
/// would obey.
async fn hostile() -> Server {
    Server::http(|asked: Asked| {
        if asked.path == "/version" {
            let revision = format!("1.2{FORGED}{SECRET}");
            return Answer::json(200, serde_json::json!({"revision": revision}).to_string());
        }
        let mut parts = asked.path.trim_start_matches('/').splitn(2, '/');
        let how = parts.next().unwrap_or_default();
        let place: usize = parts.next().and_then(|place| place.parse().ok()).unwrap_or(0);
        let body = format!("{}{}{FORGED}", "x".repeat(place), spelled(how));
        Answer::text(200, body).header("server", "shop\u{9b}1m")
    })
    .await
}

fn site(server: &Server) -> Site {
    let mut yaml = format!(
        "targets:\n  - name: shop\n    url: {}\n    interval: 1s\n    revision: {{ json: {{ path: /version, pointer: $.revision }} }}\n    probes:\n      - headers: {{}}\n",
        server.url("/")
    );
    for how in SPELLINGS {
        // Excerpts have 80 characters.
        for place in [0, 45, 60, 70, 74, 77] {
            let _ = writeln!(
                yaml,
                "      - http: {{ name: {how}{place}, url: /{how}/{place}, headers: {{ authorization: {{ file: token }} }}, expect: {{ body: never }} }}"
            );
        }
    }
    let site = Site::new(&yaml);
    site.write("token", TOKEN);
    site
}

/// Panics if a sink shows more of the secret than a few characters, or something that is obeyed.
fn is_clean(sink: &str, text: &str) {
    for how in SPELLINGS {
        let secret: Vec<char> = spelled(how).chars().collect();
        // Of base64, the first bytes are not the secret's own.
        for piece in secret.windows(8).skip(if how == "base64" { 6 } else { 0 }) {
            let piece: String = piece.iter().collect();
            assert!(!text.contains(&piece), "{sink} shows {piece}, {how}:\n{text}");
        }
    }
    for line in text.lines() {
        assert!(!line.starts_with("GO: nothing"), "{sink} has a forged line:\n{text}");
    }
    let obeyed = |c: char| {
        matches!(c, '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{202e}' | '\u{200b}')
            && c != '\r'
    };
    assert!(!text.contains(obeyed), "{sink} shows what is obeyed:\n{text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_neither_leaks_nor_obeys() {
    let server = hostile().await;
    let (site, [told, verbose, json]) = tokio::task::spawn_blocking(move || {
        let site = site(&server);
        let runs = [&[][..], &["--verbose"][..], &["--output", "json"][..]];
        let told = runs.map(|more| site.check(more));
        (site, told)
    })
    .await
    .expect("ran");
    drop(site);
    for (sink, output) in [("terminal", &told), ("verbose", &verbose), ("JSON", &json)] {
        assert!(stdout(output).contains("http-unexpected"), "{sink}: {}", stderr(output));
        is_clean(sink, &stdout(output));
        is_clean(&format!("stderr of {sink}"), &stderr(output));
    }
    assert!(stdout(&verbose).contains("[redacted]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_neither_leaks_nor_obeys() {
    let server = hostile().await;
    let site = site(&server);
    let mut daemon = site.serve(&["--log.level", "trace"]);
    daemon.wait_until("/metrics", |text| text.contains("gonogo_deployment_info{"));
    daemon.wait_until("/api/v1/report", |text| !text.contains("\"pending\""));
    for path in [
        "/",
        "/targets/shop",
        "/metrics",
        "/probe?target=shop",
        "/probe?target=shop&debug=true",
        "/api/v1/report",
        "/api/v1/targets/shop/verdict",
        "/config",
        "/checks/http-unexpected",
    ] {
        is_clean(path, &daemon.get(path));
    }
    assert!(daemon.get("/probe?target=shop&debug=true").contains("[redacted]"));
    daemon.signal("TERM");
    daemon.wait_for("stopped");
    daemon.wait();
    is_clean("log", &daemon.said.join("\n"));
    let mut stored = 0;
    for path in files(&site.path("state")) {
        let bytes = std::fs::read(&path).expect("a file");
        let text = if bytes.starts_with(&[0x1f, 0x8b]) {
            let mut text = Vec::new();
            // What follows the last member is for the store to understand.
            let _ = MultiGzDecoder::new(&bytes[..]).read_to_end(&mut text);
            text
        } else {
            bytes
        };
        stored += text.len();
        is_clean("state", &String::from_utf8_lossy(&text));
    }
    assert!(stored > 1000, "the state was written");
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
