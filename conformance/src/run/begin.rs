//! What a run hands to each of its cases before their first step.

use super::options::RunOptions;
use crate::broker::Ready;
use crate::cases;
use crate::scenario::{CaseContext, Common, Instance, Invariants, Method, Names, Subject};
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
    let (witness, Ready { endpoint, setting, .. }) = (Rc::clone(invariants), ready);
    Subject::new(CaseContext::new(brief, names, endpoint, setting, options.patience, witness, common))
}
