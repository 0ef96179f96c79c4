//! The vocabulary against brokers that do one odd thing: ways in which a suite comes to a false verdict. What each broker does
//! stands in `broker.rs`; what the suite must make of it stands in the test.

mod broker;

use broker::{FLOOD, Way, odd_broker, started};
use mqtt_assay::broker::{AddressTarget, Reach, Setting, Target};
use mqtt_assay::cases;
use mqtt_assay::run::{CaseResult, Disturbance, Event, Order, RunOptions, RunResult, clock, run};
use mqtt_assay::scenario::{Instance, Kind, LeftBehind, RunNames, Verdict};
use mqtt_assay_codec::Version;
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::PoisonError;

fn judge(way: Way, case: &str) -> CaseResult {
    let result = judged(way, odd_broker(way), &[case], std::future::pending());
    result.results.into_iter().next().expect("one result")
}

/// A run of these cases against a broker that is there.
fn judged(way: Way, port: u16, ids: &[&str], stop: impl Future<Output = ()>) -> RunResult {
    let selected: Vec<Instance> = cases::all().filter(|instance| ids.contains(&&*instance.id())).collect();
    assert_eq!(selected.len(), ids.len(), "{ids:?} are cases");
    let names = RunNames { topic_prefix: "odd".to_owned(), client_id_prefix: "od".to_owned(), run: "d".to_owned() };
    // Thousands of messages take as long as the machine takes: no limit of time is to decide about them.
    let patience = if matches!(way, Way::FullOfOthers | Way::FloodsWithOthers) { 4 } else { 1 };
    let options = RunOptions {
        seed: 1,
        jobs: ids.len(),
        patience,
        order: Order::default(),
        fail_fast: false,
        intrusive: true,
        names,
    };
    let address = format!("mqtt://127.0.0.1:{port}");
    let target = Target::Address(Box::new(
        AddressTarget::parse(&address, Setting::default(), Reach::default()).expect("an address"),
    ));
    let result = clock::real(async { run(&target, &selected, &options, stop, |_| {}).await });
    result.expect("a runtime").unwrap_or_else(|nothing| panic!("nothing was judged: {}", nothing.0))
}

/// What the invariants make of the packets of a case, beside what the case makes of them.
#[track_caller]
fn assert_found(way: Way, case: &str, kept: Verdict, invariants: &[(&str, Verdict)]) {
    let all: Vec<&str> = [case].into_iter().chain(invariants.iter().map(|(id, _)| *id)).collect();
    let results = judged(way, odd_broker(way), &all, std::future::pending()).results;
    for (id, verdict) in [(case, kept)].iter().chain(invariants) {
        let result = results.iter().find(|result| result.instance.id() == *id).expect("a result of each");
        assert_eq!(result.verdict, *verdict, "{way:?}, {id}: {:?}\n{}", result.reason, result.transcript);
    }
}

#[track_caller]
fn assert_verdict(way: Way, case: &str, verdict: Verdict) {
    let result = judge(way, case);
    assert_eq!(result.verdict, verdict, "{way:?}: {:?}\n{}", result.reason, result.transcript);
}

#[test]
fn a_step_that_fails_after_a_pass_leaves_no_pass() {
    assert_verdict(Way::TakeoverUnserved, "5/connect/takeover", Verdict::Inconclusive);
}

#[test]
fn a_message_that_the_broker_refused_is_not_owed_to_anybody() {
    assert_verdict(Way::RefusesAllButTrials, "5/publish/delivered-unchanged", Verdict::Inconclusive);
}

#[test]
fn a_broker_that_says_it_has_no_sessions_is_not_judged_by_them() {
    assert_verdict(Way::NoSessions, "5/session/queued-while-away", Verdict::NotOffered);
}

#[test]
fn a_connack_for_the_first_connect_is_no_answer_to_what_came_later() {
    assert_verdict(Way::ConnackTwice, "5/malformed/reserved-flags.subscribe", Verdict::Pass);
}

#[test]
fn a_pingresp_before_the_probe_does_not_show_that_the_broker_went_on() {
    assert_verdict(Way::PingrespAfterDisconnect, "5/malformed/reserved-flags.subscribe", Verdict::Pass);
}

