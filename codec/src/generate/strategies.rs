//! Strategies of proptest for legal packets of every version, with every property, from either side.
//!
//! Sizes cluster on 0, 1, 127 and 128, 16,383 and 16,384, and 65,535, where lengths take a step. Shrinking ends at small
//! packets and stays legal on the way.
//!
//! ```
//! use mqtt_assay_codec::strategies::packet_of;
//! use mqtt_assay_codec::{Decoded, Limits, Version, decode};
//! use proptest::prelude::*;
//!
//! proptest!(|(legal in packet_of(Version::V5))| {
//!     let bytes = legal.bytes();
//!     let whole = matches!(decode(&bytes, legal.context(), &Limits::default())?, Decoded::Complete { .. });
//!     prop_assert!(whole);
//! });
//! ```

use alloc::string::String;
use alloc::vec::Vec;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::generate::legal::{
    AnyConnect, AnyPublish, AnyWill, Content, LegalPacket, Values, as_legal_connect, as_share, as_topic_filter,
    as_topic_name, legal_block, legal_codes, legal_options, legal_properties, sender_of, types_of, within_string,
};
use crate::packet::{
    Context, PacketId, PacketType, PropertiesBuf, PropertyHome, QoS, ReasonCode, RetainHandling, SubscriptionOptions,
    Version,
};

/// A legal packet of any version, from a side that may send it.
pub fn any_packet() -> impl Strategy<Value = LegalPacket> {
    select(&Version::ALL[..]).prop_flat_map(packet_of)
}

/// A legal packet of this version, from a side that may send it.
pub fn packet_of(version: Version) -> impl Strategy<Value = LegalPacket> {
    (select(types_of(version)), any::<bool>()).prop_flat_map(move |(packet_type, client)| {
        let from = sender_of(packet_type, version, client);
        packet_in(Context::new(version, from), packet_type)
    })
}

/// A legal packet of this type, which the version has, from this side, which may send it.
pub fn packet_in(context: Context, packet_type: PacketType) -> impl Strategy<Value = LegalPacket> {
    let properties = properties(context, PropertyHome::Packet(packet_type));
    (content(context, packet_type), properties)
        .prop_map(move |(content, properties)| LegalPacket::new(context, content, properties))
}

fn content(context: Context, packet_type: PacketType) -> BoxedStrategy<Content> {
    let Context { version, .. } = context;
    let reason = reason_code(context, packet_type);
    match packet_type {
        PacketType::Connect => connect(context).prop_map(Content::Connect).boxed(),
        PacketType::Connack => (any::<bool>(), reason)
            .prop_map(|(present, reason)| Content::Connack(present && reason.0 == 0, reason))
            .boxed(),
        PacketType::Publish => publish().prop_map(Content::Publish).boxed(),
        PacketType::Puback | PacketType::Pubrec | PacketType::Pubrel | PacketType::Pubcomp => (packet_id(), reason)
            .prop_map(move |(packet_id, reason)| Content::Acknowledgement(packet_type, packet_id, reason))
            .boxed(),
        PacketType::Subscribe => (packet_id(), some(move || (topic_filter(version), options(version))))
            .prop_map(|(packet_id, filters)| {
                let filters =
                    filters.iter().map(|(filter, options)| (filter.as_str(), legal_options(filter, *options)));
                Content::Subscribe(packet_id, filters.collect())
            })
            .boxed(),
        PacketType::Unsubscribe => (packet_id(), some(move || topic_filter(version)))
            .prop_map(|(packet_id, filters)| {
                Content::Unsubscribe(packet_id, filters.iter().map(String::as_str).collect())
            })
            .boxed(),
        PacketType::Suback => {
            (packet_id(), some(move || reason_code(context, packet_type).prop_map(|reason| reason.0)))
                .prop_map(|(packet_id, codes)| Content::Suback(packet_id, codes))
                .boxed()
        }
        PacketType::Unsuback => {
            let none = !version.has_properties();
            (packet_id(), some(move || reason_code(context, packet_type).prop_map(|reason| reason.0)))
                .prop_map(move |(packet_id, codes)| Content::Unsuback(packet_id, if none { Vec::new() } else { codes }))
                .boxed()
        }
        PacketType::Pingreq => Just(Content::Pingreq).boxed(),
        PacketType::Pingresp => Just(Content::Pingresp).boxed(),
        PacketType::Disconnect => reason.prop_map(Content::Disconnect).boxed(),
        PacketType::Auth => reason.prop_map(Content::Auth).boxed(),
    }
}

