//! Sites that set cookies as frameworks do, with care and without.

use std::pin::Pin;

use serde_json::{Value, json};

use crate::contract::specimen::{Answer, Asked, Pki, Server, Specimen, Started, refusing};

/// All of them.
pub(super) fn all() -> Vec<Specimen> {
    sound().into_iter().chain(faulty()).collect()
}

fn sound() -> Vec<Specimen> {
    vec![
        specimen("a site with care", &[], || {
            secured(json!({"paths": ["/login"]}), |asked| match asked.path.as_str() {
                "/login" => Answer::html(200, "<form>")
                    .header(
                        "set-cookie",
                        "__Host-session=x; Path=/; Secure; HttpOnly; SameSite=Lax",
                    )
                    .header("set-cookie", "csrftoken=y; Path=/; Secure; SameSite=Lax"),
                _ => Answer::html(302, "").header("location", "/login"),
            })
        }),
        specimen("an API without cookies", &[], || secured(json!({}), |_| Answer::json(200, "{}"))),
        specimen("a site that takes its cookies back", &[], || {
            secured(json!({}), |_| {
                Answer::html(200, "")
                    .header("set-cookie", "sid=; Max-Age=0")
                    .header("set-cookie", "JSESSIONID=; Expires=Thu, 01-Jan-1970 00:00:10 GMT")
            })
        }),
        specimen("a balancer with affinity", &[], || {
            secured(json!({}), |_| {
                Answer::html(200, "")
                    .header("set-cookie", "AWSALB=x; Expires=Sat, 01 Jan 2050 00:00:00 GMT; Path=/")
                    .header("set-cookie", "AWSALBCORS=x; Path=/; SameSite=None; Secure")
            })
        }),
        specimen("a redirect that sets nothing", &[], || {
            beside(|_| Answer::html(301, "").header("location", "https://127.0.0.1/"))
        }),
    ]
}

fn faulty() -> Vec<Specimen> {
    const CARELESS: &[&str] =
        &["cookies-insecure", "cookies-script-readable", "cookies-cross-site"];
    vec![
        specimen("a session without attributes", CARELESS, || {
            secured(json!({}), |_| Answer::html(200, "").header("set-cookie", "JSESSIONID=x"))
        }),
        specimen("not Secure", &["cookies-insecure"], || {
            setting("connect.sid=x; Path=/; HttpOnly; SameSite=Lax")
        }),
        specimen("not HttpOnly", &["cookies-script-readable"], || {
            setting("auth_token=x; Path=/; Secure; SameSite=Strict")
        }),
        specimen("an unusual session, listed", &["cookies-script-readable"], || {
            secured(json!({"session": ["u"]}), |_| {
                Answer::html(200, "").header("set-cookie", "u=x; Secure; SameSite=Lax")
            })
        }),
        specimen("SameSite left out", &["cookies-cross-site"], || {
            setting("sessionid=x; Path=/; Secure; HttpOnly")
        }),
        specimen("a broken prefix", &["cookies-prefix-broken"], || {
            setting("__Host-session=x; Path=/app; Secure; HttpOnly; SameSite=Lax")
        }),
        specimen("a session for the whole domain", &["cookies-domain-too-broad"], || {
            Box::pin(async {
                let pki = Pki::new();
                let tls = pki.leaf(&["www.shop.example"]).server_config();
                let broad = "sid=x; Domain=shop.example; Path=/; Secure; HttpOnly; SameSite=Lax";
                let answer = move |_| Answer::html(200, "").header("set-cookie", broad);
                let server = Server::https(tls, answer).await;
                let (closed, guard) = refusing();
                let address = server.address();
                Started::new(server.url("/"), (server, guard))
                    .known_as("https://www.shop.example/", address)
                    .settings(json!({"port": closed.port()}))
                    .root(pki.root())
            })
        }),
        specimen("a session set before the redirect", &["cookies-sent-in-plaintext"], || {
            beside(|_| {
                Answer::html(301, "")
                    .header("location", "https://127.0.0.1/")
                    .header("set-cookie", "sid=x; Secure; HttpOnly; SameSite=Lax")
            })
        }),
    ]
}

type Start = fn() -> Pin<Box<dyn Future<Output = Started> + Send>>;

fn specimen(name: &'static str, fails: &'static [&'static str], start: Start) -> Specimen {
    Specimen { name, fails, unknown: &[], start }
}

/// A site by TLS with port 80 closed.
fn secured(
    mut settings: Value,
    answer: fn(Asked) -> Answer,
) -> Pin<Box<dyn Future<Output = Started> + Send>> {
    Box::pin(async move {
        let pki = Pki::new();
        let server = Server::https(pki.leaf(&["127.0.0.1"]).server_config(), answer).await;
        let (closed, guard) = refusing();
        settings["port"] = json!(closed.port());
        Started::new(server.url("/"), (server, guard)).settings(settings).root(pki.root())
    })
}

/// A site that sets this on every page.
fn setting(field: &'static str) -> Pin<Box<dyn Future<Output = Started> + Send>> {
    Box::pin(async move {
        let pki = Pki::new();
        let answer = move |_| Answer::html(200, "").header("set-cookie", field);
        let server = Server::https(pki.leaf(&["127.0.0.1"]).server_config(), answer).await;
        let (closed, guard) = refusing();
        let settings = json!({"port": closed.port()});
        Started::new(server.url("/"), (server, guard)).settings(settings).root(pki.root())
    })
}

/// A site by TLS that sets nothing, and this by plain HTTP beside it.
fn beside(plain: fn(Asked) -> Answer) -> Pin<Box<dyn Future<Output = Started> + Send>> {
    Box::pin(async move {
        let pki = Pki::new();
        let tls = pki.leaf(&["127.0.0.1"]).server_config();
        let server = Server::https(tls, |_| Answer::html(200, "")).await;
        let plain = Server::http(plain).await;
        let settings = json!({"port": plain.address().port()});
        Started::new(server.url("/"), (server, plain)).settings(settings).root(pki.root())
    })
}
