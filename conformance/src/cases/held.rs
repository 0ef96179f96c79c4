//! What becomes of subscriptions with topic filters of each shape, on connections of each kind: made again, ended, ended by a
//! filter that only looks like theirs, and with No Local.

use super::again::come_by;
use super::family::family;
use super::prelude::*;
use crate::scenario::{Client, Received};
use mqtt_assay_codec::SubscriptionOptions;

pub(super) const REPLACED: &[Case] = family!(replaced: "A repeated SUBSCRIBE replaces the subscription, and brings no second copy", {
    v311: proves ["MQTT-3.8.4-3"],
    v5: proves ["MQTT-3.8.4-3"],
    caught: [Fault::ReplacementKeepsOld, Fault::SubscribesTwice]
}, [
    "plus" ", with + in the filter" ["wildcard"],
    "hash" ", with # in the filter" ["wildcard"],
    "plus-and-hash" ", with + and # in the filter" ["wildcard"],
    "resumed" ", on a connection that resumes a session" [],
    "second-time" ", on the second connection that resumes a session" [],
    "twelfth" ", as the twelfth SUBSCRIBE of its connection" [],
]);

pub(super) const RENUMBERED: &[Case] = family!(renumbered: "A repeated SUBSCRIBE replaces the identifier of the subscription", {
    v5: proves ["U5-170"],
    caught: [Fault::StaleIdentifier]
}, [
    "plus" ", with + in the filter" ["subscription-identifiers", "wildcard"],
    "hash" ", with # in the filter" ["subscription-identifiers", "wildcard"],
    "plus-and-hash" ", with + and # in the filter" ["subscription-identifiers", "wildcard"],
    "one-of-several" ", with another filter beside it" ["subscription-identifiers"],
    "resumed" ", on a connection that resumes a session" ["subscription-identifiers"],
    "second-time" ", on the second connection that resumes a session" ["subscription-identifiers"],
    "twelfth" ", as the twelfth SUBSCRIBE of its connection" ["subscription-identifiers"],
]);

pub(super) const LOSES_NOTHING: &[Case] = family!(loses_nothing: "A repeated SUBSCRIBE loses no message that waits for the client", {
    v5: proves ["MQTT-3.8.4-4"],
    caught: [Fault::ReplacementLosesMessages]
}, [
    "plus" ", with + in the filter" ["wildcard"],
    "hash" ", with # in the filter" ["wildcard"],
    "plus-and-hash" ", with + and # in the filter" ["wildcard"],
    "one-of-several" ", with another filter beside it" [],
    "resumed" ", on a connection that resumes a session" [],
]);

pub(super) const GOES_ON: &[Case] = family!(goes_on: "A delivery that has begun is completed although its subscription is gone", {
    v311: proves ["MQTT-3.10.4-3"],
    v5: proves ["MQTT-3.10.4-3"],
    caught: [Fault::UnsubscribeDropsInFlight]
}, [
    "plus" ", with + in the filter" ["wildcard"],
    "hash" ", with # in the filter" ["wildcard"],
    "plus-and-hash" ", with + and # in the filter" ["wildcard"],
    "one-of-several" ", with another filter beside it" [],
]);

pub(super) const ANSWERED: &[Case] = family!(unknown_answered: "An UNSUBSCRIBE is answered although there is no such subscription", {
    v311: proves ["MQTT-3.10.4-5"],
    v5: proves ["MQTT-3.10.4-5"],
    caught: [Fault::NoUnsubackForUnknown]
}, [
    "plus" ", with + in the filter" ["wildcard"],
    "hash" ", with # in the filter" ["wildcard"],
    "plus-and-hash" ", with + and # in the filter" ["wildcard"],
    "one-of-several" ", for either of its filters" [],
    "high" ", under a high packet identifier" [],
]);

