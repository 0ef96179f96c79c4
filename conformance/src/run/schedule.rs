//! A run: prepares the target's variants, tries the control, runs the cases side by side within their deadlines, and
//! tells one stream of events about it. Consumers follow the last event about a case: a straggler may turn a verdict
//! until the run ends.

use super::begin::{self, begin};
use super::control::{self, Offer};
use super::options::{Order, RunOptions};
use super::result::CaseResult;
use crate::broker::{Ready, SpawnedTarget, Target, Unready, Variant};
use crate::link::{Remark, Transcript, What};
use crate::scenario::{CaseContext, Common, Instance, Invariants, Method, RuleVerdict, Stop, Subject, Tally, Verdict};
use mqtt_assay_codec::Version;
use mqtt_assay_standard::bounds;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

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
}

/// The control did not work: nothing was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NothingJudged(pub String);

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
    let mut is_partial = false;
    tokio::pin!(stop);
    let total = tasks.len();
    while subjects.len() < total {
        let message = tokio::select! {
            // What is finished belongs into the reports, even if the run is to end.
            biased;
            message = messages.recv() => message,
            () = &mut stop => {
                is_partial = true;
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
    for task in &tasks {
        task.abort();
    }
    watch_out(subjects.iter().any(|(_, subject)| subject.is_some()), options).await;
    let watched: Vec<(Instance, Rc<Subject>)> =
        subjects.into_iter().filter_map(|(instance, subject)| Some((instance, Rc::new(subject?)))).collect();
    settle(&watched, options).await;
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
            Some(stop) if tally.held == 0 && tally.broken.is_none() => without_steps(tally.instance, stop),
            _ => of_invariant(&tally, breached),
        };
        on_event(Event::Finished(&result));
        results.insert(result.instance.id(), result);
    }
    Ok(RunResult { results: results.into_values().collect(), is_partial })
}

/// How many cases run side by side.
fn jobs(target: &Target, options: &RunOptions) -> usize {
    let most = if target.fresh_for_each_case().is_some() { MOST_FRESH } else { usize::MAX };
    options.jobs.clamp(1, most)
}

/// Leaves stragglers of the last cases the time to come.
async fn watch_out(is_watching: bool, options: &RunOptions) {
    if is_watching {
        sleep(bounds::WATCH * options.patience).await;
    }
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

impl From<Unready> for Stop {
    fn from(unready: Unready) -> Self {
        match unready {
            Unready::NotOffered(why) => Self::NotOffered(why),
            Unready::Failed(why) => Self::Inconclusive { why, line: None },
        }
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
            return tell(Message::Finished(Box::new(without_steps(instance, stop)), None));
        }
    };
    if let Some(fresh) = &shared.fresh {
        let result = with_its_own_broker(&shared, fresh, instance).await;
        return tell(Message::Finished(Box::new(result), None));
    }
    let begun = std::time::Instant::now();
    let subject = begin(instance, ready, &shared.options, &shared.invariants, &shared.common);
    let steps = tokio::task::spawn_local(take_steps(instance, Rc::clone(subject.context()), shared.options.patience));
    let (stop, is_our_bug) = match steps.await {
        Ok(stop) => (stop, false),
        Err(error) => (Some(Stop::Inconclusive { why: format!("a defect of the suite: {error}"), line: None }), true),
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

/// The result of a case of which no step was taken.
fn without_steps(instance: Instance, stop: Stop) -> CaseResult {
    CaseResult::new(instance, &[], Some(stop), Transcript::new(instance.id(), instance.version))
}

/// A case on a broker that is started for it and ends after it.
async fn with_its_own_broker(shared: &Shared, target: &SpawnedTarget, instance: Instance) -> CaseResult {
    let (options, invariants) = (shared.options.clone(), Rc::clone(&shared.invariants));
    let mut leased = target.lease(instance.case.variant).await;
    if matches!(leased, Err(Unready::NotOffered(_))) {
        // The plain broker announces by itself what the variant is about.
        leased = target.lease(Variant::PLAIN).await;
    }
    let leased = leased.and_then(|(started, lease)| Ok((started.ready(instance.version)?, lease)));
    let begun = std::time::Instant::now();
    let (ready, _lease) = match leased {
        Ok(leased) => leased,
        Err(unready) => return without_steps(instance, Stop::from(unready)),
    };
    let steps = tokio::task::spawn_local(async move { alone(instance, ready, &options, &invariants).await });
    let mut result = steps.await.unwrap_or_else(|error| {
        let why = format!("a defect of the suite: {error}");
        CaseResult { is_our_bug: true, ..without_steps(instance, Stop::Inconclusive { why, line: None }) }
    });
    result.took = begun.elapsed();
    result
}

/// One case alone with a broker of its own, watched to the end: for the proof, where nothing else runs beside it.
pub(crate) async fn alone(
    instance: Instance,
    ready: Ready,
    options: &RunOptions,
    invariants: &Rc<Invariants>,
) -> CaseResult {
    let subject = begin(instance, ready, options, invariants, &Common::default());
    let context = Rc::clone(subject.context());
    let stop = take_steps(instance, Rc::clone(&context), options.patience).await;
    subject.close().await;
    watch_out(subject.is_watching(), options).await;
    subject.finish().await;
    subject.clean_up().await;
    subject.release();
    CaseResult::new(instance, &context.rule_verdicts(), stop, context.transcript())
}

/// The case's own steps, within its deadline.
async fn take_steps(instance: Instance, context: Rc<CaseContext>, patience: u32) -> Option<Stop> {
    let Method::Steps(steps) = instance.case.method else { return None };
    let subject = Subject::new(Rc::clone(&context));
    let deadline = bounds::CASE * patience + instance.case.waits();
    if let Ok(outcome) = timeout(deadline, steps(&subject)).await {
        return outcome.err();
    }
    let why = format!("our case hung for {deadline:?} at: {}", last_step(&context.transcript()));
    Some(Stop::Inconclusive { why, line: None })
}

/// The last thing that a case said or did, for a case that got no further.
fn last_step(transcript: &Transcript) -> String {
    let step = transcript.lines.iter().rev().find(|line| {
        matches!(
            line.what,
            What::Open | What::Sent { .. } | What::HalfClosed | What::Closed(_) | What::Said(Remark::Expects, _)
        )
    });
    step.map_or_else(|| "its first step".to_owned(), |line| transcript.print_line(line).trim().to_owned())
}

/// Cases in the order in which they are started.
fn ordered(mut cases: Vec<Instance>, options: &RunOptions) -> Vec<Instance> {
    match options.order {
        Order::LongWaitsFirst => cases.sort_by_key(|instance| std::cmp::Reverse(instance.case.waits)),
        Order::Random => shuffle(&mut cases, options.seed),
    }
    cases
}

/// Fisher and Yates, by a small generator that the seed fixes on every machine.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    for last in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(last, (state >> 33) as usize % (last + 1));
    }
}

