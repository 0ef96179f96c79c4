//! What holds of the judge of sessions whatever comes: a naive checker follows every state that a legal broker can be in, and
//! where one is left, the auditor finds nothing.

use super::super::{Audit, Auditor, Conn, Facts};
use mqtt_assay_codec::{
    Acknowledgement, Connack, Connect, Disconnect, Packet, PacketId, PropertiesBuf, Property, Publish, QoS, Version,
};
use proptest::prelude::*;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// What we write, as far as it counts for a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Written {
    Puback(u16),
    Pubrec(u16),
    Pubcomp(u16),
    Ping,
    Farewell,
}

/// What the broker sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Publish { id: u16, payload: u8, qos2: bool, dup: bool },
    Pubrel(u16),
    Pong,
}

/// A message under way, as one broker sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Flight {
    id: u16,
    payload: u8,
    qos2: bool,
    /// When its PUBREC was read among all; 0 before.
    received: u32,
    is_released: bool,
    /// Something of it has gone out on this connection.
    is_here: bool,
}

/// One state that a legal broker can be in.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    flights: Vec<Flight>,
    unread: VecDeque<Written>,
    pings: u32,
    read: u32,
}

impl State {
    /// Reads the next of our packets.
    fn reads(mut self) -> Option<Self> {
        let next = self.unread.pop_front()?;
        self.read += 1;
        let place = |id| self.flights.iter().position(|flight| flight.id == id);
        match next {
            Written::Puback(id) => {
                if let Some(at) = place(id).filter(|&at| !self.flights[at].qos2) {
                    self.flights.remove(at);
                }
            }
            Written::Pubrec(id) => {
                if let Some(at) = place(id).filter(|&at| self.flights[at].qos2 && self.flights[at].received == 0) {
                    self.flights[at].received = self.read;
                    self.flights[at].is_here = false;
                }
            }
            Written::Pubcomp(id) => {
                if let Some(at) = place(id) {
                    self.flights.remove(at);
                }
            }
            Written::Ping => self.pings += 1,
            Written::Farewell => {}
        }
        Some(self)
    }

    /// Sends this, if a legal broker may do so here.
    fn sends(mut self, version: Version, sent: Sent) -> Option<Self> {
        let is_old = version == Version::V3_1_1;
        match sent {
            Sent::Pong => self.pings = self.pings.checked_sub(1)?,
            Sent::Publish { id, payload, qos2, dup: false } => {
                if self.flights.iter().any(|flight| flight.id == id) {
                    return None;
                }
                self.flights.push(Flight { id, payload, qos2, received: 0, is_released: false, is_here: true });
            }
            Sent::Publish { id, payload, qos2, dup: true } => {
                let at = self.flights.iter().position(|flight| flight.id == id)?;
                let flight = self.flights[at];
                let is_it = flight.payload == payload && flight.qos2 == qos2 && flight.received == 0;
                let is_due = |flight: &Flight| !flight.is_here && flight.received == 0;
                let is_first = flight.is_here || !self.flights[..at].iter().any(is_due);
                if !is_it || flight.is_here && !is_old || is_old && !is_first {
                    return None;
                }
                self.flights[at].is_here = true;
            }
            Sent::Pubrel(id) => {
                let at = self.flights.iter().position(|flight| flight.id == id && flight.received > 0)?;
                let flight = self.flights[at];
                let is_due = |other: &Flight| other.is_released && !other.is_here && other.received < flight.received;
                let is_late = flight.is_released && !flight.is_here && self.flights.iter().any(is_due);
                if flight.is_here && !is_old || is_old && is_late {
                    return None;
                }
                (self.flights[at].is_here, self.flights[at].is_released) = (true, true);
            }
        }
        Some(self)
    }

    /// A new connection takes the session up.
    fn taken_up(mut self) -> Self {
        self.unread.clear();
        self.pings = 0;
        self.flights.iter_mut().for_each(|flight| flight.is_here = false);
        self
    }
}

/// All states that a legal broker can be in.
struct States(BTreeSet<State>);

impl States {
    /// With all that it may have read meanwhile.
    fn settle(&mut self) {
        let mut new: Vec<State> = self.0.iter().cloned().collect();
        while let Some(state) = new.pop() {
            if let Some(next) = state.reads()
                && self.0.insert(next.clone())
            {
                new.push(next);
            }
        }
    }

    fn map(&mut self, change: impl FnMut(State) -> Option<State>) {
        self.0 = std::mem::take(&mut self.0).into_iter().filter_map(change).collect();
        self.settle();
    }
}

