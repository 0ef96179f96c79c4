//! PUBLISH from a client: checked, handed on, acknowledged.

use std::sync::Arc;

use mqtt_assay_codec::{PacketId, PacketType, Publish, QoS, ReasonCode, Version};

use crate::ending::breach::Ids;
use crate::event::ConnectionId;
use crate::faults::answering::{another, is_high};
use crate::faults::{ExchangeMarks, Fault, MessageMarks};
use crate::machine::Machine;
use crate::planted::Planted;
use crate::quirks::Quirk;
use crate::quirks::characters::has_control_characters;
use crate::state::ClientId;
use crate::state::connection::{Alias, MOST_REMEMBERED};
use crate::state::message::{Draft, Message};
use crate::state::session::Received;

/// Why a message isn't taken: the reason code of 5.0, and a sentence.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rejected {
    /// Nobody may publish there: 3.1.1 acknowledges all the same.
    Denied,
    /// No room: 3.1.1 closes.
    NoRoom,
}

/// Re-sends belong to a new connection in 5.0; in 3.1.1 nothing forbids others.
const RESENT: Ids = Ids("MQTT-4.4.0-1", "MQTT-4.4.0-1");

impl Machine {
    pub(crate) fn publish(&mut self, id: ConnectionId, publish: &Publish<'_>) {
        if self.dies_of_publish(id, publish) {
            return;
        }
        if self.refuse_unsupported(id, publish) || self.refuse_past_receive_maximum(id, publish) {
            return;
        }
        let Some(topic) = self.resolve_topic(id, publish) else { return };
        if self.quirk(Quirk::RefusesControlCharacters) && has_control_characters(&topic) {
            self.refuse(id, ReasonCode::MALFORMED_PACKET, "a control character in the topic name");
            return;
        }
        match (publish.qos, publish.packet_id) {
            (QoS::AtMostOnce, _) | (_, None) => {
                // Refused messages of QoS 0 are dropped: nothing could be answered.
                let _ = self.take_message(id, publish, &topic);
                if self.fault(Fault::Qos0CountsAsOpen) {
                    self.count_qos0(id);
                }
            }
            (QoS::AtLeastOnce, Some(packet_id)) => self.publish_qos1(id, publish, &topic, packet_id),
            (QoS::ExactlyOnce, Some(packet_id)) => self.publish_qos2(id, publish, &topic, packet_id),
        }
    }

    /// Closes on what the CONNACK of 5.0 ruled out; true if it did.
    fn refuse_unsupported(&mut self, id: ConnectionId, publish: &Publish<'_>) -> bool {
        if !self.is_v5(id) {
            return false;
        }
        let limits = &self.settings.limits;
        if publish.qos > limits.maximum_qos && !self.fault(Fault::AcceptsQosAboveMaximum) {
            let ids = Ids("MQTT-4.8.0-1", "MQTT-3.2.2-11");
            self.limit_violation(id, ids, ReasonCode::QOS_NOT_SUPPORTED, "a PUBLISH above the announced maximum QoS");
            return true;
        }
        if publish.retain && !limits.retain_available && !self.fault(Fault::AcceptsRetainUnavailable) {
            let ids = Ids("MQTT-4.8.0-1", "MQTT-3.2.2-14");
            self.limit_violation(
                id,
                ids,
                ReasonCode::RETAIN_NOT_SUPPORTED,
                "a PUBLISH with RETAIN where none is available",
            );
            return true;
        }
        false
    }

    /// Closes on more open exchanges than announced in 5.0 (`[MQTT-3.3.4-7]`), or than can be kept in 3.1.1.
    fn refuse_past_receive_maximum(&mut self, id: ConnectionId, publish: &Publish<'_>) -> bool {
        let most = usize::from(self.settings.limits.receive_maximum);
        let Some(connection) = self.connections.get(&id).filter(|connection| connection.is_v5()) else { return false };
        let is_known = publish.packet_id.is_some_and(|packet_id| connection.receiving.contains(&packet_id));
        if publish.qos == QoS::AtMostOnce || is_known || connection.receiving.len() < most {
            return false;
        }
        let ids = Ids("MQTT-4.8.0-1", "MQTT-3.3.4-7");
        let detail = "more QoS 1 and 2 messages than the receive maximum";
        if self.fault(Fault::AcceptsPastReceiveMaximum) {
            self.limit_breach(id, ids, detail);
            return false;
        }
        self.limit_violation(id, ids, ReasonCode::RECEIVE_MAXIMUM_EXCEEDED, detail);
        true
    }