/// The brokers of a run, one for each variant in use, and what the control learnt of them.
struct Brokers {
    ready: BTreeMap<(Variant, &'static str), Prepared>,
}

/// A broker that has passed the control, or what the cases that need it come to.
type Prepared = Result<(Ready, Offer), Stop>;

impl Brokers {
    async fn prepare(
        target: &Target,
        selected: &[Instance],
        options: &RunOptions,
        invariants: &Rc<Invariants>,
    ) -> Result<Self, NothingJudged> {
        let mut versions: BTreeMap<Variant, Vec<Version>> = BTreeMap::new();
        for instance in selected {
            let known = versions.entry(instance.case.variant).or_default();
            if !known.contains(&instance.version) {
                known.push(instance.version);
            }
        }
        let plain = versions.entry(Variant::PLAIN).or_default();
        for instance in selected {
            if !plain.contains(&instance.version) {
                plain.push(instance.version);
            }
        }
        let mut brokers = Self { ready: BTreeMap::new() };
        let plain = versions.remove_entry(&Variant::PLAIN);
        for (variant, versions) in plain.into_iter().chain(versions) {
            brokers.prepare_variant(target, variant, &versions, options, invariants).await;
            if variant == Variant::PLAIN {
                brokers.require_a_control()?;
            }
        }
        Ok(brokers)
    }

    async fn prepare_variant(
        &mut self,
        target: &Target,
        variant: Variant,
        versions: &[Version],
        options: &RunOptions,
        invariants: &Rc<Invariants>,
    ) {
        let mut prepared = target.prepare(variant).await;
        for (index, &version) in versions.iter().enumerate() {
            if index > 0 && target.fresh_for_each_case().is_some() {
                // What would spoil a case that comes after another one spoils a control as well.
                prepared = target.prepare(variant).await;
            }
            let prepared = prepared.as_ref().map_err(Unready::clone).and_then(|started| started.ready(version));
            let found = match (&prepared, self.announced(variant, version)) {
                (Ok(ready), _) => {
                    let offer = control::try_out(ready, version, options, invariants).await;
                    offer.and_then(|offer| announces(variant, version, &offer).map(|()| (ready.clone(), offer)))
                }
                (Err(Unready::NotOffered(_)), Some(plain)) => Ok(plain),
                (Err(unready), _) => Err(Stop::from(unready.clone())),
            };
            self.ready.insert((variant, word(version)), found);
        }
    }

