//! The proof of the suite: every fault that a case claims is caught, nobody is blamed wrongly, and no broker that the
//! standard permits fails. Here for a fixed sample of the cases, against every fault and every quirk; all of them take minutes,
//! and are run by `.ci/run`, which holds what was proven against the tables in `reports/proof`.

use mqtt_assay::proof::{Proof, prove};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// One case in so many is in the sample.
const CASES: u64 = 24;

#[test]
fn a_sample_of_the_suite_is_proven() {
    let proof = prove(None, |instance| {
        // For an invariant all cases would be run on every permitted broker: that is most of the proof.
        instance.chapter != "invariants" && mark(&instance.id()).is_multiple_of(CASES)
    });
    let defects: Vec<String> = proof
        .defects
        .iter()
        .map(|defect| format!("{} under {}: {}", defect.case, defect.switch, defect.problem))
        .collect();
    assert!(defects.is_empty(), "{} pairs, {} defects:\n{}", proof.pairs, defects.len(), defects.join("\n"));
    assert!(proof.run > 1000, "only {} pairs were run", proof.run);
    assert!(proof.unclaimed.is_empty(), "faults that no case claims: {:?}", proof.unclaimed);
    assert_eq!(unwritten(&proof), Vec::<String>::new(), "not in reports/proof/rules.tsv");
}

/// Tells ids from each other, always in the same way: a case stays in the sample, or out of it, whatever is added.
fn mark(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |mark, byte| (mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)) >> 7
}

/// Each case of a line of the table, behind version, rule and fault.
fn claims_of_line(line: &str) -> Vec<String> {
    match line.split('\t').collect::<Vec<_>>().as_slice() {
        [version, rule, fault, cases] => {
            cases.split(' ').map(|case| format!("{version} {rule} {fault} {case}")).collect()
        }
        _ => Vec::new(),
    }
}

/// What was proven, and does not stand in the table of the repository.
fn unwritten(proof: &Proof) -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../reports/proof/rules.tsv");
    let table = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let written: BTreeSet<String> = table.lines().flat_map(claims_of_line).collect();
    let proven = proof.caught.iter().flat_map(|(fault, rules)| {
        rules.iter().flat_map(move |(rule, cases)| cases.iter().map(move |case| format!("{rule} {fault} {case}")))
    });
    proven.filter(|claim| !written.contains(claim)).collect()
}
