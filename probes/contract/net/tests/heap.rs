//! What a hostile answer costs in memory.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use gonogo_probes::contract::{
    Footprint, Obstacle, Obstructed,
    net::{Allow, Budgets, Endpoint, Exchange, Net, NetSettings, Request, Roots, Trust, warm_up},
    redact::Redactor,
    specimen::Pki,
};
use peak_alloc::PeakAlloc;
use url::Url;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// What one hostile answer may cost, ours and the server's buffers together.
const MOST: usize = 2 << 20;

/// A way to be hostile: what is sent first, and then for ever.
struct Mode {
    name: &'static str,
    first: Vec<u8>,
    then: Vec<u8>,
    expect: fn(&Result<Exchange, Obstructed>) -> bool,
}

#[test]
fn no_hostile_answer_costs_more_than_two_mebibytes() {
    warm_up();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for mode in modes_of_http1() {
        let address = plain_server(mode.first, mode.then);
        let url = Url::parse(&format!("http://{address}/")).expect("a URL");
        measure(&runtime, mode.name, url, Roots::Mozilla, mode.expect);
    }
    let pki = Pki::new();
    for mode in modes_of_http2() {
        let (address, roots) = tls_server(&pki, mode.first, mode.then);
        let url = Url::parse(&format!("https://127.0.0.1:{}/", address.port())).expect("a URL");
        measure(&runtime, mode.name, url, roots, mode.expect);
    }
}

fn measure(
    runtime: &tokio::runtime::Runtime,
    name: &str,
    url: Url,
    roots: Roots,
    expect: fn(&Result<Exchange, Obstructed>) -> bool,
) {
    let origin = Endpoint::of_url(&url).expect("a host");
    let net = Net::new(NetSettings {
        allow: Allow { endpoints: vec![origin.clone()], networks: Vec::new() },
        connect_to: Vec::new(),
        origin,
        trust: Trust { roots, ..Trust::default() },
        budgets: Budgets { read_timeout: Duration::from_secs(3), ..Budgets::default() },
        user_agent: "gonogo/test".to_owned(),
        redactor: Redactor::default(),
        requests: Arc::default(),
    })
    .expect("a net");
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let outcome = runtime.block_on(net.session(Footprint::Passive).exchange(Request::get(url)));
    let cost = HEAP.peak_usage().saturating_sub(before);
    let told = outcome.as_ref().map_or_else(ToString::to_string, |exchange| {
        format!(
            "{} and {} bytes, {:?}",
            exchange.status,
            exchange.body.bytes.len(),
            exchange.body.cut
        )
    });
    assert!(expect(&outcome), "{name}: {told}");
    assert!(cost <= MOST, "{name}: {cost} bytes");
}

fn over_budget(outcome: &Result<Exchange, Obstructed>) -> bool {
    outcome.as_ref().is_err_and(|failed| failed.obstacle == Obstacle::OverBudget)
}

fn cut_over_budget(outcome: &Result<Exchange, Obstructed>) -> bool {
    let cut = outcome.as_ref().ok().and_then(|exchange| exchange.body.cut.as_ref());
    cut.is_some_and(|cut| cut.obstacle == Obstacle::OverBudget)
}

fn is_cut(outcome: &Result<Exchange, Obstructed>) -> bool {
    outcome.as_ref().is_ok_and(|exchange| exchange.body.cut.is_some())
}

fn timed_out(outcome: &Result<Exchange, Obstructed>) -> bool {
    outcome.as_ref().is_err_and(|failed| failed.obstacle == Obstacle::Timeout)
}