    /// The topic that a PUBLISH names, by its alias if it has one; none if the connection was closed.
    fn resolve_topic(&mut self, id: ConnectionId, publish: &Publish<'_>) -> Option<Arc<str>> {
        let Some(number) = publish.properties.topic_alias() else { return Some(publish.topic.into()) };
        let most = self.settings.limits.topic_alias_maximum;
        let most = if self.fault(Fault::RefusesHighestAlias) { most.saturating_sub(1) } else { most };
        if number > most && !self.fault(Fault::AcceptsAliasAboveMaximum) {
            let ids = Ids("MQTT-4.8.0-1", if most == 0 { "MQTT-3.2.2-18" } else { "MQTT-3.3.2-9" });
            self.limit_violation(id, ids, ReasonCode::TOPIC_ALIAS_INVALID, "a topic alias above the announced maximum");
            return None;
        }
        if publish.topic.is_empty() {
            return self.topic_of_alias(id, number);
        }
        let topic: Arc<str> = publish.topic.into();
        let Some(account) = self.ledger.open(topic.len()) else {
            self.give_up(id, ReasonCode::QUOTA_EXCEEDED, "the broker has no room for another topic alias");
            return None;
        };
        let keeps_first = self.fault(Fault::AliasNotRemapped);
        let aliases = &mut self.connections.get_mut(&id)?.aliases;
        if keeps_first && let Some(alias) = aliases.get(&number) {
            return Some(Arc::clone(&alias.topic));
        }
        aliases.insert(number, Alias { topic: Arc::clone(&topic), _account: account });
        Some(topic)
    }

    fn topic_of_alias(&mut self, id: ConnectionId, number: u16) -> Option<Arc<str>> {
        if self.fault(Fault::AliasesMixed)
            && let Some(alias) = self.connections.get(&id)?.aliases_sent.get(usize::from(number).saturating_sub(1))
        {
            return Some(Arc::clone(&alias.topic));
        }
        if let Some(alias) = self.connections.get(&id)?.aliases.get(&number) {
            return Some(Arc::clone(&alias.topic));
        }
        let ids = Ids("MQTT-4.8.0-1", "U5-136");
        let detail = "an empty topic name with a topic alias that has no topic";
        if self.fault(Fault::AcceptsUnknownAlias) {
            self.breach(id, ids, detail);
        } else {
            self.violation(id, ids, ReasonCode::PROTOCOL_ERROR, detail);
        }
        None
    }

    fn publish_qos1(&mut self, id: ConnectionId, publish: &Publish<'_>, topic: &str, packet_id: PacketId) {
        if self.fault(Fault::RemembersAfterPuback) {
            self.publish_qos1_once(id, publish, topic, packet_id);
            return;
        }
        self.note_resend(id, publish.dup, packet_id);
        let reason = if self.names_identifier_in_use(id, packet_id) && self.is_v5(id) {
            Ok(ReasonCode::PACKET_IDENTIFIER_IN_USE)
        } else {
            self.take_message(id, publish, topic)
        };
        self.puback_for(id, reason, packet_id);
    }

    /// Names the use of an identifier whose QoS 2 exchange is open for another packet; true if it is one.
    pub(crate) fn names_identifier_in_use(&mut self, id: ConnectionId, packet_id: PacketId) -> bool {
        let is_open = self.session_of(id).is_some_and(|session| session.received.contains_key(&packet_id));
        if is_open {
            self.breach(id, Ids("MQTT-2.3.1-2", "U5-029"), "a packet identifier that is in use");
        }
        is_open
    }

    /// Names a QoS 1 PUBLISH of 5.0 that comes again on the connection on which it was sent, and remembers this one.
    fn note_resend(&mut self, id: ConnectionId, dup: bool, packet_id: PacketId) {
        let Some(connection) = self.connections.get_mut(&id).filter(|connection| connection.is_v5()) else { return };
        if dup && connection.lately.contains(&packet_id) {
            self.breach(id, RESENT, "a QoS 1 PUBLISH came again on the connection on which it was sent");
            return;
        }
        if connection.lately.len() == MOST_REMEMBERED {
            connection.lately.pop_front();
        }
        connection.lately.push_back(packet_id);
    }

