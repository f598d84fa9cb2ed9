//! Servers that misbehave, and visits that cannot ask everything.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use super::{FRONT, Scene, failed, finding, outcome, settings, unknown};
use crate::contract::{
    Confidence, Obstacle, Outcome, Report,
    net::Address,
    specimen::{Answer, Asked, Pki, Server},
};

fn at(address: SocketAddr, settings: Value) -> Scene {
    Scene::at(Address::Ip(address), settings)
}

async fn once(respond: impl Fn(Asked) -> Answer + Send + Sync + 'static, more: Value) -> Report {
    let server = Server::http(respond).await;
    at(server.address(), settings("/", &json!({}), &more)).visit().await
}

/// Lets the front end in, and whomever else `trusted` names.
fn listed(asked: &Asked, trusted: impl Fn(&str) -> bool) -> Answer {
    let answer = Answer::json(200, "{}").header("vary", "origin");
    match asked.header("origin") {
        Some(origin) if origin == FRONT || trusted(origin) => answer
            .header("access-control-allow-origin", origin)
            .header("access-control-allow-credentials", "true"),
        _ => answer,
    }
}

const LOOKALIKE: &str = "cors-lookalike-origin";

#[tokio::test]
async fn what_does_not_fit_into_a_visit_is_asked_on_the_next_ones() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let server = Server::http(move |asked| {
        counted.fetch_add(1, Ordering::Relaxed);
        listed(&asked, |origin| asked.path == "/b" && origin.starts_with("https://shop.example_"))
    });
    let server = server.await;
    let paths = json!({"endpoints": ["/a", "/b"]});
    let mut scene = at(server.address(), settings("/", &json!({}), &paths));
    scene.budgets.requests_per_visit = Some(25);
    let first = scene.visit().await;
    assert_eq!(outcome(&first, LOOKALIKE), Outcome::Unknown(Obstacle::OverBudget));
    let told = &finding(&first, LOOKALIKE).items[0].seen;
    assert!(told.contains(" origins: the visit has used up its 25"), "{told}");
    for _ in 0..4 {
        scene.visit().await;
    }
    let last = scene.visit().await;
    assert!(count.load(Ordering::Relaxed) <= 6 * 25, "no visit exceeds its budget");
    assert_eq!((failed(&last), unknown(&last)), (vec![LOOKALIKE], vec![]));
    assert!(finding(&last, LOOKALIKE).items.iter().any(|item| item.subject.starts_with("/b")));
}

#[tokio::test]
async fn a_fault_that_is_mended_is_gone_at_the_next_visit() {
    let mended = Arc::new(AtomicUsize::new(0));
    let state = Arc::clone(&mended);
    let server = Server::http(move |asked| listed(&asked, |_| state.load(Ordering::Relaxed) == 0));
    let server = server.await;
    let mut scene = at(server.address(), settings("/", &json!({}), &json!({})));
    let all = "cors-any-origin-with-credentials";
    assert_eq!(outcome(&scene.visit().await, all), Outcome::Fail(Confidence::Firm));
    mended.store(1, Ordering::Relaxed);
    let report = scene.visit().await;
    assert_eq!((failed(&report), unknown(&report)), (vec![], vec![]));
}

#[tokio::test]
async fn a_target_that_is_visited_often_is_not_asked_everything_each_time() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let server = Server::http(move |asked| {
        counted.fetch_add(1, Ordering::Relaxed);
        listed(&asked, |_| false)
    });
    let server = server.await;
    let mut scene = at(server.address(), settings("/", &json!({}), &json!({})));
    scene.visit().await;
    let first = count.swap(0, Ordering::Relaxed);
    let report = scene.visit().await;
    let second = count.load(Ordering::Relaxed);
    assert!(first <= 60 && second <= 6, "{first}, then {second}");
    assert_eq!((failed(&report), unknown(&report)), (vec![], vec![]));
}

