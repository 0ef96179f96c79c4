//! The proof of the suite: every case is run against the reference broker with every fault, each pair on a broker of
//! its own, and with every quirk that the standard permits.
//!
//! A fault must be caught by each case that claims it, and must not make any other case blame a rule that the fault
//! does not break. A quirk must not make any case fail, turn weak or become inconclusive. Everything is done a second
//! time with delays on every connection, because one scheduler and orderly wake-ups hide the races of real brokers.

use super::pairs::{Broken, Pair, Seen, Switch, control_tells, is_concerned, pairs, run_all, takes_steps};
use crate::cases;
use crate::scenario::{Instance, Verdict};
use mqtt_assay_codec::Version;
use mqtt_assay_reference::{Fault, FaultOn, Quirk};
use mqtt_assay_standard::{Level, RuleId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One thing that the proof found wrong with the suite.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Defect {
    /// What was switched on: a fault or a quirk, with `delayed` where connections were delayed too.
    pub switch: String,
    /// The case.
    pub case: String,
    /// What it should have done, and what it did.
    pub problem: String,
}

/// What the proof showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// For each fault that a case claims, by name: the rules that it turned, each with the cases that did it.
    pub caught: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    /// Faults that no case claims yet.
    pub unclaimed: Vec<String>,
    /// Faults that leave cases about other rules inconclusive: how many of how many, where it is more than none.
    pub coarse: BTreeMap<String, (usize, usize)>,
    /// Quirks tried, each with the cases whose thing it takes away.
    pub quirks: BTreeMap<String, BTreeSet<String>>,
    /// How many pairs there are.
    pub pairs: usize,
    /// How many of them were run; in the others the broker does the same without its fault.
    pub run: usize,
    /// What is wrong; empty where the suite is proven.
    pub defects: Vec<Defect>,
}

/// Cases whose thing a quirk takes away, by the end of their id: there, and nowhere else, the quirk may leave them not
/// exercised or not offered.
pub const TAKEN_AWAY: &[(Quirk, &[&str])] = &[
    (
        Quirk::ClosesBadConnectAtOnce,
        &[
            "5/connect/refusal-hides-session",
            "5/connect/refusing-connack",
            "5/explanations/reason-string-fits.connack",
            "5/explanations/user-property-fits.connack",
        ],
    ),
    (
        Quirk::OneInFlight,
        &[
            "/delivery/fresh-identifier.qos1",
            "/delivery/fresh-identifier.qos2",
            "/order/pubrels-again",
            "/connections/pubrels-in-order.second-time",
            "/connections/pubrels-in-order.third-time",
            "/connections/pubrels-in-order.taken-over",
            "/connections/acknowledged-out-of-order.resumed",
            "/connections/acknowledged-out-of-order.second-time",
            "/connections/queued-acknowledged-out-of-order.queued",
            "/connections/not-released-unasked.retained",
            "/outgoing/identifiers-after-resume.qos1",
            "/outgoing/identifiers-after-resume.qos2",
            "/outgoing/identifiers-apart.of-both",
            "/outgoing/identifiers-apart.of-qos1",
            "/outgoing/identifiers-apart.of-qos2",
            "/outgoing/out-of-order.qos1",
            "/outgoing/out-of-order.qos2",
            "/outgoing/refused-among-others.qos1",
            "/outgoing/refused-among-others.qos2",
        ],
    ),
    (
        Quirk::ClosesIdleClients,
        &[
            "/connections/keep-alive-is-the-reason.resumed",
            "/connections/keep-alive-is-the-reason.second-time",
            "/connections/keep-alive-is-the-reason.taken-over",
        ],
    ),
    (
        Quirk::RefusesControlCharacters,
        &["/strings/kept-characters.control", "/strings/kept-characters.noncharacter", ".control-characters"],
    ),
    (Quirk::ExtraCopies, &["/identifiers/one-copy"]),
    (Quirk::CopiesApart, &["/identifiers/one-copy"]),
    (
        Quirk::LimitsFilters,
        &[
            "/topics/deepest",
            "/topics/many-levels.named",
            "/topics/many-levels.wildcards",
            "/topics/wildcard-and-dollar.hash",
        ],
    ),
    (
        Quirk::LongerSessions,
        &[
            "5/connections/ended-by-takeover.fresh",
            "5/connections/ended-by-takeover.resumed",
            "5/connections/ended-by-takeover.second-time",
            "5/connections/ends-in-time.second-time",
            "5/connections/ends-in-time.third-time",
            "5/connections/ends-in-time.taken-over",
            "5/connections/ends-in-time.taken-over-clean",
            "5/connections/ends-with-connection.second-time",
            "5/connections/ends-with-connection.third-time",
            "5/connections/ends-with-connection.taken-over",
            "5/connections/ends-with-connection.taken-over-clean",
            "5/disconnect/expiry-after-none",
            "5/disconnect/expiry-ends-session",
            "5/resumes/expiry.is-new",
            "5/session/ended-session-is-gone",
            "5/session/ended-session-leaves-nothing",
            "5/session/expires",
            "5/shared/ended-session-goes-to-nobody-else",
            "5/shares/half-done.taken-over-clean",
            "5/will/not-after-its-session.after-expiry",
            "5/will/not-after-its-session.at-once",
            "5/wills/displaces.session-end",
            "5/wills/ends-with-session.qos2",
            "5/wills/ends-with-session.resumed",
            "5/wills/ends-with-session.retained",
            "5/wills/ends-with-session.second-time",
        ],
    ),
];

