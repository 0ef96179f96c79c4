//! How a run ends: what is said last, the reports, and the exit code.

use super::super::baselines::Baselines;
use super::super::complain;
use super::super::exit::Exit;
use super::super::explore::Sequences;
use super::super::failure::Failure;
use super::super::guard::{Ending, Guard};
use super::super::trouble;
use super::args::RunArgs;
use super::github::Workflow;
use super::outputs::Outputs;
use crate::baseline::{Came as CaseCame, compare};
use crate::report::baseline as told_baseline;
use crate::report::baseline::BaselineReport;
use crate::report::console::Console;
use crate::report::document::{Document, Times, Transcripts};
use crate::report::next::Reports;
use crate::report::summary;
use crate::report::{End, Ended, RunFacts};
use crate::run::{CaseResult, NothingJudged, RunResult, Summary};
use crate::scenario::{LeftBehind, Method, Verdict};
use crate::text::{counted, single_line};
use std::collections::BTreeSet;

/// What came of a run.
pub(super) enum Outcome {
    Ran(RunResult),
    Nothing(NothingJudged),
    /// Ended while the broker was being made ready.
    Interrupted,
}

/// The same, with what generated sequences came to.
pub(super) struct Came {
    pub(super) outcome: Outcome,
    pub(super) sequences: Option<Sequences>,
    /// Who wants annotations of it.
    pub(super) workflow: Option<Workflow>,
}

/// A run as its reports tell it.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) facts: &'a RunFacts,
    pub(super) times: &'a Times,
    pub(super) results: &'a [CaseResult],
    sequences: Option<&'a Sequences>,
    baseline: Option<&'a BaselineReport>,
}

/// What a run writes.
pub(super) struct Files {
    pub(super) reports: Outputs,
    pub(super) baselines: Baselines,
}

/// What is known of a run apart from its results.
#[derive(Default)]
struct Course {
    is_partial: bool,
    is_lost: bool,
    /// Some step was taken.
    has_run: bool,
    left_behind: Vec<LeftBehind>,
    /// Why it went no further.
    reason: Option<String>,
}

/// Writes the reports and finds the exit code.
pub(super) fn conclude(
    args: &RunArgs,
    facts: &RunFacts,
    times: &Times,
    came: Came,
    files: Files,
    guard: &Guard,
    mut console: Console,
) -> Exit {
    let Came { outcome, sequences, workflow } = came;
    let sequences = sequences.as_ref();
    let ended = ended(&outcome, sequences, guard);
    let mut exits: Vec<Exit> = sequences.iter().flat_map(|sequences| sequences.exits(args.strict, guard)).collect();
    let (results, mut course) = taken_apart(outcome, facts, &mut exits);
    course.left_behind.extend(sequences.iter().flat_map(|sequences| sequences.left_behind()).cloned());
    let facts = &with_baseline_written(facts, &results, ended, files.baselines, &mut console, &mut exits);
    let baseline = compared(facts, &results);
    if course.has_run {
        let is_empty = results.is_empty() && sequences.is_some_and(Sequences::judged);
        let applying = exits_of(&results, &course, baseline.as_ref(), args.strict, guard).into_iter();
        exits.extend(applying.filter(|exit| !is_empty || *exit != Exit::NothingJudged));
    }
    let written = facts.expectations.as_ref().and_then(|expectations| expectations.written);
    exits.extend(sequences.iter().flat_map(|sequences| sequences.problems()).map(|problem| {
        complain(problem);
        problem.exit
    }));
    let told = Told { facts, times, results: &results, sequences, baseline: baseline.as_ref() };
    let end = |failed: &[Exit]| {
        let exit = Exit::worst(&[&exits, failed].concat());
        let mut why = in_words(exit, &told, guard);
        if let Some(reason) = &course.reason {
            why = format!("{why}: {reason}");
        }
        End {
            ended,
            exit: exit.code(),
            why,
            left_behind: course.left_behind.clone(),
            explore: sequences.map(Sequences::report),
            baseline: baseline.clone(),
        }
    };
    let mut document = files.reports.document(args, &told, &end(&[]));
    let page = console.finish();
    console.say(&summary::ending(&document, &args.reports(), &page).body);
    console.say(&baseline.as_ref().map_or_else(String::new, |report| told_baseline::summary(report, written)));
    let mut problems = files.reports.write(&told, &mut document, end);
    if let Some(workflow) = workflow {
        let failed: Vec<Exit> = problems.iter().map(|problem| problem.exit).collect();
        let document = Document::of(facts, times, &results, &end(&failed), Transcripts::Failed);
        problems.extend(workflow.end(&document, &mut console));
    }
    let mut failed: Vec<Exit> = problems.iter().map(|problem| problem.exit).collect();
    for problem in problems {
        complain(&problem);
        failed.push(Exit::ReportNotWritten);
    }
    document.ends(&end(&failed));
    let files = if failed.is_empty() { args.reports() } else { Reports::default() };
    console.say(&summary::ending(&document, &files, &page).result);
    if console.into_error().is_some() {
        failed.push(Exit::ReportNotWritten);
    }
    Exit::worst(&[exits, failed].concat())
}

