//! SUBSCRIBE and UNSUBSCRIBE: acknowledgements, granted QoS, overlapping subscriptions, and their end.

use super::again::come_by;
use super::prelude::*;
use mqtt_assay_codec::{Packet, SubscriptionOptions};

pub(super) const CASES: &[Case] = &[
    case!(suback_identifier: "A SUBSCRIBE is answered with a SUBACK that carries its packet identifier",
        v311: proves ["MQTT-3.8.4-1", "MQTT-3.8.4-2" = "MQTT-2.3.1-7"],
        v5: proves ["MQTT-3.8.4-1", "MQTT-3.8.4-2" = "MQTT-2.2.1-6"],
        caught: [Fault::WrongSubackId, Fault::NoSuback]),
    case!(code_for_each_filter: "A SUBACK has one code for each topic filter",
        v311: proves ["MQTT-3.8.4-5"],
        v5: proves ["MQTT-3.8.4-6"],
        caught: [Fault::SubackTooFewCodes]),
    case!(codes_in_order: "The codes of a SUBACK stand in the order of the topic filters",
        v311: proves ["MQTT-3.9.3-1"],
        v5: proves ["MQTT-3.9.3-1"],
        caught: [Fault::SubackReversed]),
    case!(granted_as_delivered: "A SUBACK says the QoS at which the subscription then delivers",
        v311: proves ["MQTT-3.8.4-5"],
        v5: proves ["MQTT-3.8.4-7"],
        caught: [Fault::SubackClaimsHigherQos]),
    case!(lower_qos_wins["1-to-0"]: "A message of QoS 1 goes to a subscription of QoS 0 at QoS 0",
        v311: proves ["MQTT-3.8.4-6"],
        v5: proves ["MQTT-3.8.4-8"],
        caught: [Fault::AboveGrantedQos]),
    case!(lower_qos_wins["0-to-1"]: "A message of QoS 0 goes to a subscription of QoS 1 at QoS 0",
        v311: proves ["MQTT-3.8.4-6"],
        v5: proves ["MQTT-3.8.4-8"],
        caught: [Fault::AbovePublishedQos]),
    case!(lower_qos_wins["2-to-0"]: "A message of QoS 2 goes to a subscription of QoS 0 at QoS 0",
        v311: proves ["MQTT-3.8.4-6"],
        v5: proves ["MQTT-3.8.4-8"],
        caught: [Fault::AboveGrantedQos],
        needs: &["qos2"]),
    case!(lower_qos_wins["0-to-2"]: "A message of QoS 0 goes to a subscription of QoS 2 at QoS 0",
        v311: proves ["MQTT-3.8.4-6"],
        v5: proves ["MQTT-3.8.4-8"],
        caught: [Fault::AbovePublishedQos],
        needs: &["qos2"]),
    case!(lower_qos_wins["2-to-1"]: "A message of QoS 2 goes to a subscription of QoS 1 at QoS 1",
        v311: proves ["MQTT-3.8.4-6"],
        v5: proves ["MQTT-3.8.4-8"],
        caught: [Fault::AboveGrantedQos],
        needs: &["qos2"]),
    case!(lower_qos_wins["1-to-2"]: "A message of QoS 1 goes to a subscription of QoS 2 at QoS 1",
        v311: proves ["MQTT-3.8.4-6"],
        v5: proves ["MQTT-3.8.4-8"],
        caught: [Fault::AbovePublishedQos],
        needs: &["qos2"]),
    case!(lower_qos_wins["0-to-0"]: "A message of QoS 0 goes to a subscription of QoS 0 at QoS 0",
        v311: proves ["MQTT-3.8.4-6"],
        v5: proves ["MQTT-3.8.4-8"],
        caught: [Fault::DeliversAtOtherQos]),
    case!(lower_qos_wins["1-to-1"]: "A message of QoS 1 goes to a subscription of QoS 1 at QoS 1",
        v311: proves ["MQTT-3.8.4-6"],
        v5: proves ["MQTT-3.8.4-8"],
        caught: [Fault::DeliversAtOtherQos]),
    case!(lower_qos_wins["2-to-2"]: "A message of QoS 2 goes to a subscription of QoS 2 at QoS 2",
        v311: proves ["MQTT-3.8.4-6"],
        v5: proves ["MQTT-3.8.4-8"],
        caught: [Fault::DeliversAtOtherQos],
        needs: &["qos2"]),
    case!(several_filters: "Each topic filter of a SUBSCRIBE becomes a subscription",
        v311: proves ["MQTT-3.8.4-4"],
        v5: proves ["MQTT-3.8.4-5"],
        caught: [Fault::OnlyFirstFilter]),
    case!(repetition_brings_its_qos: "A repeated SUBSCRIBE replaces the QoS of the subscription",
        v311: proves ["MQTT-3.8.4-3"],
        v5: proves ["MQTT-3.8.4-3"],
        caught: [Fault::ReplacementKeepsOld]),
    case!(repetition_adds_no_copy: "A repeated SUBSCRIBE brings no second copy of a message",
        v311: proves ["MQTT-3.8.4-3"],
        v5: proves ["MQTT-3.8.4-3"],
        caught: [Fault::SubscribesTwice]),
    case!(repetition_loses_nothing: "A repeated SUBSCRIBE loses no message that waits for the client",
        v5: proves ["MQTT-3.8.4-4"],
        caught: [Fault::ReplacementLosesMessages]),
    case!(overlapping_copies: "For overlapping subscriptions a subscriber gets one copy or several",
        v311: proves ["U3-11"],
        caught: [],
        needs: &["wildcard"]),
    case!(message_before_suback: "A retained message comes before or after the SUBACK of its subscription",
        v311: proves ["U3-13"],
        caught: [],
        needs: &["retain"]),
    case!(buffered_past_unsuback: "Messages from before an UNSUBSCRIBE may come after its UNSUBACK",
        v311: proves ["U3-15"],
        caught: []),
    case!(no_local: "A subscription with No Local does not get its client's own messages",
        v5: proves ["MQTT-3.8.3-3"],
        caught: [Fault::NoLocalIgnored]),
    case!(no_local["long"]: "A subscription with No Local does not get its client's own message of 300 bytes",
        v5: proves ["MQTT-3.8.3-3"],
        caught: [Fault::NoLocalIgnored]),
    case!(denied_filter: "A topic filter that the client may not use is refused with SUBACK 0x80",
        v311: proves ["U3-14"],
        caught: [Fault::DeliversDenied, Fault::ClosesOnDenied],
        variant: Variant::WITH_ACCESS),
    case!(denied_filter["resumed"]: "On a connection that resumes a session a topic filter that the client may not use is refused with SUBACK 0x80",
        v311: proves ["U3-14"],
        caught: [Fault::DeliversDenied, Fault::ClosesOnDenied],
        variant: Variant::WITH_ACCESS),
    case!(wildcards_refused: "A broker without wildcards refuses a topic filter with one",
        v311: proves ["MQTT-3.8.3-2"],
        caught: [Fault::GrantsUnavailableWildcard],
        variant: Variant::NO_WILDCARDS),
    case!(not_available["wildcard"]: "A wildcard is refused where CONNACK said that there are none",
        v5: breaks ["U5-101"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::GrantsUnavailableWildcard],
        variant: Variant::NO_WILDCARDS),
    case!(not_available["share"]: "A shared subscription is refused where CONNACK said that there are none",
        v5: breaks ["U5-110"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::AcceptsUnavailableShare],
        variant: Variant::NO_SHARED),
    case!(not_available["identifier"]: "A subscription identifier is refused where CONNACK said that there are none",
        v5: breaks ["U5-106"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::AcceptsUnavailableIdentifier],
        variant: Variant::NO_IDENTIFIERS),
    case!(unsuback_identifier: "An UNSUBSCRIBE is answered with an UNSUBACK that carries its packet identifier",
        v311: proves ["MQTT-3.10.4-4" = "MQTT-2.3.1-7"],
        v5: proves ["MQTT-3.10.4-4", "MQTT-3.10.4-5" = "MQTT-2.2.1-6"],
        caught: [Fault::WrongUnsubackId, Fault::NoUnsuback]),
    case!(unknown_is_answered: "An UNSUBSCRIBE is answered although there is no such subscription",
        v311: proves ["MQTT-3.10.4-5"],
        v5: proves ["MQTT-3.10.4-5"],
        caught: [Fault::NoUnsubackForUnknown]),
    case!(unsuback_codes: "UNSUBACK says 0x00 where a subscription was removed and 0x11 where there was none",
        v5: proves ["U5-179"],
        caught: [Fault::UnsubackAlwaysSuccess]),
    case!(unsuback_codes_in_order: "The codes of an UNSUBACK stand in the order of the topic filters",
        v5: proves ["MQTT-3.11.3-1"],
        caught: [Fault::UnsubackReversed]),
    case!(unsubscribed_gets_no_more: "After UNSUBACK no new message comes for the topic filter",
        v311: proves ["MQTT-3.10.4-2"],
        v5: proves ["MQTT-3.10.4-2"],
        caught: [Fault::UnsubscribeIneffective]),
    case!(several_unsubscribed: "Each topic filter of an UNSUBSCRIBE ends its subscription",
        v311: proves ["MQTT-3.10.4-6"],
        v5: proves ["MQTT-3.10.4-6"],
        caught: [Fault::OnlyFirstUnsubscribed]),
    case!(other_filter_stays["matching"]: "An UNSUBSCRIBE leaves alone a subscription that its topic filter only matches",
        v311: proves ["MQTT-3.10.4-1"],
        v5: proves ["MQTT-3.10.4-1"],
        caught: [Fault::UnsubscribeByMatch]),
    case!(other_filter_stays["beginning"]: "An UNSUBSCRIBE leaves alone a subscription that only begins like its topic filter",
        v311: proves ["MQTT-3.10.4-1"],
        v5: proves ["MQTT-3.10.4-1"],
        caught: [Fault::UnsubscribeByPrefix]),
    case!(begun_delivery_goes_on: "A delivery that has begun is completed although its subscription is gone",
        v311: proves ["MQTT-3.10.4-3"],
        v5: proves ["MQTT-3.10.4-3"],
        caught: [Fault::UnsubscribeDropsInFlight]),
    case!(one_suback: "A SUBSCRIBE of several topic filters is answered with one SUBACK",
        v311: proves ["MQTT-3.8.4-4"],
        v5: proves ["MQTT-3.8.4-5"],
        caught: [Fault::SubackForEachFilter]),
    case!(one_unsuback: "An UNSUBSCRIBE of several topic filters is answered with one UNSUBACK",
        v311: proves ["MQTT-3.10.4-6"],
        v5: proves ["MQTT-3.10.4-6"],
        caught: [Fault::UnsubackForEachFilter]),
    case!(unsubscribed_again: "An UNSUBSCRIBE that is repeated is answered like the first",
        v311: proves ["MQTT-3.10.4-5"],
        v5: proves ["MQTT-3.10.4-5"],
        caught: [Fault::NoUnsubackForUnknown]),
    case!(partly_unknown: "An UNSUBSCRIBE of an unknown topic filter and a known one ends the subscription of the known one",
        v311: proves ["MQTT-3.10.4-6", "MQTT-3.10.4-2"],
        v5: proves ["MQTT-3.10.4-6", "MQTT-3.10.4-2"],
        caught: [Fault::OnlyFirstUnsubscribed]),
];

