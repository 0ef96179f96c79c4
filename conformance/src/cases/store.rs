//! What becomes of the retained message of a topic, whoever publishes there: a client at each QoS, on a resumed connection,
//! for the twelfth time, with a long payload; or a will. And what a subscription gets of it, whatever its filter looks like.

use super::again::{back, come_by};
use super::family::family;
use super::prelude::*;
use crate::scenario::Client;
use mqtt_assay_codec::{RetainHandling, SubscriptionOptions};

pub(super) const REPLACED: &[Case] = family!(replaced: "A retained message is stored, and takes the place of the one before", {
    v311: proves ["MQTT-3.3.1-6", "MQTT-3.3.1-5"],
    v5: proves ["MQTT-3.3.1-5"],
    caught: [Fault::RetainedNotReplaced, Fault::RetainedComesBack]
}, [
    "qos2" ", at QoS 2" ["retain", "qos2"],
    "long" ", with 300 bytes" ["retain"],
    "resumed" ", from a connection that resumes a session" ["retain"],
    "twelfth" ", as the twelfth message of its connection" ["retain"],
]);

/// That a will is stored at all is another rule's.
pub(super) const REPLACED_BY_WILL: &[Case] =
    &[case!(replaced["will"]: "A will with Will Retain 1 takes the place of the retained message before",
        v311: proves ["MQTT-3.3.1-6"],
        v5: proves ["MQTT-3.3.1-5"],
        caught: [Fault::RetainedNotReplaced, Fault::RetainedComesBack],
        needs: &["retain", "will"])];

pub(super) const PLAIN: &[Case] = family!(plain_leaves: "A message with RETAIN 0 leaves the retained message of its topic alone", {
    v311: proves ["MQTT-3.3.1-12"],
    v5: proves ["MQTT-3.3.1-8"],
    caught: [Fault::PlainReplacesRetained, Fault::PlainClearsRetained]
}, [
    "qos0" ", at QoS 0" ["retain"],
    "qos2" ", at QoS 2" ["retain", "qos2"],
    "long" ", with 300 bytes" ["retain"],
    "resumed" ", from a connection that resumes a session" ["retain"],
    "will" ", as a will" ["retain", "will"],
]);

pub(super) const CLEARED: &[Case] = family!(cleared: "An empty retained message removes the one of its topic, is not kept, and leaves those below alone", {
    v311: proves ["MQTT-3.3.1-10", "MQTT-3.3.1-11", "MQTT-3.3.1-6"],
    v5: proves ["MQTT-3.3.1-6", "MQTT-3.3.1-7", "MQTT-3.3.1-9"],
    caught: [Fault::EmptyDoesNotClear, Fault::EmptyRetained, Fault::EmptyClearsBelow]
}, [
    "qos0" ", at QoS 0" ["retain"],
    "qos2" ", at QoS 2" ["retain", "qos2"],
    "resumed" ", from a connection that resumes a session" ["retain"],
    "will" ", as a will" ["retain", "will"],
]);

pub(super) const OUTLIVES: &[Case] = &[
    case!(outlives_session["resumed"]: "A retained message stays when the session of its publisher ends, which was resumed before",
        v5: proves ["U5-200"],
        caught: [Fault::RetainedEndsWithSession],
        needs: &["retain"]),
    case!(outlives_session["taken-over-clean"]: "A retained message stays when the session of its publisher ends, which began by ending another",
        v311: proves ["MQTT-3.1.2-7"],
        v5: proves ["U5-200"],
        caught: [Fault::RetainedEndsWithSession],
        needs: &["retain"]),
];

pub(super) const EXPIRED: &[Case] = family!(expires: "A retained message is gone when its expiry interval is over", {
    v5: proves ["U5-119"],
    caught: [Fault::RetainedNeverExpires, Fault::MessageExpiryIgnored],
    waits: 2
}, [
    "plus" ", for a filter with +" ["retain", "wildcard"],
    "hash" ", for a filter with #" ["retain", "wildcard"],
    "plus-and-hash" ", for a filter with + and #" ["retain", "wildcard"],
    "qos0" ", for a subscription of QoS 0" ["retain"],
    "qos2" ", at QoS 2" ["retain", "qos2"],
    "will" ", where it was a will" ["retain", "will"],
]);

