//! Strings that are no UTF-8 or hold U+0000, in every field that has one.

use super::connect::let_in;
use super::prelude::*;
use crate::scenario::{Received, pattern::codes};

pub(super) const CASES: &[Case] = &[
    case!(publish_text["utf8.surrogate@topic-name"]: "A PUBLISH with a surrogate in its topic name is refused",
        v311: breaks ["MQTT-3.3.2-1"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.3.2-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicNameUtf8), ActsOn(Rule::TopicNameUtf8)]),
    case!(publish_text["utf8.overlong@topic-name"]: "A PUBLISH with an overlong form in its topic name is refused",
        v311: breaks ["MQTT-3.3.2-1"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.3.2-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicNameUtf8)]),
    case!(publish_text["utf8.truncated@topic-name"]: "A PUBLISH with a sequence cut short in its topic name is refused",
        v311: breaks ["MQTT-3.3.2-1"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.3.2-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicNameUtf8)]),
    case!(subscribe_text["utf8.surrogate@topic-filter"]: "A SUBSCRIBE with a surrogate in its topic filter is refused",
        v311: breaks ["MQTT-3.8.3-1"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.8.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicFilterUtf8)]),
    case!(subscribe_text["utf8.overlong@topic-filter"]: "A SUBSCRIBE with an overlong form in its topic filter is refused",
        v311: breaks ["MQTT-3.8.3-1"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.8.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicFilterUtf8)]),
    case!(subscribe_text["utf8.truncated@topic-filter"]: "A SUBSCRIBE with a sequence cut short in its topic filter is refused",
        v311: breaks ["MQTT-3.8.3-1"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.8.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicFilterUtf8)]),
    case!(unsubscribe_text["utf8.surrogate@topic-filter"]: "An UNSUBSCRIBE with a surrogate in its topic filter is refused",
        v311: breaks ["MQTT-3.10.3-1"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.10.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicFilterUtf8)]),
    case!(unsubscribe_text["utf8.overlong@topic-filter"]: "An UNSUBSCRIBE with an overlong form in its topic filter is refused",
        v311: breaks ["MQTT-3.10.3-1"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.10.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicFilterUtf8)]),
    case!(unsubscribe_text["utf8.truncated@topic-filter"]: "An UNSUBSCRIBE with a sequence cut short in its topic filter is refused",
        v311: breaks ["MQTT-3.10.3-1"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.10.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicFilterUtf8)]),
    case!(connect_text["utf8.surrogate@client-identifier"]: "A CONNECT with a surrogate in its client identifier is refused",
        v311: breaks ["MQTT-3.1.3-4"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.1.3-4"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ClientIdUtf8)]),
    case!(connect_text["utf8.overlong@client-identifier"]: "A CONNECT with an overlong form in its client identifier is refused",
        v311: breaks ["MQTT-3.1.3-4"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.1.3-4"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ClientIdUtf8)]),
    case!(connect_text["utf8.truncated@client-identifier"]: "A CONNECT with a sequence cut short in its client identifier is refused",
        v311: breaks ["MQTT-3.1.3-4"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.1.3-4"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ClientIdUtf8)]),
    case!(connect_text["utf8.surrogate@will-topic"]: "A CONNECT with a surrogate in its will topic is refused",
        v311: breaks ["MQTT-3.1.3-10"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.1.3-11"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::WillTopicUtf8)],
        needs: &["will"]),
    case!(connect_text["utf8.overlong@will-topic"]: "A CONNECT with an overlong form in its will topic is refused",
        v311: breaks ["MQTT-3.1.3-10"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.1.3-11"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::WillTopicUtf8)],
        needs: &["will"]),
    case!(connect_text["utf8.truncated@will-topic"]: "A CONNECT with a sequence cut short in its will topic is refused",
        v311: breaks ["MQTT-3.1.3-10"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.1.3-11"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::WillTopicUtf8)],
        needs: &["will"]),
    case!(connect_text["utf8.surrogate@user-name"]: "A CONNECT with a surrogate in its user name is refused",
        v311: breaks ["MQTT-3.1.3-11"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.1.3-12"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::UserNameUtf8)]),
    case!(connect_text["utf8.overlong@user-name"]: "A CONNECT with an overlong form in its user name is refused",
        v311: breaks ["MQTT-3.1.3-11"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.1.3-12"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::UserNameUtf8)]),
    case!(connect_text["utf8.truncated@user-name"]: "A CONNECT with a sequence cut short in its user name is refused",
        v311: breaks ["MQTT-3.1.3-11"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.1.3-12"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::UserNameUtf8)]),
    case!(publish_text["utf8.nul@topic-name"]: "A PUBLISH with U+0000 in its topic name is refused",
        v311: breaks ["MQTT-4.7.3-2"] proves ["MQTT-1.5.3-2"],
        v5: breaks ["MQTT-4.7.3-2"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::NulInTopic), ActsOn(Rule::NulInTopic)]),
    case!(subscribe_text["utf8.nul@topic-filter"]: "A SUBSCRIBE with U+0000 in its topic filter is refused",
        v311: breaks ["MQTT-4.7.3-2"] proves ["MQTT-1.5.3-2"],
        v5: breaks ["MQTT-4.7.3-2"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::NulInTopic), ActsOn(Rule::NulInTopic)]),
    case!(unsubscribe_text["utf8.nul@topic-filter"]: "An UNSUBSCRIBE with U+0000 in its topic filter is refused",
        v311: breaks ["MQTT-4.7.3-2"] proves ["MQTT-1.5.3-2"],
        v5: breaks ["MQTT-4.7.3-2"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::NulInTopic), ActsOn(Rule::NulInTopic)]),
    case!(connect_text["utf8.nul@client-identifier"]: "A CONNECT with U+0000 in its client identifier is refused",
        v311: proves ["MQTT-1.5.3-2"],
        v5: breaks ["MQTT-1.5.4-2", "U5-002"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::NulInString), ActsOn(Rule::NulInString)]),
    case!(connect_text["utf8.nul@will-topic"]: "A CONNECT with U+0000 in its will topic is refused",
        v311: breaks ["MQTT-4.7.3-2"] proves ["MQTT-1.5.3-2"],
        v5: breaks ["MQTT-4.7.3-2"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::NulInTopic), ActsOn(Rule::NulInTopic)],
        needs: &["will"]),
    case!(connect_text["utf8.nul@user-name"]: "A CONNECT with U+0000 in its user name is refused",
        v311: proves ["MQTT-1.5.3-2"],
        v5: breaks ["MQTT-1.5.4-2", "U5-002"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::NulInString), ActsOn(Rule::NulInString)]),
    case!(publish_text["utf8.surrogate@response-topic"]: "A PUBLISH with a surrogate in the response topic is refused",
        v5: breaks ["MQTT-3.3.2-13"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ResponseTopicUtf8)]),
    case!(publish_text["utf8.nul@response-topic"]: "A PUBLISH with U+0000 in the response topic is refused",
        v5: breaks ["MQTT-4.7.3-2"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::NulInTopic), ActsOn(Rule::NulInTopic)]),
    case!(publish_text["utf8.surrogate@content-type"]: "A PUBLISH with a surrogate in the content type is refused",
        v5: breaks ["MQTT-3.3.2-19"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ContentTypeUtf8)]),
    case!(publish_text["utf8.nul@content-type"]: "A PUBLISH with U+0000 in the content type is refused",
        v5: breaks ["MQTT-1.5.4-2", "U5-002"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::NulInString), ActsOn(Rule::NulInString)]),
    case!(publish_text["utf8.surrogate@user-property-name"]: "A PUBLISH with a surrogate in the name of its User Property is refused",
        v5: breaks ["MQTT-1.5.7-1", "U5-008"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::UserPropertyUtf8)]),
    case!(publish_text["utf8.nul@user-property-name"]: "A PUBLISH with U+0000 in the name of its User Property is refused",
        v5: breaks ["MQTT-1.5.4-2", "U5-002"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::NulInString), ActsOn(Rule::NulInString)]),
    case!(publish_text["utf8.surrogate@user-property-value"]: "A PUBLISH with a surrogate in the value of its User Property is refused",
        v5: breaks ["MQTT-1.5.7-1", "U5-008"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::UserPropertyUtf8)]),
    case!(publish_text["utf8.nul@user-property-value"]: "A PUBLISH with U+0000 in the value of its User Property is refused",
        v5: breaks ["MQTT-1.5.4-2", "U5-002"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::NulInString), ActsOn(Rule::NulInString)]),
    case!(connect_text["utf8.surrogate@will-response-topic"]: "A CONNECT with a surrogate in the response topic of its will is refused",
        v5: breaks ["MQTT-1.5.4-1", "U5-001"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ResponseTopicUtf8)],
        needs: &["will"]),
    case!(connect_text["utf8.surrogate@will-content-type"]: "A CONNECT with a surrogate in the content type of its will is refused",
        v5: breaks ["MQTT-1.5.4-1", "U5-001"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::ContentTypeUtf8)],
        needs: &["will"]),
    case!(unusual_characters["utf8.control@topic-name"]: "Control characters in a topic name are taken or refused",
        v311: proves ["U3-23"],
        v5: proves ["U5-003"],
        caught: []),
    case!(unusual_characters["utf8.control@topic-filter"]: "Control characters in a topic filter are taken or refused",
        v311: proves ["U3-23"],
        v5: proves ["U5-003"],
        caught: []),
    case!(unusual_characters["utf8.control@client-identifier"]: "Control characters in a client identifier are taken or refused",
        v311: proves ["U3-23"],
        v5: proves ["U5-003"],
        caught: []),
    case!(unusual_characters["utf8.control@user-name"]: "Control characters in a user name are taken or refused",
        v311: proves ["U3-23"],
        v5: proves ["U5-003"],
        caught: []),
    case!(unusual_characters["utf8.control@will-topic"]: "Control characters in a will topic are taken or refused",
        v311: proves ["U3-23"],
        v5: proves ["U5-003"],
        caught: [],
        needs: &["will"]),
    case!(unusual_characters["utf8.noncharacter@topic-name"]: "U+FFFF in a topic name is taken or refused",
        v311: proves ["U3-23"],
        v5: proves ["U5-003"],
        caught: []),
    case!(unusual_characters["utf8.noncharacter@topic-filter"]: "U+FFFF in a topic filter is taken or refused",
        v311: proves ["U3-23"],
        v5: proves ["U5-003"],
        caught: []),
    case!(unusual_characters["utf8.noncharacter@client-identifier"]: "U+FFFF in a client identifier is taken or refused",
        v311: proves ["U3-23"],
        v5: proves ["U5-003"],
        caught: []),
    case!(unusual_characters["utf8.noncharacter@user-name"]: "U+FFFF in a user name is taken or refused",
        v311: proves ["U3-23"],
        v5: proves ["U5-003"],
        caught: []),
    case!(unusual_characters["utf8.noncharacter@will-topic"]: "U+FFFF in a will topic is taken or refused",
        v311: proves ["U3-23"],
        v5: proves ["U5-003"],
        caught: [],
        needs: &["will"]),
    case!(kept_characters["control"]: "U+0001 in a topic name that was taken comes out as it went in",
        v311: proves ["MQTT-4.7.3-4"],
        v5: proves ["MQTT-4.7.3-4"],
        caught: [Fault::StripsControlCharacters],
        needs: &["wildcard"]),
    case!(kept_characters["noncharacter"]: "U+FFFF in a topic name that was taken comes out as it went in",
        v311: proves ["MQTT-4.7.3-4"],
        v5: proves ["MQTT-4.7.3-4"],
        caught: [Fault::StripsControlCharacters],
        needs: &["wildcard"]),
];

