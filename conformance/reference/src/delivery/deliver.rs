//! Delivery to one client: its queue, its window, its re-sends.

use std::sync::Arc;

use mqtt_assay_codec::{Packet, PacketId, PacketType, PropertiesBuf, Property, Publish, QoS, ReasonCode};

use crate::delivery::send::Sent;
use crate::event::ConnectionId;
use crate::faults::Fault;
use crate::faults::answering::another;
use crate::machine::Machine;
use crate::quirks::Quirk;
use crate::state::ClientId;
use crate::state::connection::{Alias, Connection, Phase};
use crate::state::session::{Awaits, InFlight, Outgoing, Session};

/// How many messages wait for one session of a broker with short queues.
const SHORT_QUEUE: usize = 10;

impl Machine {
    /// Gives a client its copy of a message.
    pub(crate) fn deliver(&mut self, client_id: &ClientId, outgoing: Outgoing) {
        if self.quirk(Quirk::HandsOnLater) {
            self.hold_back(client_id, outgoing);
        } else {
            self.hand_on(client_id, outgoing);
        }
    }

    /// Sends a copy, or queues it: QoS 0 goes out at once or not at all.
    pub(crate) fn hand_on(&mut self, client_id: &ClientId, mut outgoing: Outgoing) {
        let _way = self.on_copy(client_id, &mut outgoing);
        if !self.is_faultless() && self.spoils_copy(client_id, &mut outgoing) {
            return;
        }
        let Some(session) = self.sessions.get(client_id) else { return };
        if outgoing.qos == QoS::AtMostOnce {
            if let Some(id) = session.connection {
                self.send_or_wait(id, outgoing);
            }
            return;
        }
        if session.connection.is_none() && self.fault(Fault::DropsForAbsent)
            || std::str::from_utf8(&outgoing.message.payload).is_err() && self.fault(Fault::DropsBinary)
        {
            return;
        }
        self.enqueue(client_id, outgoing);
        self.pump(client_id);
    }

    pub(crate) fn send_qos0(&mut self, id: ConnectionId, outgoing: &Outgoing) {
        let _way = self.on_sending(id, outgoing, None, false);
        if self.is_over(outgoing) || self.loses(id) || self.holds_at_quota(id, outgoing) {
            return;
        }
        self.send_publish(id, outgoing, None, false);
        let published_higher = outgoing.message.qos == QoS::AtLeastOnce;
        if published_higher && self.quirk(Quirk::DuplicatesForQos0) {
            self.send_publish(id, outgoing, None, false);
        }
    }

    /// Whether the message expired before it was sent (`[MQTT-3.3.2-5]`).
    fn is_over(&self, outgoing: &Outgoing) -> bool {
        let ignored =
            || self.fault(Fault::MessageExpiryIgnored) || outgoing.retain && self.fault(Fault::RetainedNeverExpires);
        outgoing.message.is_expired(self.now) && !ignored()
    }

    /// Appends to the queue; a full queue is rid of expired messages first, then the new one is dropped.
    fn enqueue(&mut self, client_id: &ClientId, mut outgoing: Outgoing) {
        let most = self.longest_queue();
        let now = self.now;
        let Some(session) = self.sessions.get_mut(client_id) else { return };
        if session.queue.len() >= most && session.queue_expires.is_some_and(|at| at <= now) {
            session.queue.retain(|waiting| !waiting.message.is_expired(now));
            session.queue_expires = session.queue.iter().filter_map(|waiting| waiting.message.expires_at).min();
        }
        let account = self.ledger.open(size_of_val(outgoing.identifiers.as_slice()));
        if session.queue.len() < most && account.is_some() {
            outgoing.account = account.map(Arc::new);
            session.queue_expires = session.queue_expires.into_iter().chain(outgoing.message.expires_at).min();
            session.queue.push_back(outgoing);
        }
        if let Some(id) = session.connection {
            self.note_congested(id);
        }
    }

