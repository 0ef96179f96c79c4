//! What a case carries along: its names, its record, its ledger, and what it leaves on the broker.

use super::announced::Announced;
use super::leavings::{Leavings, Left};
use super::names::Names;
use super::rules::{CaseRules, StepRules};
use super::trial::Tried;
use super::verdict::{Ledger, RuleVerdict, Stop, Verdict};
use crate::broker::Ready;
use crate::link::{Doorway, Link, Publication, Recorder, Remark, RunCapacity, Surroundings, Transcript, Witness};
use mqtt_assay_codec::{QoS, Version, split_shared, topic_matches};
use mqtt_assay_standard::{Basis, Level, RuleId};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::time::Duration;

/// The label of transcript lines that belong to no connection.
pub(crate) const CASE: &str = "case";

/// What all cases of a run have in common.
#[derive(Debug, Default)]
pub(crate) struct Common {
    capacity: Rc<RunCapacity>,
    doorway: Doorway,
    pub(crate) leavings: Rc<Leavings>,
}

/// What the steps of a case have to know of the case.
pub(crate) struct Brief {
    pub(crate) id: String,
    pub(crate) version: Version,
    pub(crate) rules: &'static CaseRules,
    pub(crate) member: &'static str,
}

/// Everything that belongs to one run of one case.
pub struct CaseContext {
    brief: Brief,
    names: Names,
    pub(super) ready: Ready,
    patience: u32,
    recorder: Rc<Recorder>,
    ledger: RefCell<Ledger>,
    pub(super) doorway: Doorway,
    pub(super) links: RefCell<Vec<Rc<Link>>>,
    pub(super) roles: RefCell<BTreeMap<String, u32>>,
    packet_ids: RefCell<BTreeMap<&'static str, u16>>,
    pub(super) left: RefCell<Left>,
    leavings: Weak<Leavings>,
    revised: Cell<bool>,
    /// Roles with what they subscribed to, as on the wire but for the share; the last of a filter counts.
    subscriptions: RefCell<BTreeMap<(&'static str, String), QoS>>,
    /// Subscriptions that are seen to work.
    pub(super) tried: RefCell<Vec<Tried>>,
    /// A connection of ours whose end the broker was not seen to deal with.
    unseen_end: RefCell<Option<String>>,
    at_the_end: RefCell<Vec<LastLook>>,
}

/// What is looked at once more when the run ends.
type LastLook = Box<dyn FnOnce(&CaseContext)>;

impl CaseContext {
    pub(crate) fn new(
        brief: Brief,
        names: Names,
        ready: Ready,
        patience: u32,
        witness: Rc<dyn Witness>,
        common: &Common,
    ) -> Rc<Self> {
        let own_topics = names.own_topics();
        let (id, version) = (brief.id.clone(), brief.version);
        let surroundings = Surroundings {
            broker: ready.setting.broker,
            own_clients: names.own_clients().to_owned(),
            is_simulated: ready.endpoint.is_embedded(),
        };
        let recorder = Recorder::new(id, version, own_topics, &common.capacity, witness, surroundings);
        recorder.hide(ready.setting.secrets());
        let context = Rc::new(Self {
            brief,
            names,
            ready,
            patience,
            recorder: Rc::new(recorder),
            ledger: RefCell::default(),
            doorway: common.doorway.clone(),
            links: RefCell::default(),
            roles: RefCell::default(),
            packet_ids: RefCell::default(),
            left: RefCell::default(),
            leavings: Rc::downgrade(&common.leavings),
            revised: Cell::new(false),
            subscriptions: RefCell::default(),
            tried: RefCell::default(),
            unseen_end: RefCell::default(),
            at_the_end: RefCell::default(),
        });
        common.leavings.begin(&context);
        context
    }

    /// The same broker as a case of another version would see it; what it sends there is shown to nobody.
    pub(super) fn in_version(&self, version: Version) -> Rc<Self> {
        let Brief { ref id, rules, member, .. } = self.brief;
        let brief = Brief { id: id.clone(), version, rules, member };
        let common = Common { doorway: self.doorway.clone(), ..Common::default() };
        let ready = self.ready.clone();
        Self::new(brief, self.names.clone(), ready, self.patience, Rc::new(self.recorder.unseen()), &common)
    }

    pub(crate) fn version(&self) -> Version {
        self.brief.version
    }

    /// The user name and password of ordinary connections, where the broker wants them.
    pub(crate) fn credentials(&self) -> Option<(String, String)> {
        self.ready.setting.credentials.clone()
    }

    pub(crate) fn brief(&self) -> &Brief {
        &self.brief
    }

