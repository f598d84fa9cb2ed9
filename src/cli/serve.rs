//! `gonogo serve`: keeps asking, and serves the answers, until told to stop.

use std::{sync::Arc, time::Duration};

use gonogo_probes::contract::{Kind, net};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    time,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use super::{
    CommandError, Exit,
    arguments::{Listen, Log, LogFormat, Serve},
    output,
    signals::Signals,
    validate,
    visible::Visible,
};
use crate::{
    clock::Clock,
    config,
    daemon::{AskError, Daemon, ReloadError},
    store::Store,
    web::{self, Access, Control, Links, Refused, Reload, Stop, What, Wish},
};

pub(super) fn run(catalogue: &'static [Kind], options: &Serve) -> Result<Exit, CommandError> {
    let path = options.config.locate()?;
    let clock = Clock::system();
    if options.config_check {
        let loaded = config::load(&path, catalogue, clock.now());
        let text = validate::text(&path.display().to_string(), &loaded, &clock);
        loaded?;
        output::print(&text)?;
        return Ok(Exit::Success);
    }
    start_logging(&options.log);
    let proxies = config::ignored_proxies();
    if !proxies.is_empty() {
        warn!(?proxies, "targets are called directly: proxies of the environment are ignored");
    }
    let store =
        if options.storage_none { None } else { Some(Store::open(&options.storage, clock.now())?) };
    let external = options.listen.external_url.as_ref();
    let grace = options.grace.into();
    let daemon = Arc::new(Daemon::new(catalogue, path, external, store, clock, grace)?);
    let service = Service {
        listen: options.listen.clone(),
        grace,
        auto_reload: options.auto_reload.then(|| options.auto_reload_interval.into()),
    };
    let runtime = tokio::runtime::Runtime::new().map_err(CommandError::Runtime)?;
    let ended = runtime.block_on(async {
        let listeners = web::bind(&service.listen.addresses).await?;
        daemon.start().await?;
        service.run(daemon, listeners, CancellationToken::new()).await
    });
    // Name look-ups run on threads that nothing can stop; nobody waits for them.
    runtime.shutdown_background();
    ended
}

/// How the daemon is run.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) listen: Listen,
    pub(super) grace: Duration,
    pub(super) auto_reload: Option<Duration>,
}

impl Service {
    /// Runs a started daemon until `stop` or a signal, and stops it in good order; at once at a second
    /// signal.
    pub(super) async fn run(
        &self,
        daemon: Arc<Daemon>,
        listeners: Vec<TcpListener>,
        stop: CancellationToken,
    ) -> Result<Exit, CommandError> {
        let mut signals = Signals::new();
        // Its first use takes long enough to be measured as the first target's latency.
        let _ = tokio::task::spawn_blocking(net::warm_up).await;
        let tasks = TaskTracker::new();
        match signal(SignalKind::hangup()) {
            Ok(hangups) => {
                let reload = reload_on_hangup(hangups, Arc::clone(&daemon), tasks.clone());
                tasks.spawn(stop.clone().run_until_cancelled_owned(reload));
            }
            Err(error) => warn!(%error, "SIGHUP cannot be heard; reload in other ways"),
        }
        if let Some(every) = self.auto_reload {
            let watching = Arc::clone(&daemon);
            tasks.spawn(stop.clone().run_until_cancelled_owned(async move {
                watching.follow_files(every).await;
            }));
        }
        let addresses: Vec<String> = listeners
            .iter()
            .filter_map(|listener| listener.local_addr().ok())
            .map(|address| address.to_string())
            .collect();
        let (listening, ending, web) =
            (TaskTracker::new(), Stop::default(), self.web(&daemon, &tasks)?);
        listening.spawn(web::serve(listeners, Arc::clone(&daemon.board), web, ending.clone()));
        listening.close();
        let visits = Arc::clone(&daemon);
        let limits = daemon.limits();
        let visiting = stop.clone();
        tasks.spawn(async move { visits.run(limits, visiting).await });
        // Heard or not, it no longer ends us: a limit on the size of files is an error of the write.
        let _limits = signal(SignalKind::from_raw(SIGXFSZ));
        tasks.close();
        daemon.board.set_ready(true);
        info!(addresses = addresses.join(","), "gonogo is ready");
        tell_systemd(&[sd_notify::NotifyState::Ready]);

        tokio::select! {
            () = signals.told_to_stop() => {}
            () = stop.cancelled() => {}
        }
        info!(grace = ?self.grace, "stopping: no new visits; those under way may finish");
        tell_systemd(&[sd_notify::NotifyState::Stopping]);
        daemon.board.set_ready(false);
        stop.cancel();
        ending.draining.cancel();
        let end = async {
            // Both keep the grace period themselves; this is for a bug in either.
            let most = daemon.longest_stop() + SLACK;
            let visits = time::timeout(most, tasks.wait()).await;
            // Until here clients hear that gonogo is not ready.
            ending.done.cancel();
            let web = time::timeout(self.grace + SLACK, listening.wait()).await;
            if visits.is_err() || web.is_err() {
                warn!("not everything ended in time");
            }
        };
        tokio::select! {
            () = end => {
                info!("stopped");
                Ok(Exit::Success)
            }
            () = signals.told_to_stop() => {
                warn!("told to stop a second time: ending at once; what is new since the last write of the state is lost");
                Ok(Exit::Interrupted)
            }
        }
    }

