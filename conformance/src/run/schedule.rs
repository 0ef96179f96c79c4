//! A run: prepares the target's variants, tries the control, runs the cases side by side within their deadlines, the
//! heavy ones alone behind them, and tells one stream of events about it. Consumers follow the last event about a case: a
//! straggler may turn a verdict until the run ends, and what was disturbed is judged again, alone.

use super::alone::watch_out;
use super::begin;
use super::brokers::{Brokers, NothingJudged};
use super::death::{Death, of_life};
use super::descriptors::Share;
use super::farewell;
use super::one_case::{Message, Shared, one_case};
use super::options::{RunOptions, ordered};
use super::places::Places;
use super::result::{CaseResult, Disturbance, Noticed, of_invariant};
use crate::broker::Target;
use crate::scenario::{CaseContext, Common, Instance, LeftBehind, Method, Stop, Subject, Verdict};
use mqtt_assay_codec::Version;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

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
    /// A case was disturbed, and is to be judged again, alone.
    Postponed(&'a Instance),
    /// Cases of a version that the broker doesn't speak, so many of them, and why.
    NotSpoken(Version, usize, &'a str),
    /// The broker was lost, in one line.
    BrokerLost(&'a str),
    /// What whoever started the run should know of it, in one line.
    Hint(&'a str),
}

/// A run's outcome.
#[derive(Default)]
pub struct RunResult {
    /// All results, by id of the case.
    pub results: Vec<CaseResult>,
    /// True where the run was ended before all cases had run.
    pub is_partial: bool,
    /// Why no broker could be had for the rest of the cases, where that ended the run.
    pub broker_lost: Option<String>,
    /// What could not be removed from a broker that outlives the run, as far as is known.
    pub left_behind: Vec<LeftBehind>,
}

/// Runs the cases against the target; calls `on_event` as things happen. `stop` ends the run early.
pub async fn run(
    target: &Target,
    selected: &[Instance],
    options: &RunOptions,
    stop: impl Future<Output = ()>,
    on_event: impl FnMut(Event<'_>),
) -> Result<RunResult, NothingJudged> {
    run_expecting(target, selected, options, stop, on_event, &|_| false).await
}

/// The same, of a broker whose known failures do not end a run that is to end after the first fail.
pub async fn run_expecting(
    target: &Target,
    selected: &[Instance],
    options: &RunOptions,
    stop: impl Future<Output = ()>,
    on_event: impl FnMut(Event<'_>),
    is_expected: &dyn Fn(&CaseResult) -> bool,
) -> Result<RunResult, NothingJudged> {
    let invariants = begin::invariants();
    let (cases, held): (Vec<Instance>, Vec<Instance>) =
        selected.iter().partition(|instance| matches!(instance.case.method, Method::Steps(_)));
    let common = Common::default();
    let brokers = Brokers::prepare(target, selected, options, &invariants, &common).await?;
    let (sender, messages) = mpsc::unbounded_channel();
    let shared = Shared::new(brokers, target, options, &invariants, common, sender);
    let mut run = Run {
        target,
        shared: Rc::new(shared),
        messages,
        on_event,
        is_expected,
        results: BTreeMap::new(),
        watching: VecDeque::new(),
        leaving: Vec::new(),
        postponed: BTreeSet::new(),
        timed_out: Vec::new(),
        is_partial: false,
        is_stopped: false,
        broker_lost: None,
    };
    tokio::pin!(stop);
    let (cases, held) = (run.without_unspoken(cases, &held), run.spoken(held));
    let total = cases.len();
    let (heavy, ordinary): (Vec<Instance>, Vec<Instance>) =
        cases.into_iter().partition(|instance| instance.case.is_heavy());
    for (cases, jobs) in [(ordinary, jobs(target, options)), (heavy, 1)] {
        run.side_by_side(cases, jobs, &mut stop).await;
    }
    run.again(&mut stop).await;
    let known = run.shared.deaths.borrow().len();
    run.settle().await;
    if run.shared.deaths.borrow().len() > known {
        // A loss that is seen only now has its suspects among the cases that ended last.
        run.again(&mut stop).await;
        run.settle().await;
    }
    invariants.settle();
    for (case, result) in &mut run.results {
        let noticed = invariants.noticed(case).into_iter();
        result.noticed = noticed.map(|(invariant, line)| Noticed { invariant, line }).collect();
    }
    for tally in invariants.tallies().into_iter().filter(|tally| is_among(&held, &tally.instance)) {
        let breached =
            tally.broken.as_ref().or(tally.observed.as_ref()).and_then(|breach| run.results.get(&breach.case));
        let result = of_invariant(&tally, breached);
        run.finish(result);
    }
    run.judge_lives(&held);
    for life in run.shared.brokers.lives() {
        life.leave().await;
    }
    let leavings = &run.shared.common.leavings;
    let left_behind = if target.outlives_run() { leavings.left_behind() } else { Vec::new() };
    if let Some(hint) = run.hint(total) {
        (run.on_event)(Event::Hint(&hint));
    }
    Ok(RunResult {
        results: run.results.into_values().collect(),
        is_partial: run.is_partial,
        broker_lost: run.broker_lost,
        left_behind,
    })
}

/// Closes what a case kept open for stragglers.
async fn end_watch(subject: Rc<Subject>) {
    subject.finish().await;
    subject.clean_up().await;
    subject.release();
}

/// How many cases run side by side.
fn jobs(target: &Target, options: &RunOptions) -> usize {
    let most = if target.fresh_for_each_case().is_some() { MOST_FRESH } else { usize::MAX };
    options.jobs.clamp(1, most)
}

fn is_among(cases: &[Instance], instance: &Instance) -> bool {
    cases.iter().any(|case| case.id() == instance.id())
}

/// A run under way.
pub(super) struct Run<'a, E> {
    pub(super) target: &'a Target,
    pub(super) shared: Rc<Shared>,
    messages: mpsc::UnboundedReceiver<Message>,
    on_event: E,
    is_expected: &'a dyn Fn(&CaseResult) -> bool,
    pub(super) results: BTreeMap<String, CaseResult>,
    /// Cases that have returned and still watch for stragglers.
    watching: VecDeque<(Instance, Rc<Subject>)>,
    /// Cases whose watch has ended before the run's, for want of sockets.
    leaving: Vec<(Instance, Rc<Subject>, JoinHandle<()>)>,
    /// Cases that are to be judged again, whose first result nobody has been told.
    pub(super) postponed: BTreeSet<String>,
    /// Why cases had timed out beside others.
    timed_out: Vec<String>,
    pub(super) is_partial: bool,
    /// It was asked to end.
    is_stopped: bool,
    pub(super) broker_lost: Option<String>,
}

impl<E: FnMut(Event<'_>)> Run<'_, E> {
    /// Those of cases whose version the broker speaks.
    fn spoken(&self, cases: Vec<Instance>) -> Vec<Instance> {
        cases.into_iter().filter(|case| self.shared.brokers.lacks_version(case.version).is_none()).collect()
    }

    /// The same; of the others it is told in one line for each version that they come to nothing.
    fn without_unspoken(&mut self, cases: Vec<Instance>, held: &[Instance]) -> Vec<Instance> {
        for version in [Version::V3_1_1, Version::V5] {
            let Some(stop) = self.shared.brokers.lacks_version(version) else { continue };
            let unspoken: Vec<Instance> =
                cases.iter().chain(held).filter(|case| case.version == version).copied().collect();
            if let (Stop::NotOffered(why), false) = (&stop, unspoken.is_empty()) {
                (self.on_event)(Event::NotSpoken(version, unspoken.len(), why));
            }
            for case in unspoken {
                self.results.insert(case.id(), CaseResult::without_steps(case, stop.clone()));
            }
        }
        self.spoken(cases)
    }

    /// No more cases begin.
    pub(super) fn is_ending(&self) -> bool {
        self.is_partial || self.broker_lost.is_some()
    }

    /// Some cases, so many at a time.
    pub(super) async fn side_by_side<S: Future<Output = ()>>(
        &mut self,
        cases: Vec<Instance>,
        jobs: usize,
        stop: &mut Pin<&mut S>,
    ) {
        if self.is_ending() || cases.is_empty() {
            self.is_partial |= !cases.is_empty();
            return;
        }
        let share = Share::of(jobs);
        let places = Rc::new(Places::new(share));
        let is_alone = share.jobs == 1;
        let tasks: Vec<JoinHandle<()>> = ordered(cases, &self.shared.options)
            .into_iter()
            .map(|instance| {
                let (shared, places) = (Rc::clone(&self.shared), Rc::clone(&places));
                tokio::task::spawn_local(one_case(shared, places, instance, is_alone))
            })
            .collect();
        self.listen(tasks.len(), share.watching, stop).await;
        for task in tasks {
            task.abort();
            // What it holds is let go.
            let _ = task.await;
        }
        if !self.is_stopped {
            self.look_for_losses().await;
        }
    }

    /// It was asked to end.
    pub(super) fn stop(&mut self) {
        (self.is_partial, self.is_stopped) = (true, true);
    }

    /// Ends at once, but for what its cases have made on a broker that outlives the run.
    async fn take_leave(&mut self) {
        if self.target.outlives_run() {
            farewell::take_leave(&self.shared.common.leavings, &self.shared.options).await;
        }
        let watching = std::mem::take(&mut self.watching).into_iter();
        let leaving = std::mem::take(&mut self.leaving).into_iter().map(|(instance, subject, _)| (instance, subject));
        for (instance, subject) in watching.chain(leaving) {
            self.revise(&instance, subject.context());
        }
    }

    /// Those that watch longest end their watch where too many do.
    fn thin_out(&mut self, most: usize) {
        while self.watching.len() > most {
            let Some((instance, subject)) = self.watching.pop_front() else { return };
            let task = tokio::task::spawn_local(end_watch(Rc::clone(&subject)));
            self.leaving.push((instance, subject, task));
        }
    }

    /// Follows so many cases to their ends, or to that of the run.
    async fn listen<S: Future<Output = ()>>(&mut self, total: usize, most_watching: usize, stop: &mut Pin<&mut S>) {
        let mut ended = 0;
        while ended < total {
            let message = tokio::select! {
                // What is finished belongs into the reports, even if the run is to end.
                biased;
                message = self.messages.recv() => message,
                () = &mut *stop => {
                    self.stop();
                    break;
                }
            };
            match message {
                Some(Message::Started(instance)) => (self.on_event)(Event::Started(&instance)),
                Some(Message::Finished(result, subject)) => {
                    ended += 1;
                    self.watching.extend(subject.map(|subject| (result.instance, Rc::new(subject))));
                    self.thin_out(most_watching);
                    self.take(*result);
                }
                Some(Message::Skipped) => {
                    ended += 1;
                    self.is_partial = true;
                }
                Some(Message::Lost(number)) => self.replace(number, stop).await,
                None => break,
            }
        }
    }

    /// Takes a result in; one that was disturbed waits for what it comes to alone.
    fn take(&mut self, result: CaseResult) {
        if result.verdict == Verdict::Fail && self.shared.options.fail_fast && !(self.is_expected)(&result) {
            self.shared.is_stopping.set(true);
        }
        if result.disturbed.is_none() || !self.shared.repeats(&result) {
            return self.finish(result);
        }
        if result.disturbed == Some(Disturbance::TimedOut) {
            self.timed_out.extend(result.reason.clone());
        }
        (self.on_event)(Event::Postponed(&result.instance));
        self.postponed.insert(result.instance.id());
        self.results.insert(result.instance.id(), result);
    }

    /// Takes a result in and tells it.
    pub(super) fn finish(&mut self, result: CaseResult) {
        (self.on_event)(Event::Finished(&result));
        self.postponed.remove(&result.instance.id());
        self.results.insert(result.instance.id(), result);
    }

    /// A broker was lost: another one comes in its place, where the suite can start one. At an address nothing comes, and the
    /// run ends.
    async fn replace<S: Future<Output = ()>>(&mut self, number: usize, stop: &mut Pin<&mut S>) {
        let says = self.shared.deaths.borrow().last().map(Death::says).unwrap_or_default();
        (self.on_event)(Event::BrokerLost(&says));
        let shared = Rc::clone(&self.shared);
        let renewed = match self.target {
            Target::Address(_) | Target::Listed(_) => Err(says),
            Target::Embedded(_) | Target::Spawned(_) => tokio::select! {
                renewed = shared.brokers.renew(self.target, number, &shared.options, &shared.invariants) => renewed,
                () = &mut *stop => {
                    self.stop();
                    Ok(())
                }
            },
        };
        if let Err(why) = renewed {
            self.broker_lost = Some(why);
            shared.is_stopping.set(true);
            shared.brokers.give_up();
        }
    }

    /// Asks every broker once more, behind the last connection to it.
    async fn look_for_losses(&mut self) {
        for found in self.shared.brokers.watched() {
            if let Some(life) = &found.life
                && let Some(end) = life.ask().await
            {
                self.shared.lose(&found, end);
            }
        }
        let lost = std::iter::from_fn(|| self.messages.try_recv().ok());
        let lost: Vec<usize> =
            lost.filter_map(|message| if let Message::Lost(number) = message { Some(number) } else { None }).collect();
        for number in lost {
            let never = std::future::pending();
            tokio::pin!(never);
            self.replace(number, &mut never).await;
        }
    }

    /// Leaves stragglers the time to come, closes what was kept open for them, as many cases side by side as in the run, and
    /// tells what they have turned. A broker that has fallen silent costs the limits of a few cases, not those of all.
    async fn settle(&mut self) {
        if self.is_stopped {
            return self.take_leave().await;
        }
        let watched = std::mem::take(&mut self.watching);
        // A broker may die a moment after it has closed the connection of a case, the last one included.
        watch_out(!watched.is_empty() || !self.target.is_embedded(), &self.shared.options).await;
        let permits = Arc::new(Semaphore::new(self.shared.options.jobs.max(1)));
        let ending = watched.into_iter().map(|(instance, subject)| {
            let (ends, permits) = (Rc::clone(&subject), Arc::clone(&permits));
            let task = tokio::task::spawn_local(async move {
                let Ok(_permit) = permits.acquire().await else { return };
                end_watch(ends).await;
            });
            (instance, subject, task)
        });
        let ending: Vec<_> = std::mem::take(&mut self.leaving).into_iter().chain(ending).collect();
        for (instance, subject, task) in ending {
            // A panic is our bug, here as elsewhere.
            if let Err(error) = task.await
                && let Ok(panic) = error.try_into_panic()
            {
                std::panic::resume_unwind(panic);
            }
            self.revise(&instance, subject.context());
        }
        self.look_for_losses().await;
    }

    /// Tells of a straggler, if one came.
    fn revise(&mut self, instance: &Instance, context: &CaseContext) {
        if !context.was_revised() {
            return;
        }
        if let Some(result) = self.results.get_mut(&instance.id()) {
            let stop = result.reason.take().map(|why| Stop::Inconclusive { why, line: None });
            let stop = stop.filter(|_| result.verdict == Verdict::Inconclusive);
            let CaseResult { took, is_our_bug, alone, .. } = *result;
            let revised = CaseResult::new(*instance, &context.rule_verdicts(), stop, context.transcript());
            *result = CaseResult { took, is_our_bug, alone, ..revised };
            (self.on_event)(Event::Revised(result));
        }
    }

    /// The chapter of the broker's life; a loss is told whether it was asked for or not.
    fn judge_lives(&mut self, held: &[Instance]) {
        let answers = self.shared.answers();
        for instance in crate::cases::all() {
            let Method::Life(vital) = instance.case.method else { continue };
            let is_asked = is_among(held, &instance);
            let is_there = self.results.values().any(|result| result.instance.version == instance.version);
            let result = of_life(instance, vital, &self.shared.deaths.borrow(), answers);
            if is_asked || is_there && result.verdict == Verdict::Fail {
                self.finish(result);
            }
        }
    }

    /// What to know of a run that many cases had timed out in.
    fn hint(&self, cases: usize) -> Option<String> {
        let timed_out = self.timed_out.len();
        let mut steps: BTreeMap<&str, usize> = BTreeMap::new();
        for why in &self.timed_out {
            let step = why.split_once(": ").map_or(why.as_str(), |(_, step)| step);
            *steps.entry(step).or_default() += 1;
        }
        let (step, count) = steps.iter().max_by_key(|(_, count)| **count)?;
        (timed_out >= MANY && timed_out * MANY_OF >= cases).then(|| {
            format!(
                "{timed_out} of {cases} cases had timed out beside others, {count} of them at: {step}; fewer at a time \
                 (--jobs 8) or more patience (--patience x3) may help"
            )
        })
    }
}

/// So many cases that timed out, and one of so many, are worth a line.
const MANY: usize = 5;
const MANY_OF: usize = 50;
