//! What is asked of a target, and when it is left alone.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::{io::AsyncWriteExt, time::Instant};

use super::*;
use crate::contract::{Obstacle, specimen::silent};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

#[tokio::test]
async fn a_visit_has_so_many_requests_and_the_next_one_as_many_again() {
    let address = answering(OK).await;
    let url = url("http", address);
    let mut settings = settings(&url);
    settings.budgets.requests_per_visit = Some(2);
    let requests = Arc::clone(&settings.requests);
    let net = Net::new(settings).expect("a net");
    let visit = net.session(Footprint::Passive);
    let endpoint = Endpoint::of_url(&url).expect("a host");
    soon(visit.exchange(Request::get(url.clone()))).await.expect("the first");
    soon(visit.clone().connect(&endpoint)).await.expect("the second");
    let third = visit.exchange(Request::get(url.clone())).await.expect_err("the third");
    assert_eq!(third.obstacle, Obstacle::OverBudget);
    soon(net.session(Footprint::Passive).exchange(Request::get(url))).await.expect("another visit");
    assert_eq!(requests.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn so_many_are_in_flight_and_no_more() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (count, peak) = (Arc::clone(&now), Arc::clone(&most));
    let address = server(move |mut stream| {
        let (count, peak) = (Arc::clone(&count), Arc::clone(&peak));
        async move {
            read_header(&mut stream).await;
            peak.fetch_max(count.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            count.fetch_sub(1, Ordering::SeqCst);
            stream.write_all(OK).await.expect("sent");
        }
    })
    .await;
    let url = url("http", address);
    let mut settings = settings(&url);
    settings.budgets.in_flight = 2;
    let session = session(settings);
    let exchanges = (0..20).map(|_| session.exchange(Request::get(url.clone())));
    for outcome in soon(futures_util::future::join_all(exchanges)).await {
        outcome.expect("an answer");
    }
    assert!(most.load(Ordering::SeqCst) <= 2);
}

#[tokio::test]
async fn a_held_connection_is_in_flight_until_it_is_dropped() {
    let address = answering(OK).await;
    let url = url("http", address);
    let mut settings = settings(&url);
    settings.budgets.in_flight = 1;
    let session = session(settings);
    let held = session.connect(&Endpoint::of_url(&url).expect("a host")).await.expect("connected");
    let mut waiting = std::pin::pin!(session.exchange(Request::get(url)));
    assert!(time::timeout(Duration::from_millis(50), waiting.as_mut()).await.is_err());
    drop(held);
    soon(waiting).await.expect("its turn");
}

#[tokio::test]
async fn waiting_for_the_rate_is_in_no_phase() {
    let address = answering(OK).await;
    let url = url("http", address);
    let mut settings = settings(&url);
    settings.budgets.requests_per_second = 4;
    settings.budgets.burst = 1;
    let session = session(settings);
    soon(session.exchange(Request::get(url.clone()))).await.expect("at once");
    let started = Instant::now();
    let exchange = soon(session.exchange(Request::get(url))).await.expect("later");
    let waited = started.elapsed().saturating_sub(exchange.phases.total());
    assert!(waited > Duration::from_millis(100), "{waited:?}");
}

#[tokio::test]
async fn active_probes_keep_away_from_a_target_in_trouble_and_passive_ones_do_not() {
    let address = answering("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").await;
    let url = url("http", address);
    let net = Net::new(settings(&url)).expect("a net");
    let passive = net.session(Footprint::Passive);
    let active = net.session(Footprint::Active);
    for _ in 0..3 {
        soon(active.exchange(Request::get(url.clone()))).await.expect("not yet");
    }
    let endpoint = Endpoint::of_url(&url).expect("a host");
    for refused in [
        active.exchange(Request::get(url.clone())).await.map(drop),
        active.connect(&endpoint).await.map(drop),
        net.session(Footprint::Load).raw(&endpoint, false, b"", PATIENT).await.map(drop),
    ] {
        let refused = refused.expect_err("open");
        assert_eq!(refused.obstacle, Obstacle::BreakerOpen);
        assert!(refused.detail.contains("server errors"), "{refused}");
    }
    soon(passive.exchange(Request::get(url))).await.expect("passive probes go on");
}

#[tokio::test]
async fn a_port_beside_the_targets_own_that_drops_connections_opens_no_breaker() {
    let url = url("http", answering(OK).await);
    let (dropping, _full) = silent();
    let other = Endpoint::tcp("127.0.0.1", dropping.port());
    let mut settings = settings(&url);
    settings.allow.endpoints.push(other.clone());
    settings.budgets.connect_timeout = Duration::from_millis(500);
    let net = Net::new(settings).expect("a net");
    for _ in 0..3 {
        let silence = net.session(Footprint::Passive).connect(&other).await.expect_err("silent");
        assert_eq!(silence.obstacle, Obstacle::Timeout);
    }
    soon(net.session(Footprint::Active).exchange(Request::get(url))).await.expect("it is well");
}

#[tokio::test]
async fn time_outs_of_passive_probes_open_the_breaker_too() {
    let address = server(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let url = url("http", address);
    let mut settings = hasty(&url);
    settings.budgets.read_timeout = Duration::from_millis(20);
    let net = Net::new(settings).expect("a net");
    let passive = net.session(Footprint::Passive);
    for _ in 0..3 {
        soon(passive.exchange(Request::get(url.clone()))).await.expect_err("silent");
    }
    let refused = net.session(Footprint::Active).exchange(Request::get(url)).await;
    assert_eq!(refused.expect_err("open").obstacle, Obstacle::BreakerOpen);
}

#[tokio::test]
async fn server_errors_of_another_host_open_no_breaker() {
    let url = url("http", answering(OK).await);
    let broken = self::url("http", answering("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n").await);
    let mut settings = settings(&url);
    settings.allow.endpoints.push(Endpoint::of_url(&broken).expect("a host"));
    let net = Net::new(settings).expect("a net");
    let passive = net.session(Footprint::Passive);
    for _ in 0..10 {
        let exchange = passive.exchange(Request::get(broken.clone()));
        assert_eq!(soon(exchange).await.expect("an answer").status, 503);
    }
    soon(net.session(Footprint::Active).exchange(Request::get(url))).await.expect("it is well");
}

#[tokio::test]
async fn silence_of_another_host_opens_no_breaker() {
    let url = url("http", answering(OK).await);
    let silent = server(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    });
    let silent = self::url("http", silent.await);
    let mut settings = settings(&url);
    settings.budgets.read_timeout = Duration::from_millis(50);
    settings.allow.endpoints.push(Endpoint::of_url(&silent).expect("a host"));
    let net = Net::new(settings).expect("a net");
    let passive = net.session(Footprint::Passive);
    for _ in 0..3 {
        let exchange = passive.exchange(Request::get(silent.clone()));
        assert_eq!(soon(exchange).await.expect_err("silent").obstacle, Obstacle::Timeout);
    }
    soon(net.session(Footprint::Active).exchange(Request::get(url))).await.expect("it is well");
}

#[tokio::test]
async fn what_a_disruption_meets_opens_no_breaker_and_no_breaker_stops_it() {
    let address = answering("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n").await;
    let url = url("http", address);
    let net = Net::new(settings(&url)).expect("a net");
    let ask = async |footprint| {
        soon(net.session(footprint).exchange(Request::get(url.clone()))).await.map(|_| ())
    };
    for footprint in [Footprint::Disruptive, Footprint::Load] {
        for _ in 0..5 {
            ask(footprint).await.expect("an answer");
        }
    }
    for _ in 0..3 {
        ask(Footprint::Active).await.expect("not yet open");
    }
    assert_eq!(ask(Footprint::Active).await.expect_err("open").obstacle, Obstacle::BreakerOpen);
    assert_eq!(ask(Footprint::Load).await.expect_err("open").obstacle, Obstacle::BreakerOpen);
    ask(Footprint::Disruptive).await.expect("it watches trouble");
}

#[tokio::test]
async fn a_visit_with_many_requests_does_not_delay_the_first_one_of_another() {
    let url = url("http", answering(OK).await);
    let mut settings = settings(&url);
    (settings.budgets.requests_per_second, settings.budgets.burst) = (10, 1);
    let net = Net::new(settings).expect("a net");
    let (many, few) = (net.session(Footprint::Passive), net.session(Footprint::Passive));
    let started = Instant::now();
    let all =
        futures_util::future::join_all((0..50).map(|_| many.exchange(Request::get(url.clone()))));
    let first = async {
        // The others are queued by then.
        tokio::task::yield_now().await;
        few.exchange(Request::get(url.clone())).await.expect("an answer");
        started.elapsed()
    };
    tokio::select! {
        biased;
        _ = all => panic!("the others take five seconds"),
        took = first => assert!(took < Duration::from_secs(1), "{took:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_visit_that_ends_in_our_own_queue_was_no_time_out_of_the_target() {
    let url = url("http", answering(OK).await);
    let mut settings = settings(&url);
    (settings.budgets.requests_per_second, settings.budgets.burst) = (1, 1);
    let net = Net::new(settings).expect("a net");
    let deadline = Duration::from_secs(10);

    let idle = net.session(Footprint::Passive);
    assert_eq!(idle.out_of_time(deadline).obstacle, Obstacle::Timeout);

    let session = net.session(Footprint::Passive);
    let queued = (0..20).map(|_| session.exchange(Request::get(url.clone())));
    let visit = time::timeout(deadline, futures_util::future::join_all(queued));
    assert!(visit.await.is_err());
    let late = session.out_of_time(deadline);
    assert_eq!(late.obstacle, Obstacle::OverBudget);
    assert!(late.detail.contains("1 requests a second"), "{late}");
}

#[tokio::test]
async fn an_experiment_has_budgets_of_its_own_and_other_visits_keep_theirs() {
    let url = url("http", answering(OK).await);
    let mut settings = settings(&url);
    (settings.budgets.requests_per_second, settings.budgets.burst) = (1, 1);
    settings.budgets.requests_per_visit = Some(2);
    let net = Net::new(settings).expect("a net");
    let own = Budgets { requests_per_second: 1_000, burst: 1_000, ..Budgets::default() };
    let experiment = net.session(Footprint::Load).with_budgets(own.clone()).for_requests(200);
    let started = Instant::now();
    for _ in 0..50 {
        soon(experiment.exchange(Request::get(url.clone()))).await.expect("an answer");
    }
    let mild = net.session(Footprint::Active).with_budgets(own);
    soon(mild.exchange(Request::get(url.clone()))).await.expect("at once");
    assert!(started.elapsed() < Duration::from_secs(20), "fifty at a rate of one");
    let queued = Instant::now();
    soon(mild.exchange(Request::get(url.clone()))).await.expect("in its turn");
    assert!(queued.elapsed() > Duration::from_millis(500), "the target's rate");
    let third = mild.exchange(Request::get(url)).await.expect_err("the target's limit");
    assert_eq!(third.obstacle, Obstacle::OverBudget);
}

#[tokio::test]
async fn a_hurried_question_is_given_up_sooner_and_not_while_it_is_queued() {
    let address = server(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    });
    let url = url("http", address.await);
    let mut settings = settings(&url);
    (settings.budgets.requests_per_second, settings.budgets.burst) = (2, 1);
    let session = session(settings);
    let hurried = session.hurried(Duration::from_millis(100));
    for _ in 0..2 {
        let silent = soon(hurried.exchange(Request::get(url.clone()))).await.expect_err("silent");
        assert_eq!(silent.obstacle, Obstacle::Timeout);
        assert!(silent.detail.contains("sent nothing for 100ms"), "{silent}");
    }
}
