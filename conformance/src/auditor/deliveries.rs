//! The messages of QoS 1 and 2 that a broker has sent on a connection, and how far each exchange is.

use super::points::{Audit, Point};
use mqtt_assay_codec::{PacketId, PacketType, Publish, QoS, ReasonCode, Version};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};

/// The broker's exchanges by packet identifier.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    exchanges: BTreeMap<u16, Delivery>,
    /// How many of them are not over.
    open: usize,
    /// Acknowledgements that are not known to have been read: place and QoS.
    unread: Vec<(u64, QoS)>,
    /// All packets of the client up to this place have been read by the broker.
    read_up_to: u64,
}

/// How many acknowledgements are remembered until they are known to have been read: beyond them nobody counts.
const UNREAD: usize = 1 << 10;

/// One message, or the last one with its identifier.
#[derive(Debug, Clone, Copy)]
struct Delivery {
    qos: QoS,
    /// Tells its payload from others.
    print: u64,
    state: State,
    /// PUBRECs beyond the first that no PUBREL has answered: each may be.
    more_pubrecs: u32,
}

/// How far it is. Places are those of the client's packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Sent, and not acknowledged.
    Open,
    /// PUBREC was sent at this place.
    Received(u64),
    /// PUBREL has come too.
    Released,
    /// PUBACK or PUBCOMP was sent at this place.
    Done(u64),
    /// It was refused; nothing follows.
    Refused,
    /// The client acknowledged it otherwise than its QoS asks: nothing is certain.
    Muddled,
}

impl State {
    fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Received(_) | Self::Released)
    }
}

impl Deliveries {
    fn put(&mut self, id: u16, delivery: Delivery) {
        self.open += usize::from(delivery.state.is_open());
        let before = self.exchanges.insert(id, delivery);
        self.open -= usize::from(before.is_some_and(|before| before.state.is_open()));
    }

    /// The place up to which the client's packets are known to have been read.
    pub(super) fn read_up_to(&self) -> u64 {
        self.read_up_to
    }

    /// The broker is known to have read the packets of the client up to this place.
    pub(super) fn read(&mut self, place: u64, audit: &mut Audit) {
        self.read_up_to = self.read_up_to.max(place);
        let known = self.read_up_to;
        self.unread.retain(|&(place, qos)| {
            if place <= known {
                audit.kept(once(qos));
            }
            place > known
        });
    }

    /// The client acknowledges with a packet of this type.
    pub(super) fn acknowledged(&mut self, id: u16, packet: PacketType, reason: ReasonCode, place: u64) {
        let Some(mut delivery) = self.exchanges.get(&id).copied() else {
            if packet == PacketType::Pubrec {
                // For a message that is not known here: PUBREL is the answer to that too.
                let state = State::Received(place);
                self.put(id, Delivery { qos: QoS::ExactlyOnce, print: 0, state, more_pubrecs: 0 });
            }
            return;
        };
        let qos = delivery.qos;
        if packet == PacketType::Pubrec && matches!(delivery.state, State::Received(_) | State::Released) {
            delivery.more_pubrecs = delivery.more_pubrecs.saturating_add(1);
        }
        delivery.state = match (packet, qos, delivery.state) {
            (PacketType::Puback, QoS::AtLeastOnce, State::Open)
            | (PacketType::Pubcomp, QoS::ExactlyOnce, State::Released) => State::Done(place),
            (PacketType::Pubrec, QoS::ExactlyOnce, State::Open) if reason.is_error() => State::Refused,
            (PacketType::Pubrec, QoS::ExactlyOnce, State::Open) => State::Received(place),
            // The acknowledgement of what came again.
            (PacketType::Puback, QoS::AtLeastOnce, before @ State::Done(_))
            | (PacketType::Pubrec, QoS::ExactlyOnce, before @ (State::Received(_) | State::Released))
            | (PacketType::Pubcomp, QoS::ExactlyOnce, before @ State::Done(_)) => before,
            // Otherwise than its QoS asks, or once muddled.
            _ => State::Muddled,
        };
        if delivery.state == State::Done(place) && self.unread.len() < UNREAD {
            self.unread.push((place, qos));
        }
        self.put(id, delivery);
    }

