//! What CONNACK rules out, on connections that are not a client's first: after a third resumption, and after a takeover.

use super::each_connection::on;
use super::prelude::*;
use crate::scenario::Client;

macro_rules! ruled_out {
    ($member:literal, $title:literal, $broken:tt, $fault:expr, $($key:ident: $value:expr),*) => {
        case!(ruled_out[$member]: $title,
            v5: breaks $broken proves ["MQTT-4.13.1-1"],
            caught: [$fault], $($key: $value),*)
    };
}

pub(super) const CASES: &[Case] = &[
    ruled_out!("third.alias", "On a third resumption an alias above the announced maximum is refused",
        ["MQTT-3.3.2-9", "U5-135"], Fault::AcceptsAliasAboveMaximum, needs: &["topic-alias"]),
    ruled_out!("taken-over.alias", "On a connection that takes a session over an alias above the announced maximum is refused",
        ["MQTT-3.3.2-9", "U5-135"], Fault::AcceptsAliasAboveMaximum, needs: &["topic-alias"]),
    ruled_out!("third.size", "On a third resumption a packet above the announced Maximum Packet Size is refused",
        ["MQTT-3.2.2-15", "U5-095"], Fault::AcceptsLargePackets, variant: Variant::SMALL_PACKETS),
    ruled_out!("taken-over.size", "On a connection that takes a session over a packet above the announced Maximum Packet Size is refused",
        ["MQTT-3.2.2-15", "U5-095"], Fault::AcceptsLargePackets, variant: Variant::SMALL_PACKETS),
    ruled_out!("third.qos", "On a third resumption a PUBLISH above the announced Maximum QoS is refused",
        ["MQTT-3.2.2-11", "U5-088"], Fault::AcceptsQosAboveMaximum, variant: Variant::MAX_QOS_1),
    ruled_out!("taken-over.qos", "On a connection that takes a session over a PUBLISH above the announced Maximum QoS is refused",
        ["MQTT-3.2.2-11", "U5-088"], Fault::AcceptsQosAboveMaximum, variant: Variant::MAX_QOS_1),
    ruled_out!("third.retain", "On a third resumption a PUBLISH with RETAIN is refused where nothing is retained",
        ["MQTT-3.2.2-14", "U5-091"], Fault::AcceptsRetainUnavailable, variant: Variant::NO_RETAIN),
    ruled_out!("taken-over.retain", "On a connection that takes a session over a PUBLISH with RETAIN is refused where nothing is retained",
        ["MQTT-3.2.2-14", "U5-091"], Fault::AcceptsRetainUnavailable, variant: Variant::NO_RETAIN),
    ruled_out!("third.share", "On a third resumption a shared subscription is refused where there are none",
        ["U5-110"], Fault::AcceptsUnavailableShare, variant: Variant::NO_SHARED),
    ruled_out!("taken-over.share", "On a connection that takes a session over a shared subscription is refused where there are none",
        ["U5-110"], Fault::AcceptsUnavailableShare, variant: Variant::NO_SHARED),
    ruled_out!("third.identifier", "On a third resumption a subscription identifier is refused where there are none",
        ["U5-106"], Fault::AcceptsUnavailableIdentifier, variant: Variant::NO_IDENTIFIERS),
    ruled_out!("taken-over.identifier", "On a connection that takes a session over a subscription identifier is refused where there are none",
        ["U5-106"], Fault::AcceptsUnavailableIdentifier, variant: Variant::NO_IDENTIFIERS),
    ruled_out!("third.exchanges", "On a third resumption a QoS 2 PUBLISH beyond the announced Receive Maximum is refused",
        ["MQTT-3.3.4-7", "U5-141"], Fault::AcceptsPastReceiveMaximum, needs: &["qos2"]),
    ruled_out!("taken-over.exchanges", "On a connection that takes a session over a QoS 2 PUBLISH beyond the announced Receive Maximum is refused",
        ["MQTT-3.3.4-7", "U5-141"], Fault::AcceptsPastReceiveMaximum, needs: &["qos2"]),
    case!(within["third"]: "On a third resumption the highest alias that was announced stands for its topic",
        v5: proves ["MQTT-3.3.2-12"],
        caught: [Fault::RefusesHighestAlias],
        needs: &["topic-alias"]),
    case!(within["taken-over"]: "On a connection that takes a session over the highest alias that was announced stands for its topic",
        v5: proves ["MQTT-3.3.2-12"],
        caught: [Fault::RefusesHighestAlias],
        needs: &["topic-alias"]),
];

