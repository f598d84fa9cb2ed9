//! A request, and what is expected of its answer, as an operator writes them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{expect::Expect, method::Method};
use crate::contract::{
    Mistake, Window,
    net::Endpoint,
    setting::{Dur, Headers, Link},
};

/// Settings of the `http` probe.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Http {
    /// What to ask for: a path on the target, or a URL anywhere.
    pub(super) url: Link,
    /// The method, any that the service knows. The request is sent on every visit: one that changes
    /// something changes it again.
    #[serde(default)]
    pub(super) method: Method,
    /// Header fields to send.
    #[serde(default)]
    pub(super) headers: Headers,
    /// The body to send.
    #[serde(default)]
    pub(super) body: String,
    /// Whether redirects are followed; only with GET and HEAD.
    #[serde(default)]
    pub(super) follow: bool,
    /// What the answer must be like.
    #[serde(default)]
    pub(super) expect: Expect,
    /// The longest that a share of the answers may take.
    #[serde(default)]
    pub(super) slow: Limits,
    /// The share of requests, from 0 to 1, that must be answered as expected; 0.99 unless set.
    #[serde(default)]
    pub(super) success: Option<f64>,
    /// Measurements to have before latency and success are judged.
    #[serde(default = "min_samples")]
    pub(super) min_samples: usize,
}

/// Limits of latency by percentile: that of p95 is the longest that 95 of 100 answers may take.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Limits {
    /// The median's.
    p50: Option<Dur>,
    /// The 90th percentile's.
    p90: Option<Dur>,
    /// The 95th percentile's.
    p95: Option<Dur>,
    /// The 99th percentile's.
    p99: Option<Dur>,
}

impl Limits {
    /// Each limit that is set, with its name and its percentile.
    pub(super) fn set(&self) -> impl Iterator<Item = (&'static str, f64, Dur)> {
        let all = [
            ("p50", 50.0, self.p50),
            ("p90", 90.0, self.p90),
            ("p95", 95.0, self.p95),
            ("p99", 99.0, self.p99),
        ];
        all.into_iter().filter_map(|(name, percent, limit)| Some((name, percent, limit?)))
    }
}

impl Http {
    /// The address the settings name, where it is not the target's own.
    pub(super) fn named_endpoints(&self) -> Vec<Endpoint> {
        self.url.endpoint().into_iter().collect()
    }

    /// The request, and which answers are right; limits of latency and of success are not in it.
    pub(super) fn observed(&self) -> String {
        let Self { url, method, headers, body, follow, expect, .. } = self;
        format!("{url:?} {method:?} {headers:?} {body:?} {follow} {expect:?}")
    }

    /// What is wrong that the types cannot say.
    pub(super) fn wrong(&self) -> Vec<Mistake> {
        let mut mistakes = self.expect.wrong();
        let mut mistake = |path: &[&str], message: String| {
            let path = path.iter().map(|&key| key.to_owned()).collect();
            mistakes.push(Mistake { path, message });
        };
        if self.follow && !matches!(self.method.as_str(), "GET" | "HEAD") {
            let message = "redirects are followed with GET and HEAD only".to_owned();
            mistake(&["follow"], message);
        }
        if self.method.as_str() == "HEAD" && self.expect.reads_body() {
            let message = "an answer to HEAD has no body; use GET, or expect none of it".to_owned();
            mistake(&["method"], message);
        }
        if let Some(success) = self.success
            && !(success > 0.0 && success <= 1.0)
        {
            let message = "write a share above 0 and up to 1, like 0.99".to_owned();
            mistake(&["success"], message);
        }
        for (name, _, limit) in self.slow.set() {
            if limit.0.is_zero() {
                let message = "no answer takes no time; write a limit such as 1s".to_owned();
                mistake(&["slow", name], message);
            }
        }
        if !(1..=Window::CAPACITY).contains(&self.min_samples) {
            let most = Window::CAPACITY;
            mistake(
                &["min_samples"],
                format!("write a number from 1 to {most}, the window's size"),
            );
        }
        mistakes
    }
}

fn min_samples() -> usize {
    5
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(value: Value) -> Result<Http, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    fn mistakes(value: Value) -> Vec<String> {
        let mistakes = parse(value).expect("settings").wrong();
        mistakes.into_iter().map(|mistake| mistake.path.join(".")).collect()
    }

    #[test]
    fn a_url_is_enough() {
        let http = parse(json!({"url": "/v1/models"})).expect("settings");
        assert_eq!(http.method.as_str(), "GET");
        assert!(http.wrong().is_empty());
        assert!(http.named_endpoints().is_empty());
        assert!(parse(json!({})).expect_err("no URL").contains("url"));
    }

    #[test]
    fn an_address_elsewhere_is_one_the_net_may_call() {
        let http = parse(json!({"url": "http://llm:11434/api/tags"})).expect("settings");
        assert_eq!(http.named_endpoints(), [Endpoint::tcp("llm", 11434)]);
    }

    #[test]
    fn slips_are_found() {
        let with = |key: &str, value: Value| json!({"url": "/", key: value});
        assert_eq!(mistakes(with("success", json!(99))), ["success"]);
        assert_eq!(mistakes(with("success", json!(0))), ["success"]);
        assert!(mistakes(with("success", json!(1))).is_empty());
        assert_eq!(mistakes(with("min_samples", json!(121))), ["min_samples"]);
        assert_eq!(mistakes(with("slow", json!({"p95": "0s"}))), ["slow.p95"]);
        let post = json!({"url": "/", "method": "POST", "follow": true});
        assert_eq!(mistakes(post), ["follow"]);
        let head = json!({"url": "/", "method": "HEAD", "expect": {"body": "ok"}});
        assert_eq!(mistakes(head), ["method"]);
        assert!(parse(with("slow", json!({"p97": "1s"}))).expect_err("p97").contains("p97"));
        assert!(parse(with("method", json!("get"))).expect_err("get").contains("GET"));
    }
}
