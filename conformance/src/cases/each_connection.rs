//! The answers that a client owes to no accident: on a connection that resumes a session for the third time, on one that
//! takes another over, on the eleventh packet of a kind, and with wildcards in its topic filters.

use super::again::level_in;
use super::prelude::*;
use crate::scenario::pattern::Pattern;
use crate::scenario::{Client, Evidence, StepRules};

macro_rules! subscribed {
    ($member:literal, $title:literal $(, $key:ident: $value:expr)*) => {
        case!(subscribed[$member]: $title,
            v311: proves ["MQTT-3.8.4-1", "MQTT-3.8.4-2", "MQTT-3.8.4-5", "MQTT-3.9.3-2", "MQTT-3.9.3-1", "MQTT-3.8.4-4"],
            v5: proves ["MQTT-3.8.4-1", "MQTT-3.8.4-2", "MQTT-3.8.4-6", "MQTT-3.9.3-2", "MQTT-3.8.4-7", "MQTT-3.9.3-1", "MQTT-3.8.4-5"],
            caught: [Fault::NoSuback, Fault::WrongSubackId, Fault::SubackTooFewCodes, Fault::SubackInventsCode,
                Fault::SubackClaimsHigherQos, Fault::SubackReversed, Fault::SubackForEachFilter, Fault::OnlyFirstFilter]
            $(, $key: $value)*)
    };
}

macro_rules! unsubscribed {
    ($member:literal, $title:literal $(, $key:ident: $value:expr)*) => {
        case!(unsubscribed[$member]: $title,
            v311: proves ["MQTT-3.10.4-4", "MQTT-3.10.4-6", "MQTT-3.10.4-2", "MQTT-3.10.4-1", "MQTT-3.10.4-5"],
            v5: proves ["MQTT-3.10.4-4", "MQTT-3.10.4-5", "MQTT-3.11.3-2", "MQTT-3.11.3-1", "U5-179", "MQTT-3.10.4-6",
                "MQTT-3.10.4-2", "MQTT-3.10.4-1"],
            caught: [Fault::NoUnsuback, Fault::WrongUnsubackId, Fault::UnsubackTooManyCodes, Fault::UnsubackReversed,
                Fault::UnsubackInventsCode, Fault::UnsubackAlwaysSuccess, Fault::UnsubackForEachFilter,
                Fault::OnlyFirstUnsubscribed, Fault::UnsubscribeIneffective, Fault::NoUnsubackForUnknown]
            $(, $key: $value)*)
    };
}

macro_rules! published {
    ($member:literal, $title:literal, $proves311:tt, $proves5:tt, $caught:tt $(, $key:ident: $value:expr)*) => {
        case!(published[$member]: $title, v311: proves $proves311, v5: proves $proves5, caught: $caught $(, $key: $value)*)
    };
}

macro_rules! will_comes {
    ($member:literal, $title:literal, $fault:expr $(, $key:ident: $value:expr)*) => {
        case!(will_comes[$member]: $title,
            v311: proves ["MQTT-3.1.2-8"],
            v5: proves ["MQTT-3.1.2-8"],
            caught: [$fault]
            $(, $key: $value)*)
    };
}

