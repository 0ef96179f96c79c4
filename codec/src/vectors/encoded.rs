//! Values put together to a packet again: its shortest form.

use alloc::vec::Vec;

use crate::packet::{
    Acknowledgement, Auth, Connack, Connect, Disconnect, Packet, PacketId, PacketType, PropertiesBuf, Property,
    PropertyId, PropertyType, Publish, QoS, RawValue, ReasonCode, ReasonCodes, RetainHandling, Suback, Subscribe,
    SubscriptionOptions, SubscriptionsBuf, TopicFiltersBuf, Unsuback, Unsubscribe, Version, Will,
};
use crate::vectors::stated::property_named;
use crate::vectors::values::{Value, Values};

impl Values {
    /// The packet of these values in bytes, in its shortest form; `None` where they don't make one: a field that is missing or
    /// has no room, text that is not UTF-8.
    ///
    /// ```
    /// use mqtt_assay_codec::{Version, vectors::Values};
    /// let values = Values::from_line("PUBLISH dup=0 qos=0 retain=0 topic=612f62 payload=78").unwrap();
    /// assert_eq!(values.encode(Version::V5).as_deref(), Some(&b"\x30\x07\x00\x03a/b\x00x"[..]));
    /// ```
    pub fn encode(&self, version: Version) -> Option<Vec<u8>> {
        let parts = Parts { values: self };
        let properties = parts.block("")?;
        let of_will = parts.block("will.")?;
        let codes = parts.codes()?;
        let subscriptions =
            if self.packet == PacketType::Subscribe { parts.subscriptions()? } else { SubscriptionsBuf::new() };
        let filters = if self.packet == PacketType::Unsubscribe { parts.filters()? } else { TopicFiltersBuf::new() };
        let (block, reasons) = (properties.as_properties(), ReasonCodes::from(codes.as_slice()));
        let reason = ReasonCode(codes.first().copied().unwrap_or_default());
        let acknowledgement = || Some(Acknowledgement { packet_id: parts.packet_id()?, reason, properties: block });
        let packet = match self.packet {
            PacketType::Connect => {
                let will = if parts.has("will-topic") { Some(parts.will(&of_will)?) } else { None };
                Packet::Connect(Connect { properties: block, will, ..parts.connect(version)? })
            }
            PacketType::Connack => {
                let session_present = parts.flag("session-present").unwrap_or_default();
                Packet::Connack(Connack { session_present, reason, properties: block })
            }
            PacketType::Publish => Packet::Publish(Publish { properties: block, ..parts.publish()? }),
            PacketType::Puback => Packet::Puback(acknowledgement()?),
            PacketType::Pubrec => Packet::Pubrec(acknowledgement()?),
            PacketType::Pubrel => Packet::Pubrel(acknowledgement()?),
            PacketType::Pubcomp => Packet::Pubcomp(acknowledgement()?),
            PacketType::Subscribe => Packet::Subscribe(Subscribe {
                packet_id: parts.packet_id()?,
                properties: block,
                filters: subscriptions.as_subscriptions(),
            }),
            PacketType::Suback => Packet::Suback(Suback { packet_id: parts.packet_id()?, properties: block, reasons }),
            PacketType::Unsubscribe => Packet::Unsubscribe(Unsubscribe {
                packet_id: parts.packet_id()?,
                properties: block,
                filters: filters.as_topic_filters(),
            }),
            PacketType::Unsuback => {
                Packet::Unsuback(Unsuback { packet_id: parts.packet_id()?, properties: block, reasons })
            }
            PacketType::Pingreq => Packet::Pingreq,
            PacketType::Pingresp => Packet::Pingresp,
            PacketType::Disconnect => Packet::Disconnect(Disconnect { reason, properties: block }),
            PacketType::Auth => Packet::Auth(Auth { reason, properties: block }),
        };
        Some(packet.to_bytes(version).ok()?.to_vec())
    }
}

/// The values, asked for by name.
struct Parts<'v> {
    values: &'v Values,
}

impl<'v> Parts<'v> {
    fn value(&self, name: &str) -> Option<&'v Value> {
        self.values.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    fn number(&self, name: &str) -> Option<u32> {
        if let Value::Number(number) = self.value(name)? { Some(*number) } else { None }
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.number(name).map(|number| number != 0)
    }

