//! The end of a run for people, whether it has just ended or its report is read again: counts, then what was weak or not judged,
//! then the fails, what it all comes to, and what to do next. On a terminal it fits on one screen: the worst is told first in
//! each section, and what has no room is counted.

use super::document::{CaseReport, Document, Mark};
use super::groups::{self, Group};
use super::next::{self, Reports};
use super::text::{bold, counts, in_short_words, style, styled};
use super::{explored, left};
use crate::run::Disturbance;
use crate::scenario::Verdict;
use crate::text::{columns, counted, fitted, wrapped};
use std::collections::{BTreeMap, BTreeSet};

/// How wide text is where there is no terminal.
const WIDTH: usize = 80;

/// How far lines are set in that belong to an item's first line.
const INDENT: usize = 4;

/// Letters of what a group has seen, where it may take several lines.
const LETTERS: usize = 300;

/// Where the text is to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// Columns of a line.
    pub(crate) width: usize,
    /// Lines of the screen that it is to fit on, the shell's next one included; none where there is room for all.
    pub(crate) height: Option<usize>,
    /// Names every case.
    pub(crate) is_verbose: bool,
}

impl Default for Page {
    fn default() -> Self {
        Self { width: WIDTH, height: None, is_verbose: false }
    }
}

/// What is said at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ending {
    /// All up to the result.
    pub(crate) body: String,
    /// What it comes to, and what to do next.
    pub(crate) result: String,
}

/// The end of this run.
pub(crate) fn ending(document: &Document, reports: &Reports, page: &Page) -> Ending {
    let result = next::result(document, reports);
    if document.results.is_empty() && document.explore.is_none() {
        return Ending { body: String::new(), result: together(&result) };
    }
    let sections = sections(document, page);
    let counted = counts_of(document, page);
    let lost = losses(document, page);
    let frame = Frame { above: &counted, below: [lost.as_slice(), &result].concat(), page };
    let lines = fitting(&frame, &sections, &next::more(reports));
    Ending { body: together(&[lines, lost].concat()), result: together(&result) }
}

fn together(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// What is shown whatever the room.
struct Frame<'a> {
    above: &'a [String],
    below: Vec<String>,
    page: &'a Page,
}

/// A part with a heading of its own.
struct Section {
    heading: String,
    /// What is said of it where there is no room for more.
    brief: String,
    /// In the order of concern.
    items: Vec<Item>,
    concern: Concern,
    /// What the items are, where some are not shown.
    kind: &'static str,
}

/// Who gets room first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Concern {
    Fails,
    NotJudged,
    Weak,
    Rest,
}

impl Concern {
    const ALL: [Self; 4] = [Self::Fails, Self::NotJudged, Self::Weak, Self::Rest];
}

/// A line, and below it what is said in full.
struct Item {
    line: String,
    cases: Vec<String>,
}

impl Item {
    /// One line where there is little room.
    fn lines(&self, page: &Page, is_short: bool) -> Vec<String> {
        if is_short {
            return vec![fitted(&self.line, page.width)];
        }
        let mut lines = wrapped(&self.line, page.width, INDENT);
        if page.is_verbose && self.cases.len() > 1 {
            lines.extend(self.cases.iter().map(|case| format!("    {case}")));
        }
        lines
    }
}

/// The sections in the room that there is: all in full, or each as far as it goes.
fn fitting(frame: &Frame<'_>, sections: &[Section], more: &str) -> Vec<String> {
    let all: Vec<usize> = sections.iter().map(|section| section.items.len()).collect();
    let whole = Layout { frame, sections, more, is_short: false };
    let Some(height) = frame.page.height else { return whole.lines(&all) };
    if whole.rows(&all) < height {
        return whole.lines(&all);
    }
    let short = Layout { is_short: true, ..whole };
    let shown = short.grown(height);
    short.lines(&shown)
}

/// How sections become lines.
struct Layout<'a> {
    frame: &'a Frame<'a>,
    sections: &'a [Section],
    more: &'a str,
    is_short: bool,
}