/// Codes of SUBACK that grant a subscription.
const GRANTED: &[ReasonCode] = &[ReasonCode::SUCCESS, ReasonCode::GRANTED_QOS_1, ReasonCode::GRANTED_QOS_2];

async fn suback_identifier(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;

    watcher.send(subscribe("news", AtMostOnce).id(0xABCD_u16))?;

    let suback = watcher.expect(any(PacketType::Suback)).await?;
    watcher.expect_right(&suback, a_suback(0xABCD_u16)).decides(rule!(v311 "MQTT-3.8.4-2", v5 "MQTT-3.8.4-2")).await
}

async fn code_for_each_filter(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;

    let id = watcher.send(subscribe("one", AtMostOnce).and("two", AtLeastOnce).and("three", AtMostOnce))?;

    let suback = watcher.receive(a_suback(id)).await?;
    watcher.expect_right(&suback, a_suback(id).number_of_codes(3)).await
}

async fn codes_in_order(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    let id = watcher.send(subscribe("low", AtMostOnce).and("high", AtLeastOnce))?;
    let either = &GRANTED[..2];
    let suback = watcher.receive(a_suback(id).code(either).code(either)).await?;

    let to_first = publish("low", b"to the first").qos(AtLeastOnce);
    watcher.publish_to_itself(to_first, a_message("low", b"to the first").qos(AtMostOnce)).await?;
    watcher.publish("high", b"to the second", AtLeastOnce).await?;

    let high = watcher.receive(a_message("high", b"to the second")).await?;
    if !matches!(high.packet(), Packet::Publish(publish) if publish.qos == AtLeastOnce) {
        return Err(Stop::NotExercised("both subscriptions deliver at QoS 0".to_owned()));
    }
    watcher.expect_right(&suback, a_suback(id).code(&GRANTED[..1]).code(&GRANTED[1..2])).await
}

