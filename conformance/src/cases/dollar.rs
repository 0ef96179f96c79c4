//! Topics that begin with $ on every way: no wildcard in the first level matches them, and clients exchange nothing there.

use super::again::back;
use super::prelude::*;
use super::topics::watcher_beyond;
use crate::scenario::Client;

/// A case for each way on which such a message might come by a wildcard.
macro_rules! by_wildcard {
    ($($member:literal: $title:literal $(, $need:literal)*;)*) => {
        &[$(
            case!(hidden_from_wildcard[$member]: concat!("A filter that begins with + brings no message on a topic that begins with $, ", $title),
                v311: proves ["MQTT-4.7.2-1"],
                v5: proves ["MQTT-4.7.2-1"],
                caught: [Fault::WildcardMatchesDollar],
                needs: &["wildcard" $(, $need)*], intrusive: true),
        )*]
    };
}

pub(super) const BY_WILDCARD: &[Case] = by_wildcard! {
    "qos0": "at QoS 0";
    "qos2": "at QoS 2", "qos2";
    "one-of-several": "where it is the second of a SUBSCRIBE";
    "replaced": "where it takes the place of an older subscription";
    "resumed": "on a session that is resumed";
    "second-time": "on a session that is resumed twice";
    "queued": "published while its client was away";
    "retained": "retained", "retain";
    "will": "that is a will", "will";
    "retained-will": "that is a retained will", "retain", "will";
    "other-version": "from a client of the other version";
};

/// There are no shares in 3.1.1.
pub(super) const BY_SHARE: &[Case] = &[
    case!(hidden_from_wildcard["shared"]: "A filter that begins with + brings no message on a topic that begins with $, through a share",
        v5: proves ["MQTT-4.7.2-1"],
        caught: [Fault::WildcardMatchesDollar],
        needs: &["wildcard", "shared-subscriptions"], intrusive: true),
];

/// The ways of clients that know the name of such a topic.
pub(super) const BY_NAME: &[Case] = &[
    case!(hidden_by_name["qos0"]: "Clients can't exchange messages on a topic that begins with $, at QoS 0",
        v311: proves ["U3-24"],
        v5: proves ["U5-215"],
        caught: [Fault::ExchangesDollarTopics],
        intrusive: true),
    case!(hidden_by_name["qos2"]: "Clients can't exchange messages on a topic that begins with $, at QoS 2",
        v311: proves ["U3-24"],
        v5: proves ["U5-215"],
        caught: [Fault::ExchangesDollarTopics],
        needs: &["qos2"], intrusive: true),
    case!(hidden_by_name["resumed"]: "Clients can't exchange messages on a topic that begins with $, on a session that is resumed",
        v311: proves ["U3-24"],
        v5: proves ["U5-215"],
        caught: [Fault::ExchangesDollarTopics],
        intrusive: true),
];

/// The QoS of the message and of the subscription.
fn level(member: &str) -> QoS {
    match member {
        "qos0" => AtMostOnce,
        "qos2" => ExactlyOnce,
        _ => AtLeastOnce,
    }
}

/// How often the watcher comes back before the message is published.
fn returns(member: &str) -> usize {
    match member {
        "resumed" => 1,
        "second-time" => 2,
        _ => 0,
    }
}

async fn hidden_from_wildcard(broker: &Subject) -> Outcome {
    let member = broker.member();
    let own = broker.full_topic("news");
    let rest = own.split_once('/').map_or(own.as_str(), |(_, rest)| rest);
    let share = if member == "shared" { format!("$share/{}/", broker.unique()) } else { String::new() };
    let (filter, beyond) = (exact(format!("{share}+/{rest}")), exact(format!("assay/{rest}")));
    watcher_beyond(broker, filter.clone(), beyond.clone()).await?.disconnect().await?;
    let hidden = exact(format!("$assay/{rest}"));
    let mut watcher = broker.connect_as("sleeper", connect().persistent()).await?;
    let is_kept = matches!(member, "retained" | "retained-will");
    if is_kept {
        whispers(broker, &hidden).await?;
    }
    subscribes(broker, &mut watcher, &filter).await?;
    let mut watcher = comes_back(broker, watcher).await?;
    if member == "queued" {
        watcher.disconnect().await?;
        whispers(broker, &hidden).await?;
        watcher = back(broker, "sleeper", connect().persistent()).await?;
    } else if !is_kept {
        whispers(broker, &hidden).await?;
    }

    let mut publisher = broker.connect("publisher").await?;
    watcher.expect_no_message(WHISPER).before_message(&mut publisher, beyond).await
}

