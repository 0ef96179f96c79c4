//! Retained messages: stored, replaced, cleared, and told apart from live ones.

use super::prelude::*;
use crate::scenario::Client;
use mqtt_assay_codec::{Packet, RetainHandling, SubscriptionOptions};

pub(super) const CASES: &[Case] = &[
    case!(retained_for_new_subscriber: "A new subscriber gets the retained message, with RETAIN 1",
        v311: proves ["MQTT-3.3.1-6", "MQTT-3.3.1-8"],
        v5: proves ["U5-092", "U5-120"],
        caught: [Fault::RetainedNotStored, Fault::RetainFlagMissing],
        needs: &["retain"]),
    case!(stored_with_its_qos: "A retained message is stored together with its QoS",
        v311: proves ["MQTT-3.3.1-5"],
        v5: proves ["MQTT-3.3.1-5", "MQTT-3.8.4-8"],
        caught: [Fault::RetainedNotStored, Fault::RetainedQosLost],
        needs: &["retain"]),
    case!(replaced: "A retained message replaces the one before on its topic",
        v311: proves ["MQTT-3.3.1-6"],
        v5: proves ["MQTT-3.3.1-5"],
        caught: [Fault::RetainedNotReplaced, Fault::RetainedComesBack],
        needs: &["retain"]),
    case!(replaced_by_qos0: "A retained message of QoS 0 displaces the one before, whether or not it is kept itself",
        v311: proves ["MQTT-3.3.1-7"],
        v5: proves ["MQTT-3.3.1-5"],
        caught: [Fault::RetainedNotReplaced],
        needs: &["retain"]),
    case!(no_retain_flag_on_live: "A subscriber that is already there gets a retained message with RETAIN 0",
        v311: proves ["MQTT-3.3.1-9"],
        v5: proves ["MQTT-3.3.1-12"],
        caught: [Fault::RetainFlagOnLive],
        needs: &["retain"]),
    case!(empty_is_delivered: "An empty retained message goes to those who are subscribed, with RETAIN 0",
        v311: proves ["MQTT-3.3.1-10", "U3-10"],
        v5: proves ["MQTT-3.3.1-6", "MQTT-3.3.1-12"],
        caught: [Fault::EmptyNotForwarded, Fault::RetainFlagOnLive],
        needs: &["retain"]),
    case!(empty_payload_clears: "An empty retained message removes the one before",
        v311: proves ["MQTT-3.3.1-10"],
        v5: proves ["MQTT-3.3.1-6"],
        caught: [Fault::EmptyDoesNotClear],
        needs: &["retain"]),
    case!(empty_is_not_retained: "An empty retained message is not kept",
        v311: proves ["MQTT-3.3.1-11"],
        v5: proves ["MQTT-3.3.1-7"],
        caught: [Fault::EmptyRetained],
        needs: &["retain"]),
    case!(plain_is_not_retained: "A message with RETAIN 0 is not kept",
        v311: proves ["MQTT-3.3.1-12"],
        v5: proves ["MQTT-3.3.1-8"],
        caught: [Fault::PlainReplacesRetained]),
    case!(plain_leaves_retained: "A message with RETAIN 0 leaves the retained message of its topic alone",
        v311: proves ["MQTT-3.3.1-12"],
        v5: proves ["MQTT-3.3.1-8"],
        caught: [Fault::PlainReplacesRetained, Fault::PlainClearsRetained],
        needs: &["retain"]),
    case!(outlives_session: "A retained message stays when the session of its publisher ends",
        v311: proves ["MQTT-3.1.2-7"],
        v5: proves ["U5-200"],
        caught: [Fault::RetainedEndsWithSession],
        needs: &["retain"]),
    case!(sent_again: "A repeated SUBSCRIBE brings the retained message again",
        v311: proves ["MQTT-3.8.4-3", "MQTT-3.3.1-6"],
        v5: proves ["MQTT-3.3.1-9", "MQTT-3.8.4-4"],
        caught: [Fault::RetainedNotResent],
        needs: &["retain"]),
    case!(expires: "A retained message is gone when its expiry interval is over",
        v5: proves ["U5-119"],
        caught: [Fault::RetainedNeverExpires, Fault::MessageExpiryIgnored],
        needs: &["retain"], waits: 2),
    case!(as_published: "With Retain As Published a live message has the RETAIN flag of its publisher",
        v5: proves ["MQTT-3.3.1-13"],
        caught: [Fault::RetainAsPublishedIgnored],
        needs: &["retain"]),
    case!(handling_1: "Retain Handling 1 brings retained messages for a new subscription, and none for a repeated one",
        v5: proves ["MQTT-3.3.1-10"],
        caught: [Fault::RetainHandling1Always, Fault::RetainHandling1Never],
        needs: &["retain"]),
    case!(handling_2: "Retain Handling 2 brings no retained messages",
        v5: proves ["MQTT-3.3.1-11"],
        caught: [Fault::RetainHandling2Ignored],
        needs: &["retain"]),
    case!(retain_not_available: "A PUBLISH with RETAIN 1 is refused where CONNACK said Retain Available 0",
        v5: breaks ["MQTT-3.2.2-14", "U5-091"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::AcceptsRetainUnavailable],
        variant: Variant::NO_RETAIN),
    case!(empty_payload_clears["qos0"]: "An empty retained message of QoS 0 removes the one before",
        v311: proves ["MQTT-3.3.1-10"],
        v5: proves ["MQTT-3.3.1-6"],
        caught: [Fault::EmptyDoesNotClear],
        needs: &["retain"]),
    case!(empty_payload_clears["qos2"]: "An empty retained message of QoS 2 removes the one before",
        v311: proves ["MQTT-3.3.1-10"],
        v5: proves ["MQTT-3.3.1-6"],
        caught: [Fault::EmptyDoesNotClear],
        needs: &["qos2", "retain"]),
    case!(retained_for_wildcard: "A new subscriber gets the retained messages of all topics that its filter matches",
        v311: proves ["MQTT-3.3.1-6"],
        v5: proves ["MQTT-3.3.1-9"],
        caught: [Fault::RetainedNotStored],
        needs: &["retain", "wildcard"]),
    case!(clearing_leaves_others: "An empty retained message leaves the retained messages of other topics alone",
        v311: proves ["MQTT-3.3.1-6"],
        v5: proves ["MQTT-3.3.1-9"],
        caught: [Fault::EmptyClearsBelow],
        needs: &["retain"]),
    case!(within_granted_qos: "A retained message of QoS 1 comes to a subscription of QoS 0 at QoS 0",
        v311: proves ["MQTT-3.8.4-6"],
        v5: proves ["MQTT-3.8.4-8"],
        caught: [Fault::AboveGrantedQos],
        needs: &["retain"]),
    case!(retained_for_new_subscriber["long"]: "A new subscriber gets a retained message of 300 bytes, with RETAIN 1",
        v311: proves ["MQTT-3.3.1-6", "MQTT-3.3.1-8"],
        v5: proves ["U5-092", "U5-120"],
        caught: [Fault::RetainedNotStored, Fault::RetainFlagMissing],
        needs: &["retain"]),
    case!(replaced["long"]: "A retained message of 300 bytes replaces the one before on its topic",
        v311: proves ["MQTT-3.3.1-6"],
        v5: proves ["MQTT-3.3.1-5"],
        caught: [Fault::RetainedNotReplaced, Fault::RetainedComesBack],
        needs: &["retain"]),
    case!(plain_leaves_retained["long"]: "A message of 300 bytes with RETAIN 0 leaves the retained message of its topic alone",
        v311: proves ["MQTT-3.3.1-12"],
        v5: proves ["MQTT-3.3.1-8"],
        caught: [Fault::PlainReplacesRetained, Fault::PlainClearsRetained],
        needs: &["retain"]),
];

