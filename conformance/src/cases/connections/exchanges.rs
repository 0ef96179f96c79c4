//! Exchanges that clients begin: on connections of every kind, under high packet identifiers, and as the eleventh of many.

use super::super::again::back;
use super::super::{delivery, order, qos, resumes};
use super::{in_words, kind, on_each, on_one};
use crate::cases::prelude::*;

pub(super) const GROUPS: &[&[Case]] = &[
    FREE_AT_QOS1,
    FREE_AT_QOS2,
    CLIENTS_APART,
    FREE_AFTER_REFUSAL,
    PUBREL_AGAIN,
    UNKNOWN_PUBREC,
    EXPIRY_BETWEEN,
    RESENT_ONCE,
    KEPT_FOR_LONG,
    RESENT_ON_THIRD,
    PUBREL_ANSWERS,
    FIRST_AT_QOS1,
    FIRST_AT_QOS2,
    OLD_BEFORE_QUEUED,
    PUBRELS_IN_ORDER,
    WRONG_ACKNOWLEDGEMENT,
];

on_each!(FREE_AT_QOS1 = identifier_is_free_at_qos1 ["resumed" "eleventh" "high-identifier"]
    "After PUBACK a PUBLISH with the same packet identifier is a new message", {
    v311: proves ["MQTT-4.3.2-2"],
    v5: proves ["MQTT-4.3.2-5"],
    caught: [Fault::RemembersAfterPuback]
});

on_each!(FREE_AT_QOS2 = identifier_is_free_at_qos2 ["resumed" "eleventh" "high-identifier"]
    "After PUBCOMP a PUBLISH with the same packet identifier is a new message", {
    v311: proves ["MQTT-4.3.3-2"],
    v5: proves ["MQTT-4.3.3-12"],
    caught: [Fault::RemembersAfterPubcomp],
    needs: &["qos2"]
});

on_each!(CLIENTS_APART = same_identifier_of_two ["resumed" "eleventh" "high-identifier"]
    "While the exchange of one client is open, another client's message under the same packet identifier is delivered", {
    v311: proves ["MQTT-4.5.0-1"],
    v5: proves ["MQTT-4.5.0-1"],
    caught: [Fault::IdentifiersShared],
    needs: &["qos2"]
});

on_each!(FREE_AFTER_REFUSAL = identifier_is_free_after_refusal ["resumed" "high-identifier"]
    "After a PUBREC of 0x80 or more a PUBLISH with the same packet identifier is a new message", {
    v5: proves ["MQTT-4.3.3-9"],
    caught: [Fault::RemembersAfterRefusal],
    variant: Variant::WITH_ACCESS, needs: &["qos2"]
});

on_each!(PUBREL_AGAIN = pubrel_again ["high-identifier"]
    "A PUBREL that is sent again after its PUBCOMP is answered with PUBCOMP", {
    v311: proves ["MQTT-4.3.3-2"],
    v5: proves ["MQTT-4.3.3-11", "U5-153"],
    caught: [Fault::UnknownPubrelUnanswered],
    needs: &["qos2"]
});

on_each!(UNKNOWN_PUBREC = unknown_pubrec ["resumed" "high-identifier"]
    "A PUBREC for a packet identifier that is not in use is answered with PUBREL 0x92", {
    v5: proves ["U5-158"],
    caught: [Fault::UnknownPubrecUnanswered],
    needs: &["qos2"]
});

on_each!(EXPIRY_BETWEEN = expiry_between ["resumed" "high-identifier"]
    "The QoS 2 exchange of a message that expires meanwhile is completed", {
    v5: proves ["MQTT-4.3.3-13"],
    caught: [Fault::ExpiryEndsExchange],
    needs: &["qos2"], waits: 2
});

on_each!(RESENT_ONCE = resent_is_delivered_once ["eleventh" "high-identifier"]
    "A QoS 2 PUBLISH that is sent again before its PUBREL is acknowledged and delivered once", {
    v311: proves ["MQTT-4.3.3-2"],
    v5: proves ["MQTT-4.3.3-10"],
    caught: [Fault::DeliversQos2Again, Fault::NoPubrecForResent],
    needs: &["qos2"]
});

pub(super) const KEPT_FOR_LONG: &[Case] = &[
    case!(kept_for_long: "A QoS 2 PUBLISH that is sent again when its client has come back ten times is delivered once",
        v311: proves ["MQTT-4.3.3-2"],
        v5: proves ["MQTT-4.3.3-10"],
        caught: [Fault::DeliversQos2Again, Fault::ForgetsReceived, Fault::NoPubrecForResent],
        needs: &["qos2"]),
];

