//! The messages of QoS 1 and 2 that a broker sends to one session, over all its connections, and what a connection that
//! takes the session up may bring of them.

use super::super::deliveries::print;
use super::super::facts::Conn;
use super::super::points::{Audit, Point};
use mqtt_assay_codec::{PacketType, Publish, QoS, ReasonCode, Version};
use std::collections::BTreeMap;

/// The exchanges of a session.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    by_id: BTreeMap<u16, Exchange>,
    /// It is known to find none of a former connection open.
    finds_none: Option<Conn>,
    unread: Unread,
    /// The broker gives what comes again other identifiers than before: by them no order can be told.
    renumbers: bool,
}

/// Our last acknowledgement under each packet identifier, where nothing shows yet that it was read: where it stands, and
/// which stands where. Each packet of a flood asks for that.
#[derive(Debug, Default)]
struct Unread {
    by_place: BTreeMap<(usize, u64), u16>,
    by_id: BTreeMap<u16, (usize, u64)>,
}

impl Unread {
    /// We acknowledge; what was acknowledged before under the identifier is over.
    fn wrote(&mut self, id: u16, place: (usize, u64)) {
        if let Some(before) = self.by_id.insert(id, place) {
            self.by_place.remove(&before);
        }
        self.by_place.insert(place, id);
    }

    /// What was read now.
    fn read(&mut self, conn: Conn, up_to: u64) -> Vec<u16> {
        let known = (conn.0, 0)..=(conn.0, up_to);
        let read: Vec<((usize, u64), u16)> = self.by_place.range(known).map(|(&place, &id)| (place, id)).collect();
        for (place, id) in &read {
            self.by_place.remove(place);
            self.by_id.remove(id);
        }
        read.into_iter().map(|(_, id)| id).collect()
    }
}

/// One message, or the last one with its identifier.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    qos: QoS,
    /// As it is meant, where an alias stands for it.
    topic: String,
    print: u64,
    /// The place of its first sending among all of the session.
    order: u64,
    /// When we wrote its PUBREC.
    received: u64,
    stage: Stage,
    /// The connection on which it was seen last.
    on: Conn,
    /// What may keep the broker from sending it again.
    is_free: bool,
    /// It came again on a connection that had taken the session up.
    is_resent: bool,
    length: usize,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Sent, and we have acknowledged nothing.
    Sent,
    /// We have written PUBACK.
    Acknowledged(Written),
    /// We have written PUBREC.
    Received(Written),
    /// We have refused it.
    Refused(Written),
    /// PUBREL has come.
    Released,
    /// We have written PUBCOMP.
    Completed(Written),
    /// It was read on a connection when another had taken the session up. Whether it is owed there is not certain.
    Late,
    /// Nothing is certain.
    Unsure,
}

impl Stage {
    fn is_open(self) -> bool {
        matches!(self, Self::Sent | Self::Received(_) | Self::Released)
    }

    /// What is not to come again.
    fn settled(self) -> Option<Point> {
        match self {
            Self::Acknowledged(written) if written.is_read => Some(Point::Qos1Settled),
            Self::Received(written) if written.is_read => Some(Point::Qos2Received),
            Self::Completed(written) if written.is_read => Some(Point::Qos2Settled),
            Self::Refused(written) if written.is_read => Some(Point::RefusedSettled),
            Self::Released => Some(Point::Qos2Received),
            _ => None,
        }
    }
}

/// A packet of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Written {
    on: Conn,
    seq: u64,
    /// The broker has read it for certain.
    is_read: bool,
}

/// A message as it comes.
pub(super) struct Coming<'a> {
    pub(super) conn: Conn,
    pub(super) seq: u64,
    pub(super) version: Version,
    pub(super) id: u16,
    pub(super) publish: &'a Publish<'a>,
    pub(super) topic: &'a str,
    /// The broker may leave it to another client of a share, or to its expiry.
    pub(super) is_free: bool,
    pub(super) length: usize,
    /// The connection has said already that the order is wrong.
    pub(super) order_is_told: bool,
}

impl Exchanges {
    /// The session is a new one.
    pub(super) fn clear(&mut self) {
        self.by_id.clear();
        self.renumbers = false;
    }

