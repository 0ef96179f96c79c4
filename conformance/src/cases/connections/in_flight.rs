//! Messages on their way to a client, from first delivery to the last acknowledgement: however they came, their connection
//! is lost at each state of the exchange, and what is owed then is the same.

use super::super::again::{back, back_holding, holding};
use super::super::delivery::is_marked_as_sent_again;
use super::super::order;
use super::super::outgoing;
use super::{kind, on_one_way, on_ways, resumed_as_told, way, way_in_words};
use crate::cases::prelude::*;
use crate::scenario::{Client, Received};
use mqtt_assay_standard::bounds;
use tokio::time::Instant;

pub(super) const GROUPS: &[&[Case]] = &[
    SETTLED_BY_PUBACK,
    SETTLED_BY_PUBCOMP,
    SHARED_BY_PUBCOMP,
    RELEASED,
    RELEASED_BEHIND_REPLACED,
    REFUSED_AT_QOS1,
    REFUSED_AT_QOS2,
    ROOM_AFTER_REFUSAL,
    ROOM_AFTER_PUBCOMP,
    WRONG_ACKNOWLEDGEMENT,
    OUT_OF_ORDER,
    OUT_OF_ORDER_QUEUED,
    SENT_ALTHOUGH_EXPIRED,
    SHARED_ALTHOUGH_EXPIRED,
    KEPT_FOR_ABSENT,
    WILL_KEPT,
    IN_ORDER,
    OLD_BEFORE_NEW,
    FROM_OTHER_VERSION,
    NOT_RELEASED_UNASKED,
    NOT_RELEASED_BEHIND_PLUS,
];

on_ways!(SETTLED_BY_PUBACK = settled_by_puback ["queued" "retained" "will" "retained-will" "eleventh" "taken-over"]
    "A QoS 1 message " .. " comes again with DUP 1 until its PUBACK, and never after it", {
    v311: proves ["MQTT-4.4.0-1", "MQTT-3.3.1-1", "MQTT-2.3.1-4", "MQTT-4.3.2-1"],
    v5: proves ["MQTT-4.4.0-1", "MQTT-3.3.1-1", "MQTT-4.3.2-3"],
    caught: [Fault::NoRedeliveryQos1, Fault::DupMissingOnRedelivery, Fault::RedeliversUnderNewId, Fault::ResendsAltered,
        Fault::RedeliversAcknowledged]
});

on_ways!(SETTLED_BY_PUBCOMP = settled_by_pubcomp
    ["queued" "retained" "will" "retained-will" "other-version" "eleventh" "taken-over"]
    "A QoS 2 message " .. " comes again with DUP 1 until its PUBREC, and its PUBREL until its PUBCOMP", {
    v311: proves ["MQTT-4.4.0-1", "MQTT-3.3.1-1", "MQTT-2.3.1-4", "MQTT-4.3.3-1"],
    v5: proves ["MQTT-4.4.0-1", "MQTT-3.3.1-1", "MQTT-4.3.3-3", "MQTT-4.3.3-4", "MQTT-4.3.3-5", "MQTT-4.3.3-6"],
    caught: [Fault::NoRedeliveryQos2, Fault::DupMissingOnRedelivery, Fault::RedeliversUnderNewId, Fault::ResendsAltered,
        Fault::NoPubrel, Fault::NoRedeliveryPubrel, Fault::RedeliversAfterPubrec, Fault::RedeliversCompleted, Fault::ReleasesDoneAgain],
    needs: &["qos2"]
});

on_ways!(SHARED_BY_PUBCOMP = settled_by_pubcomp ["shared"]
    "A QoS 2 message " .. " comes again with DUP 1 until its PUBREC, and its PUBREL until its PUBCOMP", {
    v5: proves ["MQTT-4.4.0-1", "MQTT-3.3.1-1", "MQTT-4.3.3-3", "MQTT-4.3.3-4", "MQTT-4.3.3-5", "MQTT-4.3.3-6"],
    caught: [Fault::NoRedeliveryQos2, Fault::DupMissingOnRedelivery, Fault::RedeliversUnderNewId, Fault::ResendsAltered,
        Fault::NoPubrel, Fault::NoRedeliveryPubrel, Fault::RedeliversAfterPubrec, Fault::RedeliversCompleted, Fault::ReleasesDoneAgain],
    needs: &["qos2", "shared-subscriptions"]
});

