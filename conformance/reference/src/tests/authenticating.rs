//! CONNECT with an authentication method, AUTH, and authenticating again.

use mqtt_assay_codec::Auth;

use super::*;
use crate::settings::challenge::{ANSWERS, METHOD};

const AGAIN: ReasonCode = ReasonCode::RE_AUTHENTICATE;
const ON: ReasonCode = ReasonCode::CONTINUE_AUTHENTICATION;

fn authenticates(script: &mut Script, id: u64, method: &str, answer: &[u8]) {
    let properties =
        PropertiesBuf::new().with(Property::AuthenticationMethod(method)).with(Property::AuthenticationData(answer));
    script.connect_with(id, V5, &Connect { properties: properties.as_properties(), ..connect("a") });
}

fn answers(script: &mut Script, id: u64, reason: ReasonCode, method: &str, answer: &[u8]) {
    let properties =
        PropertiesBuf::new().with(Property::AuthenticationMethod(method)).with(Property::AuthenticationData(answer));
    script.send(id, &Packet::Auth(Auth { reason, properties: properties.as_properties() }));
}

fn authenticated(script: &mut Script, id: u64) {
    authenticates(script, id, METHOD, ANSWERS[0]);
    answers(script, id, ON, METHOD, ANSWERS[1]);
    answers(script, id, ON, METHOD, ANSWERS[2]);
}

#[test]
fn a_client_that_gives_every_answer_is_let_in() {
    let mut script = Script::new();
    authenticates(&mut script, 1, METHOD, ANSWERS[0]);
    assert_eq!(script.got(1), ["AUTH 18"]);
    assert_eq!(script.machine.session_count(), 0, "it is not let in yet");
    answers(&mut script, 1, ON, METHOD, ANSWERS[1]);
    assert_eq!(script.got(1), ["AUTH 18"]);
    answers(&mut script, 1, ON, METHOD, ANSWERS[2]);
    assert_eq!(script.got(1), ["CONNACK 0 00"]);
    script.raw(1, b"\xc0\x00");
    assert_eq!(script.got(1), ["PINGRESP"]);
    assert!(script.breaches.is_empty(), "{:?}", script.breaches);
}

#[test]
fn a_wrong_answer_ends_the_connection_at_any_step() {
    let mut script = Script::new();
    authenticates(&mut script, 1, METHOD, b"nobody");
    assert_eq!(script.got(1), ["CONNACK 0 87", "closed"]);
    authenticates(&mut script, 2, METHOD, ANSWERS[0]);
    answers(&mut script, 2, ON, METHOD, b"forty-three");
    assert_eq!(script.got(2), ["AUTH 18", "CONNACK 0 87", "closed"]);
    authenticated(&mut script, 3);
    script.got(3);
    answers(&mut script, 3, AGAIN, METHOD, b"nobody");
    assert_eq!(script.got(3), ["DISCONNECT 87", "closed"]);
    assert!(script.breaches.is_empty(), "a wrong answer breaks no rule: {:?}", script.breaches);
    assert_eq!(script.machine.stored_bytes(), 0);
}

#[test]
fn it_authenticates_again_while_other_packets_are_served() {
    let mut script = Script::new();
    authenticated(&mut script, 1);
    script.got(1);
    for step in [(AGAIN, ANSWERS[0]), (ON, ANSWERS[1]), (ON, ANSWERS[2])] {
        answers(&mut script, 1, step.0, METHOD, step.1);
        script.raw(1, b"\xc0\x00");
    }
    assert_eq!(script.got(1), ["AUTH 18", "PINGRESP", "AUTH 18", "PINGRESP", "AUTH 00", "PINGRESP"]);
    assert!(script.breaches.is_empty(), "{:?}", script.breaches);
}

#[test]
fn what_breaks_the_exchange_is_named_and_closed() {
    type Act = fn(&mut Script);
    let before: [(&str, Act); 4] = [
        ("MQTT-3.1.2-30", |script| script.raw(1, b"\xc0\x00")),
        ("MQTT-4.12.0-5", |script| answers(script, 1, ON, "other", ANSWERS[1])),
        ("MQTT-4.12.0-3", |script| answers(script, 1, AGAIN, METHOD, ANSWERS[1])),
        ("U5-195", |script| script.raw(1, b"\xf0\x02\x18\x00")),
    ];
    for (rule, act) in before {
        let mut script = Script::new();
        authenticates(&mut script, 1, METHOD, ANSWERS[0]);
        act(&mut script);
        assert_eq!(script.got(1), ["AUTH 18", "CONNACK 0 82", "closed"], "{rule}");
        assert_eq!(script.breaches, [rule]);
    }
    let after: [(&str, Act); 3] = [
        ("MQTT-4.12.1-1", |script| answers(script, 1, AGAIN, "other", ANSWERS[0])),
        ("U5-208", |script| answers(script, 1, ON, METHOD, ANSWERS[0])),
        ("U5-194", |script| answers(script, 1, ReasonCode::SUCCESS, METHOD, ANSWERS[0])),
    ];
    for (rule, act) in after {
        let mut script = Script::new();
        authenticated(&mut script, 1);
        script.got(1);
        act(&mut script);
        assert_eq!(script.got(1), ["DISCONNECT 82", "closed"], "{rule}");
        assert_eq!(script.breaches, [rule]);
    }
}

#[test]
fn who_never_answers_is_closed_in_time_and_leaves_nothing() {
    let mut script = Script::new();
    authenticates(&mut script, 1, METHOD, ANSWERS[0]);
    script.wait(4);
    assert_eq!(script.got(1), ["AUTH 18"]);
    script.wait(2);
    assert_eq!(script.got(1), ["closed"]);
    authenticates(&mut script, 2, METHOD, ANSWERS[0]);
    script.disconnect(2);
    assert_eq!(script.got(2), ["AUTH 18", "closed"]);
    assert_eq!((script.machine.stored_bytes(), script.machine.session_count()), (0, 0));
}