    /// Nothing is certain of this one any more.
    pub(super) fn confuse(&mut self, id: u16) {
        if let Some(exchange) = self.by_id.get_mut(&id) {
            exchange.stage = Stage::Unsure;
        }
    }

    /// A message is read on a connection that is not the session's any more; `is_late`: its session is the one that goes on.
    pub(super) fn comes_late(&mut self, coming: &Coming<'_>, is_late: bool) {
        if is_late && !self.by_id.contains_key(&coming.id) {
            let stage = Stage::Late;
            self.by_id.insert(coming.id, Exchange { stage, ..Exchange::new(coming, coming.seq) });
        } else {
            self.confuse(coming.id);
        }
    }

    /// The broker has read all that we wrote on this connection up to this place in the run.
    pub(super) fn has_read(&mut self, conn: Conn, up_to: u64) {
        for id in self.unread.read(conn, up_to) {
            let Some(exchange) = self.by_id.get_mut(&id) else { continue };
            if let Stage::Acknowledged(written)
            | Stage::Received(written)
            | Stage::Refused(written)
            | Stage::Completed(written) = &mut exchange.stage
                && written.on == conn
                && written.seq <= up_to
            {
                written.is_read = true;
            }
        }
    }

    /// We acknowledge with a packet of this type.
    pub(super) fn acknowledged(&mut self, conn: Conn, seq: u64, id: u16, packet: PacketType, reason: ReasonCode) {
        let Some(exchange) = self.by_id.get_mut(&id) else { return };
        let written = Written { on: conn, seq, is_read: false };
        self.unread.wrote(id, (conn.0, seq));
        exchange.stage = match (packet, exchange.qos, exchange.stage) {
            _ if exchange.on != conn => Stage::Unsure,
            (PacketType::Puback, QoS::AtLeastOnce, Stage::Sent)
            | (PacketType::Pubrec, QoS::ExactlyOnce, Stage::Sent)
                if reason.is_error() =>
            {
                Stage::Refused(written)
            }
            (PacketType::Puback, QoS::AtLeastOnce, Stage::Sent) => Stage::Acknowledged(written),
            (PacketType::Pubrec, QoS::ExactlyOnce, Stage::Sent) => {
                exchange.received = seq;
                Stage::Received(written)
            }
            (PacketType::Pubcomp, QoS::ExactlyOnce, Stage::Released) => Stage::Completed(written),
            // The acknowledgement of what came again.
            (PacketType::Puback, QoS::AtLeastOnce, before @ (Stage::Acknowledged(_) | Stage::Refused(_)))
            | (PacketType::Pubrec, QoS::ExactlyOnce, before @ (Stage::Received(_) | Stage::Released))
            | (PacketType::Pubcomp, QoS::ExactlyOnce, before @ Stage::Completed(_)) => before,
            _ => Stage::Unsure,
        };
    }

    /// True where a message of a former connection keeps its identifier from others.
    fn holds_identifiers(&mut self, conn: Conn) -> bool {
        // None comes back: they are looked through once, and not for each message of a flood.
        if self.finds_none == Some(conn) {
            return false;
        }
        let holds = self.by_id.values().any(|exchange| exchange.on != conn && exchange.stage.is_open());
        self.finds_none = (!holds).then_some(conn);
        holds
    }

    /// A message comes.
    pub(super) fn publish(&mut self, coming: &Coming<'_>, audit: &mut Audit) {
        let known = self.by_id.get(&coming.id).cloned();
        let is_again = known.as_ref().is_some_and(|known| known.is_again(coming));
        let order = known.as_ref().filter(|_| is_again).map_or(coming.seq, |known| known.order);
        if !is_again && self.holds_identifiers(coming.conn) {
            audit.kept(Point::FreshIdentifier);
        }
        if let Some(known) = &known {
            if known.on != coming.conn {
                self.hold_against_former(known, coming, is_again, audit);
            } else if is_again {
                // On its own connection: what it was acknowledged with counts on.
                return;
            }
        }
        self.renumbers |= audit.breaks(Point::UnchangedAfterResume) || audit.breaks(Point::FreshIdentifier);
        let mut exchange = Exchange::new(coming, order);
        exchange.is_resent = is_again && known.as_ref().is_some_and(|known| known.on != coming.conn);
        if known.is_some_and(|known| known.on == coming.conn && known.stage.is_open()) {
            // Two messages have the identifier, which is a breach by itself: which of them comes again is not judged.
            exchange.stage = Stage::Unsure;
        }
        self.by_id.insert(coming.id, exchange);
    }