/// The results, and what else is known.
fn taken_apart(outcome: Outcome, facts: &RunFacts, exits: &mut Vec<Exit>) -> (Vec<CaseResult>, Course) {
    match outcome {
        Outcome::Ran(RunResult { results, is_partial, broker_lost, left_behind }) => {
            let is_lost = broker_lost.is_some();
            let reason = broker_lost.map(|how| format!("the broker was lost: {how}"));
            (results, Course { is_partial, is_lost, has_run: true, left_behind, reason })
        }
        Outcome::Nothing(NothingJudged(why)) => {
            complain(&nothing_judged(facts, &why));
            exits.push(Exit::NothingJudged);
            (Vec::new(), Course { reason: Some(why), ..Course::default() })
        }
        Outcome::Interrupted => {
            exits.push(Exit::Interrupted);
            (Vec::new(), Course::default())
        }
    }
}

/// Writes the baseline that was asked for, of a run that has come to its end; from then on that is what is expected.
fn with_baseline_written(
    facts: &RunFacts,
    results: &[CaseResult],
    ended: Ended,
    baselines: Baselines,
    console: &mut Console,
    exits: &mut Vec<Exit>,
) -> RunFacts {
    match baselines.to_write() {
        Some(file) if ended != Ended::Complete => {
            let file = single_line(file);
            console.say(&format!(
                "\nBaseline {file}: not written, for the run did not come to its end ({})\n",
                ended.word()
            ));
            return facts.clone();
        }
        _ => {}
    }
    let came: Vec<CaseCame> = results.iter().map(|result| CaseCame::of(result, &facts.names)).collect();
    match baselines.write(&told_baseline::broker_name(&facts.target), &came) {
        Ok(expectations) => RunFacts { expectations, ..facts.clone() },
        Err(problem) => {
            complain(&problem);
            exits.push(problem.exit);
            facts.clone()
        }
    }
}

/// The results beside the baseline.
fn compared(facts: &RunFacts, results: &[CaseResult]) -> Option<BaselineReport> {
    let expectations = facts.expectations.as_ref().filter(|_| !results.is_empty())?;
    let came: Vec<CaseCame> = results.iter().map(|result| CaseCame::of(result, &facts.names)).collect();
    let comparison = compare(&expectations.baseline, &came, expectations.is_strict);
    let left_to_the_whole = if facts.asked.shard.is_some() { judged_in_every_part(results) } else { BTreeSet::new() };
    Some(BaselineReport { left_to_the_whole, ..BaselineReport::of(expectations, &comparison) })
}

/// Those that have no steps of their own: invariants and the broker's life.
fn judged_in_every_part(results: &[CaseResult]) -> BTreeSet<String> {
    let common = results.iter().filter(|result| !matches!(result.instance.case.method, Method::Steps(_)));
    common.map(|result| result.instance.id()).collect()
}

/// How the run came to its end.
fn ended(outcome: &Outcome, sequences: Option<&Sequences>, guard: &Guard) -> Ended {
    let asked = || if guard.ending() == Some(Ending::Timeout) { Ended::Timeout } else { Ended::Interrupted };
    match outcome {
        Outcome::Nothing(_) => Ended::NothingJudged,
        Outcome::Interrupted => asked(),
        Outcome::Ran(result) if result.is_partial && guard.ending().is_some() => asked(),
        Outcome::Ran(result) if result.broker_lost.is_some() => Ended::BrokerDied,
        Outcome::Ran(result) if result.is_partial => Ended::FailFast,
        Outcome::Ran(_) if sequences.is_some() && guard.ending().is_some() => asked(),
        Outcome::Ran(result) if judged(&result.results) == 0 && !sequences.is_some_and(Sequences::judged) => {
            Ended::NothingJudged
        }
        Outcome::Ran(_) => Ended::Complete,
    }
}

/// How many cases came to a verdict about the broker.
fn judged(results: &[CaseResult]) -> usize {
    let is_judged = |result: &&CaseResult| matches!(result.verdict, Verdict::Pass | Verdict::Fail | Verdict::Weak);
    results.iter().filter(is_judged).count()
}

fn exits_of(
    results: &[CaseResult],
    course: &Course,
    baseline: Option<&BaselineReport>,
    is_strict: bool,
    guard: &Guard,
) -> Vec<Exit> {
    let has = |verdict| match baseline {
        // What is listed and has changed makes the baseline stale; what is not listed is as it would be without one.
        Some(baseline) => baseline.unlisted(verdict).next().is_some(),
        None => results.iter().any(|result| result.verdict == verdict),
    };
    let is_our_bug = results.iter().any(|result| result.is_our_bug);
    let applying = [
        (Exit::OurBug, guard.ending() == Some(Ending::Standstill) || is_our_bug),
        (Exit::Interrupted, course.is_partial && guard.ending().is_some()),
        (Exit::Failed, has(Verdict::Fail) || is_strict && has(Verdict::Weak)),
        (Exit::Inconclusive, has(Verdict::Inconclusive) || course.is_lost),
    ];
    let mut exits: Vec<Exit> = applying.into_iter().filter(|(_, applies)| *applies).map(|(exit, _)| exit).collect();
    if exits.is_empty() && judged(results) == 0 {
        exits.push(Exit::NothingJudged);
    }
    if baseline.is_some_and(|baseline| baseline.stale().next().is_some()) {
        exits.push(Exit::BaselineStale);
    }
    exits
}

