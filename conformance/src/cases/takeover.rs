//! A client identifier that connects again while it is connected: the session goes on or ends, and so does what was under way.

use super::again::{back, back_holding, level_in};
use super::prelude::*;
use crate::scenario::Client;

pub(super) const CASES: &[Case] = &[
    case!(each_time: "Each of five takeovers closes the connection before it, and goes on with its subscription",
        v311: proves ["MQTT-3.1.4-2", "MQTT-3.1.2-4" = "MQTT-3.1.4-3"],
        v5: proves ["MQTT-3.1.4-3", "U5-080", "MQTT-3.1.4-4"],
        caught: [Fault::TakeoverLeavesOldOpen, Fault::TakeoverWithoutDisconnect, Fault::ForgetsSubscriptions]),
    case!(open_message["qos1"]: "An unacknowledged QoS 1 message comes again, with DUP 1, on the connection that takes over",
        v311: proves ["MQTT-4.4.0-1", "MQTT-3.3.1-1"],
        v5: proves ["MQTT-4.4.0-1", "MQTT-3.3.1-1"],
        caught: [Fault::NoRedeliveryQos1, Fault::DupMissingOnRedelivery]),
    case!(open_message["qos2"]: "An unacknowledged QoS 2 message comes again, with DUP 1, on the connection that takes over",
        v311: proves ["MQTT-4.4.0-1", "MQTT-3.3.1-1"],
        v5: proves ["MQTT-4.4.0-1", "MQTT-3.3.1-1"],
        caught: [Fault::NoRedeliveryQos2, Fault::DupMissingOnRedelivery],
        needs: &["qos2"]),
    case!(open_pubrel: "A PUBREL without PUBCOMP comes again on the connection that takes over, and its PUBLISH doesn't",
        v311: proves ["MQTT-4.4.0-1", "MQTT-4.3.3-1"],
        v5: proves ["MQTT-4.4.0-1", "MQTT-4.3.3-6"],
        caught: [Fault::NoRedeliveryPubrel, Fault::RedeliversAfterPubrec],
        needs: &["qos2"]),
    case!(open_exchange: "A QoS 2 PUBLISH that is sent again on the connection that takes over is delivered once",
        v311: proves ["MQTT-4.3.3-2"],
        v5: proves ["MQTT-4.3.3-10"],
        caught: [Fault::DeliversQos2Again, Fault::ForgetsReceived, Fault::NoPubrecForResent],
        needs: &["qos2"]),
    case!(clean_start_drops["qos1"]: "A takeover with a clean start drops the QoS 1 message that was unacknowledged",
        v311: proves ["MQTT-3.1.2-6" = "MQTT-3.1.4-3"],
        v5: proves ["MQTT-3.1.4-4"],
        caught: [Fault::CleanStartKeepsSession]),
    case!(clean_start_drops["qos2"]: "A takeover with a clean start drops the QoS 2 message that was unacknowledged",
        v311: proves ["MQTT-3.1.2-6" = "MQTT-3.1.4-3"],
        v5: proves ["MQTT-3.1.4-4"],
        caught: [Fault::CleanStartKeepsSession],
        needs: &["qos2"]),
    case!(will_without_delay: "A takeover that goes on with the session brings out the will of the connection before, which has no delay",
        v311: proves ["MQTT-3.1.2-8"],
        v5: proves ["U5-079"],
        caught: [Fault::NoWillOnTakeover, Fault::WillNotSent],
        needs: &["will"]),
    case!(will_with_delay: "A takeover that goes on with the session cancels a will with a delay",
        v5: proves ["MQTT-3.1.3-9"],
        caught: [Fault::WillNotCancelled, Fault::WillDelayIgnored],
        needs: &["will"], waits: 2),
];

async fn each_time(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;
    let mut client = broker.connect_as("client", connect().persistent()).await?;
    client.subscribe("news", AtLeastOnce).await?;
    publisher.publish("news", b"at first", AtLeastOnce).await?;
    client.receive(a_message("news", b"at first")).await?;

    let mut shown = None;
    for time in 1..=5 {
        let mut next = broker.connect_as("client", connect().persistent()).await?;
        let _ = client.expect_close().code(&[ReasonCode::SESSION_TAKEN_OVER], rule!(v5 "U5-080")).await?;
        let payload = format!("after takeover {time}");
        publisher.publish("news", &payload, AtLeastOnce).await?;
        let goes_on = rule!(v311 "MQTT-3.1.2-4", v5 "MQTT-3.1.4-4");
        shown = Some(next.expect(a_message("news", &payload)).decides(goes_on).await?);
        client = next;
    }
    shown.ok_or(Stop::NotExercised("nothing was taken over".to_owned()))
}