pub(super) const CASES: &[Case] = &[
    subscribed!("third", "On a third resumption a SUBSCRIBE is answered and heeded as on a first connection"),
    subscribed!(
        "taken-over",
        "On a connection that takes a session over a SUBSCRIBE is answered and heeded as on a first one"
    ),
    subscribed!(
        "taken-over-clean",
        "On a connection that takes over with a clean start a SUBSCRIBE is answered and heeded as on a first one"
    ),
    subscribed!("eleventh", "The eleventh SUBSCRIBE of a connection is answered and heeded as the first"),
    subscribed!("plus", "A SUBSCRIBE with + in its topic filters is answered and heeded", needs: &["wildcard"]),
    subscribed!("hash", "A SUBSCRIBE with # in its topic filters is answered and heeded", needs: &["wildcard"]),
    subscribed!("plus-and-hash", "A SUBSCRIBE with + and # in its topic filters is answered and heeded", needs: &["wildcard"]),
    unsubscribed!("third", "On a third resumption an UNSUBSCRIBE is answered and heeded as on a first connection"),
    unsubscribed!(
        "taken-over",
        "On a connection that takes a session over an UNSUBSCRIBE is answered and heeded as on a first one"
    ),
    unsubscribed!(
        "taken-over-clean",
        "On a connection that takes over with a clean start an UNSUBSCRIBE is answered and heeded as on a first one"
    ),
    // What its first ten show already is not claimed again.
    case!(unsubscribed["eleventh"]: "The eleventh UNSUBSCRIBE of a connection is answered and heeded as the first",
        v311: proves ["MQTT-3.10.4-4", "MQTT-3.10.4-6", "MQTT-3.10.4-2", "MQTT-3.10.4-1", "MQTT-3.10.4-5"],
        v5: proves ["MQTT-3.10.4-4", "MQTT-3.10.4-5", "MQTT-3.11.3-2", "MQTT-3.11.3-1", "U5-179", "MQTT-3.10.4-6",
            "MQTT-3.10.4-2", "MQTT-3.10.4-1"],
        caught: [Fault::UnsubackReversed, Fault::UnsubackForEachFilter, Fault::OnlyFirstUnsubscribed,
            Fault::UnsubscribeIneffective]),
    unsubscribed!("plus", "An UNSUBSCRIBE with + in its topic filters is answered and heeded", needs: &["wildcard"]),
    unsubscribed!("hash", "An UNSUBSCRIBE with # in its topic filters is answered and heeded", needs: &["wildcard"]),
    unsubscribed!("plus-and-hash", "An UNSUBSCRIBE with + and # in its topic filters is answered and heeded", needs: &["wildcard"]),
    published!(
        "third.qos1",
        "On a third resumption a QoS 1 PUBLISH is acknowledged under its identifier",
        ["MQTT-3.3.4-1", "MQTT-2.3.1-6"],
        ["MQTT-3.3.4-1", "MQTT-2.2.1-5", "MQTT-3.4.2-1"],
        [Fault::NoPuback, Fault::WrongPubackId, Fault::AcknowledgesZero, Fault::PubackInventsCode]
    ),
    published!("third.qos2", "On a third resumption a QoS 2 PUBLISH is exchanged under its identifier",
        ["MQTT-3.3.4-1", "MQTT-2.3.1-6", "MQTT-4.3.3-2"],
        ["MQTT-3.3.4-1", "MQTT-2.2.1-5", "MQTT-3.5.2-1", "MQTT-4.3.3-11"],
        [Fault::NoPubrec, Fault::WrongPubrecId, Fault::PubrecInventsCode, Fault::NoPubcomp, Fault::WrongPubcompId],
        needs: &["qos2"]),
    published!("taken-over.qos2", "On a connection that takes a session over a QoS 2 PUBLISH is exchanged under its identifier",
        ["MQTT-3.3.4-1", "MQTT-2.3.1-6", "MQTT-4.3.3-2"],
        ["MQTT-3.3.4-1", "MQTT-2.2.1-5", "MQTT-3.5.2-1", "MQTT-4.3.3-11"],
        [Fault::NoPubrec, Fault::WrongPubrecId, Fault::PubrecInventsCode, Fault::NoPubcomp, Fault::WrongPubcompId],
        needs: &["qos2"]),
    published!("taken-over-clean.qos2", "On a connection that takes over with a clean start a QoS 2 PUBLISH is exchanged under its identifier",
        ["MQTT-3.3.4-1", "MQTT-2.3.1-6", "MQTT-4.3.3-2"],
        ["MQTT-3.3.4-1", "MQTT-2.2.1-5", "MQTT-3.5.2-1", "MQTT-4.3.3-11"],
        [Fault::NoPubrec, Fault::WrongPubrecId, Fault::PubrecInventsCode, Fault::NoPubcomp, Fault::WrongPubcompId],
        needs: &["qos2"]),
    case!(pinged["eleventh"]: "The eleventh PINGREQ of a connection is answered, and its client has its subscription still",
        v311: proves ["MQTT-3.12.4-1", "MQTT-4.1.0-1"],
        v5: proves ["MQTT-3.12.4-1", "MQTT-4.1.0-1"],
        caught: [Fault::PingForgetsSubscriptions]),
    will_comes!("third.loss", "On a third resumption the will of a lost client is published", Fault::WillNotSent, needs: &["will"]),
    will_comes!("third.error", "On a third resumption the will of a client that is closed for an error is published",
        Fault::NoWillOnError, needs: &["will"]),
    will_comes!("third.takeover", "On a third resumption the will of a client whose connection is taken over is published",
        Fault::NoWillOnTakeover, needs: &["will"]),
    will_comes!("third.silence", "On a third resumption the will of a client that falls silent is published",
        Fault::NoWillOnKeepAlive, needs: &["will"], waits: 2),
    will_comes!("taken-over.loss", "On a connection that takes a session over the will of a lost client is published",
        Fault::WillNotSent, needs: &["will"]),
    will_comes!("taken-over.error", "On a connection that takes a session over the will of a client that is closed for an error is published",
        Fault::NoWillOnError, needs: &["will"]),
    will_comes!("taken-over.silence", "On a connection that takes a session over the will of a client that falls silent is published",
        Fault::NoWillOnKeepAlive, needs: &["will"], waits: 2),
    will_comes!("taken-over-clean.loss", "On a connection that takes over with a clean start the will of a lost client is published",
        Fault::WillNotSent, needs: &["will"]),
    will_comes!("taken-over-clean.error", "On a connection that takes over with a clean start the will of a client that is closed for an error is published",
        Fault::NoWillOnError, needs: &["will"]),
    will_comes!("taken-over-clean.takeover", "On a connection that takes over with a clean start the will is published at the next takeover",
        Fault::NoWillOnTakeover, needs: &["will"]),
    will_comes!("taken-over-clean.silence", "On a connection that takes over with a clean start the will of a client that falls silent is published",
        Fault::NoWillOnKeepAlive, needs: &["will"], waits: 2),
    case!(will_after_code["third"]: "On a third resumption the will is published after DISCONNECT 0x04",
        v5: proves ["U5-180"],
        caught: [Fault::NoWillOnDisconnectCode],
        needs: &["will"]),
    case!(will_after_code["taken-over"]: "On a connection that takes a session over the will is published after DISCONNECT 0x04",
        v5: proves ["U5-180"],
        caught: [Fault::NoWillOnDisconnectCode],
        needs: &["will"]),
    case!(will_after_code["taken-over-clean"]: "On a connection that takes over with a clean start the will is published after DISCONNECT 0x04",
        v5: proves ["U5-180"],
        caught: [Fault::NoWillOnDisconnectCode],
        needs: &["will"]),
];

