//! What tells the auditor of one connection: all of it, what is not written down included.

use super::recorder::Witness;
use crate::auditor::{Audit, Conn, Facts};
use crate::wire::Ending;
use mqtt_assay_codec::{DecodeError, Packet, Publish};
use std::rc::Rc;

/// One connection's way to the auditor of its run.
pub(crate) struct Ear {
    witness: Rc<dyn Witness>,
    conn: Conn,
}

impl Ear {
    /// A connection is opened.
    pub(super) fn new(witness: Rc<dyn Witness>, facts: Facts) -> Self {
        let conn = witness.auditor().opened(facts);
        Self { witness, conn }
    }

    /// We write these bytes, which stand at this line, or at 0 where they are not written down.
    pub(super) fn wrote(&self, line: u32, bytes: &[u8], is_mutated: bool) {
        self.witness.auditor().wrote(self.conn, self.witness.now(), line, bytes, is_mutated);
    }

    /// A packet of the broker was read.
    pub(super) fn read(&self, line: u32, packet: &Packet<'_>, error: Option<&DecodeError>) -> Audit {
        self.witness.auditor().read(self.conn, self.witness.now(), line, packet, error)
    }

    /// The head of a message was read whose payload is passed over.
    pub(super) fn passes(&self, line: u32, head: &Publish<'_>, payload_length: usize) -> Audit {
        self.witness.auditor().passes(self.conn, self.witness.now(), line, head, payload_length)
    }

    /// That payload has come to its end.
    pub(super) fn passed(&self, print: u64) {
        self.witness.auditor().passed(self.conn, self.witness.now(), print);
    }

    /// What comes from here on is not read any more.
    pub(super) fn lost_sight(&self) {
        self.witness.auditor().lost_sight(self.conn, self.witness.now());
    }

    /// The broker's half has ended.
    pub(super) fn broker_ended(&self, line: u32, ending: Ending) {
        let (auditor, now) = (self.witness.auditor(), self.witness.now());
        match ending {
            Ending::Reset => auditor.broker_reset(self.conn, now, line),
            Ending::Fin => auditor.broker_ended(self.conn, now, line),
        }
    }

    /// We end our half, or let the connection go.
    pub(super) fn client_ended(&self, line: u32) {
        self.witness.auditor().client_ended(self.conn, self.witness.now(), line);
    }
}
