//! A run in some sixty lines of Markdown, for pull requests and step summaries: the counts, the fails in groups with what was
//! expected, what came and how to repeat it, and what was not judged. Whatever a broker sent stands in code spans.

use super::behaviour::without_names;
use super::document::Document;
use super::groups::{Group, fails, reasons};
use super::tested::Tested;
use crate::run::Summary;
use crate::scenario::Verdict;
use crate::text::markdown::{cell, code, prose};
use crate::text::{counted, cut, grouped};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Groups of fails that are shown; the others are counted.
const GROUPS_SHOWN: usize = 9;

/// Chapters that are shown: those with something that isn't right, the worst first.
const CHAPTERS_SHOWN: usize = 10;

/// Reasons that are shown for each verdict that is none.
const REASONS_SHOWN: usize = 3;

/// Letters of what was expected and seen.
const LETTERS_SHOWN: usize = 200;

/// Writes the summary.
pub(crate) fn write(out: &mut dyn Write, document: &Document) -> io::Result<()> {
    out.write_all(summary(document).as_bytes())?;
    out.flush()
}

/// The summary.
pub(crate) fn summary(document: &Document) -> String {
    let mut out = format!("## MQTT conformance of {}\n\n", code(&document.broker()));
    out.push_str(&facts(document));
    if !document.results.is_empty() {
        out.push_str(&versions(document));
        out.push_str(&chapters(document));
    }
    out.push_str(&groups(document));
    out.push_str(&not_judged(document));
    out
}

/// What it all comes to; day, program, seed, how the version was learnt.
fn facts(document: &Document) -> String {
    let mut facts = vec![document.day().to_owned(), format!("{} {}", document.tool.name, document.tool.version)];
    facts.extend((document.tested() == Tested::Broker).then(|| format!("seed {}", document.seed)));
    facts.extend(document.shard.as_ref().map(|shard| format!("shard {}", shard.shard)));
    facts.extend(document.target.learnt_from.as_ref().map(|from| format!("version from {}", code(from))));
    let facts = facts.join(", ");
    let why = code(&cut(&document.why, LETTERS_SHOWN));
    format!("**Result:** {why} (exit code {}). {facts}.\n\n", document.exit)
}

fn versions(document: &Document) -> String {
    let mut out = String::from(
        "| | cases | pass | fail | of these lenient | weak | inconclusive | not offered | not exercised | observed |\n\
         | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n",
    );
    for (version, summary) in &document.summary {
        let Summary { cases, pass, fail, lenient, weak, inconclusive, not_offered, not_exercised, observed, .. } =
            *summary;
        let counts = [cases, pass, fail, lenient, weak, inconclusive, not_offered, not_exercised, observed];
        let counts: Vec<String> = counts.into_iter().map(grouped).collect();
        let _ = writeln!(out, "| MQTT {} | {} |", prose(version), counts.join(" | "));
    }
    out + "\n"
}

/// The counts of a chapter by version.
type Chapter<'a> = BTreeMap<&'a str, Summary>;

fn chapters(document: &Document) -> String {
    let mut chapters: BTreeMap<&str, Chapter<'_>> = BTreeMap::new();
    for case in &document.results {
        let summary = chapters.entry(&case.chapter).or_default().entry(&case.mqtt).or_default();
        summary.count_one(case.verdict, case.marked == Some(super::document::Mark::Lenient));
    }
    let all = |chapter: &Chapter<'_>| chapter.values().fold(Summary::default(), Summary::and);
    let (mut shown, mut others): (Vec<_>, Vec<_>) = chapters.into_iter().partition(|(_, chapter)| {
        let sum = all(chapter);
        sum.fail + sum.inconclusive > 0
    });
    if shown.is_empty() {
        return String::new();
    }
    shown.sort_by_key(|(_, chapter)| std::cmp::Reverse((all(chapter).fail, all(chapter).inconclusive)));
    others.extend(shown.split_off(shown.len().min(CHAPTERS_SHOWN)));
    let versions: Vec<&str> = document.summary.keys().map(String::as_str).collect();
    let heads: Vec<String> = versions.iter().map(|version| format!("MQTT {}", prose(version))).collect();
    let mut out = format!("| chapter | {} |\n| --- |{}\n", heads.join(" | "), " --- |".repeat(versions.len()));
    let row = |name: &str, chapter: &Chapter<'_>| {
        let cells: Vec<String> =
            versions.iter().map(|version| chapter.get(version).map_or_else(String::new, in_words)).collect();
        format!("| {name} | {} |\n", cells.join(" | "))
    };
    for (name, chapter) in &shown {
        out.push_str(&row(&cell(name), chapter));
    }
    let mut rest = Chapter::new();
    for (version, summary) in others.iter().flat_map(|(_, chapter)| chapter) {
        let sum = rest.entry(version).or_default();
        *sum = sum.and(summary);
    }
    if !others.is_empty() {
        out.push_str(&row(&counted(others.len(), "other chapter"), &rest));
    }
    out + "\n"
}

/// `40 of 44 pass, **4 fail**`: of what was judged.
fn in_words(summary: &Summary) -> String {
    let mut out = format!("{} of {} pass", grouped(summary.pass), grouped(summary.judged()));
    if summary.fail > 0 {
        let _ = write!(out, ", **{} fail**", grouped(summary.fail));
    }
    if summary.weak > 0 {
        let _ = write!(out, ", {} weak", grouped(summary.weak));
    }
    if summary.inconclusive > 0 {
        let _ = write!(out, ", {} inconclusive", grouped(summary.inconclusive));
    }
    out
}

