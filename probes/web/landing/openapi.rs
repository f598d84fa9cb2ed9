//! Operations of an OpenAPI document that can be looked at without knowing anything.

use serde_json::{Map, Value};
use url::Url;

use super::places;

/// The operations to look at.
#[derive(Debug, Default)]
pub(super) struct Operations {
    pub(super) urls: Vec<Url>,
}

impl Operations {
    /// Those of a document of OpenAPI 3 or Swagger 2: GET, without parameters that must be given, on the
    /// target itself, not by name an action or the service's health. `None` if it is no such document.
    pub(super) fn read(document: &[u8], own: &Url) -> Option<Self> {
        let document: Value = serde_json::from_slice(document).ok()?;
        let base = base(&document, own)?;
        let paths = document.get("paths")?.as_object()?;
        let mut urls = Vec::new();
        for (path, item) in paths {
            if urls.len() == MOST {
                break;
            }
            if !is_harmless(&document, path, item) {
                continue;
            }
            let path = format!("{base}{}", path.strip_prefix('/').unwrap_or(path));
            let mut url = own.clone();
            url.set_query(None);
            url.set_path(&path);
            if !urls.contains(&url) && url != *own {
                urls.push(url);
            }
        }
        Some(Self { urls })
    }
}

/// The path that all paths of a document are below, with a slash at its end; `None` where they are on
/// another host, or the document is of neither kind.
fn base(document: &Value, own: &Url) -> Option<String> {
    let text = |key: &str| document.get(key).and_then(Value::as_str);
    let path = if text("openapi").is_some_and(|version| version.starts_with('3')) {
        let server = document.pointer("/servers/0/url").and_then(Value::as_str).unwrap_or("/");
        let mut root = own.clone();
        root.set_path("/");
        root.set_query(None);
        let url = root.join(server).ok()?;
        // Behind a proxy the document often names the host it was made on.
        let is_here = url.origin() == own.origin() || is_local(&url);
        is_here.then(|| url.path().to_owned())?
    } else if text("swagger").is_some_and(|version| version.starts_with('2')) {
        text("basePath").unwrap_or("/").to_owned()
    } else {
        return None;
    };
    let path = path.trim_matches('/');
    Some(if path.is_empty() { "/".to_owned() } else { format!("/{path}/") })
}

fn is_local(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]" | "0.0.0.0"))
}

fn is_harmless(document: &Value, path: &str, item: &Value) -> bool {
    let Some(get) = item.get("get").and_then(Value::as_object) else { return false };
    let named = get.get("operationId").and_then(Value::as_str).unwrap_or_default();
    let parameters = |of: Option<&Value>| of.and_then(Value::as_array).cloned().unwrap_or_default();
    let mut all = parameters(item.get("parameters"));
    all.extend(parameters(get.get("parameters")));
    !path.contains(['{', '}', '?', '#', '*'])
        && !all.iter().any(|parameter| is_required(document, parameter))
        && !has_body(get)
        && get.get("deprecated") != Some(&Value::Bool(true))
        && !places::is_health(path)
        && !is_action(path)
        && !is_action(named)
}

/// Whether a parameter must be given. One that cannot be read may have to be.
fn is_required(document: &Value, parameter: &Value) -> bool {
    let parameter = match parameter.get("$ref").and_then(Value::as_str) {
        None => Some(parameter),
        Some(to) => to.strip_prefix('#').and_then(|pointer| document.pointer(pointer)),
    };
    parameter.is_none_or(|parameter| match parameter.get("required") {
        None => parameter.get("$ref").is_some() || parameter.get("in") == Some(&"path".into()),
        Some(required) => *required != Value::Bool(false),
    })
}

fn has_body(operation: &Map<String, Value>) -> bool {
    operation.get("requestBody").is_some_and(|body| body.get("required") != Some(&false.into()))
}

/// Whether a name sounds like doing something. GET should be safe, and in many an API is not.
fn is_action(name: &str) -> bool {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && was_lower) {
            words.push(std::mem::take(&mut word));
        }
        was_lower = c.is_ascii_lowercase();
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        }
    }
    words.push(word);
    // What a framework derives a name from says nothing: `get`, `list`, `read`.
    words.iter().any(|word| {
        EXACT.contains(&&**word) || ACTIONS.iter().any(|action| word.starts_with(action))
    })
}

