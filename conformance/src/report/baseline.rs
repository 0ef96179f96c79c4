//! How a run stands beside its baseline: as data for reports, and in words for people. Each difference says what to do.

use super::text::{in_short_words, row, styled};
use crate::baseline::{Baseline, Changes, Comparison, Difference, Entry, Expectations, Kind, RuleCame};
use crate::scenario::Verdict;
use crate::text::{counted, cut, quoted, single_line};
use anstyle::{AnsiColor, Style};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Differences that the console tells; JSON has all.
const TOLD: usize = 30;

/// Letters of what was seen that the console tells of one.
const LETTERS: usize = 240;

/// What became of a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BaselineReport {
    /// Its file, as the command line names it.
    pub(crate) file: String,
    /// The broker that it was made of, and the program that wrote it.
    pub(crate) broker: String,
    pub(crate) tool: String,
    /// This run has written it.
    pub(crate) written: bool,
    /// How many entries it has.
    pub(crate) entries: usize,
    /// How many came as listed.
    pub(crate) expected: usize,
    /// How many vary, and were better this time.
    pub(crate) better: usize,
    /// How many belong to cases that were not run.
    pub(crate) not_run: usize,
    /// How many say no reason.
    pub(crate) without_reason: usize,
    /// What came as listed, by case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) as_listed: BTreeMap<String, AsListed>,
    /// Where it and the run differ.
    pub(crate) differences: Vec<DifferenceReport>,
    /// Cases that every part of a run judges, each by its own traffic, where the run is one part: what does not show in it may
    /// show in another. Reports of parts that are put together have none.
    #[serde(skip)]
    pub(crate) left_to_the_whole: BTreeSet<String>,
}

/// How many entries of a case hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AsListed {
    /// They came as listed.
    pub(crate) expected: usize,
    /// They vary, and were better this time.
    pub(crate) better: usize,
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DifferenceReport {
    pub(crate) case: String,
    pub(crate) rule: String,
    /// `unlisted`, `passes`, `changed`, `never-ran`, `unknown-id`.
    pub(crate) what: String,
    /// Where the entry stands in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    /// What is listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) was: Option<Told>,
    /// What came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) now: Option<Told>,
    /// In one line: what it is, and what to do.
    pub(crate) says: String,
}

/// A verdict, and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) verdict: Verdict,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seen: Option<String>,
}

impl BaselineReport {
    /// What the comparison came to.
    pub(crate) fn of(expectations: &Expectations, comparison: &Comparison) -> Self {
        let Expectations { file, baseline, written, .. } = expectations;
        Self {
            file: file.clone(),
            broker: baseline.broker.clone(),
            tool: baseline.tool.clone(),
            written: written.is_some(),
            entries: baseline.entries.len(),
            expected: comparison.expected,
            better: comparison.better,
            not_run: comparison.not_run,
            without_reason: baseline.without_reason(),
            as_listed: comparison
                .by_case
                .iter()
                .map(|(case, (expected, better))| (case.clone(), AsListed { expected: *expected, better: *better }))
                .collect(),
            differences: comparison.differences.iter().map(DifferenceReport::of).collect(),
            left_to_the_whole: BTreeSet::new(),
        }
    }

    /// What came to this verdict, and is not listed.
    pub(crate) fn unlisted(&self, verdict: Verdict) -> impl Iterator<Item = &DifferenceReport> {
        let came_to =
            move |difference: &&DifferenceReport| difference.now.as_ref().is_some_and(|now| now.verdict == verdict);
        self.differences.iter().filter(|difference| difference.what == Kind::Unlisted.word()).filter(came_to)
    }

