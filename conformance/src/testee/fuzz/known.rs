//! What has been found already, so that one mistake is one finding however often it is met.

use super::breach::{Breach, Sort};
use super::input::{Input, Made};
use mqtt_assay_codec::Version;
use std::collections::BTreeMap;

/// Most findings of one sort about one thing: the same mistake, made by different mutations.
const MUTATIONS_OF_ONE: usize = 4;

/// Found so far.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The number of each finding, by version, sort, what it is about, and what made it.
    found: BTreeMap<(Version, Sort, String, &'static str), usize>,
    /// How often a legal packet of this type was not taken, before it is known what of it matters.
    unsorted: BTreeMap<(Sort, String, Version, &'static str), u64>,
}

/// What a breach is to what is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Newness {
    /// It is worth a look.
    New,
    /// It is the finding of this number.
    Of(usize),
    /// It is like many that were looked at.
    Enough,
}

impl Known {
    /// What this breach is to what is known.
    pub(super) fn newness(&mut self, breach: &Breach, input: &Input) -> Newness {
        let made = input.made.name();
        if breach.is_of_a_shape() {
            let packet = breach.about.split(' ').next().unwrap_or_default().to_owned();
            let times = self.unsorted.entry((breach.sort, packet, input.context.version, made)).or_default();
            *times += 1;
            return if times.is_power_of_two() { Newness::New } else { Newness::Enough };
        }
        if let Some(&number) = self.found.get(&(input.context.version, breach.sort, breach.about.clone(), made)) {
            return Newness::Of(number);
        }
        let mut alike = self.alike(breach, input.context.version);
        match alike.next() {
            // What no catalogue has adds nothing to a mistake that is known.
            Some(number) if !matches!(input.made, Made::Mutated(_)) => Newness::Of(number),
            Some(number) if alike.count() + 1 >= MUTATIONS_OF_ONE => Newness::Of(number),
            _ => Newness::New,
        }
    }

    /// The findings of this sort about this thing.
    fn alike(&self, breach: &Breach, version: Version) -> impl Iterator<Item = usize> + use<'_> {
        let (sort, about) = (breach.sort, breach.about.clone());
        self.found
            .range((version, sort, about.clone(), "")..)
            .take_while(move |((in_version, of, thing, _), _)| (*in_version, *of, thing) == (version, sort, &about))
            .map(|(_, &number)| number)
    }

    /// The finding of this sort about this thing, made by this, if it is known.
    pub(super) fn number(&self, breach: &Breach, input: &Input) -> Option<usize> {
        self.found.get(&(input.context.version, breach.sort, breach.about.clone(), input.made.name())).copied()
    }

    /// Keeps a finding.
    pub(super) fn keep(&mut self, breach: &Breach, input: &Input, number: usize) {
        let key = (input.context.version, breach.sort, breach.about.clone(), input.made.name());
        self.found.insert(key, number);
    }
}