#[tokio::test]
async fn a_firewall_that_refuses_every_origin_proves_nothing_of_the_policy() {
    let report = once(
        |asked| match asked.header("origin") {
            Some(_) => Answer::html(403, "<h1>Request blocked</h1>"),
            None => Answer::json(200, "{}"),
        },
        json!({}),
    )
    .await;
    assert_eq!(failed(&report), ["cors-allowed-origin-refused"]);
    let failed = Outcome::Unknown(Obstacle::ControlFailed);
    assert_eq!(outcome(&report, LOOKALIKE), failed);
    assert_eq!(outcome(&report, "cors-any-origin-with-credentials"), failed);
}

#[tokio::test]
async fn errors_of_a_server_in_trouble_are_no_refusals() {
    let count = AtomicUsize::new(0);
    let report = once(
        move |asked| match count.fetch_add(1, Ordering::Relaxed) {
            0..10 => listed(&asked, |_| false),
            _ => Answer::text(500, "out of memory"),
        },
        json!({}),
    )
    .await;
    assert!(matches!(outcome(&report, LOOKALIKE), Outcome::Unknown(_)), "{report:#?}");
    assert_eq!(failed(&report), [""; 0]);
}

#[tokio::test]
async fn a_cache_that_mixes_origins_up_is_told_and_got_around() {
    let kept = Mutex::new(None::<String>);
    let report = once(
        move |asked| {
            if asked.path.contains("gonogo-probe=") {
                return listed(&asked, |_| false);
            }
            // The first origin's answer is for everybody.
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let first = kept.get_or_insert_with(|| FRONT.to_owned());
            Answer::json(200, "{}")
                .header("age", "7")
                .header("access-control-allow-origin", first)
                .header("access-control-allow-credentials", "true")
        },
        json!({}),
    )
    .await;
    assert_eq!(failed(&report), ["cors-vary-missing"]);
    assert_eq!(outcome(&report, "cors-vary-missing"), Outcome::Fail(Confidence::Confirmed));
    assert_eq!(unknown(&report), [""; 0]);
}

#[tokio::test]
async fn a_policy_that_shows_on_a_denial_alone_is_tentative() {
    let reflect = |asked: Asked| {
        let mut answer = listed(&asked, |_| true);
        answer.status = http::StatusCode::UNAUTHORIZED;
        answer
    };
    let all = "cors-any-origin-with-credentials";
    let report = once(reflect, json!({})).await;
    assert_eq!(outcome(&report, all), Outcome::Fail(Confidence::Tentative));
    let unseen = Outcome::Unknown(Obstacle::Denied);
    assert_eq!(outcome(&report, "cors-any-origin"), unseen, "nobody was seen to read anything");
    let preflights_too = move |asked: Asked| match asked.method.as_str() {
        "OPTIONS" => listed(&asked, |_| true),
        _ => reflect(asked),
    };
    let report = once(preflights_too, json!({})).await;
    assert_eq!(outcome(&report, all), Outcome::Fail(Confidence::Firm), "it may send requests");
}

#[tokio::test]
async fn preflights_have_no_credentials_and_other_requests_do() {
    let wrong = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&wrong);
    let server = Server::http(move |asked| {
        let has = asked.header("cookie").is_some();
        if has == (asked.method == "OPTIONS") {
            let what = format!("{} {:?}", asked.method, asked.header("origin"));
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(what);
        }
        match (has, asked.method.as_str()) {
            (false, "GET") => Answer::text(401, ""),
            _ => listed(&asked, |_| true),
        }
    });
    let server = server.await;
    let more = json!({"credentials": {"cookie": "session=1"}});
    let report = at(server.address(), settings("/", &json!({}), &more)).visit().await;
    // The one request without a cookie asks what everybody gets.
    let wrong = wrong.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(wrong, ["GET None"]);
    let all = "cors-any-origin-with-credentials";
    assert_eq!(outcome(&report, all), Outcome::Fail(Confidence::Confirmed));
    assert_eq!(outcome(&report, "cors-any-origin"), Outcome::Pass);
}

#[tokio::test]
async fn a_server_that_wants_fewer_requests_gets_fewer() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let throttled = move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Answer::text(429, "")
    };
    let report = once(throttled, json!({})).await;
    assert_eq!(count.load(Ordering::Relaxed), 1);
    assert_eq!(outcome(&report, LOOKALIKE), Outcome::Unknown(Obstacle::Throttled));
}