async fn granted_as_delivered(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    let id = watcher.send(subscribe("news", AtMostOnce).id(0xABCD_u16))?;
    let suback = watcher.receive(a_suback(id).code(GRANTED)).await?;

    let higher = publish("news", b"published at QoS 1").qos(AtLeastOnce);
    watcher.publish_to_itself(higher, a_message("news", b"published at QoS 1").qos(AtMostOnce)).await?;

    watcher.expect_right(&suback, a_suback(id).code(&[ReasonCode::SUCCESS])).await
}

async fn lower_qos_wins(broker: &Subject) -> Outcome {
    let (published, asked, lower) = match broker.member() {
        "1-to-0" => (AtLeastOnce, AtMostOnce, AtMostOnce),
        "0-to-1" => (AtMostOnce, AtLeastOnce, AtMostOnce),
        "2-to-0" => (ExactlyOnce, AtMostOnce, AtMostOnce),
        "0-to-2" => (AtMostOnce, ExactlyOnce, AtMostOnce),
        "2-to-1" => (ExactlyOnce, AtLeastOnce, AtLeastOnce),
        "0-to-0" => (AtMostOnce, AtMostOnce, AtMostOnce),
        "1-to-1" => (AtLeastOnce, AtLeastOnce, AtLeastOnce),
        "2-to-2" => (ExactlyOnce, ExactlyOnce, ExactlyOnce),
        _ => (AtLeastOnce, ExactlyOnce, AtLeastOnce),
    };
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", asked).await?;

    let mut publisher = broker.connect("publisher").await?;
    let once = publish("news", b"once").qos(published);
    let message = publisher.publish_to(&mut watcher, once, a_message("news", b"once")).await?;
    watcher.expect_right(&message, a_message("news", b"once").qos(lower)).await
}