    /// How many messages may wait for one session.
    pub(crate) fn longest_queue(&self) -> usize {
        let most = self.settings.limits.max_queued_messages;
        if self.quirk(Quirk::ShortQueues) { most.min(SHORT_QUEUE) } else { most }
    }

    /// Joins a connection with its session and sends what waits: first again what was not acknowledged, then the queue.
    pub(crate) fn attach(&mut self, id: ConnectionId, client_id: &ClientId) {
        let open = self.connections.get(&id).is_some_and(|connection| connection.phase == Phase::Open);
        let is_v5 = self.is_v5(id);
        let Some(session) = self.sessions.get_mut(client_id) else { return };
        if !open || session.connection == Some(id) {
            return;
        }
        session.connection = Some(id);
        if !self.is_faultless() {
            self.spoil_in_flight(id, client_id, is_v5);
        }
        self.resend_pubrels(id, client_id);
        self.pump(client_id);
        self.replay(client_id);
        if self.quirk(Quirk::GreetsClients) {
            self.greet_client(id);
        }
    }

    /// PUBREL packets wait for no quota (`[MQTT-3.3.4-10]`), and go in the order of their PUBRECs.
    fn resend_pubrels(&mut self, id: ConnectionId, client_id: &ClientId) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(client_id) else { return };
        let mut packet_ids = Vec::new();
        for entry in session.in_flight.iter_mut().filter(|entry| entry.awaits == Awaits::Pubcomp) {
            entry.sent = true;
            entry.sent_at = now;
            packet_ids.push(entry.packet_id);
        }
        for packet_id in packet_ids {
            let _way = self.on_exchange(id, packet_id, true);
            self.send_pubrel(id, packet_id, ReasonCode::SUCCESS);
        }
    }

    /// Answers a PUBREC.
    pub(crate) fn send_pubrel(&mut self, id: ConnectionId, packet_id: PacketId, reason: ReasonCode) {
        let packet_id = if self.fault(Fault::WrongPubrelId) { another(packet_id) } else { packet_id };
        if self.fault(Fault::PubrelInventsCode) && self.is_v5(id) {
            self.send_invented(id, 0x62, packet_id);
            return;
        }
        if self.fault(Fault::PubrelReservedFlags) && !reason.is_error() {
            self.send_pubrel_without_flags(id, packet_id);
            return;
        }
        self.acknowledge(id, PacketType::Pubrel, packet_id, reason, "no message has this packet identifier");
    }

    /// Sends what the window has room for.
    pub(crate) fn pump(&mut self, client_id: &ClientId) {
        while let Some(id) = self.room_for(client_id) {
            let queue_first = self.fault(Fault::QueueBeforeOld) && self.send_next(id, client_id);
            if !queue_first && !self.send_again(id, client_id) && !self.send_next(id, client_id) {
                break;
            }
        }
        self.release_held_at_quota(client_id);
        let resends = self.quirk(Quirk::ResendsOnTimer) || self.fault(Fault::ResendsOnLive);
        if resends && let Some(id) = self.sessions.get(client_id).and_then(|session| session.connection) {
            self.wind(id);
        }
    }

    /// The connection, if the client may get one more message of QoS 1 or 2.
    pub(crate) fn room_for(&self, client_id: &ClientId) -> Option<ConnectionId> {
        let session = self.sessions.get(client_id)?;
        let connection = self.connections.get(&session.connection?)?;
        let _way = self.on_next(session);
        let window = self.window(connection);
        let completes = self.fault(Fault::QuotaBackAtPubrec);
        (sent_count(session, completes) < window && self.has_room(connection.id)).then_some(connection.id)
    }

    fn window(&self, connection: &Connection) -> usize {
        let own = self.settings.limits.max_in_flight;
        let window = if self.fault(Fault::PastReceiveMaximum) { own } else { own.min(connection.receive_maximum) };
        let window = if self.quirk(Quirk::OneInFlight) { 1 } else { window };
        usize::from(window)
    }

    /// Sends the first message again that was sent on an earlier connection only; false if there is none.
    fn send_again(&mut self, id: ConnectionId, client_id: &ClientId) -> bool {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(client_id) else { return false };
        let Some(entry) = session.in_flight.iter_mut().find(|entry| !entry.sent && entry.awaits != Awaits::Pubcomp)
        else {
            return false;
        };
        entry.sent = true;
        entry.sent_at = now;
        entry.outgoing.faulty.way.sent_again = true;
        let (outgoing, packet_id) = (entry.outgoing.clone(), entry.packet_id);
        let acknowledged = entry.awaits == Awaits::Nothing;
        let sent = self.send_publish(id, &outgoing, Some(packet_id), true);
        if (sent == Sent::TooLarge || acknowledged)
            && let Some(session) = self.sessions.get_mut(client_id)
        {
            // What can't be sent counts as delivered (`[MQTT-3.1.2-25]`).
            session.forget_in_flight(packet_id);
        }
        true
    }

    /// Sends the next message of the queue; false if there is none.
    fn send_next(&mut self, id: ConnectionId, client_id: &ClientId) -> bool {
        let newest_first = self.sends_newest_first(client_id);
        let now = self.now;
        let Some(session) = self.sessions.get_mut(client_id) else { return false };
        let next = if newest_first { session.queue.pop_back() } else { session.queue.pop_front() };
        let Some(outgoing) = next else { return false };
        let _way = self.on_sending(id, &outgoing, None, false);
        if self.is_over(&outgoing) {
            if self.fault(Fault::ExpiryEmptiesQueue) {
                self.sessions.get_mut(client_id).into_iter().for_each(|session| session.queue.clear());
            }
            return true;
        }
        let reuses = self.fault(Fault::ReusesIdInFlight);
        let Some(session) = self.sessions.get_mut(client_id) else { return false };
        let packet_id = if reuses { Some(PacketId::MIN) } else { session.unused_packet_id() };
        let Some(packet_id) = packet_id else { return false };
        let sent = self.send_publish(id, &outgoing, Some(packet_id), false);
        if sent == Sent::TooLarge && !self.fault(Fault::StallsOnTooLarge) {
            return true;
        }
        if packet_id > PacketId::MIN && outgoing.qos == QoS::ExactlyOnce && self.fault(Fault::PubrelUnasked) {
            self.send_pubrel(id, packet_id, ReasonCode::SUCCESS);
        }
        let awaits = if outgoing.qos == QoS::ExactlyOnce { Awaits::Pubrec } else { Awaits::Puback };
        if let Some(session) = self.sessions.get_mut(client_id) {
            session.in_flight.push(InFlight { packet_id, outgoing, awaits, sent: true, sent_at: now });
        }
        true
    }

    /// Sends one PUBLISH; `again` if it was sent before.
    pub(crate) fn send_publish(
        &mut self,
        id: ConnectionId,
        outgoing: &Outgoing,
        packet_id: Option<PacketId>,
        again: bool,
    ) -> Sent {
        let _way = self.on_sending(id, outgoing, packet_id, again);
        if self.fault(Fault::KeepAliveProlonged) {
            self.hear(id);
        }
        let Some(connection) = self.connections.get(&id) else { return Sent::Yes };
        let properties =
            if connection.is_v5() { self.properties_of(connection, outgoing) } else { PropertiesBuf::new() };
        let message = Arc::clone(&outgoing.message);
        let cut = self.cut_payload(outgoing);
        let payload = cut.or_else(|| self.spoiled_payload(outgoing)).unwrap_or_else(|| message.payload.clone());
        let is_altered = again && self.fault(Fault::ResendsAltered) && !payload.is_empty();
        let payload = if is_altered { payload.slice(1..) } else { payload };
        let topic = self.topic_as_sent(&message.topic);
        let publish = Publish {
            dup: self.dup_of(outgoing, again),
            qos: outgoing.qos,
            retain: self.retain_as_sent(outgoing),
            topic: &topic,
            packet_id,
            properties: properties.as_properties(),
            payload: &payload,
        };
        if self.send_by_alias(id, publish, &topic) {
            return Sent::Yes;
        }
        let packet = Packet::Publish(publish);
        if self.fault(Fault::PastMaximumPacketSize) && self.send_whatever_its_size(id, &packet) {
            return Sent::Yes;
        }
        if outgoing.qos == QoS::AtMostOnce && self.fault(Fault::DupOnQos0) {
            self.send_with_dup(id, &packet);
            return Sent::Yes;
        }
        self.try_send(id, &packet)
    }

    /// Sends a PUBLISH of 5.0 with a topic alias, the second time without the topic itself. False where it can't be: the
    /// client takes no more aliases, or not such a large packet.
    fn send_by_alias(&mut self, id: ConnectionId, publish: Publish<'_>, topic: &Arc<str>) -> bool {
        let Some(connection) = self.connections.get(&id).filter(|connection| connection.is_v5()) else { return false };
        let Some((alias, known)) = connection.alias_for(topic) else { return false };
        let mut properties: PropertiesBuf = publish.properties.iter().collect();
        let past = if self.fault(Fault::SendsAliasAboveMaximum) { connection.topic_alias_maximum } else { 0 };
        properties.extend([Property::TopicAlias(alias.saturating_add(past))]);
        let is_left_out = known && past == 0 || self.fault(Fault::AliasNotNamed);
        let topic_sent = if is_left_out { "" } else { topic };
        let packet = Packet::Publish(Publish { topic: topic_sent, properties: properties.as_properties(), ..publish });
        let account = if known { None } else { self.ledger.open(topic.len()) };
        if (!known && account.is_none()) || self.try_send(id, &packet) == Sent::TooLarge {
            return false;
        }
        if let (Some(account), Some(connection)) = (account, self.connections.get_mut(&id)) {
            connection.aliases_sent.push(Alias { topic: Arc::clone(topic), _account: account });
        }
        !self.fault(Fault::SendsTwiceByAlias)
    }

    fn dup_of(&self, outgoing: &Outgoing, again: bool) -> bool {
        if outgoing.qos == QoS::AtMostOnce {
            return false;
        }
        if again {
            return !self.fault(Fault::DupMissingOnRedelivery);
        }
        self.fault(Fault::DupOnFirstDelivery) || outgoing.message.faulty.dup && self.fault(Fault::DupPropagated)
    }

    fn topic_as_sent(&self, topic: &Arc<str>) -> Arc<str> {
        if self.quirk(Quirk::RewritesTopics) {
            return format!("rewritten/{topic}").into();
        }
        self.spoiled_topic(topic).unwrap_or_else(|| Arc::clone(topic))
    }

    fn properties_of(&self, connection: &Connection, outgoing: &Outgoing) -> PropertiesBuf {
        let message = &outgoing.message;
        let mut properties = if self.is_faultless() {
            message.properties.clone()
        } else {
            self.spoiled_properties(message.properties.as_properties())
        };
        let left = message.seconds_left(self.now);
        let left = left.map(|left| self.spoiled_expiry(message, left));
        properties.extend(left.map(Property::MessageExpiryInterval));
        if self.is_faultless() {
            properties.extend(outgoing.identifiers.iter().copied().map(Property::SubscriptionIdentifier));
        } else {
            let identifiers = self.spoiled_identifiers(connection, outgoing).into_iter();
            properties.extend(identifiers.map(Property::SubscriptionIdentifier));
        }
        if connection.topic_alias_maximum == 0 && self.fault(Fault::SendsAliasUnasked) {
            properties.extend([Property::TopicAlias(1)]);
        }
        properties
    }
}

/// How many messages count against the client's Receive Maximum; a fault only leaves out those that wait for a PUBCOMP.
fn sent_count(session: &Session, but_received: bool) -> usize {
    let counts = |entry: &&InFlight| {
        entry.sent && entry.awaits != Awaits::Nothing && !(but_received && entry.awaits == Awaits::Pubcomp)
    };
    session.in_flight.iter().filter(counts).count()
}
