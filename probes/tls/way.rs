//! The way to one address of the target.

use super::posture::Broken;
use crate::contract::net::{Address, Connection, Endpoint, Session, StartTls};

/// One address, and how to get there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'a> {
    pub(super) session: &'a Session,
    pub(super) endpoint: &'a Endpoint,
    pub(super) address: &'a Address,
    /// What is spoken before TLS.
    pub(super) starttls: Option<StartTls>,
}

impl Way<'_> {
    /// Connects, to where it is the client's turn to begin TLS.
    pub(super) async fn connect(&self) -> Result<Connection, Broken> {
        let mut connection = self.session.connect_address(self.endpoint, self.address).await?;
        if let Some(protocol) = self.starttls {
            self.session.start_tls(&mut connection, protocol).await?;
        }
        Ok(connection)
    }
}