#[tokio::test]
async fn silence_is_unknown_and_soon_given_up() {
    let server = Server::raw(|mut stream| async move {
        let mut request = [0; 1024];
        while stream.read(&mut request).await.is_ok_and(|read| read > 0) {}
    });
    let server = server.await;
    let mut scene = at(server.address(), settings("/", &json!({}), &json!({})));
    scene.budgets.read_timeout = Duration::from_millis(100);
    let report = scene.visit().await;
    assert_eq!(failed(&report), [""; 0]);
    assert_eq!(outcome(&report, LOOKALIKE), Outcome::Unknown(Obstacle::Timeout));
    assert_eq!(
        outcome(&report, "cors-allowed-origin-refused"),
        Outcome::Unknown(Obstacle::Timeout)
    );
}

#[tokio::test]
async fn a_slash_further_is_the_same_endpoint() {
    let server = Server::http(|asked| match asked.path.as_str() {
        "/cart" => Answer::text(301, "").header("location", "/cart/"),
        "/cart/" => listed(&asked, |_| false),
        _ => Answer::text(404, ""),
    });
    let server = server.await;
    let mut scene = at(server.address(), settings("/cart", &json!({}), &json!({})));
    let report = scene.visit().await;
    assert_eq!((failed(&report), unknown(&report)), (vec![], vec![]));
}

/// As Go's rs/cors: a preflight that asks for more than it may have is answered without any leave.
#[tokio::test]
async fn all_or_nothing_is_a_sound_way_to_answer_preflights() {
    let respond = |asked: Asked| {
        let vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
        let refused = || Answer::text(204, "").header("vary", vary);
        match asked.header("access-control-request-method") {
            None => listed(&asked, |_| false),
            Some("GET" | "PUT") => match asked.header("access-control-request-headers") {
                None | Some("x-id") if asked.header("origin") == Some(FRONT) => refused()
                    .header("access-control-allow-origin", FRONT)
                    .header("access-control-allow-credentials", "true")
                    .header("access-control-allow-methods", "PUT")
                    .header("access-control-allow-headers", "x-id"),
                _ => refused(),
            },
            Some(_) => refused(),
        }
    };
    let server = Server::http(respond).await;
    let used = json!({"methods": ["PUT"], "request_headers": ["X-Id"]});
    let cookie = json!({"credentials": {"cookie": "session=1"}});
    let report = at(server.address(), settings("/", &used, &cookie)).visit().await;
    assert_eq!((failed(&report), unknown(&report)), (vec![], vec![]));
}

#[tokio::test]
async fn a_socket_over_tls_is_asked_by_http1() {
    let pki = Pki::new();
    let tls = pki.leaf(&["api.shop.example"]).server_config();
    let server = Server::https(tls, |asked| match asked.header("upgrade") {
        Some("websocket") => {
            let mut answer = Answer::text(101, "").header("upgrade", "websocket");
            answer.headers.remove("content-type");
            answer.header("connection", "upgrade")
        }
        _ => listed(&asked, |_| false),
    });
    let server = server.await;
    let more = json!({"websockets": ["/socket"], "credentials": {"cookie": "session=1"}});
    let mut scene = at(server.address(), settings("/", &json!({}), &more)).tls(pki.root());
    let report = scene.visit().await;
    assert_eq!(failed(&report), ["cors-websocket-any-origin"]);
    let item = &finding(&report, "cors-websocket-any-origin").items[0];
    assert_eq!(item.outcome, Outcome::Fail(Confidence::Firm));
    let replay = item.replay.as_deref().unwrap_or_default();
    assert!(replay.starts_with("curl --http1.1 "), "{replay}");
}

