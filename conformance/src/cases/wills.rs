//! What a will is when it is published, on connections of each kind: at QoS 0, retained or not, after its delay, with its
//! properties, once; and that it comes where a client falls silent.

use super::again::{back, come_by};
use super::family::family;
use super::prelude::*;
use crate::scenario::{Client, Evidence, Received, StepRules};
use mqtt_assay_standard::bounds;
use tokio::time::Instant;

pub(super) const SILENT: &[Case] = family!(will_of_silent: "The will of a client that falls silent is published", {
    v311: proves ["MQTT-3.1.2-8"],
    v5: proves ["MQTT-3.1.2-8"],
    caught: [Fault::NoWillOnKeepAlive],
    waits: 2
}, [
    "qos2" ", at QoS 2" ["will", "qos2"],
    "retained" ", with Will Retain 1" ["will", "retain"],
    "long" ", of 300 bytes" ["will"],
    "many-times" ", on the eleventh connection of its session" ["will"],
]);

pub(super) const MANY_TIMES: &[Case] = &[
    case!(will_of_ended_session: "The wills of the eleventh connection of a session and of those behind it are published, whatever ends them",
        v311: proves ["MQTT-3.1.2-8"],
        v5: proves ["MQTT-3.1.2-8", "U5-180"],
        caught: [Fault::NoWillOnError, Fault::NoWillOnTakeover],
        needs: &["will"]),
];

macro_rules! displaces {
    ($member:literal, $title:literal, $v311:tt, $v5:tt, $fault:expr $(, $key:ident: $value:expr)*) => {
        case!(displaces[$member]: $title, v311: proves $v311, v5: proves $v5, caught: [$fault] $(, $key: $value)*)
    };
}

/// At QoS 0 a will may be lost on its way to a subscriber. A retained one is seen by what it takes the place of.
pub(super) const DISPLACES: &[Case] = &[
    displaces!("loss", "A retained will of QoS 0 displaces the retained message of its topic when its client is lost",
        ["MQTT-3.1.2-17", "MQTT-3.1.2-8"], ["MQTT-3.1.2-15", "MQTT-3.1.2-8"], Fault::WillNotSent, needs: &["will", "retain"]),
    displaces!("error", "A retained will of QoS 0 displaces the retained message of its topic when its client breaks a rule",
        ["MQTT-3.1.2-17", "MQTT-3.1.2-8"], ["MQTT-3.1.2-15", "MQTT-3.1.2-8"], Fault::NoWillOnError, needs: &["will", "retain"]),
    displaces!("takeover", "A retained will of QoS 0 displaces the retained message of its topic when its connection is taken over",
        ["MQTT-3.1.2-17", "MQTT-3.1.2-8"], ["MQTT-3.1.2-15", "MQTT-3.1.2-8"], Fault::NoWillOnTakeover, needs: &["will", "retain"]),
    displaces!("silence", "A retained will of QoS 0 displaces the retained message of its topic when its client falls silent",
        ["MQTT-3.1.2-17", "MQTT-3.1.2-8"], ["MQTT-3.1.2-15", "MQTT-3.1.2-8"], Fault::NoWillOnKeepAlive, needs: &["will", "retain"], waits: 2),
    case!(displaces["code"]: "A retained will of QoS 0 displaces the retained message of its topic after DISCONNECT 0x04",
        v5: proves ["MQTT-3.1.2-15", "MQTT-3.1.2-8"],
        caught: [Fault::NoWillOnDisconnectCode],
        needs: &["will", "retain"]),
    case!(displaces["session-end"]: "A retained will of QoS 0 with a long delay displaces the retained message of its topic when its session ends",
        v5: proves ["MQTT-3.1.2-15", "MQTT-3.1.2-8"],
        caught: [Fault::WillOutlivesSession],
        needs: &["will", "retain"]),
];

pub(super) const NOT_RETAINED: &[Case] = family!(not_retained: "A will with Will Retain 0 is not retained", {
    v311: proves ["MQTT-3.1.2-16"],
    v5: proves ["MQTT-3.1.2-14"],
    caught: [Fault::WillAlwaysRetained]
}, [
    "qos0" ", at QoS 0" ["will"],
    "qos2" ", at QoS 2" ["will", "qos2"],
    "long" ", of 300 bytes" ["will"],
    "resumed" ", on a connection that resumes a session" ["will"],
    "second-time" ", on the second connection that resumes a session" ["will"],
]);

