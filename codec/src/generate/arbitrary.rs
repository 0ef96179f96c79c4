//! `Arbitrary` for legal packets, with the feature `arbitrary`: for fuzzers that want more than random bytes.

use alloc::string::String;
use alloc::vec::Vec;
use arbitrary::{Arbitrary, Result, Unstructured};
use bytes::Bytes;

use crate::generate::legal::{
    AnyConnect, AnyPublish, AnyWill, Content, LegalPacket, Values, as_legal_connect, as_share, as_topic_filter,
    as_topic_name, legal_block, legal_codes, legal_options, legal_properties, sender_of, types_of, within_string,
};
use crate::packet::{
    Context, Limits, PacketId, PacketType, PropertiesBuf, PropertyHome, PropertyId, QoS, ReasonCode, RetainHandling,
    Sender, SubscriptionOptions, SubscriptionsBuf, TopicFiltersBuf, Version,
};
use crate::read::{OwnedDecoded, OwnedPacket};

/// Sizes at which a length field takes a step.
const STEPS: [u16; 8] = [0, 1, 127, 128, 16_383, 16_384, 65_534, 65_535];

impl<'a> Arbitrary<'a> for Version {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.choose(&Self::ALL).copied()
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, Some(1))
    }
}

impl<'a> Arbitrary<'a> for Sender {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.choose(&[Self::Client, Self::Server, Self::Either]).copied()
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, Some(1))
    }
}

impl<'a> Arbitrary<'a> for Context {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self::new(u.arbitrary()?, u.arbitrary()?))
    }

    fn size_hint(_: usize) -> (usize, Option<usize>) {
        (0, Some(2))
    }
}

/// Every legal packet of every version can come out, given enough bytes. [`LegalPacket::packet`] borrows from it.
impl<'a> Arbitrary<'a> for LegalPacket {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let version = u.arbitrary()?;
        let packet_type = *u.choose(&types_of(version))?;
        let from = sender_of(packet_type, version, u.arbitrary()?);
        Self::arbitrary_in(u, Context::new(version, from), packet_type)
    }
}

/// The packet in bytes, accepted by the decoder.
impl<'a> Arbitrary<'a> for OwnedPacket {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let legal = LegalPacket::arbitrary(u)?;
        match Self::decode(&Bytes::from(legal.bytes()), legal.context(), &Limits::NONE) {
            Ok(OwnedDecoded::Complete(packet)) => Ok(packet),
            _ => Err(arbitrary::Error::IncorrectFormat),
        }
    }
}

impl LegalPacket {
    /// A packet of this type, which the version has, from this side, which may send it.
    pub fn arbitrary_in(u: &mut Unstructured<'_>, context: Context, packet_type: PacketType) -> Result<Self> {
        let content = content(u, context, packet_type)?;
        let properties = properties(u, context, PropertyHome::Packet(packet_type))?;
        Ok(Self::new(context, content, properties))
    }
}

fn content(u: &mut Unstructured<'_>, context: Context, packet_type: PacketType) -> Result<Content> {
    let version = context.version;
    let codes = legal_codes(context, packet_type);
    Ok(match packet_type {
        PacketType::Connect => Content::Connect(connect(u, context)?),
        PacketType::Connack => {
            let reason = *u.choose(&codes)?;
            Content::Connack(u.arbitrary()? && reason.0 == 0, reason)
        }
        PacketType::Publish => Content::Publish(publish(u)?),
        PacketType::Puback | PacketType::Pubrec | PacketType::Pubrel | PacketType::Pubcomp => {
            Content::Acknowledgement(packet_type, packet_id(u)?, *u.choose(&codes)?)
        }
        PacketType::Subscribe => Content::Subscribe(packet_id(u)?, subscriptions(u, version)?),
        PacketType::Unsubscribe => {
            let filters = some(u, |u| topic_filter(u, version))?;
            Content::Unsubscribe(packet_id(u)?, filters.iter().map(String::as_str).collect::<TopicFiltersBuf>())
        }
        PacketType::Suback => Content::Suback(packet_id(u)?, reasons(u, &codes)?),
        PacketType::Unsuback if version.has_properties() => Content::Unsuback(packet_id(u)?, reasons(u, &codes)?),
        PacketType::Unsuback => Content::Unsuback(packet_id(u)?, Vec::new()),
        PacketType::Pingreq => Content::Pingreq,
        PacketType::Pingresp => Content::Pingresp,
        PacketType::Disconnect => Content::Disconnect(*u.choose(&codes)?),
        PacketType::Auth => Content::Auth(*u.choose(&codes)?),
    })
}

/// One or more.
fn some<'a, T>(
    u: &mut Unstructured<'a>,
    mut element: impl FnMut(&mut Unstructured<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut all = alloc::vec![element(u)?];
    while !u.is_empty() && u.arbitrary()? {
        all.push(element(u)?);
    }
    Ok(all)
}

fn reasons(u: &mut Unstructured<'_>, codes: &[ReasonCode]) -> Result<Vec<u8>> {
    some(u, |u| u.choose(codes).map(|code| code.0))
}

fn packet_id(u: &mut Unstructured<'_>) -> Result<PacketId> {
    Ok(PacketId::new(u.arbitrary()?).unwrap_or(PacketId::MIN))
}

fn qos(u: &mut Unstructured<'_>) -> Result<QoS> {
    u.choose(&QoS::ALL).copied()
}

