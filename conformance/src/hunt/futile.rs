//! Answers that a broker never gives: once that is known of a kind, nobody waits for it for long any more. What is sent does
//! not hang on it.

use super::table::place;
use mqtt_assay_codec::{PacketType, Version};

/// How often an answer is waited for in vain.
const ENOUGH: u8 = 3;

/// How often each kind of answer was missing in each version.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::hunt) struct Futile([[u8; 16]; 2]);

impl Futile {
    /// One did not come.
    pub(super) fn missed(&mut self, version: Version, answer: PacketType) {
        let count = &mut self.0[place(version)][usize::from(answer as u8 & 15)];
        *count = count.saturating_add(1);
    }

    /// Whether there is nothing but such answers to wait for.
    pub(super) fn is_all(&self, version: Version, awaited: &[(PacketType, u16)]) -> bool {
        let is_so = |answer: PacketType| self.0[place(version)][usize::from(answer as u8 & 15)] >= ENOUGH;
        !awaited.is_empty() && awaited.iter().all(|(answer, _)| is_so(*answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_missing_three_times_is_futile_and_nothing_else() {
        let mut futile = Futile::default();
        let (pubrec, puback) = ((PacketType::Pubrec, 1), (PacketType::Puback, 2));
        for _ in 0..ENOUGH {
            assert!(!futile.is_all(Version::V5, &[pubrec]));
            futile.missed(Version::V5, PacketType::Pubrec);
        }
        assert!(futile.is_all(Version::V5, &[pubrec]));
        assert!(!futile.is_all(Version::V5, &[pubrec, puback]));
        assert!(!futile.is_all(Version::V3_1_1, &[pubrec]) && !futile.is_all(Version::V5, &[]));
    }
}
