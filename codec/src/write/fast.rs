//! The packets that are written most, in as few steps as can be: PUBLISH, CONNECT and SUBSCRIBE of less than 16,384 bytes.
//!
//! They are written, or left to the general way, which also tells what is wrong: nothing is refused here. The bytes are those
//! of the general way, which a law holds them to.

use bytes::BufMut;

use crate::packet::{Connect, PacketType, Properties, PropertyHome, Publish, QoS, Subscribe, Version, wire};
use crate::write::flags::connect_flags;

/// From this remaining length on it takes three bytes.
const TOO_LONG: usize = 0x4000;

/// Writes a PUBLISH and returns its length. `None`: nothing is written.
///
/// `APART`: without the payload, which is to go elsewhere. `PLAIN`: only if it has no properties.
#[expect(clippy::inline_always, reason = "a call costs a quarter of all")]
#[inline(always)]
pub(super) fn put_publish<const APART: bool, const PLAIN: bool>(
    publish: &Publish<'_>,
    version: Version,
    buffer: &mut impl BufMut,
) -> Option<usize> {
    let Publish { qos, topic, packet_id, properties, payload, .. } = *publish;
    let (identifier, identified) = packet_id.map_or((0, false), |packet_id| (packet_id.get(), true));
    let properties_len = if PLAIN {
        empty_block_len(properties, version)?
    } else {
        block_len(properties, PropertyHome::Packet(PacketType::Publish), version)?
    };
    let apart = if APART { payload.len() } else { 0 };
    let remaining = 2 + topic.len() + usize::from(identified) * 2 + properties_len + payload.len();
    // Three bytes more than remain are enough for both lengths of the header; the general way is exact about it.
    let fits = remaining < TOO_LONG && buffer.remaining_mut() >= remaining + 3 - apart;
    if !fits || identified != (qos != QoS::AtMostOnce) {
        return None;
    }
    let first = 0x30 | u8::from(publish.dup) << 3 | (qos as u8) << 1 | u8::from(publish.retain);
    let [high, low] = (topic.len() as u16).to_be_bytes();
    let header_len = if remaining < 0x80 {
        buffer.put_slice(&[first, remaining as u8, high, low]);
        2
    } else {
        buffer.put_slice(&[first, remaining as u8 | 0x80, (remaining >> 7) as u8, high, low]);
        3
    };
    buffer.put_slice(topic.as_bytes());
    let [high, low] = identifier.to_be_bytes();
    match (identified, version.has_properties()) {
        (false, false) => {}
        (true, false) => buffer.put_slice(&[high, low]),
        (false, true) => buffer.put_slice(&[properties.as_bytes().len() as u8]),
        (true, true) => buffer.put_slice(&[high, low, properties.as_bytes().len() as u8]),
    }
    if !PLAIN {
        buffer.put_slice(properties.as_bytes());
    }
    if !APART {
        buffer.put_slice(payload);
    }
    Some(header_len + remaining)
}

/// Writes a CONNECT of 3.1.1 or 5.0 and returns its length. `None`: nothing is written.
#[inline]
pub(super) fn put_connect(connect: &Connect<'_>, version: Version, buffer: &mut impl BufMut) -> Option<usize> {
    let length = |data: Option<&[u8]>| data.map_or(0, |data| 2 + data.len());
    let user_name = connect.user_name.map(str::as_bytes);
    let properties_len = block_len(connect.properties, PropertyHome::Packet(PacketType::Connect), version)?;
    let mut remaining = 12 + properties_len + connect.client_id.len() + length(user_name) + length(connect.password);
    if let Some(will) = &connect.will {
        let properties_len = block_len(will.properties, PropertyHome::Will, version)?;
        remaining += 4 + properties_len + will.topic.len() + will.payload.len();
    }
    if remaining >= TOO_LONG || buffer.remaining_mut() < remaining + 3 || version == Version::V3_1 {
        return None;
    }
    let ([high, low], level, flags) = (connect.keep_alive.to_be_bytes(), version.level(), connect_flags(connect));
    let header_len = if remaining < 0x80 {
        buffer.put_slice(&[0x10, remaining as u8, 0, 4, b'M', b'Q', b'T', b'T', level, flags, high, low]);
        2
    } else {
        let lengths = [remaining as u8 | 0x80, (remaining >> 7) as u8];
        buffer.put_slice(&[0x10, lengths[0], lengths[1], 0, 4, b'M', b'Q', b'T', b'T', level, flags, high, low]);
        3
    };
    put_block(connect.properties, version, buffer);
    wire::put_prefixed(buffer, connect.client_id.as_bytes());
    if let Some(will) = &connect.will {
        put_block(will.properties, version, buffer);
        wire::put_prefixed(buffer, will.topic.as_bytes());
        wire::put_prefixed(buffer, will.payload);
    }
    if let Some(user_name) = user_name {
        wire::put_prefixed(buffer, user_name);
    }
    if let Some(password) = connect.password {
        wire::put_prefixed(buffer, password);
    }
    Some(header_len + remaining)
}

/// Writes a SUBSCRIBE and returns its length. `None`: nothing is written.
#[inline]
pub(super) fn put_subscribe(subscribe: &Subscribe<'_>, version: Version, buffer: &mut impl BufMut) -> Option<usize> {
    let Subscribe { packet_id, properties, filters } = *subscribe;
    let properties_len = block_len(properties, PropertyHome::Packet(PacketType::Subscribe), version)?;
    let remaining = 2 + properties_len + filters.as_bytes().len();
    let are_options_known = version.has_properties() || filters.have_qos_only();
    let fits = remaining < TOO_LONG && buffer.remaining_mut() >= remaining + 3;
    if !fits || filters.error().is_some() || !are_options_known {
        return None;
    }
    let [high, low] = packet_id.get().to_be_bytes();
    let header_len = if remaining < 0x80 {
        buffer.put_slice(&[0x82, remaining as u8, high, low]);
        2
    } else {
        buffer.put_slice(&[0x82, remaining as u8 | 0x80, (remaining >> 7) as u8, high, low]);
        3
    };
    put_block(properties, version, buffer);
    buffer.put_slice(filters.as_bytes());
    Some(header_len + remaining)
}

/// Length of a block of properties with its length, of at most 127 bytes, that is known to be right in this home.
#[inline]
fn block_len(properties: Properties<'_>, home: PropertyHome, version: Version) -> Option<usize> {
    if let Some(length) = empty_block_len(properties, version) {
        return Some(length);
    }
    let length = properties.as_bytes().len();
    let fine = version.has_properties() && length < 0x80 && properties.known_in(home) && properties.error().is_none();
    fine.then_some(1 + length)
}

/// Length of a block without properties.
#[inline]
fn empty_block_len(properties: Properties<'_>, version: Version) -> Option<usize> {
    (properties.is_empty() && properties.error().is_none()).then_some(usize::from(version.has_properties()))
}

/// Writes a block of at most 127 bytes of properties with its length, if the version has any.
#[inline]
fn put_block(properties: Properties<'_>, version: Version, buffer: &mut impl BufMut) {
    if version.has_properties() {
        let block = properties.as_bytes();
        buffer.put_slice(&[block.len() as u8]);
        if !block.is_empty() {
            buffer.put_slice(block);
        }
    }
}
