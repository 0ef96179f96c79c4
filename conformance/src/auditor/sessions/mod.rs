//! What holds across the connections of one client identifier: whether its session is there, what comes again of it and
//! how; and what is new with each connection, limits and aliases.
//!
//! What is certain of a session: nothing acknowledges a DISCONNECT but the broker's own end of the connection, read before
//! the next CONNECT of that client identifier was written. A CONNECT without an answer, one that breaks the standard or is
//! refused, and a client identifier used in both versions leave nothing certain, up to the next that is accepted.

mod attachment;
mod exchanges;
#[cfg(test)]
mod laws;
mod limits;
mod own;
mod presence;
#[cfg(test)]
mod tests;

use super::facts::{Conn, Facts, Finding, Moment};
use super::points::{Audit, Point};
use attachment::{Attachment, Key};
use exchanges::{Coming, Exchanges};
use limits::Limits;
use mqtt_assay_codec::{
    Connack, Connect, Disconnect, Packet, PacketId, Publish, QoS, ReasonCode, Version, split_shared,
};
use mqtt_assay_standard::bounds;

use presence::{Expects, Lasts};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long nothing may go on, where something is owed: a round figure, as the design has it.
const OWED: Duration = Duration::from_secs(10);

/// All sessions of a run.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    attachments: Vec<Attachment>,
    held: BTreeMap<Key, Session>,
    /// When each broker last gave a sign of life.
    alive: BTreeMap<u64, Duration>,
    suspected: Vec<Suspected>,
    /// What has not come again up to the end of a connection, rightly.
    kept: Vec<(Conn, Point)>,
    /// When anything was last read or written in the run.
    last: Duration,
}

/// The session of one client identifier, or what was one.
#[derive(Debug)]
struct Session {
    version: Version,
    /// Connections whose CONNECT named it and that the broker has not ended.
    open: Vec<Conn>,
    /// The last whose CONNECT named it.
    newest: Option<Conn>,
    /// The last that the broker has let in.
    last: Option<Conn>,
    /// The one whose session that one has taken up.
    before: Option<Conn>,
    /// Nothing is certain of it.
    is_unsure: bool,
    exchanges: Exchanges,
    /// It has subscribed to a share, so that others may be given its messages.
    shares: bool,
}

/// What was owed and did not come: a breach, if the broker is seen alive behind the time that it had.
#[derive(Debug)]
struct Suspected {
    broker: u64,
    until: Duration,
    finding: Finding,
    /// It was looked at before.
    is_old: bool,
}

impl Session {
    fn new(version: Version) -> Self {
        Self {
            version,
            open: Vec::new(),
            newest: None,
            last: None,
            before: None,
            is_unsure: false,
            exchanges: Exchanges::default(),
            shares: false,
        }
    }

    /// The CONNECT of this connection names it.
    fn connects(&mut self, conn: Conn) {
        self.open.push(conn);
        self.newest = Some(conn);
    }
}

impl Sessions {
    /// A network connection was opened.
    pub(super) fn opened(&mut self, _conn: Conn, facts: &Facts) {
        // Of the first there is often no second.
        if self.attachments.is_empty() {
            self.attachments.reserve_exact(1);
        }
        self.attachments.push(Attachment::new(facts));
    }

    /// We write a packet. `is_illegal`: it breaks the standard, or something that we wrote before it on this connection
    /// does, so that the broker may or may not heed it.
    pub(super) fn client_sent(&mut self, conn: Conn, moment: Moment, packet: &Packet<'_>, is_illegal: bool) {
        self.passes_to(moment.at);
        if !matches!(packet, Packet::Pingreq) {
            self.look_for_debts(conn, moment.at);
            self.attachments[conn.0].quiet_since = moment.at;
        }
        if let Packet::Connect(connect) = packet {
            return self.connects(conn, moment, connect, is_illegal);
        }
        if is_illegal {
            return self.client_broke(conn, moment);
        }
        let attachment = &mut self.attachments[conn.0];
        attachment.own.wrote(packet, moment.at);
        if let Some(limits) = &mut attachment.limits {
            limits.acknowledged(packet);
        }
        if let Packet::Disconnect(disconnect) = packet {
            // Behind the broker's end nobody reads it.
            let changed = Lasts::of_disconnect(disconnect).filter(|_| attachment.may_be_open());
            (attachment.has_left, attachment.changed) = (true, changed);
            // A session that was to end with its connection can't be made longer then (3.14.2.2.2 of 5.0).
            if attachment.lasts == Some(Lasts::NoTime) && changed.is_some_and(|changed| changed != Lasts::NoTime) {
                return self.client_broke(conn, moment);
            }
        }
        let Some(session) = attachment.key.as_ref().and_then(|key| self.held.get_mut(key)) else { return };
        match packet {
            Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubcomp(ack) if session.last == Some(conn) => {
                let (id, kind) = (ack.packet_id.get(), packet.packet_type());
                session.exchanges.acknowledged(conn, moment.seq, id, kind, ack.reason);
            }
            Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubcomp(ack) => {
                session.exchanges.confuse(ack.packet_id.get());
            }
            Packet::Subscribe(subscribe) => {
                session.shares |= subscribe.filters.iter().any(|(filter, _)| split_shared(filter).is_some());
            }
            _ => {}
        }
    }