/// Set-up: the role is on a connection of this kind, by this CONNECT.
pub(super) async fn on(broker: &Subject, kind: &str, role: &'static str, draft: fn() -> Draft) -> Result<Client, Stop> {
    with(broker, kind, role, |plain| plain, draft).await
}

/// The same where the CONNECT of that connection alone has something more.
async fn with(
    broker: &Subject,
    kind: &str,
    role: &'static str,
    more: impl Fn(Draft) -> Draft,
    draft: fn() -> Draft,
) -> Result<Client, Stop> {
    let joining = Joining::named_in(kind);
    let draft =
        if matches!(joining, Joining::Resumed(_) | Joining::TakenOver) { draft().persistent() } else { draft() };
    broker.join(joining, role, more(draft)).await
}

/// What the member of a family names first: the kind of connection, or the shape of its topic filters.
fn kind(broker: &Subject) -> &'static str {
    broker.member().split('.').next().unwrap_or_default()
}

/// The n-th topic filter of the shape that the member names, and a topic that it matches.
fn filter(broker: &Subject, number: usize) -> (String, String) {
    match kind(broker) {
        "plus" => (format!("news{number}/+"), format!("news{number}/a")),
        "hash" => (format!("news{number}/#"), format!("news{number}/a")),
        "plus-and-hash" => (format!("news{number}/+/#"), format!("news{number}/a/b")),
        _ => (format!("news{number}"), format!("news{number}")),
    }
}

