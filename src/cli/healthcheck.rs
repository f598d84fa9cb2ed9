//! `gonogo healthcheck`: asks a gonogo on this machine, for containers without a shell.

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream},
    time::Duration,
};

use super::{Exit, arguments::Healthcheck, output};

/// Plain HTTP over a blocking socket: the answer is one status line from ourselves.
pub(super) fn run(options: &Healthcheck) -> Exit {
    let mut address = options.address;
    // An unspecified address is no address to connect to.
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    let path = if options.ready { "/-/ready" } else { "/-/healthy" };
    let ask = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.take(LONGEST).read_to_end(&mut answer)?;
        Ok(answer)
    };
    let said = match ask() {
        // A TLS alert: the listener is configured for TLS, and alive.
        Ok(answer) if answer.first() == Some(&TLS_ALERT) && !options.ready => {
            return Exit::Success;
        }
        Ok(answer) => {
            let answer = String::from_utf8_lossy(&answer);
            let status = answer.lines().next().unwrap_or_default();
            match status.split(' ').nth(1) {
                Some("200") => return Exit::Success,
                _ => format!("http://{address}{path} answered `{}`", status.escape_debug()),
            }
        }
        Err(error) => format!("http://{address}{path}: {error}"),
    };
    output::say(&said);
    Exit::NotMet
}

const PATIENCE: Duration = Duration::from_secs(3);
const LONGEST: u64 = 4096;
/// The content type of an alert record (RFC 8446 section 5.1).
const TLS_ALERT: u8 = 21;
