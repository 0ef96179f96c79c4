//! Topic aliases of 5.0, as far as clients use them towards a broker that takes them.

use super::prelude::*;
use crate::scenario::Client;
use mqtt_assay_codec::PropertyId;

pub(super) const CASES: &[Case] = &[
    case!(highest: "The highest alias that the broker announced stands for its topic",
        v5: proves ["MQTT-3.3.2-12"],
        caught: [Fault::RefusesHighestAlias],
        needs: &["topic-alias"]),
    case!(moved: "An alias that is given another topic stands for that one from then on",
        v5: proves ["U5-137"],
        caught: [Fault::AliasNotRemapped],
        needs: &["topic-alias"]),
    case!(above_maximum: "An alias above the announced maximum is refused",
        v5: breaks ["MQTT-3.3.2-9", "MQTT-3.2.2-17", "U5-135"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::AcceptsAliasAboveMaximum],
        needs: &["topic-alias"]),
    case!(none_offered: "An alias is refused by a broker that takes none",
        v5: breaks ["MQTT-3.2.2-18"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::AcceptsAliasAboveMaximum],
        variant: Variant::NO_ALIASES),
    case!(of_both_sides: "One number stands for a topic of the client and for another of the broker",
        v5: proves ["U5-127"],
        caught: [Fault::AliasesMixed],
        needs: &["topic-alias"]),
    case!(of_both_sides["qos0"]: "One number stands for a topic of the client and for another of the broker at QoS 0, too",
        v5: proves ["U5-127"],
        caught: [Fault::AliasesMixed],
        needs: &["topic-alias"]),
    case!(of_both_sides["qos2"]: "One number stands for a topic of the client and for another of the broker at QoS 2, too",
        v5: proves ["U5-127"],
        caught: [Fault::AliasesMixed],
        needs: &["topic-alias", "qos2"]),
    case!(unknown: "An empty topic name with an alias that has no topic is refused",
        v5: breaks ["U5-136"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::AcceptsUnknownAlias],
        needs: &["topic-alias"]),
    case!(ends_with_connection: "An alias ends with the connection on which it was made",
        v5: proves ["MQTT-3.3.2-7"],
        caught: [Fault::AliasAcrossConnections],
        needs: &["topic-alias"]),
    case!(none_unasked["absent"]: "A client that announces no Topic Alias Maximum gets its messages without aliases",
        v5: proves ["MQTT-3.1.2-27"],
        caught: [Fault::SendsAliasUnasked]),
    case!(none_unasked["zero"]: "A client that announces Topic Alias Maximum 0 gets its messages without aliases",
        v5: proves ["MQTT-3.1.2-27"],
        caught: [Fault::SendsAliasUnasked]),
    case!(within_clients_maximum: "Aliases from the broker are no higher than the client's Topic Alias Maximum",
        v5: proves ["MQTT-3.1.2-26" = "MQTT-3.3.2-11"],
        caught: [Fault::SendsAliasAboveMaximum]),
    case!(sent_once: "A message to a client that takes topic aliases is sent once",
        v5: proves ["MQTT-4.4.0-1"],
        caught: [Fault::SendsTwiceByAlias]),
];

/// Set-up: a client of a broker that takes topic aliases, with the highest that it announced.
async fn with_aliases(broker: &Subject, role: &'static str, draft: Draft) -> Result<(Client, u16), Stop> {
    let client = broker.connect_as(role, draft).await?;
    let announced = client.connack().and_then(|connack| connack.packet().properties().topic_alias_maximum());
    match announced {
        Some(most) if most > 0 => Ok((client, most)),
        _ => Err(Stop::NotOffered("the broker announces no Topic Alias Maximum".to_owned())),
    }
}

/// A PUBLISH whose topic is an alias alone.
pub(super) fn by_alias(alias: u16, payload: &[u8]) -> Draft {
    publish(exact(""), payload).property(Property::TopicAlias(alias))
}

