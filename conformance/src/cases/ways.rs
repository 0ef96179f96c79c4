//! What holds of a client's packets on every connection and for every shape of topic filter: each kind of exchange, on a
//! connection that is new, resumed once or three times, and taken over with and without a clean start.

use super::again::back;
use super::prelude::*;
use crate::scenario::{Client, Evidence};

/// A case for each way to come to a connection.
macro_rules! on_each_connection {
    ($function:ident : $title:literal, $($rest:tt)*) => {
        &[
            case!($function["fresh"]: concat!($title, ", on a connection of a new session"), $($rest)*),
            case!($function["resumed"]: concat!($title, ", on a connection that resumes a session"), $($rest)*),
            case!($function["third-time"]: concat!($title, ", on the third connection that resumes a session"), $($rest)*),
            case!($function["taken-over"]: concat!($title, ", on a connection that takes a session over"), $($rest)*),
            case!($function["taken-over-clean"]: concat!($title, ", on a connection that ends another by a clean start"), $($rest)*),
        ]
    };
}

/// A case for each shape of a topic filter.
macro_rules! for_each_shape {
    ($function:ident : $title:literal, $($rest:tt)*) => {
        &[
            case!($function["exact"]: concat!($title, ", without wildcards"), $($rest)*),
            case!($function["plus"]: concat!($title, ", with +"), $($rest)*, needs: &["wildcard"]),
            case!($function["hash"]: concat!($title, ", with #"), $($rest)*, needs: &["wildcard"]),
            case!($function["plus-and-hash"]: concat!($title, ", with + and #"), $($rest)*, needs: &["wildcard"]),
        ]
    };
}

pub(super) const PUBLISHED: &[Case] = on_each_connection!(published: "Messages of QoS 1 and 2 are acknowledged under their identifiers, again and again",
    v311: proves ["MQTT-4.3.2-2", "MQTT-4.3.3-2", "MQTT-3.3.4-1"],
    v5: proves ["MQTT-4.3.2-4", "MQTT-4.3.3-8", "MQTT-4.3.3-11"],
    caught: [Fault::NoPuback, Fault::NoPubrec, Fault::NoPubcomp],
    needs: &["qos2"]);

pub(super) const PINGED: &[Case] = on_each_connection!(pinged: "PINGREQs are answered again and again, and a subscription stays",
    v311: proves ["MQTT-3.12.4-1", "MQTT-4.1.0-1"],
    v5: proves ["MQTT-3.12.4-1", "MQTT-4.1.0-1"],
    caught: [Fault::PingUnanswered, Fault::PingForgetsSubscriptions]);

pub(super) const SUBSCRIBED: &[Case] = on_each_connection!(subscribed: "SUBSCRIBEs of several topic filters are answered in full and in order, and work",
    v311: proves ["MQTT-3.8.4-1", "MQTT-3.8.4-2", "MQTT-3.8.4-5", "MQTT-3.9.3-1", "MQTT-3.8.4-4"],
    v5: proves ["MQTT-3.8.4-1", "MQTT-3.8.4-2", "MQTT-3.8.4-6", "MQTT-3.9.3-1", "MQTT-3.8.4-5"],
    caught: [Fault::NoSuback, Fault::WrongSubackId, Fault::SubackTooFewCodes, Fault::SubackReversed, Fault::OnlyFirstFilter]);

pub(super) const SUBSCRIBED_SHAPES: &[Case] = for_each_shape!(subscribed_to: "A SUBSCRIBE is answered in full and in order, alone, with others, and repeated",
    v311: proves ["MQTT-3.8.4-1", "MQTT-3.8.4-2", "MQTT-3.8.4-5", "MQTT-3.9.3-1", "MQTT-3.8.4-4"],
    v5: proves ["MQTT-3.8.4-1", "MQTT-3.8.4-2", "MQTT-3.8.4-6", "MQTT-3.9.3-1", "MQTT-3.8.4-5"],
    caught: [Fault::NoSuback, Fault::WrongSubackId, Fault::SubackTooFewCodes, Fault::SubackReversed, Fault::OnlyFirstFilter]);

