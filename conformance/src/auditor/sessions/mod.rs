//! What holds across the connections of one client identifier.

use super::facts::{Conn, Facts, Finding, Moment};
use super::points::Audit;
use mqtt_assay_codec::{Packet, Publish};
use std::time::Duration;

/// All sessions of a run.
#[derive(Debug, Default)]
pub(super) struct Sessions;

impl Sessions {
    /// A network connection was opened.
    pub(super) fn opened(&mut self, _conn: Conn, _facts: &Facts) {}

    /// We write a packet. `is_illegal`: it breaks the standard, or something that we wrote before it on this connection
    /// does, so that the broker may or may not heed it.
    pub(super) fn client_sent(&mut self, _conn: Conn, _moment: Moment, _packet: &Packet<'_>, _is_illegal: bool) {}

    /// We have written something against the standard that can't be read as a packet.
    pub(super) fn client_broke(&mut self, _conn: Conn, _moment: Moment) {}

    /// A packet of the broker was read.
    pub(super) fn broker_sent(&mut self, _conn: Conn, _moment: Moment, _packet: &Packet<'_>, _audit: &mut Audit) {}

    /// The head of a message was read whose payload, so many bytes long, is passed over.
    pub(super) fn broker_passes(
        &mut self,
        _conn: Conn,
        _moment: Moment,
        _head: &Publish<'_>,
        _payload_length: usize,
        _audit: &mut Audit,
    ) {
    }

    /// From here on what the broker sends is not seen any more.
    pub(super) fn lost_sight(&mut self, _conn: Conn, _moment: Moment) {}

    /// The broker's half has come to its end.
    pub(super) fn broker_ended(&mut self, _conn: Conn, _moment: Moment) {}

    /// We end our half, or let the connection go; after the broker's end or before it.
    pub(super) fn client_ended(&mut self, _conn: Conn, _moment: Moment) {}

    /// The run has come to this time: what was owed until then and did not come.
    pub(super) fn due(&mut self, _now: Duration, _findings: &mut Vec<Finding>) {}
}
