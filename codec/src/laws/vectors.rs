//! The vectors held against the decoder, the catalogue of mutations, the table of rules, and the schema of their files.

extern crate std;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde_json::Value;

use crate::laws::files::{committed, hex};
use crate::laws::schema::conforms;
use crate::laws::shown::{combinations, key, shown};
use crate::mutate::{MUTATIONS, Mutation};
use crate::packet::Version;
use crate::read::{Decoded, decode, packet_len};
use crate::rule::{Layer, Rule};
use crate::vectors::{self, Kind, Values, Vector, Verdict, agrees, limits};

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
            let answered = vector.context.version.has_properties() || vector.kind == Some(Kind::AnsweredByConnack);
            assert_eq!(vector.reason, answered.then_some(error.reason), "{}", vector.id);
        }
    }
}

/// Those of legal packets that were written from a packet are that packet's, so that this holds both ways.
#[test]
fn the_decoder_hands_out_the_values_of_every_valid_vector() {
    for vector in vectors::all() {
        let Some(values) = vector.values() else {
            assert_ne!(vector.verdict, Verdict::Valid, "{} has no values", vector.id);
            continue;
        };
        let bytes = vector.bytes();
        match decode(&bytes, vector.context, &vector.limits) {
            Ok(Decoded::Complete { packet, len }) => {
                assert_eq!(
                    (&values, bytes.len()),
                    (&Values::of(&packet, vector.context.version), len),
                    "{}",
                    vector.id
                );
            }
            other => panic!("{}: {other:?}", vector.id),
        }
    }
}

