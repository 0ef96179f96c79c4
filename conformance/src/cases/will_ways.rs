//! Wills on every way: each QoS, retained, long, on connections of every kind, and each end that publishes or discards them.

use super::again::back;
use super::prelude::*;
use crate::scenario::Client;

/// A case for each kind of will and of connection.
macro_rules! for_each_will {
    ($function:ident : $title:literal, $($rest:tt)*) => {
        &[
            case!($function["qos2"]: concat!($title, ", at QoS 2"), $($rest)*, needs: &["will", "qos2"]),
            case!($function["retained"]: concat!($title, ", with Will Retain 1"), $($rest)*, needs: &["will", "retain"]),
            case!($function["long"]: concat!($title, ", of 300 bytes"), $($rest)*, needs: &["will"]),
            case!($function["resumed"]: concat!($title, ", on a connection that resumes a session"), $($rest)*, needs: &["will"]),
            case!($function["third-time"]: concat!($title, ", on the third connection that resumes a session"), $($rest)*, needs: &["will"]),
            case!($function["taken-over"]: concat!($title, ", on a connection that takes a session over"), $($rest)*, needs: &["will"]),
            case!($function["taken-over-clean"]: concat!($title, ", on a connection that ends another by a clean start"), $($rest)*, needs: &["will"]),
        ]
    };
}

pub(super) const LOST: &[Case] = for_each_will!(will_of_lost: "The will of a connection that is lost is published as it was given",
    v311: proves ["MQTT-3.1.2-8"],
    v5: proves ["MQTT-3.1.2-8"],
    caught: [Fault::WillNotSent]);

/// Twelve connections: what a takeover or a broken rule brings about is left out there, for it would be told by three dozen.
pub(super) const MANY_TIMES: &[Case] = &[
    case!(will_of_lost["many-times"]: "The will of a connection that is lost is published as it was given, on the twelfth connection that resumes a session",
        v311: proves ["MQTT-3.1.2-8"],
        v5: proves ["MQTT-3.1.2-8"],
        caught: [Fault::WillNotSent],
        needs: &["will"]),
    case!(will_discarded["many-times"]: "A DISCONNECT discards the will, on the twelfth connection that resumes a session",
        v311: proves ["MQTT-3.1.2-10"],
        v5: proves ["MQTT-3.1.2-10"],
        caught: [Fault::WillAfterDisconnect],
        needs: &["will"]),
    case!(will_discarded["qos0"]: "A DISCONNECT discards the will, at QoS 0",
        v311: proves ["MQTT-3.1.2-10"],
        v5: proves ["MQTT-3.1.2-10"],
        caught: [Fault::WillAfterDisconnect],
        needs: &["will"]),
];

pub(super) const ENDED: &[Case] = for_each_will!(will_of_ended: "The will is published when the connection is taken over, breaks a rule, or says so",
    v311: proves ["MQTT-3.1.2-8"],
    v5: proves ["MQTT-3.1.2-8", "U5-079", "U5-180"],
    caught: [Fault::NoWillOnTakeover, Fault::NoWillOnError]);

pub(super) const DISCARDED: &[Case] = for_each_will!(will_discarded: "A DISCONNECT discards the will",
    v311: proves ["MQTT-3.1.2-10"],
    v5: proves ["MQTT-3.1.2-10"],
    caught: [Fault::WillAfterDisconnect]);

/// How often a session is resumed that was so many times.
const MANY: usize = 12;

const LONG: &[u8] = &[b'x'; 300];

/// The will that the member speaks of, told apart by its first bytes.
fn will_of(member: &str, name: &str) -> (WillDraft, Vec<u8>) {
    let payload = if member == "long" { [name.as_bytes(), LONG].concat() } else { name.as_bytes().to_vec() };
    let draft = will("status", &payload).qos(qos_of(member));
    (if member == "retained" { draft.retain() } else { draft }, payload)
}

