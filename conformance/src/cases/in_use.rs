//! A packet identifier that an open exchange has in use, named by a SUBSCRIBE too (5.0 sections 2.2.1 and 3.9.3).

use super::prelude::*;
use crate::scenario::Client;

pub(super) const CASES: &[Case] = &[
    case!(exchange_survives: "A SUBSCRIBE under the packet identifier of an open exchange does it no harm",
        v5: proves ["U5-029"],
        caught: [Fault::SubscribeEndsExchange],
        needs: &["qos2"]),
    case!(said_of_all: "That its packet identifier is in use is said of all filters of a SUBSCRIBE, or of none",
        v5: proves ["U5-174"],
        caught: [Fault::InUseForFirstOnly],
        needs: &["qos2"]),
];

/// The packet identifier of both.
const ID: u16 = 7;

/// Set-up: a client with an exchange of QoS 2 that its PUBREL has yet to go on with.
async fn with_open_exchange(broker: &Subject) -> Result<Client, Stop> {
    let mut client = broker.connect("client").await?;
    client.publish("news", b"control", ExactlyOnce).await?;
    let id = client.send(publish("news", b"open").qos(ExactlyOnce).id(broker.an_id(ID)))?;
    client.receive(a_pubrec(id).code(&[ReasonCode::SUCCESS, ReasonCode::NO_MATCHING_SUBSCRIBERS])).await?;
    Ok(client)
}

/// The SUBSCRIBE that has no right to the identifier.
fn second_use(broker: &Subject) -> Draft {
    subscribe("sport", AtMostOnce).and("weather", AtMostOnce).id(broker.an_id(ID))
}

pub(super) async fn exchange_survives(broker: &Subject) -> Outcome {
    let mut client = with_open_exchange(broker).await?;

    client.send(second_use(broker))?;
    if client.receive_or_end(any(PacketType::Suback)).await?.is_none() {
        return Err(Stop::NotExercised("the broker closes on it, as it may".to_owned()));
    }
    let id = client.send(pubrel(broker.an_id(ID)))?;

    let known = a_pubcomp(id).code(&[ReasonCode::SUCCESS, ReasonCode::PACKET_IDENTIFIER_NOT_FOUND]);
    let completed = client.receive(known).await?;
    client.expect_right(&completed, a_pubcomp(id).code(&[ReasonCode::SUCCESS])).await
}

pub(super) async fn said_of_all(broker: &Subject) -> Outcome {
    let mut client = with_open_exchange(broker).await?;

    client.send(second_use(broker))?;

    let answer = client.receive_or_end(any(PacketType::Suback)).await?;
    let in_use = ReasonCode::PACKET_IDENTIFIER_IN_USE;
    match answer {
        Some(answer) if codes(&answer.packet()).contains(&in_use) => {
            client.receive_right(&answer, &any(PacketType::Suback).number_of_codes(2))?;
            client.expect_right(&answer, any(PacketType::Suback).code(&[in_use]).code(&[in_use])).await
        }
        _ => Err(Stop::NotExercised("no SUBACK says that the identifier is in use".to_owned())),
    }
}
