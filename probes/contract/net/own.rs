//! Whether our own network works: the control of a refusal.

use std::{net::Ipv4Addr, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    time,
};

use crate::contract::{Obstacle, Obstructed};

/// Connects to a listener of ours. Where this is refused too, a refusal says nothing of the target.
#[expect(clippy::disallowed_methods, reason = "a listener of our own is no target")]
pub(crate) async fn works() -> Result<(), Obstructed> {
    let connect = async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        TcpStream::connect(address).await.map(drop)
    };
    match time::timeout(PATIENCE, connect).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            let detail = format!("a connection to ourselves fails as well: {error}");
            Err(Obstacle::Local.because(detail))
        }
        Err(_) => Err(Obstacle::Local.because("a connection to ourselves takes too long as well")),
    }
}

const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn our_own_network_works_here() {
        assert_eq!(works().await, Ok(()));
    }
}