/// Set-up: `client`, in a session, has this message on `news` and leaves it unacknowledged.
async fn with_open_message(broker: &Subject, payload: &[u8], qos: QoS) -> Result<(Client, u16), Stop> {
    let mut client = broker.connect_as("client", connect().persistent()).await?;
    client.subscribe("news", qos).await?;
    client.hold_acknowledgements();
    broker.connect("publisher").await?.publish("news", payload, qos).await?;
    let id = client.receive(a_message("news", payload).qos(qos)).await?.id();
    Ok((client, id))
}

async fn open_message(broker: &Subject) -> Outcome {
    let (mut first, id) = with_open_message(broker, b"again", level_in(broker.member())).await?;

    let mut second = back(broker, "client", connect().persistent()).await?;
    first.ended().await?;

    let again = second.expect(a_message("news", b"again")).await?;
    let _ = second.expect_right(&again, a_message("news", b"again").id(id)).await?;
    let marked = second.expect_right(&again, a_message("news", b"again").dup(true));
    marked.decides(rule!(v311 "MQTT-3.3.1-1", v5 "MQTT-3.3.1-1")).await
}

async fn open_pubrel(broker: &Subject) -> Outcome {
    let (mut first, id) = with_open_message(broker, b"half done", ExactlyOnce).await?;
    first.send(pubrec(id))?;
    first.receive(a_pubrel(id)).await?;

    let mut second = back_holding(broker, "client", connect().persistent()).await?;
    first.ended().await?;

    let never_again = second.expect_no_message(b"half done").decides(rule!(v311 "MQTT-4.3.3-1", v5 "MQTT-4.3.3-6"));
    let _ = never_again.await?;
    second.expect(a_pubrel(id)).await
}

async fn open_exchange(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news", "news", ExactlyOnce).await?;
    let mut first = broker.connect_as("client", connect().persistent()).await?;
    first.try_paths().await?;
    // There are brokers that keep no session for a client without subscriptions.
    first.subscribe("mail", AtLeastOnce).await?;
    let id = first.send(publish("news", b"once").qos(ExactlyOnce))?;
    let taken = [ReasonCode::SUCCESS, ReasonCode::NO_MATCHING_SUBSCRIBERS];
    first.receive(a_pubrec(id).code(&taken)).await?;

    let mut second = back(broker, "client", connect().persistent()).await?;
    second.send(publish("news", b"once").qos(ExactlyOnce).id(id).dup())?;
    let _ = second.expect(a_pubrec(id)).await?;
    second.send(pubrel(id))?;
    second.receive(a_pubcomp(id)).await?;

    watcher.receive(a_message("news", b"once")).await?;
    watcher.expect_no_message(b"once").before_message(&mut second, "news").await
}

async fn clean_start_drops(broker: &Subject) -> Outcome {
    let (mut first, _) = with_open_message(broker, b"dropped", level_in(broker.member())).await?;

    let mut second = broker.connect("client").await?;
    first.ended().await?;
    second.subscribe("fence", AtLeastOnce).await?;

    let mut publisher = broker.connect("publisher").await?;
    second.expect_no_message(b"dropped").before_message(&mut publisher, "fence").await
}

/// Set-up: a client that has seen that messages on `status` reach it.
async fn watcher_of_status(broker: &Subject) -> Result<Client, Stop> {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("status", "status", AtLeastOnce).await?;
    Ok(watcher)
}

async fn will_without_delay(broker: &Subject) -> Outcome {
    let mut watcher = watcher_of_status(broker).await?;
    let with_will = connect().persistent().will(will("status", b"gone").qos(AtLeastOnce));
    let mut first = broker.connect_as("client", with_will).await?;

    broker.connect_as("client", connect().persistent()).await?;
    first.ended().await?;

    watcher.expect(a_message("status", b"gone")).await
}

async fn will_with_delay(broker: &Subject) -> Outcome {
    let delayed = |text| will("status", text).qos(AtLeastOnce).property(Property::WillDelayInterval(2));
    let mut watcher = watcher_of_status(broker).await?;
    let mut publisher = broker.connect("publisher").await?;
    let mut first = broker.connect_as("client", connect().persistent().will(delayed("gone"))).await?;
    let mut lost = broker.connect_as("lost", connect().persistent().will(delayed("later"))).await?;

    let _second = back(broker, "client", connect().persistent()).await?;
    first.ended().await?;

    // The will of a client that went later and stays away shows that the time is over.
    lost.drop_connection().await;
    watcher.receive(a_message("status", b"later")).await?;
    watcher.expect_no_message(b"gone").before_message(&mut publisher, "status").await
}
