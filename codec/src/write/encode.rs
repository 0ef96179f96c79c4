//! Packets to bytes: the exact length first, then the bytes, into any buffer, without an allocation of its own.

use alloc::vec::Vec;
use bytes::{BufMut, Bytes};

use crate::packet::wire::{self, MAX_VARIABLE_BYTE_INTEGER};
use crate::packet::{
    Acknowledgement, Connect, EncodeError, FieldName, Packet, PacketId, PacketType, Properties, PropertyHome, Publish,
    ReasonCode, Subscribe, Subscriptions, Version, Will,
};
use crate::write::fast;
use crate::write::flags::connect_flags;
use crate::write::slice;

impl<'a> Packet<'a> {
    /// Bytes that [`encode`](Self::encode) will write.
    pub fn encoded_len(&self, version: Version) -> Result<usize, EncodeError> {
        let remaining = self.remaining_len(version)?;
        Ok(1 + wire::variable_len(remaining) + remaining as usize)
    }

    /// Writes the packet and returns its length in bytes; writes nothing if it fails.
    ///
    /// Acknowledgements and DISCONNECT of 5.0 are written in their shortest form.
    #[inline]
    pub fn encode(&self, version: Version, buffer: &mut impl BufMut) -> Result<usize, EncodeError> {
        if let Self::Publish(publish) = self
            && let Some(length) = fast::put_publish::<false, true>(publish, version, buffer)
        {
            return Ok(length);
        }
        self.encode_longer(version, buffer)
    }

    /// As [`encode`](Self::encode), to the start of a slice: a PUBLISH takes fewer instructions so. If it fails, the slice may have been
    /// written to.
    ///
    /// ```
    /// use mqtt_assay_codec::{Packet, Publish, Version};
    /// let mut room = [0; 16];
    /// let packet = Packet::Publish(Publish { topic: "t", payload: b"hi", ..Publish::default() });
    /// let len = packet.encode_to_slice(Version::V3_1_1, &mut room)?;
    /// assert_eq!(&room[..len], b"\x30\x05\x00\x01thi");
    /// # Ok::<(), mqtt_assay_codec::EncodeError>(())
    /// ```
    #[inline]
    pub fn encode_to_slice(&self, version: Version, slice: &mut [u8]) -> Result<usize, EncodeError> {
        if let Self::Publish(publish) = self
            && let Some(length) = slice::publish(publish, version, slice)
        {
            return Ok(length);
        }
        self.encode_longer(version, &mut &mut *slice)
    }

    /// As [`encode`](Self::encode), for all but a small PUBLISH without properties.
    #[inline(never)]
    fn encode_longer(&self, version: Version, buffer: &mut impl BufMut) -> Result<usize, EncodeError> {
        match self {
            Self::Puback(ack) => self.encode_acknowledgement(0x40, ack, version, buffer),
            Self::Pubrec(ack) => self.encode_acknowledgement(0x50, ack, version, buffer),
            Self::Pubrel(ack) => self.encode_acknowledgement(0x62, ack, version, buffer),
            Self::Pubcomp(ack) => self.encode_acknowledgement(0x70, ack, version, buffer),
            Self::Pingreq => put_whole([0xC0, 0], buffer),
            Self::Pingresp => put_whole([0xD0, 0], buffer),
            Self::Connect(connect) => self.encode_connect(connect, version, buffer),
            Self::Subscribe(subscribe) => self.encode_subscribe(subscribe, version, buffer),
            Self::Publish(publish) => self.encode_publish(publish, version, buffer),
            _ => self.encode_any(version, buffer),
        }
    }

    /// As [`encode`](Self::encode), for a CONNECT.
    #[inline(never)]
    fn encode_connect(
        &self,
        connect: &Connect<'_>,
        version: Version,
        buffer: &mut impl BufMut,
    ) -> Result<usize, EncodeError> {
        let written = fast::put_connect(connect, version, buffer);
        written.map_or_else(|| self.encode_any(version, buffer), Ok)
    }

    /// As [`encode`](Self::encode), for a SUBSCRIBE.
    #[inline(never)]
    fn encode_subscribe(
        &self,
        subscribe: &Subscribe<'_>,
        version: Version,
        buffer: &mut impl BufMut,
    ) -> Result<usize, EncodeError> {
        let written = fast::put_subscribe(subscribe, version, buffer);
        written.map_or_else(|| self.encode_any(version, buffer), Ok)
    }

    /// As [`encode`](Self::encode), for a PUBLISH with properties.
    #[inline(never)]
    fn encode_publish(
        &self,
        publish: &Publish<'_>,
        version: Version,
        buffer: &mut impl BufMut,
    ) -> Result<usize, EncodeError> {
        let written = fast::put_publish::<false, false>(publish, version, buffer);
        written.map_or_else(|| self.encode_any(version, buffer), Ok)
    }

