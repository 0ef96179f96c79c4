//! Wills: published when a connection is lost, and only then.

use super::prelude::*;
use crate::scenario::{Client, Received, StepRules};
use mqtt_assay_standard::bounds;
use tokio::time::Instant;

pub(super) const CASES: &[Case] = &[
    case!(published_on_loss["reset"]: "The will is published when the connection is reset",
        v311: proves ["MQTT-3.1.2-8"],
        v5: proves ["MQTT-3.1.2-8"],
        caught: [Fault::WillNotSent],
        needs: &["will"]),
    case!(published_on_loss["close"]: "The will is published when the client closes the connection without a DISCONNECT",
        v311: proves ["MQTT-3.1.2-8"],
        v5: proves ["MQTT-3.1.2-7"],
        caught: [Fault::WillNotSent],
        needs: &["will"]),
    case!(published_on_error["second-connect"]: "The will is published when the broker closes for a second CONNECT",
        v311: proves ["MQTT-3.1.2-8"],
        v5: proves ["MQTT-3.1.2-8"],
        caught: [Fault::NoWillOnError, Fault::WillNotSent],
        needs: &["will"]),
    case!(published_on_error["malformed"]: "The will is published when the broker closes for a malformed packet",
        v311: proves ["MQTT-3.1.2-8"],
        v5: proves ["MQTT-3.1.2-8"],
        caught: [Fault::NoWillOnError, Fault::WillNotSent],
        needs: &["will"]),
    case!(published_on_takeover: "The will is published when another connection takes the client identifier over",
        v311: proves ["MQTT-3.1.2-8"],
        v5: proves ["U5-079"],
        caught: [Fault::NoWillOnTakeover, Fault::WillNotSent],
        needs: &["will"]),
    case!(published_on_disconnect_code["with-will"]: "The will is published after DISCONNECT 0x04",
        v5: proves ["U5-180"],
        caught: [Fault::NoWillOnDisconnectCode, Fault::WillNotSent],
        needs: &["will"]),
    case!(published_on_disconnect_code["error"]: "The will is published after a DISCONNECT with an error code",
        v5: proves ["U5-180"],
        caught: [Fault::NoWillOnDisconnectCode, Fault::WillNotSent],
        needs: &["will"]),
    case!(discarded_on_disconnect: "After a DISCONNECT the will is not published",
        v311: proves ["MQTT-3.14.4-3"],
        v5: proves ["MQTT-3.14.4-3"],
        caught: [Fault::WillAfterDisconnect],
        needs: &["will"]),
    case!(gone_after_disconnect: "A will that a DISCONNECT has discarded does not come out when a later connection is lost",
        v311: proves ["MQTT-3.1.2-10"],
        v5: proves ["MQTT-3.1.2-10"],
        caught: [Fault::WillAfterDisconnect],
        needs: &["will"]),
    case!(published_once: "A will is published once, and not again when a later connection without a will is lost",
        v311: proves ["MQTT-3.1.2-10", "MQTT-3.1.2-12"],
        v5: proves ["MQTT-3.1.2-10"],
        caught: [Fault::WillTwice, Fault::WillStays],
        needs: &["will"]),
    case!(qos_of_will["0"]: "A will of QoS 0 is published with QoS 0",
        v311: proves ["MQTT-3.1.2-9"],
        v5: proves ["MQTT-3.8.4-8"],
        caught: [Fault::DeliversAtOtherQos],
        needs: &["will"]),
    case!(qos_of_will["1"]: "A will of QoS 1 is published with QoS 1",
        v311: proves ["MQTT-3.1.2-9", "MQTT-3.1.2-8"],
        v5: proves ["MQTT-3.8.4-8", "MQTT-3.1.2-8"],
        caught: [Fault::WillQosLost],
        needs: &["will"]),
    case!(qos_of_will["2"]: "A will of QoS 2 is published with QoS 2",
        v311: proves ["MQTT-3.1.2-9", "MQTT-3.1.2-8"],
        v5: proves ["MQTT-3.8.4-8", "MQTT-3.1.2-8"],
        caught: [Fault::WillQosLost, Fault::LosesUnusualWills],
        needs: &["will", "qos2"]),
    case!(will_is_retained: "A will with Will Retain 1 is the retained message of its topic once it is published",
        v311: proves ["MQTT-3.1.2-17", "MQTT-3.1.2-8"],
        v5: proves ["MQTT-3.1.2-15", "MQTT-3.1.2-8"],
        caught: [Fault::WillNotRetained, Fault::LosesUnusualWills],
        needs: &["will", "retain"]),
    case!(will_is_retained["long"]: "A will of 300 bytes with Will Retain 1 is the retained message of its topic once it is published",
        v311: proves ["MQTT-3.1.2-17", "MQTT-3.1.2-8"],
        v5: proves ["MQTT-3.1.2-15", "MQTT-3.1.2-8"],
        caught: [Fault::WillNotRetained, Fault::LosesUnusualWills],
        needs: &["will", "retain"]),
    case!(will_is_not_retained: "A will with Will Retain 0 is not retained",
        v311: proves ["MQTT-3.1.2-16"],
        v5: proves ["MQTT-3.1.2-14"],
        caught: [Fault::WillAlwaysRetained],
        needs: &["will"]),
    case!(will_is_not_retained["long"]: "A will of 300 bytes with Will Retain 0 is not retained",
        v311: proves ["MQTT-3.1.2-16"],
        v5: proves ["MQTT-3.1.2-14"],
        caught: [Fault::WillAlwaysRetained],
        needs: &["will"]),
    case!(not_before_its_delay: "The will is not published before its delay is over",
        v5: proves ["MQTT-3.1.2-8"],
        caught: [Fault::WillDelayIgnored],
        needs: &["will"], waits: 1),
    case!(not_after_its_session["at-once"]: "A will with a delay is published at once where the session ends with the connection",
        v5: proves ["MQTT-3.1.2-8"],
        caught: [Fault::WillOutlivesSession],
        needs: &["will"]),
    case!(not_after_its_session["after-expiry"]: "A will with a long delay is published when its session ends",
        v5: proves ["MQTT-3.1.2-8"],
        caught: [Fault::WillOutlivesSession],
        needs: &["will"], waits: 1),
    case!(cancelled_by_return: "A will is not published where its client is back in its session before the delay is over",
        v5: proves ["MQTT-3.1.3-9"],
        caught: [Fault::WillNotCancelled],
        needs: &["will"], waits: 6),
    case!(user_properties_of_will: "A will is published with its user properties in their order",
        v5: proves ["MQTT-3.1.3-10", "MQTT-3.1.2-8"],
        caught: [Fault::WillPropertiesReordered, Fault::UserPropertiesDropped, Fault::LosesUnusualWills],
        needs: &["will"]),
    case!(expiry_of_will: "A will is published with its message expiry interval",
        v5: proves ["U5-072", "MQTT-3.1.2-8"],
        caught: [Fault::WillExpiryMissing, Fault::LosesUnusualWills],
        needs: &["will"]),
    case!(format_of_will: "A will that says it is text and isn't may be refused",
        v5: proves ["U5-070"],
        caught: [],
        needs: &["will"]),
    case!(empty_will: "A will without a payload is published like any other",
        v311: proves ["MQTT-3.1.2-8"],
        v5: proves ["MQTT-3.1.2-8"],
        caught: [Fault::LosesEmpty, Fault::WillNotSent],
        needs: &["will"]),
];

