//! Which ways fit which fault, and why the others don't: from `fitting.tsv`, which is written by hand.

use std::collections::BTreeMap;

use mqtt_assay_codec::Version;

use super::condition::Condition;
use super::table::Fault;

/// The table: names of several ways, then a line for each group of faults.
const TABLE: &str = include_str!("../../fitting.tsv");

/// Why a way doesn't fit a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Misfit {
    /// What the fault strikes at never comes on this way.
    NoSuchWay,
    /// It strikes on this way only, so that the condition would say nothing.
    Always,
    /// The rule speaks of one packet, whatever came before it.
    OnePacket,
    /// It is decided before the way is known, or after it is forgotten.
    TooEarly,
    /// What it takes away is owed to nobody on this way.
    NotOwed,
    /// The version that has the rule doesn't have the way.
    NotInVersion,
}

impl Misfit {
    /// Every reason.
    pub const ALL: [Self; 6] =
        [Self::NoSuchWay, Self::Always, Self::OnePacket, Self::TooEarly, Self::NotOwed, Self::NotInVersion];

    /// As the table spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoSuchWay => "no-such-way",
            Self::Always => "always",
            Self::OnePacket => "one-packet",
            Self::TooEarly => "too-early",
            Self::NotOwed => "not-owed",
            Self::NotInVersion => "not-in-version",
        }
    }

    /// The reason in words.
    pub fn says(self) -> &'static str {
        match self {
            Self::NoSuchWay => "what the fault strikes at never comes on this way",
            Self::Always => "it strikes on this way only, so that the condition would say nothing",
            Self::OnePacket => "the rule speaks of one packet, whatever came before it",
            Self::TooEarly => "it is decided before the way is known, or after it is forgotten",
            Self::NotOwed => "what it takes away is owed to nobody on this way",
            Self::NotInVersion => "the version that has the rule doesn't have the way",
        }
    }

    /// Whether the reason says that nobody can catch the fault on this way.
    pub fn is_checked(self) -> bool {
        matches!(self, Self::NoSuchWay | Self::TooEarly | Self::NotOwed | Self::NotInVersion)
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// The ways of all faults.
#[derive(Clone, Debug, Default)]
pub struct Fitting {
    groups: Vec<Group>,
    by_fault: BTreeMap<String, usize>,
}

/// Faults that have their ways in common.
#[derive(Clone, Debug, Default)]
struct Group {
    fits: Vec<Condition>,
    otherwise: Option<Misfit>,
    exceptions: Vec<(Condition, Misfit)>,
    only_in_v5: Vec<Condition>,
    only_in_v3_1_1: Vec<Condition>,
}

impl Fitting {
    /// Reads the table.
    pub fn read() -> Self {
        let lines = || TABLE.lines().filter(|line| !line.starts_with('#'));
        let sets: BTreeMap<&str, &str> =
            lines().filter_map(|line| line.strip_prefix('=')).filter_map(|line| line.split_once('\t')).collect();
        let mut fitting = Self::default();
        for line in lines().filter(|line| !line.starts_with('=')) {
            let mut fields = line.split('\t').skip(1);
            let group = Group::read(&sets, fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
            let index = fitting.groups.len();
            fitting.groups.push(group);
            let faults = fields.next().unwrap_or_default().split(' ');
            fitting.by_fault.extend(faults.map(|fault| (fault.to_owned(), index)));
        }
        fitting
    }

    /// Why this way doesn't fit the fault; nothing where it does.
    pub fn misfit(&self, fault: Fault, way: Condition) -> Option<Misfit> {
        let group = self.by_fault.get(&fault.name()).and_then(|index| self.groups.get(*index));
        // What is made of a rule of the codec or of a mutation is about one packet.
        let Some(group) = group else { return Some(Misfit::OnePacket) };
        if group.fits.contains(&way) {
            return None;
        }
        let exception = group.exceptions.iter().find(|(known, _)| *known == way).map(|(_, reason)| *reason);
        exception.or(group.otherwise)
    }

    /// The same in one version: there are no shared subscriptions in 3.1.1, and what else the table says.
    pub fn misfit_in(&self, fault: Fault, way: Condition, version: Version) -> Option<Misfit> {
        let group = self.by_fault.get(&fault.name()).and_then(|index| self.groups.get(*index));
        let lacks = match version {
            Version::V5 => group.is_some_and(|group| group.only_in_v3_1_1.contains(&way)),
            _ => way == Condition::Shared || group.is_some_and(|group| group.only_in_v5.contains(&way)),
        };
        self.misfit(fault, way).or(lacks.then_some(Misfit::NotInVersion))
    }

    /// Whether the table has a line for the fault.
    pub fn knows(&self, fault: Fault) -> bool {
        self.by_fault.contains_key(&fault.name())
    }
}

impl Group {
    fn read(sets: &BTreeMap<&str, &str>, fits: &str, otherwise: &str) -> Self {
        let names = fits.split(' ').flat_map(|name| sets.get(name).copied().unwrap_or(name).split(' '));
        let not_in = |version: &str| {
            let ways = otherwise
                .split(' ')
                .filter_map(|exception| exception.strip_prefix(version))
                .flat_map(|ways| ways.split(','));
            ways.filter_map(Condition::from_name).collect()
        };
        let (only_in_v5, only_in_v3_1_1) = (not_in("not-in-3.1.1="), not_in("not-in-5="));
        let mut reasons = otherwise.split(' ');
        let otherwise = reasons.next().and_then(Misfit::from_name);
        let exceptions = reasons.filter_map(|exception| exception.split_once('=')).flat_map(|(reason, ways)| {
            let reason = Misfit::from_name(reason);
            ways.split(',').filter_map(move |way| Some((Condition::from_name(way)?, reason?)))
        });
        Self {
            fits: names.filter_map(Condition::from_name).collect(),
            otherwise,
            exceptions: exceptions.collect(),
            only_in_v5,
            only_in_v3_1_1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_one_line() {
        let fitting = Fitting::read();
        let unknown: Vec<String> =
            Fault::ALL.iter().filter(|fault| !fitting.knows(**fault)).map(|fault| fault.name()).collect();
        assert!(unknown.is_empty(), "not in fitting.tsv: {unknown:?}");
        let mut seen = Vec::new();
        for fault in TABLE
            .lines()
            .filter(|line| !line.starts_with(['#', '=']))
            .flat_map(|line| line.rsplit('\t').next().unwrap_or_default().split(' '))
        {
            assert!(Fault::from_name(fault).is_some(), "no fault: {fault}");
            assert!(!seen.contains(&fault), "twice: {fault}");
            seen.push(fault);
        }
    }

    #[test]
    fn every_word_of_the_table_is_known() {
        let mut sets: Vec<&str> = Vec::new();
        let is_way = |word: &str| Condition::from_name(word).is_some_and(|way| Condition::ALL.contains(&way));
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            if let Some(name) = fields[0].strip_prefix('=') {
                sets.push(name);
                assert!(fields[1].split(' ').all(is_way), "{line}");
                continue;
            }
            assert_eq!(fields.len(), 4, "{line}");
            for word in fields[1].split(' ') {
                assert!(word == "-" || sets.contains(&word) || is_way(word), "{word} in {line}");
            }
            for (index, word) in fields[2].split(' ').enumerate() {
                let (reason, ways) = word.split_once('=').unwrap_or((word, ""));
                let is_known =
                    Misfit::from_name(reason).is_some() || index > 0 && matches!(reason, "not-in-3.1.1" | "not-in-5");
                assert!(is_known, "{reason} in {line}");
                assert!(index == 0 || ways.split(',').all(is_way), "{word} in {line}");
            }
        }
    }

    #[test]
    fn a_way_fits_or_has_a_reason() {
        let fitting = Fitting::read();
        assert_eq!(fitting.misfit(Fault::RetainFlagMissing, Condition::Hash), None);
        assert_eq!(fitting.misfit(Fault::RetainFlagMissing, Condition::Live), Some(Misfit::NoSuchWay));
        assert_eq!(fitting.misfit(Fault::DropsForAbsent, Condition::Queued), Some(Misfit::Always));
        assert_eq!(fitting.misfit(Fault::NoConnack, Condition::Hash), Some(Misfit::OnePacket));
        let in_3 = fitting.misfit_in(Fault::DropsForAbsent, Condition::Shared, Version::V3_1_1);
        assert_eq!(in_3, Some(Misfit::NotInVersion));
        let resumed = |version| fitting.misfit_in(Fault::RetainedEndsWithSession, Condition::Resumed, version);
        assert_eq!((resumed(Version::V3_1_1), resumed(Version::V5)), (Some(Misfit::NotInVersion), None));
        let pairs = Fault::ALL.iter().flat_map(|fault| Condition::ALL.iter().map(move |way| (*fault, *way)));
        let fitting = pairs.filter(|(fault, way)| fitting.misfit(*fault, *way).is_none()).count();
        assert!((2500..3500).contains(&fitting), "{fitting}");
    }
}