#[test]
fn a_stray_byte_after_a_farewell_does_not_hide_the_close() {
    assert_verdict(Way::StrayByteAfterDisconnect, "5/malformed/reserved-flags.subscribe", Verdict::Pass);
}

#[test]
fn an_acknowledgement_before_the_close_is_no_refusal() {
    assert_verdict(Way::AcknowledgesFirst, "5/malformed/reserved-flags.subscribe", Verdict::Fail);
}

#[test]
fn a_malformed_connect_that_is_let_in_without_a_word_is_not_refused() {
    assert_verdict(Way::AdmitsInSilence, "3.1.1/malformed-connect/malformed.extra.trailing", Verdict::Fail);
    assert_verdict(Way::AdmitsInSilence, "5/malformed-connect/malformed.extra.trailing", Verdict::Fail);
}

#[test]
fn a_pubrel_before_the_close_is_no_refusal() {
    assert_verdict(Way::ReleasesFirst, "5/malformed/reserved-flags.pubrec", Verdict::Fail);
}

#[test]
fn a_second_connect_may_be_told_why_it_ends_the_connection() {
    assert_verdict(Way::RefusesSecondConnect, "3.1.1/connect/second-connect", Verdict::Pass);
}

#[test]
fn bytes_that_are_no_packet_do_not_show_that_a_connection_is_not_served() {
    assert_verdict(Way::NonsenseBeforePingresp, "5/keep-alive/ping-is-answered", Verdict::Inconclusive);
}

#[test]
fn a_message_is_not_owed_to_a_client_that_had_gone_before_it_was_sent() {
    assert_verdict(Way::LosesSubscriber, "3.1.1/topics/byte-order-mark", Verdict::Inconclusive);
}

#[test]
fn a_message_that_comes_with_dup_after_its_acknowledgement_was_read_is_new_and_found() {
    for (version, once) in [("3.1.1", "3.1.1/invariants/qos1-once"), ("5", "5/invariants/qos1-once")] {
        let case = format!("{version}/retain/sent-again");
        assert_found(Way::RepeatsForRetained, &case, Verdict::Pass, &[(once, Verdict::Fail)]);
    }
}

#[test]
fn properties_behind_an_unknown_one_are_not_judged() {
    assert_verdict(Way::UnknownPropertyFirst, "5/publish/property-is-kept.content-type", Verdict::Inconclusive);
}

#[test]
fn messages_of_others_are_passed_over_however_large_and_many() {
    for version in ["3.1.1", "5"] {
        assert_verdict(Way::FullOfOthers, &format!("{version}/topics/wildcard-and-dollar.hash"), Verdict::Pass);
    }
}

/// A case that finds no place beside others says nothing of the broker; alone it does.
#[test]
fn what_timed_out_beside_others_is_judged_alone() {
    let chosen =
        ["5/publish/delivered-unchanged", "5/malformed/qos-3", "5/keep-alive/ping-is-answered", "5/connect/takeover"];
    let result = judged(Way::Crowded, odd_broker(Way::Crowded), &chosen, std::future::pending());
    for result in &result.results {
        assert_eq!(
            result.verdict,
            Verdict::Pass,
            "{}: {:?}\n{}",
            result.instance.id(),
            result.reason,
            result.transcript
        );
    }
    assert!(result.results.iter().any(|result| result.alone == Some(Disturbance::TimedOut)), "one had no place");
}

#[test]
fn a_flood_of_others_is_answered_and_costs_the_record_no_more_than_its_numbers() {
    for version in ["3.1.1", "5"] {
        let result = judge(Way::FloodsWithOthers, &format!("{version}/publish/delivered-unchanged"));
        assert_eq!(result.verdict, Verdict::Pass, "{:?}\n{}", result.reason, result.transcript);
        let text = result.transcript.to_string();
        assert!(text.len() < 32 << 10 && result.transcript.lines.len() < 200, "{} bytes:\n{text}", text.len());
        let counted = text.lines().filter_map(|line| line.split_once("not written down: ")).map(|(_, counts)| counts);
        let numbers: Vec<u64> = counted.flat_map(|counts| counts.split(' ').flat_map(str::parse)).collect();
        // Packets, their bytes, our answers. How many PUBREL had come by the end of the case is a matter of speed.
        let all = 2 * u64::from(FLOOD);
        let range = all - 100..2 * all;
        assert!(
            numbers.len() >= 3 && range.contains(&numbers[0]) && range.contains(&numbers[2]),
            "{numbers:?}\n{text}"
        );
    }
}

