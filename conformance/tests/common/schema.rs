//! A value held against a JSON Schema, more strictly than the schema says: what it doesn't name is a problem, so that every
//! field that is written stands in it; and what it names and no value had is told. It knows the words that our schemas use,
//! and no others. (`.ci/valid-json` holds real output against them with a validator of JSON Schema.)

use serde_json::Value;
use std::collections::BTreeSet;

/// The words of a schema that say nothing about a value.
const SILENT: [&str; 5] = ["$schema", "$id", "$defs", "title", "description"];

/// A schema, and which of its properties were met.
pub(crate) struct Walk {
    schema: Value,
    met: BTreeSet<String>,
}

/// The value of a text.
pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

impl Walk {
    pub(crate) fn new(schema: &str) -> Self {
        Self { schema: json(schema), met: BTreeSet::new() }
    }

    /// Fails where the value is not what the schema says.
    #[track_caller]
    pub(crate) fn hold(&mut self, value: &Value) {
        let problems = self.problems(value);
        assert!(problems.is_empty(), "{problems:#?}");
    }

    /// Where the value is not what the schema says.
    pub(crate) fn problems(&mut self, value: &Value) -> Vec<String> {
        let mut found = Found::default();
        found.check(&self.schema, ("", &self.schema), "", value);
        self.met.append(&mut found.met);
        found.problems
    }

    /// Fails for properties that no value had, but for those below this place.
    #[track_caller]
    pub(crate) fn require_all_but(&self, excused: &str) {
        let mut named = BTreeSet::new();
        properties(&self.schema, "", &mut named);
        let missing: Vec<&String> =
            named.difference(&self.met).filter(|place| excused.is_empty() || !place.starts_with(excused)).collect();
        assert!(missing.is_empty(), "in the schema, and never written: {missing:#?}");
    }
}

/// The places of all properties in a schema.
fn properties(schema: &Value, place: &str, named: &mut BTreeSet<String>) {
    match schema {
        Value::Object(words) => {
            for (word, inner) in words {
                let below = format!("{place}/{word}");
                if word == "properties"
                    && let Value::Object(all) = inner
                {
                    named.extend(all.keys().map(|name| format!("{below}/{name}")));
                }
                properties(inner, &below, named);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                properties(inner, &format!("{place}/{index}"), named);
            }
        }
        _ => {}
    }
}

#[derive(Default)]
struct Found {
    problems: Vec<String>,
    met: BTreeSet<String>,
}

impl Found {
    fn says(&mut self, at: &str, what: &str) {
        self.problems.push(format!("{}: {what}", if at.is_empty() { "/" } else { at }));
    }

    /// `place` is where the schema stands in its file, `at` where the value stands in its own.
    fn check(&mut self, root: &Value, (place, schema): (&str, &Value), at: &str, value: &Value) {
        let words = schema.as_object().unwrap_or_else(|| panic!("{place}: no schema"));
        for (word, says) in words {
            match word.as_str() {
                word if SILENT.contains(&word) => {}
                "$ref" => {
                    let target = says.as_str().and_then(|says| says.strip_prefix('#')).expect("a place in this file");
                    let inner = root.pointer(target).unwrap_or_else(|| panic!("{place}: there is no {target}"));
                    self.check(root, (target, inner), at, value);
                }
                "type" => self.types(says, at, value),
                "const" if says != value => self.says(at, &format!("is not {says}: {value}")),
                "enum" if !says.as_array().is_some_and(|all| all.contains(value)) => {
                    self.says(at, &format!("is none of {says}: {value}"));
                }
                "minimum" if value.as_f64() < says.as_f64() && value.is_number() => self.says(at, "is too small"),
                "required" => {
                    for name in says.as_array().into_iter().flatten().filter_map(Value::as_str) {
                        if value.get(name).is_none() {
                            self.says(at, &format!("lacks {name}"));
                        }
                    }
                }
                "properties" => self.properties(root, (place, says), at, value),
                "additionalProperties" => {
                    for (name, inner) in value.as_object().into_iter().flatten() {
                        let place = format!("{place}/additionalProperties");
                        self.check(root, (&place, says), &format!("{at}/{name}"), inner);
                    }
                }
                "items" => {
                    for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(root, (&format!("{place}/items"), says), &format!("{at}/{index}"), inner);
                    }
                }
                "prefixItems" => {
                    let schemas = says.as_array().into_iter().flatten();
                    for (index, (inner, value)) in schemas.zip(value.as_array().into_iter().flatten()).enumerate() {
                        let (place, at) = (format!("{place}/prefixItems/{index}"), format!("{at}/{index}"));
                        self.check(root, (&place, inner), &at, value);
                    }
                }
                "oneOf" => self.one_of(root, (place, says), at, value),
                // `K/N` is the one pattern.
                "pattern" if says == "^[0-9]+/[0-9]+$" => {
                    let parts = value.as_str().and_then(|text| text.split_once('/'));
                    if !parts.is_some_and(|(a, b)| a.parse::<u32>().is_ok() && b.parse::<u32>().is_ok()) {
                        self.says(at, "does not fit its pattern");
                    }
                }
                "const" | "enum" | "minimum" => {}
                other => panic!("{place}: this walk doesn't know {other}"),
            }
        }
    }

    fn types(&mut self, says: &Value, at: &str, value: &Value) {
        let types: Vec<&str> = says
            .as_array()
            .map_or_else(|| says.as_str().into_iter().collect(), |all| all.iter().filter_map(Value::as_str).collect());
        let is = |kind: &&str| match *kind {
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => panic!("no type: {other}"),
        };
        if !types.iter().any(is) {
            self.says(at, &format!("is no {}", types.join(" or ")));
        }
    }

    fn properties(&mut self, root: &Value, (place, says): (&str, &Value), at: &str, value: &Value) {
        for (name, inner) in value.as_object().into_iter().flatten() {
            let (place, at) = (format!("{place}/properties/{name}"), format!("{at}/{name}"));
            match says.get(name) {
                Some(schema) => {
                    self.met.insert(place.clone());
                    self.check(root, (&place, schema), &at, inner);
                }
                None => self.says(&at, "no field of the schema"),
            }
        }
    }

    fn one_of(&mut self, root: &Value, (place, says): (&str, &Value), at: &str, value: &Value) {
        let mut tried: Vec<Self> = Vec::new();
        for (index, schema) in says.as_array().into_iter().flatten().enumerate() {
            let mut found = Self::default();
            found.check(root, (&format!("{place}/oneOf/{index}"), schema), at, value);
            tried.push(found);
        }
        tried.sort_by_key(|found| found.problems.len());
        let fitting = tried.iter().filter(|found| found.problems.is_empty()).count();
        if fitting > 1 {
            self.says(at, "is several things at once");
        }
        if let Some(best) = tried.into_iter().next() {
            self.problems.extend(best.problems);
            self.met.extend(best.met);
        }
    }
}
