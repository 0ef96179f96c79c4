//! The judge of clients: the auditor turned around. Told of all that a broker reads from its clients and writes to them, it
//! says of each packet what [duties](duty) it breaks that no single packet shows: identifiers, re-sends, order, what a session
//! is owed.
//!
//! It knows the codec and the standard's data only, asks no broker for its state, and so judges a client of a faulty broker
//! as fairly as that of a sound one. Doubt is never a breach:
//!
//! * What was written before a packet was read may have been known to its sender; what was not written can't have been.
//! * A client that sends more before CONNACK was written isn't held to what that says.
//! * Where two messages have one identifier, neither is judged any more; behind bytes that can't be read nothing is.
//! * What is owed without a limit of time is missed only where something later was done instead, or the client left by
//!   itself, or was there for [long](mqtt_assay_standard::bounds::SILENT).
//!
//! What single packets break, and limits that CONNACK tells, the reference broker names itself.

mod connection;
mod deliveries;
mod duty;
mod exchanges;
mod order;
mod splitter;
#[cfg(test)]
mod tests;

use connection::{Connection, State};
use duty::Duty;
use mqtt_assay_codec::{Connack, Packet, Sender, Version};
use splitter::{Part, Splitter, version_of};
use std::collections::BTreeMap;
use std::time::Duration;

/// How many sessions of absent clients are remembered.
const MOST_SESSIONS: usize = 1_000;

/// Sessions of clients with longer identifiers are not remembered.
const LONGEST: usize = 1_000;

/// How much of a packet a breach shows.
const MOST_BYTES: usize = 64;

/// Something that is noticed.
#[derive(Debug)]
pub(crate) enum Noticed<'a> {
    /// A packet went by.
    Passing(Passing<'a>),
    /// A client broke a rule.
    Breach(Breach),
}

/// A packet that goes by.
#[derive(Debug)]
pub(crate) struct Passing<'a> {
    pub(crate) connection: u64,
    pub(crate) from: Sender,
    pub(crate) version: Version,
    /// Nothing where it was too long to be looked at.
    pub(crate) packet: Option<Packet<'a>>,
    /// Its bytes, or the first of them.
    pub(crate) bytes: &'a [u8],
    /// How long it is in all.
    pub(crate) length: usize,
}

/// A rule that a client broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach {
    pub(crate) connection: u64,
    pub(crate) version: Version,
    pub(crate) rule: &'static str,
    /// What it did.
    pub(crate) what: String,
    /// Its packet, cut; empty where it was none.
    pub(crate) bytes: Vec<u8>,
    pub(crate) length: usize,
    /// Which of its packets; 0 where it was none.
    pub(crate) number: u64,
}

/// All connections, and the sessions of clients that are away.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    connections: BTreeMap<u64, Connection>,
    sessions: BTreeMap<String, State>,
}

impl Watch {
    /// A connection was opened.
    pub(crate) fn opened(&mut self, number: u64) {
        self.connections.insert(number, Connection::new(number));
    }

