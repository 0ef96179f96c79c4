//! Invariants: what must hold of every packet that a broker ever sends, whatever case it came to.
//!
//! Every connection of a run hands its packets in. An invariant passes with the number of packets that could have broken
//! it, fails with the first that did, and is not exercised where none came.

use super::case::{Instance, Method};
use super::observation::{Check, Holding, Observation};
use crate::auditor::{Audit, Auditor, Conn, Facts, Finding};
use crate::link::{Sighting, Witness};
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

/// Where an invariant was first seen broken, or what it is about observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// Id of the case whose connection it was.
    pub case: String,
    /// The role there.
    pub role: String,
    /// The line of that case's transcript.
    pub line: u32,
    /// What was wrong.
    pub seen: String,
    /// It was a message for others: that case alone need not show it.
    pub is_foreign: bool,
}

/// One invariant's state in a run.
#[derive(Clone)]
pub struct Tally {
    /// The invariant as a case.
    pub instance: Instance,
    check: Check,
    /// How many packets could have broken it, those that did included.
    pub held: u64,
    /// The first that broke it.
    pub broken: Option<Breach>,
    /// The first that is only observed.
    pub observed: Option<Breach>,
}

/// The invariants of a run.
pub struct Invariants {
    tallies: RefCell<Vec<Tally>>,
    /// By case, what was broken in its traffic and where first.
    noticed: RefCell<BTreeMap<String, BTreeMap<String, u32>>>,
    auditor: Rc<Auditor>,
    /// When the first connection was opened: the clock of the auditor begins.
    begun: OnceCell<Instant>,
}

impl Invariants {
    /// The invariants among these cases, nothing held against them yet.
    pub fn among(cases: impl Iterator<Item = Instance>) -> Self {
        let tallies = cases
            .filter_map(|instance| match instance.case.method {
                Method::Invariant(check) => Some(Tally { instance, check, held: 0, broken: None, observed: None }),
                Method::Steps(_) | Method::Life(_) => None,
            })
            .collect();
        Self {
            tallies: RefCell::new(tallies),
            noticed: RefCell::default(),
            auditor: Rc::default(),
            begun: OnceCell::new(),
        }
    }

    /// The run is over: what was owed and did not come is found, and what rightly did not come counts.
    pub fn settle(&self) {
        for Finding { conn, owed, point, why } in self.auditor.due(self.now()) {
            self.saw_of(conn, owed.line, &Audit::saying(point, Holding::Broken(why)));
        }
        for (conn, point) in self.auditor.kept() {
            self.saw_of(conn, 0, &Audit::saying(point, Holding::Kept));
        }
    }

    /// What was broken in the traffic of this case, by id of the invariant, and at which line first.
    pub fn noticed(&self, case: &str) -> BTreeMap<String, u32> {
        self.noticed.borrow().get(case).cloned().unwrap_or_default()
    }

    fn notice(&self, sighting: &Sighting<'_>, invariant: &Instance) {
        let mut noticed = self.noticed.borrow_mut();
        noticed.entry(sighting.case.to_owned()).or_default().entry(invariant.id()).or_insert(sighting.line);
    }

    /// Something is said of a connection without a packet that shows it.
    fn saw_of(&self, conn: Conn, line: u32, audit: &Audit) {
        let Facts { case, role, version, .. } = self.auditor.facts(conn);
        let (case, role) = (case.as_str(), role.as_str());
        let (packet, error, frame) = (None, None, None);
        self.saw(&Sighting { case, version, role, line, packet, error, frame, audit, is_foreign: false });
    }

    /// What the run has shown so far.
    pub fn tallies(&self) -> Vec<Tally> {
        self.tallies.borrow().clone()
    }
}

impl Witness for Invariants {
    fn saw(&self, sighting: &Sighting<'_>) {
        let &Sighting { version, packet, error, frame, audit, .. } = sighting;
        let observation = Observation { version, packet, error, frame, audit };
        for tally in self.tallies.borrow_mut().iter_mut().filter(|tally| tally.instance.version == version) {
            match (tally.check)(&observation) {
                Holding::NotThere => {}
                Holding::Kept => tally.held += 1,
                Holding::Observed(seen) => note(&mut tally.observed, sighting, seen),
                Holding::Broken(seen) => {
                    tally.held += 1;
                    self.notice(sighting, &tally.instance);
                    note(&mut tally.broken, sighting, seen);
                }
            }
        }
    }

    fn auditor(&self) -> &Rc<Auditor> {
        &self.auditor
    }

    fn now(&self) -> Duration {
        let now = Instant::now();
        now.saturating_duration_since(*self.begun.get_or_init(|| now))
    }
}

/// Keeps the first of a kind; one that the case itself has brought about rather than one that it met by chance.
fn note(first: &mut Option<Breach>, sighting: &Sighting<'_>, seen: String) {
    let &Sighting { case, role, line, is_foreign, .. } = sighting;
    if first.as_ref().is_none_or(|known| known.is_foreign && !is_foreign) {
        *first = Some(Breach { case: case.to_owned(), role: role.to_owned(), line, seen, is_foreign });
    }
}
