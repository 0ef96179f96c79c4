//! What a broker has under way to its clients: acknowledged in another order, refused in part, sent again and again.

use super::again::{back, back_holding, left_open, level_in};
use super::prelude::*;
use crate::scenario::{Client, Received};
use std::collections::BTreeSet;

pub(super) const CASES: &[Case] = &[
    case!(out_of_order["qos1"]: "A PUBACK for the second of three messages settles that one, and no other",
        v311: proves ["MQTT-4.3.2-1"],
        v5: proves ["MQTT-4.3.2-3"],
        caught: [Fault::AcksOldest, Fault::NoRedeliveryQos1, Fault::RedeliversAcknowledged]),
    case!(out_of_order["qos2"]: "A PUBREC for the second of three messages moves that one forward, and no other",
        v311: proves ["MQTT-4.3.3-1"],
        v5: proves ["MQTT-4.3.3-3", "MQTT-4.3.3-5", "MQTT-4.3.3-6"],
        caught: [Fault::NoRedeliveryQos2, Fault::NoRedeliveryPubrel, Fault::RedeliversAfterPubrec],
        needs: &["qos2"]),
    case!(dup_each_time["qos1"]: "A QoS 1 message comes with DUP 1 and its identifier the second and the third time that it is sent again, too",
        v311: proves ["MQTT-3.3.1-1", "MQTT-4.4.0-1"],
        v5: proves ["MQTT-3.3.1-1", "MQTT-4.4.0-1"],
        caught: [Fault::DupMissingOnRedelivery, Fault::NoRedeliveryQos1, Fault::RedeliversUnderNewId]),
    case!(dup_each_time["qos2"]: "A QoS 2 message comes with DUP 1 and its identifier the second and the third time that it is sent again, too",
        v311: proves ["MQTT-3.3.1-1", "MQTT-4.4.0-1"],
        v5: proves ["MQTT-3.3.1-1", "MQTT-4.4.0-1"],
        caught: [Fault::DupMissingOnRedelivery, Fault::NoRedeliveryQos2, Fault::RedeliversUnderNewId],
        needs: &["qos2"]),
    case!(pubrel_each_time: "A PUBREL comes again with each resume until its PUBCOMP, and its PUBLISH doesn't",
        v311: proves ["MQTT-4.4.0-1", "MQTT-4.3.3-1"],
        v5: proves ["MQTT-4.4.0-1", "MQTT-4.3.3-5", "MQTT-4.3.3-6"],
        caught: [Fault::NoRedeliveryPubrel, Fault::RedeliversAfterPubrec, Fault::RedeliversCompleted],
        needs: &["qos2"]),
    case!(done_at_last["qos1"]: "A message that was acknowledged only when it came again is done",
        v311: proves ["MQTT-4.3.2-1"],
        v5: proves ["MQTT-4.3.2-3"],
        caught: [Fault::RedeliversAcknowledged]),
    case!(done_at_last["qos2"]: "A QoS 2 message that was exchanged in full only when it came again is done",
        v311: proves ["MQTT-4.3.3-1"],
        v5: proves ["MQTT-4.3.3-5"],
        caught: [Fault::RedeliversCompleted],
        needs: &["qos2"]),
    case!(refused_among_others["qos1"]: "A PUBACK with an error code settles its message and leaves the others open",
        v5: proves ["MQTT-4.4.0-2", "MQTT-4.3.2-3"],
        caught: [Fault::RedeliversRefused, Fault::NoRedeliveryQos1]),
    case!(refused_among_others["qos2"]: "A PUBREC with an error code settles its message and leaves the others open",
        v5: proves ["MQTT-4.4.0-2", "MQTT-4.3.3-3"],
        caught: [Fault::RedeliversRefused, Fault::NoRedeliveryQos2],
        needs: &["qos2"]),
    case!(identifiers_apart["of-qos1"]: "Twelve QoS 1 messages that are unacknowledged have twelve packet identifiers",
        v311: proves ["MQTT-2.3.1-4" = "MQTT-4.3.2-1"],
        v5: proves ["MQTT-2.2.1-4" = "MQTT-4.3.2-1"],
        caught: [Fault::ReusesIdInFlight]),
    case!(identifiers_apart["of-qos2"]: "Twelve QoS 2 messages that are not completed have twelve packet identifiers",
        v311: proves ["MQTT-2.3.1-4" = "MQTT-4.3.3-1"],
        v5: proves ["MQTT-2.2.1-4" = "MQTT-4.3.3-1"],
        caught: [Fault::ReusesIdInFlight],
        needs: &["qos2"]),
    case!(identifiers_apart["of-both"]: "Twelve messages of QoS 1 and QoS 2 that are under way have twelve packet identifiers",
        v311: proves ["MQTT-2.3.1-4" = "MQTT-4.3.2-1" = "MQTT-4.3.3-1"],
        v5: proves ["MQTT-2.2.1-4" = "MQTT-4.3.2-1" = "MQTT-4.3.3-1"],
        caught: [Fault::ReusesIdInFlight],
        needs: &["qos2"]),
    case!(identifiers_after_resume["qos1"]: "After a resume new QoS 1 messages have other packet identifiers than those that are still open",
        v311: proves ["MQTT-2.3.1-4" = "MQTT-4.3.2-1"],
        v5: proves ["MQTT-2.2.1-4" = "MQTT-4.3.2-1"],
        caught: [Fault::ReusesIdInFlight]),
    case!(identifiers_after_resume["qos2"]: "After a resume new QoS 2 messages have other packet identifiers than those that are still open",
        v311: proves ["MQTT-2.3.1-4" = "MQTT-4.3.3-1"],
        v5: proves ["MQTT-2.2.1-4" = "MQTT-4.3.3-1"],
        caught: [Fault::ReusesIdInFlight],
        needs: &["qos2"]),
];

