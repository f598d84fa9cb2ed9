//! The fast tier: is anything old or weak accepted at all?

use tokio::join;

use crate::{
    tls::observe::survey::{
        Told,
        ask::{Answer, Asker},
    },
    wire::hello::{suite::Suite, version::Version},
};

/// What two hellos tell: one of TLS 1.1 and below, one of TLS 1.2 with weak suites alone.
#[derive(Clone, Debug)]
pub(in crate::tls) struct Fast {
    /// Whether TLS 1.1 or below is spoken; which, and with what, if so.
    pub(in crate::tls) old: Told<Answer>,
    /// Whether one of the common weak suites is accepted.
    pub(in crate::tls) weak: Told<Answer>,
    /// Whether TLS 1.3 is spoken, where the handshake did not tell.
    pub(in crate::tls) tls13: Option<Told<Answer>>,
}

/// Asks; for TLS 1.3 too, where the handshake has not told.
pub(in crate::tls) async fn fast(asker: &Asker<'_>, version_is_known: bool) -> Fast {
    let tls13 = async {
        if version_is_known {
            return None;
        }
        Some(asker.takes(Version::Tls13, Suite::of(Version::Tls13)).await)
    };
    let (old, weak, tls13) = join!(
        asker.takes(Version::Tls11, Suite::old()),
        asker.takes(Version::Tls12, Suite::faulty(false)),
        tls13
    );
    Fast { old, weak, tls13 }
}
