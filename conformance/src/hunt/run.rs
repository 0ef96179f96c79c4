//! A hunt from its beginning to its end: those who hunt, the canary and the watch over the process, side by side.

use super::against::Other;
use super::canary::{Canary, REFUSED, WAITS};
use super::confirm::Confirmer;
use super::corpus;
use super::finding::{Again, Finding, Hunted, Progress};
use super::follow::{FOLLOWERS, follow};
use super::futile::Futile;
use super::ground::Ground;
use super::options::HuntOptions;
use super::pace::{Offer, Pace};
use super::session::Terms;
use super::shared::{Shared, Tell, lock};
use super::table::Table;
use super::trial::{Suspicion, Weight};
use super::tries::CameTo;
use super::watch::{Watch, is_busy};
use super::worker::Worker;
use crate::scenario::base36;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often in a row a plain CONNECT has no answer until the broker is taken for one that answers nobody any more.
const STUCK: u32 = 2;

/// How often the canary beats, the process is looked at, and somebody is told how it goes.
const BEAT: Duration = Duration::from_millis(250);
const LOOK: Duration = Duration::from_secs(1);
/// How often the hunt holds still, so that it is seen whether the process does too.
const STILLNESS: Duration = Duration::from_secs(45);
const TURN: Duration = Duration::from_millis(50);

/// Hunts. `tell` is told of each finding as it comes, and again once it is confirmed; `turn` every now and then how it
/// goes, on the thread that called: there a broker that died is started again.
///
/// # Errors
///
/// If the broker can't be reached, or refuses a plain CONNECT.
pub fn hunt(
    ground: &Ground,
    options: &HuntOptions,
    stop: &AtomicBool,
    tell: Tell<'_>,
    turn: &mut dyn FnMut(&dyn Fn() -> Progress),
) -> io::Result<Hunted> {
    let table = Table::new(ground.login());
    let (terms, against) = all_terms(ground, options)?;
    let mut shared = Shared::new(options, &table, stop, tell);
    shared.against = against;
    let shared = shared;
    if let Some(folder) = &options.corpus {
        for (sight, session) in (0..).zip(corpus::read(folder)) {
            lock(&shared.feedback).keep(session, sight);
        }
    }
    if ground.is_inside() {
        // One thread does everything, so that the same seed does the same.
        Worker::new(&shared, ground, terms, 0).hunt();
        return Ok(shared.hunted());
    }
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.jobs.max(1))
            .map(|number| {
                let shared = &shared;
                scope.spawn(move || Worker::new(shared, ground, terms, number).hunt())
            })
            .collect();
        let followers: Vec<_> = (0..FOLLOWERS)
            .map(|number| {
                let shared = &shared;
                scope.spawn(move || follow(shared, follower(ground, shared, terms, number)))
            })
            .collect();
        scope.spawn(|| beat(ground, &shared, terms, &is_done));
        scope.spawn(|| look(ground, &shared, terms, &is_done));
        while workers.iter().any(|worker| !worker.is_finished()) {
            turn(&|| shared.progress());
            std::thread::sleep(TURN);
        }
        shared.queue.end();
        while followers.iter().any(|follower| !follower.is_finished()) {
            turn(&|| shared.progress());
            std::thread::sleep(TURN);
        }
        is_done.store(true, Ordering::Relaxed);
    });
    Ok(shared.hunted())
}

/// Who follows up what those who hunt bring.
fn follower<'a>(ground: &'a Ground, shared: &'a Shared<'a>, terms: Terms, number: u32) -> Confirmer<'a> {
    Confirmer {
        ground,
        table: shared.table,
        terms: Terms { pace: terms.pace.patient(), ..terms },
        name: format!("r{number}{}", base36(shared.options.seed, 3)),
        played: 0,
        road: None,
        limit: shared.limit(),
        calm: Some(&shared.calm),
        deaths: ground.deaths(),
        came_to: CameTo::End,
        beside: shared.beside(),
    }
}

