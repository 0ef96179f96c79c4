//! Storms, and the end of a session: what its clients do so that what was owed has come, or is missing.

use super::clean;
use super::op::{Act, Cut, Greeting, Id, Manner, Message, Step, Storm};
use super::play::Player;
use crate::wire::Ending;
use mqtt_assay_codec::{PacketType, Version};
use std::time::Duration;

const PINGREQ: [u8; 2] = [0xC0, 0];

/// How long it may take until nothing comes any more.
const REST: Duration = Duration::from_secs(10);

impl Player<'_> {
    pub(super) fn storm(&mut self, who: usize, storm: Storm, count: u16) {
        for turn in 0..count {
            let small = Message {
                topic: (turn % 3) as u8,
                qos: 1.min(self.terms.offer.qos()),
                retain: false,
                dup: false,
                size: 8,
                id: Id::Fresh,
                alias: 0,
                is_by_alias: false,
                properties: 0,
                expiry: None,
            };
            let act = match storm {
                Storm::Takeover => Act::Connect(Greeting { client: who, keep_alive: 60, ..Greeting::default() }),
                Storm::Retained => {
                    Act::Publish(Message { retain: true, size: if turn % 2 == 0 { 8 } else { 0 }, ..small })
                }
                Storm::Subscribe if turn % 2 == 0 => {
                    Act::Subscribe { filters: vec![(4, 1)], identifier: None, id: Id::Fresh }
                }
                Storm::Subscribe => Act::Unsubscribe { filters: vec![4], id: Id::Fresh },
                Storm::Publish => Act::Publish(small),
            };
            let cut = if turn % 4 == 3 || storm == Storm::Takeover { Cut::Whole } else { Cut::Joined };
            self.act(&Step { who, act, mutation: None, cut });
            if turn % 8 == 7 {
                self.pump();
            }
        }
    }

    /// Everybody acknowledges what he holds; every publisher sends one more of each topic and QoS, which proves what was to
    /// come before it; then all leave.
    pub(super) fn end(&mut self) {
        for who in 0..self.actors.len() {
            self.actors[who].is_deaf = false;
            self.flush(who);
            if self.actors[who].manner != Manner::Wrongly {
                self.actors[who].manner = Manner::Now;
            }
            self.answer(who);
        }
        self.pump();
        self.fence();
        self.quiet();
        let now = self.road.now();
        self.trial.settle(now);
        for who in 0..self.actors.len() {
            self.lose(who, Ending::Fin);
        }
        for (connection, side) in std::mem::take(&mut self.former) {
            self.trial.closed(side, self.road.now(), Some(Ending::Reset));
            self.road.close(connection, Ending::Reset);
        }
        let version = self.terms.offer.versions().first().copied().unwrap_or(Version::V3_1_1);
        let trial = self.terms.tells_cleaning.then_some(&mut self.trial);
        clean::clean(self.road, (self.terms.pace, version), (&self.clients, &self.retained), trial);
    }

    pub(super) fn fence(&mut self) {
        for who in 0..self.actors.len() {
            if self.actors[who].is_tainted || self.actors[who].line.is_none() {
                continue;
            }
            for (topic, qos) in self.actors[who].published.clone() {
                let message = Message {
                    topic,
                    qos,
                    retain: false,
                    dup: false,
                    size: 8,
                    id: Id::Fresh,
                    alias: 0,
                    is_by_alias: false,
                    properties: 0,
                    expiry: None,
                };
                self.act(&Step { who, act: Act::Publish(message), mutation: None, cut: Cut::Whole });
                self.pump();
            }
        }
    }

    /// Reads until nothing comes any more; on the simulated clock long enough that what is owed is missing.
    pub(super) fn quiet(&mut self) {
        let rounds = if self.road.is_simulated() { 13 } else { 1 };
        // Who goes on sending for ever is left to it.
        let until = self.road.now() + REST;
        for round in 0..rounds {
            let mut has_come = true;
            let mut turns = 0;
            while has_come && turns < 1000 && (self.road.is_simulated() || self.road.now() < until) {
                for who in 0..self.actors.len() {
                    let is_there = self.actors[who].line.is_some() && !self.actors[who].is_half_closed;
                    // At the end once more: what is missing counts where the broker answers behind it.
                    if is_there && (round == 0 || round + 1 == rounds) {
                        self.await_for(who, Some((PacketType::Pingresp, 0)));
                        self.write(who, &PINGREQ, None, Cut::Whole);
                        self.wait_for_answers(who);
                    }
                }
                has_come = self.pump();
                turns += 1;
            }
            if self.road.is_simulated() {
                self.road.wait(Duration::from_secs(1));
                let now = self.road.now();
                self.trial.settle(now);
            }
        }
    }
}