#[test]
fn every_vector_has_its_layer_and_every_breach_its_kind() {
    let mut shown = BTreeSet::new();
    for vector in vectors::all() {
        let of_rule = vector.rule.map(|rule| (rule.layer(), Kind::of(rule, vector.context.version)));
        assert_eq!(of_rule.map(|(_, kind)| kind), vector.kind, "{}", vector.id);
        assert_eq!(of_rule.map_or(vector.layer, |(layer, _)| layer), vector.layer, "{}", vector.id);
        let end = packet_len(&vector.bytes()).map_or(0, |length| length as usize);
        let early = vector.verdict == Verdict::Invalid && end > vector.bytes().len();
        assert_eq!(vector.early, early, "{}", vector.id);
        assert_eq!(vector.values().is_some(), vector.verdict == Verdict::Valid, "{}", vector.id);
        assert!(vector.verdict != Verdict::Incomplete || vector.layer == Layer::Framing, "{}", vector.id);
        shown.insert((vector.context.version.name(), vector.verdict.name(), vector.layer));
    }
    for version in Version::ALL {
        for verdict in [Verdict::Valid, Verdict::Invalid] {
            let all = Layer::ALL.into_iter().filter(|&layer| shown.contains(&(version.name(), verdict.name(), layer)));
            assert_eq!(all.count(), Layer::ALL.len(), "{version}: {}", verdict.name());
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

/// The fields of the line that an object of values stands for: the rule of the README, by a library's reader.
fn line_of(packet: &str, values: &Value) -> String {
    let mut line = String::from(packet);
    for (key, value) in values.as_object().expect("an object") {
        let lists = value.as_array().map(Vec::as_slice);
        for item in lists.unwrap_or(core::slice::from_ref(value)) {
            let mut parts: Vec<String> = match item {
                Value::Array(parts) => parts.iter().map(shown_part).collect(),
                part => [shown_part(part)].into(),
            };
            let name = match key.strip_suffix("properties") {
                Some(of) => format!("{}{}", of.replace('-', "."), parts.remove(0)),
                None if lists.is_some() => key[..key.len() - 1].into(),
                None => key.clone(),
            };
            line.push_str(&format!(" {name}={}", parts.join(":")));
        }
    }
    line
}

fn shown_part(part: &Value) -> String {
    part.as_str().map_or_else(|| part.to_string(), String::from)
}

/// The fields of a line in an order of their names: a library keeps the members of an object in none.
fn sorted(line: &str) -> Vec<&str> {
    let mut fields: Vec<&str> = line.split(' ').collect();
    fields.sort_by_key(|field| field.split_once('=').map_or("", |(name, _)| name));
    fields
}

#[test]
fn the_streams_are_json_of_the_schema() {
    let schema: Value = serde_json::from_str(&committed("vectors/streams.schema.json")).expect("is JSON");
    let of_vectors: Value = serde_json::from_str(&committed("vectors/vectors.schema.json")).expect("is JSON");
    for part in ["values", "properties", "filter", "hex"] {
        assert_eq!(schema["$defs"][part], of_vectors["$defs"][part], "{part} is the same in both schemas");
    }
    for version in Version::ALL {
        let file: Value = serde_json::from_str(vectors::streams_json(version)).expect("is JSON");
        conforms(&schema, &schema, &file).unwrap_or_else(|problem| panic!("MQTT {version}: {problem}"));
        let listed = file["streams"].as_array().expect("an array");
        assert_eq!((&file["count"], vectors::streams_of(version).count()), (&listed.len().into(), listed.len()));
        for (stream, listed) in vectors::streams_of(version).zip(listed) {
            assert_eq!(listed["id"], stream.id);
            let pieces: Vec<String> = stream.pieces.iter().map(|piece| hex(piece)).collect();
            assert_eq!(listed["pieces"], serde_json::json!(pieces));
            let packets = listed["packets"].as_array().expect("an array");
            assert_eq!(packets.len(), stream.packets.len());
            for (listed, due) in packets.iter().zip(&stream.packets) {
                assert_eq!(
                    (&listed["piece"], &listed["length"]),
                    (&due.piece.into(), &due.len.into()),
                    "{}",
                    stream.id
                );
                let line = line_of(due.values.packet.name(), &listed["values"]);
                assert_eq!(sorted(&line), sorted(&due.values.to_string()), "{}", stream.id);
            }
            let refusal = stream.refusal;
            assert_eq!(listed["by"].as_u64(), refusal.map(|refusal| refusal.piece as u64));
            assert_eq!(listed["rule"].as_str(), refusal.map(|refusal| refusal.rule.name()));
            assert_eq!(listed["statement"].as_str(), refusal.and_then(|refusal| refusal.statement));
            assert_eq!(listed["kind"].as_str(), refusal.map(|refusal| refusal.kind.name()));
            let reason = refusal.and_then(|refusal| refusal.reason);
            assert_eq!(listed["reason"].as_u64(), reason.map(|reason| reason.0.into()));
        }
    }
}

#[test]
fn the_files_are_json_of_the_schema() {
    let schema: Value = serde_json::from_str(&committed("vectors/vectors.schema.json")).expect("is JSON");
    for version in Version::ALL {
        let file: Value = serde_json::from_str(vectors::json(version)).expect("is JSON");
        conforms(&schema, &schema, &file).unwrap_or_else(|problem| panic!("MQTT {version}: {problem}"));
        let listed = file["vectors"].as_array().expect("an array");
        assert_eq!(file["count"], listed.len());
        // The reader of lines sees what a reader of JSON sees.
        assert_eq!(vectors::of(version).count(), listed.len());
        for (vector, listed) in vectors::of(version).zip(listed) {
            assert_eq!(listed["id"], vector.id);
            assert_eq!(listed["bytes"], hex(&vector.bytes()).as_str());
            assert_eq!(listed["rule"].as_str(), vector.rule.map(Rule::name));
            assert_eq!(listed["twin"].as_str(), vector.twin);
            assert_eq!(listed["layer"], vector.layer.name());
            assert_eq!(listed["kind"].as_str(), vector.kind.map(Kind::name));
            assert_eq!(listed["reason"].as_u64(), vector.reason.map(|reason| reason.0.into()));
            let by_the_library = listed.get("values").map(|values| line_of(vector.packet.name(), values));
            let by_the_reader = vector.values().map(|values| values.to_string());
            assert_eq!(by_the_library.as_deref().map(sorted), by_the_reader.as_deref().map(sorted), "{}", vector.id);
            for (name, value) in listed["limits"].as_object().into_iter().flatten() {
                assert_eq!(vector.limits, limits(name, value.as_u64().expect("a number") as u32));
            }
        }
    }
}