    pub(crate) fn recorder(&self) -> &Rc<Recorder> {
        &self.recorder
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    pub(crate) fn say(&self, role: &str, remark: Remark, text: impl Into<String>) -> u32 {
        self.recorder.say(role, remark, text)
    }

    pub(crate) fn transcript(&self) -> Transcript {
        self.recorder.transcript()
    }

    pub(crate) fn rule_verdicts(&self) -> Vec<RuleVerdict> {
        self.ledger.borrow().entries().to_vec()
    }

    /// True once a late packet has changed a verdict after the case returned.
    pub(crate) fn was_revised(&self) -> bool {
        self.revised.get()
    }

    /// A limit of the suite's own, stretched by `--patience`.
    pub(crate) fn patient(&self, limit: Duration) -> Duration {
        limit * self.patience
    }

    pub(crate) fn published(&self, publication: Publication, retain: bool) {
        if retain && !publication.payload.is_empty() {
            self.left.borrow_mut().retained(&publication.topic);
        }
        self.recorder.published(publication);
    }

    pub(crate) fn subscribed(&self, role: &'static str, filter: String, qos: QoS) {
        let plain = split_shared(&filter).map(|(_, plain)| plain.to_owned()).unwrap_or(filter);
        self.subscriptions.borrow_mut().insert((role, plain), qos);
    }

    /// The highest QoS of this role's subscriptions that match a topic.
    pub(super) fn highest_subscription(&self, role: &str, topic: &str) -> Option<QoS> {
        let subscriptions = self.subscriptions.borrow();
        let matching =
            subscriptions.iter().filter(|((known, filter), _)| *known == role && topic_matches(filter, topic));
        matching.map(|(_, qos)| *qos).max()
    }

    /// What the broker has announced to a connection of this case.
    pub(super) fn announced(&self) -> Option<Announced> {
        self.links.borrow().iter().find_map(|link| Announced::on(link))
    }

    /// The broker has not ended this connection although we have: it may not have dealt with that yet.
    pub(super) fn end_unseen(&self, label: &str, limit: Duration) {
        let why = format!("the broker has not ended {label} within {limit:?}, and may not have dealt with its end");
        self.say(label, Remark::Notes, why.as_str());
        self.unseen_end.borrow_mut().get_or_insert(why);
    }

    /// What the next connection of this role is called: `watcher`, `watcher#2`.
    pub(super) fn label(&self, role: &str) -> String {
        let mut roles = self.roles.borrow_mut();
        let count = roles.entry(role.to_owned()).or_default();
        *count += 1;
        if *count == 1 { role.to_owned() } else { format!("{role}#{count}") }
    }

    pub(crate) fn next_packet_id(&self, role: &'static str) -> u16 {
        let mut ids = self.packet_ids.borrow_mut();
        let next = ids.entry(role).or_insert(1);
        let id = *next;
        *next = next.checked_add(1).unwrap_or(1);
        id
    }

    pub(crate) fn leaves_session(&self, client_id: String, link: &Rc<Link>) {
        self.left.borrow_mut().session(client_id, link);
    }

    /// What could be removed of what the case made has been.
    pub(crate) fn is_cleaned_up(&self) {
        Leavings::end(&self.leavings, self);
    }

    /// The rules that a step decides, each with its basis; `None` where the step is a part of the set-up in this
    /// version.
    pub(crate) fn deciding(&self, named: Option<StepRules>, refusal: bool) -> Option<Deciding> {
        let rules = self.brief.rules;
        let group = match named {
            None => rules.proves.first().copied().unwrap_or_default(),
            Some(step) => {
                let wanted = step.of(self.version())?;
                let found = rules.proves.iter().copied().find(|group| group.contains(&wanted));
                found.unwrap_or_else(|| panic!("{} decides {wanted}, which its row does not prove", self.brief.id))
            }
        };
        let basis = if refusal { Basis::Reaction } else { Basis::Direct };
        let mut judged: Vec<(RuleId, Basis)> = group.iter().map(|&rule| (rule, basis)).collect();
        let mut at_most_weak = false;
        if refusal {
            judged.extend(rules.breaks.iter().map(|&rule| (rule, Basis::Reaction)));
            at_most_weak = !rules.breaks.is_empty() && rules.breaks.iter().all(|rule| rule.rule().level.is_weak());
        }
        Some(Deciding { judged, at_most_weak })
    }

    /// In a case that breaks rules: those, for what must not come of it. Elsewhere the first that the case proves.
    pub(crate) fn deciding_breaks(&self) -> Option<Deciding> {
        if self.brief.rules.breaks.is_empty() {
            return self.deciding(None, false);
        }
        let breaks = self.brief.rules.breaks;
        let judged = breaks.iter().map(|&rule| (rule, Basis::Reaction)).collect();
        let at_most_weak = breaks.iter().all(|rule| rule.rule().level.is_weak());
        Some(Deciding { judged, at_most_weak })
    }

    /// Writes down that a step held.
    pub(crate) fn kept(&self, role: &str, deciding: Option<&Deciding>, expected: &str, seen: &str, line: u32) {
        let Some(deciding) = deciding else { return };
        self.judge(role, deciding, Finding::Kept, expected, seen, line);
    }

    /// Writes down that a step held, but not as the standard recommends.
    pub(crate) fn weak(&self, role: &str, deciding: Option<&Deciding>, expected: &str, seen: &str, line: u32) {
        let Some(deciding) = deciding else { return };
        self.judge(role, deciding, Finding::Weak, expected, seen, line);
    }

    /// Writes down what was seen of a recommendation that sets no limit of time: no verdict yet.
    pub(crate) fn observed(&self, role: &str, deciding: Option<&Deciding>, expected: &str, seen: &str, line: u32) {
        let Some(deciding) = deciding else { return };
        self.judge(role, deciding, Finding::Open, expected, seen, line);
    }

    /// Writes down that it held after all, after the case had returned.
    pub(crate) fn late(&self, role: &str, deciding: Option<&Deciding>, expected: &str, seen: &str, line: u32) {
        self.revised.set(true);
        self.kept(role, deciding, expected, seen, line);
    }

    /// Looks once more when the run ends.
    pub(crate) fn at_the_end(&self, look: LastLook) {
        self.at_the_end.borrow_mut().push(look);
    }

    /// Takes the looks that were left for the end of the run.
    pub(super) fn look_again(&self) {
        for look in std::mem::take(&mut *self.at_the_end.borrow_mut()) {
            look(self);
        }
    }

    /// Writes down that a step did not hold. `Err` where that stops the case.
    pub(crate) fn broken(
        &self,
        role: &str,
        deciding: Option<&Deciding>,
        expected: &str,
        seen: &str,
        line: u32,
    ) -> Result<(), Stop> {
        let Some(deciding) = deciding else {
            return Err(Stop::Inconclusive { why: format!("{role}: expected {expected}; {seen}"), line: Some(line) });
        };
        if let Some(unseen) = self.unseen_end.borrow().as_ref() {
            let why = format!("{role}: expected {expected}; {seen}; but {unseen}");
            return Err(Stop::Inconclusive { why, line: Some(line) });
        }
        if self.judge(role, deciding, Finding::Broken, expected, seen, line) == Verdict::Fail {
            Err(Stop::Failed)
        } else {
            Ok(())
        }
    }

    fn judge(
        &self,
        role: &str,
        deciding: &Deciding,
        finding: Finding,
        expected: &str,
        seen: &str,
        line: u32,
    ) -> Verdict {
        let mut worst = Verdict::NotExercised;
        for &(rule, basis) in &deciding.judged {
            let verdict = finding.verdict(rule.rule().level, deciding.at_most_weak);
            worst = worst.min(verdict);
            let (expected, seen) = (expected.to_owned(), seen.to_owned());
            self.ledger.borrow_mut().write(RuleVerdict { rule, basis, verdict, line: Some(line), expected, seen });
        }
        let ids: Vec<&str> = deciding.judged.iter().map(|(rule, _)| rule.id()).collect();
        self.say(role, Remark::Decides, format!("{worst} {}: {seen} (line {line})", ids.join(" ")));
        worst
    }

    /// A packet that must not come has come after its case had its verdict.
    pub(crate) fn straggler(&self, role: &str, deciding: Option<&Deciding>, seen: &str, line: u32) {
        if let Some(deciding) = deciding.filter(|_| self.unseen_end.borrow().is_none()) {
            self.revised.set(true);
            self.judge(role, deciding, Finding::Broken, "nothing of the kind until the run ends", seen, line);
        }
    }

    /// True where time costs nothing.
    pub(crate) fn is_at_embedded(&self) -> bool {
        self.ready.endpoint.is_embedded()
    }

    pub(crate) fn links(&self) -> Vec<Rc<Link>> {
        self.links.borrow().clone()
    }
}

/// Rules that a step decides.
#[derive(Debug, Clone)]
pub(crate) struct Deciding {
    judged: Vec<(RuleId, Basis)>,
    /// Every rule that the case breaks is only implied: then so is the demand for the reaction.
    at_most_weak: bool,
}

#[derive(Clone, Copy)]
enum Finding {
    Kept,
    Open,
    Weak,
    Broken,
}

impl Finding {
    fn verdict(self, level: Level, at_most_weak: bool) -> Verdict {
        match self {
            _ if level == Level::May => Verdict::Observed,
            Self::Open => Verdict::Observed,
            Self::Kept => Verdict::Pass,
            Self::Weak => Verdict::Weak,
            Self::Broken if at_most_weak => Verdict::Weak,
            Self::Broken => Verdict::broken(level),
        }
    }
}
