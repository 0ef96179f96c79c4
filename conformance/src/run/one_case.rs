//! One case beside others: its broker, its steps, and whether the broker is alive behind them.

use super::alone::{alone, on_its_own_broker, struck, take_steps};
use super::begin::begin;
use super::brokers::{Brokers, Found};
use super::death::{Death, Roll, death};
use super::life::End;
use super::options::RunOptions;
use super::places::{Place, Places};
use super::result::{CaseResult, Disturbance};
use super::standstill::Standstills;
use crate::broker::{Restarts, SpawnedBroker, SpawnedTarget, Survived, Target, Unready, Variant};
use crate::scenario::{Common, Instance, Invariants, Stop, Subject, Verdict};
use mqtt_assay_standard::bounds;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

/// What all cases of a run share.
pub(super) struct Shared {
    pub(super) brokers: Brokers,
    /// What starts a broker for each case; nothing where they share one.
    pub(super) fresh: Option<SpawnedTarget>,
    /// What starts a broker that its case starts again.
    restarts: Restarts,
    is_embedded: bool,
    pub(super) options: RunOptions,
    pub(super) invariants: Rc<Invariants>,
    pub(super) common: Common,
    roll: RefCell<Roll>,
    pub(super) deaths: RefCell<Vec<Death>>,
    /// Questions that were answered by brokers that are gone or were there for one case.
    answered: Cell<u64>,
    standstills: Rc<Standstills>,
    messages: mpsc::UnboundedSender<Message>,
    pub(super) is_stopping: Cell<bool>,
}

/// What a case tells the run.
pub(super) enum Message {
    Started(Instance),
    /// The subject comes along where it still watches for stragglers.
    Finished(Box<CaseResult>, Option<Subject>),
    Skipped,
    /// The broker of this number is lost.
    Lost(usize),
}

impl Shared {
    pub(super) fn new(
        brokers: Brokers,
        target: &Target,
        options: &RunOptions,
        invariants: &Rc<Invariants>,
        common: Common,
        messages: mpsc::UnboundedSender<Message>,
    ) -> Self {
        Self {
            brokers,
            fresh: target.fresh_for_each_case().cloned(),
            restarts: target.restarts(),
            is_embedded: target.is_embedded(),
            options: options.clone(),
            invariants: Rc::clone(invariants),
            common,
            roll: RefCell::default(),
            deaths: RefCell::default(),
            answered: Cell::new(0),
            standstills: Standstills::begin(target.is_embedded()),
            messages,
            is_stopping: Cell::new(false),
        }
    }

    /// Whether a case that was disturbed so is run again. On the broker that is built in a time-out is a hang of ours.
    pub(super) fn repeats(&self, result: &CaseResult) -> bool {
        result.disturbed != Some(Disturbance::TimedOut) || !self.is_embedded
    }

    /// How often brokers were asked whether they live, and answered.
    pub(super) fn answers(&self) -> u64 {
        let standing: u64 = self.brokers.lives().iter().map(|life| life.answers()).sum();
        self.answered.get() + standing
    }

    /// Takes a loss down, once, with the cases that may have caused it.
    pub(super) fn lose(&self, found: &Found, end: End) {
        if !self.brokers.lose(found.number) {
            return;
        }
        self.answered.set(self.answered.get() + found.life.as_ref().map_or(0, |life| life.answers()));
        let last_words = found.ready.process.as_ref().map(SpawnedBroker::last_words).unwrap_or_default();
        let death = death(found.variant, end, last_words, &self.roll.borrow(), found.number);
        self.deaths.borrow_mut().push(death);
        drop(self.messages.send(Message::Lost(found.number)));
    }

    /// Whether it is known already that this case ends a broker.
    fn is_killer(&self, instance: &Instance) -> bool {
        let deaths = self.deaths.borrow();
        let mut killers = deaths.iter().filter_map(|death| death.killer.as_ref());
        killers.any(|(killer, _)| killer.id() == instance.id())
    }

