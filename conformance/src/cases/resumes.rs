//! Sessions that are resumed more than once, and what stays with them each time. What begins anew with each connection is in
//! `renewed`.

use super::again::{back, come_in_order, level_in};
use super::prelude::*;
use crate::scenario::{Client, Received};
use mqtt_assay_codec::{RetainHandling, SubscriptionOptions};
use mqtt_assay_standard::bounds;
use tokio::time::Instant;

pub(super) const CASES: &[Case] = &[
    case!(each_time["qos1"]: "Ten times a session is there again, with its subscription and what was published meanwhile at QoS 1",
        v311: proves ["MQTT-3.1.2-5", "MQTT-3.1.2-4", "MQTT-3.2.2-2"],
        v5: proves ["MQTT-3.1.2-5", "MQTT-3.2.2-3"],
        caught: [Fault::DropsForAbsent, Fault::ForgetsSubscriptions, Fault::ForgetsSession, Fault::SessionPresentNever]),
    case!(each_time["qos2"]: "Ten times a session is there again, with its subscription and what was published meanwhile at QoS 2",
        v311: proves ["MQTT-3.1.2-5", "MQTT-3.1.2-4", "MQTT-3.2.2-2"],
        v5: proves ["MQTT-3.1.2-5", "MQTT-3.2.2-3"],
        caught: [Fault::DropsForAbsent, Fault::ForgetsSubscriptions, Fault::ForgetsSession, Fault::SessionPresentNever],
        needs: &["qos2"]),
    case!(options_stay["qos"]: "A subscription has its granted QoS still after the second resume",
        v311: proves ["MQTT-3.8.4-6"],
        v5: proves ["MQTT-3.8.4-8"],
        caught: [Fault::AboveGrantedQos],
        needs: &["qos2"]),
    case!(options_stay["no-local"]: "A subscription has No Local still after the second resume",
        v5: proves ["MQTT-3.8.3-3"],
        caught: [Fault::NoLocalIgnored]),
    case!(options_stay["retain-as-published"]: "A subscription has Retain As Published still after the second resume",
        v5: proves ["MQTT-3.3.1-13"],
        caught: [Fault::RetainAsPublishedIgnored],
        needs: &["retain"]),
    case!(options_stay["identifier"]: "A subscription has its identifier still after the second resume",
        v5: proves ["U5-171"],
        caught: [Fault::IdentifierMissing],
        needs: &["subscription-identifiers"]),
    case!(share_stays: "A client is a member of its shared subscription still after the second resume",
        v5: proves ["MQTT-3.1.2-5"],
        caught: [Fault::ForgetsSubscriptions],
        needs: &["shared-subscriptions"]),
    case!(brings_no_retained["flag"]: "What comes to a resumed subscription has RETAIN 0, for it is no new one",
        v311: proves ["MQTT-3.3.1-9"],
        caught: [Fault::RetainedAtResume],
        needs: &["retain"]),
    case!(brings_no_retained["handling-1"]: "A resume brings no retained messages to a subscription with Retain Handling 1",
        v5: proves ["MQTT-3.3.1-10"],
        caught: [Fault::RetainedAtResume],
        needs: &["retain"]),
    case!(brings_no_retained["handling-2"]: "A resume brings no retained messages to a subscription with Retain Handling 2",
        v5: proves ["MQTT-3.3.1-11"],
        caught: [Fault::RetainedAtResume],
        needs: &["retain"]),
    case!(subscribed_again: "A SUBSCRIBE for a subscription that was resumed brings the retained message again",
        v311: proves ["MQTT-3.8.4-3"],
        v5: proves ["MQTT-3.8.4-4", "MQTT-3.3.1-9"],
        caught: [Fault::RetainedNotResent],
        needs: &["retain"]),
    case!(lone_pubrel["completes"]: "A PUBREL alone completes an exchange of the connection before, and the message comes at its QoS",
        v311: proves ["MQTT-4.3.3-2", "MQTT-4.5.0-1", "MQTT-3.8.4-6"],
        v5: proves ["MQTT-4.3.3-11", "MQTT-4.5.0-1", "MQTT-3.8.4-8"],
        caught: [Fault::NoPubcomp],
        needs: &["qos2"]),
    case!(lone_pubrel["is-known"]: "The PUBCOMP for an exchange of the connection before doesn't call it unknown",
        v5: proves ["MQTT-3.1.2-5"],
        caught: [Fault::ForgetsReceived],
        needs: &["qos2"]),
    case!(resent_on_third_connection: "A QoS 2 PUBLISH that is sent again on the third connection is delivered once",
        v311: proves ["MQTT-4.3.3-2"],
        v5: proves ["MQTT-4.3.3-10"],
        caught: [Fault::DeliversQos2Again, Fault::ForgetsReceived, Fault::NoPubrecForResent],
        needs: &["qos2"]),
    case!(old_before_queued["qos1"]: "After a resume unacknowledged messages come before those that were published meanwhile, at QoS 1",
        v311: proves ["MQTT-4.6.0-6" = "MQTT-4.6.0-5"],
        v5: proves ["MQTT-4.6.0-5" = "MQTT-4.6.0-6"],
        caught: [Fault::QueueBeforeOld]),
    case!(old_before_queued["qos2"]: "After a resume unacknowledged messages come before those that were published meanwhile, at QoS 2",
        v311: proves ["MQTT-4.6.0-6" = "MQTT-4.6.0-5"],
        v5: proves ["MQTT-4.6.0-5" = "MQTT-4.6.0-6"],
        caught: [Fault::QueueBeforeOld],
        needs: &["qos2"]),
];

