//! Many of a kind: filters, messages, exchanges, members, and packet identifiers up to the highest.
//!
//! How much a broker stores and lets wait is its administrator's affair (sections 4.1 and 4.5): a smaller number is written
//! down, and what does come is held to its rules.

use super::again::back;
use super::prelude::*;
use crate::scenario::{Client, Received, StepRules};
use mqtt_assay_codec::Packet;
use mqtt_assay_standard::bounds;
use std::collections::BTreeSet;

pub(super) const CASES: &[Case] = &[
    case!(retained: "Of 250 retained messages under one topic filter each that comes is whole, and has RETAIN 1",
        v311: proves ["MQTT-3.3.1-8", "MQTT-3.3.1-5"],
        v5: proves ["U5-120", "MQTT-3.3.1-5"],
        caught: [Fault::RetainFlagMissing],
        needs: &["retain", "wildcard"]),
    case!(filters["rising"]: "A SUBSCRIBE with 130 topic filters for QoS 0, then 1, gets 130 codes in their order",
        v311: proves ["MQTT-3.9.3-1", "MQTT-3.8.4-5", "MQTT-3.8.4-4"],
        v5: proves ["MQTT-3.9.3-1", "MQTT-3.8.4-6", "MQTT-3.8.4-5"],
        caught: [Fault::SubackReversed, Fault::SubackTooFewCodes, Fault::OnlyFirstFilter]),
    case!(filters["falling"]: "A SUBSCRIBE with 130 topic filters for QoS 1, then 0, gets 130 codes in their order",
        v311: proves ["MQTT-3.9.3-1", "MQTT-3.8.4-5", "MQTT-3.8.4-4"],
        v5: proves ["MQTT-3.9.3-1", "MQTT-3.8.4-6", "MQTT-3.8.4-5"],
        caught: [Fault::SubackReversed, Fault::SubackTooFewCodes]),
    case!(filters_unsubscribed: "An UNSUBSCRIBE with 130 topic filters ends each of the subscriptions, by one UNSUBACK",
        v311: proves ["MQTT-3.10.4-6", "MQTT-3.10.4-2"],
        v5: proves ["MQTT-3.10.4-6", "MQTT-3.10.4-2", "MQTT-3.11.3-2", "MQTT-3.11.3-1"],
        caught: [Fault::OnlyFirstUnsubscribed, Fault::UnsubackForEachFilter, Fault::UnsubackReversed]),
    case!(exchanges: "Forty QoS 2 messages that are under way together are exchanged in full, and those that come are in their order",
        v311: proves ["MQTT-4.3.3-2", "MQTT-4.6.0-6" = "MQTT-4.6.0-5"],
        v5: proves ["MQTT-4.3.3-8", "MQTT-4.3.3-11", "MQTT-4.6.0-5" = "MQTT-4.6.0-6"],
        caught: [Fault::NoPubrec, Fault::NoPubcomp, Fault::SwapsPairs],
        needs: &["qos2"]),
    case!(queued: "Of 1,000 messages that waited for a client those that come are in their order",
        v311: proves ["MQTT-4.6.0-6" = "MQTT-4.6.0-5"],
        v5: proves ["MQTT-4.6.0-5" = "MQTT-4.6.0-6"],
        caught: [Fault::QueueReversed, Fault::SwapsPairs],
        weighty: true),
    case!(queued_in_few: "Of 13 messages that waited for a client those that come, two at a time, are in their order",
        v311: proves ["MQTT-4.6.0-6" = "MQTT-4.6.0-5"],
        v5: proves ["MQTT-4.6.0-5" = "MQTT-4.6.0-6"],
        caught: [Fault::QueueReversed],
        variant: Variant::FEW_IN_FLIGHT),
    case!(identifiers["puback"]: "A PUBACK has the identifier of its PUBLISH, around 32,767 and at 65,535 too",
        v311: proves ["MQTT-2.3.1-6"],
        v5: proves ["MQTT-2.2.1-5"],
        caught: [Fault::WrongPubackId, Fault::AcknowledgesZero]),
    case!(identifiers["pubrec"]: "PUBREC and PUBCOMP have the identifier of their PUBLISH, around 32,767 and at 65,535 too",
        v311: proves ["MQTT-2.3.1-6", "MQTT-4.3.3-2"],
        v5: proves ["MQTT-2.2.1-5"],
        caught: [Fault::WrongPubrecId, Fault::WrongPubcompId],
        needs: &["qos2"]),
    case!(identifiers["suback"]: "A SUBACK has the identifier of its SUBSCRIBE, around 32,767 and at 65,535 too",
        v311: proves ["MQTT-2.3.1-7"],
        v5: proves ["MQTT-2.2.1-6"],
        caught: [Fault::WrongSubackId]),
    case!(identifiers["unsuback"]: "An UNSUBACK has the identifier of its UNSUBSCRIBE, around 32,767 and at 65,535 too",
        v311: proves ["MQTT-2.3.1-7"],
        v5: proves ["MQTT-2.2.1-6"],
        caught: [Fault::WrongUnsubackId]),
    case!(members: "Of two shared subscriptions with three members each, and beside an ordinary one, each gets a message once",
        v5: proves ["U5-205"],
        caught: [Fault::SharedToAll],
        needs: &["shared-subscriptions"]),
];