    /// What keeps this result from being one: a time-out beside others, or our own standstill.
    fn disturbed(&self, result: CaseResult, stop: Option<&Stop>, begun: Instant, is_alone: bool) -> CaseResult {
        if let Some(gap) = self.standstills.since(begun) {
            return of_a_standstill(&result, gap);
        }
        let is_silence = result.verdict == Verdict::Inconclusive && stop.is_some_and(Stop::is_silence);
        // What took no time was no time-out.
        let timed_out = is_silence && begun.elapsed() >= bounds::OPEN && !is_alone && !result.is_our_bug;
        CaseResult { disturbed: timed_out.then_some(Disturbance::TimedOut), ..result }
    }
}

/// Nothing is judged across a gap in our own time.
fn of_a_standstill(result: &CaseResult, gap: Duration) -> CaseResult {
    let why = format!("the suite itself stood still for {:.1} s", gap.as_secs_f64());
    let stop = Stop::Inconclusive { why, line: None };
    let touched = CaseResult::new(result.instance, &[], Some(stop), result.transcript.clone());
    CaseResult { disturbed: Some(Disturbance::Standstill), ..touched }
}

/// One case, when its turn has come.
pub(super) async fn one_case(shared: Rc<Shared>, places: Rc<Places>, instance: Instance, is_alone: bool) {
    let Some(place) = places.take(instance.case.waits > 0).await else { return };
    // The receiver is gone only when the run has ended.
    let tell = |message| drop(shared.messages.send(message));
    if shared.is_stopping.get() {
        return tell(Message::Skipped);
    }
    let found = shared.brokers.find(&instance, &shared.options).await;
    if shared.is_stopping.get() {
        return tell(Message::Skipped);
    }
    tell(Message::Started(instance));
    let found = match found {
        Ok(found) => found,
        Err(stop) => return tell(Message::Finished(Box::new(CaseResult::without_steps(instance, stop)), None)),
    };
    if let Some(manner) = instance.case.restarts {
        let result = on_a_broker_to_restart(&shared, manner, instance).await;
        return tell(Message::Finished(Box::new(result), None));
    }
    if let Some(fresh) = &shared.fresh {
        let result = on_a_fresh_broker(&shared, fresh, instance, is_alone).await;
        return tell(Message::Finished(Box::new(result), None));
    }
    let (result, subject) = on_a_shared_broker(&shared, &found, instance, &place, is_alone).await;
    tell(Message::Finished(Box::new(result), subject));
}

/// A case on a broker that is started for it and ends after it.
async fn on_a_fresh_broker(shared: &Shared, target: &SpawnedTarget, instance: Instance, is_alone: bool) -> CaseResult {
    let begun = Instant::now();
    let mut leased = target.lease(instance.case.variant).await;
    if matches!(leased, Err(Unready::NotOffered(_))) {
        // The plain broker announces by itself what the variant is about.
        leased = target.lease(Variant::PLAIN).await;
    }
    let (ready, _lease) = match leased {
        Ok((started, lease)) => (started.ready(instance.version), Some(lease)),
        Err(unready) => (Err(unready), None),
    };
    let process = ready.as_ref().ok().and_then(|ready| ready.process.clone());
    let (result, end) = on_its_own_broker(instance, ready, &shared.options, &shared.invariants, Duration::ZERO).await;
    shared.answered.set(shared.answered.get() + u64::from(end.is_none()));
    let Some(end) = end else {
        let stop = result.reason.clone().map(|why| Stop::Inconclusive { why, line: None });
        return shared.disturbed(result, stop.as_ref(), begun, is_alone);
    };
    // Nobody else was at it.
    let last_words = process.map(|process| process.last_words()).unwrap_or_default();
    let killer = Some((instance, result.transcript.clone()));
    let variant = instance.case.variant;
    shared.deaths.borrow_mut().push(Death {
        variant,
        end,
        last_words,
        suspects: vec![instance],
        killer,
        is_confirmed: true,
    });
    CaseResult { disturbed: None, ..result }
}