pub(super) const TO_SHARES: &[Case] = family!(nothing_for_shares: "A new member of a shared subscription gets no retained messages", {
    v5: proves ["U5-169"],
    caught: [Fault::RetainedToShared]
}, [
    "plus" ", with + in the filter" ["retain", "shared-subscriptions", "wildcard"],
    "hash" ", with # in the filter" ["retain", "shared-subscriptions", "wildcard"],
    "plus-and-hash" ", with + and # in the filter" ["retain", "shared-subscriptions", "wildcard"],
    "one-of-several" ", with another filter in its SUBSCRIBE" ["retain", "shared-subscriptions"],
    "resumed" ", on a connection that resumes a session" ["retain", "shared-subscriptions"],
]);

pub(super) const SENT_AGAIN: &[Case] = family!(sent_again: "A repeated SUBSCRIBE brings the retained message again", {
    v311: proves ["MQTT-3.8.4-3"],
    v5: proves ["MQTT-3.8.4-4"],
    caught: [Fault::RetainedNotResent]
}, [
    "plus" ", with + in the filter" ["retain", "wildcard"],
    "hash" ", with # in the filter" ["retain", "wildcard"],
    "plus-and-hash" ", with + and # in the filter" ["retain", "wildcard"],
    "one-of-several" ", with another filter beside it" ["retain"],
]);

pub(super) const HANDLING_1: &[Case] = family!(handling_1: "Retain Handling 1 brings no retained messages for a repeated subscription", {
    v5: proves ["MQTT-3.3.1-10"],
    caught: [Fault::RetainHandling1Always]
}, [
    "plus" ", with + in the filter" ["retain", "wildcard"],
    "hash" ", with # in the filter" ["retain", "wildcard"],
    "plus-and-hash" ", with + and # in the filter" ["retain", "wildcard"],
    "one-of-several" ", with another filter beside it" ["retain"],
]);

pub(super) const FLAGGED: &[Case] = &[
    case!(flagged["taken-over-clean"]: "On a connection that ends another by a clean start RETAIN tells kept messages from live ones",
        v311: proves ["MQTT-3.3.1-8", "MQTT-3.3.1-9"],
        v5: proves ["U5-120", "MQTT-3.3.1-12", "MQTT-3.3.1-13"],
        caught: [Fault::RetainFlagMissing, Fault::RetainFlagOnLive],
        needs: &["retain"]),
    case!(flagged_again: "A retained message that is sent again has RETAIN 1 still",
        v311: proves ["MQTT-3.3.1-8"],
        v5: proves ["U5-120"],
        caught: [Fault::RetainFlagMissing],
        needs: &["retain"]),
    case!(will_as_published: "With Retain As Published a live will has the RETAIN flag that its client set",
        v5: proves ["MQTT-3.3.1-13"],
        caught: [Fault::RetainAsPublishedIgnored],
        needs: &["retain", "will"]),
    case!(takeover_brings_none: "A takeover brings no retained messages to the subscriptions of the session",
        v311: proves ["MQTT-3.3.1-9"],
        caught: [Fault::RetainedAtResume],
        needs: &["retain"]),
];

const LONG: &[u8] = &[b'x'; 300];

/// The roles of clients that leave a will, one after the other.
const MORTALS: [&str; 2] = ["mortal", "other-mortal"];

/// Who publishes on `state`, as the member says, and a witness who is subscribed there.
struct Scene<'a> {
    broker: &'a Subject,
    witness: Client,
    publisher: Option<Client>,
    wills: usize,
}

impl<'a> Scene<'a> {
    /// Set-up: they are there.
    async fn of(broker: &'a Subject) -> Result<Self, Stop> {
        let mut witness = broker.connect("witness").await?;
        witness.subscribe("state", AtLeastOnce).await?;
        if broker.member() == "will" {
            return Ok(Self { broker, witness, publisher: None, wills: 0 });
        }
        let mut publisher = come_by(broker, broker.member(), "publisher", |draft| draft).await?;
        if broker.member() == "twelfth" {
            for number in 1..12 {
                publisher.publish("elsewhere", format!("message {number}"), AtLeastOnce).await?;
            }
        }
        Ok(Self { broker, witness, publisher: Some(publisher), wills: 0 })
    }

    fn qos(&self) -> QoS {
        match self.broker.member() {
            "qos0" => AtMostOnce,
            "qos2" => ExactlyOnce,
            _ => AtLeastOnce,
        }
    }

