//! Reports read again: shards put together, two runs against each other, several side by side; and the schemas of all that
//! machines read, held against what the program writes.

mod common;
#[path = "common/folder.rs"]
mod folder;
#[path = "common/schema.rs"]
mod schema;

use common::{mqtt_assay, text};
use folder::{Folder, json as read};
use schema::{Walk, json};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Output;

/// A broker that breaks rules of cases and of invariants.
const FAULT: [&str; 2] = ["--fault", "retain-flag-missing"];

/// Cases that take little time, invariants and the broker's life among them.
const SOME: [&str; 2] = ["-f", "chapter(retain) | chapter(publish) | chapter(invariants) | chapter(life)"];

/// More of them, of several variants, and some that run alone.
const MORE: [&str; 2] = [
    "-f",
    "chapter(retain) | chapter(store) | chapter(session) | chapter(topics) | chapter(shares) | chapter(connect) | \
     chapter(invariants) | chapter(life)",
];

impl Folder {
    /// The report of a run, written here.
    fn report(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let path = self.path(name);
        let output = mqtt_assay(&[&["run", "-q"], arguments].concat()).arg("--json").arg(&path).output();
        assert!(path.exists(), "{output:?}");
        path
    }
}

fn report(arguments: &[&str], files: &[&PathBuf]) -> Output {
    mqtt_assay(&[&["report"], arguments].concat()).args(files).output().expect("the program is there")
}

/// Every case with its verdict and those of its rules.
fn verdicts(document: &Value) -> BTreeMap<String, String> {
    let case = |case: &Value| {
        let rules = case["rules"].as_array().expect("rules").iter();
        let rules: Vec<String> = rules.map(|rule| format!("{} {}", rule["id"], rule["verdict"])).collect();
        (case["case"].to_string(), format!("{} {} {}", case["verdict"], case["marked"], rules.join(" ")))
    };
    document["results"].as_array().expect("results").iter().map(case).collect()
}

