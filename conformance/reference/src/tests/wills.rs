//! Wills: when they are published, and when not.

use super::*;

/// A watcher of everything as connection 1, and a client with a will as connection 2.
fn willing(script: Script, version: Version, will: Will<'_>, expiry: Option<u32>) -> Script {
    let mut script = script;
    script.connect(1, version, "watcher");
    script.subscribe(1, "#", 2);
    let properties: PropertiesBuf = expiry.map(Property::SessionExpiryInterval).into_iter().collect();
    let properties = properties.as_properties();
    script.connect_with(2, version, &Connect { will: Some(will), keep_alive: 10, properties, ..connect("mortal") });
    script.bytes(2);
    script
}

#[test]
fn a_lost_connection_publishes_its_will() {
    for version in BOTH {
        let retained = Will { retain: true, ..will("w", "gone") };
        let endings: [fn(&mut Script); 5] = [
            |script| script.lose(2),
            |script| script.handle(Event::HalfClosed(ConnectionId(2))),
            |script| script.wait(15),
            |script| script.raw(2, b"\x00\x00"),
            |script| script.connect(3, script.clients[&2].version, "mortal"),
        ];
        for ending in endings {
            let mut script = willing(Script::new(), version, retained, None);
            ending(&mut script);
            assert_eq!(script.got(1), ["PUBLISH 1/1 w=gone"]);
            assert_eq!(script.got(2).last().map(String::as_str), Some("closed"));
            script.wait(100);
            assert!(script.got(1).is_empty());
            script.connect(4, version, "late");
            script.subscribe_with(4, &[("w", SubscriptionOptions::at(QoS::AtMostOnce))], None);
            assert_eq!(script.got(4), ["SUBACK 77 [00]", "PUBLISH 0/0 retained w=gone"]);
        }
    }
}

#[test]
fn a_disconnect_takes_the_will_away() {
    for version in BOTH {
        let mut script = willing(Script::new(), version, will("w", "gone"), None);
        script.disconnect(2);
        assert!(script.got(1).is_empty());
        assert_eq!(script.got(2), ["closed"]);
    }
}

#[test]
fn a_disconnect_with_another_code_publishes_the_will() {
    let mut script = willing(Script::new(), V5, will("w", "gone"), None);
    script.send(2, &goodbye(ReasonCode::DISCONNECT_WITH_WILL_MESSAGE));
    assert_eq!(script.got(1), ["PUBLISH 1/1 w=gone"]);
}

#[test]
fn a_will_waits_for_its_delay_or_the_end_of_its_session() {
    let delay = PropertiesBuf::new().with(Property::WillDelayInterval(20)).with(Property::MessageExpiryInterval(30));
    let delayed = Will { properties: delay.as_properties(), ..will("w", "gone") };
    for (expiry, due) in [(Some(60), 20), (Some(8), 8), (None, 0), (Some(u32::MAX), 20)] {
        let mut script = willing(Script::new(), V5, delayed, expiry);
        script.lose(2);
        if due > 0 {
            script.advance(Duration::from_millis(due * 1000 - 1));
            assert!(script.got(1).is_empty(), "{expiry:?}");
            script.advance(Duration::from_millis(1));
        }
        assert_eq!(script.got(1), ["PUBLISH 1/1 w=gone MessageExpiryInterval(30)"], "{expiry:?}");
        script.wait(100);
        assert!(script.got(1).is_empty(), "{expiry:?}");
    }
}

#[test]
fn coming_back_in_time_cancels_a_delayed_will() {
    let delay = PropertiesBuf::new().with(Property::WillDelayInterval(20));
    let delayed = Will { properties: delay.as_properties(), ..will("w", "gone") };
    let mut script = willing(Script::new(), V5, delayed, Some(60));
    script.lose(2);
    script.wait(19);
    assert_eq!(script.connect_stored(3, V5, "mortal"), ["CONNACK 1 00"]);
    script.wait(100);
    assert!(script.got(1).is_empty());
}

#[test]
fn a_will_comes_back_to_its_own_session() {
    let mut script = Script::new();
    script.connect_with(1, V3, &Connect { clean_start: false, will: Some(will("w", "gone")), ..connect("a") });
    script.bytes(1);
    script.subscribe(1, "w", 1);
    assert_eq!(script.connect_stored(2, V3, "a"), ["CONNACK 1 00", "PUBLISH 1/1 w=gone"]);
}

#[test]
fn a_late_will_outlives_its_session_under_the_quirk() {
    let mut script = willing(Script::quirky(Quirk::DelaysWills), V3, will("w", "gone"), None);
    script.lose(2);
    assert_eq!(script.machine.session_count(), 1);
    assert!(script.got(1).is_empty());
    script.wait(1);
    assert_eq!(script.got(1), ["PUBLISH 1/1 w=gone"]);
}

#[test]
fn an_end_is_dealt_with_late_under_the_quirk() {
    for version in BOTH {
        let mut script = willing(Script::quirky(Quirk::LateEnd), version, will("w", "gone"), None);
        script.disconnect(2);
        script.handle(Event::HalfClosed(ConnectionId(2)));
        script.wait(2);
        assert!(script.got(2).is_empty());
        script.wait(1);
        assert_eq!(script.got(2), ["closed"]);
        assert!(script.got(1).is_empty(), "the DISCONNECT was read, late as it was");

        let mut script = willing(Script::quirky(Quirk::LateEnd), version, will("w", "gone"), None);
        script.lose(2);
        script.wait(2);
        assert!(script.got(1).is_empty());
        script.wait(1);
        assert_eq!(script.got(1), ["PUBLISH 1/1 w=gone"]);
    }
}

#[test]
fn a_loss_is_answered_before_the_session_hears_of_it_under_the_quirk() {
    for version in BOTH {
        let mut script = willing(Script::quirky(Quirk::LateLoss), version, will("w", "gone"), None);
        script.lose(2);
        assert_eq!(script.got(2), ["closed"]);
        assert!(script.got(1).is_empty(), "its will waits until then");
        script.wait(1);
        assert_eq!(script.got(1), ["PUBLISH 1/1 w=gone"]);
        assert_eq!(script.got(2), ["closed"], "nothing comes behind the close");
    }
}
