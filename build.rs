#![expect(
    clippy::disallowed_methods,
    reason = "how a build script learns which compiler it serves"
)]

//! Tells the build which revision it is of and which compiler makes it, for `gonogo_build_info`.

use std::process::Command;

fn main() {
    let revision = said("git", &["rev-parse", "--short=12", "HEAD"]);
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let rustc = said(&rustc, &["--version"]);
    let rustc = rustc.split(' ').nth(1).unwrap_or("unknown");
    println!("cargo::rustc-env=GONOGO_REVISION={revision}");
    println!("cargo::rustc-env=GONOGO_RUSTC={rustc}");
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=build.rs");
}

/// What a command prints, or "unknown": a build from an archive has no repository.
fn said(command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command).args(arguments).output();
    let text = output.ok().filter(|output| output.status.success());
    let text = text.and_then(|output| String::from_utf8(output.stdout).ok());
    text.map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
}
