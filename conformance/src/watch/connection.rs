//! One connection of a client: what it has sent and what was written to it, held against each other.

use super::deliveries::{Deliveries, Identifiers};
use super::duty::Duty;
use super::exchanges::{Broken, Coming, Content, Exchanges, Kind, Session};
use super::order::Order;
use super::splitter::Splitter;
use crate::auditor::{Print, print};
use mqtt_assay_codec::{
    Acknowledgement, Connack, Connect, Packet, PacketType, Publish, QoS, ReasonCode, Sender, Version,
};
use mqtt_assay_standard::bounds;
use std::collections::BTreeSet;
use std::time::Duration;

/// How many SUBSCRIBEs and UNSUBSCRIBEs may wait for their answers; beyond that their identifiers aren't judged.
const MOST_REQUESTS: usize = 1_000;

/// What goes on from one connection of a client to the next.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) exchanges: Exchanges,
    /// The identifiers of all messages that were written to the client.
    ever: Identifiers,
}

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No CONNECT came.
    Opened,
    /// No CONNACK was written.
    Asked,
    /// The client is let in.
    Served,
    /// It isn't, or has left, or nothing is certain any more.
    Over,
}

/// A message whose payload comes in pieces.
#[derive(Debug)]
pub(super) struct Unfinished {
    pub(super) number: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) length: usize,
    print: Print,
    head: Option<(u16, bool, Content)>,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) number: u64,
    pub(super) version: Version,
    pub(super) client: Splitter,
    pub(super) broker: Splitter,
    /// How many packets the client has sent.
    pub(super) received: u64,
    /// How many were written to it.
    pub(super) written: u64,
    pub(super) client_id: Option<String>,
    pub(super) unfinished: Option<Unfinished>,
    phase: Phase,
    clean: bool,
    /// It sent more before it could have read CONNACK, and nothing shows yet that it has.
    is_hasty: bool,
    receive_maximum: Option<u16>,
    welcomed_at: Duration,
    session: Session,
    pub(super) state: State,
    /// The messages of a session that was known and is over since CONNECT.
    former: Option<Exchanges>,
    requests: BTreeSet<u16>,
    deliveries: Deliveries,
    pubrels: Order,
    /// The identifiers of the PUBRECs that were written here: a PUBREL may answer each.
    pubrecs: Identifiers,
    /// What the client owed again when it took its session up.
    owed: usize,
    /// The place of the last that it sent again.
    last_again: u64,
    has_worked: bool,
    has_left: bool,
    is_in_foreign_session: bool,
    /// It has been said that too many of its messages are open.
    is_over_quota: bool,
}

impl Connection {
    /// A connection on which nothing has come yet.
    pub(super) fn new(number: u64) -> Self {
        Self {
            number,
            version: Version::V3_1_1,
            client: Splitter::new(Sender::Client),
            broker: Splitter::new(Sender::Server),
            received: 0,
            written: 0,
            client_id: None,
            unfinished: None,
            phase: Phase::Opened,
            clean: true,
            is_hasty: false,
            receive_maximum: None,
            welcomed_at: Duration::ZERO,
            session: Session::Unknown,
            state: State::default(),
            former: None,
            requests: BTreeSet::new(),
            deliveries: Deliveries::default(),
            pubrels: Order::default(),
            pubrecs: Identifiers::default(),
            owed: 0,
            last_again: 0,
            has_worked: false,
            has_left: false,
            is_in_foreign_session: false,
            is_over_quota: false,
        }
    }

    /// Nothing more is judged here.
    pub(super) fn give_up(&mut self) {
        self.phase = Phase::Over;
    }

    /// The session goes to another connection of the client, or outlives this one.
    pub(super) fn hand_over(&mut self) -> State {
        self.phase = Phase::Over;
        std::mem::take(&mut self.state)
    }

    /// True where a session is to be kept for the client.
    pub(super) fn is_served(&self) -> bool {
        self.phase == Phase::Served
    }

