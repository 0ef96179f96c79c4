//! Pairs of a case and a broker that does one thing wrong, or uses one freedom: which there are, and what comes of each.
//!
//! A case is run once on a broker without faults, which remembers what faults it was asked for, and what it was told and did.
//! With a fault that it was not asked for it would do the same again, byte for byte; and so it would with one with which its
//! machine, told the same, does the same. Only the other pairs are run.

use crate::broker::{Carrier, EmbeddedOptions, EmbeddedTarget, Tape, Variant, is_of_shell};
use crate::cases;
use crate::run::{CaseResult, End, Order, RunOptions, alone, invariants, try_out, watch_over};
use crate::scenario::{Common, Instance, Invariants, Method, RunNames, Verdict, Vital};
use mqtt_assay_codec::Version;
use mqtt_assay_reference::{Condition, Fault, FaultOn, Questions, Quirk};
use mqtt_assay_standard::{RuleId, find};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// A fault with the rules that it breaks, which are asked for in each of its pairs.
pub(super) struct Broken {
    pub(super) fault: Fault,
    /// Where it strikes; everywhere if it isn't said.
    pub(super) way: Option<Condition>,
    v3_1_1: Vec<&'static str>,
    v5: Vec<&'static str>,
}

impl Broken {
    pub(super) fn new(on: impl Into<FaultOn>) -> Self {
        let FaultOn { fault, way } = on.into();
        Self { fault, way, v3_1_1: fault.breaks(Version::V3_1_1), v5: fault.breaks(Version::V5) }
    }

    /// With its condition, if it has one.
    pub(super) fn on(&self) -> FaultOn {
        FaultOn { fault: self.fault, way: self.way }
    }

    pub(super) fn name(&self) -> String {
        self.on().name()
    }

    /// Whether a case claims to catch it: nobody claims that on one way only.
    pub(super) fn is_claimed_by(&self, instance: &Instance) -> bool {
        self.way.is_none() && instance.case.caught.contains(&self.fault)
    }

    /// The rules that it breaks in this version, twins included; none where it does nothing wrong there.
    pub(super) fn rules(&self, version: Version) -> &[&'static str] {
        if version == Version::V5 { &self.v5 } else { &self.v3_1_1 }
    }
}

/// What is switched on in the broker of a pair.
#[derive(Clone, Copy)]
pub(super) enum Switch<'a> {
    Fault(&'a Broken),
    Quirk(Quirk),
}

#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) switch: Option<Switch<'a>>,
    pub(super) instance: Instance,
    /// With delays on every connection.
    pub(super) delayed: bool,
    /// The case itself is not asked about: it makes packets for the invariants that are.
    pub(super) is_traffic: bool,
}

/// What came of one pair: the verdicts of the case's rules, and the invariants that it saw broken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) verdict: Verdict,
    pub(super) rules: Vec<(RuleId, Verdict)>,
    pub(super) invariants: Vec<(String, RuleId)>,
    pub(super) text: String,
}

/// Seeds of the proof: names, and the delays of the second round.
const SEED: u64 = 7;

/// The pairs by which the cases that `is_meant` says yes to are proven with these faults and quirks. First in each round
/// are those without either.
pub(super) fn pairs<'a>(faults: &'a [Broken], quirks: &[Quirk], is_meant: impl Fn(&Instance) -> bool) -> Vec<Pair<'a>> {
    let faults = faults.iter().map(|broken| Some(Switch::Fault(broken)));
    let quirks = quirks.iter().map(|&quirk| Some(Switch::Quirk(quirk)));
    let switches: Vec<Option<Switch<'_>>> = [None].into_iter().chain(faults).chain(quirks).collect();
    let (cases, invariants): (Vec<Instance>, Vec<Instance>) = cases::all().partition(takes_steps);
    let cases: Vec<(Instance, bool)> = cases.into_iter().map(|instance| (instance, !is_meant(&instance))).collect();
    let invariants: Vec<Instance> = invariants.into_iter().filter(is_meant).collect();
    let mut pairs = Vec::new();
    for delayed in [false, true] {
        for &switch in &switches {
            for &(instance, is_traffic) in cases.iter().filter(|(instance, _)| is_concerned(switch, instance)) {
                if !is_traffic || invariants.iter().any(|invariant| needs_traffic(invariant, switch, &instance)) {
                    pairs.push(Pair { switch, instance, delayed, is_traffic });
                }
            }
        }
    }
    pairs
}

/// Whether an invariant is to see the packets that this case makes of a broker: all that a permitted broker sends, and all
/// of one with a fault that it claims to catch.
fn needs_traffic(invariant: &Instance, switch: Option<Switch<'_>>, case: &Instance) -> bool {
    let is_asked = match switch {
        Some(Switch::Fault(broken)) => broken.way.is_some() || broken.is_claimed_by(invariant),
        Some(Switch::Quirk(_)) | None => true,
    };
    is_asked && invariant.version == case.version
}

/// A case that is run, and not an invariant.
pub(super) fn takes_steps(instance: &Instance) -> bool {
    matches!(instance.case.method, Method::Steps(_))
}