    /// A message comes. `is_first_client`: no earlier connection can have begun its exchange.
    pub(super) fn publish(
        &mut self,
        publish: &Publish<'_>,
        version: Version,
        is_first_client: bool,
        audit: &mut Audit,
    ) {
        let Some(id) = publish.packet_id.map(PacketId::get) else { return };
        let print = print(publish.payload);
        let fresh = Delivery { qos: publish.qos, print, state: State::Open, more_pubrecs: 0 };
        let Some(before) = self.exchanges.get(&id).copied() else {
            self.first(publish, is_first_client, audit);
            self.put(id, fresh);
            return;
        };
        let is_same = before.print == print && before.qos == publish.qos;
        match before.state {
            State::Done(_) | State::Refused if !(publish.dup && is_same) => {
                self.first(publish, is_first_client, audit);
            }
            State::Muddled | State::Refused => return,
            _ if is_same && publish.dup => {
                self.again(before, id, version, audit);
                return;
            }
            _ if is_same => {
                let why = format!("a message with identifier {id}, which is in use, and DUP 0, as if it had not come");
                audit.broken(Point::FreshIdentifier, why);
                return;
            }
            _ if publish.dup => {}
            _ => audit.broken(Point::FreshIdentifier, format!("a new message with identifier {id}, which is in use")),
        }
        self.put(id, fresh);
    }

    /// What a new message says.
    fn first(&self, publish: &Publish<'_>, is_first_client: bool, audit: &mut Audit) {
        if self.open > 0 {
            audit.kept(Point::FreshIdentifier);
        }
        if !is_first_client {
            return;
        }
        if publish.dup {
            let (qos, payload) = (publish.qos as u8, publish.payload.len());
            let why = format!("DUP 1 on the first delivery of a message of QoS {qos}, {payload} bytes long");
            audit.broken(Point::DupOfFirst, why);
        } else {
            audit.kept(Point::DupOfFirst);
        }
    }

    /// The same message comes again, with DUP.
    fn again(&self, before: Delivery, id: u16, version: Version, audit: &mut Audit) {
        let after = match before.state {
            State::Done(place) if place <= self.read_up_to => "after its acknowledgement was read",
            State::Released => "after its PUBREL",
            _ => {
                audit.repeats = true;
                if version == Version::V5 {
                    let seen = format!("a message with identifier {id} came again without a reconnect");
                    audit.observed(once(before.qos), seen);
                }
                return;
            }
        };
        audit.broken(once(before.qos), format!("a message with identifier {id} came again {after}"));
    }

    /// A PUBREL comes; the place of the PUBREC that it shows to have been read.
    pub(super) fn released(
        &mut self,
        id: u16,
        version: Version,
        is_first_client: bool,
        audit: &mut Audit,
    ) -> Option<u64> {
        let Some(mut delivery) = self.exchanges.get(&id).copied() else {
            if is_first_client {
                let why = format!("PUBREL with identifier {id}, under which no message has come");
                audit.broken(Point::AcknowledgementIdentifier, why);
            }
            return None;
        };
        match delivery.state {
            State::Received(place) => {
                audit.kept(Point::AcknowledgementIdentifier);
                audit.kept(Point::PubrelAfterPubrec);
                delivery.state = State::Released;
                self.put(id, delivery);
                return Some(place);
            }
            State::Open if delivery.qos == QoS::ExactlyOnce => {
                audit.kept(Point::AcknowledgementIdentifier);
                audit.broken(Point::PubrelAfterPubrec, format!("PUBREL with identifier {id} before its PUBREC"));
                delivery.state = State::Muddled;
                self.put(id, delivery);
            }
            State::Open | State::Done(_) if delivery.qos == QoS::AtLeastOnce && is_first_client => {
                let why = format!("PUBREL with identifier {id} for a message of QoS 1, which has no PUBREC");
                audit.broken(Point::PubrelAfterPubrec, why);
            }
            State::Done(_) | State::Released if delivery.more_pubrecs > 0 => {
                delivery.more_pubrecs -= 1;
                self.put(id, delivery);
            }
            State::Done(place) if delivery.qos == QoS::ExactlyOnce && place <= self.read_up_to => {
                let why = format!("PUBREL with identifier {id} again after its PUBCOMP was read");
                audit.broken(Point::Qos2Once, why);
            }
            State::Released if version == Version::V5 => {
                let seen = format!("a PUBREL with identifier {id} came again without a reconnect");
                audit.observed(Point::Qos2Once, seen);
            }
            _ => {}
        }
        None
    }
}

/// The point about a message that comes again although it is done.
fn once(qos: QoS) -> Point {
    if qos == QoS::ExactlyOnce { Point::Qos2Once } else { Point::Qos1Once }
}

/// Tells a payload from others: what is compared is never kept, however long it is.
pub fn print(payload: &[u8]) -> u64 {
    let mut print = Print::default();
    print.add(payload);
    print.finish()
}

/// The same of a payload that comes in pieces, however it is cut.
#[derive(Debug, Default)]
pub struct Print(DefaultHasher);

impl Print {
    /// Another piece.
    pub fn add(&mut self, piece: &[u8]) {
        self.0.write(piece);
    }

    /// What the whole hashes to.
    pub fn finish(&self) -> u64 {
        self.0.finish()
    }
}