    /// As [`encode`](Self::encode), for an acknowledgement whose first byte is this: most are their packet identifier alone.
    #[inline(never)]
    fn encode_acknowledgement(
        &self,
        first: u8,
        ack: &Acknowledgement<'_>,
        version: Version,
        buffer: &mut impl BufMut,
    ) -> Result<usize, EncodeError> {
        let is_short =
            ack.reason == ReasonCode::SUCCESS && ack.properties.is_empty() && ack.properties.error().is_none();
        let [high, low] = ack.packet_id.get().to_be_bytes();
        if is_short { put_whole([first, 2, high, low], buffer) } else { self.encode_any(version, buffer) }
    }

    /// As [`encode`](Self::encode), in one way for all packets.
    #[inline(never)]
    pub(crate) fn encode_any(&self, version: Version, buffer: &mut impl BufMut) -> Result<usize, EncodeError> {
        let length = self.start(version, buffer, 0)?;
        self.put_body(version, buffer);
        if let Self::Publish(publish) = self {
            buffer.put_slice(publish.payload);
        }
        Ok(length)
    }

    /// Writes all but the payload of a PUBLISH and returns that payload, so that both can go out together
    /// (`write_vectored`) without copying it. For other packets what it returns is empty.
    #[inline]
    pub fn encode_head(&self, version: Version, buffer: &mut impl BufMut) -> Result<&'a [u8], EncodeError> {
        let Self::Publish(publish) = self else {
            self.encode(version, buffer)?;
            return Ok(&[]);
        };
        if fast::put_publish::<true, true>(publish, version, buffer).is_none() {
            self.encode_longer_head(version, buffer, publish)?;
        }
        Ok(publish.payload)
    }

    /// As [`encode_head`](Self::encode_head), for all but a small PUBLISH without properties.
    #[inline(never)]
    fn encode_longer_head(
        &self,
        version: Version,
        buffer: &mut impl BufMut,
        publish: &Publish<'_>,
    ) -> Result<(), EncodeError> {
        if fast::put_publish::<true, false>(publish, version, buffer).is_none() {
            self.start(version, buffer, publish.payload.len())?;
            self.put_body(version, buffer);
        }
        Ok(())
    }

    /// The packet as bytes of its own.
    pub fn to_bytes(&self, version: Version) -> Result<Bytes, EncodeError> {
        let mut buffer = Vec::with_capacity(self.encoded_len(version)?);
        self.encode(version, &mut buffer)?;
        Ok(buffer.into())
    }

    /// Checks everything, then writes the fixed header. `apart`: bytes of the packet that go elsewhere.
    fn start(&self, version: Version, buffer: &mut impl BufMut, apart: usize) -> Result<usize, EncodeError> {
        let remaining = self.remaining_len(version)?;
        let length = 1 + wire::variable_len(remaining) + remaining as usize;
        if buffer.remaining_mut() < length - apart {
            return Err(EncodeError::BufferFull { needed: length - apart });
        }
        let flags = match self {
            Self::Publish(publish) => u8::from(publish.dup) << 3 | (publish.qos as u8) << 1 | u8::from(publish.retain),
            other => other.packet_type().fixed_flags().unwrap_or(0),
        };
        let first = (self.packet_type() as u8) << 4 | flags;
        if remaining < 0x80 {
            buffer.put_slice(&[first, remaining as u8]);
        } else {
            buffer.put_u8(first);
            wire::put_variable(buffer, remaining);
        }
        Ok(length)
    }

    /// Remaining length, and with it every check that encoding makes.
    fn remaining_len(&self, version: Version) -> Result<u32, EncodeError> {
        if !self.packet_type().exists_in(version) {
            return Err(EncodeError::PacketNotInVersion(self.packet_type()));
        }
        let home = PropertyHome::Packet(self.packet_type());
        let length = match self {
            Self::Connect(connect) => connect_len(connect, version)?,
            Self::Connack(connack) => 2 + properties_len(connack.properties, home, version)?,
            Self::Publish(publish) => publish_len(publish, version)?,
            Self::Puback(ack) | Self::Pubrec(ack) | Self::Pubrel(ack) | Self::Pubcomp(ack) => {
                2 + ending_len(ack.reason, ack.properties, home, version)?
            }
            Self::Subscribe(subscribe) => {
                check_options(subscribe.filters, version)?;
                2 + properties_len(subscribe.properties, home, version)? + subscribe.filters.as_bytes().len()
            }
            Self::Suback(suback) => 2 + properties_len(suback.properties, home, version)? + suback.reasons.len(),
            Self::Unsubscribe(unsubscribe) => {
                unsubscribe.filters.error().map_or(Ok(()), Err)?;
                2 + properties_len(unsubscribe.properties, home, version)? + unsubscribe.filters.as_bytes().len()
            }
            Self::Unsuback(unsuback) => {
                if !version.has_properties() && !unsuback.reasons.is_empty() {
                    return Err(EncodeError::ReasonCodeNotInVersion);
                }
                2 + properties_len(unsuback.properties, home, version)? + unsuback.reasons.len()
            }
            Self::Pingreq | Self::Pingresp => 0,
            Self::Disconnect(disconnect) => ending_len(disconnect.reason, disconnect.properties, home, version)?,
            Self::Auth(auth) if auth.reason == ReasonCode::SUCCESS && auth.properties.is_empty() => {
                properties_len(auth.properties, home, version)? - 1
            }
            Self::Auth(auth) => 1 + properties_len(auth.properties, home, version)?,
        };
        within_format(length)
    }

    /// Writes what follows the fixed header, except for the payload of a PUBLISH.
    fn put_body(&self, version: Version, buffer: &mut impl BufMut) {
        match self {
            Self::Connect(connect) => put_connect(connect, version, buffer),
            Self::Connack(connack) => {
                buffer.put_u8(u8::from(connack.session_present));
                buffer.put_u8(connack.reason.0);
                put_properties(connack.properties, version, buffer);
            }
            Self::Publish(publish) => {
                wire::put_prefixed(buffer, publish.topic.as_bytes());
                if let Some(packet_id) = publish.packet_id {
                    buffer.put_u16(packet_id.get());
                }
                put_properties(publish.properties, version, buffer);
            }
            Self::Puback(ack) | Self::Pubrec(ack) | Self::Pubrel(ack) | Self::Pubcomp(ack) => put_ack(ack, buffer),
            Self::Subscribe(subscribe) => {
                put_identified(subscribe.packet_id, subscribe.properties, version, buffer);
                buffer.put_slice(subscribe.filters.as_bytes());
            }
            Self::Suback(suback) => {
                put_identified(suback.packet_id, suback.properties, version, buffer);
                buffer.put_slice(suback.reasons.as_bytes());
            }
            Self::Unsubscribe(unsubscribe) => {
                put_identified(unsubscribe.packet_id, unsubscribe.properties, version, buffer);
                buffer.put_slice(unsubscribe.filters.as_bytes());
            }
            Self::Unsuback(unsuback) => {
                put_identified(unsuback.packet_id, unsuback.properties, version, buffer);
                buffer.put_slice(unsuback.reasons.as_bytes());
            }
            Self::Pingreq | Self::Pingresp => {}
            Self::Disconnect(disconnect) => put_ending(disconnect.reason, disconnect.properties, buffer),
            Self::Auth(auth) if auth.reason == ReasonCode::SUCCESS && auth.properties.is_empty() => {}
            Self::Auth(auth) => {
                buffer.put_u8(auth.reason.0);
                put_properties(auth.properties, version, buffer);
            }
        }
    }
}

