//! Texts about results for people: what a failure says, and the summary of a run. With colours, which whoever writes
//! them takes out where they aren't wanted. Whatever a broker sent is escaped.

use super::{RunFacts, cause};
use crate::baseline::Accepted;
use crate::link::{Line, Transcript, What, describe};
use crate::run::{CaseResult, Disturbance, Noticed, Summary};
use crate::scenario::{Kind, LeftBehind, Verdict};
use crate::text::{counted, cut, seconds, single_line};
use anstyle::{AnsiColor, Style};
use mqtt_assay_codec::Version;
use mqtt_assay_standard::{Basis, Rule};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Bytes of a packet that a failure shows; the whole is in the transcript.
const BYTES_SHOWN: usize = 24;

/// Letters of a transcript's line that the console shows; the whole is in the JSON report.
const LETTERS_SHOWN: usize = 600;

/// Cases named for a reason that several share.
const CASES_NAMED: usize = 3;

/// Things left on the broker that are named.
const LEAVINGS_NAMED: usize = 20;

/// Cases named that pass with a breach in their traffic.
const NOTICED_NAMED: usize = 10;

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

fn bold(text: &str) -> String {
    styled(Style::new().bold(), text)
}

/// One line about a case that has its verdict.
pub(crate) fn result_line(result: &CaseResult) -> String {
    let style = style(result.verdict);
    format!("{style}{:>13}{style:#} {:>9} {}\n", result.verdict, seconds(result.took), result.instance.id())
}

/// What there is to say below the line of a case that is as its baseline says.
pub(crate) fn accepted(accepted: &Accepted) -> String {
    let reason = if accepted.reason.trim().is_empty() { "as listed, without a reason" } else { &accepted.reason };
    let link = accepted.link.as_ref().map_or_else(String::new, |link| format!(" ({link})"));
    row("expected", &single_line(&format!("{reason}{link}")))
}

/// What there is to say below a case's line: the failure, what was weak, why it wasn't judged.
pub(crate) fn details(result: &CaseResult, facts: &RunFacts) -> String {
    match result.verdict {
        Verdict::Fail | Verdict::Weak => breach(result, facts),
        // That was told when it was lost.
        Verdict::Inconclusive if result.disturbed == Some(Disturbance::BrokerLost) => String::new(),
        Verdict::Inconclusive => {
            let mut out = row("NOT JUDGED", &single_line(result.reason.as_deref().unwrap_or("no reason given")));
            out.push_str(&row("repeat", &facts.repeat(&result.to_repeat())));
            out
        }
        Verdict::NotOffered | Verdict::NotExercised => {
            result.reason.as_deref().map_or_else(String::new, |why| row("because", &single_line(why)))
        }
        Verdict::Observed if result.seen_in.is_some() => {
            let seen = result.decisive().map_or("", |rule| &rule.seen);
            row("observed", &single_line(seen)) + &row("repeat", &facts.repeat(&result.to_repeat()))
        }
        Verdict::Pass | Verdict::Observed => String::new(),
    }
}

/// Which rule, what it says, what was sent, what came, how to repeat it.
fn breach(result: &CaseResult, facts: &RunFacts) -> String {
    let Some(decisive) = result.decisive() else { return row("repeat", &facts.repeat(&result.to_repeat())) };
    let mut out = String::new();
    for broken in result.rules.iter().filter(|rule| rule.verdict == result.verdict) {
        let is_ours = result.instance.rules.breaks.contains(&broken.rule);
        let label = if is_ours { "rule (ours)" } else { "rule" };
        out.push_str(&row(label, &format!("{}: {}", place(broken.rule.rule()), broken.rule.rule().says)));
    }
    if result.verdict == Verdict::Fail {
        let mark = if result.is_lenient() {
            "lenient: the broker went on after something that the standard forbids a client"
        } else {
            "broken: the broker itself did wrong"
        };
        out.push_str(&row("marked", mark));
    }
    if let Some(line) = cause(result, decisive) {
        out.push_str(&row("sent", &in_short(&result.transcript, line)));
    }
    out.push_str(&row("expected", &single_line(&decisive.expected)));
    let deciding = decisive.line.and_then(|number| result.transcript.line(number));
    let came = deciding.map_or_else(String::new, |line| format!("line {}, {}: ", line.number, single_line(&line.role)));
    out.push_str(&row("came", &format!("{came}{}", single_line(&decisive.seen))));
    out.push_str(&row("repeat", &facts.repeat(&result.to_repeat())));
    out
}

/// Id, level and section of a rule.
pub(super) fn place(rule: &Rule) -> String {
    if rule.basis == Basis::Policy {
        return format!("{} (asked by the suite, in no section of MQTT {})", bold(rule.id), rule.version);
    }
    format!("{} ({}, section {} of MQTT {})", bold(rule.id), rule.level.word(), rule.section, rule.version)
}

