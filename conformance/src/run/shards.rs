//! Parts of the selected cases for machines side by side. The same selection in as many parts gives the same parts everywhere.
//!
//! A case costs its known waits and what one like it usually takes: both are about brokers in general, so no machine and no
//! earlier run decides. Cases that run side by side and those that run alone are divided each for themselves, for the ones wait
//! for the others. Invariants and the broker's life are judged in every part, by the traffic of that part.

use crate::broker::Variant;
use crate::scenario::{Instance, Method};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// What a case takes beside its waits, in milliseconds: the middle of those on real brokers.
const USUALLY: u64 = 180;

/// The same for one that runs alone.
const ALONE: u64 = 10;

/// And for one that moves megabytes.
const WEIGHTY: u64 = 400;

/// A variant stays in one part where it is at most this share of what a part takes.
const SHARE_OF_A_PART: u64 = 2;

/// Which part of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    number: usize,
    of: usize,
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((number, of @ 1..=MOST)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err(format!("write K/N, as in 1/4: the first of four; at most {MOST}")),
        }
    }
}

/// The most parts that make sense: with more, each would hold little but what all hold.
const MOST: usize = 100;

/// Cases that stay together.
struct Unit {
    cost: u64,
    cases: Vec<Instance>,
}

impl Shard {
    /// Its cases. None where there are fewer than parts; then not even what every part judges.
    pub fn of(self, selected: &[Instance]) -> Vec<Instance> {
        let (steps, common): (Vec<Instance>, Vec<Instance>) =
            selected.iter().partition(|instance| matches!(instance.case.method, Method::Steps(_)));
        let (heavy, ordinary): (Vec<Instance>, Vec<Instance>) =
            steps.iter().partition(|instance| instance.case.is_heavy());
        let own: Vec<Instance> =
            [ordinary, heavy].into_iter().flat_map(|cases| self.part(units(cases, self.of))).collect();
        if own.is_empty() && !steps.is_empty() {
            return own;
        }
        let meant: BTreeSet<String> = own.iter().chain(&common).map(Instance::id).collect();
        selected.iter().filter(|instance| meant.contains(&instance.id())).copied().collect()
    }

    /// The largest first, each to the part that has least to do.
    fn part(self, mut units: Vec<Unit>) -> Vec<Instance> {
        units.sort_by_cached_key(|unit| (Reverse(unit.cost), unit.cases.iter().map(Instance::id).min()));
        let mut loads = vec![0_u64; self.of];
        let mut own = Vec::new();
        for unit in units {
            let least = (0..self.of).min_by_key(|&part| (loads[part], part)).unwrap_or_default();
            loads[least] += unit.cost;
            if least + 1 == self.number {
                own.extend(unit.cases);
            }
        }
        own
    }
}

/// A variant takes a broker of its own to be started: it is one unit, unless it would unbalance the parts.
fn units(cases: Vec<Instance>, parts: usize) -> Vec<Unit> {
    let all: u64 = cases.iter().map(cost).sum();
    let mut by_variant: BTreeMap<Variant, Vec<Instance>> = BTreeMap::new();
    for instance in cases {
        by_variant.entry(instance.case.variant).or_default().push(instance);
    }
    let mut units = Vec::new();
    for (variant, cases) in by_variant {
        let sum: u64 = cases.iter().map(cost).sum();
        if variant != Variant::PLAIN && sum * parts as u64 * SHARE_OF_A_PART <= all {
            units.push(Unit { cost: sum, cases });
        } else {
            units.extend(cases.into_iter().map(|instance| Unit { cost: cost(&instance), cases: vec![instance] }));
        }
    }
    units
}

