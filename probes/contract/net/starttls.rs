//! What is said in the open before TLS, where a protocol starts without it.
//!
//! The client speaks first in TLS, so whatever the server has sent before our first message was sent in
//! the open. Reading more than the go-ahead therefore takes no byte from TLS; it shows that somebody
//! slipped something in.

use std::{mem, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{self, Instant},
};

use super::{Address, Connection, Session, failure};
use crate::contract::{Obstacle, Obstructed};

/// A protocol that starts in the open and is asked to go on with TLS.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StartTls {
    /// PostgreSQL and its poolers, by an SSLRequest.
    Postgres,
    /// SMTP, by the command STARTTLS.
    Smtp,
}

impl StartTls {
    /// The word used in configuration, which is also that of `openssl s_client -starttls`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Smtp => "smtp",
        }
    }
}

/// Why a connection did not come to TLS.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StartTlsError {
    /// The server says that it does not speak TLS. That is certain: every client is told the same.
    #[error("{0}")]
    Refused(String),
    /// The server agrees, and more arrives in the open before TLS begins. That is certain too: clients
    /// break off, because they would take for protected what anybody may have written
    /// (CVE-2011-0411, CVE-2021-23222).
    #[error("{0}")]
    Injected(String),
    /// It could not be told whether the server speaks TLS.
    #[error(transparent)]
    Obstructed(#[from] Obstructed),
}

impl Session {
    /// Says on a new connection what its protocol wants to hear before TLS, within the time to read an
    /// answer. After `Ok` it is the client's turn to begin TLS.
    pub async fn start_tls(
        &self,
        connection: &mut Connection,
        protocol: StartTls,
    ) -> Result<(), StartTlsError> {
        let within = self.budgets.read_timeout;
        let mut talk = Talk {
            peer: connection.address().clone(),
            connection,
            until: Instant::now() + within,
            within,
            unread: Vec::new(),
        };
        let outcome = match protocol {
            StartTls::Postgres => postgres(&mut talk).await,
            StartTls::Smtp => smtp(&mut talk).await,
        };
        outcome.map_err(|mut error| {
            let (StartTlsError::Refused(text)
            | StartTlsError::Injected(text)
            | StartTlsError::Obstructed(Obstructed { detail: text, .. })) = &mut error;
            self.redactor().clean_in_place(text);
            error
        })
    }
}

async fn postgres(talk: &mut Talk<'_>) -> Result<(), StartTlsError> {
    const AWAITED: &str = "answer to SSLRequest";
    talk.send(&SSL_REQUEST).await?;
    talk.more(AWAITED).await?;
    match *talk.unread.as_slice() {
        [b'S'] => Ok(()),
        [b'N'] => Err(refused("it answers N to SSLRequest, as PostgreSQL does with `ssl = off`")),
        [b'E', ..] => Err(postgres_error(talk, AWAITED).await?),
        [0x15 | 0x16, 3, ..] => Err(talk.not_this("PostgreSQL", AWAITED, FIRST_BYTE).into()),
        [b'S', ref rest @ ..] if !rest.starts_with(b"SH-") => Err(injected(rest.len())),
        _ => Err(talk.not_this("PostgreSQL", AWAITED, "").into()),
    }
}

/// A server that is short of processes answers an error as well, and so did those before TLS.
async fn postgres_error(
    talk: &mut Talk<'_>,
    awaited: &'static str,
) -> Result<StartTlsError, Obstructed> {
    let ErrorMessage { code, text } = loop {
        match ErrorMessage::read(&talk.unread) {
            Ok(Some(error)) => break error,
            Ok(None) => talk.more(awaited).await?,
            Err(Malformed) => return Err(talk.not_this("PostgreSQL", awaited, "")),
        }
    };
    let text = shown(&text);
    // Classes 53 (insufficient resources) and 57 (operator intervention: starting up, shutting down).
    let passing = code.starts_with(b"53") || code.starts_with(b"57");
    if passing || text.contains("could not fork") {
        let detail = format!("{} takes no connection for now: \"{text}\"", talk.peer);
        return Ok(Obstacle::Throttled.because(detail).into());
    }
    Ok(refused(&format!("it answers SSLRequest with the error \"{text}\"")))
}

