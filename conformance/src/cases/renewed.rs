//! Sessions that are resumed, and what each CONNECT settles anew for them: limits, the will, aliases, what may be told, and how
//! long they last.

use super::again::{back, back_holding};
use super::prelude::*;
use super::resumes::come_back;
use crate::scenario::Client;
use mqtt_assay_codec::PropertyId;
use tokio::time::Instant;

pub(super) const CASES: &[Case] = &[
    case!(receive_maximum_is_new: "After a resume the Receive Maximum of the new CONNECT counts, for what is sent again too",
        v5: proves ["MQTT-3.3.4-9" = "MQTT-4.9.0-1" = "MQTT-4.9.0-2"],
        caught: [Fault::PastReceiveMaximum]),
    case!(maximum_packet_size_is_new["queued"]: "After a resume the Maximum Packet Size of the new CONNECT counts for what waited",
        v5: proves ["MQTT-3.1.2-24", "MQTT-3.1.2-25"],
        caught: [Fault::PastMaximumPacketSize, Fault::StallsOnTooLarge]),
    case!(maximum_packet_size_is_new["in-flight"]: "After a resume the Maximum Packet Size of the new CONNECT counts for what was unacknowledged",
        v5: proves ["MQTT-3.1.2-24", "MQTT-3.1.2-25"],
        caught: [Fault::PastMaximumPacketSize]),
    case!(will_is_new: "After a resume the will of the new CONNECT is published, and not the one before it",
        v311: proves ["MQTT-3.1.2-8", "MQTT-3.1.2-10"],
        v5: proves ["MQTT-3.1.2-8", "MQTT-3.1.2-10"],
        caught: [Fault::WillNotSent, Fault::WillAfterDisconnect],
        needs: &["will"]),
    case!(will_is_gone: "A will that a DISCONNECT has discarded is gone from the session that stays, too",
        v311: proves ["MQTT-3.1.2-10"],
        v5: proves ["MQTT-3.1.2-10"],
        caught: [Fault::WillAfterDisconnect],
        needs: &["will"]),
    case!(aliases_are_new: "A topic alias of the broker is made anew on the next connection of the session",
        v5: proves ["MQTT-3.3.2-7"],
        caught: [Fault::SentAliasesStay]),
    case!(alias_maximum_is_new: "After a resume without a Topic Alias Maximum no aliases come",
        v5: proves ["MQTT-3.1.2-27"],
        caught: [Fault::SendsAliasUnasked]),
    case!(problem_information_is_new: "After a resume with Request Problem Information 0 no explanations come",
        v5: proves ["MQTT-3.1.2-29"],
        caught: [Fault::IgnoresProblemInformation]),
    case!(response_information_is_new: "A CONNECT that asks for no Response Information gets none, though the one before it did",
        v5: proves ["MQTT-3.1.2-28"],
        caught: [Fault::ResponseInformationUnasked]),
    case!(expiry["longest"]: "A session with the longest expiry interval of all outlives its connection",
        v5: proves ["MQTT-3.1.2-23"],
        caught: [Fault::ForgetsSession]),
    case!(expiry["from-the-loss"]: "A session's expiry interval counts from the end of its connection",
        v5: proves ["MQTT-3.1.2-23"],
        caught: [Fault::ExpiryFromConnect],
        waits: 6),
    case!(expiry["prolonged"]: "A DISCONNECT can prolong a session beyond the expiry interval of its CONNECT",
        v5: proves ["U5-186"],
        caught: [Fault::DisconnectExpiryIgnored],
        waits: 3),
    case!(expiry["is-new"]: "A session that is resumed without an expiry interval ends with that connection",
        v5: proves ["MQTT-4.1.0-2", "MQTT-3.2.2-3"],
        caught: [Fault::EndedSessionStays]),
];

async fn receive_maximum_is_new(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", AtLeastOnce).await?;
    sleeper.hold_acknowledgements();
    for payload in [b"first", b"other", b"third"] {
        publisher.publish("news", payload, AtLeastOnce).await?;
    }
    sleeper.receive(a_message("news", b"first").qos(AtLeastOnce)).await?;
    sleeper.serves().await?;
    sleeper.drop_connection().await;

    let narrow = connect().persistent().property(Property::ReceiveMaximum(2));
    let mut sleeper = back_holding(broker, "sleeper", narrow).await?;

    sleeper.receive(a_message("news", b"first")).await?;
    sleeper.expect_no_message(b"third").await
}

/// A message that a client with a Maximum Packet Size of [`NARROW`] has no room for.
const LARGE: [u8; 300] = [b'x'; 300];

/// A Maximum Packet Size, in bytes.
const NARROW: u32 = 256;

