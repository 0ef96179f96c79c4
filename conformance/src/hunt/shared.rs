//! What all who hunt side by side have in common: the next case, what was found, what was met, and when to end.

use super::against::{Beside, Other};
use super::calm::Calm;
use super::case::Case;
use super::causes::Causes;
use super::confirm::{Confirmer, Limit};
use super::expected::{End, Expected};
use super::feedback::Feedback;
use super::finding::{Again, Finding, Progress};
use super::follow::{Claim, Queue};
use super::options::HuntOptions;
use super::session::Terms;
use super::table::{State, Table};
use super::trial::{Key, Suspicion};
use super::watch::Growth;
use crate::link::Transcript;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many findings are looked after: a broker that breaks more is broken enough.
const MOST: usize = 500;

/// How many cases are played again for a finding that was not seen again.
const TRIES: u32 = 5;

/// How much longer than asked for the hunt may take, to follow up what its last cases have brought.
const GRACE: Duration = Duration::from_secs(3);

/// How long whoever wants the others to hold still waits for them, and how often he looks.
const PATIENCE: Duration = Duration::from_secs(2);
const TURN: Duration = Duration::from_millis(5);

/// Kinds of cases, by their places in counts.
pub(super) const FRESH: usize = 0;
pub(super) const KEPT: usize = 1;
pub(super) const SESSIONS: usize = 2;

/// Chance of the kinds of cases.
pub(super) const KINDS: [(usize, usize); 3] = [(66, FRESH), (14, KEPT), (20, SESSIONS)];

/// Who is told of findings as they come.
pub type Tell<'a> = &'a (dyn Fn(&Finding) + Sync);

/// What is shared.
pub(super) struct Shared<'a> {
    pub(super) options: &'a HuntOptions,
    pub(super) table: &'a Table,
    /// Other brokers that are met with the same sessions, and how.
    pub(super) against: Vec<(&'a Other, Terms)>,
    begun: Instant,
    next: AtomicU64,
    cases: [AtomicU64; 3],
    stop: &'a AtomicBool,
    tell: Tell<'a>,
    inner: Mutex<Inner>,
    pub(super) feedback: Mutex<Feedback>,
    /// Whoever wants the others to hold still holds this.
    pub(super) still: Mutex<()>,
    is_still: AtomicBool,
    /// Who holds still.
    resting: AtomicU32,
    /// What the process is suspected to have grown by.
    pub(super) growth: Mutex<Option<Growth>>,
    /// Held by who plays cases again.
    pub(super) calm: Calm,
    /// Of what it has died before.
    pub(super) causes: Causes,
    /// What is to be followed up, where those who hunt don't do so themselves.
    pub(super) queue: Queue,
    /// The one finding that was looked for is there.
    has_enough: AtomicBool,
    /// The sum of what each drawn case is told by.
    planned: AtomicU64,
    /// A bit for each packet of the table and state.
    met: Vec<AtomicBool>,
    possible: usize,
}

#[derive(Default)]
struct Inner {
    findings: BTreeMap<Key, Finding>,
    ends: BTreeMap<(&'static str, &'static str), u64>,
    canary: String,
    memory: Option<(u64, u64)>,
    deaths: u64,
    trouble: Option<String>,
    digest: u64,
    /// Findings that somebody is looking after.
    /// With how many other cases have shown it meanwhile.
    under_way: BTreeMap<Key, u64>,
}