/// A client that has seen that messages on `status` reach it.
async fn watcher_of_status(broker: &Subject, qos: QoS) -> Result<Client, Stop> {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("status", "status", qos).await?;
    Ok(watcher)
}

/// Like [`watcher_of_status`], after it has seen a will that has nothing special to it. Whose special one then does not come
/// is a broker that loses it.
async fn watcher_of_wills(broker: &Subject, qos: QoS) -> Result<Client, Stop> {
    let mut watcher = watcher_of_status(broker, qos).await?;
    let plain = connect().will(will("status", b"plain").qos(AtLeastOnce));
    broker.connect_as("plain", plain).await?.drop_connection().await;
    watcher.receive(a_message("status", b"plain")).await?;
    Ok(watcher)
}

/// The rule that a will is published at all.
const PUBLISHED: StepRules = rule!(v311 "MQTT-3.1.2-8", v5 "MQTT-3.1.2-8");

/// A client with this will, in a session that is seen to outlive its connection.
async fn lasting_mortal_with(broker: &Subject, role: &'static str, will: WillDraft) -> Result<Client, Stop> {
    broker.connect_as(role, connect().persistent()).await?.disconnect().await?;
    let mut mortal = broker.open(role).await?;
    mortal.send(connect().persistent().will(will))?;
    mortal.receive(a_connack().session_present(true)).await?;
    Ok(mortal)
}

