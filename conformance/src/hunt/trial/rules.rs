//! Which rule it is that a packet breaks: the invariants of `run`, asked only where something is broken.

use crate::auditor::Audit;
use crate::cases;
use crate::scenario::{CaseRules, Check, Holding, Method, Observation};
use mqtt_assay_codec::Version;
use mqtt_assay_standard::RuleId;
use std::sync::OnceLock;

struct Invariant {
    name: &'static str,
    version: Version,
    rules: &'static CaseRules,
    check: Check,
}

/// One that does not hold.
pub(super) struct Broken {
    pub(super) name: &'static str,
    pub(super) rule: Option<RuleId>,
    pub(super) why: String,
}

fn invariants() -> &'static [Invariant] {
    static ALL: OnceLock<Vec<Invariant>> = OnceLock::new();
    ALL.get_or_init(|| {
        let of = |instance: crate::scenario::Instance| match instance.case.method {
            Method::Invariant(check) => Some(Invariant {
                name: instance.case.function,
                version: instance.version,
                rules: instance.rules,
                check,
            }),
            Method::Steps(_) | Method::Life(_) => None,
        };
        cases::all().filter_map(of).collect()
    })
}

/// All that this packet breaks.
pub(super) fn broken(observation: &Observation<'_>) -> Vec<Broken> {
    let asked = invariants().iter().filter(|invariant| invariant.version == observation.version);
    let broken = asked.filter_map(|invariant| match (invariant.check)(observation) {
        Holding::Broken(why) => Some(Broken { name: invariant.name, rule: invariant.rules.judged().next(), why }),
        _ => None,
    });
    broken.collect()
}

/// What is broken without a packet that shows it.
pub(super) fn broken_without_packet(version: Version, audit: &Audit) -> Vec<Broken> {
    broken(&Observation { version, packet: None, error: None, frame: None, audit })
}
