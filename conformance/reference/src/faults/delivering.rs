//! What goes to the wrong client, gets lost under way, or arrives otherwise than it was published.

use std::sync::Arc;

use bytes::Bytes;
use mqtt_assay_codec::{Packet, Properties, PropertiesBuf, Property, QoS, topic_matches};

use super::{CopyMarks, Fault};
use crate::event::ConnectionId;
use crate::machine::Machine;
use crate::quirks::characters::is_control;
use crate::state::ClientId;
use crate::state::connection::Connection;
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

    /// Keeps the retained message of this topic, which another displaces.
    pub(crate) fn keep_displaced(&mut self, topic: &str) {
        let Some(displaced) = self.retained.get(topic) else { return };
        self.faulty.displaced.insert(Arc::clone(&displaced.topic), Arc::clone(displaced));
    }

    /// Puts the retained message back that was displaced on this topic.
    pub(crate) fn bring_back(&mut self, topic: &str) {
        if let Some(displaced) = self.faulty.displaced.remove(topic) {
            self.retained.insert(topic, displaced);
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
    pub(crate) fn spoil_in_flight(&mut self, id: ConnectionId, client_id: &ClientId, is_v5: bool) {
        let Some(session) = self.sessions.get_mut(client_id) else { return };
        let mut in_flight = std::mem::take(&mut session.in_flight);
        in_flight.retain(|entry| !self.is_lost(id, entry));
        for entry in in_flight.iter_mut().filter(|entry| entry.awaits == Awaits::Pubcomp) {
            let _way = self.on_sending(id, &entry.outgoing, Some(entry.packet_id), true);
            if self.fault(Fault::RedeliversAfterPubrec) {
                entry.awaits = Awaits::Pubrec;
            }
        }
        if in_flight.len() > 1 && self.fault(Fault::RedeliveryReversed) {
            reverse(&mut in_flight, |entry| entry.awaits != Awaits::Pubcomp);
        }
        if in_flight.len() > 1 && !is_v5 && self.fault(Fault::PubrelsReversed) {
            reverse(&mut in_flight, |entry| entry.awaits == Awaits::Pubcomp);
        }
        let renumbers: Vec<bool> = in_flight.iter().map(|entry| self.renumbers(id, entry)).collect();
        if is_v5 && self.fault(Fault::OldIdentifierComesBack) {
            self.swap_identifiers(client_id, &mut in_flight);
        }
        if let Some(session) = self.sessions.get_mut(client_id) {
            session.in_flight = in_flight;
            renumber(session, &renumbers);
        }
    }

    /// Gives messages the identifiers of the subscriptions of now, where they had others, and the others at the next turn.
    fn swap_identifiers(&self, client_id: &ClientId, in_flight: &mut [InFlight]) {
        let Some(session) = self.sessions.get(client_id) else { return };
        for entry in in_flight.iter_mut().filter(|entry| entry.awaits != Awaits::Pubcomp) {
            let topic = Arc::clone(&entry.outgoing.message.topic);
            let matching =
                session.subscriptions.iter().filter(|subscription| topic_matches(&subscription.filter, &topic));
            let now: Vec<u32> = matching.filter_map(|subscription| subscription.identifier).collect();
            let before = entry.outgoing.faulty.numbered_before.take();
            let is_swapped = before.is_some();
            let next = before.unwrap_or(now);
            let old = std::mem::replace(&mut entry.outgoing.identifiers, next);
            entry.outgoing.faulty.numbered_before = (!is_swapped).then_some(old);
        }
    }

    /// Whether a message that was sent is forgotten before it can be sent again.
    fn is_lost(&self, id: ConnectionId, entry: &InFlight) -> bool {
        let _way = self.on_sending(id, &entry.outgoing, Some(entry.packet_id), true);
        let lost = match entry.awaits {
            Awaits::Puback => self.fault(Fault::NoRedeliveryQos1),
            Awaits::Pubrec => self.fault(Fault::NoRedeliveryQos2),
            Awaits::Pubcomp => self.fault(Fault::NoRedeliveryPubrel),
            Awaits::Nothing => false,
        };
        // Of QoS 1 no sentence says it in so many words.
        let is_qos2 = entry.outgoing.qos == QoS::ExactlyOnce;
        lost || is_qos2 && entry.outgoing.message.is_expired(self.now) && self.fault(Fault::ExpiresInFlight)
    }

    /// Whether a message gets another packet identifier before it is sent again.
    fn renumbers(&self, id: ConnectionId, entry: &InFlight) -> bool {
        let _way = self.on_sending(id, &entry.outgoing, Some(entry.packet_id), true);
        entry.awaits != Awaits::Pubcomp && self.fault(Fault::RedeliversUnderNewId)
    }

    /// What every copy remembers.
    pub(crate) fn marks_of_copy(&self, granted: QoS, lowest: QoS, is_retained: bool) -> CopyMarks {
        let way = self.faulty.road.now();
        CopyMarks { group: None, is_retained, granted, lowest, mixed: Vec::new(), way, numbered_before: None }
    }

    /// Makes a copy what this broker takes it for when it is handed on; true if it is not to be.
    pub(crate) fn spoils_copy(&self, client_id: &ClientId, outgoing: &mut Outgoing) -> bool {
        let message = Arc::clone(&outgoing.message);
        let loses_empty = if message.retain { Fault::EmptyNotForwarded } else { Fault::LosesEmpty };
        if message.payload.is_empty() && !outgoing.faulty.is_retained && self.fault(loses_empty) {
            return true;
        }
        if message.faulty.dup && !outgoing.faulty.is_retained && self.fault(Fault::LosesDup) {
            return true;
        }
        outgoing.qos = self.spoiled_qos(client_id, outgoing);
        false
    }

    /// The QoS at which a copy goes out.
    fn spoiled_qos(&self, client_id: &ClientId, outgoing: &Outgoing) -> QoS {
        let CopyMarks { granted, lowest, is_retained, .. } = outgoing.faulty;
        let published = outgoing.message.qos;
        if is_retained && published.min(granted) > QoS::AtMostOnce && self.fault(Fault::RetainedQosLost) {
            return QoS::AtMostOnce;
        }
        let takes_lowest = lowest < granted && self.fault(Fault::OverlapTakesLowestQos);
        let granted = if takes_lowest { lowest } else { granted };
        let owed = if published > granted && self.fault(Fault::AboveGrantedQos) {
            published
        } else if granted > published && self.fault(Fault::AbovePublishedQos) {
            granted
        } else {
            published.min(granted)
        };
        let is_connected = self.sessions.get(client_id).is_some_and(|session| session.connection.is_some());
        let strays = !is_retained && is_connected && self.fault(Fault::DeliversAtOtherQos);
        if strays { other_qos(owed) } else { owed }
    }

    /// RETAIN as it is sent.
    pub(crate) fn retain_as_sent(&self, outgoing: &Outgoing) -> bool {
        if outgoing.faulty.is_retained {
            return !self.fault(Fault::RetainFlagMissing);
        }
        let ignored = outgoing.retain && self.fault(Fault::RetainAsPublishedIgnored);
        let kept = outgoing.retain && !ignored;
        kept || outgoing.message.retain && self.fault(Fault::RetainFlagOnLive)
    }

    /// The subscription identifiers as they are sent.
    pub(crate) fn spoiled_identifiers(&self, connection: &Connection, outgoing: &Outgoing) -> Vec<u32> {
        let mut identifiers = outgoing.identifiers.clone();
        if !identifiers.is_empty() && self.fault(Fault::IdentifierMissing) {
            return Vec::new();
        }
        let mixed = &outgoing.faulty.mixed;
        if !mixed.is_empty() && *mixed != identifiers && self.fault(Fault::SharedIdentifiersMixed) {
            return mixed.clone();
        }
        let session = connection.client_id.as_ref().and_then(|client_id| self.sessions.get(client_id));
        let held = session.into_iter().flat_map(|session| session.subscriptions.in_order());
        let all: Vec<u32> = held.filter_map(|subscription| subscription.identifier).collect();
        if !outgoing.faulty.is_retained && all != identifiers && self.fault(Fault::ForeignIdentifiers) {
            return all;
        }
        if identifiers.len() > 1 && self.fault(Fault::OnlyFirstIdentifier) {
            identifiers.truncate(1);
        }
        identifiers
    }

    /// The message expiry interval as it is sent, where so many seconds are left.
    pub(crate) fn spoiled_expiry(&self, message: &Message, left: u32) -> u32 {
        match message.expiry_interval {
            Some(asked) if asked != left && self.fault(Fault::MessageExpiryNotCounted) => asked,
            Some(asked) if asked != left && self.fault(Fault::MessageExpiryCountedTwice) => message.counted_twice(left),
            _ => left,
        }
    }

    /// Whether the newest of the messages that wait for a client goes first.
    pub(crate) fn sends_newest_first(&self, client_id: &ClientId) -> bool {
        let session = self.sessions.get(client_id);
        let Some(session) = session.filter(|session| session.queue.len() > 1) else { return false };
        let _way = self.on_next(session);
        self.fault(Fault::QueueReversed)
    }

    /// The topic name as it arrives, where it isn't the one that was published.
    pub(crate) fn spoiled_topic(&self, topic: &str) -> Option<Arc<str>> {
        let has_empty_level = topic.split('/').any(str::is_empty);
        if has_empty_level && self.fault(Fault::TopicNormalized) {
            let levels: Vec<&str> = topic.split('/').filter(|level| !level.is_empty()).collect();
            if !levels.is_empty() {
                return Some(levels.join("/").into());
            }
        }
        if topic.contains('\u{feff}') && self.fault(Fault::StripsByteOrderMark) {
            return Some(topic.replace('\u{feff}', "").into());
        }
        let strips = topic.contains(is_control) && self.fault(Fault::StripsControlCharacters);
        strips.then(|| topic.chars().filter(|&character| !is_control(character)).collect::<String>().into())
    }

    /// The payload as it arrives, where it isn't the one that was published.
    pub(crate) fn spoiled_payload(&self, outgoing: &Outgoing) -> Option<Bytes> {
        let payload = &outgoing.message.payload;
        if let Some(zero) = payload.iter().position(|byte| *byte == 0)
            && self.fault(Fault::PayloadChanged)
        {
            return Some(payload.slice(..zero));
        }
        if payload.len() > 16_000 && self.fault(Fault::CutsLongPayloads) {
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
        if kept.len() > 1 && self.fault(Fault::UserPropertiesReordered) {
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
        if bytes.len() > connection.maximum_packet_size {
            return;
        }
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

/// Gives these of the messages in flight another packet identifier.
fn renumber(session: &mut Session, renumbered: &[bool]) {
    for (index, _) in renumbered.iter().enumerate().filter(|(_, renumbered)| **renumbered) {
        if let Some(packet_id) = session.unused_packet_id() {
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

/// Lets each copy for a member of a shared subscription know the subscription identifiers of all.
pub(crate) fn mix_identifiers(members: &mut [(ClientId, Outgoing)]) {
    let all: Vec<u32> = members.iter().flat_map(|(_, copy)| copy.identifiers.clone()).collect();
    for (_, copy) in members {
        copy.faulty.mixed.clone_from(&all);
    }
}
