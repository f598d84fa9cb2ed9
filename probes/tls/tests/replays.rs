//! The command that a finding shows, run against the server it was found on.

use std::process::Command;

use serde_json::json;

use super::{
    Scene, items,
    programs::{Program, gnutls_serv, s_server},
};
use crate::{
    contract::{Item, Outcome, net::Budgets, specimen::Pki},
    tls::specimens::protocol::by_rsa,
};

/// What the probe finds, and what its command shows.
async fn replayed(server: &Program, pki: &Pki, check: &str) -> (Item, String) {
    let mut scene = Scene::at(&[([127, 0, 0, 1], server.port).into()], pki.root());
    scene.budgets = Budgets { requests_per_second: 1000, burst: 1000, ..scene.budgets };
    scene.settings = json!({ "overrides": { "tls-http2-missing": "ignore" } });
    let item = items(&scene.visit().await, check)[0].clone();
    let command = item.replay.clone().expect("a command");
    let output = Command::new("sh").args(["-c", &command]).output().expect("a shell");
    (item, String::from_utf8_lossy(&output.stdout).into_owned())
}

const ETM: &str = "\"encrypt-then-mac\"";

#[tokio::test]
async fn the_suite_that_is_used_without_encrypt_then_mac_is_asked_for() {
    let (pki, check) = (Pki::new(), "tls-cbc-without-etm");
    for suite in ["AES256-SHA256", "ECDHE-RSA-CAMELLIA128-SHA256"] {
        let cipher = format!("{suite}:@SECLEVEL=0");
        let options = ["-cipher", &cipher, "-no_tls1_3"];
        let certified = by_rsa(&pki, 60);
        let server = s_server(&certified, &[&options[..], &["-no_etm"]].concat()).await;
        let (item, shown) = replayed(&server, &pki, check).await;
        assert!(matches!(item.outcome, Outcome::Fail(_)), "{item:?}");
        assert!(shown.contains(&format!("Cipher is {suite}")), "{item:?}: {shown}");
        assert!(!shown.contains(ETM), "{shown}");

        let server = s_server(&certified, &options).await;
        let (item, shown) = replayed(&server, &pki, check).await;
        assert_eq!(item.outcome, Outcome::Pass, "{item:?}");
        assert!(shown.contains(&format!("Cipher is {suite}")) && shown.contains(ETM), "{shown}");
    }
}

#[tokio::test]
async fn the_version_that_lacks_the_extended_master_secret_is_asked_for() {
    let (pki, check) = (Pki::new(), "tls-extended-master-secret-missing");
    // Both speak TLS 1.3, in which nothing of this can be seen.
    for (priorities, fails) in [("NORMAL:%NO_SESSION_HASH", true), ("NORMAL", false)] {
        let server = gnutls_serv(&by_rsa(&pki, 60), priorities).await;
        let (item, shown) = replayed(&server, &pki, check).await;
        assert_eq!(matches!(item.outcome, Outcome::Fail(_)), fails, "{item:?}");
        let said = if fails { "no" } else { "yes" };
        assert!(shown.contains(&format!("Extended master secret: {said}")), "{item:?}: {shown}");
    }
}