/// A fault that breaks no rule of a version sends the same bytes there as a broker without it, which its own tests show.
/// A weighty case meets the faults that it claims to catch, and no other.
pub(super) fn is_concerned(switch: Option<Switch<'_>>, instance: &Instance) -> bool {
    match switch {
        Some(Switch::Fault(broken)) if instance.case.weighty && !broken.is_claimed_by(instance) => false,
        Some(Switch::Fault(broken)) => !broken.rules(instance.version).is_empty(),
        // Where no TLS is spoken, it is the broker without the quirk.
        Some(Switch::Quirk(quirk)) if quirk.is_about_tls() => {
            instance.case.variant.carrier.is_some_and(Carrier::has_tls)
        }
        _ => true,
    }
}

/// What a case saw on the broker without a fault, what faults this was asked for, and what it was told and did.
struct Plain {
    seen: Arc<Seen>,
    asked: BTreeSet<String>,
    tape: Tape,
}

impl Plain {
    fn of(pair: &Pair<'_>) -> Self {
        let (questions, tape) = (Questions::default(), Tape::default());
        let plain = Pair { switch: None, ..*pair };
        let seen = Arc::new(run_pair(&plain, Some(questions.clone()), Some(tape.clone())));
        Self { seen, asked: questions.asked().iter().map(|fault| fault.name()).collect(), tape }
    }

    /// Whether a case of this pair would see all that it saw without the fault.
    fn is_seen_by(&self, pair: &Pair<'_>) -> bool {
        match pair.switch {
            None => true,
            // Whether a packet has a place for a mistake is seen only when it is made.
            Some(Switch::Fault(broken)) if !matches!(broken.fault, Fault::Sends(_)) => {
                !self.asked.contains(&broken.fault.name()) || self.is_rehearsed(pair)
            }
            Some(_) => self.is_rehearsed(pair),
        }
    }

    /// Whether the broker of this pair does the same, told the same: then the case goes the same way. It can't be known
    /// without the case where more than the machine has a part in it, or more than the case tells it something.
    fn is_rehearsed(&self, pair: &Pair<'_>) -> bool {
        let variant = pair.instance.case.variant;
        let is_outside = matches!(pair.switch, Some(Switch::Quirk(quirk)) if is_of_shell(quirk));
        if variant.carrier.is_some() || is_outside || endangers(pair.switch, pair.instance.version) {
            return false;
        }
        target(pair, None, None).machine(variant).is_ok_and(|machine| self.tape.is_done_by(machine))
    }
}

