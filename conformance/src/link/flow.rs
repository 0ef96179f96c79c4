//! What is under way on one connection: exchanges that the case has begun and the broker has not ended, and bytes of
//! packets that have not come, or gone, to their end.

use mqtt_assay_codec::Packet;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use tokio::time::Instant;

/// The state of one connection's traffic.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// Packet identifiers of PUBLISHes that count against the broker's Receive Maximum (5.0 section 4.9).
    open: RefCell<BTreeSet<u16>>,
    /// When the last bytes came of a packet whose rest has not.
    arriving: Cell<Option<Instant>>,
    /// When the last bytes went out of what is not written to its end.
    leaving: Cell<Option<Instant>>,
}

impl Flow {
    /// A PUBLISH of QoS 1 or 2 is sent.
    pub(crate) fn begin(&self, packet_id: u16) {
        self.open.borrow_mut().insert(packet_id);
    }

    /// How many exchanges are open.
    pub(crate) fn open(&self) -> usize {
        self.open.borrow().len()
    }

    /// How many are open beside this one: sent again, its PUBLISH takes no more room.
    pub(crate) fn open_beside(&self, packet_id: u16) -> usize {
        self.open.borrow().iter().filter(|open| **open != packet_id).count()
    }

    /// Notes what ends an exchange: PUBACK, PUBCOMP, and a PUBREC of 0x80 or above.
    pub(super) fn note(&self, packet: &Packet<'_>) {
        let ended = match packet {
            Packet::Puback(ack) | Packet::Pubcomp(ack) => Some(ack.packet_id),
            Packet::Pubrec(ack) if ack.reason.is_error() => Some(ack.packet_id),
            _ => None,
        };
        if let Some(packet_id) = ended {
            self.open.borrow_mut().remove(&packet_id.get());
        }
    }

    /// Bytes have come; whether they leave a packet unfinished.
    pub(super) fn came(&self, unfinished: bool) {
        self.arriving.set(unfinished.then(Instant::now));
    }

    /// Bytes have gone; whether there are more to go.
    pub(super) fn went(&self, unfinished: bool) {
        self.leaving.set(unfinished.then(Instant::now));
    }

    /// The last progress of a packet that is under way; `None` where none is.
    pub(crate) fn progress(&self) -> Option<Instant> {
        self.arriving.get().max(self.leaving.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqtt_assay_codec::{Acknowledgement, PacketId, Properties, ReasonCode};

    fn acknowledging(id: u16, reason: ReasonCode) -> Acknowledgement<'static> {
        Acknowledgement { packet_id: PacketId::new(id).expect("not zero"), reason, properties: Properties::EMPTY }
    }

    #[test]
    fn an_exchange_takes_room_until_its_last_packet_or_its_refusal() {
        let flow = Flow::default();
        (1..=4).for_each(|id| flow.begin(id));
        flow.note(&Packet::Puback(acknowledging(1, ReasonCode::SUCCESS)));
        flow.note(&Packet::Pubrec(acknowledging(2, ReasonCode::SUCCESS)));
        flow.note(&Packet::Pubrec(acknowledging(3, ReasonCode::QUOTA_EXCEEDED)));
        assert_eq!((flow.open(), flow.open_beside(2), flow.open_beside(3)), (2, 1, 2));
        flow.note(&Packet::Pubcomp(acknowledging(2, ReasonCode::SUCCESS)));
        assert_eq!((flow.open(), flow.open_beside(4)), (1, 0));
    }
}