    /// These bytes of a client were read.
    pub(crate) fn read(&mut self, number: u64, bytes: &[u8], mut tell: impl FnMut(Noticed<'_>)) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let mut splitter = std::mem::replace(&mut connection.client, Splitter::new(Sender::Client));
        splitter.split(bytes, |part| part_from_client(connection, &part, &mut tell));
        connection.client = splitter;
    }

    /// These bytes were written to a client, `at` so long after the start.
    pub(crate) fn wrote(&mut self, number: u64, bytes: &[u8], at: Duration, mut tell: impl FnMut(Noticed<'_>)) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let mut splitter = std::mem::replace(&mut connection.broker, Splitter::new(Sender::Server));
        if connection.written == 0 {
            splitter.speaks(connection.version);
        }
        splitter.split(bytes, |part| self.part_from_broker(number, &part, at, &mut tell));
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.broker = splitter;
        }
    }

    fn part_from_broker(&mut self, number: u64, part: &Part<'_>, at: Duration, tell: &mut impl FnMut(Noticed<'_>)) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let passing = passing(connection, Sender::Server, part);
        if let Some(passing) = passing {
            connection.written += 1;
            tell(Noticed::Passing(passing));
        }
        match part {
            Part::Packet(Packet::Connack(connack), _) if !connack.reason.is_error() && connack.reason.0 == 0 => {
                self.welcome(number, connack, at);
            }
            Part::Packet(packet, _) => connection.wrote(packet),
            Part::Head(publish, ..) => connection.wrote(&Packet::Publish(*publish)),
            // What it was is not known, and so not what the client makes of it.
            Part::Long(..) | Part::Unreadable => connection.give_up(),
            Part::Payload(..) => {}
        }
    }

    fn welcome(&mut self, number: u64, connack: &Connack<'_>, at: Duration) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        if let Some(assigned) = connack.properties.assigned_client_identifier() {
            connection.client_id = Some(assigned.to_owned());
        }
        let kept = connection.client_id.clone().and_then(|id| self.session_of(&id, number));
        if let Some(connection) = self.connections.get_mut(&number) {
            connection.welcomed(connack, kept, at);
        }
    }

    /// What is known of a session, which goes over to this connection.
    fn session_of(&mut self, id: &str, number: u64) -> Option<State> {
        let is_it = |connection: &&mut Connection| {
            connection.number != number && connection.is_served() && connection.client_id.as_deref() == Some(id)
        };
        let other = self.connections.values_mut().rfind(is_it).map(Connection::hand_over);
        let kept = self.sessions.remove(id);
        other.or(kept)
    }

    /// The connection ends, `at` so long after the start; `by_client` where the client has ended it.
    pub(crate) fn closes(&mut self, number: u64, by_client: bool, at: Duration, mut tell: impl FnMut(Noticed<'_>)) {
        let Some(connection) = self.connections.get_mut(&number) else { return };
        let mut broken = Vec::new();
        connection.end(by_client || connection.has_left(), at, &mut broken);
        name_all(connection, broken, (0, &[], 0), &mut tell);
        if !connection.is_served() {
            return;
        }
        let (id, state) = (connection.client_id.clone(), connection.hand_over());
        if let Some(id) = id.filter(|id| id.len() <= LONGEST) {
            self.sessions.insert(id, state);
        }
        if self.sessions.len() > MOST_SESSIONS {
            self.sessions.pop_first();
        }
    }

    /// Nothing more is read or written.
    pub(crate) fn ended(&mut self, number: u64) {
        self.connections.remove(&number);
    }
}

fn part_from_client(connection: &mut Connection, part: &Part<'_>, tell: &mut impl FnMut(Noticed<'_>)) {
    if let Part::Packet(Packet::Connect(_), bytes) = part
        && connection.received == 0
    {
        connection.version = version_of(bytes).unwrap_or(Version::V3_1_1);
    }
    let passing = passing(connection, Sender::Client, part);
    if let Some(passing) = passing {
        connection.received += 1;
        tell(Noticed::Passing(passing));
    }
    let mut broken = Vec::new();
    match part {
        Part::Packet(packet, bytes) => {
            connection.received(packet, &mut broken);
            name_all(connection, broken, (connection.received, bytes, bytes.len()), tell);
        }
        Part::Head(head, bytes, length) => {
            connection.begins(head, bytes, *length, &mut broken);
            name_all(connection, broken, (connection.received, bytes, *length), tell);
        }
        Part::Payload(piece, is_last) => {
            if let Some(it) = connection.goes_on(piece, *is_last, &mut broken) {
                name_all(connection, broken, (it.number, &it.bytes, it.length), tell);
            }
        }
        Part::Long(..) | Part::Unreadable => connection.give_up(),
    }
}

fn passing<'a>(connection: &Connection, from: Sender, part: &Part<'a>) -> Option<Passing<'a>> {
    let (packet, bytes, length) = match part {
        Part::Packet(packet, bytes) => (Some(*packet), *bytes, bytes.len()),
        Part::Head(head, bytes, length) => (Some(Packet::Publish(*head)), *bytes, *length),
        Part::Long(bytes, length) => (None, *bytes, *length),
        Part::Payload(..) | Part::Unreadable => return None,
    };
    Some(Passing { connection: connection.number, from, version: connection.version, packet, bytes, length })
}

fn name_all(
    connection: &Connection,
    broken: Vec<(Duty, String)>,
    (number, bytes, length): (u64, &[u8], usize),
    tell: &mut impl FnMut(Noticed<'_>),
) {
    for (duty, what) in broken {
        let Some(rule) = duty.rule(connection.version) else { continue };
        tell(Noticed::Breach(Breach {
            connection: connection.number,
            version: connection.version,
            rule,
            what,
            bytes: bytes[..bytes.len().min(MOST_BYTES)].to_vec(),
            length,
            number,
        }));
    }
}
