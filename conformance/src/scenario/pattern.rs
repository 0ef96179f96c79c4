//! Patterns of packets that a step waits for.
//!
//! A pattern has two halves: which packet it is about (its type; for a message its payload, for an acknowledgement
//! nothing more), and what must be right of it. A packet that is the one meant but not right is a mismatch, which
//! decides at once; other packets are left for other steps.

use super::names::{Names, Topic};
use crate::link::describe::quoted;
use mqtt_assay_codec::{Packet, PacketType, Property, PropertyId, Publish, QoS, ReasonCode, Version};

/// A demand on a property list: a check and its name.
type PropertyDemand = (String, fn(&[Property<'_>], &str) -> bool, String);

/// What a step waits for.
#[derive(Clone)]
pub struct Pattern {
    packet_type: PacketType,
    /// Another type that will do as well.
    or_else: Option<PacketType>,
    payload: Option<Vec<u8>>,
    /// Whether the payload is the end of what is meant.
    ending: bool,
    told_by: Option<usize>,
    no_more: bool,
    /// The payload that must be right of it, where its payload doesn't tell it.
    reads: Option<Vec<u8>>,
    only_qos: Option<QoS>,
    topic: Option<Topic>,
    packet_id: Option<u16>,
    other_ids: Vec<u16>,
    largest: Option<usize>,
    qos: Option<(QoS, QoS)>,
    retain: Option<bool>,
    dup: Option<bool>,
    session_present: Option<bool>,
    reasons: Vec<Vec<ReasonCode>>,
    number_of_codes: Option<usize>,
    properties: Vec<PropertyDemand>,
}

impl Pattern {
    fn new(packet_type: PacketType) -> Self {
        Self {
            packet_type,
            or_else: None,
            payload: None,
            ending: false,
            told_by: None,
            no_more: false,
            reads: None,
            only_qos: None,
            topic: None,
            packet_id: None,
            other_ids: Vec::new(),
            largest: None,
            qos: None,
            retain: None,
            dup: None,
            session_present: None,
            reasons: Vec::new(),
            number_of_codes: None,
            properties: Vec::new(),
        }
    }

    /// With exactly this QoS.
    #[must_use]
    pub fn qos(mut self, qos: QoS) -> Self {
        self.qos = Some((qos, qos));
        self
    }

    /// With this QoS or a lower one.
    #[must_use]
    pub fn qos_at_most(mut self, qos: QoS) -> Self {
        self.qos = Some((QoS::AtMostOnce, qos));
        self
    }

    /// Nothing stands before the payload that was asked for.
    #[must_use]
    pub fn and_no_more(mut self) -> Self {
        self.no_more = true;
        self
    }

    /// A message that is told by other things than its payload: this is its payload.
    #[must_use]
    pub fn reads(mut self, payload: impl AsRef<[u8]>) -> Self {
        self.reads = Some(payload.as_ref().to_vec());
        self
    }

    /// Only copies of this QoS are meant; others are left alone.
    #[must_use]
    pub fn copy_at(mut self, qos: QoS) -> Self {
        self.only_qos = Some(qos);
        self
    }

    /// Told by so many bytes at the beginning of its payload: the rest may be missing.
    #[must_use]
    pub fn told_by(mut self, bytes: usize) -> Self {
        self.told_by = Some(bytes);
        self
    }

    /// On this topic.
    #[must_use]
    pub fn on(mut self, topic: impl Into<Topic>) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// With RETAIN set or not.
    #[must_use]
    pub fn retain(mut self, set: bool) -> Self {
        self.retain = Some(set);
        self
    }

    /// With DUP set or not.
    #[must_use]
    pub fn dup(mut self, set: bool) -> Self {
        self.dup = Some(set);
        self
    }

    /// With this packet identifier.
    #[must_use]
    pub fn id(mut self, id: impl Into<u16>) -> Self {
        self.packet_id = Some(id.into());
        self
    }

    /// With another packet identifier than this one, which is in use.
    #[must_use]
    pub fn other_id_than(mut self, id: impl Into<u16>) -> Self {
        self.other_ids.push(id.into());
        self
    }

    /// 5.0: not larger than this, in bytes of the whole packet.
    #[must_use]
    pub fn at_most(mut self, bytes: usize) -> Self {
        self.largest = Some(bytes);
        self
    }

    /// CONNACK: with Session Present set or not.
    #[must_use]
    pub fn session_present(mut self, present: bool) -> Self {
        self.session_present = Some(present);
        self
    }

    /// With a reason code (return code) out of these. Called again: the next code of SUBACK or UNSUBACK.
    #[must_use]
    pub fn code(mut self, any_of: &[ReasonCode]) -> Self {
        self.reasons.push(any_of.to_vec());
        self
    }

    /// With this user property, name and value.
    #[must_use]
    pub fn user_property(mut self, name: &'static str, value: &str) -> Self {
        let check = |properties: &[Property<'_>], wanted: &str| {
            properties.iter().any(|property| matches!(property, Property::UserProperty(name, value) if format!("{name}={value}") == wanted))
        };
        self.properties.push((format!("with user property {name}={value}"), check, format!("{name}={value}")));
        self
    }

    /// With this property.
    #[must_use]
    pub fn property(mut self, property: Property<'_>) -> Self {
        let check = |properties: &[Property<'_>], wanted: &str| {
            properties.iter().any(|property| format!("{property:?}") == wanted)
        };
        let name = format!("{property:?}");
        self.properties.push((format!("with {name}"), check, name));
        self
    }

    /// With exactly these Subscription Identifiers, in any order.
    #[must_use]
    pub fn identifiers(mut self, wanted: &[u32]) -> Self {
        let check = |properties: &[Property<'_>], wanted: &str| {
            let found = properties.iter().filter_map(|property| match property {
                Property::SubscriptionIdentifier(identifier) => Some(*identifier),
                _ => None,
            });
            in_ascending_order(found) == wanted
        };
        let wanted = in_ascending_order(wanted.iter().copied());
        self.properties.push((format!("with subscription identifiers {wanted} and no others"), check, wanted));
        self
    }

    /// SUBACK and UNSUBACK: with so many codes.
    #[must_use]
    pub fn number_of_codes(mut self, number: usize) -> Self {
        self.number_of_codes = Some(number);
        self
    }

    /// With these user properties in this order; others may stand in between.
    #[must_use]
    pub fn in_order(mut self, pairs: &[(&str, &str)]) -> Self {
        let check = |properties: &[Property<'_>], wanted: &str| {
            let mut found = properties.iter().map(|property| format!("{property:?}"));
            wanted.lines().all(|one| found.any(|property| property == one))
        };
        let wanted: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{:?}", Property::UserProperty(name, value))).collect();
        self.properties.push(("with the user properties in their order".to_owned(), check, wanted.join("\n")));
        self
    }

    /// With a Message Expiry Interval of at most so many seconds.
    #[must_use]
    pub fn expiry_at_most(mut self, seconds: u32) -> Self {
        let check = |properties: &[Property<'_>], most: &str| {
            let most = most.parse().unwrap_or_default();
            properties.iter().any(|property| matches!(property, Property::MessageExpiryInterval(left) if *left <= most))
        };
        self.properties.push((
            format!("with a Message Expiry Interval of at most {seconds}"),
            check,
            seconds.to_string(),
        ));
        self
    }

    /// With a Message Expiry Interval of at least so many seconds.
    #[must_use]
    pub fn expiry_at_least(mut self, seconds: u32) -> Self {
        let check = |properties: &[Property<'_>], least: &str| {
            let least = least.parse().unwrap_or_default();
            properties
                .iter()
                .any(|property| matches!(property, Property::MessageExpiryInterval(left) if *left >= least))
        };
        self.properties.push((
            format!("with a Message Expiry Interval of at least {seconds}"),
            check,
            seconds.to_string(),
        ));
        self
    }

    /// With a Topic Alias of at most so much.
    #[must_use]
    pub fn alias_at_most(mut self, most: u16) -> Self {
        let check = |properties: &[Property<'_>], most: &str| {
            let most = most.parse().unwrap_or_default();
            properties.iter().any(|property| matches!(property, Property::TopicAlias(alias) if *alias <= most))
        };
        self.properties.push((format!("with a Topic Alias of at most {most}"), check, most.to_string()));
        self
    }

    /// With a property of this kind, whatever its value.
    #[must_use]
    pub fn has(mut self, property: PropertyId) -> Self {
        let check = |properties: &[Property<'_>], wanted: &str| ids(properties).any(|id| id == wanted);
        self.properties.push((format!("with {property}"), check, property.0.to_string()));
        self
    }

    /// Without any property of this kind.
    #[must_use]
    pub fn lacks(mut self, property: PropertyId) -> Self {
        let check = |properties: &[Property<'_>], unwanted: &str| !ids(properties).any(|id| id == unwanted);
        self.properties.push((format!("without {property}"), check, property.0.to_string()));
        self
    }

    /// With an Assigned Client Identifier of at least one character.
    #[must_use]
    pub fn assigned_client_id(mut self) -> Self {
        let check = |properties: &[Property<'_>], _: &str| {
            properties
                .iter()
                .any(|property| matches!(property, Property::AssignedClientIdentifier(id) if !id.is_empty()))
        };
        self.properties.push(("with an Assigned Client Identifier".to_owned(), check, String::new()));
        self
    }

    /// The packet identifier that it asks for.
    pub(crate) fn wanted_id(&self) -> Option<u16> {
        self.packet_id
    }

    /// True for a pattern of a message: its payload tells which one is meant.
    pub(crate) fn tells_by_payload(&self) -> bool {
        self.payload.is_some()
    }

    /// The payload of the message that it is about.
    pub(crate) fn wanted_payload(&self) -> Option<&[u8]> {
        self.payload.as_deref()
    }

    /// True where it demands something of the properties.
    pub(crate) fn looks_at_properties(&self) -> bool {
        !self.properties.is_empty()
    }

    /// The pattern in words.
    pub fn describe(&self) -> String {
        let mut out = self.packet_type.name().to_owned();
        if let Some(other) = self.or_else {
            out = format!("{out} or {}", other.name());
        }
        let mut add = |text: String| {
            out.push(' ');
            out.push_str(&text);
        };
        if let Some(Topic::Own(topic) | Topic::Exact(topic)) = &self.topic {
            add(quoted(topic.as_bytes()));
        }
        if let Some(payload) = self.payload.as_ref().or(self.reads.as_ref()) {
            add(format!("payload={}", quoted(payload)));
        }
        match self.qos {
            Some((low, high)) if low == high => add(format!("qos={}", high as u8)),
            Some((_, high)) => add(format!("qos<={}", high as u8)),
            None => {}
        }
        if let Some(qos) = self.only_qos {
            add(format!("qos={}", qos as u8));
        }
        if let Some(id) = self.packet_id {
            add(format!("id={id}"));
        }
        for id in &self.other_ids {
            add(format!("id!={id}"));
        }
        if let Some(most) = self.largest {
            add(format!("of at most {most} bytes"));
        }
        for (demand, name) in [(self.retain, "retain"), (self.dup, "dup"), (self.session_present, "session-present")] {
            if let Some(set) = demand {
                add(format!("{name}={}", u8::from(set)));
            }
        }
        for codes in &self.reasons {
            add(one_of(codes));
        }
        if let Some(number) = self.number_of_codes {
            add(format!("with {number} codes"));
        }
        for (name, ..) in &self.properties {
            add(name.clone());
        }
        out
    }

    /// True where this packet is the one that the pattern is about, right or not.
    pub(crate) fn is_about(&self, packet: &Packet<'_>) -> bool {
        if packet.packet_type() != self.packet_type && self.or_else != Some(packet.packet_type()) {
            return false;
        }
        let Packet::Publish(publish) = packet else { return true };
        let carries = self.payload.as_ref().is_none_or(|payload| self.is_told_by(payload, publish.payload));
        carries && self.only_qos.is_none_or(|qos| publish.qos == qos)
    }

    fn is_told_by(&self, wanted: &[u8], payload: &[u8]) -> bool {
        let beginning = self.told_by.and_then(|bytes| wanted.get(..bytes));
        payload == wanted
            || self.ending && payload.ends_with(wanted)
            || beginning.is_some_and(|beginning| payload.starts_with(beginning))
    }

    /// What is not right about a packet that the pattern is about; empty where all is.
    pub(crate) fn mismatches(&self, packet: &Packet<'_>, names: &Names) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut differs =
            |what: &str, wanted: String, got: String| wrong.push(format!("{what} {got} instead of {wanted}"));
        let packet_id = identifier(packet);
        if let Some(wanted) = self.packet_id.filter(|&wanted| packet_id != Some(wanted)) {
            differs(
                "packet identifier",
                wanted.to_string(),
                packet_id.map_or_else(|| "none".to_owned(), |id| id.to_string()),
            );
        }
        if let Some(id) = packet_id.filter(|id| self.other_ids.contains(id)) {
            differs("packet identifier", "one that is not in use".to_owned(), id.to_string());
        }
        if let (Some(most), Ok(length)) = (self.largest, packet.encoded_len(Version::V5))
            && length > most
        {
            differs("length", format!("at most {most}"), length.to_string());
        }
        if let (Packet::Connack(connack), Some(wanted)) = (packet, self.session_present)
            && connack.session_present != wanted
        {
            differs("Session Present", u8::from(wanted).to_string(), u8::from(connack.session_present).to_string());
        }
        if let Packet::Publish(publish) = packet {
            self.publish_mismatches(publish, names, &mut differs);
        }
        let codes = codes(packet);
        for (index, any_of) in self.reasons.iter().enumerate() {
            let got = codes.get(index).copied();
            if !got.is_some_and(|code| any_of.contains(&code)) {
                differs(
                    "code",
                    one_of(any_of),
                    got.map_or_else(|| "none".to_owned(), |code| format!("0x{:02x}", code.0)),
                );
            }
        }
        if let Some(number) = self.number_of_codes.filter(|&number| number != codes.len()) {
            differs("number of codes", number.to_string(), codes.len().to_string());
        }
        if matches!(packet, Packet::Suback(_) | Packet::Unsuback(_))
            && !self.reasons.is_empty()
            && codes.len() != self.reasons.len()
        {
            differs("number of codes", self.reasons.len().to_string(), codes.len().to_string());
        }
        let properties = properties(packet);
        let mut missing = Vec::new();
        for (name, check, argument) in &self.properties {
            if !check(&properties, argument) {
                missing.push(format!("it should be {name}"));
            }
        }
        wrong.extend(missing);
        wrong
    }

    fn publish_mismatches(&self, publish: &Publish<'_>, names: &Names, differs: &mut impl FnMut(&str, String, String)) {
        if let Some(topic) = self.topic.as_ref().map(|topic| names.topic(topic))
            && publish.topic != topic
        {
            differs("topic", quoted(topic.as_bytes()), quoted(publish.topic.as_bytes()));
        }
        if let Some(payload) = self.payload.as_ref().filter(|payload| self.no_more && publish.payload != &payload[..]) {
            differs("payload", quoted(payload), quoted(publish.payload));
        }
        if let Some(payload) = self.reads.as_ref().filter(|payload| publish.payload != &payload[..]) {
            differs("payload", quoted(payload), quoted(publish.payload));
        }
        if let Some((low, high)) = self.qos
            && !(low..=high).contains(&publish.qos)
        {
            differs("QoS", (high as u8).to_string(), (publish.qos as u8).to_string());
        }
        for (wanted, got, name) in [(self.retain, publish.retain, "RETAIN"), (self.dup, publish.dup, "DUP")] {
            if let Some(wanted) = wanted.filter(|&wanted| wanted != got) {
                differs(name, u8::from(wanted).to_string(), u8::from(got).to_string());
            }
        }
    }
}

fn in_ascending_order(numbers: impl Iterator<Item = u32>) -> String {
    let mut numbers: Vec<u32> = numbers.collect();
    numbers.sort_unstable();
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")
}

fn ids(properties: &[Property<'_>]) -> impl Iterator<Item = String> {
    properties.iter().map(|property| property.id().0.to_string())
}

fn one_of(codes: &[ReasonCode]) -> String {
    codes.iter().map(|code| format!("0x{:02x}", code.0)).collect::<Vec<_>>().join(" or ")
}

/// The packet identifier, where the packet has one.
fn identifier(packet: &Packet<'_>) -> Option<u16> {
    let id = match packet {
        Packet::Publish(publish) => publish.packet_id?,
        Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack) => ack.packet_id,
        Packet::Suback(ack) => ack.packet_id,
        Packet::Unsuback(ack) => ack.packet_id,
        _ => return None,
    };
    Some(id.get())
}

/// The reason codes or return codes that a packet carries.
pub(crate) fn codes(packet: &Packet<'_>) -> Vec<ReasonCode> {
    match packet {
        Packet::Connack(connack) => vec![connack.reason],
        Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack) => vec![ack.reason],
        Packet::Suback(ack) => ack.reasons.iter().collect(),
        Packet::Unsuback(ack) => ack.reasons.iter().collect(),
        Packet::Disconnect(disconnect) => vec![disconnect.reason],
        Packet::Auth(auth) => vec![auth.reason],
        _ => Vec::new(),
    }
}

/// The properties of a packet, in order.
pub(crate) fn properties<'a>(packet: &Packet<'a>) -> Vec<Property<'a>> {
    match packet {
        Packet::Connect(packet) => packet.properties.iter().collect(),
        Packet::Connack(packet) => packet.properties.iter().collect(),
        Packet::Publish(packet) => packet.properties.iter().collect(),
        Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack) => {
            ack.properties.iter().collect()
        }
        Packet::Subscribe(packet) => packet.properties.iter().collect(),
        Packet::Suback(packet) => packet.properties.iter().collect(),
        Packet::Unsubscribe(packet) => packet.properties.iter().collect(),
        Packet::Unsuback(packet) => packet.properties.iter().collect(),
        Packet::Disconnect(packet) => packet.properties.iter().collect(),
        Packet::Auth(packet) => packet.properties.iter().collect(),
        Packet::Pingreq | Packet::Pingresp => Vec::new(),
    }
}

/// A message with this payload on this topic. The payload tells which message it is, so it is unique in its case.
pub fn a_message(topic: impl Into<Topic>, payload: impl AsRef<[u8]>) -> Pattern {
    let mut pattern = Pattern::new(PacketType::Publish);
    pattern.topic = Some(topic.into());
    pattern.payload = Some(payload.as_ref().to_vec());
    pattern
}

/// A message with this payload, whatever its topic.
pub fn with_payload(payload: impl AsRef<[u8]>) -> Pattern {
    let mut pattern = Pattern::new(PacketType::Publish);
    pattern.payload = Some(payload.as_ref().to_vec());
    pattern
}

/// A message whose payload ends so, whatever stands before; see [`Pattern::and_no_more`].
pub fn ending_in(payload: impl AsRef<[u8]>) -> Pattern {
    let mut pattern = with_payload(payload);
    pattern.ending = true;
    pattern
}

/// A CONNACK.
pub fn a_connack() -> Pattern {
    Pattern::new(PacketType::Connack)
}

/// A PUBACK with this packet identifier.
pub fn a_puback(id: impl Into<u16>) -> Pattern {
    Pattern::new(PacketType::Puback).id(id)
}

/// A PUBREC with this packet identifier.
pub fn a_pubrec(id: impl Into<u16>) -> Pattern {
    Pattern::new(PacketType::Pubrec).id(id)
}

/// A PUBREL with this packet identifier.
pub fn a_pubrel(id: impl Into<u16>) -> Pattern {
    Pattern::new(PacketType::Pubrel).id(id)
}

/// A PUBCOMP with this packet identifier.
pub fn a_pubcomp(id: impl Into<u16>) -> Pattern {
    Pattern::new(PacketType::Pubcomp).id(id)
}

/// A SUBACK with this packet identifier.
pub fn a_suback(id: impl Into<u16>) -> Pattern {
    Pattern::new(PacketType::Suback).id(id)
}

/// An UNSUBACK with this packet identifier.
pub fn an_unsuback(id: impl Into<u16>) -> Pattern {
    Pattern::new(PacketType::Unsuback).id(id)
}

/// A PINGRESP.
pub fn a_pingresp() -> Pattern {
    Pattern::new(PacketType::Pingresp)
}

/// Any packet of one of two types.
pub fn either(packet_type: PacketType, or_else: PacketType) -> Pattern {
    Pattern { or_else: Some(or_else), ..Pattern::new(packet_type) }
}

/// Any packet of this type.
pub fn any(packet_type: PacketType) -> Pattern {
    Pattern::new(packet_type)
}
