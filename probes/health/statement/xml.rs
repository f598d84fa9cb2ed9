//! Reading XML, as JSON of the same shape.

use roxmltree::{Document, Node};
use serde_json::{Map, Value};

/// The document as JSON: an element with others in it or with attributes is an object, any other is its
/// text. `None` for what is no XML.
pub(super) fn value(body: &str) -> Option<Value> {
    let document = Document::parse(body).ok()?;
    let root = document.root_element();
    let name = root.tag_name().name();
    Some(match of(root, 0) {
        // `<status>UP</status>`, and `<health>UP</health>`.
        Value::String(text) => Value::Object(Map::from_iter([(name.to_owned(), text.into())])),
        other => other,
    })
}

fn of(node: Node<'_, '_>, depth: usize) -> Value {
    let mut object = Map::new();
    for attribute in node.attributes() {
        object.insert(attribute.name().to_owned(), attribute.value().into());
    }
    if depth < DEEPEST {
        for child in node.children().filter(Node::is_element) {
            add(&mut object, child.tag_name().name(), of(child, depth + 1));
        }
    }
    let text = node.text().unwrap_or_default().trim();
    if object.is_empty() {
        return text.into();
    }
    if !text.is_empty() {
        object.entry("status").or_insert_with(|| text.into());
    }
    Value::Object(object)
}

/// An element that is there several times is a list.
fn add(object: &mut Map<String, Value>, name: &str, value: Value) {
    match object.get_mut(name) {
        None => {
            object.insert(name.to_owned(), value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
    }
}

const DEEPEST: usize = 8;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn elements_are_members_and_repeated_ones_a_list() {
        let body = "<?xml version=\"1.0\"?><health><status>UP</status><checks><check name=\"db\" status=\"DOWN\"/><check name=\"mq\">ok</check></checks></health>";
        let expected = json!({
            "status": "UP",
            "checks": {"check": [{"name": "db", "status": "DOWN"}, {"name": "mq", "status": "ok"}]},
        });
        assert_eq!(value(body), Some(expected));
        assert_eq!(value("<status>UP</status>"), Some(json!({"status": "UP"})));
        assert_eq!(value("<a><b>"), None);
        assert_eq!(
            value("<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>"),
            None
        );
    }
}
