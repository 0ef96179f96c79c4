//! Packets that take long, in legs: a few thousand steps at a time, and the turn goes round.

use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use mqtt_assay_codec::{PacketId, ReasonCode};

use crate::event::ConnectionId;
use crate::machine::Machine;
use crate::state::work::{FilterList, Work};

/// Bytes of filters up to which they aren't booked: they are gone with the event.
const SHORT: usize = 16 << 10;

impl Machine {
    /// Begins with a SUBSCRIBE or an UNSUBSCRIBE, and does it if that doesn't take long.
    pub(crate) fn begin_work(
        &mut self,
        id: ConnectionId,
        subscribes: bool,
        packet_id: PacketId,
        identifier: Option<u32>,
        filters: FilterList,
    ) {
        // Each filter has at least one byte, and a code and a wish are kept for it.
        let bytes = 2 * filters.bytes();
        let account = if bytes > SHORT { self.ledger.open(bytes) } else { None };
        if bytes > SHORT && account.is_none() {
            self.give_up(id, ReasonCode::QUOTA_EXCEEDED, "the broker has no room for the topic filters of this packet");
            return;
        }
        let (filters, codes, wanted) = (Arc::new(filters), Vec::new(), Vec::new());
        let work = Work { subscribes, packet_id, identifier, filters, at: 0, codes, wanted, account };
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.work = Some(work);
            self.work(id);
        }
    }

    /// Goes on with the packet that is being worked on, if there is one.
    fn work(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let is_v5 = connection.is_v5();
        let (Some(mut work), Some(client_id)) = (connection.work.take(), connection.client_id.clone()) else { return };
        let _way = self.on_work(id, &client_id, &work);
        let done = if work.subscribes {
            self.subscribe_next(&client_id, is_v5, &mut work)
        } else {
            self.unsubscribe_next(&client_id, is_v5, &mut work)
        };
        if !done {
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.work = Some(work);
                self.busy.insert(id);
            }
        } else if work.subscribes {
            self.answer_subscribe(id, &client_id, is_v5, work);
        } else {
            self.answer_unsubscribe(id, work.packet_id, work.codes);
        }
    }

    /// Gives those with work that was broken off their turn, until one of them has used up the event.
    pub(crate) fn work_on(&mut self) {
        let mut turns = self.busy.len();
        while turns > 0 && !self.is_tired() {
            turns -= 1;
            let behind = self.busy.range((Excluded(self.last_busy), Unbounded)).next();
            let Some(id) = behind.or(self.busy.first()).copied() else { return };
            self.busy.remove(&id);
            self.last_busy = id;
            self.go_on(id);
        }
    }

    pub(crate) fn go_on(&mut self, id: ConnectionId) {
        self.work(id);
        self.process(id);
        self.flow(id);
        let left = self.connections.get(&id).is_some_and(|connection| connection.leaving && !connection.has_more());
        if left {
            self.end(id, true);
        }
    }
}
