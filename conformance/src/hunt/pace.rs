//! How long the hunt waits for a broker, and what this one has announced: both are found out before it begins.

use super::expected::Expected;
use super::road::{Came, Road};
use super::table::{Asks, CLIENT, greeting};
use crate::wire::Ending;
use mqtt_assay_codec::{Connack, Context, Decoded, Limits, Packet, Sender, Version, decode};
use std::io;
use std::time::Duration;

/// How many PINGREQs are sent to learn how fast the broker is.
const PINGS: usize = 200;

/// The shortest and the longest that a PINGRESP is waited for.
const SHORTEST: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_millis(500);

/// How often as long as the slowest of a hundred PINGRESPs.
const TIMES: u32 = 8;

/// How long who is patient waits for an acknowledgement.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a first answer may take.
pub(super) const FIRST: Duration = Duration::from_secs(5);

/// On the simulated clock waiting costs nothing.
const SIMULATED: Duration = Duration::from_secs(8);

const PINGREQ: [u8; 2] = [0xC0, 0];

/// How long is waited for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// For a PINGRESP, until our half is ended.
    pub wait: Duration,
    /// For the broker's end after that, until the connection hangs.
    pub hang: Duration,
    /// For an acknowledgement.
    pub answer: Duration,
    /// The slowest of a hundred PINGRESPs.
    pub p99: Duration,
}

/// What the broker has announced in 5.0; what it has not is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    versions: [bool; 2],
    qos: u8,
    retain: bool,
    size: u32,
    alias: u16,
    wildcard: bool,
    share: bool,
    identifier: bool,
}

impl Pace {
    /// For who waits for nothing.
    pub(super) const NONE: Self =
        Self { wait: Duration::ZERO, hang: Duration::ZERO, answer: Duration::ZERO, p99: Duration::ZERO };

    /// The same for who would rather wait than be wrong: others may be at the broker as well, and no sentence says within
    /// which time it answers.
    pub(super) fn patient(self) -> Self {
        Self { wait: self.wait.max(LONGEST), answer: self.answer.max(PATIENCE), ..self }
    }

    /// Sends PINGREQs, and sees how long they take.
    ///
    /// # Errors
    ///
    /// If the broker does not answer.
    pub(super) fn measure(road: &mut dyn Road, version: Version) -> io::Result<Self> {
        let hang = Duration::from_secs(2);
        if road.is_simulated() {
            return Ok(Self { wait: SIMULATED, hang: SIMULATED, answer: SIMULATED * 8, p99: Duration::ZERO });
        }
        let mut line = Line::open(road, version)?;
        let mut times = Vec::with_capacity(PINGS);
        for _ in 0..PINGS {
            let begun = road.now();
            line.send(road, &PINGREQ)?;
            line.next(road, |packet| matches!(packet, Packet::Pingresp).then_some(()))?;
            times.push(road.now().saturating_sub(begun));
        }
        line.close(road);
        times.sort_unstable();
        let p99 = times[PINGS * 99 / 100];
        let wait = (p99 * TIMES).clamp(SHORTEST, LONGEST);
        Ok(Self { wait, hang, answer: hang.max(wait * 4), p99 })
    }
}

impl Offer {
    /// Connects in each of these versions, and reads what the broker says of itself; the versions that it speaks.
    ///
    /// # Errors
    ///
    /// If the broker answers in none.
    pub(super) fn learn(road: &mut dyn Road, versions: &[Version]) -> io::Result<Self> {
        let mut offer = Self {
            versions: [false; 2],
            qos: 2,
            retain: true,
            size: u32::MAX,
            alias: 0,
            wildcard: true,
            share: true,
            identifier: true,
        };
        let mut trouble = None;
        for &version in versions {
            // Each line is a client of its own: whoever comes again may find the broker still at the end of the one before.
            let client = format!("hunt-offer-{}", super::table::place(version));
            match Line::open_as(road, version, &client, |connack| offer.take(version, connack)) {
                Ok(line) => line.close(road),
                Err(error) => trouble = Some(error),
            }
        }
        match trouble {
            Some(error) if offer.versions == [false; 2] => Err(error),
            _ => Ok(offer),
        }
    }

    fn take(&mut self, version: Version, connack: &Connack<'_>) {
        self.versions[super::table::place(version)] = connack.reason.0 == 0;
        if version != Version::V5 {
            return;
        }
        let properties = &connack.properties;
        self.qos = properties.maximum_qos().unwrap_or(2);
        self.retain = properties.retain_available() != Some(0);
        self.size = properties.maximum_packet_size().unwrap_or(u32::MAX);
        self.alias = properties.topic_alias_maximum().unwrap_or_default();
        self.wildcard = properties.wildcard_subscription_available() != Some(0);
        self.share = properties.shared_subscription_available() != Some(0);
        self.identifier = properties.subscription_identifier_available() != Some(0);
    }

