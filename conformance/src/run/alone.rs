//! One case: its steps within its deadline, and a run of it with nothing beside it.

use super::begin::begin;
use super::options::RunOptions;
use super::result::CaseResult;
use crate::broker::{Ready, SpawnedTarget, Unready, Variant};
use crate::link::{Remark, Transcript, What};
use crate::scenario::{CaseContext, Common, Instance, Invariants, Method, Stop, Subject};
use mqtt_assay_standard::bounds;
use std::rc::Rc;
use tokio::time::{sleep, timeout};

/// A case on a broker that is started for it and ends after it.
pub(super) async fn with_its_own_broker(
    target: &SpawnedTarget,
    instance: Instance,
    options: &RunOptions,
    invariants: &Rc<Invariants>,
) -> CaseResult {
    let (options, invariants) = (options.clone(), Rc::clone(invariants));
    let mut leased = target.lease(instance.case.variant).await;
    if matches!(leased, Err(Unready::NotOffered(_))) {
        // The plain broker announces by itself what the variant is about.
        leased = target.lease(Variant::PLAIN).await;
    }
    let leased = leased.and_then(|(started, lease)| Ok((started.ready(instance.version)?, lease)));
    let begun = std::time::Instant::now();
    let (ready, _lease) = match leased {
        Ok(leased) => leased,
        Err(unready) => return CaseResult::without_steps(instance, Stop::from(unready)),
    };
    let steps = tokio::task::spawn_local(async move { alone(instance, ready, &options, &invariants).await });
    let mut result = steps.await.unwrap_or_else(|error| {
        let why = format!("a defect of the suite: {error}");
        CaseResult { is_our_bug: true, ..CaseResult::without_steps(instance, Stop::Inconclusive { why, line: None }) }
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