#[track_caller]
fn assert_reason(way: Way, case: &str, verdict: Verdict, named: &str) {
    let result = judge(way, case);
    let reason = result.reason.unwrap_or_default();
    assert_eq!(result.verdict, verdict, "{way:?}: {reason}\n{}", result.transcript);
    assert!(reason.contains(named), "{way:?}: {reason}");
}

#[test]
fn what_the_broker_refused_is_owed_to_nobody() {
    let way = Way::RefusesAllButTrials;
    for case in ["order/as-published.qos1", "order/as-published.qos2", "qos/clients-at-once"] {
        assert_reason(way, &format!("5/{case}"), Verdict::Inconclusive, "0x97");
    }
    assert_reason(way, "5/segments/bytewise.publish", Verdict::Inconclusive, "owes it to nobody");
    assert_reason(way, "5/publish/any-length.127", Verdict::NotExercised, "0x97");
    assert_verdict(way, "5/qos/each-is-answered", Verdict::Pass);
}

#[test]
fn a_path_is_tried_by_who_publishes_over_it() {
    let cases = [
        "topics/slashes.trailing",
        "subscribe/lower-qos-wins.1-to-2",
        "topics/parent-level",
        "publish/delivered-unchanged",
        "publish/empty-payload",
        "qos/clients-at-once",
    ];
    for case in cases {
        assert_verdict(Way::SubackFirst, &format!("5/{case}"), Verdict::Pass);
    }
    assert_verdict(Way::SubackFirst, "3.1.1/session/lasts-while-connected", Verdict::Pass);
}

#[test]
fn an_end_for_the_brokers_own_reasons_is_no_answer_to_what_came_later() {
    assert_reason(Way::SendsRoguesAway, "5/malformed/reserved-flags.subscribe", Verdict::Inconclusive, "0x98");
}

#[test]
fn a_broker_that_shuts_down_owes_no_messages() {
    assert_reason(Way::ShutsDownOnMessage, "5/publish/delivered-unchanged", Verdict::Inconclusive, "0x8b");
}

#[test]
fn what_a_takeover_would_explain_is_no_breach() {
    let unseen = "may not have dealt with its end";
    assert_reason(Way::NeverEnds, "5/session/stored-session-is-present", Verdict::Inconclusive, unseen);
}

#[test]
fn a_bare_close_is_no_answer_to_an_unknown_level_from_a_broker_of_one_version() {
    assert_verdict(Way::OnlyOldClosesOnLevel, "3.1.1/connect/unknown-level", Verdict::Fail);
}

#[test]
fn a_broker_of_both_versions_may_answer_an_unknown_level_by_a_bare_close() {
    assert_verdict(Way::ConnackTwice, "3.1.1/connect/unknown-level", Verdict::Pass);
}

#[test]
fn silence_about_another_protocol_breaks_nothing_in_3_1_1() {
    assert_verdict(Way::SilentOnOtherProtocol, "3.1.1/connect/other-protocol", Verdict::Pass);
}

#[test]
fn silence_about_another_protocol_is_a_breach_in_5() {
    assert_verdict(Way::SilentOnOtherProtocol, "5/connect/other-protocol", Verdict::Fail);
}

#[test]
fn a_broker_that_does_not_know_the_name_shows_nothing_of_its_bytes() {
    assert_verdict(Way::KnowsItsUsers, "5/strings/connect-text.utf8.surrogate@user-name", Verdict::NotOffered);
    assert_verdict(Way::KnowsItsUsers, "3.1.1/strings/unusual-characters.utf8.control@user-name", Verdict::NotOffered);
}

#[test]
fn a_foreign_name_does_not_stand_in_the_way_of_other_fields() {
    assert_verdict(Way::KnowsItsUsers, "5/strings/connect-text.utf8.surrogate@will-topic", Verdict::Pass);
    assert_verdict(Way::KnowsItsUsers, "3.1.1/strings/connect-text.utf8.nul@client-identifier", Verdict::Pass);
}

