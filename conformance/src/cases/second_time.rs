//! Subscriptions that are made again: replaced downwards, named twice, ended by one UNSUBSCRIBE, and beside a shared one.

use super::prelude::*;
use crate::scenario::Client;
use mqtt_assay_codec::SubscriptionOptions;

pub(super) const CASES: &[Case] = &[
    case!(replaced["lower-qos"]: "A subscription that is made again at a lower QoS delivers at the lower one",
        v311: proves ["MQTT-3.8.4-3"],
        v5: proves ["MQTT-3.8.4-3"],
        caught: [Fault::ReplacementKeepsOld, Fault::SubscribesTwice]),
    case!(replaced["no-local-off"]: "A subscription that is made again without No Local brings the client's own messages",
        v5: proves ["MQTT-3.8.4-3"],
        caught: [Fault::ReplacementKeepsOld]),
    case!(replaced["retain-as-published-off"]: "A subscription that is made again without Retain As Published delivers live messages with RETAIN 0",
        v5: proves ["MQTT-3.8.4-3"],
        caught: [Fault::ReplacementKeepsOld],
        needs: &["retain"]),
    case!(replaced["identifier-off"]: "A subscription that is made again without an identifier brings none",
        v5: proves ["U5-170"],
        caught: [Fault::StaleIdentifier, Fault::SubscribesTwice],
        needs: &["subscription-identifiers"]),
    case!(named_twice["codes"]: "A SUBSCRIBE that names a topic filter twice gets two codes",
        v311: proves ["MQTT-3.8.4-5"],
        v5: proves ["MQTT-3.8.4-6"],
        caught: [Fault::SubackTooFewCodes]),
    case!(named_twice["counts"]: "Of two options for one topic filter in one SUBSCRIBE the second ones count",
        v311: proves ["MQTT-3.8.4-3"],
        v5: proves ["MQTT-3.8.4-3"],
        caught: [Fault::ReplacementKeepsOld, Fault::SubscribesTwice]),
    case!(ended_at_once: "A subscription that was made three times is ended by one UNSUBSCRIBE",
        v311: proves ["MQTT-3.10.4-2"],
        v5: proves ["MQTT-3.10.4-2"],
        caught: [Fault::UnsubscribeIneffective]),
    case!(beside_shared["ordinary-ends"]: "A shared subscription goes on when the ordinary one to the same topics ends",
        v5: proves ["MQTT-3.10.4-1"],
        caught: [Fault::ShareLeavesTogether],
        needs: &["shared-subscriptions"]),
    case!(beside_shared["shared-ends"]: "An ordinary subscription goes on when the shared one to the same topics ends",
        v5: proves ["MQTT-3.10.4-1"],
        caught: [Fault::ShareLeavesTogether],
        needs: &["shared-subscriptions"]),
];

const PLAIN: SubscriptionOptions = SubscriptionOptions::at(AtLeastOnce);

/// Set-up: `watcher` has made this subscription, a message has come by it, and then `PLAIN` takes its place.
async fn replaced_by_plain(broker: &Subject, first: Draft) -> Result<(Client, Client), Stop> {
    let mut publisher = broker.connect("publisher").await?;
    let mut watcher = broker.connect("watcher").await?;
    let id = watcher.send(first)?;
    watcher.receive(a_suback(id).code(&[ReasonCode::SUCCESS, ReasonCode::GRANTED_QOS_1])).await?;
    publisher.publish("news", b"by the first", AtLeastOnce).await?;
    watcher.receive(a_message("news", b"by the first")).await?;
    watcher.subscribe("news", PLAIN).await?;
    Ok((watcher, publisher))
}

/// Set-up: by a subscription that never was another one a message comes as it should.
async fn controlled(
    watcher: &mut Client,
    publisher: &mut Client,
    message: Draft,
    pattern: Pattern,
) -> Result<(), Stop> {
    watcher.subscribe("control", PLAIN).await?;
    publisher.publish_draft(message.qos(AtLeastOnce)).await?;
    watcher.receive(pattern).await.map(drop)
}