/// A connected client with this will.
async fn mortal_with(broker: &Subject, will: WillDraft) -> Result<Client, Stop> {
    broker.connect_as("mortal", connect().will(will)).await
}

/// A will of this QoS that has come. One of QoS 0 may be lost: then another client goes, with a will that can be told apart.
async fn seen_will(broker: &Subject, watcher: &mut Client, qos: QoS) -> Result<Received, Stop> {
    let deadline = Instant::now() + watcher.context().patient(bounds::SET_UP);
    let mut wills = Vec::new();
    loop {
        let payload = format!("gone {}", wills.len() + 1);
        mortal_with(broker, will("status", &payload).qos(qos)).await?.drop_connection().await;
        wills.push(a_message("status", &payload));
        let until = if qos == AtMostOnce { watcher.until_next_trial(deadline) } else { deadline };
        match watcher.receive_one_of(&wills, until).await {
            Err(Stop::Inconclusive { line: None, .. }) if Instant::now() < deadline => {}
            received => return received,
        }
    }
}

async fn published_on_loss(broker: &Subject) -> Outcome {
    let mut watcher = watcher_of_status(broker, AtLeastOnce).await?;
    let mut mortal = mortal_with(broker, will("status", b"gone").qos(AtLeastOnce)).await?;

    match broker.member() {
        "reset" => mortal.reset_connection(),
        _ => mortal.drop_connection().await,
    }

    watcher.expect(a_message("status", b"gone")).await
}

async fn published_on_error(broker: &Subject) -> Outcome {
    let offence = match broker.member() {
        "second-connect" => connect(),
        _ => subscribe("status", AtMostOnce).with("flags.reserved.1"),
    };
    let mut watcher = watcher_of_status(broker, AtLeastOnce).await?;
    let mut rogue = broker.connect_as("rogue", connect().will(will("status", b"gone").qos(AtLeastOnce))).await?;

    rogue.send(offence)?;
    rogue.ended().await?;

    watcher.serves().await?;
    watcher.expect(a_message("status", b"gone")).await
}

async fn published_on_takeover(broker: &Subject) -> Outcome {
    let mut watcher = watcher_of_status(broker, AtLeastOnce).await?;
    let mut mortal = mortal_with(broker, will("status", b"gone").qos(AtLeastOnce)).await?;

    broker.connect("mortal").await?;
    mortal.ended().await?;

    watcher.expect(a_message("status", b"gone")).await
}

async fn published_on_disconnect_code(broker: &Subject) -> Outcome {
    let code = match broker.member() {
        "with-will" => ReasonCode::DISCONNECT_WITH_WILL_MESSAGE,
        _ => ReasonCode::UNSPECIFIED_ERROR,
    };
    let mut watcher = watcher_of_status(broker, AtLeastOnce).await?;
    let mut mortal = mortal_with(broker, will("status", b"gone").qos(AtLeastOnce)).await?;

    mortal.disconnect_with(disconnect().reason(code)).await?;

    watcher.expect(a_message("status", b"gone")).await
}

async fn discarded_on_disconnect(broker: &Subject) -> Outcome {
    let mut watcher = watcher_of_status(broker, AtLeastOnce).await?;
    let mut polite = broker.connect_as("polite", connect().will(will("status", b"gone").qos(AtLeastOnce))).await?;

    polite.disconnect().await?;

    let mut publisher = broker.connect("publisher").await?;
    watcher.expect_no_message(b"gone").before_message(&mut publisher, "status").await
}