async fn several_filters(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;

    let id = watcher.send(subscribe("first", AtLeastOnce).and("second", AtLeastOnce))?;
    watcher.receive(a_suback(id).code(GRANTED).code(GRANTED)).await?;

    watcher.publish("first", b"to the first", AtLeastOnce).await?;
    watcher.receive(a_message("first", b"to the first")).await?;
    watcher.publish("second", b"to the second", AtLeastOnce).await?;
    watcher.expect(a_message("second", b"to the second")).await
}

async fn repetition_brings_its_qos(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtMostOnce).await?;

    watcher.subscribe("news", AtLeastOnce).await?;

    watcher.publish("news", b"at QoS 1", AtLeastOnce).await?;
    let message = watcher.receive(a_message("news", b"at QoS 1")).await?;
    watcher.expect_right(&message, a_message("news", b"at QoS 1").qos(AtLeastOnce)).await
}

async fn repetition_adds_no_copy(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtMostOnce).await?;
    watcher.subscribe("news", AtMostOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    let once = publisher.publish_until_heard(&mut watcher, "news", "once").await?;

    watcher.expect_no_message(once.payload()).before_message(&mut publisher, "news").await
}

async fn repetition_loses_nothing(broker: &Subject) -> Outcome {
    let mut slow = broker.connect_as("slow", connect().property(Property::ReceiveMaximum(1))).await?;
    slow.hold_acknowledgements();
    slow.subscribe("news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"under way", AtLeastOnce).await?;
    publisher.publish("news", b"waiting", AtLeastOnce).await?;
    let under_way = slow.receive(a_message("news", b"under way").qos(AtLeastOnce)).await?;

    slow.subscribe("news", AtLeastOnce).await?;
    slow.send(puback(under_way.id()))?;

    slow.expect(a_message("news", b"waiting")).await
}

async fn overlapping_copies(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("sport/#", AtLeastOnce).await?;
    watcher.subscribe("sport/+", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish("sport/tennis", b"3-0", AtLeastOnce).await?;

    watcher.receive(a_message("sport/tennis", b"3-0")).await?;
    watcher.serves().await?;
    let copies = 1 + watcher.waiting(PacketType::Publish);
    Ok(broker.observe(rule!(v311 "U3-11"), &format!("{copies} copies for two overlapping subscriptions")))
}

async fn message_before_suback(broker: &Subject) -> Outcome {
    let mut witness = broker.witness(["news"]).await?;
    broker.connect("publisher").await?.publish_draft(publish("news", b"kept").qos(AtLeastOnce).retain()).await?;
    witness.receive(with_payload(b"kept")).await?;
    let mut watcher = broker.connect("watcher").await?;

    let id = watcher.send(subscribe("news", AtLeastOnce))?;

    let message = watcher.receive(a_message("news", b"kept")).await?;
    let suback = watcher.receive(a_suback(id)).await?;
    let order = if message.line < suback.line { "before" } else { "after" };
    Ok(broker.observe(rule!(v311 "U3-13"), &format!("the retained message came {order} the SUBACK")))
}

async fn buffered_past_unsuback(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news", "news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    for number in 0..20 {
        publisher.send(publish("news", format!("message {number}")).qos(AtLeastOnce))?;
    }

    let id = watcher.send(unsubscribe(["news"]))?;

    let unsuback = watcher.receive(an_unsuback(id)).await?;
    publisher.serves().await?;
    watcher.serves().await?;
    let after = watcher.waiting_behind(PacketType::Publish, unsuback.line);
    Ok(broker.observe(rule!(v311 "U3-15"), &format!("{after} messages came after the UNSUBACK")))
}

async fn no_local(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    let options = SubscriptionOptions { no_local: true, ..SubscriptionOptions::at(AtLeastOnce) };
    watcher.subscribe("news", options).await?;

    let own = if broker.member() == "long" { format!("{:.<300}", "my own") } else { "my own".to_owned() };
    watcher.publish("news", &own, AtLeastOnce).await?;

    let mut other = broker.connect("other").await?;
    watcher.expect_no_message(own.as_bytes()).before_message(&mut other, "news").await
}

pub(super) async fn denied_filter(broker: &Subject) -> Outcome {
    let denied = broker.denied_topic()?;
    let mut watcher = come_by(broker, broker.member(), "watcher", |draft| draft).await?;

    let id = watcher.send(subscribe(denied, AtMostOnce))?;

    // Nothing forbids to grant the filter and to deliver nothing for it, nor says that the connection stays open.
    let refused = a_suback(id).code(&[ReasonCode::UNSPECIFIED_ERROR]);
    match watcher.receive_or_end(a_suback(id)).await? {
        Some(suback) => watcher.expect_right(&suback, refused).recommended().await,
        None => watcher.expect(refused).recommended().await,
    }
}

pub(super) async fn wildcards_refused(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtMostOnce).await?;

    let id = watcher.send(subscribe("sport/#", AtMostOnce))?;

    let suback = watcher.receive(a_suback(id)).await?;
    watcher.expect_right(&suback, a_suback(id).code(&[ReasonCode::UNSPECIFIED_ERROR])).await
}

pub(super) async fn not_available(broker: &Subject) -> Outcome {
    let (excluded, asked, code) = match broker.member() {
        "wildcard" => {
            let code = ReasonCode::WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED;
            (Excluded::Wildcard, subscribe("sport/#", AtMostOnce), code)
        }
        "share" => {
            let code = ReasonCode::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED;
            (Excluded::Share, subscribe("$share/group/news", AtMostOnce), code)
        }
        _ => {
            let numbered = subscribe("news", AtMostOnce).property(Property::SubscriptionIdentifier(1));
            (Excluded::Identifier, numbered, ReasonCode::SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED)
        }
    };
    let mut rogue = broker.connect("rogue").await?;
    rogue.subscribe("news", AtMostOnce).await?;

    rogue.send(asked.although_excluded(excluded))?;

    rogue.expect_refusal(&[code]).suback_is_weak().await
}

async fn unsuback_identifier(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtMostOnce).await?;

    watcher.send(unsubscribe(["news"]).id(0xABCD_u16))?;

    let unsuback = watcher.expect(any(PacketType::Unsuback)).await?;
    let same_id = rule!(v311 "MQTT-3.10.4-4", v5 "MQTT-3.10.4-5");
    watcher.expect_right(&unsuback, an_unsuback(0xABCD_u16)).decides(same_id).await
}

