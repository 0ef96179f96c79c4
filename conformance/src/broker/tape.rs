//! What a machine was told and did, moment by moment: another machine that does the same when it is told the same can't be
//! told from it by anybody who is connected.

use mqtt_assay_reference::{ConnectionId, Effect, Event, Machine};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

/// A recording of one machine. Clones are the same recording.
#[derive(Clone, Default)]
pub(crate) struct Tape(Rc<RefCell<Recording>>);

#[derive(Default)]
struct Recording {
    /// All that were opened.
    connections: BTreeSet<ConnectionId>,
    moments: Vec<Moment>,
}

struct Moment {
    told: Told,
    at: Duration,
    did: Did,
}

/// An [`Event`] that owns its bytes.
enum Told {
    Opened(ConnectionId),
    Received(ConnectionId, Vec<u8>),
    HalfClosed(ConnectionId),
    Reset(ConnectionId),
    Written(ConnectionId, usize),
    Gone(ConnectionId),
    Restarted,
    Tick,
}

/// What the shell learns of a machine after an event: what to do, when to come again, and from whom to read.
#[derive(PartialEq, Eq)]
struct Did {
    effects: Vec<Effect>,
    deadline: Option<Duration>,
    /// From whom nothing is read now, and from whom only after a pause.
    held: Vec<(ConnectionId, bool, Duration)>,
}

impl Tape {
    /// Notes an event, and what the machine did upon it.
    pub(crate) fn note(&self, event: Event<'_>, at: Duration, machine: &Machine, effects: &[Effect]) {
        let mut recording = self.0.borrow_mut();
        if let Event::Opened(id) = event {
            recording.connections.insert(id);
        }
        let did = Did::of(machine, effects, &recording.connections);
        recording.moments.push(Moment { told: Told::from(event), at, did });
    }

    /// Whether this machine, which has not been told anything yet, does all that the recorded one did, at the same times.
    pub(crate) fn is_done_by(&self, mut machine: Machine) -> bool {
        let recording = self.0.borrow();
        let mut effects = Vec::new();
        recording.moments.iter().all(|moment| {
            effects.clear();
            machine.handle(moment.told.as_event(), moment.at, &mut effects);
            Did::of(&machine, &effects, &recording.connections) == moment.did
        })
    }
}

impl Told {
    fn as_event(&self) -> Event<'_> {
        match self {
            Self::Opened(id) => Event::Opened(*id),
            Self::Received(id, bytes) => Event::Received(*id, bytes),
            Self::HalfClosed(id) => Event::HalfClosed(*id),
            Self::Reset(id) => Event::Reset(*id),
            Self::Written(id, count) => Event::Written(*id, *count),
            Self::Gone(id) => Event::Gone(*id),
            Self::Restarted => Event::Restarted,
            Self::Tick => Event::Tick,
        }
    }
}

impl From<Event<'_>> for Told {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Opened(id) => Self::Opened(id),
            Event::Received(id, bytes) => Self::Received(id, bytes.to_vec()),
            Event::HalfClosed(id) => Self::HalfClosed(id),
            Event::Reset(id) => Self::Reset(id),
            Event::Written(id, count) => Self::Written(id, count),
            Event::Gone(id) => Self::Gone(id),
            Event::Restarted => Self::Restarted,
            Event::Tick => Self::Tick,
        }
    }
}

impl Did {
    fn of(machine: &Machine, effects: &[Effect], connections: &BTreeSet<ConnectionId>) -> Self {
        // What is for a log changes nothing for those who are connected.
        let is_done = |effect: &&Effect| !matches!(effect, Effect::Breach(_) | Effect::Note(_));
        let held = connections.iter().map(|&id| (id, machine.is_busy(id), machine.pause_before_reading(id)));
        Self {
            effects: effects.iter().filter(is_done).cloned().collect(),
            deadline: machine.next_deadline(),
            held: held.filter(|(_, is_busy, pause)| *is_busy || !pause.is_zero()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqtt_assay_codec::{Connect, Packet, Version};
    use mqtt_assay_reference::{Fault, Quirk, Settings};

    const FIRST: ConnectionId = ConnectionId(0);

    fn with(fault: Fault) -> Machine {
        Machine::new(Settings { faults: fault.into(), ..Settings::default() })
    }

    /// Of a client that connects, sends a PINGREQ where `pings`, and leaves.
    fn recorded(pings: bool) -> Tape {
        let (tape, mut machine) = (Tape::default(), Machine::new(Settings::default()));
        let connect = Packet::Connect(Connect { client_id: "a", ..Connect::default() }).to_bytes(Version::V5).unwrap();
        let mut events = vec![Event::Opened(FIRST), Event::Received(FIRST, &connect)];
        events.extend(pings.then_some(Event::Received(FIRST, &[0xc0, 0])));
        events.extend([Event::HalfClosed(FIRST), Event::Gone(FIRST)]);
        for (event, at) in events.into_iter().zip(0..) {
            let (at, mut effects) = (Duration::from_millis(at), Vec::new());
            machine.handle(event, at, &mut effects);
            tape.note(event, at, &machine, &effects);
        }
        tape
    }

    #[test]
    fn the_same_machine_does_the_same() {
        assert!(recorded(true).is_done_by(Machine::new(Settings::default())));
    }

    #[test]
    fn a_fault_shows_where_the_client_gives_it_an_occasion_and_nowhere_else() {
        assert!(!recorded(true).is_done_by(with(Fault::PingUnanswered)));
        assert!(recorded(false).is_done_by(with(Fault::PingUnanswered)));
    }

    #[test]
    fn what_is_done_at_another_time_is_not_the_same() {
        let delays = Settings { quirks: [Quirk::LateEnd].into_iter().collect(), ..Settings::default() };
        assert!(!recorded(true).is_done_by(Machine::new(delays)));
    }
}