    /// How a whole run stands whose parts stand so, and of whose cases each counts as it came in one of them.
    pub(crate) fn merged(parts: &[&Self], counts_in: impl Fn(&str) -> Option<usize>) -> Option<Self> {
        let counts = |part: usize, case: &str| counts_in(case).unwrap_or_default() == part;
        let (mut as_listed, mut differences) = (BTreeMap::new(), Vec::new());
        for (part, report) in parts.iter().enumerate() {
            let listed = report.as_listed.iter().filter(|(case, _)| counts(part, case));
            as_listed.extend(listed.map(|(case, listed)| (case.clone(), *listed)));
            differences.extend(report.differences.iter().filter(|one| counts(part, &one.case)).cloned());
        }
        differences.sort_by(|one, other| (&one.case, &one.rule).cmp(&(&other.case, &other.rule)));
        let model = (*parts.first()?).clone();
        let (expected, better) =
            as_listed.values().fold((0, 0), |(all, best), one| (all + one.expected, best + one.better));
        let left_to_the_whole = BTreeSet::new();
        let mut whole = Self { expected, better, as_listed, differences, left_to_the_whole, ..model };
        whole.not_run = whole.entries.saturating_sub(expected + better + whole.stale().count());
        Some(whole)
    }

    /// Differences that make the baseline stale: it says what no longer holds.
    pub(crate) fn stale(&self) -> impl Iterator<Item = &DifferenceReport> {
        self.not_as_listed().filter(|difference| !self.is_left(difference))
    }

    fn not_as_listed(&self) -> impl Iterator<Item = &DifferenceReport> {
        self.differences.iter().filter(|difference| difference.what != Kind::Unlisted.word())
    }

    fn is_left(&self, difference: &DifferenceReport) -> bool {
        self.left_to_the_whole.contains(&difference.case)
    }
}

impl DifferenceReport {
    /// It says the same about another rule of the case.
    fn is_like(&self, other: &Self) -> bool {
        (&self.case, &self.what, &self.says) == (&other.case, &other.what, &other.says)
            && (&self.was, &self.now) == (&other.was, &other.now)
    }

    fn of(difference: &Difference) -> Self {
        let Difference { key, kind, was, now } = difference;
        let of_entry = |entry: &Entry| Told { verdict: entry.verdict, seen: entry.seen.clone() };
        let of_rule = |rule: &RuleCame| Told {
            verdict: rule.verdict,
            seen: Some(rule.seen.clone()).filter(|seen| !seen.is_empty()),
        };
        Self {
            case: key.case.clone(),
            rule: key.rule.clone(),
            what: kind.word().to_owned(),
            line: was.as_ref().map(|entry| entry.line).filter(|line| *line > 0),
            was: was.as_ref().map(of_entry),
            now: now.as_ref().map(of_rule),
            says: says(difference),
        }
    }
}

/// What a difference is, and what to do about it, in one line.
pub(crate) fn says(difference: &Difference) -> String {
    let was = difference.was.as_ref().map_or("nothing", |entry| entry.verdict.word());
    let now = difference.now.as_ref().map_or("not judged", |rule| rule.verdict.phrase());
    match &difference.kind {
        Kind::Unlisted => format!("{now}, and not listed: repair it, or list it with a reason"),
        Kind::Passes => {
            format!("listed as {was}, passes now: remove the entry, or say `varies = true` if it comes and goes")
        }
        Kind::Changed if was == now => {
            format!(
                "still {was}, and other things are seen: look whether the reason holds, then take it over, or say `varies = \"seen\"`"
            )
        }
        Kind::Changed => format!("listed as {was}, is {now} now: look what has changed, then take it over"),
        Kind::NeverRan(Some(why)) => {
            format!(
                "listed as {was}, not judged now ({}): have it set up as it was, or remove the entry",
                in_short_words(why)
            )
        }
        Kind::NeverRan(None) => {
            format!(
                "listed as {was}, nothing happened now that could break it: remove the entry, or say `varies = true`"
            )
        }
        Kind::Unknown(what) => format!("{what}: correct the id, or remove the entry"),
    }
}

