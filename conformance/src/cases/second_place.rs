//! Mistakes where a broker may have stopped looking: the second topic filter, the second property, two at once; and what
//! looks like one and is none.

use super::malformed::{EITHER, FORBIDDEN, MALFORMED};
use super::prelude::*;
use crate::scenario::Client;

pub(super) const CASES: &[Case] = &[
    case!(subscribed["subscribe.qos3"]: "A SUBSCRIBE that asks for QoS 3 by its second topic filter is refused",
        v311: proves ["MQTT-3.8.3-4"],
        v5: breaks ["U5-165"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::RequestedQos3), ActsOn(Rule::RequestedQos3)]),
    case!(subscribed["subscribe.reserved-bits.7"]: "A SUBSCRIBE with bit 7 set behind its second topic filter is refused",
        v311: proves ["MQTT-3.8.3-4"],
        v5: proves ["MQTT-3.8.3-5" = "U5-167"],
        caught: [Tolerates(Rule::SubscriptionReservedBits), ActsOn(Rule::SubscriptionReservedBits)]),
    case!(subscribed["subscribe.retain-handling3"]: "A SUBSCRIBE with Retain Handling 3 behind its second topic filter is refused",
        v5: breaks ["U5-166"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::RetainHandling3), ActsOn(Rule::RetainHandling3)]),
    case!(subscribed["utf8.surrogate@topic-filter"]: "A SUBSCRIBE with a surrogate in its second topic filter is refused",
        v311: breaks ["MQTT-3.8.3-1"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.8.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicFilterUtf8)]),
    case!(subscribed["utf8.nul@topic-filter"]: "A SUBSCRIBE with U+0000 in its second topic filter is refused",
        v311: breaks ["MQTT-4.7.3-2"] proves ["MQTT-1.5.3-2"],
        v5: breaks ["MQTT-4.7.3-2"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::NulInTopic), ActsOn(Rule::NulInTopic)]),
    case!(subscribed["filter.hash-not-last"]: "A SUBSCRIBE with # before the last level of its second topic filter is refused",
        v311: breaks ["MQTT-4.7.1-2"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-4.7.1-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::MultiLevelWildcard), ActsOn(Rule::MultiLevelWildcard)],
        needs: &["wildcard"]),
    case!(subscribed["filter.plus-after-text"]: "A SUBSCRIBE with + behind text in its second topic filter is refused",
        v311: breaks ["MQTT-4.7.1-3"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-4.7.1-2"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::SingleLevelWildcard), ActsOn(Rule::SingleLevelWildcard)],
        needs: &["wildcard"]),
    case!(unsubscribed["utf8.surrogate@topic-filter"]: "An UNSUBSCRIBE with a surrogate in its second topic filter is refused",
        v311: breaks ["MQTT-3.10.3-1"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.10.3-1"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::TopicFilterUtf8)]),
    case!(unsubscribed["utf8.nul@topic-filter"]: "An UNSUBSCRIBE with U+0000 in its second topic filter is refused",
        v311: breaks ["MQTT-4.7.3-2"] proves ["MQTT-1.5.3-2"],
        v5: breaks ["MQTT-4.7.3-2"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::NulInTopic), ActsOn(Rule::NulInTopic)]),
    case!(property["utf8.surrogate@user-property-name"]: "A PUBLISH with a surrogate in the name of its second User Property is refused",
        v5: breaks ["MQTT-1.5.7-1", "U5-008"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::UserPropertyUtf8)]),
    case!(property["utf8.nul@user-property-value"]: "A PUBLISH with U+0000 in the value of its second User Property is refused",
        v5: breaks ["MQTT-1.5.4-2", "U5-002"] proves ["MQTT-4.13.1-1"],
        caught: [Tolerates(Rule::NulInString), ActsOn(Rule::NulInString)]),
    case!(two_at_once["subscribe"]: "A SUBSCRIBE with wrong flags that asks for QoS 3 besides is refused",
        v311: proves ["MQTT-3.8.1-1"],
        v5: proves ["MQTT-3.8.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags)]),
    case!(two_at_once["unsubscribe"]: "An UNSUBSCRIBE with wrong flags and no topic filter besides is refused",
        v311: proves ["MQTT-3.10.1-1"],
        v5: proves ["MQTT-3.10.1-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags)]),
    case!(legal_connect["will-of-control-characters"]: "A CONNECT is accepted whose will has control characters in its payload, and the will comes as it is",
        v311: proves ["MQTT-3.1.4-4", "MQTT-4.5.0-1"],
        v5: proves ["MQTT-3.1.4-5", "MQTT-4.5.0-1"],
        caught: [Fault::RefusesBinaryWill],
        needs: &["will"]),
    case!(legal_connect["will-of-all-bytes"]: "A CONNECT is accepted whose will has each byte there is in its payload, and the will comes as it is",
        v311: proves ["MQTT-3.1.4-4", "MQTT-4.5.0-1"],
        v5: proves ["MQTT-3.1.4-5", "MQTT-4.5.0-1"],
        caught: [Fault::RefusesBinaryWill, Fault::PayloadChanged, Fault::DropsBinary],
        needs: &["will"]),
    case!(many_properties["of-connect"]: "A CONNECT with 40 user properties is accepted",
        v5: proves ["MQTT-3.1.4-5"],
        caught: [Fault::RefusesManyProperties]),
    case!(many_properties["of-will"]: "A CONNECT whose will has 40 user properties is accepted",
        v5: proves ["MQTT-3.1.4-5"],
        caught: [Fault::RefusesManyProperties],
        needs: &["will"]),
];

/// A client that is about to send this, after another one has sent the like and is served on.
async fn rogue_after(broker: &Subject, legal: &Draft) -> Result<Client, Stop> {
    let mut control = broker.connect("control").await?;
    control.send(legal.clone())?;
    control.serves().await?;
    broker.connect("rogue").await
}

async fn subscribed(broker: &Subject) -> Outcome {
    let legal = subscribe("news", AtMostOnce).and("sport", AtMostOnce);
    let mut rogue = rogue_after(broker, &legal).await?;

    rogue.send(legal.with_at_the_last(broker.member()))?;

    match broker.member() {
        "subscribe.qos3" | "subscribe.retain-handling3" => rogue.expect_refusal(FORBIDDEN).await,
        "filter.hash-not-last" | "filter.plus-after-text" => rogue.expect_refusal(EITHER).suback_is_weak().await,
        _ => rogue.expect_refusal(MALFORMED).await,
    }
}

async fn unsubscribed(broker: &Subject) -> Outcome {
    let legal = unsubscribe(["news", "sport"]);
    let mut rogue = rogue_after(broker, &legal).await?;

    rogue.send(legal.with_at_the_last(broker.member()))?;

    rogue.expect_refusal(MALFORMED).await
}

async fn property(broker: &Subject) -> Outcome {
    let legal = publish("news", b"with two").qos(AtLeastOnce);
    let legal = legal.property(Property::UserProperty("one", "first")).property(Property::UserProperty("two", "other"));
    let mut rogue = rogue_after(broker, &legal).await?;

    rogue.send(legal.with_at_the_last(broker.member()))?;

    rogue.expect_refusal(MALFORMED).await
}

async fn two_at_once(broker: &Subject) -> Outcome {
    let (legal, mutation) = match broker.member() {
        "subscribe" => (subscribe("news", AtMostOnce), "subscribe.qos3"),
        _ => (unsubscribe(["news"]), "unsubscribe.no-filters"),
    };
    let mut rogue = rogue_after(broker, &legal).await?;

    rogue.send(legal.with(mutation).and_wrong_flags())?;

    rogue.expect_refusal(EITHER).await
}

async fn legal_connect(broker: &Subject) -> Outcome {
    let payload: Vec<u8> = match broker.member() {
        "will-of-control-characters" => (0x01..0x20).chain([0x7F]).collect(),
        _ => (0..=u8::MAX).collect(),
    };
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("status", "status", AtLeastOnce).await?;
    let plain = connect().will(will("status", b"plain").qos(AtLeastOnce));
    broker.connect_as("plain", plain).await?.drop_connection().await;
    watcher.receive(a_message("status", b"plain")).await?;
    let mut mortal = broker.open("mortal").await?;

    mortal.send(connect().will(will("status", &payload).qos(AtLeastOnce)))?;

    let _ = mortal.expect(a_connack().code(&[ReasonCode::SUCCESS])).await?;
    mortal.drop_connection().await;
    let unchanged = rule!(v311 "MQTT-4.5.0-1", v5 "MQTT-4.5.0-1");
    watcher.expect(a_message("status", &payload)).decides(unchanged).await
}

/// How many user properties: more than anybody needs, and nothing forbids.
const MANY: usize = 40;

async fn many_properties(broker: &Subject) -> Outcome {
    let names: Vec<String> = (1..=MANY).map(|number| format!("name {number}")).collect();
    let draft = if broker.member() == "of-connect" {
        names.iter().fold(connect(), |draft, name| draft.property(Property::UserProperty(name, "value")))
    } else {
        let last_will = will("status", b"gone").qos(AtLeastOnce);
        let with_all = names.iter().fold(last_will, |will, name| will.property(Property::UserProperty(name, "value")));
        connect().will(with_all)
    };
    broker.connect("control").await?;
    let mut client = broker.open("client").await?;

    client.send(draft)?;

    client.expect(a_connack().code(&[ReasonCode::SUCCESS])).await
}