const MALFORMED: &[ReasonCode] = &[ReasonCode::MALFORMED_PACKET];

/// A PUBLISH with text in every place that has some.
fn message() -> Draft {
    publish("news", b"text")
        .qos(AtLeastOnce)
        .property(Property::ResponseTopic("answers"))
        .property(Property::ContentType("text"))
        .property(Property::UserProperty("name", "value"))
}

async fn publish_text(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    rogue.publish_draft(message()).await?;

    rogue.send(message().with(broker.member()))?;

    rogue.expect_refusal(MALFORMED).await
}

async fn subscribe_text(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    rogue.subscribe("news", AtMostOnce).await?;

    rogue.send(subscribe("news", AtMostOnce).with(broker.member()))?;

    rogue.expect_refusal(MALFORMED).await
}

async fn unsubscribe_text(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    let id = rogue.send(unsubscribe(["news"]))?;
    rogue.receive(an_unsuback(id)).await?;

    rogue.send(unsubscribe(["news"]).with(broker.member()))?;

    rogue.expect_refusal(MALFORMED).await
}

/// A CONNECT with text in the place that the case's member is about. Only where it is about the user name it brings
/// one of its own: of somebody whom no broker knows, so that who is let in under it is let in under any name.
fn introduction(broker: &Subject) -> Draft {
    if broker.member().contains("@will-") {
        let of_text = will("status", b"gone").property(Property::ResponseTopic("answers"));
        return connect().will(of_text.property(Property::ContentType("text")));
    }
    let legal = connect();
    if !broker.member().ends_with("@user-name") {
        return legal;
    }
    let stranger = legal.user_name(broker.unique());
    match &broker.setting().credentials {
        Some((_, password)) => stranger.password(password.as_bytes()),
        None => stranger,
    }
}

