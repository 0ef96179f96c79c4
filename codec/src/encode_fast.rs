//! The packets that are written most, in as few steps as can be: PUBLISH, CONNECT and SUBSCRIBE of less than 16,384 bytes.
//!
//! They are written, or left to the general way, which also tells what is wrong: nothing is refused here. The bytes are those
//! of the general way, which a law holds them to.

use bytes::BufMut;

use crate::encode::connect_flags;
use crate::packet::{Connect, Publish, QoS, Subscribe};
use crate::place::{Place, fill};
use crate::properties::Properties;
use crate::property::PropertyHome;
use crate::version::{PacketType, Version};

/// From this remaining length on it takes three bytes.
const TOO_LONG: usize = 0x4000;

/// Writes a PUBLISH and returns its length. `None`: nothing is written.
///
/// `APART`: without the payload, which is to go elsewhere. `PLAIN`: only if it has no properties.
#[expect(clippy::inline_always, reason = "a call costs a quarter of all")]
#[inline(always)]
pub(crate) fn put_publish<const APART: bool, const PLAIN: bool>(
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
    if remaining >= TOO_LONG || identified != (qos != QoS::AtMostOnce) {
        return None;
    }
    let first = 0x30 | u8::from(publish.dup) << 3 | (qos as u8) << 1 | u8::from(publish.retain);
    let length = header_len(remaining) + remaining;
    let write = |place: &mut Place<'_>| {
        let [high, low] = (topic.len() as u16).to_be_bytes();
        if remaining < 0x80 {
            place.put(&[first, remaining as u8, high, low]);
        } else {
            place.put(&[first, remaining as u8 | 0x80, (remaining >> 7) as u8, high, low]);
        }
        place.put_short(topic.as_bytes());
        let [high, low] = identifier.to_be_bytes();
        let block_len = if PLAIN { 0 } else { properties.as_bytes().len() as u8 };
        match (identified, version.has_properties()) {
            (false, false) => {}
            (true, false) => place.put(&[high, low]),
            (false, true) => place.put(&[block_len]),
            (true, true) => place.put(&[high, low, block_len]),
        }
        if !PLAIN {
            place.put(properties.as_bytes());
        }
        if !APART {
            place.put(payload);
        }
    };
    fill(buffer, length - apart, write).then_some(length)
}

/// Bytes of the fixed header of a packet with less than [`TOO_LONG`] behind it.
#[inline]
const fn header_len(remaining: usize) -> usize {
    if remaining < 0x80 { 2 } else { 3 }
}

/// Writes a CONNECT of 3.1.1 or 5.0 and returns its length. `None`: nothing is written.
#[inline]
pub(crate) fn put_connect(connect: &Connect<'_>, version: Version, buffer: &mut impl BufMut) -> Option<usize> {
    let length = |data: Option<&[u8]>| data.map_or(0, |data| 2 + data.len());
    let user_name = connect.user_name.map(str::as_bytes);
    let properties_len = block_len(connect.properties, PropertyHome::Packet(PacketType::Connect), version)?;
    let mut beyond = properties_len + connect.client_id.len() + length(user_name) + length(connect.password);
    if let Some(will) = &connect.will {
        let properties_len = block_len(will.properties, PropertyHome::Will, version)?;
        beyond += 4 + properties_len + will.topic.len() + will.payload.len();
    }
    // The twelve bytes that are always there are added behind this, so that the compiler sees that there is room for them.
    if beyond >= TOO_LONG - 12 || version == Version::V3_1 {
        return None;
    }
    let remaining = 12 + beyond;
    let length = header_len(remaining) + remaining;
    let write = |place: &mut Place<'_>| {
        if remaining < 0x80 {
            place.put(&[0x10, remaining as u8]);
        } else {
            place.put(&[0x10, remaining as u8 | 0x80, (remaining >> 7) as u8]);
        }
        // Name, level and flags in one number: a single store.
        let (level, flags) = (u64::from(version.level()), u64::from(connect_flags(connect)));
        place.put(&(u64::from_be_bytes(*b"\x00\x04MQTT\x00\x00") | level << 8 | flags).to_be_bytes());
        place.put(&connect.keep_alive.to_be_bytes());
        put_block(connect.properties, version, place);
        put_prefixed(connect.client_id.as_bytes(), place);
        if let Some(will) = &connect.will {
            put_block(will.properties, version, place);
            put_prefixed(will.topic.as_bytes(), place);
            put_prefixed(will.payload, place);
        }
        if let Some(user_name) = user_name {
            put_prefixed(user_name, place);
        }
        if let Some(password) = connect.password {
            put_prefixed(password, place);
        }
    };
    fill(buffer, length, write).then_some(length)
}

/// Writes a SUBSCRIBE and returns its length. `None`: nothing is written.
#[inline]
pub(crate) fn put_subscribe(subscribe: &Subscribe<'_>, version: Version, buffer: &mut impl BufMut) -> Option<usize> {
    let Subscribe { packet_id, properties, filters } = *subscribe;
    let properties_len = block_len(properties, PropertyHome::Packet(PacketType::Subscribe), version)?;
    let remaining = 2 + properties_len + filters.as_bytes().len();
    let are_options_known = version.has_properties() || filters.have_qos_only();
    if remaining >= TOO_LONG || filters.error().is_some() || !are_options_known {
        return None;
    }
    let length = header_len(remaining) + remaining;
    let write = |place: &mut Place<'_>| {
        if remaining < 0x80 {
            place.put(&[0x82, remaining as u8]);
        } else {
            place.put(&[0x82, remaining as u8 | 0x80, (remaining >> 7) as u8]);
        }
        place.put(&packet_id.get().to_be_bytes());
        put_block(properties, version, place);
        place.put(filters.as_bytes());
    };
    fill(buffer, length, write).then_some(length)
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
fn put_block(properties: Properties<'_>, version: Version, place: &mut Place<'_>) {
    if version.has_properties() {
        let block = properties.as_bytes();
        place.put(&[block.len() as u8]);
        if !block.is_empty() {
            place.put(block);
        }
    }
}

/// Writes data of less than [`TOO_LONG`] behind its length.
#[inline]
fn put_prefixed(data: &[u8], place: &mut Place<'_>) {
    place.put(&(data.len() as u16).to_be_bytes());
    place.put_short(data);
}
