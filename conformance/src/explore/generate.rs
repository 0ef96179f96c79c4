//! Sequences by chance: a seed and an index make one, always the same.
//!
//! Chance is weighted towards what meets: few topics, filters that overlap, sessions that are kept. Whether a step can be
//! carried out is found out when it is played.

use super::step::{Act, Connecting, Publishing, Sequence, Step, Which, Willing};
use crate::chance::Random;
use mqtt_assay_codec::{QoS, RetainHandling, SubscriptionOptions, Version};

/// Topics that are published to.
const TOPICS: [&str; 5] = ["a", "a/b", "a/b/c", "x", "x/b"];

/// Topic filters, those of a share apart.
const FILTERS: [&str; 8] = ["a", "a/b", "a/b/c", "a/+", "a/#", "+/b", "#", "x/#"];

/// Shared subscriptions (5.0).
const SHARES: [&str; 3] = ["$share/g/a/#", "$share/g/a/b", "$share/h/x/#"];

const QOS: [(usize, QoS); 3] = [(2, QoS::AtMostOnce), (4, QoS::AtLeastOnce), (4, QoS::ExactlyOnce)];

/// Fewest and most steps behind the first connects.
const STEPS: (usize, usize) = (10, 40);

/// The sequence of this seed and index, of clients of these versions.
pub(crate) fn generate(seed: u64, index: u64, versions: &[Version]) -> Sequence {
    let mut random = Random::of(seed, index);
    let count = random.weighted(&[(3, 2), (3, 3), (1, 4)]);
    let turn = random.below(versions.len());
    let cast: Vec<Version> = (0..count).map(|place| versions[(place + turn) % versions.len()]).collect();
    let mut maker = Maker { random, cast, subscribed: vec![Vec::new(); count], is_away: vec![false; count] };
    let mut steps: Vec<Step> = (0..count).map(|who| Step::Do(who, Act::Connect(maker.connecting(who, true)))).collect();
    let length = STEPS.0 + maker.random.below(STEPS.1 - STEPS.0);
    // Without subscriptions nothing comes.
    for who in 0..count {
        if who == 0 || maker.random.chance(50) {
            steps.push(Step::Do(who, maker.subscribing(who)));
        }
    }
    let length = steps.len() + length;
    while steps.len() < length {
        let step = maker.step();
        steps.push(step);
    }
    Sequence { cast: maker.cast.into_iter().map(Some).collect(), steps }
}

/// What is known of a sequence while it is being made.
struct Maker {
    random: Random,
    cast: Vec<Version>,
    subscribed: Vec<Vec<String>>,
    is_away: Vec<bool>,
}

/// Kinds of steps.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Wait,
    Connect,
    Subscribe,
    Unsubscribe,
    Publish,
    Hold,
    Acknowledge,
    Ping,
    Leave,
    Reset,
    Fin,
}

impl Maker {
    fn step(&mut self) -> Step {
        let who = self.random.below(self.cast.len());
        if self.is_away[who] && self.random.chance(35) {
            self.is_away[who] = false;
            return Step::Do(who, Act::Connect(self.connecting(who, false)));
        }
        // Somebody who is away does nothing; the others go on.
        let present: Vec<usize> = (0..self.cast.len()).filter(|who| !self.is_away[*who]).collect();
        if present.is_empty() {
            self.is_away[who] = false;
            return Step::Do(who, Act::Connect(self.connecting(who, false)));
        }
        let who = self.random.one_of(&present);
        let kind = self.random.weighted(&[
            (3, Kind::Wait),
            (4, Kind::Connect),
            (14, Kind::Subscribe),
            (4, Kind::Unsubscribe),
            (44, Kind::Publish),
            (6, Kind::Hold),
            (8, Kind::Acknowledge),
            (2, Kind::Ping),
            (4, Kind::Leave),
            (6, Kind::Reset),
            (4, Kind::Fin),
        ]);
        if let Kind::Wait = kind {
            return Step::Wait(self.random.weighted(&[(10, 10), (5, 60), (1, 1100), (1, 2100)]));
        }
        Step::Do(who, self.act(who, kind))
    }

    fn act(&mut self, who: usize, kind: Kind) -> Act {
        self.is_away[who] = matches!(kind, Kind::Leave | Kind::Reset | Kind::Fin);
        match kind {
            Kind::Wait | Kind::Ping => Act::Ping,
            Kind::Connect => Act::Connect(self.connecting(who, false)),
            Kind::Subscribe => self.subscribing(who),
            Kind::Unsubscribe => {
                let known = &self.subscribed[who];
                let filter = if known.is_empty() || self.random.chance(10) {
                    self.random.one_of(&FILTERS).to_owned()
                } else {
                    known[self.random.below(known.len())].clone()
                };
                Act::Unsubscribe(vec![filter])
            }
            Kind::Publish => Act::Publish(self.publishing(who)),
            Kind::Hold => Act::Hold,
            Kind::Acknowledge => {
                let which = [(4, Which::All), (2, Which::First), (2, Which::Qos1), (2, Which::Qos2)];
                Act::Acknowledge(self.random.weighted(&which))
            }
            Kind::Leave => Act::Leave { with_will: self.is_5(who) && self.random.chance(30) },
            Kind::Reset => Act::Reset,
            Kind::Fin => Act::Fin,
        }
    }

    fn is_5(&self, who: usize) -> bool {
        self.cast[who] == Version::V5
    }