/// A case on a broker of its own that it starts again. What is seen behind the start shows that the broker lives.
async fn on_a_broker_to_restart(shared: &Shared, manner: Survived, instance: Instance) -> CaseResult {
    let begun = std::time::Instant::now();
    let leased = shared.restarts.lease(instance.case.variant, manner).await;
    let (ready, _lease) = match leased {
        Ok((started, lease)) => (started.ready(instance.version), lease),
        Err(unready) => (Err(unready), None),
    };
    let ready = match ready {
        Ok(ready) => ready,
        Err(unready) => return CaseResult::without_steps(instance, Stop::from(unready)),
    };
    let (options, invariants) = (shared.options.clone(), Rc::clone(&shared.invariants));
    let steps = tokio::task::spawn_local(async move { alone(instance, ready, &options, &invariants, None).await });
    let result = steps.await.map_or_else(|error| CaseResult::of_a_defect(instance, &error), |(result, _)| result);
    CaseResult { took: begun.elapsed(), ..result }
}

async fn on_a_shared_broker(
    shared: &Rc<Shared>,
    found: &Found,
    instance: Instance,
    place: &Place,
    is_alone: bool,
) -> (CaseResult, Option<Subject>) {
    let (begun, on_the_wall) = (Instant::now(), std::time::Instant::now());
    let subject = begin(instance, found.ready.clone(), &shared.options, &shared.invariants, &shared.common);
    let context = Rc::clone(subject.context());
    shared.roll.borrow_mut().begin(instance, Rc::clone(&context), found.number);
    // In a set, they end with this task, where the run is ended early.
    let mut steps = JoinSet::new();
    steps.spawn_local(take_steps(instance, Rc::clone(&context), shared.options.patience));
    let taken = tokio::select! {
        biased;
        taken = steps.join_next() => taken,
        () = lost(found) => None,
        () = place.give_way(&context, found.life.as_ref()) => None,
    };
    steps.abort_all();
    let (stop, defect) = match taken {
        Some(Ok(stop)) => (stop, None),
        Some(Err(error)) => (None, Some(error)),
        None => (None, None),
    };
    subject.close().await;
    // What the case saw counts only if the broker is seen alive behind it; one that takes much, only if it is seen well.
    let end = match &found.life {
        Some(life) if instance.case.is_heavy() => life.serves().await,
        Some(life) => life.ask().await,
        None => None,
    };
    if let Some(end) = &end {
        shared.lose(found, end.clone());
    }
    let judged = |defect: Option<JoinError>| match (&end, defect) {
        (_, Some(error)) => CaseResult::of_a_defect(instance, &error),
        (Some(end), None) => {
            let result = struck(instance, end, &context);
            // It would do it again.
            let disturbed = result.disturbed.filter(|_| !shared.is_killer(&instance));
            CaseResult { disturbed, ..result }
        }
        (None, None) => {
            let result = CaseResult::new(instance, &context.rule_verdicts(), stop.clone(), context.transcript());
            shared.disturbed(result, stop.as_ref(), begun, is_alone)
        }
    };
    let is_watching = end.is_none() && subject.is_watching();
    // Under the same names it is tried once more: whoever still watched would see the messages of that.
    let is_tried_again = is_watching && defect.is_none() && judged(None).disturbed.is_some();
    let watching = is_watching && !is_tried_again;
    if is_tried_again {
        subject.take_leave().await;
    } else if end.is_none() && !watching {
        subject.clean_up().await;
    }
    if !watching {
        subject.release();
    }
    shared.roll.borrow_mut().end(&instance);
    let result = judged(defect);
    let result = CaseResult { took: on_the_wall.elapsed(), ..result };
    (result, watching.then_some(subject))
}

/// Ends once the case's broker is lost.
async fn lost(found: &Found) {
    match &found.life {
        Some(life) => drop(life.over().await),
        None => std::future::pending().await,
    }
}