/// Quirks with which a broker can't be judged at all: the control must tell, before any case is run.
pub const STOPS_AT_CONTROL: &[Quirk] = &[Quirk::RewritesTopics];

/// Rules whose breach leaves little to be judged: their deciding step is the plain connect itself.
const BREAKS_EVERYTHING: &[&str] = &["MQTT-7.0.0-2", "MQTT-7.1.1-1"];

/// A fault is too coarse that leaves more of the cases about other rules inconclusive than so many of so many: a third of all
/// cases rests on the properties of messages, or on a session.
const COARSE: (usize, usize) = (2, 5);

/// Rules about the reason code of a refusal, and about the packet that carries it, and about the code for what was not there.
/// A broker that breaks one of them answers every refusal less well than 5.0 recommends, which is weak and no blame, or says
/// nothing that could be looked at.
pub(super) const ABOUT_CODES: &[&str] =
    &["U3-07", "U5-179", "U5-210", "MQTT-3.2.2-8", "MQTT-3.14.0-1", "MQTT-3.14.2-1"];

/// Runs the proof for the cases that `is_meant` says yes to; with a fault, for that fault alone. Uses as many threads as
/// the machine has cores.
pub fn prove(only: Option<FaultOn>, is_meant: impl Fn(&Instance) -> bool) -> Proof {
    let claimed = claimed();
    let faults: Vec<Broken> = match only {
        Some(fault) => vec![Broken::new(fault)],
        None => claimed.iter().copied().map(Broken::new).collect(),
    };
    let quirks = if only.is_some() { Vec::new() } else { judged_quirks() };
    let pairs = pairs(&faults, &quirks, &is_meant);
    let (seen, run) = run_all(&pairs);
    let mut proof = Proof { pairs: pairs.len(), run, ..Proof::default() };
    if only.is_none() {
        let unclaimed = Fault::ALL.iter().filter(|fault| !claimed.contains(fault));
        proof.unclaimed = unclaimed.map(|fault| fault.name()).collect();
        proof.defects.extend(STOPS_AT_CONTROL.iter().flat_map(|&quirk| not_told_by_control(quirk)));
        proof.quirks.extend(STOPS_AT_CONTROL.iter().map(|quirk| (quirk.name().to_owned(), BTreeSet::new())));
    }
    judge(&pairs, &seen, &is_meant, &mut proof);
    count_coarse(&pairs, &seen, &mut proof);
    proof.defects.sort();
    proof.defects.dedup();
    proof
}

/// The quirks with which a broker can be judged.
fn judged_quirks() -> Vec<Quirk> {
    Quirk::ALL.iter().copied().filter(|quirk| !STOPS_AT_CONTROL.contains(quirk)).collect()
}

/// Every fault that a case claims to catch, once each.
pub fn claimed() -> Vec<Fault> {
    let mut claimed: Vec<Fault> = Vec::new();
    for instance in cases::all() {
        for &fault in instance.case.caught {
            if !claimed.contains(&fault) {
                claimed.push(fault);
            }
        }
    }
    claimed
}

