//! Servers that are asked to go on with TLS, and what they may answer instead.

use std::time::Duration;

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    sync::mpsc,
    time,
};

use super::{
    super::{StartTls, StartTlsError},
    *,
};
use crate::contract::Obstacle;

async fn start(address: SocketAddr, protocol: StartTls) -> Result<(), StartTlsError> {
    let url = url("http", address);
    let session = session(hasty(&url));
    let endpoint = Endpoint::of_url(&url).expect("a host");
    let mut connection = session.connect(&endpoint).await.expect("a connection");
    soon(session.start_tls(&mut connection, protocol)).await
}

fn obstacle(outcome: Result<(), StartTlsError>) -> (Obstacle, String) {
    match outcome {
        Err(StartTlsError::Obstructed(obstructed)) => (obstructed.obstacle, obstructed.detail),
        other => panic!("not an obstacle: {other:?}"),
    }
}

fn refusal(outcome: Result<(), StartTlsError>) -> String {
    match outcome {
        Err(StartTlsError::Refused(text)) => text,
        other => panic!("not a refusal: {other:?}"),
    }
}

/// A server that greets with the first part, answers each line it hears with the next, and then
/// listens. Tells all it has heard once the client is gone.
async fn smtp(parts: &'static [&'static str]) -> (SocketAddr, mpsc::Receiver<String>) {
    let (told, heard) = mpsc::channel(1);
    let address = server(move |stream| {
        let told = told.clone();
        async move {
            let (mut stream, mut all) = (BufReader::new(stream), String::new());
            let mut outcome = Ok(());
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    let _ = stream.read_line(&mut all).await;
                }
                outcome = outcome.and(stream.write_all(part.as_bytes()).await);
            }
            let _ = stream.read_to_string(&mut all).await;
            let _ = told.send(all).await;
        }
    })
    .await;
    (address, heard)
}

async fn with_smtp(parts: &'static [&'static str]) -> Result<(), StartTlsError> {
    start(smtp(parts).await.0, StartTls::Smtp).await
}