/// What PostgreSQL says instead of yes or no.
#[derive(Debug, Eq, PartialEq)]
struct ErrorMessage {
    code: Vec<u8>,
    text: Vec<u8>,
}

/// It only starts like an error of PostgreSQL.
#[derive(Debug, Eq, PartialEq)]
struct Malformed;

impl ErrorMessage {
    /// The message, once there is all of it.
    fn read(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        let body = bytes.strip_prefix(b"E").ok_or(Malformed)?;
        let Some(length) = body.first_chunk::<4>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > MOST {
            // Before both sides have agreed on a version it is text up to a zero. Other servers whose
            // errors start with this letter end their lines as the internet does.
            if body.contains(&b'\r') {
                return Err(Malformed);
            }
            let Some(end) = body.iter().position(|byte| *byte == 0) else { return Ok(None) };
            let text = body[..end].to_vec();
            return if is_text(&text) {
                Ok(Some(Self { code: Vec::new(), text }))
            } else {
                Err(Malformed)
            };
        }
        if body.len() < length {
            return Ok(None);
        }
        let fields = body.get(4..length).ok_or(Malformed)?;
        let field = |letter: u8| {
            let mut fields = fields.split(|byte| *byte == 0);
            fields.find_map(|field| field.strip_prefix(&[letter])).map(<[u8]>::to_vec)
        };
        let text = field(b'M').ok_or(Malformed)?;
        Ok(Some(Self { code: field(b'C').unwrap_or_default(), text }))
    }
}

async fn smtp(talk: &mut Talk<'_>) -> Result<(), StartTlsError> {
    let outcome = ask_smtp(talk).await;
    let in_step = match &outcome {
        Err(StartTlsError::Refused(_)) => true,
        Err(StartTlsError::Obstructed(Obstructed { obstacle, .. })) => {
            matches!(obstacle, Obstacle::Throttled | Obstacle::Denied)
        }
        _ => false,
    };
    if in_step {
        talk.quit().await;
    }
    outcome
}

async fn ask_smtp(talk: &mut Talk<'_>) -> Result<(), StartTlsError> {
    let greeting = talk.reply("greeting").await?;
    match greeting.code {
        220 => {}
        _ => return Err(talk.turned_away(&greeting, "greeting").into()),
    }
    talk.send(b"EHLO gonogo.invalid\r\n").await?;
    let hello = talk.reply("answer to EHLO").await?;
    match hello.code {
        250 if hello.offers("STARTTLS") => {}
        250 => return Err(refused("it does not offer it in its answer to EHLO")),
        500 | 502 | 504 => {
            return Err(refused(&format!("it knows no extensions, and answers {hello} to EHLO")));
        }
        _ => return Err(talk.turned_away(&hello, "answer to EHLO").into()),
    }
    talk.send(b"STARTTLS\r\n").await?;
    let answer = talk.reply("answer to STARTTLS").await?;
    match answer.code {
        220 if talk.unread.is_empty() => Ok(()),
        220 => Err(injected(talk.unread.len())),
        500..=599 => Err(refused(&format!("it offers it, and answers {answer}"))),
        _ => Err(talk.turned_away(&answer, "answer to STARTTLS").into()),
    }
}

/// A conversation with a bound on its time and on the length of each answer.
struct Talk<'a> {
    connection: &'a mut Connection,
    peer: Address,
    until: Instant,
    within: Duration,
    /// What was read and is not part of an answer yet.
    unread: Vec<u8>,
}