pub(super) const RETAINED: &[Case] = family!(retained: "A will with Will Retain 1 comes, and is then the retained message of its topic", {
    v311: proves ["MQTT-3.1.2-17", "MQTT-3.1.2-8"],
    v5: proves ["MQTT-3.1.2-15", "MQTT-3.1.2-8"],
    caught: [Fault::WillNotRetained, Fault::LosesUnusualWills]
}, [
    "qos2" ", at QoS 2" ["will", "retain", "qos2"],
    "long" ", of 300 bytes" ["will", "retain"],
    "resumed" ", on a connection that resumes a session" ["will", "retain"],
    "second-time" ", on the second connection that resumes a session" ["will", "retain"],
]);

pub(super) const DELAYED: &[Case] = family!(delayed: "A will is not published before its delay is over", {
    v5: proves ["MQTT-3.1.2-8"],
    caught: [Fault::WillDelayIgnored],
    waits: 1
}, [
    "qos0" ", at QoS 0" ["will"],
    "qos2" ", at QoS 2" ["will", "qos2"],
    "retained" ", with Will Retain 1" ["will", "retain"],
    "second-time" ", on the second connection that resumes a session" ["will"],
]);

pub(super) const WITH_SESSION: &[Case] = family!(ends_with_session: "A will with a long delay is published when the session ends with its connection", {
    v5: proves ["MQTT-3.1.2-8"],
    caught: [Fault::WillOutlivesSession]
}, [
    "qos2" ", at QoS 2" ["will", "qos2"],
    "retained" ", with Will Retain 1" ["will", "retain"],
    "resumed" ", which resumed it" ["will"],
    "second-time" ", which resumed it for the second time" ["will"],
]);

pub(super) const PROPERTIES: &[Case] = family!(properties: "A will has its user properties in their order, and its expiry interval", {
    v5: proves ["MQTT-3.1.3-10", "U5-072"],
    caught: [Fault::WillPropertiesReordered, Fault::WillExpiryMissing]
}, [
    "qos0" ", at QoS 0" ["will"],
    "resumed" ", on a connection that resumes a session" ["will"],
    "second-time" ", on the second connection that resumes a session" ["will"],
]);

pub(super) const CANCELLED: &[Case] = family!(cancelled: "A will is not published where its client is back before the delay is over", {
    v5: proves ["MQTT-3.1.3-9"],
    caught: [Fault::WillNotCancelled],
    waits: 6
}, [
    "third-time" ", to a session that it resumed three times" ["will"],
    "many-times" ", to a session that it resumed ten times" ["will"],
]);

pub(super) const ONCE: &[Case] = family!(once: "A will is published once, and not at the end of the next connection", {
    v311: proves ["MQTT-3.1.2-10"],
    v5: proves ["MQTT-3.1.2-10"],
    caught: [Fault::WillTwice]
}, [
    "qos1" ", at QoS 1" ["will"],
    "retained" ", with Will Retain 1" ["will", "retain"],
    "resumed" ", on a connection that resumes a session" ["will"],
    "second-time" ", on the second connection that resumes a session" ["will"],
    "third-time" ", on the third connection that resumes a session" ["will"],
    "many-times" ", on the eleventh connection of its session" ["will"],
    "taken-over" ", on a connection that takes a session over" ["will"],
    "taken-over-clean" ", on a connection that ends another by a clean start" ["will"],
]);

pub(super) const OVERLAPPING: &[Case] = &[
    case!(highest_of_overlapping: "Of overlapping subscriptions the one with the highest granted QoS decides for a will too",
        v311: proves ["MQTT-3.3.5-1"],
        v5: proves ["MQTT-3.3.4-2"],
        caught: [Fault::OverlapTakesLowestQos],
        needs: &["will", "wildcard"]),
];

const LONG: &[u8] = &[b'x'; 300];

/// The rule that a will is published at all.
const PUBLISHED: StepRules = rule!(v311 "MQTT-3.1.2-8", v5 "MQTT-3.1.2-8");

fn qos_of(member: &str) -> QoS {
    match member {
        "qos0" => AtMostOnce,
        "qos2" => ExactlyOnce,
        _ => AtLeastOnce,
    }
}