#[test]
fn four_shards_put_together_are_the_whole_run() {
    let folder = Folder::new();
    let [junit, again, junit_merged] = ["whole.xml", "again.xml", "all.xml"].map(|name| folder.path(name));
    let to_junit = ["--junit", &junit.to_string_lossy()];
    let whole_json = folder.report("whole.json", &[&MORE[..], &FAULT, &to_junit].concat());
    let whole = read(&whole_json);
    let shards: Vec<PathBuf> = (1..=4)
        .map(|number| {
            let shard = format!("{number}/4");
            folder.report(&format!("{number}.json"), &[&MORE[..], &FAULT, &["--shard", &shard]].concat())
        })
        .collect();
    let (all, summary) = (folder.path("all.json"), folder.path("all.md"));
    let outputs = [
        "--json",
        &all.to_string_lossy(),
        "--markdown",
        &summary.to_string_lossy(),
        "--junit",
        &junit_merged.to_string_lossy(),
    ];
    let output = report(&[&["--merge"][..], &outputs].concat(), &shards.iter().collect::<Vec<_>>());
    let merged = read(&all);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let differing: Vec<_> =
        verdicts(&whole).into_iter().filter(|(id, of)| verdicts(&merged).get(id) != Some(of)).collect();
    assert!(differing.is_empty(), "{differing:#?}");
    assert_eq!(verdicts(&whole).len(), verdicts(&merged).len());
    for field in [
        "schema",
        "tool",
        "target",
        "command",
        "mqtt",
        "seed",
        "ended",
        "exit",
        "why",
        "selected",
        "summary",
        "selection",
    ] {
        assert_eq!(whole[field], merged[field], "{field}");
    }
    assert!(merged.get("shard").is_none() && whole["summary"]["5"]["fail"].as_u64() > Some(1));
    let broken = merged["results"]
        .as_array()
        .expect("results")
        .iter()
        .find(|case| case["verdict"] == "fail" && case["chapter"] == "invariants");
    assert!(broken.is_some_and(|case| case["decided_by"]["seen"].to_string().contains(" (in shard ")), "{broken:?}");
    for shard in &shards {
        let [part, whole] = [&read(shard), &whole].map(|report| report["selected"].as_u64().expect("a number"));
        assert!(part < whole * 2 / 3, "{part} of {whole}");
    }
    let written = fs::read_to_string(&summary).expect("it was asked for");
    assert!(written.starts_with("## MQTT conformance of `embedded"), "{written}");
    let output = report(&["--junit", &again.to_string_lossy()], &[&whole_json]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let [junit, again, merged] = [&junit, &again, &junit_merged].map(|path| fs::read_to_string(path).expect("JUnit"));
    assert_eq!(junit, again, "of a run that has just ended, and of its report");
    let [junit, merged] = [&junit, &merged].map(|junit| without_times_and_names(junit));
    assert!(junit.matches("<failure ").count() > 1);
    for (one, other) in junit.lines().zip(merged.lines()) {
        assert_eq!(one, other);
    }
    assert_eq!(junit.lines().count(), merged.lines().count());
}

/// JUnit without what differs from run to run: times, names of runs; transcripts, which have both in every line; and which
/// shards saw something.
fn without_times_and_names(junit: &str) -> String {
    let transcript = |line: &str| line.split_whitespace().next().is_some_and(|word| word.parse::<u32>().is_ok());
    let mut out = String::new();
    for line in junit.lines().filter(|line| !transcript(line.trim_start_matches("<system-out>").trim_start())) {
        let mut line = line.to_owned();
        for attribute in [" time=\"", " timestamp=\""] {
            while let Some(from) = line.find(attribute) {
                let end = from + attribute.len();
                let length = line[end..].find('"').expect("it ends") + 1;
                line.replace_range(from..end + length, "");
            }
        }
        while let Some(from) = line.find(" (in shard ") {
            let length = line[from..].find(')').expect("it ends") + 1;
            line.replace_range(from..from + length, "");
        }
        // A name of six letters stands behind the prefix of topics, and behind that five of the case.
        while let Some(from) = line.find("mqtt-assay/") {
            line.replace_range(from..from + "mqtt-assay/".len() + 13, "");
        }
        out += line.trim_end();
        out.push('\n');
    }
    out
}

/// Shards put together and the whole run beside the same baseline: exit codes, and what their reports say of it.
fn beside_baseline(folder: &Folder, baseline: &str, more: &[&str]) -> i32 {
    let arguments = [&SOME[..], &["--baseline", baseline], more].concat();
    let whole = read(&folder.report("whole.json", &arguments));
    let shards: Vec<PathBuf> = ["1/3", "2/3", "3/3"]
        .iter()
        .map(|shard| folder.report(&shard.replace('/', "-"), &[&arguments[..], &["--shard", shard]].concat()))
        .collect();
    let all = folder.path("all.json");
    let output = report(&["--merge", "--json", &all.to_string_lossy()], &shards.iter().collect::<Vec<_>>());
    let merged = read(&all);
    for field in ["exit", "why", "summary", "baseline", "ended"] {
        assert_eq!(whole[field], merged[field], "{field} with {more:?}");
    }
    assert_eq!(output.status.code().map(Into::into), whole["exit"].as_i64());
    output.status.code().expect("it ends")
}

#[test]
fn shards_beside_a_baseline_come_to_what_the_whole_run_comes_to() {
    let folder = Folder::new();
    let baseline = folder.path("known.toml").to_string_lossy().into_owned();
    let first = read(&folder.report("first.json", &[&SOME[..], &FAULT, &["--write-baseline", &baseline]].concat()));
    assert!(first["summary"]["5"]["expected_fail"].as_u64() > Some(0), "{}", first["summary"]);
    assert_eq!(beside_baseline(&folder, &baseline, &FAULT), 0, "all is as listed");
    assert_eq!(beside_baseline(&folder, &baseline, &[]), 5, "what is listed passes");
    let another = ["--fault", "retained-not-stored"];
    assert_eq!(beside_baseline(&folder, &baseline, &[&FAULT[..], &another].concat()), 1, "some is not listed");
}

#[test]
fn two_runs_of_one_broker_differ_in_nothing_and_a_fault_is_told() {
    let folder = Folder::new();
    let sound = folder.report("a.json", &SOME);
    let again = folder.report("b.json", &[&SOME[..], &["--seed", "2"]].concat());
    let faulty = folder.report("c.json", &[&SOME[..], &FAULT].concat());
    let same = report(&["--diff"], &[&sound, &again]);
    assert_eq!(
        (same.status.code(), text(&same.stdout).ends_with("Result: no difference\n")),
        (Some(0), true),
        "{same:?}"
    );
    let worse = report(&["--diff", "--json", "-"], &[&sound, &faulty]);
    assert_eq!(worse.status.code(), Some(1));
    assert!(text(&worse.stderr).contains("\nBroken: "), "{worse:?}");
    let told = json(&text(&worse.stdout));
    let broken = told["cases"].as_array().expect("cases").iter().filter(|case| case["change"] == "broken");
    assert!(broken.count() > 3, "{told}");
    let better = report(&["--diff"], &[&faulty, &sound]);
    assert_eq!(better.status.code(), Some(0));
    assert!(text(&better.stdout).contains("\nFixed: "), "{better:?}");
    assert_eq!(report(&["--diff", "--strict"], &[&faulty, &sound]).status.code(), Some(1));
}

#[test]
fn brief_reports_are_small_and_stand_side_by_side() {
    let folder = Folder::new();
    let (sound, faulty) = (folder.report("a.json", &SOME), folder.report("b.json", &[&SOME[..], &FAULT].concat()));
    let brief = folder.path("brief.json");
    let output = report(&["--brief", "--json", &brief.to_string_lossy()], &[&faulty]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let sizes = [&brief, &faulty].map(|path| fs::metadata(path).expect("it is there").len());
    assert!(sizes[0] * 4 < sizes[1], "{sizes:?}");
    let table = |files: &[&PathBuf]| text(&report(&["--names", "sound,faulty"], files).stdout);
    let whole = table(&[&sound, &faulty]);
    assert_eq!(table(&[&sound, &brief]), whole, "in brief it says as much");
    assert!(whole.contains("\n| rule | `sound` | `faulty` | what it says |\n"), "{whole}");
    assert!(whole.contains("| pass | **fail** "), "{whole}");
}

#[test]
fn what_cannot_be_put_together_is_refused_with_the_way_out() {
    let folder = Folder::new();
    let case = ["-f", "chapter(qos)"];
    let shard = |name: &str, more: &[&str]| folder.report(name, &[&case[..], more].concat());
    let [first, second] = ["1/2", "2/2"].map(|part| shard(&part.replace('/', "-"), &["--shard", part]));
    let other = shard("other", &["--shard", "2/2", "--seed", "2"]);
    let whole = shard("whole", &[]);
    let nothing = folder.path("nothing.json");
    fs::write(&nothing, "{\"tests\": 3}").expect("can be written");
    let rows: [(&[&str], &[&PathBuf]); 8] = [
        (&["--merge"], &[&first]),
        (&["--merge"], &[&first, &second, &second]),
        (&["--merge"], &[&first, &other]),
        (&["--merge"], &[&first, &whole]),
        (&["--diff"], &[&first]),
        (&["--names", "one"], &[&first, &second]),
        (&[], &[&nothing]),
        (&["--merge", "--json", &first.to_string_lossy()], &[&first, &second]),
    ];
    let mut said = String::new();
    for (arguments, files) in rows {
        let output = report(arguments, files);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        said.push_str(&text(&output.stderr));
    }
    let folder = folder.0.path().to_string_lossy().into_owned();
    insta::assert_snapshot!(said.replace(&folder, "FOLDER"));
    let empty =
        mqtt_assay(&["run", "-f", "5/publish/topic-with-wildcard", "--shard", "2/2"]).output().expect("it starts");
    assert_eq!(empty.status.code(), Some(4));
    assert_eq!(text(&empty.stderr), "error: shard 2/2 holds no case: only 1 case is selected; make fewer shards\n");
}

/// The schema of this name, as it is published.
fn published(name: &str) -> Walk {
    Walk::new(&text(&mqtt_assay(&["explain", "schemas", name]).output().expect("the program is there").stdout))
}

#[test]
fn what_machines_read_is_what_the_schemas_say() {
    let folder = Folder::new();
    let events = folder.path("events");
    let to = events.to_string_lossy();
    let explored = ["--explore", "30", "--findings", &folder.path("findings").to_string_lossy()].map(str::to_owned);
    let explored: Vec<&str> = explored.iter().map(String::as_str).collect();
    let arguments = [&SOME[..], &FAULT, &["--transcripts", "all", "--events", &to], &explored].concat();
    let written = read(&folder.report("a.json", &arguments));
    published("report").hold(&written);
    assert!(
        !written["explore"]["findings"].as_array().expect("findings").is_empty(),
        "nothing was found: {}",
        written["explore"]
    );
    let mut lines = published("events");
    let told = fs::read_to_string(&events).expect("they were asked for");
    for line in told.lines() {
        lines.hold(&json(line));
    }
    assert!(told.lines().count() > 100 && told.ends_with("}\n"), "{told}");
    let [whole, sound] = [folder.path("a.json"), folder.report("sound.json", &SOME)];
    for (name, arguments, files) in
        [("brief", &["--brief"][..], &[&whole][..]), ("difference", &["--diff", "--json", "-"], &[&whole, &sound])]
    {
        let mut walk = published(name);
        walk.hold(&json(&text(&report(arguments, files).stdout)));
        if name == "brief" {
            // What is told of a decoder, in a report about one.
            let about = folder.path("decoder.json");
            let mut call = mqtt_assay(&["decoder", "--quiet", "-f", "5/client/ping*", "--json"]);
            call.arg(&about).args(["--", env!("CARGO_BIN_EXE_mqtt-assay"), "decoder", "serve"]);
            assert_eq!(call.output().expect("the program is there").status.code(), Some(0));
            walk.hold(&json(&text(&report(arguments, &[&about]).stdout)));
        }
        // What is told of a broker at an address alone.
        walk.require_all_but(if name == "brief" { "/properties/target/properties/" } else { "" });
    }
    for (name, arguments) in [
        ("coverage", &["coverage", "--format", "json", "-f", "chapter(retain)"][..]),
        ("list", &["list", "--format", "json"]),
    ] {
        let output = mqtt_assay(arguments).output().expect("the program is there");
        let mut walk = published(name);
        walk.hold(&json(&text(&output.stdout)));
        walk.require_all_but("");
    }
}

#[test]
fn schemas_are_listed_and_a_wrong_name_is_told() {
    let schemas = text(&mqtt_assay(&["explain", "schemas"]).output().expect("it starts").stdout);
    insta::assert_snapshot!(schemas);
    let wrong = mqtt_assay(&["explain", "schemas", "reports"]).output().expect("it starts");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("did you mean `report`?"), "{wrong:?}");
}
