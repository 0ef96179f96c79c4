//! A run as GitHub Actions shows it: annotations by workflow commands, and the summary of the step.
//!
//! The runner obeys commands in all that a step prints. So it is told to stop before anything of the broker's is printed, and
//! listens again only for the annotations, behind a word that no broker can know.

use super::behaviour::without_names;
use super::document::Document;
use super::groups::{Group, fails, reasons};
use crate::scenario::Verdict;
use crate::text::{counted, cut, single_line};
use std::fmt::Write as _;

/// How many annotations of a kind a step may have; the runner drops what is more.
const ANNOTATIONS: usize = 10;

/// Letters of what was expected and seen.
const LETTERS_SHOWN: usize = 300;

/// The largest summary of a step, in bytes, together with what the step has written before.
pub(crate) const LARGEST_SUMMARY: usize = 1024 * 1024;

/// What stands below a summary that was cut.
const CUT: &str = "\n(The rest is left out: a summary has at most 1 MiB.)\n";

/// The runner obeys nothing from here on.
pub(crate) fn stop(word: &str) -> String {
    format!("::stop-commands::{word}\n")
}

/// The runner obeys again from here on.
pub(crate) fn resume(word: &str) -> String {
    format!("::{word}::\n")
}

/// Fails in groups, the worst first, and one line for what was not judged.
pub(crate) fn annotations(document: &Document) -> String {
    let groups = fails(document);
    let shown = if groups.len() > ANNOTATIONS { ANNOTATIONS - 1 } else { groups.len() };
    let mut out: String = groups.iter().take(shown).map(|group| of_group(document, group)).collect();
    let others = &groups[shown..];
    if !others.is_empty() {
        let cases = others.iter().map(|group| group.cases.len()).sum();
        let names: Vec<&str> = others.iter().map(Group::name).collect();
        let title = format!("{}, {}", counted(others.len(), "more group"), counted(cases, "case"));
        out.push_str(&command("error", &title, &names.join(" ")));
    }
    let inconclusive = reasons(document, Verdict::Inconclusive);
    if let Some((why, _)) = inconclusive.first() {
        let cases = inconclusive.iter().map(|(_, cases)| cases.len()).sum();
        let title = format!("{} inconclusive: their set-up failed", counted(cases, "case"));
        out.push_str(&command("warning", &title, &cut(&single_line(why), LETTERS_SHOWN)));
    }
    if document.results.is_empty() {
        out.push_str(&command("error", "nothing judged", &single_line(&document.why)));
    }
    out
}

fn of_group(document: &Document, group: &Group<'_>) -> String {
    let count = counted(group.cases.len(), "case");
    let marked = if group.mark.is_some() { format!(", {}", group.marked()) } else { String::new() };
    let title = format!("{}{marked}: {count}, {} of MQTT {}", group.name(), group.rules_named(), group.versions());
    let mut text = group.standard().map_or_else(String::new, |rule| format!("{}\n", rule.says));
    if let Some(case) = group.example() {
        let expected = case.expected.as_deref().unwrap_or_default();
        for (label, what) in [("expected", expected), ("came", &case.decided_by.seen)] {
            let _ =
                writeln!(text, "{label}: {}", cut(&single_line(&without_names(what, &document.names)), LETTERS_SHOWN));
        }
        let _ = write!(text, "repeat: {}", single_line(&document.repeat(case)));
    }
    command("error", &title, &text)
}

fn command(kind: &str, title: &str, text: &str) -> String {
    format!("::{kind} title={}::{}\n", property(title), data(text))
}

/// The text of a command: what would end it is written as its bytes.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a command: commas and colons part it from the next and from the text.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// As much of a summary as there is room for behind so many bytes; whole lines.
pub(crate) fn fitting(summary: &str, there: usize) -> String {
    let room = LARGEST_SUMMARY.saturating_sub(there);
    if summary.len() <= room {
        return summary.to_owned();
    }
    let Some(room) = room.checked_sub(CUT.len()) else { return String::new() };
    let kept: usize = summary
        .split_inclusive('\n')
        .scan(0, |end, line| {
            *end += line.len();
            Some(*end)
        })
        .take_while(|end| *end <= room)
        .last()
        .unwrap_or_default();
    format!("{}{CUT}", &summary[..kept])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;
    use crate::scenario::Stop;

    #[test]
    fn annotations_are_a_line_each_whatever_the_broker_sent() {
        let hostile = "DUP 1\n::error::x %0A, y: z\r";
        let document = samples::document(&[
            samples::result(&[(Verdict::Fail, hostile), (Verdict::Pass, "")], Some(Stop::Failed)),
            samples::result(&[], Some(Stop::Inconclusive { why: hostile.to_owned(), line: None })),
        ]);
        let text = annotations(&document);
        assert!(text.lines().all(|line| line.starts_with("::error title=") || line.starts_with("::warning title=")));
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_step_has_at_most_ten_of_a_kind() {
        let failed = samples::document(&[samples::result(&[(Verdict::Fail, "DUP 1")], Some(Stop::Failed))]);
        let annotated = |groups: usize| {
            let mut document = failed.clone();
            document.results = (0..groups).map(|_| failed.results[0].clone()).collect();
            for (number, case) in document.results.iter_mut().enumerate() {
                case.case = format!("5/publish/example-{number}");
            }
            annotations(&document)
        };
        assert_eq!(annotated(10).lines().count(), 10);
        let many = annotated(25);
        assert_eq!(many.lines().count(), 10);
        assert!(many.contains("::error title=16 more groups%2C 16 cases::5/publish/example-"), "{many}");
    }

    #[test]
    fn a_summary_is_cut_where_there_is_no_more_room() {
        let summary = "0123456\n".repeat(20);
        assert_eq!(fitting(&summary, LARGEST_SUMMARY - 160), summary);
        let cut = fitting(&summary, LARGEST_SUMMARY - 159);
        assert!(cut.len() <= 159 && cut.starts_with("0123456\n0123456\n") && cut.ends_with(CUT), "{cut}");
        assert_eq!(fitting(&summary, LARGEST_SUMMARY), "");
    }
}
