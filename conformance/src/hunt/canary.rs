//! Two clients that no case has to do with: what one of them publishes comes to the other, once, as it was, and soon. What
//! becomes of them shows harm that the connection of a case does not.

use super::pace::{Line, Pace};
use super::road::Road;
use super::trial::{Oracle, Suspicion, Weight};
use mqtt_assay_codec::{
    Packet, PacketId, Properties, Publish, QoS, Subscribe, SubscriptionOptions, SubscriptionsBuf, Version,
};
use std::io;
use std::time::Duration;

/// Where a plain CONNECT was refused, and where one, or a plain SUBSCRIBE, had no answer.
pub(super) const REFUSED: &str = "refused";
pub(super) const WAITS: &str = "waits";

/// How long a beat may take before it is lost.
const LOST: Duration = Duration::from_secs(5);

/// How much longer than the slowest of a hundred PINGRESPs it may take before it is late.
const LATE: u32 = 10;

/// What is never late.
const SOON: Duration = Duration::from_secs(1);

/// After how many beats the two come anew: who lets nobody in may go on with those who are there.
const ANEW: u64 = 40;

/// Who was silent for so long may have been let go.
const IDLE: Duration = Duration::from_secs(10);

/// The same on the simulated clock, where one session takes longer than that.
const IDLE_SIMULATED: Duration = Duration::from_secs(55);

/// The two, while they are connected.
pub(super) struct Canary {
    version: Version,
    pace: Pace,
    topic: String,
    pair: Option<(Line, Line)>,
    /// How often they came.
    pairs: u64,
    beats: u64,
    /// The slowest beat so far.
    slowest: Duration,
    /// When it beat last.
    last: Duration,
}

/// How a beat went.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Beat {
    Sound(Duration),
    Lost,
    Doubled,
    Corrupted,
    /// A connection of theirs has ended, or was not to be had.
    Dead(String),
    Refused(String),
    /// This of one of them has no answer, and nothing was ended.
    Waiting(&'static str),
}

impl Canary {
    pub(super) fn new(version: Version, pace: Pace) -> Self {
        Self {
            version,
            pace,
            topic: String::new(),
            pair: None,
            pairs: 0,
            beats: 0,
            slowest: Duration::ZERO,
            last: Duration::ZERO,
        }
    }

    /// In words, for who looks on.
    pub(super) fn words(&self) -> String {
        format!("{} beats, the slowest {:.1} ms", self.beats, self.slowest.as_secs_f64() * 1e3)
    }

    /// One beat. What is wrong with it, where something is.
    pub(super) fn beat(&mut self, road: &mut dyn Road) -> Option<Suspicion> {
        let idle = if road.is_simulated() { IDLE_SIMULATED } else { IDLE };
        let is_old = self.beats > 0 && self.beats.is_multiple_of(ANEW);
        if is_old || road.now().saturating_sub(self.last) > idle {
            self.let_go(road);
        }
        self.last = road.now();
        let beat = match self.try_beat(road) {
            Ok(beat) => beat,
            Err(error) => Beat::Dead(error.to_string()),
        };
        let late = (self.pace.p99 * LATE).max(SOON);
        let (place, weight, seen) = match beat {
            Beat::Sound(time) => {
                self.beats += 1;
                self.slowest = self.slowest.max(time);
                if time <= late || road.is_simulated() {
                    return None;
                }
                ("late", Weight::Weak, format!("a message took {time:?} to somebody whom no case has to do with"))
            }
            Beat::Lost => ("lost", Weight::Fail, format!("a message of QoS 1 did not come within {LOST:?}")),
            Beat::Doubled => ("doubled", Weight::Weak, "a message of QoS 1 came twice on one connection".to_owned()),
            Beat::Corrupted => ("corrupted", Weight::Fail, "a message came otherwise than it was sent".to_owned()),
            Beat::Dead(why) => ("dead", Weight::Fail, format!("a connection that nobody touches: {why}")),
            Beat::Refused(why) => (REFUSED, Weight::Fail, format!("a plain CONNECT: {why}")),
            // Within which time it is answered no sentence says.
            Beat::Waiting(packet) => {
                (WAITS, Weight::Weak, format!("a plain {packet} was not answered within {LOST:?}"))
            }
        };
        self.let_go(road);
        Some(Suspicion {
            oracle: Oracle::Canary,
            version: self.version,
            rule: None,
            weight,
            mutation: None,
            place: place.to_owned(),
            seen,
            line: 0,
        })
    }

    /// Lets both connections go.
    pub(super) fn let_go(&mut self, road: &mut dyn Road) {
        if let Some((ann, ben)) = self.pair.take() {
            ann.close(road);
            ben.close(road);
        }
    }

