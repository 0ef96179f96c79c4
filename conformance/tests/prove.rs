//! The proof of the suite: every fault that a case claims is caught, nobody is blamed wrongly, and no broker that the
//! standard permits fails. `PROVE=5/publish cargo test --test prove` proves only the cases whose id contains that.

use mqtt_assay::prove::prove;

#[test]
fn the_suite_is_proven() {
    let part = std::env::var("PROVE").unwrap_or_default();
    let proof = prove(None, |instance| instance.id().contains(&part));
    let defects: Vec<String> = proof
        .defects
        .iter()
        .map(|defect| format!("{} under {}: {}", defect.case, defect.switch, defect.problem))
        .collect();
    assert!(defects.is_empty(), "{} pairs, {} defects:\n{}", proof.pairs, defects.len(), defects.join("\n"));
    assert!(proof.pairs > 0, "no case was selected");
}