pub(super) fn row(label: &str, text: &str) -> String {
    format!("    {label:<11} {}\n", cut(text, LETTERS_SHOWN))
}

/// What was seen, or why nothing was judged, on one line that is not too long.
pub(super) fn in_short_words(text: &str) -> String {
    cut(&single_line(text), LETTERS_SHOWN).into_owned()
}

/// A line of a transcript in words, with the first bytes of its packet.
fn in_short(transcript: &Transcript, line: &Line) -> String {
    let place = format!("line {}, {}: ", line.number, single_line(&line.role));
    let words = transcript.explain(line).unwrap_or_default();
    match &line.what {
        What::Sent { bytes, mutation } => {
            let mutated =
                mutation.as_ref().map_or_else(String::new, |name| format!(", mutated by {}", single_line(name)));
            format!("{place}{words} [{}]{mutated}", hex(transcript, line, bytes.len()))
        }
        What::Received(bytes) => format!("{place}{words} [{}]", hex(transcript, line, bytes.len())),
        other => format!("{place}{other}"),
    }
}

fn hex(transcript: &Transcript, line: &Line, length: usize) -> String {
    let mut out = transcript.hex(&line.what, BYTES_SHOWN);
    if length > BYTES_SHOWN {
        let _ = write!(out, " ... {length} bytes");
    }
    out
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
    let line = transcript.print_line(line);
    let count = line.chars().count();
    if count <= LETTERS_SHOWN {
        return line;
    }
    let shown: String = line.chars().take(LETTERS_SHOWN).collect();
    format!("{shown}... ({} more letters; --json has them all)", count - LETTERS_SHOWN)
}

/// The counts of each version, then what needs somebody's eye.
pub(crate) fn summary(results: &[CaseResult], facts: &RunFacts) -> String {
    let mut out = String::from("\n");
    for &version in &facts.versions {
        let summary = facts.summary(version, results);
        let _ = writeln!(out, "{}: {}", bold(&format!("MQTT {version}")), counts(&summary));
    }
    // What a baseline lists is told by its reasons, in the baseline.
    let results: Vec<&CaseResult> = results.iter().filter(|result| facts.accepted(result).is_none()).collect();
    let results = results.as_slice();
    for verdict in [Verdict::Weak, Verdict::Fail] {
        out.push_str(&listed(results, verdict));
    }
    for verdict in [Verdict::NotExercised, Verdict::NotOffered, Verdict::Inconclusive] {
        out.push_str(&grouped(results, verdict));
    }
    out.push_str(&judged_alone(results));
    out.push_str(&noticed(results));
    out
}

/// Cases that pass, although something in their traffic breaks a rule that is not theirs.
fn noticed(results: &[&CaseResult]) -> String {
    let all = results.iter().filter(|result| result.verdict == Verdict::Pass && !result.noticed.is_empty());
    let mut lines: Vec<String> = all
        .map(|result| {
            let what = |noticed: &Noticed| format!("{} (line {})", noticed.invariant, noticed.line);
            let found: Vec<String> = result.noticed.iter().map(what).collect();
            format!("  {}: {}\n", result.instance.id(), found.join(", "))
        })
        .collect();
    if lines.is_empty() {
        return String::new();
    }
    let more = lines.len().saturating_sub(NOTICED_NAMED);
    lines.truncate(NOTICED_NAMED);
    let more = if more > 0 { format!("  and {}\n", counted(more, "more case")) } else { String::new() };
    format!("\n{}\n{}{more}", bold("Pass, with a breach of an invariant in their traffic"), lines.concat())
}

/// What was judged only when it was run again with nothing beside it.
fn judged_alone(results: &[&CaseResult]) -> String {
    let mut counts: BTreeMap<Disturbance, usize> = BTreeMap::new();
    for why in results.iter().filter_map(|result| result.alone) {
        *counts.entry(why).or_default() += 1;
    }
    let mut out = String::new();
    for (why, count) in counts {
        let _ = writeln!(out, "\nJudged alone, when run again: {}, which {}", counted(count, "case"), why.says());
    }
    out
}

/// What may be left on a broker that is in use.
pub(crate) fn left_behind(all: &[LeftBehind]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{}\n", bold("May be left on the broker, for it could not be removed"));
    for LeftBehind { kind, name, case } in all.iter().take(LEAVINGS_NAMED) {
        let what = match kind {
            Kind::Session => "the session of client",
            Kind::Retained => "the retained message on",
        };
        let _ = writeln!(out, "  {what} {} ({case})", describe::quoted(name.as_bytes()));
    }
    if let Some(more) = all.len().checked_sub(LEAVINGS_NAMED).filter(|&more| more > 0) {
        let _ = writeln!(out, "  and {more} more; --json names them all");
    }
    out
}