/// The number at the end of a topic or payload of ours; none where it is another's.
fn number_in(text: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(text).ok()?;
    text.rsplit(['/', ' ']).next()?.parse().ok()
}

/// Decides: each of these is as its own pattern says. Only the first that is not is looked at, or else the last.
async fn all_right(
    client: &mut Client,
    received: &[Received],
    pattern: impl Fn(usize, &Received) -> Pattern,
    rules: StepRules,
) -> Outcome {
    let wrong = received.iter().enumerate().find(|(place, message)| {
        let pattern = pattern(*place, message);
        client.receive_right(message, &pattern).is_err()
    });
    match wrong.or_else(|| received.iter().enumerate().next_back()) {
        Some((place, message)) => client.expect_right(message, pattern(place, message)).decides(rules).await,
        None => Err(Stop::NotExercised("no message has come".to_owned())),
    }
}

/// Set-up: all messages that come, until one is the last, or none comes any more for a moment.
async fn gathered(client: &mut Client, is_last: impl Fn(&Received, usize) -> bool) -> Result<Vec<Received>, Stop> {
    let mut received: Vec<Received> = Vec::new();
    loop {
        let limit = if received.is_empty() { bounds::SET_UP } else { bounds::TRIAL };
        let limit = client.context().patient(limit);
        match client.receive_within(any(PacketType::Publish), limit).await {
            Ok(message) => received.push(message),
            Err(stop) if stop.is_silence() && !received.is_empty() => return Ok(received),
            Err(stop) => return Err(stop),
        }
        if received.last().is_some_and(|last| is_last(last, received.len())) {
            return Ok(received);
        }
    }
}

const RETAINED: usize = 250;

async fn retained(broker: &Subject) -> Outcome {
    let mut witness = broker.witness([format!("store/{}", RETAINED - 1)]).await?;
    let mut publisher = broker.connect("publisher").await?;
    let stored = |number: usize| format!("retained {number}");
    let messages = (0..RETAINED).map(|number| publish(format!("store/{number}"), stored(number)));
    publisher.publish_together(messages.map(|message| message.qos(AtLeastOnce).retain())).await?;
    witness.receive(with_payload(stored(RETAINED - 1))).await?;
    let mut late = broker.connect("late").await?;

    late.subscribe("store/+", AtLeastOnce).await?;

    let received = gathered(&mut late, |_, count| count == RETAINED).await?;
    broker.note(format!("{} of {RETAINED} retained messages have come", received.len()));
    let flagged = rule!(v311 "MQTT-3.3.1-8", v5 "U5-120");
    let _ = all_right(&mut late, &received, |_, _| any(PacketType::Publish).retain(true), flagged).await?;
    let whole = |message: &Received| match message.packet() {
        Packet::Publish(publish) => number_in(publish.topic.as_bytes()).map(stored).unwrap_or_default(),
        _ => String::new(),
    };
    let kept = received.iter().enumerate().find(|(_, message)| message.payload() != whole(message).as_bytes());
    let shown = kept.map_or(received.len() - 1, |(place, _)| place);
    let pattern = any(PacketType::Publish).reads(whole(&received[shown]));
    late.expect_right(&received[shown], pattern).decides(rule!(v311 "MQTT-3.3.1-5", v5 "MQTT-3.3.1-5")).await
}

