//! The search: one sequence after the other on the broker, what each has found, and the shrinking of it.

use super::finding::{Found, Played, by_invariants};
use super::generate::generate;
use super::player::Player;
use super::shrink::Shrinker;
use super::step::Sequence;
use crate::broker::{Ready, Started, Target, Variant};
use crate::cases;
use crate::link::Transcript;
use crate::run::{End, Life, NothingJudged, RunOptions, invariants, try_out, watch_over};
use crate::scenario::{Brief, CaseContext, CaseRules, Common, LeftBehind, Method, Names, Subject, Verdict, Vital};
use mqtt_assay_codec::Version;
use mqtt_assay_standard::bounds;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long one sequence may take.
pub const SEQUENCE: Duration = bounds::CASE.saturating_mul(4);

/// How often a sequence is played again to shrink it, where nobody says.
pub const TRIES: usize = 400;

/// How long that may take where time is not free, and which silence is enough there for a try. What comes of it is played
/// once more with the whole patience.
const SHRINKING: Duration = Duration::from_secs(30);
const SHORT_SILENCE: Duration = Duration::from_secs(1);

/// No rules are judged by steps here.
static RULES: CaseRules = CaseRules { breaks: &[], proves: &[] };

/// What is asked for.
#[derive(Debug, Clone)]
pub struct ExploreOptions {
    /// How many sequences.
    pub count: u64,
    /// Which ones.
    pub seed: u64,
    /// Of clients of these versions, as far as the broker speaks them.
    pub versions: Vec<Version>,
    /// As in a run of cases.
    pub run: RunOptions,
    /// How often a sequence is played again at most to shrink it.
    pub tries: usize,
}

/// What is told while it goes on.
pub enum ExploreEvent<'a> {
    /// This sequence begins.
    Begun(u64),
    /// It has ended, or was broken off.
    Ended(u64),
    /// Something was found, and shrunk.
    Found(&'a Finding),
}

/// One finding, of all sequences that show it.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What was seen in the shrunk sequence.
    pub found: Found,
    /// The seed and the index of the sequence that found it first.
    pub seed: u64,
    /// See `seed`.
    pub index: u64,
    /// What it takes.
    pub sequence: Sequence,
    /// How many steps it had before.
    pub steps_before: usize,
    /// The record of the shrunk one.
    pub transcript: Transcript,
    /// How many sequences show it.
    pub times: u64,
}

/// What all sequences came to.
#[derive(Debug, Clone, Default)]
pub struct Explored {
    /// How many were played.
    pub sequences: u64,
    /// What they have found, in order.
    pub findings: Vec<Finding>,
    /// Those that did not come to their end, and why.
    pub unfinished: Vec<(u64, String)>,
    /// What could not be removed from a broker that outlives the run.
    pub left_behind: Vec<LeftBehind>,
    /// It was asked to end before all were played, or could not go on.
    pub is_partial: bool,
}

impl Explored {
    /// True where a rule was seen broken.
    pub fn fails(&self) -> bool {
        self.findings.iter().any(|finding| finding.found.verdict == Verdict::Fail)
    }
}

/// The broker of a search.
struct Ground<'a> {
    target: &'a Target,
    options: &'a ExploreOptions,
    versions: Vec<Version>,
    /// Each sequence has a broker of its own: nothing of another one is left, and it repeats itself.
    is_fresh: bool,
    started: Started,
    life: Option<Rc<Life>>,
    under_way: UnderWay,
}

/// The sequence that is being played, so that it can be cleaned up after if it is broken off.
type UnderWay = RefCell<Option<Rc<CaseContext>>>;

