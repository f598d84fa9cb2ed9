//! Accepting connections, as many as there are seats for.

use std::{io, sync::Arc, time::Duration};

use tokio::{net::TcpListener, time};
use tracing::{debug, error};

use super::{Server, connection, pulse::Pulse};

/// Accepts connections until they are no longer answered, and closes the listener then.
pub(super) async fn accept(listener: TcpListener, server: Server) {
    let closed = server.closed.clone();
    closed.run_until_cancelled(accept_all(&listener, server)).await;
}

async fn accept_all(listener: &TcpListener, server: Server) {
    let mut failures = 0;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                failures = 0;
                let pulse = Arc::new(Pulse::new(server.limits));
                let seat = server.seats.take(&pulse).await;
                let is_late = server.stop.draining.is_cancelled();
                let tasks = if is_late { &server.late } else { &server.tasks };
                let visitor = connection::Visitor { peer, pulse, seat, is_late };
                tasks.spawn(connection::attend(stream, visitor, server.clone()));
            }
            Err(problem) if is_the_clients(&problem) => {
                debug!(%problem, "a connection ended early");
            }
            Err(problem) => {
                let pause = pause(failures);
                failures += 1;
                error!(%problem, retry_in = ?pause, "cannot accept connections");
                time::sleep(pause).await;
            }
        }
    }
}

/// Whether an error of `accept` is about the connection and not about us.
fn is_the_clients(problem: &io::Error) -> bool {
    matches!(
        problem.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

/// Without a pause, a machine out of file descriptors would spend a core on being refused.
fn pause(failures: u32) -> Duration {
    Duration::from_millis(50 << failures.min(6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_out_of_file_descriptors_is_asked_ever_more_slowly() {
        assert!(!is_the_clients(&io::Error::from_raw_os_error(24)));
        assert_eq!(pause(0), Duration::from_millis(50));
        assert_eq!(pause(3), Duration::from_millis(400));
        assert_eq!(pause(100), Duration::from_millis(3200));
    }

    #[test]
    fn a_connection_reset_before_it_was_accepted_is_no_trouble_of_ours() {
        assert!(is_the_clients(&io::ErrorKind::ConnectionAborted.into()));
    }
}
