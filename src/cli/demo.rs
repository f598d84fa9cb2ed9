//! `gonogo demo`: sound and flawed services on loopback, and a gonogo that watches them.

use std::{io::IsTerminal, net::SocketAddr, sync::Arc, time::Duration};

use gonogo_probes::contract::{Kind, Obstacle};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    time,
};
use tokio_util::sync::CancellationToken;

use super::{
    CommandError, Exit,
    arguments::{Demo, Listen, Log, LogFormat},
    exit::Required,
    output,
    serve::{self, Service},
};
use crate::{
    assessment::{Assessment, assess},
    board::Board,
    clock::Clock,
    daemon::Daemon,
    demo::Deployment,
    export::terminal::{self, Detail},
    policy::Status,
    scorecard::Verdict,
    web,
};

pub(super) fn run(catalogue: &'static [Kind], options: &Demo) -> Result<Exit, CommandError> {
    serve::start_logging(&Log { level: tracing::Level::WARN, format: LogFormat::Text });
    let runtime = tokio::runtime::Runtime::new().map_err(CommandError::Runtime)?;
    let ended = runtime.block_on(demonstrate(catalogue, options));
    runtime.shutdown_background();
    ended
}

async fn demonstrate(catalogue: &'static [Kind], options: &Demo) -> Result<Exit, CommandError> {
    let mut listeners = web::bind(&[options.address]).await?;
    let address = listeners[0].local_addr().unwrap_or(options.address);
    let deployment = Deployment::start()
        .await
        .map_err(|source| CommandError::File { path: "the demo".to_owned(), source })?;
    let configuration = deployment.configuration();
    let daemon = Daemon::new(catalogue, configuration, None, None, Clock::system(), GRACE)?;
    let daemon = Arc::new(daemon);
    daemon.start().await?;
    let service = Service { listen: Listen::on(address), grace: GRACE, auto_reload: None };
    let stop = CancellationToken::new();
    let board = Arc::clone(&daemon.board);
    let told = async {
        introduce(&deployment, address);
        first_verdicts(&board).await;
        tell(&board, |_| true)?;
        if options.once {
            stop.cancel();
            return Ok(());
        }
        explain_levers(&deployment);
        tokio::select! {
            told = tell_changes(&board) => told,
            () = obey(&deployment) => Ok(()),
            () = stop.cancelled() => Ok(()),
        }
    };
    let listeners = std::mem::take(&mut listeners);
    let (served, told) =
        tokio::join!(service.run(Arc::clone(&daemon), listeners, stop.clone()), async {
            let told: Result<(), CommandError> =
                stop.run_until_cancelled(told).await.unwrap_or(Ok(()));
            told
        });
    let ended = served?;
    told?;
    if !options.once || ended != Exit::Success {
        return Ok(ended);
    }
    let (snapshot, rulings, now) = (board.findings.snapshot(), board.rulings(), board.clock.now());
    let verdicts = snapshot.targets.iter().map(|known| assess(known, &rulings, now).card.verdict);
    Ok(Exit::of(Verdict::worst(verdicts), Required::Go))
}

fn introduce(deployment: &Deployment, address: SocketAddr) {
    output::say(&format!(
        "Three services run on this machine: a sound one, a flawed one, and one whose certificate has \
         expired.\ngonogo asks each every few seconds.\n\n  \
         status page    http://{address}/\n  \
         metrics        http://{address}/metrics\n  \
         report         http://{address}/api/v1/report\n  \
         configuration  {}\n",
        deployment.configuration().display()
    ));
}

fn explain_levers(deployment: &Deployment) {
    let key = if std::io::stdin().is_terminal() { "Press Enter, or post to" } else { "Post to" };
    output::say(&format!(
        "{key} the demo to fix the flaws, and again to bring them back:\n\n  \
         curl -X POST {0}mend\n  curl -X POST {0}break\n\nCtrl-C ends the demo.\n",
        deployment.control()
    ));
}

/// Waits until every target has been visited by every probe, and none waits for more samples.
async fn first_verdicts(board: &Board) {
    let visited = || {
        let snapshot = board.findings.snapshot();
        let mut probes = snapshot.targets.iter().flat_map(|target| &target.probes);
        probes.all(|probe| probe.visited.is_some())
    };
    let has_samples = || {
        let (snapshot, rulings, now) =
            (board.findings.snapshot(), board.rulings(), board.clock.now());
        let too_few = Status::Unknown(Obstacle::TooFewSamples);
        snapshot.targets.iter().all(|known| {
            assess(known, &rulings, now).lines.iter().all(|line| line.status != too_few)
        })
    };
    while !visited() || !has_samples() {
        time::sleep(GLANCE).await;
    }
}

/// Prints the report of the targets that are `wanted`, by their place.
fn tell(board: &Board, wanted: impl Fn(usize) -> bool) -> Result<(), CommandError> {
    let (snapshot, rulings, now) = (board.findings.snapshot(), board.rulings(), board.clock.now());
    let targets = snapshot.targets.iter().enumerate().filter(|(place, _)| wanted(*place));
    let assessments: Vec<Assessment<'_>> =
        targets.map(|(_, target)| assess(target, &rulings, now)).collect();
    output::print(&terminal::render(&assessments, Detail::default(), now))
}

/// Prints the report of a target whenever its verdict changes.
async fn tell_changes(board: &Board) -> Result<(), CommandError> {
    let verdicts = || -> Vec<Option<Verdict>> {
        let snapshot = board.findings.snapshot();
        let standing = snapshot.targets.iter().map(|target| target.standing);
        standing.map(|standing| standing.map(|standing| standing.verdict)).collect()
    };
    let mut known = verdicts();
    loop {
        time::sleep(GLANCE).await;
        let now = verdicts();
        if now != known {
            tell(board, |place| known.get(place) != now.get(place))?;
            known = now;
        }
    }
}

/// Fixes the flaws or brings them back at each line of a person at the terminal.
async fn obey(deployment: &Deployment) {
    if !std::io::stdin().is_terminal() {
        return std::future::pending().await;
    }
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(_)) = lines.next_line().await {
        let mended = !deployment.is_mended();
        deployment.set_mended(mended);
        output::say(if mended { "Fixing the flaws …" } else { "Bringing the flaws back …" });
    }
    std::future::pending::<()>().await;
}

const GLANCE: Duration = Duration::from_millis(100);

/// The time that visits under way have to end.
const GRACE: Duration = Duration::from_secs(2);
