//! Decoding allocates nothing: no packet, no prefix, no refusal, and none of the views and iterators on what came out.

// Counting allocations takes an allocator, and `GlobalAlloc` is an unsafe trait. It passes every call on unchanged.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use mqtt_assay_codec::{
    Acknowledgement, Auth, Connack, Connect, Context, Decoded, Disconnect, Limits, MUTATIONS, Packet, PacketId,
    PacketStream, PropertiesBuf, Property, Publish, QoS, ReasonCode, ReasonCodes, Rule, Sender, Suback, Subscribe,
    SubscriptionsBuf, TopicFiltersBuf, Unsuback, Unsubscribe, Version, Will, decode, decode_waiving,
};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting the allocations of each thread.
struct Counting;

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

/// One packet of each type, as full as its version lets it be; with the side that sends it.
fn packets(version: Version) -> Vec<(Sender, Vec<u8>)> {
    let v5 = version == Version::V5;
    let block = |properties: &[Property<'_>]| -> PropertiesBuf {
        if v5 { properties.iter().copied().collect() } else { PropertiesBuf::new() }
    };
    let user = Property::UserProperty("name", "välue");
    let answer = block(&[Property::ReasonString("because"), user]);
    let properties = answer.as_properties();
    let packet_id = PacketId::MIN;
    let ack = Acknowledgement { packet_id, reason: ReasonCode::SUCCESS, properties };
    let of_connect = block(&[Property::ReceiveMaximum(10), Property::AuthenticationMethod("method"), user]);
    let of_will = block(&[Property::WillDelayInterval(5), Property::ResponseTopic("a/b"), user]);
    let will = Will { topic: "wïll", payload: b"gone", properties: of_will.as_properties(), ..Will::default() };
    let connect = Connect {
        client_id: "clïent",
        will: Some(will),
        user_name: Some("user"),
        password: Some(b"password"),
        properties: of_connect.as_properties(),
        ..Connect::default()
    };
    let of_publish = block(&[Property::TopicAlias(3), Property::CorrelationData(b"data"), user, user]);
    let publish = Publish {
        qos: QoS::AtLeastOnce,
        packet_id: Some(packet_id),
        topic: "spört/tennis",
        properties: of_publish.as_properties(),
        payload: &[7; 500],
        ..Publish::default()
    };
    let of_subscribe = block(&[Property::SubscriptionIdentifier(300), user]);
    let subscriptions: SubscriptionsBuf =
        [("a/+/#", QoS::AtLeastOnce), ("$share/g/ä", QoS::AtMostOnce)].into_iter().collect();
    let subscribe =
        Subscribe { packet_id, properties: of_subscribe.as_properties(), filters: subscriptions.as_subscriptions() };
    let of_unsubscribe = block(&[user]);
    let filters: TopicFiltersBuf = ["a/+/#", "ä"].into_iter().collect();
    let unsubscribe =
        Unsubscribe { packet_id, properties: of_unsubscribe.as_properties(), filters: filters.as_topic_filters() };
    let codes: &[u8] = if v5 { &[0, 0x11] } else { &[] };
    let unsuback = Unsuback { packet_id, properties, reasons: ReasonCodes::from(codes) };
    let mut packets = vec![
        (Sender::Client, Packet::Connect(connect)),
        (Sender::Server, Packet::Connack(Connack { properties, ..Connack::default() })),
        (Sender::Server, Packet::Publish(publish)),
        (Sender::Client, Packet::Puback(ack)),
        (Sender::Client, Packet::Pubrec(ack)),
        (Sender::Client, Packet::Pubrel(ack)),
        (Sender::Client, Packet::Pubcomp(ack)),
        (Sender::Client, Packet::Subscribe(subscribe)),
        (Sender::Server, Packet::Suback(Suback { packet_id, properties, reasons: ReasonCodes::from(&[0, 1]) })),
        (Sender::Client, Packet::Unsubscribe(unsubscribe)),
        (Sender::Server, Packet::Unsuback(unsuback)),
        (Sender::Client, Packet::Pingreq),
        (Sender::Server, Packet::Pingresp),
        (Sender::Client, Packet::Disconnect(Disconnect { properties, ..Disconnect::default() })),
    ];
    let of_auth = block(&[Property::AuthenticationMethod("method"), Property::AuthenticationData(b"data")]);
    if v5 {
        let reason = ReasonCode::CONTINUE_AUTHENTICATION;
        packets.push((Sender::Client, Packet::Auth(Auth { reason, properties: of_auth.as_properties() })));
    }
    let encode = |packet: Packet<'_>| packet.to_bytes(version).expect("can be written").to_vec();
    packets.into_iter().map(|(from, packet)| (from, encode(packet))).collect()
}

