//! Sessions: what outlives a connection, and what a clean start discards.

use super::prelude::*;

pub(super) const CASES: &[Case] = &[
    case!(queued_while_away: "Messages that come while the client of a stored session is away are there when it returns",
        v311: proves ["MQTT-3.1.2-5"],
        v5: proves ["MQTT-3.1.2-5" = "MQTT-3.1.2-23"],
        caught: [Fault::DropsForAbsent]),
    case!(subscriptions_survive: "A resumed session still has its subscriptions",
        v311: proves ["MQTT-3.1.2-4"],
        v5: proves ["MQTT-3.1.2-5" = "MQTT-3.1.2-23"],
        caught: [Fault::ForgetsSubscriptions]),
    case!(clean_start_discards: "A clean start discards the session before it",
        v311: proves ["MQTT-3.1.2-6"],
        v5: proves ["MQTT-3.1.2-4"],
        caught: [Fault::CleanStartKeepsSession]),
    case!(ended_session_is_gone: "A session that ended with its connection leaves nothing behind",
        v311: proves ["MQTT-3.2.2-3"],
        v5: proves ["MQTT-3.2.2-3"],
        caught: [Fault::EndedSessionStays, Fault::SessionPresentAlways]),
];

async fn queued_while_away(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe_tried("news", "news", AtLeastOnce).await?;
    sleeper.disconnect().await?;
    broker.connect("publisher").await?.publish("news", b"while away", AtLeastOnce).await?;

    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;

    sleeper.expect(a_message("news", b"while away")).await
}

async fn subscriptions_survive(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe_tried("news", "news", AtLeastOnce).await?;
    sleeper.disconnect().await?;

    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    broker.connect("publisher").await?.publish("news", b"after return", AtLeastOnce).await?;

    sleeper.expect(a_message("news", b"after return")).await
}

async fn clean_start_discards(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe_tried("news", "news", AtLeastOnce).await?;
    sleeper.disconnect().await?;

    let mut sleeper = broker.connect_as("sleeper", connect()).await?;
    sleeper.subscribe("fence", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"discarded", AtLeastOnce).await?;

    sleeper.expect_no_message(b"discarded").before_message(&mut publisher, "fence").await
}

async fn ended_session_is_gone(broker: &Subject) -> Outcome {
    broker.connect("sleeper").await?.disconnect().await?;

    let mut sleeper = broker.open("sleeper").await?;
    sleeper.send(connect().persistent())?;

    let accepted = sleeper.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;
    sleeper.expect_right(&accepted, a_connack().session_present(false)).await
}
