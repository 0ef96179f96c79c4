//! The walk through differences at a terminal: each is shown with the rule, what was, what is now and the transcript, and a
//! key decides about it.

use crate::baseline::{Baseline, Difference, How};
use crate::report::baseline::{decided_together, told_whole};
use crate::report::document::{CaseReport, Document};
use crate::text::{cut, single_line, visible};
use console::{Key, Term};
use mqtt_assay_codec::Version;
use mqtt_assay_standard::{self as standard, Rule, RuleId};
use std::fmt::Write as _;
use std::io;

/// Lines of a transcript that are shown at once: those up to the one that decided.
const LINES: usize = 10;

/// Lines behind it.
const BEHIND: usize = 1;

/// Letters of a line.
const LETTERS: usize = 200;

const KEYS: &str = "a accept  v varies  r reject  s skip  t transcript  A accept all that are left  q quit";

/// What becomes of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// It is taken over, with this reason.
    Accept(How, Option<String>),
    /// It is a defect of the broker: the baseline stays as it is.
    Reject,
    /// Nothing yet.
    Skip,
}

/// What is walked through.
pub(super) struct Walk<'a> {
    pub(super) baseline: &'a Baseline,
    pub(super) document: &'a Document,
    pub(super) differences: &'a [Difference],
    /// A reason is known, and nobody is asked for one.
    pub(super) with_reason: bool,
}

/// Where somebody reads and answers.
pub(super) trait Terminal {
    fn say(&mut self, text: &str) -> io::Result<()>;
    fn key(&mut self) -> io::Result<Key>;
    fn line(&mut self) -> io::Result<String>;
}

impl Terminal for Term {
    fn say(&mut self, text: &str) -> io::Result<()> {
        let plain = anstream::adapter::strip_str(text).to_string();
        let is_coloured = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        self.write_str(if is_coloured { text } else { &plain })
    }

    fn key(&mut self) -> io::Result<Key> {
        self.read_key_raw()
    }

    fn line(&mut self) -> io::Result<String> {
        self.read_line()
    }
}

/// Asks about each difference, of twins once; nothing where Ctrl-C breaks it off. What is not asked any more is skipped.
pub(super) fn walk(terminal: &mut impl Terminal, walk: &Walk<'_>) -> io::Result<Option<Vec<Decision>>> {
    let groups = decided_together(walk.differences);
    let mut decisions = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        terminal.say(&format!("\n[{} of {}]\n{}", number + 1, groups.len(), shown(walk, group)))?;
        match asked(terminal, walk, &group[0])? {
            Answer::Decided(decision) => decisions.extend(group.iter().map(|_| decision.clone())),
            Answer::AllThatAreLeft => {
                decisions.resize(walk.differences.len(), Decision::Accept(How::Replace, None));
                break;
            }
            Answer::Quit => break,
            Answer::BrokenOff => return Ok(None),
        }
    }
    decisions.resize(walk.differences.len(), Decision::Skip);
    Ok(Some(decisions))
}

enum Answer {
    Decided(Decision),
    AllThatAreLeft,
    Quit,
    BrokenOff,
}

fn asked(terminal: &mut impl Terminal, walk: &Walk<'_>, difference: &Difference) -> io::Result<Answer> {
    terminal.say(&format!("  {KEYS} "))?;
    loop {
        let how = match terminal.key()? {
            Key::Char('a') => How::Replace,
            Key::Char('v') => How::Vary,
            Key::Char('r') => return decided(terminal, "rejected", Decision::Reject),
            Key::Char('s') => return decided(terminal, "left", Decision::Skip),
            Key::Char('A') => return terminal.say("\n").map(|()| Answer::AllThatAreLeft),
            Key::Char('q') | Key::Escape => return terminal.say("\n").map(|()| Answer::Quit),
            Key::CtrlC => return terminal.say("\n").map(|()| Answer::BrokenOff),
            Key::Char('t') => {
                terminal.say(&format!("\n{}  {KEYS} ", transcript(walk, difference, usize::MAX)))?;
                continue;
            }
            // A slip of the finger.
            _ => continue,
        };
        let reason = reason(terminal, walk, difference, how)?;
        return decided(terminal, "taken over", Decision::Accept(how, reason));
    }
}

fn decided(terminal: &mut impl Terminal, what: &str, decision: Decision) -> io::Result<Answer> {
    terminal.say(&format!("\n  {what}\n"))?;
    Ok(Answer::Decided(decision))
}

/// Why it is accepted, where an entry remains that has no reason.
fn reason(
    terminal: &mut impl Terminal,
    walk: &Walk<'_>,
    difference: &Difference,
    how: How,
) -> io::Result<Option<String>> {
    let has_reason = walk.baseline.entries.get(&difference.key).is_some_and(|entry| {
        !entry.reason.is_empty()
            && (how == How::Vary || difference.now.as_ref().is_some_and(|now| now.verdict == entry.verdict))
    });
    let remains = how == How::Vary || difference.now.as_ref().is_some_and(|now| !now.seen.is_empty());
    if walk.with_reason || has_reason || !remains {
        return Ok(None);
    }
    terminal.say("\n  reason (Enter: none yet): ")?;
    let line = terminal.line()?;
    Ok(Some(line.trim().to_owned()).filter(|line| !line.is_empty()))
}