/// A root that answers 404, and one endpoint that does not, for a target of which nothing was said.
async fn rootless(grant: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Server {
    Server::http(move |asked| {
        let mut answer = grant(&asked);
        if asked.path != "/api" {
            answer.status = http::StatusCode::NOT_FOUND;
        }
        answer
    })
    .await
}

const ALL: &str = "cors-any-origin-with-credentials";

#[tokio::test]
async fn an_api_whose_root_has_nothing_is_judged_where_it_has_something() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let server = rootless(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Answer::json(200, "{}")
    });
    let server = server.await;
    let mut scene = at(server.address(), json!({}));
    let report = scene.visit().await;
    assert_eq!((failed(&report), unknown(&report)), (vec![], vec![]));
    let item = &finding(&report, ALL).items[0];
    assert_eq!((&*item.subject, item.outcome), ("/api", Outcome::Pass));
    assert!(item.seen.contains("in place of /, which answers 404"), "{}", item.seen);
    assert!(item.seen.ends_with("was not asked (`credentials`)"), "{}", item.seen);
    // The root, where documents and pages may be, then at most what any endpoint is asked.
    let first = count.swap(0, Ordering::Relaxed);
    assert!(first <= 40, "{first}");
    let report = scene.visit().await;
    assert_eq!((failed(&report), unknown(&report)), (vec![], vec![]));
    let second = count.load(Ordering::Relaxed);
    assert!(second <= 5, "where it is is known: {second}");
}

#[tokio::test]
async fn a_policy_for_every_path_shows_where_there_is_nothing_too() {
    let server = rootless(|asked| listed(asked, |_| true)).await;
    let report = at(server.address(), json!({"private_network": false})).visit().await;
    assert_eq!(failed(&report), ["cors-any-origin", ALL]);
    assert_eq!(outcome(&report, ALL), Outcome::Fail(Confidence::Firm));
    // That what anybody may read is no public data was not seen.
    assert_eq!(outcome(&report, "cors-any-origin"), Outcome::Fail(Confidence::Tentative));
    let lookalikes =
        rootless(|asked| listed(asked, |origin| origin.ends_with("-probeshop.example"))).await;
    let settings = json!({"private_network": false, "allowed_origins": [FRONT]});
    let report = at(lookalikes.address(), settings).visit().await;
    assert_eq!((failed(&report), unknown(&report)), (vec![LOOKALIKE], vec![]));
    assert_eq!(outcome(&report, LOOKALIKE), Outcome::Fail(Confidence::Firm));
}

#[tokio::test]
async fn a_policy_of_one_path_is_not_taken_for_that_of_all() {
    // What is granted where there is nothing to read hurts nobody that was seen.
    for (path, sure) in [("/", Confidence::Tentative), ("/api", Confidence::Firm)] {
        let server = rootless(move |asked| match &*asked.path {
            here if here == path => listed(asked, |_| true),
            _ => Answer::json(200, "{}"),
        });
        let server = server.await;
        let report = at(server.address(), json!({"private_network": false})).visit().await;
        assert_eq!(outcome(&report, ALL), Outcome::Fail(sure), "{path}");
        let subject = &finding(&report, ALL).items[0].subject;
        assert_eq!(*subject, format!("{path} for a stranger"));
        let lookalikes = outcome(&report, LOOKALIKE);
        assert!(matches!(lookalikes, Outcome::Pass | Outcome::Skip), "{lookalikes:?}");
    }
}

#[tokio::test]
async fn a_front_end_is_not_said_to_be_refused_where_nobody_named_what_it_calls() {
    let server = rootless(|_| Answer::json(200, "{}")).await;
    let report = at(server.address(), json!({"allowed_origins": [FRONT]})).visit().await;
    assert_eq!(failed(&report), [""; 0]);
    let check = "cors-allowed-origin-refused";
    assert_eq!(outcome(&report, check), Outcome::Unknown(Obstacle::ControlFailed));
    assert!(finding(&report, check).items[0].seen.contains("`endpoints`"));
    assert_eq!(outcome(&report, LOOKALIKE), Outcome::Unknown(Obstacle::ControlFailed));
}

#[tokio::test]
async fn a_root_that_leads_on_is_judged_where_it_leads() {
    let server = Server::http(|asked| match asked.path.as_str() {
        "/" => Answer::text(302, "").header("location", "/query?state=1"),
        "/query?state=1" => listed(&asked, |_| false),
        _ => Answer::text(404, ""),
    });
    let server = server.await;
    let mut scene = at(server.address(), json!({"allowed_origins": [FRONT]}));
    let report = scene.visit().await;
    assert_eq!((failed(&report), unknown(&report)), (vec![], vec![]));
    assert_eq!(finding(&report, ALL).items[0].subject, "/query");
    let named = json!({"allowed_origins": [FRONT], "endpoints": ["/"]});
    let report = at(server.address(), named).visit().await;
    let unseen = Outcome::Unknown(Obstacle::ControlFailed);
    assert_eq!(outcome(&report, ALL), unseen, "what is named is judged itself");
}

