//! The vocabulary probes share with the daemon, and all that either knows of the other.
//!
//! A probe looks (`observe`: all I/O, through [`net`]) and its checks judge (pure functions over
//! evidence). The words mean the same everywhere: a *target* is visited by an *armed probe*; the
//! visit brings back *evidence*; every *check* asks one question of it and gives a *finding*, made
//! of *items*; a *gauge* is a number worth graphing whether or not anything is wrong.

mod armed;
pub mod boundary;
mod cause;
mod check;
pub mod disk;
mod finding;
mod kind;
mod ledger;
mod memory;
mod needs;
pub mod net;
mod number;
mod obstacle;
mod probe;
mod progress;
mod scheme;
pub mod setting;
mod shared;
#[cfg(any(test, feature = "specimen"))]
pub mod specimen;
mod target;
mod timeline;
pub mod trigger;
mod visit;

pub use armed::Armed;
pub use boundary::redact;
pub use cause::Explains;
pub use check::{Check, Dimension, Footprint, Impact, Rule, Settles};
pub use finding::{Confidence, Fact, Finding, GaugeReadings, Item, Outcome, Report, Rest};
pub use kind::Kind;
pub use ledger::{Coverage, Ledger};
pub use memory::{
    Changes, Kept, Memory, NotKept, Point, Sample, Saved, Series, Window, WindowSummary,
};
pub use needs::{Experiment, Needs};
pub use number::{FAMILIES, Gauge, GaugeInfo, Label, NumberKind, OTHER, Reading, Values};
pub use obstacle::{Obstacle, Obstructed};
pub use probe::{Mistake, Probe};
pub use progress::Progress;
pub use scheme::Scheme;
pub use shared::{Key, Seen, Shared};
pub use target::{Profile, Target};
pub use timeline::{Lane, Moment, Timeline, Tone};
pub use visit::Visit;
