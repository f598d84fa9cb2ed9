//! A real Prometheus scrapes a real gonogo and evaluates the generated rules.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::support::{Site, Tool, free_port, http, run, stdout, tool, wait_until};

#[test]
fn prometheus_scrapes_the_metrics_and_loads_the_generated_rules() {
    let site = Site::new(
        "targets:\n  - { name: shop, url: 'http://127.0.0.1:9/', interval: 1s, probes: [health] }\n",
    );
    let daemon = site.serve(&[]);
    let rules = site.write("rules.yml", &stdout(&run(&["generate", "alerts"])));
    let config = site.write(
        "prometheus.yml",
        &format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: ['{}']\nscrape_configs:\n  - job_name: gonogo\n    static_configs: [{{ targets: ['{}'] }}]\n",
            rules.display(),
            daemon.address
        ),
    );
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let child = Command::new(tool("prometheus", "prometheus"))
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--web.listen-address={address}"))
        .arg(format!("--storage.tsdb.path={}", site.path("tsdb").display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("prometheus runs");
    let _prometheus = Tool(child);
    let ask = |path: &str| -> Option<Value> {
        let (status, body) = http(address, "GET", path, "").ok()?;
        (status == 200).then(|| serde_json::from_str(&body).ok()).flatten()
    };
    let value = |query: &str| {
        wait_until(query, || {
            let answer = ask(&format!("/api/v1/query?query={query}"))?;
            answer["data"]["result"][0]["value"][1].as_str().map(str::to_owned)
        })
    };
    // One verdict a target, whatever it is; one status a check.
    assert_eq!(value("sum(gonogo_verdict)"), "1");
    assert_eq!(value("min(sum%20by(target,probe,check)(gonogo_check_status))"), "1");
    assert_eq!(value("up"), "1");
    let rules = wait_until("rules to be evaluated", || {
        let rules = ask("/api/v1/rules")?;
        let groups = rules["data"]["groups"].as_array()?.clone();
        let mut rules =
            groups.iter().flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default());
        let rules: Vec<Value> = rules.by_ref().collect();
        (!rules.is_empty() && rules.iter().all(|rule| rule["health"] != "unknown")).then_some(rules)
    });
    for rule in rules {
        assert_eq!(rule["health"], "ok", "{rule:#}");
    }
    let metadata = ask("/api/v1/metadata?metric=gonogo_verdict").expect("metadata");
    assert_eq!(metadata["data"]["gonogo_verdict"][0]["type"], "gauge");
}