/// A Topic Alias Maximum that this connection's CONNACK states.
fn highest_alias(client: &Client) -> Result<u16, Stop> {
    let stated = client.connack().and_then(|connack| connack.packet().properties().topic_alias_maximum());
    match stated.filter(|most| (1..u16::MAX).contains(most)) {
        Some(most) => Ok(most),
        None => Err(Stop::NotOffered("the broker announces no Topic Alias Maximum, or all there is".to_owned())),
    }
}

/// The most exchanges that are opened to use up a broker's Receive Maximum.
const MOST_OPEN: usize = 1000;

/// Set-up: the client has as many exchanges of QoS 2 open as the broker has announced.
async fn hold_all_open(client: &mut Client) -> Result<(), Stop> {
    let most = client.room();
    let stated = client.connack().and_then(|connack| connack.packet().properties().receive_maximum());
    if stated == Some(0) {
        return Err(Stop::Inconclusive { why: "CONNACK: Receive Maximum 0".to_owned(), line: None });
    }
    if most > MOST_OPEN {
        return Err(Stop::NotExercised(format!("Receive Maximum {most} is too many to fill")));
    }
    for _ in 0..most {
        client.send(publish("news", b"held open").qos(ExactlyOnce))?;
    }
    let opened = [ReasonCode::SUCCESS, ReasonCode::NO_MATCHING_SUBSCRIBERS];
    for _ in 0..most {
        client.receive(any(PacketType::Pubrec).code(&opened)).await?;
    }
    Ok(())
}

async fn ruled_out(broker: &Subject) -> Outcome {
    let (kind, what) = broker.member().split_once('.').unwrap_or_default();
    let mut rogue = on(broker, kind, "rogue", connect).await?;
    let plain = || publish("news", b"ruled out").qos(AtLeastOnce);
    let (excluded, asked, code) = match what {
        "alias" => {
            let above = Property::TopicAlias(highest_alias(&rogue)? + 1);
            (Excluded::TopicAlias, plain().property(above), ReasonCode::TOPIC_ALIAS_INVALID)
        }
        "size" => {
            let large = publish("news", [b'x'; 1100]).qos(AtLeastOnce);
            (Excluded::PacketSize, large, ReasonCode::PACKET_TOO_LARGE)
        }
        "qos" => (Excluded::Qos, plain().qos(ExactlyOnce), ReasonCode::QOS_NOT_SUPPORTED),
        "retain" => (Excluded::Retain, plain().retain(), ReasonCode::RETAIN_NOT_SUPPORTED),
        "share" => {
            let code = ReasonCode::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED;
            (Excluded::Share, subscribe("$share/group/news", AtMostOnce), code)
        }
        "identifier" => {
            let numbered = subscribe("news", AtMostOnce).property(Property::SubscriptionIdentifier(1));
            (Excluded::Identifier, numbered, ReasonCode::SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED)
        }
        _ => {
            hold_all_open(&mut rogue).await?;
            (Excluded::Exchange, plain().qos(ExactlyOnce), ReasonCode::RECEIVE_MAXIMUM_EXCEEDED)
        }
    };

    rogue.send(asked.although_excluded(excluded))?;

    rogue.expect_refusal(&[code]).await
}

async fn within(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news", "news", AtLeastOnce).await?;
    let mut client = on(broker, broker.member(), "client", connect).await?;
    client.try_paths().await?;
    let most = Property::TopicAlias(highest_alias(&client)?);

    client.send_in_turn(publish("news", b"named").qos(AtLeastOnce).property(most)).await?;
    client.send_in_turn(publish(exact(""), b"by alias").qos(AtLeastOnce).property(most)).await?;

    watcher.expect_all([a_message("news", b"named"), a_message("news", b"by alias")]).await
}
