//! The visit: plain HTTP at the target's host, and the listeners that should speak TLS.

pub(super) mod speech;

use url::Url;

use super::{Evidence, Plaintext};
use crate::{
    contract::{
        Obstacle, Obstructed, Target, Visit,
        net::{Endpoint, Request},
        setting::StatusSet,
    },
    web::{
        audience::Audience,
        knock::{Door, Hop, knock},
        landing::{self, Advice},
    },
};

pub(super) async fn evidence(plaintext: &Plaintext, visit: &Visit) -> Result<Evidence, Obstructed> {
    let target = &*visit.target;
    let own = !target.is_tls();
    let secure = asked(plaintext, target);
    let mut plain = secure.clone();
    // Both calls succeed: the scheme is http or https, and the URL has a host.
    let _ = plain.set_scheme("http");
    if !own {
        let _ = plain.set_port(Some(plaintext.port));
    }
    let subject = plain.to_string();
    let origin = Endpoint::of_url(&target.url).filter(|_| !own);
    let door = knock(visit, plain, origin.as_ref()).await;
    if let (Door::Obstructed(obstructed), true) = (&door, plaintext.listeners.is_empty()) {
        return Err(obstructed.clone());
    }

    let control = if !own && is_refusal(&door) { Some(control(visit, secure).await) } else { None };
    let mut listeners = Vec::with_capacity(plaintext.listeners.len());
    for endpoint in &plaintext.listeners {
        listeners.push(speech::listen(visit, endpoint).await);
    }
    Ok(Evidence {
        subject,
        own,
        host: target.host().to_owned(),
        door,
        control,
        audience: Audience::of(plaintext.audience, target),
        listeners,
    })
}

/// What the same path is answered by TLS, where that is an answer of the application's or of whatever
/// answers by plain HTTP too.
async fn control(visit: &Visit, secure: Url) -> Result<Hop, Obstructed> {
    let way = landing::way(visit, Request::get(secure)).await?.value;
    let first = way.exchanges.first().cloned().map(Hop::of);
    let first = first.ok_or_else(|| Obstacle::Protocol.because("no answer by TLS"))?;
    match way.standing(&StatusSet::success(), &Advice::default()) {
        Err(why) if way.exchanges.len() == 1 && why.obstacle != Obstacle::ControlFailed => {
            let status = first.status.as_u16();
            let detail = format!(
                "answers {status} by TLS, and not as the application, so that a refusal without TLS \
                 proves nothing; name a `path` that is answered"
            );
            Err(why.obstacle.because(detail))
        }
        _ => Ok(first),
    }
}

fn asked(plaintext: &Plaintext, target: &Target) -> Url {
    let mut url = target.url.clone();
    if let Some(path) = &plaintext.path {
        let (path, query) =
            path.split_once('?').map_or((path.as_str(), None), |(p, q)| (p, Some(q)));
        url.set_path(path);
        url.set_query(query);
    }
    url
}

/// Whether the last answer turns the request away, which means something only if TLS does not.
fn is_refusal(door: &Door) -> bool {
    door.hops().last().is_some_and(|hop| hop.status.is_client_error())
}
