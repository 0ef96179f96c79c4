//! The messages of QoS 1 and 2 that are written to a client on one connection, and how it acknowledges them.

use super::duty::Duty;
use super::exchanges::Broken;
use super::order::Order;
use mqtt_assay_codec::{PacketType, QoS};
use std::collections::BTreeMap;

/// How many may wait for an acknowledgement; beyond that nothing is judged.
const MOST: usize = 1_000;

/// A set of packet identifiers.
#[derive(Debug, Default)]
pub(super) struct Identifiers(Vec<u64>);

impl Identifiers {
    pub(super) fn insert(&mut self, id: u16) {
        // One bit each; none is there as long as none is needed.
        self.0.resize(1 << 10, 0);
        self.0[usize::from(id >> 6)] |= 1 << (id & 63);
    }

    pub(super) fn contains(&self, id: u16) -> bool {
        self.0.get(usize::from(id >> 6)).is_some_and(|bits| bits & 1 << (id & 63) != 0)
    }
}

/// What one connection brings.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    open: BTreeMap<u16, QoS>,
    pubacks: Order,
    pubrecs: Order,
    /// Two messages had them at once: which of them is acknowledged is not certain.
    muddled: Identifiers,
    is_blind: bool,
}

impl Deliveries {
    /// A message was written to the client.
    pub(super) fn wrote(&mut self, id: u16, qos: QoS, dup: bool, ever: &mut Identifiers) {
        ever.insert(id);
        if self.open.len() >= MOST {
            self.is_blind = true;
        }
        if self.is_blind || self.muddled.contains(id) {
            return;
        }
        if self.open.insert(id, qos).is_some_and(|before| before != qos || !dup) {
            self.muddled.insert(id);
            self.forget(id);
            return;
        }
        match qos {
            QoS::ExactlyOnce => self.pubrecs.wrote(id),
            _ => self.pubacks.wrote(id),
        }
    }

    fn forget(&mut self, id: u16) {
        self.open.remove(&id);
        self.pubacks.forget(id);
        self.pubrecs.forget(id);
    }

    /// The client acknowledges; `ever` are the identifiers of all that was written in its session, where they are known.
    pub(super) fn acknowledged(&mut self, id: u16, by: PacketType, ever: Option<&Identifiers>, broken: &mut Broken) {
        let name = by.name();
        if ever.is_some_and(|ever| !ever.contains(id)) {
            let duty = if by == PacketType::Pubcomp { Duty::IdentifierOfPubcomp } else { Duty::IdentifierOfMessage };
            broken.push((duty, format!("{name} with identifier {id}, which no message of the broker had")));
            return;
        }
        let Some(qos) = self.open.get(&id).copied().filter(|_| by != PacketType::Pubcomp && !self.is_blind) else {
            return;
        };
        if by != fitting(qos) {
            let what = format!("{name} for the message with identifier {id}, which has QoS {}", qos as u8);
            broken.push((Duty::FittingAcknowledgement, what));
            self.forget(id);
            return;
        }
        self.open.remove(&id);
        let (order, duty) = match by {
            PacketType::Pubrec => (&mut self.pubrecs, Duty::PubrecsInOrder),
            _ => (&mut self.pubacks, Duty::PubacksInOrder),
        };
        if let Some(later) = order.answered(id) {
            let what = format!("{name} with identifier {id} behind that with {later}, whose message came later");
            broken.push((duty, what));
        }
    }

    /// The connection has ended: what the client passed over. `by_client`: it has ended it, and so had its time.
    pub(super) fn end(&self, by_client: bool, broken: &mut Broken) {
        if self.is_blind {
            return;
        }
        for (order, name, duty) in
            [(&self.pubacks, "PUBACK", Duty::PubacksInOrder), (&self.pubrecs, "PUBREC", Duty::PubrecsInOrder)]
        {
            for (id, later) in order.overtaken() {
                let what = format!("no {name} for identifier {id}, and one for {later}, whose message came later");
                broken.push((if by_client { Duty::Acknowledge } else { duty }, what));
            }
        }
    }
}

fn fitting(qos: QoS) -> PacketType {
    if qos == QoS::ExactlyOnce { PacketType::Pubrec } else { PacketType::Puback }
}
