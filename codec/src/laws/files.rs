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
use crate::vectors::{self, Draft, Due, Kind, StreamDraft, drafts, reason, stream_drafts};

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

/// A file: what it is about, the rules that its lines name, and the lines.
fn json(version: Version, name: &str, rules: impl Iterator<Item = Rule>, lines: &[String]) -> String {
    let mut text = String::from("{\n\"schema\":1,\n");
    let _ = writeln!(text, "\"mqtt\":\"{version}\",\n\"count\":{},\n\"rules\":{{", lines.len());
    let named: BTreeSet<Rule> = rules.collect();
    let rules: Vec<String> = named.iter().map(|rule| format!("\"{rule}\":\"{}\"", rule.says())).collect();
    let _ = writeln!(text, "{}\n}},\n\"{name}\":[\n{}\n]\n}}", rules.join(",\n"), lines.join(",\n"));
    text
}

fn vectors_file(version: Version) -> String {
    let drafts = drafts(version);
    let lines: Vec<String> = drafts.iter().map(line).collect();
    json(version, "vectors", drafts.iter().filter_map(|draft| draft.rule), &lines)
}

fn streams_file(version: Version) -> String {
    let drafts = stream_drafts(version);
    let lines: Vec<String> = drafts.iter().map(stream_line).collect();
    json(version, "streams", drafts.iter().filter_map(|draft| Some(draft.refusal?.0.rule)), &lines)
}

fn stream_line(draft: &StreamDraft) -> String {
    let Context { version, from } = draft.context;
    let mut text = format!(
        "{{\"id\":\"{}\",\"version\":\"{version}\",\"sender\":\"{from}\",\"layer\":\"{}\",\"comment\":\"{}\",\"end\":\"{}\"",
        draft.id,
        draft.layer,
        draft.comment,
        draft.end.name()
    );
    if let Some((error, piece)) = &draft.refusal {
        let _ = write!(text, ",\"by\":{piece}{}", breach(Some(error.rule), error.id(), version));
    }
    let due = |due: &Due| {
        let (packet, values) = (due.values.packet, due.values.json());
        format!("{{\"piece\":{},\"length\":{},\"packet\":\"{packet}\",\"values\":{values}}}", due.piece, due.len)
    };
    let packets: Vec<String> = draft.packets.iter().map(due).collect();
    let pieces: Vec<String> = draft.pieces.iter().map(|piece| format!("\"{}\"", hex(piece))).collect();
    let _ = write!(text, ",\"packets\":[{}],\"pieces\":[{}]}}", packets.join(","), pieces.join(","));
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
    if draft.is_early() {
        text.push_str(",\"early\":1");
    }
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
        for (name, text) in [("mqtt", vectors_file(version)), ("streams", streams_file(version))] {
            size += text.len();
            hold(&format!("vectors/{name}-{version}.json"), &text);
        }
    }
    assert!(size < LARGEST, "{size} bytes of vectors");
}

#[test]
fn the_page_says_how_many_there_are() {
    let page = committed("vectors/README.md");
    for count in [vectors::all().count(), vectors::streams().count()] {
        let (thousands, rest) = (count / 1000, count % 1000);
        let count = if thousands == 0 { format!(" {rest} ") } else { format!(" {thousands},{rest:03} ") };
        assert!(page.contains(&count), "vectors/README.md does not say that there are{count}");
    }
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