fn groups(document: &Document) -> String {
    let groups = fails(document);
    if groups.is_empty() {
        return String::new();
    }
    let cases = groups.iter().map(|group| group.cases.len()).sum();
    let mut out = format!("### Fails: {} in {}\n\n", counted(cases, "case"), counted(groups.len(), "group"));
    for group in groups.iter().take(GROUPS_SHOWN) {
        out.push_str(&told(document, group));
    }
    let others = &groups[groups.len().min(GROUPS_SHOWN)..];
    if !others.is_empty() {
        let names: Vec<String> =
            others.iter().map(|group| format!("{} ({})", group.name(), group.cases.len())).collect();
        let names = code(&names.join(", "));
        let _ = writeln!(out, "- and {}, with so many cases: {names}", counted(others.len(), "more group"));
    }
    out + "\n"
}

/// Name, rules and sentence, what was expected and came in one case, and the command that repeats that.
fn told(document: &Document, group: &Group<'_>) -> String {
    let says = group.standard().map_or_else(String::new, |rule| format!(": {}", prose(rule.says)));
    let mut told = vec![counted(group.cases.len(), "case")];
    told.extend(Some(group.marked().to_owned()).filter(|marked| !marked.is_empty()));
    told.push(format!("{} of MQTT {}", code(&group.rules_named()), prose(&group.versions())));
    let mut out = format!("- **{}** ({}){says}\n", code(group.name()), told.join(", "));
    if let Some(case) = group.example() {
        let expected = case.expected.as_deref().unwrap_or_default();
        let shown = |text: &str| code(&cut(&without_names(text, &document.names), LETTERS_SHOWN));
        let [expected, came] = [expected, &case.decided_by.seen].map(shown);
        let _ = writeln!(out, "  - expected: {expected}; came: {came}");
        let _ = writeln!(out, "  - repeat: {}", code(&document.repeat(case)));
    }
    out
}

fn not_judged(document: &Document) -> String {
    let mut out = String::new();
    for verdict in [Verdict::Inconclusive, Verdict::NotOffered, Verdict::NotExercised] {
        let reasons = reasons(document, verdict);
        let count: usize = reasons.iter().map(|(_, cases)| cases.len()).sum();
        if count == 0 {
            continue;
        }
        let told: Vec<String> =
            reasons.iter().take(REASONS_SHOWN).map(|(why, cases)| reason(why, cases.len())).collect();
        let more = match reasons.len().saturating_sub(REASONS_SHOWN) {
            0 => String::new(),
            more => format!("; {}", counted(more, "more reason")),
        };
        let _ = writeln!(out, "- {} {verdict}: {}{more}", grouped(count), told.join("; "));
    }
    if out.is_empty() { out } else { format!("### Not judged\n\n{out}") }
}

fn reason(why: &str, cases: usize) -> String {
    format!("{} ({cases})", code(&cut(why, LETTERS_SHOWN)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;
    use crate::scenario::Stop;

    #[test]
    fn hostile_text_is_code_and_stays_on_its_line() {
        let hostile = "DUP 1 ``` </code> | @all\n\u{1b}[2J";
        let document = samples::document(&[
            samples::result(&[(Verdict::Fail, hostile), (Verdict::Pass, "")], Some(Stop::Failed)),
            samples::result(&[(Verdict::Weak, hostile)], None),
            samples::result(&[], Some(Stop::Inconclusive { why: hostile.to_owned(), line: None })),
            samples::result(&[], Some(Stop::NotOffered("CONNACK: RetainAvailable(0)".to_owned()))),
            samples::result(&[(Verdict::Pass, "kept"), (Verdict::Pass, "kept")], None),
        ]);
        insta::with_settings!({ filters => vec![(r"mqtt-assay \d[^, ]*", "mqtt-assay [version]")] }, {
            insta::assert_snapshot!(summary(&document));
        });
    }

    #[test]
    fn a_run_without_results_says_why() {
        let mut document = samples::document(&[]);
        document.why = "nothing judged: the broker closed the connection".to_owned();
        let text = summary(&document);
        assert!(text.contains("**Result:** `nothing judged: the broker closed the connection`"), "{text}");
        assert!(!text.contains("| ---") && !text.contains("###"), "{text}");
    }

    #[test]
    fn a_broker_with_a_hundred_fails_takes_no_more_than_some_sixty_lines() {
        let failed = samples::document(&[samples::result(&[(Verdict::Fail, "DUP 1")], Some(Stop::Failed))]);
        let mut document = failed.clone();
        document.results.clear();
        for number in 0..100 {
            let mut case = failed.results[0].clone();
            case.case = format!("5/group/of-{}.{number}", number % 50);
            case.chapter = format!("chapter-{}", number % 40);
            case.decided_by.rule = Some(format!("MQTT-9.9.9-{}", number % 50));
            document.results.push(case);
        }
        let text = summary(&document);
        assert!(text.lines().count() <= 60, "{text}");
        assert!(text.contains("and 41 more groups, with so many cases: `group/of-"), "{text}");
        assert!(text.contains("| 30 other chapters |"), "{text}");
    }
}
