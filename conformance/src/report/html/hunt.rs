//! The page of a hunt: what it came to, each finding with what it takes to repeat it, and the table of ends. It has no script.

use super::{STYLE, number};
use crate::report::hunted::{Found, HuntReport, progress, record, result, script, shown};
use crate::text::{cut, single_line};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use std::io::{self, Write};

/// The ends of a connection, in the order of their columns.
const ENDS: [&str; 4] = ["ALIVE", "CLOSED", "WAITING", "HUNG"];

/// Letters of a transcript or a script that the page holds: whoever wants more has the file.
const LETTERS: usize = 40_000;

/// The whole page.
#[derive(Template)]
#[template(path = "hunt.html")]
struct Page {
    title: String,
    tool: String,
    policy: String,
    style: &'static str,
    broker: String,
    address: String,
    result: String,
    /// `pass`, `fail`, or `open` where nobody knows.
    class: &'static str,
    trouble: String,
    progress: String,
    commands: Vec<String>,
    planned: String,
    findings: Vec<Row>,
    others: Vec<Row>,
    end_names: [&'static str; ENDS.len()],
    ends: Vec<(String, Vec<String>)>,
}

/// A finding.
struct Row {
    file: String,
    class: &'static str,
    sign: &'static str,
    weight: String,
    key: String,
    seen: String,
    rule: String,
    mutation: String,
    says: String,
    first: String,
    count: String,
    operations: String,
    replay: String,
    record: String,
    transcript: String,
    script: String,
}

/// Writes the page.
pub(crate) fn write(mut out: impl Write, report: &HuntReport) -> io::Result<()> {
    Page::of(report).write_into(&mut out)?;
    out.flush()
}

impl Page {
    fn of(report: &HuntReport) -> Self {
        let (findings, others): (Vec<&Found>, Vec<&Found>) =
            report.sorted().into_iter().partition(|found| found.known || found.is_confirmed());
        let rows = |all: Vec<&Found>| all.into_iter().map(|found| Row::of(found, report)).collect();
        let commands = report.parts.iter().map(|part| {
            let shard = part.shard.as_ref().map_or(String::new(), |shard| format!(" --shard {shard}"));
            single_line(&format!("mqtt-assay fuzz {} --seed {}{shard}", report.command, part.seed))
        });
        let result = result(report, "").trim_end().to_owned();
        let hash = STANDARD.encode(Sha256::digest(STYLE));
        Self {
            title: single_line(&format!("The hunt of {}", report.target.name)),
            tool: single_line(&format!("{} {}", report.tool.name, report.tool.version)),
            policy: format!(
                "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; form-action 'none'"
            ),
            style: STYLE,
            broker: single_line(&report.target.name),
            address: single_line(&report.target.address),
            result,
            class: match report.exit {
                0 => "pass",
                1 => "fail",
                _ => "open",
            },
            trouble: single_line(report.trouble.as_deref().unwrap_or_default()),
            progress: single_line(&progress(&report.progress())),
            commands: commands.collect(),
            planned: single_line(&report.planned),
            findings: rows(findings),
            others: rows(others),
            end_names: ENDS,
            ends: report.ends.iter().map(|(expected, counts)| (single_line(expected), ends(counts))).collect(),
        }
    }
}

fn ends(counts: &std::collections::BTreeMap<String, u64>) -> Vec<String> {
    ENDS.iter().map(|end| number(counts.get(*end).copied().unwrap_or_default() as usize)).collect()
}

impl Row {
    fn of(found: &Found, report: &HuntReport) -> Self {
        let facts = report.facts();
        let (class, sign) = match () {
            () if found.known => ("expected", "\u{2717}"),
            () if !found.is_confirmed() => ("not-exercised", "\u{b7}"),
            () if found.counts(false) => ("fail", "\u{2715}"),
            () => ("weak", "~"),
        };
        let known = if found.known { " (known)" } else { "" };
        let lines = |text: Option<String>| {
            let text = text.unwrap_or_default();
            let lines: Vec<String> = text.lines().map(single_line).collect();
            cut(&lines.join("\n"), LETTERS).into_owned()
        };
        let file = single_line(&found.file);
        Self {
            class,
            sign,
            weight: single_line(&found.weight) + known,
            key: single_line(&found.key),
            seen: cut(&single_line(&found.seen), 2000).into_owned(),
            rule: found.rule_in_words(),
            mutation: single_line(found.mutation.as_deref().unwrap_or_default()),
            says: single_line(&found.says),
            first: found.first(),
            count: number(found.count as usize),
            operations: found.operations().unwrap_or_default(),
            replay: single_line(&format!("mqtt-assay replay {file}.txt {} --times 20", facts.words)),
            record: lines(shown(found)),
            transcript: lines(record(found)),
            script: lines(script(found, &facts)),
            file,
        }
    }
}