impl Layout<'_> {
    /// How many items of each section have room: one more of each in turn, those of most concern first.
    fn grown(&self, height: usize) -> Vec<usize> {
        let mut shown = vec![0; self.sections.len()];
        for concern in Concern::ALL {
            let of_concern: Vec<usize> =
                (0..shown.len()).filter(|&index| self.sections[index].concern == concern).collect();
            while of_concern.iter().filter(|&&index| self.has_grown(&mut shown, index, height)).count() > 0 {}
        }
        shown
    }

    fn has_grown(&self, shown: &mut [usize], index: usize, height: usize) -> bool {
        let before = shown[index];
        let all = self.sections[index].items.len();
        // The last ones take no more room than to say how many there are.
        for next in [before + 1, all] {
            shown[index] = next;
            if before < all && self.rows(shown) < height {
                return true;
            }
        }
        shown[index] = before;
        false
    }

    /// Rows of the screen, the last lines of the run included.
    fn rows(&self, shown: &[usize]) -> usize {
        let wide = |line: &String| columns(line).div_ceil(self.frame.page.width.max(1)).max(1);
        self.lines(shown).iter().chain(&self.frame.below).map(wide).sum()
    }

    fn lines(&self, shown: &[usize]) -> Vec<String> {
        let page = self.frame.page;
        let mut lines = if self.is_short { Vec::new() } else { vec![String::new()] };
        lines.extend_from_slice(self.frame.above);
        let with_shown: Vec<(&Section, usize)> = self.sections.iter().zip(shown.iter().copied()).collect();
        let (listed, brief): (Vec<_>, Vec<_>) = with_shown
            .into_iter()
            .partition(|(section, shown)| !self.is_short || *shown > 0 || section.concern == Concern::Fails);
        let brief: Vec<&str> = brief.iter().map(|(section, _)| section.brief.as_str()).collect();
        lines.extend(
            Some(brief.join("; "))
                .filter(|brief| !brief.is_empty())
                .iter()
                .flat_map(|brief| wrapped(brief, page.width, 2)),
        );
        let mut is_first_fail = true;
        for (section, shown) in &listed {
            let is_fail = section.concern == Concern::Fails;
            if !self.is_short || !is_fail || is_first_fail {
                lines.push(String::new());
            }
            is_first_fail &= !is_fail;
            lines.push(section.heading.clone());
            lines.extend(section.items.iter().take(*shown).flat_map(|item| item.lines(page, self.is_short)));
            lines.extend(
                Some(section.items.len() - shown)
                    .filter(|left| *left > 0 && !is_fail)
                    .map(|left| and_more(left, section.kind, "")),
            );
        }
        let fails = listed.iter().filter(|(section, _)| section.concern == Concern::Fails);
        let left: usize = fails.map(|(section, shown)| section.items.len() - shown).sum();
        lines.extend(Some(left).filter(|left| *left > 0).map(|left| and_more(left, "group", self.more)));
        lines
    }
}

fn and_more(left: usize, kind: &str, how: &str) -> String {
    format!("  and {}{how}", counted(left, &format!("more {kind}")))
}

/// The counts of each version.
fn counts_of(document: &Document, page: &Page) -> Vec<String> {
    let mut lines = Vec::new();
    for (version, summary) in document.summary.iter().filter(|(_, summary)| summary.cases > 0) {
        let line = format!("{}: {}", bold(&format!("MQTT {version}")), counts(summary));
        lines.extend(wrapped(&line, page.width, 2));
    }
    lines
}

/// A lost broker is the loudest there is, also where its case is one of many. How it was lost was said when it happened, and
/// the first of the fails says it again; where a baseline lists it, nothing else does.
fn losses(document: &Document, page: &Page) -> Vec<String> {
    let is_told = |case: &CaseReport| case.expected_by_baseline.is_none();
    let (told, listed): (Vec<_>, Vec<_>) = groups::losses(document).partition(|case| is_told(case));
    let mut said: BTreeSet<String> = listed.iter().map(|case| in_short_words(&case.decided_by.seen)).collect();
    if !told.is_empty() {
        said.insert(format!("{} above says how", ids(&told).join(" and ")));
    }
    let mut lines = Vec::new();
    for says in said {
        lines.push(String::new());
        let line = format!("BROKER LOST: {says}");
        let line =
            if page.height.is_some() { vec![fitted(&line, page.width)] } else { wrapped(&line, page.width, INDENT) };
        lines.extend(line.iter().map(|line| styled(style(Verdict::Fail), line)));
    }
    lines
}

