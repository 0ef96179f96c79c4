//! Keep alive, topic aliases, limits, errors and farewells, on connections of every kind.

use super::super::resumes::come_back;
use super::super::{
    connect as connecting, delivery, disconnect as leaving, explanations, in_use, keep_alive, publish as publishing,
    qos, segments, subscribe as subscribing, topic_alias,
};
use super::{in_words, kind, next_alike, on_each, on_one};
use crate::cases::prelude::*;
use crate::scenario::{Client, Received};
use mqtt_assay_codec::PropertyId;
use mqtt_assay_standard::bounds;

pub(super) const GROUPS: &[&[Case]] = &[
    NOT_PROLONGED,
    SILENT_AFTER_PING,
    REASON_OF_SILENCE,
    SERVER_KEEP_ALIVE,
    ALIAS_ENDS,
    OWN_ALIAS_ENDS,
    UNKNOWN_ALIAS,
    ALIAS_MOVED,
    ALIASES_APART,
    ALIASES_WITHIN,
    SENT_ONCE,
    MAXIMUM_QOS,
    WILDCARDS_REFUSED,
    WILDCARDS_NOT_AVAILABLE,
    TOO_LARGE,
    QOS0_BESIDE,
    NOT_RESENT,
    RECEIVE_MAXIMUM,
    SERVED_WITHOUT_QUOTA,
    NO_EXPLANATION,
    SHORT_REASON,
    SHORT_PROPERTIES,
    CLOSED_AFTER_DISCONNECT,
    NOTHING_AFTER_DISCONNECT,
    OTHERS_SPARED,
    SECOND_CONNECT,
    DENIED_QOS1,
    DENIED_QOS2,
    DENIED_FILTER,
    BYTEWISE,
    OF_ALL_KINDS,
    PINGS_TOGETHER,
    EACH_ANSWERED,
    BEHIND_CONNECT,
    EXCHANGE_SURVIVES,
    SAID_OF_ALL,
];

on_each!(NOT_PROLONGED = not_prolonged ["resumed" "second-time" "taken-over" "taken-over-clean"]
    "What the broker sends does not prolong the keep alive of a silent client", {
    v311: proves ["MQTT-3.1.2-24" = "MQTT-3.1.2-23"],
    v5: proves ["MQTT-3.1.2-22" = "MQTT-3.1.2-20"],
    caught: [Fault::KeepAliveProlonged, Fault::KeepAliveNotEnforced],
    waits: 2
});

on_each!(SILENT_AFTER_PING = silent_after_ping ["resumed" "second-time" "taken-over" "taken-over-clean"]
    "A client that falls silent after its PINGREQ is disconnected", {
    v311: proves ["MQTT-3.1.2-24" = "MQTT-3.1.2-23"],
    v5: proves ["MQTT-3.1.2-22" = "MQTT-3.1.2-20"],
    caught: [Fault::PingEndsKeepAlive, Fault::KeepAliveNotEnforced],
    waits: 2
});

on_each!(REASON_OF_SILENCE = keep_alive_is_the_reason ["resumed" "second-time" "taken-over"]
    "A DISCONNECT that closes for keep alive doesn't blame a client that has published nothing for Receive Maximum", {
    v5: proves ["U5-210"],
    caught: [Fault::KeepAliveBlamesQuota],
    waits: 2
});

on_each!(SERVER_KEEP_ALIVE = server_keep_alive_counts ["resumed" "second-time" "taken-over"]
    "A broker that states a keep alive of its own goes by that one", {
    v5: proves ["MQTT-3.2.2-21" = "MQTT-3.1.2-21"],
    caught: [Fault::ServerKeepAliveIgnored],
    variant: Variant::SERVER_KEEP_ALIVE, waits: 2
});

on_each!(ALIAS_ENDS = alias_ends ["resumed" "second-time" "third-time" "taken-over" "taken-over-clean"]
    "An alias of a client ends with the connection on which it was made", {
    v5: proves ["MQTT-3.3.2-7"],
    caught: [Fault::AliasAcrossConnections],
    needs: &["topic-alias"]
});

