//! The broker under test as a case sees it, and what a case carries along: transcript, ledger, names, clean-up.

use super::case::{Instance, StepRules};
use super::client::Client;
use super::draft::{Draft, connect};
use super::invariant::Invariants;
use super::names::{Names, Topic};
use super::pattern::a_connack;
use super::verdict::{Evidence, Ledger, RuleVerdict, Stop, Verdict};
use crate::broker::{Endpoint, Setting};
use crate::link::{Capacity, Doorway, Link, Remark, Room, RunCapacity, Transcript, What};
use mqtt_assay_codec::{DecodeError, OwnedPacket, Packet, QoS, ReasonCode, Version};
use mqtt_assay_standard::bounds;
use mqtt_assay_standard::{Basis, Level, RuleId};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The label of transcript lines that belong to no connection.
pub(crate) const CASE: &str = "case";

/// A message that some client of the case has sent: what a fence is compared with.
#[derive(Debug, Clone)]
pub(crate) struct Publication {
    pub(crate) link: String,
    /// The transcript line at which it was sent; of a will, the line of its CONNECT.
    pub(crate) line: u32,
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: QoS,
    /// Neither retained nor mutated: what the standard orders.
    pub(crate) is_plain: bool,
}

/// What a case has made on the broker and must remove.
#[derive(Debug, Default)]
struct Left {
    sessions: BTreeSet<String>,
    retained: BTreeSet<String>,
}

/// What all cases of a run have in common.
#[derive(Debug, Default)]
pub(crate) struct Common {
    capacity: Rc<RunCapacity>,
    doorway: Doorway,
}

/// Everything that belongs to one run of one case.
pub struct CaseContext {
    instance: Instance,
    names: Names,
    endpoint: Endpoint,
    setting: Setting,
    patience: u32,
    started: Instant,
    transcript: RefCell<Transcript>,
    ledger: RefCell<Ledger>,
    invariants: Rc<Invariants>,
    capacity: Capacity,
    doorway: Doorway,
    links: RefCell<Vec<Rc<Link>>>,
    roles: RefCell<BTreeMap<String, u32>>,
    packet_ids: RefCell<BTreeMap<&'static str, u16>>,
    publications: RefCell<Vec<Publication>>,
    left: RefCell<Left>,
    revised: Cell<bool>,
}

impl CaseContext {
    pub(crate) fn new(
        instance: Instance,
        names: Names,
        endpoint: Endpoint,
        setting: Setting,
        patience: u32,
        invariants: Rc<Invariants>,
        common: &Common,
    ) -> Rc<Self> {
        let transcript = RefCell::new(Transcript::new(instance.id(), instance.version));
        Rc::new(Self {
            instance,
            names,
            endpoint,
            setting,
            patience,
            started: Instant::now(),
            transcript,
            ledger: RefCell::default(),
            invariants,
            capacity: Capacity::of(&common.capacity),
            doorway: common.doorway.clone(),
            links: RefCell::default(),
            roles: RefCell::default(),
            packet_ids: RefCell::default(),
            publications: RefCell::default(),
            left: RefCell::default(),
            revised: Cell::new(false),
        })
    }

    pub(crate) fn version(&self) -> Version {
        self.instance.version
    }

    /// The user name and password of ordinary connections, where the broker wants them.
    pub(crate) fn credentials(&self) -> Option<(String, String)> {
        self.setting.credentials.clone()
    }

