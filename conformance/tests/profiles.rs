//! Profiles: the JSON Schema has the keys that their reader knows, the shipped profiles keep to it, and what a profile says is
//! done. The broker that is started here is the program itself, as `mqtt-assay serve`.

mod common;

use common::mqtt_assay;
use mqtt_assay::broker::{For, Form, Key, Profile, Section, VARIANTS};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("brokers")
}

fn schema() -> Value {
    let text = fs::read_to_string(folder().join("profile.schema.json")).expect("the schema is there");
    serde_json::from_str(&text).expect("JSON")
}

/// What the schema says of a section.
fn of_section(schema: &Value, section: Section) -> &Value {
    match section {
        Section::Profile => schema,
        Section::Variant => &schema["$defs"]["variant"],
        Section::Version => &schema["$defs"]["version"],
        Section::Run => &schema["$defs"]["run"],
        Section::Authentication => &schema["$defs"]["authentication"],
    }
}

#[test]
fn the_schema_has_the_keys_that_the_reader_knows() {
    let schema = schema();
    for section in Section::ALL {
        let part = of_section(&schema, section);
        let keys: BTreeSet<&str> = section.keys().map(|key| key.name).collect();
        let properties = part["properties"].as_object().expect("properties");
        assert_eq!(properties.keys().map(String::as_str).collect::<BTreeSet<_>>(), keys, "{section:?}");
        assert_eq!(part["additionalProperties"], false, "{section:?}");
        let needed = |key: &&Key| key.otherwise.starts_with("must be there") && key.is_for == For::Any;
        let needed: BTreeSet<&str> = section.keys().filter(needed).map(|key| key.name).collect();
        let required = part["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        assert_eq!(required.collect::<BTreeSet<_>>(), needed, "{section:?}");
    }
    let names: Vec<&str> = VARIANTS.iter().map(|variant| variant.name).collect();
    assert_eq!(schema["properties"]["variants"]["propertyNames"]["enum"], serde_json::json!(names));
}

/// For each kind of value the reader and the schema say the same.
#[test]
fn the_schema_takes_what_the_reader_takes() {
    let schema = schema();
    let values = [
        "1",
        "0",
        "-5",
        "101",
        "3601",
        "true",
        "''",
        "'x'",
        "'x2'",
        "'x500'",
        "'all'",
        "'5'",
        "'SIGINT'",
        "[]",
        "['x']",
        "['5']",
        "['4']",
        "['stop']",
        "['kill']",
        "['stop', 'kill']",
        "['a', 'b']",
        "['6f6b']",
        "['6f6']",
        "[1]",
        "{}",
        "{ a = 'b' }",
        "{ a = 1 }",
        "{ '../a' = 'b' }",
        "'mqtt://h'",
        "'h'",
    ];
    let mut compared = 0;
    for section in Section::ALL {
        for key in section.keys().filter(|key| !matches!(key.form, Form::Part(_) | Form::Variants)) {
            for value in values {
                let text = profile_with(section, key, value);
                let by_reader = accepted(&text);
                let json: Value = toml::from_str(&text).expect("TOML");
                let by_schema = problem(&schema, &schema, &json).is_none();
                // What only looking closer can tell is left to the reader.
                let is_closer = matches!(key.form, Form::Address | Form::Patience);
                assert!(by_reader == by_schema || is_closer && by_schema, "{by_reader} {by_schema}\n{text}");
                compared += 1;
            }
        }
    }
    assert!(compared > 500, "{compared}");
}

/// A profile in which this key has this value.
fn profile_with(section: Section, key: &Key, value: &str) -> String {
    let place = if key.is_for == For::Address { "address = 'mqtt://h'" } else { "command = ['x']" };
    let others = match section {
        Section::Profile => vec!["name = 'x'", place],
        Section::Version => vec!["command = ['x']", "after = ''"],
        Section::Authentication => vec!["method = 'x'"],
        Section::Variant | Section::Run => Vec::new(),
    };
    let begins = format!("{} ", key.name);
    let others: Vec<&str> = others.into_iter().filter(|line| !line.starts_with(&begins)).collect();
    let heading = section.heading().replace("NAME", "plain");
    let head = if section == Section::Profile { String::new() } else { format!("name = 'x'\n{place}\n{heading}\n") };
    format!("{head}{}\n{} = {value}\n", others.join("\n"), key.name)
}

fn accepted(text: &str) -> bool {
    let folder = tempfile::TempDir::new().expect("a folder of our own");
    let file = folder.path().join("x.toml");
    fs::write(&file, text).expect("can be written");
    Profile::load(&file.to_string_lossy()).is_ok()
}

#[test]
fn the_shipped_profiles_keep_to_the_schema() {
    let schema = schema();
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder()).expect("the folder is there").flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = fs::read_to_string(&path).expect("can be read");
            let profile: Value = toml::from_str(&text).expect("TOML");
            assert_eq!(problem(&schema, &schema, &profile), None, "{}", path.display());
            names.insert(path.file_stem().expect("a name").to_string_lossy().into_owned());
        }
    }
    assert_eq!(names, Profile::built_in().map(str::to_owned).collect(), "each of them is built in");
}