/// A server that reads an SSLRequest and answers with these bytes.
async fn with_postgres(answer: impl Into<Vec<u8>>) -> Result<(), StartTlsError> {
    let answer = Arc::new(answer.into());
    let address = server(move |mut stream| {
        let answer = Arc::clone(&answer);
        async move {
            let mut request = [0; 8];
            let _ = stream.read_exact(&mut request).await;
            assert_eq!(request, [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
            let _ = stream.write_all(&answer).await;
            let _ = stream.read(&mut request).await;
        }
    })
    .await;
    start(address, StartTls::Postgres).await
}

const OFFER: &str = "250-mail.example at your service\r\n250-SIZE 1000\r\n250 StartTLS\r\n";

#[tokio::test]
async fn a_server_that_agrees_is_left_to_tls() {
    assert_eq!(with_postgres(*b"S").await, Ok(()));
    let (address, mut heard) =
        smtp(&["220-mail.example\r\n220-is\r\n220 here\r\n", OFFER, "220 go ahead\r\n"]).await;
    assert_eq!(start(address, StartTls::Smtp).await, Ok(()));
    let heard = soon(heard.recv()).await.expect("the client is gone");
    assert_eq!(heard, "EHLO gonogo.invalid\r\nSTARTTLS\r\n");
}

#[tokio::test]
async fn a_slow_greeting_in_pieces_is_waited_for() {
    let address = server(|mut stream| async move {
        for piece in ["22", "0-mail.exam", "ple\r", "\n220 ", "ready\r\n"] {
            time::sleep(Duration::from_millis(20)).await;
            let _ = stream.write_all(piece.as_bytes()).await;
        }
        let mut stream = BufReader::new(stream);
        for answer in [OFFER, "220\n"] {
            let _ = stream.read_line(&mut String::new()).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
        let _ = stream.read_line(&mut String::new()).await;
    })
    .await;
    assert_eq!(start(address, StartTls::Smtp).await, Ok(()));
}

#[tokio::test]
async fn a_postgresql_without_tls_refuses() {
    assert!(refusal(with_postgres(*b"N").await).contains("ssl = off"));
    let text = refusal(with_postgres(*b"Eunsupported frontend protocol\n\0").await);
    assert!(text.ends_with("\"unsupported frontend protocol\""), "{text}");
}

#[tokio::test]
async fn a_postgresql_that_is_short_of_something_is_not_one_without_tls() {
    let fork = b"Ecould not fork new process for connection: Cannot allocate memory\n\0";
    let starting = b"E\0\0\0\x33SFATAL\0C57P03\0Mthe database system is starting up\0\0";
    for answer in [&fork[..], &starting[..]] {
        let (obstacle, detail) = obstacle(with_postgres(answer).await);
        assert_eq!(obstacle, Obstacle::Throttled, "{detail}");
        assert!(detail.contains("for now"), "{detail}");
    }
}

#[tokio::test]
async fn what_is_not_postgresql_is_not_judged_as_it() {
    let others: [&[u8]; 8] = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"NOTICE AUTH :*** Looking up your hostname\r\n",
        b"-ERR unknown command\r\n",
        b"ERROR\r\n",
        b"E\0\0\0\0",
        b"\0",
        &[0xff; 64],
    ];
    for other in others {
        let (obstacle, detail) = obstacle(with_postgres(other).await);
        assert_eq!(obstacle, Obstacle::Protocol, "{detail}");
        assert!(detail.contains("does not speak PostgreSQL"), "{detail}");
    }
    let (_, detail) = obstacle(with_postgres([0x15, 3, 1, 0, 2, 2, 70]).await);
    assert!(detail.ends_with("speaks it from the first byte"), "{detail}");
}

#[tokio::test]
async fn a_mail_server_that_does_not_offer_it_refuses() {
    for hello in [
        "250 mail.example STARTTLS\r\n",
        "250-mail.example\r\n250-STARTTLSX\r\n250 XSTARTTLS\r\n",
        "502 5.5.2 command not recognized\r\n",
    ] {
        let parts: &'static [&'static str] = vec!["220 mail.example\r\n", hello].leak();
        assert!(refusal(with_smtp(parts).await).contains("refuses STARTTLS"), "{hello}");
    }
    let text = refusal(with_smtp(&["220 a\r\n", OFFER, "502 not here\r\n"]).await);
    assert_eq!(text, "the server refuses STARTTLS: it offers it, and answers \"502 not here\"");
}

#[tokio::test]
async fn a_mail_server_that_puts_us_off_or_turns_us_away_is_unknown() {
    let throttled: [&'static [&'static str]; 4] = [
        &["421 too many connections\r\n"],
        &["220 a\r\n", "421-later\r\n421 please\r\n"],
        &["220 a\r\n", OFFER, "454 TLS not available due to temporary reason\r\n"],
        &["220 a\r\n", OFFER, "421 closing\r\n"],
    ];
    for parts in throttled {
        assert_eq!(obstacle(with_smtp(parts).await).0, Obstacle::Throttled, "{parts:?}");
    }
    let denied: [&'static [&'static str]; 2] =
        [&["554 no service for you\r\n"], &["220 a\r\n", "550 not by this name\r\n"]];
    for parts in denied {
        assert_eq!(obstacle(with_smtp(parts).await).0, Obstacle::Denied, "{parts:?}");
    }
}

#[tokio::test]
async fn whoever_leaves_a_mail_server_says_so() {
    let scripts: [&'static [&'static str]; 3] = [
        &["220 a\r\n", "250 a\r\n", "221 bye\r\n"],
        &["554 no\r\n", "221 bye\r\n"],
        &["220 a\r\n", OFFER, "454 later\r\n", "221 bye\r\n"],
    ];
    for parts in scripts {
        let (address, mut heard) = smtp(parts).await;
        start(address, StartTls::Smtp).await.expect_err("no TLS");
        let heard = soon(heard.recv()).await.expect("the client is gone");
        assert!(heard.ends_with("QUIT\r\n"), "{heard:?}");
    }
}

#[tokio::test]
async fn what_is_slipped_in_before_tls_is_refused_and_told() {
    let injected = [
        with_postgres(*b"SS").await,
        with_postgres(*b"SR\0\0\0\x08\0\0\0\0").await,
        with_smtp(&["220 a\r\n", OFFER, "220 go\r\n250 injected\r\n"]).await,
        with_smtp(&["220 a\r\n", OFFER, "220 go\r\n\0"]).await,
    ];
    for outcome in injected {
        let Err(StartTlsError::Injected(text)) = outcome else { panic!("{outcome:?}") };
        assert!(text.contains("in the open"), "{text}");
    }
}

