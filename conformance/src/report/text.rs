//! Texts about results for people: a line for a case, what a failure says, counts. With colours, which whoever writes them
//! takes out where they aren't wanted. Whatever a broker sent is escaped.

use super::RunFacts;
use super::document::{CaseReport, RuleReport, Transcripts};
use super::lines::Told;
use super::tested::Tested;
use crate::baseline::Accepted;
use crate::link::{Line, Transcript};
use crate::run::{CaseResult, Disturbance, Summary};
use crate::scenario::Verdict;
use crate::testee;
use crate::text::{counted, cut, seconds, single_line, wrapped};
use anstyle::{AnsiColor, Style};
use mqtt_assay_codec::Version;
use mqtt_assay_standard::{self as standard, Basis, Rule, RuleId};
use std::fmt::Write as _;
use std::time::Duration;

/// Letters of a transcript's line that the console shows; the whole is in the JSON report.
const LETTERS_SHOWN: usize = 600;

/// How far a row's text stands behind its label.
const ROW: usize = 16;

/// What stands before the command that repeats a case.
const REPEAT: &str = "repeat";

/// How a verdict looks.
pub(crate) fn style(verdict: Verdict) -> Style {
    let color = match verdict {
        Verdict::Fail => AnsiColor::Red,
        Verdict::Inconclusive => AnsiColor::Magenta,
        Verdict::Weak => AnsiColor::Yellow,
        Verdict::Pass => AnsiColor::Green,
        Verdict::Observed | Verdict::NotOffered | Verdict::NotExercised => return Style::new().dimmed(),
    };
    let style = color.on_default();
    if matches!(verdict, Verdict::Fail | Verdict::Inconclusive) { style.bold() } else { style }
}

/// Text in a style, which ends with it.
pub(crate) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// The broker was lost: the loudest line there is.
pub(crate) fn broker_lost(how: &str) -> String {
    format!("{}\n", styled(style(Verdict::Fail), &format!("BROKER LOST: {}", single_line(how))))
}

/// One line for all cases of a version that the broker doesn't speak.
pub(crate) fn not_spoken(version: Version, count: usize, why: &str) -> String {
    let style = style(Verdict::NotOffered);
    let cases = counted(count, "case");
    format!("{style}{:>13}{style:#} {cases} of MQTT {version}: {}\n", Verdict::NotOffered, single_line(why))
}

pub(super) fn bold(text: &str) -> String {
    styled(Style::new().bold(), text)
}

/// One line about a case that has its verdict.
pub(crate) fn result_line(case: &CaseReport) -> String {
    let style = style(case.verdict);
    let took = seconds(Duration::from_millis(case.took_ms));
    format!("{style}{:>13}{style:#} {took:>9} {}\n", case.verdict, case.case)
}

/// What there is to say below the line of a case of a run under way.
pub(crate) fn details(result: &CaseResult, facts: &RunFacts) -> String {
    if result.verdict == Verdict::Inconclusive && result.disturbed == Some(Disturbance::BrokerLost) {
        // That was told when it was lost.
        return String::new();
    }
    details_of(&CaseReport::of(result, facts, Transcripts::Failed), &facts.repeat(&result.to_repeat()), Tested::Broker)
}

/// What there is to say below the line of a case that is as its baseline says.
pub(crate) fn accepted(accepted: &Accepted) -> String {
    let reason = if accepted.reason.trim().is_empty() { "as listed, without a reason" } else { &accepted.reason };
    let link = accepted.link.as_ref().map_or_else(String::new, |link| format!(" ({link})"));
    row("expected", &single_line(&format!("{reason}{link}")))
}

/// What there is to say below a case's line: the failure, what was weak, why it wasn't judged.
pub(crate) fn details_of(case: &CaseReport, repeat: &str, tested: Tested) -> String {
    let seen = single_line(&case.decided_by.seen);
    match case.verdict {
        Verdict::Fail | Verdict::Weak => breach(case, repeat, tested),
        Verdict::Inconclusive => {
            let why = if seen.is_empty() { "no reason given" } else { &seen };
            row("NOT JUDGED", why) + &row(REPEAT, repeat)
        }
        Verdict::NotOffered | Verdict::NotExercised if seen.is_empty() => String::new(),
        Verdict::NotOffered | Verdict::NotExercised => row("because", &seen),
        Verdict::Observed if case.repeat.is_some() => row("observed", &seen) + &row(REPEAT, repeat),
        Verdict::Pass | Verdict::Observed => String::new(),
    }
}