/// What is wrong with a value by a schema made of the few words that ours uses; an unknown word is a failure of the test.
fn problem(root: &Value, schema: &Value, value: &Value) -> Option<String> {
    let rules = schema.as_object().expect("a schema is an object");
    rules.iter().find_map(|(word, rule)| match word.as_str() {
        "$schema" | "title" | "description" | "$defs" => None,
        "$ref" => {
            let name = rule.as_str().and_then(|path| path.strip_prefix("#/$defs/")).expect("a definition");
            problem(root, &root["$defs"][name], value)
        }
        "anyOf" => {
            let all = rule.as_array().expect("alternatives");
            all.iter().all(|one| problem(root, one, value).is_some()).then(|| format!("{value}: none of {rule}"))
        }
        "enum" => (!rule.as_array().expect("values").contains(value)).then(|| format!("{value}: not in {rule}")),
        "type" => (!has_type(value, rule)).then(|| format!("{value}: not of type {rule}")),
        "minLength" | "minItems" => (length(value) < rule.as_u64()).then(|| format!("{value}: too short")),
        "maxItems" => (length(value) > rule.as_u64()).then(|| format!("{value}: too long")),
        "minimum" => (value.as_i64() < rule.as_i64()).then(|| format!("{value}: too small")),
        "maximum" => (value.as_i64() > rule.as_i64() && value.is_i64()).then(|| format!("{value}: too great")),
        "pattern" => (!fits(value.as_str().unwrap_or_default(), rule)).then(|| format!("{value}: not like {rule}")),
        "items" => value.as_array().into_iter().flatten().find_map(|item| problem(root, rule, item)),
        "required" => {
            let needed = rule.as_array().expect("names").iter().filter_map(Value::as_str);
            let mut missing = needed.filter(|name| value.get(name).is_none());
            missing.next().map(|name| format!("{name} is missing"))
        }
        "properties" => {
            let known = rule.as_object().expect("schemas by name");
            known.iter().find_map(|(name, schema)| problem(root, schema, value.get(name)?))
        }
        "propertyNames" => value.as_object()?.keys().find_map(|name| problem(root, rule, &Value::String(name.clone()))),
        "additionalProperties" => {
            let others = value.as_object()?.iter().filter(|(name, _)| schema["properties"].get(name).is_none());
            match rule {
                Value::Bool(false) => others.map(|(name, _)| format!("no key {name}")).next(),
                rule => others.into_iter().find_map(|(_, value)| problem(root, rule, value)),
            }
        }
        other => panic!("this test doesn't know `{other}`"),
    })
}

fn has_type(value: &Value, name: &Value) -> bool {
    match name.as_str().expect("one type") {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("this test doesn't know the type {other}"),
    }
}

fn length(value: &Value) -> Option<u64> {
    let length = value.as_str().map(|text| text.chars().count()).or_else(|| value.as_array().map(Vec::len));
    length.and_then(|length| u64::try_from(length).ok())
}

/// Whether a text fits one of the patterns of the schema, each told here once more.
fn fits(text: &str, pattern: &Value) -> bool {
    match pattern.as_str().expect("a pattern") {
        "^[A-Za-z]+://" => text
            .split_once("://")
            .is_some_and(|(scheme, _)| !scheme.is_empty() && scheme.chars().all(|letter| letter.is_ascii_alphabetic())),
        "^x?[0-9]+$" => {
            let digits = text.strip_prefix('x').unwrap_or(text);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        }
        "^([0-9A-Fa-f]{2})*$" => text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "^[^./\\\\][^/\\\\]*$" => !text.is_empty() && !text.starts_with('.') && !text.contains(['/', '\\']),
        other => panic!("this test doesn't know the pattern {other}"),
    }
}