async fn maximum_packet_size_is_new(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe_tried("news", "news", AtLeastOnce).await?;
    let waits = broker.member() == "queued";
    if waits {
        sleeper.disconnect().await?;
        publisher.publish("news", b"before", AtLeastOnce).await?;
        publisher.publish("news", LARGE, AtLeastOnce).await?;
        publisher.publish("news", b"small", AtLeastOnce).await?;
    } else {
        publisher.try_paths().await?;
        sleeper.hold_acknowledgements();
        publisher.publish("news", LARGE, AtLeastOnce).await?;
        sleeper.receive(a_message("news", LARGE).qos(AtLeastOnce)).await?;
        sleeper.drop_connection().await;
    }

    let narrow = Property::MaximumPacketSize(NARROW);
    let narrow = connect().persistent().property(narrow).property(Property::ReceiveMaximum(1));
    let mut sleeper = back(broker, "sleeper", narrow).await?;
    if waits {
        sleeper.receive(a_message("news", b"before")).await?;
    } else {
        // Whether the subscription is there still is not the question.
        sleeper.subscribe("news", AtLeastOnce).await?;
        publisher.publish("news", b"small", AtLeastOnce).await?;
    }

    let _ = sleeper.expect(a_message("news", b"small")).decides(rule!(v5 "MQTT-3.1.2-25")).await?;
    let _ = sleeper.expect_no_message(&LARGE).before_message(&mut publisher, "news").await?;
    // It counts as delivered, and so doesn't come later either.
    sleeper.drop_connection().await;
    let mut sleeper = back(broker, "sleeper", connect().persistent()).await?;
    let later = sleeper.expect_no_message(&LARGE).before_message(&mut publisher, "news");
    later.decides(rule!(v5 "MQTT-3.1.2-25")).await
}

/// Set-up: `watcher` is seen to get messages on `status`; `sleeper` has left a session and a will behind it by DISCONNECT.
async fn left_with_will(broker: &Subject) -> Result<Client, Stop> {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("status", "status", AtLeastOnce).await?;
    let with_will = connect().persistent().will(will("status", b"the first").qos(AtLeastOnce));
    broker.connect_as("sleeper", with_will).await?.disconnect().await?;
    Ok(watcher)
}

async fn will_is_new(broker: &Subject) -> Outcome {
    let mut watcher = left_with_will(broker).await?;

    let with_will = connect().persistent().will(will("status", b"the other").qos(AtLeastOnce));
    broker.connect_as("sleeper", with_will).await?.drop_connection().await;

    let _ = watcher.expect(a_message("status", b"the other")).await?;
    let mut publisher = broker.connect("publisher").await?;
    let gone = watcher.expect_no_message(b"the first").before_message(&mut publisher, "status");
    gone.decides(rule!(v311 "MQTT-3.1.2-10", v5 "MQTT-3.1.2-10")).await
}

async fn will_is_gone(broker: &Subject) -> Outcome {
    let mut watcher = left_with_will(broker).await?;

    broker.connect_as("sleeper", connect().persistent()).await?.drop_connection().await;

    let mut publisher = broker.connect("publisher").await?;
    watcher.expect_no_message(b"the first").before_message(&mut publisher, "status").await
}

/// Set-up: `sleeper` has got messages on `news`, the second by its alias where the broker gives one, and has left.
async fn left_with_alias(broker: &Subject, publisher: &mut Client) -> Result<(), Stop> {
    let taking = connect().persistent().property(Property::TopicAliasMaximum(10));
    let mut sleeper = broker.connect_as("sleeper", taking).await?;
    sleeper.subscribe("news", AtLeastOnce).await?;
    for payload in [b"named", b"again"] {
        publisher.publish("news", payload, AtLeastOnce).await?;
        sleeper.receive(with_payload(payload)).await?;
    }
    sleeper.drop_connection().await;
    Ok(())
}

async fn aliases_are_new(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;
    left_with_alias(broker, &mut publisher).await?;

    let taking = connect().persistent().property(Property::TopicAliasMaximum(10));
    let mut sleeper = back(broker, "sleeper", taking).await?;
    publisher.publish("news", b"after return", AtLeastOnce).await?;

    let message = sleeper.receive(any(PacketType::Publish)).await?;
    if message.payload() != b"after return" {
        let why = "sleeper: another message came first, which may have made the alias".to_owned();
        return Err(Stop::Inconclusive { why, line: None });
    }
    sleeper.expect_right(&message, a_message("news", b"after return")).await
}

async fn alias_maximum_is_new(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;
    left_with_alias(broker, &mut publisher).await?;

    let mut sleeper = back(broker, "sleeper", connect().persistent()).await?;
    publisher.publish("news", b"after return", AtLeastOnce).await?;

    let message = sleeper.receive(with_payload(b"after return")).await?;
    sleeper.expect_right(&message, with_payload(b"after return").lacks(PropertyId::TOPIC_ALIAS)).await
}

