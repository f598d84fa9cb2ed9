//! Servers that are sound or faulty on purpose, for tests and the demo, and the proof that every
//! check can fail and can pass.

mod pki;
#[cfg(test)]
pub(crate) mod process;
mod run;
mod server;

pub use pki::{Certified, Pki, provider, validity};
#[cfg(test)]
pub(crate) use run::visit_to_nowhere;
pub use run::{Shown, Specimen, Started, arm, show};
pub use server::{Answer, Asked, Certificate, Server, bind, refusing, silent};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::CATALOGUE;

    /// The proof that no check is decoration: each is seen to fail on a faulty server and to pass on
    /// a sound one, and no server shows a fault it was not built with.
    #[tokio::test(flavor = "multi_thread")]
    async fn every_check_fails_on_a_faulty_server_and_passes_on_a_sound_one() {
        let mut complaints = Vec::new();
        for kind in CATALOGUE {
            let (mut failed, mut passed) = (BTreeSet::new(), BTreeSet::new());
            for specimen in kind.specimens() {
                let shown = show(kind, &specimen).await;
                failed.extend(shown.failed);
                passed.extend(shown.passed);
                complaints.extend(shown.broken_promise);
            }
            for check in kind.checks() {
                for (seen, how) in [(&failed, "fail"), (&passed, "pass")] {
                    if !seen.contains(check.id) {
                        complaints.push(format!("no specimen makes `{}` {how}", check.id));
                    }
                }
            }
        }
        assert!(complaints.is_empty(), "\n{}", complaints.join("\n\n"));
    }
}
