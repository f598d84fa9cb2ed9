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
        net.session(Footprint::Disruptive).raw(&endpoint, false, b"", PATIENT).await.map(drop),
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
