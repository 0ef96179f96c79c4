//! What becomes of messages on their way from one client to others: every delivery is held against all that the clients of
//! a run have published, subscribed, left as wills and had retained on the same broker.
//!
//! A delivery is explained by any message that says the same on the same topic and could have come to that client, as a
//! live one by a subscription that may have been there, or as a retained one by a SUBSCRIBE. Of several explanations the
//! one that leaves least to blame is taken; what even that one blames is a breach. What was owed and did not come is told
//! only where the order of messages or a long silence shows it (`debts`).
//!
//! * A subscription may bring messages from its SUBSCRIBE on, and it does from SUBACK on; none that is published after
//!   UNSUBACK, or after another took its place.
//! * PUBACK, or PUBREC below 0x80, says that the broker owns a message, and not that it has routed it: it may come live to a
//!   subscription that is made later, until the first copy of it was seen.
//! * Retained messages may be looked up until the connection of the SUBSCRIBE ends, once for each SUBSCRIBE and topic.
//! * Topics that are not below those of the run are not judged: others publish there.

mod blame;
mod connecting;
mod content;
mod copies;
mod debts;
mod delivered;
mod delivering;
mod explain;
mod judged;
#[cfg(test)]
mod laws;
mod publications;
mod publishing;
mod sessions;
mod subscribing;
mod subscriptions;
#[cfg(test)]
mod tests;
mod topics;
mod traffic;

use super::facts::{Conn, Facts, Finding, Moment};
use super::points::Audit;
use mqtt_assay_codec::{Packet, Publish};
use mqtt_assay_standard::bounds;
use std::collections::BTreeMap;
use std::time::Duration;
use traffic::Traffic;

/// All messages and subscriptions of a run, by broker.
#[derive(Debug, Default)]
pub(super) struct Routing {
    /// Boxed, as connections are: most runs of the hunt have one, and a map makes room for eleven.
    brokers: BTreeMap<u64, Box<Traffic>>,
    homes: BTreeMap<Conn, u64>,
    /// When anything was last read or written in the run.
    last: Duration,
}

impl Routing {
    fn of(&mut self, conn: Conn) -> Option<&mut Traffic> {
        self.brokers.get_mut(self.homes.get(&conn)?).map(Box::as_mut)
    }

    /// Time has come so far. Across a gap of our own nothing is owed.
    fn passes_to(&mut self, now: Duration) {
        let gap = now.saturating_sub(std::mem::replace(&mut self.last, now));
        if gap >= bounds::STANDSTILL {
            self.brokers.values_mut().for_each(|traffic| traffic.stood_still(now));
        }
    }

    /// A network connection was opened.
    pub(super) fn opened(&mut self, conn: Conn, facts: &Facts) {
        self.homes.insert(conn, facts.broker);
        self.brokers.entry(facts.broker).or_default().opened(conn, facts);
    }

    /// We write a packet. `is_illegal`: it breaks the standard, or something that we wrote before it on this connection
    /// does, so that the broker may or may not heed it.
    pub(super) fn client_sent(&mut self, conn: Conn, moment: Moment, packet: &Packet<'_>, is_illegal: bool) {
        self.passes_to(moment.at);
        if let Some(traffic) = self.of(conn) {
            traffic.client_sent(conn, moment, packet, is_illegal);
        }
    }

    /// We have written something against the standard that can't be read as a packet.
    pub(super) fn client_broke(&mut self, conn: Conn, _moment: Moment) {
        if let Some(traffic) = self.of(conn) {
            traffic.client_broke(conn);
        }
    }

    /// A packet of the broker was read.
    pub(super) fn broker_sent(&mut self, conn: Conn, moment: Moment, packet: &Packet<'_>, audit: &mut Audit) {
        self.passes_to(moment.at);
        if let Some(traffic) = self.of(conn) {
            traffic.broker_sent(conn, moment, packet, audit);
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
        if let Some(traffic) = self.of(conn) {
            traffic.delivers(conn, moment, head, Some(payload_length), audit);
        }
    }

    /// The payload that was passed over has come to its end; what it [hashes](super::print) to.
    #[expect(clippy::unused_self, reason = "by its length it is told from others well enough")]
    pub(super) fn broker_passed(&mut self, _conn: Conn, _moment: Moment, _print: u64) {}

    /// From here on what the broker sends is not seen any more.
    pub(super) fn lost_sight(&mut self, conn: Conn, moment: Moment) {
        self.passes_to(moment.at);
        if let Some(traffic) = self.of(conn) {
            traffic.lost_sight(conn, moment);
        }
    }

    /// The broker resets the connection: our DISCONNECT may be what it has not read.
    pub(super) fn broker_reset(&mut self, conn: Conn) {
        if let Some(traffic) = self.of(conn) {
            traffic.broker_reset(conn);
        }
    }

    /// The broker's half has come to its end.
    pub(super) fn broker_ended(&mut self, conn: Conn, moment: Moment) {
        self.passes_to(moment.at);
        if let Some(traffic) = self.of(conn) {
            traffic.broker_ended(conn, moment);
        }
    }

    /// We end our half, or let the connection go; after the broker's end or before it.
    pub(super) fn client_ended(&mut self, conn: Conn, moment: Moment) {
        self.passes_to(moment.at);
        if let Some(traffic) = self.of(conn) {
            traffic.client_ended(conn, moment);
        }
    }

    /// The run has come to this time: what was owed until then and did not come.
    pub(super) fn due(&mut self, now: Duration, findings: &mut Vec<Finding>) {
        self.passes_to(now);
        for traffic in self.brokers.values_mut() {
            traffic.due(now, findings);
        }
    }
}
