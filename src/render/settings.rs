//! A probe's settings as rows a person can read, from their JSON Schema.

use gonogo_probes::contract::Kind;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// What an operator may say to a probe.
#[derive(Debug)]
pub(super) struct Settings {
    /// One row a key, nested keys below the one that holds them.
    pub(super) rows: Vec<Setting>,
    /// The types that have a name, with what is to be known of each.
    pub(super) terms: Vec<Term>,
}

/// One key.
#[derive(Debug)]
pub(super) struct Setting {
    /// Where it stands: `depends[].name`.
    pub(super) key: String,
    /// What may be written there.
    pub(super) holds: String,
    /// What applies if nothing is written; `required` where something must be. Empty where only the
    /// meaning tells.
    pub(super) default: String,
    /// What it says.
    pub(super) about: String,
}

/// A type with a name.
#[derive(Debug)]
pub(super) struct Term {
    /// The name, as [`Setting::holds`] has it.
    pub(super) name: String,
    /// What it is, as sentences.
    pub(super) about: String,
}

/// The settings of a probe.
pub(super) fn settings(kind: &Kind) -> Settings {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let schema = Value::from(kind.schema(&mut generator));
    let mut reader = Reader {
        definitions: generator.take_definitions(false),
        settings: Settings { rows: Vec::new(), terms: Vec::new() },
    };
    reader.object(&schema, "", DEEPEST);
    reader.settings
}

struct Reader {
    definitions: Map<String, Value>,
    settings: Settings,
}

impl Reader {
    fn object(&mut self, schema: &Value, within: &str, depth: usize) {
        let Some(properties) = schema["properties"].as_object() else { return };
        let required = |key: &str| {
            let keys = schema["required"].as_array();
            keys.is_some_and(|keys| keys.iter().any(|required| required == key))
        };
        for (key, property) in properties {
            let path = format!("{within}{key}");
            let holds = self.holds(property);
            self.settings.rows.push(Setting {
                key: path.clone(),
                holds,
                default: default(property, required(key)),
                about: self.about(property),
            });
            if let Some((nested, suffix)) = self.nested(property).filter(|_| depth > 0) {
                self.object(&nested, &format!("{path}{suffix}."), depth - 1);
            }
        }
    }

    /// What may be written where `schema` applies.
    fn holds(&mut self, schema: &Value) -> String {
        if let Some(name) = reference(schema) {
            let Some(definition) = self.definitions.get(name).cloned() else {
                return "anything".to_owned();
            };
            let says_all = is_mapping(&definition) || words(&definition).is_some();
            return if says_all || definition["description"].is_null() {
                self.holds(&definition)
            } else {
                self.term(name, &definition)
            };
        }
        if let Some(words) = words(schema) {
            return one_of(words.iter().map(|word| format!("`{word}`")).collect());
        }
        if let Some(choices) = choices(schema) {
            return one_of(choices.into_iter().map(|choice| self.holds(choice)).collect());
        }
        match type_of(schema) {
            Some("array") => format!("list of {}", plural(&self.holds(&schema["items"]))),
            Some("object") if schema["additionalProperties"].is_object() => {
                let values = self.holds(&schema["additionalProperties"]);
                format!("mapping of names to {}", plural(&values))
            }
            Some("object") => "mapping".to_owned(),
            Some("boolean") => "`true` or `false`".to_owned(),
            Some("integer") => "whole number".to_owned(),
            Some("number") => "number".to_owned(),
            Some("string") => match schema["format"].as_str() {
                Some("uri") => "URL".to_owned(),
                _ => "text".to_owned(),
            },
            _ => "anything".to_owned(),
        }
    }

    /// Remembers a named type, and returns its name as prose has it.
    fn term(&mut self, name: &str, definition: &Value) -> String {
        let name = spaced(name);
        if !self.settings.terms.iter().any(|term| term.name == name) {
            let about = definition["description"].as_str().unwrap_or_default().to_owned();
            self.settings.terms.push(Term { name: name.clone(), about });
        }
        name
    }