/// How often a session is resumed.
const TIMES: usize = 10;

/// The client is back in the session that it should have, whatever its CONNACK says.
pub(super) async fn come_back(broker: &Subject, draft: Draft) -> Result<(Client, Received), Stop> {
    let mut sleeper = broker.open("sleeper").await?;
    sleeper.send(draft)?;
    let accepted = sleeper.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;
    Ok((sleeper, accepted))
}

/// Leaves by DISCONNECT or without one, each every other time.
async fn leave(client: &mut Client, time: usize) -> Result<(), Stop> {
    if time.is_multiple_of(2) {
        client.drop_connection().await;
        return Ok(());
    }
    client.disconnect().await
}

async fn each_time(broker: &Subject) -> Outcome {
    let qos = level_in(broker.member());
    let mut publisher = broker.connect("publisher").await?;
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", qos).await?;
    publisher.publish("news", b"at first", qos).await?;
    let first = sleeper.receive(a_message("news", b"at first").qos(qos)).await?;
    if qos == ExactlyOnce {
        sleeper.receive(a_pubrel(first.id())).await?;
    }
    let begun = Instant::now();
    // A slow broker is asked as often as there is time for.
    for time in (1..TIMES).take_while(|_| begun.elapsed() < bounds::CASE / 3) {
        sleeper = once_more(broker, sleeper, &mut publisher, time).await?;
    }
    let mut sleeper = once_more(broker, sleeper, &mut publisher, TIMES).await?;

    publisher.publish("news", b"at last", qos).await?;
    sleeper.expect(a_message("news", b"at last")).decides(rule!(v311 "MQTT-3.1.2-4", v5 "MQTT-3.1.2-5")).await
}

/// Decides: the session is resumed, with what was published while its client was away, and with its subscription.
async fn once_more(broker: &Subject, mut sleeper: Client, publisher: &mut Client, time: usize) -> Result<Client, Stop> {
    let qos = level_in(broker.member());
    let (waiting, live) = (format!("waiting, {time}"), format!("live, {time}"));
    leave(&mut sleeper, time).await?;
    publisher.publish("news", &waiting, qos).await?;

    let (mut sleeper, accepted) = come_back(broker, connect().persistent()).await?;

    let present = sleeper.expect_right(&accepted, a_connack().session_present(true));
    let _ = present.decides(rule!(v311 "MQTT-3.2.2-2", v5 "MQTT-3.2.2-3")).await?;
    let _ = sleeper.expect(a_message("news", &waiting)).await?;
    publisher.publish("news", &live, qos).await?;
    let subscribed = rule!(v311 "MQTT-3.1.2-4", v5 "MQTT-3.1.2-5");
    let _ = sleeper.expect(a_message("news", &live)).decides(subscribed).await?;
    Ok(sleeper)
}

/// Set-up: `sleeper` has this subscription, sees that it works, and is in its session again for the second time.
async fn resumed_twice(broker: &Subject, draft: Draft) -> Result<(Client, Client), Stop> {
    let mut publisher = broker.connect("publisher").await?;
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    let id = sleeper.send(draft)?;
    let granted = [ReasonCode::SUCCESS, ReasonCode::GRANTED_QOS_1];
    sleeper.receive(a_suback(id).code(&granted)).await?;
    for payload in [b"at first", b"the next"] {
        publisher.publish("news", payload, AtLeastOnce).await?;
        sleeper.receive(with_payload(payload)).await?;
        sleeper.drop_connection().await;
        sleeper = back(broker, "sleeper", connect().persistent()).await?;
    }
    Ok((sleeper, publisher))
}