    /// Set-up: this is published on `state`, and the witness has it. What was published is returned.
    async fn puts(&mut self, text: &[u8], retains: bool) -> Result<Vec<u8>, Stop> {
        let payload = if self.broker.member() == "long" { [text, LONG].concat() } else { text.to_vec() };
        let (message, qos) = (a_message("state", &payload), self.qos());
        if let Some(publisher) = &mut self.publisher {
            let draft = publish("state", &payload).qos(qos);
            let draft = if retains { draft.retain() } else { draft };
            publisher.publish_to(&mut self.witness, draft, message).await?;
        } else {
            let last = will("state", &payload).qos(qos);
            let last = if retains { last.retain() } else { last };
            let mut mortal = self.broker.connect_as(MORTALS[self.wills], connect().will(last)).await?;
            self.wills += 1;
            mortal.drop_connection().await;
            self.witness.receive(message).await?;
        }
        Ok(payload)
    }

    /// Set-up: a plain client has left these on their topics, and a new subscriber gets them.
    async fn are_kept(&mut self, messages: &[(&str, &[u8])]) -> Result<(), Stop> {
        let mut keeper = self.broker.connect("keeper").await?;
        let mut early = self.broker.connect("early").await?;
        for (topic, payload) in messages {
            self.witness.subscribe(*topic, AtLeastOnce).await?;
            let draft = publish(*topic, payload).qos(AtLeastOnce).retain();
            keeper.publish_to(&mut self.witness, draft, a_message(*topic, payload)).await?;
            early.subscribe(*topic, AtLeastOnce).await?;
            early.receive(a_message(*topic, payload).retain(true)).await?;
        }
        Ok(())
    }

    /// Set-up: a client that has just subscribed to this topic.
    async fn subscriber(&self, role: &'static str, topic: &str) -> Result<Client, Stop> {
        let mut subscriber = self.broker.connect(role).await?;
        subscriber.subscribe_tried("control", "control", AtLeastOnce).await?;
        subscriber.subscribe(topic, AtLeastOnce).await?;
        Ok(subscriber)
    }
}

async fn replaced(broker: &Subject) -> Outcome {
    let mut scene = Scene::of(broker).await?;
    let first = scene.puts(b"first", true).await?;
    let mut early = scene.subscriber("early", "state").await?;
    if broker.member() == "will" {
        early.receive(a_message("state", &first)).await?;
    } else {
        let stored = rule!(v311 "MQTT-3.3.1-5", v5 "MQTT-3.3.1-5");
        let _ = early.expect(a_message("state", &first)).decides(stored).await?;
    }

    let second = scene.puts(b"second", true).await?;

    let mut late = scene.subscriber("late", "state").await?;
    let _ = late.expect(a_message("state", &second)).await?;
    // What was sent once may have been kept apart from what others get.
    let mut later = scene.subscriber("later", "state").await?;
    let _ = later.expect(a_message("state", &second)).await?;
    let mut other = broker.connect("other").await?;
    let _ = later.expect_no_message(&first).before_message(&mut other, "state").await?;
    late.expect_no_message(&first).before_message(&mut other, "state").await
}

async fn plain_leaves(broker: &Subject) -> Outcome {
    let mut scene = Scene::of(broker).await?;
    scene.are_kept(&[("state", b"kept")]).await?;

    let passing = scene.puts(b"passing", false).await?;

    let mut late = scene.subscriber("late", "state").await?;
    let _ = late.expect(a_message("state", b"kept")).await?;
    let mut other = broker.connect("other").await?;
    late.expect_no_message(&passing).before_message(&mut other, "state").await
}

async fn cleared(broker: &Subject) -> Outcome {
    let mut scene = Scene::of(broker).await?;
    scene.are_kept(&[("state/door", b"open"), ("state", b"old")]).await?;

    scene.puts(b"", true).await?;

    let mut late = scene.subscriber("late", "state").await?;
    let mut below = scene.subscriber("below", "state/door").await?;
    let stays = rule!(v311 "MQTT-3.3.1-6", v5 "MQTT-3.3.1-9");
    let _ = below.expect(a_message("state/door", b"open")).decides(stays).await?;
    let mut other = broker.connect("other").await?;
    let _ = late.expect_no_message(b"old").before_message(&mut other, "state").await?;
    let not_kept = rule!(v311 "MQTT-3.3.1-11", v5 "MQTT-3.3.1-7");
    late.expect_no_message(b"").decides(not_kept).before_message(&mut other, "state").await
}

async fn outlives_session(broker: &Subject) -> Outcome {
    let mut scene = Scene::of(broker).await?;
    let kept = scene.puts(b"kept", true).await?;
    scene.subscriber("early", "state").await?.receive(a_message("state", &kept)).await?;
    let Some(publisher) = &mut scene.publisher else { return Err(Stop::NotExercised("nobody publishes".to_owned())) };

    if broker.member() == "resumed" {
        publisher.disconnect_with(disconnect().property(Property::SessionExpiryInterval(0))).await?;
    } else {
        publisher.disconnect().await?;
    }

    let mut late = scene.subscriber("late", "state").await?;
    late.expect(a_message("state", &kept)).await
}