/// Whatever panics beside it, what was found stays.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Shared<'a> {
    pub(super) fn new(options: &'a HuntOptions, table: &'a Table, stop: &'a AtomicBool, tell: Tell<'a>) -> Self {
        let possible = (0..table.len())
            .map(|entry| State::ALL.iter().filter(|state| table.entry(entry).fits(**state)).count())
            .sum();
        Self {
            options,
            table,
            against: Vec::new(),
            begun: Instant::now(),
            next: AtomicU64::new(0),
            cases: [const { AtomicU64::new(0) }; 3],
            stop,
            tell,
            inner: Mutex::default(),
            feedback: Mutex::default(),
            calm: Calm::default(),
            causes: Causes::default(),
            queue: Queue::default(),
            still: Mutex::default(),
            is_still: AtomicBool::new(false),
            resting: AtomicU32::new(0),
            growth: Mutex::default(),
            has_enough: AtomicBool::new(false),
            planned: AtomicU64::new(0),
            met: (0..table.len() * State::ALL.len()).map(|_| AtomicBool::new(false)).collect(),
            possible,
        }
    }

    /// The number of the next case, where there is one.
    pub(super) fn next(&self) -> Option<u64> {
        if self.is_over() {
            return None;
        }
        let drawn = self.next.fetch_add(1, Ordering::Relaxed);
        let is_left = self.options.cases.is_none_or(|cases| drawn < cases);
        let (part, of) = self.options.shard.unwrap_or((1, 1));
        is_left.then(|| drawn * of + part - 1)
    }

    /// Whether it is time to end.
    pub(super) fn is_over(&self) -> bool {
        let is_late = self.options.time.is_some_and(|time| self.begun.elapsed() >= time);
        let is_enough = self.stop.load(Ordering::Relaxed) || self.has_enough.load(Ordering::Relaxed);
        is_late || is_enough || lock(&self.inner).trouble.is_some()
    }

    /// Ways to the other brokers.
    pub(super) fn beside(&self) -> Vec<Beside<'a>> {
        self.against.iter().map(|(other, terms)| Beside::new(other, *terms)).collect()
    }

    /// True where the others hold still at present, or are to.
    pub(super) fn is_still(&self) -> bool {
        self.is_still.load(Ordering::Relaxed) && !self.is_over()
    }

    /// Holds still as long as somebody wants it.
    pub(super) fn rest(&self) {
        self.resting.fetch_add(1, Ordering::SeqCst);
        while self.is_still() {
            std::thread::sleep(TURN);
        }
        self.resting.fetch_sub(1, Ordering::SeqCst);
    }

    /// Does something while so many hold still; nothing where they don't come to rest in time.
    pub(super) fn while_still<T>(&self, others: u32, act: impl FnOnce() -> T) -> Option<T> {
        let _mine = self.still.try_lock().ok()?;
        self.is_still.store(true, Ordering::Relaxed);
        let until = Instant::now() + PATIENCE;
        while self.resting.load(Ordering::SeqCst) < others && Instant::now() < until && !self.is_over() {
            std::thread::sleep(TURN);
        }
        // Who follows something up comes to the end of a play first, but for long plays nobody hunts less.
        let calm = self.calm.alone_by(Instant::now() + PATIENCE);
        let is_still = calm.is_some() && self.resting.load(Ordering::SeqCst) >= others;
        let done = is_still.then(act);
        drop(calm);
        self.is_still.store(false, Ordering::Relaxed);
        done
    }

    /// When whoever follows something up has to end.
    pub(super) fn limit(&self) -> Limit<'a> {
        Limit { stop: self.stop, until: self.options.time.map(|time| self.begun + time + GRACE) }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// So many cases of a kind were judged.
    pub(super) fn judged(&self, kind: usize, cases: u64) {
        self.cases[kind].fetch_add(cases, Ordering::Relaxed);
    }

    /// All cases so far.
    pub(super) fn all(&self) -> u64 {
        self.cases.iter().map(|cases| cases.load(Ordering::Relaxed)).sum()
    }

    /// A packet of the table was met in a state, and its connection took this end.
    pub(super) fn met(&self, entry: usize, state: State) {
        let place = State::ALL.iter().position(|known| *known == state).unwrap_or_default();
        self.met[entry * State::ALL.len() + place].store(true, Ordering::Relaxed);
    }

    /// Counts ends.
    pub(super) fn ended(&self, ends: &mut BTreeMap<(&'static str, &'static str), u64>) {
        let mut inner = lock(&self.inner);
        for (key, count) in std::mem::take(ends) {
            *inner.ends.entry(key).or_default() += count;
        }
    }

    /// It can't go on.
    pub(super) fn fails(&self, why: String) {
        lock(&self.inner).trouble.get_or_insert(why);
    }

    pub(super) fn says_canary(&self, words: String) {
        lock(&self.inner).canary = words;
    }

    pub(super) fn weighs(&self, memory: Option<(u64, u64)>) {
        lock(&self.inner).memory = memory;
    }

    /// The broker has died so often, as all have seen it, or once more where each has a broker of his own.
    pub(super) fn died(&self, seen: Option<u64>) {
        let mut inner = lock(&self.inner);
        inner.deaths = seen.map_or(inner.deaths + 1, |seen| inner.deaths.max(seen));
    }

    /// Whether some of these are still looked for, so that their record is wanted.
    pub(super) fn wants(&self, suspicions: &[Suspicion]) -> bool {
        let inner = lock(&self.inner);
        suspicions.iter().any(|suspicion| {
            let key = suspicion.key();
            inner.findings.get(&key).is_none_or(is_open) && !inner.under_way.contains_key(&key)
        })
    }

    /// A case was drawn.
    pub(super) fn plans(&self, index: u64, case: &Case) {
        self.planned.fetch_add(case.fingerprint(index, self.table), Ordering::Relaxed);
    }

    pub(super) fn sent(&self, digest: u64) {
        lock(&self.inner).digest = digest;
    }

    /// Takes in what a case has brought up; what is new is confirmed, made small, and told.
    pub(super) fn suspect(
        &self,
        suspicions: &[Suspicion],
        index: u64,
        case: Option<&Case>,
        record: Option<&Transcript>,
        confirmer: &mut Confirmer<'_>,
    ) {
        for claim in self.claims(suspicions, index, case, record) {
            self.confirm(claim, confirmer);
        }
    }

    /// The same, where others confirm it in their turn.
    pub(super) fn suspect_later(
        &self,
        suspicions: &[Suspicion],
        index: u64,
        case: Option<&Case>,
        record: Option<&Transcript>,
    ) {
        for claim in self.claims(suspicions, index, case, record) {
            self.queue.push(claim);
        }
    }

    /// What is new of what a case has brought up; it was written down, whatever happens to this program from here on.
    fn claims(
        &self,
        suspicions: &[Suspicion],
        index: u64,
        case: Option<&Case>,
        record: Option<&Transcript>,
    ) -> Vec<Claim> {
        let new = suspicions.iter().filter(|suspicion| self.is_new(&suspicion.key()));
        new.map(|suspicion| {
            let is_known = self.options.known.contains(&suspicion.key().to_string());
            let mut finding = Finding::new(suspicion.clone(), (index, self.elapsed()), case, is_known);
            finding.transcript = record.cloned();
            if !is_known {
                (self.tell)(&finding);
            }
            Claim { finding, case: case.filter(|_| !is_known).cloned() }
        })
        .collect()
    }

    /// Plays the case of a claim again, makes it small, and tells what came of it.
    pub(super) fn confirm(&self, claim: Claim, confirmer: &mut Confirmer<'_>) {
        let Claim { mut finding, case } = claim;
        let key = finding.key.clone();
        if let Some(case) = case {
            finding.confirm(confirmer.confirm(&case, &key));
            (self.tell)(&finding);
        }
        self.note_enough(&finding);
        let mut inner = lock(&self.inner);
        finding.count += inner.under_way.remove(&key).unwrap_or_default();
        if let Some(before) = inner.findings.get(&key) {
            (finding.count, finding.tries) = (before.count, before.tries + 1);
        }
        inner.findings.insert(key, finding);
    }

    /// A finding that was made another way: a death. Of several that are the same the first is kept.
    pub(super) fn found(&self, mut finding: Finding) {
        if !self.is_new(&finding.key) {
            return;
        }
        let mut inner = lock(&self.inner);
        inner.under_way.remove(&finding.key);
        if inner.findings.contains_key(&finding.key) {
            return;
        }
        finding.is_known = self.options.known.contains(&finding.key.to_string());
        if finding.is_known {
            finding.again = Again::Known;
        }
        inner.findings.insert(finding.key.clone(), finding.clone());
        drop(inner);
        if !finding.is_known {
            (self.tell)(&finding);
            self.note_enough(&finding);
        }
    }

    /// One more of a finding that is there.
    pub(super) fn was_met_again(&self, key: &Key) {
        if let Some(known) = lock(&self.inner).findings.get_mut(key) {
            known.count += 1;
        }
    }

    fn note_enough(&self, finding: &Finding) {
        if self.options.stops_at_first && finding.counts(true) {
            self.has_enough.store(true, Ordering::Relaxed);
        }
    }

    /// Whether nobody has found it before, or looks after it now; else it is counted.
    fn is_new(&self, key: &Key) -> bool {
        let mut inner = lock(&self.inner);
        if let Some(known) = inner.findings.get_mut(key) {
            known.count += 1;
            let is_wanted = is_open(known) && !inner.under_way.contains_key(key);
            if is_wanted {
                inner.under_way.insert(key.clone(), 0);
            }
            return is_wanted;
        }
        if let Some(meanwhile) = inner.under_way.get_mut(key) {
            *meanwhile += 1;
            return false;
        }
        let has_room = inner.findings.len() + inner.under_way.len() < MOST;
        if has_room {
            inner.under_way.insert(key.clone(), 0);
        }
        has_room
    }

    /// How it goes.
    pub(super) fn progress(&self) -> Progress {
        let kept = lock(&self.feedback).len();
        let inner = lock(&self.inner);
        let mut by_rule = BTreeMap::new();
        for finding in inner.findings.values().filter(|finding| !finding.is_known && finding.is_confirmed()) {
            *by_rule.entry(finding.key.rule.clone()).or_default() += 1;
        }
        Progress {
            time: self.elapsed(),
            cases: std::array::from_fn(|kind| self.cases[kind].load(Ordering::Relaxed)),
            covered: (self.met.iter().filter(|met| met.load(Ordering::Relaxed)).count(), self.possible),
            by_rule,
            canary: inner.canary.clone(),
            memory: inner.memory,
            kept,
            deaths: inner.deaths,
        }
    }

    /// What it has come to.
    pub(super) fn hunted(&self) -> super::finding::Hunted {
        let progress = self.progress();
        let inner = lock(&self.inner);
        super::finding::Hunted {
            progress,
            findings: inner.findings.values().cloned().collect(),
            ends: inner.ends.clone(),
            planned: self.planned.load(Ordering::Relaxed),
            digest: inner.digest,
            trouble: inner.trouble.clone(),
        }
    }
}

/// Whether another case that shows it is worth a try.
fn is_open(finding: &Finding) -> bool {
    !finding.is_known && !finding.is_confirmed() && finding.tries < TRIES
}

/// Where an end is counted.
pub(super) fn end_key(expected: Expected, end: End) -> (&'static str, &'static str) {
    (expected.word(), end.word())
}
