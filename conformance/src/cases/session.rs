//! Sessions: what outlives a connection, and what a clean start discards.

use super::prelude::*;
use crate::scenario::{Client, Received};
use mqtt_assay_standard::bounds;
use tokio::time::Instant;

pub(super) const CASES: &[Case] = &[
    case!(queued_while_away: "Messages that come while the client of a stored session is away are there when it returns",
        v311: proves ["MQTT-3.1.2-5"],
        v5: proves ["MQTT-3.1.2-5" = "MQTT-3.1.2-23"],
        caught: [Fault::DropsForAbsent, Fault::ForgetsSession]),
    case!(subscriptions_survive: "A resumed session still has its subscriptions",
        v311: proves ["MQTT-3.1.2-4"],
        v5: proves ["MQTT-3.1.2-5" = "MQTT-3.1.2-23"],
        caught: [Fault::ForgetsSubscriptions, Fault::ForgetsSession]),
    case!(survives_loss: "A session outlives a connection that was lost, not closed in order",
        v311: proves ["MQTT-4.1.0-1"],
        v5: proves ["MQTT-3.1.2-23" = "MQTT-3.1.2-5"],
        caught: [Fault::ForgetsSubscriptions, Fault::ForgetsSession]),
    case!(stored_session_is_present: "CONNACK says Session Present 1 where a session is resumed",
        v311: proves ["MQTT-3.2.2-2"],
        v5: proves ["MQTT-3.2.2-3"],
        caught: [Fault::SessionPresentNever, Fault::ForgetsSession]),
    case!(clean_start_discards: "A clean start discards the session before it",
        v311: proves ["MQTT-3.1.2-6"],
        v5: proves ["MQTT-3.1.2-4"],
        caught: [Fault::CleanStartKeepsSession]),
    case!(clean_start_discards_queue: "A clean start discards the messages that waited for the session before it",
        v311: proves ["MQTT-3.1.2-6"],
        v5: proves ["MQTT-3.1.2-4"],
        caught: [Fault::CleanStartKeepsSession]),
    case!(takeover_resumes: "A connection that takes over a session without a clean start goes on with it",
        v311: proves ["MQTT-3.1.2-4" = "MQTT-3.1.4-3"],
        v5: proves ["MQTT-3.1.4-4"],
        caught: [Fault::ForgetsSubscriptions, Fault::ForgetsSession]),
    case!(takeover_discards: "A connection that takes over a session with a clean start starts afresh",
        v311: proves ["MQTT-3.1.2-6" = "MQTT-3.1.4-3"],
        v5: proves ["MQTT-3.1.4-4"],
        caught: [Fault::CleanStartKeepsSession]),
    case!(ended_session_is_gone: "A session that ended with its connection is not present any more",
        v311: proves ["MQTT-3.2.2-3"],
        v5: proves ["MQTT-3.2.2-3"],
        caught: [Fault::EndedSessionStays, Fault::SessionPresentAlways]),
    case!(ended_session_leaves_nothing: "A session that ended with its connection leaves no subscriptions behind",
        v311: proves ["MQTT-3.1.2-6"],
        v5: proves ["MQTT-4.1.0-2"],
        caught: [Fault::EndedSessionStays]),
    case!(lasts_while_connected: "A session lasts as long as its client is connected, even one that ends with the connection",
        v311: proves ["MQTT-4.1.0-2"],
        v5: proves ["MQTT-4.1.0-1"],
        caught: [Fault::PingForgetsSubscriptions]),
    case!(apart_by_identifier["queue"]: "What waits for the session of one client identifier doesn't go to another",
        v311: proves ["MQTT-3.1.3-2"],
        v5: proves ["MQTT-3.1.3-2"],
        caught: [Fault::ResumesForeignSession]),
    case!(apart_by_identifier["subscriptions"]: "A client identifier without a session gets a fresh one, though another has a session",
        v311: proves ["MQTT-3.1.3-2"],
        v5: proves ["MQTT-3.1.2-6"],
        caught: [Fault::ResumesForeignSession]),
    case!(begun_anew_lasts: "A session that began with Clean Start 1 outlives its connection by its expiry interval",
        v5: proves ["MQTT-3.1.2-23"],
        caught: [Fault::ForgetsSession, Fault::ForgetsCleanlyBegun]),
    case!(expires_in_time["as-asked"]: "A session lasts until its expiry interval is over",
        v5: proves ["MQTT-3.1.2-23"],
        caught: [Fault::SessionExpiresEarly],
        waits: 5),
    case!(expires_in_time["as-announced"]: "A session lasts as long as CONNACK says where that is not what was asked",
        v5: proves ["U5-083"],
        caught: [Fault::SessionExpiryUnannounced],
        variant: Variant::SHORT_SESSIONS, waits: 12),
    case!(expires: "A session ends when its expiry interval is over",
        v5: proves ["MQTT-4.1.0-2"],
        caught: [Fault::SessionNeverExpires],
        waits: 14),
    case!(clean_start_ends_exchanges: "A clean start ends the QoS 2 exchanges of the session before it: their identifiers are free",
        v311: proves ["MQTT-3.1.2-6"],
        v5: proves ["MQTT-3.1.2-4"],
        caught: [Fault::CleanStartKeepsSession],
        needs: &["qos2"]),
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

async fn survives_loss(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe_tried("news", "news", AtLeastOnce).await?;
    sleeper.drop_connection().await;

    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    broker.connect("publisher").await?.publish("news", b"after the loss", AtLeastOnce).await?;

    sleeper.expect(a_message("news", b"after the loss")).await
}

async fn stored_session_is_present(broker: &Subject) -> Outcome {
    broker.connect_as("sleeper", connect().persistent()).await?.disconnect().await?;

    let (mut sleeper, accepted) = come_back(broker).await?;

    sleeper.expect_right(&accepted, a_connack().session_present(true)).await
}

/// Set-up: `sleeper` has left a session with a subscription to `news`, and the broker was seen to keep it while it was away:
/// where nothing is kept, nothing can be discarded, nor given to the wrong client.
async fn leave_kept_session(broker: &Subject) -> Result<(), Stop> {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe_tried("news", "news", AtLeastOnce).await?;
    sleeper.disconnect().await?;
    broker.connect("witness").await?.publish("news", b"kept", AtLeastOnce).await?;
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.receive(a_message("news", b"kept")).await?;
    // The broker has read the acknowledgement when it answers what follows.
    sleeper.serves().await?;
    sleeper.disconnect().await
}

async fn clean_start_discards(broker: &Subject) -> Outcome {
    leave_kept_session(broker).await?;

    let mut sleeper = broker.connect_as("sleeper", connect()).await?;
    sleeper.subscribe("fence", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"discarded", AtLeastOnce).await?;

    sleeper.expect_no_message(b"discarded").before_message(&mut publisher, "fence").await
}

async fn clean_start_discards_queue(broker: &Subject) -> Outcome {
    leave_kept_session(broker).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"while away", AtLeastOnce).await?;

    let mut sleeper = broker.connect_as("sleeper", connect()).await?;
    sleeper.subscribe("fence", AtLeastOnce).await?;

    sleeper.expect_no_message(b"while away").before_message(&mut publisher, "fence").await
}

