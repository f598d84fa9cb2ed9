//! What design budgets promise, measured: `cargo bench`, or `cargo bench -- metrics` for one of them.

mod metrics;
mod posture;
mod schedule;
mod state;
mod support;
mod visit;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let benches: [(&str, fn()); 5] = [
        ("metrics", metrics::run),
        ("posture", posture::run),
        ("schedule", schedule::run),
        ("state", state::run),
        ("visit", visit::run),
    ];
    for (name, run) in benches {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            support::tell(&format!("\n## {name}"));
            run();
        }
    }
}
