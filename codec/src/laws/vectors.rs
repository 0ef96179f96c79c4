//! The vectors held against the decoder, the catalogue of mutations, the table of rules, and the schema of their files.

extern crate std;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec::Vec;
use serde_json::Value;

use crate::laws::files::{committed, hex};
use crate::laws::shown::{combinations, key, shown};
use crate::mutate::{MUTATIONS, Mutation};
use crate::packet::Version;
use crate::read::decode;
use crate::rule::Rule;
use crate::vectors::{self, Vector, Verdict, agrees, limits};

#[test]
fn the_decoder_gives_every_vector_its_verdict_and_its_rule() {
    for vector in vectors::all() {
        let verdict = (vector.verdict, vector.rule);
        let bytes = vector.bytes();
        let decoded = decode(&bytes, vector.context, &vector.limits);
        assert!(agrees(&bytes, vector.context, &vector.limits, verdict), "{vector:?}: {decoded:?}");
        assert_eq!(vector.verdict == Verdict::Invalid, vector.rule.is_some() && vector.verdict != Verdict::Either);
        if let (Verdict::Invalid, Err(error)) = (vector.verdict, decoded) {
            assert_eq!(error.id(), vector.statement, "{}", vector.id);
        }
    }
}

#[test]
fn ids_are_unique_and_every_twin_is_legal() {
    let all: BTreeMap<&str, Vector> = vectors::all().map(|vector| (vector.id, vector)).collect();
    assert_eq!(all.len(), vectors::all().count());
    for vector in all.values() {
        let twin = vector.twin.map(|twin| all.get(twin).unwrap_or_else(|| panic!("{}: no {twin}", vector.id)));
        match twin {
            Some(twin) => assert_eq!((twin.verdict, twin.twin), (Verdict::Valid, None), "{}", vector.id),
            None => assert_eq!(vector.verdict, Verdict::Valid, "{}", vector.id),
        }
    }
}

#[test]
fn the_catalogue_makes_the_vectors_that_bear_its_names() {
    let all: BTreeMap<&str, Vector> = vectors::all().map(|vector| (vector.id, vector)).collect();
    let mut unused: BTreeSet<&str> = MUTATIONS.iter().map(|mutation| mutation.name).collect();
    for vector in all.values() {
        let Some((base, name)) = vector.id.split_once('+') else { continue };
        let Some(mutation) = MUTATIONS.iter().find(|mutation| mutation.name == name) else { continue };
        unused.remove(name);
        let legal = all[base].bytes();
        let made =
            Mutation::named(mutation.name).apply(&legal, vector.context).unwrap_or_else(|| panic!("{}", vector.id));
        assert_eq!((made.bytes, made.rule), (vector.bytes(), vector.rule), "{}", vector.id);
    }
    assert!(unused.is_empty(), "no vector shows {unused:?}");
}

#[test]
fn every_rule_has_a_vector_in_every_packet_that_it_applies_to() {
    let shown = shown();
    let wanted: BTreeSet<_> = combinations().map(key).collect();
    let holes: Vec<_> = wanted.iter().filter(|key| !shown.contains_key(key)).collect();
    let beyond: Vec<_> = shown.keys().filter(|key| !wanted.contains(key)).collect();
    assert!(holes.is_empty(), "{} holes: {holes:#?}", holes.len());
    assert!(beyond.is_empty(), "rules that are said not to apply there: {beyond:#?}");
    for (key, vector) in &shown {
        assert!(vector.twin.is_some(), "{key:?} has no legal twin");
    }
    std::println!(
        "{} rules, {} packets that they apply to, {} vectors",
        Rule::ALL.len(),
        wanted.len(),
        vectors::all().count()
    );
}

/// What the schema says, as far as it uses JSON Schema.
fn conforms(schema: &Value, root: &Value, value: &Value, place: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let pointer = name.trim_start_matches('#');
        return conforms(root.pointer(pointer).expect("the schema has it"), root, value, place);
    }
    let fits = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64(),
        _ => schema["const"] == *value || schema["enum"].as_array().is_some_and(|allowed| allowed.contains(value)),
    };
    assert!(fits, "{place}: {value}");
    for item in value.as_array().into_iter().flatten() {
        conforms(&schema["items"], root, item, place);
    }
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    required.for_each(|key| assert!(value.get(key).is_some(), "{place}: no {key}"));
    for (key, value) in value.as_object().into_iter().flatten() {
        let known = schema["properties"].get(key);
        let other = || schema["additionalProperties"].as_object().map(|_| &schema["additionalProperties"]);
        let schema = known.or_else(other).unwrap_or_else(|| panic!("{place}: {key} is unknown"));
        conforms(schema, root, value, &format!("{place}/{key}"));
    }
}

#[test]
fn the_files_are_json_of_the_schema() {
    let schema: Value = serde_json::from_str(&committed("vectors/vectors.schema.json")).expect("is JSON");
    for version in Version::ALL {
        let file: Value = serde_json::from_str(vectors::json(version)).expect("is JSON");
        conforms(&schema, &schema, &file, version.name());
        let listed = file["vectors"].as_array().expect("an array");
        assert_eq!(file["count"], listed.len());
        // The reader of lines sees what a reader of JSON sees.
        assert_eq!(vectors::of(version).count(), listed.len());
        for (vector, listed) in vectors::of(version).zip(listed) {
            assert_eq!(listed["id"], vector.id);
            assert_eq!(listed["bytes"], hex(&vector.bytes()).as_str());
            assert_eq!(listed["rule"].as_str(), vector.rule.map(Rule::name));
            assert_eq!(listed["twin"].as_str(), vector.twin);
            for (name, value) in listed["limits"].as_object().into_iter().flatten() {
                assert_eq!(vector.limits, limits(name, value.as_u64().expect("a number") as u32));
            }
        }
    }
}