/// Set-up: `sleeper`, who acknowledges nothing, in a session with a subscription to `news` at this QoS, and a publisher.
async fn sleeper_at(broker: &Subject, qos: QoS) -> Result<(Client, Client), Stop> {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", qos).await?;
    sleeper.hold_acknowledgements();
    Ok((sleeper, broker.connect("publisher").await?))
}

pub(super) const THREE: [&[u8]; 3] = [b"one", b"two", b"three"];

/// Set-up: the same with three messages under way. Returns them too.
async fn three_open(broker: &Subject, qos: QoS) -> Result<(Client, Client, Vec<Received>), Stop> {
    let (mut sleeper, mut publisher) = sleeper_at(broker, qos).await?;
    let open = left_open(&mut sleeper, &mut publisher, &THREE, qos).await?;
    told_apart(&open)?;
    Ok((sleeper, publisher, open))
}

/// Set-up: what is under way has different packet identifiers.
pub(super) fn told_apart(open: &[Received]) -> Result<(), Stop> {
    let ids: BTreeSet<u16> = open.iter().map(Received::id).collect();
    if ids.len() < open.len() {
        let why = "sleeper: what is under way can't be told apart by packet identifier".to_owned();
        return Err(Stop::Inconclusive { why, line: None });
    }
    Ok(())
}

pub(super) fn one_and_three() -> [Pattern; 2] {
    [a_message("news", b"one"), a_message("news", b"three")]
}

pub(super) async fn out_of_order(broker: &Subject) -> Outcome {
    let qos = level_in(broker.member());
    let (mut sleeper, mut publisher, open) = three_open(broker, qos).await?;
    if qos == ExactlyOnce {
        return received_out_of_order(broker, sleeper, &open[1]).await;
    }
    sleeper.send(puback(open[1].id()))?;
    sleeper.drop_connection().await;

    let mut sleeper = back(broker, "sleeper", connect().persistent()).await?;

    let _ = sleeper.expect_all(one_and_three()).await?;
    sleeper.expect_no_message(b"two").before_message(&mut publisher, "news").await
}