fn modes_of_http1() -> Vec<Mode> {
    let text = |text: &str| text.as_bytes().to_vec();
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&vec![0; 64 << 20]).expect("in memory");
    let mut packed = text("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n");
    packed.extend(bomb.finish().expect("in memory"));
    let mode = |name, first: Vec<u8>, then: &[u8], expect| Mode {
        name,
        first,
        then: then.repeat((16 << 10) / then.len().max(1)),
        expect,
    };
    vec![
        mode("a body without end", text("HTTP/1.1 200 OK\r\n\r\n"), b"x", cut_over_budget),
        mode(
            "a body longer than it may be",
            text("HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n"),
            b"x",
            cut_over_budget,
        ),
        mode(
            "chunks of one byte",
            text("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
            b"1\r\nx\r\n",
            cut_over_budget,
        ),
        mode("a bomb", packed, b"", cut_over_budget),
        mode("a header without end", text("HTTP/1.1 200 OK\r\nx: "), b"y", over_budget),
        mode("header lines without end", text("HTTP/1.1 200 OK\r\n"), b"x: y\r\n", over_budget),
        mode(
            "interim answers without end",
            Vec::new(),
            b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n",
            over_budget,
        ),
    ]
}

fn modes_of_http2() -> Vec<Mode> {
    let settings = frame(4, 0, 0, &[]);
    // `:status: 103` as a literal, and a header of 4,000 bytes that is added to the table; afterwards
    // both cost a byte or few.
    let mut first = settings.clone();
    let mut hint = vec![0x48, 3, b'1', b'0', b'3'];
    hint.extend([0x40, 1, b'x', 0x7f, 0xa1, 0x1e]);
    hint.extend(vec![b'y'; 4_000]);
    first.extend(frame(1, 4, 1, &hint));
    // The table now holds that header at index 62 (0xbe names an index with its highest bit).
    let mut again = vec![0x08, 3, b'1', b'0', b'3'];
    again.extend(vec![0xbe; 12]);
    let interim = frame(1, 4, 1, &again);

    let mut answered = settings.clone();
    answered.extend(frame(1, 4, 1, &[0x88]));
    let data = frame(0, 0, 1, &[b'x'; 1_000]);
    let ping = frame(6, 0, 0, &[0; 8]);
    let mode = |name, first: &[u8], then: Vec<u8>, expect| Mode {
        name,
        first: first.to_vec(),
        then: then.repeat((16 << 10) / then.len().max(1)),
        expect,
    };
    vec![
        mode("HTTP/2: interim answers without end", &first, interim, over_budget),
        mode("HTTP/2: more than the window", &answered, data, is_cut),
        mode("HTTP/2: frames of nothing", &answered, frame(0, 0, 1, &[]), is_cut),
        mode("HTTP/2: pings without end", &settings, ping, |outcome| {
            over_budget(outcome) || timed_out(outcome)
        }),
        mode("HTTP/2: settings without end", &settings, frame(4, 0, 0, &[]), |outcome| {
            over_budget(outcome) || timed_out(outcome)
        }),
    ]
}

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags, 0, 0, 0, stream];
    frame.extend(payload);
    frame
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = listener.local_addr().expect("bound");
    (listener, address)
}

/// Serves one connection, on a thread that ends with it.
fn plain_server(first: Vec<u8>, then: Vec<u8>) -> SocketAddr {
    let (listener, address) = listener();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        flood(&mut stream, &first, &then);
    });
    address
}

fn flood(stream: &mut (impl Read + Write), first: &[u8], then: &[u8]) {
    let _ = stream.read(&mut [0; 4096]);
    let mut outcome = stream.write_all(first);
    while outcome.is_ok() && !then.is_empty() {
        outcome = stream.write_all(then);
    }
}

/// The same over TLS, for HTTP/2.
fn tls_server(pki: &Pki, first: Vec<u8>, then: Vec<u8>) -> (SocketAddr, Roots) {
    let (listener, address) = listener();
    let config = pki.leaf(&["127.0.0.1"]).server_config();
    let roots = Roots::Listed(Arc::new(vec![pki.root()]));
    thread::spawn(move || {
        let (stream, _): (TcpStream, _) = listener.accept().expect("a client");
        let session = rustls::ServerConnection::new(config).expect("a session");
        flood(&mut rustls::StreamOwned::new(session, stream), &first, &then);
    });
    (address, roots)
}