async fn highest(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news", "news", AtLeastOnce).await?;
    let (mut publisher, most) = with_aliases(broker, "publisher", connect()).await?;

    let named = publish("news", b"named").qos(AtLeastOnce).property(Property::TopicAlias(most));
    publisher.try_paths().await?;
    publisher.send_in_turn(named).await?;
    publisher.send_in_turn(by_alias(most, b"by alias").qos(AtLeastOnce)).await?;

    watcher.expect_all([a_message("news", b"named"), a_message("news", b"by alias")]).await
}

pub(super) async fn moved(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    watcher.subscribe("weather", AtLeastOnce).await?;
    let (mut publisher, _) = with_aliases(broker, "publisher", connect()).await?;
    publisher.publish_draft(publish("news", b"named").qos(AtLeastOnce).property(Property::TopicAlias(1))).await?;
    watcher.receive(a_message("news", b"named")).await?;

    publisher.publish_draft(publish("weather", b"renamed").qos(AtLeastOnce).property(Property::TopicAlias(1))).await?;
    publisher.publish_draft(by_alias(1, b"by alias").qos(AtLeastOnce)).await?;

    let message = watcher.receive(with_payload(b"by alias")).await?;
    watcher.expect_right(&message, a_message("weather", b"by alias")).await
}

async fn above_maximum(broker: &Subject) -> Outcome {
    let (mut rogue, most) = with_aliases(broker, "rogue", connect()).await?;
    let Some(above) = most.checked_add(1) else {
        return Err(Stop::NotExercised("the broker takes every alias".to_owned()));
    };

    let too_high = publish("news", b"too high").qos(AtLeastOnce).property(Property::TopicAlias(above));
    rogue.send(too_high.although_excluded(Excluded::TopicAlias))?;

    rogue.expect_refusal(&[ReasonCode::TOPIC_ALIAS_INVALID]).await
}

async fn none_offered(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    rogue.publish("news", b"without", AtLeastOnce).await?;
    let most = rogue.connack().and_then(|connack| connack.packet().properties().topic_alias_maximum());
    if most.is_some_and(|most| most > 0) {
        return Err(Stop::Inconclusive { why: "CONNACK announces topic aliases".to_owned(), line: None });
    }

    let aliased = publish("news", b"aliased").qos(AtLeastOnce).property(Property::TopicAlias(1));
    rogue.send(aliased.although_excluded(Excluded::TopicAlias))?;

    rogue.expect_refusal(&[ReasonCode::TOPIC_ALIAS_INVALID]).await
}

pub(super) async fn of_both_sides(broker: &Subject) -> Outcome {
    let taking = connect().property(Property::TopicAliasMaximum(FEW_ALIASES));
    let (mut client, _) = with_aliases(broker, "client", taking).await?;
    client.subscribe("to/client", AtLeastOnce).await?;
    let mut partner = broker.connect("partner").await?;
    let qos = match broker.member() {
        "qos0" => AtMostOnce,
        "qos2" => ExactlyOnce,
        _ => AtLeastOnce,
    };
    // Both, so that it is seen which of the two the number stood for.
    partner.subscribe("from/client", qos).await?;
    partner.subscribe("to/client", qos).await?;
    partner.publish("to/client", b"to client", AtLeastOnce).await?;
    let message = client.receive(with_payload(b"to client")).await?;
    let Some(number) = message.packet().properties().topic_alias() else {
        return Err(Stop::NotExercised("the broker sends no topic aliases".to_owned()));
    };

    let named = publish("from/client", b"named").qos(AtLeastOnce).property(Property::TopicAlias(number));
    client.publish_draft(named).await?;
    partner.receive(a_message("from/client", b"named")).await?;

    let by_alias = by_alias(number, b"by alias").qos(qos);
    let message = client.publish_to(&mut partner, by_alias, with_payload(b"by alias")).await?;

    partner.expect_right(&message, a_message("from/client", b"by alias")).await
}

