//! Whether JSON is as a schema has it: as far as the schemas of the vectors use JSON Schema, patterns apart.

use alloc::format;
use alloc::string::{String, ToString};
use serde_json::Value;

/// Says where the value is otherwise.
pub(super) fn conforms(schema: &Value, root: &Value, value: &Value) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let of = root.pointer(name.trim_start_matches('#')).ok_or_else(|| format!("the schema has no {name}"))?;
        return conforms(of, root, value);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let fits = any.iter().any(|schema| conforms(schema, root, value).is_ok());
        return fits.then_some(()).ok_or_else(|| value.to_string());
    }
    if !is_of_type(schema, value) {
        return Err(value.to_string());
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        conforms(&schema["items"], root, item).map_err(|problem| format!("{index}: {problem}"))?;
    }
    members(schema, root, value)
}

fn is_of_type(schema: &Value, value: &Value) -> bool {
    let within = |number: u64, [least, most]: [&str; 2]| {
        number >= schema[least].as_u64().unwrap_or(0) && number <= schema[most].as_u64().unwrap_or(u64::MAX)
    };
    match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.as_array().is_some_and(|items| within(items.len() as u64, ["minItems", "maxItems"])),
        Some("string") => value.is_string(),
        Some("integer") => value.as_u64().is_some_and(|number| within(number, ["minimum", "maximum"])),
        _ => schema["const"] == *value || schema["enum"].as_array().is_some_and(|allowed| allowed.contains(value)),
    }
}

fn members(schema: &Value, root: &Value, value: &Value) -> Result<(), String> {
    let Some(object) = value.as_object() else { return Ok(()) };
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.into_iter().find(|key| !object.contains_key(*key)) {
        return Err(format!("no {missing} in {value}"));
    }
    for (key, value) in object {
        let other = schema["additionalProperties"].as_object().map(|_| &schema["additionalProperties"]);
        let known = schema["properties"].get(key).or(other).ok_or_else(|| format!("{key} is unknown"))?;
        conforms(known, root, value).map_err(|problem| format!("{key}: {problem}"))?;
    }
    Ok(())
}

#[test]
fn what_is_otherwise_is_told() {
    let schema = serde_json::json!({
        "type": "object", "required": ["a"], "additionalProperties": false,
        "properties": {
            "a": { "type": "array", "minItems": 1, "items": { "anyOf": [{ "type": "string" }, { "$ref": "#/$defs/n" }] } },
            "b": { "enum": ["x"] }
        },
        "$defs": { "n": { "type": "integer", "maximum": 2 } }
    });
    let problem = |value| conforms(&schema, &schema, &value).err().unwrap_or_default();
    assert_eq!(problem(serde_json::json!({ "a": ["x", 2], "b": "x" })), "");
    assert_eq!(problem(serde_json::json!({ "a": [3] })), "a: 0: 3");
    assert_eq!(problem(serde_json::json!({ "a": [] })), "a: []");
    assert_eq!(problem(serde_json::json!({ "b": "x" })), "no a in {\"b\":\"x\"}");
    assert_eq!(problem(serde_json::json!({ "a": ["x"], "b": "y" })), "b: \"y\"");
    assert_eq!(problem(serde_json::json!({ "a": ["x"], "c": 1 })), "c is unknown");
}
