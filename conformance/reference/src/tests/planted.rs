//! Planted bugs: off unless somebody asks for one, and what each sort does.

use super::*;
use crate::planted::{Planted, Sort};

const SUBSCRIBE_CUT: &[u8] = b"\x82\x05\x00\x01\x00\x01a";
const MALFORMED_DISCONNECT: &[u8] = b"\xe1\x00";

fn with(planted: Option<Planted>) -> Script {
    Script::with(Settings { planted, ..Settings::default() })
}

/// A broker with two clients of 3.1.1, one of whom sends these bytes; who is still connected.
fn after(planted: Option<Planted>, bytes: &[u8]) -> (Script, [bool; 2]) {
    let mut script = with(planted);
    for (id, name) in [(1, "one"), (2, "two")] {
        script.open(id, V3);
        script.send(id, &Packet::Connect(Connect { client_id: name, clean_start: true, ..Connect::default() }));
    }
    script.raw(1, bytes);
    let open = [1, 2].map(|id| !script.clients[&id].closed);
    (script, open)
}

#[test]
fn none_is_on_by_default() {
    assert_eq!(Settings::default().planted, None);
    assert_eq!(after(None, SUBSCRIBE_CUT).1, [false, true]);
    assert_eq!(after(None, MALFORMED_DISCONNECT).1, [false, true]);
}

#[test]
fn a_crash_ends_everybody() {
    assert_eq!(after(Some(Planted::SubscribeCutAfterFilter), SUBSCRIBE_CUT).1, [false, false]);
}

#[test]
fn a_hang_answers_nobody() {
    let (mut script, open) = after(Some(Planted::MalformedDisconnect), MALFORMED_DISCONNECT);
    assert_eq!(open, [true, true]);
    let before = script.clients[&2].input.len();
    script.raw(2, b"\xc0\x00");
    assert_eq!(script.clients[&2].input.len(), before);
}

#[test]
fn a_leak_stays_when_all_have_left() {
    let memory = |planted| {
        let mut script = with(planted);
        for id in 1..=5 {
            script.open(id, V3);
            script.raw(id, b"\x40\xff\xff\x7f\x00\x01");
            script.handle(Event::Gone(ConnectionId(id)));
        }
        script.machine.memory()
    };
    assert_eq!(memory(None), 0);
    assert!(memory(Some(Planted::LengthBeforeConnect)) > 5 * 4096);
}

#[test]
fn there_are_some_of_each_sort() {
    for sort in [Sort::Crash, Sort::Hang, Sort::Leak, Sort::Silent] {
        assert!(Planted::ALL.iter().filter(|planted| planted.sort() == sort).count() >= 2, "{}", sort.word());
    }
}
