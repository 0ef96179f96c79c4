//! The brokers of a run: started, tried by the control, and found again by the case that wants one.

use super::begin::{of_watchman, watch_over};
use super::control::{self, Untried};
use super::life::Life;
use super::offer::Offer;
use super::options::RunOptions;
use super::spread;
use crate::broker::{Ready, Started, Target, Unready, Variant};
use crate::scenario::{Common, Instance, Invariants, Stop};
use mqtt_assay_codec::Version;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;

/// The control did not work: nothing was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NothingJudged(pub String);

/// The brokers of a run, one for each variant in use, and what the control learnt of them.
pub(super) struct Brokers {
    ready: RefCell<BTreeMap<(Variant, Version), Prepared>>,
    /// Numbers of brokers that were lost, and have nobody in their place yet.
    lost: RefCell<BTreeSet<usize>>,
    /// No broker comes in the place of the last one.
    is_over: Cell<bool>,
    changed: Notify,
    next: Cell<usize>,
    /// How long after its SUBACK a subscription may not work yet.
    spreads_in: Cell<Duration>,
}

/// A broker that has passed the control, or what the cases that need it come to.
type Prepared = Result<Found, Stop>;

/// A broker as a case gets it.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) ready: Ready,
    offer: Offer,
    /// The variant that it was started for: the plain one serves cases of another where it announces what that is about.
    pub(super) variant: Variant,
    /// One number for each broker that was started.
    pub(super) number: usize,
    /// Nobody watches over those that are started for each case anew, before they are.
    pub(super) life: Option<Rc<Life>>,
}

impl Brokers {
    pub(super) async fn prepare(
        target: &Target,
        selected: &[Instance],
        options: &RunOptions,
        invariants: &Rc<Invariants>,
        common: &Common,
    ) -> Result<Self, NothingJudged> {
        let mut versions: BTreeMap<Variant, Vec<Version>> = BTreeMap::new();
        for instance in selected {
            let known = versions.entry(instance.case.variant).or_default();
            if !known.contains(&instance.version) {
                known.push(instance.version);
            }
        }
        let plain = versions.entry(Variant::PLAIN).or_default();
        for instance in selected {
            if !plain.contains(&instance.version) {
                plain.push(instance.version);
            }
        }
        let brokers = Self {
            ready: RefCell::default(),
            lost: RefCell::default(),
            is_over: Cell::new(false),
            changed: Notify::new(),
            next: Cell::new(0),
            spreads_in: Cell::default(),
        };
        let plain = versions.remove_entry(&Variant::PLAIN);
        for (variant, versions) in plain.into_iter().chain(versions) {
            brokers.prepare_variant(target, variant, &versions, options, invariants, common).await;
            if variant == Variant::PLAIN {
                brokers.require_a_control()?;
                brokers.measure_spread(options, invariants).await;
            }
        }
        Ok(brokers)
    }

    async fn prepare_variant(
        &self,
        target: &Target,
        variant: Variant,
        versions: &[Version],
        options: &RunOptions,
        invariants: &Rc<Invariants>,
        common: &Common,
    ) {
        let is_fresh = target.fresh_for_each_case().is_some();
        let mut prepared = target.prepare(variant).await;
        let number = self.next_number();
        let mut unspoken = Vec::new();
        for (index, &version) in versions.iter().enumerate() {
            if index > 0 && is_fresh {
                // What would spoil a case that comes after another one spoils a control as well.
                prepared = target.prepare(variant).await;
            }
            let ready = prepared.as_ref().map_err(Unready::clone).and_then(|started| started.ready(version));
            let ready = ready.map(|ready| self.spreading(ready));
            let found = match (ready, self.announced(variant, version)) {
                (Ok(ready), _) => match tried(&ready, variant, version, options, invariants, common).await {
                    Ok(offer) if is_fresh => Ok(Found { ready, offer, variant, number, life: None }),
                    Ok(offer) => {
                        let life = Some(watch_over(&ready, version, &of_watchman(options, variant), invariants).await);
                        Ok(Found { ready, offer, variant, number, life })
                    }
                    Err(Untried { stop, is_unspoken }) => {
                        if is_unspoken && variant == Variant::PLAIN {
                            unspoken.push(version);
                        }
                        Err(stop)
                    }
                },
                (Err(Unready::NotOffered(_)), Some(plain)) => Ok(plain),
                (Err(unready), _) => Err(Stop::from(unready)),
            };
            self.ready.borrow_mut().insert((variant, version), found);
        }
        if variant != Variant::PLAIN {
            return;
        }
        self.tell_unspoken(&unspoken);
        if let Some(stated) = self.stated_in_5(prepared.ok().as_ref(), options, invariants).await {
            let mut ready = self.ready.borrow_mut();
            if let Some(Ok(found)) = ready.get_mut(&(variant, Version::V3_1_1)) {
                found.offer.adopt(&stated);
            }
        }
    }

