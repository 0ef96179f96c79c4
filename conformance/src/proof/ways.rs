//! The second axis of the proof: every fault on every way that fits it.
//!
//! The sound machine is run once with each case and notes for which faults it was asked on which ways. A pair of fault and
//! way that no case asks for is a hole, and nothing need be run to know it. The others are run on the cases that ask for
//! them, the likeliest and cheapest first, until one catches the fault: the case by a verdict, or the auditor by an
//! invariant. Then the same with delays. Of the cases that don't ask, one in a hundred is run as a check that they do the
//! same as without the fault. And the pairs that don't fit because nothing comes there are held to it: where a case comes all
//! the same, and the fault is caught, the table of the ways is wrong.

use super::came::{Recorded, axis, record};
use super::pairs::{Broken, Pair, Seen, Switch, is_concerned, on_all_cores, run_pair};
use super::prove::{ABOUT_CODES, Defect};
use crate::scenario::{Instance, Verdict};
use mqtt_assay_codec::Version;
use mqtt_assay_reference::{Condition, Fault, FaultOn, Fitting, Misfit};
use mqtt_assay_standard::RuleId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Every so manieth of the cases that don't ask is run as a check.
const CHECKED: usize = 100;

/// So many of the cases that come on a way which is said not to be there are run with the fault.
const DOUBTED: usize = 40;

/// What the proof of the ways showed.
#[derive(Debug, Clone, Default)]
pub struct Ways {
    /// One for each fault, way and version that fit.
    pub rows: Vec<Row>,
    /// Pairs of fault and way that don't fit, by the reason.
    pub misfits: BTreeMap<Misfit, usize>,
    /// How many pairs of case and broker were run.
    pub run: usize,
    /// What is wrong with the suite.
    pub defects: Vec<Defect>,
}

/// A fault on a way in a version, and who caught it.
#[derive(Debug, Clone)]
pub struct Row {
    /// The version that the case speaks.
    pub version: Version,
    /// The fault and its way.
    pub on: FaultOn,
    /// How many cases ask for it.
    pub asked: usize,
    /// What caught it.
    pub caught: Option<Catch>,
    /// The same with delays on every connection.
    pub delayed: Option<Catch>,
}

/// How a fault was caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catch {
    /// The case that was run.
    pub case: String,
    /// The rules of the fault that it turned.
    pub rules: BTreeSet<&'static str>,
    /// The invariants of the fault that were broken in its traffic, by name.
    pub auditor: BTreeSet<String>,
}

impl Row {
    /// Caught by nobody, or not with delays.
    pub fn is_hole(&self) -> bool {
        self.caught.is_none() || self.delayed.is_none()
    }
}

/// Every fault on each way that fits it, in each version in which it breaks a rule.
pub fn fitting() -> Vec<(FaultOn, Version)> {
    let table = Fitting::read();
    let mut fitting = Vec::new();
    for &fault in Fault::ALL {
        for version in [Version::V3_1_1, Version::V5] {
            if !fault.breaks(version).is_empty() {
                let fits = axis().filter(|way| table.misfit_in(fault, *way, version).is_none());
                fitting.extend(fits.map(|way| (FaultOn { fault, way: Some(way) }, version)));
            }
        }
    }
    fitting
}

/// Every fault on each way of which the table says that nothing can be caught there.
fn denied() -> Vec<(FaultOn, Version)> {
    let table = Fitting::read();
    let mut denied = Vec::new();
    for &fault in Fault::ALL {
        for version in [Version::V3_1_1, Version::V5] {
            if !fault.breaks(version).is_empty() {
                let is_denied = |way: &Condition| table.misfit_in(fault, *way, version).is_some_and(Misfit::is_checked);
                denied.extend(axis().filter(is_denied).map(|way| (FaultOn { fault, way: Some(way) }, version)));
            }
        }
    }
    denied
}

/// How many pairs of fault and way don't fit, by the reason.
pub fn misfits() -> BTreeMap<Misfit, usize> {
    let table = Fitting::read();
    let mut counts = BTreeMap::new();
    for &fault in Fault::ALL {
        for reason in axis().filter_map(|way| table.misfit(fault, way)) {
            *counts.entry(reason).or_default() += 1;
        }
    }
    counts
}

/// Runs the proof of the ways with the cases that `is_meant` says yes to, for the faults that `is_asked` says yes to.
pub fn prove_ways(is_meant: impl Fn(&Instance) -> bool, is_asked: impl Fn(FaultOn) -> bool) -> Ways {
    let recorded = record(is_meant);
    let targets: Vec<(FaultOn, Version)> = fitting().into_iter().filter(|(on, _)| is_asked(*on)).collect();
    let targets: Vec<(usize, (FaultOn, Version))> = targets.into_iter().enumerate().collect();
    let run = AtomicUsize::new(recorded.len());
    let tried = on_all_cores(&targets, |(index, (on, version))| {
        let mut trial = Trial { broken: Broken::new(*on), version: *version, run: &run, defects: Vec::new() };
        let row = trial.row(&recorded);
        trial.check(&recorded, *index);
        (row, trial.defects)
    });
    let (rows, mut defects): (Vec<Row>, Vec<Vec<Defect>>) = tried.into_iter().unzip();
    let denied: Vec<(FaultOn, Version)> = denied().into_iter().filter(|(on, _)| is_asked(*on)).collect();
    defects.extend(on_all_cores(&denied, |(on, version)| {
        let mut trial = Trial { broken: Broken::new(*on), version: *version, run: &run, defects: Vec::new() };
        trial.doubt(&recorded);
        trial.defects
    }));
    let mut defects = defects.concat();
    defects.sort();
    defects.dedup();
    Ways { rows, misfits: misfits(), run: run.into_inner(), defects }
}