    /// The plain broker, where it announces by itself what the variant is about.
    fn announced(&self, variant: Variant, version: Version) -> Option<(Ready, Offer)> {
        let plain = self.ready.get(&(Variant::PLAIN, word(version)))?.as_ref().ok()?;
        (!variant.lacks.is_empty() && plain.1.lacks(variant.lacks).is_some()).then(|| plain.clone())
    }

    /// Without a single version in which the plain control works, nothing can be judged.
    fn require_a_control(&self) -> Result<(), NothingJudged> {
        let mut why = Vec::new();
        for ((_, version), ready) in &self.ready {
            match ready {
                Ok(_) => return Ok(()),
                Err(Stop::Inconclusive { why: reason, .. } | Stop::NotOffered(reason) | Stop::NotExercised(reason)) => {
                    why.push(format!("MQTT {version}: {reason}"));
                }
                Err(Stop::Failed) => {}
            }
        }
        Err(NothingJudged(why.join("; ")))
    }

    /// Why the broker can't be spoken to in this version, where its own word or the profile says so.
    fn lacks_version(&self, version: Version) -> Option<Stop> {
        let plain = self.ready.get(&(Variant::PLAIN, word(version)))?;
        plain.as_ref().err().filter(|stop| matches!(stop, Stop::NotOffered(_))).cloned()
    }

    fn find(&self, instance: &Instance, options: &RunOptions) -> Result<&Ready, Stop> {
        if instance.case.intrusive && !options.intrusive {
            return Err(Stop::NotOffered(
                "intrusive, and the broker is not on this machine; --intrusive allows it".to_owned(),
            ));
        }
        let plain = self.ready.get(&(Variant::PLAIN, word(instance.version)));
        if let Some(Err(stop)) = plain {
            return Err(stop.clone());
        }
        match self.ready.get(&(instance.case.variant, word(instance.version))) {
            Some(Ok((ready, offer))) => match instance.case.needs.iter().find_map(|need| offer.lacks(need)) {
                Some(why) => Err(Stop::NotOffered(why.to_owned())),
                None => Ok(ready),
            },
            Some(Err(stop)) => Err(stop.clone()),
            None => Err(Stop::Inconclusive {
                why: "a defect of the suite: no broker was prepared for this case".to_owned(),
                line: None,
            }),
        }
    }
}

/// A variant about something that a 5.0 broker lacks is there only if its CONNACK says that it is lacking.
fn announces(variant: Variant, version: Version, offer: &Offer) -> Result<(), Stop> {
    if version == Version::V5 && !variant.lacks.is_empty() && offer.lacks(variant.lacks).is_none() {
        return Err(Stop::NotOffered(format!("variant {}: the broker does not announce it in CONNACK", variant.name)));
    }
    Ok(())
}

fn word(version: Version) -> &'static str {
    match version {
        Version::V3_1 => "3.1",
        Version::V3_1_1 => "3.1.1",
        Version::V5 => "5",
    }
}

/// The result of an invariant, with the lines around its breach taken from the case in which it was seen.
fn of_invariant(tally: &Tally, case: Option<&CaseResult>) -> CaseResult {
    let instance = tally.instance;
    let mut transcript = Transcript::new(instance.id(), instance.version);
    let expected = instance.case.title.to_owned();
    let (verdict, seen) = match &tally.broken {
        None if tally.held == 0 => (Verdict::NotExercised, "no packet that it is about was seen".to_owned()),
        None => (Verdict::Pass, format!("{} packets held against it", tally.held)),
        Some(breach) => (Verdict::Fail, format!("{} ({} line {})", breach.seen, breach.case, breach.line)),
    };
    if let (Some(breach), Some(case)) = (&tally.broken, case) {
        transcript.lines.extend(case.transcript.line(breach.line).cloned());
    }
    let line = transcript.add(Duration::ZERO, "run", What::Said(Remark::Decides, format!("{verdict}: {seen}")));
    let judged: Vec<RuleVerdict> = instance
        .rules
        .judged()
        .map(|rule| RuleVerdict {
            rule,
            basis: rule.rule().basis,
            verdict: if verdict == Verdict::Fail { Verdict::broken(rule.rule().level) } else { verdict },
            line: Some(line),
            expected: expected.clone(),
            seen: seen.clone(),
        })
        .collect();
    CaseResult::new(instance, &judged, None, transcript)
}