/// An identifier that is like no other of the case.
const ID: u16 = 0x5000;

/// The QoS that is asked for by each of three topic filters.
const ASKED: [QoS; 3] = [AtMostOnce, AtLeastOnce, AtLeastOnce];

fn three_filters(broker: &Subject) -> Draft {
    let of = |number: usize| filter(broker, number).0;
    subscribe(of(0), ASKED[0]).and(of(1), ASKED[1]).and(of(2), ASKED[2])
}

async fn subscribed(broker: &Subject) -> Outcome {
    let mut client = on(broker, kind(broker), "client", connect).await?;
    if kind(broker) == "eleventh" {
        for _ in 0..10 {
            client.subscribe("other", AtLeastOnce).await?;
        }
    }
    // By itself such a topic filter is granted.
    client.subscribe(filter(broker, 9).0, AtLeastOnce).await?;

    client.send(three_filters(broker).id(ID))?;

    let suback = client.expect(any(PacketType::Suback)).await?;
    let suback =
        client.expect_right(&suback, a_suback(ID)).decides(rule!(v311 "MQTT-3.8.4-2", v5 "MQTT-3.8.4-2")).await?;
    let counted = client.expect_right(&suback, any(PacketType::Suback).number_of_codes(3));
    let suback = counted.decides(rule!(v311 "MQTT-3.8.4-5", v5 "MQTT-3.8.4-6")).await?;
    let said = suback.packet().map(|packet| codes(&packet)).unwrap_or_default();
    let known = table_of_suback(broker.version());
    let suback = client.expect_right(&suback, each_of(&[&known, &known, &known]));
    let suback = suback.decides(rule!(v311 "MQTT-3.9.3-2", v5 "MQTT-3.9.3-2")).await?;
    let most = ASKED.map(|qos| known.iter().copied().filter(|code| code.is_error() || code.0 <= qos as u8).collect());
    let granted = each_of(&most.each_ref().map(Vec::as_slice));
    let mut sorted = said.clone();
    sorted.sort_unstable_by_key(|code| code.0);
    // Only where the right codes are there can it be their order that is wrong.
    let all_granted = sorted.iter().map(|code| code.0).eq(ASKED.map(|qos| qos as u8));
    let rules = if all_granted {
        rule!(v311 "MQTT-3.9.3-1", v5 "MQTT-3.9.3-1")
    } else {
        rule!(v311 "MQTT-3.8.4-5", v5 "MQTT-3.8.4-7")
    };
    let _ = client.expect_right(&suback, granted).decides(rules).await?;
    if !all_granted {
        return Err(Stop::NotExercised("the broker has not granted what was asked for".to_owned()));
    }
    let once = rule!(v311 "MQTT-3.8.4-4", v5 "MQTT-3.8.4-5");
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish(filter(broker, 2).1, b"by the third", AtLeastOnce).await?;
    let _ = client.expect(a_message(filter(broker, 2).1, b"by the third")).decides(once).await?;
    client.expect_no_packet(PacketType::Suback).decides(once).await
}

fn table_of_suback(version: Version) -> Vec<ReasonCode> {
    let is_known = |code: &ReasonCode| match version {
        Version::V5 => code.allowed_in(Version::V5, PacketType::Suback),
        _ => [0x00, 0x01, 0x02, 0x80].contains(&code.0),
    };
    (0..=u8::MAX).map(ReasonCode).filter(is_known).collect()
}