/// The same for all brokers of a hunt: they are met with what all of them offer.
fn all_terms<'a>(ground: &Ground, options: &'a HuntOptions) -> io::Result<(Terms, Vec<(&'a Other, Terms)>)> {
    let mut own = terms(ground)?;
    let mut others = Vec::new();
    for other in &options.against {
        let terms = terms(&other.ground).map_err(|error| io::Error::other(format!("{}: {error}", other.name)))?;
        own.offer = own.offer.and(terms.offer);
        if own.offer.versions().is_empty() {
            return Err(io::Error::other(format!("{} speaks another version of MQTT", other.name)));
        }
        others.push((other.as_ref(), terms));
    }
    for (_, terms) in &mut others {
        terms.offer = own.offer;
    }
    Ok((own, others))
}

/// What a broker is met with: how fast it is, and what it offers.
pub(super) fn terms(ground: &Ground) -> io::Result<Terms> {
    let mut road = ground.road();
    let offer = Offer::learn(road.as_mut(), ground.versions())?;
    let version = offer.newest();
    let pace = Pace::measure(road.as_mut(), version)?;
    let mut control = Canary::new(version, pace);
    if let Some(wrong) = control.beat(road.as_mut()) {
        return Err(io::Error::other(format!("not even a plain message got through: {}", wrong.seen)));
    }
    control.let_go(road.as_mut());
    Ok(Terms { offer, pace, futile: Futile::default(), tells_cleaning: false })
}

/// The canary, until all is done.
fn beat(ground: &Ground, shared: &Shared<'_>, terms: Terms, is_done: &AtomicBool) {
    let version = terms.offer.newest();
    let mut road = ground.road();
    let mut canary = Canary::new(version, terms.pace);
    let mut deaths = ground.deaths();
    let mut refusals = 0;
    while !is_done.load(Ordering::Relaxed) {
        std::thread::sleep(BEAT);
        if !ground.is_up() || ground.deaths() != deaths {
            canary.let_go(road.as_mut());
            deaths = ground.deaths();
            if !ground.await_up() {
                return;
            }
            road = ground.road();
            continue;
        }
        let suspicion = canary.beat(road.as_mut());
        shared.says_canary(canary.words());
        let is_left_out = |suspicion: &Suspicion| [REFUSED, WAITS].contains(&suspicion.place.as_str());
        refusals = if suspicion.as_ref().is_some_and(is_left_out) { refusals + 1 } else { 0 };
        let is_closed = refusals >= STUCK && ground.lets_nobody_in(road.as_mut(), version);
        if is_closed && ground.gives_up() {
            continue;
        }
        let suspicion = suspicion.map(|suspicion| if is_closed { closed(&suspicion) } else { suspicion });
        // What dies with the broker is its death, and told as that.
        if let Some(suspicion) = suspicion.filter(|_| ground.has_survived(deaths) && ground.is_up()) {
            tell_alone(&[suspicion], ground, shared, terms);
        }
    }
    canary.let_go(road.as_mut());
}

/// The same, where nobody is let in any more and nobody ends the broker for that.
fn closed(suspicion: &Suspicion) -> Suspicion {
    let seen = format!("nobody is let in any more, whoever it is; {}", suspicion.seen);
    Suspicion { weight: Weight::Fail, place: REFUSED.to_owned(), seen, ..suspicion.clone() }
}

/// The process, until all is done.
fn look(ground: &Ground, shared: &Shared<'_>, terms: Terms, is_done: &AtomicBool) {
    let (version, mut watched) = (terms.offer.newest(), None::<Watch>);
    let mut stillness = STILLNESS;
    while !is_done.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK);
        let Some(pid) = ground.pid() else { continue };
        // One that was started again begins anew.
        let watch = watched.take().filter(|watch| watch.pid == pid).unwrap_or_else(|| Watch::new(pid));
        let watch = watched.insert(watch);
        let grown = watch.look(shared.elapsed(), shared.all());
        shared.weighs(watch.first.zip(watch.last).map(|(first, last)| (first[0], last[0])));
        if let Some((suspicion, at)) = grown.into_iter().next() {
            lock(&shared.growth).get_or_insert((Suspicion { version, ..suspicion }, at));
        }
        if shared.elapsed() >= stillness {
            stillness = shared.elapsed() + STILLNESS;
            let busy = shared.while_still(shared.options.jobs.max(1), || is_busy(pid)).flatten();
            if let Some(busy) = busy {
                tell_alone(&[Suspicion { version, ..busy }], ground, shared, terms);
            }
        }
    }
    // Nobody had the time to find out.
    if let Some((suspicion, _)) = lock(&shared.growth).take() {
        let mut finding = Finding::new(suspicion, (shared.all(), shared.elapsed()), None, false);
        finding.again = Again::Untried("the time was over");
        shared.found(finding);
    }
}

/// Tells of what no case can be named for.
fn tell_alone(suspicions: &[Suspicion], ground: &Ground, shared: &Shared<'_>, terms: Terms) {
    let table = shared.table;
    let (name, limit) = ("c".to_owned(), shared.limit());
    let mut confirmer = Confirmer {
        ground,
        table,
        terms,
        name,
        played: 0,
        road: None,
        limit,
        calm: None,
        deaths: 0,
        came_to: CameTo::End,
        beside: Vec::new(),
    };
    shared.suspect(suspicions, shared.all(), None, None, &mut confirmer);
}