/// Which rule, what it says, what was sent, what came, how to repeat it.
fn breach(case: &CaseReport, repeat: &str, tested: Tested) -> String {
    let mut out = String::new();
    for broken in case.rules.iter().filter(|rule| rule.verdict == case.verdict) {
        let label = if broken.breaks { "rule (ours)" } else { "rule" };
        out.push_str(&row(label, &in_words(broken, &case.mqtt)));
    }
    if let Some(mark) = case.marked {
        out.push_str(&row("marked", &format!("{}: {}", mark.word(), tested.shows(mark))));
    }
    if let Some(line) = case.sent_in_line.and_then(|number| Told::numbered(case, number)) {
        out.push_str(&row("sent", &line.in_short()));
    }
    if let Some(expected) = &case.expected {
        out.push_str(&row("expected", &single_line(expected)));
    }
    out.push_str(&row("came", &came(case)));
    out + &row(REPEAT, repeat)
}

/// The line that decided, and what was seen there.
pub(super) fn came(case: &CaseReport) -> String {
    let deciding = case.decided_by.line.and_then(|number| Told::numbered(case, number));
    let place = deciding.map_or_else(String::new, |line| format!("line {}, {}: ", line.number, single_line(line.role)));
    format!("{place}{}", single_line(&case.decided_by.seen))
}

/// A rule of a report, as the catalog tells it.
fn in_words(rule: &RuleReport, mqtt: &str) -> String {
    match catalogued(&rule.id, mqtt) {
        Some(rule) => format!("{}: {}", place(rule), rule.says),
        None => match testee::says(&rule.id) {
            Some(says) => format!("{} ({}): {says}", bold(&rule.id), rule.level),
            None => format!("{} ({})", bold(&rule.id), rule.level),
        },
    }
}

/// The rule of this id; none in a report of a release that had others.
pub(super) fn catalogued(id: &str, mqtt: &str) -> Option<&'static Rule> {
    let version: Version = mqtt.parse().ok()?;
    standard::find(version, id).map(RuleId::rule)
}

/// Id, level and section of a rule.
pub(super) fn place(rule: &Rule) -> String {
    format!("{} ({})", bold(rule.id), section(rule))
}

/// Level and section of a rule.
pub(super) fn section(rule: &Rule) -> String {
    if rule.basis == Basis::Policy {
        return format!("asked by the suite, in no section of MQTT {}", rule.version);
    }
    format!("{}, section {} of MQTT {}", rule.level.word(), rule.section, rule.version)
}

/// Rows no wider than a terminal, but for a command, which somebody may want to copy; as they are where there is none.
pub(crate) fn on_screen(rows: &str, width: Option<usize>) -> String {
    let Some(width) = width else { return rows.to_owned() };
    let is_command = |line: &str| line.trim_start().starts_with(REPEAT);
    let lines =
        rows.lines().flat_map(|line| if is_command(line) { vec![line.to_owned()] } else { wrapped(line, width, ROW) });
    lines.map(|line| line + "\n").collect()
}

pub(super) fn row(label: &str, text: &str) -> String {
    format!("    {label:<11} {}\n", cut(text, LETTERS_SHOWN))
}

/// What was seen, or why nothing was judged, on one line that is not too long.
pub(super) fn in_short_words(text: &str) -> String {
    cut(&single_line(text), LETTERS_SHOWN).into_owned()
}

/// A transcript, set in, each line cut where it is very long.
pub(crate) fn transcript(transcript: &Transcript) -> String {
    let mut out = String::new();
    for line in &transcript.lines {
        let _ = writeln!(out, "    {}", shown_line(transcript, line));
    }
    out
}

/// A line of a transcript, cut where it is very long.
pub(super) fn shown_line(transcript: &Transcript, line: &Line) -> String {
    shown(&transcript.print_line(line))
}