    fn connects(&mut self, conn: Conn, moment: Moment, connect: &Connect<'_>, is_illegal: bool) {
        let attachment = &mut self.attachments[conn.0];
        let key = (attachment.broker, connect.client_id.to_owned());
        let is_own = !attachment.own_clients.is_empty() && connect.client_id.starts_with(&attachment.own_clients);
        if is_illegal {
            self.client_broke(conn, moment);
        } else {
            attachment.connects(connect, moment);
        }
        if connect.client_id.is_empty() {
            return;
        }
        let version = self.attachments[conn.0].version;
        let expects = match self.held.get(&key) {
            None if is_own => Expects::Absent,
            None => Expects::Either,
            Some(session) => self.expected(session, version, moment.at),
        };
        let session = self.held.entry(key.clone()).or_insert_with(|| Session::new(version));
        session.is_unsure |= is_illegal || session.version != version;
        session.connects(conn);
        let attachment = &mut self.attachments[conn.0];
        (attachment.key, attachment.expects) = (Some(key), if is_illegal { Expects::Either } else { expects });
    }

    /// What a client that comes back now is to find.
    fn expected(&self, session: &Session, version: Version, now: Duration) -> Expects {
        let may_act_yet = |conn: &Conn| self.attachments[conn.0].lasts.is_none();
        if session.is_unsure || session.version != version || session.open.iter().any(may_act_yet) {
            return Expects::Either;
        }
        session.last.map_or(Expects::Either, |last| self.attachments[last.0].expected(now))
    }

    /// We have written something against the standard that can't be read as a packet.
    pub(super) fn client_broke(&mut self, conn: Conn, moment: Moment) {
        self.passes_to(moment.at);
        let attachment = &mut self.attachments[conn.0];
        attachment.is_tainted = true;
        if let Some(session) = attachment.key.as_ref().and_then(|key| self.held.get_mut(key)) {
            session.is_unsure = true;
            session.exchanges.clear();
        }
    }

    /// The broker has read all that we wrote on this connection up to this moment.
    pub(super) fn broker_has_read(&mut self, conn: Conn, up_to: Moment) {
        let attachment = &mut self.attachments[conn.0];
        attachment.was_open = attachment.was_open.max(up_to.at);
        if let Some(session) = attachment.key.as_ref().and_then(|key| self.held.get_mut(key)) {
            session.exchanges.has_read(conn, up_to.seq);
        }
    }

    /// A packet of the broker was read.
    pub(super) fn broker_sent(&mut self, conn: Conn, moment: Moment, packet: &Packet<'_>, audit: &mut Audit) {
        self.passes_to(moment.at);
        self.alive.insert(self.attachments[conn.0].broker, moment.at);
        if !matches!(packet, Packet::Pingresp) {
            self.look_for_debts(conn, moment.at);
            self.attachments[conn.0].quiet_since = moment.at;
        }
        if !matches!(packet, Packet::Pingresp | Packet::Connack(_)) {
            self.attachments[conn.0].served = moment.at;
        }
        let length = packet.encoded_len(self.attachments[conn.0].version).unwrap_or(0);
        if let Some(limits) = &self.attachments[conn.0].limits {
            limits.hold_length(packet.packet_type().name(), length, audit);
        }
        self.attachments[conn.0].own.answered(packet);
        match packet {
            Packet::Connack(connack) => self.answers(conn, moment, connack, audit),
            Packet::Publish(publish) => self.publishes(conn, moment, publish, length, audit),
            Packet::Pubrel(ack) => self.releases(conn, ack.packet_id.get(), audit),
            Packet::Disconnect(disconnect) => self.takes_leave(conn, moment, disconnect, audit),
            _ => {}
        }
    }