/// A topic that every filter of [`filter_of`] matches, and another one.
const TOPICS: [&str; 2] = ["state/door/open", "state/window/open"];

/// The topic filter that the member speaks of.
fn filter_of(member: &str) -> &'static str {
    match member {
        "plus" => "state/+/open",
        "hash" => "state/#",
        "plus-and-hash" => "state/+/#",
        _ => TOPICS[0],
    }
}

/// Set-up: this is the retained message of a topic, and was seen by a witness; its publisher is returned.
async fn retained_on(broker: &Subject, topic: &'static str, draft: Draft, payload: &[u8]) -> Result<Client, Stop> {
    let mut witness = broker.witness([topic]).await?;
    let mut publisher = broker.connect("publisher").await?;
    publisher.publish_to(&mut witness, draft.retain(), a_message(topic, payload)).await?;
    Ok(publisher)
}

async fn expires(broker: &Subject) -> Outcome {
    let member = broker.member();
    let (published, asked) = match member {
        "qos0" => (AtLeastOnce, AtMostOnce),
        "qos2" => (ExactlyOnce, ExactlyOnce),
        _ => (AtLeastOnce, AtLeastOnce),
    };
    let for_ever = publish(TOPICS[1], b"for ever").qos(published);
    let mut publisher = retained_on(broker, TOPICS[1], for_ever, b"for ever").await?;
    let short = Property::MessageExpiryInterval(1);
    if member == "will" {
        let last = will(TOPICS[0], b"for a second").qos(published).retain().property(short);
        let mut witness = broker.witness([TOPICS[0]]).await?;
        broker.connect_as("mortal", connect().will(last)).await?.drop_connection().await;
        witness.receive(with_payload(b"for a second").expiry_at_most(1)).await?;
    } else {
        let draft = publish(TOPICS[0], b"for a second").qos(published).retain().property(short);
        publisher.publish_draft(draft).await?;
    }

    broker.wait(Duration::from_secs(2)).await;

    let mut late = broker.connect("late").await?;
    late.subscribe_until(TOPICS[1], asked, a_message(TOPICS[1], b"for ever")).await?;
    late.subscribe(filter_of(member), asked).await?;
    late.expect_no_message(b"for a second").before_message(&mut publisher, TOPICS[0]).await
}

/// Set-up: subscribes to this filter, if the member says so, as the second of two.
async fn subscribes(client: &mut Client, member: &str, filter: &str, options: SubscriptionOptions) -> Result<(), Stop> {
    if member != "one-of-several" {
        return client.subscribe(filter, options).await;
    }
    let id = client.send(subscribe("elsewhere", AtLeastOnce).and(filter, options))?;
    let granted = [ReasonCode::SUCCESS, ReasonCode::GRANTED_QOS_1];
    client.receive(a_suback(id).code(&granted).code(&granted)).await.map(drop)
}

async fn nothing_for_shares(broker: &Subject) -> Outcome {
    let member = broker.member();
    let draft = publish(TOPICS[0], b"retained").qos(AtLeastOnce);
    let mut publisher = retained_on(broker, TOPICS[0], draft, b"retained").await?;
    let mut ordinary = broker.connect("ordinary").await?;
    ordinary.subscribe(TOPICS[0], AtLeastOnce).await?;
    ordinary.receive(a_message(TOPICS[0], b"retained")).await?;
    let mut client = come_by(broker, member, "member", |draft| draft).await?;

    let shared = format!("$share/group/{}", filter_of(member));
    subscribes(&mut client, member, &shared, AtLeastOnce.into()).await?;

    client.expect_no_message(b"retained").before_message(&mut publisher, TOPICS[0]).await
}

async fn sent_again(broker: &Subject) -> Outcome {
    let member = broker.member();
    let draft = publish(TOPICS[0], b"on").qos(AtLeastOnce);
    let _publisher = retained_on(broker, TOPICS[0], draft, b"on").await?;
    let mut client = broker.connect("client").await?;
    subscribes(&mut client, member, filter_of(member), AtLeastOnce.into()).await?;
    client.receive(a_message(TOPICS[0], b"on").copy_at(AtLeastOnce)).await?;

    subscribes(&mut client, member, filter_of(member), AtLeastOnce.into()).await?;

    client.expect(a_message(TOPICS[0], b"on").copy_at(AtLeastOnce)).await
}

