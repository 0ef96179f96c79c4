//! What looks wrong and is legal: brokers that lose sessions in time, that deliver by each overlapping subscription for itself,
//! whose packets cross ours. Beside each stands the neighbour that is a breach.

use super::{
    ONE, TWO, Trace, VERSIONS, assert_broken, assert_silent, assert_sound, at, message, packet_id, pair, retained,
    retaining,
};
use crate::auditor::{Conn, Point};
use mqtt_assay_codec::{
    Acknowledgement, Connack, Connect, Disconnect, Packet, PacketId, PropertiesBuf, Property, Publish, QoS, ReasonCode,
    RetainHandling, SubscriptionOptions, TopicFiltersBuf, Unsubscribe, Version, Will,
};

const PRESENT: Connack<'static> = Connack { session_present: true, ..DEFAULT };
const DEFAULT: Connack<'static> = Connack { session_present: false, reason: ReasonCode::SUCCESS, properties: EMPTY };
const EMPTY: mqtt_assay_codec::Properties<'static> = mqtt_assay_codec::Properties::EMPTY;

/// CONNECT of a client whose session stays.
fn sleeper(expiry: &PropertiesBuf) -> Connect<'_> {
    Connect { client_id: "sleeper", properties: expiry.as_properties(), ..Connect::default() }
}

fn expiry(version: Version, seconds: u32) -> PropertiesBuf {
    let is_there = (version == Version::V5).then_some(Property::SessionExpiryInterval(seconds));
    is_there.into_iter().collect()
}

#[test]
fn where_the_session_is_gone_a_subscription_is_new() {
    for (is_there, is_right) in [(false, true), (true, false)] {
        let options = SubscriptionOptions { retain_handling: RetainHandling::SendIfNew, ..ONE };
        let (mut trace, _, one) = retaining(Version::V5);
        let two = expiry(Version::V5, 2);
        let first = trace.connect(Version::V5, sleeper(&two));
        trace.subscribe(first, "run/case/news", options);
        assert_silent(&trace.take(first, retained(one)));
        trace.broker_ends(first);
        trace.wait(5);
        let back = trace.connect_with(Version::V5, sleeper(&two), Connack { session_present: is_there, ..DEFAULT });
        trace.subscribe(back, "run/case/news", options);
        let audit = trace.take(back, retained(one));
        if is_right {
            assert_sound(&audit, Point::RetainedFlag);
        } else {
            assert_broken(&audit, Point::RetainHandlingIfNew);
        }
    }
}

#[test]
fn who_has_lost_the_session_takes_what_is_sent_again_for_new() {
    for version in VERSIONS {
        let (mut trace, subscriber, _) = pair(version, TWO);
        let one = message(QoS::ExactlyOnce, 7, b"first");
        let long = expiry(version, 1);
        let sender = trace.connect(version, sleeper(&long));
        trace.client(sender, Packet::Publish(one));
        trace.server(sender, Packet::Pubrec(Acknowledgement::success(packet_id(7))));
        assert_silent(&trace.take(subscriber, Publish { packet_id: PacketId::new(1), ..one }));
        trace.broker_ends(sender);
        let back = trace.connect_with(version, sleeper(&long), DEFAULT);
        trace.client(back, Packet::Publish(Publish { dup: true, ..one }));
        trace.server(back, Packet::Pubrec(Acknowledgement::success(packet_id(7))));
        assert_silent(&trace.take(subscriber, Publish { packet_id: PacketId::new(2), ..one }));
    }
}

#[test]
fn what_the_lost_session_left_open_holds_nothing_up() {
    for version in VERSIONS {
        let mut trace = Trace::default();
        let publisher = trace.open(version, "publisher", true);
        let long = expiry(version, 1);
        let first = trace.connect(version, sleeper(&long));
        trace.subscribe(first, "run/case/+", ONE);
        let (one, two) = (message(QoS::AtLeastOnce, 7, b"first"), message(QoS::AtLeastOnce, 8, b"second"));
        trace.publish(publisher, one);
        trace.deliver(first, one);
        trace.broker_ends(first);
        let back = trace.connect_with(version, sleeper(&long), DEFAULT);
        trace.subscribe(back, "run/case/+", ONE);
        trace.publish(publisher, two);
        trace.wait(20);
        let owed: Vec<_> = trace.findings().iter().map(|finding| (finding.conn, finding.point)).collect();
        assert_eq!(owed, [(back, Point::Owed)]);
    }
}

