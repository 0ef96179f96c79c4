//! Kept cases: one connection, one packet of the table and its answer, at most sixteen under way.

use super::futile::Futile;
use super::pace::{Offer, Pace};
use super::road::{Came, Road};
use super::table::{CLIENT, Entry, FOLDER, Table};
use super::trial::{Oracle, Suspicion, Trial, Weight};
use crate::chance::Random;
use crate::wire::Ending;
use mqtt_assay_codec::{Packet, PacketId, PacketType, Version};
use mqtt_assay_standard::find;
use std::io;
use std::time::Duration;

/// How many are under way together.
pub(super) const BATCH: usize = 16;

/// How many a connection sees: the judge remembers all of them.
const MOST: usize = 512;

/// A connection that is kept, and its judge.
pub(super) struct Kept<'t> {
    table: &'t Table,
    offer: Offer,
    pace: Pace,
    version: Version,
    /// Tells its connections from those of others.
    name: String,
    connection: Option<usize>,
    trial: Trial,
    bytes: Vec<u8>,
    next_id: u16,
    /// What it has sent since its CONNECT.
    sent: Vec<usize>,
    awaited: Vec<(PacketType, u16)>,
    has_ended: bool,
    futile: Futile,
    /// PUBRECs whose PUBREL goes out with the next batch.
    releases: Vec<u16>,
}

impl<'t> Kept<'t> {
    /// Not connected yet.
    pub(super) fn new(table: &'t Table, offer: Offer, pace: Pace, version: Version, name: &str) -> Self {
        Self {
            table,
            offer,
            pace,
            version,
            name: name.to_owned(),
            connection: None,
            trial: Trial::new(FOLDER, ""),
            bytes: Vec::new(),
            next_id: 1,
            sent: Vec::new(),
            awaited: Vec::new(),
            has_ended: false,
            futile: Futile::default(),
            releases: Vec::new(),
        }
    }

    /// The choice of a batch.
    pub(super) fn choose(&self, random: &mut Random) -> Vec<usize> {
        let entries = self.table.kept(self.version);
        let mut chosen = Vec::with_capacity(BATCH);
        while chosen.len() < BATCH {
            let index = entries[random.below(entries.len())];
            let entry = self.table.entry(index);
            let expected = self.offer.excuses(entry.expected, entry.asks, entry.bytes.len());
            if expected == super::expected::Expected::Accept {
                chosen.push(index);
            }
        }
        chosen
    }

    /// Sends a batch, and reads its answers. What is wrong stands in the trial that `each` is shown.
    pub(super) fn batch(
        &mut self,
        road: &mut dyn Road,
        entries: &[usize],
        each: &mut dyn FnMut(&Trial, &[usize]),
    ) -> io::Result<()> {
        if self.sent.len() >= MOST {
            self.close(road);
        }
        let connection = match self.connection {
            Some(connection) => connection,
            None => self.connect(road)?,
        };
        self.bytes.clear();
        let now = road.now();
        self.release(now);
        for &entry in entries {
            self.add(now, entry);
        }
        let is_taken = road.write(connection, &self.bytes);
        let is_whole = is_taken && self.read_answers(road, connection);
        if !is_whole || !self.trial.suspicions().is_empty() {
            if !is_whole {
                self.suspect_silence(is_taken);
            }
            each(&self.trial, &self.sent);
            self.close(road);
        }
        Ok(())
    }

    /// Lets the connection go.
    pub(super) fn close(&mut self, road: &mut dyn Road) {
        if let Some(connection) = self.connection.take() {
            road.close(connection, Ending::Reset);
        }
        self.sent.clear();
        self.awaited.clear();
        self.releases.clear();
    }

    fn connect(&mut self, road: &mut dyn Road) -> io::Result<usize> {
        let connection = road.open()?;
        self.connection = Some(connection);
        self.has_ended = false;
        self.trial.renew();
        self.trial.opened(road.now(), "keeper", self.version);
        self.bytes.clear();
        self.bytes.extend_from_slice(self.table.greeting(self.version));
        let padded = format!("{:-<width$}", self.name, width = CLIENT.len());
        if let Some(place) = self.bytes.windows(CLIENT.len()).position(|window| window == CLIENT.as_bytes()) {
            self.bytes[place..place + CLIENT.len()].copy_from_slice(&padded.as_bytes()[..CLIENT.len()]);
        }
        self.trial.wrote(0, road.now(), &self.bytes, None);
        road.write(connection, &self.bytes);
        self.awaited.push((PacketType::Connack, 0));
        if self.read_answers(road, connection) {
            return Ok(connection);
        }
        self.close(road);
        Err(io::Error::other("no CONNACK to a plain CONNECT"))
    }