    fn web(&self, daemon: &Arc<Daemon>, tasks: &TaskTracker) -> Result<web::Options, CommandError> {
        let reload = self.listen.lifecycle.then(|| {
            let (daemon, tasks) = (Arc::clone(daemon), tasks.clone());
            Reload::by(move || {
                let daemon = Arc::clone(&daemon);
                // A task of its own, since a client that goes away must not cut it short.
                let reload = tasks.spawn(async move { daemon.reload("asked by HTTP").await });
                async move {
                    let reloaded = reload.await.map_err(|_| "reloading panicked".to_owned())?;
                    reloaded.map_err(|error| error.to_string())
                }
            })
        });
        let control = self.listen.lifecycle.then(|| {
            let daemon = Arc::clone(daemon);
            Control::by(move |wish| obey(&daemon, wish))
        });
        let access = match &self.listen.config {
            Some(path) => Access::load(path)?,
            None => Access::open(),
        };
        let links =
            Links::new(self.listen.external_url.clone(), self.listen.route_prefix.as_deref())?;
        let limits = web::Limits { drain: self.grace, ..web::Limits::default() };
        let external = self.listen.external_url.as_ref();
        let hosts = web::Hosts::new(&self.listen.allowed_hosts, external);
        Ok(web::Options { access, hosts, links, reload, control, limits })
    }
}

/// Does what is asked for over HTTP.
fn obey(daemon: &Daemon, wish: &Wish) -> Result<(), Refused> {
    let Wish { target, probe, what } = wish;
    let done = match what {
        What::Visit => daemon.ask(target, probe, false),
        What::Experiment => daemon.ask(target, probe, true),
        What::Rearm => daemon.rearm(target, probe).map(drop),
    };
    done.map_err(|error| match &error {
        AskError::Unknown { .. } => Refused::Unknown(error.to_string()),
        AskError::Busy => Refused::Busy(error.to_string()),
        AskError::Refused(_) | AskError::Store(_) => Refused::No(error.to_string()),
    })
}

async fn reload_on_hangup(mut hangups: Signal, daemon: Arc<Daemon>, tasks: TaskTracker) {
    while hangups.recv().await.is_some() {
        let daemon = Arc::clone(&daemon);
        // The outcome is logged and counted where the reload is done.
        tasks.spawn(async move {
            let _: Result<(), ReloadError> = daemon.reload("SIGHUP").await;
        });
    }
}

fn tell_systemd(states: &[sd_notify::NotifyState<'_>]) {
    // Nobody listens where systemd did not start us.
    let _ = sd_notify::notify(states);
}

/// Logs to stderr, and keeps what a panic says out of the log unless it is a literal of ours: what was
/// formatted into it may be what a target sent, or a secret.
pub(super) fn start_logging(log: &Log) {
    let filter = EnvFilter::new(format!("warn,gonogo={0},gonogo_probes={0}", log.level));
    let registry = tracing_subscriber::registry().with(filter);
    let json = matches!(log.format, LogFormat::Json);
    let stderr = move || Visible::new(anstream::AutoStream::auto(std::io::stderr()), json);
    let started = match log.format {
        LogFormat::Text => {
            let layer = fmt::layer().with_target(false).with_writer(stderr);
            registry.with(layer.with_ansi(output::colours_on_stderr())).try_init()
        }
        LogFormat::Json => {
            registry.with(fmt::layer().json().flatten_event(true).with_writer(stderr)).try_init()
        }
    };
    // A second start, in a test, keeps the first.
    drop(started);
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let said = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(withheld)");
        tracing::error!(place, said, "panic: this is a bug in gonogo");
    }));
}

/// What is left to do after the grace period: writing the state.
const SLACK: Duration = Duration::from_secs(5);
/// Sent to who writes beyond a limit on the size of files; the same on every system gonogo runs on.
const SIGXFSZ: i32 = 25;
