//! What was disturbed is judged again, alone: first the suspects of each loss of a broker, each on a fresh one, until one
//! of them is seen to do it again; then everything else whose first try said nothing.

use super::alone::on_its_own_broker;
use super::life::End;
use super::result::{CaseResult, Disturbance};
use super::schedule::{Event, Run};
use crate::scenario::{Instance, Verdict};
use mqtt_assay_standard::bounds;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use tokio::time::{Instant, timeout_at};

/// Waits of a suspect, in seconds, that are tried last.
const LONG: u64 = 5;

/// So often the same cause, alone as beside others, and it is the broker's own: the rest of those cases stays as it is.
const HOPELESS: usize = 2;

/// What a case waited for in vain, whoever did.
fn cause(result: &CaseResult) -> String {
    let reason = result.reason.as_deref().unwrap_or_default();
    let what = reason.split_once(": ").map_or(reason, |(_, what)| what);
    what.chars().filter(|letter| !letter.is_ascii_digit()).collect()
}

impl<E: FnMut(Event<'_>)> Run<'_, E> {
    /// Runs again what was disturbed, as far as its time goes; then tells what is left as it was.
    pub(super) async fn again<S: Future<Output = ()>>(&mut self, stop: &mut Pin<&mut S>) {
        let hunted_until = Instant::now() + bounds::HUNT * self.shared.options.patience;
        self.hunt(hunted_until, stop).await;
        let until = Instant::now() + bounds::AGAIN * self.shared.options.patience;
        let mut hopeless: BTreeMap<String, usize> = BTreeMap::new();
        for instance in self.disturbed() {
            if self.is_ending() || Instant::now() > until {
                break;
            }
            let Some(before) = self.results.get(&instance.id()) else { continue };
            let (why, reason) = (before.disturbed, cause(before));
            if hopeless.get(&reason).is_some_and(|times| *times >= HOPELESS) {
                continue;
            }
            self.side_by_side(vec![instance], 1, stop).await;
            if self.mark(&instance, why) == Some(reason.clone()) {
                *hopeless.entry(reason).or_default() += 1;
            }
        }
        // Two that each end the broker may have been at it together; the second is known only now.
        self.hunt(hunted_until, stop).await;
        for id in std::mem::take(&mut self.postponed) {
            if let Some(result) = self.results.remove(&id) {
                self.finish(result);
            }
        }
    }

    fn disturbed(&self) -> Vec<Instance> {
        self.postponed.iter().filter_map(|id| self.results.get(id)).map(|result| result.instance).collect()
    }

    /// Says why it was run again, and returns the cause for which it is still not judged.
    fn mark(&mut self, instance: &Instance, why: Option<Disturbance>) -> Option<String> {
        let result = self.results.get_mut(&instance.id())?;
        if result.disturbed.is_none() {
            result.alone = why;
        }
        (result.verdict == Verdict::Inconclusive).then(|| cause(result))
    }

    /// Looks for the case that ended each broker that was lost.
    async fn hunt<S: Future<Output = ()>>(&mut self, until: Instant, stop: &mut Pin<&mut S>) {
        if self.is_ending() {
            return;
        }
        tokio::select! {
            () = self.try_suspects(until) => {}
            () = &mut *stop => self.stop(),
        }
    }

    async fn try_suspects(&mut self, until: Instant) {
        let count = self.shared.deaths.borrow().len();
        for index in 0..count {
            let suspects = {
                let deaths = self.shared.deaths.borrow();
                let death = &deaths[index];
                let is_open = death.is_finding() && death.killer.is_none();
                let (short, long): (Vec<Instance>, Vec<Instance>) =
                    death.suspects.iter().filter(|_| is_open).partition(|suspect| suspect.case.waits < LONG);
                // What waits for minutes would use up the time of all others.
                [short, long].concat()
            };
            for suspect in suspects {
                match timeout_at(until, self.try_suspect(index, suspect)).await {
                    Ok(true) => break,
                    Ok(false) => {}
                    Err(_) => return,
                }
            }
        }
    }

    /// Whether this case ends a fresh broker. One that doesn't has its verdict, if it had none.
    async fn try_suspect(&mut self, index: usize, suspect: Instance) -> bool {
        let Some(prepared) = self.fresh_broker(suspect).await else { return false };
        let process = prepared.process.clone();
        let shared = Rc::clone(&self.shared);
        let (result, end) =
            on_its_own_broker(suspect, Ok(prepared), &shared.options, &shared.invariants, bounds::WATCH).await;
        let is_again = matches!(end, Some(End::Died(_) | End::Silent(_)));
        if let Some(process) = &process {
            let mut deaths = shared.deaths.borrow_mut();
            if is_again && deaths[index].last_words.is_empty() {
                deaths[index].last_words = process.last_words();
            }
            process.end();
        }
        if is_again {
            let death = &mut shared.deaths.borrow_mut()[index];
            death.killer = Some((suspect, result.transcript.clone()));
            death.is_confirmed = true;
            self.finish(CaseResult { disturbed: None, ..result });
        } else if self.postponed.contains(&suspect.id()) {
            let why = Some(Disturbance::BrokerLost);
            self.finish(CaseResult { disturbed: None, alone: why, ..result });
        }
        is_again
    }

    /// A broker that nobody has been at.
    async fn fresh_broker(&self, instance: Instance) -> Option<crate::broker::Ready> {
        if self.target.outlives_run() {
            return None;
        }
        let found = self.shared.brokers.find(&instance, &self.shared.options).await.ok()?;
        self.target.prepare(found.variant).await.ok()?.ready(instance.version).ok()
    }
}
