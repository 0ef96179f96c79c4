//! A case of a report as a block for an issue tracker, in Markdown: what was broken, on which broker in which configuration, what
//! was sent and what came, the transcript folded, and the command that repeats it. What a broker sent stands in code, and can't
//! end it.

use super::document::{CaseReport, Document, Mark, SetUp};
use super::full::is_whole;
use super::lines::Told;
use super::tested::Tested;
use super::text::{came, catalogued, section};
use crate::scenario::Verdict;
use crate::text::{counted, cut, single_line};
use std::fmt::Write as _;

/// Letters of a transcript that is shown as it is: issue trackers take some 65,000.
const LETTERS: usize = 30_000;

/// Of a longer one, letters of a line, and lines at its beginning and at its end.
const LINE: usize = 240;
const ENDS: usize = 80;

/// The block.
pub(crate) fn block(document: &Document, case: &CaseReport) -> String {
    let mut out = format!("### {}\n\n", heading(document, case));
    for rule in case.rules.iter().filter(|rule| rule.verdict == case.verdict) {
        let says = match catalogued(&rule.id, &case.mqtt) {
            // These are our own words, in Markdown.
            Some(rule) => format!("({}): {}", section(rule), rule.says),
            None => format!("({})", escaped(&rule.level)),
        };
        let _ = writeln!(out, "- **{}** {says}", escaped(&rule.id));
    }
    out.push_str(&facts(document, case));
    let _ = writeln!(
        out,
        "\nRepeat it with mqtt-assay {}:\n\n{}",
        escaped(&document.tool.version),
        fenced("sh", &[document.repeat(case)])
    );
    out.push_str(&configuration(document, case));
    out.push_str(&transcript(case));
    out
}

fn heading(document: &Document, case: &CaseReport) -> String {
    let verdict = match (case.verdict, case.marked, document.tested()) {
        (Verdict::Fail, Some(Mark::Lenient), Tested::Broker) => "fails: the broker goes on after something forbidden",
        (Verdict::Fail, Some(Mark::Lenient), Tested::Decoder) => "fails: the decoder takes what the standard forbids",
        (Verdict::Fail, _, Tested::Broker) => "fails: the broker itself does wrong",
        (Verdict::Fail, _, Tested::Decoder) => "fails: the decoder itself does wrong",
        (Verdict::Inconclusive, ..) => "could not be judged",
        (other, ..) => other.phrase(),
    };
    let version = document.target.version.as_deref().unwrap_or_default();
    let broker = code(format!("{} {version}", document.target.name).trim());
    format!("{} on {broker} (MQTT {}): {}\n\n{}", escaped(&case.title), escaped(&case.mqtt), verdict, code(&case.case))
}

/// What was sent and came, and with what.
fn facts(document: &Document, case: &CaseReport) -> String {
    let mut out = String::new();
    let mut row = |label: &str, text: &str| {
        let _ = writeln!(out, "- {label}: {text}");
    };
    if let Some(line) = case.sent_in_line.and_then(|number| Told::numbered(case, number)) {
        row("Sent", &code(&line.in_short()));
    }
    if let Some(expected) = &case.expected {
        row("Expected", &code(expected));
    }
    row(if case.verdict == Verdict::Inconclusive { "Not judged" } else { "Came" }, &code(&came(case)));
    let target = &document.target;
    let version = target.version.as_ref().map_or_else(
        || "version not known".to_owned(),
        |version| {
            let how = target.learnt_from.as_ref().map_or_else(String::new, |how| format!(", by {}", code(how)));
            format!("version {}{how}", code(version))
        },
    );
    match document.tested() {
        Tested::Broker => {
            row("Broker", &format!("{}, {version}; set up as {}", code(&target.name), code(&case.variant)));
            row("Run", &format!("{}, seed {}", code(&document.started), document.seed));
        }
        Tested::Decoder => {
            row("Decoder", &format!("{}, {version}", code(&target.name)));
            row("Run", &code(&document.started));
        }
    }
    out
}

/// How the broker was started, where the report tells.
fn configuration(document: &Document, case: &CaseReport) -> String {
    let Some(SetUp { command, files }) = document.set_ups.get(&case.variant) else { return String::new() };
    let mut text = fenced("sh", std::slice::from_ref(command));
    for (name, content) in files {
        let lines: Vec<String> = content.lines().map(str::to_owned).collect();
        let _ = write!(text, "\n{}\n\n{}", code(name), fenced("", &lines));
    }
    folded("Configuration of the broker", &text)
}