pub(super) const ENDED: &[Case] = &[
    case!(unknown_answered["share"]: "An UNSUBSCRIBE is answered although there is no such shared subscription",
        v5: proves ["MQTT-3.10.4-5"],
        caught: [Fault::NoUnsubackForUnknown],
        needs: &["shared-subscriptions"]),
    case!(second_share_ends: "An UNSUBSCRIBE ends the shared subscription that it names second",
        v5: proves ["MQTT-3.10.4-6"],
        caught: [Fault::OnlyFirstUnsubscribed],
        needs: &["shared-subscriptions"]),
    case!(other_stays["plus"]: "An UNSUBSCRIBE with + leaves alone a subscription that only begins like its topic filter",
        v311: proves ["MQTT-3.10.4-1"],
        v5: proves ["MQTT-3.10.4-1"],
        caught: [Fault::UnsubscribeByPrefix],
        needs: &["wildcard"]),
    case!(other_stays["resumed"]: "On a connection that resumes a session an UNSUBSCRIBE leaves alone a subscription that its topic filter only matches",
        v311: proves ["MQTT-3.10.4-1"],
        v5: proves ["MQTT-3.10.4-1"],
        caught: [Fault::UnsubscribeByMatch],
        needs: &["wildcard"]),
    case!(granted["replaced"]: "A SUBACK says the QoS at which a repeated subscription then delivers",
        v311: proves ["MQTT-3.8.4-5"],
        v5: proves ["MQTT-3.8.4-7"],
        caught: [Fault::SubackClaimsHigherQos]),
    case!(granted["share"]: "A SUBACK says the QoS at which a shared subscription then delivers",
        v5: proves ["MQTT-3.8.4-7"],
        caught: [Fault::SubackClaimsHigherQos],
        needs: &["shared-subscriptions"]),
    case!(share_made_again: "A shared subscription that is made again at QoS 0 delivers at QoS 0",
        v5: proves ["MQTT-3.8.4-8"],
        caught: [Fault::SubscribesTwice],
        needs: &["shared-subscriptions", "wildcard"]),
];

pub(super) const NO_LOCAL: &[Case] = family!(no_local: "A subscription with No Local does not get its client's own messages", {
    v5: proves ["MQTT-3.8.3-3"],
    caught: [Fault::NoLocalIgnored]
}, [
    "long" ", of 300 bytes" [],
    "twelfth" ", after eleven of another client" [],
    "hash" ", with # in the filter" ["wildcard"],
    "plus-and-hash" ", with + and # in the filter" ["wildcard"],
    "one-of-several" ", with another filter beside it" [],
    "qos2" ", at QoS 2" ["qos2"],
    "replaced" ", where it took the place of one without" [],
]);

/// A topic that every filter of [`filter_of`] matches.
const TOPIC: &str = "sport/tennis/score";

/// The topic filter that the member speaks of.
fn filter_of(member: &str) -> &'static str {
    match member {
        "plus" => "sport/+/score",
        "hash" => "sport/#",
        "plus-and-hash" => "sport/+/#",
        "share" => "$share/group/sport/tennis/score",
        _ => TOPIC,
    }
}

/// Set-up: a client on a connection to which it has come as the member says, after eleven SUBSCRIBEs where that counts.
async fn subscriber(broker: &Subject) -> Result<Client, Stop> {
    let mut client = come_by(broker, broker.member(), "client", |draft| draft).await?;
    if broker.member() == "twelfth" {
        for _ in 1..12 {
            client.subscribe("elsewhere", AtLeastOnce).await?;
        }
    }
    Ok(client)
}

/// A SUBSCRIBE with this filter, and with another one before it if the member says so.
fn subscription(member: &str, options: SubscriptionOptions) -> Draft {
    let filter = filter_of(member);
    if member == "one-of-several" {
        return subscribe("elsewhere", options).and(filter, options);
    }
    subscribe(filter, options)
}

/// Set-up: it is granted.
async fn is_granted(client: &mut Client, draft: Draft) -> Result<(), Stop> {
    let count = draft.filters().len();
    let id = client.send(draft)?;
    let granted = [ReasonCode::SUCCESS, ReasonCode::GRANTED_QOS_1, ReasonCode::GRANTED_QOS_2];
    let suback = (0..count).fold(a_suback(id), |pattern, _| pattern.code(&granted));
    client.receive(suback).await.map(drop)
}