const FILTERS: usize = 130;

/// The n-th of many topic filters, all of a length.
fn filter(number: usize) -> String {
    format!("news/{number:03}")
}

/// A SUBSCRIBE with [`FILTERS`] topic filters, half of them for QoS 0 and half for QoS 1.
fn many_filters(rising: bool) -> Draft {
    let qos = |number: usize| if (number < FILTERS / 2) == rising { AtMostOnce } else { AtLeastOnce };
    (1..FILTERS).fold(subscribe(filter(0), qos(0)), |draft, number| draft.and(filter(number), qos(number)))
}

/// The codes that say that no more than this was granted.
fn no_more_than(qos: QoS) -> Vec<ReasonCode> {
    let refusals = (0x80..=u8::MAX).map(ReasonCode);
    (0..=qos as u8).map(ReasonCode).chain(refusals).collect()
}

async fn filters(broker: &Subject) -> Outcome {
    let rising = broker.member() == "rising";
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("control", "control", AtLeastOnce).await?;
    let id = watcher.send(many_filters(rising))?;

    let suback = watcher.receive(a_suback(id)).await?;

    let counted = watcher.expect_right(&suback, a_suback(id).number_of_codes(FILTERS));
    let _ = counted.decides(rule!(v311 "MQTT-3.8.4-5", v5 "MQTT-3.8.4-6")).await?;
    let in_order = (0..FILTERS).fold(a_suback(id), |pattern, number| {
        pattern.code(&no_more_than(if (number < FILTERS / 2) == rising { AtMostOnce } else { AtLeastOnce }))
    });
    let _ = watcher.expect_right(&suback, in_order).await?;
    let last = if rising { FILTERS - 1 } else { FILTERS / 2 - 1 };
    if codes(&suback.packet()).get(last) != Some(&ReasonCode::GRANTED_QOS_1) {
        return Err(Stop::NotExercised("the broker has not granted so many subscriptions".to_owned()));
    }
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish(filter(last), b"by the last", AtLeastOnce).await?;
    let served = watcher.expect(a_message(filter(last), b"by the last"));
    served.decides(rule!(v311 "MQTT-3.8.4-4", v5 "MQTT-3.8.4-5")).await
}

