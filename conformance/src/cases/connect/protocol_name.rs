//! Protocol name and protocol level in CONNECT: which CONNECT is one of the version that a broker speaks.

use super::is_accepting;
use crate::cases::prelude::*;

pub(in crate::cases) const CASES: &[Case] = &[
    case!(other_protocol: "A CONNECT for a protocol of another name is not served",
        v311: proves ["MQTT-3.1.2-1"],
        v5: proves ["MQTT-3.1.2-1"],
        caught: [Tolerates(Rule::ProtocolName), ActsOn(Rule::ProtocolName)]),
    case!(other_protocol["connect.name.empty"]: "A CONNECT with an empty protocol name is not served",
        v311: proves ["MQTT-3.1.2-1"],
        v5: proves ["MQTT-3.1.2-1"],
        caught: [Tolerates(Rule::ProtocolName), ActsOn(Rule::ProtocolName)]),
    case!(other_protocol["connect.name.short"]: "A CONNECT with the protocol name MQT is not served",
        v311: proves ["MQTT-3.1.2-1"],
        v5: proves ["MQTT-3.1.2-1"],
        caught: [Tolerates(Rule::ProtocolName), ActsOn(Rule::ProtocolName)]),
    case!(other_protocol["connect.name.long"]: "A CONNECT with the protocol name MQTTMQTT is not served",
        v311: proves ["MQTT-3.1.2-1"],
        v5: proves ["MQTT-3.1.2-1"],
        caught: [Tolerates(Rule::ProtocolName), ActsOn(Rule::ProtocolName)]),
    case!(other_protocol["connect.name.mqisdp"]: "A CONNECT with the name of MQTT 3.1 and the level of a later version is not served",
        v311: proves ["MQTT-3.1.2-1"],
        v5: proves ["MQTT-3.1.2-1"],
        caught: [Tolerates(Rule::ProtocolName), ActsOn(Rule::ProtocolName)]),
    case!(other_protocol["connect.name.mqisdp.6"]: "A CONNECT with the name of MQTT 3.1 and a level that no version has is not served",
        v311: proves ["MQTT-3.1.2-1"],
        v5: proves ["MQTT-3.1.2-1"],
        caught: [Tolerates(Rule::ProtocolName)]),
    case!(mqtt_3_1: "A CONNECT of MQTT 3.1 may be served, by the rules of 3.1",
        v311: proves ["U3-21"],
        caught: []),
    case!(unknown_level: "A CONNECT of a protocol level that does not exist is refused, and its connection closed",
        v311: proves ["MQTT-3.1.2-2"],
        v5: proves ["MQTT-3.1.2-2"],
        caught: [Tolerates(Rule::ProtocolLevel), ActsOn(Rule::ProtocolLevel), Fault::RefusalStaysOpen]),
];

async fn other_protocol(broker: &Subject) -> Outcome {
    broker.connect("control").await?;
    let mut rogue = broker.open("rogue").await?;

    let mutation = if broker.member().is_empty() { "connect.name" } else { broker.member() };
    rogue.send(connect().with(mutation))?;

    match broker.version() {
        Version::V5 => rogue.expect_refusal(&[]).await,
        // A broker of 3.1.1 may serve it by another specification, and what that makes of it nobody knows: only service
        // by this one is forbidden, silence is not.
        _ => rogue.expect_unserved(broker).await,
    }
}

async fn unknown_level(broker: &Subject) -> Outcome {
    broker.connect("control").await?;
    let mut rogue = broker.open("rogue").await?;

    rogue.send(connect().with("connect.level"))?;

    // A broker of both versions has two demands to meet: CONNACK 0x01, CONNACK 0x84 and a bare close are all right. One that
    // speaks 3.1.1 alone has its own: CONNACK 0x01, then the close.
    if broker.version() != Version::V5 && !broker.also_speaks(Version::V5).await {
        let _ = rogue.expect(a_connack().code(&[ReasonCode::UNACCEPTABLE_PROTOCOL_LEVEL])).await?;
    }
    rogue.expect_refusal(&[]).await
}

async fn mqtt_3_1(broker: &Subject) -> Outcome {
    broker.connect("control").await?;
    let mut elder = broker.open("elder").await?;

    elder.send(connect().with("connect.name.mqisdp.3"))?;

    let answer = elder.receive_or_end(any(PacketType::Connack)).await?;
    let seen = if answer.is_some_and(|answer| is_accepting(&answer)) { "served" } else { "refused" };
    Ok(broker.observe(rule!(v311 "U3-21"), &format!("a client of MQTT 3.1 is {seen}")))
}