#[test]
fn what_another_has_left_in_a_session_nobody_here_knows() {
    for session_present in [true, false] {
        let (mut trace, _, publisher) = pair(Version::V3_1_1, ONE);
        let connack = Connack { session_present, ..DEFAULT };
        let heir = trace.connect_with(Version::V3_1_1, Connect { client_id: "heir", ..Connect::default() }, connack);
        trace.subscribe(heir, "run/case/olds", ONE);
        let one = message(QoS::AtLeastOnce, 7, b"first");
        trace.publish(publisher, one);
        let audit = trace.deliver(heir, one);
        if session_present { assert_silent(&audit) } else { assert_broken(&audit, Point::MatchingSubscription) }
    }
}

#[test]
fn an_unsuback_before_the_suback_says_nothing_of_what_stands() {
    for version in VERSIONS {
        for is_answered in [false, true] {
            let mut trace = Trace::default();
            let publisher = trace.open(version, "publisher", true);
            let subscriber = trace.open(version, "subscriber", true);
            trace.ask(subscriber, 5, "run/case/news", ONE, None);
            if is_answered {
                trace.grant(subscriber, 5, 1);
            }
            // SUBSCRIBE and UNSUBSCRIBE are answered in the other order.
            trace.unsubscribe(subscriber, "run/case/news");
            if !is_answered {
                trace.grant(subscriber, 5, 1);
            }
            let one = message(QoS::AtLeastOnce, 7, b"first");
            trace.publish(publisher, one);
            let audit = trace.deliver(subscriber, one);
            if is_answered { assert_broken(&audit, Point::RemovedSubscription) } else { assert_silent(&audit) }
        }
    }
}

#[test]
fn of_two_subscribes_that_cross_either_may_stand() {
    let (mut trace, _, publisher) = pair(Version::V5, ONE);
    let subscriber = trace.open(Version::V5, "crosser", true);
    trace.ask(subscriber, 5, "run/case/news", at(QoS::AtMostOnce), None);
    trace.ask(subscriber, 6, "run/case/news", TWO, None);
    trace.grant(subscriber, 6, 2);
    trace.grant(subscriber, 5, 0);
    trace.publish(publisher, message(QoS::AtLeastOnce, 7, b"first"));
    assert_silent(&trace.deliver(subscriber, message(QoS::AtMostOnce, 0, b"first")));
}

#[test]
fn no_local_is_about_what_a_client_publishes_and_not_about_its_will() {
    let (mut trace, _, _) = pair(Version::V5, ONE);
    let long = expiry(Version::V5, 100);
    let will = Will { qos: QoS::AtLeastOnce, topic: "run/case/news", payload: b"gone", ..Will::default() };
    let mortal = trace.connect(Version::V5, Connect { will: Some(will), ..sleeper(&long) });
    trace.subscribe(mortal, "run/case/news", SubscriptionOptions { no_local: true, ..ONE });
    trace.broker_ends(mortal);
    let back = trace.connect_with(Version::V5, sleeper(&long), PRESENT);
    assert_silent(&trace.deliver(back, message(QoS::AtLeastOnce, 7, b"gone")));
    // Its own message it doesn't get.
    let own = message(QoS::AtLeastOnce, 8, b"own");
    trace.publish(back, own);
    assert_broken(&trace.deliver(back, own), Point::NoLocal);
}

#[test]
fn one_copy_may_name_every_subscription_that_matches() {
    let (mut trace, _, one) = retaining(Version::V5);
    let both = PropertiesBuf::new().with(Property::SubscriptionIdentifier(3)).with(Property::SubscriptionIdentifier(4));
    let subscriber = trace.open(Version::V5, "namer", true);
    trace.subscribe_as(subscriber, "run/case/+", SubscriptionOptions { no_local: true, ..ONE }, Some(3));
    let three = with(3);
    assert_silent(&trace.take(subscriber, retained(Publish { properties: three.as_properties(), ..one })));
    trace.subscribe_as(subscriber, "run/case/news", ONE, Some(4));
    // Of the two only the later one asks for what is retained, and only it brings the client's own messages.
    assert_silent(&trace.take(subscriber, retained(Publish { properties: both.as_properties(), ..one })));
    let own = message(QoS::AtLeastOnce, 8, b"own");
    trace.publish(subscriber, own);
    assert_silent(&trace.take(subscriber, Publish { properties: both.as_properties(), ..own }));
    let foreign = with(5);
    let audit = trace.take(subscriber, Publish { properties: foreign.as_properties(), ..own });
    assert_broken(&audit, Point::ForeignIdentifier);
}

