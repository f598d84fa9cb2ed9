//! The addresses of a name, each of which has to answer.

use std::collections::BTreeMap;

use url::Url;

use crate::contract::{
    Obstacle, Obstructed, Visit,
    net::{Address, Endpoint},
};

/// The addresses that are asked on one visit.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// In an order that is not the resolver's; never empty unless nothing is known of them.
    pub(crate) asked: Vec<Address>,
    /// How many there are.
    pub(crate) all: usize,
}

/// Which address of an endpoint comes first on the next visit, where one visit cannot ask all.
#[derive(Clone, Default)]
struct Next(BTreeMap<String, usize>);

impl Round {
    /// The addresses of a URL's host. Empty where they are not known, and then the request itself tells
    /// why.
    pub(crate) async fn of_url(visit: &Visit, url: &Url, most: usize) -> Self {
        match Endpoint::of_url(url) {
            Some(endpoint) => Self::of(visit, &endpoint, most).await.unwrap_or_default(),
            None => Self::default(),
        }
    }

    /// The addresses of an endpoint, as many as `most`; the next visits ask the others.
    pub(crate) async fn of(
        visit: &Visit,
        endpoint: &Endpoint,
        most: usize,
    ) -> Result<Self, Obstructed> {
        let all = visit.net.addresses(endpoint).await?;
        let key = endpoint.to_string();
        let next = visit.memory.recall::<Next>();
        let mut next = next.map(|next| (*next).clone()).unwrap_or_default();
        let first = next.0.get(&key).copied().unwrap_or_default();
        let round = Self::sample(all, first, most);
        if round.all > round.asked.len() {
            next.0.insert(key, (first + most) % round.all);
            visit.memory.store(next);
        }
        Ok(round)
    }

    fn sample(mut all: Vec<Address>, first: usize, most: usize) -> Self {
        all.sort_unstable();
        all.dedup();
        let count = all.len();
        if count > most {
            all.rotate_left(first % count);
            all.truncate(most);
        }
        Self { asked: all, all: count }
    }

    /// Whether there is more than one, so that reports must say which is meant.
    pub(crate) fn has_several(&self) -> bool {
        self.all > 1
    }

    /// Why something is unknown, where not all are asked.
    pub(crate) fn unasked(&self) -> Option<Obstructed> {
        (self.all > self.asked.len() && !self.asked.is_empty()).then(|| {
            Obstacle::OverBudget.because(format!(
                "{} of {} addresses were asked on this visit; the next visits ask the others",
                self.asked.len(),
                self.all
            ))
        })
    }
}

/// Whether an obstacle at an address is for want of a way to the IPv6 internet from here, which in many
/// networks there is none of: it says nothing of the target as long as another address answers.
pub(crate) fn is_unroutable(address: &Address, obstacle: Obstacle) -> bool {
    let is_ipv6 = matches!(address, Address::Ip(ip) if ip.is_ipv6());
    is_ipv6 && obstacle == Obstacle::Unreachable
}