/// A will with this text, as the member wants it, and its whole payload.
fn will_of(member: &str, text: &str) -> (WillDraft, Vec<u8>) {
    let payload = if member == "long" { [text.as_bytes(), LONG].concat() } else { text.as_bytes().to_vec() };
    let draft = will("status", &payload).qos(qos_of(member));
    (if member == "retained" { draft.retain() } else { draft }, payload)
}

/// Set-up: a client that sees what comes to the topic of the wills.
async fn watcher_of_wills(broker: &Subject) -> Result<Client, Stop> {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("status", "status", qos_of(broker.member()).max(AtLeastOnce)).await?;
    Ok(watcher)
}

/// Set-up: a client with this will, on a connection to which it has come as the member says, in a session that is seen to
/// outlive it, unless it began by ending another.
async fn lasting(broker: &Subject, role: &'static str, last: WillDraft) -> Result<Client, Stop> {
    let way = match broker.member() {
        "qos0" | "qos1" | "qos2" | "retained" | "long" => "resumed",
        way => way,
    };
    come_by(broker, way, role, |draft| draft.will(last)).await
}

/// Set-up: a will that has come. One of QoS 0 may be lost: then the client goes again, with a will that can be told apart.
async fn heard(broker: &Subject, watcher: &mut Client, more: fn(WillDraft) -> WillDraft) -> Result<Received, Stop> {
    let deadline = Instant::now() + watcher.context().patient(bounds::SET_UP);
    let mut wills = Vec::new();
    loop {
        let (last, payload) = will_of(broker.member(), &format!("gone {}", wills.len() + 1));
        lasting(broker, "mortal", more(last)).await?.drop_connection().await;
        wills.push(a_message("status", &payload));
        let may_be_lost = qos_of(broker.member()) == AtMostOnce;
        let until = if may_be_lost { watcher.until_next_trial(deadline) } else { deadline };
        match watcher.receive_one_of(&wills, until).await {
            Err(stop) if stop.is_silence() && Instant::now() < deadline => {}
            received => return received,
        }
    }
}

/// Set-up: this client, whose keep alive is 1 s, falls silent, and the broker ends its connection.
async fn falls_silent(mut mortal: Client) -> Result<(), Stop> {
    if mortal.keep_alive(1) != Duration::from_secs(1) {
        return Err(Stop::NotExercised("the broker set a keep alive of its own".to_owned()));
    }
    mortal.ended().await
}

async fn will_of_silent(broker: &Subject) -> Outcome {
    let mut watcher = watcher_of_wills(broker).await?;
    let (last, payload) = will_of(broker.member(), "silent");
    let mortal = come_by(broker, broker.member(), "mortal", |draft| draft.keep_alive(1).will(last)).await?;

    falls_silent(mortal).await?;

    watcher.serves().await?;
    watcher.expect(a_message("status", &payload)).await
}

async fn will_of_ended_session(broker: &Subject) -> Outcome {
    let mut watcher = watcher_of_wills(broker).await?;
    let with_will = |text| connect().persistent().will(will("status", text).qos(AtLeastOnce));
    let first = will("status", "said so").qos(AtLeastOnce);
    let mut mortal = come_by(broker, "many-times", "mortal", |draft| draft.will(first)).await?;
    if broker.version() == Version::V5 {
        mortal.disconnect_with(disconnect().reason(ReasonCode::DISCONNECT_WITH_WILL_MESSAGE)).await?;
        let _ = watcher.expect(a_message("status", b"said so")).decides(rule!(v5 "U5-180")).await?;
    } else {
        mortal.disconnect().await?;
    }

    let mut rogue = back(broker, "mortal", with_will("broke a rule")).await?;
    rogue.send(connect())?;
    rogue.ended().await?;
    watcher.serves().await?;
    let _ = watcher.expect(a_message("status", b"broke a rule")).await?;

    let mut mortal = back(broker, "mortal", with_will("taken over")).await?;
    broker.connect("mortal").await?;
    mortal.ended().await?;
    watcher.serves().await?;
    watcher.expect(a_message("status", b"taken over")).await
}

