//! Messages that are handed on only a moment after they were acknowledged, or only when their PUBREL comes.

use std::sync::Arc;
use std::time::Duration;

use mqtt_assay_codec::{PacketId, Publish, ReasonCode};

use crate::event::ConnectionId;
use crate::machine::Machine;
use crate::packets::publish::Rejected;
use crate::quirks::state::HeldBack;
use crate::state::ClientId;
use crate::state::session::{Outgoing, Session};
use crate::state::timers::Due;

/// How long a message is held back.
const HELD_BACK: Duration = Duration::from_millis(50);

impl Machine {
    /// The copy waits a moment, at most as many of them as messages may wait for one session.
    pub(crate) fn hold_back(&mut self, client_id: &ClientId, outgoing: Outgoing) {
        let Some(session) = self.sessions.get(client_id) else { return };
        let Some(account) = self.ledger.open(size_of_val(outgoing.identifiers.as_slice())) else { return };
        if self.quirky.held_back.len() < self.settings.limits.max_queued_messages {
            let client_id = Arc::clone(&session.client_id);
            self.quirky.held_back.push_back(HeldBack {
                due: self.now + HELD_BACK,
                client_id,
                outgoing,
                _account: account,
            });
            self.timers.set(Due::HeldBack, self.quirky.held_back.front().map(|first| first.due));
        }
    }

    /// What was held back long enough goes to those who still have the session that it was meant for.
    pub(crate) fn held_back_due(&mut self) {
        while let Some(first) = self.quirky.held_back.pop_front_if(|first| first.due <= self.now) {
            let same = |session: &Session| Arc::ptr_eq(&session.client_id, &first.client_id);
            if self.sessions.get(&first.client_id).is_some_and(same) {
                self.hand_on(&first.client_id, first.outgoing);
            }
        }
        self.timers.set(Due::HeldBack, self.quirky.held_back.front().map(|first| first.due));
    }

    /// Keeps the message until its PUBREL.
    pub(crate) fn hold_message(
        &mut self,
        id: ConnectionId,
        publish: &Publish<'_>,
        topic: &str,
        packet_id: PacketId,
    ) -> Result<ReasonCode, Rejected> {
        let Some(message) = self.check_message(id, publish, topic)? else { return Ok(ReasonCode::SUCCESS) };
        self.note_received(id, packet_id, publish, Some(message));
        Ok(ReasonCode::SUCCESS)
    }
}