/// The payload that a case is about: of 300 bytes where its member says so.
fn payload_of(broker: &Subject, text: &str) -> Vec<u8> {
    if broker.member() == "long" { format!("{text:.<300}").into_bytes() } else { text.into() }
}

/// A publisher, and a witness subscribed to the topic `state`. What the witness gets live the broker has dealt with: an
/// acknowledgement alone says only that it has taken the message over.
async fn with_witness(broker: &Subject) -> Result<(Client, Client), Stop> {
    let mut witness = broker.connect("witness").await?;
    witness.subscribe("state", AtLeastOnce).await?;
    Ok((broker.connect("publisher").await?, witness))
}

/// Publishes to `state`, and waits until the witness has it.
async fn publish_seen(publisher: &mut Client, witness: &mut Client, draft: Draft, payload: &[u8]) -> Result<(), Stop> {
    publisher.publish_to(witness, draft, a_message("state", payload)).await.map(drop)
}

/// Like [`with_witness`], after the publisher has left a message of QoS 1 on `state`, and a new subscriber got it there.
async fn with_retained(broker: &Subject, payload: &[u8]) -> Result<(Client, Client), Stop> {
    let (mut publisher, mut witness) = with_witness(broker).await?;
    publish_seen(&mut publisher, &mut witness, retained(payload), payload).await?;
    let mut early = broker.connect("early").await?;
    early.subscribe("state", AtLeastOnce).await?;
    early.receive(a_message("state", payload).retain(true)).await?;
    Ok((publisher, witness))
}

