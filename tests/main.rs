//! The daemon as its users meet it: the real binary against real servers.

#![expect(clippy::disallowed_methods, reason = "tests live by the machine's clock and environment")]

mod acceptance;
mod catalogue;
mod command_line;
mod commands;
mod daemon;
mod demo;
mod deploy;
mod faults;
mod freshness;
mod nginx;
mod observatory;
mod prometheus;
mod reload;
mod secrets;
mod sinks;
mod state;
mod support;
