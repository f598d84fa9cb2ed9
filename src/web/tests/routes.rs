//! Every route, with the statuses and types it promises.

use std::{
    io::Read as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use flate2::read::MultiGzDecoder;
use http::StatusCode;

use super::{
    client::{Served, options},
    sample,
};
use crate::web::{Control, Links, Options, Refused, Reload, What, Wish};

async fn served() -> Served {
    Served::start(sample::mixed(), options()).await
}

#[tokio::test]
async fn it_is_healthy_and_ready_whatever_the_verdict() {
    let served = served().await;
    for path in ["/-/healthy", "/-/ready"] {
        assert_eq!(served.get(path).await.status, StatusCode::OK);
        let head = served.ask("HEAD", path, &[]).await;
        assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    }
}

#[tokio::test]
async fn it_is_healthy_but_not_ready_while_it_loads_or_drains() {
    let board = sample::mixed();
    let served = Served::start(Arc::clone(&board), options()).await;
    board.set_ready(false);
    assert_eq!(served.get("/-/healthy").await.status, StatusCode::OK);
    assert_eq!(served.get("/-/ready").await.status, StatusCode::SERVICE_UNAVAILABLE);
    let verdict = served.get("/api/v1/targets/cart/verdict").await;
    assert_eq!(verdict.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn reloading_is_off_unless_allowed() {
    let served = served().await;
    let answer = served.ask("POST", "/-/reload", &[]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text().contains("--web.enable-lifecycle"));
    let answer = served.get("/-/reload").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    let allowed = answer.header("allow");
    assert!(allowed.contains("POST") && allowed.contains("PUT"), "{allowed}");
}

const VISIT: &str = "/api/v1/targets/cart/probes/lock/visit";

#[tokio::test]
async fn visits_are_made_for_nobody_unless_allowed() {
    let served = served().await;
    for path in [VISIT, "/api/v1/targets/cart/probes/lock/rearm"] {
        let answer = served.ask("POST", path, &[]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.text().contains("--web.enable-lifecycle"));
        assert_eq!(served.get(path).await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
}

#[tokio::test]
async fn visits_are_made_for_those_who_ask_and_refusals_say_why() {
    let wishes = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&wishes);
    let control = Control::by(move |wish: &Wish| {
        heard.lock().expect("no panic").push(wish.clone());
        match wish.probe.as_str() {
            "lock" => Ok(()),
            "fuse" => Err(Refused::No("it is latched".to_owned())),
            "queue" => Err(Refused::Busy("ask again later".to_owned())),
            _ => Err(Refused::Unknown("no such probe".to_owned())),
        }
    });
    let options = Options { control: Some(control), ..options() };
    let served = Served::start(sample::mixed(), options).await;
    for (path, status, said) in [
        (VISIT.to_owned(), StatusCode::ACCEPTED, "visit"),
        (format!("{VISIT}?experiment=true"), StatusCode::ACCEPTED, "experiment"),
        (VISIT.replace("visit", "rearm"), StatusCode::OK, "rearm"),
        (VISIT.replace("lock", "fuse"), StatusCode::CONFLICT, "it is latched"),
        (VISIT.replace("lock", "queue"), StatusCode::SERVICE_UNAVAILABLE, "later"),
        (VISIT.replace("lock", "door"), StatusCode::NOT_FOUND, "no such probe"),
        (format!("{VISIT}?experimnt=true"), StatusCode::BAD_REQUEST, "experimnt"),
    ] {
        let answer = served.ask("POST", &path, &[]).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.text().contains(said), "{path}: {}", answer.text());
    }
    let what: Vec<What> = wishes.lock().expect("no panic").iter().map(|wish| wish.what).collect();
    assert_eq!(what[..3], [What::Visit, What::Experiment, What::Rearm]);
    let elsewhere = [("origin", "https://evil.example")];
    let answer = served.ask("POST", VISIT, &elsewhere).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(wishes.lock().expect("no panic").len(), what.len(), "nobody asked the daemon");
}

#[tokio::test]
async fn reloading_tells_how_it_went() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let reload = Reload::by(move || {
        let call = counted.fetch_add(1, Ordering::Relaxed);
        async move { if call == 0 { Ok(()) } else { Err("gonogo.yaml:3:1: no".to_owned()) } }
    });
    let options = Options { reload: Some(reload), ..options() };
    let served = Served::start(sample::mixed(), options).await;
    assert_eq!(served.ask("POST", "/-/reload", &[]).await.status, StatusCode::OK);
    let answer = served.ask("PUT", "/-/reload", &[]).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.text().contains("gonogo.yaml:3:1: no"));
    let foreign = [("origin", "https://evil.example")];
    let answer = served.ask("POST", "/-/reload", &foreign).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn metrics_come_in_the_format_that_was_asked_for() {
    let served = served().await;
    let answer = served.get("/metrics").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(answer.header("vary"), "Accept, Accept-Encoding");
    assert_eq!(answer.header("content-encoding"), "");
    let prometheus =
        [("accept", "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3")];
    let answer = served.ask("GET", "/metrics", &prometheus).await;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(answer.header("content-type"), kind);
    assert!(answer.text().ends_with("# EOF\n"));
}

#[tokio::test]
async fn metrics_are_gzipped_for_whom_asks() {
    let served = served().await;
    let answer = served.ask("GET", "/metrics", &[("accept-encoding", "br, gzip;q=0.8")]).await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    let mut text = String::new();
    MultiGzDecoder::new(&answer.body[..]).read_to_string(&mut text).expect("gzip");
    assert!(text.contains("gonogo_verdict{") && text.contains("gonogo_build_info{"));
    let answer = served.ask("GET", "/metrics", &[("accept-encoding", "gzip;q=0")]).await;
    assert_eq!(answer.header("content-encoding"), "");
}

#[tokio::test]
async fn a_probe_answers_from_the_latest_findings_of_one_target() {
    let served = served().await;
    let answer = served.get("/probe?target=cart&module=whatever").await;
    assert_eq!(answer.status, StatusCode::OK);
    let text = answer.text();
    for line in
        ["probe_success 1\n", "probe_duration_seconds 0.143\n", "probe_timeout_seconds 10\n"]
    {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(text.contains(r#"gonogo_verdict{target="cart",verdict="go"} 1"#));
    assert!(!text.contains("checkout") && !text.contains("gonogo_build_info"));
    assert!(served.get("/probe?target=checkout").await.text().contains("probe_success 0\n"));
    let explained = served.get("/probe?target=checkout&debug=true").await;
    assert!(explained.text().contains("lock-opens-without-key"));
    assert!(explained.text().contains("probe_success 0\n"));
}

#[tokio::test]
async fn a_probe_of_what_is_not_configured_is_refused() {
    let served = served().await;
    assert_eq!(served.get("/probe").await.status, StatusCode::BAD_REQUEST);
    let answer = served.get("/probe?target=chekout").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.text(), "no target is called `chekout`; did you mean `checkout`?\n");
    let answer = served.get("/probe?target=http://169.254.169.254/").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn service_discovery_lists_every_target_and_is_empty_without_any() {
    let list = served().await.get("/sd").await.json();
    assert_eq!(list.as_array().map(Vec::len), Some(5));
    assert_eq!(list[1]["targets"], serde_json::json!(["checkout"]));
    assert_eq!(list[1]["labels"]["team"], "payments");
    let empty = Served::start(sample::board(&[]), options()).await;
    assert_eq!(empty.get("/sd").await.text(), "[]\n");
}

#[tokio::test]
async fn reports_are_the_exporters_own() {
    let served = served().await;
    let all = served.get("/api/v1/report").await.json();
    assert_eq!(all["schema"], "gonogo/report/v1");
    assert_eq!(
        (&all["verdict"], all["targets"].as_array().map(Vec::len)),
        (&"no_go".into(), Some(5))
    );
    let one = served.get("/api/v1/targets/cart/report").await.json();
    assert_eq!((&one["verdict"], &one["targets"][0]["name"]), (&"go".into(), &"cart".into()));
    let zipped = served.ask("GET", "/api/v1/report", &[("accept-encoding", "gzip")]).await;
    assert_eq!(zipped.header("content-encoding"), "gzip");
    let missing = served.get("/api/v1/targets/crat/report").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(missing.json()["error"].as_str().expect("a text").contains("did you mean `cart`?"));
}

#[tokio::test]
async fn a_gate_gets_200_for_every_verdict() {
    let served = served().await;
    for (name, verdict, go) in [
        ("checkout", "no_go", false),
        ("cart", "go", true),
        ("search", "staged", false),
        ("billing", "unknown", false),
    ] {
        let answer = served.get(&format!("/api/v1/targets/{name}/verdict")).await;
        assert_eq!(answer.status, StatusCode::OK);
        let answer = answer.json();
        assert_eq!((&answer["verdict"], &answer["go"]), (&verdict.into(), &go.into()), "{name}");
    }
    let answer = served.get("/api/v1/targets/nobody/verdict").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let answer = served.get("/api/v1/targets/cart/verdict?revision=other").await.json();
    assert_eq!((&answer["verdict"], &answer["revision"]), (&"unknown".into(), &"77aa01c".into()));
}

#[tokio::test]
async fn the_configuration_is_shown_as_the_daemon_gave_it() {
    let answer = served().await.get("/config").await;
    assert_eq!(answer.header("content-type"), "text/yaml; charset=utf-8");
    assert_eq!(answer.text(), "targets:\n  - name: checkout\n");
}

#[tokio::test]
async fn what_is_not_there_is_said_to_people_and_to_programs() {
    let served = served().await;
    let program = served.get("/nope").await;
    assert_eq!(program.status, StatusCode::NOT_FOUND);
    assert!(program.text().starts_with("there is nothing at /nope; see / for people"));
    let browser = served.ask("GET", "/nope", &[("accept", "text/html,*/*;q=0.8")]).await;
    assert_eq!(browser.status, StatusCode::NOT_FOUND);
    assert!(browser.header("content-type").starts_with("text/html"));
    let check = served.get("/checks/lock-rust").await;
    assert_eq!(check.status, StatusCode::NOT_FOUND);
    assert!(check.text().contains(r#"href="/checks/lock-rusty""#));
    assert_eq!(served.get("/targets/nobody").await.status, StatusCode::NOT_FOUND);
    assert_eq!(served.get("/static/style.css").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn whoever_posts_elsewhere_is_told_not_to() {
    let served = served().await;
    for path in ["/", "/metrics", "/api/v1/report", "/checks/lock-rusty", "/-/healthy"] {
        let answer = served.ask("POST", path, &[]).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert!(answer.header("allow").contains("GET"), "{path}");
    }
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() {
    let served = served().await;
    for path in ["/", "/nope", "/metrics", "/api/v1/report", "/targets/cart", "/checks"] {
        let answer = served.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("server"), "");
    }
}

#[tokio::test]
async fn the_stylesheet_may_be_kept_for_ever() {
    let served = served().await;
    let page = served.get("/").await;
    let (_, rest) = page.text().split_once(r#"rel="stylesheet" href=""#).expect("a stylesheet");
    let (path, _) = rest.split_once('"').expect("a path");
    let style = served.get(path).await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(style.header("cache-control").contains("immutable"));
    let icon = served.get("/static/icon-no_go.svg").await;
    assert_eq!(icon.header("content-type"), "image/svg+xml");
}

#[tokio::test]
async fn everything_moves_with_the_prefix() {
    let external = "https://ops.example/gonogo/".parse().expect("a URL");
    let links = Links::new(Some(external), None).expect("links");
    let served = Served::start(sample::mixed(), Options { links, ..options() }).await;
    let home = served.get("/").await;
    assert_eq!((home.status, home.header("location")), (StatusCode::FOUND, "/gonogo/"));
    assert_eq!(served.get("/metrics").await.status, StatusCode::NOT_FOUND);
    assert_eq!(served.get("/gonogo/metrics").await.status, StatusCode::OK);
    let page = served.get("/gonogo/").await;
    assert!(page.text().contains(r#"href="/gonogo/targets/checkout""#));
    assert!(!page.text().contains(r#"href="/targets"#) && !page.text().contains("gonogo.test"));
    let verdict = served.get("/gonogo/api/v1/targets/cart/verdict").await.json();
    assert_eq!(verdict["report"], "https://ops.example/gonogo/targets/cart");
}

#[tokio::test]
async fn an_endless_path_is_refused() {
    let served = served().await;
    let answer = served.get(&format!("/?q={}", "a".repeat(5000))).await;
    assert_eq!(answer.status, StatusCode::URI_TOO_LONG);
}

#[tokio::test]
async fn a_name_that_is_not_ours_gets_nothing_but_signs_of_life() {
    let served = served().await;
    let ask = async |method, path| {
        served.ask(method, path, &[("host", "rebind.example.com:10466")]).await
    };
    for path in ["/", "/metrics", "/api/v1/report", "/config", "/nope"] {
        let answer = ask("GET", path).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{path}");
        assert!(answer.text().contains("--web.allowed-hosts=rebind.example.com"));
    }
    assert_eq!(ask("POST", "/-/reload").await.status, StatusCode::MISDIRECTED_REQUEST);
    for path in ["/-/healthy", "/-/ready"] {
        assert_eq!(ask("GET", path).await.status, StatusCode::OK, "{path}");
    }
    let by_address = served.ask("GET", "/metrics", &[("host", "10.42.0.7:10466")]).await;
    assert_eq!(by_address.status, StatusCode::OK);
}
