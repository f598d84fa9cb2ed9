//! Whether plain HTTP can be reached at all, at each address of the target.

use futures_util::future::join_all;
use tokio::time::{self, Instant};

use crate::contract::{
    Obstacle, Obstructed, Visit,
    net::{Address, Endpoint},
};

use crate::web::knock::Door;

/// The addresses at which `plain` accepts connections, never empty; where none does, the door that makes.
pub(crate) async fn open(
    visit: &Visit,
    plain: &Endpoint,
    control: &Endpoint,
) -> Result<Vec<Address>, Door> {
    let addresses = visit.net.addresses(control).await.map_err(Door::Obstructed)?;
    let places = addresses.iter().take(MOST_ADDRESSES).map(|own| {
        let address = beside(own, plain, control).map_err(Door::Absent)?;
        Ok((own, address))
    });
    let places: Vec<(&Address, Address)> = places.collect::<Result<_, Door>>()?;
    let until = Instant::now() + visit.deadline / 2;
    let looks = places.into_iter().map(async |(own, address)| {
        let look = look(visit, (plain, &address), (control, own));
        time::timeout_at(until, look).await.unwrap_or_else(|_| {
            let detail = format!("the visit had no time left for {own}");
            let spent = || Obstacle::OverBudget.because(detail.clone());
            Err(Shut { own: own.clone(), closed: spent(), control: Err(spent()) })
        })
    });
    let (mut open, mut shut) = (Vec::new(), Vec::new());
    for look in join_all(looks).await {
        match look {
            Ok(address) => open.push(address),
            Err(closed) => shut.push(closed),
        }
    }
    if open.is_empty() { Err(judge(shut, addresses.len())) } else { Ok(open) }
}

/// The address of `plain` if it accepts a connection, with the target's own port as control.
async fn look(
    visit: &Visit,
    (plain, address): (&Endpoint, &Address),
    (control, own): (&Endpoint, &Address),
) -> Result<Address, Shut> {
    let connect =
        async |endpoint, address| visit.net.connect_address(endpoint, address).await.map(drop);
    let before = connect(control, own).await;
    let Err(closed) = connect(plain, address).await else { return Ok(address.clone()) };
    let control = match before {
        // What was up and is silent now may be our network.
        Ok(()) if closed.obstacle != Obstacle::Refused => connect(control, own).await,
        before => before,
    };
    Err(Shut { own: own.clone(), closed, control })
}

/// Where plain HTTP is if the target's own port is here.
fn beside(own: &Address, plain: &Endpoint, control: &Endpoint) -> Result<Address, &'static str> {
    let Address::Ip(mut ip) = own.clone() else {
        return Err("the target is reached by a Unix socket");
    };
    let port = |endpoint: &Endpoint| match endpoint {
        Endpoint::Tcp { port, .. } => Some(*port),
        Endpoint::Unix(_) => None,
    };
    // Somebody maps its ports to others, and 80 is then not likely to be 80.
    if port(control) != Some(ip.port()) && port(plain) == Some(80) {
        return Err(
            "`connect_to` leads to another port than the target's own, so that its port 80 \
                    may be anywhere; name it by `port`",
        );
    }
    ip.set_port(port(plain).unwrap_or(80));
    Ok(Address::Ip(ip))
}

/// An address at which plain HTTP is not to be had.
struct Shut {
    own: Address,
    closed: Obstructed,
    /// Whether the target's own port accepts connections there.
    control: Result<(), Obstructed>,
}

/// What addresses come to none of which accepts connections by plain HTTP.
fn judge(mut shut: Vec<Shut>, addresses: usize) -> Door {
    let Some(alive) = shut.iter().position(|one| one.control.is_ok()) else {
        let first = shut.into_iter().next();
        return Door::Obstructed(first.map_or_else(
            || Obstacle::Unreachable.because("there is no address to call"),
            Shut::proves_nothing,
        ));
    };
    if let Some(unclear) = shut.iter().position(|one| !one.is_closed()) {
        return Door::Obstructed(shut.swap_remove(unclear).proves_nothing());
    }
    let asked = shut.len();
    let mut words = shut.swap_remove(alive).in_words();
    if asked < addresses {
        words = format!("{words}; asked at {asked} of {addresses} addresses");
    } else if asked > 1 {
        words = format!("{words}; nor do the others of {asked} addresses accept any");
    }
    Door::Closed(words)
}

