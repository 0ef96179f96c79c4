//! Which faults are on, and which a broker was asked for.

use std::cell::RefCell;
use std::rc::Rc;

use super::table::Fault;

/// Any number of faults: none for a broker that keeps the standard.
#[derive(Clone, Debug, Default)]
pub struct FaultSet {
    on: Vec<Fault>,
    questions: Option<Questions>,
}

/// The faults that a broker was asked for, whether they were on or not. A fault that it was not asked for can't have
/// changed what it did. Clones are the same list.
#[derive(Clone, Debug, Default)]
pub struct Questions(Rc<RefCell<Vec<Fault>>>);

impl Questions {
    /// Each of them once, in the order of the first question.
    pub fn asked(&self) -> Vec<Fault> {
        self.0.borrow().clone()
    }

    fn note(&self, fault: Fault) {
        let mut asked = self.0.borrow_mut();
        if !asked.contains(&fault) {
            asked.push(fault);
        }
    }
}

impl FaultSet {
    /// The same faults; what the broker is asked for is noted from now on.
    #[must_use]
    pub fn noting(self, questions: Questions) -> Self {
        Self { questions: Some(questions), ..self }
    }

    /// Whether the fault is on.
    pub fn has(&self, fault: Fault) -> bool {
        if let Some(questions) = &self.questions {
            questions.note(fault);
        }
        !self.on.is_empty() && self.on.contains(&fault)
    }

    /// Whether nothing comes of a question: no fault is on, and none is noted.
    pub fn is_idle(&self) -> bool {
        self.on.is_empty() && self.questions.is_none()
    }

    /// Those that are on, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = Fault> + '_ {
        self.on.iter().copied()
    }
}

impl FromIterator<Fault> for FaultSet {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        Self { on: faults.into_iter().collect(), questions: None }
    }
}

impl From<Fault> for FaultSet {
    fn from(fault: Fault) -> Self {
        Self::from_iter([fault])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_noted_once_and_on_or_not() {
        let questions = Questions::default();
        let faults = FaultSet::from(Fault::PingUnanswered).noting(questions.clone());
        for _ in 0..2 {
            assert!(faults.has(Fault::PingUnanswered) && !faults.has(Fault::SendsNothing));
        }
        assert_eq!(questions.asked(), [Fault::PingUnanswered, Fault::SendsNothing]);
        assert!(!faults.is_idle() && !FaultSet::default().noting(questions).is_idle() && FaultSet::default().is_idle());
    }
}
