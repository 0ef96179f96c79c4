//! Topic aliases of the broker for messages that come in every way to a client that takes two of them.

use super::super::again::back;
use super::{on_one_way, on_ways, resumed_as_told, way, way_in_words};
use crate::cases::prelude::*;
use crate::scenario::{Client, Received};

pub(super) const GROUPS: &[&[Case]] =
    &[NAMED, NAMED_BEHIND_PLUS, WITHIN_ALIASES, ONCE, ONCE_AT_QOS0, NAMED_AT_QOS2, WITHIN_AT_QOS2, ONCE_AT_QOS2];

on_ways!(NAMED = named_before_its_alias ["live.qos0" "queued" "retained" "second-time"]
    "A message " .. " comes by no alias whose topic wasn't told", {
    v5: proves ["MQTT-3.3.2-7"],
    caught: [Fault::AliasNotNamed]
});

on_ways!(NAMED_BEHIND_PLUS = named_before_its_alias ["plus"]
    "A message " .. " comes by no alias whose topic wasn't told", {
    v5: proves ["MQTT-3.3.2-7"],
    caught: [Fault::AliasNotNamed],
    needs: &["wildcard"]
});

on_ways!(WITHIN_ALIASES = within_alias_maximum
    ["live.qos0" "queued" "retained" "will" "shared"]
    "A message " .. " comes by no alias above the client's Topic Alias Maximum", {
    v5: proves ["MQTT-3.1.2-26" = "MQTT-3.3.2-11"],
    caught: [Fault::SendsAliasAboveMaximum]
});

on_ways!(ONCE = once_by_alias ["queued" "retained" "shared"]
    "A message " .. " comes once to a client that takes topic aliases", {
    v5: proves ["MQTT-4.4.0-1"],
    caught: [Fault::SendsTwiceByAlias]
});

on_ways!(ONCE_AT_QOS0 = once_at_qos0 ["live.qos0"]
    "A message " .. " comes once to a client that takes topic aliases", {
    v5: proves ["MQTT-4.4.0-1"],
    caught: [Fault::SendsTwiceByAlias]
});

on_ways!(NAMED_AT_QOS2 = named_before_its_alias ["live.qos2"]
    "A message " .. " comes by no alias whose topic wasn't told", {
    v5: proves ["MQTT-3.3.2-7"],
    caught: [Fault::AliasNotNamed],
    needs: &["qos2"]
});

on_ways!(WITHIN_AT_QOS2 = within_alias_maximum ["live.qos2"]
    "A message " .. " comes by no alias above the client's Topic Alias Maximum", {
    v5: proves ["MQTT-3.1.2-26" = "MQTT-3.3.2-11"],
    caught: [Fault::SendsAliasAboveMaximum],
    needs: &["qos2"]
});

on_ways!(ONCE_AT_QOS2 = once_by_alias ["live.qos2"]
    "A message " .. " comes once to a client that takes topic aliases", {
    v5: proves ["MQTT-4.4.0-1"],
    caught: [Fault::SendsTwiceByAlias],
    needs: &["qos2"]
});

/// The topics of messages to a client that takes two aliases.
const TOPICS: [&str; 3] = ["news/a", "news/b", "news/c"];

/// The QoS of these messages, which the member names where it isn't 1.
fn level(broker: &Subject) -> QoS {
    match broker.member() {
        "live.qos0" => AtMostOnce,
        "live.qos2" => ExactlyOnce,
        _ => AtLeastOnce,
    }
}

/// Set-up: a client that takes two aliases has a message on each of three topics, in the order of the topics.
async fn by_aliases(broker: &Subject) -> Result<(Client, Vec<Received>), Stop> {
    if level(broker) == AtMostOnce {
        return at_qos0(broker).await;
    }
    let taking = connect().persistent().property(Property::TopicAliasMaximum(2));
    let mut client = match way(broker) {
        "queued" => left_for_later(broker, taking).await?,
        "retained" => kept_for_new(broker, taking).await?,
        way => {
            let mut client = resumed_as_told(broker).connect_as("sleeper", taking).await?;
            match way {
                // An alias stands for a topic name, and not for the topic filter that brings it.
                "plus" => drop(client.subscribe("news/+", level(broker)).await?),
                "shared" => subscribe_to_all(&mut client, "$share/group/", level(broker)).await?,
                _ => subscribe_to_all(&mut client, "", level(broker)).await?,
            }
            publish_on_all(broker).await?;
            client
        }
    };
    let mut received = Vec::new();
    for topic in TOPICS {
        received.push(client.receive(with_payload(topic)).await?);
    }
    Ok((client, received))
}

