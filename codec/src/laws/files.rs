//! The files that the code makes, the vectors and `RULES.md`, held against what makes them.

extern crate std;

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;
use std::path::PathBuf;

use crate::laws::shown::{combinations, key, shown};
use crate::laws::writes_anew;
use crate::packet::{Context, PacketType, Version};
use crate::rule::{ErrorKind, Rule};
use crate::vectors::{Draft, Kind, drafts, reason};

/// Most bytes of all files together.
const LARGEST: usize = 6_000_000;

/// Writes all of them anew.
const COMMAND: &str = "MQTT_ASSAY_WRITE=1 cargo test -p mqtt-assay-codec laws::files";

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file)
}

/// What a committed file says.
pub(super) fn committed(file: &str) -> String {
    std::fs::read_to_string(path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Holds a committed file against what it should be, or writes it.
fn hold(file: &str, wanted: &str) {
    if writes_anew() {
        std::fs::write(path(file), wanted).unwrap_or_else(|error| panic!("{file}: {error}"));
        return;
    }
    let found = committed(file);
    let line = found.lines().zip(wanted.lines()).position(|(found, wanted)| found != wanted);
    assert!(
        found == wanted,
        "{file} is stale from line {}; what writes it anew: {COMMAND}",
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
        "{{\"id\":\"{}\",\"version\":\"{version}\",\"sender\":\"{from}\",\"packet\":\"{}\",\"verdict\":\"{}\",\"layer\":\"{}\"",
        draft.id,
        draft.packet,
        draft.verdict.name(),
        draft.layer
    );
    text.push_str(&breach(draft.rule, draft.statement, version));
    let _ = draft.twin.as_ref().map(|twin| write!(text, ",\"twin\":\"{twin}\""));
    let _ = write!(text, ",\"comment\":\"{}\"", draft.comment);
    let _ = draft.limit.map(|(name, value)| write!(text, ",\"limits\":{{\"{name}\":{value}}}"));
    let _ = write!(text, ",\"bytes\":\"{}\"", hex(&draft.bytes));
    let _ = draft.values.as_ref().map(|values| write!(text, ",\"values\":{}", values.json()));
    text.push('}');
    text
}

/// The members that tell of a breach.
fn breach(rule: Option<Rule>, statement: Option<&str>, version: Version) -> String {
    let Some(rule) = rule else { return String::new() };
    let mut text = format!(",\"rule\":\"{rule}\"");
    let _ = statement.map(|statement| write!(text, ",\"statement\":\"{statement}\""));
    let _ = write!(text, ",\"kind\":\"{}\"", Kind::of(rule, version).name());
    let _ = reason(rule, version).map(|reason| write!(text, ",\"reason\":{}", reason.0));
    text
}

pub(super) fn hex(bytes: &[u8]) -> String {
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
fn the_table_of_rules_is_up_to_date() {
    let shown = shown();
    let mut text = format!(
        "Every rule that the decoder judges: what it says, in which packets it can be broken, the id of the statement of\n\
         the standard, and a vector of `codec/vectors` that breaks it. `U3` and `U5` number rules of the texts that have no\n\
         id there. A dash: the standard has no sentence for it. 3.1 is judged by the same rules as 3.1.1, with its ids.\n\n\
         Made by `{COMMAND}`.\n",
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
