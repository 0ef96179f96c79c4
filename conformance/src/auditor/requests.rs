//! What the client has asked for on its connection, and which answers that leaves open.

use super::points::{Audit, Point};
use mqtt_assay_codec::{PacketType, QoS, ReasonCode};
use std::collections::{BTreeMap, VecDeque};

/// The client's exchanges by packet identifier, and its PINGREQs.
#[derive(Debug, Default)]
pub(super) struct Requests {
    exchanges: BTreeMap<u16, Exchange>,
    /// The places of the PINGREQs that are not answered.
    pings: VecDeque<u64>,
}

/// One identifier in use, or the last use of it.
#[derive(Debug)]
struct Exchange {
    /// The packet that answers its beginning.
    answer: PacketType,
    /// How many topic filters it had, of a SUBSCRIBE or UNSUBSCRIBE.
    filters: usize,
    /// The place of its beginning among the packets of the client.
    begun: u64,
    /// How often its beginning was sent, and answered.
    sent: u32,
    answered: u32,
    /// The place of its first PUBREL; how often that was sent, and answered.
    released_at: u64,
    released: u32,
    completed: u32,
    /// How many answers may come besides: to what was sent on a connection before, and is sent again here.
    spare: u32,
    /// A PUBREC refused the message.
    is_refused: bool,
    /// The client used the identifier for something else in between: nothing is certain.
    is_muddled: bool,
}

impl Exchange {
    fn new(answer: PacketType, filters: usize, begun: u64) -> Self {
        Self {
            answer,
            filters,
            begun,
            sent: 1,
            answered: 0,
            released_at: begun,
            released: 0,
            completed: 0,
            spare: 0,
            is_refused: false,
            is_muddled: false,
        }
    }

    fn is_over(&self) -> bool {
        let answered = self.answered >= self.sent;
        match self.answer {
            PacketType::Pubrec => self.is_refused || self.released > 0 && self.completed >= self.released,
            PacketType::Pubcomp => self.completed >= self.released,
            _ => answered,
        }
    }
}

impl Requests {
    /// The client sends a message of QoS 1 or 2. `knows_all`: it can't have been sent on an earlier connection.
    pub(super) fn publish(&mut self, publish: (u16, QoS), dup: bool, knows_all: bool, place: u64) {
        let (id, qos) = publish;
        let answer = if qos == QoS::ExactlyOnce { PacketType::Pubrec } else { PacketType::Puback };
        let spare = u32::from(dup && !knows_all);
        self.begin(id, Exchange { spare, ..Exchange::new(answer, 0, place) }, dup);
    }

    /// The client sends a SUBSCRIBE or UNSUBSCRIBE with so many topic filters.
    pub(super) fn request(&mut self, id: u16, answer: PacketType, filters: usize, place: u64) {
        self.begin(id, Exchange::new(answer, filters, place), false);
    }

    fn begin(&mut self, id: u16, exchange: Exchange, is_repeated: bool) {
        match self.exchanges.get_mut(&id) {
            Some(open) if open.is_muddled => {}
            Some(open) if is_repeated && open.answer == exchange.answer && open.released == 0 => open.sent += 1,
            Some(open) if !open.is_over() => open.is_muddled = true,
            _ => {
                self.exchanges.insert(id, exchange);
            }
        }
    }

    /// The client sends a PUBREL, perhaps for a message that it never sent here. `knows_all`: nor on an earlier connection.
    pub(super) fn release(&mut self, id: u16, knows_all: bool, place: u64) {
        let spare = u32::from(!knows_all);
        let unknown = || Exchange { sent: 0, spare, ..Exchange::new(PacketType::Pubcomp, 0, place) };
        let exchange = self.exchanges.entry(id).or_insert_with(unknown);
        match exchange.answer {
            PacketType::Pubrec | PacketType::Pubcomp => {
                if exchange.released == 0 {
                    exchange.released_at = place;
                }
                exchange.released += 1;
            }
            _ => exchange.is_muddled = true,
        }
    }