/// A message as the client sees it.
#[derive(Clone, Copy)]
struct Held {
    id: u16,
    qos2: bool,
    is_received: bool,
    is_released: bool,
}

/// A client and a broker that does what the numbers say, and both judges.
struct Play {
    version: Version,
    auditor: Auditor,
    states: States,
    conn: Conn,
    is_up: bool,
    has_left: bool,
    held: Vec<Held>,
}

/// What came of a play: the first packet that no legal broker sends, and whether the auditor finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Legal,
    Illegal { is_found: bool },
}

impl Play {
    fn new(version: Version) -> Self {
        let auditor = Auditor::default();
        let conn = opened(&auditor, version);
        let states = States([State::default()].into());
        let mut play = Self { version, auditor, states, conn, is_up: false, has_left: false, held: Vec::new() };
        play.connect(version == Version::V5, false);
        play
    }

    fn write(&mut self, packet: Packet<'_>, written: Option<Written>) {
        let bytes = packet.to_bytes(self.version).expect("a legal packet");
        self.auditor.wrote(self.conn, Duration::ZERO, 0, &bytes, false);
        if let Some(written) = written {
            self.states.map(|mut state| {
                state.unread.push_back(written);
                Some(state)
            });
        }
    }

    fn read(&self, packet: Packet<'_>) -> Audit {
        self.auditor.read(self.conn, Duration::ZERO, 0, &packet, None)
    }

    /// CONNECT and a CONNACK that is right.
    fn connect(&mut self, clean_start: bool, session_present: bool) {
        let mut properties = PropertiesBuf::new();
        if self.version == Version::V5 {
            properties.extend([Property::SessionExpiryInterval(1000)]);
        }
        let properties = properties.as_properties();
        self.write(Packet::Connect(Connect { client_id: "own", clean_start, properties, ..Connect::default() }), None);
        let audit = self.read(Packet::Connack(Connack { session_present, ..Connack::default() }));
        assert!(!audit.finds(), "{audit:?}");
        self.states.map(|state| Some(state.taken_up()));
        (self.is_up, self.has_left) = (true, false);
        self.held.clear();
    }

    /// The connection ends, perhaps in order, and the broker's end is read or not; then the client comes back.
    fn comes_back(&mut self, in_order: bool, end_is_read: bool) {
        if in_order {
            self.write(Packet::Disconnect(Disconnect::default()), Some(Written::Farewell));
        }
        self.auditor.client_ended(self.conn, Duration::ZERO, 0);
        if end_is_read {
            self.auditor.broker_ended(self.conn, Duration::ZERO, 0);
            // That it ends the connection is its answer to DISCONNECT.
            self.states.map(|state| (!in_order || state.unread.is_empty()).then_some(state));
        }
        self.conn = opened(&self.auditor, self.version);
        self.connect(false, true);
    }

    /// We acknowledge what was received, as its QoS asks.
    fn acknowledges(&mut self, choice: usize) {
        if self.held.is_empty() {
            return self.write(Packet::Pingreq, Some(Written::Ping));
        }
        let at = choice % self.held.len();
        let Held { id, qos2, is_received, is_released } = self.held[at];
        let ack = Acknowledgement::success(PacketId::new(id).expect("not zero"));
        match (qos2, is_received, is_released) {
            (false, ..) => {
                self.write(Packet::Puback(ack), Some(Written::Puback(id)));
                self.held.remove(at);
            }
            (true, false, false) => {
                self.write(Packet::Pubrec(ack), Some(Written::Pubrec(id)));
                self.held[at].is_received = true;
            }
            (true, _, true) => {
                self.write(Packet::Pubcomp(ack), Some(Written::Pubcomp(id)));
                self.held.remove(at);
            }
            (true, true, false) => self.write(Packet::Pingreq, Some(Written::Ping)),
        }
    }

    /// The broker sends this.
    fn sends(&mut self, sent: Sent) -> Outcome {
        let version = self.version;
        self.states.map(|state| state.sends(version, sent));
        let is_legal = !self.states.0.is_empty();
        let payloads: [&[u8]; 3] = [b"one", b"two", b"three"];
        let audit = match sent {
            Sent::Pong => self.read(Packet::Pingresp),
            Sent::Pubrel(id) => {
                let ack = Acknowledgement::success(PacketId::new(id).expect("not zero"));
                self.read(Packet::Pubrel(ack))
            }
            Sent::Publish { id, payload, qos2, dup } => self.read(Packet::Publish(Publish {
                dup,
                qos: if qos2 { QoS::ExactlyOnce } else { QoS::AtLeastOnce },
                packet_id: PacketId::new(id),
                topic: "news",
                payload: payloads[usize::from(payload)],
                ..Publish::default()
            })),
        };
        if !is_legal {
            return Outcome::Illegal { is_found: audit.finds() };
        }
        assert!(!audit.finds(), "{sent:?} may come, and yet {audit:?}");
        self.holds(sent);
        Outcome::Legal
    }

