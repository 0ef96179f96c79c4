//! How a run ends: what is said last, the reports, and the exit code.

use super::super::complain;
use super::super::exit::Exit;
use super::super::explore::Sequences;
use super::super::failure::Failure;
use super::super::guard::{Ending, Guard};
use super::super::trouble;
use super::args::RunArgs;
use super::outputs::Outputs;
use crate::report::console::Console;
use crate::report::document::Times;
use crate::report::next::Reports;
use crate::report::summary;
use crate::report::{End, Ended, RunFacts};
use crate::run::{CaseResult, NothingJudged, RunResult};
use crate::scenario::Verdict;
use crate::text::counted;

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
}

/// A run as its reports tell it.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) facts: &'a RunFacts,
    pub(super) times: &'a Times,
    pub(super) results: &'a [CaseResult],
    sequences: Option<&'a Sequences>,
}

/// Writes the reports and finds the exit code.
pub(super) fn conclude(
    args: &RunArgs,
    facts: &RunFacts,
    times: &Times,
    came: Came,
    reports: Outputs,
    guard: &Guard,
    mut console: Console,
) -> Exit {
    let Came { outcome, sequences } = came;
    let sequences = sequences.as_ref();
    let ended = ended(&outcome, sequences, guard);
    let mut exits: Vec<Exit> = sequences.iter().flat_map(|sequences| sequences.exits(args.strict, guard)).collect();
    let mut reason = None;
    let mut left_behind = Vec::new();
    let results = match outcome {
        Outcome::Ran(result) => {
            let is_empty = result.results.is_empty() && sequences.is_some_and(Sequences::judged);
            exits.extend(
                exits_of(&result, args.strict, guard)
                    .into_iter()
                    .filter(|exit| !is_empty || *exit != Exit::NothingJudged),
            );
            left_behind = result.left_behind;
            left_behind.extend(sequences.iter().flat_map(|sequences| sequences.left_behind()).cloned());
            reason = result.broker_lost.map(|how| format!("the broker was lost: {how}"));
            result.results
        }
        Outcome::Nothing(NothingJudged(why)) => {
            complain(&nothing_judged(facts, &why));
            exits.push(Exit::NothingJudged);
            reason = Some(why);
            Vec::new()
        }
        Outcome::Interrupted => {
            exits.push(Exit::Interrupted);
            Vec::new()
        }
    };
    exits.extend(sequences.iter().flat_map(|sequences| sequences.problems()).map(|problem| {
        complain(problem);
        problem.exit
    }));
    let told = Told { facts, times, results: &results, sequences };
    let end = |failed: &[Exit]| {
        let exit = Exit::worst(&[&exits, failed].concat());
        let mut why = in_words(exit, &told, guard);
        if let Some(reason) = &reason {
            why = format!("{why}: {reason}");
        }
        let explore = sequences.map(Sequences::report);
        End { ended, exit: exit.code(), why, left_behind: left_behind.clone(), explore }
    };
    let mut document = reports.document(args, &told, &end(&[]));
    let page = console.finish();
    console.say(&summary::ending(&document, &args.reports(), &page).body);
    let problems = reports.write(args, &told, &mut document, end);
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

fn exits_of(result: &RunResult, is_strict: bool, guard: &Guard) -> Vec<Exit> {
    let has = |verdict| result.results.iter().any(|result| result.verdict == verdict);
    let applying = [
        (
            Exit::OurBug,
            guard.ending() == Some(Ending::Standstill) || result.results.iter().any(|result| result.is_our_bug),
        ),
        (Exit::Interrupted, result.is_partial && guard.ending().is_some()),
        (Exit::Failed, has(Verdict::Fail) || is_strict && has(Verdict::Weak)),
        (Exit::Inconclusive, has(Verdict::Inconclusive) || result.broker_lost.is_some()),
    ];
    let mut exits: Vec<Exit> = applying.into_iter().filter(|(_, applies)| *applies).map(|(exit, _)| exit).collect();
    if exits.is_empty() && !has(Verdict::Pass) && !has(Verdict::Weak) {
        exits.push(Exit::NothingJudged);
    }
    exits
}

fn nothing_judged(facts: &RunFacts, why: &str) -> Failure {
    let why = crate::text::single_line(why);
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

/// What it all comes to.
fn in_words(exit: Exit, told: &Told<'_>, guard: &Guard) -> String {
    let Told { facts, results, sequences, .. } = *told;
    let alone = sequences.filter(|_| results.is_empty()).and_then(|sequences| sequences.in_words(exit));
    if let Some(words) = alone {
        return words;
    }
    let count = |verdict| results.iter().filter(|result| result.verdict == verdict).count();
    match (exit, guard.ending()) {
        (Exit::Success, _) => "pass".to_owned(),
        (Exit::Failed, _) if count(Verdict::Fail) == 0 => {
            format!("FAIL: {} weak, and --strict is set", count(Verdict::Weak))
        }
        (Exit::Failed, _) => format!("FAIL: {} of {}", count(Verdict::Fail), results.len()),
        (Exit::Inconclusive, _) => format!("INCONCLUSIVE: {} of {}", count(Verdict::Inconclusive), results.len()),
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