/// A profile of `serve` under a shell that says where it works when it is asked to end.
#[cfg(unix)]
fn profile_of_serve(folder: &Path, more: &str) -> PathBuf {
    let program = env!("CARGO_BIN_EXE_mqtt-assay");
    let text = format!(
        r#"
name = "served"
command = ["sh", "-c", """
trap 'pwd >"$MARK"; kill $!; exit' TERM
"$PROGRAM" serve --listen 127.0.0.1:{{port}} &
echo $$ >{{dir}}/number
wait
"""]
cwd = "{folder}"
env = {{ MARK = "{folder}/mark", PROGRAM = "{program}" }}
{more}
"#,
        folder = folder.display()
    );
    let path = folder.join("served.toml");
    fs::write(&path, text).expect("can be written");
    path
}

#[cfg(unix)]
fn report_of(profile: &Path, arguments: &[&str]) -> Value {
    let profile = profile.to_string_lossy();
    let output = mqtt_assay(&[&["run", &profile, "--json", "-"], arguments].concat()).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

#[test]
#[cfg(unix)]
fn a_broker_has_its_folder_and_environment_and_is_stopped_as_the_profile_says() {
    let folder = tempfile::TempDir::new().expect("a folder of our own");
    let place = fs::canonicalize(folder.path()).expect("it is there");
    for stop in ["stop = \"SIGTERM\"", "stop = [\"sh\", \"-c\", \"kill $(cat {dir}/number)\"]"] {
        let profile = profile_of_serve(&place, stop);
        let report = report_of(&profile, &["-f", "5/publish/topic-with-wildcard"]);
        assert_eq!(report["exit"], 0, "{report}");
        let mark = fs::read_to_string(place.join("mark")).unwrap_or_else(|error| panic!("{stop}: {error}"));
        assert_eq!(Path::new(mark.trim_end()), place, "it worked there, and had its time");
        fs::remove_file(place.join("mark")).expect("it is there");
    }
    let profile = profile_of_serve(&place, "");
    assert_eq!(report_of(&profile, &["-f", "5/publish/topic-with-wildcard"])["exit"], 0);
    assert!(!place.join("mark").exists(), "without `stop` it is killed at once");
}

#[test]
#[cfg(unix)]
fn what_a_profile_says_of_runs_holds_unless_the_command_line_says_otherwise() {
    let folder = tempfile::TempDir::new().expect("a folder of our own");
    let run = "[run]\nmqtt = \"5\"\njobs = 2\npatience = \"x2\"\nfilter = \"*/publish/topic-with-wildcard\"";
    let profile = profile_of_serve(folder.path(), run);
    let cases = |report: &Value| {
        let results = report["results"].as_array().expect("results");
        results.iter().map(|result| result["case"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    let report = report_of(&profile, &["--label", "version=1.2.3", "--label", "os=any"]);
    assert_eq!(cases(&report), ["5/publish/topic-with-wildcard"]);
    assert_eq!(report["labels"], serde_json::json!({ "version": "1.2.3", "os": "any" }));
    assert_eq!(report["target"]["version"], "1.2.3");
    assert_eq!(report["target"]["learnt_from"], "--label");
    let report = report_of(&profile, &["--mqtt", "3.1.1"]);
    assert_eq!(cases(&report), ["3.1.1/publish/topic-with-wildcard"]);
    assert_eq!(report["target"]["version"], Value::Null);
    let report = report_of(&profile, &["-f", "5/publish/highest-of-overlapping"]);
    assert_eq!(cases(&report), ["5/publish/highest-of-overlapping"]);
}

#[test]
fn a_profile_that_is_wrong_is_told_with_its_line_and_nothing_is_run() {
    let folder = tempfile::TempDir::new().expect("a folder of our own");
    let path = folder.path().join("mine.toml");
    fs::write(&path, "name = \"mine\"\n\ncomand = [\"x\"]\n").expect("can be written");
    let output = mqtt_assay(&["run", &path.to_string_lossy()]).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("mine.toml: line 3: there is no key `comand`; did you mean `command`?"), "{said}");
    fs::write(&path, "name = \"mine\"\ncommand = [\"x\"]\ncwd = \"/no/such/folder\"\n").expect("can be written");
    let output = mqtt_assay(&["run", &path.to_string_lossy(), "-f", "5/publish/*"]).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("cwd `/no/such/folder`: there is no such folder"), "{said}");
}