async fn received_out_of_order(broker: &Subject, mut sleeper: Client, second: &Received) -> Outcome {
    sleeper.send(pubrec(second.id()))?;
    sleeper.receive(a_pubrel(second.id())).await?;
    sleeper.drop_connection().await;

    let mut sleeper = back_holding(broker, "sleeper", connect().persistent()).await?;

    let never_again = sleeper.expect_no_message(b"two").decides(rule!(v311 "MQTT-4.3.3-1", v5 "MQTT-4.3.3-6"));
    let _ = never_again.await?;
    let _ = sleeper.expect_all(one_and_three()).await?;
    let released = sleeper.expect(a_pubrel(second.id()));
    released.decides(rule!(v311 "MQTT-4.3.3-1", v5 "MQTT-4.3.3-5")).await
}

async fn dup_each_time(broker: &Subject) -> Outcome {
    let qos = level_in(broker.member());
    let (mut sleeper, mut publisher) = sleeper_at(broker, qos).await?;
    publisher.publish("news", b"again", qos).await?;
    let first = sleeper.receive(a_message("news", b"again").qos(qos)).await?;

    let mut shown = None;
    for _ in 0..3 {
        sleeper.drop_connection().await;
        sleeper = back_holding(broker, "sleeper", connect().persistent()).await?;
        let resent = rule!(v311 "MQTT-4.4.0-1", v5 "MQTT-4.4.0-1");
        let again = sleeper.expect(a_message("news", b"again")).decides(resent).await?;
        let _ = sleeper.expect_right(&again, a_message("news", b"again").id(first.id())).decides(resent).await?;
        shown = Some(sleeper.expect_right(&again, a_message("news", b"again").dup(true)).await?);
    }
    shown.ok_or(Stop::NotExercised("nothing was resumed".to_owned()))
}

async fn pubrel_each_time(broker: &Subject) -> Outcome {
    let (mut sleeper, mut publisher) = sleeper_at(broker, ExactlyOnce).await?;
    publisher.publish("news", b"half done", ExactlyOnce).await?;
    let id = sleeper.receive(a_message("news", b"half done").qos(ExactlyOnce)).await?.id();
    sleeper.send(pubrec(id))?;
    sleeper.receive(a_pubrel(id)).await?;

    for _ in 0..3 {
        sleeper.drop_connection().await;
        sleeper = back_holding(broker, "sleeper", connect().persistent()).await?;
        let never_again = rule!(v311 "MQTT-4.3.3-1", v5 "MQTT-4.3.3-6");
        let _ = sleeper.expect_no_message(b"half done").decides(never_again).await?;
        let _ = sleeper.expect(a_pubrel(id)).await?;
    }

    sleeper.send(pubcomp(id))?;
    sleeper.drop_connection().await;
    let mut sleeper = back_holding(broker, "sleeper", connect().persistent()).await?;
    sleeper.expect_no_packet(PacketType::Pubrel).decides(rule!(v311 "MQTT-4.3.3-1", v5 "MQTT-4.3.3-5")).await
}

async fn done_at_last(broker: &Subject) -> Outcome {
    let qos = level_in(broker.member());
    let (mut sleeper, mut publisher) = sleeper_at(broker, qos).await?;
    publisher.publish("news", b"at last", qos).await?;
    let first = sleeper.receive(a_message("news", b"at last").qos(qos)).await?;
    sleeper.drop_connection().await;
    let mut sleeper = back(broker, "sleeper", connect().persistent()).await?;
    sleeper.receive(a_message("news", b"at last").id(first.id())).await?;
    if qos == ExactlyOnce {
        sleeper.receive(a_pubrel(first.id())).await?;
    }
    sleeper.drop_connection().await;

    let mut sleeper = back_holding(broker, "sleeper", connect().persistent()).await?;

    if qos == AtLeastOnce {
        return sleeper.expect_no_message(b"at last").before_message(&mut publisher, "news").await;
    }
    let _ = sleeper.expect_no_packet(PacketType::Pubrel).await?;
    sleeper.expect_no_message(b"at last").await
}