async fn hidden_by_name(broker: &Subject) -> Outcome {
    let topic = exact(format!("${}", broker.unique()));
    let mut watcher = broker.connect_as("sleeper", connect().persistent()).await?;
    watcher.subscribe_tried("control", "control", AtLeastOnce).await?;
    watcher.send(subscribe(&topic, level(broker.member())))?;
    if watcher.receive_or_end(any(PacketType::Suback)).await?.is_none() {
        return Err(Stop::NotExercised("the broker closes on a subscription to such a topic".to_owned()));
    }
    let mut watcher = comes_back(broker, watcher).await?;

    whispers(broker, &topic).await?;

    let mut publisher = broker.connect("publisher").await?;
    watcher.expect_no_message(WHISPER).before_message(&mut publisher, "control").await
}

/// What is said on such a topic.
const WHISPER: &[u8] = b"between us";

/// Set-up: the subscription, in the way that the member says.
async fn subscribes(broker: &Subject, watcher: &mut Client, filter: &Topic) -> Result<(), Stop> {
    let qos = level(broker.member());
    if broker.member() == "replaced" {
        watcher.subscribe(filter, AtMostOnce).await?;
    }
    if broker.member() != "one-of-several" {
        return watcher.subscribe(filter, qos).await.map(drop);
    }
    let id = watcher.send(subscribe("fence", AtMostOnce).and(filter, qos))?;
    watcher.receive(a_suback(id).number_of_codes(2)).await.map(drop)
}

async fn comes_back(broker: &Subject, mut watcher: Client) -> Result<Client, Stop> {
    for _ in 0..returns(broker.member()) {
        watcher.disconnect().await?;
        watcher = back(broker, "sleeper", connect().persistent()).await?;
    }
    Ok(watcher)
}

/// Set-up: a message on such a topic, as the member says. A broker may take none.
async fn whispers(broker: &Subject, topic: &Topic) -> Result<(), Stop> {
    let (member, qos) = (broker.member(), level(broker.member()));
    if matches!(member, "will" | "retained-will") {
        return dies_with(broker, topic).await;
    }
    let version = if member == "other-version" { broker.other_version() } else { broker.version() };
    let mut whisperer = broker.connect_in("whisperer", version, connect()).await?;
    let draft = publish(topic, WHISPER).qos(qos);
    let id = whisperer.send(if member == "retained" { draft.retain() } else { draft })?;
    let answer = match qos {
        AtMostOnce => {
            whisperer.send(pingreq())?;
            whisperer.receive_or_end(a_pingresp()).await?
        }
        AtLeastOnce => whisperer.receive_or_end(a_puback(id)).await?,
        ExactlyOnce => whisperer.receive_or_end(a_pubrec(id)).await?,
    };
    if answer.is_none_or(|answer| Client::refusal_in(&answer).is_some()) {
        return Err(untaken());
    }
    if qos == ExactlyOnce {
        whisperer.send(pubrel(id))?;
        whisperer.receive(a_pubcomp(id)).await?;
    }
    Ok(())
}

fn untaken() -> Stop {
    Stop::NotOffered("the broker takes no message on such a topic from this user".to_owned())
}

/// The same as the will of a client that is lost.
async fn dies_with(broker: &Subject, topic: &Topic) -> Result<(), Stop> {
    let draft = will(topic, WHISPER).qos(AtLeastOnce);
    let draft = if broker.member() == "retained-will" { draft.retain() } else { draft };
    let mut mortal = broker.open("mortal").await?;
    mortal.send(connect().will(draft))?;
    let answer = mortal.receive_or_end(any(PacketType::Connack)).await?;
    if answer.is_none_or(|answer| codes(&answer.packet()).iter().any(|code| code.is_error())) {
        return Err(untaken());
    }
    mortal.drop_connection().await;
    Ok(())
}