    pub(super) fn ping(&mut self, place: u64) {
        self.pings.push_back(place);
    }

    /// A PINGRESP comes; the place of the PINGREQ that it shows to have been read.
    pub(super) fn pong(&mut self, audit: &mut Audit) -> Option<u64> {
        let place = self.pings.pop_front();
        match place {
            Some(_) => audit.kept(Point::AnsweredOnce),
            None => audit.broken(Point::AnsweredOnce, "PINGRESP, and no PINGREQ is without one"),
        }
        place
    }

    /// PUBACK, PUBREC, SUBACK or UNSUBACK comes; the place of the packet that it shows to have been read. `knows_all`: no
    /// earlier connection can have used the identifier.
    pub(super) fn answer(
        &mut self,
        id: u16,
        answer: PacketType,
        point: Point,
        knows_all: bool,
        audit: &mut Audit,
    ) -> Option<u64> {
        let name = answer.name();
        let Some(exchange) = self.exchanges.get_mut(&id) else {
            if knows_all {
                audit.broken(point, format!("{name} with identifier {id}, which the client has not used"));
            }
            return None;
        };
        if exchange.is_muddled {
            return None;
        }
        // PUBREC, sent again by timers of old, may cross the PUBREL that is sent again on a later connection.
        let may_cross = answer == PacketType::Pubrec && exchange.answer == PacketType::Pubcomp && exchange.spare > 0;
        if may_cross && exchange.completed == 0 {
            return None;
        }
        if exchange.answer != answer {
            let waits = exchange.answer.name();
            audit.broken(Point::AnsweredOnce, format!("{name} with identifier {id}, which is owed {waits}"));
            return None;
        }
        audit.kept(point);
        exchange.answered += 1;
        let once = match answer {
            PacketType::Suback if exchange.filters > 1 => Point::OneSuback,
            PacketType::Unsuback if exchange.filters > 1 => Point::OneUnsuback,
            _ => Point::AnsweredOnce,
        };
        if exchange.answered <= exchange.sent + exchange.spare {
            audit.kept(once);
        } else if answer != PacketType::Pubrec || exchange.completed > 0 {
            // A PUBREC that waits for its PUBREL was sent again by timers of old; that may be under way meanwhile.
            audit.broken(once, format!("{name} with identifier {id} once more, which is answered"));
        }
        Some(exchange.begun)
    }

    /// The code of a PUBREC: from 0x80 on the exchange is over with it.
    pub(super) fn refused(&mut self, id: u16, reason: ReasonCode) {
        if let Some(exchange) = self.exchanges.get_mut(&id).filter(|_| reason.is_error()) {
            exchange.is_refused = true;
        }
    }

    /// How many topic filters the request with this identifier had, if that is certain.
    pub(super) fn filters(&self, id: u16, answer: PacketType) -> Option<usize> {
        let exchange = self.exchanges.get(&id).filter(|exchange| exchange.answer == answer && !exchange.is_muddled)?;
        Some(exchange.filters)
    }

    /// A PUBCOMP comes; the place of the PUBREL that it shows to have been read.
    pub(super) fn complete(&mut self, id: u16, knows_all: bool, audit: &mut Audit) -> Option<u64> {
        let Some(exchange) = self.exchanges.get_mut(&id) else {
            if knows_all {
                let why = format!("PUBCOMP with identifier {id}, which the client has not used");
                audit.broken(Point::CompletionIdentifier, why);
            }
            return None;
        };
        if exchange.is_muddled {
            return None;
        }
        if exchange.completed >= exchange.released + exchange.spare {
            audit.broken(Point::AnsweredOnce, format!("PUBCOMP with identifier {id}, and no PUBREL is without one"));
            return None;
        }
        exchange.completed += 1;
        audit.kept(Point::CompletionIdentifier);
        audit.kept(Point::AnsweredOnce);
        Some(exchange.released_at)
    }
}