/// Plays sequences until all are played, or it is asked to `stop`.
///
/// # Errors
///
/// If the broker doesn't get through the control in any version.
pub async fn explore(
    target: &Target,
    options: &ExploreOptions,
    stop: impl Future<Output = ()>,
    mut on_event: impl FnMut(ExploreEvent<'_>),
) -> Result<Explored, NothingJudged> {
    let mut ground = Ground::prepare(target, options).await?;
    let mut explored = Explored::default();
    tokio::pin!(stop);
    for index in 0..options.count {
        on_event(ExploreEvent::Begun(index));
        let went_on = tokio::select! {
            biased;
            () = &mut stop => false,
            went_on = ground.one(index, &mut explored, &mut on_event) => went_on,
        };
        on_event(ExploreEvent::Ended(index));
        explored.is_partial |= !went_on;
        if !went_on {
            break;
        }
    }
    ground.leave().await;
    Ok(explored)
}

impl<'a> Ground<'a> {
    async fn prepare(target: &'a Target, options: &'a ExploreOptions) -> Result<Self, NothingJudged> {
        let nothing = |why: String| NothingJudged(why);
        let started = target.prepare(Variant::PLAIN).await.map_err(|unready| nothing(format!("{unready:?}")))?;
        let (mut versions, mut reasons) = (Vec::new(), Vec::new());
        let (invariants, common) = (invariants(), Common::default());
        for &version in &options.versions {
            let Ok(ready) = started.ready(version) else { continue };
            match try_out(&ready, version, &options.run, &invariants, &common).await {
                Ok(_) => versions.push(version),
                Err(untried) => reasons.push(format!("MQTT {version}: {}", super::player::in_words(untried.stop))),
            }
        }
        if versions.is_empty() {
            return Err(nothing(reasons.join("; ")));
        }
        // Where each version has a place of its own, they can't meet.
        if started.ready(versions[0]).is_ok_and(|ready| ready.setting.only_version.is_some()) {
            versions.truncate(1);
        }
        let is_fresh = target.is_embedded() || target.fresh_for_each_case().is_some();
        let mut ground =
            Self { target, options, versions, is_fresh, started, life: None, under_way: UnderWay::default() };
        ground.watch().await;
        Ok(ground)
    }

    async fn watch(&mut self) {
        let Ok(ready) = self.started.ready(self.version()) else { return };
        if !self.is_fresh {
            self.life = Some(watch_over(&ready, self.version(), &self.options.run, &invariants()).await);
        }
    }

    async fn leave(&self) {
        let broken_off = self.under_way.take().filter(|_| self.target.outlives_run());
        if let Some(context) = broken_off {
            let limit = bounds::FAREWELL * self.options.run.patience;
            let _ = timeout(limit, Subject::new(context).take_leave()).await;
        }
        if let Some(life) = &self.life {
            life.leave().await;
        }
    }

    /// That of the records.
    fn version(&self) -> Version {
        self.versions.iter().copied().max().unwrap_or(Version::V5)
    }

    /// One sequence, and what comes of it; false where there is no going on.
    async fn one(&mut self, index: u64, explored: &mut Explored, on_event: &mut impl FnMut(ExploreEvent<'_>)) -> bool {
        let sequence = generate(self.options.seed, index, &self.versions);
        let id = format!("explore/{}/{index}", self.options.seed);
        let Some(mut played) = self.play(&sequence, &id, bounds::SET_UP).await else { return false };
        explored.sequences += 1;
        if self.target.outlives_run() {
            explored.left_behind.append(&mut played.left_behind);
        }
        let end = self.ask().await;
        if let Some(end) = &end {
            played.found.extend(self.of_end(end));
        }
        for found in std::mem::take(&mut played.found) {
            if let Some(known) = explored.findings.iter_mut().find(|known| known.found.is_like(&found)) {
                known.times += 1;
                continue;
            }
            let finding = self.shrunk(found, index, &sequence, &played, end.is_none()).await;
            on_event(ExploreEvent::Found(&finding));
            explored.findings.push(finding);
        }
        match (played.is_over, end) {
            (_, Some(_)) => self.renew().await,
            (Some(why), None) => {
                explored.unfinished.push((index, why));
                true
            }
            (None, None) => true,
        }
    }

    /// How the broker was lost, if it was.
    async fn ask(&self) -> Option<End> {
        match &self.life {
            Some(life) => life.ask().await,
            None => None,
        }
    }

    fn of_end(&self, end: &End) -> Option<Found> {
        let vital = match end {
            End::Died(_) => Vital::StaysAlive,
            End::Silent(_) => Vital::Answers,
            End::TookLeave(_) => return None,
        };
        let version = self.version();
        let is_about = |instance: &crate::scenario::Instance| {
            instance.version == version && matches!(instance.case.method, Method::Life(about) if about == vital)
        };
        let rule = cases::all().find(is_about)?.rules.judged().next()?;
        let (role, seen) = ("broker".to_owned(), end.says().to_owned());
        Some(Found { rule, version, verdict: Verdict::Fail, role, seen, line: 0 })
    }

    /// Another broker in the place of one that was lost; false where there is none.
    async fn renew(&mut self) -> bool {
        if self.target.outlives_run() {
            return false;
        }
        let Ok(started) = self.target.prepare(Variant::PLAIN).await else { return false };
        self.started = started;
        self.watch().await;
        true
    }

    /// The smallest part of a sequence that finds the same.
    async fn shrunk(&self, found: Found, index: u64, whole: &Sequence, played: &Played, can_repeat: bool) -> Finding {
        let steps_before = whole.steps.len();
        let first = (found, played.transcript.clone());
        let mut best = first.clone();
        let mut shrinker = Shrinker::new(whole.clone());
        let is_free = self.target.is_embedded();
        let silence = if is_free { bounds::SET_UP } else { SHORT_SILENCE };
        let until = Instant::now() + SHRINKING;
        for attempt in 0..self.options.tries {
            if !can_repeat || !is_free && Instant::now() >= until {
                break;
            }
            let Some(smaller) = shrinker.next() else { break };
            let id = format!("explore/{}/{index}.{attempt}", self.options.seed);
            let Some(again) = self.play(&smaller, &id, silence).await else { break };
            if let Some(same) = again.found.into_iter().find(|again| again.is_like(&best.0)) {
                shrinker.found(smaller);
                best = (same, again.transcript);
            }
        }
        let seed = self.options.seed;
        let mut sequence = shrinker.best().clone();
        if !is_free && sequence.steps.len() < steps_before {
            let again = self.play(&sequence, &format!("explore/{seed}/{index}.last"), bounds::SET_UP).await;
            let same = again.and_then(|again| {
                Some((again.found.into_iter().find(|again| again.is_like(&best.0))?, again.transcript))
            });
            if same.is_none() {
                sequence = whole.clone();
            }
            best = same.unwrap_or(first);
        }
        let (found, transcript) = best;
        Finding { found, seed, index, sequence, steps_before, transcript, times: 1 }
    }

    /// Plays a sequence under this name; a silence is one that has lasted so long.
    async fn play(&self, sequence: &Sequence, id: &str, silence: Duration) -> Option<Played> {
        let fresh;
        let started = if self.is_fresh {
            fresh = self.target.prepare(Variant::PLAIN).await.ok()?;
            &fresh
        } else {
            &self.started
        };
        let ready = started.ready(self.version()).ok()?;
        Some(play(sequence, ready, id, self.version(), silence, &self.options.run, &self.under_way).await)
    }
}

/// Plays a sequence on a broker.
pub(super) async fn play(
    sequence: &Sequence,
    ready: Ready,
    id: &str,
    version: Version,
    silence: Duration,
    options: &RunOptions,
    under_way: &UnderWay,
) -> Played {
    let (invariants, common) = (invariants(), Common::default());
    let names = Names::new(&options.names, id);
    let brief = Brief { id: id.to_owned(), version, rules: &RULES, member: "" };
    let witness = Rc::clone(&invariants);
    let subject = Subject::new(CaseContext::new(brief, names, ready, options.patience, witness, &common));
    under_way.replace(Some(Rc::clone(subject.context())));
    let mut player = Player::new(&subject, sequence, silence * options.patience);
    let limit = SEQUENCE * options.patience;
    let is_late = timeout(limit, player.play(sequence)).await.is_err();
    let (mut found, mut is_over) = (std::mem::take(&mut player.found), player.is_over.take());
    drop(player);
    if is_late {
        is_over = Some(format!("it did not come to its end within {limit:?}"));
    }
    if subject.context().is_at_embedded() {
        // There the time is free in which what is owed may still come.
        tokio::time::sleep(bounds::GRACE).await;
    }
    invariants.settle();
    subject.close().await;
    subject.clean_up().await;
    subject.release();
    found.splice(0..0, by_invariants(&invariants));
    under_way.take();
    Played { found, is_over, transcript: subject.context().transcript(), left_behind: common.leavings.left_behind() }
}