fn transcript(case: &CaseReport) -> String {
    if case.transcript.is_empty() {
        return String::new();
    }
    let decided = if is_whole(case) { "" } else { " that decided" };
    let summary = format!("Transcript ({}{decided})", counted(case.transcript.len(), "line"));
    folded(&summary, &fenced("", &short_enough(case)))
}

/// The lines, as far as an issue tracker takes them: of many long ones the beginnings, and of very many the first and the last.
fn short_enough(case: &CaseReport) -> Vec<String> {
    let letters: usize = case.transcript.iter().map(String::len).sum();
    if letters <= LETTERS {
        return case.transcript.clone();
    }
    let lines: Vec<String> = case.transcript.iter().map(|line| cut(line, LINE).into_owned()).collect();
    let Some(left_out) = lines.len().checked_sub(2 * ENDS).filter(|left_out| *left_out > 0) else { return lines };
    let gap = format!("... {} left out; mqtt-assay show has them", counted(left_out, "line"));
    [&lines[..ENDS], &[gap], &lines[lines.len() - ENDS..]].concat()
}

fn folded(summary: &str, text: &str) -> String {
    format!("\n<details><summary>{summary}</summary>\n\n{text}\n</details>\n")
}

/// Lines as a block of code, between fences that are longer than any in it.
fn fenced(language: &str, lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| single_line(line)).collect();
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or_default();
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}{language}\n{}\n{fence}\n", lines.join("\n"))
}

/// Text as code within a line, in more backticks than any of its own.
fn code(text: &str) -> String {
    let text = single_line(text);
    let marks = "`".repeat(longest_run(&text) + 1);
    // A blank parts a backtick at the end from the marks; one at both ends is taken away again.
    let needs_blanks = text.is_empty() || text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let blank = if needs_blanks { " " } else { "" };
    format!("{marks}{blank}{text}{blank}{marks}")
}

fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default()
}

/// Text that isn't code, in which a few signs mean something in Markdown.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in single_line(text).chars() {
        if "\\`*_{}[]<>#|&@".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;
    use proptest::prelude::*;

    #[test]
    fn a_block_says_what_an_issue_needs() {
        let mut case =
            samples::case("5/malformed/flags.pingreq", Verdict::Fail, "MQTT-4.13.1-1", "PINGRESP `x` </details>");
        case.transcript = vec![
            "   1    0.000000 rogue        open".to_owned(),
            "   2    0.000100 rogue        -> c100 !flags.reserved.1 ; PINGREQ ```".to_owned(),
            "   3    0.000200 rogue        <- d000 ; PINGRESP".to_owned(),
        ];
        (case.sent_in_line, case.marked) = (Some(2), Some(Mark::Lenient));
        let mut document = samples::report(vec![case]);
        let files = [("x.conf".to_owned(), "port {port}\n".to_owned())].into();
        document.set_ups.insert("plain".to_owned(), SetUp { command: "x -c {dir}/x.conf".to_owned(), files });
        insta::assert_snapshot!(block(&document, &document.results[0]));
    }

    #[test]
    fn an_issue_tracker_takes_the_longest_transcript() {
        let mut case = samples::case("5/a/b", Verdict::Fail, "MQTT-4.13.1-1", "x");
        case.transcript = (1..=1000).map(|number| format!("{number:>4} 0.0 rogue -> {}", "c0".repeat(500))).collect();
        let document = samples::report(vec![case]);
        let block = block(&document, &document.results[0]);
        assert!(
            block.len() < 60_000 && block.contains("\n... 840 lines left out; mqtt-assay show has them\n"),
            "{}",
            block.len()
        );
    }

    proptest! {
        #[test]
        fn nothing_hostile_ends_a_fence_or_a_span(text in "[`a \n\u{1b}~-]{0,40}") {
            let block = fenced("", &[text.clone(), text.clone()]);
            let lines: Vec<&str> = block.lines().collect();
            prop_assert_eq!(lines.len(), 4, "{}", block);
            let fence = lines[0].len();
            prop_assert!(lines[1..3].iter().all(|line| longest_run(line) < fence));
            let span = code(&text);
            prop_assert_eq!(span.lines().count(), 1);
            let marks = longest_run(&single_line(&text)) + 1;
            prop_assert!(span.starts_with(&"`".repeat(marks)) && span.ends_with(&"`".repeat(marks)));
        }
    }
}