async fn filters_unsubscribed(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    let id = watcher.send(many_filters(true))?;
    let suback = watcher.receive(a_suback(id).number_of_codes(FILTERS)).await?;
    let last = FILTERS - 1;
    if codes(&suback.packet()).iter().any(|code| code.is_error()) {
        return Err(Stop::NotExercised("the broker has not granted so many subscriptions".to_owned()));
    }
    watcher.subscribe_tried("fence", "fence", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish(filter(last), b"before", AtLeastOnce).await?;
    watcher.receive(a_message(filter(last), b"before")).await?;

    // Every other one is a filter that nobody has subscribed to.
    let named = |number: usize| if number.is_multiple_of(2) { filter(number + 1) } else { format!("none/{number:03}") };
    let id = watcher.send(unsubscribe((0..FILTERS).map(named)))?;

    let unsuback = watcher.receive(an_unsuback(id)).await?;
    if broker.version() == Version::V5 {
        let counted = watcher.expect_right(&unsuback, an_unsuback(id).number_of_codes(FILTERS));
        let _ = counted.decides(rule!(v5 "MQTT-3.11.3-2")).await?;
        let in_order = order_of_unsuback(&unsuback)?;
        let _ = watcher.expect_right(&unsuback, in_order).decides(rule!(v5 "MQTT-3.11.3-1")).await?;
    }
    let _ = watcher.expect_no_packet(PacketType::Unsuback).await?;
    publisher.publish(filter(last), b"afterwards", AtLeastOnce).await?;
    let ended = watcher.expect_no_message(b"afterwards").before_message(&mut publisher, "fence");
    ended.decides(rule!(v311 "MQTT-3.10.4-2", v5 "MQTT-3.10.4-2")).await
}

/// What UNSUBACK says where every second filter had no subscription. Codes that are in no table tell no order.
fn order_of_unsuback(unsuback: &Received) -> Result<Pattern, Stop> {
    let is_known = |code: &ReasonCode| code.allowed_in(Version::V5, PacketType::Unsuback);
    if !codes(&unsuback.packet()).iter().all(is_known) {
        return Err(Stop::Inconclusive { why: "UNSUBACK has codes that are in no table".to_owned(), line: None });
    }
    // Where there was no subscription, 0x00 is only less well said.
    let known: Vec<ReasonCode> = (0..=u8::MAX).map(ReasonCode).filter(is_known).collect();
    let was_there: Vec<ReasonCode> =
        known.iter().copied().filter(|code| *code != ReasonCode::NO_SUBSCRIPTION_EXISTED).collect();
    let of = |number: usize| if number.is_multiple_of(2) { &was_there } else { &known };
    Ok((0..FILTERS).fold(an_unsuback(unsuback.id()), |pattern, number| pattern.code(of(number))))
}

const EXCHANGES: u16 = 40;

async fn exchanges(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", ExactlyOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"at QoS 1", AtLeastOnce).await?;
    watcher.receive(a_message("news", b"at QoS 1")).await?;
    let payload = |id: u16| format!("message {id}");
    let ids: Vec<u16> = (101..101 + EXCHANGES).collect();

    for together in ids.chunks(publisher.room()) {
        for &id in together {
            publisher.send(publish("news", payload(id)).qos(ExactlyOnce).id(id))?;
        }
        let _ = publisher.expect_all(together.iter().map(|&id| a_pubrec(id))).await?;
        publisher.send_together(together.iter().map(|&id| pubrel(id)))?;
        let completed = publisher.expect_all(together.iter().map(|&id| a_pubcomp(id)));
        let _ = completed.decides(rule!(v311 "MQTT-4.3.3-2", v5 "MQTT-4.3.3-11")).await?;
    }

    // How many may wait for a client is its administrator's affair.
    let received = gathered(&mut watcher, |_, count| count == ids.len()).await?;
    broker.note(format!("{} of {EXCHANGES} messages have come", received.len()));
    in_turn(&mut watcher, received, |number| format!("message {number}")).await
}

const QUEUED: usize = 1000;

async fn queued(broker: &Subject) -> Outcome {
    waited(broker, QUEUED).await
}

/// More than a dozen, so that the place of a message in a window of two, or of ten, is not its place in the queue.
async fn queued_in_few(broker: &Subject) -> Outcome {
    waited(broker, 13).await
}

/// Decides: of so many messages that wait for a client those that come are in their order.
async fn waited(broker: &Subject, count: usize) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", AtLeastOnce).await?;
    sleeper.disconnect().await?;
    let mut publisher = broker.connect("publisher").await?;
    let waiting = |number: usize| format!("message {number}");
    publisher.publish_together((0..count).map(|number| publish("news", waiting(number)).qos(AtLeastOnce))).await?;

    let mut sleeper = back(broker, "sleeper", connect().persistent()).await?;

    let received = gathered(&mut sleeper, |_, come| come == count).await?;
    broker.note(format!("{} of {count} messages that waited have come", received.len()));
    in_turn(&mut sleeper, received, waiting).await
}

/// Decides: of numbered messages those that have come are in their order.
async fn in_turn(client: &mut Client, mut received: Vec<Received>, payload: impl Fn(usize) -> String) -> Outcome {
    received.retain(|message| number_in(message.payload()).is_some());
    let numbers: Vec<usize> = received.iter().filter_map(|message| number_in(message.payload())).collect();
    // One that is missing was not kept; one that comes behind a later one is out of turn.
    let due = |place: usize| match place.checked_sub(1).map(|before| numbers[before]) {
        Some(before) if numbers[place] < before => before + 1,
        _ => numbers[place],
    };
    let pattern = |place: usize, _: &Received| any(PacketType::Publish).reads(payload(due(place)));
    all_right(client, &received, pattern, rule!(v311 "MQTT-4.6.0-6", v5 "MQTT-4.6.0-5")).await
}

