//! `gonogo demo`, which is how most people meet gonogo.

use std::process::Stdio;

use crate::support::{self, Tool, http, read_lines, tool, wait_until};

#[test]
fn the_demo_shows_what_the_readme_says_and_the_flaws_can_be_mended() {
    let mut child = support::gonogo(&["demo", "--web.listen-address", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let stderr = read_lines(child.stderr.take().expect("piped"));
    let stdout = read_lines(child.stdout.take().expect("piped"));
    let _child = Tool(child);
    let said = |text: &str| loop {
        let line = stderr.recv_timeout(support::PATIENCE).expect("it introduces itself");
        if line.contains(text) {
            return line;
        }
    };
    let page = said("status page");
    let address = page.split("http://").nth(1).expect("a URL").trim_end_matches('/');
    let address = address.parse().expect("an address");
    let control = said("/mend");
    let control = control.split("http://").nth(1).expect("a URL").split('/').next();
    let control = control.expect("an address").parse().expect("an address");

    let mut told = Vec::new();
    while told.iter().filter(|line: &&String| line.starts_with("next: ")).count() < 2 {
        told.push(stdout.recv_timeout(support::PATIENCE).expect("it reports"));
    }
    let told = told.join("\n");
    let sample = include_str!("../README.md").split("```text\n").nth(1).expect("a sample");
    let sample = sample.split("```").next().expect("its end");
    for piece in sample.split('…') {
        let (piece, told) = (without_numbers(piece), without_numbers(&told));
        assert!(told.contains(&piece), "the README shows\n{piece}\nand it said\n{told}");
    }

    let metrics = http(address, "GET", "/metrics", "").expect("metrics").1;
    assert!(metrics.contains(r#"gonogo_verdict{target="sound",verdict="go"} 1"#));
    assert!(metrics.contains(r#"gonogo_verdict{target="flawed",verdict="no_go"} 1"#));
    assert!(metrics.contains(r#"gonogo_verdict{target="expired",verdict="no_go"} 1"#));
    lint(&metrics);

    let verdict = |wanted: &str| {
        for target in ["flawed", "expired"] {
            wait_until(&format!("the verdict {wanted} of {target}"), || {
                let path = format!("/api/v1/targets/{target}/verdict");
                let (_, body) = http(address, "GET", &path, "").ok()?;
                body.contains(&format!("\"verdict\":\"{wanted}\"")).then_some(())
            });
        }
    };
    http(control, "POST", "/mend", "").expect("mended");
    verdict("go");
    http(control, "POST", "/break", "").expect("broken");
    verdict("no_go");
}

/// Text as it is whatever the ports, the time and the place where lines end.
fn without_numbers(text: &str) -> String {
    let port_or_date =
        regex::Regex::new(r":\d{4,5}\b|\d{4}-\d\d-\d\d( \d\d:\d\d)?").expect("valid");
    let text = port_or_date.replace_all(text, "#");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Holds metrics against Prometheus's own linter.
pub(crate) fn lint(metrics: &str) {
    use std::io::Write;
    let mut promtool = std::process::Command::new(tool("promtool", "prometheus"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool runs");
    let mut stdin = promtool.stdin.take().expect("piped");
    stdin.write_all(metrics.as_bytes()).expect("written");
    drop(stdin);
    let output = promtool.wait_with_output().expect("promtool ends");
    let said = support::stderr(&output) + &support::stdout(&output);
    assert!(output.status.success() && said.is_empty(), "{said}");
}