/// Writes a whole packet.
fn put_whole<const N: usize>(packet: [u8; N], buffer: &mut impl BufMut) -> Result<usize, EncodeError> {
    if buffer.remaining_mut() < N {
        return Err(EncodeError::BufferFull { needed: N });
    }
    buffer.put_slice(&packet);
    Ok(N)
}

fn within_format(length: usize) -> Result<u32, EncodeError> {
    match u32::try_from(length) {
        Ok(length) if length <= MAX_VARIABLE_BYTE_INTEGER => Ok(length),
        _ => Err(EncodeError::PacketTooLong),
    }
}

/// Length of a field behind a two-byte length, prefix included.
fn prefixed_len(data: &[u8], field: FieldName) -> Result<usize, EncodeError> {
    if wire::fits(data) { Ok(2 + data.len()) } else { Err(EncodeError::FieldTooLong(field)) }
}

/// Length of a block of properties with its Property Length; 0 in versions that have none.
fn properties_len(properties: Properties<'_>, home: PropertyHome, version: Version) -> Result<usize, EncodeError> {
    properties.error().map_or(Ok(()), Err)?;
    if !version.has_properties() {
        return if properties.is_empty() { Ok(0) } else { Err(EncodeError::PropertiesNotInVersion) };
    }
    if properties.is_empty() {
        return Ok(1);
    }
    if let Some(stranger) = properties.stranger_in(home) {
        return Err(EncodeError::PropertyNotAllowed(stranger));
    }
    let length = within_format(properties.as_bytes().len())?;
    Ok(wire::variable_len(length) + length as usize)
}

