//! Packets with a mistake within a session, and which end their connection takes.

use super::op::{Cut, Step};
use super::play::Player;
use crate::hunt::expected::{End, Expected, judge};
use crate::hunt::road::Came;
use crate::hunt::table::is_open;
use crate::hunt::trial::{Oracle, Suspicion};
use mqtt_assay_codec::{Context, Expectation, Mutation, PacketType, Sender};
use mqtt_assay_standard::find;

const PINGREQ: [u8; 2] = [0xC0, 0];

/// How many times longer than one that is silent a broker is waited for that goes on sending behind our half's end.
const STILL_SENDING: u32 = 3;

impl Player<'_> {
    /// Whether a packet has a place for the mistake of a step; without one it is sent as it is.
    pub(super) fn mutation_of<'s>(&self, who: usize, step: &'s Step, legal: &[u8]) -> Option<&'s str> {
        let context = Context::new(self.actors[who].version, Sender::Client);
        let applies = |name: &&str| Mutation::find(name).is_some_and(|one| one.apply(legal, context).is_some());
        step.mutation.as_deref().filter(applies)
    }

    /// Sends a packet with a mistake by name, for which it has a place.
    pub(super) fn send_mutated(&mut self, who: usize, name: &str, legal: &[u8]) {
        let version = self.actors[who].version;
        let packet = legal.first().and_then(|first| PacketType::from_number(first >> 4));
        let mutation = Mutation::find(name);
        let mutated = mutation.and_then(|mutation| mutation.apply(legal, Context::new(version, Sender::Client)));
        let (Some(mutation), Some(packet), Some(mutated)) = (mutation, packet, mutated) else { return };
        let is_first = !self.actors[who].has_greeted;
        let is_connect = packet == PacketType::Connect;
        let expected = match mutated.expectation {
            Expectation::MustRefuse(_) if is_open(mutation.name, packet, version) => Expected::Either,
            Expectation::MustRefuse(rule) => Expected::refuse(rule, version, packet),
            Expectation::Waits => Expected::Waits,
            Expectation::MustAccept | Expectation::MayEither(_) => Expected::Either,
        };
        let expected = match (is_first, is_connect, expected) {
            (_, _, Expected::Waits) => Expected::Waits,
            // Whatever else is wrong with it, it is no CONNECT, or the second.
            (true, false, _) => Expected::Accept.or_refuse(find(version, "MQTT-3.1.0-1")),
            (false, true, _) => Expected::Accept.or_refuse(find(version, "MQTT-3.1.0-2")),
            (_, _, expected) => expected,
        };
        let is_whole =
            mqtt_assay_codec::packet_len(&mutated.bytes).is_none_or(|length| length as usize <= mutated.bytes.len());
        self.send_wrong(who, mutation.name, &mutated.bytes, expected, packet, is_whole);
    }

    /// Sends bytes of which nobody knows what a broker does with them.
    pub(super) fn send_doubtful(&mut self, who: usize, name: &'static str, bytes: &[u8]) {
        let packet = bytes.first().and_then(|first| PacketType::from_number(first >> 4)).unwrap_or(PacketType::Publish);
        self.send_wrong(who, name, bytes, Expected::Either, packet, false);
    }

    /// Sends a packet that is wrong, and sees which end its connection takes.
    pub(super) fn send_wrong(
        &mut self,
        who: usize,
        name: &'static str,
        bytes: &[u8],
        expected: Expected,
        packet: PacketType,
        is_whole: bool,
    ) {
        self.flush(who);
        self.wait_for_answers(who);
        let Some((connection, side)) = self.actors[who].line else { return };
        let was_tainted = std::mem::replace(&mut self.actors[who].is_tainted, true);
        self.actors[who].awaited.clear();
        self.actors[who].answers.has_refused = false;
        self.actors[who].is_deaf = false;
        self.write(who, bytes, Some(name), Cut::Whole);
        let waits = expected == Expected::Waits;
        if waits {
            self.half_close(who);
        } else {
            self.trial.wrote(side, self.road.now(), &PINGREQ, None);
            self.actors[who].pings += 1;
            self.road.write(connection, &PINGREQ);
        }
        let end = self.decide(who, connection, side, waits);
        self.last_end = Some(end);
        let answers = self.actors[who].answers;
        if end != End::Alive {
            self.gone(who);
        }
        // Nothing is said of what comes behind another mistake, nor behind a CONNECT that was not taken.
        let was_not_taken = self.actors[who].has_greeted && answers.connack.is_none_or(|code| code.0 != 0);
        if (was_tainted || was_not_taken) && end != End::Hung {
            return;
        }
        let Some((weight, seen)) = judge(expected, end, &answers, is_whole) else { return };
        let rule = match expected {
            Expected::Refuse(rule) => Some(rule),
            _ => None,
        };
        let line = self.trial.line();
        self.trial.add(Suspicion {
            oracle: if end == End::Hung { Oracle::Hang } else { Oracle::Expectation },
            version: self.actors[who].version,
            rule,
            weight,
            mutation: Some(name),
            place: packet.name().to_owned(),
            seen: format!("{}: {seen}", end.word()),
            line,
        });
    }

    pub(super) fn decide(&mut self, who: usize, connection: usize, side: usize, waits: bool) -> End {
        // Where waiting costs nothing, ten packets may be dealt with slowly before this one.
        let wait = if self.road.is_simulated() { self.terms.pace.wait * 2 } else { self.terms.pace.wait };
        let hang = self.terms.pace.hang;
        let mut until = self.road.now() + if waits { hang } else { wait };
        let latest = until + hang * STILL_SENDING;
        loop {
            let left = until.saturating_sub(self.road.now());
            match self.read(who, connection, side, left) {
                Came::Ended(_) => return if self.actors[who].is_half_closed { End::Waiting } else { End::Closed },
                Came::Bytes if self.actors[who].has_all_pongs() && !waits => return End::Alive,
                Came::Bytes => {
                    self.answer(who);
                    if self.actors[who].is_half_closed {
                        // It still deals with what was before.
                        until = until.max((self.road.now() + hang).min(latest));
                    }
                }
                Came::Nothing if self.road.now() < until => {}
                Came::Nothing if self.actors[who].is_half_closed => return End::Hung,
                Came::Nothing => {
                    self.half_close(who);
                    until = self.road.now() + hang;
                }
            }
        }
    }
}