on_each!(OWN_ALIAS_ENDS = own_alias_ends ["resumed" "second-time" "third-time" "taken-over" "taken-over-clean"]
    "A topic alias of the broker ends with the connection on which it was made", {
    v5: proves ["MQTT-3.3.2-7"],
    caught: [Fault::SentAliasesStay]
});

on_each!(UNKNOWN_ALIAS = unknown_alias ["resumed"]
    "An empty topic name with an alias that has no topic is refused", {
    v5: breaks ["U5-136"] proves ["MQTT-4.13.1-1"],
    caught: [Fault::AcceptsUnknownAlias],
    needs: &["topic-alias"]
});

on_each!(ALIAS_MOVED = alias_moved ["resumed"]
    "An alias that is given another topic stands for that one from then on", {
    v5: proves ["U5-137"],
    caught: [Fault::AliasNotRemapped],
    needs: &["topic-alias"]
});

on_each!(ALIASES_APART = aliases_apart ["resumed" "second-time"]
    "One number stands for a topic of the client and for another of the broker", {
    v5: proves ["U5-127"],
    caught: [Fault::AliasesMixed],
    needs: &["topic-alias"]
});

on_each!(ALIASES_WITHIN = aliases_within_maximum ["resumed" "second-time" "taken-over"]
    "Aliases from the broker are no higher than the client's Topic Alias Maximum", {
    v5: proves ["MQTT-3.1.2-26" = "MQTT-3.3.2-11"],
    caught: [Fault::SendsAliasAboveMaximum]
});

on_each!(SENT_ONCE = sent_once ["resumed"]
    "A message to a client that takes topic aliases is sent once", {
    v5: proves ["MQTT-4.4.0-1"],
    caught: [Fault::SendsTwiceByAlias]
});

on_each!(MAXIMUM_QOS = maximum_qos_is_announced ["resumed" "second-time" "taken-over"]
    "A broker without QoS 2 says so in CONNACK", {
    v5: proves ["MQTT-3.2.2-9"],
    caught: [Fault::MaximumQosUnannounced],
    variant: Variant::MAX_QOS_1
});

on_each!(WILDCARDS_REFUSED = wildcards_refused ["resumed" "second-time" "taken-over"]
    "A broker without wildcards refuses a topic filter with one", {
    v311: proves ["MQTT-3.8.3-2"],
    caught: [Fault::GrantsUnavailableWildcard],
    variant: Variant::NO_WILDCARDS
});

on_each!(WILDCARDS_NOT_AVAILABLE = wildcards_not_available ["resumed" "second-time" "taken-over"]
    "A wildcard is refused where CONNACK said that there are none", {
    v5: breaks ["U5-101"] proves ["MQTT-4.13.1-1"],
    caught: [Fault::GrantsUnavailableWildcard],
    variant: Variant::NO_WILDCARDS
});

on_each!(TOO_LARGE = too_large ["resumed" "second-time" "taken-over"]
    "A packet above the announced Maximum Packet Size is refused", {
    v5: breaks ["MQTT-3.2.2-15", "U5-095"] proves ["MQTT-4.13.1-1"],
    caught: [Fault::AcceptsLargePackets],
    variant: Variant::SMALL_PACKETS
});

on_each!(QOS0_BESIDE = qos0_beside_receive_maximum ["resumed" "second-time" "taken-over"]
    "QoS 0 messages do not count against the announced Receive Maximum", {
    v5: proves ["U5-142"],
    caught: [Fault::Qos0CountsAsOpen],
    needs: &["qos2"]
});

on_each!(NOT_RESENT = not_resent_on_live ["resumed" "second-time" "taken-over"]
    "A message is not sent again while its connection lasts", {
    v5: proves ["MQTT-4.4.0-1"],
    caught: [Fault::ResendsOnLive],
    waits: bounds::RESEND.as_secs()
});

on_each!(RECEIVE_MAXIMUM = receive_maximum ["second-time" "taken-over"]
    "No more messages are unacknowledged than the client's Receive Maximum", {
    v5: proves ["MQTT-3.3.4-9" = "MQTT-4.9.0-1" = "MQTT-4.9.0-2"],
    caught: [Fault::PastReceiveMaximum]
});

