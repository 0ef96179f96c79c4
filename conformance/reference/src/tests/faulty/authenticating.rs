//! A stop of the tour about clients that authenticate with a method, and again later.

use super::*;
use crate::settings::challenge::{ANSWERS, METHOD};
use mqtt_assay_codec::Auth;

/// One of each client that keeps the exchange or breaks it in one way.
pub(super) fn authenticating(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    if version != V5 {
        return stop;
    }
    let (on, again) = (ReasonCode::CONTINUE_AUTHENTICATION, ReasonCode::RE_AUTHENTICATE);
    let exchange = [(on, METHOD, 1), (on, METHOD, 2), (again, METHOD, 0), (on, METHOD, 1)];
    let odd: [&[(ReasonCode, &str, usize)]; 6] = [
        &[(again, METHOD, 1), (on, METHOD, 2)],
        &[(on, "other", 1)],
        &[(on, METHOD, 1), (on, METHOD, 2), (again, "other", 0)],
        &[(on, METHOD, 1), (on, METHOD, 2), (on, METHOD, 0)],
        &[(on, METHOD, 1), (on, METHOD, 2), (again, METHOD, 2)],
        &exchange,
    ];
    for (id, steps) in (3..).zip(odd) {
        begin(&mut stop, id);
        for (reason, method, answer) in steps {
            let properties = named(method, ANSWERS[*answer]);
            stop.say(id, &Packet::Auth(Auth { reason: *reason, properties: properties.as_properties() }));
        }
        if steps.len() > 1 {
            stop.raw(id, b"\xc0\x00");
        }
    }
    begin(&mut stop, 20);
    stop.raw(20, b"\xc0\x00");
    let properties = named(METHOD, ANSWERS[1]);
    stop.say(20, &Packet::Auth(Auth { reason: on, properties: properties.as_properties() }));
    stop
}

fn named(method: &str, answer: &[u8]) -> PropertiesBuf {
    PropertiesBuf::new().with(Property::AuthenticationMethod(method)).with(Property::AuthenticationData(answer))
}

fn begin(stop: &mut Stop, id: u64) {
    let properties = named(METHOD, ANSWERS[0]);
    let client_id = format!("method {id}");
    stop.act(|script| {
        script.connect_with(id, V5, &Connect { properties: properties.as_properties(), ..connect(&client_id) });
    });
}