fn retained(payload: &[u8]) -> Draft {
    publish("state", payload).qos(AtLeastOnce).retain()
}

fn plain(payload: &[u8]) -> Draft {
    publish("state", payload).qos(AtLeastOnce)
}

async fn retained_for_new_subscriber(broker: &Subject) -> Outcome {
    let (mut publisher, mut witness) = with_witness(broker).await?;
    let on = payload_of(broker, "on");
    publish_seen(&mut publisher, &mut witness, retained(&on), &on).await?;

    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("control", "control", AtLeastOnce).await?;
    watcher.subscribe("state", AtLeastOnce).await?;

    let message = watcher.expect(a_message("state", &on)).await?;
    watcher
        .expect_right(&message, a_message("state", &on).retain(true))
        .decides(rule!(v311 "MQTT-3.3.1-8", v5 "U5-120"))
        .await
}

async fn stored_with_its_qos(broker: &Subject) -> Outcome {
    let (mut publisher, mut witness) = with_witness(broker).await?;
    publish_seen(&mut publisher, &mut witness, retained(b"on"), b"on").await?;

    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("control", "control", AtLeastOnce).await?;
    watcher.subscribe("state", AtLeastOnce).await?;

    let message =
        watcher.expect(a_message("state", b"on")).decides(rule!(v311 "MQTT-3.3.1-5", v5 "MQTT-3.3.1-5")).await?;
    let with_qos = rule!(v311 "MQTT-3.3.1-5", v5 "MQTT-3.8.4-8");
    match message.packet() {
        // A broker may have made a subscription of its own before, and its copy comes first.
        Some(Packet::Publish(copy)) if copy.qos == AtMostOnce => {
            watcher.expect(a_message("state", b"on").copy_at(AtLeastOnce)).decides(with_qos).await
        }
        _ => watcher.expect_right(&message, a_message("state", b"on").qos(AtLeastOnce)).decides(with_qos).await,
    }
}

async fn replaced(broker: &Subject) -> Outcome {
    let (mut publisher, mut witness) = with_retained(broker, b"old").await?;

    let new = payload_of(broker, "new");
    publish_seen(&mut publisher, &mut witness, retained(&new), &new).await?;

    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("state", AtLeastOnce).await?;
    let _ = watcher.expect(a_message("state", &new)).await?;
    // What was sent once may have been kept apart from what others get.
    let mut later = broker.connect("later").await?;
    later.subscribe("state", AtLeastOnce).await?;
    let _ = later.expect(a_message("state", &new)).await?;
    let _ = later.expect_no_message(b"old").before_message(&mut publisher, "state").await?;
    watcher.expect_no_message(b"old").before_message(&mut publisher, "state").await
}

async fn replaced_by_qos0(broker: &Subject) -> Outcome {
    let (mut publisher, mut witness) = with_retained(broker, b"old").await?;

    publish_seen(&mut publisher, &mut witness, publish("state", b"new").retain(), b"new").await?;

    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("state", AtLeastOnce).await?;
    watcher.expect_no_message(b"old").before_message(&mut publisher, "state").await
}