    /// What the key says; where it says nothing itself, what its type says.
    fn about(&self, schema: &Value) -> String {
        let own = schema["description"].as_str();
        let definition = reference(schema).and_then(|name| self.definitions.get(name));
        let about = own.or_else(|| definition.and_then(|it| it["description"].as_str()));
        about.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The mapping with keys of its own inside a property, and how it hangs below the key.
    fn nested(&self, schema: &Value) -> Option<(Value, &'static str)> {
        if let Some(name) = reference(schema) {
            return self.nested(self.definitions.get(name)?);
        }
        if is_mapping(schema) {
            return Some((schema.clone(), ""));
        }
        if let Some([one]) = choices(schema).as_deref() {
            return self.nested(one);
        }
        if type_of(schema) == Some("array") {
            return self.nested(&schema["items"]).map(|(nested, _)| (nested, "[]"));
        }
        None
    }
}

fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

fn is_mapping(schema: &Value) -> bool {
    schema["properties"].is_object()
}

/// The schema's type, `null` aside: an optional key is left out, not written as null.
fn type_of(schema: &Value) -> Option<&str> {
    match &schema["type"] {
        Value::String(one) => Some(one),
        Value::Array(several) => several.iter().filter_map(Value::as_str).find(|it| *it != "null"),
        _ => None,
    }
}

/// The words of a closed set, with or without a description each.
fn words(schema: &Value) -> Option<Vec<&str>> {
    let plain = schema["enum"].as_array();
    if let Some(plain) = plain {
        return Some(plain.iter().filter_map(Value::as_str).collect());
    }
    let described = schema["oneOf"].as_array()?;
    let words: Option<Vec<Vec<&str>>> = described
        .iter()
        .map(|one| one["const"].as_str().map(|word| vec![word]).or_else(|| words(one)))
        .collect();
    words.map(|words| words.concat())
}

/// The alternatives of a union, `null` aside.
fn choices(schema: &Value) -> Option<Vec<&Value>> {
    let alternatives = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array())?;
    Some(alternatives.iter().filter(|one| one["type"] != "null").collect())
}

/// What applies where nothing is written; empty where the schema does not say.
fn default(schema: &Value, required: bool) -> String {
    match schema.get("default") {
        _ if required => "required".to_owned(),
        None if is_optional(schema) || type_of(schema) == Some("array") => "none".to_owned(),
        None => String::new(),
        Some(Value::Null) => "none".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "none".to_owned(),
        Some(Value::Array(items)) if items.is_empty() => "none".to_owned(),
        Some(Value::Object(keys)) if keys.is_empty() => "none".to_owned(),
        Some(Value::String(text)) => format!("`{text}`"),
        Some(value) => format!("`{value}`"),
    }
}

/// Whether null is allowed, which is how a schema has an `Option`.
fn is_optional(schema: &Value) -> bool {
    let is_null = |one: &Value| *one == "null" || one["type"] == "null";
    let alternatives = ["type", "anyOf"].map(|key| schema[key].as_array());
    alternatives.into_iter().flatten().flatten().any(is_null)
}

/// "a, b or c".
fn one_of(mut words: Vec<String>) -> String {
    let last = words.pop().unwrap_or_default();
    if words.is_empty() { last } else { format!("{} or {last}", words.join(", ")) }
}

/// A type's name as prose has it: `StatusSet` → status set.
fn spaced(name: &str) -> String {
    let mut spaced = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !spaced.is_empty() {
            spaced.push(' ');
        }
        spaced.extend(letter.to_lowercase());
    }
    spaced
}

fn plural(holds: &str) -> String {
    match holds {
        "text" | "anything" => holds.to_owned(),
        _ if holds.contains(" or ") => holds.to_owned(),
        _ => format!("{holds}s"),
    }
}

/// How many mappings may lie in one another before their keys are left to the schema.
const DEEPEST: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture::GATE;

    #[test]
    fn every_key_is_a_row_with_its_type_default_and_meaning() {
        let rows: Vec<String> = settings(&GATE)
            .rows
            .iter()
            .map(|row| format!("{} | {} | {} | {}", row.key, row.holds, row.default, row.about))
            .collect();
        insta::assert_snapshot!(rows.join("\n"));
    }

    #[test]
    fn a_named_type_is_explained_once() {
        let terms = settings(&GATE).terms;
        let names: Vec<&str> = terms.iter().map(|term| term.name.as_str()).collect();
        assert_eq!(names, ["secret", "duration"]);
        assert!(terms.iter().all(|term| term.about.ends_with('.')), "{terms:?}");
    }

    #[test]
    fn a_name_in_camel_case_reads_as_words() {
        assert_eq!(spaced("StatusSet"), "status set");
    }
}