on_ways!(RELEASED = released ["overlapping"]
    "A PUBREC for a message " .. " is answered with a PUBREL", {
    v311: proves ["MQTT-4.3.3-1"],
    v5: proves ["MQTT-4.3.3-4"],
    caught: [Fault::NoPubrel, Fault::WrongPubrelId],
    needs: &["qos2", "wildcard"]
});

on_ways!(RELEASED_BEHIND_REPLACED = released ["replaced"]
    "A PUBREC for a message " .. " is answered with a PUBREL", {
    v311: proves ["MQTT-4.3.3-1"],
    v5: proves ["MQTT-4.3.3-4"],
    caught: [Fault::NoPubrel, Fault::WrongPubrelId],
    needs: &["qos2"]
});

on_ways!(REFUSED_AT_QOS1 = refused_with_puback ["queued" "retained" "resumed" "second-time" "eleventh"]
    "A message " .. " is done when it is refused with PUBACK, and its client stays connected", {
    v5: proves ["MQTT-4.4.0-2", "U5-213"],
    caught: [Fault::RedeliversRefused, Fault::NackCloses]
});

on_ways!(REFUSED_AT_QOS2 = refused_with_pubrec ["queued" "retained" "shared" "resumed"]
    "A message " .. " is done when it is refused with PUBREC", {
    v5: proves ["MQTT-4.4.0-2"],
    caught: [Fault::RedeliversRefused],
    needs: &["qos2"]
});

on_ways!(ROOM_AFTER_REFUSAL = room_after_refusal ["queued" "retained" "shared" "resumed"]
    "A message " .. " makes room for the next with a PUBREC of 0x80 or more", {
    v5: proves ["U5-207"],
    caught: [Fault::QuotaNotRestored],
    needs: &["qos2"]
});

on_ways!(ROOM_AFTER_PUBCOMP = room_after_pubcomp ["queued" "retained" "resumed"]
    "A QoS 2 message " .. " takes its place in the Receive Maximum until its PUBCOMP, not only until its PUBREC", {
    v5: proves ["MQTT-3.3.4-9" = "MQTT-4.9.0-2", "U5-207"],
    caught: [Fault::QuotaBackAtPubrec],
    needs: &["qos2"]
});

on_ways!(WRONG_ACKNOWLEDGEMENT = wrong_acknowledgement ["queued" "retained"]
    "A QoS 2 message " .. " can't be acknowledged with PUBACK", {
    v5: breaks ["U5-201"] proves ["MQTT-4.13.1-1"],
    caught: [Fault::AcceptsWrongAck],
    needs: &["qos2"]
});

on_ways!(OUT_OF_ORDER = acknowledged_out_of_order ["resumed" "second-time"]
    "The second of three messages, " .. " is settled by its PUBACK, and no other one is", {
    v311: proves ["MQTT-4.3.2-1"],
    v5: proves ["MQTT-4.3.2-3"],
    caught: [Fault::AcksOldest, Fault::NoRedeliveryQos1, Fault::RedeliversAcknowledged]
});

on_ways!(OUT_OF_ORDER_QUEUED = queued_acknowledged_out_of_order ["queued"]
    "The second of three messages, " .. " is settled by its PUBACK, and no other one is", {
    v311: proves ["MQTT-4.3.2-1"],
    v5: proves ["MQTT-4.3.2-3"],
    caught: [Fault::AcksOldest, Fault::NoRedeliveryQos1, Fault::RedeliversAcknowledged]
});

on_ways!(SENT_ALTHOUGH_EXPIRED = sent_again_although_expired ["queued" "retained" "second-time"]
    "A QoS 2 message " .. " is sent again although it has expired since it was sent", {
    v5: proves ["MQTT-4.3.3-7"],
    caught: [Fault::ExpiresInFlight],
    needs: &["qos2"], waits: 7
});

