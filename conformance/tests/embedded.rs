//! The whole suite on the embedded broker: it must pass, and come out the same whatever the order and the number of
//! cases side by side.

use mqtt_assay::broker::{EmbeddedOptions, EmbeddedTarget, Target};
use mqtt_assay::cases;
use mqtt_assay::run::{Event, Order, RunOptions, RunResult, clock, run};
use mqtt_assay::scenario::{Instance, RunNames, Verdict};
use mqtt_assay_codec::{Rule, Version};
use mqtt_assay_reference::{Fault, Quirk};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

fn options(seed: u64, jobs: usize, order: Order) -> RunOptions {
    let names = RunNames {
        topic_prefix: "mqtt-assay".to_owned(),
        client_id_prefix: "ma".to_owned(),
        run: format!("run{seed}"),
    };
    RunOptions { seed, jobs, patience: 1, order, fail_fast: false, intrusive: true, names }
}

fn run_all(options: &RunOptions) -> RunResult {
    let selected: Vec<Instance> = cases::all().collect();
    let target =
        Target::Embedded(EmbeddedTarget::new(EmbeddedOptions { seed: options.seed, ..EmbeddedOptions::default() }));
    clock::simulated(async { run(&target, &selected, options, std::future::pending(), |_| {}).await })
        .unwrap_or_else(|nothing| panic!("the control failed: {}", nothing.0))
}

/// How many random orders are tried.
const SEEDS: u64 = 12;

/// One in so many is run twice, for the bytes of its transcripts. Not a multiple of 3: all numbers of jobs are to be met.
const AGAIN: u64 = 5;

/// Every (case, rule, verdict), and what else a reader would see of it.
fn triples(result: &RunResult) -> Vec<(String, String, Verdict)> {
    let mut all = Vec::new();
    for case in &result.results {
        for rule in &case.rules {
            all.push((case.instance.id(), rule.rule.id().to_owned(), rule.verdict));
        }
    }
    all
}

/// Cases that judge how a broker refuses what it may take: this one takes it, which is observed.
const TAKES_WHAT_IT_MAY_REFUSE: [&str; 2] = ["/connect/unusual-client-id.", "/connect/longest-client-id"];

/// Invariants about what it never sends: it names no method twice, tells of no other server, and never says that nobody has
/// subscribed. That a will which was deleted does not come is seen only where it comes.
const NEVER_SENT: [&str; 8] = [
    "3.1.1/invariants/will-deleted",
    "5/invariants/no-subscribers",
    "5/invariants/second-server-reference-in-disconnect",
    "5/invariants/will-deleted",
    "5/invariants/second-authentication-method",
    "5/invariants/second-response-information",
    "5/invariants/second-server-reference",
    "5/invariants/server-reference",
];

/// Rules of cases that have an occasion only where a broker does otherwise than this one: it grants what is asked and has no
/// codes to mix up, sends one copy for overlapping subscriptions, and sends again with the identifier that a message had.
const OTHERWISE: [(&str, &str); 4] = [
    ("5/each-connection/subscribed.", "MQTT-3.8.4-7"),
    ("5/each-connection/unsubscribed.", "U5-179"),
    ("5/identifiers/all-that-match", "MQTT-3.3.4-5"),
    ("5/identifiers/never-back", "U5-172"),
];