/// Reads all that a packet holds.
fn visit(packet: Packet<'_>) {
    for property in packet.properties() {
        black_box(property);
    }
    match packet {
        Packet::Subscribe(subscribe) => subscribe.filters.iter().for_each(|filter| _ = black_box(filter)),
        Packet::Unsubscribe(unsubscribe) => unsubscribe.filters.iter().for_each(|filter| _ = black_box(filter)),
        Packet::Suback(suback) => suback.reasons.iter().for_each(|reason| _ = black_box(reason)),
        Packet::Connect(connect) => _ = black_box(connect.will.map(|will| will.properties.iter().count())),
        _ => {}
    }
}

#[test]
fn no_decode_allocates() {
    let limits = Limits::default();
    for version in Version::ALL {
        for (from, bytes) in packets(version) {
            let context = Context::new(version, from);
            let counted = allocations(|| match decode(&bytes, context, &limits) {
                Ok(Decoded::Complete { packet, len }) => {
                    assert_eq!(len, bytes.len());
                    visit(packet);
                }
                other => panic!("{other:?} of {bytes:02x?}"),
            });
            assert_eq!(counted, 0, "{version}: {bytes:02x?}");
            let counted = allocations(|| {
                for length in 0..bytes.len() {
                    _ = black_box(decode(&bytes[..length], context, &limits));
                }
            });
            assert_eq!(counted, 0, "prefixes in {version}: {bytes:02x?}");
        }
    }
}

#[test]
fn no_refusal_allocates() {
    let limits = Limits::default();
    for version in Version::ALL {
        for (from, bytes) in packets(version) {
            let context = Context::new(version, from);
            for mutated in MUTATIONS.iter().filter_map(|mutation| mutation.apply(&bytes, context)) {
                let counted = allocations(|| {
                    _ = black_box(decode(&mutated.bytes, context, &limits));
                    let waived = mutated.rule.unwrap_or(Rule::WrongDirection);
                    if let Ok(Decoded::Complete { packet, .. }) =
                        decode_waiving(&mutated.bytes, context, &limits, waived)
                    {
                        visit(packet);
                    }
                });
                assert_eq!(counted, 0, "{:02x?}", mutated.bytes);
            }
        }
    }
}

#[test]
fn encoding_into_a_buffer_with_room_allocates_nothing() {
    for version in Version::ALL {
        for (from, bytes) in packets(version) {
            let context = Context::new(version, from);
            let Ok(Decoded::Complete { packet, .. }) = decode(&bytes, context, &Limits::default()) else {
                panic!("not accepted: {bytes:02x?}")
            };
            let mut buffer = Vec::with_capacity(bytes.len());
            let counted = allocations(|| _ = black_box(packet.encode(version, &mut buffer)));
            assert_eq!((counted, &buffer), (0, &bytes));
        }
    }
}

#[test]
fn a_stream_allocates_for_its_buffer_only() {
    for version in Version::ALL {
        let packets = packets(version);
        let bytes: Vec<u8> = packets.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
        let mut stream = PacketStream::new(Context::new(version, Sender::Either), Limits::default());
        stream.buffer().reserve(bytes.len());
        let mut count = 0;
        let counted = allocations(|| {
            for read in bytes.chunks(7) {
                stream.buffer().extend_from_slice(read);
                while let Ok(Some(packet)) = stream.next_packet() {
                    visit(packet);
                    count += 1;
                }
            }
        });
        assert_eq!((counted, count), (0, packets.len()), "{version}");

        stream.buffer().extend_from_slice(&bytes);
        let counted = allocations(|| {
            let batch = stream.next_batch().ok().flatten().expect("whole packets");
            assert_eq!(batch.packets().flatten().count(), packets.len());
        });
        assert!(counted <= 1, "a batch has one reference count, whatever is in it: {counted}");
    }
}