/// Addresses that are asked on one visit.
pub(crate) const MOST: usize = 32;

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        net::SocketAddr,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use serde_json::{Value, json};

    use super::*;
    use crate::{
        CATALOGUE,
        contract::{
            Report,
            specimen::{Answer, Asked, Server, Started, arm, refusing, silent},
        },
    };

    fn addresses(count: usize) -> Vec<Address> {
        let address = |i| format!("192.0.2.{i}:443").parse().map(Address::Ip);
        (1..=count).map(|i| address(i).expect("an address")).collect()
    }

    #[test]
    fn the_resolvers_order_makes_no_difference() {
        let (mut one, other) = (addresses(5), addresses(5));
        one.reverse();
        one.extend(addresses(2));
        let (one, other) = (Round::sample(one, 0, MOST), Round::sample(other, 0, MOST));
        assert_eq!((one.asked, one.all), (other.asked, other.all));
    }

    #[test]
    fn more_than_fit_are_asked_in_turn_and_said_not_to_be() {
        let all = addresses(40);
        assert!(Round::sample(addresses(32), 7, MOST).unasked().is_none());
        let first = Round::sample(all.clone(), 0, MOST);
        assert_eq!(first.unasked().expect("some are not asked").obstacle, Obstacle::OverBudget);
        let second = Round::sample(all.clone(), MOST, MOST);
        let seen: BTreeSet<_> = first.asked.into_iter().chain(second.asked).collect();
        assert_eq!(seen.len(), all.len());
    }

    /// What probes say of a name that leads to these addresses.
    async fn said(kind: &str, settings: Value, addresses: &[SocketAddr]) -> Report {
        let kind = CATALOGUE.iter().find(|one| one.name == kind).expect("a probe");
        let url = Url::parse("http://api.shop.example/").expect("a URL");
        let mut started = Started::new(url, ()).settings(settings);
        started.address = Some(addresses[0]);
        started.also = addresses[1..].to_vec();
        let armed = arm(kind, &started.settings);
        armed.run(&started.visit(armed.as_ref(), kind.footprint())).await
    }

    /// The items of a check, each as subject and outcome.
    fn items(report: &Report, check: &str) -> BTreeSet<(String, String)> {
        let finding = report.findings.iter().find(|one| one.check.id == check).expect(check);
        let items = finding.items.iter();
        items.map(|item| (item.subject.clone(), format!("{:?}", item.outcome))).collect()
    }

    fn healthy(asked: &Asked) -> Answer {
        match asked.path.as_str() {
            "/readyz" | "/livez" => Answer::json(200, r#"{"status": "ok"}"#),
            _ => Answer::json(404, "{}"),
        }
    }

    const ASKED: [(&str, &str); 3] =
        [("health", "health-not-ready"), ("http", "http-unexpected"), ("http", "http-unreachable")];

    fn settings(kind: &str) -> Value {
        match kind {
            "health" => json!({"ready": "/readyz", "live": "/livez"}),
            _ => json!({"url": "/readyz"}),
        }
    }

    #[tokio::test]
    async fn an_address_that_fails_is_seen_wherever_it_stands() {
        let sound = Server::http(|asked| healthy(&asked)).await;
        let failing = Server::http(|asked| match asked.path.as_str() {
            "/readyz" => Answer::json(503, r#"{"status": "down"}"#),
            _ => healthy(&asked),
        });
        let failing = failing.await;
        let (closed, _guard) = refusing();
        for other in [failing.address(), closed] {
            for (kind, check) in ASKED {
                let mut orders = Vec::new();
                for addresses in [[sound.address(), other], [other, sound.address()]] {
                    let report = said(kind, settings(kind), &addresses).await;
                    orders.push(items(&report, check));
                }
                assert_eq!(orders[0], orders[1], "{check}");
                let faulty = |(subject, outcome): &&(String, String)| {
                    subject.contains(&other.to_string()) && *outcome != "Pass"
                };
                let is_seen = orders[0].iter().any(|item| faulty(&item));
                // A 503 is an answer.
                let expected = check != "http-unreachable" || other == closed;
                assert_eq!(is_seen, expected, "{check}: {orders:?}");
            }
        }
    }

    #[tokio::test]
    async fn sound_addresses_pass_and_each_is_named() {
        let one = Server::http(|asked| healthy(&asked)).await;
        let two = Server::http(|asked| healthy(&asked)).await;
        for (kind, check) in ASKED {
            let report = said(kind, settings(kind), &[one.address(), two.address()]).await;
            let items = items(&report, check);
            assert!(items.iter().all(|(_, outcome)| outcome == "Pass"), "{items:?}");
            for server in [&one, &two] {
                let at = format!("at {}", server.address());
                assert!(items.iter().any(|(subject, _)| subject.ends_with(&at)), "{items:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_silent_address_is_named_and_hides_no_other() {
        let sound = Server::http(|asked| healthy(&asked)).await;
        let (dead, _guard) = silent();
        let report = said("health", json!({}), &[dead, sound.address()]).await;
        let items = items(&report, "health-not-ready");
        let of = |address: SocketAddr| {
            let mut those = items.iter().filter(|one| one.0.contains(&address.to_string()));
            those.next().map(|(_, outcome)| outcome.clone())
        };
        assert_eq!(of(sound.address()).as_deref(), Some("Pass"), "{items:?}");
        assert_ne!(of(dead), None, "{items:?}");
        assert_ne!(of(dead).as_deref(), Some("Pass"), "{items:?}");
    }

    #[tokio::test]
    async fn what_changes_something_is_sent_to_one_address_alone() {
        let count = Arc::new(AtomicUsize::new(0));
        let server = || {
            let count = Arc::clone(&count);
            Server::http(move |_| {
                count.fetch_add(1, Ordering::Relaxed);
                Answer::json(200, "{}")
            })
        };
        let (one, two) = (server().await, server().await);
        let settings = json!({"url": "/orders", "method": "POST"});
        said("http", settings, &[one.address(), two.address()]).await;
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }
}