    pub(crate) fn puback_for(&mut self, id: ConnectionId, reason: Result<ReasonCode, Rejected>, packet_id: PacketId) {
        let Some((reason, why)) = self.answer(id, reason) else { return };
        if self.fault(Fault::NoPuback) && is_high(packet_id) {
            return;
        }
        let packet_id =
            if self.fault(Fault::WrongPubackId) && is_high(packet_id) { another(packet_id) } else { packet_id };
        if self.fault(Fault::PubackInventsCode) && self.is_v5(id) {
            self.send_invented(id, 0x40, packet_id);
            return;
        }
        if self.fault(Fault::AcknowledgesZero) && is_high(packet_id) {
            self.send_puback_of_nothing(id);
            return;
        }
        if self.fault(Fault::PubackTwice) && packet_id > PacketId::MIN {
            self.acknowledge(id, PacketType::Puback, packet_id, reason, why);
        }
        self.acknowledge(id, PacketType::Puback, packet_id, reason, why);
    }

    fn publish_qos2(&mut self, id: ConnectionId, publish: &Publish<'_>, topic: &str, packet_id: PacketId) {
        let repeated = self.session_of(id).is_some_and(|session| session.received.contains_key(&packet_id));
        if repeated {
            if !publish.dup {
                // Its session keeps the exchange, so it is no new message: that would take an identifier that is free.
                let detail = "a QoS 2 PUBLISH whose exchange is open came again with DUP 0";
                self.breach(id, Ids("MQTT-3.3.1-1", "MQTT-3.3.1-1"), detail);
            } else if self.connections.get(&id).is_some_and(|connection| connection.receiving.contains(&packet_id)) {
                self.breach(id, RESENT, "a QoS 2 PUBLISH came again on the connection on which it was sent");
            }
            self.count_open(id, packet_id);
            if self.planted(Planted::RepeatedIdentifier) {
                self.lose(publish.payload.len());
            }
            if self.fault(Fault::DeliversQos2Again) {
                let _ = self.take_message(id, publish, topic);
            }
            if !self.fault(Fault::NoPubrecForResent) {
                self.pubrec_for(id, Ok(ReasonCode::SUCCESS), packet_id);
            }
            return;
        }
        if self.fault(Fault::IdentifiersShared) && self.takes_for_repeated(id, publish, packet_id) {
            return;
        }
        let taken = self.open_exchange(id, publish, topic, packet_id);
        self.pubrec_for(id, taken, packet_id);
    }

    /// Takes a QoS 2 message and notes that its PUBREL is to come, unless the message is refused.
    fn open_exchange(
        &mut self,
        id: ConnectionId,
        publish: &Publish<'_>,
        topic: &str,
        packet_id: PacketId,
    ) -> Result<ReasonCode, Rejected> {
        if !self.note_received(id, packet_id, publish, None) {
            return Err(Rejected::NoRoom);
        }
        let taken = if self.quirk(Quirk::DeliversQos2OnPubrel) {
            self.hold_message(id, publish, topic, packet_id)
        } else {
            self.take_message(id, publish, topic)
        };
        let is_open = taken.is_ok() || self.denied_in_3(id, taken) || self.fault(Fault::RemembersAfterRefusal);
        if is_open {
            self.count_open(id, packet_id);
        } else if let Some(session) = self.session_of(id) {
            session.received.remove(&packet_id);
        }
        taken
    }

    /// Notes an open exchange in the session; false if there is no room for it.
    pub(crate) fn note_received(
        &mut self,
        id: ConnectionId,
        packet_id: PacketId,
        publish: &Publish<'_>,
        held: Option<Arc<Message>>,
    ) -> bool {
        let faulty = ExchangeMarks::of(publish, self.now);
        let Some(account) = self.ledger.open(0) else { return false };
        if let Some(session) = self.session_of(id) {
            session.received.insert(packet_id, Received { held, faulty, _account: account });
        }
        true
    }

    /// A denied message of 3.1.1 is acknowledged as if it were taken (`[MQTT-3.3.5-2]`).
    fn denied_in_3(&self, id: ConnectionId, taken: Result<ReasonCode, Rejected>) -> bool {
        matches!(taken, Err(Rejected::Denied)) && !self.is_v5(id)
    }

