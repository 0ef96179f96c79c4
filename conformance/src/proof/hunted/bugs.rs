//! The bugs that the hunt is to find: planted ones, and faults of the catalog that strike on one way.

use crate::broker::Variant;
use crate::cases;
use crate::chance::Random;
use crate::hunt::Make;
use crate::proof::prove::STOPS_AT_CONTROL;
use mqtt_assay_reference::{BrokerLimits, Fault, FaultOn, Machine, Planted, Quirk, Settings, Sort};

/// Faults that nobody sees until he comes by one way, and whose bug in the field has that shape.
const SILENT: [(&str, &str); 20] = [
    ("forgets-subscriptions@after:10", "a message lost after the tenth resumption"),
    ("no-redelivery-qos2@third-time", "an open exchange lost at the third resumption"),
    ("above-granted-qos@retained", "a retained message above the granted QoS"),
    ("above-granted-qos@plus-and-hash", "the same through a wildcard, live"),
    ("quota-back-at-pubrec", "the quota given back early"),
    ("will-after-disconnect@second-time", "a will after an orderly DISCONNECT, on the third connection"),
    ("alias-across-connections", "a topic alias kept over a reconnection"),
    ("subscribes-twice@resumed", "a message doubled on overlapping filters after a resumption"),
    ("drops-for-absent@other-version", "nothing queued for a client of another version"),
    ("session-present-never@third-time", "a resumed session denied at the third resumption"),
    ("payload-changed@queued", "a payload cut at its first zero, only out of the queue"),
    ("wrong-puback-id@identifier-above:32767", "a signed packet identifier"),
    ("plus-matches-several@retained", "a wildcard that matches too much, only among retained messages"),
    ("shared-to-all@queued", "a shared message for all members who are away"),
    ("user-properties-dropped@retained-will", "a retained will without its properties"),
    ("dup-missing-on-redelivery@overlapping", "a re-sent message without DUP where filters overlap"),
    ("no-local-ignored@hash", "an own message in spite of No Local"),
    ("delivers-qos2-again@resumed", "a message handed on twice after a resumption"),
    ("clean-start-keeps-session@taken-over-clean", "a clean start that isn't, where it takes over"),
    ("retain-flag-missing@retained-will", "a retained will that says it is none"),
];

/// How often a sound broker uses a freedom, of a hundred.
const FREEDOM: usize = 15;

/// A broker to be hunted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// One that is planted for the hunt.
    Planted(Planted),
    /// A fault of the catalog, mostly on one way.
    Fault(FaultOn, &'static str),
    /// None at all.
    Sound,
    /// None, and for each seed some of the freedoms that the standard leaves.
    SoundWithQuirks,
}

/// All that are to be found.
pub fn bugs() -> Vec<Bug> {
    let planted = Planted::ALL.iter().copied().map(Bug::Planted);
    let silent = SILENT.iter().filter_map(|(name, shape)| Some(Bug::Fault(FaultOn::from_name(name)?, shape)));
    planted.chain(silent).collect()
}

/// Those on which nothing may be found.
pub fn sound() -> [Bug; 2] {
    [Bug::Sound, Bug::SoundWithQuirks]
}

impl Bug {
    /// In tables and for `--bug`.
    pub fn name(self) -> String {
        match self {
            Self::Planted(planted) => planted.name().to_owned(),
            Self::Fault(on, _) => on.name(),
            Self::Sound => "sound".to_owned(),
            Self::SoundWithQuirks => "sound-with-quirks".to_owned(),
        }
    }

    /// What becomes of the broker.
    pub fn sort(self) -> &'static str {
        match self {
            Self::Planted(planted) => planted.sort().word(),
            Self::Fault(..) => Sort::Silent.word(),
            Self::Sound | Self::SoundWithQuirks => "none",
        }
    }

    /// Whose bug has this shape.
    pub fn shape(self) -> &'static str {
        match self {
            Self::Planted(planted) => planted.shape(),
            Self::Fault(_, shape) => shape,
            Self::Sound => "nothing may be found",
            Self::SoundWithQuirks => "nothing may be found, whatever the standard leaves open",
        }
    }

    /// Whether nothing may be found.
    pub fn is_sound(self) -> bool {
        matches!(self, Self::Sound | Self::SoundWithQuirks)
    }

    /// What the broker of this seed is, beside the name, where seeds differ.
    pub(super) fn details(self, seed: u64) -> String {
        let quirks = if self == Self::SoundWithQuirks { freedoms(seed) } else { Vec::new() };
        quirks.iter().flat_map(|quirk| [" ", quirk.name()]).collect()
    }

    /// How the broker with it is made.
    pub(super) fn make(self, seed: u64) -> Make {
        let quirks = if self == Self::SoundWithQuirks { freedoms(seed) } else { Vec::new() };
        let (planted, faults, limits) = match self {
            Self::Planted(planted) => (Some(planted), None, BrokerLimits::default()),
            Self::Fault(on, _) => (None, Some(on), limits_for(on.fault)),
            Self::Sound | Self::SoundWithQuirks => (None, None, BrokerLimits::default()),
        };
        Box::new(move || {
            Machine::new(Settings {
                limits: limits.clone(),
                faults: faults.into_iter().collect(),
                quirks: quirks.iter().copied().collect(),
                planted,
                ..Settings::default()
            })
        })
    }
}

/// Some of the quirks, others for each seed.
fn freedoms(seed: u64) -> Vec<Quirk> {
    let mut random = Random::of(seed, 0);
    let can_be_judged = |quirk: &Quirk| !quirk.is_about_tls() && !STOPS_AT_CONTROL.contains(quirk);
    let all = Quirk::ALL.iter().copied().filter(can_be_judged);
    all.filter(|_| random.chance(FREEDOM)).collect()
}

/// The set-up of the cases that catch a fault everywhere: the plain one, where any of them is content with it.
pub(super) fn variant_for(fault: Fault) -> Option<Variant> {
    let mut variants = cases::all()
        .filter(|instance| instance.case.caught.contains(&fault))
        .map(|instance| instance.case.variant)
        .collect::<Vec<_>>();
    variants.sort_by_key(|variant| (variant.name != Variant::PLAIN.name, *variant));
    variants.first().copied()
}

/// The limits of the broker without which a fault can't strike.
fn limits_for(fault: Fault) -> BrokerLimits {
    let mut limits = BrokerLimits::default();
    for (name, value) in variant_for(fault).map_or(&[][..], |variant| variant.limits) {
        // The table of variants is held to be one of limits that exist.
        let _ = limits.set(name, value);
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_many_and_half_of_them_are_silent() {
        let all = bugs();
        let names: BTreeSet<String> = all.iter().map(|bug| bug.name()).collect();
        assert_eq!(names.len(), Planted::ALL.len() + SILENT.len(), "each has a name of its own, and each fault is one");
        assert!(all.len() >= 32 && all.iter().filter(|bug| bug.sort() == "silent").count() * 2 >= all.len());
    }
}