async fn replaced(broker: &Subject) -> Outcome {
    match broker.member() {
        "lower-qos" => lower_qos(broker).await,
        "no-local-off" => {
            let local = SubscriptionOptions { no_local: true, ..PLAIN };
            let (mut watcher, _) = replaced_by_plain(broker, subscribe("news", local)).await?;
            watcher.publish("news", b"its own", AtLeastOnce).await?;
            watcher.expect(a_message("news", b"its own")).await
        }
        "retain-as-published-off" => {
            let as_published = SubscriptionOptions { retain_as_published: true, ..PLAIN };
            let (mut watcher, mut publisher) = replaced_by_plain(broker, subscribe("news", as_published)).await?;
            let control = publish("control", b"control").retain();
            controlled(&mut watcher, &mut publisher, control, a_message("control", b"control").retain(false)).await?;
            publisher.publish_draft(publish("news", b"live").qos(AtLeastOnce).retain()).await?;
            let live = watcher.receive(a_message("news", b"live")).await?;
            watcher.expect_right(&live, a_message("news", b"live").retain(false)).await
        }
        _ => {
            let numbered = subscribe("news", PLAIN).property(Property::SubscriptionIdentifier(1));
            let (mut watcher, mut publisher) = replaced_by_plain(broker, numbered).await?;
            let control = a_message("control", b"control").identifiers(&[]);
            controlled(&mut watcher, &mut publisher, publish("control", b"control"), control).await?;
            publisher.publish("news", b"by the other", AtLeastOnce).await?;
            let message = watcher.receive(a_message("news", b"by the other")).await?;
            watcher.expect_right(&message, a_message("news", b"by the other").identifiers(&[])).await
        }
    }
}

/// Decides: what comes by a subscription for QoS 0 has QoS 0, even if the one before it was for QoS 1.
async fn comes_at_qos0(watcher: &mut Client, publisher: &mut Client) -> Outcome {
    // As it does by a subscription that never was another one.
    watcher.subscribe("control", AtMostOnce).await?;
    let control = publish("control", b"control").qos(AtLeastOnce);
    publisher.publish_to(watcher, control, a_message("control", b"control").qos(AtMostOnce)).await?;

    let message = publish("news", b"at QoS 0").qos(AtLeastOnce);
    let message = publisher.publish_to(watcher, message, a_message("news", b"at QoS 0")).await?;
    watcher.expect_right(&message, a_message("news", b"at QoS 0").qos(AtMostOnce)).await
}

async fn lower_qos(broker: &Subject) -> Outcome {
    let (mut watcher, mut publisher) = replaced_by_plain(broker, subscribe("news", PLAIN)).await?;

    watcher.subscribe("news", AtMostOnce).await?;

    comes_at_qos0(&mut watcher, &mut publisher).await
}

async fn named_twice(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;
    let mut watcher = broker.connect("watcher").await?;

    let id = watcher.send(subscribe("news", AtLeastOnce).and("news", AtMostOnce))?;

    let suback = watcher.receive(a_suback(id)).await?;
    if broker.member() == "codes" {
        return watcher.expect_right(&suback, a_suback(id).number_of_codes(2)).await;
    }
    comes_at_qos0(&mut watcher, &mut publisher).await
}

async fn ended_at_once(broker: &Subject) -> Outcome {
    let (mut watcher, mut publisher) = replaced_by_plain(broker, subscribe("news", PLAIN)).await?;
    watcher.subscribe("news", AtMostOnce).await?;
    watcher.subscribe("fence", AtLeastOnce).await?;

    watcher.unsubscribe("news").await?;

    publisher.publish("news", b"afterwards", AtLeastOnce).await?;
    watcher.expect_no_message(b"afterwards").before_message(&mut publisher, "fence").await
}

async fn beside_shared(broker: &Subject) -> Outcome {
    let (leaves, stays) = match broker.member() {
        "ordinary-ends" => ("news", "$share/group/news"),
        _ => ("$share/group/news", "news"),
    };
    let mut publisher = broker.connect("publisher").await?;
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe(stays, AtLeastOnce).await?;
    publisher.publish("news", b"by the one", AtLeastOnce).await?;
    watcher.receive(a_message("news", b"by the one")).await?;
    watcher.subscribe(leaves, AtLeastOnce).await?;

    watcher.unsubscribe(leaves).await?;

    publisher.publish("news", b"by the one that is left", AtLeastOnce).await?;
    watcher.expect(a_message("news", b"by the one that is left")).await
}
