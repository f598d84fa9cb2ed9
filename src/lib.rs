//! gonogo keeps asking a deployed system the questions of a production-readiness review, answers them
//! from the running system, and exports the answers: metrics, a scorecard, a verdict.
//!
//! ```text
//! config ──▶ schedule ──▶ visit ──▶ findings ──▶ scorecard ──▶ export / web
//!                           │                       ▲
//!                         probes  observe (I/O) ──▶ evidence ──▶ judge (pure)     policy
//! ```
//!
//! Arrows never point back, and each stage is the module of that name. `probes` is a crate of its own,
//! [`gonogo_probes`], and knows nothing of the daemon. The words:
//!
//! | word | meaning |
//! |---|---|
//! | target | a deployed system under test, named once in the configuration |
//! | probe | something gonogo can look at; configured for a target, it is armed and has a name |
//! | visit | one execution of one probe on one target, with a deadline |
//! | evidence | what a visit brought back; it never leaves the probe |
//! | check | a question with a right answer, asked of evidence |
//! | outcome | `pass`, `fail`, `unknown` (could not tell), `skip` (does not apply) |
//! | finding | a check's outcome for one target and probe, with its items |
//! | item | one subject within a finding: an endpoint, a certificate |
//! | gauge | a number worth graphing whether or not anything is wrong |
//! | waiver | a person's decision to accept a fail until a date |
//! | attestation | a person's statement about what no probe can see, until a date |
//! | status | an outcome after policy: a fail may be `waived` |
//! | verdict | `go`, `staged`, `no_go`, `unknown` |

pub mod assessment;
pub mod board;
pub mod causes;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod experiments;
pub mod export;
pub mod findings;
pub mod plan;
pub mod policy;
pub mod render;
pub mod revision;
pub mod schedule;
pub mod scorecard;
pub mod secrets;
pub mod store;
pub mod telemetry;
#[cfg(test)]
pub(crate) mod testing;
pub mod visit;
pub mod web;