/// What the baseline and the run have to say to each other, below a run's summary.
pub(crate) fn summary(report: &BaselineReport, written: Option<Changes>) -> String {
    let mut out = head(report, written);
    let stale: Vec<&DifferenceReport> = report.stale().collect();
    // Twins are told once.
    let groups: Vec<&[&DifferenceReport]> = stale.chunk_by(|one, other| one.is_like(other)).collect();
    for group in groups.iter().take(TOLD) {
        out.push_str(&told(group));
    }
    if let Some(more) = groups.len().checked_sub(TOLD).filter(|more| *more > 0) {
        let _ = writeln!(out, "  and {}; --json names them all", counted(more, "more case"));
    }
    let left = report.not_as_listed().count() - stale.len();
    if left > 0 {
        let _ = writeln!(
            out,
            "  {} not seen in this part, and perhaps in another: mqtt-assay report --merge tells",
            entries(left)
        );
    }
    let unlisted = report.differences.len() - stale.len() - left;
    if unlisted > 0 {
        let _ = writeln!(out, "  {} not listed: each is told above", counted(unlisted, "rule"));
    }
    if unlisted > 0 || !stale.is_empty() {
        let file = crate::text::shell::for_shell(&report.file);
        let _ = writeln!(out, "  To take over all of this, add: --write-baseline {file}");
        let _ = writeln!(
            out,
            "  To go through it: mqtt-assay baseline review REPORT.json --baseline {file} (written by --json REPORT.json)"
        );
        let _ = writeln!(out, "  Where it is chance: the same with --accept-all --mark-varying");
    }
    out
}

/// Which baseline, and how many of its entries hold.
fn head(report: &BaselineReport, written: Option<Changes>) -> String {
    let file = single_line(&report.file);
    let mut out = if let Some(Changes { new, changed, gone }) = written {
        let is_first = new == report.entries && gone == 0;
        let changes = if is_first { String::new() } else { format!(": {new} new, {changed} changed, {gone} gone") };
        format!("\n{}: written, {}{changes}\n", bold(&format!("Baseline {file}")), entries(report.entries))
    } else {
        let made = if report.broker.is_empty() {
            String::new()
        } else {
            format!(", made of {}", in_short_words(&report.broker))
        };
        let judged = report.entries - report.not_run;
        let mut head = format!(
            "\n{}{made}: {} of {} as listed",
            bold(&format!("Baseline {file}")),
            report.expected,
            entries(judged)
        );
        if report.better > 0 {
            let _ = write!(head, ", {} better this time", counted_varying(report.better));
        }
        if report.not_run > 0 {
            let _ = write!(head, ", {} of cases that were not run", report.not_run);
        }
        head + "\n"
    };
    if report.without_reason > 0 {
        let _ = writeln!(
            out,
            "  {} without a reason: write in the file why each is accepted; many at once: mqtt-assay baseline reason {} --of ID WHY",
            entries(report.without_reason),
            crate::text::shell::for_shell(&report.file)
        );
    }
    out
}

/// So many entries, in words.
pub(crate) fn entries(count: usize) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}

fn counted_varying(count: usize) -> String {
    if count == 1 { "1 that varies".to_owned() } else { format!("{count} that vary") }
}

/// What several rules of a case differ in, in a few lines.
fn told(group: &[&DifferenceReport]) -> String {
    let [first, ..] = group else { return String::new() };
    let rules: Vec<&str> = group.iter().map(|difference| difference.rule.as_str()).collect();
    let lines: Vec<String> =
        group.iter().filter_map(|difference| difference.line).map(|line| line.to_string()).collect();
    let place = match lines.as_slice() {
        [] => String::new(),
        [line] => format!(" (line {line})"),
        lines => format!(" (lines {})", lines.join(", ")),
    };
    let what = styled(STALE, &first.what.replace('-', " "));
    let mut out = format!("  {what} {} {}{place}\n", single_line(&first.case), single_line(&rules.join(" ")));
    let _ = writeln!(out, "    {}", single_line(&first.says));
    if first.what == Kind::Changed.word() {
        out.push_str(&was_and_now(first));
    }
    out
}

fn was_and_now(difference: &DifferenceReport) -> String {
    let seen = |told: &Option<Told>| told.as_ref().map(seen);
    let (was, now) = (seen(&difference.was), seen(&difference.now));
    let same = match (&was, &now) {
        (Some(was), Some(now)) => was.chars().zip(now.chars()).take_while(|(one, other)| one == other).count(),
        _ => 0,
    };
    // What two long texts have in common is told by its end.
    let skipped = if same > LETTERS / 2 { same - LETTERS / 4 } else { 0 };
    let told = [("was", was), ("now", now)].into_iter();
    told.filter_map(|(label, text)| Some(row(label, &from(&text?, skipped)))).collect()
}

