//! What of a message is passed on: its properties, its expiry, and the identifiers of the subscriptions that bring it.

use super::{ONE, Trace, assert_broken, assert_silent, assert_sound, message, pair, retained};
use crate::auditor::{Holding, Point};
use mqtt_assay_codec::{PropertiesBuf, Property, Publish, QoS, Version};

fn properties() -> PropertiesBuf {
    PropertiesBuf::new()
        .with(Property::PayloadFormatIndicator(1))
        .with(Property::ContentType("text"))
        .with(Property::ResponseTopic("answer"))
        .with(Property::CorrelationData(b"\x00\xff"))
        .with(Property::UserProperty("a", "1"))
        .with(Property::UserProperty("a", "2"))
}

fn without(properties: &PropertiesBuf, index: usize) -> PropertiesBuf {
    properties.as_properties().iter().enumerate().filter(|&(at, _)| at != index).map(|(_, property)| property).collect()
}

#[test]
fn the_properties_of_a_message_are_passed_on() {
    let all = properties();
    let (mut trace, subscriber, publisher) = pair(Version::V5, ONE);
    let one = Publish { properties: all.as_properties(), ..message(QoS::AtLeastOnce, 7, b"first") };
    trace.publish(publisher, one);
    let points =
        [Point::PayloadFormat, Point::ContentType, Point::ResponseTopic, Point::CorrelationData, Point::UserProperties];
    for (index, point) in points.into_iter().enumerate() {
        assert_sound(&trace.take(subscriber, one), point);
        let less = without(&all, index);
        assert_broken(&trace.take(subscriber, Publish { properties: less.as_properties(), ..one }), point);
    }
}

#[test]
fn user_properties_keep_their_order_and_others_may_be_added() {
    let (mut trace, subscriber, publisher) = pair(Version::V5, ONE);
    let all = properties();
    let one = Publish { properties: all.as_properties(), ..message(QoS::AtLeastOnce, 7, b"first") };
    trace.publish(publisher, one);
    let turned =
        without(&without(&all, 5), 4).with(Property::UserProperty("a", "2")).with(Property::UserProperty("a", "1"));
    let audit = trace.take(subscriber, Publish { properties: turned.as_properties(), ..one });
    assert_broken(&audit, Point::UserPropertyOrder);
    let more = properties().with(Property::UserProperty("by", "the broker"));
    let audit = trace.take(subscriber, Publish { properties: more.as_properties(), ..one });
    assert_silent(&audit);
    assert!(matches!(audit.of(Point::UserProperties), Holding::Observed(_)), "{audit:?}");
}

#[test]
fn a_client_of_the_other_version_gets_no_properties() {
    let mut trace = Trace::default();
    let subscriber = trace.open(Version::V3_1_1, "subscriber", true);
    trace.subscribe(subscriber, "run/case/+", ONE);
    let publisher = trace.open(Version::V5, "publisher", true);
    let all = properties();
    let one = message(QoS::AtLeastOnce, 7, b"first");
    trace.publish(publisher, Publish { properties: all.as_properties(), ..one });
    assert_silent(&trace.deliver(subscriber, one));
}

#[test]
fn the_expiry_is_what_is_left_of_it() {
    for (came, is_right) in [(Some(98), true), (Some(97), true), (Some(100), false), (Some(95), false), (None, false)] {
        let (mut trace, watcher, publisher) = pair(Version::V5, ONE);
        let expiry = |seconds: Option<u32>| seconds.into_iter().map(Property::MessageExpiryInterval).collect();
        let hundred: PropertiesBuf = expiry(Some(100));
        let one = message(QoS::AtLeastOnce, 7, b"first");
        trace.publish(publisher, Publish { properties: hundred.as_properties(), ..retained(one) });
        trace.take(watcher, Publish { properties: hundred.as_properties(), ..one });
        trace.wait(2);
        let late = trace.open(Version::V5, "late", true);
        trace.subscribe(late, "run/case/news", ONE);
        let left: PropertiesBuf = expiry(came);
        let audit = trace.deliver(late, Publish { properties: left.as_properties(), ..retained(one) });
        let point = Point::ExpiryPassedOn;
        if is_right { assert_sound(&audit, point) } else { assert_broken(&audit, point) }
    }
}

#[test]
fn what_has_expired_does_not_come() {
    for (waited, is_right) in [(10, true), (11, false)] {
        let (mut trace, watcher, publisher) = pair(Version::V5, ONE);
        let ten = PropertiesBuf::new().with(Property::MessageExpiryInterval(10));
        let one = Publish { properties: ten.as_properties(), ..message(QoS::AtLeastOnce, 7, b"first") };
        trace.publish(publisher, Publish { retain: true, ..one });
        trace.take(watcher, one);
        trace.wait(waited);
        let late = trace.open(Version::V5, "late", true);
        trace.subscribe(late, "run/case/news", ONE);
        let nothing = PropertiesBuf::new().with(Property::MessageExpiryInterval(0));
        let audit = trace.deliver(late, Publish { properties: nothing.as_properties(), retain: true, ..one });
        if is_right { assert_silent(&audit) } else { assert_broken(&audit, Point::RetainedExpired) }
    }
}

#[test]
fn identifiers_are_those_of_matching_subscriptions() {
    let mut trace = Trace::default();
    let subscriber = trace.open(Version::V5, "subscriber", true);
    trace.subscribe_as(subscriber, "run/case/+", ONE, Some(3));
    trace.subscribe_as(subscriber, "run/case/#", ONE, Some(4));
    trace.subscribe_as(subscriber, "run/case/other", ONE, Some(5));
    let publisher = trace.open(Version::V5, "publisher", true);
    let one = message(QoS::AtLeastOnce, 7, b"first");
    trace.publish(publisher, one);
    let with = |identifiers: &[u32]| -> PropertiesBuf {
        identifiers.iter().copied().map(Property::SubscriptionIdentifier).collect()
    };
    for (identifiers, broken) in [
        (&[3, 4][..], None),
        (&[4], None),
        (&[5], Some(Point::ForeignIdentifier)),
        (&[3, 3], Some(Point::ForeignIdentifier)),
        (&[], Some(Point::IdentifierMissing)),
    ] {
        let properties = with(identifiers);
        let audit = trace.take(subscriber, Publish { properties: properties.as_properties(), ..one });
        match broken {
            Some(point) => assert_broken(&audit, point),
            None => assert_sound(&audit, Point::ForeignIdentifier),
        }
    }
}

#[test]
fn an_identifier_is_replaced_with_its_subscription() {
    let mut trace = Trace::default();
    let subscriber = trace.open(Version::V5, "subscriber", true);
    trace.subscribe_as(subscriber, "run/case/+", ONE, Some(3));
    trace.subscribe_as(subscriber, "run/case/+", ONE, Some(4));
    let publisher = trace.open(Version::V5, "publisher", true);
    let one = message(QoS::AtLeastOnce, 7, b"first");
    trace.publish(publisher, one);
    let three = PropertiesBuf::new().with(Property::SubscriptionIdentifier(3));
    let audit = trace.deliver(subscriber, Publish { properties: three.as_properties(), ..one });
    assert_broken(&audit, Point::IdentifierReplaced);
}