/// A SUBACK each of whose codes is one of these.
fn each_of(tables: &[&[ReasonCode]]) -> Pattern {
    tables.iter().fold(any(PacketType::Suback), |pattern, table| pattern.code(table))
}

async fn unsubscribed(broker: &Subject) -> Outcome {
    let mut client = on(broker, kind(broker), "client", connect).await?;
    if kind(broker) == "eleventh" {
        for _ in 0..10 {
            client.unsubscribe("other").await?;
        }
    }
    let (first, second) = (filter(broker, 0), filter(broker, 1));
    // A topic that the first filter matches, or begins like: its subscription is another one, and stays.
    let stays = if first.0 == first.1 { format!("{}1", first.0) } else { first.1.clone() };
    for subscription in [first.0.as_str(), &second.0, &stays, "fence"] {
        client.subscribe(subscription, AtLeastOnce).await?;
    }
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish(second.1.as_str(), b"before", AtLeastOnce).await?;
    client.receive(a_message(second.1.as_str(), b"before")).await?;
    client.send(unsubscribe(["none"]).id(ID - 1))?;
    let unknown = rule!(v311 "MQTT-3.10.4-5", v5 "MQTT-3.10.4-5");
    let _ = client.expect(any(PacketType::Unsuback)).decides(unknown).await?;

    client.send(unsubscribe([first.0.as_str(), &second.0, "none"]).id(ID))?;

    let unsuback = client.expect(any(PacketType::Unsuback)).await?;
    let _ = client
        .expect_right(&unsuback, an_unsuback(ID))
        .decides(rule!(v311 "MQTT-3.10.4-4", v5 "MQTT-3.10.4-5"))
        .await?;
    if let (Version::V5, Some(packet)) = (broker.version(), unsuback.packet()) {
        let said = codes(&packet);
        codes_are_right(&mut client, &unsuback, &said).await?;
    }
    let once = client.expect_no_packet(PacketType::Unsuback);
    let _ = once.decides(rule!(v311 "MQTT-3.10.4-6", v5 "MQTT-3.10.4-6")).await?;
    publisher.publish(second.1.as_str(), b"afterwards", AtLeastOnce).await?;
    let gone = client.expect_no_message(b"afterwards").before_message(&mut publisher, "fence");
    let _ = gone.decides(rule!(v311 "MQTT-3.10.4-2", v5 "MQTT-3.10.4-2")).await?;
    publisher.publish(stays.as_str(), b"by the one that stays", AtLeastOnce).await?;
    let left = client.expect(a_message(stays.as_str(), b"by the one that stays"));
    left.decides(rule!(v311 "MQTT-3.10.4-1", v5 "MQTT-3.10.4-1")).await
}

/// Decides: an UNSUBACK for two subscriptions and a topic filter that had none says so.
async fn codes_are_right(client: &mut Client, unsuback: &Evidence, said: &[ReasonCode]) -> Result<(), Stop> {
    let is_known = |code: &ReasonCode| code.allowed_in(Version::V5, PacketType::Unsuback);
    let known: Vec<ReasonCode> = (0..=u8::MAX).map(ReasonCode).filter(is_known).collect();
    let (success, none) = (ReasonCode::SUCCESS, ReasonCode::NO_SUBSCRIPTION_EXISTED);
    let of = |tables: [&[ReasonCode]; 3]| tables.into_iter().fold(any(PacketType::Unsuback), Pattern::code);
    let form = client.expect_right(unsuback, of([&known, &known, &known]));
    let _ = form.decides(rule!(v5 "MQTT-3.11.3-2")).await?;
    let mut sorted: Vec<u8> = said.iter().map(|code| code.0).collect();
    sorted.sort_unstable();
    if sorted == [success.0, success.0, none.0] {
        let order = client.expect_right(unsuback, of([&[success], &[success], &[none]]));
        return order.decides(rule!(v5 "MQTT-3.11.3-1")).await.map(drop);
    }
    let told = client.expect_right(unsuback, of([&known, &known, &[none]]));
    told.decides(rule!(v5 "U5-179")).recommended().await.map(drop)
}