on_ways!(SHARED_ALTHOUGH_EXPIRED = sent_again_although_expired ["shared"]
    "A QoS 2 message " .. " is sent again although it has expired since it was sent", {
    v5: proves ["MQTT-4.3.3-7"],
    caught: [Fault::ExpiresInFlight],
    needs: &["qos2", "shared-subscriptions"], waits: 7
});

on_ways!(KEPT_FOR_ABSENT = kept_for_absent ["eleventh"]
    "A message " .. " waits for a client that is away", {
    v311: proves ["MQTT-3.1.2-5"],
    v5: proves ["MQTT-3.1.2-5"],
    caught: [Fault::DropsForAbsent]
});

on_ways!(WILL_KEPT = will_kept_for_absent ["will"]
    "A message " .. " waits for a client that is away", {
    v311: proves ["MQTT-3.1.2-5"],
    v5: proves ["MQTT-3.1.2-5"],
    caught: [Fault::DropsForAbsent],
    needs: &["will"]
});

on_ways!(IN_ORDER = queued_in_order ["third-time"]
    "What has waited " .. " comes in the order of publication", {
    v311: proves ["MQTT-4.6.0-6" = "MQTT-4.6.0-5"],
    v5: proves ["MQTT-4.6.0-5" = "MQTT-4.6.0-6"],
    caught: [Fault::QueueReversed]
});

on_ways!(OLD_BEFORE_NEW = old_before_new ["taken-over"]
    "An unacknowledged message " .. " comes before those that had no room beside it", {
    v5: proves ["MQTT-4.6.0-5" = "MQTT-4.6.0-6"],
    caught: [Fault::QueueBeforeOld]
});

on_ways!(FROM_OTHER_VERSION = within_receive_maximum ["other-version"]
    "No message " .. " comes beyond the client's Receive Maximum", {
    v5: proves ["MQTT-3.3.4-9" = "MQTT-4.9.0-1" = "MQTT-4.9.0-2"],
    caught: [Fault::PastReceiveMaximum]
});

on_ways!(NOT_RELEASED_UNASKED = not_released_unasked ["retained"]
    "For a QoS 2 message " .. " no PUBREL comes before its PUBREC", {
    v311: proves ["MQTT-4.3.3-1"],
    v5: proves ["MQTT-4.4.0-1"],
    caught: [Fault::PubrelUnasked],
    needs: &["qos2"]
});

on_ways!(NOT_RELEASED_BEHIND_PLUS = not_released_unasked ["plus"]
    "For a QoS 2 message " .. " no PUBREL comes before its PUBREC", {
    v311: proves ["MQTT-4.3.3-1"],
    v5: proves ["MQTT-4.4.0-1"],
    caught: [Fault::PubrelUnasked],
    needs: &["qos2", "retain", "wildcard"]
});

/// A message.
struct Load {
    payload: &'static [u8],
    qos: QoS,
    expiry: Option<u32>,
}

impl Load {
    fn new(payload: &'static [u8], qos: QoS) -> Self {
        Self { payload, qos, expiry: None }
    }

    fn draft(&self) -> Draft {
        let draft = publish("news", self.payload).qos(self.qos);
        match self.expiry {
            Some(seconds) => draft.property(Property::MessageExpiryInterval(seconds)),
            None => draft,
        }
    }

    /// Publishes it on the way that the member names.
    async fn goes_out(&self, broker: &Subject) -> Result<(), Stop> {
        let will = will("news", self.payload).qos(self.qos);
        match way(broker) {
            "will" => broker.connect_as("mortal", connect().will(will)).await?.drop_connection().await,
            "retained-will" => {
                broker.connect_as("mortal", connect().will(will.retain())).await?.drop_connection().await;
            }
            "retained" => broker.connect("publisher").await?.publish_draft(self.draft().retain()).await?,
            "other-version" => {
                let mut publisher = broker.connect_in("publisher", broker.other_version(), connect()).await?;
                publisher.publish_draft(self.draft()).await?;
            }
            _ => broker.connect("publisher").await?.publish_draft(self.draft()).await?,
        }
        Ok(())
    }