on_each!(SERVED_WITHOUT_QUOTA = served_without_quota ["resumed" "taken-over"]
    "A client whose Receive Maximum is used up is served in everything else", {
    v5: proves ["MQTT-3.3.4-10" = "MQTT-4.9.0-3"],
    caught: [Fault::QuotaBlocksAll]
});

on_each!(NO_EXPLANATION = no_explanation ["second-time" "third-time" "taken-over" "taken-over-clean"]
    "A client that wants no problem information gets none in UNSUBACK", {
    v5: proves ["MQTT-3.1.2-29"],
    caught: [Fault::IgnoresProblemInformation]
});

on_each!(SHORT_REASON = reason_string_fits ["resumed"]
    "The Reason String of UNSUBACK is left out for a client to which it would be too large", {
    v5: proves ["MQTT-3.11.2-1"],
    caught: [Fault::ReasonStringTooLong]
});

on_each!(SHORT_PROPERTIES = user_properties_fit ["resumed"]
    "The User Properties of UNSUBACK are left out for a client to which they would be too large", {
    v5: proves ["MQTT-3.11.2-2"],
    caught: [Fault::UserPropertyTooLong]
});

on_each!(CLOSED_AFTER_DISCONNECT = closed_after_disconnect ["resumed" "taken-over"]
    "After a DISCONNECT the broker closes the connection where the client doesn't", {
    v311: proves ["U3-16"],
    v5: proves ["U5-191"],
    caught: [Fault::DisconnectLeftOpen]
});

on_each!(NOTHING_AFTER_DISCONNECT = nothing_after_disconnect ["resumed" "taken-over"]
    "What a client sends after its DISCONNECT reaches nobody", {
    v311: proves ["MQTT-3.14.4-2"],
    v5: proves ["MQTT-3.14.4-1"],
    caught: [Fault::ProcessesAfterDisconnect]
});

on_each!(OTHERS_SPARED = others_are_spared ["resumed" "taken-over"]
    "A client that breaks a rule costs nobody else the connection", {
    v5: proves ["U5-212"],
    caught: [Fault::ErrorClosesOthers]
});

on_each!(SECOND_CONNECT = second_connect ["resumed" "taken-over"]
    "A second CONNECT on the same connection ends it", {
    v311: proves ["MQTT-3.1.0-2"],
    v5: proves ["MQTT-3.1.0-2", "U5-210"],
    caught: [Fault::IgnoresSecondConnect, Fault::AnswersSecondConnect, Fault::ClosesWithoutDisconnect,
        Fault::DisconnectUnspecified]
});

on_each!(DENIED_QOS1 = denied_is_answered_at_qos1 ["resumed"]
    "A QoS 1 PUBLISH that is not authorized is acknowledged or ends the connection", {
    v311: proves ["MQTT-3.3.5-2"],
    v5: proves ["MQTT-4.3.2-4"],
    caught: [Fault::DeniedUnanswered, Fault::NoPuback],
    variant: Variant::WITH_ACCESS
});

on_each!(DENIED_QOS2 = denied_is_answered_at_qos2 ["resumed"]
    "A QoS 2 PUBLISH that is not authorized is acknowledged or ends the connection", {
    v311: proves ["MQTT-3.3.5-2"],
    v5: proves ["MQTT-4.3.3-8"],
    caught: [Fault::DeniedUnanswered, Fault::NoPubrec],
    variant: Variant::WITH_ACCESS, needs: &["qos2"]
});

on_each!(DENIED_FILTER = denied_filter ["resumed"]
    "A topic filter that the client may not use is refused with SUBACK 0x80", {
    v311: proves ["U3-14"],
    caught: [Fault::DeliversDenied, Fault::ClosesOnDenied],
    variant: Variant::WITH_ACCESS
});

