//! How long a session lasts behind a connection of each kind, and what CONNACK says of it.

use super::super::again::back;
use super::super::renewed;
use super::super::resumes::come_back;
use super::super::session;
use super::{in_words, kind, on_each, on_one};
use crate::cases::prelude::*;
use crate::scenario::Client;
use mqtt_assay_standard::bounds;
use tokio::time::Instant;

pub(super) const GROUPS: &[&[Case]] = &[
    COUNTS_FROM_THE_END,
    PROLONGED,
    LASTS_IN_TIME,
    LASTS_AS_ANNOUNCED,
    ENDS_IN_TIME,
    ENDS_WITH_CONNECTION,
    ENDS_WITH_CONNECTION_IN_3,
    BEGUN_CLEANLY,
    ENDED_BY_TAKEOVER,
    ENDED_BY_TAKEOVER_IN_5,
];

on_each!(COUNTS_FROM_THE_END = expiry_counts_from_the_end ["resumed" "second-time" "third-time" "taken-over" "taken-over-clean"]
    "A session's expiry interval counts from the end of its connection", {
    v5: proves ["MQTT-3.1.2-23"],
    caught: [Fault::ExpiryFromConnect],
    waits: 6
});

on_each!(PROLONGED = prolonged_by_disconnect ["second-time" "third-time" "taken-over" "taken-over-clean"]
    "A DISCONNECT can prolong a session beyond the expiry interval of its CONNECT", {
    v5: proves ["U5-186"],
    caught: [Fault::DisconnectExpiryIgnored],
    waits: 3
});

on_each!(LASTS_IN_TIME = lasts_as_asked ["fresh" "second-time" "third-time" "taken-over" "taken-over-clean"]
    "A session lasts until its expiry interval is over", {
    v5: proves ["MQTT-3.1.2-23"],
    caught: [Fault::SessionExpiresEarly],
    waits: 5
});

on_each!(LASTS_AS_ANNOUNCED = lasts_as_announced ["fresh" "second-time" "third-time" "taken-over" "taken-over-clean"]
    "A session lasts as long as CONNACK says where that is not what was asked", {
    v5: proves ["U5-083"],
    caught: [Fault::SessionExpiryUnannounced],
    variant: Variant::SHORT_SESSIONS, waits: 12
});

on_each!(ENDS_IN_TIME = ends_in_time ["second-time" "third-time" "taken-over" "taken-over-clean"]
    "A session ends when its expiry interval is over", {
    v5: proves ["MQTT-4.1.0-2"],
    caught: [Fault::SessionNeverExpires],
    waits: 12
});

on_each!(ENDS_WITH_CONNECTION = ends_with_connection ["second-time" "third-time" "taken-over" "taken-over-clean"]
    "A session without an expiry interval ends with the connection", {
    v5: proves ["MQTT-3.2.2-3", "MQTT-4.1.0-2"],
    caught: [Fault::EndedSessionStays]
});

on_each!(ENDS_WITH_CONNECTION_IN_3 = clean_session_ends ["taken-over-clean"]
    "A clean session ends with the connection", {
    v311: proves ["MQTT-3.2.2-3", "MQTT-3.1.2-6"],
    caught: [Fault::EndedSessionStays]
});

on_each!(BEGUN_CLEANLY = begun_cleanly_lasts ["taken-over-clean"]
    "A session that began with Clean Start 1 outlives its connection by its expiry interval", {
    v5: proves ["MQTT-3.1.2-23"],
    caught: [Fault::ForgetsSession, Fault::ForgetsCleanlyBegun]
});

on_each!(ENDED_BY_TAKEOVER = ended_by_takeover ["fresh"]
    "A takeover finds no session that ends with the connection it takes over", {
    v311: proves ["MQTT-3.2.2-3"],
    v5: proves ["MQTT-3.2.2-3"],
    caught: [Fault::SessionPresentAlways, Fault::EndedSessionStays]
});

on_each!(ENDED_BY_TAKEOVER_IN_5 = ended_by_takeover ["resumed" "second-time"]
    "A takeover finds no session that ends with the connection it takes over", {
    v5: proves ["MQTT-3.2.2-3"],
    caught: [Fault::SessionPresentAlways, Fault::EndedSessionStays]
});

/// A CONNECT with this Session Expiry Interval.
fn lasting(seconds: u32) -> Draft {
    connect().property(Property::SessionExpiryInterval(seconds))
}

/// Set-up: the broker keeps sessions with their subscriptions, also those that begin with a clean start.
async fn keeps_sessions(broker: &Subject) -> Result<(), Stop> {
    let mut keeper = broker.connect_as("keeper", lasting(600)).await?;
    keeper.session_stays()?;
    keeper.subscribe_tried("kept", "kept", AtLeastOnce).await?;
    keeper.disconnect().await?;
    let mut keeper = back(broker, "keeper", lasting(600).resume()).await?;
    broker.connect("witness").await?.publish("kept", b"kept so far", AtLeastOnce).await?;
    keeper.receive(a_message("kept", b"kept so far")).await.map(drop)
}