async fn handling_1(broker: &Subject) -> Outcome {
    let member = broker.member();
    let draft = publish(TOPICS[0], b"on").qos(AtLeastOnce);
    let mut publisher = retained_on(broker, TOPICS[0], draft, b"on").await?;
    let options =
        SubscriptionOptions { retain_handling: RetainHandling::SendIfNew, ..SubscriptionOptions::at(AtLeastOnce) };
    let mut client = broker.connect("client").await?;
    subscribes(&mut client, member, filter_of(member), options).await?;
    client.receive(a_message(TOPICS[0], b"on").copy_at(AtLeastOnce)).await?;

    subscribes(&mut client, member, filter_of(member), options).await?;

    client.expect_no_message(b"on").before_message(&mut publisher, TOPICS[0]).await
}

const AS_PUBLISHED: SubscriptionOptions =
    SubscriptionOptions { retain_as_published: true, ..SubscriptionOptions::at(AtLeastOnce) };

async fn flagged(broker: &Subject) -> Outcome {
    let mut publisher = retained_on(broker, "state", publish("state", b"on").qos(AtLeastOnce), b"on").await?;
    let mut client = come_by(broker, broker.member(), "client", |draft| draft).await?;
    client.subscribe("state", AtLeastOnce).await?;
    let kept = client.receive(a_message("state", b"on").copy_at(AtLeastOnce)).await?;
    let marked = client.expect_right(&kept, a_message("state", b"on").retain(true));
    let _ = marked.decides(rule!(v311 "MQTT-3.3.1-8", v5 "U5-120")).await?;
    if broker.version() == Version::V5 {
        client.subscribe("other", AS_PUBLISHED).await?;
        publisher.publish_draft(publish("other", b"one").qos(AtLeastOnce).retain()).await?;
    }

    publisher.publish_draft(publish("state", b"off").qos(AtLeastOnce).retain()).await?;

    let live = client.receive(a_message("state", b"off")).await?;
    let unmarked = client.expect_right(&live, a_message("state", b"off").retain(false));
    let shown = unmarked.decides(rule!(v311 "MQTT-3.3.1-9", v5 "MQTT-3.3.1-12")).await?;
    if broker.version() != Version::V5 {
        return Ok(shown);
    }
    let other = client.receive(a_message("other", b"one")).await?;
    let as_published = client.expect_right(&other, a_message("other", b"one").retain(true));
    as_published.decides(rule!(v5 "MQTT-3.3.1-13")).await
}

async fn flagged_again(broker: &Subject) -> Outcome {
    let _publisher = retained_on(broker, "state", publish("state", b"on").qos(AtLeastOnce), b"on").await?;
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.hold_acknowledgements();
    sleeper.subscribe("state", AtLeastOnce).await?;
    let first = sleeper.receive(a_message("state", b"on").copy_at(AtLeastOnce)).await?;
    let _ = sleeper.expect_right(&first, a_message("state", b"on").retain(true)).await?;
    sleeper.drop_connection().await;

    let mut sleeper = back(broker, "sleeper", connect().persistent()).await?;

    let again = sleeper.receive(a_message("state", b"on").copy_at(AtLeastOnce)).await?;
    sleeper.expect_right(&again, a_message("state", b"on").retain(true)).await
}

async fn will_as_published(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("state", AS_PUBLISHED).await?;
    let last = will("state", b"gone").qos(AtLeastOnce).retain();

    broker.connect_as("mortal", connect().persistent().will(last)).await?.drop_connection().await;

    let live = watcher.receive(a_message("state", b"gone")).await?;
    // That it was published as a retained message at all is another rule's.
    let mut late = broker.connect("late").await?;
    late.subscribe("state", AtLeastOnce).await?;
    late.receive(a_message("state", b"gone")).await?;
    watcher.expect_right(&live, a_message("state", b"gone").retain(true)).await
}

async fn takeover_brings_none(broker: &Subject) -> Outcome {
    let mut publisher = retained_on(broker, "state", publish("state", b"on").qos(AtLeastOnce), b"on").await?;
    let mut first = broker.connect_as("client", connect().persistent()).await?;
    // At QoS 0, or what comes later might be the same message that is sent again.
    first.subscribe_until("state", AtMostOnce, a_message("state", b"on")).await?;
    first.serves().await?;

    let mut second = back(broker, "client", connect().persistent()).await?;

    first.ended().await?;
    second.expect_no_message(b"on").before_message(&mut publisher, "state").await
}