#[tokio::test]
async fn a_root_that_wants_a_credential_has_something() {
    let server = Server::http(|asked| match asked.path.as_str() {
        "/healthz" => Answer::json(200, "{}"),
        _ => Answer::text(401, ""),
    });
    let report = at(server.await.address(), json!({})).visit().await;
    assert_eq!(outcome(&report, ALL), Outcome::Unknown(Obstacle::Denied));
}

/// An API that says in its document what it has.
fn documented(asked: &Asked) -> Option<Answer> {
    let document = json!({"openapi": "3.1.0", "paths": {
        "/export": {"get": {}}, "/api/orders": {"get": {}}, "/api/carts": {"get": {}},
        "/api/carts/{id}": {"get": {}}, "/readyz": {"get": {}},
    }});
    match asked.path.as_str() {
        "/openapi.json" => Some(Answer::json(200, document.to_string())),
        "/" | "/export" => Some(Answer::json(404, "{}")),
        _ => None,
    }
}

#[tokio::test]
async fn what_the_document_lists_is_judged_and_a_clean_health_endpoint_is_not() {
    let server = Server::http(|asked| {
        documented(&asked).unwrap_or_else(|| match asked.path.as_str() {
            "/readyz" => Answer::json(200, "{}"),
            "/api/orders" => listed(&asked, |_| true),
            "/api/carts" => Answer::json(200, r#"{"carts": []}"#),
            _ => Answer::json(404, "{}"),
        })
    });
    let server = server.await;
    let report = at(server.address(), json!({"private_network": false})).visit().await;
    assert_eq!(failed(&report), ["cors-any-origin", ALL]);
    assert_eq!(outcome(&report, ALL), Outcome::Fail(Confidence::Firm));
    let subjects = |check: &str| -> Vec<String> {
        finding(&report, check).items.iter().map(|item| item.subject.clone()).collect()
    };
    assert!(!subjects(ALL).iter().any(|subject| subject.contains("readyz")), "{report:#?}");
}

#[tokio::test]
async fn operations_that_answer_alike_are_asked_little() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let server = Server::http(move |asked| {
        counted.fetch_add(1, Ordering::Relaxed);
        documented(&asked).unwrap_or_else(|| match asked.path.as_str() {
            "/api/orders" | "/api/carts" => listed(&asked, |_| false),
            _ => Answer::json(404, "{}"),
        })
    });
    let server = server.await;
    let settings = json!({"private_network": false, "allowed_origins": [FRONT]});
    let report = at(server.address(), settings).visit().await;
    assert_eq!((failed(&report), unknown(&report)), (vec![], vec![]));
    let count = count.load(Ordering::Relaxed);
    assert!(count <= 65, "{count}");
}

#[tokio::test]
async fn a_policy_of_one_operation_alone_is_found() {
    let server = Server::http(|asked| {
        documented(&asked).unwrap_or_else(|| match asked.path.as_str() {
            "/api/carts" => listed(&asked, |_| false),
            // A longer body, so that it is not the one that is asked everything.
            "/api/orders" => {
                let mut answer = listed(&asked, |origin| origin.ends_with("example.net"));
                answer.body = r#"{"orders": [1, 2, 3]}"#.into();
                answer
            }
            _ => Answer::json(404, "{}"),
        })
    });
    let server = server.await;
    let settings = json!({"private_network": false, "allowed_origins": [FRONT]});
    let report = at(server.address(), settings).visit().await;
    let items = &finding(&report, ALL).items;
    let faulty = items.iter().find(|item| matches!(item.outcome, Outcome::Fail(_)));
    assert!(faulty.is_some_and(|item| item.subject.starts_with("/api/orders")), "{report:#?}");
}