#[test]
fn a_packet_with_no_place_for_a_password_is_not_offered_to_who_wants_one() {
    let case = "5/malformed-connect/with-user-name.connect.password-flag-without-password";
    assert_verdict(Way::KnowsItsUsers, case, Verdict::NotOffered);
}

#[test]
fn a_silent_connection_that_stays_open_is_observed() {
    assert_verdict(Way::ConnackTwice, "5/connect/silent-connection", Verdict::Observed);
}

/// Cases that make a session or a retained message, and then wait for seconds.
const LONG: [&str; 2] = ["5/retain/expires", "5/session/expires"];

#[test]
fn what_cannot_be_removed_is_named() {
    let cases = ["3.1.1/session/queued-while-away", "5/session/queued-while-away", "5/retain/replaced"];
    let (port, state) = started(Way::KeepsWhatItHas);
    let left = judged(Way::KeepsWhatItHas, port, &cases, std::future::pending()).left_behind;
    let state = state.lock().expect("no thread of the broker has panicked");
    let of = |wanted: Kind| left.iter().filter(move |left| left.kind == wanted);
    let name = |left: &LeftBehind| left.name.clone();
    assert_eq!(of(Kind::Session).map(name).collect::<BTreeSet<_>>(), state.sessions, "{left:?}");
    let topics: BTreeSet<String> = state.retained.iter().map(|(topic, _)| topic.clone()).collect();
    assert_eq!(of(Kind::Retained).map(name).collect::<BTreeSet<_>>(), topics, "{left:?}");
    assert!(
        left.iter().all(|left| cases.contains(&&*left.case) || left.case.ends_with("/control/control")),
        "{left:?}"
    );
    // Two sessions of cases; a retained message of one of them, and one of the control in each version.
    assert_eq!((state.sessions.len(), topics.len()), (2, 3));
}

#[test]
fn the_report_names_what_cannot_be_removed() {
    let target = format!("mqtt://127.0.0.1:{}", odd_broker(Way::KeepsWhatItHas));
    let arguments = ["run", &target, "-f", "5/retain/replaced", "--json", "-"];
    let output = Command::new(env!("CARGO_BIN_EXE_mqtt-assay")).args(arguments).output().expect("the program is there");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let left = report["left_behind"].as_array().expect("a list");
    let left = left.iter().find(|left| left["case"] == "5/retain/replaced").expect("what the case left");
    assert_eq!(left["kind"], "retained", "{report}");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains(&format!("the retained message on {} (5/retain/replaced)", left["name"])), "{text}");
}

#[test]
fn a_run_that_is_ended_early_removes_what_it_made() {
    let (port, state) = started(Way::Orderly);
    let has_both = || {
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        !state.sessions.is_empty() && !state.retained.is_empty()
    };
    // Other tasks have their turn in between: this one waits for what they do.
    let stop = async {
        while !has_both() {
            tokio::task::yield_now().await;
        }
    };
    let result = judged(Way::Orderly, port, &LONG, stop);
    assert!(result.is_partial && result.results.iter().all(|result| !LONG.contains(&&*result.instance.id())));
    assert_eq!(result.left_behind, []);
    let state = state.lock().expect("no thread of the broker has panicked");
    assert!(state.sessions.is_empty() && state.retained.is_empty(), "{:?} {:?}", state.sessions, state.retained);
}

#[test]
fn a_byte_too_much_is_found_and_spoils_nothing() {
    let long = ("3.1.1/invariants/packet-end", Verdict::Weak);
    let acknowledgement = ("3.1.1/invariants/acknowledgement-length", Verdict::Weak);
    assert_found(Way::ByteTooMuch, "3.1.1/qos/puback-identifier", Verdict::Pass, &[long, acknowledgement]);
    let long = ("5/invariants/packet-end", Verdict::Weak);
    assert_found(Way::ByteTooMuch, "5/qos/puback-identifier", Verdict::Pass, &[long]);
    assert_found(Way::ByteTooMuch, "5/keep-alive/ping-is-answered", Verdict::Pass, &[long]);
}

