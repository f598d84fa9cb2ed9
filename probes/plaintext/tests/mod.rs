//! The probe against ports that are closed, silent, or gone with the rest.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use http::{HeaderMap, HeaderValue, StatusCode, header};
use rustls_pki_types::CertificateDer;
use serde_json::json;
use tokio::net::{TcpListener, TcpSocket};

use super::{Evidence, Plaintext};
use crate::{
    contract::{
        Confidence, Footprint, Item, Kind, Obstacle, Outcome,
        net::{Address, Allow, Budgets, Endpoint, Net, NetSettings, Roots, Trust},
        redact::Redactor,
        specimen::{self, Started, arm, refusing, silent},
    },
    web::knock::{Door, Hop},
};

/// Evidence of `https://shop.example/`, visited by nobody in particular.
pub(super) fn evidence(door: Door) -> Evidence {
    Evidence {
        subject: "http://shop.example/".to_owned(),
        own: false,
        host: "shop.example".to_owned(),
        door,
        control: None,
        audience: None,
        listeners: Vec::new(),
    }
}

pub(super) fn answered(hops: Vec<Hop>) -> Door {
    Door::Answered { hops, stopped: None }
}

pub(super) fn hop(status: u16, body: &str) -> Hop {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    Hop {
        url: "http://shop.example/".parse().expect("a URL"),
        status: StatusCode::from_u16(status).expect("a status"),
        location: None,
        headers,
        body: (!body.is_empty()).then(|| body.to_owned()),
        replay: String::new(),
    }
}

pub(super) fn hop_to(status: u16, to: &str) -> Hop {
    Hop { location: Some(Ok(to.parse().expect("a URL"))), ..hop(status, "") }
}

async fn served(started: Started) -> Outcome {
    let kind = Kind::of::<Plaintext>();
    let armed = arm(&kind, &started.settings);
    let visit = started.visit(armed.as_ref(), Footprint::Passive);
    let report = armed.run(&visit).await;
    report.findings[0].outcome
}

#[tokio::test]
async fn a_closed_port_proves_nothing_while_the_service_is_down() {
    let ((https, a), (http, b)) = (refusing(), refusing());
    let url = format!("https://{https}/").parse().expect("a URL");
    let settings = json!({"port": http.port()});
    let outcome = served(Started::new(url, (a, b)).settings(settings)).await;
    assert_eq!(outcome, Outcome::Unknown(Obstacle::ControlFailed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_drops_connections_is_closed_while_the_service_answers() {
    let (address, full) = silent();
    let pki = specimen::Pki::new();
    let tls = pki.leaf(&["127.0.0.1"]).server_config();
    let server = specimen::Server::https(tls, |_| specimen::Answer::text(200, "shop")).await;
    let settings = json!({"port": address.port()});
    let url = server.url("/");
    let started = Started::new(url, (server, full)).settings(settings).root(pki.root());
    assert_eq!(served(started).await, Outcome::Pass);
}

/// A visit to `https://shop.example/` at these addresses.
async fn served_at(addresses: &[SocketAddr], port: u16, root: CertificateDer<'static>) -> Item {
    let settings = json!({"port": port});
    let started = Started::new("https://shop.example/".parse().expect("a URL"), ());
    let armed = arm(&Kind::of::<Plaintext>(), &settings);
    let mut visit = started.visit(armed.as_ref(), Footprint::Passive);
    let origin = Endpoint::tcp("shop.example", 443);
    let loopback = "127.0.0.0/8".parse().expect("a network");
    let net = Net::new(NetSettings {
        allow: Allow {
            endpoints: vec![origin.clone(), Endpoint::tcp("shop.example", port)],
            networks: vec![loopback],
        },
        connect_to: addresses.iter().copied().map(Address::Ip).collect(),
        origin,
        trust: Trust { roots: Roots::Listed(Arc::new(vec![root])), ..Trust::default() },
        budgets: Budgets::default(),
        user_agent: "gonogo/test".to_owned(),
        redactor: Redactor::default(),
        requests: Arc::default(),
    });
    visit.net = net.expect("authorities that can be read").session(Footprint::Passive);
    armed.run(&visit).await.findings[0].items[0].clone()
}

/// One service at two addresses of loopback, which has more than one where Linux runs.
#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_closed_at_one_address_may_be_open_at_another() {
    let pki = specimen::Pki::new();
    let secure = pki.leaf(&["shop.example"]).server_config();
    let shop = |_| specimen::Answer::text(200, "shop");
    let first = specimen::Server::https(secure.clone(), shop).await;
    let second = TcpListener::bind(("127.0.0.2", first.address().port())).await;
    let second = specimen::Server::start(second.expect("free there too"), Some(secure), shop);
    let addresses = [first.address(), second.address()];
    let closed = |host: &str, port: u16| {
        let socket = TcpSocket::new_v4().expect("a socket");
        let address = SocketAddr::new(host.parse().expect("an address"), port);
        socket.bind(address).expect("a port that is free at both");
        socket
    };
    let here = closed("127.0.0.1", 0);
    let port = here.local_addr().expect("bound").port();
    let there = closed("127.0.0.2", port);
    let item = served_at(&addresses, port, pki.root()).await;
    assert_eq!(item.outcome, Outcome::Pass, "{}", item.seen);
    assert!(item.seen.contains("the others of 2 addresses"), "{}", item.seen);

    let listener = there.listen(16).expect("a listener");
    let plain = specimen::Server::start(listener, None, shop);
    let item = served_at(&addresses, port, pki.root()).await;
    assert_eq!(item.outcome, Outcome::Fail(Confidence::Confirmed), "{}", item.seen);
    drop((here, second, plain));
}

#[tokio::test]
async fn the_port_80_of_whoever_maps_the_targets_ports_is_not_the_targets() {
    let tunnel = SocketAddr::from((Ipv4Addr::LOCALHOST, 8443));
    let item = served_at(&[tunnel], 80, specimen::Pki::new().root()).await;
    assert_eq!(item.outcome, Outcome::Skip, "{}", item.seen);
    assert!(item.seen.contains("`connect_to`"), "{}", item.seen);
}