/// Everything between the counts and the result.
fn sections(document: &Document, page: &Page) -> Vec<Section> {
    let mut sections = Vec::new();
    sections.extend(expected(document));
    sections.extend(breaches(document, Verdict::Weak, None, page));
    for verdict in [Verdict::NotExercised, Verdict::NotOffered, Verdict::Inconclusive] {
        sections.extend(not_judged(document, verdict, page));
    }
    sections.extend(judged_alone(document));
    sections.extend(noticed(document, page));
    sections.extend(document.explore.as_ref().map(generated));
    for mark in [Mark::Broken, Mark::Lenient] {
        sections.extend(breaches(document, Verdict::Fail, Some(mark), page));
    }
    sections.extend(unmarked(document, page));
    sections.extend(left_behind(document));
    sections
}

fn heading(verdict: Verdict, text: &str, page: &Page) -> String {
    styled(style(verdict), &fitted(text, page.width))
}

/// What a baseline has foreseen.
fn expected(document: &Document) -> Option<Section> {
    let count: usize = document.summary.values().map(|summary| summary.expected_fail).sum();
    let heading = format!("Expected by the baseline: {count}");
    (count > 0).then(|| Section {
        brief: heading.clone(),
        heading,
        items: Vec::new(),
        concern: Concern::Rest,
        kind: "case",
    })
}

/// Fails of a report that does not say whose fault shows.
fn unmarked(document: &Document, page: &Page) -> Option<Section> {
    let is_marked = |case: &CaseReport| case.verdict != Verdict::Fail || case.marked.is_some();
    (!document.results.iter().all(is_marked)).then(|| breaches(document, Verdict::Fail, None, page))?
}

fn breaches(document: &Document, verdict: Verdict, mark: Option<Mark>, page: &Page) -> Option<Section> {
    let groups = groups::breaches(document, verdict, mark);
    let cases: usize = groups.iter().map(|group| group.cases.len()).sum();
    let (word, says) = match (verdict, mark) {
        (_, Some(mark @ Mark::Broken)) => ("Broken", document.tested().shows_in_short(mark)),
        (_, Some(mark @ Mark::Lenient)) => ("Lenient", document.tested().shows_in_short(mark)),
        (Verdict::Weak, None) => ("Weak", "recommendations, or rules only implied, not kept"),
        (_, None) => ("Fails", "rules of the standard not kept"),
    };
    let of = if groups.len() > 1 { format!(" in {} groups", groups.len()) } else { String::new() };
    let text = format!("{word}: {}{of}; {says}", counted(cases, "case"));
    let concern = if verdict == Verdict::Fail { Concern::Fails } else { Concern::Weak };
    let items = groups.iter().map(item).collect();
    let (heading, brief) = (heading(verdict, &text, page), styled(style(verdict), &format!("{word}: {cases}{of}")));
    (cases > 0).then_some(Section { heading, brief, items, concern, kind: "group" })
}

/// `malformed/misplaced-wildcard: 7 cases, MQTT-4.7.1-2: SUBACK 0x00`.
fn item(group: &Group<'_>) -> Item {
    let rules = group.rules_named();
    let (seen, is_all) = group.seen();
    let (mostly, seen) = (if is_all { "" } else { "mostly " }, short(&seen));
    let count = if group.cases.len() > 1 { format!(" {},", counted(group.cases.len(), "case")) } else { String::new() };
    let examples = group.examples();
    let line = if examples.is_empty() {
        format!("  {}:{count} {rules}: {mostly}{seen}", group.name())
    } else {
        let like = examples.join(", ");
        format!("  {}: {}, {like}: {mostly}{seen}", group.name(), counted(group.cases.len(), "case"))
    };
    Item { line, cases: ids(&group.cases) }
}

fn short(text: &str) -> String {
    crate::text::cut(&in_short_words(text), LETTERS).into_owned()
}

fn ids(cases: &[&CaseReport]) -> Vec<String> {
    cases.iter().map(|case| case.case.clone()).collect()
}

