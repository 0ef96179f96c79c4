//! What a run hands to each of its cases before their first step.

use super::options::RunOptions;
use crate::broker::Ready;
use crate::cases;
use crate::scenario::{CaseContext, Common, Instance, Invariants, Names, Subject};
use std::rc::Rc;

/// The invariants of the suite, nothing held against them yet.
pub(crate) fn invariants() -> Rc<Invariants> {
    Rc::new(Invariants::among(cases::all()))
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