    /// With this chance in a hundred one of these, for clients of 5.0.
    fn sometimes<T: Copy>(&mut self, who: usize, percent: usize, choices: &[T]) -> Option<T> {
        let is_drawn = self.random.chance(percent);
        (is_drawn && self.is_5(who)).then(|| self.random.one_of(choices))
    }

    fn connecting(&mut self, who: usize, is_first: bool) -> Connecting {
        let is_clean = self.random.chance(if is_first { 30 } else { 15 });
        let keeps = if self.is_5(who) { self.random.chance(75) } else { !is_clean };
        if is_clean {
            self.subscribed[who].clear();
        }
        Connecting {
            is_clean,
            keeps,
            receive_maximum: self.sometimes(who, 30, &[1, 2, 3, 10]),
            packet_size: self.sometimes(who, 15, &[120, 200, 1000]),
            aliases: self.sometimes(who, 20, &[1, 5]),
            will: self.random.chance(30).then(|| self.willing(who)),
            in_pieces: self.random.chance(5),
        }
    }

    fn willing(&mut self, who: usize) -> Willing {
        Willing {
            topic: self.random.one_of(&TOPICS).to_owned(),
            qos: self.random.weighted(&QOS),
            retain: self.random.chance(30),
            delay: self.sometimes(who, 30, &[0, 1, 2]),
        }
    }

    fn subscribing(&mut self, who: usize) -> Act {
        let count = self.random.weighted(&[(5, 1), (2, 2), (1, 3)]);
        let mut filters: Vec<(String, SubscriptionOptions)> = Vec::new();
        for _ in 0..count {
            let shared = self.sometimes(who, 12, &SHARES);
            let filter = shared.unwrap_or_else(|| self.random.one_of(&FILTERS)).to_owned();
            // Twice in one packet is legal, and left to the cases.
            if filters.iter().any(|(known, _)| *known == filter) {
                continue;
            }
            let options = self.options(who, shared.is_some());
            self.subscribed[who].push(filter.clone());
            filters.push((filter, options));
        }
        Act::Subscribe { filters, identifier: self.sometimes(who, 40, &[1, 2, 7, 200, 70_000]) }
    }

    fn options(&mut self, who: usize, is_shared: bool) -> SubscriptionOptions {
        let handling = [RetainHandling::SendIfNew, RetainHandling::DoNotSend];
        SubscriptionOptions {
            qos: self.random.weighted(&QOS),
            // On a shared subscription it is a protocol error.
            no_local: self.sometimes(who, 20, &[true]).is_some() && !is_shared,
            retain_as_published: self.sometimes(who, 30, &[true]).is_some(),
            retain_handling: self.sometimes(who, 30, &handling).unwrap_or_default(),
        }
    }

    fn publishing(&mut self, who: usize) -> Publishing {
        let retain = self.random.chance(30);
        Publishing {
            topic: self.random.one_of(&TOPICS).to_owned(),
            qos: self.random.weighted(&QOS),
            retain,
            size: self.random.weighted(&[(20, 1), (if retain { 4 } else { 0 }, 0), (3, 90), (2, 170), (1, 3000)]),
            alias: self.sometimes(who, 20, &[true]).is_some(),
            properties: self.sometimes(who, 25, &[true]).is_some(),
            expiry: self.sometimes(who, 10, &[1, 100]),
            at_once: self.random.chance(35),
            in_pieces: self.random.chance(4),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seed_and_index_make_the_sequence() {
        let both = [Version::V3_1_1, Version::V5];
        assert_eq!(generate(1, 5, &both), generate(1, 5, &both));
        assert_ne!(generate(1, 5, &both), generate(1, 6, &both));
        assert_ne!(generate(1, 5, &both), generate(2, 5, &both));
    }

    #[test]
    fn clients_of_both_versions_meet_and_those_of_3_1_1_ask_for_nothing_newer() {
        let old = generate(1, 9, &[Version::V3_1_1]).to_string();
        assert!(!old.contains("=5"), "{old}");
        for index in 0..200 {
            let sequence = generate(1, index, &[Version::V3_1_1, Version::V5]);
            assert!((2..=4).contains(&sequence.cast.len()));
            for version in [Version::V3_1_1, Version::V5] {
                assert!(sequence.actors().any(|(_, known)| known == version), "{sequence}");
            }
            for step in &sequence.steps {
                let Step::Do(who, act) = step else { continue };
                let newer = ["identifier", "no-local", "handling", "aliases", "packet-size", "$share", "with-will"];
                let text = act.to_string();
                let is_old = sequence.cast[*who] == Some(Version::V3_1_1);
                assert!(!is_old || newer.iter().all(|word| !text.contains(word)), "{text}");
            }
        }
    }

    #[test]
    fn every_kind_of_step_is_drawn() {
        let text: String = (0..300).map(|index| generate(1, index, &[Version::V5]).to_string() + "\n").collect();
        for word in [
            "wait ",
            " connect clean",
            "keeps",
            "receive-maximum",
            "packet-size",
            "aliases",
            "will=",
            "delay=",
            " subscribe ",
            "no-local",
            "as-published",
            "handling=2",
            "identifier=",
            "$share",
            " unsubscribe ",
            " publish ",
            "retain",
            "size=0",
            "size=3000",
            "alias",
            "properties",
            "expiry",
            "at-once",
            "in-pieces",
            " hold",
            "acknowledge first",
            "acknowledge qos2",
            " ping",
            " leave",
            "with-will",
            " reset",
            " fin",
        ] {
            assert!(text.contains(word), "{word}");
        }
    }
}
