//! Invariants: what must hold of every packet that a broker ever sends, whatever case it came to.
//!
//! Every connection of a run hands its packets in. An invariant passes with the number of packets that were held
//! against it, fails with the first that broke it, and is not exercised where none came that it is about.

use super::case::{Instance, Method};
use crate::cases;
use mqtt_assay_codec::{DecodeError, Packet, Version};
use std::cell::RefCell;

/// A packet from the broker, to be held against an invariant.
pub struct Observation<'a> {
    /// The version of its connection.
    pub version: Version,
    /// The packet; `None` for bytes that are no packet at all.
    pub packet: Option<&'a Packet<'a>>,
    /// The rule of form that its bytes break, if they break one.
    pub error: Option<&'a DecodeError>,
}

/// What an invariant says of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holding {
    /// The invariant is not about such a packet.
    NotAbout,
    /// It holds.
    Kept,
    /// It doesn't, and why.
    Broken(String),
}

/// Holds one packet against an invariant.
pub type Check = fn(&Observation<'_>) -> Holding;

/// Where an invariant was first seen broken.
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
}

/// One invariant's state in a run.
#[derive(Clone)]
pub struct Tally {
    /// The invariant as a case.
    pub instance: Instance,
    check: Check,
    /// How many packets it was about.
    pub held: u64,
    /// The first that broke it.
    pub broken: Option<Breach>,
}

/// The invariants of a run.
pub struct Invariants {
    tallies: RefCell<Vec<Tally>>,
}

impl Invariants {
    /// All invariants, nothing held against them yet.
    pub fn new() -> Self {
        let tallies = cases::all()
            .filter_map(|instance| match instance.case.method {
                Method::Invariant(check) => Some(Tally { instance, check, held: 0, broken: None }),
                Method::Steps(_) => None,
            })
            .collect();
        Self { tallies: RefCell::new(tallies) }
    }

    /// What the run has shown so far.
    pub fn tallies(&self) -> Vec<Tally> {
        self.tallies.borrow().clone()
    }

    pub(crate) fn hold(
        &self,
        case: &Instance,
        role: &str,
        line: u32,
        packet: &Packet<'_>,
        error: Option<&DecodeError>,
    ) {
        self.observe(case, role, line, &Observation { version: case.version, packet: Some(packet), error });
    }

    pub(crate) fn hold_refused(&self, case: &Instance, role: &str, line: u32, error: &DecodeError) {
        self.observe(case, role, line, &Observation { version: case.version, packet: None, error: Some(error) });
    }

    fn observe(&self, case: &Instance, role: &str, line: u32, observation: &Observation<'_>) {
        for tally in self.tallies.borrow_mut().iter_mut().filter(|tally| tally.instance.version == case.version) {
            match (tally.check)(observation) {
                Holding::NotAbout => {}
                Holding::Kept => tally.held += 1,
                Holding::Broken(seen) => {
                    tally.held += 1;
                    tally.broken.get_or_insert_with(|| Breach { case: case.id(), role: role.to_owned(), line, seen });
                }
            }
        }
    }
}

impl Default for Invariants {
    fn default() -> Self {
        Self::new()
    }
}