async fn unknown_is_answered(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("known", AtMostOnce).await?;
    watcher.send(unsubscribe(["known"]))?;
    watcher.receive(any(PacketType::Unsuback)).await?;

    watcher.send(unsubscribe(["unknown"]))?;

    watcher.expect(any(PacketType::Unsuback)).await
}

async fn unsuback_codes(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("known", AtMostOnce).await?;
    let (removed, none) = ([ReasonCode::SUCCESS], [ReasonCode::NO_SUBSCRIPTION_EXISTED]);
    let either = [removed[0], none[0]];

    let first = watcher.send(unsubscribe(["known"]))?;
    let known = watcher.receive(an_unsuback(first).code(&either)).await?;
    let second = watcher.send(unsubscribe(["unknown"]))?;
    let unknown = watcher.receive(an_unsuback(second).code(&either)).await?;

    let _ = watcher.expect_right(&known, an_unsuback(first).code(&removed)).await?;
    watcher.expect_right(&unknown, an_unsuback(second).code(&none)).recommended().await
}

async fn unsuback_codes_in_order(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    let (removed, none) = ([ReasonCode::SUCCESS], [ReasonCode::NO_SUBSCRIPTION_EXISTED]);
    watcher.subscribe("known", AtMostOnce).await?;

    let id = watcher.send(unsubscribe(["unknown", "known"]))?;

    let unsuback = watcher.receive(an_unsuback(id)).await?;
    let either = [removed[0], none[0]];
    watcher.receive_right(&unsuback, &an_unsuback(id).code(&either).code(&either))?;
    // What is said of a filter that nobody subscribed to is another rule's: equal codes show no order.
    if let [first, second] = codes(&unsuback.packet())[..]
        && first == second
    {
        return Err(Stop::NotExercised(format!("both codes are 0x{:02x}, which shows no order", first.0)));
    }
    watcher.expect_right(&unsuback, an_unsuback(id).code(&none).code(&removed)).await
}

