//! The loss of a broker, as a finding of its own: when, how, who was at it, and what comes of that for chapter `life`.

use super::life::End;
use super::result::{CaseResult, judged_alike};
use crate::broker::Variant;
use crate::link::{Line, Remark, Transcript, What};
use crate::scenario::{CaseContext, Instance, Verdict, Vital};
use mqtt_assay_codec::Version;
use mqtt_assay_standard::bounds;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

/// How many suspects a finding names.
const NAMED: usize = 5;

/// A broker that was lost.
pub(crate) struct Death {
    pub(crate) variant: Variant,
    pub(crate) end: End,
    /// What its process printed last; empty where that is not known.
    pub(crate) last_words: String,
    /// Cases that may have caused it, the likeliest first.
    pub(crate) suspects: Vec<Instance>,
    /// The case that did it with nothing beside it, with what it sent.
    pub(crate) killer: Option<(Instance, Transcript)>,
    /// It did so on a broker that nobody else had been at.
    pub(crate) is_confirmed: bool,
}

/// What a run knows of a loss as soon as it is seen.
pub(super) fn death(variant: Variant, end: End, last_words: String, roll: &Roll, broker: usize) -> Death {
    let suspects = roll.suspects(broker);
    let alone = match suspects.as_slice() {
        [only] => roll.open.get(&only.id()).map(|(instance, context, _)| (*instance, context.transcript())),
        _ => None,
    };
    Death { variant, end, last_words, suspects, killer: alone, is_confirmed: false }
}

impl Death {
    /// Whether it says something against the broker.
    pub(crate) fn is_finding(&self) -> bool {
        !matches!(self.end, End::TookLeave(_))
    }

    fn is_about(&self, vital: Vital) -> bool {
        match self.end {
            End::Died(_) => vital == Vital::StaysAlive,
            End::Silent(_) => vital == Vital::Answers,
            End::TookLeave(_) => false,
        }
    }

    /// The version in whose report it stands: the killer's, else that of the likeliest suspect.
    pub(crate) fn version(&self) -> Option<Version> {
        let likeliest = || self.suspects.first().map(|suspect| suspect.version);
        self.killer.as_ref().map(|(killer, _)| killer.version).or_else(likeliest)
    }

    /// The case to run for seeing it again.
    fn case(&self) -> Option<String> {
        let likeliest = || self.suspects.first().map(Instance::id);
        self.killer.as_ref().map(|(killer, _)| killer.id()).or_else(likeliest)
    }

    /// One line.
    pub(crate) fn says(&self) -> String {
        let variant = match self.variant {
            Variant::PLAIN => String::new(),
            other => format!("variant {}: ", other.name),
        };
        let who = match &self.killer {
            Some((killer, _)) if self.is_confirmed => format!("{} does it by itself", killer.id()),
            Some((killer, _)) => format!("{} was alone at it", killer.id()),
            None => self.suspected(),
        };
        let last_words = match self.last_words.as_str() {
            "" => String::new(),
            words => format!("its last words: {words}"),
        };
        let parts = [self.end.says(), &who, &last_words];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{variant}{}", parts.join("; "))
    }

    fn suspected(&self) -> String {
        let named: Vec<String> = self.suspects.iter().take(NAMED).map(Instance::id).collect();
        let more = match self.suspects.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        if named.is_empty() {
            return "no case was at it".to_owned();
        }
        format!("suspects, the last to write first: {}{more}", named.join(", "))
    }
}

/// Which cases are at which broker, and which were a moment ago.
#[derive(Default)]
pub(super) struct Roll {
    open: BTreeMap<String, (Instance, Rc<CaseContext>, usize)>,
    ended: VecDeque<(Instant, Instance, usize)>,
}

impl Roll {
    /// A case begins on the broker of this number.
    pub(super) fn begin(&mut self, instance: Instance, context: Rc<CaseContext>, broker: usize) {
        self.open.insert(instance.id(), (instance, context, broker));
    }

