//! Makes a sequence that found something as small as it can be: fewer steps, then fewer clients, then simpler steps. Each
//! try plays it again; what still finds the same is kept.

use super::step::{Act, Connecting, Publishing, Sequence, Step};

/// A smaller sequence to be tried, and what is to be tried next.
pub(super) struct Shrinker {
    best: Sequence,
    /// How many steps are left out at once.
    chunk: usize,
    place: usize,
    phase: Phase,
    /// Something got smaller since the phases were gone through last.
    has_shrunk: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Steps,
    Clients,
    Simpler,
    Done,
}

impl Shrinker {
    pub(super) fn new(sequence: Sequence) -> Self {
        let chunk = (sequence.steps.len() / 2).max(1);
        Self { best: sequence, chunk, place: 0, phase: Phase::Steps, has_shrunk: false }
    }

    /// The smallest that is known to find it.
    pub(super) fn best(&self) -> &Sequence {
        &self.best
    }

    /// What is to be tried, if there is anything left.
    pub(super) fn next(&mut self) -> Option<Sequence> {
        loop {
            let candidate = match self.phase {
                Phase::Steps => self.with_fewer_steps(),
                Phase::Clients => self.with_fewer_clients(),
                Phase::Simpler => self.with_simpler_steps(),
                Phase::Done => return None,
            };
            if candidate.is_some() {
                return candidate;
            }
            self.go_on();
        }
    }

    fn go_on(&mut self) {
        self.place = 0;
        self.phase = match self.phase {
            Phase::Steps if self.chunk > 1 => {
                self.chunk /= 2;
                Phase::Steps
            }
            Phase::Steps => Phase::Clients,
            Phase::Clients => Phase::Simpler,
            Phase::Simpler if self.has_shrunk => {
                (self.has_shrunk, self.chunk) = (false, 1);
                Phase::Steps
            }
            Phase::Simpler | Phase::Done => Phase::Done,
        };
    }

    /// What was tried finds it too.
    pub(super) fn found(&mut self, smaller: Sequence) {
        self.best = smaller;
        self.has_shrunk = true;
        // What stands at this place now was not tried.
        self.place = self.place.saturating_sub(1);
    }

    fn with_fewer_steps(&mut self) -> Option<Sequence> {
        let start = self.place * self.chunk;
        if start >= self.best.steps.len() {
            return None;
        }
        self.place += 1;
        let mut smaller = self.best.clone();
        let end = (start + self.chunk).min(smaller.steps.len());
        smaller.steps.drain(start..end);
        Some(smaller)
    }

    fn with_fewer_clients(&mut self) -> Option<Sequence> {
        let (who, _) = self.best.actors().nth(self.place)?;
        self.place += 1;
        (self.best.actors().count() > 1).then(|| self.best.without(who))
    }

    /// The next step that can be simpler, simplified by one thing.
    fn with_simpler_steps(&mut self) -> Option<Sequence> {
        let mut all = Vec::new();
        for (place, step) in self.best.steps.iter().enumerate() {
            let Step::Do(who, act) = step else { continue };
            all.extend(simpler(act).into_iter().map(|act| (place, Step::Do(*who, act))));
        }
        let (place, step) = all.into_iter().nth(self.place)?;
        self.place += 1;
        let mut smaller = self.best.clone();
        smaller.steps[place] = step;
        Some(smaller)
    }
}

/// The same act with one thing less, for each thing that can be left out.
fn simpler(act: &Act) -> Vec<Act> {
    match act {
        Act::Connect(connecting) => simpler_connects(connecting).into_iter().map(Act::Connect).collect(),
        Act::Publish(publishing) => simpler_messages(publishing).into_iter().map(Act::Publish).collect(),
        Act::Subscribe { filters, identifier } => {
            let mut all = Vec::new();
            if identifier.is_some() {
                all.push(Act::Subscribe { filters: filters.clone(), identifier: None });
            }
            for place in 0..filters.len() {
                let mut fewer = filters.clone();
                fewer.remove(place);
                if !fewer.is_empty() {
                    all.push(Act::Subscribe { filters: fewer, identifier: *identifier });
                }
                let mut plain = filters.clone();
                plain[place].1 = mqtt_assay_codec::SubscriptionOptions::at(plain[place].1.qos);
                all.push(Act::Subscribe { filters: plain, identifier: *identifier });
            }
            all.retain(|simpler| simpler != act);
            all
        }
        _ => Vec::new(),
    }
}

fn simpler_connects(connecting: &Connecting) -> Vec<Connecting> {
    let all = [
        Connecting { will: None, ..connecting.clone() },
        Connecting { receive_maximum: None, ..connecting.clone() },
        Connecting { packet_size: None, ..connecting.clone() },
        Connecting { aliases: None, ..connecting.clone() },
        Connecting { in_pieces: false, ..connecting.clone() },
    ];
    all.into_iter().filter(|simpler| simpler != connecting).collect()
}

fn simpler_messages(publishing: &Publishing) -> Vec<Publishing> {
    let all = [
        Publishing::plain(&publishing.topic, publishing.qos),
        Publishing { alias: false, ..publishing.clone() },
        Publishing { properties: false, ..publishing.clone() },
        Publishing { expiry: None, ..publishing.clone() },
        Publishing { retain: false, ..publishing.clone() },
        Publishing { size: 1, ..publishing.clone() },
        Publishing { at_once: false, ..publishing.clone() },
        Publishing { in_pieces: false, ..publishing.clone() },
    ];
    all.into_iter().filter(|simpler| simpler != publishing).collect()
}

#[cfg(test)]
mod tests {
    use super::super::generate::generate;
    use super::*;
    use mqtt_assay_codec::Version;

    /// Shrinks as if whatever still does this were a finding; how many tries that took.
    fn shrunk(mut shrinker: Shrinker, finds: impl Fn(&Sequence) -> bool) -> (Sequence, usize) {
        let mut tries = 0;
        while let Some(smaller) = shrinker.next() {
            tries += 1;
            assert!(tries < 5000, "it comes to no end");
            if finds(&smaller) {
                shrinker.found(smaller);
            }
        }
        (shrinker.best().clone(), tries)
    }

    #[test]
    fn what_does_not_matter_is_left_out() {
        let is_retained = |step: &Step| matches!(step, Step::Do(_, Act::Publish(publishing)) if publishing.retain);
        let finds = |sequence: &Sequence| sequence.steps.iter().any(is_retained);
        let mut seen = 0;
        for index in 0..50 {
            let sequence = generate(1, index, &[Version::V3_1_1, Version::V5]);
            if !finds(&sequence) {
                continue;
            }
            seen += 1;
            let (best, tries) = shrunk(Shrinker::new(sequence), finds);
            let lines: Vec<String> = best.to_string().lines().map(str::to_owned).collect();
            assert!(lines.len() == 2 && lines[1].ends_with(" retain") && best.actors().count() == 1, "{best}");
            assert!(tries < 200, "{tries} tries");
        }
        assert!(seen > 20, "{seen}");
    }

    #[test]
    fn what_matters_stays() {
        let sequence = generate(1, 3, &[Version::V5]);
        let (best, _) = shrunk(Shrinker::new(sequence.clone()), |smaller| *smaller == sequence);
        assert_eq!(best, sequence);
    }
}
