//! Packets that go out in another order than they came about.

use crate::event::Effect;
use crate::machine::Machine;

impl Machine {
    /// Reverses the acknowledgements among the effects of one event.
    pub(crate) fn reverse_acknowledgements(&mut self) {
        let places = places(&self.effects, |first| matches!(first >> 4, 4 | 5));
        for (one, other) in places.iter().zip(places.iter().rev()).take(places.len() / 2) {
            self.effects.swap(*one, *other);
        }
    }
}

/// Where packets are sent whose first byte is of that kind.
pub(crate) fn places(effects: &[Effect], kind: impl Fn(u8) -> bool) -> Vec<usize> {
    let sends = effects.iter().enumerate();
    sends
        .filter_map(|(place, effect)| match effect {
            Effect::Send(_, bytes) if bytes.first().is_some_and(|first| kind(*first)) => Some(place),
            _ => None,
        })
        .collect()
}