    /// True once the client has sent DISCONNECT.
    pub(super) fn has_left(&self) -> bool {
        self.has_left
    }

    /// The client sends a packet, but for a PUBLISH with its payload still to come.
    pub(super) fn received(&mut self, packet: &Packet<'_>, broken: &mut Broken) {
        if self.has_left {
            return;
        }
        self.note_haste(packet, broken);
        match packet {
            Packet::Connect(connect) if self.phase == Phase::Opened => self.connect(connect),
            _ if self.phase == Phase::Over => {}
            Packet::Publish(publish) => {
                if let Some((id, dup, content)) = content_of(publish, || print(publish.payload)) {
                    self.publish(id, dup, content, broken);
                }
            }
            Packet::Subscribe(subscribe) => self.request(subscribe.packet_id.get(), broken),
            Packet::Unsubscribe(unsubscribe) => self.request(unsubscribe.packet_id.get(), broken),
            Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubcomp(ack) => {
                self.acknowledge(ack, packet.packet_type(), broken);
            }
            Packet::Pubrel(ack) => self.release(ack, broken),
            Packet::Disconnect(_) => self.has_left = true,
            _ => {}
        }
    }

    /// A PUBLISH begins whose payload comes in pieces.
    pub(super) fn begins(&mut self, head: &Publish<'_>, bytes: &[u8], length: usize, broken: &mut Broken) {
        self.note_haste(&Packet::Publish(*head), broken);
        self.unfinished = Some(Unfinished {
            number: self.received,
            bytes: bytes.to_vec(),
            length,
            print: Print::default(),
            head: content_of(head, || 0),
        });
    }

    /// More of that payload; what is broken when it is all there.
    pub(super) fn goes_on(&mut self, piece: &[u8], is_last: bool, broken: &mut Broken) -> Option<Unfinished> {
        self.unfinished.as_mut()?.print.add(piece);
        let unfinished = self.unfinished.take_if(|_| is_last)?;
        if let Some((id, dup, content)) = unfinished.head.filter(|_| self.phase != Phase::Over) {
            self.publish(id, dup, Content { payload: unfinished.print.finish(), ..content }, broken);
        }
        Some(unfinished)
    }

    /// Who sends before CONNACK was written knows nothing of it.
    fn note_haste(&mut self, packet: &Packet<'_>, broken: &mut Broken) {
        if matches!(packet, Packet::Connect(_) | Packet::Auth(_) | Packet::Disconnect(_)) {
            return;
        }
        self.is_hasty |= self.phase == Phase::Asked;
        if self.phase == Phase::Served && !self.is_hasty {
            self.has_worked = true;
            if std::mem::take(&mut self.is_in_foreign_session) {
                let what = "it began anew, was told that a session is present, and stayed connected".to_owned();
                broken.push((Duty::LeaveForeignSession, what));
            }
        }
    }

    fn connect(&mut self, connect: &Connect<'_>) {
        self.phase = Phase::Asked;
        self.clean = connect.clean_start;
        self.session = if connect.clean_start { Session::New } else { Session::Unknown };
        self.client_id = Some(connect.client_id.to_owned()).filter(|id| !id.is_empty());
    }

    fn publish(&mut self, id: u16, dup: bool, what: Content, broken: &mut Broken) {
        let before = broken.len();
        let coming = Coming { conn: self.number, version: self.version, id, dup, what, session: self.session };
        if self.requests.contains(&id) {
            let what = format!("a PUBLISH has identifier {id}, which belongs to a packet that is not answered");
            broken.push((Duty::FreeIdentifier, what));
            return;
        }
        let kind = self.state.exchanges.publish(&coming, broken);
        if let Kind::Again(place) = kind {
            if place < self.last_again {
                let what = format!("the PUBLISH with identifier {id} came again behind one that was first sent later");
                broken.push((Duty::ResendInOrder, what));
            }
            self.last_again = self.last_again.max(place);
        }
        self.name_former(&coming, &mut broken[before..]);
        self.hold_quota(kind, broken);
    }

