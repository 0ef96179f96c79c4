//! Rows of steps that belong together: what takes several of them in an order that chance alone would seldom find, such as a
//! client that comes back to its session ten times while others publish to it.

use super::make::{FILTERS, Maker, plain};
use super::op::{Act, Greeting, Id, Manner, Message, Step};

/// Which filters match the topics that come often, by their places.
const MATCHING: [&[u8]; super::make::OFTEN] = [
    &[0, 8, 4, 6, 10],
    &[1, 3, 4, 5, 6, 10, 11, 13],
    &[2, 4, 6, 9, 11, 10],
    &[6, 7, 8, 10],
    &[5, 6, 7, 10, 13],
    &[4, 6, 9, 10, 11],
];

/// Shared filters that match them.
const SHARED: [&[u8]; super::make::OFTEN] = [&[0], &[0, 1], &[0], &[2], &[2], &[0]];

impl Maker<'_> {
    /// One of them.
    pub(super) fn scene(&mut self, cast: &[bool]) -> Vec<Step> {
        let who = self.random.below(cast.len());
        let topic = self.random.below(super::make::OFTEN) as u8;
        let mut steps = Vec::new();
        match self.random.below(17) {
            0..=2 => self.comes_back(cast, who, topic, &mut steps),
            3 => self.holds_back(cast, who, topic, &mut steps),
            4 => self.much(cast, who, topic, &mut steps),
            5..=6 => self.dies(cast, who, topic, &mut steps),
            7 | 13 => self.retained(cast, who, topic, &mut steps),
            8 => self.shares(cast, topic, &mut steps),
            9 => self.asks_again(cast, who, topic, &mut steps),
            10 => self.aliases(cast, who, topic, &mut steps),
            11 => self.unanswered(cast, who, &mut steps),
            12 => self.is_silent(cast, who, topic, &mut steps),
            14 => self.too_large(cast, who, topic, &mut steps),
            15 => self.asks_less(cast, who, topic, &mut steps),
            _ => self.waits_too_long(cast, who, topic, &mut steps),
        }
        steps
    }

    fn other(&mut self, cast: &[bool], who: usize) -> usize {
        (who + self.random.below(cast.len())) % cast.len()
    }

    /// A SUBSCRIBE that matches the topic.
    fn subscribe_to(&mut self, is_5: bool, topic: u8) -> Act {
        let filter = self.random.one_of(MATCHING[usize::from(topic)]);
        let mut filters = vec![(filter, self.options(is_5, false))];
        if self.random.chance(40) {
            let another = self.random.one_of(MATCHING[usize::from(topic)]);
            if another != filter {
                filters.push((another, self.options(is_5, false)));
            }
        }
        let identifier = self.sometimes(is_5, 25, &[1, 127, 128]);
        Act::Subscribe { filters, identifier, id: Id::Fresh }
    }

    fn message_to(&mut self, is_5: bool, topic: u8) -> Message {
        Message { topic, is_by_alias: false, ..self.message(is_5) }
    }

    fn publish(&mut self, cast: &[bool], to: usize, topic: u8, steps: &mut Vec<Step>) {
        let from = self.other(cast, to);
        let message = self.message_to(cast[from], topic);
        steps.push(plain(from, Act::Publish(message)));
    }

    /// How a client goes: in order, lost, or not at all, so that it takes itself over.
    fn goes(&mut self, is_5: bool) -> Option<Act> {
        match self.random.below(6) {
            0 | 1 => Some(self.leave(is_5)),
            2 => Some(Act::Reset),
            3 => Some(Act::Fin),
            _ => None,
        }
    }

    /// It resumes its session.
    fn back(&mut self, cast: &[bool], who: usize) -> Greeting {
        let greeting = self.greeting(cast, who);
        let expiry = cast[who].then(|| self.random.one_of(&[300, u32::MAX]));
        let packet_size = self.sometimes(cast[who], 20, &[60, 128, 1000]);
        Greeting { client: who, clean: false, expiry, packet_size, keep_alive: 60, ..greeting }
    }

    /// A client with a session comes back once or more often, and somebody publishes meanwhile.
    fn comes_back(&mut self, cast: &[bool], who: usize, topic: u8, steps: &mut Vec<Step>) {
        let times = self.random.weighted(&[(6, 1), (4, 2), (4, 3), (2, 4), (2, 12)]);
        let first = self.back(cast, who);
        steps.push(plain(who, Act::Connect(first)));
        for _ in 0..self.random.weighted(&[(7, 1), (3, 2)]) {
            let subscribe = self.subscribe_to(cast[who], topic);
            steps.push(plain(who, subscribe));
        }
        let waits = self.random.chance(40);
        for turn in 0..times {
            if waits && self.random.chance(70) {
                steps.push(plain(who, Act::Manner(Manner::Later)));
                self.publish(cast, who, topic, steps);
            }
            if self.random.chance(20) {
                // What comes to it now is lost with the connection.
                steps.push(plain(who, Act::Deaf(true)));
            }
            let going = self.goes(cast[who]).map(|act| plain(who, act));
            steps.extend(going);
            let is_short = times > 4 && turn + 2 < times;
            for _ in 0..if is_short { 0 } else { self.random.below(3) } {
                self.publish(cast, who, topic, steps);
            }
            let back = self.back(cast, who);
            steps.push(plain(who, Act::Connect(back)));
        }
        self.publish(cast, who, topic, steps);
    }

    /// A client leaves several messages unacknowledged, and answers some of them, and comes back.
    fn holds_back(&mut self, cast: &[bool], who: usize, topic: u8, steps: &mut Vec<Step>) {
        let mut first = self.back(cast, who);
        first.receive_maximum = self.sometimes(cast[who], 50, &[1, 2, 3]);
        // What is retained counts like anything else that waits for an acknowledgement.
        if self.random.chance(25) {
            for topic in 0..3 {
                let from = self.other(cast, who);
                let message = self.message_to(cast[from], topic);
                steps.push(plain(from, Act::Publish(Message { retain: true, qos: self.qos, size: 8, ..message })));
            }
        }
        steps.push(plain(who, Act::Connect(first)));
        let subscribe = self.subscribe_to(cast[who], topic);
        steps.push(plain(who, subscribe));
        steps.push(plain(who, Act::Manner(Manner::Later)));
        for _ in 0..2 + self.random.below(4) {
            self.publish(cast, who, topic, steps);
            if self.random.chance(35) {
                steps.push(plain(who, Act::Acknowledge { all: false }));
            }
        }
        if self.random.chance(30) {
            let manner = self.manner(cast[who]);
            steps.push(plain(who, Act::Manner(manner)));
            steps.push(plain(who, Act::Acknowledge { all: true }));
        }
        if self.random.chance(60) {
            let going = self.goes(cast[who]).map(|act| plain(who, act));
            steps.extend(going);
            let back = self.back(cast, who);
            steps.push(plain(who, Act::Connect(back)));
        }
    }

    /// Many messages of one client to one topic, to one that is there or that comes later.
    fn much(&mut self, cast: &[bool], who: usize, topic: u8, steps: &mut Vec<Step>) {
        let from = self.other(cast, who);
        let subscribe = self.subscribe_to(cast[who], topic);
        steps.push(plain(who, subscribe));
        let is_away = who != from && self.random.chance(40);
        if is_away {
            let going = self.leave(cast[who]);
            steps.push(plain(who, going));
        }
        let message = Message { alias: 0, id: Id::Fresh, ..self.message_to(cast[from], topic) };
        for _ in 0..12 {
            let properties = if self.random.chance(30) { 31 } else { message.properties };
            let properties = if cast[from] { properties } else { 0 };
            steps.push(plain(from, Act::Publish(Message { properties, ..message.clone() })));
        }
        if is_away {
            let back = self.back(cast, who);
            steps.push(plain(who, Act::Connect(back)));
        }
    }

    /// A client with a will goes, one way or the other; somebody has subscribed to the topic, or does so now.
    fn dies(&mut self, cast: &[bool], who: usize, topic: u8, steps: &mut Vec<Step>) {
        let watcher = self.other(cast, who + 1);
        let is_before = watcher != who && self.random.chance(60);
        if is_before {
            let subscribe = self.subscribe_to(cast[watcher], topic);
            steps.push(plain(watcher, subscribe));
        }
        let times = self.random.weighted(&[(5, 1), (2, 2), (2, 3)]);
        for _ in 0..times {
            let mut greeting = if self.random.chance(70) { self.back(cast, who) } else { self.greeting(cast, who) };
            let mut will = self.will(cast[who]);
            (will.topic, will.retain) = (topic, self.random.chance(60));
            greeting.will = Some(will);
            steps.push(plain(who, Act::Connect(greeting)));
            let going = match self.random.below(7) {
                0 => Act::Leave { code: 0, expiry: None, padding: 0 },
                1 if cast[who] => Act::Leave { code: 4, expiry: None, padding: 0 },
                2 | 3 => Act::Reset,
                4 => Act::Connect(self.back(cast, who)),
                5 => self.pause(),
                _ => Act::Fin,
            };
            steps.push(plain(who, going));
            if self.random.chance(25) {
                steps.push(plain(who, self.pause()));
            }
        }
        if !is_before || self.random.chance(60) {
            let later = self.other(cast, who);
            let greeting = if self.random.chance(50) { self.back(cast, later) } else { self.greeting(cast, later) };
            if later == who || self.random.chance(30) {
                steps.push(plain(later, Act::Connect(greeting)));
            }
            let subscribe = self.subscribe_to(cast[later], topic);
            steps.push(plain(later, subscribe));
        }
    }

    /// A retained message is set, perhaps replaced or removed, and asked for.
    fn retained(&mut self, cast: &[bool], who: usize, topic: u8, steps: &mut Vec<Step>) {
        for _ in 0..=self.random.below(3) {
            let from = self.other(cast, who);
            let size = if self.random.chance(20) { 0 } else { self.message(cast[from]).size };
            let expiry = self.sometimes(cast[from], 35, &[1, 2, 60]);
            let message = Message { retain: true, size, expiry, ..self.message_to(cast[from], topic) };
            steps.push(plain(from, Act::Publish(message)));
        }
        if self.random.chance(30) {
            steps.push(plain(who, Act::Wait(self.random.one_of(&[5, 150, 150, 3_100]))));
        }
        if self.random.chance(30) {
            let back = self.back(cast, who);
            steps.push(plain(who, Act::Connect(back)));
        }
        for _ in 0..=self.random.below(2) {
            let subscribe = self.subscribe_to(cast[who], topic);
            steps.push(plain(who, subscribe));
        }
    }

    /// A client with a short keep alive says nothing for longer than that, while others may publish to it.
    fn is_silent(&mut self, cast: &[bool], who: usize, topic: u8, steps: &mut Vec<Step>) {
        let watcher = self.other(cast, who + 1);
        if watcher != who {
            let subscribe = self.subscribe_to(cast[watcher], topic);
            steps.push(plain(watcher, subscribe));
        }
        for _ in 0..self.random.weighted(&[(3, 1), (2, 2), (1, 3)]) {
            let mut greeting = self.back(cast, who);
            let mut will = self.will(cast[who]);
            will.topic = topic;
            (greeting.keep_alive, greeting.will) = (2, Some(will));
            steps.push(plain(who, Act::Connect(greeting)));
            if self.random.chance(40) {
                let subscribe = self.subscribe_to(cast[who], topic);
                steps.push(plain(who, subscribe));
                steps.push(plain(who, Act::Wait(100)));
                self.publish(cast, who, topic, steps);
            }
            if self.random.chance(30) {
                steps.push(plain(who, Act::Ping));
            }
            // On the simulated clock two and three seconds.
            steps.push(plain(who, Act::Wait(self.random.one_of(&[100, 150, 250]))));
        }
    }

    /// What waits for a client expires, some of it, before it comes back.
    fn waits_too_long(&mut self, cast: &[bool], who: usize, topic: u8, steps: &mut Vec<Step>) {
        let first = self.back(cast, who);
        steps.push(plain(who, Act::Connect(first)));
        let subscribe = self.subscribe_to(cast[who], topic);
        steps.push(plain(who, subscribe));
        if self.random.chance(40) {
            steps.push(plain(who, Act::Manner(Manner::Later)));
            self.publish(cast, who, topic, steps);
        }
        let going = self.goes(cast[who]).unwrap_or(Act::Reset);
        steps.push(plain(who, going));
        for _ in 0..=self.random.below(4) {
            let from = self.other(cast, who + 1);
            let expiry = self.sometimes(cast[from], 50, &[1, 2, 60]);
            let qos = 1.max(self.any_qos()).min(self.qos);
            let message = Message { qos, expiry, ..self.message_to(cast[from], topic) };
            steps.push(plain(from, Act::Publish(message)));
        }
        steps.push(plain(who, Act::Wait(self.random.one_of(&[5, 75, 150, 800]))));
        let back = self.back(cast, who);
        steps.push(plain(who, Act::Connect(back)));
    }

    /// Members of a shared subscription, of whom one may be away or refuse.
    fn shares(&mut self, cast: &[bool], topic: u8, steps: &mut Vec<Step>) {
        let share = FILTERS as u8 + self.random.one_of(SHARED[usize::from(topic)]);
        let members: Vec<usize> = (0..cast.len()).filter(|who| cast[*who]).collect();
        let all_leave = self.random.chance(35);
        for &who in &members {
            if self.random.chance(60) {
                let back = self.back(cast, who);
                steps.push(plain(who, Act::Connect(back)));
            }
            let filters = vec![(share, self.options(true, true))];
            let identifier = self.sometimes(true, 40, &[1, 2, 3]);
            steps.push(plain(who, Act::Subscribe { filters, identifier, id: Id::Fresh }));
            if all_leave {
                steps.push(plain(who, Act::Reset));
            } else if self.random.chance(35) {
                let going = self.goes(true).unwrap_or(Act::Manner(Manner::Later));
                steps.push(plain(who, going));
            }
        }
        let to = self.random.below(cast.len());
        for _ in 0..2 + self.random.below(4) {
            self.publish(cast, to, topic, steps);
        }
        for &who in &members {
            if all_leave || self.random.chance(50) {
                let back = self.back(cast, who);
                steps.push(plain(who, Act::Connect(back)));
            }
        }
    }

    /// A subscription takes the place of another one of the same filter.
    fn asks_again(&mut self, cast: &[bool], who: usize, topic: u8, steps: &mut Vec<Step>) {
        let filter = self.random.one_of(MATCHING[usize::from(topic)]);
        for _ in 0..2 {
            let filters = vec![(filter, self.options(cast[who], false))];
            let identifier = self.sometimes(cast[who], 40, &[1, 127, 128]);
            steps.push(plain(who, Act::Subscribe { filters, identifier, id: Id::Fresh }));
            self.publish(cast, who, topic, steps);
        }
        let going = if self.random.chance(50) { self.goes(cast[who]) } else { None };
        if let Some(going) = going {
            steps.push(plain(who, going));
            self.publish(cast, who, topic, steps);
            let back = self.back(cast, who);
            steps.push(plain(who, Act::Connect(back)));
        }
        self.publish(cast, who, topic, steps);
    }

    /// A client that takes only small packets and few of them: what is too large for it must not hold up the rest.
    fn too_large(&mut self, cast: &[bool], who: usize, topic: u8, steps: &mut Vec<Step>) {
        if !cast[who] {
            return self.holds_back(cast, who, topic, steps);
        }
        let from = self.other(cast, who);
        let (packet_size, most) = (Some(self.random.one_of(&[60, 128])), Some(self.random.one_of(&[1, 2])));
        let small = Greeting { packet_size, receive_maximum: most, will: None, ..self.back(cast, who) };
        let plainly =
            Message { qos: 1.max(self.any_qos()).min(self.qos), alias: 0, ..self.message_to(cast[from], topic) };
        let large = Message { size: 250, ..plainly.clone() };
        if self.random.chance(35) {
            steps.push(plain(from, Act::Publish(Message { retain: true, ..large.clone() })));
        }
        steps.push(plain(who, Act::Connect(small.clone())));
        let subscribe = self.subscribe_to(true, topic);
        steps.push(plain(who, subscribe));
        let is_away = from != who && self.random.chance(40);
        if is_away {
            steps.push(plain(who, Act::Fin));
        }
        for _ in 0..self.random.below(4) {
            steps.push(plain(from, Act::Publish(large.clone())));
        }
        let one = Message { size: 8, properties: 0, ..plainly };
        steps.push(plain(from, Act::Publish(one.clone())));
        if is_away {
            steps.push(plain(who, Act::Connect(small)));
        }
        steps.push(plain(from, Act::Publish(one)));
    }

    /// A client gives up some of several subscriptions, and keeps the others.
    fn asks_less(&mut self, cast: &[bool], who: usize, topic: u8, steps: &mut Vec<Step>) {
        let mut given_up = Vec::new();
        for &filter in MATCHING[usize::from(topic)] {
            if self.random.chance(50) {
                let filters = vec![(filter, self.options(cast[who], false))];
                let identifier = self.sometimes(cast[who], 25, &[1, 127, 128]);
                steps.push(plain(who, Act::Subscribe { filters, identifier, id: Id::Fresh }));
            }
            if self.random.chance(35) {
                given_up.push(filter);
            }
        }
        self.publish(cast, who, topic, steps);
        if !given_up.is_empty() {
            steps.push(plain(who, Act::Unsubscribe { filters: given_up, id: Id::Fresh }));
        }
        for _ in 0..2 {
            self.publish(cast, who, topic, steps);
        }
    }

    /// A number stands for a topic, on this connection and no other.
    fn aliases(&mut self, cast: &[bool], who: usize, topic: u8, steps: &mut Vec<Step>) {
        if !cast[who] || self.alias == 0 {
            return self.comes_back(cast, who, topic, steps);
        }
        let alias = self.random.one_of(&[1, self.alias]);
        let message = Message { alias, ..self.message_to(true, topic) };
        steps.push(plain(who, Act::Publish(message.clone())));
        steps.push(plain(who, Act::Publish(Message { is_by_alias: true, ..message.clone() })));
        if self.random.chance(60) {
            let going = self.goes(true).map(|act| plain(who, act));
            steps.extend(going);
            let greeting = if self.random.chance(60) { self.back(cast, who) } else { self.greeting(cast, who) };
            steps.push(plain(who, Act::Connect(greeting)));
        }
        steps.push(plain(who, Act::Publish(Message { is_by_alias: true, ..message })));
    }

    /// A client loses its connection before it has seen the answer to what it has sent, and sends it again.
    fn unanswered(&mut self, cast: &[bool], who: usize, steps: &mut Vec<Step>) {
        let times = self.random.weighted(&[(4, 1), (2, 2), (2, 3), (1, 11)]);
        let first = self.back(cast, who);
        steps.push(plain(who, Act::Connect(first)));
        for _ in 0..times {
            let act = if self.random.chance(65) { Act::Deaf(true) } else { Act::Manner(Manner::Later) };
            steps.push(plain(who, act));
            for _ in 0..=self.random.below(2) {
                let message = Message { qos: 2.min(self.qos), ..self.message(cast[who]) };
                let message = Message { alias: 0, is_by_alias: false, ..message };
                let qos = if self.random.chance(70) { message.qos } else { message.qos.min(1) };
                steps.push(plain(who, Act::Publish(Message { qos, ..message })));
            }
            let going = self.goes(cast[who]).map(|act| plain(who, act));
            steps.extend(going);
            let back = self.back(cast, who);
            steps.push(plain(who, Act::Connect(back)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Random;
    use mqtt_assay_codec::Version;

    #[test]
    fn a_client_comes_back_more_than_ten_times_now_and_then() {
        let versions = [Version::V3_1_1, Version::V5];
        let most = (0..200).map(|index| {
            let mut random = Random::of(1, index);
            let session = Maker::new(&mut random, &versions, 10, 2).session();
            let connects = |who| {
                let of = session.steps.iter().filter(move |step| step.who == who);
                of.filter(|step| matches!(step.act, Act::Connect(_))).count()
            };
            (0..4).map(connects).max().unwrap_or_default()
        });
        assert!(most.filter(|count| *count > 10).count() > 2);
    }
}
