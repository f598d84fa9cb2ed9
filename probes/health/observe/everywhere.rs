//! The same endpoints at every address of their names.

use futures_util::future::{join_all, select_ok};
use tokio::time::{self, Instant};
use url::Url;

use super::{Remembered, Survey, control::Controls};
use crate::{
    contract::{
        Obstacle,
        net::{Address, Endpoint},
    },
    health::{
        Evidence,
        evidence::{Found, Role},
        recognise::Asked,
    },
    web::addresses::{self, Round},
};

impl Survey<'_> {
    /// Asks every address for the endpoints that were found by name, where there are several addresses.
    pub(super) async fn everywhere(&mut self, seen: &mut Evidence) {
        let places: Vec<(Role, Url)> = seen
            .endpoints()
            .filter_map(|(role, found)| Some((role, self.place(role, found)?)))
            .collect();
        for (role, url) in places {
            let round = Round::of_url(self.visit, &url, addresses::MOST).await;
            if !round.has_several() {
                continue;
            }
            let found = self.at_each(role, &url, &round).await;
            let mut found = without_unroutable(found);
            // One that answers stands for all where one is enough, whichever the resolver names first.
            let telling = found.iter().position(|one| matches!(one, Found::Answer(_)));
            let here = found.remove(telling.unwrap_or_default());
            match role {
                Role::Ready => seen.ready = here,
                Role::Live => seen.live = here,
                Role::Startup => seen.startup = Some(here),
            }
            seen.elsewhere.extend(found.into_iter().map(|one| (role, one)));
            seen.unasked.extend(round.unasked().map(|why| (role, why)));
        }
    }

    /// Where the target has several addresses, an address to look for endpoints at: one that is silent
    /// would cost every request seconds.
    pub(super) async fn choose(&mut self) {
        let Some(endpoint) = Endpoint::of_url(&self.visit.target.url) else { return };
        let Ok(addresses) = self.net.addresses(&endpoint).await else { return };
        if addresses.len() < 2 {
            return;
        }
        let tries = addresses.iter().take(addresses::MOST).map(|address| {
            let connect = self.net.connect_address(&endpoint, address);
            Box::pin(async move { connect.await.map(|_| address.clone()) })
        });
        self.address = select_ok(tries).await.ok().map(|(address, _)| address);
    }

    /// Where a role's endpoint is: where it answered, or where the settings say.
    fn place(&self, role: Role, found: &Found) -> Option<Url> {
        let link = match role {
            Role::Ready => &self.health.ready,
            Role::Live => &self.health.live,
            Role::Startup => &self.health.startup,
        };
        match (found, link) {
            (Found::Answer(answer), _) => Some(answer.url.clone()),
            (Found::Nowhere { .. }, _) => None,
            (_, link) => link.as_ref().map(|link| link.on(&self.visit.target)),
        }
    }

    async fn at_each(&self, role: Role, url: &Url, round: &Round) -> Vec<(Address, Found)> {
        let until = Instant::now() + self.visit.deadline / 4;
        let count = u32::try_from(round.asked.len()).unwrap_or(u32::MAX);
        let room = count.saturating_mul(AN_ADDRESS);
        let is_own = Endpoint::of_url(url) == Endpoint::of_url(&self.visit.target.url);
        let asked = if is_own { Asked::Named } else { Asked::NamedElsewhere };
        let looks = round.asked.iter().map(async |address| {
            let mut there = Survey {
                health: self.health,
                visit: self.visit,
                net: self.net.clone().with_room(room),
                remembered: self.remembered_without_controls(),
                ready: self.ready.clone(),
                address: Some(address.clone()),
                silent: false,
            };
            let look = time::timeout_at(until, there.at(role, url, asked)).await;
            let found = look.unwrap_or_else(|_| self.no_time(url, address));
            (address.clone(), found)
        });
        join_all(looks).await
    }

    /// How one address answers for a path that does not exist says nothing of another.
    fn remembered_without_controls(&self) -> Remembered {
        Remembered { controls: Controls::new(), ..self.remembered.clone() }
    }

    fn no_time(&self, url: &Url, address: &Address) -> Found {
        let detail = format!("the visit had no time left for {address}");
        Found::Obstructed {
            subject: format!("{} at {address}", self.subject(url)),
            obstructed: Obstacle::OverBudget.because(detail),
            replay: None,
        }
    }
}

/// Leaves out addresses to which there is no way from here, as long as another one answers.
fn without_unroutable(found: Vec<(Address, Found)>) -> Vec<Found> {
    let answered = found.iter().any(|(_, one)| matches!(one, Found::Answer(_)));
    let is_there = |(address, one): &(Address, Found)| match one {
        Found::Obstructed { obstructed, .. } => {
            !answered || !addresses::is_unroutable(address, obstructed.obstacle)
        }
        _ => true,
    };
    found.into_iter().filter(is_there).map(|(_, one)| one).collect()
}

/// Requests that one more address may take for one endpoint: a redirect, and a control.
const AN_ADDRESS: u32 = 12;
