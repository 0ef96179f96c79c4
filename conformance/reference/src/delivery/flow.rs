//! Clients that read more slowly than messages come for them: what waits, how long, and when it is too much.
//!
//! Answers go out at once. Messages go out while little enough waits to be written, to the client and to all; else they
//! wait as they are stored, QoS 0 with its connection and the others in the queue of the session.

use std::time::Duration;

use crate::event::ConnectionId;
use crate::machine::Machine;
use crate::quirks::Quirk;
use crate::state::message::Message;
use crate::state::session::Outgoing;
use crate::state::timers::Due;

/// With so many unwritten bytes for a client, its next message waits.
const ENOUGH_UNSENT: usize = 256 << 10;

/// How long reading pauses, for each read, when all that may wait does.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// What is shorter than this is no pause.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// How long a client may take nothing of what waits for it while others wait for the room.
const STUCK: Duration = Duration::from_secs(5);

/// What a message that waits costs besides its own bytes.
const PLACE: usize = 128;

impl Machine {
    /// Whether one more message may be handed out to this client.
    pub(crate) fn has_room(&self, id: ConnectionId) -> bool {
        self.outflow.unsent_to(id) < ENOUGH_UNSENT && !self.is_full()
    }

    /// Whether messages wait because of what is unwritten in all. The other half of the room is for answers.
    fn is_full(&self) -> bool {
        self.outflow.unsent() >= self.settings.limits.max_unsent_bytes / 2
    }

    /// How long nothing should be read from this client: it doesn't take its answers, or somebody else can't take as fast
    /// what it publishes. The more waits, the longer.
    pub fn pause_before_reading(&self, id: ConnectionId) -> Duration {
        let Some(connection) = self.connections.get(&id) else { return Duration::ZERO };
        let own = pause(self.outflow.unsent_to(id), self.settings.limits.max_unsent_bytes / 2);
        own.max(connection.feeds.map_or(Duration::ZERO, |fed| self.pause_for(fed)))
    }

    /// Whether this client is to be read from more slowly than it sends.
    pub(crate) fn is_slowed(&self, id: ConnectionId) -> bool {
        !self.pause_before_reading(id).is_zero()
    }

    /// How long those should pause who publish to this client.
    fn pause_for(&self, id: ConnectionId) -> Duration {
        let Some(connection) = self.connections.get(&id) else { return Duration::ZERO };
        let session = connection.client_id.as_ref().and_then(|client_id| self.sessions.get(client_id));
        let queued = session.map_or(0, |session| session.queue.len());
        pause(connection.waiting_bytes, self.settings.limits.max_waiting_bytes).max(pause(queued, self.longest_queue()))
    }

    /// Sends a message of QoS 0, or lets it wait behind those that wait already.
    pub(crate) fn send_or_wait(&mut self, id: ConnectionId, outgoing: Outgoing) {
        let Some(connection) = self.connections.get(&id) else { return };
        if connection.waiting.is_empty() && self.has_room(id) {
            self.send_qos0(id, &outgoing);
            return;
        }
        let most = self.settings.limits.max_waiting_bytes;
        let size = size_of_waiting(&outgoing.message);
        let account = self.ledger.open(size_of_val(outgoing.identifiers.as_slice()));
        let Some(connection) = self.connections.get_mut(&id) else { return };
        match account {
            None => self.overflow(id, "the broker has no room for the messages that wait for this client"),
            Some(_) if connection.waiting_bytes + size > most => {
                self.overflow(id, "it takes its messages of QoS 0 too slowly: more than max-waiting-bytes wait for it");
            }
            Some(account) => {
                connection.waiting_bytes += size;
                let account = Some(std::sync::Arc::new(account));
                connection.waiting.push_back(Outgoing { account, ..outgoing });
                self.note_congested(id);
            }
        }
    }

    /// Notes for whom most waits of those whom the message of now goes to.
    pub(crate) fn note_congested(&mut self, id: ConnectionId) {
        let most = self.congested.map_or(Duration::ZERO, |congested| self.pause_for(congested));
        if self.pause_for(id) > most {
            self.congested = Some(id);
        }
    }

    /// Notes that the client lets too much wait; it ends with the event of now.
    pub(crate) fn overflow(&mut self, id: ConnectionId, why: &'static str) {
        if self.overflowing.iter().all(|(known, _)| *known != id) {
            self.overflowing.push((id, why));
        }
    }

