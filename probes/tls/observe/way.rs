//! The way to one address of the target.

use crate::{
    contract::net::{Address, Connection, Endpoint, Session, StartTls},
    tls::evidence::Broken,
};

/// One address, and how to get there.
#[derive(Clone, Copy, Debug)]
pub(in crate::tls) struct Way<'a> {
    pub(in crate::tls) session: &'a Session,
    pub(in crate::tls) endpoint: &'a Endpoint,
    pub(in crate::tls) address: &'a Address,
    /// What is spoken before TLS.
    pub(in crate::tls) starttls: Option<StartTls>,
}

impl Way<'_> {
    /// Connects, to where it is the client's turn to begin TLS.
    pub(in crate::tls) async fn connect(&self) -> Result<Connection, Broken> {
        let mut connection = self.session.connect_address(self.endpoint, self.address).await?;
        if let Some(protocol) = self.starttls {
            self.session.start_tls(&mut connection, protocol).await?;
        }
        Ok(connection)
    }
}
