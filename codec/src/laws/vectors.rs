//! The vectors held against the decoder, the catalogue of mutations and the table of rules; and the files held against
//! what makes them.
//!
//! `MQTT_ASSAY_WRITE=1 cargo test -p mqtt-assay-codec vector_tests` writes the files anew.

extern crate std;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write as _;
use serde_json::Value;
use std::path::PathBuf;

use crate::mutate::{MUTATIONS, Mutation};
use crate::packet::{Context, PacketType, Sender, Version};
use crate::read::decode;
use crate::rule::{ErrorKind, Rule};
use crate::vectors::{self, Draft, Vector, Verdict, agrees, drafts, limits};

/// Most bytes of all files together.
const LARGEST: usize = 4 << 20;

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file)
}

/// Holds a committed file against what it should be, or writes it.
fn hold(file: &str, wanted: &str) {
    if std::env::var_os("MQTT_ASSAY_WRITE").is_some() {
        std::fs::write(path(file), wanted).unwrap_or_else(|error| panic!("{file}: {error}"));
        return;
    }
    let found = std::fs::read_to_string(path(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let line = found.lines().zip(wanted.lines()).position(|(found, wanted)| found != wanted);
    assert!(
        found == wanted,
        "{file} is stale from line {}: MQTT_ASSAY_WRITE=1 cargo test -p mqtt-assay-codec vector_tests",
        line.map_or_else(|| found.lines().count().min(wanted.lines().count()) + 1, |line| line + 1)
    );
}

fn json(version: Version, drafts: &[Draft]) -> String {
    let mut text = String::from("{\n\"schema\":1,\n");
    let _ = writeln!(text, "\"mqtt\":\"{version}\",\n\"count\":{},\n\"rules\":{{", drafts.len());
    let named: BTreeSet<Rule> = drafts.iter().filter_map(|draft| draft.rule).collect();
    let rules: Vec<String> = named.iter().map(|rule| format!("\"{rule}\":\"{}\"", rule.says())).collect();
    let _ = writeln!(text, "{}\n}},\n\"vectors\":[", rules.join(",\n"));
    let lines: Vec<String> = drafts.iter().map(line).collect();
    let _ = writeln!(text, "{}\n]\n}}", lines.join(",\n"));
    text
}

fn line(draft: &Draft) -> String {
    let Context { version, from } = draft.context;
    let mut text = format!(
        "{{\"id\":\"{}\",\"version\":\"{version}\",\"sender\":\"{from}\",\"packet\":\"{}\",\"verdict\":\"{}\"",
        draft.id,
        draft.packet,
        draft.verdict.name()
    );
    let optional = [
        ("rule", draft.rule.map(Rule::name)),
        ("statement", draft.statement),
        ("twin", draft.twin.as_deref()),
        ("comment", Some(draft.comment.as_str())),
    ];
    for (key, value) in optional {
        let _ = value.map(|value| write!(text, ",\"{key}\":\"{value}\""));
    }
    let _ = draft.limit.map(|(name, value)| write!(text, ",\"limits\":{{\"{name}\":{value}}}"));
    let _ = write!(text, ",\"bytes\":\"{}\"}}", hex(&draft.bytes));
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[test]
fn the_files_are_what_the_code_makes() {
    let mut size = 0;
    for version in Version::ALL {
        let text = json(version, &drafts(version));
        size += text.len();
        hold(&format!("vectors/mqtt-{version}.json"), &text);
    }
    assert!(size < LARGEST, "{size} bytes of vectors");
}

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
    let schema = std::fs::read_to_string(path("vectors/vectors.schema.json")).expect("is there");
    let schema: Value = serde_json::from_str(&schema).expect("is JSON");
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

/// Every combination to which a rule applies: rule, type of the packet, context.
fn combinations() -> impl Iterator<Item = (Rule, Option<PacketType>, Context)> {
    let packets = || PacketType::ALL.into_iter().map(Some).chain([None]);
    let contexts = Version::ALL
        .into_iter()
        .flat_map(|version| [Sender::Client, Sender::Server].into_iter().map(move |from| Context::new(version, from)));
    contexts.flat_map(move |context| {
        let of_rule = move |&rule: &Rule| packets().map(move |packet| (rule, packet, context));
        Rule::ALL.iter().flat_map(of_rule).filter(|&(rule, packet, context)| rule.applies_to(packet, context))
    })
}

/// The first invalid vector of each rule, packet type and context.
fn shown() -> BTreeMap<(Rule, Option<PacketType>, &'static str, String), Vector> {
    let mut shown = BTreeMap::new();
    for vector in vectors::all().filter(|vector| vector.verdict != Verdict::Valid) {
        if let Err(error) = decode(&vector.bytes(), vector.context, &vector.limits) {
            shown.entry(key((error.rule, error.packet_type, vector.context))).or_insert(vector);
        }
    }
    shown
}

fn key(
    (rule, packet, context): (Rule, Option<PacketType>, Context),
) -> (Rule, Option<PacketType>, &'static str, String) {
    (rule, packet, context.version.name(), context.from.to_string())
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

#[test]
fn the_table_of_rules_is_up_to_date() {
    let shown = shown();
    let mut text = String::from(
        "Every rule that the decoder judges: what it says, in which packets it can be broken, the id of the statement of\n\
         the standard, and a vector of `codec/vectors` that breaks it. `U3` and `U5` number rules of the texts that have no\n\
         id there. A dash: the standard has no sentence for it. 3.1 is judged by the same rules as 3.1.1, with its ids.\n\n\
         Made by `MQTT_ASSAY_WRITE=1 cargo test -p mqtt-assay-codec vector_tests`.\n",
    );
    for &rule in Rule::ALL {
        let kind = match rule.kind() {
            ErrorKind::Malformed => "malformed packet",
            ErrorKind::ProtocolError => "protocol error",
            ErrorKind::TooLarge => "limit of the receiver",
        };
        let _ = writeln!(text, "\n## {rule}\n\n{} ({kind})\n", rule.says());
        text.push_str("| MQTT | packet | from | statement | vector |\n| --- | --- | --- | --- | --- |\n");
        for (rule, packet, context) in combinations().filter(|(found, ..)| *found == rule) {
            let Some(vector) = shown.get(&key((rule, packet, context))) else { continue };
            let name = packet.map_or("reserved", PacketType::name);
            let statement = rule.id_from(context.version, packet, context.from).unwrap_or("-");
            let Context { version, from } = context;
            let _ = writeln!(text, "| {version} | {name} | {from} | {statement} | `{}` |", vector.id);
        }
    }
    hold("RULES.md", &text);
}
