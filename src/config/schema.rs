//! The JSON Schema of the configuration, for editors.
//!
//! It knows the probes of the catalogue with their settings, and the ids that can be waived. Where it
//! and the reader differ, it is the stricter one: it wants quotes around text that looks like a number.

use gonogo_probes::contract::Kind;
use schemars::{
    JsonSchema, Schema, SchemaGenerator,
    generate::SchemaSettings,
    json_schema,
    transform::{Transform, transform_subschemas},
};
use serde_json::{Map, Value, json};

use super::{
    limits::LimitSettings,
    policy::PolicySettings,
    probes::{COMMON, Common},
    target::TargetSettings,
    waiver::{AttestationSettings, WaiverSettings},
};

/// The JSON Schema (draft 2020-12) of a configuration file.
pub fn schema(catalogue: &'static [Kind]) -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(Strict);
    let mut generator = settings.into_generator();
    let probes = probes(catalogue, &mut generator);
    let checks: Vec<&str> = catalogue.iter().flat_map(Kind::checks).map(|check| check.id).collect();
    let definitions = generator.definitions_mut();
    definitions.insert(ProbeList::NAME.to_owned(), probes);
    definitions.insert(CheckId::NAME.to_owned(), json!({"type": "string", "enum": checks}));
    let mut schema = generator.into_root_schema_for::<Document>();
    schema.insert("title".to_owned(), "Configuration of gonogo".into());
    let anchors = json!({"^x-": {"description": "A place for anchors."}});
    schema.insert("patternProperties".to_owned(), anchors);
    schema.to_value()
}

/// A configuration file.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is wanted; its parts are read one by one")]
struct Document {
    /// The deployed systems under test.
    #[schemars(default)]
    targets: Vec<TargetSettings>,
    /// Fails that people accept until a date.
    #[schemars(default)]
    waivers: Vec<WaiverSettings>,
    /// Statements about what no probe can see.
    #[schemars(default)]
    attestations: Vec<AttestationSettings>,
    /// When a target is fit for use.
    #[schemars(default)]
    policy: PolicySettings,
    /// How much gonogo does at once.
    #[schemars(default)]
    limits: LimitSettings,
}

/// The list of a target's probes.
pub(super) struct ProbeList;

impl ProbeList {
    const NAME: &'static str = "Probes";
}

impl JsonSchema for ProbeList {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        Self::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"$ref": format!("#/$defs/{}", Self::NAME)})
    }
}

/// The id of a check.
pub(super) struct CheckId;

impl CheckId {
    const NAME: &'static str = "CheckId";
}

impl JsonSchema for CheckId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        Self::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"$ref": format!("#/$defs/{}", Self::NAME)})
    }
}

fn probes(catalogue: &'static [Kind], generator: &mut SchemaGenerator) -> Value {
    let common = Common::json_schema(generator).to_value();
    let mut alone = Vec::new();
    let mut choices = vec![Value::Null];
    for kind in catalogue {
        let (settings, needs_settings) = settings(kind, &common, generator);
        let mut entry = json!({
            "type": "object",
            "description": kind.about,
            "properties": {kind.name: {"anyOf": [settings, {"type": "null"}]}},
            "required": [kind.name],
            "additionalProperties": false,
        });
        if needs_settings {
            entry["properties"][kind.name] = entry["properties"][kind.name]["anyOf"][0].take();
        } else {
            alone.push(kind.name);
        }
        choices.push(entry);
    }
    choices[0] = json!({"type": "string", "enum": alone});
    json!({"type": "array", "items": {"anyOf": choices}})
}

/// The schema of a probe's settings with the keys that every probe has, and whether there are
/// settings it cannot do without.
fn settings(kind: &Kind, common: &Value, generator: &mut SchemaGenerator) -> (Value, bool) {
    let mut settings = kind.schema(generator).to_value();
    let Some(object) = settings.as_object_mut() else { return (settings, false) };
    if object.get("type") != Some(&json!("object")) {
        return (settings, true);
    }
    let properties = object.entry("properties").or_insert_with(|| Map::new().into());
    for key in COMMON {
        properties[*key] = common["properties"][*key].clone();
    }
    let Some(required) = object.remove("required") else { return (settings, false) };
    // A probe that is turned off needs no settings.
    object.insert(
        "if".to_owned(),
        json!({"properties": {"enabled": {"const": false}}, "required": ["enabled"]}),
    );
    object.insert("else".to_owned(), json!({"required": required}));
    (settings, true)
}