/// Set-up: `sleeper` is on a connection of the kind that the case is about, and its subscription is seen to work.
async fn subscribed(broker: &Subject, draft: Draft) -> Result<Client, Stop> {
    let mut sleeper = broker.joined(&["sleeper"], kind(broker)).connect_as("sleeper", draft).await?;
    sleeper.subscribe_tried("news", "news", AtLeastOnce).await?;
    Ok(sleeper)
}

async fn expiry_counts_from_the_end(broker: &Subject) -> Outcome {
    keeps_sessions(broker).await?;
    renewed::from_the_loss(&broker.joined(&["sleeper"], kind(broker))).await
}

async fn prolonged_by_disconnect(broker: &Subject) -> Outcome {
    keeps_sessions(broker).await?;
    let mut publisher = broker.connect("publisher").await?;
    let mut sleeper = subscribed(broker, lasting(1)).await?;

    sleeper.disconnect_with(disconnect().property(Property::SessionExpiryInterval(60))).await?;

    broker.wait(Duration::from_secs(3)).await;
    let (mut sleeper, _) = come_back(broker, connect().persistent()).await?;
    publisher.publish("news", b"still there", AtLeastOnce).await?;
    sleeper.expect(a_message("news", b"still there")).await
}

/// Set-up: `sleeper` has left: when, and how long its session lasts, which the broker may have changed.
async fn left(broker: &Subject, asked: u32) -> Result<(Instant, Duration), Stop> {
    keeps_sessions(broker).await?;
    let mut sleeper = subscribed(broker, lasting(asked)).await?;
    let stated = sleeper.connack().and_then(|connack| connack.packet().properties().session_expiry_interval());
    let granted = stated.unwrap_or(asked);
    sleeper.disconnect().await?;
    Ok((sleeper.last_action(), Duration::from_secs(u64::from(granted))))
}

/// Decides: the session is there still when this part of its time is over.
async fn is_there_after(broker: &Subject, asked: u32, part: f64) -> Outcome {
    let (left, lasts) = left(broker, asked).await?;
    // No longer than for the session that was asked for: how much longer a broker keeps it is its own affair.
    let away = lasts.min(Duration::from_secs(u64::from(asked))).mul_f64(part);
    broker.wait(away.saturating_sub(left.elapsed())).await;

    let (mut sleeper, _) = come_back(broker, connect().persistent()).await?;

    if left.elapsed() >= lasts {
        return Err(Stop::Inconclusive { why: "we came back too late".to_owned(), line: None });
    }
    broker.connect("publisher").await?.publish("news", b"still there", AtLeastOnce).await?;
    sleeper.expect(a_message("news", b"still there")).await
}

async fn lasts_as_asked(broker: &Subject) -> Outcome {
    is_there_after(broker, 8, 0.6).await
}

async fn lasts_as_announced(broker: &Subject) -> Outcome {
    is_there_after(broker, 30, 0.4).await
}

/// The longest session whose end is waited for; where a broker states more than was asked.
const LONGEST_EXPIRY: Duration = Duration::from_secs(20);

async fn ends_in_time(broker: &Subject) -> Outcome {
    let (_, lasts) = left(broker, 1).await?;
    if lasts > LONGEST_EXPIRY {
        return Err(Stop::NotExercised(format!("CONNACK: the session lasts {lasts:?}, which is not waited for")));
    }
    broker.wait(lasts + bounds::GRACE).await;

    let (mut sleeper, _) = come_back(broker, connect().persistent()).await?;

    leaves_nothing(broker, &mut sleeper).await
}

/// Decides: nothing comes by a subscription of the session before.
async fn leaves_nothing(broker: &Subject, sleeper: &mut Client) -> Outcome {
    sleeper.subscribe("fence", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"over and done", AtLeastOnce).await?;
    let nothing = sleeper.expect_no_message(b"over and done").before_message(&mut publisher, "fence");
    nothing.decides(rule!(v311 "MQTT-3.1.2-6", v5 "MQTT-4.1.0-2")).await
}

async fn ends_with_connection(broker: &Subject) -> Outcome {
    let mut sleeper = subscribed(broker, connect()).await?;
    sleeper.session_ends()?;
    sleeper.disconnect().await?;

    let (mut sleeper, accepted) = come_back(broker, connect().persistent()).await?;

    let _ = sleeper.expect_right(&accepted, a_connack().session_present(false)).await?;
    leaves_nothing(broker, &mut sleeper).await
}

async fn clean_session_ends(broker: &Subject) -> Outcome {
    ends_with_connection(broker).await
}

async fn begun_cleanly_lasts(broker: &Subject) -> Outcome {
    session::begun_anew_lasts(&broker.joined(&["sleeper"], kind(broker))).await
}

async fn ended_by_takeover(broker: &Subject) -> Outcome {
    let mut first = broker.joined(&["sleeper"], kind(broker)).connect_as("sleeper", connect()).await?;
    first.session_ends()?;

    let (mut second, accepted) = come_back(broker, connect().persistent()).await?;

    first.ended().await?;
    second.expect_right(&accepted, a_connack().session_present(false)).await
}