#[test]
fn packets_that_only_clients_send_are_found_and_spoil_nothing() {
    for version in ["3.1.1", "5"] {
        let direction = format!("{version}/invariants/direction");
        for way in [Way::ActsLikeClient, Way::UnknownTypeBeforePingresp] {
            let ping = format!("{version}/keep-alive/ping-is-answered");
            assert_found(way, &ping, Verdict::Pass, &[(&direction, Verdict::Weak)]);
        }
    }
    let direction = ("3.1.1/invariants/direction", Verdict::Weak);
    assert_found(Way::ActsLikeClient, "3.1.1/malformed/reserved-flags.subscribe", Verdict::Pass, &[direction]);
    // The first byte of such a packet is enough, though the close comes before the second.
    let direction = ("5/invariants/direction", Verdict::Weak);
    assert_found(Way::StrayByteAfterDisconnect, "5/malformed/reserved-flags.subscribe", Verdict::Pass, &[direction]);
}

#[test]
fn a_breach_of_order_is_found_wherever_it_is_seen() {
    let twice = [("3.1.1/invariants/connack-once", Verdict::Weak), ("3.1.1/invariants/connack-first", Verdict::Pass)];
    assert_found(Way::ConnackTwice, "3.1.1/keep-alive/ping-is-answered", Verdict::Pass, &twice);
    let twice = ("5/invariants/connack-once", Verdict::Fail);
    assert_found(Way::ConnackTwice, "5/keep-alive/ping-is-answered", Verdict::Pass, &[twice]);
    let dup = ("3.1.1/invariants/dup-of-first", Verdict::Fail);
    assert_found(Way::DupOfPublisher, "3.1.1/qos/qos1-identifier-is-free", Verdict::Pass, &[dup]);
}

#[test]
fn an_invariant_passes_only_where_its_thing_was_there_to_be_broken() {
    let there = [
        ("5/invariants/connack-code", Verdict::Pass),
        ("5/invariants/second-reason-string-in-connack", Verdict::NotExercised),
        ("5/invariants/content-type-utf8", Verdict::NotExercised),
        ("5/invariants/no-session-present-in-refusal", Verdict::NotExercised),
        ("5/invariants/nothing-after-disconnect", Verdict::NotExercised),
    ];
    assert_found(Way::RefusesAllButTrials, "5/keep-alive/ping-is-answered", Verdict::Pass, &there);
}

/// A broker of 3.1.1 that closes on a CONNECT of 5.0 has not failed 650 cases: it is found out before the run, and told once.
#[test]
fn the_version_that_a_broker_does_not_speak_is_not_offered_in_one_line() {
    let address = format!("mqtt://127.0.0.1:{}", odd_broker(Way::OnlyOldClosesOnLevel));
    let target = Target::Address(Box::new(
        AddressTarget::parse(&address, Setting::default(), Reach::default()).expect("an address"),
    ));
    let selected: Vec<Instance> = cases::all().filter(|case| case.id().ends_with("/publish/empty-payload")).collect();
    let names = RunNames { topic_prefix: "odd".to_owned(), client_id_prefix: "od".to_owned(), run: "v".to_owned() };
    let order = Order::default();
    let options = RunOptions { seed: 1, jobs: 8, patience: 1, order, fail_fast: false, intrusive: true, names };
    let (mut told, mut begun) = (Vec::new(), 0);
    let on_event = |event: Event<'_>| match event {
        Event::NotSpoken(version, count, why) => told.push((version, count, why.to_owned())),
        Event::Started(_) => begun += 1,
        _ => {}
    };
    let result = clock::real(async { run(&target, &selected, &options, std::future::pending(), on_event).await });
    let result = result.expect("a runtime").unwrap_or_else(|nothing| panic!("nothing was judged: {}", nothing.0));
    let verdicts: Vec<Verdict> = result.results.iter().map(|result| result.verdict).collect();
    assert_eq!((verdicts, begun), (vec![Verdict::Pass, Verdict::NotOffered], 1));
    let [(Version::V5, 1, why)] = told.as_slice() else { panic!("{told:?}") };
    assert!(why.ends_with("it ends the connection at its CONNECT, and serves MQTT 3.1.1"), "{why}");
}