pub(super) const SHARES: &[Case] = &[
    case!(subscribed_to["share"]: "A SUBSCRIBE is answered in full and in order, alone, with others, and repeated, for a shared subscription",
    v5: proves ["MQTT-3.8.4-1", "MQTT-3.8.4-2", "MQTT-3.8.4-6", "MQTT-3.9.3-1", "MQTT-3.8.4-5"],
    caught: [Fault::NoSuback, Fault::WrongSubackId, Fault::SubackTooFewCodes, Fault::SubackReversed, Fault::OnlyFirstFilter],
    needs: &["shared-subscriptions"]),
    case!(share_behind_others: "A shared subscription that stands behind others in its SUBSCRIBE delivers",
    v5: proves ["MQTT-3.8.4-5"],
    caught: [Fault::OnlyFirstFilter],
    needs: &["shared-subscriptions"]),
    case!(unsubscribed_from["share"]: "An UNSUBSCRIBE is answered in full and in order, alone and with others, and works, for a shared subscription",
    v5: proves ["MQTT-3.10.4-4", "MQTT-3.10.4-5", "MQTT-3.10.4-1", "MQTT-3.10.4-6", "MQTT-3.11.3-2", "MQTT-3.11.3-1", "U5-179"],
    caught: [Fault::NoUnsuback, Fault::UnsubackReversed, Fault::UnsubscribeIneffective, Fault::UnsubackAlwaysSuccess],
    needs: &["shared-subscriptions"]),
];

pub(super) const UNSUBSCRIBED: &[Case] = on_each_connection!(unsubscribed: "UNSUBSCRIBEs of several topic filters are answered in full and in order, and work",
    v311: proves ["MQTT-3.10.4-4", "MQTT-3.10.4-1", "MQTT-3.10.4-6"],
    v5: proves ["MQTT-3.10.4-4", "MQTT-3.10.4-5", "MQTT-3.10.4-1", "MQTT-3.10.4-6", "MQTT-3.11.3-2", "MQTT-3.11.3-1", "U5-179"],
    caught: [Fault::NoUnsuback, Fault::UnsubscribeIneffective]);

pub(super) const UNSUBSCRIBED_SHAPES: &[Case] = for_each_shape!(unsubscribed_from: "An UNSUBSCRIBE is answered in full and in order, alone and with others, and works",
    v311: proves ["MQTT-3.10.4-4", "MQTT-3.10.4-1", "MQTT-3.10.4-6"],
    v5: proves ["MQTT-3.10.4-4", "MQTT-3.10.4-5", "MQTT-3.10.4-1", "MQTT-3.10.4-6", "MQTT-3.11.3-2", "MQTT-3.11.3-1", "U5-179"],
    caught: [Fault::NoUnsuback, Fault::UnsubscribeIneffective]);

/// How often each exchange is made on the member's connection: more than ten times on one of them.
fn times(broker: &Subject) -> u16 {
    if broker.member() == "fresh" { 12 } else { 2 }
}

/// The first packet identifier, which is negative for who takes it for signed.
const HIGH: u16 = 40_000;

/// A client on a connection to which it has come as the member says.
async fn client_on_way(broker: &Subject) -> Result<Client, Stop> {
    let kept = || connect().persistent();
    let mut client = match broker.member() {
        "fresh" => return broker.connect("client").await,
        _ => broker.connect_as("client", kept()).await?,
    };
    match broker.member() {
        "taken-over" => back(broker, "client", kept()).await,
        "taken-over-clean" => broker.connect("client").await,
        resumed => {
            for _ in 0..if resumed == "third-time" { 3 } else { 1 } {
                client.disconnect().await?;
                client = back(broker, "client", kept()).await?;
            }
            Ok(client)
        }
    }
}

async fn published(broker: &Subject) -> Outcome {
    let mut client = client_on_way(broker).await?;
    let mut shown = None;
    for id in HIGH..HIGH + times(broker) {
        // Short and long ones, and identifiers of both halves.
        let payload = if id.is_multiple_of(2) { vec![b'x'; 300] } else { b"short".to_vec() };
        client.send(publish("news", &payload).qos(AtLeastOnce).id(id))?;
        let acknowledged = rule!(v311 "MQTT-4.3.2-2", v5 "MQTT-4.3.2-4");
        let _ = client.expect(a_puback(id)).decides(acknowledged).await?;
        client.send(publish("news", &payload).qos(ExactlyOnce).id(id - HIGH / 2))?;
        let received = rule!(v311 "MQTT-3.3.4-1", v5 "MQTT-4.3.3-8");
        let _ = client.expect(a_pubrec(id - HIGH / 2)).decides(received).await?;
        client.send(pubrel(id - HIGH / 2))?;
        let completed = rule!(v311 "MQTT-4.3.3-2", v5 "MQTT-4.3.3-11");
        let _ = client.expect(a_pubcomp(id - HIGH / 2)).decides(completed).await?;
        client.send(publish("news", &payload).qos(ExactlyOnce).id(id))?;
        let _ = client.expect(a_pubrec(id)).decides(received).await?;
        client.send(pubrel(id))?;
        shown = Some(client.expect(a_pubcomp(id)).decides(completed).await?);
    }
    shown.ok_or(Stop::NotExercised("nothing was published".to_owned()))
}

