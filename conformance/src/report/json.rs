//! The JSON report: a document, written and read again.

use super::brief::Brief;
use super::document::{Document, SCHEMA};
use crate::text::single_line;
use serde::Deserialize;
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

/// The field whose texts have lines: the files of a broker. Who shows them escapes each line.
const FILES: &str = "files";

/// Writes a report.
pub(crate) fn write(mut out: impl Write, document: &Document) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut out, document)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// What tells a report from other JSON.
#[derive(Deserialize)]
struct Head {
    schema: u32,
    #[serde(default)]
    brief: bool,
}

/// Reads a report again; `-` is standard input.
///
/// # Errors
///
/// In words, with the file's name: what can't be read, is no JSON, no report, or one of another schema.
pub(crate) fn read(path: &Path) -> Result<Document, String> {
    let (name, text) = text(path)?;
    parse(&name, &text)
}

/// The name and the bytes of a report's file, whatever report it is.
///
/// # Errors
///
/// In words, with the file's name.
pub(crate) fn text(path: &Path) -> Result<(String, Vec<u8>), String> {
    let name = if path.as_os_str() == "-" { "standard input".to_owned() } else { single_line(&path.to_string_lossy()) };
    match text_of(path) {
        Ok(text) => Ok((name, text)),
        Err(error) => Err(format!("{name}: {error}; `mqtt-assay run --json FILE` writes a report")),
    }
}

/// The report of a run in a text that was read.
///
/// # Errors
///
/// In words, with the file's name.
pub(crate) fn parse(name: &str, text: &[u8]) -> Result<Document, String> {
    document_of(text).map_err(|problem| format!("{name}: {problem}"))
}

/// A report as a terminal can show it, whoever wrote the file: every text stays on its line.
pub(crate) fn read_for_people(path: &Path) -> Result<Document, String> {
    let document = read(path)?;
    let shown = serde_json::to_value(&document).map(visible).and_then(serde_json::from_value);
    shown.map_err(|error| single_line(&format!("{}: {error}", path.display())))
}

/// The same with every text on its line.
fn visible(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(single_line(&text)),
        Value::Array(values) => Value::Array(values.into_iter().map(visible).collect()),
        Value::Object(fields) => {
            let kept = |(name, value): (String, Value)| match name.as_str() {
                FILES => (name, value),
                _ => (single_line(&name), visible(value)),
            };
            Value::Object(fields.into_iter().map(kept).collect())
        }
        other => other,
    }
}

fn text_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    if path.as_os_str() == "-" {
        io::stdin().read_to_end(&mut text)?;
    } else {
        BufReader::new(File::open(path)?).read_to_end(&mut text)?;
    }
    Ok(text)
}

pub(super) fn document_of(text: &[u8]) -> Result<Document, String> {
    let in_words = |error: &serde_json::Error| {
        let what = single_line(&error.to_string());
        format!("not a report of `mqtt-assay run --json`: {what}")
    };
    let head: Head = serde_json::from_slice(text).map_err(|error| in_words(&error))?;
    if head.schema != SCHEMA {
        let message = format!("its schema is {}, and this program reads schema {SCHEMA}; run it again", head.schema);
        return Err(message);
    }
    if head.brief {
        let brief: Brief = serde_json::from_slice(text).map_err(|error| in_words(&error))?;
        return Ok(brief.into_document());
    }
    serde_json::from_slice(text).map_err(|error| in_words(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::{Times, Transcripts};
    use crate::report::{Ended, samples};
    use crate::scenario::{Stop, Verdict};
    use std::time::Duration;

    #[test]
    fn what_is_written_is_read_again() {
        let failed = samples::result(&[(Verdict::Fail, "DUP 1")], Some(Stop::Failed));
        let passed = samples::result(&[(Verdict::Pass, "DUP 0")], None);
        let times = Times { started: "2026-01-01T00:00:00Z".to_owned(), took: Duration::from_millis(7) };
        let end = samples::end(Ended::Complete);
        let document = Document::of(&samples::facts(), &times, &[failed, passed], &end, Transcripts::All);
        let mut written = Vec::new();
        write(&mut written, &document).expect("memory takes it");
        let read = document_of(&written).expect("a report");
        let mut again = Vec::new();
        write(&mut again, &read).expect("memory takes it");
        assert_eq!(String::from_utf8(again), String::from_utf8(written));
    }

    #[test]
    fn what_people_are_shown_stays_on_its_line_whoever_wrote_the_file() {
        let hostile = serde_json::json!({ "a\u{1b}": ["b\nc", { "files": { "d": "e\nf" } }], "g": 1 });
        let shown = serde_json::json!({ "a\\u{1b}": ["b\\nc", { "files": { "d": "e\nf" } }], "g": 1 });
        assert_eq!(visible(hostile), shown);
    }

    #[test]
    fn what_is_no_report_is_refused_in_words() {
        let problem = |text: &[u8]| document_of(text).map(|_| ()).expect_err("refused");
        assert!(problem(b"").contains("not a report"));
        assert!(problem(br#"{"tests": 3}"#).contains("missing field `schema`"));
        assert!(problem(br#"{"schema": 9}"#).contains("its schema is 9"));
        assert!(problem(br#"{"schema": 1}"#).contains("missing field `tool`"));
    }
}