    fn holds(&mut self, sent: Sent) {
        match sent {
            Sent::Publish { id, qos2, .. } if !self.held.iter().any(|held| held.id == id) => {
                self.held.push(Held { id, qos2, is_received: false, is_released: false });
            }
            Sent::Pubrel(id) => match self.held.iter_mut().find(|held| held.id == id) {
                Some(held) => held.is_released = true,
                None => self.held.push(Held { id, qos2: true, is_received: true, is_released: true }),
            },
            _ => {}
        }
    }

    /// Something that one of the states would send, or anything.
    fn choose(&self, choice: u8, detail: u8) -> Sent {
        let any = match detail % 4 {
            0 => Sent::Pubrel(u16::from(detail / 4 % 3) + 1),
            1 => Sent::Pong,
            _ => Sent::Publish {
                id: u16::from(detail / 4 % 3) + 1,
                payload: detail / 16 % 3,
                qos2: detail & 0x80 != 0,
                dup: detail & 0x40 != 0,
            },
        };
        let state = self.states.0.iter().nth(usize::from(choice / 8) % self.states.0.len());
        let flights = state.map(|state| state.flights.as_slice()).unwrap_or_default();
        let flight = flights.get(usize::from(detail) % flights.len().max(1)).filter(|flight| !flight.is_here);
        match flight {
            Some(flight) if !choice.is_multiple_of(4) && flight.received > 0 => Sent::Pubrel(flight.id),
            Some(flight) if !choice.is_multiple_of(4) => {
                Sent::Publish { id: flight.id, payload: flight.payload, qos2: flight.qos2, dup: true }
            }
            _ => any,
        }
    }

    /// One step; what came of it.
    fn step(&mut self, [choice, detail]: [u8; 2]) -> Outcome {
        match choice % 8 {
            0 => self.comes_back(detail & 1 != 0, detail & 6 != 0),
            1 | 2 => self.acknowledges(usize::from(detail)),
            3 => {
                self.write(Packet::Pingreq, Some(Written::Ping));
                return self.sends(Sent::Pong);
            }
            _ => return self.sends(self.choose(choice, detail)),
        }
        Outcome::Legal
    }
}

fn opened(auditor: &Auditor, version: Version) -> Conn {
    auditor.opened(Facts {
        version,
        case: String::new(),
        role: String::new(),
        broker: 1,
        own_clients: "own".to_owned(),
        own_topics: "nobody's/".to_owned(),
        is_simulated: true,
        is_clean_up: false,
    })
}

fn play(version: Version, steps: &[[u8; 2]]) -> Outcome {
    let mut play = Play::new(version);
    for &step in steps {
        let outcome = play.step(step);
        if outcome != Outcome::Legal {
            return outcome;
        }
    }
    Outcome::Legal
}

proptest! {
    #[test]
    fn nothing_is_found_of_what_a_legal_broker_may_send(
        is_v5: bool,
        steps in proptest::collection::vec(any::<[u8; 2]>(), 0..40),
    ) {
        play(if is_v5 { Version::V5 } else { Version::V3_1_1 }, &steps);
    }
}

/// Numbers that look like chance and are the same each time.
fn numbers(seed: u64) -> impl Iterator<Item = u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    std::iter::from_fn(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Some((state >> 32) as u8)
    })
}

#[test]
fn of_what_no_legal_broker_sends_most_is_found() {
    let mut counts = [0_u32; 2];
    for seed in 1..=4000 {
        let mut numbers = numbers(seed);
        let steps: Vec<[u8; 2]> = (0..30).filter_map(|_| Some([numbers.next()?, numbers.next()?])).collect();
        let version = if seed % 2 == 0 { Version::V5 } else { Version::V3_1_1 };
        if let Outcome::Illegal { is_found } = play(version, &steps) {
            counts[usize::from(is_found)] += 1;
        }
    }
    let [missed, found] = counts;
    assert!(found + missed > 1000 && found > 3 * missed, "{found} found, {missed} missed");
}
