//! One case: its steps within its deadline, and a run of it with nothing beside it.

use super::begin::{begin, watch_over};
use super::life::{End, Life};
use super::options::RunOptions;
use super::result::{CaseResult, Disturbance};
use crate::broker::{Ready, Unready};
use crate::link::{Remark, Transcript, What};
use crate::scenario::{CaseContext, Common, Instance, Invariants, Method, Stop, Subject};
use mqtt_assay_standard::bounds;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// A case on a broker of its own, and how that broker was lost, if it was: by then, or within `moment` behind it, for one may
/// die a moment after it has closed the connection of a case.
pub(super) async fn on_its_own_broker(
    instance: Instance,
    ready: Result<Ready, Unready>,
    options: &RunOptions,
    invariants: &Rc<Invariants>,
    moment: Duration,
) -> (CaseResult, Option<End>) {
    let begun = std::time::Instant::now();
    let ready = match ready {
        Ok(ready) => ready,
        Err(unready) => return (CaseResult::without_steps(instance, Stop::from(unready)), None),
    };
    let (options, invariants) = (options.clone(), Rc::clone(invariants));
    let steps = tokio::task::spawn_local(async move {
        let life = watch_over(&ready, instance.version, &options, &invariants).await;
        let (result, end) = alone(instance, ready, &options, &invariants, Some(Rc::clone(&life))).await;
        let late = if end.is_some() || moment.is_zero() {
            None
        } else {
            sleep(moment).await;
            life.ask().await
        };
        life.leave().await;
        match late {
            None => (result, end),
            Some(end) => (struck_late(result, &end), Some(end)),
        }
    });
    let (mut result, end) = steps.await.unwrap_or_else(|error| (CaseResult::of_a_defect(instance, &error), None));
    result.took = begun.elapsed();
    (result, end)
}

/// One case alone with a broker of its own, watched to the end, and how the broker was lost. Without a life nobody asks
/// for that: the broker that is built in can't be lost where no fault makes it so.
pub(crate) async fn alone(
    instance: Instance,
    ready: Ready,
    options: &RunOptions,
    invariants: &Rc<Invariants>,
    life: Option<Rc<Life>>,
) -> (CaseResult, Option<End>) {
    let subject = begin(instance, ready, options, invariants, &Common::default());
    let context = Rc::clone(subject.context());
    let stop = match &life {
        None => take_steps(instance, Rc::clone(&context), options.patience).await,
        Some(life) => tokio::select! {
            biased;
            stop = take_steps(instance, Rc::clone(&context), options.patience) => stop,
            _ = life.over() => None,
        },
    };
    subject.close().await;
    watch_out(subject.is_watching(), options).await;
    subject.finish().await;
    subject.clean_up().await;
    subject.release();
    let end = match &life {
        None => None,
        Some(life) => life.ask().await,
    };
    let result = match &end {
        None => CaseResult::new(instance, &context.rule_verdicts(), stop, context.transcript()),
        Some(end) => struck(instance, end, &context),
    };
    (result, end)
}

/// The result of a case whose broker was lost: whatever it saw decides nothing.
pub(super) fn struck(instance: Instance, end: &End, context: &CaseContext) -> CaseResult {
    let why = format!("the broker was lost: {}", end.says());
    let line = context.say("case", Remark::Notes, why.as_str());
    let stop = Stop::Inconclusive { why, line: Some(line) };
    let result = CaseResult::new(instance, &[], Some(stop), context.transcript());
    CaseResult { disturbed: Some(Disturbance::BrokerLost), ..result }
}

/// The same for a case that has returned.
fn struck_late(mut result: CaseResult, end: &End) -> CaseResult {
    let why = format!("the broker was lost: {}", end.says());
    let line = result.transcript.add(result.took, "case", What::Said(Remark::Notes, why.clone()));
    let stop = Stop::Inconclusive { why, line: Some(line) };
    let struck = CaseResult::new(result.instance, &[], Some(stop), result.transcript);
    CaseResult { disturbed: Some(Disturbance::BrokerLost), ..struck }
}

/// Leaves stragglers of the last cases the time to come.
pub(super) async fn watch_out(is_watching: bool, options: &RunOptions) {
    if is_watching {
        sleep(bounds::WATCH * options.patience).await;
    }
}

/// The case's own steps, within its deadline.
pub(super) async fn take_steps(instance: Instance, context: Rc<CaseContext>, patience: u32) -> Option<Stop> {
    let Method::Steps(steps) = instance.case.method else { return None };
    let subject = Subject::new(Rc::clone(&context));
    // Megabytes take their time over a slow link, in both directions.
    let times = if instance.case.weighty { 2 } else { 1 };
    let deadline = bounds::CASE * times * patience + instance.case.waits();
    let mut taken = std::pin::pin!(steps(&subject));
    for _ in 0..bounds::DISTANT {
        if let Ok(outcome) = timeout(deadline, taken.as_mut()).await {
            return outcome.err();
        }
        if !is_going_on(&context) {
            break;
        }
    }
    let took = context.recorder().elapsed();
    let why = format!("our case hung for {took:.1?} at: {}", last_step(&context.transcript()));
    Some(Stop::Inconclusive { why, line: None })
}

/// The broker has sent something of late.
fn is_going_on(context: &CaseContext) -> bool {
    let transcript = context.transcript();
    let last = transcript.lines.iter().rev().find(|line| matches!(line.what, What::Received(_)));
    last.is_some_and(|line| context.recorder().elapsed() < line.at + context.patient(bounds::GRACE))
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
