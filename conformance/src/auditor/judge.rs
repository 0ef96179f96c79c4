//! The judge of a run: told of all that goes over its connections, and asking each part of the auditor.

use super::clients::Clients;
use super::connection::Connection;
use super::facts::{Conn, Facts, Finding, Moment};
use super::outgoing::{Outgoing, Written};
use super::places::Places;
use super::points::{Audit, Point};
use super::routing::Routing;
use super::sessions::Sessions;
use mqtt_assay_codec::{DecodeError, Packet, Publish};
use std::cell::RefCell;
use std::time::Duration;

/// The auditor of one run.
#[derive(Debug, Default)]
pub struct Auditor(RefCell<Judge>);

#[derive(Debug, Default)]
struct Judge {
    /// The place of the last that was written or read.
    seq: u64,
    clients: Clients,
    watched: Vec<Watched>,
    sessions: Sessions,
    routing: Routing,
}

/// One connection.
#[derive(Debug)]
struct Watched {
    facts: Facts,
    outgoing: Outgoing,
    connection: Connection,
    /// When our packets were written.
    places: Places,
    has_lost_sight: bool,
    is_ended_by_broker: bool,
    is_ended_by_us: bool,
}

impl Auditor {
    /// A network connection was opened.
    pub fn opened(&self, facts: Facts) -> Conn {
        let mut judge = self.0.borrow_mut();
        let conn = Conn(judge.watched.len());
        judge.sessions.opened(conn, &facts);
        judge.routing.opened(conn, &facts);
        // Of the first there is often no second.
        if judge.watched.is_empty() {
            judge.watched.reserve_exact(1);
        }
        judge.watched.push(Watched::new(facts));
        conn
    }

    /// What was told of a connection when it was opened.
    pub fn facts(&self, conn: Conn) -> Facts {
        self.0.borrow().watched[conn.0].facts.clone()
    }

    /// We write these bytes, `at` so long after the run began; `is_mutated` where a mistake was put into them on purpose.
    pub fn wrote(&self, conn: Conn, at: Duration, line: u32, bytes: &[u8], is_mutated: bool) {
        let judge = &mut *self.0.borrow_mut();
        let mut outgoing = std::mem::take(&mut judge.watched[conn.0].outgoing);
        let version = judge.watched[conn.0].facts.version;
        outgoing.write(version, bytes, is_mutated, |written| judge.written(conn, at, line, written));
        judge.watched[conn.0].outgoing = outgoing;
    }

    /// A packet of the broker was read; with `error` where it breaks a rule of form and was read without that.
    pub fn read(&self, conn: Conn, at: Duration, line: u32, packet: &Packet<'_>, error: Option<&DecodeError>) -> Audit {
        let judge = &mut *self.0.borrow_mut();
        let moment = judge.next(at, line);
        let connection = &mut judge.watched[conn.0].connection;
        let mut audit = Audit::on(connection.is_tainted());
        let sayable = connection.received(packet, error, &mut judge.clients, &mut audit);
        let read = judge.watched[conn.0].read();
        if let Some(up_to) = read {
            judge.sessions.broker_has_read(conn, up_to);
        }
        judge.sessions.broker_sent(conn, moment, packet, &mut audit);
        judge.routing.broker_sent(conn, moment, packet, &mut audit);
        sayable.restrict(&mut audit);
        audit
    }

    /// The head of a message was read that is too large to be kept; its payload, so many bytes long, is passed over.
    pub fn passes(&self, conn: Conn, at: Duration, line: u32, head: &Publish<'_>, payload_length: usize) -> Audit {
        let judge = &mut *self.0.borrow_mut();
        let moment = judge.next(at, line);
        let connection = &mut judge.watched[conn.0].connection;
        let mut audit = Audit::on(connection.is_tainted());
        let sayable = connection.passes(head, &mut audit);
        judge.sessions.broker_passes(conn, moment, head, payload_length, &mut audit);
        judge.routing.broker_passes(conn, moment, head, payload_length, &mut audit);
        sayable.restrict(&mut audit);
        audit
    }

