//! What fuzzing a decoder came to: for people and as JSON.

use super::document::milliseconds;
use crate::testee::fuzz::{Breach, Finding, FindingRow, Progress, told};
use crate::testee::{Answer, Question};
use crate::text::{counted, grouped, single_line};
use crate::whole_file::write_whole;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::time::Duration;

/// All findings, as machines read them.
#[derive(Debug, Serialize)]
pub(crate) struct FuzzReport {
    schema: u32,
    decoder: String,
    command: String,
    seed: u64,
    cases: u64,
    decodes: u64,
    skipped: u64,
    decodes_a_second: u64,
    took_ms: u64,
    findings: Vec<FindingRow>,
}

impl FuzzReport {
    pub(crate) fn new(
        decoder: &str,
        command: &str,
        seed: u64,
        findings: &[Finding],
        progress: &Progress,
        took: Duration,
    ) -> Self {
        Self {
            schema: 1,
            decoder: decoder.to_owned(),
            command: command.to_owned(),
            seed,
            cases: progress.cases,
            decodes: progress.decodes,
            skipped: progress.skipped,
            decodes_a_second: progress.rate(),
            took_ms: milliseconds(took),
            findings: findings.iter().map(|finding| finding.row(command)).collect(),
        }
    }

    /// Writes it; `-` is standard output.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
        text.push('\n');
        if path.as_os_str() == "-" {
            return io::Write::write_all(&mut io::stdout(), text.as_bytes());
        }
        write_whole(path, &text)
    }
}

/// What it came to, by sort and what it is about.
pub(crate) fn summary(decoder: &str, findings: &[Finding], progress: &Progress, folder: &Path) -> String {
    let mut text = format!(
        "{}: {} inputs, {} decodes, {} a second; ",
        single_line(decoder),
        grouped(progress.cases as usize),
        grouped(progress.decodes as usize),
        grouped(progress.rate() as usize)
    );
    if progress.skipped > 0 {
        let _ = write!(text, "{} not implemented; ", grouped(progress.skipped as usize));
    }
    if findings.is_empty() {
        return text + "no finding\n";
    }
    let _ = writeln!(text, "{} in {}", counted(findings.len(), "finding"), folder.display());
    let mut by_thing: BTreeMap<_, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        by_thing.entry((finding.breach.sort, &finding.breach.about)).or_default().push(finding);
    }
    for ((sort, about), alike) in by_thing {
        let statement = alike[0].breach.statement.map_or_else(String::new, |id| format!(" ({id})"));
        let times: u64 = alike.iter().map(|finding| finding.times).sum();
        let _ =
            writeln!(text, "  {:12} {}{statement}, {} times", sort.word(), single_line(about), grouped(times as usize));
    }
    text
}

/// One question with its answer, and what is wrong about it.
pub(crate) fn in_words(question: &Question, answer: &Answer, breach: Option<&Breach>) -> String {
    let mut text = format!("question:  {question}\n");
    for came in &answer.packets {
        let values = came.values.as_deref().unwrap_or("no values stated");
        let _ = writeln!(text, "piece {:<4} {}", came.piece, single_line(values));
    }
    let _ = writeln!(text, "came:      {}", single_line(&told(&answer.end)));
    if let Some(breach) = breach {
        let _ = writeln!(text, "due:       {}", single_line(&breach.due));
        let _ = writeln!(text, "wrong:     {}: {}", breach.sort.word(), single_line(&breach.about));
    }
    text
}
