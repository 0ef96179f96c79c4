//! Shared subscriptions on every way: with filters of each shape, at each QoS, for members that resume a session or are away,
//! from a will or a client of the other version; and who leaves one, or leaves a message of one undone.

use super::again::{back, back_holding, come_by};
use super::family::family;
use super::prelude::*;
use crate::scenario::{Client, Received};
use mqtt_assay_standard::bounds;

pub(super) const TO_ONE: &[Case] = family!(to_one: "A message goes to one member of a shared subscription", {
    v5: proves ["U5-205"],
    caught: [Fault::SharedToAll]
}, [
    "plus" ", with + in the filter" ["shared-subscriptions", "wildcard"],
    "hash" ", with # in the filter" ["shared-subscriptions", "wildcard"],
    "plus-and-hash" ", with + and # in the filter" ["shared-subscriptions", "wildcard"],
    "qos0" ", at QoS 0" ["shared-subscriptions"],
    "twelfth" ", after eleven other messages" ["shared-subscriptions"],
    "other-version" ", from a client of the other version" ["shared-subscriptions"],
    "queued" ", all of whom are away" ["shared-subscriptions"],
    "resumed" ", all of whom have resumed their session" ["shared-subscriptions"],
    "will" ", where it is a will" ["shared-subscriptions", "will"],
]);

pub(super) const OWN_IDENTIFIER: &[Case] = family!(own_identifier: "A shared message bears the identifier of the member that gets it and of no other", {
    v5: proves ["U5-139"],
    caught: [Fault::SharedIdentifiersMixed]
}, [
    "plus" ", with + in the filter" ["shared-subscriptions", "subscription-identifiers", "wildcard"],
    "hash" ", with # in the filter" ["shared-subscriptions", "subscription-identifiers", "wildcard"],
    "plus-and-hash" ", with + and # in the filter" ["shared-subscriptions", "subscription-identifiers", "wildcard"],
    "qos0" ", at QoS 0" ["shared-subscriptions", "subscription-identifiers"],
    "qos2" ", at QoS 2" ["shared-subscriptions", "subscription-identifiers", "qos2"],
    "other-version" ", from a client of the other version" ["shared-subscriptions", "subscription-identifiers"],
    "queued" ", where all are away" ["shared-subscriptions", "subscription-identifiers"],
    "resumed" ", where all have resumed their session" ["shared-subscriptions", "subscription-identifiers"],
    "will" ", where it is a will" ["shared-subscriptions", "subscription-identifiers", "will"],
]);

pub(super) const LEFT: &[Case] = family!(left: "Who leaves a shared subscription leaves it at once, alone, and no ordinary one with it", {
    v5: proves ["U5-206", "U5-177", "MQTT-3.10.4-1"],
    caught: [Fault::SharedCountsTwice, Fault::UnsubscribeEndsGroup, Fault::ShareLeavesTogether]
}, [
    "plus" ", with + in the filter" ["shared-subscriptions", "wildcard"],
    "hash" ", with # in the filter" ["shared-subscriptions", "wildcard"],
    "plus-and-hash" ", with + and # in the filter" ["shared-subscriptions", "wildcard"],
    "one-of-several" ", with another filter beside it" ["shared-subscriptions"],
    "resumed" ", on a connection that resumes a session" ["shared-subscriptions"],
]);

pub(super) const REFUSED: &[Case] = family!(refused: "A message that a member refuses goes to no other member", {
    v5: proves ["MQTT-4.8.2-6"],
    caught: [Fault::SharedRefusedGoesOn]
}, [
    "plus" ", with + in the filter" ["shared-subscriptions", "wildcard"],
    "hash" ", with # in the filter" ["shared-subscriptions", "wildcard"],
    "plus-and-hash" ", with + and # in the filter" ["shared-subscriptions", "wildcard"],
    "qos2" ", at QoS 2" ["shared-subscriptions", "qos2"],
    "queued" ", for whom it waited" ["shared-subscriptions"],
]);

pub(super) const HALF_DONE: &[Case] = family!(half_done: "A half-done message of QoS 2 goes to no other member when its session ends", {
    v5: proves ["MQTT-4.8.2-5"],
    caught: [Fault::SharedEndedGoesOn]
}, [
    "resumed" ", which was resumed before" ["shared-subscriptions", "qos2"],
    "taken-over-clean" ", which began by ending another" ["shared-subscriptions", "qos2"],
]);

/// A topic that every filter of [`filter_of`] matches.
const TOPIC: &str = "sport/tennis/score";

/// The topic filter that the member of the family speaks of.
fn filter_of(member: &str) -> &'static str {
    match member {
        "plus" => "sport/+/score",
        "hash" => "sport/#",
        "plus-and-hash" => "sport/+/#",
        _ => TOPIC,
    }
}

fn qos_of(member: &str) -> QoS {
    match member {
        "qos0" => AtMostOnce,
        "qos2" => ExactlyOnce,
        _ => AtLeastOnce,
    }
}