fn with(identifier: u32) -> PropertiesBuf {
    PropertiesBuf::new().with(Property::SubscriptionIdentifier(identifier))
}

/// A subscriber whose second subscription, which overlaps, is made between two messages.
fn overlapping(version: Version, filter: &str, options: SubscriptionOptions) -> (Trace, Conn, [Publish<'static>; 2]) {
    let (mut trace, subscriber, publisher) = pair(version, ONE);
    let both = [message(QoS::AtLeastOnce, 7, b"first"), message(QoS::AtLeastOnce, 8, b"second")];
    trace.publish(publisher, both[0]);
    trace.subscribe(subscriber, filter, options);
    trace.publish(publisher, both[1]);
    (trace, subscriber, both)
}

#[test]
fn a_subscription_may_be_faster_than_another_that_overlaps_it() {
    for version in VERSIONS {
        let (mut trace, subscriber, [first, second]) = overlapping(version, "run/case/#", ONE);
        // By the new one, and by the old one both.
        assert_silent(&trace.take(subscriber, second));
        assert_silent(&trace.take(subscriber, first));
        assert_silent(&trace.take(subscriber, second));
        // By the same filter it is one subscription.
        let (mut trace, subscriber, [_, second]) = overlapping(version, "run/case/olds", ONE);
        assert_broken(&trace.take(subscriber, second), Point::Owed);
    }
}

#[test]
fn what_one_subscription_may_lose_the_other_may_bring_later() {
    for version in VERSIONS {
        for (options, is_right) in [(at(QoS::AtMostOnce), true), (TWO, false)] {
            let (mut trace, subscriber, publisher) = pair(version, ONE);
            trace.subscribe(subscriber, "run/case/#", options);
            let (first, second) = (message(QoS::AtLeastOnce, 7, b"first"), message(QoS::AtLeastOnce, 8, b"second"));
            trace.publish(publisher, first);
            trace.publish(publisher, second);
            let by_other = if is_right { message(QoS::AtMostOnce, 0, b"second") } else { second };
            let audit = trace.take(subscriber, by_other);
            if is_right { assert_silent(&audit) } else { assert_broken(&audit, Point::Owed) }
        }
    }
}

#[test]
fn a_share_leaves_messages_to_others_and_not_the_subscription_beside_it() {
    let (mut trace, subscriber, publisher) = pair(Version::V5, ONE);
    trace.subscribe(subscriber, "$share/group/run/case/news", ONE);
    let (first, second) = (message(QoS::AtLeastOnce, 7, b"first"), message(QoS::AtLeastOnce, 8, b"second"));
    trace.publish(publisher, first);
    trace.publish(publisher, second);
    assert_silent(&trace.take(subscriber, second));
    assert_silent(&trace.take(subscriber, first));
}

#[test]
fn a_will_may_follow_a_message_that_was_refused_by_ending_the_connection() {
    for version in VERSIONS {
        for is_read in [false, true] {
            let (mut trace, subscriber, _) = pair(version, ONE);
            let will = Will { qos: QoS::AtLeastOnce, topic: "run/case/news", payload: b"gone", ..Will::default() };
            let connect = Connect { client_id: "mortal", clean_start: true, will: Some(will), ..Connect::default() };
            let mortal = trace.connect(version, connect);
            trace.client(mortal, Packet::Publish(message(QoS::AtMostOnce, 0, b"denied")));
            if is_read {
                trace.client(mortal, Packet::Pingreq);
                trace.server(mortal, Packet::Pingresp);
            }
            trace.leave(mortal);
            let audit = trace.take(subscriber, message(QoS::AtLeastOnce, 7, b"gone"));
            if is_read { assert_broken(&audit, Point::WillDeleted) } else { assert_silent(&audit) }
        }
    }
}

#[test]
fn a_disconnect_that_ends_the_session_ends_its_subscriptions() {
    for (ends, is_right) in [(Some(0), false), (None, true)] {
        let (mut trace, _, publisher) = pair(Version::V5, ONE);
        let long = expiry(Version::V5, 100);
        let first = trace.connect(Version::V5, sleeper(&long));
        trace.subscribe(first, "run/case/news", ONE);
        let changed: PropertiesBuf = ends.into_iter().map(Property::SessionExpiryInterval).collect();
        let properties = changed.as_properties();
        trace.client(first, Packet::Disconnect(Disconnect { properties, ..Disconnect::default() }));
        trace.broker_ends(first);
        let back = trace.connect(Version::V5, sleeper(&long));
        let one = message(QoS::AtLeastOnce, 7, b"first");
        trace.publish(publisher, one);
        let audit = trace.deliver(back, one);
        if is_right { assert_silent(&audit) } else { assert_broken(&audit, Point::EndedSession) }
    }
}

#[test]
fn what_was_under_way_on_a_connection_that_was_taken_over_is_no_second_copy() {
    for version in VERSIONS {
        let (mut trace, _, publisher) = pair(version, TWO);
        let long = expiry(version, 100);
        let old = trace.connect(version, sleeper(&long));
        trace.subscribe(old, "run/case/news", TWO);
        let one = message(QoS::ExactlyOnce, 7, b"first");
        trace.publish(publisher, one);
        let new = trace.connect_with(version, sleeper(&long), PRESENT);
        assert_silent(&trace.take(new, Publish { dup: true, ..one }));
        // Sent before the other came, and read behind it.
        assert_silent(&trace.deliver(old, one));
        let second = Publish { packet_id: PacketId::new(9), ..one };
        assert_broken(&trace.take(new, second), Point::CopiesOfQos2);
    }
}

#[test]
fn in_5_0_the_copies_of_several_subscriptions_are_sent_again_in_any_order() {
    for (filter, is_right) in [("run/case/#", true), ("run/case/olds", false)] {
        let (mut trace, _, publisher) = pair(Version::V5, ONE);
        let long = expiry(Version::V5, 100);
        let first = trace.connect(Version::V5, sleeper(&long));
        trace.subscribe(first, "run/case/+", ONE);
        trace.subscribe(first, filter, ONE);
        let both = [message(QoS::AtLeastOnce, 7, b"first"), message(QoS::AtLeastOnce, 8, b"second")];
        for one in both {
            trace.publish(publisher, one);
            trace.deliver(first, one);
        }
        trace.broker_ends(first);
        let back = trace.connect_with(Version::V5, sleeper(&long), PRESENT);
        let [one, two] = both.map(|one| Publish { dup: true, ..one });
        assert_silent(&trace.deliver(back, two));
        let audit = trace.deliver(back, one);
        if is_right { assert_silent(&audit) } else { assert_broken(&audit, Point::Order) }
    }
}

#[test]
fn an_unsubscribe_with_two_filters_removes_both() {
    let (mut trace, subscriber, publisher) = pair(Version::V5, ONE);
    trace.subscribe(subscriber, "run/case/news", ONE);
    let mut filters = TopicFiltersBuf::new();
    filters.push("run/case/news").expect("a filter");
    filters.push("run/case/+").expect("a filter");
    let packet_id = packet_id(77);
    trace.client(
        subscriber,
        Packet::Unsubscribe(Unsubscribe { packet_id, properties: EMPTY, filters: filters.as_topic_filters() }),
    );
    let codes = [0, 0];
    let reasons = mqtt_assay_codec::ReasonCodes::from(&codes[..]);
    trace.server(subscriber, Packet::Unsuback(mqtt_assay_codec::Unsuback { packet_id, properties: EMPTY, reasons }));
    let one = message(QoS::AtLeastOnce, 7, b"first");
    trace.publish(publisher, one);
    assert_broken(&trace.deliver(subscriber, one), Point::RemovedSubscription);
}

#[test]
fn where_the_suite_itself_stood_still_nothing_is_missing() {
    for (is_simulated, found) in [(true, 1), (false, 0)] {
        let mut trace = Trace { is_real: !is_simulated, ..Trace::default() };
        let subscriber = trace.open(Version::V5, "subscriber", true);
        trace.subscribe(subscriber, "run/case/+", ONE);
        let publisher = trace.open(Version::V5, "publisher", true);
        trace.publish(publisher, message(QoS::AtLeastOnce, 7, b"first"));
        trace.wait(20);
        assert_eq!(trace.findings().len(), found);
        // Then it goes on, and time passes as it should.
        for _ in 0..6 {
            trace.wait(2);
            trace.client(publisher, Packet::Pingreq);
        }
        assert_eq!(trace.findings().len(), 1 - found);
    }
}

/// A client with a will that left with DISCONNECT `late` seconds after it had written last; `stated` is what CONNACK says of the
/// keep alive. Whether its will may come.
fn may_leave_a_will(late: u64, keep_alive: u16, stated: Option<u16>, is_dismissed: bool) -> bool {
    let (mut trace, subscriber, _) = pair(Version::V5, ONE);
    let will = Will { qos: QoS::AtLeastOnce, topic: "run/case/news", payload: b"gone", ..Will::default() };
    let connect =
        Connect { client_id: "mortal", will: Some(will), keep_alive, clean_start: true, ..Connect::default() };
    let states: PropertiesBuf = stated.into_iter().map(Property::ServerKeepAlive).collect();
    let connack = Connack { properties: states.as_properties(), ..DEFAULT };
    let mortal = trace.connect_with(Version::V5, connect, connack);
    trace.wait(late);
    trace.client(mortal, Packet::Disconnect(Disconnect::default()));
    if is_dismissed {
        trace.server(mortal, Packet::Disconnect(Disconnect::default()));
    }
    trace.broker_ends(mortal);
    !trace.take(subscriber, message(QoS::AtLeastOnce, 7, b"gone")).breaks(Point::WillDeleted)
}

#[test]
fn a_will_may_come_where_the_broker_may_have_given_the_client_up_before() {
    assert!(!may_leave_a_will(1, 10, None, false));
    assert!(!may_leave_a_will(100, 0, None, false));
    assert!(may_leave_a_will(11, 10, None, false), "silent for longer than the keep alive");
    assert!(may_leave_a_will(3, 10, Some(2), false), "than the one that CONNACK states");
    assert!(!may_leave_a_will(11, 10, Some(20), false));
    assert!(may_leave_a_will(1, 10, None, true), "the broker says itself why it ends");
}

#[test]
fn what_a_member_refused_is_no_matter_of_who_gets_a_message() {
    for refuses in [false, true] {
        let mut trace = Trace::default();
        let members = ["one", "two"].map(|name| trace.open(Version::V5, name, true));
        for member in members {
            trace.subscribe(member, "$share/group/run/case/news", ONE);
        }
        let publisher = trace.open(Version::V5, "publisher", true);
        let one = message(QoS::AtLeastOnce, 7, b"first");
        trace.publish(publisher, one);
        trace.deliver(members[0], one);
        let reason = if refuses { ReasonCode::UNSPECIFIED_ERROR } else { ReasonCode::SUCCESS };
        let answer = Acknowledgement { reason, ..Acknowledgement::success(packet_id(7)) };
        trace.client(members[0], Packet::Puback(answer));
        assert_eq!(trace.take(members[1], one).breaks(Point::SharedOnce), !refuses);
    }
}

#[test]
fn what_has_expired_meanwhile_is_not_missed() {
    for (seconds, is_missed) in [(5, false), (50, true)] {
        let (mut trace, subscriber, publisher) = pair(Version::V5, ONE);
        let expiry = PropertiesBuf::new().with(Property::MessageExpiryInterval(seconds));
        let first = message(QoS::AtLeastOnce, 7, b"first");
        trace.publish(publisher, Publish { properties: expiry.as_properties(), ..first });
        trace.wait(8);
        let second = message(QoS::AtLeastOnce, 8, b"second");
        trace.publish(publisher, second);
        assert_eq!(trace.take(subscriber, second).breaks(Point::Owed), is_missed);
    }
}

#[test]
fn what_had_expired_when_the_client_went_on_is_not_missed_after_it() {
    for (seconds, is_missed) in [(60, false), (200, true)] {
        let (mut trace, subscriber, publisher) = pair(Version::V5, ONE);
        let held = message(QoS::AtLeastOnce, 6, b"held");
        trace.publish(publisher, held);
        trace.deliver(subscriber, held);
        let expiry = PropertiesBuf::new().with(Property::MessageExpiryInterval(seconds));
        let one = message(QoS::AtLeastOnce, 7, b"first");
        trace.publish(publisher, Publish { properties: expiry.as_properties(), ..one });
        trace.wait(62);
        trace.client(subscriber, Packet::Puback(Acknowledgement::success(packet_id(6))));
        trace.wait(12);
        assert_eq!(trace.findings().len(), usize::from(is_missed), "{seconds} s");
    }
}

#[test]
fn a_message_of_qos_2_is_retained_when_it_is_released_or_before() {
    for is_late in [true, false] {
        let (mut trace, _, publisher) = pair(Version::V5, ONE);
        let first = message(QoS::ExactlyOnce, 7, b"first");
        let ack = Acknowledgement::success(packet_id(7));
        let release = |trace: &mut Trace| {
            trace.client(publisher, Packet::Pubrel(ack));
            trace.server(publisher, Packet::Pubcomp(ack));
        };
        trace.client(publisher, Packet::Publish(retained(first)));
        trace.server(publisher, Packet::Pubrec(ack));
        if !is_late {
            release(&mut trace);
        }
        let other = trace.open(Version::V5, "other", true);
        let second = message(QoS::AtLeastOnce, 8, b"second");
        trace.publish(other, retained(second));
        let sees = trace.open(Version::V5, "sees", true);
        trace.subscribe(sees, "run/case/news", ONE);
        assert_silent(&trace.take(sees, retained(second)));
        if is_late {
            release(&mut trace);
        }
        let late = trace.open(Version::V5, "late", true);
        trace.subscribe(late, "run/case/news", TWO);
        assert_eq!(trace.take(late, retained(first)).breaks(Point::RetainedReplaced), !is_late);
    }
}

#[test]
fn a_subscribe_may_be_dealt_with_until_its_client_is_let_in_again() {
    for (is_answered, seconds, is_late, is_wrong) in [
        (false, 0, false, false),
        (false, 20, false, false),
        (false, 0, true, true),
        (true, 0, false, false),
        (true, 20, false, true),
        (true, 0, true, true),
    ] {
        let mut trace = Trace::default();
        let connect = Connect { client_id: "lost", ..Connect::default() };
        let lost = trace.connect(Version::V3_1_1, connect);
        trace.ask(lost, 1, "run/case/+", ONE, None);
        if is_answered {
            trace.grant(lost, 1, 1);
        }
        trace.wait(seconds);
        let moment = trace.moment();
        trace.routing.client_ended(lost, moment);
        let publisher = trace.open(Version::V3_1_1, "publisher", true);
        let one = message(QoS::AtLeastOnce, 7, b"first");
        let connack = Connack { session_present: true, ..Connack::default() };
        if !is_late {
            trace.publish(publisher, retained(one));
        }
        let back = trace.connect_with(Version::V3_1_1, connect, connack);
        if is_late {
            trace.publish(publisher, retained(one));
        }
        assert_eq!(trace.take(back, retained(one)).breaks(Point::LiveRetain), is_wrong);
    }
}

#[test]
fn what_a_replaced_subscription_asked_for_may_be_looked_up_late_beside_the_live_copy() {
    let (mut trace, subscriber, publisher) = pair(Version::V5, TWO);
    let if_new = SubscriptionOptions { retain_as_published: true, retain_handling: RetainHandling::SendIfNew, ..TWO };
    trace.subscribe(subscriber, "run/case/+", if_new);
    let one = retained(message(QoS::ExactlyOnce, 7, b"first"));
    trace.publish(publisher, one);
    assert_silent(&trace.take(subscriber, one));
    assert_silent(&trace.take(subscriber, Publish { packet_id: PacketId::new(8), ..one }));
    assert!(trace.take(subscriber, Publish { packet_id: PacketId::new(9), ..one }).breaks(Point::CopiesOfQos2));
}

#[test]
fn what_is_retained_is_not_looked_up_for_who_has_been_back_in_between() {
    for is_back in [false, true] {
        let mut trace = Trace::default();
        let connect = Connect { client_id: "lost", ..Connect::default() };
        let connack = Connack { session_present: true, ..Connack::default() };
        let lost = trace.connect(Version::V3_1_1, connect);
        trace.subscribe(lost, "run/case/+", ONE);
        let mut last = lost;
        for again in 0..2 {
            let moment = trace.moment();
            trace.routing.client_ended(last, moment);
            if again == usize::from(is_back) {
                let publisher = trace.open(Version::V3_1_1, "publisher", true);
                trace.publish(publisher, retained(message(QoS::AtLeastOnce, 7, b"first")));
            }
            last = trace.connect_with(Version::V3_1_1, connect, connack);
        }
        let one = retained(message(QoS::AtLeastOnce, 7, b"first"));
        assert_eq!(trace.take(last, one).breaks(Point::LiveRetain), is_back);
    }
}

#[test]
fn each_new_subscription_brings_what_is_retained_once_and_none_of_that_is_a_live_copy() {
    let (mut trace, subscriber, publisher) = pair(Version::V5, TWO);
    let as_published = SubscriptionOptions { retain_as_published: true, ..TWO };
    trace.subscribe(subscriber, "run/case/#", as_published);
    let one = message(QoS::ExactlyOnce, 7, b"first");
    trace.publish(publisher, retained(one));
    assert_silent(&trace.take(subscriber, Publish { packet_id: Some(packet_id(1)), ..retained(one) }));
    for (id, filter) in [(2, "run/+/news"), (3, "run/case/news"), (4, "run/#")] {
        trace.subscribe(subscriber, filter, TWO);
        assert_silent(&trace.take(subscriber, Publish { packet_id: Some(packet_id(id)), ..retained(one) }));
    }
    // The other of the two that were there is late.
    assert_silent(&trace.take(subscriber, Publish { packet_id: Some(packet_id(5)), ..one }));
}

#[test]
fn who_goes_beyond_the_aliases_that_the_broker_takes_may_be_gone() {
    for (alias, is_wrong) in [(11, false), (10, true)] {
        let mut trace = Trace::default();
        let limit = PropertiesBuf::new().with(Property::TopicAliasMaximum(10));
        let connack = Connack { properties: limit.as_properties(), ..Connack::default() };
        let connect = Connect { client_id: "eager", ..Connect::default() };
        let eager = trace.connect_with(Version::V5, connect, connack);
        trace.subscribe(eager, "run/case/+", ONE);
        let properties = PropertiesBuf::new().with(Property::TopicAlias(alias));
        let other = Publish { topic: "run/case/other", properties: properties.as_properties(), ..Publish::default() };
        trace.publish(eager, other);
        let publisher = trace.open(Version::V5, "publisher", true);
        trace.client(publisher, Packet::Publish(message(QoS::AtLeastOnce, 7, b"first")));
        let reason = ReasonCode::NO_MATCHING_SUBSCRIBERS;
        let answer = Acknowledgement { reason, ..Acknowledgement::success(packet_id(7)) };
        assert_eq!(trace.server(publisher, Packet::Puback(answer)).breaks(Point::NoSubscribers), is_wrong);
    }
}

#[test]
fn a_message_of_qos_2_is_owed_once_it_is_released() {
    for is_released in [false, true] {
        let (mut trace, _, publisher) = pair(Version::V3_1_1, TWO);
        let one = message(QoS::ExactlyOnce, 7, b"first");
        if is_released {
            trace.publish(publisher, one);
        } else {
            trace.client(publisher, Packet::Publish(one));
            trace.server(publisher, Packet::Pubrec(Acknowledgement::success(packet_id(7))));
        }
        trace.wait(20);
        assert_eq!(trace.findings().len(), usize::from(is_released));
    }
}

#[test]
fn who_has_ended_his_half_may_be_served_from_what_is_retained_later() {
    for is_ended in [false, true] {
        let (mut trace, subscriber, publisher) = pair(Version::V5, ONE);
        let moment = trace.moment();
        if is_ended {
            trace.routing.broker_ended(subscriber, moment);
        } else {
            trace.routing.client_ended(subscriber, moment);
        }
        let one = message(QoS::AtLeastOnce, 7, b"first");
        trace.publish(publisher, retained(one));
        assert_eq!(trace.take(subscriber, retained(one)).breaks(Point::LiveRetain), is_ended);
    }
}

#[test]
fn one_that_may_have_come_live_or_as_retained_keeps_neither_from_coming() {
    let (mut trace, subscriber, publisher) =
        pair(Version::V5, SubscriptionOptions { retain_as_published: true, ..TWO });
    for (id, payload) in [(7, &b"first"[..]), (8, b"second")] {
        let one = message(QoS::ExactlyOnce, id, payload);
        trace.publish(publisher, retained(one));
        assert_silent(&trace.take(subscriber, Publish { packet_id: Some(packet_id(id - 6)), ..retained(one) }));
    }
    // What is retained was looked up late.
    let second = message(QoS::ExactlyOnce, 3, b"second");
    assert_silent(&trace.take(subscriber, retained(second)));
    assert!(trace.take(subscriber, retained(message(QoS::ExactlyOnce, 4, b"second"))).breaks(Point::CopiesOfQos2));
}