    /// The payload that was passed over has come to its end; what it [hashes](super::Print) to.
    pub fn passed(&self, conn: Conn, at: Duration, print: u64) {
        let judge = &mut *self.0.borrow_mut();
        let moment = judge.next(at, 0);
        judge.routing.broker_passed(conn, moment, print);
    }

    /// From here on what the broker sends is not seen any more.
    pub fn lost_sight(&self, conn: Conn, at: Duration) {
        let judge = &mut *self.0.borrow_mut();
        if !std::mem::replace(&mut judge.watched[conn.0].has_lost_sight, true) {
            let moment = judge.next(at, 0);
            judge.sessions.lost_sight(conn, moment);
            judge.routing.lost_sight(conn, moment);
        }
    }

    /// The broker has reset the connection, and so not read all that was sent, or nobody knows.
    pub fn broker_reset(&self, conn: Conn, at: Duration, line: u32) {
        {
            let judge = &mut *self.0.borrow_mut();
            judge.sessions.broker_reset(conn);
            judge.routing.broker_reset(conn);
        }
        self.broker_ended(conn, at, line);
    }

    /// The broker's half was read to its end.
    pub fn broker_ended(&self, conn: Conn, at: Duration, line: u32) {
        let judge = &mut *self.0.borrow_mut();
        if !std::mem::replace(&mut judge.watched[conn.0].is_ended_by_broker, true) {
            let moment = judge.next(at, line);
            judge.sessions.broker_ended(conn, moment);
            judge.routing.broker_ended(conn, moment);
        }
    }

    /// We end our half, or let the connection go.
    pub fn client_ended(&self, conn: Conn, at: Duration, line: u32) {
        let judge = &mut *self.0.borrow_mut();
        if !std::mem::replace(&mut judge.watched[conn.0].is_ended_by_us, true) {
            let moment = judge.next(at, line);
            judge.sessions.client_ended(conn, moment);
            judge.routing.client_ended(conn, moment);
        }
    }

    /// What was kept although no packet shows it, and was not told before.
    pub fn kept(&self) -> Vec<(Conn, Point)> {
        self.0.borrow_mut().sessions.kept()
    }

    /// The run has come to this time: what was owed until then and did not come, and was not told before.
    pub fn due(&self, now: Duration) -> Vec<Finding> {
        let judge = &mut *self.0.borrow_mut();
        let mut findings = Vec::new();
        judge.sessions.due(now, &mut findings);
        judge.routing.due(now, &mut findings);
        findings
    }
}

impl Watched {
    fn new(facts: Facts) -> Self {
        Self {
            connection: Connection::new(facts.version),
            facts,
            outgoing: Outgoing::default(),
            places: Places::default(),
            has_lost_sight: false,
            is_ended_by_broker: false,
            is_ended_by_us: false,
        }
    }
}

impl Watched {
    /// The last of our packets that the broker is known to have read.
    fn read(&mut self) -> Option<Moment> {
        self.places.up_to(self.connection.read_up_to())
    }
}

impl Judge {
    fn next(&mut self, at: Duration, line: u32) -> Moment {
        self.seq += 1;
        Moment { seq: self.seq, at, line }
    }

    fn written(&mut self, conn: Conn, at: Duration, line: u32, written: Written<'_>) {
        let moment = self.next(at, line);
        let Watched { connection, places, .. } = &mut self.watched[conn.0];
        let packet = match written {
            Written::Sound(packet) | Written::Illegal(packet) => packet,
            Written::Unreadable => {
                connection.taint();
                self.sessions.client_broke(conn, moment);
                self.routing.client_broke(conn, moment);
                return;
            }
        };
        match packet {
            _ if !connection.is_tainted() => {
                connection.note(packet, &mut self.clients);
                places.wrote(moment);
            }
            // Who serves it all the same keeps a session for it.
            Packet::Connect(connect) => drop(self.clients.is_first(connect.client_id)),
            _ => {}
        }
        if matches!(written, Written::Illegal(_)) {
            connection.taint();
        }
        let is_illegal = connection.is_tainted();
        self.sessions.client_sent(conn, moment, packet, is_illegal);
        self.routing.client_sent(conn, moment, packet, is_illegal);
    }
}
