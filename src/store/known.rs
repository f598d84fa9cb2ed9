//! What of a target is on disk, and what of it should be written next.
//!
//! An outcome that changed is written within seconds. That a visit said the same again is noted in few
//! bytes. What else changes from visit to visit (texts, gauges, measurements) is written now and then.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::{Duration, Instant},
};

use gonogo_probes::contract::{Changes, Memory};

use super::{
    state::{digest, head_digest, times},
    visits::{Note, Times},
};
use crate::findings::TargetFindings;

/// A target that is stored, and what its probes remember.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// The target's name.
    pub target: String,
    /// Its armed probes.
    pub probes: Vec<RememberedProbe>,
}

/// What an armed probe remembers.
#[derive(Clone, Debug)]
pub struct RememberedProbe {
    /// The probe's name on the target.
    pub name: Arc<str>,
    /// What it observes, as a digest: what was remembered of something else is not taken over.
    pub observes: [u8; 32],
    /// What it remembers.
    pub memory: Arc<Memory>,
}

/// How much a file needs to be written.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Need {
    /// What is on disk is all there is to say.
    None,
    /// Something changed that a restart may lose.
    Some,
    /// An answer changed, or something that was to be kept.
    Much,
}

/// What of a target is on disk.
#[derive(Debug)]
pub(super) struct Known {
    /// Its files' name, without their endings.
    pub(super) file: String,
    /// Tells the file of findings from earlier ones; `None` if there is none.
    mark: Option<u32>,
    head: u64,
    probes: HashMap<Arc<str>, KnownProbe>,
    /// What its probes remember.
    pub(super) memories: Vec<RememberedProbe>,
    remembered: HashMap<Arc<str>, Changes>,
    /// When its files may be written again.
    pub(super) findings_pace: Pace,
    pub(super) memory_pace: Pace,
}

#[derive(Debug, Default)]
struct KnownProbe {
    /// The last visit that was looked at, and what it came to.
    seen: Option<Times>,
    now: u64,
    /// What is in the file, and of which visit.
    stored: Option<u64>,
    written: Option<Times>,
    /// The last visit that is on disk, in the file or in a note.
    dated: Option<Times>,
}

/// When a file may be written again.
#[derive(Debug)]
pub(super) struct Pace {
    much: Instant,
    some: Instant,
}

impl Known {
    pub(super) fn new(file: String, remembered: Remembered, tick: Instant) -> Self {
        let share = spread(&file);
        Self {
            file,
            mark: None,
            head: head_digest(None, None),
            probes: HashMap::new(),
            memories: remembered.probes,
            remembered: HashMap::new(),
            findings_pace: Pace { much: tick, some: tick + FINDINGS_SOME.mul_f64(share) },
            memory_pace: Pace { much: tick, some: tick + MEMORY_SOME.mul_f64(share) },
        }
    }

    /// How much the file of findings needs to be written.
    pub(super) fn need(&mut self, target: &TargetFindings) -> Need {
        let is_visited = target.probes.iter().any(|probe| probe.visited.is_some());
        if self.mark.is_none() && !is_visited {
            return Need::None;
        }
        let mut need = Need::None;
        if head_digest(target.revision.as_ref(), target.standing.as_ref()) != self.head {
            need = Need::Much;
        }
        for probe in &target.probes {
            let Some(times) = times(probe) else { continue };
            let known = self.probes.entry(Arc::clone(&probe.name)).or_default();
            if known.seen != Some(times) {
                (known.seen, known.now) = (Some(times), digest(probe));
            }
            if known.stored != Some(known.now) {
                need = Need::Much;
            } else if known.written != Some(times) {
                need = need.max(Need::Some);
            }
        }
        need
    }

    /// The visits that found what is in the file, and are not on disk themselves.
    pub(super) fn unnoted(&self) -> Option<Note> {
        self.note(|known| known.dated != known.seen)
    }

    /// Every visit that found what is in the file and is on disk.
    pub(super) fn noted(&self) -> Option<Note> {
        self.note(|known| known.dated == known.seen)
    }

    fn note(&self, wanted: impl Fn(&KnownProbe) -> bool) -> Option<Note> {
        let mark = self.mark?;
        let said = self.probes.iter().filter(|(_, known)| known.stored == Some(known.now));
        let said = said.filter(|(_, known)| wanted(known));
        let visits: HashMap<String, Times> =
            said.filter_map(|(name, known)| Some((name.to_string(), known.seen?))).collect();
        (!visits.is_empty()).then_some(Note { mark, visits })
    }