/// Words that begin with one of these.
const ACTIONS: &[&str] = &[
    "abort",
    "activate",
    "approve",
    "authorize",
    "backup",
    "buy",
    "callback",
    "cancel",
    "checkout",
    "clean",
    "clear",
    "confirm",
    "create",
    "deactivate",
    "debug",
    "delete",
    "deploy",
    "destroy",
    "disable",
    "download",
    "drop",
    "dump",
    "enable",
    "erase",
    "exec",
    "export",
    "flush",
    "generate",
    "import",
    "init",
    "insert",
    "install",
    "invoke",
    "kill",
    "launch",
    "logoff",
    "logout",
    "migrate",
    "notify",
    "oauth",
    "populate",
    "publish",
    "purge",
    "reboot",
    "rebuild",
    "refresh",
    "register",
    "reindex",
    "reload",
    "remove",
    "reset",
    "restart",
    "restore",
    "resync",
    "revoke",
    "rollback",
    "rotate",
    "seed",
    "send",
    "shutdown",
    "signoff",
    "signout",
    "sse",
    "start",
    "stop",
    "stream",
    "subscribe",
    "sync",
    "terminate",
    "trigger",
    "truncate",
    "uninstall",
    "unsubscribe",
    "update",
    "upgrade",
    "verify",
    "webhook",
    "websocket",
    "wipe",
    "write",
];

/// Words that are one of these.
const EXACT: &[&str] = &["add", "do", "events", "pay", "put", "run", "set", "ws"];

/// Enough to see whether a policy differs from one operation to the next.
const MOST: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn own() -> Url {
        Url::parse("https://api.shop.example/").expect("a URL")
    }

    fn paths(document: &Value) -> Option<Vec<String>> {
        let operations = Operations::read(document.to_string().as_bytes(), &own())?;
        Some(operations.urls.iter().map(|url| url.path().to_owned()).collect())
    }

    #[test]
    fn operations_without_parameters_are_looked_at() {
        let document = json!({"openapi": "3.1.0", "paths": {
            "/carts": {"get": {}, "post": {}},
            "/carts/{id}": {"get": {}},
            "/find": {"get": {"parameters": [{"name": "q", "in": "query", "required": true}]}},
            "/items": {"get": {"parameters": [{"name": "q", "in": "query"}]}},
            "/ref": {"get": {"parameters": [{"$ref": "#/components/parameters/q"}]}},
            "/lost": {"get": {"parameters": [{"$ref": "#/components/parameters/none"}]}},
            "/tenant": {"parameters": [{"name": "t", "in": "header", "required": true}], "get": {}},
            "/old": {"get": {"deprecated": true}},
            "/orders": {"post": {}},
            "/healthz": {"get": {}},
        }, "components": {"parameters": {"q": {"name": "q", "in": "query", "required": true}}}});
        assert_eq!(paths(&document).expect("a document"), ["/carts", "/items"]);
    }

    #[test]
    fn what_sounds_like_an_action_is_left_alone() {
        for (path, id) in [
            ("/createdb", ""),
            ("/users/v1/_debug", ""),
            ("/auth/logout", ""),
            ("/x", "deleteEverything"),
            ("/x", "reset_password_x_get"),
            ("/jobs/run", ""),
            ("/stream", ""),
        ] {
            let document =
                json!({"openapi": "3.0.3", "paths": {path: {"get": {"operationId": id}}}});
            assert_eq!(paths(&document).expect("a document"), [""; 0], "{path} {id}");
        }
        let plain = json!({"openapi": "3.0.3", "paths":
            {"/products": {"get": {"operationId": "list_products_products_get"}}}});
        assert_eq!(paths(&plain).expect("a document"), ["/products"]);
    }

    #[test]
    fn paths_are_below_the_servers_own() {
        let with = |document: Value| paths(&document);
        let swagger = json!({"swagger": "2.0", "basePath": "/v2", "paths": {"/pets": {"get": {}}}});
        assert_eq!(with(swagger).expect("a document"), ["/v2/pets"]);
        let server = |url: &str| {
            with(
                json!({"openapi": "3.0.0", "servers": [{"url": url}], "paths": {"/a": {"get": {}}}}),
            )
        };
        assert_eq!(server("/api/").expect("a document"), ["/api/a"]);
        assert_eq!(server("https://api.shop.example/v1").expect("a document"), ["/v1/a"]);
        assert_eq!(server("http://localhost:8000/v1").expect("a document"), ["/v1/a"]);
        assert_eq!(server("https://other.example/"), None);
        assert_eq!(with(json!({"paths": {"/a": {"get": {}}}})), None);
    }

    #[test]
    fn no_more_than_a_few_are_looked_at() {
        let all: Map<String, Value> =
            (0..50).map(|i| (format!("/p{i}"), json!({"get": {}}))).collect();
        let document = json!({"openapi": "3.0.0", "paths": all});
        assert_eq!(paths(&document).expect("a document").len(), MOST);
    }

    proptest! {
        #[test]
        fn nothing_breaks_the_reading_of_it(text in "[{}\\[\\]\":,a-z/$#0-9]{0,200}") {
            let _ = Operations::read(text.as_bytes(), &own());
            let document = format!("{{\"openapi\":\"3\",\"paths\":{{\"/{text}\":{{\"get\":{{}}}}}}}}");
            let _ = Operations::read(document.as_bytes(), &own());
        }
    }
}