/// What differs, the rules, why it was accepted, and the lines around the one that decided.
fn shown(walk: &Walk<'_>, group: &[Difference]) -> String {
    let mut out = told_whole(group);
    let case = case_of(walk, &group[0]);
    if let Some(case) = case {
        let _ = writeln!(out, "    case        {}", single_line(&case.title));
    }
    for rule in group.iter().filter_map(rule_of) {
        let _ = writeln!(out, "    rule        {} of MQTT {}: {}", rule.id, rule.version, rule.says);
    }
    if let Some(entry) = group[0].was.as_ref().filter(|entry| !entry.reason.is_empty()) {
        let link = entry.link.as_ref().map_or_else(String::new, |link| format!(" ({link})"));
        let _ = writeln!(out, "    accepted    {}", single_line(&format!("{}{link}", entry.reason)));
    }
    if let Some(case) = case {
        let _ = writeln!(out, "    repeat      {}", single_line(&walk.document.repeat(case)));
    }
    out + &transcript(walk, &group[0], LINES)
}

fn case_of<'a>(walk: &Walk<'a>, difference: &Difference) -> Option<&'a CaseReport> {
    walk.document.results.iter().find(|case| case.case == difference.key.case)
}

fn rule_of(difference: &Difference) -> Option<&'static Rule> {
    let version = if difference.key.case.starts_with("3.1.1/") { Version::V3_1_1 } else { Version::V5 };
    standard::find(version, &difference.key.rule).map(RuleId::rule)
}

/// So many lines of the case's transcript, up to the one that decided about the rule.
fn transcript(walk: &Walk<'_>, difference: &Difference, most: usize) -> String {
    let Some(case) = case_of(walk, difference) else { return String::new() };
    let rule = case.rules.iter().find(|rule| rule.id == difference.key.rule);
    let number = |line: &String| line.split_whitespace().next().and_then(|word| word.parse::<u32>().ok());
    let decides =
        rule.and_then(|rule| rule.line).and_then(|line| case.transcript.iter().position(|at| number(at) == Some(line)));
    let end = decides.map_or(case.transcript.len(), |at| case.transcript.len().min(at.saturating_add(1 + BEHIND)));
    let (first, end) = if most == usize::MAX { (0, case.transcript.len()) } else { (end.saturating_sub(most), end) };
    let mut out = String::new();
    for (at, line) in case.transcript.iter().enumerate().take(end).skip(first) {
        let mark = if Some(at) == decides { '>' } else { ' ' };
        let _ = writeln!(out, "  {mark} {}", cut(&visible(line).replace('\n', " "), LETTERS));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody who presses these keys, and writes these lines.
    struct Script {
        keys: Vec<Key>,
        lines: Vec<&'static str>,
        said: String,
    }

    impl Terminal for Script {
        fn say(&mut self, text: &str) -> io::Result<()> {
            self.said.push_str(&anstream::adapter::strip_str(text).to_string());
            Ok(())
        }

        fn key(&mut self) -> io::Result<Key> {
            if self.keys.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(self.keys.remove(0)) }
        }

        fn line(&mut self) -> io::Result<String> {
            Ok(self.lines.remove(0).to_owned())
        }
    }

    fn walked(keys: &str, lines: &[&'static str]) -> (Option<Vec<Decision>>, String) {
        let document = crate::report::document::sample();
        let baseline = Baseline::default();
        let differences =
            crate::baseline::compare(&baseline, &document.came().expect("this release's"), false).differences;
        assert_eq!(differences.len(), 3, "{differences:?}");
        let keys = keys.chars().map(|key| if key == '^' { Key::CtrlC } else { Key::Char(key) }).collect();
        let mut script = Script { keys, lines: lines.to_vec(), said: String::new() };
        let walk = Walk { baseline: &baseline, document: &document, differences: &differences, with_reason: false };
        let decisions = super::walk(&mut script, &walk).expect("the script is long enough");
        assert!(script.keys.is_empty() && script.lines.is_empty(), "all was asked for");
        (decisions, script.said)
    }

    fn accept(how: How, reason: &str) -> Decision {
        Decision::Accept(how, Some(reason.to_owned()).filter(|reason| !reason.is_empty()))
    }

    #[test]
    fn each_key_decides_and_others_are_nothing() {
        let (decisions, said) = walked("xavr", &["an old one", ""]);
        let expected = vec![accept(How::Replace, "an old one"), accept(How::Vary, ""), Decision::Reject];
        assert_eq!(decisions, Some(expected));
        assert!(said.contains("[3 of 3]") && said.contains("reason (Enter: none yet)"), "{said}");
    }

    #[test]
    fn what_is_left_is_skipped_or_accepted_and_what_is_broken_off_is_nothing() {
        assert_eq!(walked("rq", &[]).0, Some(vec![Decision::Reject, Decision::Skip, Decision::Skip]));
        let all = accept(How::Replace, "");
        assert_eq!(walked("sA", &[]).0, Some(vec![Decision::Skip, all.clone(), all]));
        assert_eq!(walked("a^", &["x"]).0, None);
    }

    #[test]
    fn a_difference_is_shown_with_its_rule_and_the_line_that_decided() {
        let (_, said) = walked("tq", &[]);
        insta::assert_snapshot!(said);
    }
}
