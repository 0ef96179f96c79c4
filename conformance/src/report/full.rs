//! One case of a report in full: its rules, what was expected and what came, and its transcript with every packet explained field
//! by field.

use super::document::{CaseReport, Document};
use super::lines::Told;
use super::script::way_out;
use super::text::{bold, details_of, on_screen, result_line, style, styled};
use crate::link::{Transcript, What, parse_line};
use crate::scenario::Verdict;
use crate::text::counted;
use mqtt_assay_codec::{Context, Sender, Version, annotate};
use std::fmt::Write as _;

/// How far the fields of a packet are set in.
const FIELDS: &str = "          ";

/// A case, for people.
pub(crate) fn told(document: &Document, case: &CaseReport, width: Option<usize>) -> String {
    let mut out = format!("{}{}\n", result_line(case), rows(case));
    out.push_str(&on_screen(&details_of(case, &document.repeat(case), document.tested()), width));
    out.push_str(&rules(case));
    out.push_str(&transcript(case));
    if !is_whole(case) {
        let _ = writeln!(out, "  {}", way_out(document, case));
    }
    out
}

fn rows(case: &CaseReport) -> String {
    let variant = if case.variant == "plain" { String::new() } else { format!(" (variant {})", case.variant) };
    format!("    {}{variant}", bold(&case.title))
}

/// Every rule of the case with its verdict; those that decided a breach are told with what they say already.
fn rules(case: &CaseReport) -> String {
    let mut out = format!("\n{}\n", bold("Rules"));
    for rule in &case.rules {
        let style = style(rule.verdict);
        let line = rule.line.map_or_else(String::new, |line| format!(", line {line}"));
        let _ = writeln!(out, "{style}{:>13}{style:#} {} ({}){line}", rule.verdict, rule.id, rule.level);
    }
    out
}

/// The lines that the report holds, and below each the fields of its packet.
fn transcript(case: &CaseReport) -> String {
    let held = match (case.transcript.len(), is_whole(case)) {
        (0, _) => "none in this report".to_owned(),
        (lines, true) => counted(lines, "line"),
        (lines, false) => format!("{} that decided", counted(lines, "line")),
    };
    let mut out = format!("\n{}: {held}\n", bold("Transcript"));
    for line in &case.transcript {
        let Some(told) = Told::of(line) else { continue };
        let _ = writeln!(out, "{}", shown(case, &told));
        out.push_str(&fields(case, line, told.role));
    }
    out
}

/// A line without its bytes, which stand below it; marked where it is the cause, or where the case was decided.
fn shown(case: &CaseReport, told: &Told<'_>) -> String {
    let (arrow, packet) = told.what.split_once(' ').unwrap_or((told.what, ""));
    let mutated = packet.split_once(" !").map_or_else(String::new, |(_, name)| format!(" !{name}"));
    let what = match told.words {
        Some(words) => format!("{arrow} {words}{mutated}"),
        None => told.what.to_owned(),
    };
    let line = format!("{:>4} {:>11} {:<12} {what}", told.number, told.at, told.role);
    let mark = match told.number {
        number if case.decided_by.line == Some(number) => "  <== decided",
        number if case.sent_in_line == Some(number) => "  <== the cause",
        _ => return line,
    };
    let verdict = if mark.ends_with("cause") { Verdict::Weak } else { case.verdict };
    line + &styled(style(verdict), mark)
}

/// The packet of a line field by field; nothing where it has none, and its hexadecimal form as it is where the report has left
/// something out.
fn fields(case: &CaseReport, line: &str, role: &str) -> String {
    let Ok(parsed) = parse_line(line) else {
        let what = Told::of(line).map_or("", |told| told.what);
        return format!("{FIELDS}{}\n", what.trim_start_matches(['-', '>', '<', ' ']));
    };
    let (bytes, sender) = match &parsed.what {
        What::Sent { bytes, .. } => (bytes, Sender::Client),
        What::Received(bytes) => (bytes, Sender::Server),
        _ => return String::new(),
    };
    let annotated = annotate(bytes, Context::new(version_of(case, role), sender));
    // The first line says again what the packet is.
    annotated.lines().skip(1).fold(String::new(), |out, line| out + FIELDS + line + "\n")
}

/// The version that a role speaks.
fn version_of(case: &CaseReport, role: &str) -> Version {
    case.other_versions.get(role).unwrap_or(&case.mqtt).parse().unwrap_or(Version::V5)
}

/// Whether the report holds every line of the case.
pub(super) fn is_whole(case: &CaseReport) -> bool {
    let numbers = case.transcript.iter().map(|line| Told::of(line).map(|told| told.number));
    !case.transcript.is_empty() && numbers.eq((1..).map(Some).take(case.transcript.len()))
}

/// The transcript as data.
///
/// # Errors
///
/// In words: where the report has none, or not all of it.
pub(super) fn transcript_of(case: &CaseReport) -> Result<Transcript, String> {
    if case.transcript.is_empty() {
        return Err("the report holds no transcript of it".to_owned());
    }
    if !is_whole(case) {
        return Err("the report holds only the lines that decided it".to_owned());
    }
    let mut transcript = Transcript::new(case.case.clone(), version_of(case, ""));
    for (role, version) in &case.other_versions {
        transcript.speaks(role, version.parse().unwrap_or(Version::V5));
    }
    for (index, line) in case.transcript.iter().enumerate() {
        let line = parse_line(line).map_err(|problem| format!("line {} of its transcript: {problem}", index + 1))?;
        transcript.lines.push(line);
    }
    Ok(transcript)
}