    /// Set-up: `sleeper`, who acknowledges nothing by itself, has it.
    async fn arrives(self, broker: &Subject) -> Result<(Client, Received), Stop> {
        let mut sleeper = match way(broker) {
            "queued" => self.waits(broker).await?,
            "retained" | "retained-will" => self.is_retained(broker).await?,
            _ => self.comes_live(broker).await?,
        };
        let message = sleeper.receive(a_message("news", self.payload).qos(self.qos)).await?;
        if way(broker).starts_with("retained") {
            // It comes once, whatever else the broker does with what it keeps.
            let mut eraser = broker.connect("eraser").await?;
            eraser.publish_draft(publish("news", b"").retain()).await?;
            eraser.serves().await?;
        }
        // Behind its SUBACK a second copy would be there, which is not what the case is about.
        sleeper.subscribe("mail", AtLeastOnce).await?;
        if sleeper.waits_for(&a_message("news", self.payload)) {
            return Err(Stop::Inconclusive { why: "sleeper: the message came twice".to_owned(), line: None });
        }
        Ok((sleeper, message))
    }

    async fn waits(&self, broker: &Subject) -> Result<Client, Stop> {
        let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
        sleeper.subscribe("news", self.qos).await?;
        sleeper.disconnect().await?;
        self.goes_out(broker).await?;
        let mut sleeper = back_holding(broker, "sleeper", connect().persistent()).await?;
        // Whether the subscription is there still is not the question.
        sleeper.subscribe("news", self.qos).await?;
        Ok(sleeper)
    }

    async fn is_retained(&self, broker: &Subject) -> Result<Client, Stop> {
        let mut witness = broker.witness(["news"]).await?;
        self.goes_out(broker).await?;
        witness.receive(with_payload(self.payload)).await?;
        let mut sleeper = holding(broker, "sleeper", connect().persistent()).await?;
        sleeper.session_stays()?;
        sleeper.subscribe("news", self.qos).await?;
        Ok(sleeper)
    }

    async fn comes_live(&self, broker: &Subject) -> Result<Client, Stop> {
        let mut sleeper = resumed_as_told(broker).connect_as("sleeper", connect().persistent()).await?;
        let filter = if way(broker) == "shared" { "$share/group/news" } else { "news" };
        sleeper.subscribe(filter, self.qos).await?;
        if way(broker) == "eleventh" {
            ten_before(broker, &mut sleeper).await?;
        }
        sleeper.hold_acknowledgements();
        self.goes_out(broker).await?;
        Ok(sleeper)
    }
}

/// Set-up: ten messages on `news` have come to the client, and are done.
async fn ten_before(broker: &Subject, sleeper: &mut Client) -> Result<(), Stop> {
    let mut publisher = broker.connect("forerunner").await?;
    for number in 1..=10 {
        let payload = format!("before, {number}");
        publisher.publish("news", &payload, AtLeastOnce).await?;
        sleeper.receive(a_message("news", &payload).qos(AtLeastOnce)).await?;
    }
    sleeper.serves().await
}

/// Set-up: `sleeper` has lost its connection, by itself or because another one took over, and is back.
async fn come_again(broker: &Subject, mut sleeper: Client) -> Result<Client, Stop> {
    if way(broker) == "taken-over" {
        let next = back_holding(broker, "sleeper", connect().persistent()).await?;
        return sleeper.ended().await.map(|()| next);
    }
    sleeper.drop_connection().await;
    back_holding(broker, "sleeper", connect().persistent()).await
}

async fn settled_by_puback(broker: &Subject) -> Outcome {
    let (sleeper, first) = Load::new(b"again", AtLeastOnce).arrives(broker).await?;

    let mut sleeper = come_again(broker, sleeper).await?;
    let again = sleeper.expect(a_message("news", b"again")).await?;
    let _ = is_marked_as_sent_again(&mut sleeper, &first, &again).await?;
    sleeper.send(puback(first.id()))?;
    // Its SUBACK shows that the PUBACK was read, as well as any answer would.
    sleeper.subscribe("mail", AtLeastOnce).await?;
    let mut sleeper = come_again(broker, sleeper).await?;

    let mut announcer = broker.connect("announcer").await?;
    let done = sleeper.expect_no_message(b"again").before_message(&mut announcer, "news");
    done.decides(rule!(v311 "MQTT-4.3.2-1", v5 "MQTT-4.3.2-3")).await
}