/// Set-up: this is granted.
async fn is_granted(client: &mut Client, draft: Draft) -> Result<(), Stop> {
    let count = draft.filters().len();
    let id = client.send(draft)?;
    let granted = [ReasonCode::SUCCESS, ReasonCode::GRANTED_QOS_1, ReasonCode::GRANTED_QOS_2];
    let suback = (0..count).fold(a_suback(id), |pattern, _| pattern.code(&granted));
    client.receive(suback).await.map(drop)
}

/// The roles of two members.
const ROLES: [&str; 2] = ["first", "second"];

/// Two members of one shared subscription at this QoS, and who publishes.
struct Group<'a> {
    broker: &'a Subject,
    members: [Client; 2],
    publisher: Client,
    qos: QoS,
}

/// Who got a message, who didn't, and the message.
struct Delivered {
    holder: Client,
    other: Client,
    publisher: Client,
    message: Received,
}

impl<'a> Group<'a> {
    /// Set-up: they are there, each with an ordinary subscription to `fence` beside the shared one; the shared ones have the
    /// identifiers 1 and 2 if that is asked for.
    async fn of(broker: &'a Subject, qos: QoS, numbered: bool) -> Result<Self, Stop> {
        let member = broker.member();
        let way = if member == "queued" { "kept" } else { member };
        let last = |draft: Draft| if member == "queued" { draft.persistent() } else { draft };
        let mut members = [come_by(broker, way, ROLES[0], last).await?, come_by(broker, way, ROLES[1], last).await?];
        let shared = format!("$share/group/{}", filter_of(member));
        for (client, identifier) in members.iter_mut().zip(1..) {
            if numbered {
                let number = Property::SubscriptionIdentifier(identifier);
                is_granted(client, subscribe(shared.as_str(), qos).property(number)).await?;
            } else {
                client.subscribe(shared.as_str(), qos).await?;
            }
            // At QoS 0, so that it comes to who acknowledges nothing too.
            client.subscribe("fence", AtMostOnce).await?;
        }
        let version = if member == "other-version" { broker.other_version() } else { broker.version() };
        let publisher = broker.connect_in("publisher", version, connect()).await?;
        Ok(Self { broker, members, publisher, qos })
    }

    /// Set-up: this is published to them, by a client or as a will.
    async fn publishes(&mut self, payload: &str) -> Result<(), Stop> {
        if self.broker.member() == "will" {
            let last = will(TOPIC, payload).qos(self.qos);
            self.broker.connect_as("mortal", connect().will(last)).await?.drop_connection().await;
            return Ok(());
        }
        self.publisher.publish(TOPIC, payload, self.qos).await
    }

    /// Set-up: a later message has come to each of them.
    async fn are_behind(&mut self) -> Result<(), Stop> {
        for client in &mut self.members {
            let behind = publish("fence", b"behind").qos(AtLeastOnce);
            self.publisher.publish_to(client, behind, a_message("fence", b"behind")).await?;
        }
        Ok(())
    }

    /// Set-up: both go, this is published, and both come back.
    async fn publishes_while_away(&mut self, payload: &str, hold: bool) -> Result<(), Stop> {
        for client in &mut self.members {
            client.disconnect().await?;
        }
        self.publishes(payload).await?;
        for (client, role) in self.members.iter_mut().zip(ROLES) {
            let kept = connect().persistent();
            *client =
                if hold { back_holding(self.broker, role, kept).await? } else { back(self.broker, role, kept).await? };
        }
        Ok(())
    }

    /// Set-up: a message has come to one of them, which leaves it unacknowledged if that is asked for. One of QoS 0 may be
    /// lost: then there is another one.
    async fn delivers(mut self, hold: bool) -> Result<Delivered, Stop> {
        for trial in 1..=3 {
            let payload = format!("shared {trial}");
            if hold {
                self.members.iter().for_each(Client::hold_acknowledgements);
            }
            if self.broker.member() == "queued" {
                self.publishes_while_away(&payload, hold).await?;
            } else {
                self.publishes(&payload).await?;
            }
            self.are_behind().await?;
            if let Some((place, message)) = self.holder_of(&a_message(TOPIC, &payload)).await? {
                return Ok(self.delivered(place, message));
            }
        }
        Err(Stop::Inconclusive { why: "no message has come to a member".to_owned(), line: None })
    }

    /// Set-up: which of them gets the message. What another connection than that of the fence has published may come later.
    async fn holder_of(&mut self, message: &Pattern) -> Result<Option<(usize, Received)>, Stop> {
        let rounds = if self.qos == AtMostOnce { 1 } else { 6 };
        for round in 0..=rounds {
            for (place, client) in self.members.iter_mut().enumerate() {
                if round == 0 && !client.waits_for(message) {
                    continue;
                }
                let limit = client.context().patient(bounds::TRIAL);
                match client.receive_within(message.clone(), limit).await {
                    Err(stop) if stop.is_silence() => {}
                    received => return received.map(|message| Some((place, message))),
                }
            }
        }
        Ok(None)
    }