async fn problem_information_is_new(broker: &Subject) -> Outcome {
    broker.connect_as("sleeper", connect().persistent()).await?.disconnect().await?;

    let none_wanted = connect().persistent().property(Property::RequestProblemInformation(0));
    let mut sleeper = back(broker, "sleeper", none_wanted).await?;
    let id = sleeper.send(unsubscribe(["nobody/subscribed"]))?;

    let told = sleeper.receive(an_unsuback(id)).await?;
    let none = an_unsuback(id).lacks(PropertyId::REASON_STRING).lacks(PropertyId::USER_PROPERTY);
    sleeper.expect_right(&told, none).await
}

async fn response_information_is_new(broker: &Subject) -> Outcome {
    let curious = connect().persistent().property(Property::RequestResponseInformation(1));
    broker.connect_as("sleeper", curious).await?.disconnect().await?;

    let (mut sleeper, accepted) = come_back(broker, connect().persistent()).await?;

    sleeper.expect_right(&accepted, a_connack().lacks(PropertyId::RESPONSE_INFORMATION)).await
}

/// A CONNECT with Clean Start 0 and this Session Expiry Interval.
fn lasting(seconds: u32) -> Draft {
    connect().resume().property(Property::SessionExpiryInterval(seconds))
}

async fn expiry(broker: &Subject) -> Outcome {
    match broker.member() {
        "longest" => longest(broker).await,
        "from-the-loss" => from_the_loss(broker).await,
        "prolonged" => prolonged(broker).await,
        _ => is_new(broker).await,
    }
}

/// Set-up: `sleeper` is connected by this CONNECT, and its subscription to `news` is seen to work.
async fn subscribed(broker: &Subject, draft: Draft) -> Result<Client, Stop> {
    let mut sleeper = broker.connect_as("sleeper", draft).await?;
    sleeper.subscribe_tried("news", "news", AtLeastOnce).await?;
    Ok(sleeper)
}

/// Decides: `sleeper` gets what was published while it was away.
async fn gets_what_waited(broker: &Subject) -> Outcome {
    let (mut sleeper, _) = come_back(broker, connect().persistent()).await?;
    sleeper.expect(a_message("news", b"while away")).await
}

async fn longest(broker: &Subject) -> Outcome {
    subscribed(broker, lasting(u32::MAX)).await?.disconnect().await?;
    broker.connect("publisher").await?.publish("news", b"while away", AtLeastOnce).await?;

    gets_what_waited(broker).await
}

/// Not judged: a client that was away for so long that its session may be over by then.
fn in_time(left: Instant, lasts: u32) -> Result<(), Stop> {
    if left.elapsed() < Duration::from_secs(u64::from(lasts)) {
        return Ok(());
    }
    Err(Stop::Inconclusive { why: "we came back too late".to_owned(), line: None })
}

pub(super) async fn from_the_loss(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;
    let mut sleeper = subscribed(broker, lasting(5)).await?;
    let lasts = sleeper.session_lasts(5);
    broker.wait(Duration::from_secs(6)).await;

    sleeper.drop_connection().await;
    let left = sleeper.last_action();
    publisher.publish("news", b"while away", AtLeastOnce).await?;
    let (mut sleeper, _) = come_back(broker, connect().persistent()).await?;
    in_time(left, lasts)?;

    sleeper.expect(a_message("news", b"while away")).await
}

async fn prolonged(broker: &Subject) -> Outcome {
    let mut publisher = broker.connect("publisher").await?;
    subscribed(broker, connect().persistent()).await?.disconnect().await?;
    publisher.publish("news", b"kept so far", AtLeastOnce).await?;
    let mut sleeper = back(broker, "sleeper", lasting(1)).await?;
    sleeper.receive(a_message("news", b"kept so far")).await?;
    publisher.publish("news", b"subscribed still", AtLeastOnce).await?;
    sleeper.receive(a_message("news", b"subscribed still")).await?;
    sleeper.disconnect_with(disconnect().property(Property::SessionExpiryInterval(60))).await?;
    publisher.publish("news", b"while away", AtLeastOnce).await?;
    broker.wait(Duration::from_secs(3)).await;

    gets_what_waited(broker).await
}

async fn is_new(broker: &Subject) -> Outcome {
    subscribed(broker, connect().persistent()).await?.disconnect().await?;
    let mut sleeper = back(broker, "sleeper", connect().resume()).await?;
    sleeper.session_ends()?;
    sleeper.disconnect().await?;

    let (mut sleeper, accepted) = come_back(broker, connect().persistent()).await?;

    let absent = sleeper.expect_right(&accepted, a_connack().session_present(false));
    let _ = absent.decides(rule!(v5 "MQTT-3.2.2-3")).await?;
    sleeper.subscribe("fence", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish("news", b"over and done", AtLeastOnce).await?;
    sleeper.expect_no_message(b"over and done").before_message(&mut publisher, "fence").await
}