/// Any text; one in eight is as long as a step of a length field.
fn text(u: &mut Unstructured<'_>) -> Result<String> {
    let text = if u.ratio(1_u8, 8)? {
        let size = usize::from(*u.choose(&STEPS)?);
        let filler = char::from(u.int_in_range(b'!'..=b'~')?);
        String::from(filler).repeat(size)
    } else {
        u.arbitrary()?
    };
    Ok(within_string(text))
}

fn data(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut data: Vec<u8> =
        if u.ratio(1_u8, 8)? { alloc::vec![u.arbitrary()?; usize::from(*u.choose(&STEPS)?)] } else { u.arbitrary()? };
    data.truncate(usize::from(u16::MAX));
    Ok(data)
}

fn topic_name(u: &mut Unstructured<'_>) -> Result<String> {
    text(u).map(as_topic_name)
}

fn topic_filter(u: &mut Unstructured<'_>, version: Version) -> Result<String> {
    let levels = some(u, |u| if u.ratio(1_u8, 4)? { Ok(String::from("+")) } else { text(u) })?;
    let share = if u.ratio(1_u8, 4)? { Some(as_share(text(u)?)) } else { None };
    Ok(as_topic_filter(&levels, u.arbitrary()?, share.as_deref(), version))
}

fn subscriptions(u: &mut Unstructured<'_>, version: Version) -> Result<SubscriptionsBuf> {
    let filters = some(u, |u| Ok((topic_filter(u, version)?, options(u, version)?)))?;
    Ok(filters.iter().map(|(filter, options)| (filter.as_str(), legal_options(filter, *options))).collect())
}

fn options(u: &mut Unstructured<'_>, version: Version) -> Result<SubscriptionOptions> {
    let qos = qos(u)?;
    if !version.has_properties() {
        return Ok(SubscriptionOptions::at(qos));
    }
    let handling = [RetainHandling::Send, RetainHandling::SendIfNew, RetainHandling::DoNotSend];
    Ok(SubscriptionOptions {
        qos,
        no_local: u.arbitrary()?,
        retain_as_published: u.arbitrary()?,
        retain_handling: *u.choose(&handling)?,
    })
}

fn publish(u: &mut Unstructured<'_>) -> Result<AnyPublish> {
    Ok(AnyPublish {
        dup: u.arbitrary()?,
        qos: qos(u)?,
        retain: u.arbitrary()?,
        topic: topic_name(u)?,
        packet_id: packet_id(u)?,
        payload: data(u)?,
    })
}

fn connect(u: &mut Unstructured<'_>, context: Context) -> Result<AnyConnect> {
    let will = if u.arbitrary()? {
        Some(AnyWill {
            qos: qos(u)?,
            retain: u.arbitrary()?,
            topic: topic_name(u)?,
            payload: data(u)?,
            properties: properties(u, context, PropertyHome::Will)?,
        })
    } else {
        None
    };
    let connect = AnyConnect {
        clean_start: u.arbitrary()?,
        keep_alive: u.arbitrary()?,
        client_id: text(u)?,
        will,
        user_name: if u.arbitrary()? { Some(text(u)?) } else { None },
        password: if u.arbitrary()? { Some(data(u)?) } else { None },
    };
    Ok(as_legal_connect(connect, context.version))
}

/// Any of the properties that may stand there, in any order.
fn properties(u: &mut Unstructured<'_>, context: Context, home: PropertyHome) -> Result<PropertiesBuf> {
    let mut left = legal_properties(context, home);
    let mut chosen: Vec<(PropertyId, Values)> = Vec::new();
    let mut more = Vec::new();
    while !left.is_empty() && !u.is_empty() && u.arbitrary()? {
        let id = left.swap_remove(u.choose_index(left.len())?);
        chosen.push((id, values(u)?));
    }
    while !u.is_empty() && u.ratio(1_u8, 4)? {
        more.push(values(u)?);
    }
    Ok(legal_block(context, home, &chosen, &more))
}

fn values(u: &mut Unstructured<'_>) -> Result<Values> {
    Ok(Values { number: u.arbitrary()?, text: text(u)?, topic: topic_name(u)?, data: data(u)? })
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::read::{Decoded, decode};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn every_input_makes_a_legal_packet(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let Ok(legal) = LegalPacket::arbitrary(&mut Unstructured::new(&bytes)) else { return Ok(()) };
            let encoded = legal.bytes();
            let Ok(Decoded::Complete { packet, .. }) = decode(&encoded, legal.context(), &Limits::NONE) else {
                return Err(TestCaseError::fail(std::format!("{:?}", decode(&encoded, legal.context(), &Limits::NONE))));
            };
            prop_assert_eq!(packet, legal.packet());
        }
    }

    #[test]
    fn every_type_of_every_version_comes_out_with_every_property() {
        let mut seen = BTreeSet::new();
        let mut state = 1_u64;
        for _ in 0..6000 {
            let bytes: Vec<u8> = (0..200)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (state >> 56) as u8
                })
                .collect();
            let Ok(legal) = OwnedPacket::arbitrary(&mut Unstructured::new(&bytes)) else { continue };
            let name = (legal.version().name(), legal.packet_type());
            seen.insert((name, None));
            seen.extend(legal.packet().properties().iter().map(|property| (name, Some(property.id()))));
        }
        let wanted = Version::ALL.into_iter().flat_map(|version| {
            types_of(version).into_iter().flat_map(move |packet_type| {
                let all = legal_properties(Context::new(version, Sender::Either), PropertyHome::Packet(packet_type));
                let name = (version.name(), packet_type);
                [(name, None)].into_iter().chain(all.into_iter().map(move |id| (name, Some(id))))
            })
        });
        let missing: Vec<_> = wanted.filter(|wanted| !seen.contains(wanted)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
