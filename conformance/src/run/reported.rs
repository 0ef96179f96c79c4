//! Cases that a report of an earlier run names, for `@A.json:fail` in a filter. Who reads reports lives above, and is asked.

use super::former::homes;
use crate::cases;
use crate::scenario::Verdict;
use crate::text::{counted, did_you_mean, quoted};
use std::collections::BTreeSet;
use std::path::Path;

/// A case and what a report says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reported {
    /// Its id.
    pub(crate) case: String,
    pub(crate) verdict: Verdict,
    /// Of a fail: the broker went on after something forbidden. Not known of all reports.
    pub(crate) is_lenient: Option<bool>,
    /// Globs of the cases that must run beside it, for it is judged by their traffic.
    pub(crate) beside: Vec<String>,
}

/// Who can read reports.
pub(crate) trait Reports {
    /// What the report in this file says of its cases; else why it can't be read, with its name.
    fn read(&self, file: &Path) -> Result<Vec<Reported>, String>;

    /// Says what is to be known of a filter that is understood all the same.
    fn note(&self, text: &str);
}

/// For filters in which no report is named.
#[cfg(test)]
pub(crate) struct NoReports;

#[cfg(test)]
impl Reports for NoReports {
    fn read(&self, _: &Path) -> Result<Vec<Reported>, String> {
        Err("no report can be named here".to_owned())
    }

    fn note(&self, _: &str) {}
}

/// A word behind a report's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Verdict(Verdict),
    NotPass,
    Broken,
    Lenient,
}

/// The words besides the verdicts.
const OTHERS: [(&str, Word); 3] = [("not-pass", Word::NotPass), ("broken", Word::Broken), ("lenient", Word::Lenient)];

impl Word {
    fn means(self, case: &Reported) -> bool {
        let is_fail = case.verdict == Verdict::Fail;
        match self {
            Self::Verdict(verdict) => case.verdict == verdict,
            Self::NotPass => case.verdict != Verdict::Pass,
            Self::Broken => is_fail && case.is_lenient == Some(false),
            Self::Lenient => is_fail && case.is_lenient == Some(true),
        }
    }

    /// All of them, as they are written.
    fn known() -> impl Iterator<Item = (&'static str, Self)> {
        Verdict::ALL.into_iter().map(|verdict| (verdict.word(), Self::Verdict(verdict))).chain(OTHERS)
    }
}

/// The cases of a report that are wanted: `fail,weak`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted(Vec<Word>);

impl Wanted {
    /// Reads verdicts parted by commas; else says what is wrong with them.
    pub(crate) fn parse(words: &str) -> Result<Self, String> {
        let find = |word: &str| Word::known().find(|(name, _)| *name == word).map(|(_, word)| word);
        words.split(',').map(|word| find(word).ok_or_else(|| no_verdict(word))).collect::<Result<_, _>>().map(Self)
    }

    /// Whether this is one of them.
    pub(crate) fn means(&self, case: &Reported) -> bool {
        self.0.iter().any(|word| word.means(case))
    }
}

fn no_verdict(word: &str) -> String {
    let names = || Word::known().map(|(name, _)| name);
    let known: Vec<&str> = names().collect();
    format!("{} is no verdict (there are: {}){}", quoted(word), known.join(", "), did_you_mean(word, names()))
}

/// The cases of today that a report gives one of these verdicts.
pub(super) fn cases_of(file: &str, verdicts: &str, reports: &dyn Reports) -> Result<BTreeSet<String>, String> {
    let wanted = Wanted::parse(verdicts)?;
    let reported = reports.read(Path::new(file))?;
    let meant: Vec<Reported> = reported.into_iter().filter(|case| wanted.means(case)).collect();
    if meant.is_empty() {
        reports.note(&format!("{} has no case with the verdict {verdicts}", quoted(file)));
    }
    let (mut found, mut gone) = (BTreeSet::new(), 0);
    for Reported { case, beside, .. } in &meant {
        if beside.iter().any(|glob| glob == "*") {
            reports.note(&format!("{case} is judged by the traffic of all cases: run it with the whole suite"));
        }
        found.extend(beside.iter().filter(|case| is_known(case)).cloned());
        let now = homes(case).into_iter().map(|(_, home)| home);
        let now: Vec<String> = if is_known(case) { vec![case.clone()] } else { now.collect() };
        gone += usize::from(now.is_empty());
        found.extend(now);
    }
    if gone > 0 {
        reports.note(&format!("not in this release of the suite: {} of {}", counted(gone, "case"), quoted(file)));
    }
    Ok(found)
}

fn is_known(case: &str) -> bool {
    cases::all().any(|instance| instance.id() == case)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    struct Known(RefCell<Vec<String>>);

    impl Reports for Known {
        fn read(&self, file: &Path) -> Result<Vec<Reported>, String> {
            if file != Path::new("a:b.json") {
                return Err(format!("{}: not there", file.display()));
            }
            let case = |case: &str, verdict, beside: &[&str]| Reported {
                case: case.to_owned(),
                verdict,
                is_lenient: Some(false),
                beside: beside.iter().map(|case| (*case).to_owned()).collect(),
            };
            Ok(vec![
                case("5/publish/topic-with-wildcard", Verdict::Fail, &[]),
                case("5/publish/qos3", Verdict::Weak, &[]),
                case("5/gone/away", Verdict::Fail, &[]),
                case("5/invariants/no-local", Verdict::Fail, &["5/publish/qos0"]),
                case("5/connect/takeover", Verdict::Inconclusive, &["*"]),
            ])
        }

        fn note(&self, text: &str) {
            self.0.borrow_mut().push(text.to_owned());
        }
    }

    fn found(verdicts: &str) -> (Result<Vec<String>, String>, Vec<String>) {
        let known = Known(RefCell::default());
        let cases = cases_of("a:b.json", verdicts, &known).map(|cases| cases.into_iter().collect());
        (cases, known.0.into_inner())
    }

    #[test]
    fn a_report_names_cases_of_today_and_says_which_are_gone() {
        let (cases, notes) = found("fail");
        let cases = cases.expect("it is read");
        assert!(cases.contains(&"5/publish/topic-with-wildcard".to_owned()), "{cases:?}");
        assert_eq!(notes, ["not in this release of the suite: 1 case of `a:b.json`"]);
        assert_eq!(found("weak").0, Ok(vec!["5/malformed/qos-3".to_owned()]), "a former id has its home");
        assert_eq!(found("broken").0, Ok(cases));
        let (cases, notes) = found("lenient,observed");
        assert_eq!((cases, notes.len()), (Ok(Vec::new()), 1));
        assert!(found("inconclusive").1[0].contains("whole suite"));
        assert_eq!(
            found("not-pass").0.map(|cases| cases.len()),
            Ok(found("fail,weak,inconclusive").0.map_or(0, |all| all.len()))
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let problem = found("fial").0.expect_err("no verdict");
        assert!(
            problem.starts_with("`fial` is no verdict (there are: fail, ") && problem.contains("did you mean `fail`?"),
            "{problem}"
        );
        assert!(cases_of("x", "fail", &NoReports).is_err());
    }
}
