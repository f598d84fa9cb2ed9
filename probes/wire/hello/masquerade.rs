//! A server that is sound but for how it answers some hellos, in ways that no library of today can be
//! configured to.

use std::{io, sync::Arc};

use rustls::ServerConfig;
use rustls_pki_types::CertificateDer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    contract::specimen::Server,
    wire::hello::{cursor::Cursor, suite::Suite, version::Version},
};

/// What a hello asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Whether it is one of SSL 2.0, which has nothing of what follows.
    pub(crate) is_ssl2: bool,
    /// The highest version it offers.
    pub(crate) version: Option<Version>,
    /// Suites and signals.
    pub(crate) suites: Vec<u16>,
    /// Types of extensions.
    pub(crate) extensions: Vec<u16>,
    /// Groups.
    pub(crate) groups: Vec<u16>,
    /// Schemes of signatures.
    pub(crate) schemes: Vec<u16>,
}

impl Asked {
    /// The first of these suites that is offered.
    pub(crate) fn first_of(&self, suites: &[u16]) -> Option<Suite> {
        suites.iter().find(|suite| self.suites.contains(suite)).map(|suite| Suite(*suite))
    }
}

/// How a hello is answered.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// By the sound server.
    Genuine,
    /// With these bytes.
    Bytes(Vec<u8>),
    /// With a fatal alert.
    Alert(u8),
    /// By closing the connection.
    #[cfg(test)]
    Close,
    /// By resetting it.
    #[cfg(test)]
    Reset,
    /// Not at all.
    #[cfg(test)]
    Silence,
}

/// Starts a server that answers as `policy` says, and otherwise as `config` does.
pub(crate) async fn masquerade(
    config: Arc<ServerConfig>,
    policy: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> Server {
    let policy = Arc::new(policy);
    Server::raw(move |stream| answer(stream, Arc::clone(&config), Arc::clone(&policy))).await
}

async fn answer(
    mut stream: TcpStream,
    config: Arc<ServerConfig>,
    policy: Arc<impl Fn(&Asked) -> Reply>,
) {
    let Some(hello) = hello(&mut stream).await else { return };
    let asked = if hello[0] & 0x80 == 0 {
        read(&hello[5..]).unwrap_or_default()
    } else {
        Asked { is_ssl2: true, ..Asked::default() }
    };
    let reply = match policy(&asked) {
        Reply::Genuine => {
            let (reader, writer) = stream.into_split();
            let stream = tokio::io::join(io::Cursor::new(hello).chain(reader), writer);
            if let Ok(mut stream) = TlsAcceptor::from(config).accept(stream).await {
                let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
            }
            return;
        }
        Reply::Bytes(bytes) => bytes,
        Reply::Alert(alert) => vec![21, 3, 1, 0, 2, 2, alert],
        #[cfg(test)]
        Reply::Close => return,
        #[cfg(test)]
        Reply::Reset => {
            let _ = stream.set_zero_linger();
            return;
        }
        #[cfg(test)]
        Reply::Silence => Vec::new(),
    };
    let _ = stream.write_all(&reply).await;
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}

/// Reads the record, or SSL 2.0's message, that a hello comes in.
async fn hello(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut hello = vec![0; 5];
    stream.read_exact(&mut hello).await.ok()?;
    let whole = match hello[..] {
        [high, low, ..] if high & 0x80 != 0 => 2 + usize::from(low),
        [.., high, low] => 5 + usize::from(u16::from_be_bytes([high, low])),
        _ => return None,
    };
    hello.resize(whole, 0);
    stream.read_exact(&mut hello[5..]).await.ok()?;
    Some(hello)
}

fn read(message: &[u8]) -> Option<Asked> {
    let mut rest = Cursor(message);
    rest.take(4)?;
    let mut asked = Asked { version: Version::of(rest.u16()?), ..Asked::default() };
    rest.take(32)?;
    rest.vec8()?;
    asked.suites = numbers(rest.vec16()?);
    rest.vec8()?;
    let mut extensions = Cursor(rest.vec16().unwrap_or_default());
    while let Some(kind) = extensions.u16() {
        let content = extensions.vec16()?;
        asked.extensions.push(kind);
        match kind {
            10 => asked.groups = numbers(content.get(2..)?),
            13 => asked.schemes = numbers(content.get(2..)?),
            43 => {
                asked.version =
                    numbers(content.get(1..)?).into_iter().filter_map(Version::of).max();
            }
            _ => {}
        }
    }
    Some(asked)
}

fn numbers(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

/// A first flight that no key stands behind.
#[derive(Clone, Debug)]
pub(crate) struct Fake {
    pub(crate) version: Version,
    pub(crate) suite: Suite,
    pub(crate) compresses: bool,
    /// Types of the extensions that are answered; all but the first kind are empty.
    pub(crate) extensions: Vec<u16>,
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) exchange: Exchange,
}

/// What a faked ServerKeyExchange holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Exchange {
    /// Nothing: there is none.
    None,
    /// A point of this group, signed by this scheme.
    Curve(u16, u16),
    /// A prime of so many bits, signed by RSA with SHA-256.
    Prime(u32),
}