/// One or more, seldom many.
fn some<S: Strategy>(element: impl Fn() -> S) -> impl Strategy<Value = Vec<S::Value>> {
    prop_oneof![20 => vec(element(), 1..6), 1 => vec(element(), 1..200)]
}

/// A code that this packet may carry from this side.
fn reason_code(context: Context, packet_type: PacketType) -> impl Strategy<Value = ReasonCode> {
    let codes = legal_codes(context, packet_type);
    prop_oneof![Just(codes[0]), select(codes)]
}

fn packet_id() -> impl Strategy<Value = PacketId> {
    any::<PacketId>()
}

fn qos() -> impl Strategy<Value = QoS> {
    select(&QoS::ALL[..])
}

/// A length at a step of a length field.
fn step() -> impl Strategy<Value = usize> {
    prop_oneof![
        40 => select(&[0_usize, 1, 127, 128][..]),
        3 => select(&[16_383_usize, 16_384][..]),
        1 => Just(65_535_usize),
    ]
}

/// Any string that the format carries: no U+0000, everything else.
pub fn text() -> impl Strategy<Value = String> {
    let character = || {
        prop_oneof![
            8 => proptest::char::range(' ', '~'),
            1 => any::<char>(),
            1 => select(&['\u{1}', '\u{7f}', '\u{feff}', '\u{ffff}', '\u{10ffff}', '/', '$'][..]),
        ]
    };
    prop_oneof![
        2000 => vec(character(), 0..20).prop_map(String::from_iter),
        100 => (step(), proptest::char::range('!', '~')).prop_map(|(size, filler)| String::from(filler).repeat(size)),
        1 => vec(character(), 0..=usize::from(u16::MAX)).prop_map(String::from_iter),
    ]
    .prop_map(within_string)
}

/// Any topic name, not empty.
pub fn topic_name() -> impl Strategy<Value = String> {
    text().prop_map(as_topic_name)
}

/// Any topic filter; in 5.0 some are shared subscriptions.
pub fn topic_filter(version: Version) -> impl Strategy<Value = String> {
    let level = prop_oneof![3 => text(), 1 => Just(String::from("+"))];
    let levels = prop_oneof![30 => vec(level.clone(), 1..5), 1 => vec(level, 1..60)];
    let name = prop_oneof![9 => "[a-z]{1,5}", 1 => text()];
    let share = option::of(name.prop_map(as_share));
    (levels, any::<bool>(), share)
        .prop_map(move |(levels, all_below, share)| as_topic_filter(&levels, all_below, share.as_deref(), version))
}

fn options(version: Version) -> impl Strategy<Value = SubscriptionOptions> {
    let handling = select(&[RetainHandling::Send, RetainHandling::SendIfNew, RetainHandling::DoNotSend][..]);
    (qos(), any::<bool>(), any::<bool>(), handling).prop_map(
        move |(qos, no_local, retain_as_published, retain_handling)| {
            if version.has_properties() {
                SubscriptionOptions { qos, no_local, retain_as_published, retain_handling }
            } else {
                SubscriptionOptions::at(qos)
            }
        },
    )
}

/// Payloads of all sizes, mostly small ones and those around the steps of the remaining length.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        24 => vec(any::<u8>(), 0..40),
        8 => (90_usize..140).prop_map(|size| alloc::vec![b'x'; size]),
        4 => (16_330_usize..16_390).prop_map(|size| alloc::vec![b'y'; size]),
        4 => step().prop_map(|size| alloc::vec![b'z'; size]),
        1 => vec(any::<u8>(), 0..70_000),
    ]
}