/// In milliseconds.
fn cost(instance: &Instance) -> u64 {
    let case = instance.case;
    let usually = match (case.weighty, case.is_heavy()) {
        (true, _) => WEIGHTY,
        (false, true) => ALONE,
        (false, false) => USUALLY,
    };
    case.waits * 1000 + usually
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases;
    use proptest::prelude::*;

    fn all() -> Vec<Instance> {
        cases::all().collect()
    }

    fn parts(of: usize, selected: &[Instance]) -> Vec<Vec<Instance>> {
        (1..=of).map(|number| Shard { number, of }.of(selected)).collect()
    }

    fn takes_steps(instance: &Instance) -> bool {
        matches!(instance.case.method, Method::Steps(_))
    }

    #[test]
    fn every_case_is_in_one_part_and_what_is_about_the_run_in_each() {
        let selected = all();
        for of in [1, 3, 4, 16] {
            let parts = parts(of, &selected);
            let own: Vec<String> = parts.iter().flatten().filter(|it| takes_steps(it)).map(Instance::id).collect();
            let whole: BTreeSet<String> = selected.iter().filter(|it| takes_steps(it)).map(Instance::id).collect();
            assert_eq!((own.len(), own.into_iter().collect::<BTreeSet<_>>()), (whole.len(), whole), "{of} parts");
            let common = selected.iter().filter(|instance| !takes_steps(instance)).count();
            for part in &parts {
                assert_eq!(part.iter().filter(|instance| !takes_steps(instance)).count(), common, "{of} parts");
            }
        }
    }

    /// The dearest case.
    fn costs_of_one(selected: &[Instance], is_heavy: bool) -> u64 {
        selected.iter().filter(|it| it.case.is_heavy() == is_heavy).map(cost).max().unwrap_or_default()
    }

    #[test]
    fn parts_take_alike_and_variants_stay_together() {
        let selected = all();
        for of in [2, 4, 8] {
            let parts = parts(of, &selected);
            for is_heavy in [false, true] {
                let costs: Vec<u64> = parts
                    .iter()
                    .map(|part| {
                        part.iter()
                            .filter(|it| it.case.is_heavy() == is_heavy)
                            .filter(|it| takes_steps(it))
                            .map(cost)
                            .sum()
                    })
                    .collect();
                let (least, most) = (costs.iter().min().expect("parts"), costs.iter().max().expect("parts"));
                // No unit can be halved.
                assert!(most - least <= costs_of_one(&selected, is_heavy), "{of} parts, heavy: {is_heavy}: {costs:?}");
            }
            for &variant in crate::broker::VARIANTS {
                let has =
                    |part: &&Vec<Instance>| part.iter().any(|it| it.case.variant == variant && !it.case.is_heavy());
                let having = parts.iter().filter(has).count();
                // In eight parts the waits of one variant are more than half of a part.
                assert!(
                    of > 4 || variant == Variant::PLAIN || having <= 1,
                    "{} is in {having} of {of} parts",
                    variant.name
                );
            }
        }
    }

    #[test]
    fn more_parts_than_cases_leave_some_empty() {
        let selected: Vec<Instance> =
            all().into_iter().filter(|it| it.chapter == "qos" || it.chapter == "life").collect();
        let few: Vec<Instance> = selected.iter().filter(|it| takes_steps(it)).take(2).copied().collect();
        let with_life: Vec<Instance> = selected.iter().filter(|it| it.chapter == "life").chain(&few).copied().collect();
        assert_eq!(parts(3, &with_life).iter().filter(|part| part.is_empty()).count(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4))]
        #[test]
        fn the_order_of_the_selection_changes_no_part(seed in any::<u64>(), of in 1_usize..6) {
            let selected = all();
            let mut shuffled = selected.clone();
            let place = |instance: &Instance| crate::scenario::hash(&instance.id()).wrapping_mul(seed | 1);
            shuffled.sort_by_key(place);
            let ids = |selected: &[Instance]| -> Vec<BTreeSet<String>> {
                parts(of, selected).iter().map(|part| part.iter().map(Instance::id).collect()).collect()
            };
            prop_assert!(ids(&selected) == ids(&shuffled), "other parts in another order");
        }
    }

    #[test]
    fn a_shard_is_written_as_a_number_of_how_many() {
        for (text, is_one) in
            [("1/4", true), ("4/4", true), ("0/4", false), ("5/4", false), ("1", false), ("1/101", false)]
        {
            assert_eq!(text.parse::<Shard>().is_ok(), is_one, "{text}");
        }
    }
}