pub(super) async fn unknown(broker: &Subject) -> Outcome {
    let (mut rogue, _) = with_aliases(broker, "rogue", connect()).await?;
    rogue.publish_draft(publish("news", b"named").qos(AtLeastOnce)).await?;

    rogue.send(by_alias(1, b"nowhere").qos(AtLeastOnce))?;

    rogue.expect_refusal(&[ReasonCode::PROTOCOL_ERROR]).await
}

async fn ends_with_connection(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    let (mut rogue, _) = with_aliases(broker, "rogue", connect().persistent()).await?;
    rogue.session_stays()?;
    rogue.publish_draft(publish("news", b"named").qos(AtLeastOnce).property(Property::TopicAlias(1))).await?;
    watcher.receive(a_message("news", b"named")).await?;
    rogue.drop_connection().await;
    let mut rogue = broker.resume("rogue").await?;

    rogue.send(by_alias(1, b"stale").qos(AtLeastOnce))?;

    // Either way the broker has dealt with it then; whether it should have closed is a case of its own.
    let _ = rogue.serves().await;
    let mut publisher = broker.connect("publisher").await?;
    watcher.expect_no_message(b"stale").before_message(&mut publisher, "news").await
}

async fn none_unasked(broker: &Subject) -> Outcome {
    let plain = connect();
    let draft = if broker.member() == "zero" { plain.property(Property::TopicAliasMaximum(0)) } else { plain };
    let mut watcher = broker.connect_as("watcher", draft).await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish("news", b"once", AtLeastOnce).await?;
    publisher.publish("news", b"again", AtLeastOnce).await?;

    let plainly = |payload: &[u8]| with_payload(payload).lacks(PropertyId::TOPIC_ALIAS);
    let first = watcher.receive(with_payload(b"once")).await?;
    let second = watcher.receive(with_payload(b"again")).await?;
    let _ = watcher.expect_right(&first, plainly(b"once")).await?;
    watcher.expect_right(&second, plainly(b"again")).await
}

/// Fewer aliases than topics, so that a broker that gives them out runs short.
const FEW_ALIASES: u16 = 2;

pub(super) async fn within_clients_maximum(broker: &Subject) -> Outcome {
    let mut watcher =
        broker.connect_as("watcher", connect().property(Property::TopicAliasMaximum(FEW_ALIASES))).await?;
    for filter in ["news/a", "news/b", "news/c"] {
        watcher.subscribe(filter, AtLeastOnce).await?;
    }
    let mut publisher = broker.connect("publisher").await?;
    let topics = ["news/a", "news/b", "news/c", "news/a"];
    for (number, topic) in topics.iter().enumerate() {
        publisher.publish(*topic, number.to_string(), AtLeastOnce).await?;
    }

    let mut aliased = None;
    for number in 0..topics.len() {
        let payload = number.to_string();
        let message = watcher.receive(with_payload(&payload)).await?;
        if properties(&message.packet()).iter().any(|property| property.id() == PropertyId::TOPIC_ALIAS) {
            let right = with_payload(&payload).alias_at_most(FEW_ALIASES);
            aliased = Some(watcher.expect_right(&message, right).await?);
        }
    }
    aliased.ok_or_else(|| Stop::NotExercised("the broker sends no topic aliases".to_owned()))
}

pub(super) async fn sent_once(broker: &Subject) -> Outcome {
    let taking = connect().property(Property::TopicAliasMaximum(FEW_ALIASES));
    let mut watcher = broker.connect_as("watcher", taking).await?;
    watcher.subscribe_tried("news", "news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish("news", b"once", AtLeastOnce).await?;

    watcher.receive(with_payload(b"once").qos(AtLeastOnce)).await?;
    watcher.expect_no_message(b"once").before_message(&mut publisher, "news").await
}