async fn pinged(broker: &Subject) -> Outcome {
    let mut client = client_on_way(broker).await?;
    client.subscribe("news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"before", AtLeastOnce).await?;
    client.receive(a_message("news", b"before")).await?;

    for _ in 0..times(broker) {
        client.send(pingreq())?;
        let _ = client.expect(a_pingresp()).decides(rule!(v311 "MQTT-3.12.4-1", v5 "MQTT-3.12.4-1")).await?;
    }

    publisher.publish("news", b"afterwards", AtLeastOnce).await?;
    let stays = rule!(v311 "MQTT-4.1.0-1", v5 "MQTT-4.1.0-1");
    client.expect(a_message("news", b"afterwards")).decides(stays).await
}

/// Any QoS that can be granted for this one.
fn up_to(qos: QoS) -> &'static [ReasonCode] {
    const GRANTED: &[ReasonCode] = &[ReasonCode::GRANTED_QOS_0, ReasonCode::GRANTED_QOS_1, ReasonCode::GRANTED_QOS_2];
    &GRANTED[..=qos as usize]
}

async fn subscribed(broker: &Subject) -> Outcome {
    let mut client = client_on_way(broker).await?;
    let mut shown = None;
    for id in HIGH..HIGH + times(broker) {
        shown = Some(subscribe_in_parts(&mut client, id, &format!("one/{id}")).await?);
    }
    shown.ok_or(Stop::NotExercised("nothing was subscribed to".to_owned()))
}

async fn subscribed_to(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;
    let (filter, _) = shape(broker.member());
    client.subscribe(filter, AtLeastOnce).await?;
    let mut shown = None;
    for id in HIGH..HIGH + 2 {
        shown = Some(subscribe_in_parts(&mut client, id, filter).await?);
    }
    shown.ok_or(Stop::NotExercised("nothing was subscribed to".to_owned()))
}

/// A topic filter of this shape, and a topic that it matches.
fn shape(member: &str) -> (&'static str, &'static str) {
    match member {
        "plus" => ("sport/+/score", "sport/tennis/score"),
        "hash" => ("sport/#", "sport/tennis/score"),
        "plus-and-hash" => ("sport/+/#", "sport/tennis/score"),
        "share" => ("$share/group/sport/tennis", "sport/tennis"),
        _ => ("sport/tennis", "sport/tennis"),
    }
}

/// Subscribes with this identifier to the filter alone and before others, and sees that the answer is whole and in order, and
/// that the filters that came behind work.
async fn subscribe_in_parts(client: &mut Client, id: u16, filter: &str) -> Outcome {
    let answered = rule!(v311 "MQTT-3.8.4-1", v5 "MQTT-3.8.4-1");
    let identified = rule!(v311 "MQTT-3.8.4-2", v5 "MQTT-3.8.4-2");
    client.send(subscribe(filter, AtLeastOnce).id(id))?;
    let suback = client.expect(any(PacketType::Suback)).decides(answered).await?;
    let _ = client.expect_right(&suback, a_suback(id)).decides(identified).await?;

    let last = format!("last/{id}");
    client.send(subscribe(filter, AtMostOnce).and("first", AtLeastOnce).and(last.as_str(), AtLeastOnce).id(id))?;
    let suback = client.expect(any(PacketType::Suback)).decides(answered).await?;
    let _ = client.expect_right(&suback, a_suback(id)).decides(identified).await?;
    let whole = client.expect_right(&suback, a_suback(id).number_of_codes(3));
    let _ = whole.decides(rule!(v311 "MQTT-3.8.4-5", v5 "MQTT-3.8.4-6")).await?;
    let as_several = rule!(v311 "MQTT-3.8.4-4", v5 "MQTT-3.8.4-5");
    // Less may be granted, and what is refused is a case of its own.
    let (low, either) = (up_to(AtMostOnce), up_to(AtLeastOnce));
    all_among(&suback, either)?;
    let in_order = a_suback(id).code(low).code(either).code(either);
    let _ = client.expect_right(&suback, in_order).decides(rule!(v311 "MQTT-3.9.3-1", v5 "MQTT-3.9.3-1")).await?;

    let payload = format!("to the last {id}");
    client.publish(last.as_str(), &payload, AtLeastOnce).await?;
    let shown = client.expect(a_message(last.as_str(), &payload)).decides(as_several).await?;
    let _ = client.expect_no_packet(PacketType::Suback).for_now().decides(as_several).await?;
    Ok(shown)
}

async fn share_behind_others(broker: &Subject) -> Outcome {
    let mut member = broker.connect("member").await?;
    // A share by itself works.
    member.subscribe("$share/other/sport/golf", AtLeastOnce).await?;
    member
        .publish_to_itself(publish("sport/golf", b"tried").qos(AtLeastOnce), a_message("sport/golf", b"tried"))
        .await?;

    let id = member.send(subscribe("sport/polo", AtLeastOnce).and("$share/group/sport/tennis", AtLeastOnce))?;
    let suback = member.receive(a_suback(id).number_of_codes(2)).await?;
    if codes(&suback.packet()).iter().any(|code| code.is_error()) {
        return Err(Stop::Inconclusive { why: "the broker refuses one of two filters".to_owned(), line: None });
    }

    member.publish("sport/tennis", b"3-0", AtLeastOnce).await?;
    member.expect(a_message("sport/tennis", b"3-0")).await
}