async fn unsubscribed_gets_no_more(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    watcher.subscribe("fence", AtLeastOnce).await?;
    let id = watcher.send(unsubscribe(["news"]))?;
    watcher.receive(an_unsuback(id)).await?;

    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"too late", AtLeastOnce).await?;

    watcher.expect_no_message(b"too late").before_message(&mut publisher, "fence").await
}

async fn several_unsubscribed(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    for filter in ["first", "second", "fence"] {
        watcher.subscribe(filter, AtLeastOnce).await?;
    }
    let id = watcher.send(unsubscribe(["first", "second"]))?;
    watcher.receive(an_unsuback(id)).await?;

    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("first", b"too late for the first", AtLeastOnce).await?;
    publisher.publish("fence", b"behind", AtLeastOnce).await?;
    watcher.receive(a_message("fence", b"behind")).await?;
    if watcher.waits_for(&a_message("first", b"too late for the first")) {
        return Err(Stop::Inconclusive { why: "not even the first subscription has ended".to_owned(), line: None });
    }
    publisher.publish("second", b"too late for the second", AtLeastOnce).await?;

    watcher.expect_no_message(b"too late for the second").before_message(&mut publisher, "fence").await
}

async fn other_filter_stays(broker: &Subject) -> Outcome {
    let other = if broker.member() == "matching" { "sport/+" } else { "sport" };
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("sport/tennis", "sport/tennis", AtLeastOnce).await?;

    let id = watcher.send(unsubscribe([other]))?;
    watcher.receive(an_unsuback(id)).await?;

    broker.connect("publisher").await?.publish("sport/tennis", b"still here", AtLeastOnce).await?;
    watcher.expect(a_message("sport/tennis", b"still here")).await
}

