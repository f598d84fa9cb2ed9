//! All targets at a glance, worst first; remembered, because with thousands of them every look at
//! every finding would take too long.

use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use gonogo_probes::contract::Impact;

use crate::{
    assessment::{Rulings, assess},
    board::Board,
    findings::TargetFindings,
    scorecard::Verdict,
};

/// Remembers what was seen of each target.
#[derive(Debug, Default)]
pub(in crate::web) struct Overview {
    glances: Mutex<HashMap<String, Arc<Glance>>>,
}

/// A target at a glance.
#[derive(Debug)]
pub(super) struct Glance {
    pub(super) target: Arc<TargetFindings>,
    pub(super) verdict: Verdict,
    /// How many blockers fail, and how many checks of high impact.
    blockers: usize,
    highs: usize,
    /// The lower score, in thousandths.
    low: u64,
    /// What a search looks at: name, URL, labels, in lower case.
    haystack: String,
    rulings: Arc<Rulings>,
    holds_until: Option<SystemTime>,
}

impl Overview {
    /// All targets, what needs doing first: worst verdict, most blockers, lowest score, name.
    pub(super) fn look(&self, board: &Board, now: SystemTime) -> Vec<Arc<Glance>> {
        let (snapshot, rulings) = (board.findings.snapshot(), board.rulings());
        let mut known = self.glances.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = HashMap::with_capacity(snapshot.targets.len());
        let mut glances: Vec<Arc<Glance>> = Vec::with_capacity(snapshot.targets.len());
        for target in &snapshot.targets {
            let name = &target.target.name;
            let old = known.remove(name).filter(|old| {
                Arc::ptr_eq(&old.target, target)
                    && Arc::ptr_eq(&old.rulings, &rulings)
                    && old.holds_until.is_none_or(|until| now < until)
            });
            let glance = old.unwrap_or_else(|| Arc::new(Glance::of(target, &rulings, now)));
            kept.insert(name.clone(), Arc::clone(&glance));
            glances.push(glance);
        }
        *known = kept;
        drop(known);
        glances.sort_by(|a, b| a.rank().cmp(&b.rank()));
        glances
    }
}

impl Glance {
    fn of(target: &Arc<TargetFindings>, rulings: &Arc<Rulings>, now: SystemTime) -> Self {
        let assessment = assess(target, rulings, now);
        let card = &assessment.card;
        let fails = |impact| card.counts.of(impact, "fail");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1")]
        let low = (card.score.low * 1000.0) as u64;
        let labels = target.target.labels.iter().map(|(name, value)| format!(" {name}={value}"));
        let labels: String = labels.collect();
        let haystack = format!("{} {}{labels}", target.target.name, target.target.url);
        Self {
            target: Arc::clone(target),
            verdict: card.verdict,
            blockers: fails(Impact::Blocker),
            highs: fails(Impact::High),
            low,
            haystack: haystack.to_lowercase(),
            rulings: Arc::clone(rulings),
            holds_until: assessment.holds_until,
        }
    }

    /// Whether every word stands in the target's name, URL or labels.
    pub(super) fn is_like(&self, words: &[String]) -> bool {
        words.iter().all(|word| self.haystack.contains(word.as_str()))
    }

    /// Whether any of its probes has been there yet.
    pub(super) fn is_visited(&self) -> bool {
        self.target.probes.iter().any(|probe| probe.visited.is_some())
    }

    fn rank(&self) -> impl Ord + '_ {
        let urgency = match self.verdict {
            Verdict::NoGo => 0,
            Verdict::Unknown => 1,
            Verdict::Staged => 2,
            Verdict::Go => 3,
        };
        let fails = Reverse((self.blockers, self.highs));
        (urgency, fails, self.low, &self.target.target.name)
    }
}