/// Binary data behind a two-byte length.
fn data() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        600 => vec(any::<u8>(), 0..20),
        40 => step().prop_map(|size| alloc::vec![b'd'; size]),
        1 => vec(any::<u8>(), 0..=usize::from(u16::MAX)),
    ]
}

fn publish() -> impl Strategy<Value = AnyPublish> {
    (any::<bool>(), qos(), any::<bool>(), topic_name(), packet_id(), payload()).prop_map(
        |(dup, qos, retain, topic, packet_id, payload)| AnyPublish { dup, qos, retain, topic, packet_id, payload },
    )
}

fn connect(context: Context) -> impl Strategy<Value = AnyConnect> {
    let will = (qos(), any::<bool>(), topic_name(), data(), properties(context, PropertyHome::Will))
        .prop_map(|(qos, retain, topic, payload, properties)| AnyWill { qos, retain, topic, payload, properties });
    let user = (option::of(text()), option::of(data()));
    (any::<bool>(), any::<u16>(), text(), option::of(will), user).prop_map(
        move |(clean_start, keep_alive, client_id, will, (user_name, password))| {
            let connect = AnyConnect { clean_start, keep_alive, client_id, will, user_name, password };
            as_legal_connect(connect, context.version)
        },
    )
}

fn values() -> impl Strategy<Value = Values> {
    let number = prop_oneof![any::<u32>(), 0_u32..300, select(&[0, 127, 128, 16_383, 16_384, 2_097_152, u32::MAX][..])];
    (number, text(), topic_name(), data()).prop_map(|(number, text, topic, data)| Values { number, text, topic, data })
}

/// A legal block of properties: any of those that may stand there, in any order, with any legal values.
pub fn properties(context: Context, home: PropertyHome) -> impl Strategy<Value = PropertiesBuf> {
    let ids = legal_properties(context, home);
    let some = subsequence(ids.clone(), 0..=ids.len()).prop_shuffle();
    let more = prop_oneof![20 => vec(values(), 0..4), 1 => vec(values(), 0..40)];
    (some, vec(values(), ids.len()), more)
        .prop_map(move |(ids, values, more)| {
            let chosen: Vec<_> = ids.into_iter().zip(values).collect();
            legal_block(context, home, &chosen, &more)
        })
        .boxed()
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::packet::Limits;
    use crate::read::{Decoded, decode};
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    use std::collections::BTreeSet;

    /// Steps of shrinking that are looked at.
    const STEPS: usize = 60;

    #[test]
    fn shrinking_stays_legal_and_ends_small() {
        let mut runner = TestRunner::deterministic();
        for _ in 0..150 {
            let mut tree = any_packet().new_tree(&mut runner).expect("makes packets");
            let first = tree.current().bytes().len();
            let mut steps = 0;
            while steps < STEPS && tree.simplify() {
                let legal = tree.current();
                let bytes = legal.bytes();
                let decoded = decode(&bytes, legal.context(), &Limits::NONE);
                assert!(matches!(decoded, Ok(Decoded::Complete { .. })), "{decoded:?} of {legal:?}");
                steps += 1;
            }
            assert!(steps == STEPS || tree.current().bytes().len() <= first.max(64));
        }
    }

    #[test]
    fn every_type_and_every_step_of_size_comes_out() {
        let mut runner = TestRunner::deterministic();
        let (mut types, mut sizes) = (BTreeSet::new(), BTreeSet::new());
        for _ in 0..600 {
            let legal = any_packet().new_tree(&mut runner).expect("makes packets").current();
            types.insert((legal.context().version.name(), legal.packet().packet_type()));
        }
        for _ in 0..6000 {
            sizes.insert(text().new_tree(&mut runner).expect("makes text").current().len());
        }
        assert_eq!(types.len(), 14 + 14 + 15);
        for size in [0, 1, 127, 128, 16_383, 16_384, 65_535] {
            assert!(sizes.contains(&size), "{size} of {sizes:?}");
        }
    }
}
