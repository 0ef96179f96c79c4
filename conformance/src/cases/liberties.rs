//! What the standards leave to a broker: observed, never judged.

use super::prelude::*;
use mqtt_assay_codec::{Packet, Version};

pub(super) const CASES: &[Case] = &[
    case!(long_connect: "A broker may say why it refuses a CONNECT beyond its size limit",
        v5: proves ["U5-081"],
        caught: [],
        variant: Variant::SMALL_PACKETS),
    case!(wildcard_turned_down: "A broker may turn down one topic filter with a wildcard and grant another",
        v5: proves ["U5-102"],
        caught: [],
        needs: &["wildcard"]),
    case!(two_errors: "Of two errors in one packet a broker may name either",
        v5: proves ["U5-211"],
        caught: [],
        needs: &["topic-alias"]),
    case!(one_identifier: "A client identifier that is connected connects in the other version of MQTT, too",
        v311: proves ["U3-21"],
        caught: []),
];

async fn long_connect(broker: &Subject) -> Outcome {
    let told = broker.connect("control").await?.connack();
    let limit = told.and_then(|connack| connack.packet().properties().maximum_packet_size());
    let Some(limit) = limit.filter(|limit| *limit < 60_000) else {
        return Err(Stop::NotExercised("the broker states no size limit that a CONNECT can exceed".to_owned()));
    };
    let mut client = broker.open("client").await?;
    let text = "x".repeat(limit as usize);

    client.send(connect().property(Property::UserProperty("long", &text)).although_excluded(Excluded::PacketSize))?;

    let answer = client.receive_or_end(any(PacketType::Connack)).await?;
    let seen = match answer.map(|answer| codes(&answer.packet())).as_deref() {
        Some([code, ..]) => format!("a CONNECT beyond the size limit is answered with CONNACK 0x{:02x}", code.0),
        _ => "a CONNECT beyond the size limit is answered by a close alone".to_owned(),
    };
    Ok(broker.observe(rule!(v5 "U5-081"), &seen))
}

async fn wildcard_turned_down(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;
    let filters = ["+", "news/+", "news/#", "+/news/#"];
    let mut turned_down = Vec::new();
    for filter in filters {
        let id = client.send(subscribe(filter, AtMostOnce))?;
        let answer = client.receive(any(PacketType::Suback)).await?;
        client.receive_right(&answer, &a_suback(id).number_of_codes(1))?;
        if codes(&answer.packet()).contains(&ReasonCode::WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED) {
            turned_down.push(filter);
        }
    }
    let seen = if turned_down.is_empty() {
        "no topic filter with a wildcard is turned down".to_owned()
    } else {
        format!("these topic filters with wildcards are turned down: {}", turned_down.join(" "))
    };
    Ok(broker.observe(rule!(v5 "U5-102"), &seen))
}

async fn two_errors(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    let told = rogue.connack();
    let most = told.and_then(|connack| connack.packet().properties().topic_alias_maximum()).unwrap_or(0);
    let Some(above) = most.checked_add(1) else {
        return Err(Stop::NotExercised("the broker takes every alias".to_owned()));
    };

    let twice =
        publish("news", b"wrong twice").property(Property::TopicAlias(above)).with("topic.wildcard-in-name.hash");
    rogue.send(twice.although_excluded(Excluded::TopicAlias))?;

    let answer = rogue.receive_or_end(any(PacketType::Disconnect)).await?;
    let seen = match answer.map(|answer| codes(&answer.packet())).as_deref() {
        Some([code, ..]) => format!("a wildcard and an alias above the maximum are answered with 0x{:02x}", code.0),
        _ => "a wildcard and an alias above the maximum are answered by a close alone".to_owned(),
    };
    Ok(broker.observe(rule!(v5 "U5-211"), &seen))
}

/// Neither standard says whether a client of the other one is the same client. What comes nearest is that a server may serve
/// CONNECT packets of another specification.
async fn one_identifier(broker: &Subject) -> Outcome {
    let to_v5 = meets(broker, "client", broker.version(), broker.other_version()).await?;
    let from_v5 = meets(broker, "other", broker.other_version(), broker.version()).await?;
    Ok(broker.observe(rule!(v311 "U3-21"), &format!("{to_v5}; {from_v5}")))
}

/// What becomes of a connection whose client identifier connects in another version.
async fn meets(broker: &Subject, role: &'static str, before: Version, after: Version) -> Result<String, Stop> {
    let mut first = broker.connect_in(role, before, connect().persistent()).await?;
    let next = broker.connect_in(role, after, connect().persistent()).await?;
    let closed = match first.ended().await {
        Ok(()) => "is closed",
        Err(stop) if stop.is_silence() => "stays open beside it",
        Err(stop) => return Err(stop),
    };
    let goes_on =
        next.connack().is_some_and(|told| matches!(told.packet(), Packet::Connack(connack) if connack.session_present));
    let session = if goes_on { "goes on" } else { "does not go on" };
    Ok(format!("beside a connection in MQTT {after} the one in MQTT {before} {closed}, and its session {session}"))
}
