//! What the daemon knows and shows: findings under rulings, and the state of the daemon itself. The
//! web listener reads it; the daemon writes it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use gonogo_probes::contract::{Kind, Progress};

use crate::{
    assessment::Rulings,
    clock::Clock,
    export::{
        exposition::{Format, write_gathered},
        prometheus::Renderer,
    },
    findings::Findings,
    telemetry::Telemetry,
};

/// Everything that is shown.
#[derive(Debug)]
pub struct Board {
    /// Every probe there is.
    pub catalogue: &'static [Kind],
    /// The latest findings.
    pub findings: Findings,
    /// What we count of ourselves.
    pub telemetry: Telemetry,
    /// What time it is.
    pub clock: Clock,
    /// What visits under way say they are doing.
    doing: Mutex<HashMap<(String, String), Progress>>,
    rulings: ArcSwap<Rulings>,
    configuration: ArcSwap<String>,
    ready: AtomicBool,
    renderer: Renderer,
    rendered: Mutex<Vec<Rendered>>,
}

/// Metrics as they were last written, and what they were written from.
#[derive(Debug)]
struct Rendered {
    format: Format,
    version: u64,
    rulings: Arc<Rulings>,
    holds_until: Option<SystemTime>,
    text: Bytes,
    zipped: Option<Bytes>,
}

impl Board {
    /// An empty board, not ready.
    ///
    /// # Errors
    ///
    /// Returns an error if a metric of ours is declared wrongly, which is a bug.
    pub fn new(catalogue: &'static [Kind], clock: Clock) -> Result<Self, prometheus::Error> {
        Ok(Self {
            catalogue,
            findings: Findings::default(),
            telemetry: Telemetry::new()?,
            clock,
            doing: Mutex::default(),
            rulings: ArcSwap::default(),
            configuration: ArcSwap::default(),
            ready: AtomicBool::new(false),
            renderer: Renderer::new(catalogue),
            rendered: Mutex::default(),
        })
    }

    /// Where a visit that begins now says what it is doing.
    pub fn progress(&self, target: &str, probe: &str) -> Progress {
        let progress = Progress::default();
        let mut doing = self.doing.lock().unwrap_or_else(PoisonError::into_inner);
        doing.retain(|_, progress| progress.is_shared());
        doing.insert((target.to_owned(), probe.to_owned()), progress.clone());
        progress
    }

    /// What the visits of a target that are under way say they are doing, by probe.
    pub fn doing(&self, target: &str) -> Vec<(String, String)> {
        let doing = self.doing.lock().unwrap_or_else(PoisonError::into_inner);
        let of_target = doing.iter().filter(|((name, _), _)| name == target);
        let under_way = of_target.filter(|(_, progress)| progress.is_shared());
        let mut said: Vec<(String, String)> = under_way
            .filter_map(|((_, probe), progress)| Some((probe.clone(), progress.last()?.1)))
            .collect();
        said.sort();
        said
    }

    /// What people decided, as last loaded.
    pub fn rulings(&self) -> Arc<Rulings> {
        self.rulings.load_full()
    }

    /// Takes over what people decided, and the configuration as it may be shown.
    pub fn rule(&self, rulings: Rulings, configuration: String) {
        self.rulings.store(Arc::new(rulings));
        self.configuration.store(Arc::new(configuration));
    }

    /// The configuration in force, without secrets.
    pub fn configuration(&self) -> Arc<String> {
        self.configuration.load_full()
    }

    /// Whether requests should be sent here: configuration and state are loaded, and no shutdown has
    /// begun. It never depends on a target.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Says whether requests should be sent here.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Release);
    }

    /// The metrics document, gzipped if wanted. What targets show is written anew only where it
    /// changed; what we count of ourselves always.
    ///
    /// Takes milliseconds for 100,000 series: not for a thread that others wait for.
    pub fn metrics(&self, format: Format, gzip: bool) -> Bytes {
        let mut own = String::new();
        write_gathered(&mut own, format, &self.telemetry.gather());
        own.push_str(format.end());
        let targets = self.target_metrics(format, gzip);
        let own = if gzip { zip(own.as_bytes()) } else { own.into() };
        // Members of a gzip file may be put one after another (RFC 1952 section 2.2).
        [targets, own].concat().into()
    }

    fn target_metrics(&self, format: Format, gzip: bool) -> Bytes {
        let now = self.clock.now();
        let (snapshot, rulings) = (self.findings.snapshot(), self.rulings());
        let mut rendered = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        rendered.retain(|known| {
            known.format != format
                || (known.version == snapshot.version
                    && Arc::ptr_eq(&known.rulings, &rulings)
                    && known.holds_until.is_none_or(|until| now < until))
        });
        let place = rendered.iter().position(|known| known.format == format);
        let place = place.unwrap_or_else(|| {
            let document = self.renderer.render(&snapshot, &rulings, format, now);
            rendered.push(Rendered {
                format,
                version: snapshot.version,
                rulings,
                holds_until: document.holds_until,
                text: document.text.into(),
                zipped: None,
            });
            rendered.len() - 1
        });
        let known = &mut rendered[place];
        if gzip {
            known.zipped.get_or_insert_with(|| zip(&known.text)).clone()
        } else {
            known.text.clone()
        }
    }
}

/// At level 1: for metrics the higher levels take two to three times as long for a third less.
pub(crate) fn zip(text: &[u8]) -> Bytes {
    use std::io::Write;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail.
    let _ = encoder.write_all(text);
    encoder.finish().unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::MultiGzDecoder;
    use gonogo_probes::contract::{Item, Kind};

    use super::*;
    use crate::testing::{self, at};

    static CATALOGUE: [Kind; 1] = [Kind::of::<testing::Door>()];

    fn board() -> Board {
        let board = Board::new(&CATALOGUE, Clock::telling(|| at(120))).expect("metrics");
        board.findings.expect(&[testing::expected("shop")]);
        board
    }

    #[test]
    fn a_new_finding_shows_at_once() {
        let board = board();
        let text = |board: &Board| {
            String::from_utf8(board.metrics(Format::Text, false).to_vec()).expect("UTF-8")
        };
        assert!(text(&board).contains(r#"verdict="unknown"} 1"#));
        let report = testing::report(&testing::DOOR, vec![Item::pass("", "shut")]);
        board.findings.record(testing::door("shop"), testing::visit(109), report);
        assert!(text(&board).contains(r#"verdict="go"} 1"#));
    }

    #[test]
    fn the_gzipped_document_is_the_same_document() {
        let board = board();
        let mut unzipped = String::new();
        let zipped = board.metrics(Format::OpenMetrics, true);
        MultiGzDecoder::new(&zipped[..]).read_to_string(&mut unzipped).expect("gzip");
        assert!(unzipped.contains("gonogo_verdict{"));
        assert!(unzipped.contains("gonogo_build_info{"));
        assert!(unzipped.ends_with("# EOF\n"));
    }
}
