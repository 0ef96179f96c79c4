//! CONNECT and CONNACK: who is let in, and how the others are sent away.

use super::prelude::*;

pub(super) const CASES: &[Case] = &[
    case!(connack_first: "The first packet that a broker sends is a CONNACK",
        v311: proves ["MQTT-3.2.0-1"],
        v5: proves ["MQTT-3.2.0-1"],
        caught: [Fault::PublishBeforeConnack]),
    case!(clean_connect: "A CONNECT for a clean session is accepted with CONNACK 0x00, Session Present 0",
        v311: proves ["MQTT-3.2.2-1"],
        v5: proves ["MQTT-3.2.2-2"],
        caught: [Fault::SessionPresentAlways]),
    case!(second_connect: "A second CONNECT on the same connection ends it",
        v311: proves ["MQTT-3.1.0-2"],
        v5: proves ["MQTT-3.1.0-2"],
        caught: [Fault::IgnoresSecondConnect, Fault::AnswersSecondConnect]),
    case!(takeover: "A second connection of the same client identifier ends the first one and is served",
        v311: proves ["MQTT-3.1.4-2"],
        v5: proves ["MQTT-3.1.4-3", "U5-080"],
        caught: [Fault::TakeoverLeavesOldOpen, Fault::TakeoverWithoutDisconnect]),
    case!(wrong_password: "A client with a wrong password is not let in, and its connection is closed",
        v311: proves ["U3-07"],
        v5: proves ["MQTT-3.1.4-2"],
        caught: [Fault::IgnoresPassword],
        variant: Variant::WITH_ACCESS),
];

async fn connack_first(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", AtLeastOnce).await?;
    sleeper.disconnect().await?;
    broker.connect("publisher").await?.publish("news", b"waiting", AtLeastOnce).await?;

    let mut sleeper = broker.open("sleeper").await?;
    sleeper.send(connect().persistent())?;

    sleeper.expect(a_connack().code(&[ReasonCode::SUCCESS])).as_next().await
}

async fn clean_connect(broker: &Subject) -> Outcome {
    let mut client = broker.open("client").await?;

    client.send(connect())?;

    let accepted = client.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;
    client.expect_right(&accepted, a_connack().session_present(false)).await
}

async fn second_connect(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;

    rogue.send(connect())?;

    rogue.expect_refusal(&[ReasonCode::PROTOCOL_ERROR]).await
}

async fn takeover(broker: &Subject) -> Outcome {
    let mut first = broker.connect("client").await?;
    first.serves().await?;

    let mut second = broker.connect("client").await?;

    let closed = first.expect_close().code(&[ReasonCode::SESSION_TAKEN_OVER], rule!(v5 "U5-080")).await?;
    second.serves().await?;
    Ok(closed)
}

async fn wrong_password(broker: &Subject) -> Outcome {
    let (user, bad_password) = broker.bad_credentials()?;
    let mut intruder = broker.open("intruder").await?;

    intruder.send(connect().user_name(user).password(bad_password))?;

    let codes = [ReasonCode::BAD_USER_NAME_OR_PASSWORD, ReasonCode::NOT_AUTHORIZED];
    intruder.expect_refusal(&codes).await
}
