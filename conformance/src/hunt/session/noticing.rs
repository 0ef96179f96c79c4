//! What a step has shown, as a number that is the same where the same was seen: for who keeps sessions that show something
//! new.

use super::op::Step;
use super::play::Player;
use crate::hunt::expected::Answers;
use std::time::Duration;

impl Player<'_> {
    /// What was seen at a step, for who looks for what is new.
    pub(super) fn note(&mut self, step: &Step, before: &Answers, took: Duration) {
        let actor = &self.actors[step.who];
        let latency = (took.as_micros().max(1) / self.terms.pace.wait.as_micros().max(1)).min(4) as u64;
        let state = u64::from(actor.line.is_some())
            | u64::from(actor.is_tainted) << 1
            | u64::from(actor.is_half_closed) << 2
            | u64::from(!actor.held.is_empty()) << 3
            | (self.actors.iter().filter(|actor| actor.line.is_some()).count() as u64) << 4;
        let code = |code: Option<mqtt_assay_codec::ReasonCode>| code.map_or(0xFFF, |code| u64::from(code.0));
        let came = u64::from(actor.answers.types & !before.types);
        let parts = [
            u64::from(step.act.kind()),
            crate::scenario::hash(step.mutation.as_deref().unwrap_or_default()),
            state,
            came,
            u64::from(actor.answers.has_refused),
            code(actor.answers.connack),
            code(actor.answers.disconnect),
            latency,
            self.last_end.map_or(9, |end| end as u64),
        ];
        let key = parts
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |key, part| (key ^ part).wrapping_mul(0x0100_0000_01b3).rotate_left(17));
        self.seen.push(key);
    }
}
