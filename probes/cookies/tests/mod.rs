//! What the judgements share, and the probe against servers that set cookies.

use std::time::{Duration, SystemTime};

use serde_json::json;

use super::{Cookies, Evidence};
use crate::cookies::evidence::{Page, Plain, Set};
use crate::{
    contract::{
        Footprint, Item, Kind, Obstacle, Outcome, Rule,
        specimen::{Answer, Pki, Server, Started, arm, refusing},
    },
    web::{knock::Door, set_cookie::SetCookie},
};

/// What a rule says of these fields, set by `https://www.shop.example/`.
pub(super) fn judged(rule: &Rule<Cookies>, fields: &[&str]) -> Vec<Item> {
    let set = fields.iter().filter_map(|field| SetCookie::parse(field.as_bytes()));
    let set = set.map(|cookie| Set { subject: "/".to_owned(), cookie, replay: String::new() });
    let seen = Evidence {
        at: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        host: "www.shop.example".to_owned(),
        secure: true,
        pages: vec![Page { subject: "/".to_owned(), cookies: set.collect(), unseen: None }],
        plain: Plain {
            subject: "http://www.shop.example/".to_owned(),
            door: Door::Closed("refused".to_owned()),
            cookies: Vec::new(),
        },
    };
    rule.judge(&Cookies::default(), &seen)
}

#[tokio::test]
async fn no_value_of_a_cookie_is_in_the_report() {
    let pki = Pki::new();
    let answer = |_| Answer::html(200, "").header("set-cookie", "sid=hush-hush; Path=/hush");
    let server = Server::https(pki.leaf(&["127.0.0.1"]).server_config(), answer).await;
    let plain = Server::http(answer).await;
    let settings = json!({"port": plain.address().port()});
    let started =
        Started::new(server.url("/"), (server, plain)).settings(settings).root(pki.root());
    let kind = Kind::of::<Cookies>();
    let armed = arm(&kind, &started.settings);
    let visit = started.visit(armed.as_ref(), Footprint::Passive);
    let report = armed.run(&visit).await;
    assert!(matches!(report.findings[0].outcome, Outcome::Fail(_)));
    let report = format!("{report:?}");
    assert!(report.contains("sid") && !report.contains("hush-hush"), "{report}");
}

#[tokio::test]
async fn a_page_that_is_not_there_says_nothing_of_the_cookies_of_one_that_is() {
    let server = Server::http(|_| Answer::json(404, "{}")).await;
    let started = Started::new(server.url("/"), server);
    let kind = Kind::of::<Cookies>();
    let armed = arm(&kind, &started.settings);
    let report = armed.run(&started.visit(armed.as_ref(), Footprint::Passive)).await;
    let finding = report.findings.iter().find(|finding| finding.check.id == "cookies-cross-site");
    let item = &finding.expect("a check of the probe").items[0];
    assert_eq!(item.outcome, Outcome::Unknown(Obstacle::ControlFailed));
    assert!(item.subject == "/ (404)" && item.seen.contains("`paths`"), "{item:?}");
}

#[tokio::test]
async fn a_target_that_does_not_answer_is_unknown() {
    let (address, guard) = refusing();
    let url = format!("https://{address}/").parse().expect("a URL");
    let started = Started::new(url, guard);
    let kind = Kind::of::<Cookies>();
    let armed = arm(&kind, &started.settings);
    let visit = started.visit(armed.as_ref(), Footprint::Passive);
    let report = armed.run(&visit).await;
    for finding in &report.findings[1..] {
        assert_eq!(finding.outcome, Outcome::Unknown(Obstacle::Refused), "{}", finding.check.id);
    }
}
