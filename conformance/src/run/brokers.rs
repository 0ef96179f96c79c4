//! The brokers of a run: started, tried by the control, and found again by the case that wants one.

use super::control::{self, Offer};
use super::options::RunOptions;
use super::spread;
use crate::broker::{Ready, Target, Unready, Variant};
use crate::scenario::{Instance, Invariants, Stop};
use mqtt_assay_codec::Version;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// The control did not work: nothing was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NothingJudged(pub String);

/// The brokers of a run, one for each variant in use, and what the control learnt of them.
pub(super) struct Brokers {
    ready: BTreeMap<(Variant, &'static str), Prepared>,
    /// How long after its SUBACK a subscription may not work yet.
    spreads_in: Duration,
}

/// A broker that has passed the control, or what the cases that need it come to.
type Prepared = Result<(Ready, Offer), Stop>;

impl Brokers {
    pub(super) async fn prepare(
        target: &Target,
        selected: &[Instance],
        options: &RunOptions,
        invariants: &Rc<Invariants>,
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
        let mut brokers = Self { ready: BTreeMap::new(), spreads_in: Duration::ZERO };
        let plain = versions.remove_entry(&Variant::PLAIN);
        for (variant, versions) in plain.into_iter().chain(versions) {
            brokers.prepare_variant(target, variant, &versions, options, invariants).await;
            if variant == Variant::PLAIN {
                brokers.require_a_control()?;
                brokers.measure_spread(options, invariants).await;
            }
        }
        Ok(brokers)
    }

    async fn prepare_variant(
        &mut self,
        target: &Target,
        variant: Variant,
        versions: &[Version],
        options: &RunOptions,
        invariants: &Rc<Invariants>,
    ) {
        let mut prepared = target.prepare(variant).await;
        for (index, &version) in versions.iter().enumerate() {
            if index > 0 && target.fresh_for_each_case().is_some() {
                // What would spoil a case that comes after another one spoils a control as well.
                prepared = target.prepare(variant).await;
            }
            let prepared = prepared.as_ref().map_err(Unready::clone).and_then(|started| started.ready(version));
            let found = match (&prepared, self.announced(variant, version)) {
                (Ok(ready), _) => {
                    let offer = control::try_out(ready, version, options, invariants).await;
                    let mut ready = ready.clone();
                    ready.setting.spreads_in = self.spreads_in;
                    offer.and_then(|offer| announces(variant, version, &offer).map(|()| (ready, offer)))
                }
                (Err(Unready::NotOffered(_)), Some(plain)) => Ok(plain),
                (Err(unready), _) => Err(Stop::from(unready.clone())),
            };
            self.ready.insert((variant, word(version)), found);
        }
    }

    /// Finds out on the plain broker whether subscriptions work as soon as they are acknowledged.
    async fn measure_spread(&mut self, options: &RunOptions, invariants: &Rc<Invariants>) {
        let versions = [Version::V5, Version::V3_1_1];
        let first = versions.into_iter().find_map(|version| {
            let (ready, _) = self.ready.get(&(Variant::PLAIN, word(version)))?.as_ref().ok()?;
            Some((version, ready.clone()))
        });
        let Some((version, ready)) = first else { return };
        self.spreads_in = spread::measure(&ready, version, options, invariants).await;
        for (ready, _) in self.ready.values_mut().flatten() {
            ready.setting.spreads_in = self.spreads_in;
        }
    }

    /// The plain broker, where it announces by itself what the variant is about.
    fn announced(&self, variant: Variant, version: Version) -> Option<(Ready, Offer)> {
        let plain = self.ready.get(&(Variant::PLAIN, word(version)))?.as_ref().ok()?;
        (!variant.lacks.is_empty() && plain.1.lacks(variant.lacks).is_some()).then(|| plain.clone())
    }

    /// Without a single version in which the plain control works, nothing can be judged.
    fn require_a_control(&self) -> Result<(), NothingJudged> {
        let mut why = Vec::new();
        for ((_, version), ready) in &self.ready {
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
        let plain = self.ready.get(&(Variant::PLAIN, word(version)))?;
        plain.as_ref().err().filter(|stop| matches!(stop, Stop::NotOffered(_))).cloned()
    }

    pub(super) fn find(&self, instance: &Instance, options: &RunOptions) -> Result<&Ready, Stop> {
        if instance.case.intrusive && !options.intrusive {
            return Err(Stop::NotOffered(
                "intrusive, and the broker is not on this machine; --intrusive allows it".to_owned(),
            ));
        }
        let plain = self.ready.get(&(Variant::PLAIN, word(instance.version)));
        if let Some(Err(stop)) = plain {
            return Err(stop.clone());
        }
        match self.ready.get(&(instance.case.variant, word(instance.version))) {
            Some(Ok((ready, offer))) => match instance.case.needs.iter().find_map(|need| offer.lacks(need)) {
                Some(why) => Err(Stop::NotOffered(why.to_owned())),
                None => Ok(ready),
            },
            Some(Err(stop)) => Err(stop.clone()),
            None => Err(Stop::Inconclusive {
                why: "a defect of the suite: no broker was prepared for this case".to_owned(),
                line: None,
            }),
        }
    }
}

/// A variant about something that a 5.0 broker lacks is there only if its CONNACK says that it is lacking.
fn announces(variant: Variant, version: Version, offer: &Offer) -> Result<(), Stop> {
    if version == Version::V5 && !variant.lacks.is_empty() && offer.lacks(variant.lacks).is_none() {
        return Err(Stop::NotOffered(format!("variant {}: the broker does not announce it in CONNACK", variant.name)));
    }
    Ok(())
}

fn word(version: Version) -> &'static str {
    match version {
        Version::V3_1 => "3.1",
        Version::V3_1_1 => "3.1.1",
        Version::V5 => "5",
    }
}

impl From<Unready> for Stop {
    fn from(unready: Unready) -> Self {
        match unready {
            Unready::NotOffered(why) => Self::NotOffered(why),
            Unready::Failed(why) => Self::Inconclusive { why, line: None },
        }
    }
}