/// Set-up: every code of the answer is one of these, or nothing can be said of their order.
fn all_among(answer: &Evidence, known: &[ReasonCode]) -> Result<(), Stop> {
    let said = answer.packet().map(|packet| codes(&packet)).unwrap_or_default();
    if said.iter().all(|code| known.contains(code)) {
        return Ok(());
    }
    Err(Stop::Inconclusive { why: "the broker answers with codes that tell no order".to_owned(), line: None })
}

async fn unsubscribed(broker: &Subject) -> Outcome {
    let mut client = client_on_way(broker).await?;
    let mut shown = None;
    for id in HIGH..HIGH + times(broker) {
        let (filter, topic) = (format!("one/{id}"), format!("one/{id}"));
        shown = Some(unsubscribe_in_parts(broker, &mut client, id, &filter, &topic).await?);
    }
    shown.ok_or(Stop::NotExercised("nothing was unsubscribed".to_owned()))
}

async fn unsubscribed_from(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;
    let (filter, topic) = shape(broker.member());
    unsubscribe_in_parts(broker, &mut client, HIGH, filter, topic).await
}

/// Unsubscribes from the filter among others and alone, and sees that the answer is whole and in order and that it works.
async fn unsubscribe_in_parts(broker: &Subject, client: &mut Client, id: u16, filter: &str, topic: &str) -> Outcome {
    let answered = rule!(v311 "MQTT-3.10.4-4", v5 "MQTT-3.10.4-4");
    let identified = rule!(v311 "MQTT-3.10.4-4", v5 "MQTT-3.10.4-5");
    let last = format!("last/{id}");
    client.subscribe(filter, AtLeastOnce).await?;
    client.subscribe(last.as_str(), AtLeastOnce).await?;
    client.send(unsubscribe([filter, last.as_str(), "unknown"]).id(id))?;
    let unsuback = client.expect(any(PacketType::Unsuback)).decides(answered).await?;
    let _ = client.expect_right(&unsuback, an_unsuback(id)).decides(identified).await?;
    let as_several = rule!(v311 "MQTT-3.10.4-6", v5 "MQTT-3.10.4-6");
    let _ = client.expect_no_packet(PacketType::Unsuback).for_now().decides(as_several).await?;
    if broker.version() == Version::V5 {
        said_in_order(client, id, &unsuback).await?;
    }
    let late = format!("too late {id}");
    client.publish(last.as_str(), &late, AtMostOnce).await?;
    client.subscribe("fence", AtMostOnce).await?;
    client.publish_to_itself(publish("fence", b"together"), a_message("fence", b"together")).await?;
    let _ = client.expect_no_message(late.as_bytes()).decides(as_several).await?;

    client.subscribe(filter, AtLeastOnce).await?;
    client.send(unsubscribe([filter]).id(id))?;
    let unsuback = client.expect(any(PacketType::Unsuback)).decides(answered).await?;
    let _ = client.expect_right(&unsuback, an_unsuback(id)).decides(identified).await?;
    let late = format!("much too late {id}");
    client.publish(topic, &late, AtMostOnce).await?;
    client.publish_to_itself(publish("fence", b"alone"), a_message("fence", b"alone")).await?;
    client.expect_no_message(late.as_bytes()).decides(rule!(v311 "MQTT-3.10.4-1", v5 "MQTT-3.10.4-1")).await
}

/// Decides what this UNSUBACK says of two subscriptions that were there and one that wasn't.
async fn said_in_order(client: &mut Client, id: u16, unsuback: &Evidence) -> Result<(), Stop> {
    let (removed, none) = ([ReasonCode::SUCCESS], [ReasonCode::NO_SUBSCRIPTION_EXISTED]);
    let either = [removed[0], none[0]];
    let counted = client.expect_right(unsuback, an_unsuback(id).number_of_codes(3));
    let _ = counted.decides(rule!(v5 "MQTT-3.11.3-2")).await?;
    all_among(unsuback, &either)?;
    let in_order = an_unsuback(id).code(&removed).code(&removed).code(&either);
    let _ = client.expect_right(unsuback, in_order).decides(rule!(v5 "MQTT-3.11.3-1")).await?;
    let said = an_unsuback(id).code(&removed).code(&removed).code(&none);
    let _ = client.expect_right(unsuback, said).decides(rule!(v5 "U5-179")).recommended().await?;
    Ok(())
}
