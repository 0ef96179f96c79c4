//! The memory of a broker in this process: what one case leaves behind.
//!
//! A case is played again and again under the same names on a broker of its own. Sessions and retained messages that it leaves
//! take each other's place, so that what still grows with every repetition is never given back. Each repetition is an
//! epoch, and the rule is that of `watch`: growth in each of them.

use super::case::{Case, Outcome};
use super::ground::Ground;
use super::road::Road;
use super::session::Terms;
use super::table::Table;
use super::trial::{Key, Oracle, Suspicion, Weight};
use crate::link::{Transcript, What};
use mqtt_assay_codec::{Context, Decoded, Limits, Packet, Sender, Version, decode};
use std::time::Duration;

/// How often a case is played: first until it has what it keeps for good, then once for each epoch.
const SETTLING: usize = 2;
const EPOCHS: usize = 5;

/// How long is waited after each, on the simulated clock: what was put off is done by then.
const PAUSE: Duration = Duration::from_secs(70);

/// And after the last: sessions that somebody was promised for an hour are over.
const PATIENCE: Duration = Duration::from_hours(2);

/// The place of such a finding.
const PLACE: &str = "memory";

/// Whether this finding is one of memory, that no single play shows.
pub(super) fn is_about(key: &Key) -> bool {
    key.oracle == Oracle::Process.word() && key.place == PLACE
}

/// What a case brings up when it is played again and again.
pub(super) fn weigh(case: &Case, ground: &Ground, table: &Table, terms: Terms) -> Option<Outcome> {
    let mut road = ground.road();
    let first = road.memory()?;
    let mut last = first;
    let mut grown = 0;
    let mut outcome = None;
    for turn in 0..SETTLING + EPOCHS {
        // What the judge says of it does not count here: the broker knows these clients from before.
        outcome = case.play(road.as_mut(), table, terms, "w");
        if outcome.as_ref().is_some_and(|outcome| has_named_client(&outcome.transcript)) {
            return None;
        }
        road.wait(PAUSE);
        let now = road.memory()?;
        if turn >= SETTLING {
            let more = now.checked_sub(last).filter(|more| *more > 0)?;
            grown += more;
        }
        last = now;
    }
    road.wait(PATIENCE);
    let kept = road.memory()?.checked_sub(first).filter(|kept| *kept >= grown / 2)?;
    grown = grown.min(kept);
    let mut outcome = outcome.unwrap_or_else(Outcome::silent);
    outcome.suspicions = vec![suspicion(grown)];
    Some(outcome)
}

/// Whether the broker has given a client its identifier: that is another one each time, whose session may be kept for good.
fn has_named_client(transcript: &Transcript) -> bool {
    let context = Context::new(Version::V5, Sender::Server);
    transcript.lines.iter().any(|line| {
        let What::Received(bytes) = &line.what else { return false };
        match decode(bytes, context, &Limits::default()) {
            Ok(Decoded::Complete { packet: Packet::Connack(connack), .. }) => {
                connack.properties.assigned_client_identifier().is_some()
            }
            _ => false,
        }
    })
}

fn suspicion(grown: u64) -> Suspicion {
    Suspicion {
        oracle: Oracle::Process,
        version: Version::V5,
        rule: None,
        weight: Weight::Weak,
        mutation: None,
        place: PLACE.to_owned(),
        seen: format!(
            "what the broker keeps grew by {grown} bytes over {EPOCHS} repetitions of the same case under the same names, with each of them"
        ),
        line: 0,
    }
}

/// What the broker keeps now, where that is known.
pub(super) fn of(road: &dyn Road) -> u64 {
    road.memory().unwrap_or_default()
}