    /// The client took something: what waits for it may go out.
    pub(crate) fn written(&mut self, id: ConnectionId, bytes: usize) {
        let was_full = self.is_full();
        self.outflow.written(id, bytes, self.now);
        self.flow(id);
        if was_full && !self.is_full() {
            self.wake_waiting();
        }
    }

    /// Nothing more is written on this connection.
    pub(crate) fn gone(&mut self, id: ConnectionId) {
        let was_full = self.is_full();
        self.outflow.forget(id);
        self.departed.remove(&id);
        self.note_gone(id);
        if was_full && !self.is_full() {
            self.wake_waiting();
        }
    }

    /// Lets each client for whom something waits have its turn.
    fn wake_waiting(&mut self) {
        let waiting: Vec<ConnectionId> = self.connections.keys().copied().filter(|id| self.waits(*id)).collect();
        self.busy.extend(waiting);
    }

    /// Whether something waits for this client besides what is handed out.
    fn waits(&self, id: ConnectionId) -> bool {
        let Some(connection) = self.connections.get(&id) else { return false };
        let session = connection.client_id.as_ref().and_then(|client_id| self.sessions.get(client_id));
        let stored = session.is_some_and(|session| {
            !(session.queue.is_empty()
                && session.replays.is_empty()
                && session.in_flight.iter().all(|entry| entry.sent))
        });
        stored || !connection.waiting.is_empty()
    }

    /// Hands out what waits for this client, as far as there is room.
    pub(crate) fn flow(&mut self, id: ConnectionId) {
        while self.has_room(id) {
            let Some(connection) = self.connections.get_mut(&id).filter(|_| self.effort < crate::machine::MOST_EFFORT)
            else {
                break;
            };
            let Some(outgoing) = connection.waiting.pop_front() else { break };
            connection.waiting_bytes -= size_of_waiting(&outgoing.message);
            self.effort += 1;
            self.send_qos0(id, &outgoing);
        }
        if self.is_tired() && self.waits(id) && self.has_room(id) {
            self.busy.insert(id);
        } else if self.waits(id) {
            let Some(client_id) = self.connections.get(&id).and_then(|connection| connection.client_id.clone()) else {
                return;
            };
            self.pump(&client_id);
            self.replay(&client_id);
        }
    }

    /// Finds whom to end where more is unwritten than there is room for: those with the most.
    pub(crate) fn look_for_overflow(&mut self) {
        let most = self.settings.limits.max_unsent_bytes;
        let mut left = self.outflow.unsent();
        if left <= most {
            return;
        }
        for (id, bytes) in self.outflow.stuck_since(self.now) {
            if left <= most {
                break;
            }
            left -= bytes;
            self.overflow(id, "it takes nothing of what is sent to it: more than max-unsent-bytes wait in all");
        }
    }

    /// Sets the time when room is made for those who wait for it.
    pub(crate) fn wind_room(&mut self) {
        let deadline = if self.is_full() { self.outflow.first_moved().map(|moved| moved + STUCK) } else { None };
        self.timers.set(Due::Room, deadline.map(|deadline| deadline.max(self.now)));
    }

    /// Ends those who took nothing for too long, where others wait for the room.
    pub(crate) fn room_due(&mut self) {
        for (id, _) in self.outflow.stuck_since(self.now.saturating_sub(STUCK)) {
            self.overflow(id, "it took nothing of what is sent to it for 5 s, and others wait for the room");
        }
    }

    /// Whether a quirk wants the retained messages before the SUBACK.
    pub(crate) fn replays_first(&self) -> bool {
        self.quirk(Quirk::PublishBeforeSuback)
    }
}

/// How long to pause when so much of what may wait does: nothing to speak of up to a fifth, then more and more.
fn pause(waiting: usize, most: usize) -> Duration {
    let share = u32::try_from(waiting.saturating_mul(1000) / most.max(1)).unwrap_or(u32::MAX).min(1000);
    let pause = LONGEST_PAUSE * share.pow(3) / 1_000_000_000;
    if pause < SHORTEST_PAUSE { Duration::ZERO } else { pause }
}

fn size_of_waiting(message: &Message) -> usize {
    message.topic.len() + message.payload.len() + PLACE
}