async fn settled_by_pubcomp(broker: &Subject) -> Outcome {
    let (sleeper, first) = Load::new(b"again", ExactlyOnce).arrives(broker).await?;
    let id = first.id();

    let mut sleeper = come_again(broker, sleeper).await?;
    let again = sleeper.expect(a_message("news", b"again")).await?;
    let _ = is_marked_as_sent_again(&mut sleeper, &first, &again).await?;
    sleeper.send(pubrec(id))?;
    let released = sleeper.expect(a_pubrel(id)).decides(rule!(v311 "MQTT-4.3.3-1", v5 "MQTT-4.3.3-4"));
    let _ = released.await?;
    let mut sleeper = come_again(broker, sleeper).await?;
    let never_again = sleeper.expect_no_message(b"again").decides(rule!(v311 "MQTT-4.3.3-1", v5 "MQTT-4.3.3-6"));
    let _ = never_again.await?;
    let _ = sleeper.expect(a_pubrel(id)).await?;
    sleeper.send(pubcomp(id))?;
    sleeper.serves().await?;
    let at_once = sleeper.expect_no_packet(PacketType::Pubrel);
    let _ = at_once.decides(rule!(v311 "MQTT-4.3.3-1", v5 "MQTT-4.3.3-5")).await?;
    let mut sleeper = come_again(broker, sleeper).await?;

    let mut announcer = broker.connect("announcer").await?;
    let done = sleeper.expect_no_packet(PacketType::Pubrel).before_message(&mut announcer, "news");
    done.decides(rule!(v311 "MQTT-4.3.3-1", v5 "MQTT-4.3.3-5")).await
}

async fn released(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    let (first, second) = match way(broker) {
        "replaced" => (("news", AtLeastOnce), ("news", ExactlyOnce)),
        _ => (("news", ExactlyOnce), ("news/#", ExactlyOnce)),
    };
    watcher.subscribe(first.0, first.1).await?;
    watcher.subscribe(second.0, second.1).await?;
    watcher.hold_acknowledgements();
    broker.connect("publisher").await?.publish("news", b"with a PUBREL", ExactlyOnce).await?;
    let message = watcher.receive(a_message("news", b"with a PUBREL").qos(ExactlyOnce)).await?;

    watcher.send(pubrec(message.id()))?;

    watcher.expect(a_pubrel(message.id())).await
}

/// Decides: a message that its receiver refuses costs neither the connection nor comes again.
async fn is_refused(broker: &Subject, qos: QoS, refusal: fn(u16) -> Draft) -> Outcome {
    let (mut sleeper, message) = Load::new(b"unwanted", qos).arrives(broker).await?;
    sleeper.serves().await?;

    sleeper.send(refusal(message.id()).reason(ReasonCode::UNSPECIFIED_ERROR))?;

    if qos == AtLeastOnce {
        let _ = sleeper.expect_open().decides(rule!(v5 "U5-213")).await?;
    } else {
        sleeper.serves().await?;
    }
    sleeper.drop_connection().await;
    let mut sleeper = back(broker, "sleeper", connect().persistent()).await?;
    let mut announcer = broker.connect("announcer").await?;
    sleeper.expect_no_message(b"unwanted").before_message(&mut announcer, "news").await
}

async fn refused_with_puback(broker: &Subject) -> Outcome {
    is_refused(broker, AtLeastOnce, puback).await
}

async fn refused_with_pubrec(broker: &Subject) -> Outcome {
    is_refused(broker, ExactlyOnce, pubrec).await
}

async fn room_after_refusal(broker: &Subject) -> Outcome {
    let (mut sleeper, message, other) = one_of_two(broker).await?;

    sleeper.send(pubrec(message.id()).reason(ReasonCode::UNSPECIFIED_ERROR))?;
    sleeper.serves().await?;

    sleeper.expect(with_payload(other)).await
}