fn put_properties(properties: Properties<'_>, version: Version, buffer: &mut impl BufMut) {
    if version.has_properties() {
        wire::put_variable(buffer, properties.as_bytes().len() as u32);
        buffer.put_slice(properties.as_bytes());
    }
}

fn put_identified(packet_id: PacketId, properties: Properties<'_>, version: Version, buffer: &mut impl BufMut) {
    buffer.put_u16(packet_id.get());
    put_properties(properties, version, buffer);
}

/// Length of a reason code and properties that may be left out from the end (acknowledgements, DISCONNECT).
fn ending_len(
    reason: ReasonCode,
    properties: Properties<'_>,
    home: PropertyHome,
    version: Version,
) -> Result<usize, EncodeError> {
    let length = properties_len(properties, home, version)?;
    if !version.has_properties() {
        return if reason == ReasonCode::SUCCESS { Ok(0) } else { Err(EncodeError::ReasonCodeNotInVersion) };
    }
    Ok(match (properties.is_empty(), reason) {
        (true, ReasonCode::SUCCESS) => 0,
        (true, _) => 1,
        (false, _) => 1 + length,
    })
}

fn put_ending(reason: ReasonCode, properties: Properties<'_>, buffer: &mut impl BufMut) {
    if properties.is_empty() && reason == ReasonCode::SUCCESS {
        return;
    }
    buffer.put_u8(reason.0);
    if !properties.is_empty() {
        // Only 5.0 gets here with properties: the length was checked first.
        put_properties(properties, Version::V5, buffer);
    }
}

fn put_ack(ack: &Acknowledgement<'_>, buffer: &mut impl BufMut) {
    buffer.put_u16(ack.packet_id.get());
    put_ending(ack.reason, ack.properties, buffer);
}

fn publish_len(publish: &Publish<'_>, version: Version) -> Result<usize, EncodeError> {
    let packet_id = match (publish.qos as u8, publish.packet_id) {
        (0, None) => 0,
        (0, Some(_)) => return Err(EncodeError::PacketIdWithoutQos),
        (_, None) => return Err(EncodeError::PacketIdMissing),
        (_, Some(_)) => 2,
    };
    let properties = properties_len(publish.properties, PropertyHome::Packet(PacketType::Publish), version)?;
    let topic = prefixed_len(publish.topic.as_bytes(), FieldName::TOPIC_NAME)?;
    Ok(topic + packet_id + properties + publish.payload.len())
}

fn connect_len(connect: &Connect<'_>, version: Version) -> Result<usize, EncodeError> {
    let mut length = 2 + version.protocol_name().len() + 1 + 1 + 2;
    length += properties_len(connect.properties, PropertyHome::Packet(PacketType::Connect), version)?;
    length += prefixed_len(connect.client_id.as_bytes(), FieldName::CLIENT_ID)?;
    if let Some(will) = &connect.will {
        length += properties_len(will.properties, PropertyHome::Will, version)?;
        length += prefixed_len(will.topic.as_bytes(), FieldName::WILL_TOPIC)?;
        length += prefixed_len(will.payload, FieldName::WILL_PAYLOAD)?;
    }
    if let Some(user_name) = connect.user_name {
        length += prefixed_len(user_name.as_bytes(), FieldName::USER_NAME)?;
    }
    if let Some(password) = connect.password {
        length += prefixed_len(password, FieldName::PASSWORD)?;
    }
    Ok(length)
}

fn put_connect(connect: &Connect<'_>, version: Version, buffer: &mut impl BufMut) {
    wire::put_prefixed(buffer, version.protocol_name().as_bytes());
    buffer.put_u8(version.level());
    buffer.put_u8(connect_flags(connect));
    buffer.put_u16(connect.keep_alive);
    put_properties(connect.properties, version, buffer);
    wire::put_prefixed(buffer, connect.client_id.as_bytes());
    if let Some(will) = &connect.will {
        put_will(will, version, buffer);
    }
    if let Some(user_name) = connect.user_name {
        wire::put_prefixed(buffer, user_name.as_bytes());
    }
    if let Some(password) = connect.password {
        wire::put_prefixed(buffer, password);
    }
}

fn put_will(will: &Will<'_>, version: Version, buffer: &mut impl BufMut) {
    put_properties(will.properties, version, buffer);
    wire::put_prefixed(buffer, will.topic.as_bytes());
    wire::put_prefixed(buffer, will.payload);
}

/// Before 5.0 the byte behind a topic filter holds the QoS and nothing else.
fn check_options(filters: Subscriptions<'_>, version: Version) -> Result<(), EncodeError> {
    filters.error().map_or(Ok(()), Err)?;
    if version.has_properties() || filters.have_qos_only() { Ok(()) } else { Err(EncodeError::OptionsNotInVersion) }
}