/// Packet identifiers that are negative for who takes them for signed, and their neighbours.
const HIGH: [u16; 4] = [32_767, 32_768, 65_534, 65_535];

async fn identifiers(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;
    let mut shown = None;
    for id in HIGH {
        let payload = format!("message {id}");
        shown = Some(match broker.member() {
            "puback" => {
                client.send(publish("news", payload).qos(AtLeastOnce).id(id))?;
                answered(&mut client, id, PacketType::Puback, OF_MESSAGE).await?
            }
            "pubrec" => {
                client.send(publish("news", payload).qos(ExactlyOnce).id(id))?;
                let _ = answered(&mut client, id, PacketType::Pubrec, OF_MESSAGE).await?;
                client.send(pubrel(id))?;
                let completed = rule!(v311 "MQTT-4.3.3-2", v5 "MQTT-2.2.1-5");
                answered(&mut client, id, PacketType::Pubcomp, completed).await?
            }
            "suback" => {
                client.send(subscribe("news", AtLeastOnce).id(id))?;
                answered(&mut client, id, PacketType::Suback, OF_REQUEST).await?
            }
            _ => {
                client.subscribe("news", AtLeastOnce).await?;
                client.send(unsubscribe(["news"]).id(id))?;
                answered(&mut client, id, PacketType::Unsuback, OF_REQUEST).await?
            }
        });
    }
    shown.ok_or(Stop::NotExercised("no identifier was tried".to_owned()))
}

const OF_MESSAGE: StepRules = rule!(v311 "MQTT-2.3.1-6", v5 "MQTT-2.2.1-5");
const OF_REQUEST: StepRules = rule!(v311 "MQTT-2.3.1-7", v5 "MQTT-2.2.1-6");

/// Decides: the answer that has come, which it must for anything to be judged, has the right packet identifier. One more
/// answer to an earlier question is none.
async fn answered(client: &mut Client, id: u16, packet_type: PacketType, rules: StepRules) -> Outcome {
    loop {
        let answer = client.receive(any(packet_type)).await?;
        if HIGH.iter().take_while(|tried| **tried < id).all(|tried| *tried != answer.id()) {
            return client.expect_right(&answer, any(packet_type).id(id)).decides(rules).await;
        }
    }
}

const MESSAGES: [&[u8]; 4] = [b"message 1", b"message 2", b"message 3", b"message 4"];

/// The roles of the members of two shared subscriptions.
const GROUPS: [(&str, [&str; 3]); 2] =
    [("$share/one/news", ["one-a", "one-b", "one-c"]), ("$share/other/news", ["other-a", "other-b", "other-c"])];

async fn members(broker: &Subject) -> Outcome {
    let mut groups = Vec::new();
    for (filter, roles) in GROUPS {
        let mut members = Vec::new();
        for role in roles {
            let mut member = broker.connect(role).await?;
            member.subscribe(filter, AtLeastOnce).await?;
            member.subscribe("fence", AtLeastOnce).await?;
            members.push(member);
        }
        groups.push(members);
    }
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    for payload in MESSAGES {
        publisher.publish("news", payload, AtLeastOnce).await?;
    }

    for member in groups.iter_mut().flatten() {
        let behind = publish("fence", b"behind").qos(AtLeastOnce);
        publisher.publish_to(member, behind, a_message("fence", b"behind")).await?;
    }
    for members in &mut groups {
        each_to_one(members).await?;
    }
    watcher.expect_all(MESSAGES.map(|payload| a_message("news", payload))).await
}

/// Decides: each message has come to one of these members, and comes to no other.
async fn each_to_one(members: &mut [Client]) -> Result<(), Stop> {
    for payload in MESSAGES {
        let message = a_message("news", payload);
        let holders: BTreeSet<usize> = (0..members.len()).filter(|&place| members[place].waits_for(&message)).collect();
        let Some(&holder) = holders.first() else {
            let why = "no member of a shared subscription has got a message by now".to_owned();
            return Err(Stop::Inconclusive { why, line: None });
        };
        for (_, other) in members.iter_mut().enumerate().filter(|(place, _)| *place != holder) {
            let _ = other.expect_no_message(payload).await?;
        }
    }
    Ok(())
}
