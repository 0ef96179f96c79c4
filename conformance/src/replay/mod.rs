//! A transcript's client side sent again: its connections, its bytes, its closes, in their order, each after what came
//! before it in the record. What comes is held against what had come, within each connection.
//!
//! Uses `broker` and `link`. What a broker chooses by itself may differ: packet identifiers of its own, client identifiers
//! that it assigns. On a broker that outlives the command the name of the recorded run is replaced by a new one of the same
//! length, or what is left there of an earlier run would answer.

mod packets;

use crate::auditor::Auditor;
use crate::broker::Endpoint;
use crate::link::{Arrival, Link, Recorder, RunCapacity, Sighting, Surroundings, Transcript, What, Witness, describe};
use crate::wire::Ending;
use bytes::Bytes;
use mqtt_assay_codec::{Packet, Sender, Version};
use mqtt_assay_standard::bounds;
use packets::{Key, assigned, key, own_identifier, read, with_identifier};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// A gap in the record that is kept when it is sent again: less is how fast both sides are.
const GAP: Duration = Duration::from_millis(100);

/// One thing that came otherwise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The line of the record; 0 for what is not in it.
    pub line: u32,
    /// Whose connection.
    pub role: String,
    /// What had come and what comes.
    pub what: String,
}

/// The name of a run in a record, and the one that stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renaming {
    /// As recorded.
    pub from: Vec<u8>,
    /// Of the same length.
    pub to: Vec<u8>,
}

/// Sends it again; what came otherwise.
///
/// # Errors
///
/// If a connection can't be opened.
pub async fn replay(
    transcript: &Transcript,
    endpoint: &Endpoint,
    renaming: Option<&Renaming>,
    patience: u32,
) -> Result<Vec<Difference>, String> {
    let capacity = Rc::<RunCapacity>::default();
    let recorder = Recorder::new(
        transcript.case.clone(),
        transcript.mqtt,
        "",
        &capacity,
        Rc::new(Nobody(Rc::default())),
        Surroundings::default(),
    );
    let mut replay = Replay {
        transcript,
        renaming,
        recorder: Rc::new(recorder),
        connections: BTreeMap::new(),
        assigned: BTreeMap::new(),
        differences: Vec::new(),
        late: Vec::new(),
        limit: bounds::SET_UP * patience,
    };
    replay.send_all(endpoint).await?;
    replay.look_for_late().await;
    replay.look_for_more().await;
    for connection in replay.connections.values() {
        connection.link.stop();
    }
    Ok(replay.differences)
}

/// The name of the run whose record it is: a level of its topics, and a part of its client identifiers.
pub fn name_of_run(transcript: &Transcript) -> Option<Vec<u8>> {
    let (mut topics, mut clients) = (BTreeSet::new(), BTreeSet::new());
    for line in &transcript.lines {
        let What::Sent { bytes, .. } = &line.what else { continue };
        read(bytes, transcript.version_of(&line.role), Sender::Client, |packet| match packet {
            Packet::Connect(connect) => drop(clients.insert(connect.client_id.to_owned())),
            Packet::Publish(publish) => drop(topics.insert(publish.topic.to_owned())),
            Packet::Subscribe(subscribe) => {
                topics.extend(subscribe.filters.iter().map(|(filter, _)| filter.to_owned()));
            }
            _ => {}
        });
    }
    topics.iter().find_map(|topic| {
        let levels: Vec<&str> = topic.split('/').collect();
        let runs = levels.windows(2).filter(|pair| pair[0].len() >= 4);
        let mut named = runs.filter(|pair| clients.iter().any(|client| client.contains(&pair.concat())));
        named.next().map(|pair| pair[0].as_bytes().to_vec())
    })
}

/// Nobody watches: the record of what comes is looked at afterwards.
struct Nobody(Rc<Auditor>);

