//! A run: prepares the target's variants, tries the control, runs the cases side by side within their deadlines, and
//! tells one stream of events about it. Consumers follow the last event about a case: a straggler may turn a verdict
//! until the run ends.

use super::alone::{take_steps, watch_out, with_its_own_broker};
use super::begin::{self, begin};
use super::brokers::{Brokers, NothingJudged};
use super::farewell;
use super::options::{RunOptions, ordered};
use super::result::{CaseResult, of_invariant};
use crate::broker::{SpawnedTarget, Target};
use crate::scenario::{CaseContext, Common, Instance, Invariants, LeftBehind, Method, Stop, Subject, Verdict};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinHandle, JoinSet};

/// How many cases run side by side where each has a broker process of its own.
const MOST_FRESH: usize = 32;

/// What happens in a run.
pub enum Event<'a> {
    /// A case begins.
    Started(&'a Instance),
    /// A case has its verdict.
    Finished(&'a CaseResult),
    /// A straggler has turned a verdict.
    Revised(&'a CaseResult),
}

/// A run's outcome.
pub struct RunResult {
    /// All results, by id of the case.
    pub results: Vec<CaseResult>,
    /// True where the run was ended before all cases had run.
    pub is_partial: bool,
    /// What could not be removed from a broker that outlives the run, as far as is known.
    pub left_behind: Vec<LeftBehind>,
}

/// Runs the cases against the target; calls `on_event` as things happen. `stop` ends the run early.
pub async fn run(
    target: &Target,
    selected: &[Instance],
    options: &RunOptions,
    stop: impl Future<Output = ()>,
    mut on_event: impl FnMut(Event<'_>),
) -> Result<RunResult, NothingJudged> {
    let invariants = begin::invariants();
    let (cases, held): (Vec<Instance>, Vec<Instance>) =
        selected.iter().partition(|instance| matches!(instance.case.method, Method::Steps(_)));
    let brokers = Brokers::prepare(target, selected, options, &invariants).await?;
    let (sender, mut messages) = mpsc::unbounded_channel();
    let shared = Rc::new(Shared {
        brokers,
        fresh: target.fresh_for_each_case().cloned(),
        options: options.clone(),
        invariants: Rc::clone(&invariants),
        common: Common::default(),
        permits: Arc::new(Semaphore::new(jobs(target, options))),
        messages: sender,
        is_stopping: Cell::new(false),
    });
    let tasks: Vec<JoinHandle<()>> = ordered(cases, options)
        .into_iter()
        .map(|instance| tokio::task::spawn_local(one_case(Rc::clone(&shared), instance)))
        .collect();
    let mut results = BTreeMap::new();
    let mut subjects = Vec::new();
    let (mut is_partial, mut is_stopped) = (false, false);
    tokio::pin!(stop);
    let total = tasks.len();
    while subjects.len() < total {
        let message = tokio::select! {
            // What is finished belongs into the reports, even if the run is to end.
            biased;
            message = messages.recv() => message,
            () = &mut stop => {
                (is_partial, is_stopped) = (true, true);
                break;
            }
        };
        match message {
            Some(Message::Started(instance)) => on_event(Event::Started(&instance)),
            Some(Message::Finished(result, subject)) => {
                if result.verdict == Verdict::Fail && options.fail_fast {
                    shared.is_stopping.set(true);
                }
                on_event(Event::Finished(&result));
                subjects.push((result.instance, subject));
                results.insert(result.instance.id(), *result);
            }
            Some(Message::Skipped(instance)) => {
                is_partial = true;
                subjects.push((instance, None));
            }
            None => break,
        }
    }
    for task in tasks {
        task.abort();
        // What it holds is let go.
        let _ = task.await;
    }
    if is_stopped && target.outlives_run() {
        farewell::take_leave(&shared.common.leavings, options).await;
    }
    watch_out(subjects.iter().any(|(_, subject)| subject.is_some() && !is_stopped), options).await;
    let watched: Vec<(Instance, Rc<Subject>)> =
        subjects.into_iter().filter_map(|(instance, subject)| Some((instance, Rc::new(subject?)))).collect();
    if !is_stopped {
        settle(&watched, options).await;
    }
    for (instance, subject) in &watched {
        revise(instance, subject.context(), &mut results, &mut on_event);
    }
    for tally in invariants
        .tallies()
        .into_iter()
        .filter(|tally| held.iter().any(|instance| instance.id() == tally.instance.id()))
    {
        let breached = tally.broken.as_ref().and_then(|breach| results.get(&breach.case));
        let result = match shared.brokers.lacks_version(tally.instance.version) {
            Some(stop) if tally.held == 0 && tally.broken.is_none() => CaseResult::without_steps(tally.instance, stop),
            _ => of_invariant(&tally, breached),
        };
        on_event(Event::Finished(&result));
        results.insert(result.instance.id(), result);
    }
    let left_behind = if target.outlives_run() { shared.common.leavings.left_behind() } else { Vec::new() };
    Ok(RunResult { results: results.into_values().collect(), is_partial, left_behind })
}

/// How many cases run side by side.
fn jobs(target: &Target, options: &RunOptions) -> usize {
    let most = if target.fresh_for_each_case().is_some() { MOST_FRESH } else { usize::MAX };
    options.jobs.clamp(1, most)
}

/// Closes what was kept open for stragglers, as many cases side by side as in the run: a broker that has fallen silent
/// costs the limits of a few cases, not those of all.
async fn settle(watched: &[(Instance, Rc<Subject>)], options: &RunOptions) {
    let permits = Arc::new(Semaphore::new(options.jobs.max(1)));
    let tasks: Vec<JoinHandle<()>> = watched
        .iter()
        .map(|(_, subject)| (Rc::clone(subject), Arc::clone(&permits)))
        .map(|(subject, permits)| {
            tokio::task::spawn_local(async move {
                let Ok(_permit) = permits.acquire().await else { return };
                subject.finish().await;
                subject.clean_up().await;
                subject.release();
            })
        })
        .collect();
    for task in tasks {
        // A panic is our bug, here as elsewhere.
        if let Err(error) = task.await
            && let Ok(panic) = error.try_into_panic()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

/// Tells of a straggler, if one came.
fn revise(
    instance: &Instance,
    context: &CaseContext,
    results: &mut BTreeMap<String, CaseResult>,
    on_event: &mut impl FnMut(Event<'_>),
) {
    if !context.was_revised() {
        return;
    }
    if let Some(result) = results.get_mut(&instance.id()) {
        let (took, is_our_bug) = (result.took, result.is_our_bug);
        let stop = result.reason.take().map(|why| Stop::Inconclusive { why, line: None });
        let stop = stop.filter(|_| result.verdict == Verdict::Inconclusive);
        *result = CaseResult::new(*instance, &context.rule_verdicts(), stop, context.transcript());
        (result.took, result.is_our_bug) = (took, is_our_bug);
        on_event(Event::Revised(result));
    }
}

struct Shared {
    brokers: Brokers,
    /// What starts a broker for each case; nothing where they share one.
    fresh: Option<SpawnedTarget>,
    options: RunOptions,
    invariants: Rc<Invariants>,
    common: Common,
    permits: Arc<Semaphore>,
    messages: mpsc::UnboundedSender<Message>,
    is_stopping: Cell<bool>,
}

enum Message {
    Started(Instance),
    /// The subject comes along where it still watches for stragglers.
    Finished(Box<CaseResult>, Option<Subject>),
    Skipped(Instance),
}

async fn one_case(shared: Rc<Shared>, instance: Instance) {
    let Ok(_permit) = Arc::clone(&shared.permits).acquire_owned().await else { return };
    // The receiver is gone only when the run has ended.
    let tell = |message| drop(shared.messages.send(message));
    if shared.is_stopping.get() {
        return tell(Message::Skipped(instance));
    }
    tell(Message::Started(instance));
    let ready = match shared.brokers.find(&instance, &shared.options) {
        Ok(ready) => ready.clone(),
        Err(stop) => {
            return tell(Message::Finished(Box::new(CaseResult::without_steps(instance, stop)), None));
        }
    };
    if let Some(fresh) = &shared.fresh {
        let result = with_its_own_broker(fresh, instance, &shared.options, &shared.invariants).await;
        return tell(Message::Finished(Box::new(result), None));
    }
    let begun = std::time::Instant::now();
    let subject = begin(instance, ready, &shared.options, &shared.invariants, &shared.common);
    // In a set, they end with this task, where the run is ended early.
    let mut steps = JoinSet::new();
    steps.spawn_local(take_steps(instance, Rc::clone(subject.context()), shared.options.patience));
    let (stop, is_our_bug) = match steps.join_next().await {
        Some(Ok(stop)) => (stop, false),
        None => (None, true),
        Some(Err(error)) => {
            (Some(Stop::Inconclusive { why: format!("a defect of the suite: {error}"), line: None }), true)
        }
    };
    subject.close().await;
    let watching = subject.is_watching();
    if !watching {
        subject.clean_up().await;
        subject.release();
    }
    let context = subject.context();
    let mut result = CaseResult::new(instance, &context.rule_verdicts(), stop, context.transcript());
    result.took = begun.elapsed();
    result.is_our_bug = is_our_bug;
    tell(Message::Finished(Box::new(result), watching.then_some(subject)));
}