    pub(crate) fn instance(&self) -> &Instance {
        &self.instance
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    pub(crate) fn record(&self, role: &str, what: What) -> u32 {
        self.transcript.borrow_mut().add(self.started.elapsed(), role, what)
    }

    pub(crate) fn say(&self, role: &str, remark: Remark, text: impl Into<String>) -> u32 {
        self.record(role, What::Said(remark, text.into()))
    }

    pub(crate) fn transcript(&self) -> Transcript {
        self.transcript.borrow().clone()
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

    /// Takes a packet of this length from the broker in; false where there is no more room for what it sends.
    pub(crate) fn has_room_for(&self, len: usize) -> bool {
        self.capacity.takes(len)
    }

    /// Whether there is room for a message of others that is so long.
    pub(crate) fn room_for_others(&self, len: usize) -> Room {
        self.capacity.takes_of_others(len)
    }

    /// Holds a packet from the broker against the invariants.
    pub(crate) fn hold(&self, role: &str, line: u32, packet: &OwnedPacket, error: Option<&DecodeError>) {
        self.invariants.hold(&self.instance, role, line, &packet.packet(), error);
    }

    /// Holds bytes that are no packet against the invariants.
    pub(crate) fn hold_refused(&self, role: &str, line: u32, error: &DecodeError) {
        self.invariants.hold_refused(&self.instance, role, line, error);
    }

    pub(crate) fn published(&self, publication: Publication, retain: bool) {
        if retain && !publication.payload.is_empty() {
            self.left.borrow_mut().retained.insert(publication.topic.clone());
        }
        self.publications.borrow_mut().push(publication);
    }

    /// True for a message below the case's own topics, or one that a client of the case has sent.
    pub(crate) fn is_ours(&self, topic: &str, payload: &[u8]) -> bool {
        self.names.is_own(topic)
            || self.publications.borrow().iter().any(|known| known.topic == topic || known.payload == payload)
    }

    /// True for a topic that the case uses.
    pub(crate) fn is_our_topic(&self, topic: &str) -> bool {
        self.names.is_own(topic) || self.publications.borrow().iter().any(|known| known.topic == topic)
    }

    pub(crate) fn next_packet_id(&self, role: &'static str) -> u16 {
        let mut ids = self.packet_ids.borrow_mut();
        let next = ids.entry(role).or_insert(1);
        let id = *next;
        *next = next.checked_add(1).unwrap_or(1);
        id
    }

    /// The last message with this payload that a client of the case sent.
    pub(crate) fn publication(&self, payload: &[u8]) -> Option<Publication> {
        self.publications.borrow().iter().rev().find(|known| known.payload == payload).cloned()
    }

    pub(crate) fn leaves_session(&self, role: &str) {
        self.left.borrow_mut().sessions.insert(role.to_owned());
    }

    /// The rules that a step decides, each with its basis; `None` where the step is a part of the set-up in this
    /// version.
    pub(crate) fn deciding(&self, named: Option<StepRules>, refusal: bool) -> Option<Deciding> {
        let rules = self.instance.rules;
        let group = match named {
            None => rules.proves.first().copied().unwrap_or_default(),
            Some(step) => {
                let wanted = step.of(self.version())?;
                let found = rules.proves.iter().copied().find(|group| group.contains(&wanted));
                found.unwrap_or_else(|| panic!("{} decides {wanted}, which its row does not prove", self.instance.id()))
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
        if self.instance.rules.breaks.is_empty() {
            return self.deciding(None, false);
        }
        let breaks = self.instance.rules.breaks;
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
        if let Some(deciding) = deciding {
            self.revised.set(true);
            self.judge(role, deciding, Finding::Broken, "nothing of the kind until the run ends", seen, line);
        }
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
    Weak,
    Broken,
}

impl Finding {
    fn verdict(self, level: Level, at_most_weak: bool) -> Verdict {
        match self {
            _ if level == Level::May => Verdict::Observed,
            Self::Kept => Verdict::Pass,
            Self::Weak => Verdict::Weak,
            Self::Broken if at_most_weak => Verdict::Weak,
            Self::Broken => Verdict::broken(level),
        }
    }
}

/// The broker under test, as a case sees it.
pub struct Subject {
    context: Rc<CaseContext>,
}

impl Subject {
    pub(crate) fn new(context: Rc<CaseContext>) -> Self {
        Self { context }
    }

    /// The version that the case runs in.
    pub fn version(&self) -> Version {
        self.context.version()
    }

    /// Which member of its family the case is.
    pub fn member(&self) -> &'static str {
        self.context.instance.case.member
    }

    /// How this broker is set up: credentials, a denied topic.
    pub fn setting(&self) -> &Setting {
        &self.context.setting
    }

    /// A known user name with a password that is not its own.
    pub fn bad_credentials(&self) -> Result<(String, String), Stop> {
        let setting = self.setting();
        match (&setting.credentials, &setting.bad_password) {
            (Some((user, _)), Some(bad)) => Ok((user.clone(), bad.clone())),
            _ => Err(Stop::NotOffered("no user name with a wrong password is known".to_owned())),
        }
    }

    /// A topic that the ordinary user may not use.
    pub fn denied_topic(&self) -> Result<Topic, Stop> {
        let denied = self.setting().denied_topic.clone();
        denied.map(Topic::Exact).ok_or_else(|| Stop::NotOffered("no denied topic is known".to_owned()))
    }

    /// A text that no other case or run uses, for names that are no topics.
    pub fn unique(&self) -> &str {
        self.context.names.unique()
    }

    /// Set-up: a connected client with a clean session.
    pub async fn connect(&self, role: &'static str) -> Result<Client, Stop> {
        self.connect_as(role, connect()).await
    }

    /// Set-up: a client connected by this CONNECT. The same role again means the same client identifier.
    pub async fn connect_as(&self, role: &'static str, draft: Draft) -> Result<Client, Stop> {
        let mut client = self.open(role).await?;
        let wants_session = draft.wants_session();
        client.send(draft)?;
        let connack = client.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;
        match connack.packet() {
            Packet::Connack(connack) if wants_session && connack.properties.session_expiry_interval() == Some(0) => {
                Err(Stop::NotOffered(
                    "CONNACK: Session Expiry Interval 0, sessions end with their connection".to_owned(),
                ))
            }
            _ => Ok(client),
        }
    }

    /// Set-up: a client that comes back to the session it left, by its role. A session that is gone judges nothing here.
    pub async fn resume(&self, role: &'static str) -> Result<Client, Stop> {
        let mut client = self.open(role).await?;
        client.send(connect().persistent())?;
        client.receive(a_connack().code(&[ReasonCode::SUCCESS]).session_present(true)).await?;
        Ok(client)
    }

    /// Set-up: a network connection, and nothing sent on it yet.
    pub async fn open(&self, role: &'static str) -> Result<Client, Stop> {
        let context = &self.context;
        // The built-in broker has no backlog, and no time passes for it while we wait.
        let place = if context.endpoint.is_embedded() { None } else { context.doorway.place().await };
        let stream = timeout(context.patient(bounds::OPEN), context.endpoint.open())
            .await
            .map_err(|_| format!("no connection within {:?}", context.patient(bounds::OPEN)))
            .and_then(|opened| opened.map_err(|error| error.to_string()))
            .map_err(|why| Stop::Inconclusive { why: format!("{role}: {why}"), line: None })?;
        let count = {
            let mut roles = context.roles.borrow_mut();
            let count = roles.entry(role.to_owned()).or_default();
            *count += 1;
            *count
        };
        let label = if count == 1 { role.to_owned() } else { format!("{role}#{count}") };
        let link = Link::start(stream, place, label, Rc::clone(context));
        context.links.borrow_mut().push(Rc::clone(&link));
        Ok(Client::new(role, link))
    }

    /// Writes something worth knowing into the transcript.
    pub fn note(&self, text: impl Into<String>) {
        self.context.say(CASE, Remark::Notes, text);
    }

    /// Lets the standard's own time pass: an expiry, a delay. Nothing else is waited for; the case names it in `waits`.
    pub async fn wait(&self, time: Duration) {
        self.note(format!("{time:?} pass"));
        tokio::time::sleep(time).await;
    }

    /// Writes down what a permission was seen to be used for; never a judgement.
    pub fn observe(&self, rule: StepRules, seen: &str) -> Evidence {
        let deciding = self.context.deciding(Some(rule), false);
        let line = self.context.say(CASE, Remark::Notes, seen);
        self.context.kept(CASE, deciding.as_ref(), "either way", seen, line);
        Evidence::new(line, None)
    }

    /// Ends the case's connections; those that are watched for stragglers stay open until `finish`.
    pub(crate) async fn close(&self) {
        let links: Vec<_> = self.context.links().into_iter().filter(|link| !link.is_watched()).collect();
        for link in &links {
            leave(link);
        }
        let written = async {
            for link in &links {
                link.written().await;
            }
        };
        // What could not be written by then is lost with the connection; it was only a farewell.
        let _ = timeout(self.context.patient(bounds::MARGIN), written).await;
    }

    /// True where a straggler may still turn the verdict.
    pub(crate) fn is_watching(&self) -> bool {
        self.context.links().iter().any(|link| link.is_watched())
    }

    pub(crate) fn context(&self) -> &Rc<CaseContext> {
        &self.context
    }

    /// Asks a last time on every watched connection, so that a straggler that was under way is seen, and closes it.
    pub(crate) async fn finish(&self) {
        for link in self.context.links().into_iter().filter(|link| link.is_watched() && !link.is_over()) {
            let mut client = Client::new(CASE, Rc::clone(&link));
            let _ = client.ping(self.context.patient(bounds::MARGIN)).await;
            link.unwatch();
            leave(&link);
            let _ = timeout(self.context.patient(bounds::MARGIN), link.written()).await;
        }
    }

    /// Lets all connections go. They know their case and it knows them: without this neither would ever be freed.
    pub(crate) fn release(&self) {
        for link in std::mem::take(&mut *self.context.links.borrow_mut()) {
            link.stop();
        }
    }

    /// Removes the sessions and retained messages that the case made. What can't be removed is noted.
    pub(crate) async fn clean_up(&self) {
        let limit = self.context.patient(bounds::CLEAN_UP);
        if timeout(limit, self.remove_everything()).await.is_err() {
            self.note(format!("clean-up not finished within {limit:?}: sessions or retained messages may be left"));
        }
    }

    async fn remove_everything(&self) {
        let Left { sessions, retained } = std::mem::take(&mut *self.context.left.borrow_mut());
        for role in sessions {
            let Ok(mut client) = self.open("cleaner").await else { return };
            let id = self.context.names.client_id(&role);
            let removed = client.send(connect().client_id(id)).is_ok() && client.receive(a_connack()).await.is_ok();
            if !removed {
                self.note(format!("clean-up: the session of {role} may be left"));
            }
            leave(client.link());
            client.link().written().await;
        }
        if retained.is_empty() {
            return;
        }
        let Ok(mut client) = self.connect("cleaner").await else {
            self.note("clean-up: retained messages may be left");
            return;
        };
        for topic in retained {
            if client.publish_retained_empty(Topic::Exact(topic.clone())).await.is_err() {
                self.note(format!("clean-up: the retained message on {topic} may be left"));
            }
        }
        leave(client.link());
        client.link().written().await;
    }
}

/// Ends a connection as a well-behaved client does.
fn leave(link: &Link) {
    if link.is_over() {
        return;
    }
    if link.accepted_line().is_some() {
        let packet = Packet::Disconnect(mqtt_assay_codec::Disconnect {
            reason: ReasonCode::SUCCESS,
            properties: mqtt_assay_codec::Properties::EMPTY,
        });
        if let Ok(bytes) = packet.to_bytes(link.context.version()) {
            link.send(bytes, None);
        }
    }
    link.close();
}
