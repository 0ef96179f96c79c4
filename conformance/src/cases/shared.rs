//! Shared subscriptions (5.0): one member of a group gets a message.

use super::prelude::*;
use crate::scenario::Client;
use mqtt_assay_codec::Packet;

pub(super) const CASES: &[Case] = &[
    case!(served: "A shared subscription is granted and delivers, unless CONNACK said that there are none",
        v5: proves ["U5-111"],
        caught: [Fault::RefusesShares],
        needs: &["shared-subscriptions"]),
    case!(one_member_gets_it: "A message goes to one member of a shared subscription",
        v5: proves ["U5-205"],
        caught: [Fault::SharedToAll],
        needs: &["shared-subscriptions"]),
    case!(within_granted_qos: "A shared message is delivered within the QoS that its member was granted",
        v5: proves ["MQTT-4.8.2-3"],
        caught: [Fault::AboveGrantedQos],
        needs: &["shared-subscriptions"]),
    case!(brings_no_retained: "A new member of a shared subscription gets no retained messages",
        v5: proves ["U5-169"],
        caught: [Fault::RetainedToShared],
        needs: &["shared-subscriptions", "retain"]),
    case!(refused_goes_to_nobody_else: "A message that a member refuses goes to no other member",
        v5: proves ["MQTT-4.8.2-6"],
        caught: [Fault::SharedRefusedGoesOn],
        needs: &["shared-subscriptions"]),
    case!(ended_session_goes_to_nobody_else: "A half-done message of QoS 2 goes to no other member when its session ends",
        v5: proves ["MQTT-4.8.2-5"],
        caught: [Fault::SharedEndedGoesOn],
        needs: &["shared-subscriptions", "qos2"]),
    case!(completed_with_its_member: "A half-done message of QoS 2 is completed with its member after a reconnect",
        v5: proves ["MQTT-4.8.2-4", "MQTT-3.1.4-5"],
        caught: [Fault::NoRedeliveryQos2],
        needs: &["shared-subscriptions", "qos2"]),
    case!(own_identifier: "A shared message bears the identifier of the member that gets it and of no other",
        v5: proves ["U5-139"],
        caught: [Fault::SharedIdentifiersMixed],
        needs: &["shared-subscriptions", "subscription-identifiers"]),
    case!(repeated_counts_once: "A member that subscribed twice leaves with one UNSUBSCRIBE",
        v5: proves ["U5-206"],
        caught: [Fault::SharedCountsTwice],
        needs: &["shared-subscriptions"]),
    case!(others_stay: "When one member unsubscribes, the others stay",
        v5: proves ["U5-177"],
        caught: [Fault::UnsubscribeEndsGroup],
        needs: &["shared-subscriptions"]),
];

const SHARED: &str = "$share/group/news";

/// Two clients in one shared subscription at this QoS, who have an ordinary one to `fence` too.
async fn two_members(broker: &Subject, qos: QoS) -> Result<[Client; 2], Stop> {
    let mut members = [broker.connect("first").await?, broker.connect("second").await?];
    for member in &mut members {
        member.subscribe(SHARED, qos).await?;
        member.subscribe("fence", AtMostOnce).await?;
    }
    Ok(members)
}

/// Publishes a message, and tells the member who got it from the other one.
async fn publish_shared(broker: &Subject, members: [Client; 2], qos: QoS) -> Result<(Client, Client, Client), Stop> {
    let [mut first, mut second] = members;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"shared", qos).await?;
    for member in [&mut first, &mut second] {
        let behind = publish("fence", b"behind").qos(AtLeastOnce);
        publisher.publish_to(member, behind, a_message("fence", b"behind")).await?;
    }
    let got_it = first.waits_for(&a_message("news", b"shared"));
    let (holder, other) = if got_it { (first, second) } else { (second, first) };
    Ok((holder, other, publisher))
}

/// Like [`publish_shared`], where the member leaves the message unacknowledged, and nobody else has got it so far.
async fn publish_half_done(broker: &Subject, members: [Client; 2], qos: QoS) -> Result<(Client, Client, Client), Stop> {
    members.iter().for_each(Client::hold_acknowledgements);
    let (holder, other, publisher) = publish_shared(broker, members, qos).await?;
    if other.waits_for(&a_message("news", b"shared")) {
        return Err(Stop::Inconclusive { why: "both members got the message".to_owned(), line: None });
    }
    Ok((holder, other, publisher))
}

async fn served(broker: &Subject) -> Outcome {
    let mut member = broker.connect("member").await?;
    member.subscribe_tried("control", "control", AtLeastOnce).await?;

    member.send(subscribe(SHARED, AtLeastOnce))?;
    let _ = member.expect(any(PacketType::Suback)).await?;

    broker.connect("publisher").await?.publish("news", b"shared", AtLeastOnce).await?;
    member.expect(a_message("news", b"shared")).await
}

async fn one_member_gets_it(broker: &Subject) -> Outcome {
    let members = two_members(broker, AtLeastOnce).await?;

    let (mut holder, mut other, mut publisher) = publish_shared(broker, members, AtLeastOnce).await?;

    holder.receive(a_message("news", b"shared")).await?;
    other.expect_no_message(b"shared").before_message(&mut publisher, "fence").await
}

async fn within_granted_qos(broker: &Subject) -> Outcome {
    let mut member = broker.connect("member").await?;
    member.subscribe(SHARED, AtMostOnce).await?;

    let mut publisher = broker.connect("publisher").await?;
    let shared = publish("news", b"shared").qos(AtLeastOnce).property(Property::ContentType("text/plain"));
    let message = publisher.publish_to(&mut member, shared, a_message("news", b"shared")).await?;

    member.expect_right(&message, a_message("news", b"shared").qos(AtMostOnce)).await
}

