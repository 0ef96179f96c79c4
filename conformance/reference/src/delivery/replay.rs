//! Retained messages for new subscriptions: handed on one by one, as the client takes them.

use std::sync::Arc;

use mqtt_assay_codec::{SubscriptionOptions, split_shared};

use crate::faults::Fault;
use crate::machine::{MOST_EFFORT, Machine};
use crate::state::ClientId;
use crate::state::levels::{Leg, Place};
use crate::state::message::Message;
use crate::state::session::Outgoing;
use crate::state::work::Replay;

impl Machine {
    /// Hands on what was asked for, as far as the client has room for it and time allows.
    pub(crate) fn replay(&mut self, client_id: &ClientId) {
        while self.may_replay(client_id) {
            if self.is_tired() {
                self.busy.extend(self.sessions.get(client_id).and_then(|session| session.connection));
                return;
            }
            self.effort += 1;
            if let Some(outgoing) = self.next_replayed(client_id) {
                self.deliver(client_id, outgoing);
            }
        }
    }

    fn may_replay(&self, client_id: &ClientId) -> bool {
        let Some(session) = self.sessions.get(client_id) else { return false };
        let Some(connection) = session.connection.and_then(|id| self.connections.get(&id)) else { return false };
        !session.replays.is_empty()
            && session.queue.len() < self.longest_queue()
            && connection.waiting.is_empty()
            && self.has_room(connection.id)
    }

    /// One step further: a message, if the step came upon one.
    fn next_replayed(&mut self, client_id: &ClientId) -> Option<Outgoing> {
        let mut replay = self.sessions.get_mut(client_id)?.replays.pop_front()?;
        let filters = Arc::clone(&replay.filters);
        let (filter, options, next) = filters.read(replay.at)?;
        let wanted = replay.wanted.get(replay.index).is_some_and(|wanted| *wanted);
        let held = self.sessions.get(client_id).is_some_and(|session| session.subscriptions.get(filter).is_some());
        let mut found = None;
        let mut is_over = !(wanted && held);
        if !is_over {
            let topic_filter = match split_shared(filter) {
                Some((_, topic_filter)) if replay.is_v5 => topic_filter,
                _ => filter,
            };
            let mut effort = self.effort;
            match self.next_retained(client_id, (filter, topic_filter), std::mem::take(&mut replay.place), &mut effort)
            {
                Leg::Found(message, place) => {
                    replay.place = place;
                    found = Some(Arc::clone(message));
                }
                Leg::Tired(place) => replay.place = place,
                Leg::End => is_over = true,
            }
            self.effort = effort;
        }
        let copy =
            found.and_then(|message| self.retained_copy(client_id, (filter, options, replay.identifier), &message));
        if let Some(copy) = &copy
            && !self.is_faultless()
        {
            self.bring_back(&copy.message.topic);
        }
        if is_over {
            (replay.at, replay.index, replay.place) = (next, replay.index + 1, Place::Start);
        }
        if replay.index < replay.wanted.len()
            && let Some(session) = self.sessions.get_mut(client_id)
        {
            session.replays.push_front(replay);
        }
        copy
    }

    /// The next retained message that belongs to a subscription with this filter.
    fn next_retained(
        &self,
        client_id: &ClientId,
        (held, filter): (&str, &str),
        place: Place,
        effort: &mut usize,
    ) -> Leg<'_, Arc<Message>> {
        if self.is_faultless() {
            self.retained.next_topic(filter, place, effort, MOST_EFFORT)
        } else {
            let matches = |message: &Arc<Message>| self.matches_retained(client_id, held, filter, message);
            self.retained.next_of_all(place, effort, MOST_EFFORT, matches)
        }
    }

    /// A retained message as a new subscription gets it, unless it has expired or is the client's own.
    fn retained_copy(
        &self,
        client_id: &ClientId,
        (filter, options, identifier): (&str, SubscriptionOptions, Option<u32>),
        message: &Arc<Message>,
    ) -> Option<Outgoing> {
        let _way = self.on_retained(client_id, filter, message);
        let is_over = message.is_expired(self.now)
            && !self.fault(Fault::RetainedNeverExpires)
            && !self.fault(Fault::MessageExpiryIgnored);
        let own = options.no_local && message.publisher == *client_id;
        if is_over || own && !self.fault(Fault::NoLocalIgnored) {
            return None;
        }
        let granted = self.granted(options.qos);
        Some(Outgoing {
            message: Arc::clone(message),
            qos: message.qos.min(granted),
            retain: true,
            identifiers: identifier.into_iter().collect(),
            account: None,
            faulty: self.marks_of_copy(granted, granted, true),
        })
    }

    /// Appends what a SUBSCRIBE asked for.
    pub(crate) fn begin_replay(&mut self, client_id: &ClientId, replay: Replay) {
        if replay.wanted.contains(&true)
            && let Some(replay) = self.replays_later(client_id, replay)
            && let Some(session) = self.sessions.get_mut(client_id)
        {
            session.replays.push_back(replay);
        }
    }
}