    /// What both offer.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            versions: [self.versions[0] && other.versions[0], self.versions[1] && other.versions[1]],
            qos: self.qos.min(other.qos),
            retain: self.retain && other.retain,
            size: self.size.min(other.size),
            alias: self.alias.min(other.alias),
            wildcard: self.wildcard && other.wildcard,
            share: self.share && other.share,
            identifier: self.identifier && other.identifier,
        }
    }

    /// The versions that the broker speaks.
    pub fn versions(&self) -> Vec<Version> {
        let both = [Version::V3_1_1, Version::V5];
        both.into_iter().filter(|version| self.versions[super::table::place(*version)]).collect()
    }

    /// The newest of them, for what is not of any one version.
    pub(super) fn newest(&self) -> Version {
        if self.versions[super::table::place(Version::V5)] { Version::V5 } else { Version::V3_1_1 }
    }

    /// What the broker has to do with a packet that asks this of it, and is so long.
    pub(super) fn excuses(&self, expected: Expected, asks: Asks, len: usize) -> Expected {
        let is_offered = asks.qos <= self.qos
            && (self.retain || !asks.retain)
            && (self.wildcard || !asks.wildcard)
            && (self.share || !asks.share)
            && (self.identifier || !asks.identifier)
            && asks.alias <= self.alias
            && len as u64 <= u64::from(self.size);
        if is_offered || expected != Expected::Accept { expected } else { Expected::Either }
    }

    /// The highest topic alias that a client may use.
    pub(super) const fn alias(&self) -> u16 {
        self.alias
    }

    /// The highest QoS.
    pub(super) const fn qos(&self) -> u8 {
        self.qos
    }
}

/// A connection of the hunt's own, which no case has to do with and nobody judges.
pub(super) struct Line {
    pub(super) connection: usize,
    version: Version,
    inbox: Vec<u8>,
}

impl Line {
    /// Connects.
    pub(super) fn open(road: &mut dyn Road, version: Version) -> io::Result<Self> {
        Self::open_as(road, version, "hunt-line", |_| {})
    }

    /// Connects under this client identifier.
    pub(super) fn open_as(
        road: &mut dyn Road,
        version: Version,
        client: &str,
        look: impl FnOnce(&Connack<'_>),
    ) -> io::Result<Self> {
        let connection = road.open()?;
        let mut line = Self { connection, version, inbox: Vec::new() };
        let mut bytes = greeting(version, road.login());
        if let Some(place) = bytes.windows(CLIENT.len()).position(|window| window == CLIENT.as_bytes()) {
            let padded = format!("{client:-<width$}", width = CLIENT.len());
            bytes[place..place + CLIENT.len()].copy_from_slice(&padded.as_bytes()[..CLIENT.len()]);
        }
        line.send(road, &bytes)?;
        let mut look = Some(look);
        let code = line.next(road, |packet| match packet {
            Packet::Connack(connack) => {
                if let Some(look) = look.take() {
                    look(connack);
                }
                Some(connack.reason)
            }
            _ => None,
        })?;
        match code.0 {
            0 => Ok(line),
            code => Err(io::Error::other(format!("CONNACK 0x{code:02x} to a plain CONNECT of {version}"))),
        }
    }

    /// Writes.
    pub(super) fn send(&mut self, road: &mut dyn Road, bytes: &[u8]) -> io::Result<()> {
        let is_taken = road.write(self.connection, bytes);
        if is_taken { Ok(()) } else { Err(io::Error::other("the connection takes no more")) }
    }

    /// The first packet of which `wanted` says something; those before it are passed over.
    pub(super) fn next<T>(
        &mut self,
        road: &mut dyn Road,
        wanted: impl FnMut(&Packet<'_>) -> Option<T>,
    ) -> io::Result<T> {
        self.next_within(road, FIRST, wanted)?
            .ok_or_else(|| io::Error::new(io::ErrorKind::TimedOut, "no answer within 5 s"))
    }

    /// The same where nothing need come within this time.
    pub(super) fn next_within<T>(
        &mut self,
        road: &mut dyn Road,
        time: Duration,
        mut wanted: impl FnMut(&Packet<'_>) -> Option<T>,
    ) -> io::Result<Option<T>> {
        let until = road.now() + time;
        loop {
            while let Some((found, len)) = self.first(&mut wanted)? {
                self.inbox.drain(..len);
                if found.is_some() {
                    return Ok(found);
                }
            }
            let left = until.saturating_sub(road.now());
            match road.read(self.connection, &mut self.inbox, left) {
                Came::Bytes => {}
                Came::Nothing => return Ok(None),
                Came::Ended(_) => return Err(io::Error::other("the broker ended the connection")),
            }
        }
    }

    fn first<T>(&self, wanted: &mut impl FnMut(&Packet<'_>) -> Option<T>) -> io::Result<Option<(Option<T>, usize)>> {
        if self.inbox.is_empty() {
            return Ok(None);
        }
        match decode(&self.inbox, Context::new(self.version, Sender::Server), &Limits::default()) {
            Ok(Decoded::Complete { packet, len }) => Ok(Some((wanted(&packet), len))),
            Ok(Decoded::Partial { .. }) => Ok(None),
            Err(error) => Err(io::Error::other(error.to_string())),
        }
    }

    /// Lets it go.
    pub(super) fn close(self, road: &mut dyn Road) {
        road.close(self.connection, Ending::Reset);
    }
}
