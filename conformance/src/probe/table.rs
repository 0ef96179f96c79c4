//! What was found, for people: a table of 80 columns, and below it what was seen at each limit.

use super::client::NOTHING;
use super::finding::{Cell, Finding, Findings, Group, Value};
use crate::text::{cut, paragraph, single_line};
use mqtt_assay_codec::Version;
use std::fmt::Write as _;

/// Letters of a line.
const WIDTH: usize = 80;

/// Letters of a title and of a value.
const TITLE: usize = 31;
const VALUE: usize = 14;

/// A name of so many letters has what is said of it beside it.
const SHORT: usize = 20;

/// Letters of what a broker has said that are shown.
const SHOWN: usize = 300;

/// The whole of it.
pub(crate) fn table(found: &Findings) -> String {
    let mut out = String::from("Versions\n");
    for version in &found.versions {
        let says = if version.spoken { "spoken".to_owned() } else { format!("not spoken: {}", version.note) };
        line(&mut out, &format!("MQTT {:<7}", version.mqtt), &says);
    }
    let versions = asked(found);
    for group in [Group::Features, Group::Limits] {
        let rows: Vec<&Finding> = found.findings.iter().filter(|finding| finding.group == group).collect();
        if rows.is_empty() {
            continue;
        }
        let heads = versions.iter().fold(String::new(), |out, version| format!("{out} {:<VALUE$}", version.name()));
        let _ = writeln!(out, "\n{:<width$}{heads} learnt", group.heading(), width = TITLE + 2);
        for finding in rows {
            row(&mut out, finding, &versions);
        }
    }
    out.push_str(&notes(found));
    out.push_str(&contradictions(found));
    out.push_str(&deaths(found));
    out
}

/// The versions in which anything was asked.
fn asked(found: &Findings) -> Vec<Version> {
    let versions = [Version::V3_1_1, Version::V5];
    let is_asked = |version: &Version| found.findings.iter().any(|finding| finding.by_version.contains_key(version));
    versions.into_iter().filter(is_asked).collect()
}

fn row(out: &mut String, finding: &Finding, versions: &[Version]) {
    let values = versions.iter().fold(String::new(), |out, version| {
        let value = finding.by_version.get(version).map_or_else(|| "-".to_owned(), value);
        format!("{out} {value:<VALUE$}")
    });
    let _ = writeln!(out, "  {:<TITLE$}{values} {}", finding.title, finding.learnt());
}

fn value(cell: &Cell) -> String {
    let words = cell.value().map_or_else(|| "?".to_owned(), |value| single_line(&value.in_words()));
    if cell.at_least { format!(">= {words}") } else { words }
}

/// A name and what is said of it, in several lines where it must be.
fn line(out: &mut String, name: &str, says: &str) {
    let (head, says) = (format!("  {name} "), cut(&single_line(says), SHOWN).into_owned());
    let (width, length) = (head.chars().count(), says.chars().count());
    if width + length <= WIDTH {
        let _ = writeln!(out, "{head}{says}");
    } else if width <= SHORT {
        let lines = paragraph(&says, WIDTH - width, 0);
        let _ = writeln!(out, "{head}{}", lines.replace('\n', &format!("\n{:width$}", "")));
    } else {
        let _ = writeln!(out, "  {}", paragraph(&(head + &says), WIDTH - 2, 4));
    }
}

/// What was seen beyond a limit, or in the place of a feature.
fn notes(found: &Findings) -> String {
    let mut out = String::new();
    for finding in &found.findings {
        let mut told: Vec<(&str, Vec<&str>)> = Vec::new();
        for (version, cell) in finding.by_version.iter().filter(|(_, cell)| !cell.note.is_empty()) {
            match told.iter_mut().find(|(note, _)| *note == cell.note) {
                Some((_, versions)) => versions.push(version.name()),
                None => told.push((&cell.note, vec![version.name()])),
            }
        }
        for (note, versions) in told {
            line(&mut out, &format!("{} ({}):", finding.title, versions.join(", ")), note);
        }
    }
    let has_more = found.findings.iter().flat_map(|finding| finding.by_version.values()).any(|cell| cell.at_least);
    let mut legend = String::new();
    if has_more {
        legend.push_str("\n>= means: the search ended there; more may be possible.\n");
    }
    if found.findings.iter().any(|finding| finding.group == Group::Limits && ends_in_silence(finding)) {
        legend.push_str("\nA limit that ends in silence may be one of time: --patience x5 waits longer.\n");
    }
    if out.is_empty() { legend } else { format!("\nWhat was seen\n{out}{legend}") }
}

fn ends_in_silence(finding: &Finding) -> bool {
    finding.by_version.values().any(|cell| cell.note.contains(NOTHING))
}

fn contradictions(found: &Findings) -> String {
    let mut out = String::new();
    for finding in &found.findings {
        for (version, cell) in finding.by_version.iter().filter(|(_, cell)| cell.is_contradicted()) {
            let words = |value: &Option<Value>| value.as_ref().map(Value::in_words).unwrap_or_default();
            let says = format!("announced {}, seen {}", words(&cell.announced), words(&cell.tried));
            line(&mut out, &format!("{} ({version}):", finding.title), &says);
        }
    }
    if out.is_empty() { out } else { format!("\nAnnounced otherwise than seen\n{out}") }
}

fn deaths(found: &Findings) -> String {
    let mut out = String::new();
    for death in &found.deaths {
        line(&mut out, &format!("MQTT {}, after {}:", death.mqtt, death.after), &death.how);
    }
    let mut out = if out.is_empty() { out } else { format!("\nThe broker died\n{out}") };
    if !found.unfinished.is_empty() {
        out.push_str("\nNot all was asked\n");
        line(&mut out, "-", &found.unfinished);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Death, VersionFound};
    use super::*;

    fn sample() -> Findings {
        let spoken = |mqtt, spoken, note: &str| VersionFound { mqtt, spoken, note: note.to_owned() };
        let mut found = Findings {
            versions: vec![spoken("3.1", false, "CONNACK 0x01 (unacceptable protocol version)"), spoken("5", true, "")],
            deaths: vec![Death {
                mqtt: "5",
                after: "levels of a topic: 65401".to_owned(),
                how: "signal: 9\nand \x1b[2J more".repeat(9),
            }],
            unfinished: "the broker died 4 times".to_owned(),
            ..Findings::default()
        };
        let retain = ("retain", Group::Features, "retained messages");
        let cell = Cell::tried(Value::Is(true), "").and_announced(Some(Value::Is(false)));
        found.note(Version::V5, retain, cell);
        found.note(Version::V3_1_1, retain, Cell::tried(Value::Is(false), "no answer within 3 s"));
        let packet = ("largest-packet", Group::Limits, "packet, bytes");
        let cell = Cell { at_least: true, ..Cell::tried(Value::Number(16_777_216), "") };
        found.note(Version::V5, packet, cell);
        found
    }

    #[test]
    fn no_line_is_longer_than_a_terminal_and_nothing_hostile_gets_through() {
        let table = table(&sample());
        assert!(!table.contains('\x1b'), "{table}");
        let long: Vec<&str> = table.lines().filter(|line| line.chars().count() > WIDTH).collect();
        assert_eq!(long, Vec::<&str>::new());
    }

    #[test]
    fn it_tells_values_contradictions_and_deaths() {
        insta::assert_snapshot!("table_of_a_sample", table(&sample()));
    }
}