async fn takeover_resumes(broker: &Subject) -> Outcome {
    let mut first = broker.connect_as("client", connect().persistent()).await?;
    first.subscribe_tried("news", "news", AtLeastOnce).await?;

    let mut second = broker.connect_as("client", connect().persistent()).await?;
    broker.connect("publisher").await?.publish("news", b"for the second", AtLeastOnce).await?;

    second.expect(a_message("news", b"for the second")).await
}

async fn takeover_discards(broker: &Subject) -> Outcome {
    let mut first = broker.connect_as("client", connect().persistent()).await?;
    first.subscribe_tried("news", "news", AtLeastOnce).await?;

    let mut second = broker.connect_as("client", connect()).await?;
    second.subscribe("fence", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"for the first", AtLeastOnce).await?;

    second.expect_no_message(b"for the first").before_message(&mut publisher, "fence").await
}

async fn ended_session_is_gone(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect("sleeper").await?;
    sleeper.session_ends()?;
    sleeper.disconnect().await?;

    let (mut sleeper, accepted) = come_back(broker).await?;

    sleeper.expect_right(&accepted, a_connack().session_present(false)).await
}

async fn ended_session_leaves_nothing(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect("sleeper").await?;
    sleeper.session_ends()?;
    sleeper.subscribe_tried("news", "news", AtLeastOnce).await?;
    sleeper.disconnect().await?;

    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("fence", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"over and done", AtLeastOnce).await?;

    sleeper.expect_no_message(b"over and done").before_message(&mut publisher, "fence").await
}

async fn lasts_while_connected(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news", "news", AtLeastOnce).await?;
    watcher.serves().await?;

    broker.connect("publisher").await?.publish("news", b"still there", AtLeastOnce).await?;

    watcher.expect(a_message("news", b"still there")).await
}

