//! The pages in a real browser: what it shows, and that it has nothing to complain of.

use std::{path::Path, process::Stdio, time::Duration};

use gonogo_probes::contract::{
    Confidence, Item,
    specimen::{Answer, Server},
};
use tokio::{process::Command, time::timeout};

use super::{
    client::{Served, options},
    sample,
};

/// What a browser made of a page.
struct Seen {
    dom: String,
    /// What it wrote to its console: errors, and everything a policy blocked.
    console: Vec<String>,
}

/// Opens a page in headless Chromium. Without one the test fails: a page that nobody looked at is not
/// known to be right.
async fn open(url: &str) -> Seen {
    let browser = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| on_path(name))
        .expect("no browser: install chromium (Debian: apt-get install chromium)");
    let profile = tempfile::tempdir().expect("a directory");
    let running = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-dev-shm-usage", "--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(url)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(Duration::from_mins(2), running).await.expect("the browser ends");
    let output = output.expect("the browser starts");
    let log = String::from_utf8_lossy(&output.stderr);
    let console = log.lines().filter(|line| line.contains("CONSOLE"));
    Seen {
        dom: String::from_utf8_lossy(&output.stdout).into_owned(),
        console: console.map(str::to_owned).collect(),
    }
}

#[expect(clippy::disallowed_methods, reason = "where programs are is nobody's configuration")]
fn on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| Path::new(&directory).join(name).is_file())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_the_verdict_and_complains_of_nothing() {
    let served = Served::start(sample::mixed(), options()).await;
    for (path, title, shown) in [
        ("/", "NO-GO: 1 of 5 targets", "1 of 5 targets is NO-GO, 1 is UNKNOWN"),
        ("/targets/checkout", "NO-GO checkout", "opened at the first push; nobody came"),
        ("/targets/cart", "GO cart", "Nothing stands in the way"),
        ("/checks/lock-key-shared", "lock-key-shared", "How to mend it"),
        ("/checks", "checks", "lock-rusty"),
    ] {
        let seen = open(&format!("http://{}{path}", served.address)).await;
        let case_insensitive = seen.dom.to_lowercase();
        assert!(seen.dom.contains(&format!("<title>{title} – gonogo</title>")), "{}", seen.dom);
        assert!(case_insensitive.contains(&shown.to_lowercase()), "{path}: {}", seen.dom);
        assert_eq!(seen.console, Vec::<String>::new(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_runs_nothing_that_a_target_said() {
    let board = sample::board(&["checkout"]);
    let attack = "</td><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";
    let item = Item::fail(Confidence::Confirmed, attack, attack).replay(attack);
    sample::visit(&board, "checkout", 5, vec![vec![item.clone(), item]]);
    let served = Served::start(board, options()).await;
    for path in ["/", "/targets/checkout"] {
        let seen = open(&format!("http://{}{path}", served.address)).await;
        assert!(seen.dom.contains("<title>NO-GO checkout – gonogo</title>"), "{}", seen.dom);
        assert!(!seen.dom.contains("<script") && !seen.dom.contains("<img"), "{}", seen.dom);
        assert_eq!(seen.console, Vec::<String>::new(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_breaks_the_policy_would_be_noticed() {
    let faulty = Server::http(|_| {
        Answer::html(200, "<title>x</title><p style=\"color: red\">styled inline</p>")
            .header("content-security-policy", "default-src 'none'; style-src 'self'")
    })
    .await;
    let seen = open(faulty.url("/").as_str()).await;
    assert!(!seen.console.is_empty(), "{}", seen.dom);
}