    fn answers(&mut self, conn: Conn, moment: Moment, connack: &Connack<'_>, audit: &mut Audit) {
        let packet = Packet::Connack(*connack);
        if let Some(limits) = &self.attachments[conn.0].limits {
            limits.hold_connack(&packet, audit);
        }
        if self.attachments[conn.0].lasts.is_some() {
            return;
        }
        self.hold_assigned(conn, connack, audit);
        let attachment = &mut self.attachments[conn.0];
        let Some(wish) = &attachment.wish else { return };
        let (clean_start, asked) = (wish.clean_start, wish.expiry);
        if connack.reason != ReasonCode::SUCCESS {
            if let Some(session) = attachment.key.as_ref().and_then(|key| self.held.get_mut(key)) {
                session.is_unsure = true;
            }
            return;
        }
        attachment.own.accepted(connack);
        attachment.lasts = Some(Lasts::of(attachment.version, clean_start, asked, connack));
        (attachment.taken_up, attachment.is_resumed) = (moment, connack.session_present);
        hold_presence(attachment, clean_start, connack.session_present, moment.at, audit);
        let largest = attachment.limits.as_ref().map_or(usize::MAX, Limits::largest);
        let (key, version) = (attachment.key.clone(), attachment.version);
        let Some(session) = key.and_then(|key| self.held.get_mut(&key)) else { return };
        if !connack.session_present || session.is_unsure || session.version != version {
            session.exchanges.clear();
        }
        session.shares &= connack.session_present;
        session.exchanges.drop_larger(largest);
        session.before = session.last.filter(|_| connack.session_present);
        (session.last, session.version) = (Some(conn), version);
        let attachments = &self.attachments;
        session.is_unsure = session.open.iter().any(|other| *other != conn && attachments[other.0].lasts.is_none());
    }

    /// A client identifier that the broker has chosen is that of nobody else.
    fn hold_assigned(&mut self, conn: Conn, connack: &Connack<'_>, audit: &mut Audit) {
        let attachment = &self.attachments[conn.0];
        let Some(assigned) = connack.properties.assigned_client_identifier().filter(|_| attachment.key.is_none())
        else {
            return;
        };
        let (key, version) = ((attachment.broker, assigned.to_owned()), attachment.version);
        let connect = attachment.connect;
        let is_connected = |other: &Attachment| {
            let is_there = other.lasts.is_some() && !other.is_ended_by_us && !other.is_tainted;
            // Who is told that it was taken over has been connected up to then.
            let is_taken_over = other.taken_over.is_some_and(|seq| seq > connect);
            is_there && (is_taken_over || !other.is_left && other.may_be_open())
        };
        let last = self.held.get(&key).and_then(|session| session.last);
        if last.is_some_and(|last| is_connected(&self.attachments[last.0])) {
            audit.broken(Point::AssignedToOne, "a client identifier that another client has, which is connected");
        } else {
            audit.kept(Point::AssignedToOne);
        }
        let session = self.held.entry(key.clone()).or_insert_with(|| Session::new(version));
        session.connects(conn);
        self.attachments[conn.0].key = Some(key);
    }

    fn publishes(&mut self, conn: Conn, moment: Moment, publish: &Publish<'_>, length: usize, audit: &mut Audit) {
        let attachment = &mut self.attachments[conn.0];
        let Some(limits) = attachment.limits.as_mut().filter(|_| !attachment.is_tainted) else { return };
        limits.hold_publish(publish, audit.is_repetition(), audit);
        let Some(id) = publish.packet_id.map(PacketId::get) else { return };
        let (topic, version) = (limits.topic(publish).to_owned(), attachment.version);
        let order_is_told = attachment.order_is_told;
        let Some(session) = attachment.key.as_ref().and_then(|key| self.held.get_mut(key)) else { return };
        // What a share brings may be another member's by now, and what expires need not be sent again but at QoS 2.
        let is_free = publish.qos == QoS::AtLeastOnce
            && (session.shares || publish.properties.message_expiry_interval().is_some());
        // On another connection, where the alias means nothing, it has to name its topic, perhaps beside an alias.
        let length = length + topic.len() - publish.topic.len().min(topic.len());
        let coming =
            Coming { conn, seq: moment.seq, version, id, publish, topic: &topic, is_free, length, order_is_told };
        if session.last != Some(conn) {
            // What precedes CONNACK is one breach, and nothing is owed behind it.
            attachment.debt_is_told |= attachment.lasts.is_none();
            let is_late = session.before == Some(conn) && !session.is_unsure;
            return session.exchanges.comes_late(&coming, is_late);
        }
        session.exchanges.publish(&coming, audit);
        attachment.order_is_told |= audit.breaks(Point::OrderAfterResume);
    }