async fn replaced(broker: &Subject) -> Outcome {
    let filter = filter_of(broker.member());
    let mut client = subscriber(broker).await?;
    client.subscribe(filter, AtMostOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    client.subscribe(filter, AtLeastOnce).await?;

    publisher.publish(TOPIC, b"once", AtLeastOnce).await?;
    let message = client.receive(a_message(TOPIC, b"once")).await?;
    let _ = client.expect_right(&message, a_message(TOPIC, b"once").qos(AtLeastOnce)).await?;
    client.expect_no_message(b"once").before_message(&mut publisher, TOPIC).await
}

async fn renumbered(broker: &Subject) -> Outcome {
    let member = broker.member();
    let numbered =
        |identifier| subscription(member, AtLeastOnce.into()).property(Property::SubscriptionIdentifier(identifier));
    let mut client = subscriber(broker).await?;
    is_granted(&mut client, numbered(1)).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish(TOPIC, b"before", AtLeastOnce).await?;
    client.receive(a_message(TOPIC, b"before").identifiers(&[1])).await?;

    is_granted(&mut client, numbered(2)).await?;

    publisher.publish(TOPIC, b"after", AtLeastOnce).await?;
    let after = client.receive(a_message(TOPIC, b"after")).await?;
    client.expect_right(&after, a_message(TOPIC, b"after").identifiers(&[2])).await
}

async fn loses_nothing(broker: &Subject) -> Outcome {
    let again = || subscription(broker.member(), AtLeastOnce.into());
    let one_at_a_time = |draft: Draft| draft.property(Property::ReceiveMaximum(1));
    let mut slow = come_by(broker, broker.member(), "slow", one_at_a_time).await?;
    slow.hold_acknowledgements();
    is_granted(&mut slow, again()).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish(TOPIC, b"under way", AtLeastOnce).await?;
    publisher.publish(TOPIC, b"waiting", AtLeastOnce).await?;
    let under_way = slow.receive(a_message(TOPIC, b"under way").qos(AtLeastOnce)).await?;

    is_granted(&mut slow, again()).await?;
    slow.send(puback(under_way.id()))?;

    slow.expect(a_message(TOPIC, b"waiting")).await
}

async fn goes_on(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.hold_acknowledgements();
    is_granted(&mut sleeper, subscription(broker.member(), AtLeastOnce.into())).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish(TOPIC, b"control", AtLeastOnce).await?;
    sleeper.receive(a_message(TOPIC, b"control").qos(AtLeastOnce)).await?;
    sleeper.drop_connection().await;
    let mut sleeper = broker.resume("sleeper").await?;
    sleeper.receive(a_message(TOPIC, b"control")).await?;
    sleeper.hold_acknowledgements();
    publisher.publish(TOPIC, b"begun", AtLeastOnce).await?;
    sleeper.receive(a_message(TOPIC, b"begun")).await?;

    let filters = subscription(broker.member(), AtLeastOnce.into());
    let id = sleeper.send(unsubscribe(filters.filters().iter().map(|(filter, _)| filter.clone())))?;
    sleeper.receive(an_unsuback(id)).await?;

    // What shows that a delivery is not completed is that it is taken up again at a reconnect (section 4.4).
    sleeper.drop_connection().await;
    let mut sleeper = broker.resume("sleeper").await?;
    sleeper.expect(a_message(TOPIC, b"begun")).await
}

async fn unknown_answered(broker: &Subject) -> Outcome {
    let member = broker.member();
    let filter = filter_of(member);
    let mut client = broker.connect("client").await?;
    client.subscribe(filter, AtMostOnce).await?;
    client.unsubscribe(filter).await?;

    let draft = match member {
        "one-of-several" => unsubscribe([filter, "sport/unknown"]),
        "high" => unsubscribe([filter]).id(0xABCD_u16),
        _ => unsubscribe([filter]),
    };
    client.send(draft)?;

    client.expect(any(PacketType::Unsuback)).await
}

async fn second_share_ends(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;
    for filter in ["first", "$share/group/second", "fence"] {
        client.subscribe(filter, AtLeastOnce).await?;
    }
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("second", b"before", AtLeastOnce).await?;
    client.receive(a_message("second", b"before")).await?;

    let id = client.send(unsubscribe(["first", "$share/group/second"]))?;
    client.receive(an_unsuback(id)).await?;

    publisher.publish("first", b"too late for the first", AtLeastOnce).await?;
    publisher.publish("fence", b"behind", AtLeastOnce).await?;
    client.receive(a_message("fence", b"behind")).await?;
    if client.waits_for(&a_message("first", b"too late for the first")) {
        return Err(Stop::Inconclusive { why: "not even the first subscription has ended".to_owned(), line: None });
    }
    publisher.publish("second", b"too late for the second", AtLeastOnce).await?;
    client.expect_no_message(b"too late for the second").before_message(&mut publisher, "fence").await
}

async fn other_stays(broker: &Subject) -> Outcome {
    let (held, topic) =
        if broker.member() == "plus" { ("sport/+/score", TOPIC) } else { ("sport/tennis", "sport/tennis") };
    let mut client = come_by(broker, broker.member(), "client", |draft| draft).await?;
    client.subscribe_tried(held, topic, AtLeastOnce).await?;

    let id = client.send(unsubscribe(["sport/+"]))?;
    client.receive(an_unsuback(id)).await?;

    broker.connect("publisher").await?.publish(topic, b"still here", AtLeastOnce).await?;
    client.expect(a_message(topic, b"still here")).await
}

/// Set-up: a message published at QoS 1 that comes to the client at QoS 0, as it should.
async fn comes_at_qos0(client: &mut Client, publisher: &mut Client, payload: &[u8]) -> Result<Received, Stop> {
    publisher.publish_to(client, publish(TOPIC, payload).qos(AtLeastOnce), a_message(TOPIC, payload)).await
}

async fn granted(broker: &Subject) -> Outcome {
    let filter = filter_of(broker.member());
    let mut client = broker.connect("client").await?;
    let mut publisher = broker.connect("publisher").await?;
    if broker.member() == "replaced" {
        client.subscribe(filter, AtMostOnce).await?;
    }

    let id = client.send(subscribe(filter, AtMostOnce).id(0xABCD_u16))?;
    let known = [ReasonCode::SUCCESS, ReasonCode::GRANTED_QOS_1, ReasonCode::GRANTED_QOS_2];
    let suback = client.receive(a_suback(id).code(&known)).await?;

    let message = comes_at_qos0(&mut client, &mut publisher, b"published at QoS 1").await?;
    client.receive_right(&message, &any(PacketType::Publish).qos(AtMostOnce))?;
    client.expect_right(&suback, a_suback(id).code(&[ReasonCode::SUCCESS])).await
}

async fn share_made_again(broker: &Subject) -> Outcome {
    let shared = filter_of("share");
    let mut client = broker.connect("client").await?;
    let mut publisher = broker.connect("publisher").await?;
    client.subscribe("sport/+/score", AtMostOnce).await?;
    let alone = comes_at_qos0(&mut client, &mut publisher, b"by an ordinary one").await?;
    client.receive_right(&alone, &any(PacketType::Publish).qos(AtMostOnce))?;
    client.unsubscribe("sport/+/score").await?;
    client.subscribe(shared, AtLeastOnce).await?;

    client.subscribe(shared, AtMostOnce).await?;

    // Had it two subscriptions now, they would take turns.
    let first = comes_at_qos0(&mut client, &mut publisher, b"first").await?;
    let _ = client.expect_right(&first, any(PacketType::Publish).qos(AtMostOnce)).await?;
    let second = comes_at_qos0(&mut client, &mut publisher, b"second").await?;
    client.expect_right(&second, any(PacketType::Publish).qos(AtMostOnce)).await
}

/// What a client publishes itself, of 300 bytes.
const LONG: &[u8] = &[b'x'; 300];

async fn no_local(broker: &Subject) -> Outcome {
    let member = broker.member();
    let qos = if member == "qos2" { ExactlyOnce } else { AtLeastOnce };
    let own = if member == "long" { LONG } else { b"my own" };
    let mut other = broker.connect("other").await?;
    let mut client = broker.connect("client").await?;
    if member == "replaced" {
        client.subscribe(TOPIC, qos).await?;
    }
    is_granted(&mut client, subscription(member, SubscriptionOptions { no_local: true, ..qos.into() })).await?;
    if member == "twelfth" {
        for number in 1..12 {
            let payload = format!("message {number}");
            other.publish(TOPIC, &payload, AtLeastOnce).await?;
            client.receive(a_message(TOPIC, &payload)).await?;
        }
    }

    client.publish(TOPIC, own, qos).await?;

    client.expect_no_message(own).before_message(&mut other, TOPIC).await
}