/// Counts that aren't zero, in the order of concern.
fn counts(summary: &Summary) -> String {
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

/// Cases with a breach, one a line.
fn listed(results: &[&CaseResult], verdict: Verdict) -> String {
    let mut out = String::new();
    for result in results.iter().filter(|result| result.verdict == verdict) {
        if out.is_empty() {
            let _ = writeln!(out, "\n{}", styled(style(verdict), heading(verdict)));
        }
        let mark = match (verdict, result.is_lenient()) {
            (Verdict::Fail, true) => "lenient, ",
            (Verdict::Fail, false) => "broken, ",
            _ => "",
        };
        let rules: Vec<&str> =
            result.rules.iter().filter(|rule| rule.verdict == verdict).map(|rule| rule.rule.id()).collect();
        let seen = result.decisive().map_or_else(String::new, |rule| in_short_words(&rule.seen));
        let _ = writeln!(out, "  {} ({mark}{}): {seen}", result.instance.id(), rules.join(" "));
    }
    out
}

/// Cases that were not judged, one line for each reason.
fn grouped(results: &[&CaseResult], verdict: Verdict) -> String {
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for result in results.iter().filter(|result| result.verdict == verdict) {
        let seen = result.decisive().map(|rule| rule.seen.as_str()).filter(|seen| !seen.is_empty());
        let reason =
            result.reason.as_deref().or(seen).unwrap_or("nothing happened that could break a rule of the case");
        reasons.entry(reason).or_default().push(result.instance.id());
    }
    let mut out = String::new();
    for (reason, cases) in reasons {
        if out.is_empty() {
            let _ = writeln!(out, "\n{}", styled(style(verdict), heading(verdict)));
        }
        let named = cases.iter().take(CASES_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = match cases.len().saturating_sub(CASES_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let _ = writeln!(out, "  {}: {}\n    {named}{more}", counted(cases.len(), "case"), in_short_words(reason));
    }
    out
}

const fn heading(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fail => "Fails",
        Verdict::Weak => "Weak: recommendations, or rules that the text only implies, not kept",
        Verdict::Inconclusive => "INCONCLUSIVE: the set-up failed, nothing was judged",
        Verdict::NotOffered => "Not offered",
        Verdict::NotExercised => "Not exercised",
        Verdict::Pass => "Passes",
        Verdict::Observed => "Observed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{facts, result};
    use crate::scenario::Stop;
    use bytes::Bytes;
    use std::time::Duration;

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
        let lines: String = results.iter().map(|result| result_line(result) + &details(result, &facts())).collect();
        insta::assert_snapshot!(plain(&(lines + &summary(&results, &facts()))));
    }

    #[test]
    fn nothing_that_was_seen_makes_a_line_that_nobody_can_read() {
        let long = "x".repeat(35_000);
        let results = [
            result(&[(Verdict::Fail, &long), (Verdict::Pass, "")], Some(Stop::Failed)),
            result(&[], Some(Stop::Inconclusive { why: long, line: None })),
        ];
        let lines: String = results.iter().map(|result| result_line(result) + &details(result, &facts())).collect();
        let text = plain(&(lines + &summary(&results, &facts())));
        assert!(text.lines().all(|line| line.len() < LETTERS_SHOWN + 200), "{text}");
        assert_eq!(text.matches("... (350").count(), 4, "each says how long it is: {text}");
    }

    #[test]
    fn what_is_left_is_named_up_to_a_number() {
        let left = |number| LeftBehind {
            kind: if number == 0 { Kind::Session } else { Kind::Retained },
            name: format!("name\n{number}"),
            case: "5/x/y".to_owned(),
        };
        let all: Vec<LeftBehind> = (0..LEAVINGS_NAMED + 2).map(left).collect();
        let text = plain(&left_behind(&all));
        assert_eq!(text.lines().count(), 1 + 1 + LEAVINGS_NAMED + 1, "{text}");
        assert!(text.contains("  the session of client \"name\\n0\" (5/x/y)\n"), "{text}");
        assert!(text.contains("  the retained message on \"name\\n1\" (5/x/y)\n"), "{text}");
        assert!(text.ends_with("  and 2 more; --json names them all\n"), "{text}");
        assert_eq!(left_behind(&[]), "");
    }

    #[test]
    fn very_long_lines_are_cut() {
        let mut long = Transcript::new("5/x/y", Version::V5);
        long.add(Duration::ZERO, "publisher", What::Received(Bytes::from(vec![0; 5000])));
        let text = transcript(&long);
        assert!(text.len() < 800 && text.ends_with(" more letters; --json has them all)\n"), "{text}");
    }
}