    fn releases(&mut self, conn: Conn, id: u16, audit: &mut Audit) {
        let attachment = &mut self.attachments[conn.0];
        let (version, is_told) = (attachment.version, attachment.releases_are_told);
        let Some(session) = attachment.key.as_ref().and_then(|key| self.held.get_mut(key)) else { return };
        if session.last != Some(conn) {
            return session.exchanges.confuse(id);
        }
        session.exchanges.released(conn, version, id, is_told, audit);
        attachment.releases_are_told |= audit.breaks(Point::OrderOfPubrels);
    }

    fn takes_leave(&mut self, conn: Conn, moment: Moment, disconnect: &Disconnect<'_>, audit: &mut Audit) {
        self.attachments[conn.0].is_left = true;
        if disconnect.reason == ReasonCode::SESSION_TAKEN_OVER {
            self.attachments[conn.0].taken_over = Some(moment.seq);
        }
        let attachment = &self.attachments[conn.0];
        let is_own = |(_, client_id): &&Key| {
            !attachment.own_clients.is_empty() && client_id.starts_with(&attachment.own_clients)
        };
        let session = attachment.key.as_ref().filter(is_own).and_then(|key| self.held.get(key));
        let is_alone = session.is_some_and(|session| session.newest == Some(conn));
        if attachment.version == Version::V5 && attachment.lasts.is_some() && !attachment.is_tainted {
            attachment.own.hold_farewell(disconnect, moment.at, attachment.is_resumed, is_alone, audit);
        }
    }

    /// The head of a message was read whose payload, so many bytes long, is passed over.
    pub(super) fn broker_passes(
        &mut self,
        conn: Conn,
        moment: Moment,
        head: &Publish<'_>,
        payload_length: usize,
        audit: &mut Audit,
    ) {
        self.passes_to(moment.at);
        let attachment = &mut self.attachments[conn.0];
        attachment.quiet_since = moment.at;
        let length = Packet::Publish(*head).encoded_len(attachment.version).unwrap_or(0) + payload_length;
        let Some(limits) = attachment.limits.as_mut().filter(|_| !attachment.is_tainted) else { return };
        limits.hold_length("PUBLISH", length, audit);
        limits.hold_publish(head, audit.is_repetition(), audit);
        // Its payload is unknown, so that it can't be told from another.
        let session = attachment.key.as_ref().and_then(|key| self.held.get_mut(key));
        if let (Some(session), Some(id)) = (session, head.packet_id) {
            session.exchanges.confuse(id.get());
        }
    }

    /// From here on what the broker sends is not seen any more.
    pub(super) fn lost_sight(&mut self, conn: Conn, moment: Moment) {
        self.passes_to(moment.at);
        self.look_for_debts(conn, moment.at);
        let attachment = &mut self.attachments[conn.0];
        attachment.is_blind = true;
        // What comes unseen may be anything.
        if attachment.ended_by_broker.is_none()
            && let Some(session) = attachment.key.as_ref().and_then(|key| self.held.get_mut(key))
            && session.last == Some(conn)
        {
            session.exchanges.clear();
        }
    }

    /// The broker resets the connection: our DISCONNECT may be what it has not read, and then it ends by itself.
    pub(super) fn broker_reset(&mut self, conn: Conn) {
        let attachment = &mut self.attachments[conn.0];
        attachment.is_left |= attachment.has_left;
    }

    /// The broker's half has come to its end.
    pub(super) fn broker_ended(&mut self, conn: Conn, moment: Moment) {
        self.passes_to(moment.at);
        self.look_for_debts(conn, moment.at);
        let attachment = &mut self.attachments[conn.0];
        attachment.ended_by_broker = Some(moment);
        let has_parted = attachment.has_parted();
        let Some(session) = attachment.key.as_ref().and_then(|key| self.held.get_mut(key)) else { return };
        // A CONNECT that came in between may have been what ended it.
        if has_parted && session.newest == Some(conn) {
            session.exchanges.has_read(conn, moment.seq);
        }
        session.open.retain(|other| *other != conn);
        // What a CONNECT without an answer has done to the session is not known.
        session.is_unsure |= attachment.lasts.is_none();
        if session.last == Some(conn) && attachment.is_resumed && !attachment.is_tainted {
            self.kept.extend(session.exchanges.settled(conn).into_iter().map(|point| (conn, point)));
        }
    }

    /// We end our half, or let the connection go; after the broker's end or before it.
    pub(super) fn client_ended(&mut self, conn: Conn, moment: Moment) {
        self.passes_to(moment.at);
        self.look_for_debts(conn, moment.at);
        self.attachments[conn.0].is_ended_by_us = true;
    }