    fn count_open(&mut self, id: ConnectionId, packet_id: PacketId) {
        if let Some(connection) = self.connections.get_mut(&id).filter(|connection| connection.is_v5()) {
            connection.receiving.insert(packet_id);
        }
    }

    pub(crate) fn pubrec_for(&mut self, id: ConnectionId, reason: Result<ReasonCode, Rejected>, packet_id: PacketId) {
        let Some((reason, why)) = self.answer(id, reason) else { return };
        if self.fault(Fault::NoPubrec) {
            return;
        }
        let packet_id = if self.fault(Fault::WrongPubrecId) { another(packet_id) } else { packet_id };
        if self.fault(Fault::PubrecInventsCode) && self.is_v5(id) {
            self.send_invented(id, 0x50, packet_id);
            return;
        }
        self.acknowledge(id, PacketType::Pubrec, packet_id, reason, why);
    }

    /// The reason code of an acknowledgement; none if there is to be none, closed where 3.1.1 has no other means.
    fn answer(&mut self, id: ConnectionId, taken: Result<ReasonCode, Rejected>) -> Option<(ReasonCode, &'static str)> {
        match taken {
            Ok(ReasonCode::PACKET_IDENTIFIER_IN_USE) => {
                Some((ReasonCode::PACKET_IDENTIFIER_IN_USE, "the packet identifier is in use"))
            }
            Ok(reason) => Some((reason, "")),
            Err(Rejected::Denied) if self.fault(Fault::DeniedUnanswered) => None,
            Err(Rejected::Denied) if self.quirk(Quirk::BlamesName) => {
                Some((ReasonCode::TOPIC_NAME_INVALID, "there is no such topic for anybody"))
            }
            Err(Rejected::Denied) => Some((ReasonCode::NOT_AUTHORIZED, "nobody may publish to this topic")),
            Err(Rejected::NoRoom) if self.is_v5(id) => {
                Some((ReasonCode::QUOTA_EXCEEDED, "the broker has no room for this message"))
            }
            Err(Rejected::NoRoom) => {
                self.note(id, "closed: the broker has no room for this message, which 3.1.1 has no other way to say");
                self.end(id, true);
                None
            }
        }
    }

    /// Hands the message on, if it may be.
    pub(crate) fn take_message(
        &mut self,
        id: ConnectionId,
        publish: &Publish<'_>,
        topic: &str,
    ) -> Result<ReasonCode, Rejected> {
        let Some(message) = self.check_message(id, publish, topic)? else { return Ok(ReasonCode::SUCCESS) };
        let matched = self.accept(&message);
        let congested = self.congested.take();
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.feeds = congested;
        }
        let tells =
            if matched { self.fault(Fault::ClaimsNoSubscribers) } else { self.quirk(Quirk::ReportsNoSubscribers) };
        Ok(if tells { ReasonCode::NO_MATCHING_SUBSCRIBERS } else { ReasonCode::SUCCESS })
    }

    /// The message as it is to be handed on; none if it is to be acknowledged and dropped.
    pub(crate) fn check_message(
        &mut self,
        id: ConnectionId,
        publish: &Publish<'_>,
        topic: &str,
    ) -> Result<Option<Arc<Message>>, Rejected> {
        if self.settings.access.denies(topic) && !self.fault(Fault::DeliversDenied) {
            return Err(Rejected::Denied);
        }
        if !self.may_publish(topic) {
            return Ok(None);
        }
        if publish.qos > QoS::AtMostOnce && self.retains_no_more(publish, topic) {
            return Err(Rejected::NoRoom);
        }
        let publisher = self.client_of(id);
        let message = draft(publish, topic, publisher, self.version_of(id))
            .book(&self.ledger, self.now)
            .ok_or(Rejected::NoRoom)?;
        Ok(Some(Arc::new(message)))
    }
}

pub(crate) fn draft<'a>(
    publish: &Publish<'a>,
    topic: &'a str,
    publisher: ClientId,
    version: Option<Version>,
) -> Draft<'a> {
    Draft {
        topic,
        payload: publish.payload,
        qos: publish.qos,
        retain: publish.retain,
        properties: publish.properties,
        publisher,
        faulty: MessageMarks { dup: publish.dup, is_will: false, version },
    }
}