    /// A broker of one version: what ends the connection of the other's CONNECT does not speak it.
    fn tell_unspoken(&self, unspoken: &[Version]) {
        let mut ready = self.ready.borrow_mut();
        let served = ready.iter().find(|(_, found)| found.is_ok()).map(|((_, version), _)| *version);
        let Some(served) = served else { return };
        for &version in unspoken {
            let why = format!(
                "the broker does not speak MQTT {version}: it ends the connection at its CONNECT, and serves MQTT {served}"
            );
            ready.insert((Variant::PLAIN, version), Err(Stop::NotOffered(why)));
        }
    }

    /// What the plain broker says in 5.0 that it lacks, also where no case of 5.0 is to be run.
    async fn stated_in_5(
        &self,
        started: Option<&Started>,
        options: &RunOptions,
        invariants: &Rc<Invariants>,
    ) -> Option<Offer> {
        if let Some(found) = self.ready.borrow().get(&(Variant::PLAIN, Version::V5)) {
            return found.as_ref().ok().map(|found| found.offer.clone());
        }
        let ready = started?.ready(Version::V5).ok()?;
        control::stated(&ready, options, invariants).await
    }

    fn next_number(&self) -> usize {
        let number = self.next.get();
        self.next.set(number + 1);
        number
    }

    /// The broker, with what is known of how soon its subscriptions work.
    fn spreading(&self, mut ready: Ready) -> Ready {
        ready.setting.spreads_in = self.spreads_in.get();
        ready
    }

    /// Finds out on the plain broker whether subscriptions work as soon as they are acknowledged.
    async fn measure_spread(&self, options: &RunOptions, invariants: &Rc<Invariants>) {
        let first = [Version::V5, Version::V3_1_1].into_iter().find_map(|version| {
            let ready = self.ready.borrow();
            let found = ready.get(&(Variant::PLAIN, version))?.as_ref().ok()?;
            Some((version, found.ready.clone()))
        });
        let Some((version, ready)) = first else { return };
        self.spreads_in.set(spread::measure(&ready, version, options, invariants).await);
        for found in self.ready.borrow_mut().values_mut().flatten() {
            found.ready.setting.spreads_in = self.spreads_in.get();
        }
    }

    /// The plain broker, where it announces by itself what the variant is about.
    fn announced(&self, variant: Variant, version: Version) -> Option<Found> {
        let ready = self.ready.borrow();
        let plain = ready.get(&(Variant::PLAIN, version))?.as_ref().ok()?;
        (!variant.lacks.is_empty() && plain.offer.states_lack(variant.lacks)).then(|| plain.clone())
    }

    /// Takes note of a loss; false where it is known already.
    pub(super) fn lose(&self, number: usize) -> bool {
        self.lost.borrow_mut().insert(number)
    }

    /// No case begins any more on brokers that were lost.
    pub(super) fn give_up(&self) {
        self.is_over.set(true);
        self.changed.notify_waiters();
    }

    /// Starts another broker in the place of one that was lost. It was tried by the control when it was started first.
    ///
    /// # Errors
    ///
    /// Why there is none: the run can't go on with it.
    pub(super) async fn renew(
        &self,
        target: &Target,
        number: usize,
        options: &RunOptions,
        invariants: &Rc<Invariants>,
    ) -> Result<(), String> {
        let places: Vec<((Variant, Version), Found)> = {
            let ready = self.ready.borrow();
            let of_it = |(place, found): (&(Variant, Version), &Prepared)| {
                Some((*place, found.as_ref().ok().filter(|found| found.number == number)?.clone()))
            };
            ready.iter().filter_map(of_it).collect()
        };
        let Some((_, first)) = places.first() else { return Ok(()) };
        if let Some(process) = &first.ready.process {
            process.end();
        }
        let started = target.prepare(first.variant).await.map_err(|unready| format!("{unready:?}"))?;
        let new = self.next_number();
        for ((variant, version), found) in places {
            let ready =
                started.ready(version).map(|ready| self.spreading(ready)).map_err(|unready| format!("{unready:?}"))?;
            let life = Some(watch_over(&ready, version, &of_watchman(options, variant), invariants).await);
            let renewed = Found { ready, number: new, life, ..found };
            self.ready.borrow_mut().insert((variant, version), Ok(renewed));
        }
        self.lost.borrow_mut().remove(&number);
        self.changed.notify_waiters();
        Ok(())
    }