async fn options_stay(broker: &Subject) -> Outcome {
    let plain = SubscriptionOptions::at(AtLeastOnce);
    match broker.member() {
        "qos" => {
            let (mut sleeper, mut publisher) = resumed_twice(broker, subscribe("news", AtLeastOnce)).await?;
            publisher.publish("news", b"at QoS 2", ExactlyOnce).await?;
            let message = sleeper.receive(a_message("news", b"at QoS 2")).await?;
            sleeper.expect_right(&message, a_message("news", b"at QoS 2").qos_at_most(AtLeastOnce)).await
        }
        "no-local" => {
            let options = SubscriptionOptions { no_local: true, ..plain };
            let (mut sleeper, mut publisher) = resumed_twice(broker, subscribe("news", options)).await?;
            sleeper.publish("news", b"its own", AtLeastOnce).await?;
            sleeper.expect_no_message(b"its own").before_message(&mut publisher, "news").await
        }
        "retain-as-published" => {
            let options = SubscriptionOptions { retain_as_published: true, ..plain };
            let (mut sleeper, mut publisher) = resumed_twice(broker, subscribe("news", options)).await?;
            publisher.publish_draft(publish("news", b"retained").qos(AtLeastOnce).retain()).await?;
            let message = sleeper.receive(a_message("news", b"retained")).await?;
            sleeper.expect_right(&message, a_message("news", b"retained").retain(true)).await
        }
        _ => {
            let numbered = subscribe("news", AtLeastOnce).property(Property::SubscriptionIdentifier(7));
            let (mut sleeper, mut publisher) = resumed_twice(broker, numbered).await?;
            publisher.publish("news", b"numbered", AtLeastOnce).await?;
            let message = sleeper.receive(a_message("news", b"numbered")).await?;
            sleeper.expect_right(&message, a_message("news", b"numbered").identifiers(&[7])).await
        }
    }
}

async fn share_stays(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("$share/group/news", AtLeastOnce).await?;
    publisher.publish("news", b"before", AtLeastOnce).await?;
    sleeper.receive(a_message("news", b"before")).await?;

    let mut shown = None;
    for payload in [b"after the first", b"after the other"] {
        sleeper.disconnect().await?;
        sleeper = broker.resume("sleeper").await?;
        publisher.publish("news", payload, AtLeastOnce).await?;
        shown = Some(sleeper.expect(a_message("news", payload)).await?);
    }
    shown.ok_or(Stop::NotExercised("nothing was resumed".to_owned()))
}

async fn brings_no_retained(broker: &Subject) -> Outcome {
    let retain_handling = match broker.member() {
        "handling-1" => RetainHandling::SendIfNew,
        "handling-2" => RetainHandling::DoNotSend,
        _ => RetainHandling::Send,
    };
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish_draft(publish("news", b"retained").qos(AtLeastOnce).retain()).await?;
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    // At QoS 0, or what comes later might be the same message that is sent again.
    sleeper.subscribe_until("news", AtMostOnce, a_message("news", b"retained")).await?;
    let options = SubscriptionOptions { retain_handling, ..SubscriptionOptions::at(AtMostOnce) };
    if broker.version() == Version::V5 {
        sleeper.subscribe("news", options).await?;
    }
    sleeper.serves().await?;
    sleeper.drop_connection().await;

    let mut sleeper = back(broker, "sleeper", connect().persistent()).await?;

    if broker.version() == Version::V5 {
        return sleeper.expect_no_message(b"retained").before_message(&mut publisher, "news").await;
    }
    let message = publisher.publish_to(&mut sleeper, publish("news", b"behind"), a_message("news", b"behind")).await?;
    let again = a_message("news", b"retained");
    if sleeper.waits_for(&again) {
        let too_much = sleeper.receive(again.clone()).await?;
        return sleeper.expect_right(&too_much, again.retain(false)).await;
    }
    sleeper.expect_right(&message, a_message("news", b"behind").retain(false)).await
}