fn not_judged(document: &Document, verdict: Verdict, page: &Page) -> Option<Section> {
    let reasons = groups::reasons(document, verdict);
    let cases: usize = reasons.iter().map(|(_, cases)| cases.len()).sum();
    let (word, says) = match verdict {
        Verdict::Inconclusive => ("INCONCLUSIVE", "; the set-up failed, nothing was judged"),
        Verdict::NotOffered => ("Not offered", ""),
        _ => ("Not exercised", ""),
    };
    let of = if reasons.len() > 1 { format!(" for {} reasons", reasons.len()) } else { String::new() };
    let text = format!("{word}: {}{of}{says}", counted(cases, "case"));
    let concern = if verdict == Verdict::Inconclusive { Concern::NotJudged } else { Concern::Rest };
    let item = |(why, cases): &(String, Vec<&CaseReport>)| {
        let named = match cases.as_slice() {
            [case] => case.case.clone(),
            _ => counted(cases.len(), "case"),
        };
        Item { line: format!("  {named}: {}", short(why)), cases: ids(cases) }
    };
    let items = reasons.iter().map(item).collect();
    let (heading, brief) = (heading(verdict, &text, page), styled(style(verdict), &format!("{word}: {cases}")));
    (cases > 0).then_some(Section { heading, brief, items, concern, kind: "reason" })
}

/// What was judged only when it was run again with nothing beside it.
fn judged_alone(document: &Document) -> Option<Section> {
    let mut counts: BTreeMap<Disturbance, usize> = BTreeMap::new();
    for why in document.results.iter().filter_map(|case| case.alone) {
        *counts.entry(why).or_default() += 1;
    }
    let all = counts.values().sum();
    let line = |(why, count): (&Disturbance, &usize)| Item {
        line: format!("  {}, which {}", counted(*count, "case"), why.says()),
        cases: Vec::new(),
    };
    let heading = format!("Judged alone, when run again: {}", counted(all, "case"));
    let items = counts.iter().map(line).collect();
    let brief = format!("Judged alone: {all}");
    (all > 0).then_some(Section { heading, brief, items, concern: Concern::Rest, kind: "reason" })
}

/// Cases that pass, although something in their traffic breaks a rule that is not theirs.
fn noticed(document: &Document, page: &Page) -> Option<Section> {
    let all = document.results.iter().filter(|case| case.verdict == Verdict::Pass && !case.noticed.is_empty());
    let items: Vec<Item> = all
        .map(|case| {
            let found = case.noticed.iter().map(|noticed| format!("{} (line {})", noticed.invariant, noticed.line));
            let line = format!("  {}: {}", case.case, found.collect::<Vec<_>>().join(", "));
            Item { line, cases: Vec::new() }
        })
        .collect();
    let cases = counted(items.len(), "case");
    let text = format!("Pass, with a breach of an invariant in their traffic: {cases}");
    let heading = bold(&fitted(&text, page.width));
    let brief = format!("Pass, with a breach in their traffic: {}", items.len());
    (!items.is_empty()).then_some(Section { heading, brief, items, concern: Concern::Rest, kind: "case" })
}

fn generated(report: &explored::ExploreReport) -> Section {
    let mut lines = explored::summary(report).into_iter();
    let heading = lines.next().unwrap_or_default();
    let items = lines.map(|line| Item { line, cases: Vec::new() }).collect();
    Section { brief: heading.clone(), heading, items, concern: Concern::NotJudged, kind: "line" }
}