    /// Every broker that cases may be at, once for each variant that it serves.
    pub(super) fn watched(&self) -> Vec<Found> {
        self.ready.borrow().values().filter_map(|found| found.as_ref().ok()).cloned().collect()
    }

    /// Every watch over them, once.
    pub(super) fn lives(&self) -> Vec<Rc<Life>> {
        let mut lives: Vec<Rc<Life>> = Vec::new();
        for life in self.watched().into_iter().filter_map(|found| found.life) {
            if !lives.iter().any(|known| Rc::ptr_eq(known, &life)) {
                lives.push(life);
            }
        }
        lives
    }

    /// Without a single version in which the plain control works, nothing can be judged.
    fn require_a_control(&self) -> Result<(), NothingJudged> {
        let mut why = Vec::new();
        for ((_, version), ready) in self.ready.borrow().iter() {
            match ready {
                Ok(_) => return Ok(()),
                Err(Stop::Inconclusive { why: reason, .. } | Stop::NotOffered(reason) | Stop::NotExercised(reason)) => {
                    why.push(format!("MQTT {version}: {reason}"));
                }
                Err(Stop::Failed) => {}
            }
        }
        Err(NothingJudged(why.join("; ")))
    }

    /// Why the broker can't be spoken to in this version, where its own word or the profile says so.
    pub(super) fn lacks_version(&self, version: Version) -> Option<Stop> {
        let ready = self.ready.borrow();
        let plain = ready.get(&(Variant::PLAIN, version))?;
        plain.as_ref().err().filter(|stop| matches!(stop, Stop::NotOffered(_))).cloned()
    }

    /// The broker for a case, once there is one.
    pub(super) async fn find(&self, instance: &Instance, options: &RunOptions) -> Result<Found, Stop> {
        if instance.case.intrusive && !options.intrusive {
            return Err(Stop::NotOffered(
                "intrusive, and the broker is not on this machine; --intrusive allows it".to_owned(),
            ));
        }
        loop {
            let changed = self.changed.notified();
            let found = self.known(instance)?;
            if !self.lost.borrow().contains(&found.number) {
                return Ok(found);
            }
            if self.is_over.get() {
                let why = "the broker was lost before this case began".to_owned();
                return Err(Stop::Inconclusive { why, line: None });
            }
            changed.await;
        }
    }

    /// The broker, which a case of this version can ask whether it speaks the other one too.
    fn alone_in_its_version(&self, mut found: Found, version: Version) -> Found {
        let other = if version == Version::V5 { Version::V3_1_1 } else { Version::V5 };
        if let Some(Stop::NotOffered(why)) = self.lacks_version(other) {
            found.ready.setting.only_version = Some(why);
        }
        found
    }

    fn known(&self, instance: &Instance) -> Result<Found, Stop> {
        let ready = self.ready.borrow();
        if let Some(Err(stop)) = ready.get(&(Variant::PLAIN, instance.version)) {
            return Err(stop.clone());
        }
        match ready.get(&(instance.case.variant, instance.version)) {
            Some(Ok(found)) => match found.offer.stops(instance) {
                Some(stop) => Err(stop),
                None => Ok(self.alone_in_its_version(found.clone(), instance.version)),
            },
            Some(Err(stop)) => Err(stop.clone()),
            None => Err(Stop::Inconclusive {
                why: "a defect of the suite: no broker was prepared for this case".to_owned(),
                line: None,
            }),
        }
    }
}

/// What the broker offers that gets through the control and is what the variant is about.
async fn tried(
    ready: &Ready,
    variant: Variant,
    version: Version,
    options: &RunOptions,
    invariants: &Rc<Invariants>,
    common: &Common,
) -> Result<Offer, Untried> {
    let offer = control::try_out(ready, version, options, invariants, common).await?;
    announces(variant, version, &offer).map_err(|stop| Untried { stop, is_unspoken: false })?;
    Ok(offer)
}

/// A variant about something that a 5.0 broker lacks is there only if its CONNACK says that it is lacking.
fn announces(variant: Variant, version: Version, offer: &Offer) -> Result<(), Stop> {
    if version == Version::V5 && !variant.lacks.is_empty() && !offer.states_lack(variant.lacks) {
        return Err(Stop::NotOffered(format!("variant {}: the broker does not announce it in CONNACK", variant.name)));
    }
    Ok(())
}

impl From<Unready> for Stop {
    fn from(unready: Unready) -> Self {
        match unready {
            Unready::NotOffered(why) => Self::NotOffered(why),
            Unready::Failed(why) => Self::Inconclusive { why, line: None },
        }
    }
}