#[test]
fn every_case_passes_on_the_embedded_broker() {
    let result = run_all(&options(1, 64, Order::LongWaitsFirst));
    let mut complaints = String::new();
    for case in &result.results {
        let id = case.instance.id();
        let takes = case.verdict == Verdict::Observed && TAKES_WHAT_IT_MAY_REFUSE.iter().any(|part| id.contains(part));
        let is_right = |verdict| match verdict {
            Verdict::Pass | Verdict::Observed => true,
            Verdict::NotExercised => takes || NEVER_SENT.contains(&id.as_str()),
            _ => false,
        };
        let needs_another = |rule: &str| OTHERWISE.iter().any(|(case, known)| id.starts_with(case) && *known == rule);
        let unjudged = case.rules.iter().any(|rule| {
            !(is_right(rule.verdict) || rule.verdict == Verdict::NotExercised && needs_another(rule.rule.id()))
        });
        if unjudged {
            let reason = case.reason.as_deref().unwrap_or_default();
            let _ = writeln!(complaints, "{} {}: {reason}\n{}", case.instance.id(), case.verdict, case.transcript);
            for rule in &case.rules {
                let _ = writeln!(complaints, "    {} {}: {}", rule.rule, rule.verdict, rule.seen);
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints}");
    assert_eq!(result.results.len(), cases::all().count());
}

/// Nothing else is at the broker while a heavy case is, whatever order was asked for.
#[test]
fn heavy_cases_run_last_and_alone() {
    let selected: Vec<Instance> = cases::all().filter(|case| case.chapter == "topics").collect();
    let target = Target::Embedded(EmbeddedTarget::new(EmbeddedOptions::default()));
    let (mut running, mut heavy, mut most) = (0, 0, 0);
    let on_event = |event: Event<'_>| match event {
        Event::Started(instance) => {
            running += 1;
            most = running.max(most);
            assert!(!instance.case.is_heavy() || running == 1, "{} is not alone", instance.id());
            assert!(instance.case.is_heavy() || heavy == 0, "{} comes behind a heavy one", instance.id());
            heavy += usize::from(instance.case.is_heavy());
        }
        Event::Finished(result) if result.took.is_zero() => {}
        Event::Finished(_) => running -= 1,
        _ => {}
    };
    let options = options(3, 64, Order::Random);
    let ran = clock::simulated(async { run(&target, &selected, &options, std::future::pending(), on_event).await });
    assert!(ran.is_ok() && heavy > 0 && most > 1, "{heavy} heavy ones, at most {most} side by side");
}

#[test]
fn order_and_jobs_change_no_verdict_and_the_seed_fixes_the_transcripts() {
    let expected = triples(&run_all(&options(1, 1, Order::LongWaitsFirst)));
    let seeds = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let seed = seeds.fetch_add(1, Ordering::Relaxed)
                    && seed < SEEDS
                {
                    changes_nothing(seed, &expected);
                }
            });
        }
    });
}

fn changes_nothing(seed: u64, expected: &[(String, String, Verdict)]) {
    let jobs = [1, 8, 1000][seed as usize % 3];
    let options = options(seed, jobs, Order::Random);
    let one = run_all(&options);
    assert_eq!(triples(&one), expected, "seed {seed}, {jobs} jobs");
    if seed.is_multiple_of(AGAIN) {
        let again = run_all(&options);
        // Below TLS there are random numbers of the handshake to be seen, which no seed of ours decides.
        let pairs = one.results.iter().zip(&again.results);
        for (one, other) in pairs.filter(|(one, _)| !one.instance.id().contains("/tls/")) {
            assert!(one.transcript == other.transcript, "{}: seed {seed}, {jobs} jobs", one.instance.id());
        }
    }
}

/// What becomes of these cases, side by side, on a broker with these faults and quirks.
fn verdicts<const COUNT: usize>(faults: &[Fault], quirks: &[Quirk], ids: [&str; COUNT]) -> [Verdict; COUNT] {
    let result = results(faults, quirks, ids);
    ids.map(|id| {
        let case = result.results.iter().find(|case| case.instance.id() == id).expect("a result");
        println!("{}", case.transcript);
        case.verdict
    })
}

fn results<const COUNT: usize>(faults: &[Fault], quirks: &[Quirk], ids: [&str; COUNT]) -> RunResult {
    let selected: Vec<Instance> = cases::all().filter(|instance| ids.contains(&instance.id().as_str())).collect();
    assert_eq!(selected.len(), COUNT, "each of {ids:?} is a case");
    let (faults, quirks) = (faults.iter().copied().map(Into::into).collect(), quirks.to_vec());
    let target =
        Target::Embedded(EmbeddedTarget::new(EmbeddedOptions { faults, quirks, ..EmbeddedOptions::default() }));
    let options = options(1, COUNT, Order::LongWaitsFirst);
    clock::simulated(async { run(&target, &selected, &options, std::future::pending(), |_| {}).await })
        .unwrap_or_else(|nothing| panic!("the control failed: {}", nothing.0))
}