    /// The identifier was used on a former connection.
    fn hold_against_former(&self, known: &Exchange, coming: &Coming<'_>, is_again: bool, audit: &mut Audit) {
        let (id, is_same) = (coming.id, known.is_same(coming));
        let is_dup = coming.publish.dup;
        let open = |audit: &mut Audit| {
            let why = format!("a new message with identifier {id}, under which another is not complete since before");
            audit.broken(Point::FreshIdentifier, why);
        };
        match known.stage {
            // Its identifier may be another's, if it has expired or another member of the share has it.
            Stage::Sent | Stage::Late if known.is_free && !is_again => {}
            Stage::Sent if is_again => {
                audit.kept(Point::OwedAfterResume);
                audit.kept(Point::DupAfterResume);
                audit.kept(Point::UnchangedAfterResume);
                self.hold_order(known, coming, audit);
            }
            Stage::Late if is_again => audit.kept(Point::DupAfterResume),
            Stage::Sent | Stage::Late if is_same => {
                let why = format!("DUP 0 on the message with identifier {id} that comes again after the reconnect");
                audit.broken(Point::DupAfterResume, why);
            }
            Stage::Sent if is_dup => {
                let why = format!("another message than before under identifier {id}, with DUP 1");
                audit.broken(Point::UnchangedAfterResume, why);
            }
            Stage::Received(_) | Stage::Released if !is_dup && !is_same => open(audit),
            Stage::Sent if !is_same => open(audit),
            Stage::Acknowledged(written) if written.is_read && is_again => {
                let why = format!("a message with identifier {id} came again, whose PUBACK was read before");
                audit.broken(Point::Qos1Settled, why);
            }
            Stage::Received(written) if written.is_read && is_again => {
                let why = format!("a message with identifier {id} came again, whose PUBREC was read before");
                audit.broken(Point::Qos2Received, why);
            }
            Stage::Released | Stage::Completed(_) if is_again => {
                let why = format!("a message with identifier {id} came again, whose PUBREL had come before");
                audit.broken(Point::Qos2Received, why);
            }
            Stage::Refused(written) if written.is_read && is_again => {
                let why = format!("a message with identifier {id} came again, which was refused before");
                audit.broken(Point::RefusedSettled, why);
            }
            _ => {}
        }
    }

    /// What was sent behind it does not come again before it. What never comes again is no matter of order.
    fn hold_order(&self, known: &Exchange, coming: &Coming<'_>, audit: &mut Audit) {
        // 5.0 says it of clients only.
        if coming.version != Version::V3_1_1 || coming.order_is_told || self.renumbers {
            return;
        }
        let came_again = self.by_id.iter().filter(|(_, other)| other.on == coming.conn && other.is_resent);
        match came_again.max_by_key(|(_, other)| other.order) {
            Some((later, other)) if other.order > known.order => {
                let id = coming.id;
                let why = format!("the message with identifier {id} again behind {later}, which was sent after it");
                audit.broken(Point::OrderAfterResume, why);
            }
            Some(_) => audit.kept(Point::OrderAfterResume),
            None => {}
        }
    }

