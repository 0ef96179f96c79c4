//! Leniency keeps the connection, and acting on a broken rule does what the packet says.

use super::*;

/// One packet of each type that a client sends on an open connection, with all that it may hold.
fn client_packets(version: Version) -> Vec<Bytes> {
    let block = |properties: &[Property<'_>]| -> PropertiesBuf {
        if version == V5 { properties.iter().copied().collect() } else { PropertiesBuf::new() }
    };
    let carried = block(&[
        Property::PayloadFormatIndicator(0),
        Property::TopicAlias(1),
        Property::ResponseTopic("reply"),
        Property::UserProperty("a", "b"),
    ]);
    let explained = block(&[Property::ReasonString("why")]);
    let identified = block(&[Property::SubscriptionIdentifier(1)]);
    let filters: SubscriptionsBuf = [("a/+", SubscriptionOptions::at(QoS::AtLeastOnce))].into_iter().collect();
    let left: TopicFiltersBuf = ["a/+"].into_iter().collect();
    let acknowledgement =
        Acknowledgement { packet_id: number(5), reason: ReasonCode::SUCCESS, properties: explained.as_properties() };
    let packet_id = number(6);
    let packets = [
        Packet::Publish(Publish { properties: carried.as_properties(), ..publish("a/b", 1, "x") }),
        Packet::Publish(publish("a/b", 0, "x")),
        Packet::Puback(acknowledgement),
        Packet::Pubrec(acknowledgement),
        Packet::Pubrel(acknowledgement),
        Packet::Pubcomp(acknowledgement),
        Packet::Subscribe(Subscribe {
            packet_id,
            properties: identified.as_properties(),
            filters: filters.as_subscriptions(),
        }),
        Packet::Unsubscribe(Unsubscribe { packet_id, properties: Properties::EMPTY, filters: left.as_topic_filters() }),
        Packet::Pingreq,
    ];
    packets.iter().filter_map(|packet| packet.to_bytes(version).ok()).collect()
}

/// Whether a connection outlives these bytes.
fn outlives(fault: Option<Fault>, version: Version, bytes: &[u8]) -> bool {
    let mut script = Script::with(Settings { faults: fault.into_iter().collect(), ..Settings::default() });
    script.connect(1, version, "a");
    script.raw(1, bytes);
    !script.clients[&1].closed
}

#[test]
fn leniency_keeps_the_connection_and_nothing_else_does() {
    use mqtt_assay_codec::Expectation;
    for version in BOTH {
        let context = Context::new(version, Sender::Client);
        for legal in client_packets(version) {
            assert!(outlives(None, version, &legal), "{version}: {legal:x?}");
            for mutation in MUTATIONS {
                let Some(mutated) = mutation.apply(&legal, context) else { continue };
                let Expectation::MustRefuse(rule) = mutated.expectation else { continue };
                let told = format!("{version} {} of {:x?}", mutation.name, mutated.bytes);
                assert!(!outlives(None, version, &mutated.bytes), "{told}");
                if mutation.name.starts_with("len.remaining.") {
                    // What the length leaves out is the start of the next packet, with mistakes of its own.
                    continue;
                }
                assert!(outlives(Some(Fault::Tolerates(rule)), version, &mutated.bytes), "tolerated: {told}");
                assert!(outlives(Some(Fault::LenientToEverything), version, &mutated.bytes), "lenient: {told}");
                assert!(!Fault::Tolerates(rule).breaks(version).is_empty(), "{told}");
            }
        }
    }
}

#[test]
fn acting_on_a_broken_rule_does_what_the_packet_says() {
    use mqtt_assay_codec::{Mutation, Rule};
    let wildcard = Mutation::named("topic.wildcard-in-name.hash");
    for version in BOTH {
        let legal = Packet::Publish(publish("a/b", 1, "x")).to_bytes(version).expect("a packet");
        let mutated = wildcard.apply(&legal, Context::new(version, Sender::Client)).expect("a place for a wildcard");
        let mut script = Script::faulty(Fault::ActsOn(Rule::TopicNameWildcard));
        script.connect(1, version, "a");
        script.subscribe(1, "#", 0);
        script.raw(1, &mutated.bytes);
        let got = script.got(1);
        assert!(got.first().is_some_and(|line| line.starts_with("ILLEGAL")), "it was delivered: {got:?}");
        assert_eq!(script.breaches, ["MQTT-3.3.2-2"]);
    }
}