#[tokio::test]
async fn where_only_health_answers_nothing_is_known_and_the_setting_is_named() {
    let server = Server::http(|asked| match asked.path.as_str() {
        "/readyz" | "/healthz" => Answer::json(200, r#"{"status": "ok"}"#),
        _ => Answer::json(404, "{}"),
    });
    let report = at(server.await.address(), json!({})).visit().await;
    assert_eq!(outcome(&report, ALL), Outcome::Unknown(Obstacle::ControlFailed));
    let seen = &finding(&report, ALL).items[0].seen;
    assert!(seen.contains("`endpoints`"), "{seen}");
    assert!(report.findings.iter().all(|one| one.outcome != Outcome::Pass), "{report:#?}");
}

#[tokio::test]
async fn an_answer_that_the_settings_name_is_judged_whatever_its_status() {
    let server = Server::http(|asked| {
        let mut answer = listed(&asked, |_| false);
        answer.status = http::StatusCode::NOT_FOUND;
        answer
    });
    let settings = json!({"accept": [200, 404], "endpoints": ["/"], "private_network": false});
    let report = at(server.await.address(), settings).visit().await;
    assert_eq!((failed(&report), unknown(&report)), (vec![], vec![]));
    assert_eq!(outcome(&report, ALL), Outcome::Pass);
}

#[tokio::test]
async fn one_visit_asks_all_that_the_settings_name() {
    let fronts = ["https://www.shop.example", "https://admin.shop.example"];
    for (origins, endpoints) in [(&fronts[..], &["/"][..]), (&fronts[..1], &["/a", "/b", "/c"])] {
        let server = Server::http(move |asked| {
            let answer = Answer::json(200, "{}").header("vary", "origin");
            match asked.header("origin").filter(|origin| fronts.contains(origin)) {
                Some(origin) => answer
                    .header("access-control-allow-origin", origin)
                    .header("access-control-allow-credentials", "true"),
                None => answer,
            }
        });
        let server = server.await;
        let settings = json!({
            "allowed_origins": origins, "endpoints": endpoints, "private_network": false,
        });
        let report = at(server.address(), settings).visit().await;
        assert_eq!((failed(&report), unknown(&report)), (vec![], vec![]), "{endpoints:?}");
        assert_eq!(outcome(&report, LOOKALIKE), Outcome::Pass);
    }
}

#[tokio::test]
async fn what_the_budget_does_not_allow_names_the_setting() {
    let server = Server::http(|asked| listed(&asked, |_| false)).await;
    let mut scene = at(server.address(), settings("/", &json!({}), &json!({})));
    scene.budgets.requests_per_visit = Some(25);
    let report = scene.visit().await;
    let seen = &finding(&report, LOOKALIKE).items[0].seen;
    assert!(seen.contains("used up its 25") && seen.contains("`requests_per_visit`"), "{seen}");
}

/// As Spring: a preflight for a method that is not allowed answers 403.
#[tokio::test]
async fn a_preflight_that_is_refused_for_its_method_is_not_behind_a_sign_in() {
    let server = Server::http(|asked| match asked.header("access-control-request-method") {
        Some("GET") | None => listed(&asked, |_| false),
        Some(_) => Answer::text(403, "Invalid CORS request"),
    });
    let used = json!({"methods": ["PUT"]});
    let report = at(server.await.address(), settings("/", &used, &json!({}))).visit().await;
    assert_eq!(outcome(&report, "cors-preflight-needs-credentials"), Outcome::Pass);
    assert_eq!(failed(&report), ["cors-allowed-origin-refused"]);
}

#[tokio::test]
async fn one_visit_is_enough_even_if_the_last_place_has_something() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let pki = Pki::new();
    let tls = pki.leaf(&["api.shop.example"]).server_config();
    let server = Server::https(tls, move |asked| {
        counted.fetch_add(1, Ordering::Relaxed);
        let mut answer = listed(&asked, |_| false);
        if asked.path != "/app" {
            answer.status = http::StatusCode::NOT_FOUND;
        }
        answer
    });
    let server = server.await;
    let settings = json!({"allowed_origins": [FRONT], "private_network": false});
    let report = at(server.address(), settings).tls(pki.root()).visit().await;
    assert_eq!((failed(&report), unknown(&report)), (vec![], vec![]));
    let count = count.load(Ordering::Relaxed);
    assert!((50..=75).contains(&count), "{count}");
}
