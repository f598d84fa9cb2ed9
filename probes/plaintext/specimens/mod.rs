//! Deployments with plain HTTP beside them, closed, redirecting or serving.

use std::pin::Pin;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::contract::specimen::{Answer, Asked, Pki, Server, Specimen, Started, bind, refusing};

/// All of them.
pub(super) fn all() -> Vec<Specimen> {
    sound().into_iter().chain(faulty()).collect()
}

fn sound() -> Vec<Specimen> {
    vec![
        specimen("port 80 closed", &[], || {
            Box::pin(async {
                let (address, guard) = refusing();
                let started =
                    secured(json!({"port": address.port(), "audience": "programs"})).await;
                Started { guard: Box::new((started.guard, guard)), ..started }
            })
        }),
        specimen("a site that redirects", &[], || {
            beside(json!({"audience": "browsers"}), |asked| {
                let to = format!("https://127.0.0.1{}", asked.path);
                Answer::html(301, "").header("location", &to)
            })
        }),
        specimen("an API that refuses", &[], || {
            beside(json!({"audience": "programs"}), |_| Answer::text(403, "use https"))
        }),
        specimen("an API that asks for TLS", &[], || {
            let upgrade = |_| Answer::text(426, "").header("upgrade", "TLS/1.2");
            beside(json!({"audience": "programs"}), upgrade)
        }),
        specimen("a gRPC listener with TLS", &[], || {
            Box::pin(async {
                let pki = Pki::new();
                let tls = pki.leaf(&["grpc.example"]).server_config();
                let grpc = Server::https(tls, |_| Answer::new(415, "application/grpc", "")).await;
                let started = listening(&grpc).await;
                Started { guard: Box::new((started.guard, grpc)), ..started }
            })
        }),
        Specimen {
            unknown: &["plaintext-listener"],
            ..specimen("a listener that says nothing", &[], || {
                Box::pin(async {
                    let silent = Server::raw(|mut stream| async move {
                        let _ = stream.read_to_end(&mut Vec::new()).await;
                    });
                    let silent = silent.await;
                    let started = listening(&silent).await;
                    Started { guard: Box::new((started.guard, silent)), ..started }
                })
            })
        },
    ]
}

fn faulty() -> Vec<Specimen> {
    vec![
        specimen("no TLS at all", &["plaintext-served"], || {
            Box::pin(async {
                let server = Server::http(|_| Answer::json(404, "{}")).await;
                Started::new(server.url("/"), server).settings(json!({"audience": "programs"}))
            })
        }),
        specimen("the same on both ports", &["plaintext-served"], || {
            beside(json!({}), |_| Answer::text(200, "shop"))
        }),
        specimen(
            "a redirect within plain HTTP",
            &["plaintext-served", "plaintext-redirects-elsewhere"],
            || {
                beside(json!({"audience": "browsers"}), |asked| match asked.path.as_str() {
                    "/" => Answer::html(302, "").header("location", "/login"),
                    _ => Answer::html(200, "<form><input type=password></form>"),
                })
            },
        ),
        specimen("a redirect to another host", &["plaintext-redirects-elsewhere"], || {
            let away = |_| Answer::html(301, "").header("location", "https://www.shop.example/");
            beside(json!({"audience": "browsers"}), away)
        }),
        specimen("a temporary redirect", &["plaintext-redirect-temporary"], || {
            let away = |_| Answer::html(302, "").header("location", "https://127.0.0.1/");
            beside(json!({"audience": "browsers"}), away)
        }),
        specimen("an API that redirects", &["plaintext-api-redirects"], || {
            let away = |_| Answer::html(308, "").header("location", "https://127.0.0.1/");
            beside(json!({"audience": "programs"}), away)
        }),
        Specimen {
            unknown: &["plaintext-served"],
            ..specimen("nothing behind the balancer", &[], || {
                beside(json!({}), |_| Answer::html(503, "<h1>503</h1>"))
            })
        },
        specimen("gRPC without TLS", &["plaintext-listener"], || {
            Box::pin(async {
                let grpc = Server::http(|_| Answer::new(415, "application/grpc", "")).await;
                let started = listening(&grpc).await;
                Started { guard: Box::new((started.guard, grpc)), ..started }
            })
        }),
        specimen("gRPC that speaks first", &["plaintext-listener"], || {
            Box::pin(async {
                let eager = Server::raw(|mut stream| async move {
                    let settings = b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64";
                    let _ = stream.write_all(settings).await;
                    let _ = stream.read(&mut [0; 512]).await;
                });
                let eager = eager.await;
                let started = listening(&eager).await;
                Started { guard: Box::new((started.guard, eager)), ..started }
            })
        }),
    ]
}

type Start = fn() -> Pin<Box<dyn Future<Output = Started> + Send>>;

fn specimen(name: &'static str, fails: &'static [&'static str], start: Start) -> Specimen {
    Specimen { name, fails, unknown: &[], start }
}

/// A shop by TLS.
async fn secured(settings: Value) -> Started {
    let pki = Pki::new();
    let tls = pki.leaf(&["127.0.0.1"]).server_config();
    let server = Server::https(tls, |_| Answer::html(200, "shop")).await;
    Started::new(server.url("/"), server).settings(settings).root(pki.root())
}

/// A shop by TLS, and this by plain HTTP beside it.
fn beside(
    mut settings: Value,
    plain: fn(Asked) -> Answer,
) -> Pin<Box<dyn Future<Output = Started> + Send>> {
    Box::pin(async move {
        let plain = Server::start(bind().await, None, plain);
        settings["port"] = json!(plain.address().port());
        let started = secured(settings).await;
        Started { guard: Box::new((started.guard, plain)), ..started }
    })
}

/// A shop by TLS, without plain HTTP, where TLS is expected of `other` too.
async fn listening(other: &Server) -> Started {
    let (address, guard) = refusing();
    let listeners = [other.address().to_string()];
    let started = secured(json!({"port": address.port(), "listeners": listeners})).await;
    Started { guard: Box::new((started.guard, guard)), ..started }
}