/// Refuses unknown keys wherever keys are known, as the reader does.
#[derive(Clone)]
struct Strict;

impl Transform for Strict {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        if let Some(object) = schema.as_object_mut()
            && object.get("type") == Some(&json!("object"))
            && object.contains_key("properties")
        {
            object.entry("additionalProperties").or_insert(Value::Bool(false));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{
        decode,
        files::Files,
        secret::Vault,
        source::Source,
        tests::{CATALOGUE, environment},
        yaml,
    };

    fn value(path: &Path) -> Value {
        let text = std::fs::read_to_string(path).expect("a file");
        let sources = [Source::new(path, text)];
        let (node, mut mistakes) = yaml::parse(&sources[0], 0);
        let files = Files::default();
        let vault = Vault::new(&files, &sources, &environment);
        let value = decode::decode(&node.expect("a document"), &vault, &mut mistakes);
        assert_eq!(mistakes, []);
        value.expect("a value")
    }

    fn faults(value: &Value) -> Vec<String> {
        let schema = jsonschema::validator_for(&schema(CATALOGUE)).expect("a schema");
        schema
            .iter_errors(value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }

    #[test]
    fn every_good_configuration_fits_the_schema() {
        for directory in ["tests/config/good", "tests/config/good/directory"] {
            for entry in std::fs::read_dir(directory).expect("a directory") {
                let path = entry.expect("an entry").path();
                let yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
                if yaml {
                    assert_eq!(faults(&value(&path)), [""; 0], "{}", path.display());
                }
            }
        }
    }

    #[test]
    fn the_schema_refuses_what_the_reader_refuses() {
        for name in [
            "budgets",
            "key-missing",
            "key-missing-many",
            "key-password",
            "key-unknown-deep",
            "key-unknown-target",
            "key-unknown-top",
            "limits",
            "names",
            "policy-words",
            "probe-missing-many",
            "probe-not-one",
            "probe-settings",
            "probe-unindented",
            "probe-unknown",
            "secret-not-here",
            "secret-plain",
            "sections",
            "type-bool",
            "type-enum",
            "type-list",
            "type-mapping",
            "type-number",
            "type-text",
            "type-variant",
            "waiver-words",
        ] {
            let path = format!("tests/config/bad/{name}.yaml");
            assert_ne!(faults(&value(Path::new(&path))), [""; 0], "{name}");
        }
    }

    #[test]
    fn a_probe_that_is_turned_off_needs_no_settings() {
        let with = |probe: &Value| {
            let target = json!({"name": "a", "url": "https://a.example", "probes": [probe]});
            faults(&json!({"targets": [target]}))
        };
        assert_eq!(with(&json!({"pool": {"enabled": false}})), [""; 0]);
        assert_ne!(with(&json!({"pool": {"enabled": true}})), [""; 0]);
        assert_ne!(with(&json!("pool")), [""; 0]);
        assert_eq!(with(&json!({"health": null})), [""; 0]);
    }

    #[test]
    fn the_catalogues_schema_is_a_schema() {
        let schema = schema(gonogo_probes::CATALOGUE);
        jsonschema::validator_for(&schema).expect("every reference leads somewhere");
        assert!(jsonschema::meta::is_valid(&schema));
    }

    #[test]
    fn no_probe_has_settings_of_a_name_that_every_probe_has() {
        let mut generator = SchemaSettings::draft2020_12().into_generator();
        for kind in gonogo_probes::CATALOGUE {
            let settings = kind.schema(&mut generator).to_value();
            for key in COMMON {
                let taken = settings.pointer(&format!("/properties/{key}")).is_some();
                assert!(!taken, "`{key}` of the probe `{}` would never reach it", kind.name);
            }
        }
    }
}