    /// The run has come to this time: what was owed until then and did not come.
    pub(super) fn due(&mut self, now: Duration, findings: &mut Vec<Finding>) {
        self.passes_to(now);
        for place in 0..self.attachments.len() {
            self.look_for_debts(Conn(place), now);
        }
        for mut suspected in std::mem::take(&mut self.suspected) {
            let is_alive = self.alive.get(&suspected.broker).is_some_and(|alive| *alive >= suspected.until);
            if is_alive && !(suspected.is_old && self.has_come(&suspected)) {
                findings.push(suspected.finding);
            } else if !is_alive {
                // It may yet be seen that the broker lives on, and that it only was slow.
                suspected.is_old = true;
                self.suspected.push(suspected);
            }
        }
    }

    /// What was missing is not owed on its connection any more.
    fn has_come(&self, suspected: &Suspected) -> bool {
        let conn = suspected.finding.conn;
        let session = self.attachments[conn.0].key.as_ref().and_then(|key| self.held.get(key));
        session.is_none_or(|session| match suspected.finding.point {
            Point::OwedPubrel => session.exchanges.owed_release(conn).is_none(),
            _ => session.exchanges.owed(conn, usize::MAX).is_none(),
        })
    }

    /// What was kept although no packet shows it, and was not told before.
    pub(super) fn kept(&mut self) -> Vec<(Conn, Point)> {
        std::mem::take(&mut self.kept)
    }

    /// Time has come so far. Across a gap of our own nothing is owed.
    fn passes_to(&mut self, now: Duration) {
        let gap = now.saturating_sub(std::mem::replace(&mut self.last, now));
        if gap >= bounds::STANDSTILL {
            for attachment in self.attachments.iter_mut().filter(|attachment| !attachment.is_simulated) {
                attachment.quiet_since = now;
            }
        }
    }

    /// When anybody of the same case was last served.
    fn last_served(&self, own: &Attachment) -> Duration {
        let is_beside = |other: &&Attachment| (other.broker, &other.own_clients) == (own.broker, &own.own_clients);
        let of_case = self.attachments.iter().filter(is_beside);
        of_case.map(|attachment| attachment.served).max().unwrap_or_default()
    }

    /// What this connection was owed and was not sent while nothing went on there, although nothing kept the broker from it.
    fn look_for_debts(&mut self, conn: Conn, now: Duration) {
        let attachment = &self.attachments[conn.0];
        let until = attachment.quiet_since + OWED;
        let is_over = attachment.is_ended_by_us || attachment.ended_by_broker.is_some() || attachment.is_blind;
        if now < until || is_over || attachment.is_tainted || attachment.debt_is_told || !attachment.is_resumed {
            return;
        }
        let Some(session) = attachment.key.as_ref().and_then(|key| self.held.get(key)) else { return };
        if session.last != Some(conn) || attachment.has_left || session.exchanges.waits_for_us(conn) {
            return;
        }
        // A broker that does one thing after the other may still be busy with others of the case.
        let until = until.max(self.last_served(attachment) + OWED);
        if now < until {
            return;
        }
        let (broker, owed) = (attachment.broker, attachment.taken_up);
        let largest = attachment.limits.as_ref().map_or(usize::MAX, Limits::largest);
        let why = |what: &str, id: u16| {
            format!("{what} {id} was owed again, and nothing came of it for {OWED:?} on this connection")
        };
        let publish = session.exchanges.owed(conn, largest);
        let message = publish.map(|id| (Point::OwedAfterResume, why("the message with identifier", id)));
        let release = session.exchanges.owed_release(conn).map(|id| (Point::OwedPubrel, why("PUBREL", id)));
        let found: Vec<_> = message.into_iter().chain(release).collect();
        self.attachments[conn.0].debt_is_told = !found.is_empty();
        self.suspected.extend(found.into_iter().map(|(point, why)| {
            let finding = Finding { conn, owed, point, why };
            Suspected { broker, until, finding, is_old: false }
        }));
    }
}

/// What CONNACK says of the session.
fn hold_presence(attachment: &Attachment, clean_start: bool, is_present: bool, now: Duration, audit: &mut Audit) {
    let (point, is_right, why) = match attachment.expects {
        _ if clean_start => (Point::NoSessionAtCleanStart, !is_present, "Session Present 1 after a clean start"),
        Expects::Absent => {
            (Point::NoSessionWhereNone, !is_present, "Session Present 1, where the broker can have no session")
        }
        Expects::Present(until) if now <= until => {
            (Point::SessionWhereKept, is_present, "Session Present 0, where the session was to be kept")
        }
        Expects::Present(_) | Expects::Either => return,
    };
    if is_right { audit.kept(point) } else { audit.broken(point, why) }
}