async fn apart_by_identifier(broker: &Subject) -> Outcome {
    leave_kept_session(broker).await?;
    let mut publisher = broker.connect("publisher").await?;
    if broker.member() == "queue" {
        publisher.publish("news", b"for the sleeper", AtLeastOnce).await?;
    }

    let mut stranger = broker.connect_as("stranger", connect().persistent()).await?;
    stranger.subscribe("fence", AtLeastOnce).await?;
    if broker.member() == "subscriptions" {
        publisher.publish("news", b"for the sleeper", AtLeastOnce).await?;
    }

    stranger.expect_no_message(b"for the sleeper").before_message(&mut publisher, "fence").await
}

/// A session with a subscription to `news` that is left behind: when, and how long it lasts, which the broker may have
/// changed. It is seen that the broker keeps sessions; for that it lasts long at first, so that being slow ends nothing.
async fn leave_session(broker: &Subject, asked: u32) -> Result<(Instant, Duration), Stop> {
    let mut sleeper = broker.connect_as("sleeper", connect().property(Property::SessionExpiryInterval(600))).await?;
    sleeper.subscribe_tried("news", "news", AtLeastOnce).await?;
    sleeper.disconnect().await?;
    let again = connect().resume().property(Property::SessionExpiryInterval(asked));
    let mut sleeper = broker.connect_as("sleeper", again).await?;
    broker.connect("publisher").await?.publish("news", b"kept so far", AtLeastOnce).await?;
    sleeper.receive(a_message("news", b"kept so far")).await?;
    let stated = sleeper.connack().and_then(|connack| connack.packet().properties().session_expiry_interval());
    let granted = stated.unwrap_or(asked);
    sleeper.disconnect().await?;
    // The time may run from when the DISCONNECT was written, though the broker's end came later.
    Ok((sleeper.last_action(), Duration::from_secs(u64::from(granted))))
}

/// The client is back; its CONNACK tells whether its session is still there.
async fn come_back(broker: &Subject) -> Result<(Client, Received), Stop> {
    let mut sleeper = broker.open("sleeper").await?;
    sleeper.send(connect().persistent())?;
    let accepted = sleeper.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;
    Ok((sleeper, accepted))
}

pub(super) async fn begun_anew_lasts(broker: &Subject) -> Outcome {
    let lasting = || connect().property(Property::SessionExpiryInterval(600));
    let mut sleeper = broker.connect_as("sleeper", lasting()).await?;
    sleeper.subscribe_tried("news", "news", AtLeastOnce).await?;
    sleeper.disconnect().await?;
    broker.connect("publisher").await?.publish("news", b"while away", AtLeastOnce).await?;

    let mut sleeper = broker.connect_as("sleeper", lasting().resume()).await?;

    sleeper.expect(a_message("news", b"while away")).await
}

async fn expires_in_time(broker: &Subject) -> Outcome {
    let (asked, part) = if broker.member() == "as-asked" { (8, 0.6) } else { (30, 0.4) };
    let (left, lasts) = leave_session(broker, asked).await?;
    // No longer than for the session that was asked for: how much longer a broker keeps it is its own affair.
    let away = lasts.min(Duration::from_secs(u64::from(asked))).mul_f64(part);
    broker.wait(away.saturating_sub(left.elapsed())).await;

    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;

    if left.elapsed() >= lasts {
        return Err(Stop::Inconclusive { why: "we came back too late".to_owned(), line: None });
    }
    broker.connect("publisher").await?.publish("news", b"still there", AtLeastOnce).await?;
    sleeper.expect(a_message("news", b"still there")).await
}

/// The longest session whose end is waited for; where a broker states more than was asked.
const LONGEST_EXPIRY: Duration = Duration::from_secs(20);

async fn expires(broker: &Subject) -> Outcome {
    let (_, lasts) = leave_session(broker, 1).await?;
    if lasts > LONGEST_EXPIRY {
        return Err(Stop::NotExercised(format!("CONNACK: the session lasts {lasts:?}, which is not waited for")));
    }
    broker.wait(lasts + bounds::GRACE).await;

    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;

    sleeper.subscribe("fence", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"over and done", AtLeastOnce).await?;
    sleeper.expect_no_message(b"over and done").before_message(&mut publisher, "fence").await
}

async fn clean_start_ends_exchanges(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news", "news", AtLeastOnce).await?;
    let mut publisher = broker.connect_as("publisher", connect().persistent()).await?;
    publisher.send(publish("news", b"in the old session").qos(ExactlyOnce).id(7_u16))?;
    publisher.receive(a_pubrec(7_u16)).await?;
    publisher.drop_connection().await;

    let mut publisher = broker.connect("publisher").await?;
    publisher.publish_draft(publish("news", b"in the new session").qos(ExactlyOnce).id(7_u16)).await?;

    watcher.expect(a_message("news", b"in the new session")).await
}