/// Set-up: a client with this will ends as the member says.
async fn dies(broker: &Subject, last: WillDraft) -> Result<(), Stop> {
    let member = broker.member();
    let last = if member == "session-end" { last.property(Property::WillDelayInterval(300)) } else { last };
    let draft = connect().keep_alive(if member == "silence" { 1 } else { 600 }).will(last);
    let mut mortal = broker.connect_as("mortal", draft).await?;
    match member {
        "error" => {
            mortal.send(connect())?;
            mortal.ended().await
        }
        "takeover" => {
            broker.connect("mortal").await?;
            mortal.ended().await
        }
        "silence" => falls_silent(mortal).await,
        "code" => mortal.disconnect_with(disconnect().reason(ReasonCode::DISCONNECT_WITH_WILL_MESSAGE)).await,
        _ => {
            if member == "session-end" {
                mortal.session_ends()?;
            }
            mortal.drop_connection().await;
            Ok(())
        }
    }
}

async fn displaces(broker: &Subject) -> Outcome {
    let mut witness = broker.witness(["status"]).await?;
    let mut publisher = broker.connect("publisher").await?;
    let old = publish("status", b"old").qos(AtLeastOnce).retain();
    publisher.publish_to(&mut witness, old, a_message("status", b"old")).await?;
    let mut early = broker.connect("early").await?;
    early.subscribe("status", AtLeastOnce).await?;
    early.receive(a_message("status", b"old").retain(true)).await?;

    dies(broker, will("status", b"gone").retain()).await?;

    // It may be lost on this way, and is not waited for any longer than it may take.
    let limit = witness.context().patient(bounds::GRACE);
    let live = witness.receive_within(a_message("status", b"gone"), limit).await.ok();
    if let Some(live) = &live {
        let _ = witness.expect_right(live, a_message("status", b"gone")).decides(PUBLISHED).await?;
    }
    let retained = rule!(v311 "MQTT-3.1.2-17", v5 "MQTT-3.1.2-15");
    let rules = if live.is_some() { retained } else { PUBLISHED };
    let mut late = broker.connect("late").await?;
    late.subscribe("status", AtLeastOnce).await?;
    late.expect_no_message(b"old").decides(rules).before_message(&mut publisher, "status").await
}

async fn not_retained(broker: &Subject) -> Outcome {
    let mut watcher = watcher_of_wills(broker).await?;
    let mut publisher = broker.connect("publisher").await?;

    let gone = heard(broker, &mut watcher, |last| last).await?;

    let mut late = broker.connect("late").await?;
    late.subscribe("status", AtLeastOnce).await?;
    late.expect_no_message(gone.payload()).before_message(&mut publisher, "status").await
}

async fn retained(broker: &Subject) -> Outcome {
    let mut watcher = watcher_of_wills(broker).await?;
    let (last, payload) = will_of(broker.member(), "gone");
    let mut mortal = lasting(broker, "mortal", last.retain()).await?;

    mortal.drop_connection().await;

    let _ = watcher.expect(a_message("status", &payload)).decides(PUBLISHED).await?;
    let mut late = broker.connect("late").await?;
    late.subscribe("status", AtLeastOnce).await?;
    late.expect(a_message("status", &payload)).await
}

/// How often a will of QoS 0 is waited for, which may be lost.
const TRIALS: usize = 3;

async fn delayed(broker: &Subject) -> Outcome {
    let mut watcher = watcher_of_wills(broker).await?;
    let mut tried = 0;
    loop {
        tried += 1;
        let outcome = comes_when_due(broker, &mut watcher, &format!("gone {tried}")).await;
        let may_be_lost = qos_of(broker.member()) == AtMostOnce && tried < TRIALS;
        match outcome {
            Err(Stop::Inconclusive { .. }) if may_be_lost => {}
            decided => return decided,
        }
    }
}

/// Decides: the will of a client that is lost comes when its delay is over, and not before.
async fn comes_when_due(broker: &Subject, watcher: &mut Client, text: &str) -> Result<Evidence, Stop> {
    let (last, payload) = will_of(broker.member(), text);
    let delayed = last.property(Property::WillDelayInterval(1));
    let mortal = lasting(broker, "mortal", delayed).await?;
    mortal.reset_connection();
    watcher.expect(with_payload(&payload)).due_after(mortal.last_action(), Duration::from_secs(1)).await
}

