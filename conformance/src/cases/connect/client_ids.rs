//! Client identifiers: which a broker must take, which it may refuse, and what becomes of the empty one.

use super::is_accepting;
use crate::cases::prelude::*;
use crate::scenario::{Client, Evidence, Received};
use mqtt_assay_codec::Packet;

pub(in crate::cases) const CASES: &[Case] = &[
    case!(client_id_of_23["digits"]: "A client identifier of 23 bytes is accepted: digits",
        v311: proves ["MQTT-3.1.3-5"],
        v5: proves ["MQTT-3.1.3-5"],
        caught: [Fault::RefusesClientIdOf23]),
    case!(client_id_of_23["lower-case"]: "A client identifier of 23 bytes is accepted: lower-case letters",
        v311: proves ["MQTT-3.1.3-5"],
        v5: proves ["MQTT-3.1.3-5"],
        caught: [Fault::RefusesClientIdOf23]),
    case!(client_id_of_23["upper-case"]: "A client identifier of 23 bytes is accepted: upper-case letters",
        v311: proves ["MQTT-3.1.3-5"],
        v5: proves ["MQTT-3.1.3-5"],
        caught: [Fault::RefusesClientIdOf23]),
    case!(empty_client_id: "Clients without a client identifier get one each, so they don't take each other over",
        v311: proves ["MQTT-3.1.3-6"],
        v5: proves ["MQTT-3.1.3-6"],
        caught: [Fault::AssignedIdReused]),
    case!(assigned_client_id: "A client without a client identifier is told the one that it was given",
        v5: proves ["MQTT-3.1.3-7" = "MQTT-3.2.2-16"],
        caught: [Fault::AssignedIdMissing]),
    case!(long_client_id: "A client whose identifier is refused is told so, and its connection is closed",
        v311: proves ["MQTT-3.1.3-9"],
        v5: proves ["MQTT-3.1.3-8"],
        caught: [Fault::RefusalStaysOpen, Fault::RefusesWithoutConnack, Fault::ConnackInventsCode],
        variant: Variant::SHORT_CLIENT_IDS),
    case!(unusual_client_id["space"]: "A client identifier with a space is taken, or refused as a client identifier",
        v311: proves ["MQTT-3.1.3-9", "U3-22"],
        v5: proves ["MQTT-3.1.3-8", "U5-214"],
        caught: [Fault::RefusesUnusualClientIds]),
    case!(unusual_client_id["slash"]: "A client identifier with a slash is taken, or refused as a client identifier",
        v311: proves ["MQTT-3.1.3-9", "U3-22"],
        v5: proves ["MQTT-3.1.3-8", "U5-214"],
        caught: [Fault::RefusesUnusualClientIds]),
    case!(unusual_client_id["plus"]: "A client identifier with + is taken, or refused as a client identifier",
        v311: proves ["MQTT-3.1.3-9", "U3-22"],
        v5: proves ["MQTT-3.1.3-8", "U5-214"],
        caught: [Fault::RefusesUnusualClientIds]),
    case!(unusual_client_id["hash"]: "A client identifier with # is taken, or refused as a client identifier",
        v311: proves ["MQTT-3.1.3-9", "U3-22"],
        v5: proves ["MQTT-3.1.3-8", "U5-214"],
        caught: [Fault::RefusesUnusualClientIds]),
    case!(unusual_client_id["dollar"]: "A client identifier with $ in front is taken, or refused as a client identifier",
        v311: proves ["MQTT-3.1.3-9", "U3-22"],
        v5: proves ["MQTT-3.1.3-8", "U5-214"],
        caught: [Fault::RefusesUnusualClientIds]),
    case!(unusual_client_id["non-ascii"]: "A client identifier with letters beyond ASCII is taken, or refused as a client identifier",
        v311: proves ["MQTT-3.1.3-9", "U3-22"],
        v5: proves ["MQTT-3.1.3-8", "U5-214"],
        caught: [Fault::RefusesUnusualClientIds]),
    case!(longest_client_id: "A client identifier of 65,535 bytes is taken or refused; who is refused with a CONNACK is closed",
        v311: proves ["MQTT-3.1.3-9", "U3-22"],
        v5: proves ["MQTT-3.1.3-8", "U5-214"],
        caught: [Fault::RefusesUnusualClientIds],
        intrusive: true),
];