    /// The notes are on disk.
    pub(super) fn wrote_note(&mut self, note: &Note) {
        for (probe, times) in &note.visits {
            if let Some(known) = self.probes.get_mut(probe.as_str()) {
                known.dated = Some(*times);
            }
        }
    }

    /// The file of findings is on disk, as it is.
    pub(super) fn wrote_findings(&mut self, target: &TargetFindings, mark: u32) {
        self.mark = Some(mark);
        self.head = head_digest(target.revision.as_ref(), target.standing.as_ref());
        self.probes.retain(|name, _| target.probes.iter().any(|probe| probe.name == *name));
        for known in self.probes.values_mut() {
            (known.stored, known.written) = (Some(known.now), known.seen);
            known.dated = known.seen;
        }
    }

    /// The findings were read from a file of this mark; `dated` may be later than the file.
    pub(super) fn read_findings(&mut self, before: &crate::findings::Restored, mark: u32) {
        self.mark = Some(mark);
        self.head = head_digest(before.revision.as_ref(), before.standing.as_ref());
        for probe in &before.probes {
            let (times, now) = (times(probe), digest(probe));
            let known =
                KnownProbe { seen: times, now, stored: Some(now), written: times, dated: times };
            self.probes.insert(Arc::clone(&probe.name), known);
        }
    }

    /// How much the file of memories needs to be written.
    pub(super) fn memory_need(&self) -> Need {
        let mut need = Need::None;
        for probe in &self.memories {
            let (now, stored) = (probe.memory.changes(), self.remembered.get(&probe.name));
            let stored = stored.copied().unwrap_or_default();
            if now.kept != stored.kept {
                need = Need::Much;
            } else if now != stored {
                need = need.max(Need::Some);
            }
        }
        need
    }

    /// How often each memory has changed: to be noted before it is written.
    pub(super) fn memory_changes(&self) -> HashMap<Arc<str>, Changes> {
        let changes = |it: &RememberedProbe| (Arc::clone(&it.name), it.memory.changes());
        self.memories.iter().map(changes).collect()
    }

    /// The file of memories is on disk, with these changes.
    pub(super) fn wrote_memory(&mut self, changes: HashMap<Arc<str>, Changes>) {
        self.remembered = changes;
    }
}

impl Pace {
    /// Whether a file with this need may be written.
    pub(super) fn allows(&self, need: Need, tick: Instant) -> bool {
        match need {
            Need::None => false,
            Need::Some => tick >= self.some,
            Need::Much => tick >= self.much,
        }
    }

    /// The file of findings was written.
    pub(super) fn wrote_findings(&mut self, tick: Instant) {
        *self = Self { much: tick + FINDINGS_MUCH, some: tick + FINDINGS_SOME };
    }

    /// The file of memories was written, with so many bytes.
    pub(super) fn wrote_memory(&mut self, tick: Instant, bytes: usize) {
        let by_size = Duration::from_secs(bytes as u64 / MEMORY_BYTES_A_SECOND);
        *self =
            Self { much: tick + MEMORY_MUCH.max(by_size), some: tick + MEMORY_SOME.max(by_size) };
    }
}

/// A share from 0 to 1, the same for the same name: so that files are not all written at once.
fn spread(file: &str) -> f64 {
    let mut hasher = DefaultHasher::new();
    file.hash(&mut hasher);
    let share = u32::try_from(hasher.finish() >> 32).unwrap_or(u32::MAX);
    f64::from(share) / f64::from(u32::MAX)
}

/// How long the file of findings rests after it was written, where an answer has changed again,
const FINDINGS_MUCH: Duration = Duration::from_secs(10);
/// and where only texts and gauges have.
const FINDINGS_SOME: Duration = Duration::from_hours(1);
/// How long the file of memories rests, where a kept value has changed again,
const MEMORY_MUCH: Duration = Duration::from_mins(1);
/// and where only measurements were taken.
const MEMORY_SOME: Duration = Duration::from_mins(30);
/// The most it comes to in the long run.
const MEMORY_BYTES_A_SECOND: u64 = 64;