async fn ends_with_session(broker: &Subject) -> Outcome {
    let mut watcher = watcher_of_wills(broker).await?;
    let (last, payload) = will_of(broker.member(), "gone");
    let delayed = last.property(Property::WillDelayInterval(300));
    let mut mortal = come_by(broker, broker.member(), "mortal", |_| connect().resume().will(delayed)).await?;
    mortal.session_ends()?;

    mortal.drop_connection().await;

    watcher.expect(a_message("status", &payload)).await
}

/// User properties of a will, in their order.
const PAIRS: [(&str, &str); 3] = [("name", "one"), ("other", "two"), ("name", "three")];

/// The expiry interval of a will, in seconds, and one that it can't be down to within a case.
const EXPIRY: (u32, u32) = (600, 500);

async fn properties(broker: &Subject) -> Outcome {
    let mut watcher = watcher_of_wills(broker).await?;
    let described = |last: WillDraft| {
        let numbered = last.property(Property::MessageExpiryInterval(EXPIRY.0));
        PAIRS.iter().fold(numbered, |last, (name, value)| last.property(Property::UserProperty(name, value)))
    };

    let gone = heard(broker, &mut watcher, described).await?;

    let in_order = any(PacketType::Publish).in_order(&PAIRS);
    let _ = watcher.expect_right(&gone, in_order).decides(rule!(v5 "MQTT-3.1.3-10")).await?;
    let expires = any(PacketType::Publish).expiry_at_most(EXPIRY.0).expiry_at_least(EXPIRY.1);
    watcher.expect_right(&gone, expires).decides(rule!(v5 "U5-072")).await
}

async fn cancelled(broker: &Subject) -> Outcome {
    let delayed = |text: &str| will("status", text).qos(AtLeastOnce).property(Property::WillDelayInterval(6));
    let mut watcher = watcher_of_wills(broker).await?;
    let mut publisher = broker.connect("publisher").await?;
    let mut lost = come_by(broker, "resumed", "lost", |draft| draft.will(delayed("later"))).await?;
    let mut mortal = lasting(broker, "mortal", delayed("gone")).await?;

    mortal.drop_connection().await;
    back(broker, "mortal", connect().persistent()).await?;
    if mortal.last_action().elapsed() >= Duration::from_secs(6) {
        return Err(Stop::Inconclusive { why: "the client was back too late".to_owned(), line: None });
    }

    // The will of a client that went later and stays away shows that the time is over.
    lost.drop_connection().await;
    watcher.receive(a_message("status", b"later")).await?;
    watcher.expect_no_message(b"gone").before_message(&mut publisher, "status").await
}

async fn once(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;
    let mut watcher = if broker.member() == "retained" {
        // Retained messages may be looked up late: once this one has come, they have been.
        let mut witness = broker.witness(["status"]).await?;
        let before = publish("status", b"before").qos(AtLeastOnce).retain();
        publisher.publish_to(&mut witness, before, a_message("status", b"before")).await?;
        let mut watcher = watcher_of_wills(broker).await?;
        watcher.receive(a_message("status", b"before").retain(true)).await?;
        watcher
    } else {
        watcher_of_wills(broker).await?
    };
    let (last, payload) = will_of(broker.member(), "gone");
    let mut mortal = lasting(broker, "mortal", last).await?;

    mortal.drop_connection().await;

    watcher.receive(a_message("status", &payload)).await?;
    let _ = watcher.expect_no_message(&payload).before_message(&mut publisher, "status").await?;
    let next = if broker.member() == "taken-over-clean" { connect() } else { connect().persistent() };
    broker.connect_as("mortal", next).await?.drop_connection().await;
    watcher.expect_no_message(&payload).before_message(&mut publisher, "status").await
}

async fn highest_of_overlapping(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("status", "status", AtLeastOnce).await?;
    watcher.subscribe("status/#", AtMostOnce).await?;
    watcher.subscribe("+", AtMostOnce).await?;
    let mut control = broker.connect("control").await?;
    control.subscribe("status", AtLeastOnce).await?;
    let last = will("status", b"gone").qos(AtLeastOnce);
    let mut mortal = broker.connect_as("mortal", connect().will(last)).await?;

    mortal.drop_connection().await;

    control.receive(a_message("status", b"gone").qos(AtLeastOnce)).await?;
    // Further copies at other granted QoS are permitted.
    watcher.expect(a_message("status", b"gone").copy_at(AtLeastOnce)).await
}