on_each!(BYTEWISE = bytewise ["resumed"]
    "A PUBLISH that comes byte by byte is delivered as one that comes whole", {
    v311: proves ["MQTT-4.5.0-1"],
    v5: proves ["MQTT-4.5.0-1"],
    caught: [Fault::WantsPacketsInOnePiece]
});

on_each!(OF_ALL_KINDS = of_all_kinds ["resumed"]
    "Of SUBSCRIBE, PUBLISH, UNSUBSCRIBE and PINGREQ in one segment each is answered", {
    v311: proves ["MQTT-3.12.4-1", "MQTT-3.8.4-1", "MQTT-3.3.4-1", "MQTT-3.10.4-4"],
    v5: proves ["MQTT-3.12.4-1", "MQTT-3.8.4-1", "MQTT-3.3.4-1" = "MQTT-4.2-1", "MQTT-3.10.4-4"],
    caught: [Fault::LosesBehindSubscribe]
});

on_each!(PINGS_TOGETHER = each_ping_is_answered ["resumed"]
    "Of several PINGREQs that come together each is answered with a PINGRESP", {
    v311: proves ["MQTT-3.12.4-1"],
    v5: proves ["MQTT-3.12.4-1"],
    caught: [Fault::PingUnanswered, Fault::AnswersOnePingOfSegment]
});

on_each!(EACH_ANSWERED = each_is_answered ["resumed"]
    "Of QoS 1 PUBLISHes that come in one segment each is answered with PUBACK", {
    v311: proves ["MQTT-3.3.4-1"],
    v5: proves ["MQTT-3.3.4-1"],
    caught: [Fault::DropsThirdOfSegment]
});

on_each!(BEHIND_CONNECT = behind_connect ["resumed"]
    "What comes in one segment with the CONNECT, and before its CONNACK, is answered", {
    v311: proves ["MQTT-3.12.4-1", "MQTT-3.8.4-1"],
    v5: proves ["MQTT-3.12.4-1", "MQTT-3.8.4-1" = "MQTT-4.2-1"],
    caught: [Fault::LosesBehindConnect]
});

on_each!(EXCHANGE_SURVIVES = exchange_survives ["resumed" "high-identifier"]
    "A SUBSCRIBE under the packet identifier of an open exchange does it no harm", {
    v5: proves ["U5-029"],
    caught: [Fault::SubscribeEndsExchange],
    needs: &["qos2"]
});

on_each!(SAID_OF_ALL = said_of_all ["resumed" "high-identifier"]
    "That its packet identifier is in use is said of all filters of a SUBSCRIBE, or of none", {
    v5: proves ["U5-174"],
    caught: [Fault::InUseForFirstOnly],
    needs: &["qos2"]
});

async fn not_prolonged(broker: &Subject) -> Outcome {
    keep_alive::not_prolonged(&broker.joined(&["silent"], kind(broker))).await
}

async fn silent_after_ping(broker: &Subject) -> Outcome {
    keep_alive::counts_after(&broker.joined(&["silent"], kind(broker)).as_member("ping")).await
}

async fn server_keep_alive_counts(broker: &Subject) -> Outcome {
    keep_alive::server_keep_alive_counts(&broker.joined(&["silent"], kind(broker))).await
}

/// A client that has published nothing can't have gone beyond the broker's Receive Maximum.
async fn keep_alive_is_the_reason(broker: &Subject) -> Outcome {
    let joined = broker.joined(&["silent"], kind(broker));
    let mut silent = keep_alive::silent_client(&joined, connect()).await?;

    let farewell = silent.receive_or_end(any(PacketType::Disconnect)).await?;
    let farewell =
        farewell.ok_or_else(|| Stop::NotExercised("no DISCONNECT says why the connection ends".to_owned()))?;
    let others: Vec<ReasonCode> =
        (0..=u8::MAX).map(ReasonCode).filter(|code| *code != ReasonCode::RECEIVE_MAXIMUM_EXCEEDED).collect();
    silent.expect_right(&farewell, any(PacketType::Disconnect).code(&others)).await
}