impl Witness for Nobody {
    fn saw(&self, _: &Sighting<'_>) {}

    fn auditor(&self) -> &Rc<Auditor> {
        &self.0
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

/// A record on its way.
struct Replay<'a> {
    transcript: &'a Transcript,
    renaming: Option<&'a Renaming>,
    recorder: Rc<Recorder>,
    connections: BTreeMap<String, Connection>,
    /// Client identifiers that the broker had assigned, and those that it assigns.
    assigned: BTreeMap<String, String>,
    differences: Vec<Difference>,
    /// What had come and did not when it was waited for.
    late: Vec<(u32, String, Bytes)>,
    limit: Duration,
}

struct Connection {
    link: Rc<Link>,
    version: Version,
    /// The broker's own packet identifiers: as recorded, and as they are.
    identifiers: BTreeMap<u16, u16>,
    /// What has come, with its place, and is not found in the record yet.
    unmatched: Vec<(u32, Bytes)>,
    /// Places of the messages that were found, in the order of the record.
    messages: Vec<u32>,
    /// Something did not come: what is missing behind it is not waited for so long.
    is_short: bool,
}

impl Replay<'_> {
    async fn send_all(&mut self, endpoint: &Endpoint) -> Result<(), String> {
        let mut before = Duration::ZERO;
        let happenings = self.transcript.lines.iter().filter(|line| !matches!(line.what, What::Said(..)));
        for line in happenings {
            let gap = line.at.saturating_sub(before);
            before = line.at;
            let is_ours = matches!(line.what, What::Open | What::Sent { .. } | What::Closed(_) | What::HalfClosed);
            if is_ours && gap >= GAP {
                sleep(gap).await;
            }
            match &line.what {
                What::Open => self.open(&line.role, endpoint).await?,
                What::Sent { bytes, .. } => self.send(&line.role, bytes),
                What::Closed(ending) => self.close(&line.role, *ending),
                What::HalfClosed => self.with(&line.role, |connection| connection.link.half_close()),
                What::Received(bytes) => self.receive(line.number, &line.role, bytes).await,
                What::Ended(_) => self.end(line.number, &line.role).await,
                What::Said(..) => {}
            }
        }
        Ok(())
    }

    fn with(&self, role: &str, act: impl FnOnce(&Connection)) {
        if let Some(connection) = self.connections.get(role) {
            act(connection);
        }
    }

    async fn open(&mut self, role: &str, endpoint: &Endpoint) -> Result<(), String> {
        let opened = timeout(self.limit, endpoint.open()).await;
        let stream = opened.map_err(|_| format!("no connection within {:?}", self.limit))?;
        let stream = stream.map_err(|error| format!("{role}: {error}"))?;
        let version = self.transcript.version_of(role);
        let link = Link::start(stream, None, role.to_owned(), version, Rc::clone(&self.recorder));
        link.acknowledges.set(false);
        link.takes_repetitions.set(true);
        let connection = Connection {
            link,
            version,
            identifiers: BTreeMap::new(),
            unmatched: Vec::new(),
            messages: Vec::new(),
            is_short: false,
        };
        self.connections.insert(role.to_owned(), connection);
        Ok(())
    }

    fn send(&self, role: &str, bytes: &Bytes) {
        let Some(connection) = self.connections.get(role) else { return };
        let renamed = self.renamed(bytes, false);
        let sent = read(&renamed, connection.version, Sender::Client, |packet| match packet {
            Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubcomp(ack) => {
                let id = connection.identifiers.get(&ack.packet_id.get()).copied();
                id.map(|id| with_identifier(&renamed, id))
            }
            Packet::Connect(connect) => {
                let client_id = self.assigned.get(connect.client_id)?;
                let again = mqtt_assay_codec::Connect { client_id, ..*connect };
                Packet::Connect(again).to_bytes(connection.version).ok()
            }
            _ => None,
        });
        connection.link.send(sent.flatten().unwrap_or(renamed), None);
    }

    fn close(&self, role: &str, ending: Ending) {
        self.with(role, |connection| match ending {
            Ending::Fin => connection.link.close(),
            Ending::Reset => connection.link.reset(),
        });
    }

    /// The bytes under the other name of the run; `back` under the recorded one.
    fn renamed(&self, bytes: &Bytes, back: bool) -> Bytes {
        let Some(Renaming { from, to }) = self.renaming else { return bytes.clone() };
        let (from, to) = if back { (to, from) } else { (from, to) };
        let mut all = bytes.to_vec();
        for place in 0..all.len().saturating_sub(from.len().saturating_sub(1)) {
            if all[place..].starts_with(from) {
                all[place..place + to.len()].copy_from_slice(to);
            }
        }
        all.into()
    }

    /// Waits for what had come here, and compares it.
    async fn receive(&mut self, line: u32, role: &str, recorded: &Bytes) {
        let wanted = self.wanted(role, recorded);
        match self.next_like(role, &wanted).await {
            Some((place, came)) => self.compare(line, role, recorded, (place, &came)),
            None => self.late.push((line, role.to_owned(), recorded.clone())),
        }
    }

    /// What did not come when it was waited for may have come since.
    async fn look_for_late(&mut self) {
        for (line, role, recorded) in std::mem::take(&mut self.late) {
            let Some(version) = self.connections.get(&role).map(|connection| connection.version) else { continue };
            let words = describe::bytes(&recorded, version, Sender::Server);
            let came = self.next_like(&role, &self.wanted(&role, &recorded)).await;
            let what = if came.is_some() { format!("{words} came later") } else { format!("{words} did not come") };
            self.differences.push(Difference { line, role, what });
        }
    }

    /// What is looked for, by the identifiers of this time.
    fn wanted(&self, role: &str, recorded: &Bytes) -> Key {
        let Some(connection) = self.connections.get(role) else { return Key::Bytes };
        match key(recorded, connection.version) {
            Key::Release(id) => Key::Release(connection.identifiers.get(&id).copied().unwrap_or(id)),
            other => other,
        }
    }

    /// The first that has come of this kind, or that comes within the limit.
    async fn next_like(&mut self, role: &str, wanted: &Key) -> Option<(u32, Bytes)> {
        let connection = self.connections.get(role)?;
        let limit = if connection.is_short { bounds::TRIAL } else { self.limit };
        let until = Instant::now() + limit;
        loop {
            self.take_in(role);
            let connection = self.connections.get_mut(role)?;
            let version = connection.version;
            if let Some(place) = connection.unmatched.iter().position(|(_, bytes)| key(bytes, version) == *wanted) {
                return Some(connection.unmatched.remove(place));
            }
            let link = Rc::clone(&connection.link);
            let is_over = link.is_over() || !link.pending().is_empty();
            if is_over || tokio::time::timeout_at(until, link.arrival()).await.is_err() {
                self.take_in(role);
                let connection = self.connections.get_mut(role)?;
                let place = connection.unmatched.iter().position(|(_, bytes)| key(bytes, version) == *wanted);
                connection.is_short |= place.is_none();
                return place.map(|place| connection.unmatched.remove(place));
            }
        }
    }

    /// Takes over what has come, under the recorded name.
    fn take_in(&mut self, role: &str) {
        let Some(link) = self.connections.get(role).map(|connection| Rc::clone(&connection.link)) else { return };
        while let Some(arrived) = link.take(|arrived| matches!(arrived.what, Arrival::Packet(_))) {
            let Some(packet) = arrived.packet() else { continue };
            let bytes = self.renamed(&Bytes::copy_from_slice(packet.bytes()), true);
            if let Some(connection) = self.connections.get_mut(role) {
                connection.unmatched.push((arrived.line, bytes));
            }
        }
    }

    fn compare(&mut self, line: u32, role: &str, recorded: &Bytes, (place, came): (u32, &Bytes)) {
        let Some(connection) = self.connections.get_mut(role) else { return };
        let version = connection.version;
        let (before, now) = (own_identifier(recorded, version), own_identifier(came, version));
        let mut alike = came.clone();
        if let (Some(before), Some(now)) = (before, now) {
            connection.identifiers.insert(before, now);
            alike = with_identifier(came, before);
        }
        if key(recorded, version).is_message() {
            if connection.messages.last().is_some_and(|last| *last > place) {
                let what = format!("{} came before another one", describe::bytes(recorded, version, Sender::Server));
                self.differences.push(Difference { line, role: role.to_owned(), what });
            }
            connection.messages.push(place);
        }
        let both = (assigned(recorded, version), assigned(&alike, version));
        if let (Some(before), Some(now)) = &both {
            self.assigned.insert(before.clone(), now.clone());
        }
        let is_assigned = both.0.is_some() && both.1.is_some();
        if *recorded != alike && !is_assigned {
            let words = |bytes: &Bytes| describe::bytes(bytes, version, Sender::Server);
            let what = format!("{} had come, and now {}", words(recorded), words(&alike));
            self.differences.push(Difference { line, role: role.to_owned(), what });
        }
    }

    /// The broker ends the connection, as it had.
    async fn end(&mut self, line: u32, role: &str) {
        let Some(link) = self.connections.get(role).map(|connection| Rc::clone(&connection.link)) else { return };
        let until = Instant::now() + self.limit;
        while !link.was_ended_by_broker() {
            self.take_in(role);
            if tokio::time::timeout_at(until, link.arrival()).await.is_err() {
                break;
            }
        }
        if !link.was_ended_by_broker() {
            let what = "the broker had ended the connection, and doesn't".to_owned();
            self.differences.push(Difference { line, role: role.to_owned(), what });
        }
    }

    /// What comes and is not in the record.
    async fn look_for_more(&mut self) {
        sleep(bounds::WATCH).await;
        let roles: Vec<String> = self.connections.keys().cloned().collect();
        for role in roles {
            self.take_in(&role);
            let Some(connection) = self.connections.get(&role) else { continue };
            for (_, bytes) in &connection.unmatched {
                let what = format!("{} came too", describe::bytes(bytes, connection.version, Sender::Server));
                self.differences.push(Difference { line: 0, role: role.clone(), what });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqtt_assay_codec::Publish;

    #[test]
    fn the_name_of_the_run_is_found_in_topics_and_client_identifiers() {
        let mut transcript = Transcript::new("x", Version::V3_1_1);
        let connect = mqtt_assay_codec::Connect { client_id: "maq5jtkk8x53zann", ..Default::default() };
        let publish = Publish { topic: "mqtt-assay/q5jtkk/8x53z/a", ..Publish::default() };
        for packet in [Packet::Connect(connect), Packet::Publish(publish)] {
            let bytes = packet.to_bytes(Version::V3_1_1).expect("legal");
            transcript.add(Duration::ZERO, "ann", What::Sent { bytes, mutation: None });
        }
        assert_eq!(name_of_run(&transcript), Some(b"q5jtkk".to_vec()));
        transcript.lines.pop();
        assert_eq!(name_of_run(&transcript), None);
    }
}