/// A connected client that leaves its identifier to the broker, which may refuse to choose one.
async fn nameless(broker: &Subject, role: &'static str) -> Result<(Client, Received), Stop> {
    let mut client = broker.open(role).await?;
    client.send(connect().client_id(""))?;
    let rejected = [ReasonCode::IDENTIFIER_REJECTED, ReasonCode::CLIENT_IDENTIFIER_NOT_VALID];
    let answer = client.receive(any(PacketType::Connack)).await?;
    match answer.packet() {
        Packet::Connack(connack) if rejected.contains(&connack.reason) => {
            Err(Stop::NotOffered("the broker refuses empty client identifiers".to_owned()))
        }
        _ if is_accepting(&answer) => Ok((client, answer)),
        _ => Err(Stop::Inconclusive { why: "refused for another reason".to_owned(), line: None }),
    }
}

async fn client_id_of_23(broker: &Subject) -> Outcome {
    broker.connect_as("control", connect().client_id(broker.unique())).await?;
    let characters = match broker.member() {
        "digits" => "0123456789",
        "lower-case" => "abcdefghijklmnopqrstuvwxyz",
        _ => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    };
    let id: String = broker.unique().chars().chain(characters.chars().cycle()).take(23).collect();
    let mut client = broker.open("client").await?;

    client.send(connect().client_id(id))?;

    client.expect(a_connack().code(&[ReasonCode::SUCCESS])).await
}

async fn empty_client_id(broker: &Subject) -> Outcome {
    let (mut first, _) = nameless(broker, "first").await?;
    first.serves().await?;

    let (mut second, _) = nameless(broker, "second").await?;
    second.serves().await?;

    first.expect_open().await
}

async fn assigned_client_id(broker: &Subject) -> Outcome {
    let (mut client, accepted) = nameless(broker, "client").await?;

    client.expect_right(&accepted, a_connack().assigned_client_id()).await
}

async fn long_client_id(broker: &Subject) -> Outcome {
    let mut rogue = broker.open("rogue").await?;

    rogue.send(connect().client_id(broker.unique().repeat(10)))?;

    if broker.version() == Version::V3_1_1 {
        let _ = rogue.expect(a_connack().code(&[ReasonCode::IDENTIFIER_REJECTED])).await?;
    }
    rogue.expect_refusal(&[ReasonCode::CLIENT_IDENTIFIER_NOT_VALID]).await
}

async fn unusual_client_id(broker: &Subject) -> Outcome {
    broker.connect("control").await?;
    let unique = broker.unique();
    let id = match broker.member() {
        "space" => format!("{unique} a b"),
        "slash" => format!("{unique}/a/b"),
        "plus" => format!("{unique}+"),
        "hash" => format!("{unique}#"),
        "dollar" => format!("${unique}"),
        _ => format!("{unique}\u{e9}\u{4e16}\u{1f600}"),
    };
    let mut client = broker.open("client").await?;

    client.send(connect().client_id(id))?;

    let answer = client.receive_or_end(any(PacketType::Connack)).await?;
    taken_or_refused(broker, &mut client, answer).await
}

async fn longest_client_id(broker: &Subject) -> Outcome {
    broker.connect("control").await?;
    let mut client = broker.open("client").await?;

    client.send(connect().client_id(format!("{:x<65535}", broker.unique())))?;

    let answer = client.receive_or_end(any(PacketType::Connack)).await?;
    if answer.is_none() {
        // It need not be the identifier: a broker may have no room for a packet of this length.
        return Ok(observe(broker, "refused without a CONNACK"));
    }
    taken_or_refused(broker, &mut client, answer).await
}

/// Writes down what became of a client identifier that a broker may refuse, and decides whether it was refused rightly.
async fn taken_or_refused(broker: &Subject, client: &mut Client, answer: Option<Received>) -> Outcome {
    let Some(answer) = answer else {
        let _ = observe(broker, "refused without a CONNACK");
        // In 3.1.1 there is one to be sent first; it would have come before the close.
        let owed = a_connack().code(&[ReasonCode::IDENTIFIER_REJECTED]);
        return if broker.version() == Version::V5 { client.expect_close().await } else { client.expect(owed).await };
    };
    if is_accepting(&answer) {
        client.serves().await?;
        return Ok(observe(broker, "taken"));
    }
    let observed = observe(broker, "refused");
    match answer.packet() {
        Packet::Connack(connack) if connack.reason != rejected(broker.version()) => Ok(observed),
        _ => client.expect_close().await,
    }
}

/// The code of a CONNACK that is about the client identifier. With another one the broker has other reasons.
fn rejected(version: Version) -> ReasonCode {
    match version {
        Version::V5 => ReasonCode::CLIENT_IDENTIFIER_NOT_VALID,
        _ => ReasonCode::IDENTIFIER_REJECTED,
    }
}

fn observe(broker: &Subject, seen: &str) -> Evidence {
    broker.observe(rule!(v311 "U3-22", v5 "U5-214"), &format!("this client identifier is {seen}"))
}