/// Set-up: a client that takes one message at a time has the one of two; returns the other's payload, too.
async fn one_of_two(broker: &Subject) -> Result<(Client, Received, &'static str), Stop> {
    let mut sleeper = with_room_for_one_of(broker, ["first", "other"]).await?;
    let message = sleeper.receive(any(PacketType::Publish).qos(ExactlyOnce)).await?;
    let other = if message.payload() == b"first" { "other" } else { "first" };
    Ok((sleeper, message, other))
}

async fn room_after_pubcomp(broker: &Subject) -> Outcome {
    let (mut sleeper, message, other) = one_of_two(broker).await?;

    sleeper.send(pubrec(message.id()))?;
    sleeper.receive(a_pubrel(message.id())).await?;
    let _ = sleeper.expect_no_message(other.as_bytes()).for_now().await?;
    sleeper.send(pubcomp(message.id()))?;

    sleeper.expect(with_payload(other)).decides(rule!(v5 "U5-207")).await
}

/// Set-up: messages of QoS 2 on these topics, whose names are their payloads, go to a client that takes one at a time.
async fn with_room_for_one_of(broker: &Subject, topics: [&'static str; 2]) -> Result<Client, Stop> {
    let one = connect().persistent().property(Property::ReceiveMaximum(1));
    let mut publisher = broker.connect("publisher").await?;
    match way(broker) {
        "queued" => {
            let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
            subscribe_to_both(&mut sleeper, topics).await?;
            sleeper.disconnect().await?;
            for topic in topics {
                publisher.publish(topic, topic, ExactlyOnce).await?;
            }
            back_holding(broker, "sleeper", one).await
        }
        "retained" => {
            let mut witness = broker.witness(topics).await?;
            for topic in topics {
                publisher.publish_draft(publish(topic, topic).qos(ExactlyOnce).retain()).await?;
                witness.receive(with_payload(topic)).await?;
            }
            let mut sleeper = holding(broker, "sleeper", one).await?;
            subscribe_to_both(&mut sleeper, topics).await?;
            Ok(sleeper)
        }
        way => {
            let mut sleeper = resumed_as_told(broker).connect_as("sleeper", one).await?;
            let share = if way == "shared" { "$share/group/" } else { "" };
            for topic in topics {
                sleeper.subscribe(format!("{share}{topic}"), ExactlyOnce).await?;
            }
            sleeper.hold_acknowledgements();
            for topic in topics {
                publisher.publish(topic, topic, ExactlyOnce).await?;
            }
            Ok(sleeper)
        }
    }
}

async fn subscribe_to_both(client: &mut Client, topics: [&'static str; 2]) -> Result<(), Stop> {
    for topic in topics {
        client.subscribe(topic, ExactlyOnce).await?;
    }
    Ok(())
}

async fn wrong_acknowledgement(broker: &Subject) -> Outcome {
    let (mut rogue, message) = Load::new(b"twice two steps", ExactlyOnce).arrives(broker).await?;

    rogue.send(puback(message.id()))?;

    rogue.expect_refusal(&[ReasonCode::PROTOCOL_ERROR]).await
}

async fn acknowledged_out_of_order(broker: &Subject) -> Outcome {
    outgoing::out_of_order(&resumed_as_told(broker).as_member("qos1")).await
}

async fn queued_acknowledged_out_of_order(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", AtLeastOnce).await?;
    sleeper.disconnect().await?;
    let mut publisher = broker.connect("publisher").await?;
    for payload in outgoing::THREE {
        publisher.publish("news", payload, AtLeastOnce).await?;
    }
    let mut sleeper = back_holding(broker, "sleeper", connect().persistent()).await?;
    let mut open = vec![sleeper.receive(a_message("news", b"one").qos(AtLeastOnce)).await?];
    for payload in [b"two".as_slice(), b"three"] {
        open.push(sleeper.receive_also(a_message("news", payload).qos(AtLeastOnce)).await?);
    }
    outgoing::told_apart(&open)?;
    sleeper.send(puback(open[1].id()))?;
    sleeper.drop_connection().await;

    let mut sleeper = back(broker, "sleeper", connect().persistent()).await?;

    let _ = sleeper.expect_all(outgoing::one_and_three()).await?;
    sleeper.expect_no_message(b"two").before_message(&mut publisher, "news").await
}

async fn sent_again_although_expired(broker: &Subject) -> Outcome {
    let mortal = Load { expiry: Some(6), ..Load::new(b"under way", ExactlyOnce) };
    let (mut sleeper, _) = mortal.arrives(broker).await?;
    let mut announcer = broker.connect("announcer").await?;
    announcer.publish("news", b"without expiry", ExactlyOnce).await?;
    sleeper.serves().await?;
    sleeper.drop_connection().await;
    broker.wait(Duration::from_secs(7)).await;

    let mut sleeper = back(broker, "sleeper", connect().persistent()).await?;
    sleeper.receive(a_message("news", b"without expiry")).await?;
    announcer.publish("news", b"behind both", ExactlyOnce).await?;
    sleeper.receive(a_message("news", b"behind both")).await?;

    sleeper.expect(a_message("news", b"under way")).by_now().await
}

async fn kept_for_absent(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    let (mut kept, begun) = (None, Instant::now());
    // One at a time, for how long its queue is a broker may choose; a slow broker is asked as often as there is time for.
    for number in (1..=11).take_while(|_| begun.elapsed() < bounds::CASE / 3) {
        sleeper.disconnect().await?;
        let payload = format!("while away, {number}");
        publisher.publish("news", &payload, AtLeastOnce).await?;
        sleeper = back(broker, "sleeper", connect().persistent()).await?;
        kept = Some(sleeper.expect(a_message("news", &payload)).await?);
        // Its SUBACK shows that the PUBACK was read, and that the subscription is there.
        sleeper.subscribe("news", AtLeastOnce).await?;
    }
    kept.ok_or_else(|| Stop::NotExercised("nothing was published".to_owned()))
}

async fn will_kept_for_absent(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", AtLeastOnce).await?;
    sleeper.disconnect().await?;
    Load::new(b"while away", AtLeastOnce).goes_out(broker).await?;
    watcher.receive(a_message("news", b"while away").qos(AtLeastOnce)).await?;

    let mut sleeper = back(broker, "sleeper", connect().persistent()).await?;

    sleeper.expect(a_message("news", b"while away")).await
}

async fn queued_in_order(broker: &Subject) -> Outcome {
    order::queued(&broker.joined(&["sleeper"], kind(broker).one_before())).await
}

async fn old_before_new(broker: &Subject) -> Outcome {
    order::taken_over_from(broker, connect().persistent().property(Property::ReceiveMaximum(1))).await
}

async fn within_receive_maximum(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect_as("watcher", connect().property(Property::ReceiveMaximum(2))).await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    watcher.hold_acknowledgements();
    let mut publisher = broker.connect_in("publisher", broker.other_version(), connect()).await?;

    for payload in [b"first", b"other", b"third"] {
        publisher.publish("news", payload, AtLeastOnce).await?;
    }

    watcher.receive(a_message("news", b"first").qos(AtLeastOnce)).await?;
    watcher.expect_no_message(b"third").await
}

/// Two of them, for a packet identifier is not like the other.
async fn not_released_unasked(broker: &Subject) -> Outcome {
    let mut witness = broker.witness(["store/1", "store/2"]).await?;
    let mut publisher = broker.connect("publisher").await?;
    for topic in ["store/1", "store/2"] {
        publisher.publish_draft(publish(topic, topic).qos(ExactlyOnce).retain()).await?;
        witness.receive(with_payload(topic)).await?;
    }
    let mut watcher = holding(broker, "watcher", connect()).await?;

    let filters: &[&str] = if way(broker) == "plus" { &["store/+"] } else { &["store/1", "store/2"] };
    for filter in filters {
        watcher.subscribe(*filter, ExactlyOnce).await?;
    }

    let first = watcher.receive(any(PacketType::Publish).qos(ExactlyOnce)).await?;
    // A broker that has one message on its way at a time sends no other for the same filter.
    if way(broker) != "plus" {
        let other = if first.payload() == b"store/1" { "store/2" } else { "store/1" };
        watcher.receive_also(a_message(other, other).qos(ExactlyOnce)).await?;
    }
    watcher.expect_no_packet(PacketType::Pubrel).await
}