async fn alias_ends(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    let joined = broker.joined(&["rogue"], kind(broker));
    let mut rogue = joined.connect_as("rogue", connect().persistent()).await?;
    rogue.publish_draft(publish("news", b"named").qos(AtLeastOnce).property(Property::TopicAlias(1))).await?;
    watcher.receive(a_message("news", b"named")).await?;
    let mut rogue = next_alike(broker, rogue, connect().persistent()).await?;

    rogue.send(topic_alias::by_alias(1, b"stale").qos(AtLeastOnce))?;

    // Either way the broker has dealt with it then; whether it should have closed is a case of its own.
    let _ = rogue.serves().await;
    let mut publisher = broker.connect("publisher").await?;
    watcher.expect_no_message(b"stale").before_message(&mut publisher, "news").await
}

async fn own_alias_ends(broker: &Subject) -> Outcome {
    let taking = || connect().persistent().property(Property::TopicAliasMaximum(10));
    let mut publisher = broker.connect("publisher").await?;
    let mut sleeper = broker.joined(&["sleeper"], kind(broker)).connect_as("sleeper", taking()).await?;
    sleeper.subscribe("news", AtLeastOnce).await?;
    for payload in [b"named", b"again"] {
        publisher.publish("news", payload, AtLeastOnce).await?;
        sleeper.receive(with_payload(payload)).await?;
    }

    let mut sleeper = next_alike(broker, sleeper, taking()).await?;
    sleeper.subscribe("news", AtLeastOnce).await?;
    publisher.publish("news", b"afterwards", AtLeastOnce).await?;

    let message = sleeper.receive(any(PacketType::Publish)).await?;
    if message.payload() != b"afterwards" {
        let why = "sleeper: another message came first, which may have made the alias".to_owned();
        return Err(Stop::Inconclusive { why, line: None });
    }
    sleeper.expect_right(&message, a_message("news", b"afterwards")).await
}

async fn unknown_alias(broker: &Subject) -> Outcome {
    topic_alias::unknown(&broker.joined(&["rogue"], kind(broker))).await
}

async fn alias_moved(broker: &Subject) -> Outcome {
    topic_alias::moved(&broker.joined(&["publisher"], kind(broker))).await
}

async fn aliases_apart(broker: &Subject) -> Outcome {
    topic_alias::of_both_sides(&broker.joined(&["client"], kind(broker))).await
}

async fn aliases_within_maximum(broker: &Subject) -> Outcome {
    topic_alias::within_clients_maximum(&broker.joined(&["watcher"], kind(broker))).await
}

async fn sent_once(broker: &Subject) -> Outcome {
    topic_alias::sent_once(&broker.joined(&["watcher"], kind(broker))).await
}

/// Set-up: `sleeper` and the CONNACK of its connection, which is of the kind that the case is about.
async fn with_connack(broker: &Subject) -> Result<(Client, Received), Stop> {
    let before = broker.joined(&["sleeper"], kind(broker).one_before());
    let mut first = before.connect_as("sleeper", connect().persistent()).await?;
    first.subscribe("mail", AtLeastOnce).await?;
    if kind(broker) != Joining::TakenOver {
        first.disconnect().await?;
        return come_back(broker, connect().persistent()).await;
    }
    let second = come_back(broker, connect().persistent()).await?;
    first.ended().await.map(|()| second)
}

async fn maximum_qos_is_announced(broker: &Subject) -> Outcome {
    let (mut sleeper, accepted) = with_connack(broker).await?;

    sleeper.expect_right(&accepted, a_connack().has(PropertyId::MAXIMUM_QOS)).await
}

async fn wildcards_refused(broker: &Subject) -> Outcome {
    subscribing::wildcards_refused(&broker.joined(&["watcher"], kind(broker))).await
}

async fn wildcards_not_available(broker: &Subject) -> Outcome {
    subscribing::not_available(&broker.joined(&["rogue"], kind(broker)).as_member("wildcard")).await
}

async fn too_large(broker: &Subject) -> Outcome {
    publishing::too_large(&broker.joined(&["rogue"], kind(broker))).await
}

