//! One connection of a client identifier, from its CONNECT to the end of both halves.

use super::super::facts::{Facts, Moment};
use super::limits::Limits;
use super::own::Own;
use super::presence::{Expects, Lasts};
use mqtt_assay_codec::{Connect, Version};
use std::time::Duration;

/// Whose session it is: the broker and the client identifier.
pub(super) type Key = (u64, String);

/// What is known of one connection.
#[derive(Debug)]
pub(super) struct Attachment {
    pub(super) version: Version,
    pub(super) broker: u64,
    pub(super) own_clients: String,
    pub(super) is_simulated: bool,
    /// Once CONNECT, or for an empty identifier CONNACK, has told it.
    pub(super) key: Option<Key>,
    /// Its legal CONNECT, as far as it counts later.
    pub(super) wish: Option<Wish>,
    pub(super) expects: Expects,
    pub(super) limits: Option<Limits>,
    pub(super) own: Own,
    /// The broker has let it in.
    pub(super) lasts: Option<Lasts>,
    /// It has taken up a session whose exchanges are known.
    pub(super) is_resumed: bool,
    pub(super) is_tainted: bool,
    pub(super) is_blind: bool,
    /// We have sent DISCONNECT.
    pub(super) has_left: bool,
    /// How long the session lasts by what it says.
    pub(super) changed: Option<Lasts>,
    /// The broker has sent DISCONNECT, or has reset the connection behind ours, which it may not have read.
    pub(super) is_left: bool,
    /// Where it said that another has taken the session over.
    pub(super) taken_over: Option<u64>,
    /// Where CONNECT was written.
    pub(super) connect: u64,
    pub(super) is_ended_by_us: bool,
    pub(super) ended_by_broker: Option<Moment>,
    /// The last time at which the connection is known to have been open.
    pub(super) was_open: Duration,
    /// Since when nothing has gone on here.
    pub(super) quiet_since: Duration,
    /// When the broker last sent a packet here that is neither CONNACK nor PINGRESP, by which it shows only that it lives.
    pub(super) served: Duration,
    pub(super) taken_up: Moment,
    pub(super) order_is_told: bool,
    pub(super) releases_are_told: bool,
    pub(super) debt_is_told: bool,
}

/// What of a CONNECT is needed when CONNACK comes.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) clean_start: bool,
    pub(super) expiry: Option<u32>,
}

impl Attachment {
    pub(super) fn new(facts: &Facts) -> Self {
        Self {
            version: facts.version,
            broker: facts.broker,
            own_clients: facts.own_clients.clone(),
            is_simulated: facts.is_simulated,
            key: None,
            wish: None,
            expects: Expects::Either,
            limits: None,
            own: Own::default(),
            lasts: None,
            is_resumed: false,
            is_tainted: false,
            is_blind: false,
            has_left: false,
            changed: None,
            is_left: false,
            taken_over: None,
            connect: 0,
            is_ended_by_us: false,
            ended_by_broker: None,
            was_open: Duration::ZERO,
            quiet_since: Duration::ZERO,
            served: Duration::ZERO,
            taken_up: Moment::default(),
            order_is_told: false,
            releases_are_told: false,
            debt_is_told: false,
        }
    }

    /// A legal CONNECT is written.
    pub(super) fn connects(&mut self, connect: &Connect<'_>, moment: Moment) {
        let expiry = connect.properties.session_expiry_interval();
        self.wish = Some(Wish { clean_start: connect.clean_start, expiry });
        self.limits = Some(Limits::of(self.version, connect));
        self.own = Own::of(connect, moment.at);
        self.connect = moment.seq;
        (self.was_open, self.quiet_since) = (moment.at, moment.at);
    }

    /// True where the broker has not ended it, as far as was read.
    pub(super) fn may_be_open(&self) -> bool {
        self.ended_by_broker.is_none()
    }

    /// True once the broker is known to have dealt with our DISCONNECT.
    pub(super) fn has_parted(&self) -> bool {
        self.has_left && !self.is_left && self.ended_by_broker.is_some()
    }

    /// What a client that comes back now is to find, if this was the last connection of its session.
    pub(super) fn expected(&self, now: Duration) -> Expects {
        let Some(lasts) = self.lasts.filter(|_| !self.is_tainted) else { return Expects::Either };
        let changed = self.changed;
        match self.ended_by_broker {
            // It may have taken leave long before that was read, and the session's time runs from then.
            _ if self.is_left => Expects::Either,
            None if lasts == Lasts::NoTime || changed.is_some() => Expects::Either,
            // Nobody saw when the broker ended it: from the last sign of it on the session's time may run.
            None if self.is_ended_by_us => lasts.expected(self.was_open, now, now),
            // It is taken over, or its end is dealt with before; in both the session is there.
            None => Lasts::ForGood.expected(now, now, now),
            Some(end) => changed.unwrap_or(lasts).expected(self.was_open, end.at, now),
        }
    }
}