async fn refused_among_others(broker: &Subject) -> Outcome {
    let qos = level_in(broker.member());
    let (mut sleeper, mut publisher, open) = three_open(broker, qos).await?;
    let refusal = if qos == AtLeastOnce { puback(open[1].id()) } else { pubrec(open[1].id()) };
    sleeper.send(refusal.reason(ReasonCode::UNSPECIFIED_ERROR))?;
    sleeper.serves().await?;
    sleeper.drop_connection().await;

    let mut sleeper = back(broker, "sleeper", connect().persistent()).await?;

    let others = sleeper.expect_all(one_and_three());
    let _ = match qos {
        AtLeastOnce => others.decides(rule!(v5 "MQTT-4.3.2-3")).await?,
        _ => others.decides(rule!(v5 "MQTT-4.3.3-3")).await?,
    };
    sleeper.expect_no_message(b"two").before_message(&mut publisher, "news").await
}

/// Decides: no two of these have the same packet identifier.
async fn apart(client: &mut Client, messages: &[Received]) -> Outcome {
    let mut decided = None;
    let mut used = Vec::new();
    for message in messages {
        let fresh = used.iter().fold(any(PacketType::Publish), |pattern, id| pattern.other_id_than(*id));
        decided = Some(client.expect_right(message, fresh).await?);
        used.push(message.id());
    }
    decided.ok_or(Stop::NotExercised("no message has come".to_owned()))
}

/// More than the ten that some brokers have under way at a time.
const TWELVE: usize = 12;

async fn identifiers_apart(broker: &Subject) -> Outcome {
    let levels = match broker.member() {
        "of-qos1" => [AtLeastOnce, AtLeastOnce],
        "of-qos2" => [ExactlyOnce, ExactlyOnce],
        _ => [AtLeastOnce, ExactlyOnce],
    };
    let (mut watcher, mut publisher) = sleeper_at(broker, levels[1]).await?;
    let message = |number: usize| (format!("message {number}"), levels[number % 2]);
    for (payload, qos) in (0..TWELVE).map(message) {
        publisher.publish("news", payload, qos).await?;
    }

    let mut under_way = vec![watcher.receive(a_message("news", message(0).0)).await?];
    for (payload, _) in (1..TWELVE).map(message) {
        match watcher.receive_also(a_message("news", payload)).await {
            Ok(message) => under_way.push(message),
            // As many as the broker has under way at a time have come.
            Err(Stop::NotExercised(_)) if under_way.len() > 1 => break,
            Err(stop) => return Err(stop),
        }
    }
    apart(&mut watcher, &under_way).await
}

async fn identifiers_after_resume(broker: &Subject) -> Outcome {
    let qos = level_in(broker.member());
    let (mut sleeper, mut publisher) = sleeper_at(broker, qos).await?;
    left_open(&mut sleeper, &mut publisher, &THREE, qos).await?;
    sleeper.drop_connection().await;
    let later: [&[u8]; 3] = [b"four", b"five", b"six"];
    for payload in later {
        publisher.publish("news", payload, qos).await?;
    }

    let mut sleeper = back_holding(broker, "sleeper", connect().persistent()).await?;

    let mut under_way = Vec::new();
    for payload in THREE.iter().chain(&later[..1]) {
        under_way.push(sleeper.receive(a_message("news", payload)).await?);
    }
    for payload in &later[1..] {
        under_way.extend(sleeper.receive_also(a_message("news", payload)).await.ok());
    }
    apart(&mut sleeper, &under_way).await
}