async fn qos0_beside_receive_maximum(broker: &Subject) -> Outcome {
    qos::qos0_beside_receive_maximum(&broker.joined(&["publisher"], kind(broker))).await
}

async fn not_resent_on_live(broker: &Subject) -> Outcome {
    delivery::only_on_reconnect(&broker.joined(&["watcher"], kind(broker))).await
}

async fn receive_maximum(broker: &Subject) -> Outcome {
    delivery::receive_maximum(&broker.joined(&["watcher"], kind(broker))).await
}

async fn served_without_quota(broker: &Subject) -> Outcome {
    delivery::served_without_quota(&broker.joined(&["watcher"], kind(broker))).await
}

async fn no_explanation(broker: &Subject) -> Outcome {
    explanations::none_wanted(&broker.joined(&["brief"], kind(broker)).as_member("unsuback")).await
}

async fn reason_string_fits(broker: &Subject) -> Outcome {
    let joined = broker.joined(&["curious", "narrow"], kind(broker)).as_member("unsuback");
    explanations::reason_string_fits(&joined).await
}

async fn user_properties_fit(broker: &Subject) -> Outcome {
    let joined = broker.joined(&["curious", "narrow"], kind(broker)).as_member("unsuback");
    explanations::user_property_fits(&joined).await
}

async fn closed_after_disconnect(broker: &Subject) -> Outcome {
    leaving::closed_after_disconnect(&broker.joined(&["polite"], kind(broker))).await
}

async fn nothing_after_disconnect(broker: &Subject) -> Outcome {
    leaving::nothing_after_disconnect(&broker.joined(&["rogue"], kind(broker))).await
}

async fn others_are_spared(broker: &Subject) -> Outcome {
    leaving::others_are_spared(&broker.joined(&["rogue"], kind(broker))).await
}

async fn second_connect(broker: &Subject) -> Outcome {
    connecting::second_connect(&broker.joined(&["rogue"], kind(broker))).await
}

async fn denied_is_answered_at_qos1(broker: &Subject) -> Outcome {
    qos::denied_is_answered(&broker.joined(&["intruder"], kind(broker)).as_member("qos1")).await
}

async fn denied_is_answered_at_qos2(broker: &Subject) -> Outcome {
    qos::denied_is_answered(&broker.joined(&["intruder"], kind(broker)).as_member("qos2")).await
}

async fn denied_filter(broker: &Subject) -> Outcome {
    subscribing::denied_filter(&broker.joined(&["watcher"], kind(broker))).await
}

async fn bytewise(broker: &Subject) -> Outcome {
    segments::bytewise(&broker.joined(&["client"], kind(broker)).as_member("publish")).await
}

async fn of_all_kinds(broker: &Subject) -> Outcome {
    segments::of_all_kinds(&broker.joined(&["client"], kind(broker))).await
}

async fn each_ping_is_answered(broker: &Subject) -> Outcome {
    keep_alive::each_ping_is_answered(&broker.joined(&["client"], kind(broker))).await
}

async fn each_is_answered(broker: &Subject) -> Outcome {
    qos::each_is_answered(&broker.joined(&["publisher"], kind(broker))).await
}

async fn behind_connect(broker: &Subject) -> Outcome {
    let before = broker.joined(&["client"], kind(broker).one_before());
    let mut before = before.connect_as("client", connect().persistent()).await?;
    before.subscribe("mail", AtLeastOnce).await?;
    before.disconnect().await?;
    let mut client = broker.open("client").await?;

    client.send_together([connect().persistent(), subscribe("news", AtMostOnce).id(11_u16), pingreq()])?;

    client.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;
    let _ = client.expect(a_suback(11_u16)).decides(rule!(v311 "MQTT-3.8.4-1", v5 "MQTT-3.8.4-1")).await?;
    client.expect(a_pingresp()).await
}

async fn exchange_survives(broker: &Subject) -> Outcome {
    in_use::exchange_survives(&broker.joined(&["client"], kind(broker))).await
}

async fn said_of_all(broker: &Subject) -> Outcome {
    in_use::said_of_all(&broker.joined(&["client"], kind(broker))).await
}
