//! PUBLISH: what a broker does with the messages of its clients, and what it refuses.

use super::prelude::*;
use crate::scenario::Client;

pub(super) const CASES: &[Case] = &[
    case!(delivered_unchanged: "A message reaches a subscriber with its payload unchanged",
        v311: proves ["MQTT-4.5.0-1"],
        v5: proves ["MQTT-4.5.0-1"],
        caught: [Fault::PayloadChanged, Fault::DropsBinary]),
    case!(byte_order_mark: "U+FEFF in a topic name is kept",
        v311: proves ["MQTT-1.5.3-3"],
        v5: proves ["MQTT-1.5.4-3"],
        caught: [Fault::StripsByteOrderMark],
        needs: &["wildcard"]),
    case!(only_matching_topics: "A subscriber gets nothing on topics that its filter does not match",
        v311: proves ["MQTT-3.3.2-3"],
        v5: proves ["MQTT-3.3.2-3"],
        caught: [Fault::DeliversByPrefix]),
    case!(highest_of_overlapping: "Of overlapping subscriptions the one with the highest granted QoS decides",
        v311: proves ["MQTT-3.3.5-1"],
        v5: proves ["MQTT-3.3.4-2"],
        caught: [Fault::OverlapTakesLowestQos, Fault::AboveGrantedQos],
        needs: &["wildcard", "qos2"]),
    case!(highest_on_wildcard["hash"]: "Of overlapping subscriptions the one with the highest granted QoS decides, whose filter ends in #",
        v311: proves ["MQTT-3.3.5-1"],
        v5: proves ["MQTT-3.3.4-2"],
        caught: [Fault::OverlapTakesLowestQos],
        needs: &["wildcard"]),
    case!(highest_on_wildcard["plus"]: "Of overlapping subscriptions the one with the highest granted QoS decides, whose filter has a +",
        v311: proves ["MQTT-3.3.5-1"],
        v5: proves ["MQTT-3.3.4-2"],
        caught: [Fault::OverlapTakesLowestQos],
        needs: &["wildcard"]),
    case!(topic_with_wildcard: "A PUBLISH to a topic with a wildcard is refused, and nobody gets it",
        v311: breaks ["MQTT-3.3.2-2", "MQTT-4.7.1-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.3.2-2", "MQTT-4.7.0-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicNameWildcard), ActsOn(Rule::TopicNameWildcard)],
        needs: &["wildcard"]),
    case!(property_is_kept["payload-format"]: "The Payload Format Indicator reaches a subscriber unchanged",
        v5: proves ["MQTT-3.3.2-4"],
        caught: [Fault::PayloadFormatDropped]),
    case!(property_is_kept["response-topic"]: "The Response Topic reaches a subscriber unchanged",
        v5: proves ["MQTT-3.3.2-15"],
        caught: [Fault::ResponseTopicDropped]),
    case!(property_is_kept["correlation-data"]: "The Correlation Data reaches a subscriber unchanged",
        v5: proves ["MQTT-3.3.2-16"],
        caught: [Fault::CorrelationDataDropped]),
    case!(property_is_kept["content-type"]: "The Content Type reaches a subscriber unchanged",
        v5: proves ["MQTT-3.3.2-20"],
        caught: [Fault::ContentTypeDropped]),
    case!(user_properties_are_kept: "The User Properties reach a subscriber unchanged and in their order",
        v5: proves ["MQTT-3.3.2-17", "MQTT-3.3.2-18"],
        caught: [Fault::UserPropertiesDropped, Fault::UserPropertiesReordered]),
    case!(payload_not_as_claimed: "A payload that is not the text it claims to be may be refused",
        v5: proves ["U5-124"],
        caught: []),
    case!(dup_at_qos0: "A QoS 0 PUBLISH with DUP 1 is refused, and nobody gets it",
        v311: breaks ["MQTT-3.3.1-2"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.3.1-2"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::DupWithQos0), ActsOn(Rule::DupWithQos0)]),
    case!(too_large: "A packet above the announced Maximum Packet Size is refused",
        v5: breaks ["MQTT-3.2.2-15", "U5-095"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::AcceptsLargePackets],
        variant: Variant::SMALL_PACKETS),
    case!(any_length["127"]: "A PUBLISH of 127 bytes, the most that one length byte tells arrives unchanged",
        v311: proves ["MQTT-4.5.0-1"],
        v5: proves ["MQTT-4.5.0-1"],
        caught: [Fault::PayloadChanged]),
    case!(any_length["128"]: "A PUBLISH of 128 bytes, the least that takes two length bytes arrives unchanged",
        v311: proves ["MQTT-4.5.0-1"],
        v5: proves ["MQTT-4.5.0-1"],
        caught: [Fault::PayloadChanged]),
    case!(any_length["16383"]: "A PUBLISH of 16,383 bytes, the most that two length bytes tell arrives unchanged",
        v311: proves ["MQTT-4.5.0-1"],
        v5: proves ["MQTT-4.5.0-1"],
        caught: [Fault::PayloadChanged]),
    case!(any_length["16384"]: "A PUBLISH of 16,384 bytes, the least that takes three length bytes arrives unchanged",
        v311: proves ["MQTT-4.5.0-1"],
        v5: proves ["MQTT-4.5.0-1"],
        caught: [Fault::PayloadChanged, Fault::CutsLongPayloads]),
    case!(any_length["100000"]: "A PUBLISH of 100,000 bytes arrives unchanged",
        v311: proves ["MQTT-4.5.0-1"],
        v5: proves ["MQTT-4.5.0-1"],
        caught: [Fault::PayloadChanged, Fault::CutsLongPayloads]),
    case!(any_length["2097152"]: "A PUBLISH of 2,097,152 bytes, the least that takes four length bytes arrives unchanged",
        v311: proves ["MQTT-4.5.0-1"],
        v5: proves ["MQTT-4.5.0-1"],
        caught: [Fault::CutsLongPayloads],
        intrusive: true, weighty: true),
    case!(empty_payload: "A message without a payload is delivered like any other",
        v311: proves ["MQTT-4.5.0-1"],
        v5: proves ["MQTT-4.5.0-1"],
        caught: [Fault::LosesEmpty]),
];

async fn delivered_unchanged(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("sport/score", "sport/score", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish("sport/score", b"3-0 \xff\x00 3-1", AtLeastOnce).await?;

    watcher.expect(with_payload(b"3-0 \xff\x00 3-1")).await
}

async fn byte_order_mark(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news/+", "news/plain", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish("news/\u{feff}marked", b"with a mark", AtLeastOnce).await?;

    let message = watcher.receive(with_payload(b"with a mark")).await?;
    watcher.expect_right(&message, a_message("news/\u{feff}marked", b"with a mark")).await
}

async fn only_matching_topics(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("sport/score", "sport/score", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    for stranger in ["sport", "sport/", "sport/scores", "sport/score/", "sport/score/today", "/sport/score"] {
        publisher.publish(stranger, b"stray", AtLeastOnce).await?;
    }

    watcher.expect_no_message(b"stray").before_message(&mut publisher, "sport/score").await
}

async fn highest_of_overlapping(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("sport/tennis", "sport/tennis", AtLeastOnce).await?;
    watcher.subscribe("sport/#", AtMostOnce).await?;
    watcher.subscribe("sport/+", AtMostOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish("sport/tennis", b"3-0", ExactlyOnce).await?;

    // Further copies at other granted QoS are permitted.
    watcher.expect(a_message("sport/tennis", b"3-0").copy_at(AtLeastOnce)).await
}

/// A broker that takes the first subscription of its tree has the right one by luck, where that is the exact one.
async fn highest_on_wildcard(broker: &Subject) -> Outcome {
    let filters = ["sport/#", "sport/+", "sport/tennis", "+/tennis"];
    let highest = if broker.member() == "hash" { "sport/#" } else { "sport/+" };
    let mut watcher = broker.connect("watcher").await?;
    for filter in filters {
        watcher.subscribe(filter, if filter == highest { AtLeastOnce } else { AtMostOnce }).await?;
    }
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish("sport/tennis", b"3-0", AtLeastOnce).await?;

    watcher.expect(a_message("sport/tennis", b"3-0").copy_at(AtLeastOnce)).await
}

/// Set-up: a subscriber to what is about `sport/a/score`, and a publisher whose messages reach it.
async fn watched(broker: &Subject, filter: &str) -> Result<(Client, Client), Stop> {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe(filter, AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("sport/a/score", b"legal twin", AtLeastOnce).await?;
    watcher.receive(a_message("sport/a/score", b"legal twin")).await?;
    Ok((watcher, publisher))
}

async fn topic_with_wildcard(broker: &Subject) -> Outcome {
    let (mut watcher, mut publisher) = watched(broker, "sport/#").await?;
    let mut rogue = broker.connect("rogue").await?;

    rogue.send(publish("sport/a/score", b"3-0").with("topic.wildcard-in-name.hash"))?;

    let codes = [ReasonCode::TOPIC_NAME_INVALID, ReasonCode::MALFORMED_PACKET, ReasonCode::PROTOCOL_ERROR];
    let _ = rogue.expect_refusal(&codes).await?;
    watcher.expect_no_message(b"3-0").before_message(&mut publisher, "sport/a/score").await
}

async fn dup_at_qos0(broker: &Subject) -> Outcome {
    let (mut watcher, mut publisher) = watched(broker, "sport/a/score").await?;
    let mut rogue = broker.connect("rogue").await?;
    rogue.send(publish("sport/a/score", b"without DUP"))?;
    rogue.serves().await?;

    rogue.send(publish("sport/a/score", b"3-0").with("flags.dup-qos0"))?;

    let _ = rogue.expect_refusal(&[ReasonCode::MALFORMED_PACKET, ReasonCode::PROTOCOL_ERROR]).await?;
    watcher.expect_no_message(b"3-0").before_message(&mut publisher, "sport/a/score").await
}

async fn property_is_kept(broker: &Subject) -> Outcome {
    let property = match broker.member() {
        "payload-format" => Property::PayloadFormatIndicator(1),
        "response-topic" => Property::ResponseTopic("answers/here"),
        "correlation-data" => Property::CorrelationData(b"\x00\xff7"),
        _ => Property::ContentType("text/plain"),
    };
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish_draft(publish("news", b"labelled").qos(AtLeastOnce).property(property)).await?;

    let message = watcher.receive(a_message("news", b"labelled")).await?;
    watcher.expect_right(&message, a_message("news", b"labelled").property(property)).await
}

async fn user_properties_are_kept(broker: &Subject) -> Outcome {
    let pairs = [("z", "1"), ("a", ""), ("z", "2"), ("", "3"), ("a", "1")];
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    let with_pairs = |draft: Draft, (name, value)| draft.property(Property::UserProperty(name, value));

    publisher.publish_draft(pairs.into_iter().fold(publish("news", b"labelled").qos(AtLeastOnce), with_pairs)).await?;

    let message = watcher.receive(a_message("news", b"labelled")).await?;
    let with_pair = |pattern: Pattern, (name, value)| pattern.user_property(name, value);
    let all = pairs.into_iter().fold(a_message("news", b"labelled"), with_pair);
    let _ = watcher.expect_right(&message, all).await?;
    watcher
        .expect_right(&message, a_message("news", b"labelled").in_order(&pairs))
        .decides(rule!(v5 "MQTT-3.3.2-18"))
        .await
}

async fn payload_not_as_claimed(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;

    publisher.send(publish("news", b"\xff\xfe").qos(AtLeastOnce).property(Property::PayloadFormatIndicator(1)))?;

    let refusing = any(PacketType::Puback).code(&[ReasonCode::PAYLOAD_FORMAT_INVALID]);
    let seen = match publisher.receive(refusing).await {
        Ok(_) => "refused in the PUBACK",
        Err(_) if publisher.serves().await.is_ok() => "taken as it is",
        Err(_) => "refused with a close",
    };
    Ok(broker.observe(rule!(v5 "U5-124"), seen))
}

pub(super) async fn too_large(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    rogue.publish("news", [b'x'; 500], AtLeastOnce).await?;

    rogue.send(publish("news", [b'x'; 1100]).qos(AtLeastOnce).although_excluded(Excluded::PacketSize))?;

    rogue.expect_refusal(&[ReasonCode::PACKET_TOO_LARGE]).await
}

/// A payload that makes the PUBLISH of QoS 1 on `news` as long as the family's member says, fixed header left out.
fn filling(broker: &Subject, publisher: &Client) -> Vec<u8> {
    let remaining: usize = broker.member().parse().unwrap_or_default();
    let topic = publisher.context().names().topic(&"news".into());
    let property_length = usize::from(broker.version() == Version::V5);
    let around = 2 + topic.len() + 2 + property_length;
    (0..remaining.saturating_sub(around)).map(|index| (index % 251) as u8).collect()
}

/// Room for the longest packet of the family.
const FOUR_MEBIBYTES: u32 = 4 << 20;

async fn any_length(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news", "news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    let payload = filling(broker, &publisher);
    watcher.read_up_to(FOUR_MEBIBYTES);
    publisher.try_paths().await?;

    let id = publisher.send(publish("news", &payload).qos(AtLeastOnce))?;

    // A broker may have limits of its own: what it doesn't take over it need not deliver.
    match publisher.receive_or_end(a_puback(id)).await?.as_ref().map(Client::refusal_in) {
        Some(None) => {}
        Some(Some(code)) => {
            return Err(Stop::NotExercised(format!("the broker refused a packet of this length ({code})")));
        }
        None => return Err(Stop::NotExercised("the broker closed on a packet of this length".to_owned())),
    }
    watcher.expect(a_message("news", &payload)).await
}

async fn empty_payload(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news", "news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish("news", b"", AtLeastOnce).await?;

    watcher.expect(a_message("news", b"")).await
}
