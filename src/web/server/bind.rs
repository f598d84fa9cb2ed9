//! Taking the addresses to listen on.

use std::{io, net::SocketAddr};

use tokio::net::TcpListener;

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else listens there.
    #[error("port {} is in use; choose another with --web.listen-address", .0.port())]
    InUse(SocketAddr),
    /// The port is reserved.
    #[error("this user may not listen on port {}; choose one above 1023 with --web.listen-address", .0.port())]
    Denied(SocketAddr),
    /// The address is not one of this machine.
    #[error("{} is no address of this machine; choose another with --web.listen-address", .0.ip())]
    NotHere(SocketAddr),
    /// Anything else.
    #[error("cannot listen on {0}")]
    Other(SocketAddr, #[source] io::Error),
}

/// Listens on every address, or on none.
///
/// # Errors
///
/// Returns an error that names the first address that cannot be had.
pub async fn bind(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, BindError> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for &address in addresses {
        listeners.push(listen(address).await.map_err(|error| explain(address, error))?);
    }
    Ok(listeners)
}

async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    match TcpListener::bind(address).await {
        // Where IPv6 is switched off, "every address" means every IPv4 address.
        Err(error) if no_ipv6(&error) && address.ip() == std::net::Ipv6Addr::UNSPECIFIED => {
            TcpListener::bind((std::net::Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        bound => bound,
    }
}

fn no_ipv6(error: &io::Error) -> bool {
    const EAFNOSUPPORT: i32 = 97;
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(EAFNOSUPPORT)
}

fn explain(address: SocketAddr, error: io::Error) -> BindError {
    match error.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse(address),
        io::ErrorKind::PermissionDenied => BindError::Denied(address),
        io::ErrorKind::AddrNotAvailable => BindError::NotHere(address),
        _ => BindError::Other(address, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_named() {
        let taken = bind(&["127.0.0.1:0".parse().expect("an address")]).await.expect("bound");
        let address = taken[0].local_addr().expect("bound");
        let error = bind(&[address]).await.expect_err("in use");
        let port = address.port();
        assert_eq!(
            error.to_string(),
            format!("port {port} is in use; choose another with --web.listen-address")
        );
    }

    #[tokio::test]
    async fn an_address_of_another_machine_is_named() {
        let error =
            bind(&["192.0.2.1:0".parse().expect("an address")]).await.expect_err("not here");
        assert!(error.to_string().starts_with("192.0.2.1 is no address of this machine"));
    }
}