fn qos_of(member: &str) -> QoS {
    // One of QoS 0 may be lost on the way: it is for what must not come.
    match member {
        "qos0" => AtMostOnce,
        "qos2" => ExactlyOnce,
        _ => AtLeastOnce,
    }
}

/// A client with this will, on a connection to which it has come as the member says.
async fn mortal_on_way(broker: &Subject, role: &'static str, will: WillDraft) -> Result<Client, Stop> {
    let member = broker.member();
    let times = match member {
        "resumed" => 1,
        "third-time" => 3,
        "many-times" => MANY,
        "taken-over" | "taken-over-clean" => 0,
        _ => return broker.connect_as(role, connect().will(will)).await,
    };
    let mut client = broker.connect_as(role, connect().persistent()).await?;
    for _ in 1..times {
        client.disconnect().await?;
        client = back(broker, role, connect().persistent()).await?;
    }
    match member {
        "taken-over" => back(broker, role, connect().persistent().will(will)).await,
        "taken-over-clean" => broker.connect_as(role, connect().will(will)).await,
        _ => {
            client.disconnect().await?;
            back(broker, role, connect().persistent().will(will)).await
        }
    }
}

/// A watcher of the topic of the wills, which has seen it work.
async fn watcher_of_wills(broker: &Subject, qos: QoS) -> Result<Client, Stop> {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("status", qos.max(AtLeastOnce)).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("status", b"before", AtLeastOnce).await?;
    watcher.receive(a_message("status", b"before")).await?;
    Ok(watcher)
}

async fn will_of_lost(broker: &Subject) -> Outcome {
    let member = broker.member();
    let mut watcher = watcher_of_wills(broker, qos_of(member)).await?;
    let (draft, payload) = will_of(member, "lost");
    let mut mortal = mortal_on_way(broker, "mortal", draft).await?;

    mortal.drop_connection().await;

    let published = rule!(v311 "MQTT-3.1.2-8", v5 "MQTT-3.1.2-8");
    watcher.expect(a_message("status", &payload)).decides(published).await
}

async fn will_of_ended(broker: &Subject) -> Outcome {
    let member = broker.member();
    let mut watcher = watcher_of_wills(broker, qos_of(member)).await?;

    let (draft, payload) = will_of(member, "taken over");
    let mut mortal = mortal_on_way(broker, "first", draft).await?;
    let _next = broker.connect("first").await?;
    mortal.ended().await?;
    watcher.serves().await?;
    let published = rule!(v311 "MQTT-3.1.2-8", v5 "U5-079");
    let shown = watcher.expect(a_message("status", &payload)).decides(published).await?;

    let (draft, payload) = will_of(member, "broke a rule");
    let mut rogue = mortal_on_way(broker, "second", draft).await?;
    rogue.send(connect())?;
    rogue.ended().await?;
    watcher.serves().await?;
    let published = rule!(v311 "MQTT-3.1.2-8", v5 "MQTT-3.1.2-8");
    let _ = watcher.expect(a_message("status", &payload)).decides(published).await?;

    if broker.version() == Version::V5 {
        let (draft, payload) = will_of(member, "said so");
        let mut last = mortal_on_way(broker, "third", draft).await?;
        last.disconnect_with(disconnect().reason(ReasonCode::DISCONNECT_WITH_WILL_MESSAGE)).await?;
        return watcher.expect(a_message("status", &payload)).decides(rule!(v5 "U5-180")).await;
    }
    Ok(shown)
}

async fn will_discarded(broker: &Subject) -> Outcome {
    let member = broker.member();
    let mut watcher = watcher_of_wills(broker, qos_of(member)).await?;
    let mut publisher = broker.connect("publisher").await?;
    let (draft, payload) = will_of(member, "discarded");
    let mut polite = mortal_on_way(broker, "polite", draft).await?;

    polite.disconnect().await?;

    watcher.expect_no_message(&payload).before_message(&mut publisher, "status").await
}
