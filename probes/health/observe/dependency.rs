//! Looking at dependencies: before readiness is asked for, and after it at those that were down.

use std::time::Duration;

use futures_util::future::join_all;

use super::Survey;
use crate::{
    contract::{
        Obstacle, Obstructed, Visit,
        net::{Endpoint, Request, Session, StartTls, StartTlsError},
    },
    health::{
        evidence::{Dependency, Look},
        settings::Way,
    },
};

/// The first look at each dependency, in the order of the settings.
pub(super) async fn look_at_all(survey: &mut Survey<'_>) -> Vec<Dependency> {
    let depends = &survey.health.depends;
    let answers = join_all(depends.iter().map(|d| answers(survey.visit, d.way()))).await;
    let mut dependencies = Vec::with_capacity(depends.len());
    for (dependency, answer) in depends.iter().zip(answers) {
        let before = judged(survey, &dependency.name, answer);
        dependencies.push(Dependency { name: dependency.name.clone(), before, after: None });
    }
    dependencies
}

/// The second look, at those that were down at the first.
pub(super) async fn look_again(
    survey: &mut Survey<'_>,
    mut dependencies: Vec<Dependency>,
) -> Vec<Dependency> {
    let looks =
        dependencies.iter().zip(&survey.health.depends).map(|(dependency, setting)| async {
            match dependency.before {
                Look::Down(_) => Some(answers(survey.visit, setting.way()).await),
                _ => None,
            }
        });
    let looks = join_all(looks).await;
    for (dependency, answer) in dependencies.iter_mut().zip(looks) {
        dependency.after = answer.map(|answer| judged(survey, &dependency.name, answer));
    }
    dependencies
}

/// What an answer, or the lack of one, says of the dependency.
///
/// A refusal is certain. Silence may be a firewall between here and there, and a name that does not
/// resolve here may resolve there: that counts only once the dependency has been seen from here.
fn judged(survey: &mut Survey<'_>, name: &str, answer: Result<(), Obstructed>) -> Look {
    let Err(obstructed) = answer else {
        survey.remembered.reached.insert(name.to_owned());
        return Look::Up;
    };
    match obstructed.obstacle {
        // It says itself that it takes no connections, or it takes none.
        Obstacle::Throttled | Obstacle::Refused | Obstacle::Reset | Obstacle::Closed => {
            Look::Down(obstructed)
        }
        Obstacle::Timeout | Obstacle::Unreachable | Obstacle::Dns
            if survey.remembered.reached.contains(name) =>
        {
            Look::Down(obstructed)
        }
        Obstacle::Timeout | Obstacle::Unreachable | Obstacle::Dns => {
            let detail = format!("{obstructed}; it was never seen from here");
            Look::Unclear(obstructed.obstacle.because(detail))
        }
        _ => Look::Unclear(obstructed),
    }
}

async fn answers(visit: &Visit, way: Option<Way>) -> Result<(), Obstructed> {
    let net = visit.net.hurried(PATIENCE);
    match way {
        Some(Way::Tcp(endpoint)) => net.connect(&endpoint).await.map(drop),
        Some(Way::Http(link)) => {
            let url = link.on(&visit.target);
            let status = net.exchange(Request::get(url.clone())).await?.status;
            if status.is_server_error() {
                let detail = format!("{url} answers {}", status.as_u16());
                return Err(Obstacle::Closed.because(detail));
            }
            Ok(())
        }
        Some(Way::Postgres(endpoint)) => postgres(&net, &endpoint).await,
        None => Err(Obstacle::NotAllowed.because("the settings do not say how to look at it")),
    }
}

/// Asks whether the server speaks TLS, which PostgreSQL and its poolers answer with one byte before
/// anybody logs in. Nothing is written to the server's log at its default level. It proves that the
/// server takes connections, not that the database has recovered.
async fn postgres(net: &Session, endpoint: &Endpoint) -> Result<(), Obstructed> {
    let mut connection = net.connect(endpoint).await?;
    match net.start_tls(&mut connection, StartTls::Postgres).await {
        Ok(()) | Err(StartTlsError::Refused(_) | StartTlsError::Injected(_)) => Ok(()),
        Err(StartTlsError::Obstructed(obstructed)) => Err(obstructed),
    }
}

/// A dependency that takes longer is of no use to a readiness endpoint with a second to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