async fn gone_after_disconnect(broker: &Subject) -> Outcome {
    let mut watcher = watcher_of_status(broker, AtLeastOnce).await?;
    mortal_with(broker, will("status", b"gone").qos(AtLeastOnce)).await?.disconnect().await?;

    broker.connect("mortal").await?.drop_connection().await;

    let mut publisher = broker.connect("publisher").await?;
    watcher.expect_no_message(b"gone").before_message(&mut publisher, "status").await
}

async fn published_once(broker: &Subject) -> Outcome {
    // QoS 0: at QoS 1 a second copy may be a repetition of the first.
    let mut watcher = watcher_of_status(broker, AtMostOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    let gone = seen_will(broker, &mut watcher, AtMostOnce).await?;

    let _ = watcher.expect_no_message(gone.payload()).before_message(&mut publisher, "status").await?;
    broker.connect("mortal").await?.drop_connection().await;

    let again = watcher.expect_no_message(gone.payload()).before_message(&mut publisher, "status");
    again.decides(rule!(v311 "MQTT-3.1.2-12", v5 "MQTT-3.1.2-10")).await
}

async fn qos_of_will(broker: &Subject) -> Outcome {
    let qos = match broker.member() {
        "0" => AtMostOnce,
        "1" => AtLeastOnce,
        _ => ExactlyOnce,
    };
    let mut watcher = watcher_of_wills(broker, qos.max(AtLeastOnce)).await?;

    // 5.0 has no statement of its own about the QoS of a will: it is the QoS at which the will is published (3.1.2.6).
    if qos == AtMostOnce {
        // It may be lost on the way.
        let status = seen_will(broker, &mut watcher, qos).await?;
        return watcher.expect_right(&status, a_message("status", status.payload()).qos(qos)).await;
    }
    mortal_with(broker, will("status", b"gone").qos(qos)).await?.reset_connection();

    let status = watcher.expect(a_message("status", b"gone")).decides(PUBLISHED).await?;
    watcher.expect_right(&status, a_message("status", b"gone").qos(qos)).await
}

/// The payload of a will: of 300 bytes where the member says so.
fn gone(broker: &Subject) -> Vec<u8> {
    if broker.member() == "long" { format!("{:.<300}", "gone").into_bytes() } else { b"gone".to_vec() }
}

async fn will_is_retained(broker: &Subject) -> Outcome {
    let gone = gone(broker);
    let mut watcher = watcher_of_wills(broker, AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish_draft(publish("control", b"retained").qos(AtLeastOnce).retain()).await?;
    // A session that stays, so that the end of a session has no part in this.
    let retained = will("status", &gone).qos(AtLeastOnce).retain();
    let mortal = broker.connect_as("mortal", connect().persistent().will(retained)).await?;

    mortal.reset_connection();

    let _ = watcher.expect(a_message("status", &gone)).decides(PUBLISHED).await?;
    let mut late = broker.connect("late").await?;
    late.subscribe("control", AtLeastOnce).await?;
    late.receive(a_message("control", b"retained")).await?;
    late.subscribe("status", AtLeastOnce).await?;
    late.expect(a_message("status", &gone)).await
}

async fn will_is_not_retained(broker: &Subject) -> Outcome {
    let gone = gone(broker);
    let mut watcher = watcher_of_status(broker, AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    let mortal = mortal_with(broker, will("status", &gone).qos(AtLeastOnce)).await?;

    mortal.reset_connection();

    watcher.receive(a_message("status", &gone)).await?;
    let mut late = broker.connect("late").await?;
    late.subscribe("status", AtLeastOnce).await?;
    late.expect_no_message(&gone).before_message(&mut publisher, "status").await
}

async fn not_before_its_delay(broker: &Subject) -> Outcome {
    let mut watcher = watcher_of_status(broker, AtLeastOnce).await?;
    let delayed = will("status", b"gone").qos(AtLeastOnce).property(Property::WillDelayInterval(1));
    let mortal = lasting_mortal_with(broker, "mortal", delayed).await?;

    mortal.reset_connection();

    watcher.expect(a_message("status", b"gone")).due_after(mortal.last_action(), Duration::from_secs(1)).await
}

async fn not_after_its_session(broker: &Subject) -> Outcome {
    let lasts = u32::from(broker.member() != "at-once");
    let mut watcher = watcher_of_status(broker, AtLeastOnce).await?;
    let delayed = will("status", b"gone").qos(AtLeastOnce).property(Property::WillDelayInterval(300));
    let session = connect().property(Property::SessionExpiryInterval(lasts));
    let mortal = broker.connect_as("mortal", session.will(delayed)).await?;
    let stated = mortal.session_lasts(lasts);
    if stated > lasts {
        return Err(Stop::NotExercised(format!("CONNACK: Session Expiry Interval {stated}, longer than was asked")));
    }

    mortal.reset_connection();
    broker.wait(Duration::from_secs(u64::from(lasts))).await;

    watcher.expect(a_message("status", b"gone")).await
}

async fn cancelled_by_return(broker: &Subject) -> Outcome {
    let delayed = |text| will("status", text).qos(AtLeastOnce).property(Property::WillDelayInterval(6));
    let mut watcher = watcher_of_status(broker, AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    let mut mortal = lasting_mortal_with(broker, "mortal", delayed("gone")).await?;
    let mut lost = lasting_mortal_with(broker, "lost", delayed("later")).await?;

    mortal.drop_connection().await;
    broker.connect_as("mortal", connect().persistent()).await?;
    if mortal.last_action().elapsed() >= Duration::from_secs(6) {
        return Err(Stop::Inconclusive { why: "the client was back too late".to_owned(), line: None });
    }

    // The will of a client that went later and stays away shows that the time is over.
    lost.drop_connection().await;
    watcher.receive(a_message("status", b"later")).await?;
    watcher.expect_no_message(b"gone").before_message(&mut publisher, "status").await
}

async fn user_properties_of_will(broker: &Subject) -> Outcome {
    let pairs = [("name", "one"), ("other", "two"), ("name", "three")];
    let described = pairs.iter().fold(will("status", b"gone").qos(AtLeastOnce), |will, (name, value)| {
        will.property(Property::UserProperty(name, value))
    });
    let mut watcher = watcher_of_wills(broker, AtLeastOnce).await?;
    let mortal = mortal_with(broker, described).await?;

    mortal.reset_connection();

    let status = watcher.expect(a_message("status", b"gone")).decides(PUBLISHED).await?;
    watcher.expect_right(&status, a_message("status", b"gone").in_order(&pairs)).await
}

async fn expiry_of_will(broker: &Subject) -> Outcome {
    let mut watcher = watcher_of_wills(broker, AtLeastOnce).await?;
    let passing = will("status", b"gone").qos(AtLeastOnce).property(Property::MessageExpiryInterval(600));
    let mortal = mortal_with(broker, passing).await?;

    let lost = Instant::now();
    mortal.reset_connection();

    let status = watcher.expect(a_message("status", b"gone")).decides(PUBLISHED).await?;
    // It counts from the publication of the will, which comes after the loss.
    let spent = lost.elapsed() + bounds::MARGIN;
    let least = 600 - u32::try_from(spent.as_millis().div_ceil(1000)).unwrap_or(600).min(600);
    let right = a_message("status", b"gone").expiry_at_most(600).expiry_at_least(least);
    watcher.expect_right(&status, right).await
}

async fn format_of_will(broker: &Subject) -> Outcome {
    let mut client = broker.open("client").await?;

    client.send(connect().will(will("status", b"\xff").property(Property::PayloadFormatIndicator(1))))?;

    let accepted = client.receive(a_connack().code(&[ReasonCode::SUCCESS])).await.is_ok();
    let seen = if accepted { "a will that is no text was accepted as text" } else { "it was refused" };
    Ok(broker.observe(rule!(v5 "U5-070"), seen))
}

async fn empty_will(broker: &Subject) -> Outcome {
    let mut watcher = watcher_of_status(broker, AtLeastOnce).await?;
    let mut mortal = mortal_with(broker, will("status", b"").qos(AtLeastOnce)).await?;

    mortal.drop_connection().await;

    watcher.expect(a_message("status", b"")).await
}
