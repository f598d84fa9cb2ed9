//! What is asked: what the settings name, or what the target has to read.

use super::{Remembered, Tour};
use crate::{
    contract::{Seen, Visit, net::Exchange, setting::Link},
    cors::{
        Cors,
        evidence::Missing,
        origin::Origin,
        plan::Plan,
        settings::{Credentials, Place},
    },
    web::{
        audience::Audience,
        landing::{self, Advice, Way, path},
    },
};

/// The endpoints of a visit. Where the settings name none, the target's own URL or where it leads to; if
/// there is no application, what it has elsewhere, the shortest first, since it is asked dozens of times.
pub(super) async fn tours(cors: &Cors, visit: &Visit, remembered: &mut Remembered) -> Vec<Tour> {
    let target = &*visit.target;
    let places = cors.places(target);
    let at = |place: Place, url: url::Url, remembered: &mut Remembered| {
        let known = remembered.recall(&url);
        Tour::new(Plan::new(cors, place, &Origin::of_url(&url)), url, known)
    };
    if !cors.endpoints.is_empty() {
        let named = places.into_iter().map(|place| (place.path.on(target), place));
        return named.map(|(url, place)| at(place, url, remembered)).collect();
    }
    let own = target.url.clone();
    let credentials = cors.credentials.to_vec();
    let audience = Audience::of(None, target);
    let request = |url| landing::request(audience, url, &credentials);
    let way = landing::way(visit, request(own.clone())).await.ok();
    let last = way.as_ref().and_then(|way| way.value.last());
    let (Some(way), Some(last)) = (&way, last) else {
        return places.into_iter().map(|place| at(place, own.clone(), remembered)).collect();
    };
    let signed_in = cors.credentials_kind() != Credentials::Unknown;
    let advice = Advice { places: "endpoints", credential: "credentials", signed_in };
    let is_here = way.value.standing(&cors.accept, &advice).is_ok();
    let leads_away = last.redirect().is_some();
    if is_here && !leads_away {
        let place = Place::at(link(&last.url).unwrap_or_else(|| places[0].path.clone()));
        let place = if last.url == own { places[0].clone() } else { place };
        return vec![at(place, last.url.clone(), remembered)];
    }
    if leads_away || landing::may_be_elsewhere(last.status) {
        let mut found = landing::instead(visit, request, &cors.accept).await;
        found.sort_by_key(size);
        let missing = Missing { subject: path(&own), status: last.status };
        let answers = found.iter().filter_map(|way| way.value.last());
        let tours: Vec<Tour> = answers
            .filter_map(|answer: &Exchange| Some((link(&answer.url)?, answer.url.clone())))
            .enumerate()
            .map(|(position, (link, url))| {
                let mut tour = at(Place::at(link), url, remembered);
                tour.plan.in_place_of = Some(missing.clone());
                tour.plan.brief = position > 0;
                tour.missing = Some(own.clone());
                tour
            })
            .collect();
        if !tours.is_empty() {
            return tours;
        }
    }
    places.into_iter().map(|place| at(place, own.clone(), remembered)).collect()
}

fn size(way: &Seen<Way>) -> usize {
    way.value.last().map_or(0, |last| last.body.bytes.len())
}

/// What a redirect adds to the query may be new each time.
fn link(url: &url::Url) -> Option<Link> {
    url.path().parse().ok()
}