    /// A PUBREL comes.
    pub(super) fn released(&mut self, conn: Conn, version: Version, id: u16, order_is_told: bool, audit: &mut Audit) {
        let Some(known) = self.by_id.get(&id).cloned() else { return };
        if known.on != conn && known.qos == QoS::ExactlyOnce {
            match known.stage {
                Stage::Sent => {
                    let why = format!("PUBREL with identifier {id}, and no PUBREC was sent on any connection");
                    audit.broken(Point::PubrelAfterPubrec, why);
                }
                Stage::Completed(written) if written.is_read => {
                    let why = format!("PUBREL with identifier {id} again, whose PUBCOMP was read before");
                    audit.broken(Point::Qos2Settled, why);
                }
                Stage::Released | Stage::Received(_) => {
                    audit.kept(Point::OwedPubrel);
                    audit.kept(Point::Qos2Received);
                    if version == Version::V3_1_1 && !order_is_told {
                        self.hold_order_of_release(conn, id, &known, audit);
                    }
                }
                _ => {}
            }
        }
        if let Some(exchange) = self.by_id.get_mut(&id) {
            exchange.on = conn;
            exchange.stage = match exchange.stage {
                Stage::Received(_) | Stage::Released => Stage::Released,
                Stage::Completed(written) if !written.is_read => Stage::Released,
                _ => Stage::Unsure,
            };
        }
    }

    fn hold_order_of_release(&self, conn: Conn, id: u16, known: &Exchange, audit: &mut Audit) {
        let mut others = self.by_id.iter().filter(|(_, other)| other.received > 0 && other.received < known.received);
        if let Some((earlier, _)) = others.find(|(_, other)| other.owes_release(conn)) {
            let why = format!("PUBREL {id} again before PUBREL {earlier}, whose PUBREC was sent before");
            audit.broken(Point::OrderOfPubrels, why);
        } else {
            audit.kept(Point::OrderOfPubrels);
        }
    }

    /// The oldest message that is still owed to this connection and fits into it.
    pub(super) fn owed(&self, conn: Conn, largest: usize) -> Option<u16> {
        let owed = self.by_id.iter().filter(|(_, exchange)| exchange.is_owed(conn) && exchange.length <= largest);
        owed.min_by_key(|(_, exchange)| exchange.order).map(|(id, _)| *id)
    }

    /// The PUBREL that is owed to this connection the longest.
    pub(super) fn owed_release(&self, conn: Conn) -> Option<u16> {
        let owed = self.by_id.iter().filter(|(_, exchange)| exchange.owes_release(conn));
        owed.min_by_key(|(_, exchange)| exchange.received).map(|(id, _)| *id)
    }

    /// What was settled before this connection took the session up, and has not come again on it.
    pub(super) fn settled(&self, conn: Conn) -> Vec<Point> {
        let before = self.by_id.values().filter(|exchange| exchange.on != conn);
        before.filter_map(|exchange| exchange.stage.settled()).collect()
    }

    /// True where something of this connection waits for an acknowledgement of ours.
    pub(super) fn waits_for_us(&self, conn: Conn) -> bool {
        let waits = |stage| matches!(stage, Stage::Sent | Stage::Received(_) | Stage::Released | Stage::Unsure);
        self.by_id.values().any(|exchange| exchange.on == conn && waits(exchange.stage))
    }

    /// A message too large for this connection counts as delivered: it is owed no more.
    pub(super) fn drop_larger(&mut self, largest: usize) {
        for exchange in self.by_id.values_mut().filter(|exchange| exchange.length > largest) {
            exchange.stage = Stage::Unsure;
        }
    }
}

impl Exchange {
    fn new(coming: &Coming<'_>, order: u64) -> Self {
        Self {
            qos: coming.publish.qos,
            topic: coming.topic.to_owned(),
            print: print(coming.publish.payload),
            order,
            received: 0,
            stage: Stage::Sent,
            on: coming.conn,
            is_free: coming.is_free,
            is_resent: false,
            length: coming.length,
        }
    }

    fn is_same(&self, coming: &Coming<'_>) -> bool {
        self.qos == coming.publish.qos && self.topic == coming.topic && self.print == print(coming.publish.payload)
    }

    fn is_again(&self, coming: &Coming<'_>) -> bool {
        coming.publish.dup && self.is_same(coming)
    }

    /// It was never acknowledged, and has not come on this connection, which took the session up.
    fn is_owed(&self, conn: Conn) -> bool {
        self.on != conn && self.stage == Stage::Sent && !self.is_free
    }

    fn owes_release(&self, conn: Conn) -> bool {
        let is_due = match self.stage {
            Stage::Released => true,
            Stage::Received(written) => written.is_read,
            _ => false,
        };
        self.on != conn && is_due
    }
}
