//! On which ways the cases come: what each of them asks the sound machine for.

use super::coverage::judges;
use super::pairs::{Pair, Seen, on_all_cores, run_pair, takes_steps};
use crate::cases;
use crate::scenario::Instance;
use mqtt_assay_reference::{Condition, Conditions, Fault, FaultOn, Fitting, Questions};
use mqtt_assay_standard::RuleId;
use serde::Serialize;
use std::collections::BTreeSet;

/// A case on the sound machine.
pub(crate) struct Recorded {
    pub(super) instance: Instance,
    pub(super) seen: Seen,
    asked: Vec<(Fault, Conditions)>,
}

impl Recorded {
    fn of(instance: Instance) -> Self {
        let questions = Questions::default();
        let pair = Pair { switch: None, instance, delayed: false, is_traffic: false };
        let seen = run_pair(&pair, Some(questions.clone()), None);
        Self { instance, seen, asked: questions.asked_on_ways() }
    }

    /// How much the case asks the machine for: of two, the one with less takes less time, on every machine.
    pub(super) fn cost(&self) -> usize {
        self.asked.len()
    }

    /// Whether the case came to a place where the machine looks for this fault, on its way.
    pub(super) fn asks(&self, on: FaultOn) -> bool {
        let known = self.asked.iter().find(|(fault, _)| *fault == on.fault);
        known.is_some_and(|(_, conditions)| on.way.is_none_or(|way| conditions.contains(way)))
    }
}

/// Runs each of these cases once; weighty ones move megabytes and come on no way of their own.
pub(crate) fn record(is_meant: impl Fn(&Instance) -> bool) -> Vec<Recorded> {
    let meant = |case: &Instance| takes_steps(case) && !case.case.weighty && is_meant(case);
    let instances: Vec<Instance> = cases::all().filter(meant).collect();
    on_all_cores(&instances, |instance| Recorded::of(*instance))
}

/// The ways of the proof: one that is any of three others is not counted again.
pub fn axis() -> impl Iterator<Item = Condition> {
    Condition::ALL.iter().copied().filter(|condition| *condition != Condition::Wildcard)
}

/// A way on which a rule can be broken.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WayCoverage {
    pub(crate) way: String,
    /// Cases that judge the rule and come on this way.
    pub(crate) cases: Vec<String>,
    /// Faults that break the rule there, and that one of these cases comes to.
    pub(crate) faults: Vec<String>,
}

/// The ways on which a fault can break the rule, with the cases that come there.
pub(crate) fn ways_of(id: RuleId, recorded: &[Recorded], table: &Fitting) -> Vec<WayCoverage> {
    let (rule, version) = (id.rule().id, id.rule().version);
    let faults: Vec<Fault> = Fault::ALL.iter().copied().filter(|fault| fault.breaks(version).contains(&rule)).collect();
    let is_watched = cases::all().any(|case| !takes_steps(&case) && judges(&case, id));
    let judging: Vec<&Recorded> = recorded
        .iter()
        .filter(|case| case.instance.version == version && (is_watched || judges(&case.instance, id)))
        .collect();
    let mut ways = Vec::new();
    for way in axis() {
        let fits = |fault: &&Fault| table.misfit_in(**fault, way, version).is_none();
        let fitting: Vec<FaultOn> =
            faults.iter().filter(fits).map(|&fault| FaultOn { fault, way: Some(way) }).collect();
        if fitting.is_empty() {
            continue;
        }
        let come = judging.iter().filter(|case| fitting.iter().any(|on| case.asks(*on)));
        let cases: Vec<String> = come.map(|case| case.instance.id()).collect();
        let met: BTreeSet<String> =
            fitting.iter().filter(|on| judging.iter().any(|case| case.asks(**on))).map(|on| on.fault.name()).collect();
        ways.push(WayCoverage { way: way.name(), cases, faults: met.into_iter().collect() });
    }
    ways
}