    fn try_beat(&mut self, road: &mut dyn Road) -> io::Result<Beat> {
        if self.pair.is_none() {
            match self.connect(road) {
                Ok(Some(pair)) => (self.pair, self.pairs) = (Some(pair), self.pairs + 1),
                Ok(None) => return Ok(Beat::Waiting("SUBSCRIBE")),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => return Ok(Beat::Waiting("CONNECT")),
                Err(error) => return Ok(Beat::Refused(error.to_string())),
            }
        }
        let number = self.beats;
        let version = self.version;
        let Some((ann, ben)) = &mut self.pair else { return Ok(Beat::Lost) };
        let payload = number.to_string();
        let packet_id = PacketId::new((number % 60_000) as u16 + 1);
        let publish = Publish {
            topic: &self.topic,
            payload: payload.as_bytes(),
            qos: QoS::AtLeastOnce,
            packet_id,
            ..Publish::default()
        };
        let bytes = Packet::Publish(publish).to_bytes(version).map_err(io::Error::other)?;
        let begun = road.now();
        ann.send(road, &bytes)?;
        let came = ben.next_within(road, LOST, |packet| match packet {
            // A broker may have subscribed it to something of its own.
            Packet::Publish(publish) if publish.topic == self.topic => Some((
                publish.packet_id.map_or(0, PacketId::get),
                std::str::from_utf8(publish.payload).unwrap_or_default().to_owned(),
            )),
            _ => None,
        })?;
        let Some((id, text)) = came else {
            // Nothing comes of who is not connected any more.
            ann.next_within(road, Duration::ZERO, |_| None::<()>)?;
            return Ok(Beat::Lost);
        };
        let took = road.now().saturating_sub(begun);
        let [high, low] = id.to_be_bytes();
        ben.send(road, &[0x40, 2, high, low])?;
        if text.parse::<u64>().is_err() {
            return Ok(Beat::Corrupted);
        }
        if text != payload {
            return Ok(if text.parse::<u64>().is_ok_and(|old| old < number) { Beat::Doubled } else { Beat::Corrupted });
        }
        let acknowledged = ann.next_within(road, LOST, |packet| matches!(packet, Packet::Puback(_)).then_some(()))?;
        Ok(if acknowledged.is_some() { Beat::Sound(took) } else { Beat::Lost })
    }

    /// Both, connected; nothing where the SUBSCRIBE was not answered.
    fn connect(&mut self, road: &mut dyn Road) -> io::Result<Option<(Line, Line)>> {
        // Several may hunt one broker. In this process every hunt is alike.
        let own = if road.is_simulated() { 0 } else { std::process::id() };
        self.topic = format!("hunt-canary/{own:08x}");
        let ann = Line::open_as(road, self.version, &format!("hca-{own:08x}"), |_| {})?;
        let mut ben = Line::open_as(road, self.version, &format!("hcb-{own:08x}"), |_| {})?;
        let filters: SubscriptionsBuf =
            [(self.topic.as_str(), SubscriptionOptions::at(QoS::AtLeastOnce))].into_iter().collect();
        let subscribe =
            Subscribe { packet_id: PacketId::MIN, properties: Properties::EMPTY, filters: filters.as_subscriptions() };
        let bytes = Packet::Subscribe(subscribe).to_bytes(self.version).map_err(io::Error::other)?;
        ben.send(road, &bytes)?;
        let answered = ben.next_within(road, LOST, |packet| matches!(packet, Packet::Suback(_)).then_some(()))?;
        if answered.is_none() {
            ann.close(road);
            ben.close(road);
            return Ok(None);
        }
        Ok(Some((ann, ben)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::road::{Altered, Came, Inside};
    use crate::wire::Ending;
    use mqtt_assay_reference::{Machine, Settings};

    #[test]
    fn a_message_is_lost_only_where_its_publisher_is_still_connected() {
        for (came, place) in [(Came::Nothing, "lost"), (Came::Ended(Ending::Fin), "dead")] {
            let mut road = Altered::new();
            let mut canary = Canary::new(Version::V5, Pace::NONE);
            assert_eq!(canary.beat(&mut road), None);
            road.cut_off = canary.pair.as_ref().map(|(ann, _)| (ann.connection, came));
            assert_eq!(canary.beat(&mut road).map(|suspicion| suspicion.place), Some(place.to_owned()));
        }
    }

    #[test]
    fn who_is_not_answered_waits_and_whose_connection_ends_was_refused() {
        for (came, place) in [(Came::Nothing, "waits"), (Came::Ended(Ending::Fin), "refused")] {
            let mut road = Altered::new();
            let next = road.open().expect("it opens") + 1;
            road.cut_off = Some((next, came));
            let suspicion = Canary::new(Version::V5, Pace::NONE).beat(&mut road).expect("it is not let in");
            assert_eq!(
                (suspicion.place.as_str(), suspicion.seen.contains("CONNECT")),
                (place, true),
                "{}",
                suspicion.seen
            );
        }
    }

    #[test]
    fn the_two_come_anew_now_and_then() {
        let mut road = Inside::new(Machine::new(Settings::default()));
        let mut canary = Canary::new(Version::V5, Pace::NONE);
        for _ in 0..=2 * ANEW {
            assert_eq!(canary.beat(&mut road), None);
        }
        assert_eq!((canary.beats, canary.pairs), (2 * ANEW + 1, 3));
    }
}