/// A line of a report's transcript, cut likewise.
pub(super) fn shown(line: &str) -> String {
    let count = line.chars().count();
    if count <= LETTERS_SHOWN {
        return line.to_owned();
    }
    let shown: String = line.chars().take(LETTERS_SHOWN).collect();
    format!("{shown}... ({} more letters; --json has them all)", count - LETTERS_SHOWN)
}

/// Counts that aren't zero, in the order of concern.
pub(super) fn counts(summary: &Summary) -> String {
    let mut parts = Vec::new();
    let verdicts = [
        (Verdict::Pass, summary.pass),
        (Verdict::Fail, summary.fail),
        (Verdict::Weak, summary.weak),
        (Verdict::Observed, summary.observed),
        (Verdict::NotOffered, summary.not_offered),
        (Verdict::NotExercised, summary.not_exercised),
        (Verdict::Inconclusive, summary.inconclusive),
    ];
    for (verdict, count) in verdicts.into_iter().filter(|(verdict, count)| *count > 0 || *verdict == Verdict::Pass) {
        let mut part = styled(style(verdict), &format!("{count} {verdict}"));
        if verdict == Verdict::Fail {
            let _ = write!(part, " ({} broken, {} lenient)", summary.broken, summary.lenient);
            if summary.expected_fail > 0 {
                let _ = write!(part, ", {} of them expected", summary.expected_fail);
            }
        }
        parts.push(part);
    }
    format!("{}: {}", counted(summary.cases, "case"), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::What;
    use crate::report::samples::{facts, result};
    use crate::scenario::Stop;
    use bytes::Bytes;
    use std::time::Duration;

    fn line_and_details(result: &CaseResult) -> String {
        result_line(&CaseReport::of(result, &facts(), Transcripts::Failed)) + &details(result, &facts())
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn what_is_wrong_is_told_in_order_and_hostile_text_stays_on_its_line() {
        let hostile = "DUP 1\n\u{1b}[2J in the second packet";
        let results = [
            result(&[(Verdict::Fail, hostile), (Verdict::Pass, "")], Some(Stop::Failed)),
            result(&[(Verdict::Weak, hostile)], None),
            result(&[], Some(Stop::Inconclusive { why: hostile.to_owned(), line: None })),
            result(&[], Some(Stop::NotOffered("CONNACK: RetainAvailable(0)".to_owned()))),
            result(&[], Some(Stop::NotOffered("CONNACK: RetainAvailable(0)".to_owned()))),
            result(&[(Verdict::Pass, "kept"), (Verdict::Pass, "kept")], None),
        ];
        let lines: String = results.iter().map(line_and_details).collect();
        insta::assert_snapshot!(plain(&lines));
    }

    #[test]
    fn nothing_that_was_seen_makes_a_line_that_nobody_can_read() {
        let long = "x".repeat(35_000);
        let results = [
            result(&[(Verdict::Fail, &long), (Verdict::Pass, "")], Some(Stop::Failed)),
            result(&[], Some(Stop::Inconclusive { why: long, line: None })),
        ];
        let lines: String = results.iter().map(line_and_details).collect();
        let text = plain(&lines);
        assert!(text.lines().all(|line| line.len() < LETTERS_SHOWN + 200), "{text}");
        assert_eq!(text.matches("... (350").count(), 2, "each says how long it is: {text}");
    }

    #[test]
    fn on_a_terminal_rows_are_set_in_and_a_command_stays_whole() {
        let rows = row("came", &"word ".repeat(9)) + &row("repeat", &"word ".repeat(9));
        let shown = on_screen(&rows, Some(40));
        assert_eq!(shown.lines().count(), 3, "{shown}");
        assert!(shown.contains("\n                word"), "{shown}");
        assert_eq!(on_screen(&rows, None), rows);
    }

    #[test]
    fn very_long_lines_are_cut() {
        let mut long = Transcript::new("5/x/y", Version::V5);
        long.add(Duration::ZERO, "publisher", What::Received(Bytes::from(vec![0; 5000])));
        let text = transcript(&long);
        assert!(text.len() < 800 && text.ends_with(" more letters; --json has them all)\n"), "{text}");
    }
}