#[test]
fn a_silent_connection_may_be_closed_as_long_as_the_run_lasts() {
    let (silent, other) = ("5/connect/silent-connection", "5/session/expires");
    let quirk = [Quirk::PatientWithSilence];
    assert_eq!(verdicts(&[], &quirk, [silent]), [Verdict::Observed], "nobody looks any longer");
    assert_eq!(verdicts(&[], &quirk, [silent, other]), [Verdict::Pass, Verdict::Pass]);
    assert_eq!(verdicts(&[Fault::NeverClosesSilentConnection], &[], [silent, other])[0], Verdict::Observed);
}

#[test]
fn a_broker_that_takes_a_wrong_subscribe_is_still_judged_by_its_disconnect() {
    let faults = [Fault::Tolerates(Rule::NoTopicFilter)];
    let cases = [
        "3.1.1/disconnect/malformed.flags",
        "5/disconnect/malformed.reason-twice",
        "5/disconnect/code-of-broker",
        "5/disconnect/broker-leaves-after-disconnect",
    ];
    assert_eq!(verdicts(&faults, &[], cases), [Verdict::Pass; 4]);
}

#[test]
fn the_end_of_a_session_is_not_told_by_session_present() {
    let cases = ["5/session/expires", "5/session/expires-in-time.as-asked", "5/disconnect/expiry-ends-session"];
    assert_eq!(verdicts(&[Fault::SessionPresentAlways], &[], cases), [Verdict::Pass; 3]);
    assert_eq!(verdicts(&[Fault::SessionPresentNever], &[], cases), [Verdict::Pass; 3]);
}

#[test]
fn a_forgotten_order_of_fields_is_not_blamed_on_who_takes_any_client_identifier() {
    let order = ["3.1.1/connect/will-before-client-id", "5/connect/will-before-client-id"];
    assert_eq!(verdicts(&[Fault::Tolerates(Rule::ClientIdUtf8)], &[], order), [Verdict::Inconclusive; 2]);
}

#[test]
fn a_bad_will_topic_is_the_same_breach_in_both_versions() {
    let name =
        |version: &str| format!("{version}/malformed-connect/bad-will-topic.topic.wildcard-in-name.hash@will-topic");
    let (old, new) = (name("3.1.1"), name("5"));
    assert_eq!(verdicts(&[Fault::ActsOn(Rule::WillTopicWildcard)], &[], [&old, &new]), [Verdict::Fail; 2]);
}

#[test]
fn what_a_deciding_set_up_step_needs_can_fail_the_case() {
    let lost = |fault, case| verdicts(&[fault], &[], [case]);
    assert_eq!(lost(Fault::LosesDup, "3.1.1/delivery/first-delivery.qos1"), [Verdict::Fail]);
    assert_eq!(lost(Fault::LosesUnusualWills, "5/will/qos-of-will.2"), [Verdict::Fail]);
    assert_eq!(lost(Fault::ExpiryEmptiesQueue, "5/expiry/expired-is-not-delivered"), [Verdict::Fail]);
    assert_eq!(lost(Fault::SharedIdentifiersMixed, "5/shared/own-identifier"), [Verdict::Fail]);
    // A broker without QoS 2 fails the one case that judges that.
    assert_eq!(lost(Fault::NoPubrec, "3.1.1/qos/qos2-handshake"), [Verdict::Fail]);
    assert_eq!(lost(Fault::NoPubrec, "3.1.1/qos/qos2-identifier-is-free"), [Verdict::NotExercised]);
    assert_eq!(lost(Fault::WrongPubcompId, "5/qos/pubrel-again"), [Verdict::Fail]);
    assert_eq!(lost(Fault::NoPubrecForResent, "5/qos/qos2-resent-with-another-payload"), [Verdict::Fail]);
    assert_eq!(lost(Fault::ForgetsSession, "3.1.1/delivery/redelivery-qos1"), [Verdict::Fail]);
    assert_eq!(lost(Fault::ForgetsSession, "5/identifiers/outlives-connection"), [Verdict::Fail]);
    assert_eq!(lost(Fault::EmptyNotForwarded, "3.1.1/retain/empty-payload-clears"), [Verdict::Fail]);
}