    /// What comes again out of a session that is over is a breach of its own.
    fn name_former(&self, coming: &Coming, broken: &mut [(Duty, String)]) {
        // Its first sending may not have been read: that it was before this session, DUP says.
        let first = broken.iter_mut().find(|(duty, _)| matches!(duty, Duty::NoDupAtFirst(_)));
        if let Some(first) = first.filter(|_| self.former.is_some()) {
            *first = self.out_of_former("PUBLISH", coming.id);
        }
    }

    fn out_of_former(&self, name: &str, id: u16) -> (Duty, String) {
        if self.clean {
            let what = format!("the {name} with identifier {id} goes on with the session before, after a clean start");
            (Duty::CleanMeansClean, what)
        } else {
            let what = format!("the {name} with identifier {id} goes on with a session that the broker does not hold");
            (Duty::DropLostSession, what)
        }
    }

    fn hold_quota(&mut self, kind: Kind, broken: &mut Broken) {
        let Some(most) = self.receive_maximum.filter(|_| !self.is_hasty && kind != Kind::Other) else { return };
        let open = self.state.exchanges.open_on(self.number);
        let was_over = std::mem::replace(&mut self.is_over_quota, open > usize::from(most));
        if self.is_over_quota && !was_over {
            let what = format!("{open} messages of QoS 1 and 2 are open, and the Receive Maximum of CONNACK is {most}");
            broken.push((Duty::ReceiveMaximum, what));
        }
    }

    fn request(&mut self, id: u16, broken: &mut Broken) {
        let is_used = self.requests.contains(&id) || self.state.exchanges.uses(id, self.number, self.session);
        if is_used {
            let what = format!("a new packet has identifier {id}, which belongs to one that is not answered");
            broken.push((Duty::FreeIdentifier, what));
        } else if self.requests.len() < MOST_REQUESTS {
            self.requests.insert(id);
        }
    }

    fn acknowledge(&mut self, ack: &Acknowledgement<'_>, by: PacketType, broken: &mut Broken) {
        self.is_hasty = false;
        let ever = (self.session != Session::Unknown).then_some(&self.state.ever);
        self.deliveries.acknowledged(ack.packet_id.get(), by, ever, broken);
    }

    fn release(&mut self, ack: &Acknowledgement<'_>, broken: &mut Broken) {
        let id = ack.packet_id.get();
        if let Some(later) = self.pubrels.answered(id) {
            let what = format!("PUBREL with identifier {id} behind that with {later}, whose PUBREC came later");
            broken.push((Duty::PubrelsInOrder, what));
        }
        let is_known = self.state.exchanges.released(id, self.number) || self.pubrecs.contains(id);
        if is_known || self.session == Session::Unknown || ack.reason == ReasonCode::PACKET_IDENTIFIER_NOT_FOUND {
            return;
        }
        if self.former.as_ref().is_some_and(|former| former.knows(id)) {
            broken.push(self.out_of_former("PUBREL", id));
        } else {
            let what = format!("PUBREL with identifier {id}, which no PUBLISH of the client had");
            broken.push((Duty::IdentifierOfMessage, what));
        }
    }

    /// A packet was written to the client, but for CONNACK.
    pub(super) fn wrote(&mut self, packet: &Packet<'_>) {
        if self.phase == Phase::Asked && !matches!(packet, Packet::Auth(_)) {
            // What a client makes of a packet that may not come there is its own affair.
            self.give_up();
        }
        match packet {
            Packet::Publish(Publish { packet_id: Some(id), qos, dup, .. }) => {
                self.deliveries.wrote(id.get(), *qos, *dup, &mut self.state.ever);
            }
            Packet::Puback(ack) => self.state.exchanges.acknowledged(ack.packet_id.get()),
            Packet::Pubrec(ack) => {
                let (id, is_refused) = (ack.packet_id.get(), ack.reason.is_error());
                self.pubrecs.insert(id);
                if self.state.exchanges.received(id, is_refused) && self.pubrels.len() < MOST_REQUESTS {
                    self.pubrels.wrote(id);
                }
            }
            // Whoever is told to complete what it doesn't know says so with this identifier.
            Packet::Pubrel(ack) => self.state.ever.insert(ack.packet_id.get()),
            Packet::Pubcomp(ack) => {
                self.state.exchanges.completed(ack.packet_id.get());
                self.pubrels.forget(ack.packet_id.get());
            }
            Packet::Suback(ack) => drop(self.requests.remove(&ack.packet_id.get())),
            Packet::Unsuback(ack) => drop(self.requests.remove(&ack.packet_id.get())),
            _ => {}
        }
    }