async fn connect_text(broker: &Subject) -> Outcome {
    let legal = introduction(broker);
    let_in(broker, "control", legal.clone()).await?;
    let mut rogue = broker.open("rogue").await?;

    rogue.send(legal.with(broker.member()))?;

    rogue.expect_refusal(&[ReasonCode::MALFORMED_PACKET, ReasonCode::CLIENT_IDENTIFIER_NOT_VALID]).await
}

async fn unusual_characters(broker: &Subject) -> Outcome {
    let mutation = broker.member();
    let answer = match mutation.split_once('@') {
        Some((_, "topic-name")) => {
            let mut client = broker.connect("client").await?;
            client.publish_draft(message()).await?;
            client.send(message().with(mutation))?;
            client.receive_or_end(any(PacketType::Puback)).await?
        }
        Some((_, "topic-filter")) => {
            let mut client = broker.connect("client").await?;
            client.subscribe("news", AtMostOnce).await?;
            client.send(subscribe("news", AtMostOnce).with(mutation))?;
            client.receive_or_end(any(PacketType::Suback)).await?
        }
        _ => {
            let_in(broker, "control", introduction(broker)).await?;
            let mut client = broker.open("client").await?;
            client.send(introduction(broker).with(mutation))?;
            client.receive_or_end(any(PacketType::Connack)).await?
        }
    };

    let taken = answer.is_some_and(|answer| !refuses(&answer));
    let seen = if taken { "this character was taken" } else { "this character was refused" };
    Ok(broker.observe(rule!(v311 "U3-23", v5 "U5-003"), seen))
}

/// True for an acknowledgement with a code that says no.
fn refuses(answer: &Received) -> bool {
    codes(&answer.packet()).iter().any(|code| code.is_error())
}

async fn kept_characters(broker: &Subject) -> Outcome {
    let topic = if broker.member() == "control" { "news/a\u{1}b" } else { "news/a\u{ffff}b" };
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news/+", "news/plain", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    let id = publisher.send(publish(topic, b"unusual").qos(AtLeastOnce))?;

    let answer = publisher.receive_or_end(a_puback(id)).await?;
    if answer.is_none_or(|answer| refuses(&answer)) {
        return Err(Stop::NotExercised("the broker refuses this character".to_owned()));
    }
    watcher.expect(a_message(topic, b"unusual")).await
}
