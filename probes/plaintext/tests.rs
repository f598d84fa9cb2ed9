//! The probe against ports that are closed, silent, or gone with the rest.

use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use super::{Door, Evidence, Hop, Plaintext};
use crate::contract::{
    Footprint, Kind, Obstacle, Outcome,
    specimen::{self, Started, arm, refusing, silent},
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
