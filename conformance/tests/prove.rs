//! The proof of the suite: every fault that a case claims is caught, nobody is blamed wrongly, and no broker that the
//! standard permits fails. What was proven is what the tables in `reports/proof` say: the test says what
//! writes them anew. A part of the proof is what `mqtt-assay prove -f` runs.

use mqtt_assay::proof::{Proof, prove, tables};
use std::path::PathBuf;

/// What writes the tables anew.
const COMMAND: &str = "MQTT_ASSAY_WRITE=1 cargo test -p mqtt-assay --test prove";

#[test]
fn the_suite_is_proven() {
    let proof = prove(None, |_| true);
    let defects: Vec<String> = proof
        .defects
        .iter()
        .map(|defect| format!("{} under {}: {}", defect.case, defect.switch, defect.problem))
        .collect();
    assert!(defects.is_empty(), "{} pairs, {} defects:\n{}", proof.pairs, defects.len(), defects.join("\n"));
    assert!(proof.run > 0, "nothing was run");
    assert!(proof.unclaimed.is_empty(), "faults that no case claims: {:?}", proof.unclaimed);
    compare(&proof);
}

/// Holds the proof against the tables of the repository.
fn compare(proof: &Proof) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../reports/proof");
    for (name, table) in tables(proof) {
        let path = folder.join(name);
        if std::env::var_os("MQTT_ASSAY_WRITE").is_some_and(|value| value == "1") {
            std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, table)).expect("it can be written");
            continue;
        }
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        let stale = known.lines().find(|line| !table.lines().any(|now| now == *line));
        let new = table.lines().find(|line| !known.lines().any(|before| before == *line));
        assert!(
            stale.is_none() && new.is_none(),
            "reports/proof/{name} is stale; what writes it anew: {COMMAND}\nno longer: {stale:?}\nnow: {new:?}"
        );
    }
}