    fn delivered(self, place: usize, message: Received) -> Delivered {
        let [first, second] = self.members;
        let (holder, other) = if place == 0 { (first, second) } else { (second, first) };
        Delivered { holder, other, publisher: self.publisher, message }
    }
}

async fn to_one(broker: &Subject) -> Outcome {
    let mut group = Group::of(broker, qos_of(broker.member()), false).await?;
    if broker.member() == "twelfth" {
        for _ in 1..12 {
            group.are_behind().await?;
        }
    }

    let Delivered { mut other, mut publisher, message, .. } = group.delivers(false).await?;

    other.expect_no_message(message.payload()).before_message(&mut publisher, "fence").await
}

async fn own_identifier(broker: &Subject) -> Outcome {
    let group = Group::of(broker, qos_of(broker.member()), true).await?;

    let Delivered { mut holder, message, .. } = group.delivers(false).await?;

    let own = if holder.role() == ROLES[0] { 1 } else { 2 };
    let bears = any(PacketType::Publish).property(Property::SubscriptionIdentifier(own));
    holder.receive_right(&message, &bears)?;
    holder.expect_right(&message, any(PacketType::Publish).identifiers(&[own])).await
}

/// Set-up: the client leaves this shared subscription, if the member says so with another filter in its UNSUBSCRIBE.
async fn leaves(client: &mut Client, member: &str, shared: &str) -> Result<(), Stop> {
    let filters = if member == "one-of-several" { vec![shared, "elsewhere"] } else { vec![shared] };
    let id = client.send(unsubscribe(filters))?;
    client.receive(an_unsuback(id)).await.map(drop)
}

async fn left(broker: &Subject) -> Outcome {
    let member = broker.member();
    let (filter, as_come) = (filter_of(member), |draft: Draft| draft);
    let (shared, alone) = (format!("$share/group/{filter}"), format!("$share/alone/{filter}"));
    let mut staying = broker.connect("staying").await?;
    staying.subscribe(shared.as_str(), AtLeastOnce).await?;
    let mut leaving = come_by(broker, member, "leaving", as_come).await?;
    leaving.subscribe(shared.as_str(), AtLeastOnce).await?;
    leaving.subscribe(filter, AtLeastOnce).await?;
    let mut twice = come_by(broker, member, "twice", as_come).await?;
    twice.subscribe("fence", AtLeastOnce).await?;
    for _ in 0..2 {
        let draft = subscribe(alone.as_str(), AtLeastOnce);
        is_granted(&mut twice, if member == "one-of-several" { draft.and("elsewhere", AtLeastOnce) } else { draft })
            .await?;
    }
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish(TOPIC, b"before", AtLeastOnce).await?;
    leaving.receive(a_message(TOPIC, b"before")).await?;
    twice.receive(a_message(TOPIC, b"before")).await?;

    leaves(&mut leaving, member, &shared).await?;
    leaves(&mut twice, member, &alone).await?;

    publisher.publish(TOPIC, b"afterwards", AtLeastOnce).await?;
    let _ = twice.expect_no_message(b"afterwards").before_message(&mut publisher, "fence").await?;
    let _ = staying.expect(a_message(TOPIC, b"afterwards")).decides(rule!(v5 "U5-177")).await?;
    leaving.expect(a_message(TOPIC, b"afterwards")).decides(rule!(v5 "MQTT-3.10.4-1")).await
}

/// Set-up: a message was delivered to one of the members, who leaves it unacknowledged, and to nobody else.
async fn left_undone(broker: &Subject, qos: QoS) -> Result<Delivered, Stop> {
    let delivered = Group::of(broker, qos, false).await?.delivers(true).await?;
    if delivered.other.waits_for(&a_message(TOPIC, delivered.message.payload())) {
        return Err(Stop::Inconclusive { why: "both members got the message".to_owned(), line: None });
    }
    Ok(delivered)
}

async fn refused(broker: &Subject) -> Outcome {
    let qos = qos_of(broker.member());
    let Delivered { mut holder, mut other, mut publisher, message } = left_undone(broker, qos).await?;
    holder.receive_right(&message, &any(PacketType::Publish).qos(qos))?;

    let refusal = if qos == ExactlyOnce { pubrec(message.id()) } else { puback(message.id()) };
    holder.send(refusal.reason(ReasonCode::UNSPECIFIED_ERROR))?;
    holder.serves().await?;

    other.expect_no_message(message.payload()).before_message(&mut publisher, "fence").await
}

async fn half_done(broker: &Subject) -> Outcome {
    let Delivered { mut holder, mut other, mut publisher, message } = left_undone(broker, ExactlyOnce).await?;
    holder.receive_right(&message, &any(PacketType::Publish).qos(ExactlyOnce))?;

    if broker.member() == "resumed" {
        holder.disconnect_with(disconnect().property(Property::SessionExpiryInterval(0))).await?;
    } else {
        holder.session_ends()?;
        holder.disconnect().await?;
    }

    other.expect_no_message(message.payload()).before_message(&mut publisher, "fence").await
}
