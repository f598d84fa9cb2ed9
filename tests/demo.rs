//! `gonogo demo`, which is how most people meet gonogo.

use std::process::Stdio;

use crate::support::{self, Tool, http, read_lines, tool, wait_until};

#[test]
fn the_demo_shows_a_no_go_and_a_go_and_the_flaw_can_be_mended() {
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
    while told.iter().filter(|line: &&String| line.contains(" % known")).count() < 2 {
        told.push(stdout.recv_timeout(support::PATIENCE).expect("it reports"));
    }
    let told = told.join("\n");
    assert!(told.contains("\nGO: ") && told.contains("\nNO-GO: "), "{told}");
    assert!(told.contains("has expired") && told.contains("depend"), "{told}");

    let metrics = http(address, "GET", "/metrics", "").expect("metrics").1;
    assert!(metrics.contains(r#"gonogo_verdict{target="sound",verdict="go"} 1"#));
    assert!(metrics.contains(r#"gonogo_verdict{target="flawed",verdict="no_go"} 1"#));
    lint(&metrics);

    let verdict = |wanted: &str| {
        wait_until(&format!("the verdict {wanted}"), || {
            let (_, body) = http(address, "GET", "/api/v1/targets/flawed/verdict", "").ok()?;
            body.contains(&format!("\"verdict\":\"{wanted}\"")).then_some(())
        });
    };
    http(control, "POST", "/mend", "").expect("mended");
    verdict("go");
    http(control, "POST", "/break", "").expect("broken");
    verdict("no_go");
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