async fn published(broker: &Subject) -> Outcome {
    let qos = level_in(broker.member());
    let mut client = on(broker, kind(broker), "client", connect).await?;

    client.send(publish("nobody/listens", b"acknowledged").qos(qos).id(ID))?;

    let first = if qos == AtLeastOnce { PacketType::Puback } else { PacketType::Pubrec };
    let known: Vec<ReasonCode> =
        (0..=u8::MAX).map(ReasonCode).filter(|code| code.allowed_in(Version::V5, first)).collect();
    let answer = client.expect(any(first)).await?;
    let _ =
        client.expect_right(&answer, any(first).id(ID)).decides(rule!(v311 "MQTT-2.3.1-6", v5 "MQTT-2.2.1-5")).await?;
    let form = client.expect_right(&answer, any(first).code(&known));
    if qos == AtLeastOnce {
        return form.decides(rule!(v5 "MQTT-3.4.2-1")).await;
    }
    let _ = form.decides(rule!(v5 "MQTT-3.5.2-1")).await?;
    client.send(pubrel(ID))?;
    let completed = rule!(v311 "MQTT-4.3.3-2", v5 "MQTT-4.3.3-11");
    client.expect(a_pubcomp(ID)).decides(completed).await
}

async fn pinged(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;
    client.subscribe_tried("news", "news", AtLeastOnce).await?;
    for _ in 0..10 {
        client.serves().await?;
    }

    let _ = client.expect_open().await?;

    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"still there", AtLeastOnce).await?;
    client.expect(a_message("news", b"still there")).decides(STILL_THERE).await
}

const STILL_THERE: StepRules = rule!(v311 "MQTT-4.1.0-1", v5 "MQTT-4.1.0-1");

/// Set-up: a client that has seen that messages on `status` reach it.
async fn watcher_of_status(broker: &Subject) -> Result<Client, Stop> {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("status", "status", AtLeastOnce).await?;
    Ok(watcher)
}

/// Set-up: a client with a will, on a connection of the kind that the member names.
async fn mortal(broker: &Subject, keep_alive: u16) -> Result<Client, Stop> {
    let gone = |draft: Draft| draft.keep_alive(keep_alive).will(will("status", b"gone").qos(AtLeastOnce));
    with(broker, kind(broker), "mortal", gone, connect).await
}

/// The keep alive of a client that is about other things, in seconds.
const LONG: u16 = 600;

async fn will_comes(broker: &Subject) -> Outcome {
    let cause = broker.member().split('.').nth(1).unwrap_or_default();
    let mut watcher = watcher_of_status(broker).await?;
    let mut mortal = mortal(broker, if cause == "silence" { 1 } else { LONG }).await?;

    match cause {
        "loss" => mortal.drop_connection().await,
        "error" => {
            mortal.send(subscribe("status", AtMostOnce).with("flags.reserved.1"))?;
            mortal.ended().await?;
        }
        "takeover" => {
            broker.connect("mortal").await?;
            mortal.ended().await?;
        }
        _ if mortal.keep_alive(1) != Duration::from_secs(1) => {
            return Err(Stop::NotExercised("the broker set a keep alive of its own".to_owned()));
        }
        _ => mortal.ended().await?,
    }

    watcher.serves().await?;
    watcher.expect(a_message("status", b"gone")).await
}

async fn will_after_code(broker: &Subject) -> Outcome {
    let mut watcher = watcher_of_status(broker).await?;
    let mut mortal = mortal(broker, LONG).await?;

    mortal.disconnect_with(disconnect().reason(ReasonCode::DISCONNECT_WITH_WILL_MESSAGE)).await?;

    watcher.expect(a_message("status", b"gone")).await
}
