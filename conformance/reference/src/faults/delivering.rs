//! What goes to the wrong client, gets lost under way, or arrives otherwise than it was published.

use std::sync::Arc;

use bytes::Bytes;
use mqtt_assay_codec::{Packet, Properties, PropertiesBuf, Property, QoS};

use super::Fault;
use crate::event::ConnectionId;
use crate::machine::Machine;
use crate::quirks::characters::is_control;
use crate::state::ClientId;
use crate::state::message::Message;
use crate::state::session::{Awaits, InFlight, Outgoing, Session};

impl Machine {
    /// What a message with RETAIN 0 does to the retained one.
    pub(crate) fn retain_by_fault(&mut self, message: &Arc<Message>) {
        if self.fault(Fault::PlainClearsRetained) {
            self.retained.remove(&message.topic);
        }
        if self.fault(Fault::PlainReplacesRetained) && self.retained_has_room() {
            self.retained.insert(&message.topic, Arc::clone(message));
        }
    }

    /// Removes the retained messages of all topics below this one.
    pub(crate) fn clear_below(&mut self, topic: &str) {
        let below = format!("{topic}/");
        self.retained.retain(|retained| !retained.topic.starts_with(&below));
    }

    /// Gives a message of a shared subscription to another member than this one.
    pub(crate) fn pass_on(&mut self, client_id: &ClientId, outgoing: Outgoing) {
        let Some(filter) = outgoing.faulty.group.clone() else { return };
        let others = self.sessions.values().filter(|session| session.client_id != *client_id);
        let other = others
            .filter(|session| session.subscriptions.get(&filter).is_some())
            .map(|session| Arc::clone(&session.client_id))
            .next();
        if let Some(other) = other {
            self.deliver(&other, outgoing);
        }
    }

    /// Gives what a member of shared subscriptions didn't acknowledge to other members.
    pub(crate) fn pass_all_on(&mut self, client_id: &ClientId, session: &mut Session) {
        for entry in std::mem::take(&mut session.in_flight) {
            self.pass_on(client_id, entry.outgoing);
        }
    }

    /// What gets lost or rearranged before the re-sends.
    pub(crate) fn spoil_in_flight(&mut self, client_id: &ClientId, is_v5: bool) {
        let Some(session) = self.sessions.get_mut(client_id) else { return };
        let mut in_flight = std::mem::take(&mut session.in_flight);
        in_flight.retain(|entry| !self.is_lost(entry));
        if self.fault(Fault::RedeliversAfterPubrec) {
            for entry in in_flight.iter_mut().filter(|entry| entry.awaits == Awaits::Pubcomp) {
                entry.awaits = Awaits::Pubrec;
            }
        }
        if self.fault(Fault::RedeliveryReversed) {
            reverse(&mut in_flight, |entry| entry.awaits != Awaits::Pubcomp);
        }
        if self.fault(Fault::PubrelsReversed) && !is_v5 {
            reverse(&mut in_flight, |entry| entry.awaits == Awaits::Pubcomp);
        }
        let renumbers = self.fault(Fault::RedeliversUnderNewId);
        if let Some(session) = self.sessions.get_mut(client_id) {
            session.in_flight = in_flight;
            if renumbers {
                renumber(session);
            }
        }
    }

    /// Whether a message that was sent is forgotten before it can be sent again.
    fn is_lost(&self, entry: &InFlight) -> bool {
        let lost = match entry.awaits {
            Awaits::Puback => self.fault(Fault::NoRedeliveryQos1),
            Awaits::Pubrec => self.fault(Fault::NoRedeliveryQos2),
            Awaits::Pubcomp => self.fault(Fault::NoRedeliveryPubrel),
            Awaits::Nothing => false,
        };
        lost || self.fault(Fault::ExpiresInFlight) && entry.outgoing.message.is_expired(self.now)
    }

    /// The topic name as it arrives, where it isn't the one that was published.
    pub(crate) fn spoiled_topic(&self, topic: &str) -> Option<Arc<str>> {
        if self.fault(Fault::TopicNormalized) {
            let levels: Vec<&str> = topic.split('/').filter(|level| !level.is_empty()).collect();
            if !levels.is_empty() {
                return Some(levels.join("/").into());
            }
        }
        if self.fault(Fault::StripsByteOrderMark) {
            return Some(topic.replace('\u{feff}', "").into());
        }
        let strips = self.fault(Fault::StripsControlCharacters);
        strips.then(|| topic.chars().filter(|&character| !is_control(character)).collect::<String>().into())
    }