impl Talk<'_> {
    async fn send(&mut self, bytes: &[u8]) -> Result<(), Obstructed> {
        if !self.unread.is_empty() {
            // Its next answers would be taken for those to other questions.
            let detail = format!("{} speaks out of turn: {}", self.peer, quoted(&self.unread));
            return Err(Obstacle::Protocol.because(detail));
        }
        let write = async {
            self.connection.write_all(bytes).await?;
            self.connection.flush().await
        };
        match time::timeout_at(self.until, write).await {
            Ok(written) => written.map_err(|error| failure::of_stream(&self.peer, &error)),
            Err(_) => {
                Err(Obstacle::Timeout.because(format!("{} did not read what was sent", self.peer)))
            }
        }
    }

    /// Waits for more of an answer.
    async fn more(&mut self, awaited: &str) -> Result<(), Obstructed> {
        let peer = &self.peer;
        let mut chunk = [0; 512];
        let Ok(read) = time::timeout_at(self.until, self.connection.read(&mut chunk)).await else {
            let within = self.within;
            return Err(Obstacle::Timeout.because(format!(
                "{peer} sent no whole {awaited} within {within:?}; a port that speaks TLS from the \
                 first byte may be as silent"
            )));
        };
        match read.map_err(|error| failure::of_stream(peer, &error))? {
            0 => {
                let detail =
                    format!("{peer} closed the connection before the end of its {awaited}");
                Err(Obstacle::Closed.because(detail))
            }
            read if self.unread.len() + read > MOST => Err(Obstacle::OverBudget
                .because(format!("the {awaited} of {peer} is longer than {MOST} bytes"))),
            read => {
                self.unread.extend_from_slice(&chunk[..read]);
                Ok(())
            }
        }
    }

    /// An answer of SMTP, all of its lines.
    async fn reply(&mut self, awaited: &'static str) -> Result<Reply, Obstructed> {
        let end = loop {
            match Reply::end(&self.unread) {
                Some(end) => break end,
                None => self.more(awaited).await?,
            }
        };
        let rest = self.unread.split_off(end);
        let read = mem::replace(&mut self.unread, rest);
        Reply::parse(&read).ok_or_else(|| {
            self.unread = read;
            self.not_this("SMTP", awaited, "")
        })
    }

    /// The server does not go on, and it may at another time or for another client.
    fn turned_away(&self, reply: &Reply, awaited: &str) -> Obstructed {
        let peer = &self.peer;
        match reply.code {
            400..=499 => {
                Obstacle::Throttled.because(format!("{peer} puts us off for now: {reply}"))
            }
            500..=599 => Obstacle::Denied.because(format!("{peer} turns us away: {reply}")),
            _ => Obstacle::Protocol.because(format!("the {awaited} of {peer} is {reply}")),
        }
    }

    fn not_this(&self, protocol: &str, awaited: &str, hint: &str) -> Obstructed {
        let read = quoted(&self.unread);
        let detail =
            format!("{} does not speak {protocol}: its {awaited} is {read}{hint}", self.peer);
        Obstacle::Protocol.because(detail)
    }

    /// Leaves as SMTP wants it, so that the server logs no lost connection.
    async fn quit(&mut self) {
        let _ = time::timeout(FAREWELL, async {
            self.connection.write_all(b"QUIT\r\n").await?;
            while self.connection.read(&mut [0; 512]).await? > 0 {}
            Ok::<_, std::io::Error>(())
        })
        .await;
    }
}

/// An answer of SMTP (RFC 5321 section 4.2).
struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    /// Where the answer ends: after the first line whose code no hyphen follows.
    fn end(bytes: &[u8]) -> Option<usize> {
        let mut end = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            end += line.len();
            let goes_on = matches!(line, [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'-', ..]);
            if line.ends_with(b"\n") && !goes_on {
                return Some(end);
            }
        }
        None
    }

    /// `None` if it is none, or if its lines do not agree.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let mut reply = Self { code: 0, lines: Vec::new() };
        for line in text.lines() {
            let (code, rest) = line.split_at_checked(3)?;
            let digits = code.bytes().all(|byte| byte.is_ascii_digit());
            let code = code.parse().ok().filter(|code| digits && (200..=599).contains(code))?;
            if !matches!(rest.bytes().next(), None | Some(b' ' | b'-')) {
                return None;
            }
            if reply.code != 0 && reply.code != code {
                return None;
            }
            reply.code = code;
            reply.lines.push(rest.get(1..).unwrap_or_default().to_owned());
        }
        (reply.code != 0).then_some(reply)
    }

    /// Whether an answer to EHLO offers this extension. Its first line is a greeting.
    fn offers(&self, keyword: &str) -> bool {
        let mut offered =
            self.lines.iter().skip(1).map(|line| line.split_ascii_whitespace().next());
        offered.any(|word| word.is_some_and(|word| word.eq_ignore_ascii_case(keyword)))
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{} {}", self.code, self.lines.join(" "));
        f.write_str(&quoted(text.as_bytes()))
    }
}