/// Cases whose clients come back to a session.
const OF_SESSIONS: [&str; 17] = [
    "/delivery/acknowledged-is-done",
    "/delivery/completed-is-done",
    "/delivery/first-delivery.qos1",
    "/delivery/first-delivery.qos2",
    "/delivery/qos0-form",
    "/delivery/redelivery-pubrel",
    "/delivery/redelivery-qos1",
    "/delivery/redelivery-qos2",
    "/order/pubrels-again",
    "/order/queued",
    "/order/sent-again",
    "/qos/pubrel-again",
    "/qos/pubrel-again-and-again",
    "/qos/qos2-resent-is-delivered-once",
    "/qos/qos2-resent-with-another-payload",
    "/subscribe/begun-delivery-goes-on",
    "/identifiers/outlives-connection",
];

fn of_sessions(faults: &[Fault]) -> Vec<(String, Verdict, Vec<&'static str>)> {
    let ends = |id: &str| OF_SESSIONS.iter().any(|end| id.ends_with(end));
    let ids: Vec<String> = cases::all().map(|instance| instance.id()).filter(|id| ends(id)).collect();
    let judged = ids.iter().map(|id| {
        let result = results(faults, &[], [id.as_str()]);
        let rules = result.results[0].rules.iter().filter(|rule| rule.verdict == Verdict::Fail);
        (id.clone(), result.results[0].verdict, rules.map(|rule| rule.rule.id()).collect())
    });
    judged.collect()
}

#[test]
fn a_session_shows_by_what_waits_for_it_whatever_connack_says() {
    for (id, verdict, _) in of_sessions(&[Fault::SessionPresentNever]) {
        assert_eq!(verdict, Verdict::Pass, "{id}");
    }
}

/// What it has to do with a session that isn't there is the fault of nothing else.
#[test]
fn a_broker_without_sessions_breaks_no_rule_about_what_is_in_them() {
    for (id, verdict, failed) in of_sessions(&[Fault::ForgetsSession]) {
        let broken = Fault::ForgetsSession.breaks(if id.starts_with('5') { Version::V5 } else { Version::V3_1_1 });
        assert!(failed.iter().all(|rule| broken.contains(rule)), "{id} fails {failed:?}");
        let rests_on_it = id.contains("/qos/qos2-resent") || id.starts_with("5/delivery/redelivery");
        assert!(!rests_on_it || verdict == Verdict::Inconclusive, "{id} is {verdict}");
    }
}

#[test]
fn codes_that_are_equal_show_no_order() {
    let case = ["5/subscribe/unsuback-codes-in-order"];
    assert_eq!(verdicts(&[Fault::UnsubackAlwaysSuccess], &[], case), [Verdict::NotExercised]);
}

#[test]
fn a_broker_that_accepts_an_empty_client_identifier_is_judged_by_what_it_refuses() {
    let accepts = [Fault::AcceptsEmptyClientId];
    assert_eq!(verdicts(&accepts, &[], ["3.1.1/connect/nothing-after-refusal"]), [Verdict::Pass]);
    let case = ["3.1.1/connect/refusing-connack"];
    let result = results(&accepts, &[Quirk::AnswersUnknownLevelAs311], case);
    let verdict = |id| result.results[0].rules.iter().find(|rule| rule.rule.id() == id).map(|rule| rule.verdict);
    assert_eq!(verdict("MQTT-3.1.3-8"), Some(Verdict::Fail));
    for rule in ["MQTT-3.2.2-5", "MQTT-3.2.2-4", "U3-09"] {
        assert_eq!(verdict(rule), Some(Verdict::Pass), "{rule}");
    }
    let smuggles = [Fault::AcceptsEmptyClientId, Fault::ProcessesAfterRefusal];
    assert_eq!(verdicts(&smuggles, &[], ["5/connect/nothing-after-refusal"]), [Verdict::Fail]);
}

#[test]
fn a_denied_filter_may_end_the_connection_which_is_weak() {
    assert_eq!(verdicts(&[Fault::ClosesOnDenied], &[], ["3.1.1/subscribe/denied-filter"]), [Verdict::Weak]);
}

#[test]
fn limits_of_topic_filters_leave_nothing_to_judge() {
    let filters = ["3.1.1/topics/many-levels.named", "5/topics/many-levels.wildcards"];
    assert_eq!(verdicts(&[], &[Quirk::LimitsFilters], filters), [Verdict::NotExercised; 2]);
    let hash = ["3.1.1/topics/wildcard-and-dollar.hash", "5/topics/wildcard-and-dollar.hash"];
    assert_eq!(verdicts(&[], &[Quirk::LimitsFilters], hash), [Verdict::NotOffered; 2]);
}