#[tokio::test]
async fn a_mail_server_that_speaks_out_of_turn_is_not_understood() {
    let early: [&'static [&'static str]; 2] =
        [&["220 a\r\n502 no\r\n"], &["220 a\r\n", "250-a\r\n250 STARTTLS\r\n220 go\r\n"]];
    for parts in early {
        let (obstacle, detail) = obstacle(with_smtp(parts).await);
        assert_eq!(obstacle, Obstacle::Protocol);
        assert!(detail.contains("out of turn"), "{detail}");
    }
}

#[tokio::test]
async fn what_is_not_smtp_is_not_judged_as_it() {
    for garbage in ["SSH-2.0-x\r\n", "\r\n", "+OK ready\r\n", "220-a\r\n250 b\r\n", "999 a\r\n"] {
        let (obstacle, detail) = obstacle(with_smtp(vec![garbage].leak()).await);
        assert_eq!(obstacle, Obstacle::Protocol, "{garbage:?}");
        assert!(detail.contains("does not speak SMTP"), "{detail}");
    }
    assert_eq!(obstacle(with_smtp(&["354 go on\r\n"]).await).0, Obstacle::Protocol);
}

#[tokio::test]
async fn silence_is_a_time_out_wherever_it_falls() {
    let silent: [&'static [&'static str]; 4] =
        [&[], &["220-a\r\n"], &["220 a\r\n", "250-a\r\n"], &["220 a\r\n", OFFER, ""]];
    for parts in silent {
        let (obstacle, detail) = obstacle(with_smtp(parts).await);
        assert_eq!(obstacle, Obstacle::Timeout, "{parts:?}");
        assert!(detail.contains("no whole"), "{detail}");
    }
    for answer in [&b""[..], b"Enot yet", b"E\0\0\0\x20SFATAL\0"] {
        assert_eq!(obstacle(with_postgres(answer).await).0, Obstacle::Timeout, "{answer:?}");
    }
}

#[tokio::test]
async fn a_drip_does_not_outlast_the_time_out() {
    let address = server(|mut stream| async move {
        while stream.write_all(b"2").await.is_ok() {
            time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    assert_eq!(obstacle(start(address, StartTls::Smtp).await).0, Obstacle::Timeout);
}

#[tokio::test]
async fn a_flood_is_not_read_to_its_end() {
    for line in ["220-more of it\r\n", "220 no end of a line", "E"] {
        let address = server(move |mut stream| async move {
            let chunk = line.repeat(1000);
            while stream.write_all(chunk.as_bytes()).await.is_ok() {}
        })
        .await;
        let protocol = if line == "E" { StartTls::Postgres } else { StartTls::Smtp };
        let (obstacle, detail) = obstacle(start(address, protocol).await);
        assert_eq!(obstacle, Obstacle::OverBudget, "{detail}");
        assert!(detail.contains("4096 bytes"), "{detail}");
    }
}

#[tokio::test]
async fn a_close_or_a_reset_is_told_as_such() {
    for said in ["", "220-a\r\n", "220 a\r\n"] {
        let address = server(move |mut stream| async move {
            let _ = stream.write_all(said.as_bytes()).await;
            let _ = stream.shutdown().await;
            // Nothing unread is left in the buffer, so that closing does not reset.
            while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
        })
        .await;
        assert_eq!(obstacle(start(address, StartTls::Smtp).await).0, Obstacle::Closed, "{said:?}");
    }
    let address = server(|mut stream| async move {
        let _ = stream.read_u8().await;
        // The rest of the request stays unread.
    })
    .await;
    let obstacle = obstacle(start(address, StartTls::Postgres).await).0;
    assert!(matches!(obstacle, Obstacle::Reset | Obstacle::Closed), "{obstacle:?}");
}

#[tokio::test]
async fn a_secret_that_the_server_echoes_is_taken_out() {
    let text = refusal(with_smtp(&["220 a\r\n", OFFER, "500 password=hunter2 no\r\n"]).await);
    assert!(text.contains("[redacted]") && !text.contains("hunter2"), "{text}");
}