/// Runs the pairs on as many threads as the machine has cores; what was seen, in their order, and how many were run.
pub(super) fn run_all(pairs: &[Pair<'_>]) -> (Vec<Arc<Seen>>, usize) {
    let mut of_case: BTreeMap<(String, bool), Vec<usize>> = BTreeMap::new();
    for (place, pair) in pairs.iter().enumerate() {
        of_case.entry((pair.instance.id(), pair.delayed)).or_default().push(place);
    }
    let of_case: Vec<Vec<usize>> = of_case.into_values().collect();
    let run = AtomicUsize::new(of_case.len());
    let seen = on_all_cores(&of_case, |places| {
        let plain = places.first().map(|place| Plain::of(&pairs[*place]));
        let seen = places.iter().map(|&place| match &plain {
            Some(plain) if plain.is_seen_by(&pairs[place]) => (place, Arc::clone(&plain.seen)),
            _ => {
                run.fetch_add(1, Ordering::Relaxed);
                (place, Arc::new(run_pair(&pairs[place], None, None)))
            }
        });
        seen.collect::<Vec<_>>()
    });
    let seen: BTreeMap<usize, Arc<Seen>> = seen.into_iter().flatten().collect();
    (seen.into_values().collect(), run.into_inner())
}

/// What `work` makes of each item, in their order.
pub(super) fn on_all_cores<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<R>>> = Mutex::new(items.iter().map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let index = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(item) = items.get(index)
                {
                    let result = work(item);
                    done.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(result);
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()
}

/// The broker of a pair.
fn target(pair: &Pair<'_>, questions: Option<Questions>, tape: Option<Tape>) -> EmbeddedTarget {
    let mut quirks = Vec::new();
    let mut faults = Vec::new();
    match pair.switch {
        Some(Switch::Fault(broken)) => faults.push(broken.on()),
        Some(Switch::Quirk(quirk)) => quirks.push(quirk),
        None => {}
    }
    if pair.delayed && !quirks.contains(&Quirk::DelayPerConnection) {
        quirks.push(Quirk::DelayPerConnection);
    }
    let options = EmbeddedOptions { faults, quirks, seed: SEED, questions, ..EmbeddedOptions::default() };
    match tape {
        Some(tape) => EmbeddedTarget::new(options).recorded(tape),
        None => EmbeddedTarget::new(options),
    }
}

pub(super) fn run_pair(pair: &Pair<'_>, questions: Option<Questions>, tape: Option<Tape>) -> Seen {
    let target = target(pair, questions, tape);
    let invariants = invariants();
    let instance = pair.instance;
    let result = crate::run::clock::simulated(async {
        let ready = target.prepare(instance.case.variant).map_err(|why| format!("{why:?}"))?;
        // A case that starts its broker again ends the connections of whoever watches over it, too.
        let life = if endangers(pair.switch, instance.version) && instance.case.restarts.is_none() {
            Some(watch_over(&ready, instance.version, &options(), &invariants).await)
        } else {
            None
        };
        let seen = alone(instance, ready, &options(), &invariants, life.clone()).await;
        if let Some(life) = life {
            life.leave().await;
        }
        invariants.settle();
        Ok::<_, String>(seen)
    });
    match result {
        Ok((result, end)) => look_at(&result, end.as_ref(), &invariants),
        Err(why) => Seen { verdict: Verdict::Inconclusive, rules: Vec::new(), invariants: Vec::new(), text: why },
    }
}

/// Whether the control tells that a broker with this quirk can't be judged.
pub(super) fn control_tells(quirk: Quirk, version: Version) -> bool {
    let target = EmbeddedTarget::new(EmbeddedOptions { quirks: vec![quirk], seed: SEED, ..EmbeddedOptions::default() });
    let invariants = invariants();
    let told = crate::run::clock::simulated(async {
        let ready = target.prepare(Variant::PLAIN).map_err(|why| format!("{why:?}"))?;
        Ok::<_, String>(try_out(&ready, version, &options(), &invariants, &Common::default()).await.is_err())
    });
    told == Ok(true)
}

fn options() -> RunOptions {
    RunOptions {
        seed: SEED,
        jobs: 1,
        patience: 1,
        order: Order::LongWaitsFirst,
        fail_fast: false,
        intrusive: true,
        names: RunNames {
            topic_prefix: "mqtt-assay".to_owned(),
            client_id_prefix: "ma".to_owned(),
            run: "proof".to_owned(),
        },
    }
}

/// A fault that the broker may not survive. Only there it is asked whether it lives.
fn endangers(switch: Option<Switch<'_>>, version: Version) -> bool {
    let Some(Switch::Fault(broken)) = switch else { return false };
    broken.rules(version).iter().any(|&id| find(version, id).is_some_and(|rule| OF_LIFE.contains(&rule)))
}

/// The rules about the broker's life.
static OF_LIFE: LazyLock<Vec<RuleId>> = LazyLock::new(|| {
    let is_about_life = |instance: &Instance| matches!(instance.case.method, Method::Life(_));
    cases::all().filter(is_about_life).flat_map(|instance| instance.rules.judged()).collect()
});

/// The cases about the broker's life that its end is a fail of.
fn lost(end: Option<&End>, version: Version) -> Vec<(String, RuleId)> {
    let vital = match end {
        Some(End::Died(_)) => Vital::StaysAlive,
        Some(End::Silent(_)) => Vital::Answers,
        Some(End::TookLeave(_)) | None => return Vec::new(),
    };
    let is_about = |instance: &Instance| matches!(instance.case.method, Method::Life(about) if about == vital);
    cases::all()
        .filter(|instance| instance.version == version && is_about(instance))
        .flat_map(|instance| instance.rules.judged().map(move |rule| (instance.id(), rule)))
        .collect()
}

fn look_at(result: &CaseResult, end: Option<&End>, invariants: &Invariants) -> Seen {
    let rules = result.rules.iter().map(|rule| (rule.rule, rule.verdict)).collect();
    let broken = invariants.tallies().into_iter().filter(|tally| tally.broken.is_some());
    let broken = broken.flat_map(|tally| tally.instance.rules.judged().map(move |rule| (tally.instance.id(), rule)));
    let invariants = broken.chain(lost(end, result.instance.version)).collect();
    let seen = result.decisive().map(|rule| rule.seen.clone());
    let text = result.reason.clone().or(seen).unwrap_or_default();
    Seen { verdict: result.verdict, rules, invariants, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many pairs lie between two that are tried: no divisor of what the pairs are ordered by.
    const STRIDE: usize = 2003;

    #[test]
    fn a_broker_that_is_not_asked_for_its_fault_does_the_same_without_it() {
        let faults: Vec<Broken> = crate::proof::claimed().into_iter().map(Broken::new).collect();
        let some: Vec<Pair<'_>> = pairs(&faults, &[], |_| true).into_iter().step_by(STRIDE).collect();
        // Who watches over a broker has connections of his own to it: with delays, those of the case have others.
        let is_watched = |pair: &Pair<'_>| endangers(pair.switch, pair.instance.version);
        let some: Vec<Pair<'_>> = some.into_iter().filter(|pair| !(pair.delayed && is_watched(pair))).collect();
        let plain: Vec<Pair<'_>> = some.iter().map(|&pair| Pair { switch: None, ..pair }).collect();
        let with_plain: Vec<Pair<'_>> = plain.iter().chain(&some).copied().collect();
        let (seen, run) = run_all(&with_plain);
        assert!(run < with_plain.len() * 3 / 4, "{run} of {} were run", with_plain.len());
        for (pair, seen) in some.iter().zip(&seen[plain.len()..]) {
            assert_eq!(&run_pair(pair, None, None), &**seen, "{}", pair.instance.id());
        }
    }
}