    /// The payload as it arrives, where it isn't the one that was published.
    pub(crate) fn spoiled_payload(&self, outgoing: &Outgoing) -> Option<Bytes> {
        let payload = &outgoing.message.payload;
        if self.fault(Fault::PayloadChanged)
            && let Some(zero) = payload.iter().position(|byte| *byte == 0)
        {
            return Some(payload.slice(..zero));
        }
        if self.fault(Fault::CutsLongPayloads) {
            return Some(payload.slice(..payload.len().min(16_000)));
        }
        let numbered = self.fault(Fault::Qos0WithId) && outgoing.qos == QoS::AtMostOnce && !outgoing.retain;
        numbered.then(|| [&[0, 1], &payload[..]].concat().into())
    }

    /// Properties that don't go on as they came.
    pub(crate) fn spoiled_properties(&self, properties: Properties<'_>) -> PropertiesBuf {
        let dropped = |property: &Property<'_>| match property {
            Property::UserProperty(..) => self.fault(Fault::UserPropertiesDropped),
            Property::PayloadFormatIndicator(_) => self.fault(Fault::PayloadFormatDropped),
            Property::ContentType(_) => self.fault(Fault::ContentTypeDropped),
            Property::ResponseTopic(_) => self.fault(Fault::ResponseTopicDropped),
            Property::CorrelationData(_) => self.fault(Fault::CorrelationDataDropped),
            _ => false,
        };
        let mut kept: Vec<Property<'_>> = properties.iter().filter(|property| !dropped(property)).collect();
        if self.fault(Fault::UserPropertiesReordered) {
            kept.reverse();
        }
        kept.into_iter().collect()
    }

    /// Sends a packet without a look at what the client takes; false if it can't be encoded.
    pub(crate) fn send_whatever_its_size(&mut self, id: ConnectionId, packet: &Packet<'_>) -> bool {
        let Some(connection) = self.connections.get(&id) else { return false };
        let Ok(bytes) = packet.to_bytes(connection.version) else { return false };
        self.send_bytes(id, bytes);
        true
    }

    /// DUP on QoS 0, which the encoder refuses.
    pub(crate) fn send_with_dup(&mut self, id: ConnectionId, packet: &Packet<'_>) {
        let Some(connection) = self.connections.get(&id) else { return };
        let Ok(bytes) = packet.to_bytes(connection.version) else { return };
        let mut bytes = bytes.to_vec();
        if let Some(first) = bytes.first_mut() {
            *first |= 0x08;
        }
        self.send_bytes(id, bytes);
    }
}

/// Puts those that `first` names before the others, in reverse order.
fn reverse(in_flight: &mut [InFlight], first: impl Fn(&InFlight) -> bool) {
    in_flight.sort_by_key(|entry| !first(entry));
    let count = in_flight.iter().filter(|entry| first(entry)).count();
    in_flight[..count].reverse();
}

/// Gives every message that will be sent again another packet identifier.
fn renumber(session: &mut Session) {
    for index in 0..session.in_flight.len() {
        if session.in_flight[index].awaits != Awaits::Pubcomp
            && let Some(packet_id) = session.unused_packet_id()
        {
            session.in_flight[index].packet_id = packet_id;
        }
    }
}

/// A QoS that isn't this one.
pub(crate) fn other_qos(owed: QoS) -> QoS {
    match owed {
        QoS::AtMostOnce | QoS::ExactlyOnce => QoS::AtLeastOnce,
        QoS::AtLeastOnce => QoS::AtMostOnce,
    }
}

/// Gives each member of a shared subscription the subscription identifiers of all.
pub(crate) fn mix_identifiers(members: &mut [(ClientId, Outgoing)]) {
    let all: Vec<u32> = members.iter().flat_map(|(_, copy)| copy.identifiers.clone()).collect();
    for (_, copy) in members {
        copy.identifiers.clone_from(&all);
    }
}