impl Shut {
    /// Whether nobody can be served here. A refusal says so by itself; silence does only beside a port
    /// that answers, since firewalls drop or reject what they do not let in.
    fn is_closed(&self) -> bool {
        match (self.closed.obstacle, &self.control) {
            (Obstacle::Refused, _) | (Obstacle::Timeout | Obstacle::Unreachable, Ok(())) => true,
            // Without a way to IPv6 from here, that address has neither.
            (Obstacle::Unreachable, Err(control)) => control.obstacle == Obstacle::Unreachable,
            _ => false,
        }
    }

    fn in_words(&self) -> String {
        let (closed, own) = (&self.closed, &self.own);
        match closed.obstacle {
            Obstacle::Refused => format!("{closed}, as a closed port does"),
            Obstacle::Timeout => {
                format!(
                    "{closed}, while {own} did before and after: a firewall on the way drops it"
                )
            }
            _ => format!(
                "{closed}, while {own} accepts connections: a firewall on the way rejects it"
            ),
        }
    }

    fn proves_nothing(self) -> Obstructed {
        let Self { closed, control, .. } = self;
        match control {
            Ok(()) => closed,
            Err(dead) => Obstacle::ControlFailed.because(format!(
                "{closed}; but the target's own port does not answer either ({dead}), so that proves \
                 nothing"
            )),
        }
    }
}

/// Addresses that are asked at; behind more than these stands one balancer.
const MOST_ADDRESSES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn own(host: &str) -> Address {
        Address::Ip(format!("{host}:443").parse().expect("an address"))
    }

    fn shut(closed: Obstacle, control: Result<(), Obstacle>) -> Shut {
        let control = control.map_err(|obstacle| obstacle.because("dead"));
        Shut { own: own("192.0.2.1"), closed: closed.because("192.0.2.1:80 is shut"), control }
    }

    fn outcome(shut: Vec<Shut>) -> Result<String, Obstacle> {
        let count = shut.len();
        match judge(shut, count) {
            Door::Closed(words) => Ok(words),
            Door::Obstructed(obstructed) => Err(obstructed.obstacle),
            door => panic!("{door:?}"),
        }
    }

    #[test]
    fn a_firewall_may_drop_reject_or_refuse() {
        for (obstacle, said) in [
            (Obstacle::Refused, "closed port"),
            (Obstacle::Timeout, "drops it"),
            (Obstacle::Unreachable, "rejects it"),
        ] {
            let words = outcome(vec![shut(obstacle, Ok(()))]).expect("closed");
            assert!(words.contains(said), "{words}");
        }
    }

    #[test]
    fn our_own_trouble_closes_no_port() {
        for obstacle in [Obstacle::Local, Obstacle::OverBudget, Obstacle::NotAllowed] {
            assert_eq!(outcome(vec![shut(obstacle, Ok(()))]), Err(obstacle));
        }
        for obstacle in [Obstacle::Refused, Obstacle::Timeout, Obstacle::Unreachable] {
            let dead = vec![shut(obstacle, Err(Obstacle::Timeout))];
            assert_eq!(outcome(dead), Err(Obstacle::ControlFailed), "{obstacle:?}");
        }
    }

    #[test]
    fn every_address_counts() {
        let closed = || shut(Obstacle::Refused, Ok(()));
        let without_ipv6 = shut(Obstacle::Unreachable, Err(Obstacle::Unreachable));
        assert!(outcome(vec![without_ipv6, closed()]).is_ok());
        let refusing_both = shut(Obstacle::Refused, Err(Obstacle::Refused));
        assert!(outcome(vec![refusing_both, closed()]).is_ok());
        let silent = shut(Obstacle::Timeout, Err(Obstacle::Timeout));
        assert_eq!(outcome(vec![closed(), silent]), Err(Obstacle::ControlFailed));
        assert_eq!(outcome(Vec::new()), Err(Obstacle::Unreachable));
    }

    #[test]
    fn plain_http_is_beside_the_targets_own_port() {
        let (plain, control) =
            (Endpoint::tcp("shop.example", 80), Endpoint::tcp("shop.example", 443));
        let at = |own: &str, plain: &Endpoint| {
            beside(&Address::Ip(own.parse().expect("an address")), plain, &control)
        };
        let address = |text: &str| Ok(Address::Ip(text.parse().expect("an address")));
        assert_eq!(at("192.0.2.1:443", &plain), address("192.0.2.1:80"));
        assert_eq!(at("[2001:db8::1]:443", &plain), address("[2001:db8::1]:80"));
        assert!(at("127.0.0.1:8443", &plain).is_err(), "a tunnel leads elsewhere");
        let named = Endpoint::tcp("shop.example", 8080);
        assert_eq!(at("127.0.0.1:8443", &named), address("127.0.0.1:8080"));
        let socket = Address::Unix("/run/shop".into());
        assert!(beside(&socket, &plain, &control).is_err());
    }
}