async fn brings_no_retained(broker: &Subject) -> Outcome {
    let mut witness = broker.witness(["news"]).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish_draft(publish("news", b"retained").qos(AtLeastOnce).retain()).await?;
    witness.receive(with_payload(b"retained")).await?;
    let mut ordinary = broker.connect("ordinary").await?;
    ordinary.subscribe("news", AtLeastOnce).await?;
    ordinary.receive(a_message("news", b"retained")).await?;

    let mut member = broker.connect("member").await?;
    member.subscribe(SHARED, AtLeastOnce).await?;

    member.expect_no_message(b"retained").before_message(&mut publisher, "news").await
}

async fn refused_goes_to_nobody_else(broker: &Subject) -> Outcome {
    let members = two_members(broker, AtLeastOnce).await?;
    let (mut holder, mut other, mut publisher) = publish_half_done(broker, members, AtLeastOnce).await?;
    let message = holder.receive(a_message("news", b"shared").qos(AtLeastOnce)).await?;

    holder.send(puback(message.id()).reason(ReasonCode::UNSPECIFIED_ERROR))?;
    holder.serves().await?;

    other.expect_no_message(b"shared").before_message(&mut publisher, "fence").await
}

async fn ended_session_goes_to_nobody_else(broker: &Subject) -> Outcome {
    let members = two_members(broker, ExactlyOnce).await?;
    let (mut holder, mut other, mut publisher) = publish_half_done(broker, members, ExactlyOnce).await?;
    holder.receive(a_message("news", b"shared").qos(ExactlyOnce)).await?;

    holder.session_ends()?;
    holder.disconnect().await?;

    other.expect_no_message(b"shared").before_message(&mut publisher, "fence").await
}

async fn completed_with_its_member(broker: &Subject) -> Outcome {
    let mut member = broker.connect_as("member", connect().persistent()).await?;
    member.hold_acknowledgements();
    member.subscribe(SHARED, ExactlyOnce).await?;
    broker.connect("publisher").await?.publish("news", b"shared", ExactlyOnce).await?;
    member.receive(a_message("news", b"shared").qos(ExactlyOnce)).await?;

    member.drop_connection().await;
    let mut member = broker.open("member").await?;
    member.send(connect().persistent())?;
    // A broker was seen to break down over the loss of a member.
    let answer = member.expect(a_connack()).decides(rule!(v5 "MQTT-3.1.4-5")).await?;
    if !matches!(answer.packet(), Some(Packet::Connack(connack)) if connack.session_present) {
        return Err(Stop::Inconclusive { why: "the member's session was not resumed".to_owned(), line: None });
    }

    member.expect(a_message("news", b"shared")).await
}

async fn own_identifier(broker: &Subject) -> Outcome {
    let mut members = [broker.connect("first").await?, broker.connect("second").await?];
    for (member, identifier) in members.iter_mut().zip(1..) {
        let numbered = subscribe(SHARED, AtLeastOnce).property(Property::SubscriptionIdentifier(identifier));
        let id = member.send(numbered)?;
        member.receive(a_suback(id).code(&[ReasonCode::SUCCESS, ReasonCode::GRANTED_QOS_1])).await?;
        member.subscribe("fence", AtMostOnce).await?;
        // That messages bear identifiers at all is another rule's.
        let alone = subscribe("alone", AtLeastOnce).property(Property::SubscriptionIdentifier(identifier));
        let id = member.send(alone)?;
        member.receive(a_suback(id).code(&[ReasonCode::SUCCESS, ReasonCode::GRANTED_QOS_1])).await?;
        let payload = format!("for the {}", member.role());
        member.publish("alone", &payload, AtLeastOnce).await?;
        member.receive(a_message("alone", &payload).identifiers(&[identifier])).await?;
        member.unsubscribe("alone").await?;
    }
    let [first, second] = members;

    let (mut holder, ..) = publish_shared(broker, [first, second], AtLeastOnce).await?;

    let own = if holder.role() == "first" { 1 } else { 2 };
    let message = holder.receive(a_message("news", b"shared")).await?;
    holder.expect_right(&message, a_message("news", b"shared").identifiers(&[own])).await
}

async fn repeated_counts_once(broker: &Subject) -> Outcome {
    let mut member = broker.connect("member").await?;
    member.subscribe("fence", AtLeastOnce).await?;
    member.subscribe(SHARED, AtLeastOnce).await?;
    member.subscribe(SHARED, AtLeastOnce).await?;

    let id = member.send(unsubscribe([SHARED]))?;
    member.receive(an_unsuback(id)).await?;

    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"too late", AtLeastOnce).await?;
    member.expect_no_message(b"too late").before_message(&mut publisher, "fence").await
}

async fn others_stay(broker: &Subject) -> Outcome {
    let mut staying = broker.connect("staying").await?;
    staying.subscribe_tried(SHARED, "news", AtLeastOnce).await?;
    let mut leaving = broker.connect("leaving").await?;
    leaving.subscribe(SHARED, AtLeastOnce).await?;

    let id = leaving.send(unsubscribe([SHARED]))?;
    leaving.receive(an_unsuback(id)).await?;

    broker.connect("publisher").await?.publish("news", b"to who stays", AtLeastOnce).await?;
    staying.expect(a_message("news", b"to who stays")).await
}