on_each!(RESENT_ON_THIRD = resent_later ["third-time"]
    "A QoS 2 PUBLISH of an earlier connection that is sent again is delivered once", {
    v311: proves ["MQTT-4.3.3-2"],
    v5: proves ["MQTT-4.3.3-10"],
    caught: [Fault::DeliversQos2Again, Fault::ForgetsReceived, Fault::NoPubrecForResent],
    needs: &["qos2"]
});

on_each!(PUBREL_ANSWERS = pubrel_answers_pubrec ["resumed" "second-time" "third-time" "taken-over" "taken-over-clean"]
    "A PUBREC is answered with a PUBREL under its packet identifier", {
    v311: proves ["MQTT-4.3.3-1", "MQTT-2.3.1-6"],
    v5: proves ["MQTT-4.3.3-4", "MQTT-2.2.1-5"],
    caught: [Fault::NoPubrel, Fault::WrongPubrelId],
    needs: &["qos2"]
});

on_each!(FIRST_AT_QOS1 = first_delivery_at_qos1 ["taken-over-clean"]
    "A QoS 1 message comes with DUP 0 the first time", {
    v311: proves ["MQTT-3.3.1-3", "MQTT-4.3.2-1", "MQTT-4.5.0-1"],
    v5: proves ["MQTT-3.3.1-3", "MQTT-4.3.2-2", "MQTT-4.5.0-1"],
    caught: [Fault::DupPropagated, Fault::DupOnFirstDelivery, Fault::LosesDup]
});

on_each!(FIRST_AT_QOS2 = first_delivery_at_qos2 ["taken-over-clean"]
    "A QoS 2 message comes with DUP 0 the first time", {
    v311: proves ["MQTT-3.3.1-3", "MQTT-4.3.3-1", "MQTT-4.5.0-1"],
    v5: proves ["MQTT-3.3.1-3", "MQTT-4.3.3-2", "MQTT-4.5.0-1"],
    caught: [Fault::DupPropagated, Fault::DupOnFirstDelivery, Fault::LosesDup],
    needs: &["qos2"]
});

on_each!(OLD_BEFORE_QUEUED = old_before_queued ["second-time" "third-time"]
    "Unacknowledged messages come before those that were published meanwhile", {
    v311: proves ["MQTT-4.6.0-6" = "MQTT-4.6.0-5"],
    v5: proves ["MQTT-4.6.0-5" = "MQTT-4.6.0-6"],
    caught: [Fault::QueueBeforeOld]
});

on_each!(PUBRELS_IN_ORDER = pubrels_in_order ["second-time" "third-time" "taken-over"]
    "PUBRELs that come again come in the order of their PUBRECs", {
    v311: proves ["MQTT-4.6.0-6"],
    caught: [Fault::PubrelsReversed],
    needs: &["qos2"]
});

on_each!(WRONG_ACKNOWLEDGEMENT = wrong_acknowledgement ["resumed"]
    "A PUBACK for a message of QoS 2 is refused", {
    v5: breaks ["U5-201"] proves ["MQTT-4.13.1-1"],
    caught: [Fault::AcceptsWrongAck],
    needs: &["qos2"]
});

async fn identifier_is_free_at_qos1(broker: &Subject) -> Outcome {
    qos::qos1_identifier_is_free(&broker.joined(&["publisher"], kind(broker))).await
}

async fn identifier_is_free_at_qos2(broker: &Subject) -> Outcome {
    let joining = match kind(broker) {
        Joining::Busy(_) => Joining::Busy(ExactlyOnce),
        other => other,
    };
    qos::qos2_identifier_is_free(&broker.joined(&["publisher"], joining)).await
}

async fn same_identifier_of_two(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news", "news", ExactlyOnce).await?;
    let joined = broker.joined(&["one", "other"], kind(broker));
    let mut clients = [joined.connect("one").await?, joined.connect("other").await?];

    for client in &mut clients {
        // Not an identifier by which a client has tried the paths.
        client.send(publish("news", client.role()).qos(ExactlyOnce).id(joined.an_id(99)))?;
        let taken = [ReasonCode::SUCCESS, ReasonCode::NO_MATCHING_SUBSCRIBERS];
        client.receive(a_pubrec(joined.an_id(99)).code(&taken)).await?;
    }
    for client in &mut clients {
        client.send(pubrel(joined.an_id(99)))?;
        client.receive(a_pubcomp(joined.an_id(99))).await?;
    }

    watcher.expect_all(["one", "other"].map(|role| a_message("news", role))).await
}

