//! The JUnit report: what `run --junit` writes, in the form that CI servers read. A suite is a chapter, a case is named
//! by its id. A fail is a `<failure>`, an inconclusive case an `<error>`, and what was not offered or not exercised is
//! `<skipped>`. A weak case passes and says why in `<system-out>`; with `--strict` it is a failure.
//!
//! A case that is as a baseline lists it passes as well, with the reason there: it was judged, so it is not skipped, and a
//! server that counts failures shall count those that are new. Where the baseline itself no longer holds, each entry is a
//! failure in the suite `baseline`.
//!
//! A run that did not come to its end, or judged nothing, has an `<error>` of its own in the suite `run`: what is not there
//! must not look like a success.
//!
//! Whatever a broker sent is escaped, and characters that XML 1.0 has no place for are replaced.

use super::baseline::{BaselineReport, DifferenceReport};
use super::document::{CaseReport, Document, Mark};
use super::tested::Tested;
use super::{Ended, text};
use crate::scenario::Verdict;
use crate::text::single_line;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

/// What stands for a character that XML 1.0 forbids.
const REPLACEMENT: char = '\u{fffd}';

/// Writes the report of a run, whether it has just ended or its file is read again. With `--strict` a weak case is a failure.
pub(crate) fn write(mut out: impl Write, run: &Document) -> io::Result<()> {
    let mut suites: BTreeMap<&str, Vec<&CaseReport>> = BTreeMap::new();
    for case in &run.results {
        suites.entry(&case.chapter).or_default().push(case);
    }
    let is_whole = run.ended == Ended::Complete;
    let stale: Vec<&DifferenceReport> = run.baseline.iter().flat_map(BaselineReport::stale).collect();
    let counts = Counts::of(&run.results, run).and_errors(u32::from(!is_whole)).and_failures(stale.len());
    let took = seconds(run.took_ms);
    let mut writer = Writer::new_with_indent(&mut out, b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .create_element("testsuites")
        .with_attributes([
            ("name", env!("CARGO_PKG_NAME")),
            ("tests", counts.tests.to_string().as_str()),
            ("failures", counts.failures.to_string().as_str()),
            ("errors", counts.errors.to_string().as_str()),
            ("time", &took),
        ])
        .write_inner_content(|writer| {
            if !is_whole {
                error_of_the_run(writer, run)?;
            }
            if !stale.is_empty() {
                suite_of_the_baseline(writer, run, &stale)?;
            }
            suites.iter().try_for_each(|(chapter, cases)| suite(writer, run, chapter, cases))
        })?;
    out.write_all(b"\n")?;
    out.flush()
}

/// A suite with nothing but the reason why the others are not all that there should be.
fn error_of_the_run<W: Write>(writer: &mut Writer<W>, run: &Document) -> io::Result<()> {
    let (time, message) = (seconds(run.took_ms), allowed(&single_line(&run.why)));
    let counts = [("tests", "1"), ("failures", "0"), ("errors", "1"), ("skipped", "0")];
    let suite = writer.create_element("testsuite").with_attribute(("name", "run")).with_attributes(counts);
    suite.with_attributes([("time", time.as_str()), ("timestamp", &run.started)]).write_inner_content(|writer| {
        properties(writer, run)?;
        let case =
            writer.create_element("testcase").with_attributes([("name", run.ended.word()), ("classname", "run")]);
        case.with_attribute(("time", time.as_str())).write_inner_content(|writer| {
            let error = writer.create_element("error").with_attribute(("message", message.as_str()));
            error.with_attribute(("type", run.ended.word())).write_empty()?;
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(())
}

/// A suite with the entries of the baseline that no longer hold.
fn suite_of_the_baseline<W: Write>(
    writer: &mut Writer<W>,
    run: &Document,
    stale: &[&DifferenceReport],
) -> io::Result<()> {
    let count = stale.len().to_string();
    let counts = [("tests", count.as_str()), ("failures", &count), ("errors", "0"), ("skipped", "0")];
    let suite = writer.create_element("testsuite").with_attribute(("name", "baseline")).with_attributes(counts);
    suite.with_attributes([("time", "0.000"), ("timestamp", &run.started)]).write_inner_content(|writer| {
        properties(writer, run)?;
        stale.iter().try_for_each(|difference| {
            let name = allowed(&single_line(&format!("{} {}", difference.case, difference.rule)));
            let message = allowed(&single_line(&difference.says));
            let case =
                writer.create_element("testcase").with_attributes([("name", name.as_str()), ("classname", "baseline")]);
            case.with_attribute(("time", "0.000")).write_inner_content(|writer| {
                let failure = writer.create_element("failure").with_attribute(("message", message.as_str()));
                failure.with_attribute(("type", difference.what.as_str())).write_empty()?;
                Ok(())
            })?;
            Ok(())
        })
    })?;
    Ok(())
}

/// What the attributes of a suite count.
struct Counts {
    tests: u32,
    failures: u32,
    errors: u32,
    skipped: u32,
}

impl Counts {
    fn of<'a>(cases: impl IntoIterator<Item = &'a CaseReport>, run: &Document) -> Self {
        let (mut tests, mut failures, mut errors, mut skipped) = (0, 0, 0, 0);
        for case in cases {
            tests += 1;
            match Told::of(case, run) {
                Told::Failure => failures += 1,
                Told::Error => errors += 1,
                Told::Skipped => skipped += 1,
                Told::Passed => {}
            }
        }
        Self { tests, failures, errors, skipped }
    }

    /// With so many failures more, each a test of its own.
    fn and_failures(mut self, more: usize) -> Self {
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        self.tests += more;
        self.failures += more;
        self
    }

    /// With so many errors more, each a test of its own.
    fn and_errors(mut self, more: u32) -> Self {
        self.tests += more;
        self.errors += more;
        self
    }
}

/// The four things that JUnit knows of a case.
enum Told {
    Passed,
    Failure,
    Error,
    Skipped,
}

impl Told {
    fn of(case: &CaseReport, run: &Document) -> Self {
        match case.verdict {
            _ if case.expected_by_baseline.is_some() => Self::Passed,
            Verdict::Fail => Self::Failure,
            Verdict::Weak if run.options.strict => Self::Failure,
            Verdict::Inconclusive => Self::Error,
            Verdict::NotOffered | Verdict::NotExercised => Self::Skipped,
            Verdict::Weak | Verdict::Pass | Verdict::Observed => Self::Passed,
        }
    }
}

fn suite<W: Write>(writer: &mut Writer<W>, run: &Document, chapter: &str, cases: &[&CaseReport]) -> io::Result<()> {
    let counts = Counts::of(cases.iter().copied(), run);
    let took = cases.iter().map(|case| case.took_ms).sum();
    writer
        .create_element("testsuite")
        .with_attributes([
            ("name", chapter),
            ("tests", counts.tests.to_string().as_str()),
            ("failures", counts.failures.to_string().as_str()),
            ("errors", counts.errors.to_string().as_str()),
            ("skipped", counts.skipped.to_string().as_str()),
            ("time", &seconds(took)),
            ("timestamp", &run.started),
        ])
        .write_inner_content(|writer| {
            properties(writer, run)?;
            cases.iter().try_for_each(|case| testcase(writer, run, case))
        })?;
    Ok(())
}

/// What was certified, and the seed.
fn properties<W: Write>(writer: &mut Writer<W>, run: &Document) -> io::Result<()> {
    let seed = run.seed.to_string();
    let version = run.target.version.as_deref().unwrap_or("unknown");
    let (noun, noun_version) = match run.tested() {
        Tested::Broker => ("broker", "broker version"),
        Tested::Decoder => ("decoder", "decoder version"),
    };
    let stated = [(noun, run.target.name.as_str()), (noun_version, version), ("seed", &seed)];
    writer.create_element("properties").write_inner_content(|writer| {
        for (name, value) in stated {
            let property = writer.create_element("property").with_attribute(("name", name));
            property.with_attribute(("value", allowed(&single_line(value)).as_str())).write_empty()?;
        }
        for (key, value) in &run.labels {
            let property = writer.create_element("property").with_attribute(("name", format!("label {key}").as_str()));
            property.with_attribute(("value", allowed(value).as_str())).write_empty()?;
        }
        Ok(())
    })?;
    Ok(())
}

fn testcase<W: Write>(writer: &mut Writer<W>, run: &Document, case: &CaseReport) -> io::Result<()> {
    let [id, chapter] = [&case.case, &case.chapter].map(|text| allowed(text));
    let element = writer.create_element("testcase").with_attributes([
        ("name", id.as_str()),
        ("classname", &chapter),
        ("time", &seconds(case.took_ms)),
    ]);
    element.write_inner_content(|writer| {
        let (message, kind) = (allowed(&message(case)), kind(case));
        let told = Told::of(case, run);
        match told {
            Told::Passed => {}
            Told::Skipped => {
                writer.create_element("skipped").with_attribute(("message", message.as_str())).write_empty()?;
            }
            Told::Failure | Told::Error => {
                let is_failure = matches!(told, Told::Failure);
                writer
                    .create_element(if is_failure { "failure" } else { "error" })
                    .with_attributes([("message", message.as_str()), ("type", kind)])
                    .write_text_content(BytesText::new(&allowed(&details(case, run))))?;
            }
        }
        system_out(writer, run, case)
    })?;
    Ok(())
}

/// What a case that passes has to say all the same, and its transcript.
fn system_out<W: Write>(writer: &mut Writer<W>, run: &Document, case: &CaseReport) -> io::Result<()> {
    let mut out = String::new();
    if let Some(accepted) = &case.expected_by_baseline {
        out = format!("{}: {}\n{}", case.verdict, message(case), text::accepted(accepted));
    } else if matches!(Told::of(case, run), Told::Passed) && case.verdict != Verdict::Pass {
        out = format!("{}: {}\n{}", case.verdict, message(case), details(case, run));
    }
    if run.has_transcript_of(case) {
        out.extend(case.transcript.iter().map(|line| text::shown(line) + "\n"));
    }
    if !out.is_empty() {
        writer.create_element("system-out").write_text_content(BytesText::new(&allowed(&out)))?;
    }
    Ok(())
}

/// One line: the rules that decided, and what was seen.
fn message(case: &CaseReport) -> String {
    let seen = match case.decided_by.seen.as_str() {
        "" => "nothing happened that could break a rule of the case",
        seen => seen,
    };
    if case.decided_by.rule.is_none() {
        return text::in_short_words(seen);
    }
    let decided = case.rules.iter().filter(|rule| rule.verdict == case.verdict);
    let ids: Vec<&str> = decided.map(|rule| rule.id.as_str()).collect();
    text::in_short_words(&format!("{}: {seen}", ids.join(" ")))
}

/// The word for a failure's kind: who did wrong, or the verdict itself.
fn kind(case: &CaseReport) -> &'static str {
    match (case.verdict, case.marked) {
        (Verdict::Fail, Some(Mark::Lenient)) => "lenient",
        (Verdict::Fail, _) => "broken",
        (other, _) => other.word(),
    }
}

/// What the console says below the case's line, without colours.
fn details(case: &CaseReport, run: &Document) -> String {
    anstream::adapter::strip_str(&text::details_of(case, &run.repeat(case), run.tested())).to_string()
}

fn seconds(milliseconds: u64) -> String {
    format!("{:.3}", Duration::from_millis(milliseconds).as_secs_f64())
}

/// The text with every character replaced that XML 1.0 forbids (its production 2).
pub(super) fn allowed(text: &str) -> String {
    let is_allowed = |letter: char| matches!(letter, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().map(|letter| if is_allowed(letter) { letter } else { REPLACEMENT }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::{Times, Transcripts};
    use crate::report::samples;
    use crate::run::CaseResult;
    use crate::scenario::Stop;

    fn written(results: &[CaseResult], is_strict: bool) -> String {
        let times = Times { started: "2026-01-02T03:04:05Z".to_owned(), took: Duration::from_millis(1_234_500) };
        let end = samples::end(Ended::Complete);
        let mut document = Document::of(&samples::facts(), &times, results, &end, Transcripts::Deciding);
        document.options.strict = is_strict;
        let mut out = Vec::new();
        write(&mut out, &document).expect("memory takes it");
        // What is read again says the same.
        let read: Document = serde_json::from_value(serde_json::to_value(&document).expect("JSON")).expect("a report");
        let mut again = Vec::new();
        write(&mut again, &read).expect("memory takes it");
        assert_eq!(out, again);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn every_verdict_has_its_form_and_hostile_text_stays_text() {
        let hostile = "DUP 1\n\u{1b}[2J]]></failure>&lt; \" \u{0} \u{ffff}";
        let results = [
            samples::result(&[(Verdict::Fail, hostile), (Verdict::Pass, "")], Some(Stop::Failed)),
            samples::result(&[(Verdict::Weak, hostile)], None),
            samples::result(&[], Some(Stop::Inconclusive { why: hostile.to_owned(), line: None })),
            samples::result(&[], Some(Stop::NotOffered(hostile.to_owned()))),
            samples::result(&[(Verdict::NotExercised, ""), (Verdict::NotExercised, "")], None),
            samples::result(&[(Verdict::Pass, "kept"), (Verdict::Pass, "kept")], None),
        ];
        insta::assert_snapshot!(written(&results, false));
    }

    #[test]
    fn a_weak_case_is_a_failure_only_where_it_is_asked_to() {
        let weak = [samples::result(&[(Verdict::Weak, "late"), (Verdict::Pass, "")], None)];
        let plain = written(&weak, false);
        assert!(plain.contains("failures=\"0\"") && plain.contains("<system-out>weak: MQTT-3.3.1-3: late"), "{plain}");
        let strict = written(&weak, true);
        assert!(strict.contains("failures=\"1\"") && strict.contains("type=\"weak\""), "{strict}");
    }

    #[test]
    fn what_xml_forbids_is_replaced() {
        assert_eq!(
            allowed("a\u{0}\u{8}\u{b}\u{1f}\u{fffe}\u{ffff}z"),
            "a\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}z"
        );
        assert_eq!(
            allowed("\t\n\r \u{7f}\u{d7ff}\u{e000}\u{fffd}\u{10ffff}"),
            "\t\n\r \u{7f}\u{d7ff}\u{e000}\u{fffd}\u{10ffff}"
        );
    }
}
