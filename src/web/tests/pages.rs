//! What people see.

use std::time::Instant;

use gonogo_probes::contract::{Confidence, Item};
use http::StatusCode;

use super::{
    client::{Served, options},
    sample,
};

async fn page(board: std::sync::Arc<crate::board::Board>, path: &str) -> String {
    let answer = Served::start(board, options()).await.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    // The stylesheet's name changes with every touch of it.
    let text = answer.text();
    let (before, rest) = text.split_once("/static/style-").expect("a stylesheet");
    format!("{before}/static/style-DIGEST{}", &rest[16..])
}

#[tokio::test]
async fn without_targets_the_page_says_how_to_begin() {
    insta::assert_snapshot!(page(sample::board(&[]), "/").await);
}

#[tokio::test]
async fn right_after_the_start_nothing_is_known_and_nothing_is_go() {
    let page = page(sample::board(&["checkout", "cart"]), "/").await;
    assert!(page.contains("<title>UNKNOWN: 2 of 2 targets – gonogo</title>"));
    assert!(page.contains("gonogo has just started"));
    insta::assert_snapshot!(page);
}

#[tokio::test]
async fn a_mixed_board_reads_worst_first() {
    insta::assert_snapshot!(page(sample::mixed(), "/").await);
}

#[tokio::test]
async fn a_targets_page_tells_everything_known() {
    insta::assert_snapshot!(page(sample::mixed(), "/targets/checkout").await);
}

#[tokio::test]
async fn a_checks_page_explains_it_and_says_where_it_fails() {
    insta::assert_snapshot!(page(sample::mixed(), "/checks/lock-key-shared").await);
    let list = page(sample::mixed(), "/checks").await;
    assert!(list.contains(r#"href="/checks/lock-rusty">lock-rusty</a>"#));
}

#[tokio::test]
async fn a_single_target_is_named_in_the_title() {
    let board = sample::board(&["checkout"]);
    sample::visit(&board, "checkout", 5, Vec::new());
    let page = page(board, "/").await;
    assert!(page.contains("<title>GO checkout – gonogo</title>"));
    assert!(page.contains("/static/icon-go.svg"));
}

#[tokio::test]
async fn what_targets_say_is_never_taken_for_html() {
    let name = "<script>alert(1)</script>";
    let board = sample::board(&[name, "other"]);
    let hostile = Item::fail(
        Confidence::Confirmed,
        "\"><img src=x onerror=alert(2)>",
        "</td><script>alert(3)</script>\u{202e}\u{0}",
    )
    .replay("curl '</pre><script>alert(4)</script>'");
    sample::visit(&board, name, 5, vec![vec![hostile]]);
    board.findings.record_revision(
        sample::lock(name),
        "</code><b onclick=x>".to_owned(),
        sample::now(),
    );
    let served = Served::start(board, options()).await;
    let target = "/targets/%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    for path in ["/", target, "/checks/lock-opens-without-key", "/nope/%3Cscript%3E"] {
        let answer = served.ask("GET", path, &[("accept", "text/html")]).await;
        let text = answer.text();
        for forbidden in ["<script", "<img", "<b onclick", "\u{202e}", "\u{0}"] {
            assert!(!text.contains(forbidden), "{path}: {forbidden}\n{text}");
        }
    }
    assert!(served.get(target).await.text().contains("&#60;script&#62;alert(3)"));
    let search = served.get("/?q=%22%3E%3Cscript%3E&verdict=%22%3E&page=%22").await;
    assert!(!search.text().contains("<script"));
}

#[tokio::test]
async fn a_targets_page_draws_timelines_and_tells_what_is_under_way() {
    let board = sample::board(&["checkout"]);
    sample::visit_with_timeline(&board, "checkout", "</text><script>alert(1)</script>");
    let progress = board.progress("checkout", "lock");
    progress.say("turning the key <b>".to_owned());
    let shown = page(std::sync::Arc::clone(&board), "/targets/checkout").await;
    assert!(
        shown.contains("<h2>Timeline of lock</h2>") && shown.contains("<svg class=\"timeline\"")
    );
    assert!(shown.contains("turning the key &#60;b&#62;"), "{shown}");
    assert!(!shown.contains("<script"), "{shown}");
    drop(progress);
    let shown = page(board, "/targets/checkout").await;
    assert!(!shown.contains("is under way"), "what has ended is not under way");
}

#[tokio::test]
async fn what_targets_say_is_cut_to_length() {
    let board = sample::board(&["checkout"]);
    let items = (0..500).map(|i| {
        Item::fail(Confidence::Firm, format!("/{i}/{}", "a".repeat(5_000)), "b".repeat(100_000))
    });
    sample::visit(&board, "checkout", 5, vec![items.collect()]);
    let page = page(board, "/targets/checkout").await;
    assert!(page.len() < 300_000, "{}", page.len());
    assert!(page.contains("and 450 more; the report has them all"));
}

#[tokio::test]
async fn a_reader_may_choose() {
    let served = Served::start(sample::mixed(), options()).await;
    let shows = async |path: &str, name: &str| {
        let answer = served.get(path).await;
        let listed = answer.text().split("Verdicts that changed last").next().unwrap_or_default();
        listed.contains(&format!(r#"href="/targets/{name}""#))
    };
    assert!(shows("/?q=team%3Dpayments", "checkout").await);
    assert!(!shows("/?q=team%3Dpayments", "warehouse").await);
    assert!(shows("/?verdict=go", "cart").await);
    assert!(!shows("/?verdict=go", "checkout").await);
    assert!(!shows("/?q=CHECK&verdict=go", "checkout").await);
    assert!(shows("/?q=CHECK", "checkout").await);
    let nothing = served.get("/?q=nobody").await;
    assert!(nothing.text().contains("None of 5 targets is like that."));
    assert_eq!(served.get("/?page=999999&verdict=x&refresh=y").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_page_reloads_itself_only_when_asked() {
    let served = Served::start(sample::mixed(), options()).await;
    assert_eq!(served.get("/").await.header("refresh"), "");
    assert_eq!(served.get("/?refresh=15").await.header("refresh"), "15");
    assert_eq!(served.get("/?refresh=0").await.header("refresh"), "5");
    let page = served.get("/?q=a&refresh=15").await;
    assert!(page.text().contains(r#"<a href="/?q=a">reloads every 15 s, stop</a>"#));
}

#[tokio::test]
async fn ten_thousand_targets_make_a_page_of_twenty_five() {
    let names: Vec<String> = (0..10_000).map(|i| format!("target-{i:05}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let board = sample::board(&names);
    let fail = Item::fail(Confidence::Confirmed, "front door", "opened");
    sample::visit(&board, "target-07777", 5, vec![vec![fail]]);
    let served = Served::start(board, options()).await;
    let began = Instant::now();
    let first = served.get("/").await;
    let text = first.text();
    assert!(text.contains("1 of 10000 targets is NO-GO, 9999 are UNKNOWN"));
    assert!(text.find("target-07777") < text.find("target-00000"));
    assert!(text.contains("page 1 of 400") && text.contains(r#"href="/?page=2""#));
    assert_eq!(text.matches("<article").count(), 25);
    assert!(text.len() < 100_000, "{}", text.len());
    let last = served.get("/?page=400").await;
    assert!(last.text().contains("target-09999") && !last.text().contains("Page 401"));
    // Generous: it is there to notice a page that takes minutes.
    assert!(began.elapsed().as_secs() < 60);
}
