//! Single acts by chance: how a client connects, what it publishes, subscribes to and leaves with.

use super::make::{FILTERS, Maker, OFTEN, SHARES, TOPICS};
use super::op::{Act, Greeting, Id, Manner, Message, Willing};

/// Sizes of payloads.
const SIZES: [u32; 14] = [0, 1, 2, 20, 120, 127, 128, 129, 1023, 1024, 1025, 16_383, 16_384, 40_000];

/// Packet identifiers beyond those that a short session comes to.
const IDENTIFIERS: [u16; 5] = [255, 4096, 32_768, 40_000, 65_535];

const ONE: (usize, usize) = (1, 4);

impl Maker<'_> {
    /// With this chance in a hundred one of these, for clients of 5.0.
    pub(super) fn sometimes<T: Copy>(&mut self, is_5: bool, percent: usize, choices: &[T]) -> Option<T> {
        let is_drawn = self.random.chance(percent);
        (is_drawn && is_5).then(|| self.random.one_of(choices))
    }

    pub(super) fn greeting(&mut self, cast: &[bool], who: usize) -> Greeting {
        let is_5 = cast[who];
        let client = if self.random.chance(93) { who } else { self.random.below(cast.len()) };
        let will = self.random.chance(20).then(|| self.will(is_5));
        let stays = self.stays[who % self.stays.len()];
        Greeting {
            client,
            clean: self.random.chance(if stays { 8 } else { 70 }),
            keep_alive: self.random.weighted(&[(2, 0), (10, 60), (4, 65_535), (1, 2)]),
            expiry: if stays {
                is_5.then(|| self.random.one_of(&[60, 300, u32::MAX, u32::MAX]))
            } else {
                self.sometimes(is_5, 50, &[0, 1, 30, 300])
            },
            receive_maximum: self.sometimes(is_5, 20, &[1, 2, 10, 65_535]),
            packet_size: self.sometimes(is_5, 12, &[60, 128, 1000, 100_000]),
            aliases: self.sometimes(is_5, 15, &[1, 5, 65_535]),
            problems: self.sometimes(is_5, 12, &[0, 1]),
            padding: self.sometimes(is_5, 8, &[1, 250]).unwrap_or_default(),
            will,
        }
    }

    pub(super) fn will(&mut self, is_5: bool) -> Willing {
        Willing {
            topic: self.topic(),
            qos: self.any_qos(),
            retain: self.random.chance(40),
            delay: self.sometimes(is_5, 25, &[0, 1, 5, 30]),
            properties: self.random.chance(40),
            size: self.random.weighted(&[(6, 0), (1, 250), (1, 1024)]),
        }
    }

    pub(super) fn topic(&mut self) -> u8 {
        let most = if self.random.chance(85) { OFTEN } else { TOPICS };
        self.random.below(most) as u8
    }

    pub(super) fn any_qos(&mut self) -> u8 {
        self.random.weighted(&[(2, 0), (4, 1), (4, 2)]).min(self.qos)
    }

    /// One that is free, mostly; sometimes from a high number on.
    pub(super) fn identifier(&mut self) -> Id {
        if self.random.chance(88) { Id::Fresh } else { Id::Number(self.random.one_of(&IDENTIFIERS)) }
    }

    pub(super) fn subscribe(&mut self, is_5: bool) -> Act {
        let count = self.random.weighted(&[(5, 1), (2, 2), (1, 3)]);
        let mut filters: Vec<(u8, u8)> = Vec::new();
        for _ in 0..count {
            let is_shared = is_5 && self.random.chance(10);
            let filter = if is_shared { FILTERS + self.random.below(SHARES) } else { self.random.below(FILTERS) };
            if filters.iter().any(|(known, _)| usize::from(*known) == filter) {
                continue;
            }
            filters.push((filter as u8, self.options(is_5, is_shared)));
        }
        let identifier = self.sometimes(is_5, 30, &[1, 127, 128, 268_435_455]);
        Act::Subscribe { filters, identifier, id: self.identifier() }
    }

    /// The byte of options behind a filter.
    pub(super) fn options(&mut self, is_5: bool, is_shared: bool) -> u8 {
        let mut options = self.any_qos();
        if is_5 {
            options |= if !is_shared && self.random.chance(20) { 4 } else { 0 };
            options |= if self.random.chance(25) { 8 } else { 0 };
            options |= self.random.weighted(&[(4, 0), (2, 16), (1, 32)]);
        }
        options
    }

    pub(super) fn unsubscribe(&mut self) -> Act {
        let count = self.random.weighted(&[(4, ONE.0), (1, ONE.1)]);
        let filters = (0..count).map(|_| self.random.below(FILTERS + SHARES) as u8).collect();
        Act::Unsubscribe { filters, id: self.identifier() }
    }

    pub(super) fn message(&mut self, is_5: bool) -> Message {
        let size = match self.random.below(100) {
            0..=64 => 8,
            65..=79 => 12,
            80..=87 => 250,
            _ => self.random.one_of(&SIZES),
        };
        let alias = if self.alias > 0 { self.sometimes(is_5, 10, &[1, self.alias]) } else { None };
        Message {
            topic: self.topic(),
            qos: self.any_qos(),
            retain: self.random.chance(15),
            dup: false,
            size,
            id: self.identifier(),
            alias: alias.unwrap_or_default(),
            is_by_alias: alias.is_some() && self.random.chance(40),
            properties: self.sometimes(is_5, 30, &[1, 2, 4, 8, 16, 31, 12]).unwrap_or_default(),
            expiry: self.sometimes(is_5, 8, &[1, 2, 60, u32::MAX]),
        }
    }

    pub(super) fn manner(&mut self, is_5: bool) -> Manner {
        let late = [(5, Manner::Later), (3, Manner::Now)];
        if !is_5 {
            return self.random.weighted(&late);
        }
        self.random.weighted(&[late[0], late[1], (1, Manner::Refusing), (1, Manner::Wordy)])
    }

    pub(super) fn leave(&mut self, is_5: bool) -> Act {
        Act::Leave {
            code: if is_5 && self.random.chance(30) { 4 } else { 0 },
            expiry: self.sometimes(is_5, 12, &[0, 1, 60, u32::MAX]),
            padding: self.sometimes(is_5, 8, &[250]).unwrap_or_default(),
        }
    }

    /// Short where the clock is real; on the simulated one long enough for what expires.
    pub(super) fn pause(&mut self) -> Act {
        Act::Wait(self.random.weighted(&[(6, 1), (4, 5), (1, 30), (3, 150), (2, 800), (1, 3_100)]))
    }
}