    /// It has ended.
    pub(super) fn end(&mut self, instance: &Instance) {
        let Some((instance, _, broker)) = self.open.remove(&instance.id()) else { return };
        let now = Instant::now();
        self.ended.retain(|(at, ..)| now.duration_since(*at) <= bounds::SUSPECT);
        self.ended.push_back((now, instance, broker));
    }

    /// Who may have ended this broker: first those that are at it, the last to write first, then those that were.
    pub(super) fn suspects(&self, broker: usize) -> Vec<Instance> {
        let mut open: Vec<(Option<u64>, Instance)> = self
            .open
            .values()
            .filter(|(.., at)| *at == broker)
            .map(|(instance, context, _)| (context.links().iter().map(|link| link.write_number()).max(), *instance))
            .collect();
        open.sort_by_key(|(written, _)| std::cmp::Reverse(*written));
        let now = Instant::now();
        let recent = |at: &Instant| now.duration_since(*at) <= bounds::SUSPECT;
        let ended = self.ended.iter().rev().filter(|(at, _, at_broker)| recent(at) && *at_broker == broker);
        open.into_iter().map(|(_, instance)| instance).chain(ended.map(|(_, instance, _)| *instance)).collect()
    }
}

/// The suite's own leave of a broker that it doesn't know yet to be lost.
fn is_farewell(line: &Line) -> bool {
    matches!(&line.what, What::Sent { bytes, mutation: None } if bytes.first() == Some(&DISCONNECT))
}

/// The first byte of a DISCONNECT.
const DISCONNECT: u8 = 0xe0;

/// Who did it, where several were found out.
fn by(found: &[&Death]) -> String {
    let killers: BTreeSet<String> =
        found.iter().filter_map(|death| death.killer.as_ref()).map(|(killer, _)| killer.id()).collect();
    if killers.len() < 2 {
        String::new()
    } else {
        format!(", by {}", killers.into_iter().collect::<Vec<_>>().join(", "))
    }
}

/// The result of a case of chapter `life`, after `answers` questions that were answered.
pub(super) fn of_life(instance: Instance, vital: Vital, deaths: &[Death], answers: u64) -> CaseResult {
    let version = instance.version;
    let found: Vec<&Death> =
        deaths.iter().filter(|death| death.is_about(vital) && death.version().is_none_or(|of| of == version)).collect();
    let (verdict, seen) = match (found.as_slice(), answers) {
        ([], 0) => (Verdict::NotExercised, "nothing was sent that could be too much for it".to_owned()),
        ([], answers) => (Verdict::Pass, format!("asked {answers} times, and it answered each time")),
        ([one], _) => (Verdict::Fail, one.says()),
        ([first, ..], _) => (Verdict::Fail, format!("{} times{}; first: {}", found.len(), by(&found), first.says())),
    };
    let mut transcript = Transcript::new(instance.id(), version);
    if let Some((_, killing)) = found.iter().find_map(|death| death.killer.as_ref()) {
        let is_sent = |line: &&Line| matches!(line.what, What::Sent { .. });
        let deadly = killing.lines.iter().rev().filter(is_sent).find(|line| !is_farewell(line));
        let is_behind = |line: &Line| is_farewell(line) && deadly.is_some_and(|deadly| deadly.number < line.number);
        transcript.lines.extend(killing.lines.iter().filter(|line| !is_behind(line)).cloned());
    }
    for death in &found {
        transcript.add(Duration::ZERO, "run", What::Said(Remark::Notes, death.says()));
    }
    let line = transcript.add(Duration::ZERO, "run", What::Said(Remark::Decides, format!("{verdict}: {seen}")));
    let judged = judged_alike(instance, verdict, line, &seen);
    let seen_in = found.iter().find_map(|death| death.case());
    CaseResult { seen_in, ..CaseResult::new(instance, &judged, None, transcript) }
}