async fn subscribed_again(broker: &Subject) -> Outcome {
    let mut witness = broker.witness(["news"]).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish_draft(publish("news", b"retained").qos(AtLeastOnce).retain()).await?;
    witness.receive(with_payload(b"retained")).await?;
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", AtLeastOnce).await?;
    sleeper.receive(a_message("news", b"retained").qos(AtLeastOnce)).await?;
    sleeper.serves().await?;
    sleeper.disconnect().await?;
    let mut sleeper = back(broker, "sleeper", connect().persistent()).await?;

    sleeper.subscribe("news", AtLeastOnce).await?;

    let again = sleeper.expect(a_message("news", b"retained")).await?;
    sleeper
        .expect_right(&again, a_message("news", b"retained"))
        .decides(rule!(v311 "MQTT-3.8.4-3", v5 "MQTT-3.3.1-9"))
        .await
}

/// Set-up: `watcher` is subscribed to `news` at QoS 2, and is seen to get messages, with no exchange of QoS 2 so far.
async fn watcher_at_qos2(broker: &Subject) -> Result<Client, Stop> {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", ExactlyOnce).await?;
    broker.connect("witness").await?.publish("news", b"at QoS 1", AtLeastOnce).await?;
    watcher.receive(a_message("news", b"at QoS 1")).await?;
    Ok(watcher)
}

/// Set-up: `publisher` has sent a QoS 2 message, has its PUBREC, and is gone. Returns the packet identifier.
async fn left_at_pubrec(broker: &Subject, payload: &[u8]) -> Result<u16, Stop> {
    let mut publisher = broker.connect_as("publisher", connect().persistent()).await?;
    // There are brokers that keep no session for a client without subscriptions.
    publisher.subscribe("mail", AtLeastOnce).await?;
    let id = publisher.send(publish("news", payload).qos(ExactlyOnce))?;
    let taken = [ReasonCode::SUCCESS, ReasonCode::NO_MATCHING_SUBSCRIBERS];
    publisher.receive(a_pubrec(id).code(&taken)).await?;
    publisher.drop_connection().await;
    Ok(id)
}

async fn lone_pubrel(broker: &Subject) -> Outcome {
    let mut watcher = watcher_at_qos2(broker).await?;
    let id = left_at_pubrec(broker, b"half done").await?;

    let mut publisher = back(broker, "publisher", connect().persistent()).await?;
    publisher.send(pubrel(id))?;

    if broker.member() == "is-known" {
        let completed = publisher.receive(a_pubcomp(id)).await?;
        let unknown = ReasonCode::PACKET_IDENTIFIER_NOT_FOUND;
        let others: Vec<ReasonCode> = (0..=u8::MAX).map(ReasonCode).filter(|code| *code != unknown).collect();
        // It would say that the session has lost what it consists of.
        return publisher.expect_right(&completed, a_pubcomp(id).code(&others)).await;
    }
    let _ = publisher.expect(a_pubcomp(id)).await?;
    let delivered = rule!(v311 "MQTT-4.5.0-1", v5 "MQTT-4.5.0-1");
    let message = watcher.expect(a_message("news", b"half done")).decides(delivered).await?;
    watcher
        .expect_right(&message, a_message("news", b"half done").qos(ExactlyOnce))
        .decides(rule!(v311 "MQTT-3.8.4-6", v5 "MQTT-3.8.4-8"))
        .await
}

pub(super) async fn resent_on_third_connection(broker: &Subject) -> Outcome {
    let mut watcher = watcher_at_qos2(broker).await?;
    let id = left_at_pubrec(broker, b"once").await?;
    back(broker, "publisher", connect().persistent()).await?.drop_connection().await;

    let mut publisher = back(broker, "publisher", connect().persistent()).await?;
    publisher.send(publish("news", b"once").qos(ExactlyOnce).id(id).dup())?;
    let _ = publisher.expect(a_pubrec(id)).await?;
    publisher.send(pubrel(id))?;
    publisher.receive(a_pubcomp(id)).await?;

    watcher.receive(a_message("news", b"once")).await?;
    watcher.expect_no_message(b"once").before_message(&mut publisher, "news").await
}

pub(super) async fn old_before_queued(broker: &Subject) -> Outcome {
    let qos = level_in(broker.member());
    let mut publisher = broker.connect("publisher").await?;
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", qos).await?;
    sleeper.hold_acknowledgements();
    publisher.publish("news", b"one", qos).await?;
    sleeper.receive(a_message("news", b"one").qos(qos)).await?;
    sleeper.drop_connection().await;
    for payload in [b"two".as_slice(), b"three", b"last"] {
        publisher.publish("news", payload, qos).await?;
    }

    let mut sleeper = back(broker, "sleeper", connect().persistent()).await?;

    sleeper.receive(a_message("news", b"last")).await?;
    come_in_order(&mut sleeper, &[b"one".as_slice(), b"two", b"three"]).await
}
