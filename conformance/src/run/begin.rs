//! What a run hands to each of its cases before their first step.

use super::life::Life;
use super::options::RunOptions;
use crate::broker::{Ready, VARIANTS, Variant};
use crate::cases;
use crate::scenario::{Case, CaseContext, CaseRules, Common, Instance, Invariants, Method, Names, Subject, Vital};
use mqtt_assay_codec::Version;
use std::rc::Rc;
use std::sync::LazyLock;

/// The invariants of the suite, nothing held against them yet.
pub(crate) fn invariants() -> Rc<Invariants> {
    static KNOWN: LazyLock<Vec<Instance>> =
        LazyLock::new(|| cases::all().filter(|case| matches!(case.case.method, Method::Invariant(_))).collect());
    Rc::new(Invariants::among(KNOWN.iter().copied()))
}

/// The broker as this case is about to see it.
pub(super) fn begin(
    instance: Instance,
    ready: Ready,
    options: &RunOptions,
    invariants: &Rc<Invariants>,
    common: &Common,
) -> Subject {
    let brief = instance.brief();
    let names = Names::new(&options.names, &brief.id);
    // What a broker keeps of a session when it is started again is no matter of the standard: nobody else looks.
    let witness = if instance.case.restarts.is_some() { self::invariants() } else { Rc::clone(invariants) };
    Subject::new(CaseContext::new(brief, names, ready, options.patience, witness, common))
}

/// Who holds connections to a broker for nothing but to see that it lives.
static WATCHMAN: Case = Case::new("watchman", "", "the broker lives", Method::Life(Vital::StaysAlive));

/// It decides no rule by itself.
static RULES: CaseRules = CaseRules { breaks: &[], proves: &[] };

/// The options for whoever watches over a variant. Listeners of one broker have one set of sessions: each has its own names.
pub(super) fn of_watchman(options: &RunOptions, variant: Variant) -> RunOptions {
    let mut options = options.clone();
    let place = VARIANTS.iter().position(|known| *known == variant).unwrap_or_default() as u32;
    let last = options.names.run.pop().and_then(|letter| letter.to_digit(36)).unwrap_or_default();
    options.names.run.extend(char::from_digit((last + place) % 36, 36));
    options
}

/// Begins to watch over a broker.
pub(crate) async fn watch_over(
    ready: &Ready,
    version: Version,
    options: &RunOptions,
    invariants: &Rc<Invariants>,
) -> Rc<Life> {
    let instance = Instance { chapter: "life", case: &WATCHMAN, version, rules: &RULES };
    let subject = begin(instance, ready.clone(), options, invariants, &Common::default());
    Life::begin(subject, ready.clone(), options.patience).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Order;
    use crate::scenario::RunNames;
    use std::collections::BTreeSet;

    #[test]
    fn who_watches_over_variants_of_one_broker_has_other_names_for_each() {
        for run in ["abc123", "zzzzzz", "0"] {
            let names =
                RunNames { topic_prefix: "t".to_owned(), client_id_prefix: "c".to_owned(), run: run.to_owned() };
            let (order, patience) = (Order::LongWaitsFirst, 1);
            let options = RunOptions { seed: 1, jobs: 1, patience, order, fail_fast: false, intrusive: false, names };
            let runs = VARIANTS.iter().map(|variant| of_watchman(&options, *variant).names.run);
            let runs: BTreeSet<String> = runs.collect();
            assert_eq!(runs.len(), VARIANTS.len());
            assert!(runs.contains(run) && runs.iter().all(|name| name.len() == run.len()), "{runs:?}");
        }
    }
}