/// One fault on one way.
struct Trial<'a> {
    broken: Broken,
    version: Version,
    run: &'a AtomicUsize,
    defects: Vec<Defect>,
}

impl Trial<'_> {
    /// The cases that come to the fault on its way, the likeliest to catch it first.
    fn asking<'r>(&self, recorded: &'r [Recorded]) -> Vec<&'r Recorded> {
        let on = self.broken.on();
        let mut asking: Vec<&Recorded> = recorded
            .iter()
            .filter(|case| case.instance.version == self.version && case.asks(on))
            .filter(|case| is_concerned(Some(Switch::Fault(&self.broken)), &case.instance))
            .collect();
        let claims = |case: &Recorded| case.instance.case.caught.contains(&self.broken.fault);
        asking.sort_by_key(|case| (!claims(case), !self.is_likely(case), case.cost()));
        asking
    }

    /// Nobody may catch the fault on a way that it is said not to have.
    fn doubt(&mut self, recorded: &[Recorded]) {
        let asking = self.asking(recorded);
        if let Some(catch) = asking.iter().take(DOUBTED).find_map(|case| self.try_on(case.instance, false)) {
            let problem = "is caught on this way, of which fitting.tsv says that it can't be".to_owned();
            self.defects.push(Defect { switch: self.broken.name(), case: catch.case, problem });
        }
    }

    fn row(&mut self, recorded: &[Recorded]) -> Row {
        let on = self.broken.on();
        let asking = self.asking(recorded);
        let asked = asking.len();
        let caught = asking.iter().find_map(|case| self.try_on(case.instance, false));
        let first = caught.as_ref().and_then(|catch| asking.iter().find(|case| case.instance.id() == catch.case));
        let first = first.map(|case| case.instance);
        let others =
            asking.iter().map(|case| case.instance).filter(|case| Some(case.id()) != first.map(|case| case.id()));
        let delayed = caught
            .as_ref()
            .and_then(|_| first.into_iter().chain(others).find_map(|instance| self.try_on(instance, true)));
        Row { version: self.version, on, asked, caught, delayed }
    }

    /// A case that is about the rules of the fault.
    fn is_likely(&self, case: &Recorded) -> bool {
        let rules = self.broken.rules(self.version);
        case.instance.rules.judged().any(|rule| rules.contains(&rule.id()))
    }

    fn try_on(&mut self, instance: Instance, delayed: bool) -> Option<Catch> {
        let pair = Pair { switch: Some(Switch::Fault(&self.broken)), instance, delayed, is_traffic: false };
        let seen = run_pair(&pair, None, None);
        self.run.fetch_add(1, Ordering::Relaxed);
        self.look_for_blame(instance, &seen);
        let rules = self.broken.rules(self.version);
        let turned = turned(&seen).map(RuleId::id).filter(|id| rules.contains(id)).collect();
        let broken = seen.invariants.iter().filter(|(_, rule)| rules.contains(&rule.id()));
        let auditor: BTreeSet<String> = broken.map(|(invariant, _)| invariant.clone()).collect();
        let catch = Catch { case: instance.id(), rules: turned, auditor };
        (!catch.rules.is_empty() || !catch.auditor.is_empty()).then_some(catch)
    }

    /// Nobody may blame a rule that the fault keeps.
    fn look_for_blame(&mut self, instance: Instance, seen: &Seen) {
        let breaks = |rule: &RuleId| self.broken.rules(rule.rule().version).contains(&rule.id());
        let rules = self.broken.rules(self.version);
        let about_codes = rules.iter().any(|id| ABOUT_CODES.contains(id));
        let weak = |rule: &RuleId| seen.rules.iter().any(|(known, verdict)| known == rule && *verdict == Verdict::Weak);
        let by_case = turned(seen).filter(|rule| !(about_codes && weak(rule)));
        let by_auditor = seen.invariants.iter().map(|(_, rule)| *rule);
        // A case may have clients of both versions.
        let innocent: BTreeSet<&str> = by_case.chain(by_auditor).filter(|rule| !breaks(rule)).map(RuleId::id).collect();
        if !innocent.is_empty() {
            let innocent = innocent.into_iter().collect::<Vec<_>>().join(" ");
            let problem = format!("blames {innocent}, which the fault keeps: {}", seen.text);
            self.defects.push(Defect { switch: self.broken.name(), case: instance.id(), problem });
        }
    }

    /// Runs some of the cases that don't ask.
    fn check(&mut self, recorded: &[Recorded], index: usize) {
        let on = self.broken.on();
        let silent = recorded.iter().filter(|case| case.instance.version == self.version && !case.asks(on));
        for case in silent.skip(index % CHECKED).step_by(CHECKED) {
            let switch = Some(Switch::Fault(&self.broken));
            let pair = Pair { switch, instance: case.instance, delayed: false, is_traffic: false };
            self.run.fetch_add(1, Ordering::Relaxed);
            if run_pair(&pair, None, None) != case.seen {
                let problem = "does not ask for the fault on this way, and does otherwise with it".to_owned();
                self.defects.push(Defect { switch: self.broken.name(), case: case.instance.id(), problem });
            }
        }
    }
}

fn turned(seen: &Seen) -> impl Iterator<Item = RuleId> + '_ {
    let is_turned = |verdict: Verdict| matches!(verdict, Verdict::Fail | Verdict::Weak);
    seen.rules.iter().filter(move |(_, verdict)| is_turned(*verdict)).map(|(rule, _)| *rule)
}