fn nothing_judged(facts: &RunFacts, why: &str) -> Failure {
    let why = single_line(why);
    let message = format!("nothing judged: {}: {why}", facts.target.name);
    let advice = match trouble::way_out(&why) {
        Some(way_out) => format!("\n  {way_out}"),
        // What was to be started did not even begin to listen, and its message says all.
        None if facts.target.address.is_empty() && why.contains(&format!("{}: ", facts.target.name)) => String::new(),
        None => {
            let rule = "before any case a client connects, subscribes, publishes and receives, which must work:";
            let way_out = "is it an MQTT broker, does it run there, does it want --user and --password?";
            format!("\n  {rule}\n  {way_out}")
        }
    };
    Failure::new(Exit::NothingJudged, message + &advice)
}

/// What a run comes to that was made to its end.
pub(in crate::cli) fn judged_in_words(exit: Exit, counts: &Summary) -> Option<String> {
    match exit {
        Exit::Success => Some("pass".to_owned()),
        Exit::Failed if counts.fail == 0 => Some(format!("FAIL: {} weak, and --strict is set", counts.weak)),
        Exit::Failed => Some(format!("FAIL: {} of {}", counts.fail, counts.cases)),
        Exit::Inconclusive => Some(format!("INCONCLUSIVE: {} of {}", counts.inconclusive, counts.cases)),
        _ => None,
    }
}

/// What it all comes to.
fn in_words(exit: Exit, told: &Told<'_>, guard: &Guard) -> String {
    let Told { facts, results, sequences, baseline, .. } = *told;
    let alone = sequences.filter(|_| results.is_empty()).and_then(|sequences| sequences.in_words(exit));
    if let Some(words) = alone {
        return words;
    }
    let count = |verdict| results.iter().filter(|result| result.verdict == verdict).count();
    let beside = baseline.and_then(|baseline| beside_baseline(exit, baseline, results.len()));
    if let Some(words) = beside.or_else(|| judged_in_words(exit, &Summary::of(results))) {
        return words;
    }
    match (exit, guard.ending()) {
        (Exit::OurBug, Some(Ending::Standstill)) => {
            format!("nothing happened for too long: a defect of mqtt-assay; running: {}", guard.running().join(", "))
        }
        (Exit::OurBug, _) => "a defect of mqtt-assay in a case; please report it".to_owned(),
        (Exit::Interrupted, why) => {
            let why = if why == Some(Ending::Timeout) { "--timeout is over" } else { "interrupted" };
            format!("{why}: {} of {} cases had ended", results.len(), facts.cases)
        }
        (Exit::NothingJudged, _) if results.is_empty() => "nothing judged".to_owned(),
        (Exit::NothingJudged, _) => {
            let [not_offered, not_exercised, observed] =
                [Verdict::NotOffered, Verdict::NotExercised, Verdict::Observed].map(count);
            format!(
                "nothing judged: of {}, {not_offered} not offered, {not_exercised} not exercised, {observed} observed",
                counted(results.len(), "case")
            )
        }
        (other, _) => other.says().to_owned(),
    }
}

/// What it comes to where a baseline has a say in that.
pub(in crate::cli) fn beside_baseline(exit: Exit, baseline: &BaselineReport, cases: usize) -> Option<String> {
    let unlisted = |verdict| {
        let cases: BTreeSet<&str> = baseline.unlisted(verdict).map(|difference| difference.case.as_str()).collect();
        cases.len()
    };
    let words = match exit {
        Exit::Success if baseline.written => "pass: what is wrong stands in the baseline now".to_owned(),
        Exit::Success => "pass: what is wrong is as the baseline lists it".to_owned(),
        Exit::Failed if unlisted(Verdict::Fail) == 0 => {
            format!("FAIL: {} weak that the baseline does not list, and --strict is set", unlisted(Verdict::Weak))
        }
        Exit::Failed => format!("FAIL: {} of {cases} that the baseline does not list", unlisted(Verdict::Fail)),
        Exit::Inconclusive if unlisted(Verdict::Inconclusive) > 0 => {
            format!("INCONCLUSIVE: {} of {cases} that the baseline does not list", unlisted(Verdict::Inconclusive))
        }
        Exit::BaselineStale => {
            let (stale, verb) = (baseline.stale().count(), if baseline.stale().count() == 1 { "does" } else { "do" });
            format!(
                "STALE: {} of the baseline {verb} not hold",
                if stale == 1 { "1 entry".to_owned() } else { format!("{stale} entries") }
            )
        }
        _ => return None,
    };
    Some(words)
}