    fn bytes(&self, name: &str) -> Option<&'v [u8]> {
        if let Value::Bytes(bytes) = self.value(name)? { Some(bytes) } else { None }
    }

    fn text(&self, name: &str) -> Option<&'v str> {
        core::str::from_utf8(self.bytes(name)?).ok()
    }

    fn packet_id(&self) -> Option<PacketId> {
        PacketId::new(self.number("packet-identifier")?.try_into().ok()?)
    }

    fn qos(&self, name: &str) -> Option<QoS> {
        QoS::try_from(u8::try_from(self.number(name)?).ok()?).ok()
    }

    fn connect(&self, version: Version) -> Option<Connect<'v>> {
        let written = (self.bytes("protocol-name")?, self.number("protocol-level")?);
        let fits = written == (version.protocol_name().as_bytes(), version.level().into());
        fits.then_some(())?;
        let user_name = if self.has("user-name") { Some(self.text("user-name")?) } else { None };
        Some(Connect {
            clean_start: self.flag("clean-start")?,
            keep_alive: self.number("keep-alive")?.try_into().ok()?,
            client_id: self.text("client-identifier")?,
            user_name,
            password: self.bytes("password"),
            ..Connect::default()
        })
    }

    fn will<'p>(&self, properties: &'p PropertiesBuf) -> Option<Will<'p>>
    where
        'v: 'p,
    {
        Some(Will {
            qos: self.qos("will-qos")?,
            retain: self.flag("will-retain")?,
            properties: properties.as_properties(),
            topic: self.text("will-topic")?,
            payload: self.bytes("will-payload")?,
        })
    }

    fn publish(&self) -> Option<Publish<'v>> {
        Some(Publish {
            dup: self.flag("dup")?,
            qos: self.qos("qos")?,
            retain: self.flag("retain")?,
            topic: self.text("topic")?,
            packet_id: self.packet_id(),
            payload: self.bytes("payload")?,
            ..Publish::default()
        })
    }

    /// The reason codes, in their order; `None` where one is above a byte.
    fn codes(&self) -> Option<Vec<u8>> {
        let codes = self.values.fields.iter().filter(|(name, _)| name == "reason-code");
        codes.map(|(_, value)| if let Value::Number(code) = value { (*code).try_into().ok() } else { None }).collect()
    }

    fn subscriptions(&self) -> Option<SubscriptionsBuf> {
        let mut all = SubscriptionsBuf::new();
        for (_, value) in self.values.fields.iter().filter(|(name, _)| name == "topic-filter") {
            let Value::Filter(filter, options) = value else { return None };
            all.push(core::str::from_utf8(filter).ok()?, options_of(options)?).ok()?;
        }
        Some(all)
    }

    fn filters(&self) -> Option<TopicFiltersBuf> {
        let mut all = TopicFiltersBuf::new();
        for (_, value) in self.values.fields.iter().filter(|(name, _)| name == "topic-filter") {
            let Value::Bytes(filter) = value else { return None };
            all.push(core::str::from_utf8(filter).ok()?).ok()?;
        }
        Some(all)
    }

    /// The block of the properties whose names begin so.
    fn block(&self, prefix: &str) -> Option<PropertiesBuf> {
        let mut block = PropertiesBuf::new();
        for (name, value) in &self.values.fields {
            let Some(id) = name.strip_prefix(prefix).and_then(property_named) else { continue };
            block.push(property_of(id, value)?).ok()?;
        }
        Some(block)
    }
}

fn options_of(options: &[u8]) -> Option<SubscriptionOptions> {
    let (&qos, others) = options.split_first()?;
    let plain = SubscriptionOptions::at(QoS::try_from(qos).ok()?);
    Some(match others {
        [] => plain,
        &[no_local, retain_as_published, handling] => SubscriptionOptions {
            no_local: no_local != 0,
            retain_as_published: retain_as_published != 0,
            retain_handling: match handling {
                0 => RetainHandling::Send,
                1 => RetainHandling::SendIfNew,
                2 => RetainHandling::DoNotSend,
                _ => return None,
            },
            ..plain
        },
        _ => return None,
    })
}

fn property_of(id: PropertyId, value: &Value) -> Option<Property<'_>> {
    let text = |bytes| core::str::from_utf8(bytes).ok();
    let raw = match (id.value_type()?, value) {
        (PropertyType::Byte, Value::Number(number)) => RawValue::Byte((*number).try_into().ok()?),
        (PropertyType::TwoByteInteger, Value::Number(number)) => RawValue::TwoByteInteger((*number).try_into().ok()?),
        (PropertyType::FourByteInteger, Value::Number(number)) => RawValue::FourByteInteger(*number),
        (PropertyType::VariableByteInteger, Value::Number(number)) => RawValue::VariableByteInteger(*number),
        (PropertyType::Utf8String, Value::Bytes(bytes)) => RawValue::Utf8String(text(bytes)?),
        (PropertyType::BinaryData, Value::Bytes(bytes)) => RawValue::BinaryData(bytes),
        (PropertyType::Utf8StringPair, Value::Pair(name, value)) => RawValue::Utf8StringPair(text(name)?, text(value)?),
        _ => return None,
    };
    Property::from_raw(id, raw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::{self, Verdict};

    #[test]
    fn the_values_of_every_vector_are_read_back_and_make_its_packet_again() {
        for vector in vectors::all().filter(|vector| vector.verdict == Verdict::Valid) {
            let values = vector.values().unwrap_or_else(|| panic!("{}", vector.id));
            let line = alloc::string::ToString::to_string(&values);
            assert_eq!(Values::from_line(&line).as_ref(), Ok(&values), "{}", vector.id);
            let version = vector.context.version;
            let written = values.encode(version).unwrap_or_else(|| panic!("{}: {line}", vector.id));
            let twin = crate::decode(&written, vector.context, &crate::Limits::NONE);
            let Ok(crate::Decoded::Complete { packet, .. }) = twin else { panic!("{}: {twin:?}", vector.id) };
            assert_eq!(Values::of(&packet, version), values, "{}", vector.id);
        }
    }
}