/// What may be left on a broker that is in use.
fn left_behind(document: &Document) -> Option<Section> {
    let items = document.left_behind.iter().map(|left| Item { line: left::told(left), cases: Vec::new() }).collect();
    let count = document.left_behind.len();
    let heading = bold(&format!("May be left on the broker, for it could not be removed: {count}"));
    let brief = bold(&format!("May be left on the broker: {count}"));
    (count > 0).then_some(Section { heading, brief, items, concern: Concern::NotJudged, kind: "name" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::Accepted;
    use crate::report::samples::{case, report};
    use crate::scenario::{Kind, LeftBehind};
    use proptest::prelude::*;

    /// A broker with 30 fails in many groups, and something of all else.
    fn busy() -> Document {
        let mut cases = Vec::new();
        for (family, version, count) in [
            ("malformed/misplaced-wildcard", "3.1.1", 4),
            ("malformed/misplaced-wildcard", "5", 3),
            ("wills/ends-with-session", "5", 5),
            ("store/nothing-for-shares", "5", 4),
            ("resumes/maximum-packet-size-is-new", "5", 2),
        ] {
            for number in 0..count {
                let id = format!("{version}/{family}.{number}");
                cases.push(case(&id, Verdict::Fail, "MQTT-4.7.1-2", &format!("SUBACK id={number} 0x00")));
            }
        }
        for number in 0..12 {
            let seen = "no PUBLISH \"status\" payload=\"gone\" within 12.5s; what came instead: PUBREL id=1 (line 14)";
            let mut case = case(&format!("5/chapter-{number}/single"), Verdict::Fail, "MQTT-3.1.2-8", seen);
            case.marked = Some(if number < 8 { Mark::Broken } else { Mark::Lenient });
            cases.push(case);
        }
        for number in 0..9 {
            cases.push(case(&format!("5/qos/weak-{number}"), Verdict::Weak, "U5-210", "a close without a DISCONNECT"));
            cases.push(case(
                &format!("5/qos/none-{number}"),
                Verdict::NotOffered,
                "X",
                &format!("no option {}", number % 3),
            ));
            cases.push(case(&format!("5/qos/pass-{number}"), Verdict::Pass, "X", "kept"));
        }
        cases.push(case("5/qos/stuck", Verdict::Inconclusive, "X", "rogue: no CONNACK within 12.5s"));
        let mut document = report(cases);
        (document.exit, document.why) = (1, "FAIL: 30 of 58".to_owned());
        document
    }

    fn shown(document: &Document, page: &Page) -> String {
        let reports = Reports { json: Some("a.json".to_owned()), html: Some("report/index.html".to_owned()) };
        let Ending { body, result } = ending(document, &reports, page);
        anstream::adapter::strip_str(&(body + &result)).to_string()
    }

    #[test]
    fn thirty_fails_fit_on_one_screen() {
        let screen = Page { width: 80, height: Some(23), is_verbose: false };
        let text = shown(&busy(), &screen);
        let rows: usize = text.lines().map(|line| columns(line).div_ceil(80).max(1)).sum();
        assert!(rows < 23, "{rows} rows\n{text}");
        insta::assert_snapshot!("on_80_by_24", text);
        insta::assert_snapshot!(
            "on_140_by_40",
            shown(&busy(), &Page { width: 140, height: Some(40), is_verbose: false })
        );
    }

    #[test]
    fn in_a_file_all_is_told() {
        let text = shown(&busy(), &Page::default());
        assert!(!text.contains(" more group"), "{text}");
        insta::assert_snapshot!("in_a_file", text);
        insta::assert_snapshot!("in_full", shown(&busy(), &Page { is_verbose: true, ..Page::default() }));
    }

    #[test]
    fn a_broker_that_was_lost_stays_loud_and_what_is_left_is_named() {
        let mut document = busy();
        document.results.push(case("5/life/stays-alive", Verdict::Fail, "S-1", "it was ended by SIGSEGV\n\u{1b}[2J"));
        let left = |number| LeftBehind {
            kind: if number == 0 { Kind::Session } else { Kind::Retained },
            name: format!("name\n{number}"),
            case: "5/x/y".to_owned(),
        };
        document.left_behind = (0..25).map(left).collect();
        let text = shown(&document, &Page { width: 80, height: Some(24), is_verbose: false });
        assert!(text.contains("  5/life/stays-alive: S-1: it was ended by SIGSEGV\\n\\u{1b}[2J\n"), "{text}");
        assert!(text.contains("\nBROKER LOST: 5/life/stays-alive above says how\n\nResult: FAIL"), "{text}");
        let last = document.results.last_mut().expect("the loss");
        last.expected_by_baseline = Some(Accepted { reason: "it dies of this".to_owned(), link: None });
        let text = shown(&document, &Page { width: 80, height: Some(24), is_verbose: false });
        assert!(text.contains("\nBROKER LOST: it was ended by SIGSEGV\\n\\u{1b}[2J\n\nResult: FAIL"), "{text}");
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("May be left on the broker: 25"), "{text}");
        let text = shown(&document, &Page::default());
        assert!(text.contains("  the session of client \"name\\n0\" (5/x/y)\n"), "{text}");
    }

    #[test]
    fn where_all_is_well_nothing_is_advised() {
        let text = shown(&report(vec![case("5/a/b", Verdict::Pass, "X", "kept")]), &Page::default());
        assert_eq!(text, "\nMQTT 5: 1 case: 1 pass\n\nResult: why \\u{1b}[2J (1.234s, exit code 0)\n");
    }

    proptest! {
        #[test]
        fn a_screen_of_some_size_is_never_too_small(width in 80_usize..200, height in 24_usize..60) {
            let text = shown(&busy(), &Page { width, height: Some(height), is_verbose: false });
            let rows: usize = text.lines().map(|line| columns(line).div_ceil(width).max(1)).sum();
            prop_assert!(rows < height, "{rows} rows on {width} x {height}\n{text}");
        }
    }
}