fn judge(pairs: &[Pair<'_>], seen: &[Arc<Seen>], is_meant: &impl Fn(&Instance) -> bool, proof: &mut Proof) {
    let invariants: Vec<Instance> = cases::all().filter(|case| !takes_steps(case) && is_meant(case)).collect();
    let is_asked = |id: &str| invariants.iter().any(|invariant| invariant.id() == id);
    let mut plain: BTreeMap<String, Verdict> = BTreeMap::new();
    let mut caught: BTreeMap<(String, bool), BTreeSet<String>> = BTreeMap::new();
    for (pair, seen) in pairs.iter().zip(seen) {
        let quirk = match pair.switch {
            None => None,
            Some(Switch::Quirk(quirk)) => Some(quirk),
            Some(Switch::Fault(broken)) => {
                let before = plain.get(&pair.instance.id()).copied().unwrap_or(Verdict::Pass);
                if !pair.is_traffic {
                    faulty(pair, seen, broken, before, proof);
                }
                let noticed = seen.invariants.iter().map(|(id, _)| id).filter(|id| is_asked(id)).cloned();
                caught.entry((broken.name(), pair.delayed)).or_default().extend(noticed);
                continue;
            }
        };
        if quirk.is_none() && !pair.delayed {
            plain.insert(pair.instance.id(), seen.verdict);
        }
        permitted(pair, seen, quirk, proof);
    }
    for instance in &invariants {
        for fault in instance.case.caught {
            for delayed in [false, true] {
                invariant_caught(instance, *fault, delayed, &caught, proof);
            }
        }
    }
}

/// The defects of a control that does not tell a broker that can't be judged.
fn not_told_by_control(quirk: Quirk) -> Vec<Defect> {
    let untold = [Version::V3_1_1, Version::V5].into_iter().filter(|&version| !control_tells(quirk, version));
    let defect = |version| Defect {
        switch: quirk.name().to_owned(),
        case: format!("{version}/control"),
        problem: "the control does not tell that this broker can't be judged".to_owned(),
    };
    untold.map(defect).collect()
}

/// Counts the cases about other rules that each fault leaves inconclusive; too many are a defect of the fault. They are
/// held against all such cases of the suite, however few were run: a fault is no coarser for being looked at closely.
fn count_coarse(pairs: &[Pair<'_>], seen: &[Arc<Seen>], proof: &mut Proof) {
    let mut counts: BTreeMap<String, (&Broken, usize)> = BTreeMap::new();
    for (pair, seen) in pairs.iter().zip(seen) {
        let Some(Switch::Fault(broken)) = pair.switch else { continue };
        let counts_here = !pair.delayed && !pair.is_traffic && seen.verdict == Verdict::Inconclusive;
        if counts_here && is_about_others(broken, &pair.instance) {
            counts.entry(broken.name()).or_insert((broken, 0)).1 += 1;
        }
    }
    for (name, (broken, inconclusive)) in counts {
        let is_counted = |case: &Instance| {
            takes_steps(case) && is_concerned(Some(Switch::Fault(broken)), case) && is_about_others(broken, case)
        };
        let all = cases::all().filter(is_counted).count();
        let excused = broken.rules(Version::V3_1_1).iter().any(|id| BREAKS_EVERYTHING.contains(id));
        if inconclusive * COARSE.1 > all * COARSE.0 && !excused {
            let problem = format!("too coarse: {inconclusive} of {all} cases about other rules are inconclusive");
            proof.defects.push(Defect { switch: name.clone(), case: "every case".to_owned(), problem });
        }
        proof.coarse.insert(name, (inconclusive, all));
    }
}

/// A case of which no rule is broken by the fault.
fn is_about_others(broken: &Broken, instance: &Instance) -> bool {
    !instance.rules.judged().any(|rule| broken.rules(instance.version).contains(&rule.id()))
}

/// A broker that the standard permits: nothing may fail, turn weak or become inconclusive.
fn permitted(pair: &Pair<'_>, seen: &Seen, quirk: Option<Quirk>, proof: &mut Proof) {
    let name = quirk.map_or_else(|| "nothing".to_owned(), |quirk| quirk.name().to_owned());
    let id = pair.instance.id();
    let problem = match seen.verdict {
        Verdict::Pass | Verdict::Observed => None,
        Verdict::NotExercised | Verdict::NotOffered
            if quirk.is_some_and(|quirk| is_taken_away(quirk, &pair.instance)) =>
        {
            proof.quirks.entry(name.clone()).or_default().insert(id.clone());
            None
        }
        verdict => Some(format!("{verdict} on a broker that the standard permits: {}", seen.text)),
    };
    if quirk.is_some() {
        proof.quirks.entry(name.clone()).or_default();
    }
    let problem = problem.filter(|_| !pair.is_traffic);
    let broken = seen
        .invariants
        .iter()
        .map(|(invariant, _)| format!("{invariant} broken on a broker that the standard permits"));
    for problem in problem.into_iter().chain(broken) {
        proof.defects.push(Defect { switch: switch_name(&name, pair.delayed), case: id.clone(), problem });
    }
}

/// A broker that grants QoS 1 where QoS 2 is asked for takes away whatever needs QoS 2; the rest is listed by hand.
fn is_taken_away(quirk: Quirk, instance: &Instance) -> bool {
    let id = instance.id();
    (quirk == Quirk::GrantsLowerQos && instance.case.needs.contains(&"qos2"))
        || TAKEN_AWAY.iter().any(|(known, cases)| *known == quirk && cases.iter().any(|case| id.ends_with(case)))
}

/// A broker with a fault: who claims it must catch it, and nobody may blame a rule that it keeps.
fn faulty(pair: &Pair<'_>, seen: &Seen, broken: &Broken, before: Verdict, proof: &mut Proof) {
    let (name, claims) = (broken.name(), broken.is_claimed_by(&pair.instance));
    // A case may have connections of both versions: an invariant goes by that of the packet.
    let breaks = |rule: RuleId| broken.rules(rule.rule().version).contains(&rule.id());
    let broken = broken.rules(pair.instance.version);
    let id = pair.instance.id();
    let mut defect = |problem: String| {
        let switch = switch_name(&name, pair.delayed);
        proof.defects.push(Defect { switch, case: id.clone(), problem });
    };
    let about_codes = broken.iter().any(|id| ABOUT_CODES.contains(id));
    // A recommendation without a limit of time can't be seen broken: that nothing came is observed, and no more.
    let left_open = |rule: &RuleId, verdict| verdict == Verdict::Observed && rule.rule().level == Level::Should;
    let is_turned = |(rule, verdict): &(RuleId, Verdict)| {
        matches!(verdict, Verdict::Fail | Verdict::Weak) || left_open(rule, *verdict)
    };
    let turned: Vec<(RuleId, Verdict)> = seen.rules.iter().copied().filter(is_turned).collect();
    let blamed = turned.iter().filter(|(_, verdict)| !(about_codes && *verdict == Verdict::Weak));
    let innocent: Vec<&str> = blamed.map(|(rule, _)| rule.id()).filter(|id| !broken.contains(id)).collect();
    if !innocent.is_empty() {
        defect(format!("blames {}, which the fault keeps: {}", innocent.join(" "), seen.text));
    }
    for (invariant, rule) in &seen.invariants {
        if !breaks(*rule) {
            defect(format!("{invariant} is broken ({}), which the fault keeps", rule.id()));
        }
    }
    let hit: Vec<RuleId> =
        turned.into_iter().map(|(rule, _)| rule).filter(|rule| broken.contains(&rule.id())).collect();
    let concerned = pair.instance.rules.judged().any(|rule| broken.contains(&rule.id()));
    if claims && concerned && hit.is_empty() {
        defect(format!("claims to catch it and was {}: {}", seen.verdict, seen.text));
    }
    let is_open = seen.verdict == Verdict::Observed && !hit.is_empty();
    let unchanged = matches!(seen.verdict, Verdict::Inconclusive | Verdict::Fail | Verdict::Weak)
        || seen.verdict == before
        || is_open;
    let silent = about_codes && seen.verdict == Verdict::NotExercised;
    if !unchanged && !silent {
        defect(format!("was {before} and became {}: {}", seen.verdict, seen.text));
    }
    for rule in hit {
        let rules = proof.caught.entry(name.clone()).or_default();
        rules.entry(rule_key(rule)).or_default().insert(id.clone());
    }
}

fn invariant_caught(
    instance: &Instance,
    fault: Fault,
    delayed: bool,
    caught: &BTreeMap<(String, bool), BTreeSet<String>>,
    proof: &mut Proof,
) {
    let broken = fault.breaks(instance.version);
    let rules: Vec<RuleId> = instance.rules.judged().filter(|rule| broken.contains(&rule.id())).collect();
    let Some(seen) = caught.get(&(fault.name(), delayed)) else { return };
    if rules.is_empty() {
        return;
    }
    if !seen.contains(&instance.id()) {
        let problem = "claims to catch it and saw nothing in any case".to_owned();
        proof.defects.push(Defect { switch: switch_name(&fault.name(), delayed), case: instance.id(), problem });
    }
    for rule in rules {
        proof.caught.entry(fault.name()).or_default().entry(rule_key(rule)).or_default().insert(instance.id());
    }
}

fn switch_name(name: &str, delayed: bool) -> String {
    if delayed { format!("{name}, delayed") } else { name.to_owned() }
}

fn rule_key(rule: RuleId) -> String {
    let version = if rule.rule().version == Version::V5 { "5" } else { "3.1.1" };
    format!("{version} {}", rule.id())
}