impl Fake {
    /// As a sound server of TLS 1.2 answers: with a certificate, a key on P-256, secure renegotiation
    /// and the extended master secret.
    pub(crate) fn sound(suite: Suite, chain: &[CertificateDer<'static>]) -> Self {
        Self {
            version: Version::Tls12,
            suite,
            compresses: false,
            extensions: vec![0xff01, 23],
            chain: chain.to_vec(),
            exchange: Exchange::Curve(23, 0x0804),
        }
    }

    /// The records of the flight.
    pub(crate) fn reply(&self) -> Reply {
        let mut hello = self.version.code().to_be_bytes().to_vec();
        hello.extend([7; 32]);
        hello.push(0);
        hello.extend(self.suite.0.to_be_bytes());
        hello.push(u8::from(self.compresses));
        if self.version > Version::Ssl3 {
            let extensions = self.extensions.iter().flat_map(|kind| {
                // Renegotiation info and heartbeats hold one byte, the others none.
                let content: &[u8] = match kind {
                    0xff01 => &[0],
                    15 => &[1],
                    _ => &[],
                };
                [&kind.to_be_bytes(), &length16(content)[..], content].concat()
            });
            let extensions: Vec<u8> = extensions.collect();
            hello.extend(length16(&extensions));
            hello.extend(extensions);
        }
        let mut messages = message(2, &hello);
        if !self.chain.is_empty() {
            let list: Vec<u8> =
                self.chain.iter().flat_map(|der| [&length24(der)[..], der].concat()).collect();
            messages.extend(message(11, &[&length24(&list)[..], &list].concat()));
        }
        let signature = |scheme: u16| {
            let scheme =
                if self.version == Version::Tls12 { scheme.to_be_bytes().to_vec() } else { vec![] };
            [&scheme[..], &[0, 2, 1, 1]].concat()
        };
        match self.exchange {
            Exchange::None => {}
            Exchange::Curve(group, scheme) => {
                let mut body = vec![3];
                body.extend(group.to_be_bytes());
                body.extend([2, 4, 4]);
                body.extend(signature(scheme));
                messages.extend(message(12, &body));
            }
            Exchange::Prime(bits) => {
                let mut prime = vec![0xff; bits.div_ceil(8) as usize];
                prime[0] >>= (8 - bits % 8) % 8;
                let body = [&length16(&prime)[..], &prime, &[0, 1, 2, 0, 1, 4], &signature(0x0401)];
                messages.extend(message(12, &body.concat()));
            }
        }
        messages.extend(message(14, &[]));
        let version = self.version.code().to_be_bytes();
        let records = messages.chunks(1 << 14).flat_map(|chunk| {
            [&[22, version[0], version[1]][..], &length16(chunk), chunk].concat()
        });
        Reply::Bytes(records.collect())
    }
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &length24(body), body].concat()
}

fn length16(content: &[u8]) -> [u8; 2] {
    u16::try_from(content.len()).expect("a short list").to_be_bytes()
}

fn length24(content: &[u8]) -> [u8; 3] {
    let [_, a, b, c] = u32::try_from(content.len()).expect("a short list").to_be_bytes();
    [a, b, c]
}