async fn no_retain_flag_on_live(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("state", AtLeastOnce).await?;

    let mut publisher = broker.connect("publisher").await?;
    publisher.publish_draft(publish("state", b"on").qos(AtLeastOnce).retain()).await?;

    let live = watcher.receive(a_message("state", b"on")).await?;
    watcher.expect_right(&live, a_message("state", b"on").retain(false)).await
}

async fn empty_is_delivered(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("state", "state", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish_draft(publish("state", b"").qos(AtLeastOnce).retain()).await?;

    let live = watcher.expect(a_message("state", b"")).await?;
    let unflagged = rule!(v311 "U3-10", v5 "MQTT-3.3.1-12");
    watcher.expect_right(&live, a_message("state", b"").retain(false)).decides(unflagged).await
}

async fn empty_payload_clears(broker: &Subject) -> Outcome {
    let qos = match broker.member() {
        "qos0" => AtMostOnce,
        "qos2" => ExactlyOnce,
        _ => AtLeastOnce,
    };
    let (mut publisher, mut witness) = with_retained(broker, b"on").await?;

    if qos == AtMostOnce {
        publish_seen(&mut publisher, &mut witness, retained(b"").qos(qos), b"").await?;
    } else {
        // It is handed on like any other: the witness has got the one before.
        publisher.publish_draft(retained(b"").qos(qos)).await?;
        let _ = witness.expect(a_message("state", b"")).await?;
    }

    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("state", AtLeastOnce).await?;
    watcher.expect_no_message(b"on").before_message(&mut publisher, "state").await
}

async fn empty_is_not_retained(broker: &Subject) -> Outcome {
    let (mut publisher, mut witness) = with_retained(broker, b"on").await?;

    publish_seen(&mut publisher, &mut witness, retained(b""), b"").await?;

    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("state", AtLeastOnce).await?;
    watcher.expect_no_message(b"").before_message(&mut publisher, "state").await
}

async fn plain_is_not_retained(broker: &Subject) -> Outcome {
    let (mut publisher, mut witness) = with_witness(broker).await?;

    publish_seen(&mut publisher, &mut witness, plain(b"passing"), b"passing").await?;

    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("state", AtLeastOnce).await?;
    watcher.expect_no_message(b"passing").before_message(&mut publisher, "state").await
}

async fn plain_leaves_retained(broker: &Subject) -> Outcome {
    let (mut publisher, mut witness) = with_retained(broker, b"kept").await?;

    let passing = payload_of(broker, "passing");
    publish_seen(&mut publisher, &mut witness, plain(&passing), &passing).await?;

    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("state", AtLeastOnce).await?;
    let _ = watcher.expect(a_message("state", b"kept")).await?;
    watcher.expect_no_message(&passing).before_message(&mut publisher, "state").await
}

async fn outlives_session(broker: &Subject) -> Outcome {
    let (mut publisher, _) = with_retained(broker, b"kept").await?;

    publisher.disconnect().await?;

    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("state", AtLeastOnce).await?;
    watcher.expect(a_message("state", b"kept")).await
}

async fn sent_again(broker: &Subject) -> Outcome {
    let _ = with_retained(broker, b"on").await?;
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("control", "control", AtLeastOnce).await?;
    // QoS 1, because a message of QoS 1 may come twice to a subscription of QoS 0, also to one of the broker's making.
    watcher.subscribe("state", AtLeastOnce).await?;
    let stored = rule!(v311 "MQTT-3.3.1-6", v5 "MQTT-3.3.1-9");
    let first = watcher.expect(a_message("state", b"on")).decides(stored).await?;
    if matches!(first.packet(), Some(Packet::Publish(copy)) if copy.qos == AtMostOnce) {
        watcher.receive(a_message("state", b"on").copy_at(AtLeastOnce)).await?;
    }

    watcher.subscribe("state", AtLeastOnce).await?;

    let again = watcher.expect(a_message("state", b"on").copy_at(AtLeastOnce)).await?;
    watcher.expect_right(&again, a_message("state", b"on")).decides(rule!(v311 "MQTT-3.8.4-3", v5 "MQTT-3.8.4-4")).await
}

async fn expires(broker: &Subject) -> Outcome {
    let (mut publisher, _) = with_retained(broker, b"for ever").await?;
    let short =
        publish("short", b"for a second").qos(AtLeastOnce).retain().property(Property::MessageExpiryInterval(1));
    publisher.publish_draft(short).await?;

    broker.wait(Duration::from_secs(2)).await;

    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("short", AtLeastOnce).await?;
    watcher.expect_no_message(b"for a second").before_message(&mut publisher, "short").await
}

async fn as_published(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    let options = SubscriptionOptions { retain_as_published: true, ..SubscriptionOptions::at(AtLeastOnce) };
    watcher.subscribe("state", options).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish_draft(publish("state", b"retained").qos(AtLeastOnce).retain()).await?;
    publisher.publish("state", b"plain", AtLeastOnce).await?;

    let message = watcher.receive(a_message("state", b"retained")).await?;
    let plain = watcher.receive(a_message("state", b"plain")).await?;
    let _ = watcher.expect_right(&message, a_message("state", b"retained").retain(true)).await?;
    watcher.expect_right(&plain, a_message("state", b"plain").retain(false)).await
}

async fn handling_1(broker: &Subject) -> Outcome {
    let (mut publisher, _) = with_retained(broker, b"on").await?;
    let options =
        SubscriptionOptions { retain_handling: RetainHandling::SendIfNew, ..SubscriptionOptions::at(AtLeastOnce) };
    let mut watcher = broker.connect("watcher").await?;

    watcher.subscribe("state", options).await?;
    let _ = watcher.expect(a_message("state", b"on")).await?;

    watcher.subscribe("state", options).await?;
    watcher.expect_no_message(b"on").before_message(&mut publisher, "state").await
}

async fn handling_2(broker: &Subject) -> Outcome {
    let (mut publisher, _) = with_retained(broker, b"on").await?;
    let options =
        SubscriptionOptions { retain_handling: RetainHandling::DoNotSend, ..SubscriptionOptions::at(AtLeastOnce) };

    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("state", options).await?;

    watcher.expect_no_message(b"on").before_message(&mut publisher, "state").await
}

async fn retain_not_available(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;

    rogue.send(publish("state", b"on").retain().although_excluded(Excluded::Retain))?;

    rogue.expect_refusal(&[ReasonCode::RETAIN_NOT_SUPPORTED]).await
}

/// A publisher that has left a message on `state` and one on `state/door`; its subscriber has got both live.
async fn with_two_retained(broker: &Subject) -> Result<(Client, Client), Stop> {
    let (mut publisher, mut witness) = with_witness(broker).await?;
    publish_seen(&mut publisher, &mut witness, retained(b"on"), b"on").await?;
    witness.subscribe("state/door", AtLeastOnce).await?;
    publisher.publish_draft(publish("state/door", b"open").qos(AtLeastOnce).retain()).await?;
    witness.receive(a_message("state/door", b"open")).await?;
    Ok((publisher, witness))
}

async fn retained_for_wildcard(broker: &Subject) -> Outcome {
    let (_publisher, _witness) = with_two_retained(broker).await?;

    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("state/+", AtLeastOnce).await?;

    watcher.expect(a_message("state/door", b"open")).await
}

async fn clearing_leaves_others(broker: &Subject) -> Outcome {
    let (mut publisher, mut witness) = with_two_retained(broker).await?;

    publish_seen(&mut publisher, &mut witness, retained(b""), b"").await?;

    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("state/door", AtLeastOnce).await?;
    watcher.expect(a_message("state/door", b"open")).await
}

async fn within_granted_qos(broker: &Subject) -> Outcome {
    let (_publisher, _witness) = with_retained(broker, b"on").await?;

    let mut watcher = broker.connect("watcher").await?;
    let message = watcher.subscribe_until("state", AtMostOnce, a_message("state", b"on")).await?;

    watcher.expect_right(&message, a_message("state", b"on").qos(AtMostOnce)).await
}