async fn begun_delivery_goes_on(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.hold_acknowledgements();
    sleeper.subscribe("news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"control", AtLeastOnce).await?;
    sleeper.receive(a_message("news", b"control").qos(AtLeastOnce)).await?;
    sleeper.drop_connection().await;
    let mut sleeper = broker.resume("sleeper").await?;
    sleeper.receive(a_message("news", b"control")).await?;
    sleeper.hold_acknowledgements();
    publisher.publish("news", b"begun", AtLeastOnce).await?;
    sleeper.receive(a_message("news", b"begun")).await?;

    let id = sleeper.send(unsubscribe(["news"]))?;
    sleeper.receive(an_unsuback(id)).await?;

    // What shows that a delivery is not completed is that it is taken up again at a reconnect (section 4.4).
    sleeper.drop_connection().await;
    let mut sleeper = broker.resume("sleeper").await?;
    sleeper.expect(a_message("news", b"begun")).await
}

async fn one_suback(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;

    let id = watcher.send(subscribe("first", AtMostOnce).and("second", AtMostOnce).and("third", AtMostOnce))?;

    watcher.receive(a_suback(id)).await?;
    watcher.expect_no_packet(PacketType::Suback).await
}

async fn one_unsuback(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("first", AtMostOnce).await?;
    watcher.subscribe("second", AtMostOnce).await?;

    let id = watcher.send(unsubscribe(["first", "second"]))?;

    watcher.receive(an_unsuback(id)).await?;
    watcher.expect_no_packet(PacketType::Unsuback).await
}

async fn unsubscribed_again(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtMostOnce).await?;
    watcher.unsubscribe("news").await?;

    let id = watcher.send(unsubscribe(["news"]))?;

    watcher.expect(an_unsuback(id)).await
}

async fn partly_unknown(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("alone", AtLeastOnce).await?;
    watcher.subscribe("known", AtLeastOnce).await?;
    watcher.subscribe("fence", AtLeastOnce).await?;
    watcher.unsubscribe("alone").await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("alone", b"gone before", AtLeastOnce).await?;
    let _ = watcher
        .expect_no_message(b"gone before")
        .decides(rule!(v311 "MQTT-3.10.4-2", v5 "MQTT-3.10.4-2"))
        .before_message(&mut publisher, "fence")
        .await?;
    let id = watcher.send(unsubscribe(["unknown", "known"]))?;
    watcher.receive(an_unsuback(id)).await?;

    publisher.publish("known", b"too late", AtLeastOnce).await?;

    watcher.expect_no_message(b"too late").before_message(&mut publisher, "fence").await
}