/// The same at QoS 0: what is lost on its way is published again.
async fn at_qos0(broker: &Subject) -> Result<(Client, Vec<Received>), Stop> {
    let taking = connect().persistent().property(Property::TopicAliasMaximum(2));
    let mut client = broker.connect_as("sleeper", taking).await?;
    subscribe_to_all(&mut client, "", AtMostOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    let mut received = Vec::new();
    for topic in TOPICS {
        received.push(publisher.publish_to(&mut client, publish(topic, topic), with_payload(topic)).await?);
    }
    Ok((client, received))
}

async fn left_for_later(broker: &Subject, draft: Draft) -> Result<Client, Stop> {
    let mut client = broker.connect_as("sleeper", connect().persistent()).await?;
    subscribe_to_all(&mut client, "", level(broker)).await?;
    client.disconnect().await?;
    publish_on_all(broker).await?;
    back(broker, "sleeper", draft).await
}

async fn kept_for_new(broker: &Subject, draft: Draft) -> Result<Client, Stop> {
    let mut witness = broker.witness(TOPICS).await?;
    publish_on_all(broker).await?;
    for topic in TOPICS {
        witness.receive(with_payload(topic)).await?;
    }
    let mut client = broker.connect_as("sleeper", draft).await?;
    subscribe_to_all(&mut client, "", level(broker)).await?;
    Ok(client)
}

async fn subscribe_to_all(client: &mut Client, share: &str, qos: QoS) -> Result<(), Stop> {
    for topic in TOPICS {
        client.subscribe(format!("{share}{topic}"), qos).await?;
    }
    Ok(())
}

/// The payload of each is its topic.
async fn publish_on_all(broker: &Subject) -> Result<(), Stop> {
    let (qos, mut publisher) = (level(broker), broker.connect("publisher").await?);
    for topic in TOPICS {
        let message = publish(topic, topic).qos(qos);
        match way(broker) {
            "will" => {
                let mortal = connect().will(will(topic, topic).qos(qos));
                broker.connect_as("mortal", mortal).await?.drop_connection().await;
            }
            "retained" => publisher.publish_draft(message.retain()).await?,
            _ => publisher.publish_draft(message).await?,
        }
    }
    Ok(())
}

/// Those that came with an alias, which some must for anything to be judged.
fn with_alias(received: Vec<Received>) -> Result<Vec<Received>, Stop> {
    let has_alias = |message: &Received| message.packet().properties().topic_alias().is_some();
    let aliased: Vec<Received> = received.into_iter().filter(has_alias).collect();
    if let Some(misshapen) = aliased.iter().find(|message| !message.is_well_formed()) {
        let why = "sleeper: the message is misshapen".to_owned();
        return Err(Stop::Inconclusive { why, line: Some(misshapen.line) });
    }
    if aliased.is_empty() {
        return Err(Stop::NotExercised("the broker sends no topic aliases".to_owned()));
    }
    Ok(aliased)
}

async fn named_before_its_alias(broker: &Subject) -> Outcome {
    let (mut client, received) = by_aliases(broker).await?;
    let mut named = None;
    for message in with_alias(received)? {
        let topic = String::from_utf8_lossy(message.payload()).into_owned();
        named = Some(client.expect_right(&message, a_message(topic.as_str(), &topic)).await?);
    }
    named.ok_or_else(|| Stop::NotExercised("no alias came".to_owned()))
}

async fn within_alias_maximum(broker: &Subject) -> Outcome {
    let (mut client, received) = by_aliases(broker).await?;
    let mut within = None;
    for message in with_alias(received)? {
        within = Some(client.expect_right(&message, any(PacketType::Publish).alias_at_most(2)).await?);
    }
    within.ok_or_else(|| Stop::NotExercised("no alias came".to_owned()))
}

async fn once_by_alias(broker: &Subject) -> Outcome {
    let (mut client, received) = by_aliases(broker).await?;
    let aliased = with_alias(received)?;
    let payload = aliased.first().map(|message| message.payload().to_vec()).unwrap_or_default();

    client.expect_no_message(&payload).await
}

/// Each message has a payload of its own here, so that the second copy of one isn't another one that was only late.
async fn once_at_qos0(broker: &Subject) -> Outcome {
    let mut client = broker.connect_as("client", connect().property(Property::TopicAliasMaximum(2))).await?;
    client.subscribe("news/a", AtMostOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    // Some brokers give a topic its alias with the second message.
    let mut received = Vec::new();
    for text in ["first", "other"] {
        received.push(publisher.publish_until_heard(&mut client, "news/a", text).await?);
    }
    let aliased = with_alias(received)?;
    let payload = aliased.first().map(|message| message.payload().to_vec()).unwrap_or_default();

    client.expect_no_message(&payload).before_message(&mut publisher, "news/a").await
}
