//! A fixed sample of the faults that strike on one way only.

use super::bugs::{Bug, variant_for};
use crate::broker::Variant;
use crate::proof::ways::fitting;
use crate::scenario::hash;
use mqtt_assay_reference::FaultOn;
use std::collections::BTreeMap;

/// How many there are in it.
const SIZE: usize = 100;

/// The sample: always the same for the same faults and ways. What only a client with a password, a method or a certificate
/// can come to is left out: the hunt has none.
pub fn sample() -> Vec<Bug> {
    let fitting: BTreeMap<String, FaultOn> = fitting().into_iter().map(|(on, _)| (on.name(), on)).collect();
    let mut by_chance: Vec<(u64, FaultOn)> = fitting.iter().map(|(name, on)| (hash(name), *on)).collect();
    by_chance.sort_by_key(|(number, on)| (*number, on.name()));
    let open = |on: &FaultOn| {
        variant_for(on.fault).is_none_or(|variant| {
            let is_closed = [Variant::WITH_ACCESS.name, Variant::WITH_AUTHENTICATION.name].contains(&variant.name);
            !is_closed && variant.carrier.is_none()
        })
    };
    let chosen = by_chance.into_iter().map(|(_, on)| on).filter(open).take(SIZE);
    chosen.map(|on| Bug::Fault(on, "")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_fixed_and_of_many_faults() {
        let names: Vec<String> = sample().into_iter().map(Bug::name).collect();
        assert_eq!(names.len(), SIZE);
        assert_eq!(names, sample().into_iter().map(Bug::name).collect::<Vec<_>>());
        let faults: std::collections::BTreeSet<&str> =
            names.iter().filter_map(|name| Some(name.rsplit_once('@')?.0)).collect();
        assert!(faults.len() > 50, "{}", faults.len());
    }
}
