//! What `reports/` says of real brokers: the reports that are kept agree with the tables of verdicts, `matrix.md` is what
//! `mqtt-assay report` makes of them (`MQTT_ASSAY_WRITE=1` writes it anew), and the findings in `README.md` name the brokers that
//! the reports name.

mod common;

use common::mqtt_assay;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// All kept reports together, in bytes.
const MOST_BYTES: u64 = 3_000_000;

/// A row that a broker's chance decides.
const VARIES: &str = "varies";

/// Rows that the length of a run decides.
const SOMETIME: &str = "connect/silent-connection";

fn reports() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../reports")
}

/// The kept reports, by the names of their folders.
fn kept() -> Vec<PathBuf> {
    let folders = fs::read_dir(reports()).expect("reports can be listed").flatten();
    let mut kept: Vec<PathBuf> = folders.map(|folder| folder.path().join("report.json")).collect();
    kept.retain(|path| path.exists());
    kept.sort();
    assert!(!kept.is_empty(), "no report is kept");
    kept
}

#[test]
fn the_table_of_all_brokers_is_made_of_the_kept_reports() {
    let output =
        mqtt_assay(&["report", "--matrix", "--markdown", "-"]).args(kept()).output().expect("the program is there");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let made = String::from_utf8(output.stdout).expect("UTF-8");
    let file = reports().join("matrix.md");
    if std::env::var_os("MQTT_ASSAY_WRITE").is_some_and(|value| value == "1") {
        fs::write(&file, made).expect("reports can be written");
        return;
    }
    let known = fs::read_to_string(&file).unwrap_or_default();
    assert!(known == made, "reports/matrix.md is stale: MQTT_ASSAY_WRITE=1 cargo test -p mqtt-assay --test published");
}

/// `mosquitto-2.0.11`.
fn name_of(report: &Path) -> String {
    let folder = report.parent().and_then(Path::file_name).expect("it is in a folder");
    folder.to_string_lossy().into_owned()
}

#[test]
fn kept_reports_are_small_and_say_what_the_tables_say() {
    let mut bytes = 0;
    for path in kept() {
        let text = fs::read_to_string(&path).expect("it is there");
        bytes += text.len() as u64;
        let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let broker = format!("{}-{}", report["target"]["name"], report["target"]["version"]).replace('"', "");
        assert_eq!(broker, name_of(&path), "whose report it is");
        let told = verdicts(&report);
        let table = fs::read_to_string(path.with_file_name("verdicts.tsv")).expect("a table of verdicts");
        let mut cases = BTreeSet::new();
        for row in table.lines().skip(1) {
            let cells: Vec<&str> = row.split('\t').collect();
            cases.insert(cells[0]);
            let is_chance = cells[2] == VARIES || cells[0].ends_with(SOMETIME);
            let said = told.get(&(cells[0].to_owned(), cells[1].to_owned()));
            assert!(
                is_chance || said.is_some_and(|said| said == cells[2]),
                "{}: {row}, and it says {said:?}",
                path.display()
            );
        }
        let known: BTreeSet<&str> = told.keys().map(|(case, _)| case.as_str()).collect();
        assert_eq!(known, cases, "{}", path.display());
    }
    assert!(bytes < MOST_BYTES, "{bytes} bytes are kept");
}

/// By case and rule.
fn verdicts(report: &serde_json::Value) -> BTreeMap<(String, String), String> {
    let mut all = BTreeMap::new();
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    for line in report["results"].as_array().expect("results") {
        // `[case, verdict, rules]` where that is all there is to say.
        if let [case, verdict, rules] = line.as_array().map(Vec::as_slice).unwrap_or_default() {
            all.extend(word(rules).split(' ').map(|rule| ((word(case), rule.to_owned()), word(verdict))));
            continue;
        }
        let rules = line["rules"].as_array().expect("rules").iter();
        all.extend(rules.map(|rule| ((word(&line["case"]), word(rule)), word(&line["verdict"]))));
        for rule in line["other_rules"].as_array().into_iter().flatten() {
            all.insert((word(&line["case"]), word(&rule["id"])), word(&rule["verdict"]));
        }
    }
    all
}

/// Who breaks what, by version and rule, as the kept reports have it.
fn breakers() -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut all: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for path in kept() {
        let text = fs::read_to_string(&path).expect("it is there");
        let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let broker = report["target"]["name"].as_str().expect("a name").to_owned();
        for ((case, rule), _) in verdicts(&report).into_iter().filter(|(_, verdict)| verdict == "fail") {
            let version = case.split('/').next().unwrap_or_default().to_owned();
            all.entry((version, rule)).or_default().insert(broker.clone());
        }
    }
    all
}

/// A line of the findings: the version that it stands under, its rules, and its brokers.
fn findings(page: &str) -> Vec<(String, BTreeSet<String>, BTreeSet<String>)> {
    let mut version = String::new();
    let mut found = Vec::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("### MQTT ") {
            heading.clone_into(&mut version);
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let ([_, rules, _, brokers, _], true) = (cells.as_slice(), line.starts_with("| `") && !version.is_empty()) {
            let rules = rules.split('`').skip(1).step_by(2).map(str::to_owned).collect();
            found.push((version.clone(), rules, brokers.split(", ").map(str::to_owned).collect()));
        }
    }
    found
}

#[test]
fn findings_are_those_of_the_reports() {
    let mut breakers = breakers();
    let page = fs::read_to_string(reports().join("README.md")).expect("it is there");
    for (version, rules, brokers) in findings(&page) {
        let taken: Vec<Option<BTreeSet<String>>> =
            rules.iter().map(|rule| breakers.remove(&(version.clone(), rule.clone()))).collect();
        assert!(taken.iter().all(Option::is_some), "MQTT {version}, {rules:?}: one is broken by nobody, or told twice");
        let told: BTreeSet<String> = taken.into_iter().flatten().flatten().collect();
        assert_eq!(told, brokers, "who breaks {rules:?} of MQTT {version}");
    }
    assert!(breakers.is_empty(), "README.md has no line of {breakers:?}");
}