    /// CONNACK was written that lets the client in; `kept` is what is known of its session.
    pub(super) fn welcomed(&mut self, connack: &Connack<'_>, kept: Option<State>, at: Duration) {
        if self.phase != Phase::Asked {
            return;
        }
        (self.phase, self.welcomed_at) = (Phase::Served, at);
        let is_v5 = self.version == Version::V5;
        self.receive_maximum = is_v5.then(|| connack.properties.receive_maximum().unwrap_or(u16::MAX));
        self.is_in_foreign_session = is_v5 && self.clean && connack.session_present;
        let is_over = self.clean || is_v5 && !connack.session_present;
        match kept {
            Some(kept) if is_over => self.former = Some(kept.exchanges),
            Some(kept) if !self.is_hasty => {
                self.state = kept;
                if connack.session_present {
                    self.session = Session::Resumed;
                    self.owed = self.state.exchanges.owed(self.number).len();
                }
            }
            _ => {}
        }
        if is_over && !self.is_hasty {
            self.session = Session::New;
        }
    }

    /// The connection ends: what the client owed on it. `by_client`: it has ended it.
    pub(super) fn end(&mut self, by_client: bool, at: Duration, broken: &mut Broken) {
        if self.phase != Phase::Served {
            return;
        }
        self.deliveries.end(by_client, broken);
        for (id, later) in self.pubrels.overtaken() {
            let what = format!("no PUBREL for identifier {id}, and one for {later}, whose PUBREC came later");
            broken.push((if by_client { Duty::Release } else { Duty::PubrelsInOrder }, what));
        }
        self.hold_debts(at, broken);
    }

    /// What was not sent again, of a client that had the time for it: it left by itself, or was there for long.
    fn hold_debts(&self, at: Duration, broken: &mut Broken) {
        let had_time = self.has_left && self.has_worked || at.saturating_sub(self.welcomed_at) >= bounds::SILENT;
        if self.session != Session::Resumed || self.is_hasty || !had_time {
            return;
        }
        let missing = self.state.exchanges.owed(self.number);
        let sent_again = self.owed.saturating_sub(missing.len());
        let Some(first) =
            missing.first().filter(|_| sent_again < usize::from(self.receive_maximum.unwrap_or(u16::MAX)))
        else {
            return;
        };
        let debt = self.state.exchanges.debt(*first);
        let more = match missing.len() {
            1 => String::new(),
            count => format!(", nor {} more", count - 1),
        };
        let what = format!("it took its session up and did not send {debt} with identifier {first} again{more}");
        broken.push((Duty::Resend, what));
    }
}

/// Of a message of QoS 1 or 2: identifier, DUP, and what tells it from others.
fn content_of(publish: &Publish<'_>, payload: impl FnOnce() -> u64) -> Option<(u16, bool, Content)> {
    let id = publish.packet_id.filter(|_| publish.qos != QoS::AtMostOnce)?;
    let topic = Some(publish.topic).filter(|topic| !topic.is_empty()).map(|topic| print(topic.as_bytes()));
    let expires = publish.properties.message_expiry_interval().is_some();
    Some((id.get(), publish.dup, Content { qos: publish.qos, payload: payload(), topic, expires }))
}