fn refused(how: &str) -> StartTlsError {
    StartTlsError::Refused(format!("the server refuses STARTTLS: {how}"))
}

fn injected(bytes: usize) -> StartTlsError {
    let plural = if bytes == 1 { "byte follows" } else { "bytes follow" };
    StartTlsError::Injected(format!(
        "the server agrees to TLS, and {bytes} {plural} in the open before it begins, where clients \
         break off: somebody on the way may have put them there"
    ))
}

fn is_text(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(|text| !text.trim().is_empty())
}

fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", shown(bytes))
}

/// What a server said. The report boundary cuts it: it may hold a secret yet.
fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// SSLRequest: its length and a code that is no version of the protocol.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

const FIRST_BYTE: &str = ", which is TLS: this port speaks it from the first byte";

/// Bytes of one answer. The longest sound one, to EHLO, has a few hundred.
const MOST: usize = 4 << 10;

/// How long a server may take to hear that we leave.
const FAREWELL: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> Option<Reply> {
        Reply::parse(text.as_bytes())
    }

    #[test]
    fn an_answer_ends_with_the_line_that_no_other_follows() {
        for (text, end) in [
            ("220 a\r\n", Some(7)),
            ("220-a\r\n220 b\r\n", Some(14)),
            ("220-a\r\n220 b\r\n250 c\r\n", Some(14)),
            ("220\n", Some(4)),
            ("no\n", Some(3)),
            ("SSH-2.0\r\n", Some(9)),
            ("220-a\r\n", None),
            ("220 a", None),
            ("220-a\r\n220", None),
            ("", None),
        ] {
            assert_eq!(Reply::end(text.as_bytes()), end, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_answer_is_not_read_as_one() {
        for text in ["", "no\n", "999 a\r\n", "+20 a\r\n", "220a\r\n", "220-a\r\n250 b\r\n", "é\n"]
        {
            assert!(reply(text).is_none(), "{text:?}");
        }
        assert_eq!(reply("220\n").map(|reply| reply.code), Some(220));
    }

    #[test]
    fn the_extension_is_a_word_of_its_own() {
        for (line, offered) in [
            ("STARTTLS", true),
            ("StartTls", true),
            ("STARTTLS  ", true),
            ("XSTARTTLS", false),
            ("STARTTLSX", false),
            ("AUTH STARTTLS", false),
            ("", false),
        ] {
            let text = format!("250-mail.example STARTTLS\r\n250-SIZE 1\r\n250 {line}\r\n");
            assert_eq!(reply(&text).expect("an answer").offers("STARTTLS"), offered, "{line:?}");
        }
        assert!(!reply("250 STARTTLS\r\n").expect("an answer").offers("STARTTLS"));
    }

    #[test]
    fn an_error_of_postgresql_is_read_in_both_its_forms() {
        let error = |code: &[u8], text: &[u8]| {
            Ok(Some(ErrorMessage { code: code.to_vec(), text: text.to_vec() }))
        };
        assert_eq!(ErrorMessage::read(b"E"), Ok(None));
        assert_eq!(ErrorMessage::read(b"Eno TLS"), Ok(None));
        assert_eq!(ErrorMessage::read(b"Eno TLS\n\0"), error(b"", b"no TLS\n"));
        let fields = b"SFATAL\0C53300\0Mtoo many\0\0";
        let length = u32::try_from(fields.len() + 4).expect("short");
        let mut message = vec![b'E'];
        message.extend(length.to_be_bytes());
        message.extend(fields);
        assert_eq!(ErrorMessage::read(&message), error(b"53300", b"too many"));
        assert_eq!(ErrorMessage::read(&message[..message.len() - 1]), Ok(None));
        let malformed: [&[u8]; 4] =
            [b"ERROR\r\n", b"E\0\0\0\0", b"E\0\0\0\x05X", b"E\xff\xff\xff\xff\0"];
        for bytes in malformed {
            assert_eq!(ErrorMessage::read(bytes), Err(Malformed), "{bytes:?}");
        }
    }
}