/// The text without so many letters, of a long one the start.
fn from(text: &str, skipped: usize) -> String {
    let rest: String = text.chars().skip(skipped).collect();
    let before = if skipped > 0 { "... " } else { "" };
    format!("{before}{}", cut(&rest, LETTERS))
}

/// Differences of rules of one case, with all that is known of them: what was, and what is.
pub(crate) fn told_whole(differences: &[Difference]) -> String {
    let reports: Vec<DifferenceReport> = differences.iter().map(DifferenceReport::of).collect();
    let whole = |group: &[DifferenceReport]| {
        let group: Vec<&DifferenceReport> = group.iter().collect();
        let is_told = group[0].what == Kind::Changed.word();
        told(&group) + &if is_told { String::new() } else { was_and_now(group[0]) }
    };
    reports.chunk_by(DifferenceReport::is_like).map(whole).collect()
}

/// Differences that one decision is about: neighbours that say the same about rules of one case.
pub(crate) fn decided_together(differences: &[Difference]) -> Vec<&[Difference]> {
    let is_like =
        |one: &Difference, other: &Difference| DifferenceReport::of(one).is_like(&DifferenceReport::of(other));
    differences.chunk_by(is_like).collect()
}

/// What was seen, with its verdict.
fn seen(told: &Told) -> String {
    match &told.seen {
        Some(seen) => format!("{}: {}", told.verdict, single_line(seen)),
        None => told.verdict.phrase().to_owned(),
    }
}

const STALE: Style = AnsiColor::Red.on_default().bold();

fn bold(text: &str) -> String {
    styled(Style::new().bold(), text)
}

/// The broker as a baseline names it, by what reports know of it.
pub(crate) fn broker_name(target: &super::TargetName) -> String {
    match &target.version {
        Some(version) => format!("{} {version}", target.name),
        None => target.name.clone(),
    }
}

/// What a check of a baseline by itself finds, a line each; empty where nothing is wrong.
pub(crate) fn faults(baseline: &Baseline, unknown: impl Fn(&crate::baseline::Key) -> Option<String>) -> Vec<String> {
    let mut out = Vec::new();
    for (key, entry) in &baseline.entries {
        let place = format!("line {}: {key}", entry.line);
        if let Some(what) = unknown(key) {
            out.push(format!("{place}: {what}"));
        }
        if entry.reason.trim().is_empty() {
            out.push(format!("{place}: no reason says why this is accepted; write {}", quoted("reason = \"...\"")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(was: &str, now: &str) -> String {
        let told = |seen: &str| Some(Told { verdict: Verdict::Fail, seen: Some(seen.to_owned()) });
        let report = DifferenceReport {
            case: "5/a/b".to_owned(),
            rule: "MQTT-1".to_owned(),
            what: Kind::Changed.word().to_owned(),
            line: Some(7),
            was: told(was),
            now: told(now),
            says: "look".to_owned(),
        };
        anstream::adapter::strip_str(&super::told(&[&report])).to_string()
    }

    #[test]
    fn of_long_texts_the_place_is_shown_where_they_differ() {
        let long = "x".repeat(390);
        let text = changed(&format!("{long}a"), &format!("{long}b"));
        let lines: Vec<&str> = text.lines().skip(2).map(str::trim_end).collect();
        assert!(lines[0].starts_with("    was         ... xxx") && lines[0].ends_with("xa"), "{text}");
        assert!(lines[1].starts_with("    now         ... xxx") && lines[1].ends_with("xb"), "{text}");
        assert!(changed("a", "b").contains("    was         fail: a\n    now         fail: b\n"));
    }

    #[test]
    fn hostile_text_of_a_file_stays_on_its_line() {
        let text = changed("a\u{1b}[2J\nb", &"y".repeat(9000));
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(!text.contains('\u{1b}') && text.lines().all(|line| line.len() < 300), "{text}");
    }
}