    fn release(&mut self, now: Duration) {
        for id in std::mem::take(&mut self.releases) {
            let [high, low] = id.to_be_bytes();
            let packet = [0x62, 2, high, low];
            self.trial.wrote(0, now, &packet, None);
            self.bytes.extend_from_slice(&packet);
            self.awaited.push((PacketType::Pubcomp, id));
        }
    }

    fn add(&mut self, now: Duration, index: usize) {
        let entry: &Entry = self.table.entry(index);
        let Some(answer) = entry.answer() else { return };
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&entry.bytes);
        let mut id = 0;
        if let Some(place) = entry.identifier {
            id = self.next_id;
            self.next_id = self.next_id.checked_add(1).unwrap_or(1);
            self.bytes[start + place..start + place + 2].copy_from_slice(&id.to_be_bytes());
        }
        // Legal, however unusual: no mistake was put into it.
        self.trial.wrote(0, now, &self.bytes[start..], None);
        self.awaited.push((answer, id));
        self.sent.push(index);
    }

    /// Reads until nothing is awaited; false where something does not come.
    fn read_answers(&mut self, road: &mut dyn Road, connection: usize) -> bool {
        let begun = road.now();
        while !self.awaited.is_empty() {
            let is_futile = self.futile.is_all(self.version, &self.awaited);
            let until = begun + if is_futile { self.pace.wait } else { self.pace.answer };
            let left = until.saturating_sub(road.now());
            let came = road.read(connection, self.trial.inbox(0), left);
            let now = road.now();
            match came {
                Came::Bytes => {
                    let Self { trial, awaited, releases, .. } = self;
                    trial.came(0, now, |packet| follow(packet, awaited, releases));
                }
                Came::Nothing => return false,
                Came::Ended(ending) => {
                    self.trial.ended(0, now, ending);
                    self.has_ended = true;
                    return false;
                }
            }
        }
        true
    }

    fn suspect_silence(&mut self, is_taken: bool) {
        let Some(&(answer, id)) = self.awaited.first() else { return };
        if self.has_ended {
            let line = self.trial.line();
            return self.trial.add(Suspicion {
                oracle: Oracle::Expectation,
                version: self.version,
                rule: None,
                weight: Weight::Weak,
                mutation: None,
                place: "legal packets".to_owned(),
                seen: format!("the broker ended the connection, and owes {} with identifier {id}", answer.name()),
                line,
            });
        }
        if self.futile.is_all(self.version, &self.awaited) {
            return;
        }
        self.futile.missed(self.version, answer);
        let rule = owed(answer, self.version).and_then(|id| find(self.version, id));
        let line = self.trial.line();
        let seen = if is_taken { "did not come" } else { "could not be asked for: the connection takes no more" };
        self.trial.add(Suspicion {
            oracle: Oracle::Answer,
            version: self.version,
            rule,
            weight: Weight::Fail,
            mutation: None,
            place: answer.name().to_owned(),
            seen: format!("{} with identifier {id} {seen}", answer.name()),
            line,
        });
    }
}

/// The rule by which this answer is owed.
pub(super) fn owed(answer: PacketType, version: Version) -> Option<&'static str> {
    let is_5 = version == Version::V5;
    Some(match answer {
        PacketType::Puback => {
            if is_5 {
                "MQTT-4.3.2-4"
            } else {
                "MQTT-4.3.2-2"
            }
        }
        PacketType::Pubrec => {
            if is_5 {
                "MQTT-4.3.3-8"
            } else {
                "MQTT-4.3.3-2"
            }
        }
        PacketType::Pubcomp => {
            if is_5 {
                "MQTT-4.3.3-11"
            } else {
                "MQTT-4.3.3-2"
            }
        }
        PacketType::Connack if is_5 => "MQTT-3.1.4-5",
        PacketType::Connack => "MQTT-3.1.4-4",
        PacketType::Suback => "MQTT-3.8.4-1",
        PacketType::Unsuback => "MQTT-3.10.4-4",
        PacketType::Pingresp => "MQTT-3.12.4-1",
        _ => return None,
    })
}

fn follow(packet: &Packet<'_>, awaited: &mut Vec<(PacketType, u16)>, releases: &mut Vec<u16>) {
    let id = packet.packet_id().map_or(0, PacketId::get);
    let key = (packet.packet_type(), id);
    if let Some(place) = awaited.iter().position(|known| *known == key) {
        // The first that is left is the one that is owed longest.
        awaited.remove(place);
    }
    if let Packet::Pubrec(ack) = packet
        && !ack.reason.is_error()
    {
        releases.push(id);
    }
}
