//! Which faults are on, and which a broker was asked for.

use std::cell::RefCell;
use std::rc::Rc;

use super::condition::{Condition, Conditions};
use super::table::Fault;
use super::way::Way;

/// A fault, everywhere or on some ways only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultOn {
    /// What is done wrong.
    pub fault: Fault,
    /// Where; everywhere if it isn't said.
    pub way: Option<Condition>,
}

impl FaultOn {
    /// Stable name: that of the fault, and behind an `@` that of the condition.
    pub fn name(self) -> String {
        match self.way {
            Some(condition) => format!("{}@{}", self.fault.name(), condition.name()),
            None => self.fault.name(),
        }
    }

    /// The fault of that name. A mutation may have an `@` in its own name.
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(fault) = Fault::from_name(name) {
            return Some(fault.into());
        }
        let (fault, condition) = name.rsplit_once('@')?;
        Some(Self { fault: Fault::from_name(fault)?, way: Some(Condition::from_name(condition)?) })
    }

    fn strikes(self, fault: Fault, way: &Way) -> bool {
        self.fault == fault && self.way.is_none_or(|condition| condition.holds(way))
    }
}

impl From<Fault> for FaultOn {
    fn from(fault: Fault) -> Self {
        Self { fault, way: None }
    }
}

/// Any number of faults: none for a broker that keeps the standard.
#[derive(Clone, Debug, Default)]
pub struct FaultSet {
    on: Vec<FaultOn>,
    questions: Option<Questions>,
}

/// The faults that a broker was asked for, whether they were on or not, and on which ways. A fault that it was not asked for
/// can't have changed what it did. Clones are the same list.
#[derive(Clone, Debug, Default)]
pub struct Questions(Rc<RefCell<Vec<(Fault, Conditions)>>>);

impl Questions {
    /// Each of them once, in the order of the first question.
    pub fn asked(&self) -> Vec<Fault> {
        self.0.borrow().iter().map(|(fault, _)| *fault).collect()
    }

    /// Each of them once, with the conditions that held at one question for it or another.
    pub fn asked_on_ways(&self) -> Vec<(Fault, Conditions)> {
        self.0.borrow().clone()
    }

    fn note(&self, fault: Fault, way: &Way) {
        let mut asked = self.0.borrow_mut();
        let conditions = Conditions::of(way);
        match asked.iter_mut().find(|(known, _)| *known == fault) {
            Some((_, known)) => known.add(conditions),
            None => asked.push((fault, conditions)),
        }
    }
}

impl FaultSet {
    /// The same faults; what the broker is asked for is noted from now on.
    #[must_use]
    pub fn noting(self, questions: Questions) -> Self {
        Self { questions: Some(questions), ..self }
    }

    /// Whether the fault is on, on the way of now.
    pub(crate) fn has(&self, fault: Fault, way: &Way) -> bool {
        if let Some(questions) = &self.questions {
            questions.note(fault, way);
        }
        self.on.iter().any(|on| on.strikes(fault, way))
    }

    /// Whether a fault is on that strikes outside the machine, where bytes are carried: no way is known there.
    pub fn has_in_shell(&self, fault: Fault) -> bool {
        self.has(fault, &Way::default()) && self.on.iter().any(|on| on.fault == fault && on.way.is_none())
    }

    /// Whether nothing comes of a question: no fault is on, and none is noted.
    pub fn is_idle(&self) -> bool {
        self.on.is_empty() && self.questions.is_none()
    }

    /// Whether an answer can depend on the way, so that it has to be known.
    pub(crate) fn looks_at_ways(&self) -> bool {
        self.questions.is_some() || self.on.iter().any(|on| on.way.is_some())
    }

    /// Those that are on, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = Fault> + '_ {
        self.on.iter().map(|on| on.fault)
    }
}

impl<F: Into<FaultOn>> FromIterator<F> for FaultSet {
    fn from_iter<I: IntoIterator<Item = F>>(faults: I) -> Self {
        Self { on: faults.into_iter().map(Into::into).collect(), questions: None }
    }
}

impl<F: Into<FaultOn>> From<F> for FaultSet {
    fn from(fault: F) -> Self {
        Self::from_iter([fault])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqtt_assay_codec::MUTATIONS;

    #[test]
    fn what_is_asked_for_is_noted_once_and_on_or_not() {
        let questions = Questions::default();
        let faults = FaultSet::from(Fault::PingUnanswered).noting(questions.clone());
        let shared = Way { shared: true, ..Way::default() };
        for way in [Way::default(), shared] {
            assert!(faults.has(Fault::PingUnanswered, &way) && !faults.has(Fault::SendsNothing, &Way::default()));
        }
        assert_eq!(questions.asked(), [Fault::PingUnanswered, Fault::SendsNothing]);
        let on_shared = |(_, conditions): &(Fault, Conditions)| conditions.contains(Condition::Shared);
        assert_eq!(questions.asked_on_ways().iter().map(on_shared).collect::<Vec<_>>(), [true, false]);
        assert!(!faults.is_idle() && !FaultSet::default().noting(questions).is_idle() && FaultSet::default().is_idle());
    }

    #[test]
    fn a_fault_with_a_condition_strikes_on_its_way_only() {
        let limited = FaultOn { fault: Fault::RetainFlagMissing, way: Some(Condition::Shared) };
        let (faults, shared) = (FaultSet::from(limited), Way { shared: true, ..Way::default() });
        assert!(
            faults.has(Fault::RetainFlagMissing, &shared) && !faults.has(Fault::RetainFlagMissing, &Way::default())
        );
        assert!(!faults.has(Fault::RetainFlagOnLive, &shared));
        assert!(faults.looks_at_ways() && !FaultSet::from(Fault::RetainFlagMissing).looks_at_ways());
    }

    #[test]
    fn names_with_conditions_lead_back() {
        let sent = MUTATIONS.iter().copied().map(Fault::Sends);
        for fault in Fault::ALL.iter().copied().chain(sent) {
            let on = FaultOn { fault, way: Some(Condition::After(10)) };
            assert_eq!(FaultOn::from_name(&on.name()), Some(on), "{}", on.name());
            assert_eq!(FaultOn::from_name(&fault.name()), Some(fault.into()), "{}", fault.name());
        }
        for wrong in ["retain-flag-missing@", "retain-flag-missing@sometimes", "no-such-fault@queued", "@queued", ""] {
            assert_eq!(FaultOn::from_name(wrong), None, "{wrong}");
        }
    }
}
