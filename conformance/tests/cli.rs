//! The command line as people and scripts meet it: what is printed, and the exit codes.

mod common;

use common::{Served, mqtt_assay, text};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};

fn run(arguments: &[&str]) -> Output {
    mqtt_assay(arguments).output().expect("the program is there")
}

/// Everything that a call shows: command, both outputs, exit code.
fn shown(arguments: &[&str]) -> String {
    common::shown(arguments, &run(arguments))
}

fn exit_code(arguments: &[&str]) -> i32 {
    run(arguments).status.code().expect("no signal ends it")
}

/// Snapshots without what differs from run to run, the list of built-in profiles included.
fn settings() -> insta::Settings {
    let mut settings = common::settings();
    settings.add_filter(r"built in: [^;]*;", "built in: [names];");
    settings
}

/// One case that stands for all, in the versions that it has.
const EXAMPLE: &str = "*/publish/topic-with-wildcard";

const BROKEN: [&str; 2] = ["--fault", "acts-on:topic-name-wildcard"];

#[test]
fn help_says_what_every_command_does() {
    for command in ["", "run", "list", "explain", "coverage", "prove", "probe", "show", "report", "serve", "decode"] {
        let arguments: Vec<&str> = [command, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        insta::assert_snapshot!(
            format!("help_{}", if command.is_empty() { "itself" } else { command }),
            shown(&arguments)
        );
    }
}

#[test]
fn lists_cases_with_rules_and_needs() {
    insta::assert_snapshot!("list", shown(&["list", EXAMPLE]));
    insta::assert_snapshot!("list_json", shown(&["list", "5/publish/topic-with-wildcard", "--format", "json"]));
}

#[test]
fn explains_rules_cases_and_tables() {
    insta::with_settings!({ filters => vec![(r"(?m)^(  (?:cases|proven by) +).*$", "$1[names]")] }, {
        insta::assert_snapshot!("explain_rule", shown(&["explain", "MQTT-3.3.2-2"]));
        insta::assert_snapshot!("explain_rule_that_is_never_judged", shown(&["explain", "MQTT-2.3.1-2"]));
    });
    insta::assert_snapshot!("explain_case", shown(&["explain", "5/publish/topic-with-wildcard"]));
    insta::assert_snapshot!("explain_exit_codes", shown(&["explain", "exit-codes"]));
    insta::assert_snapshot!("explain_filters", shown(&["explain", "filters"]));
    insta::assert_snapshot!("explain_profiles", shown(&["explain", "profiles"]));
    for table in ["bounds", "faults", "limits", "mutations", "quirks", "variants", "verdicts"] {
        assert_eq!(exit_code(&["explain", table]), 0, "{table}");
    }
}

#[test]
fn coverage_begins_with_the_numbers_and_goes_through_the_sections() {
    let text = shown(&["coverage", "--mqtt", "3.1.1"]);
    let head: Vec<&str> = text.lines().take(9).collect();
    insta::with_settings!({ filters => vec![
        (r"\d+ covered, \d+ proven", "[n] covered, [n] proven"),
        (r"\d+ observed", "[n] observed"),
        (r"(?m)^(  \d\S* +\d+ +\d+) +\d+ +\d+$", "$1 [n] [n]"),
    ] }, {
        insta::assert_snapshot!("coverage_head", head.join("\n"));
    });
    let missing = shown(&["coverage", "--missing", "--mqtt", "5"]);
    assert!(missing.contains("  never judged: ") && missing.contains("--- exit code 0"), "{missing}");
}

#[test]
fn decode_explains_what_is_valid() {
    insta::assert_snapshot!("decode_valid", shown(&["decode", "c000", "30 09 00 03 61 2f 62 00 68 69 21"]));
    let connect = "10 10 00 04 4d 51 54 54 04 02 00 3c 00 04 72 6f 6c 65";
    insta::assert_snapshot!("decode_connect_names_its_version", shown(&["decode", connect, "--from", "client"]));
}

#[test]
fn decode_says_which_rule_is_broken_and_where() {
    insta::assert_snapshot!("decode_refused", shown(&["decode", "c000 30 06 00 03 61 2f 23 00"]));
    insta::assert_snapshot!(
        "decode_refused_for_its_sender",
        shown(&["decode", "d000", "--from", "client", "--mqtt", "3.1.1"])
    );
}

#[test]
fn decode_keeps_to_the_limits_of_a_receiver() {
    insta::assert_snapshot!(
        "decode_too_large",
        shown(&["decode", "30 06 00 03 61 2f 62 00", "--max-packet-size", "7"])
    );
    let subscribe = "82 0b 00 01 00 00 01 61 00 00 01 62 00";
    for (bytes, limit, fits) in [
        ("30 06 00 03 61 2f 62 00", ["--max-packet-size", "8"], true),
        ("30 06 00 03 61 2f 62 00", ["--max-string-len", "3"], true),
        ("30 06 00 03 61 2f 62 00", ["--max-string-len", "2"], false),
        ("30 0d 00 01 61 07 26 00 01 61 00 01 62 68 69", ["--max-user-properties", "1"], true),
        ("30 0d 00 01 61 07 26 00 01 61 00 01 62 68 69", ["--max-user-properties", "0"], false),
        (subscribe, ["--max-topic-filters", "2"], true),
        (subscribe, ["--max-topic-filters", "1"], false),
    ] {
        let output = shown(&["decode", bytes, limit[0], limit[1]]);
        assert_eq!(output.contains("over a limit of the receiver"), !fits, "{output}");
        assert!(output.contains("valid: 1 packet") == fits, "{output}");
    }
}

#[test]
fn decode_says_how_much_is_missing() {
    insta::assert_snapshot!("decode_incomplete", shown(&["decode", "30 09 00 03 61"]));
}

#[test]
fn decode_reads_standard_input() {
    let mut child = mqtt_assay(&["decode", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
    child.stdin.take().expect("piped").write_all(b"c0:00\n").expect("it reads");
    let output = child.wait_with_output().expect("ends");
    assert!(text(&output.stdout).contains("valid: 1 packet, 2 bytes of MQTT 5"), "{output:?}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_run_prints_a_line_for_each_case_and_a_summary() {
    settings().bind(|| {
        insta::assert_snapshot!("run_plain", shown(&["run", "-f", EXAMPLE]));
        insta::assert_snapshot!("run_quiet", shown(&["run", "-q", "-f", EXAMPLE]));
    });
}

#[test]
fn a_failure_says_rule_cause_effect_and_how_to_repeat_it() {
    let arguments = [&["run", "-f", "5/publish/topic-with-wildcard", "-v"][..], &BROKEN].concat();
    settings().bind(|| insta::assert_snapshot!("run_failing", shown(&arguments)));
}

#[test]
fn without_a_command_the_embedded_broker_is_certified() {
    let output = run(&[]);
    let printed = text(&output.stdout);
    assert!(printed.contains("This is the reference broker that is built in. To certify yours:"), "{printed}");
    assert_eq!(output.status.code(), Some(0), "{printed}");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let transcript = |seed: &str| {
        let printed = text(&run(&["run", "-vv", "--seed", seed, "-f", "chapter(publish)", "--order", "random"]).stdout);
        printed
            .lines()
            .filter(|line| line.starts_with("     ") && !line.contains("s 3") && !line.contains("s 5"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let first = transcript("4");
    assert!(first.iter().any(|line| line.contains("CONNECT")), "{first:?}");
    assert_eq!(first, transcript("4"));
    assert_ne!(first, transcript("5"));
}

#[test]
fn prove_shows_which_cases_catch_a_fault() {
    let proof = shown(&["prove", BROKEN[1], "-f", EXAMPLE]);
    settings().bind(|| insta::assert_snapshot!("prove_one_fault", proof));
}

#[test]
fn errors_name_thing_place_and_way_out() {
    let errors: Vec<String> = [
        &["run", "-f", "levl(must) & 5/*"][..],
        &["run", "-f", "5/publish/topic-with-wildcrd"],
        &["run", "-f", "nothing/*"],
        &["run", "-f", "(5/*"],
        &["run", "embeded"],
        &["run", "localhost:1883"],
        &["run", "mqtt://"],
        &["run", "http://localhost"],
        &["run", "ws://localhost/a b"],
        &["run", "mqtt://localhost", "--insecure"],
        &["run", "embedded", "--header", "X:secret"],
        &["run", "mqtt://localhost", "--variant", "tls"],
        &["run", "./no-such-profile.toml"],
        &["run", "--spawn", "broker"],
        &["run", "--spawn", "'broker {port}"],
        &["run", "--fault", "drops-binar"],
        &["run", "--quirk", "extra-copy"],
        &["run", "--variant", "max-qos"],
        &["run", "mqtt://localhost", "--fault", "drops-binary"],
        &["run", "--user", "ann", "--password", "secret"],
        &["run", "--jobs", "0"],
        &["run", "--patience", "much"],
        &["run", "--topic-prefix", "a/#"],
        &["run", "--client-id-prefix", "much-too-long"],
        &["run", "--json", "/no/such/folder/report.json"],
        &["run", "--junit", "/no/such/folder/report.xml"],
        &["run", "--json", "report", "--junit", "report"],
        &["run", "--shard", "5/4"],
        &["run", "--shard", "1/2", "--explore", "3"],
        &["run", "--markdown", "report", "--events", "report"],
        &["report", "no-such-report.json"],
        &["report", "--diff", "--merge", "a.json"],
        &["run", "--html", "-"],
        &["run", "--html", "Cargo.toml"],
        &["report", "/no/such/report.json", "--html", "Cargo.toml/page"],
        &["report", "Cargo.toml", "--html", "Cargo.toml/page"],
        &["explain", "MQTT-3.3.2-22"],
        &["explain", "5/publish/topic-with-wildcrd"],
        &["list", "5/nothing/*"],
        &["decode", "30 0g"],
        &["decode", "303"],
        &["decode", ""],
        &["serve", "--limit", "max-qoss=1"],
        &["serve", "--limit", "max-qos=3"],
        &["serve", "--limit", "max-qos"],
        &["serve", "--listen", "nowhere"],
        &["serve", "--listen", "http://localhost:80"],
        &["serve", "--listen", "mqtts://ann:secret@localhost"],
        &["serve", "--listen", "mqtt://localhost/mqtt"],
        &["serve", "--each", "quirk", "--jobs", "2", "--listen", "ws://127.0.0.1:8083", "--", "true"],
        &["prove", "drops-binar"],
        &["mqtt://localhost"],
    ]
    .into_iter()
    .map(shown)
    .collect();
    settings().bind(|| insta::assert_snapshot!("errors", errors.join("\n")));
}

#[test]
fn a_broker_that_is_not_there_is_nothing_judged() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
    let target = format!("mqtt://127.0.0.1:{port}");
    settings().bind(|| insta::assert_snapshot!("run_unreachable", shown(&["run", &target, "-f", EXAMPLE])));
}

#[test]
fn a_run_that_is_out_of_time_is_interrupted() {
    // It takes connections, and never says a word.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let target = format!("mqtt://{}", listener.local_addr().expect("it is bound"));
    let output = run(&["run", &target, "-f", EXAMPLE, "--timeout", "1"]);
    assert!(text(&output.stdout).contains("Result: --timeout is over: 0 of 2 cases had ended"), "{output:?}");
    assert_eq!(output.status.code(), Some(130));
}

#[test]
fn a_weak_case_fails_only_where_it_is_asked_to() {
    let arguments = ["run", "-f", "5/connect/takeover", "--fault", "takeover-without-disconnect"];
    assert_eq!(exit_code(&arguments), 0);
    let strict = run(&[&arguments[..], &["--strict"]].concat());
    assert!(text(&strict.stdout).contains("Result: FAIL: 1 weak, and --strict is set"), "{strict:?}");
    assert_eq!(strict.status.code(), Some(1));
}

#[test]
fn a_case_whose_set_up_fails_is_inconclusive() {
    let arguments = ["run", "-f", "5/publish/highest-of-overlapping", "--fault", "no-pubcomp"];
    settings().bind(|| insta::assert_snapshot!("run_inconclusive", shown(&arguments)));
}

#[test]
fn the_json_report_holds_what_machines_rely_on() {
    let arguments = [&["run", "-f", EXAMPLE, "--json", "-"][..], &BROKEN].concat();
    let output = run(&arguments);
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("JSON, and nothing else, on standard output");
    assert!(text(&output.stderr).contains("Result: FAIL"), "{output:?}");
    assert_eq!(report["schema"], 1);
    assert_eq!(report["target"]["name"], "embedded");
    assert_eq!(report["mqtt"], serde_json::json!(["3.1.1", "5"]));
    let started = report["started"].as_str().expect("a time");
    assert!(started.len() == 20 && started.ends_with('Z') && started.as_bytes()[10] == b'T', "{started}");
    for count in [
        "cases",
        "pass",
        "fail",
        "weak",
        "not_offered",
        "not_exercised",
        "inconclusive",
        "expected_fail",
        "broken",
        "lenient",
    ] {
        assert!(report["summary"]["5"][count].is_u64(), "{count}");
    }
    for result in report["results"].as_array().expect("results") {
        for field in [
            "case",
            "mqtt",
            "chapter",
            "title",
            "variant",
            "verdict",
            "took_ms",
            "rules",
            "decided_by",
            "expected",
            "transcript",
        ] {
            assert!(!result[field].is_null(), "{field} of {result}");
        }
        let line = result["decided_by"]["line"].as_u64().expect("a line decided");
        let deciding = result["transcript"][line as usize - 1].as_str().expect("the transcript has that line");
        assert!(deciding.trim_start().starts_with(&line.to_string()), "{deciding}");
        for rule in result["rules"].as_array().expect("rules") {
            assert!(["id", "level", "basis", "verdict"].iter().all(|field| rule[field].is_string()), "{rule}");
        }
    }
}

#[test]
fn the_junit_report_counts_what_it_holds() {
    let arguments = [&["run", "-f", "chapter(publish)", "--junit", "-"][..], &BROKEN].concat();
    let report = text(&run(&arguments).stdout);
    assert!(report.starts_with("<?xml") && report.ends_with("</testsuites>\n"), "{report}");
    let stated = |count: &str| {
        let (_, behind) = report.split_once(&format!(" {count}=\"")).expect(count);
        behind.split('"').next().expect(count).parse::<usize>().expect(count)
    };
    assert_eq!(stated("tests"), report.matches("<testcase ").count());
    assert_eq!(stated("failures"), report.matches("<failure ").count());
    assert_eq!(stated("errors"), report.matches("<error ").count());
    assert!(stated("failures") > 0 && report.contains("name=\"5/publish/topic-with-wildcard\""), "{report}");
}

#[test]
fn an_interrupted_run_leaves_a_whole_junit_report() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let target = format!("mqtt://{}", listener.local_addr().expect("it is bound"));
    let output = run(&["run", &target, "-f", EXAMPLE, "--timeout", "1", "--junit", "-"]);
    assert_eq!(output.status.code(), Some(130));
    let report = text(&output.stdout);
    assert!(report.contains("<testsuites") && report.trim_end().ends_with("</testsuites>"), "{report}");
}

#[test]
fn transcripts_of_the_report_can_be_replayed() {
    let output = run(&["run", "-f", "5/publish/topic-with-wildcard", "--json", "-"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let lines =
        report["results"][0]["transcript"].as_array().expect("all by default").iter().filter_map(|line| line.as_str());
    let text = format!("mqtt-assay transcript 1\ncase x\nmqtt 5\n{}", lines.collect::<Vec<_>>().join("\n"));
    text.parse::<mqtt_assay::link::Transcript>().expect("the text form");
    let output = run(&["run", "-f", "5/publish/topic-with-wildcard", "--json", "-", "--transcripts", "failed"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["results"][0]["transcript"], serde_json::json!([]));
}

#[test]
fn coverage_and_list_have_their_json() {
    let coverage: serde_json::Value =
        serde_json::from_slice(&run(&["coverage", "--format", "json"]).stdout).expect("JSON");
    for (version, statements, observable) in [("3.1.1", 141, 128), ("5", 251, 240)] {
        let of = &coverage[version];
        assert_eq!((of["statements"].as_u64(), of["observable"].as_u64()), (Some(statements), Some(observable)));
        assert!(of["covered"].is_u64() && of["proven"].is_u64());
        assert!(["observable", "covered", "proven"].iter().all(|count| of["unnumbered"][count].is_u64()));
        for rule in of["rules"].as_array().expect("rules") {
            assert!(["id", "level", "binds", "observable"].iter().all(|field| rule[field].is_string()), "{rule}");
            let has_cases = rule["cases"].as_array().is_some_and(|cases| !cases.is_empty());
            assert_eq!(has_cases, rule["reason"].is_null(), "{rule}");
        }
    }
}

#[test]
fn a_former_id_leads_to_the_case_of_today() {
    let output = run(&["run", "-f", "5/publish/qos3"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "note: 5/publish/qos3 is judged by 5/malformed/qos-3 now\n");
    let explained = text(&run(&["explain", "publish/qos3"]).stdout);
    assert!(explained.starts_with("3.1.1/publish/qos3 is judged by 3.1.1/malformed/qos-3 now."), "{explained}");
    assert!(explained.contains("A PUBLISH of QoS 3 is refused"), "{explained}");
}

#[test]
fn color_is_kept_out_of_pipes_unless_it_is_asked_for() {
    let arguments = ["run", "-q", "-f", EXAMPLE];
    assert!(!text(&run(&arguments).stdout).contains('\u{1b}'));
    assert!(text(&run(&[&arguments[..], &["--color", "always"]].concat()).stdout).contains('\u{1b}'));
}

#[test]
fn a_reader_that_has_gone_is_no_panic() {
    for arguments in [&["explain", "faults"][..], &["list"], &["coverage"], &["run", "-f", EXAMPLE], &["--help"]] {
        let mut child = mqtt_assay(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("ends");
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_told() {
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    for arguments in [&["list"][..], &["run", "-f", EXAMPLE], &["run", "-f", EXAMPLE, "--json", "-"]] {
        let status = mqtt_assay(arguments).stdout(full()).stderr(Stdio::null()).status().expect("starts");
        assert_eq!(status.code(), Some(8), "{arguments:?}");
    }
    settings()
        .bind(|| insta::assert_snapshot!("report_not_written", shown(&["run", "-f", EXAMPLE, "--json", "/dev/full"])));
}

/// A CONNECT of 5.0 whose client identifier holds a line break and an escape.
const HOSTILE_CONNECT: [u8; 18] = [0x10, 16, 0, 4, b'M', b'Q', b'T', b'T', 5, 2, 0, 60, 0, 0, 3, b'\n', 0x1b, b'x'];

#[test]
fn serve_names_each_rule_that_a_client_breaks() {
    let (mut served, address) = Served::start(&[]);
    let mut client = TcpStream::connect(&address).expect("it listens");
    client.write_all(&HOSTILE_CONNECT).expect("it reads");
    // PUBLISH to a topic with a wildcard.
    client.write_all(&[0x30, 4, 0, 1, b'#', 0]).expect("it reads");
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).expect("it closes");
    assert_eq!(answer.first(), Some(&0x20), "{answer:x?}");
    let log = [served.line(), served.line()].concat();
    settings().bind(|| insta::assert_snapshot!("serve_log", log));
}

#[cfg(unix)]
#[test]
fn serve_ends_well_when_it_is_interrupted() {
    let (mut served, _) = Served::start(&["--limit", "max-qos=1", "--quirk", "extra-copies"]);
    let killed = Command::new("kill").args(["-INT", &served.child.id().to_string()]).status().expect("kill is there");
    assert!(killed.success());
    assert_eq!(served.child.wait().expect("it ends").code(), Some(0));
    assert_eq!(served.line(), "no rule was broken by a client\n");
}

/// A PUBLISH of 5.0 to a topic with a wildcard, with a payload of so many bytes.
fn publish_to_wildcard(payload: u8) -> Vec<u8> {
    [&[0x30, 4 + payload, 0, 1, b'#', 0][..], &vec![b'x'; payload.into()]].concat()
}

#[cfg(unix)]
#[test]
fn serve_counts_breaches_of_two_clients_at_once_and_cuts_long_packets() {
    let (mut served, address) = Served::start(&[]);
    let mut clients = [b'a', b'b'].map(|name| {
        let mut client = TcpStream::connect(&address).expect("it listens");
        client.write_all(&[0x10, 14, 0, 4, b'M', b'Q', b'T', b'T', 5, 2, 0, 60, 0, 0, 1, name]).expect("it reads");
        client.read_exact(&mut [0; 2]).expect("a CONNACK");
        client
    });
    for (client, payload) in clients.iter_mut().zip([0, 100]) {
        client.write_all(&publish_to_wildcard(payload)).expect("it reads");
        client.read_to_end(&mut Vec::new()).expect("it closes");
    }
    let killed = Command::new("kill").args(["-INT", &served.child.id().to_string()]).status().expect("kill is there");
    assert!(killed.success());
    let mut log = String::new();
    served.lines.read_to_string(&mut log).expect("UTF-8");
    settings().bind(|| insta::assert_snapshot!("serve_two_clients", log));
}

#[test]
fn serve_says_what_to_do_when_it_cannot_listen() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    settings().bind(|| insta::assert_snapshot!("serve_port_in_use", shown(&["serve", "--listen", &address])));
}

#[cfg(unix)]
#[test]
fn a_run_that_is_terminated_reports_and_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let target = format!("mqtt://{}", listener.local_addr().expect("it is bound"));
    let mut child = mqtt_assay(&["run", &target, "--json", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    // It has begun, and so listens for signals, once it has connected.
    let connection = listener.accept().expect("it connects");
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill is there");
    assert!(killed.success());
    let mut json = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut json).expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let report: serde_json::Value = serde_json::from_str(&json).expect("a whole report");
    assert_eq!(report["results"], serde_json::json!([]));
    drop(connection);
}
