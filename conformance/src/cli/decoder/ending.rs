//! How a certification ends: the baseline, what is said last, the reports, and the exit code.

use super::super::baselines::Baselines;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::guard::Ending;
use super::super::run::{beside_baseline, judged_in_words};
use super::args::CertifyArgs;
use super::certify::{Console, complain_of};
use super::outputs::Outputs;
use crate::baseline::{Came, Expectations, compare};
use crate::report::baseline::{self as told_baseline, BaselineReport, broker_name};
use crate::report::certified::{Counted, Facts, target};
use crate::report::document::{CaseReport, Document, Times};
use crate::report::events::Events;
use crate::report::next::Reports;
use crate::report::{End, Ended, summary};
use crate::run::Summary;
use crate::scenario::Verdict;
use crate::text::single_line;
use std::sync::Arc;

/// What is known of a run besides its results.
pub(super) struct Course {
    /// Why the decoder could not be asked any more.
    pub(super) lost: Option<String>,
    pub(super) ending: Option<Ending>,
}

/// Writes the reports and finds the exit code.
pub(super) fn conclude(
    args: &CertifyArgs,
    facts: &Facts<'_>,
    times: &Times,
    (mut results, of): (Vec<CaseReport>, Counted),
    course: &Course,
    (outputs, events, baselines): (Outputs, Option<(String, Events)>, Baselines),
    mut console: Console,
) -> Exit {
    let ended = course.ended(&results);
    let mut exits = Vec::new();
    let expectations = match written(facts, &results, ended, baselines, &mut console) {
        Ok(expectations) => expectations,
        Err(problem) => {
            exits.push(problem.exit);
            complain_of(&[problem]);
            None
        }
    };
    if let Some(expectations) = &expectations {
        for case in &mut results {
            case.expected_by_baseline = case.came().and_then(|came| expectations.accepts_what_came(&came));
        }
    }
    let baseline = expectations.as_deref().map(|expectations| compared(expectations, &results));
    exits.extend(course.exits(&results, baseline.as_ref(), args.strict));
    let counts = results.iter().fold(Summary::default(), |mut counts, case| {
        counts.count_one(case.verdict, false);
        counts
    });
    let end = |failed: &[Exit]| {
        let exit = Exit::worst(&[&exits, failed].concat());
        let why = course.in_words(exit, &counts, baseline.as_ref(), facts.selected);
        End { ended, exit: exit.code(), why, left_behind: Vec::new(), explore: None, baseline: baseline.clone() }
    };
    let mut document = Document::of_decoder(facts, times, results, of, &end(&[]));
    let page = console.finish();
    console.say(&summary::ending(&document, &args.outputs.reports(), &page).body);
    let changes = expectations.as_ref().and_then(|expectations| expectations.written);
    console.say(&baseline.as_ref().map_or_else(String::new, |report| told_baseline::summary(report, changes)));
    let mut problems = outputs.write(&document);
    problems.extend(
        events.and_then(|(name, events)| events.end_of(&document).err().map(|error| Failure::report(&name, &error))),
    );
    complain_of(&problems);
    let mut failed: Vec<Exit> = problems.iter().map(|problem| problem.exit).collect();
    document.ends(&end(&failed));
    let files = if failed.is_empty() { args.outputs.reports() } else { Reports::default() };
    console.say(&summary::ending(&document, &files, &page).result);
    if console.into_error().is_some() {
        failed.push(Exit::ReportNotWritten);
    }
    Exit::worst(&[exits, failed].concat())
}

/// Writes the baseline that was asked for, of a run that has come to its end; from then on that is what is expected.
fn written(
    facts: &Facts<'_>,
    results: &[CaseReport],
    ended: Ended,
    baselines: Baselines,
    console: &mut Console,
) -> Result<Option<Arc<Expectations>>, Failure> {
    if let Some(file) = baselines.to_write().filter(|_| ended != Ended::Complete) {
        let file = single_line(file);
        console
            .say(&format!("\nBaseline {file}: not written, for the run did not come to its end ({})\n", ended.word()));
        return Ok(baselines.expected());
    }
    baselines.write(&broker_name(&target(facts.greeting)), &came(results))
}

fn came(results: &[CaseReport]) -> Vec<Came> {
    results.iter().filter_map(CaseReport::came).collect()
}

fn compared(expectations: &Expectations, results: &[CaseReport]) -> BaselineReport {
    let comparison = compare(&expectations.baseline, &came(results), expectations.is_strict);
    BaselineReport::of(expectations, &comparison)
}

impl Course {
    fn ended(&self, results: &[CaseReport]) -> Ended {
        match self {
            Self { ending: Some(Ending::Timeout), .. } => Ended::Timeout,
            Self { ending: Some(_), .. } => Ended::Interrupted,
            Self { lost: Some(_), .. } => Ended::BrokerDied,
            _ if !results.iter().any(is_judged) => Ended::NothingJudged,
            _ => Ended::Complete,
        }
    }

    fn exits(&self, results: &[CaseReport], baseline: Option<&BaselineReport>, is_strict: bool) -> Vec<Exit> {
        let has = |verdict| match baseline {
            Some(baseline) => baseline.unlisted(verdict).next().is_some(),
            None => results.iter().any(|case| case.verdict == verdict),
        };
        let applying = [
            (Exit::Interrupted, self.ending.is_some()),
            (Exit::Failed, has(Verdict::Fail) || is_strict && has(Verdict::Weak)),
            (Exit::Inconclusive, has(Verdict::Inconclusive) || self.lost.is_some()),
            (Exit::NothingJudged, !results.iter().any(is_judged)),
            (Exit::BaselineStale, baseline.is_some_and(|baseline| baseline.stale().next().is_some())),
        ];
        applying.into_iter().filter(|(_, applies)| *applies).map(|(exit, _)| exit).collect()
    }

    fn in_words(&self, exit: Exit, counts: &Summary, baseline: Option<&BaselineReport>, selected: usize) -> String {
        let beside = baseline.and_then(|baseline| beside_baseline(exit, baseline, counts.cases));
        let why = match exit {
            Exit::Interrupted => format!("interrupted: {} of {selected} vectors had been asked about", counts.cases),
            Exit::NothingJudged => {
                format!("nothing judged: of {} vectors, {} not offered", counts.cases, counts.not_offered)
            }
            _ => beside.or_else(|| judged_in_words(exit, counts)).unwrap_or_else(|| exit.says().to_owned()),
        };
        match &self.lost {
            Some(lost) => format!("{why}: the decoder was lost: {}", single_line(lost)),
            None => why,
        }
    }
}

fn is_judged(case: &CaseReport) -> bool {
    matches!(case.verdict, Verdict::Pass | Verdict::Fail | Verdict::Weak)
}