async fn identifier_is_free_after_refusal(broker: &Subject) -> Outcome {
    qos::refused_identifier_is_free(&broker.joined(&["publisher"], kind(broker))).await
}

async fn pubrel_again(broker: &Subject) -> Outcome {
    qos::pubrel_again(&broker.joined(&["publisher"], kind(broker))).await
}

async fn unknown_pubrec(broker: &Subject) -> Outcome {
    delivery::unknown_pubrec(&broker.joined(&["client"], kind(broker))).await
}

async fn expiry_between(broker: &Subject) -> Outcome {
    qos::expiry_between(&broker.joined(&["publisher"], kind(broker))).await
}

async fn resent_is_delivered_once(broker: &Subject) -> Outcome {
    let before = if matches!(kind(broker), Joining::Busy(_)) { 10 } else { 0 };
    let id = broker.joined(&[], kind(broker)).an_id(7);
    resent_after(broker, id, 1, before).await
}

async fn kept_for_long(broker: &Subject) -> Outcome {
    resent_after(broker, 7, 10, 0).await
}

/// Decides: an exchange of QoS 2 that has come to its PUBREC is taken up again, and its message delivered once, when its
/// client has come back so many times, and has sent so many messages besides.
async fn resent_after(broker: &Subject, id: u16, times: usize, besides: usize) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("news", "news", ExactlyOnce).await?;
    let mut publisher = broker.connect_as("publisher", connect().persistent()).await?;
    // There are brokers that keep no session for a client without subscriptions.
    publisher.subscribe("mail", AtLeastOnce).await?;
    publisher.send(publish("news", b"once").qos(ExactlyOnce).id(id))?;
    let taken = [ReasonCode::SUCCESS, ReasonCode::NO_MATCHING_SUBSCRIBERS];
    publisher.receive(a_pubrec(id).code(&taken)).await?;
    for _ in 0..times {
        publisher.drop_connection().await;
        publisher = back(broker, "publisher", connect().persistent()).await?;
    }
    for _ in 0..besides {
        publisher.send(publish("weather", b"as before"))?;
    }

    publisher.send(publish("news", b"once").qos(ExactlyOnce).id(id).dup())?;
    let _ = publisher.expect(a_pubrec(id)).await?;
    publisher.send(pubrel(id))?;
    publisher.receive(a_pubcomp(id)).await?;

    watcher.receive(a_message("news", b"once")).await?;
    watcher.expect_no_message(b"once").before_message(&mut publisher, "news").await
}

/// Its steps come back twice.
async fn resent_later(broker: &Subject) -> Outcome {
    let before = kind(broker).one_before().one_before();
    resumes::resent_on_third_connection(&broker.joined(&["publisher"], before)).await
}

async fn pubrel_answers_pubrec(broker: &Subject) -> Outcome {
    delivery::pubrel_answers_pubrec(&broker.joined(&["watcher"], kind(broker))).await
}

async fn first_delivery_at_qos1(broker: &Subject) -> Outcome {
    delivery::first_delivery(&broker.joined(&["watcher"], kind(broker)).as_member("qos1")).await
}

async fn first_delivery_at_qos2(broker: &Subject) -> Outcome {
    delivery::first_delivery(&broker.joined(&["watcher"], kind(broker)).as_member("qos2")).await
}

async fn old_before_queued(broker: &Subject) -> Outcome {
    let before = broker.joined(&["sleeper"], kind(broker).one_before());
    resumes::old_before_queued(&before.as_member("qos1")).await
}

async fn pubrels_in_order(broker: &Subject) -> Outcome {
    if kind(broker) != Joining::TakenOver {
        return order::pubrels_again(&broker.joined(&["sleeper"], kind(broker).one_before())).await;
    }
    let (mut first, ids) = order::with_two_pubrels(broker).await?;
    let mut second = back(broker, "sleeper", connect().persistent()).await?;
    first.ended().await?;
    order::pubrels_come_in_order(&mut second, &ids).await
}

async fn wrong_acknowledgement(broker: &Subject) -> Outcome {
    delivery::wrong_acknowledgement(&broker.joined(&["rogue"], kind(broker))).await
}
