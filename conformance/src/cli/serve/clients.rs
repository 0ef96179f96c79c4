//! What is known of each client: its connections, how each ended, and what it broke. Bounded: what comes beyond is counted.

use super::breach::{Breach, counts};
use crate::text::cut;
use crate::wire::Ending;
use mqtt_assay_codec::{Packet, ReasonCode, Sender, Version};
use serde::Serialize;
use std::collections::BTreeMap;

/// How many connections, and how many breaches, are kept one by one.
const MOST: usize = 10_000;

/// Letters of a client identifier that are kept.
const LONGEST: usize = 256;

/// Who ended a connection, how, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct End {
    pub(super) by: &'static str,
    pub(super) how: &'static str,
    /// The reason code of the packet that told it.
    pub(super) code: Option<u8>,
    pub(super) why: String,
}

/// One connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    pub(super) number: u64,
    pub(super) from: String,
    /// The scheme of the address at which it came in.
    pub(super) by: &'static str,
    pub(super) client: Option<String>,
    pub(super) version: Option<Version>,
    pub(super) packets_received: u64,
    pub(super) packets_sent: u64,
    pub(super) breaches: u64,
    /// Nothing as long as it is open.
    pub(super) end: Option<End>,
    signs: Signs,
}

/// What the end of a connection is known by.
#[derive(Debug, Clone, Default)]
struct Signs {
    left_with: Option<ReasonCode>,
    client_ended: Option<Ending>,
    /// What the transport tells of that.
    told: Option<String>,
    broker_closes: bool,
    connack: Option<ReasonCode>,
    disconnect: Option<ReasonCode>,
    taken_over_by: Option<u64>,
    note: Option<String>,
    breach: Option<String>,
    no_handshake: Option<String>,
}

/// All that is known of the clients.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    open: BTreeMap<u64, Record>,
    past: BTreeMap<u64, Record>,
    pub(super) connections: u64,
    pub(super) connections_left_out: u64,
    /// How many did not come through their handshakes.
    pub(super) handshakes_failed: usize,
    breaches: BTreeMap<Option<String>, Vec<Breach>>,
    breaches_kept: usize,
    pub(super) breaches_left_out: u64,
    /// How often each rule was broken.
    pub(super) by_rule: BTreeMap<(Version, &'static str), u64>,
    /// The same of each client; those who never told their identifier are one.
    by_client: BTreeMap<Option<String>, BTreeMap<(Version, &'static str), u64>>,
}

/// A client, with its connections and what it broke.
pub(super) struct Client<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) connections: Vec<&'a Record>,
    pub(super) broken: BTreeMap<(Version, &'static str), u64>,
    pub(super) breaches: &'a [Breach],
}

impl Ledger {
    /// A connection was opened.
    pub(super) fn opened(&mut self, number: u64, from: &str, by: &'static str) {
        self.connections += 1;
        self.open.insert(number, Record { number, from: from.to_owned(), by, ..Record::default() });
    }

    /// It did not come through its handshakes.
    pub(super) fn no_handshake(&mut self, number: u64, why: &str) {
        self.handshakes_failed += 1;
        if let Some(record) = self.open.get_mut(&number) {
            record.signs.no_handshake = Some(why.to_owned());
        }
        self.ended(number);
    }

    /// The version that is spoken on a connection, once it is known.
    pub(super) fn version(&self, number: u64) -> Option<Version> {
        self.record(number)?.version
    }

    /// The broker ends the connection for what came before any packet is made of it.
    pub(super) fn refuses(&mut self, number: u64, rule: &str, detail: &str) {
        self.blames(number, rule, detail);
        if let Some(record) = self.open.get_mut(&number) {
            record.signs.broker_closes = true;
        }
    }

    /// True where a connection is open.
    pub(super) fn has_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// The client identifier of a connection, once it is known.
    pub(super) fn client(&self, number: u64) -> Option<&str> {
        self.record(number)?.client.as_deref()
    }

    fn record(&self, number: u64) -> Option<&Record> {
        self.open.get(&number).or_else(|| self.past.get(&number))
    }

    /// A packet went by.
    pub(super) fn passes(&mut self, number: u64, from: Sender, version: Version, packet: Option<&Packet<'_>>) {
        let Some(record) = self.open.get_mut(&number) else { return };
        if from == Sender::Client {
            record.packets_received += 1;
        } else {
            record.packets_sent += 1;
        }
        let Some(packet) = packet else { return };
        match (from, packet) {
            (Sender::Client, Packet::Connect(connect)) if record.client.is_none() => {
                record.version = Some(version);
                record.client = Some(kept(connect.client_id)).filter(|id| !id.is_empty());
            }
            (Sender::Client, Packet::Disconnect(disconnect)) => record.signs.left_with = Some(disconnect.reason),
            (_, Packet::Connack(connack)) => {
                record.signs.connack = Some(connack.reason).filter(|reason| reason.0 > 0);
                if let Some(assigned) = connack.properties.assigned_client_identifier() {
                    record.client = Some(kept(assigned));
                }
            }
            (_, Packet::Disconnect(disconnect)) => record.signs.disconnect = Some(disconnect.reason),
            _ => {}
        }
    }

    /// A client broke a rule.
    pub(super) fn breach(&mut self, breach: &Breach) {
        let rule = (breach.version, breach.rule);
        *self.by_rule.entry(rule).or_default() += 1;
        let client = self.client(breach.connection).map(str::to_owned);
        if self.by_client.len() < MOST || self.by_client.contains_key(&client) {
            *self.by_client.entry(client.clone()).or_default().entry(rule).or_default() += 1;
        }
        if let Some(record) = self.open.get_mut(&breach.connection) {
            record.breaches += 1;
        }
        if self.breaches_kept < MOST {
            self.breaches_kept += 1;
            self.breaches.entry(client).or_default().push(breach.clone());
        } else {
            self.breaches_left_out += 1;
        }
    }

    /// Why the broker is about to close, where it names a breach.
    pub(super) fn blames(&mut self, number: u64, rule: &str, detail: &str) {
        if let Some(record) = self.open.get_mut(&number) {
            record.signs.breach = Some(format!("{rule}: {detail}"));
        }
    }

    /// Why the broker is about to close, in its own words.
    pub(super) fn notes(&mut self, number: u64, text: &str) {
        if let Some((record, why)) = self.open.get_mut(&number).zip(text.split_once("closed")) {
            record.signs.note = Some(why.1.trim_start_matches([':', ' ']).to_owned());
        }
    }

    /// The client's half has ended.
    pub(super) fn client_ended(&mut self, number: u64, ending: Ending, why: Option<&str>) {
        if let Some(record) = self.open.get_mut(&number).filter(|record| !record.signs.broker_closes) {
            record.signs.client_ended = Some(ending);
            record.signs.told = why.map(str::to_owned);
        }
    }

    /// The broker closes the connection, perhaps since the client has gone. `taken_over_by`: another connection of the same
    /// client is being dealt with. True where the client has ended it.
    pub(super) fn closes(&mut self, number: u64, taken_over_by: Option<u64>) -> bool {
        let Some(record) = self.open.get_mut(&number) else { return false };
        let signs = &mut record.signs;
        let by_client = signs.client_ended.is_some() || signs.left_with.is_some();
        signs.broker_closes = !by_client;
        signs.taken_over_by = taken_over_by.filter(|_| !by_client);
        by_client
    }

    /// Nothing more goes over the connection; how it ended.
    pub(super) fn ended(&mut self, number: u64) -> Option<&End> {
        let mut record = self.open.remove(&number)?;
        record.end = Some(record.signs.end());
        if self.past.len() >= MOST {
            self.connections_left_out += 1;
            return None;
        }
        self.past.entry(number).or_insert(record).end.as_ref()
    }

    /// How many breaches count.
    pub(super) fn counted(&self, strict: bool) -> u64 {
        let counted = self.by_rule.iter().filter(|((version, rule), _)| counts(*version, rule, strict));
        counted.map(|(_, times)| times).sum()
    }

    /// All connections that are kept, open ones included, in the order in which they were opened.
    pub(super) fn records(&self) -> Vec<&Record> {
        let mut all: Vec<&Record> = self.past.values().chain(self.open.values()).collect();
        all.sort_unstable_by_key(|record| record.number);
        all
    }

    /// All clients: by name, those without an identifier last.
    pub(super) fn clients(&self) -> Vec<Client<'_>> {
        let mut by_id: BTreeMap<(bool, Option<&str>), Vec<&Record>> = BTreeMap::new();
        for record in self.records() {
            let id = record.client.as_deref();
            by_id.entry((id.is_none(), id)).or_default().push(record);
        }
        for id in self.by_client.keys() {
            by_id.entry((id.is_none(), id.as_deref())).or_default();
        }
        by_id.into_iter().map(|((_, id), connections)| self.client_of(id, connections)).collect()
    }

    fn client_of<'a>(&'a self, id: Option<&'a str>, connections: Vec<&'a Record>) -> Client<'a> {
        let key = id.map(str::to_owned);
        Client {
            id,
            connections,
            broken: self.by_client.get(&key).cloned().unwrap_or_default(),
            breaches: self.breaches.get(&key).map_or(&[], Vec::as_slice),
        }
    }
}

/// A client identifier, cut where it is long.
fn kept(id: &str) -> String {
    cut(id, LONGEST).into_owned()
}

impl Signs {
    fn end(&self) -> End {
        let end = |by, how, code: Option<ReasonCode>, why: String| End { by, how, code: code.map(|code| code.0), why };
        if let Some(why) = &self.no_handshake {
            return end("broker", "handshake", None, why.clone());
        }
        if let Some(code) = self.left_with {
            return end("client", "disconnect", Some(code), format!("DISCONNECT 0x{:02x}", code.0));
        }
        if !self.broker_closes {
            let told = self.told.as_ref().map_or_else(String::new, |told| format!(" ({told})"));
            return match self.client_ended {
                Some(Ending::Fin) => end("client", "close", None, format!("closed without DISCONNECT{told}")),
                _ => end("client", "reset", None, format!("reset{told}")),
            };
        }
        let code = self.disconnect.or(self.connack);
        let said = code.map_or_else(String::new, |code| format!(" (0x{:02x})", code.0));
        if let Some(other) = self.taken_over_by {
            return end("broker", "taken-over", code, format!("taken over by connection {other}{said}"));
        }
        match (&self.note, &self.breach) {
            (Some(note), _) if note.starts_with("keep alive") => {
                end("broker", "keep-alive", code, format!("nothing came for one and a half times the keep alive{said}"))
            }
            (_, Some(breach)) => end("broker", "refused", code, format!("{breach}{said}")),
            (Some(note), None) => end("broker", "closed", code, format!("{note}{said}")),
            (None, None) if self.connack.is_some() => {
                end("broker", "refused", code, format!("refused by CONNACK{said}"))
            }
            (None, None) => end("broker", "closed", code, format!("closed by the broker{said}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqtt_assay_codec::{Connack, Connect, Disconnect, Properties};

    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.opened(0, "here", "mqtt");
        let connect = Packet::Connect(Connect { client_id: "a", ..Connect::default() });
        ledger.passes(0, Sender::Client, Version::V5, Some(&connect));
        ledger
    }

    fn ended(ledger: &mut Ledger) -> (&'static str, &'static str, Option<u8>, String) {
        let end = ledger.ended(0).expect("it is kept").clone();
        (end.by, end.how, end.code, end.why)
    }

    #[test]
    fn each_end_has_its_reason() {
        let mut left = ledger();
        let disconnect = Disconnect { reason: ReasonCode(4), properties: Properties::EMPTY };
        left.passes(0, Sender::Client, Version::V5, Some(&Packet::Disconnect(disconnect)));
        left.closes(0, None);
        left.client_ended(0, Ending::Fin, None);
        assert_eq!(ended(&mut left), ("client", "disconnect", Some(4), "DISCONNECT 0x04".to_owned()));

        let mut went = ledger();
        went.client_ended(0, Ending::Reset, None);
        assert!(went.closes(0, None));
        assert_eq!(ended(&mut went), ("client", "reset", None, "reset".to_owned()));

        let mut silent = ledger();
        silent.notes(0, "closed: keep alive");
        assert!(!silent.closes(0, None));
        silent.client_ended(0, Ending::Fin, None);
        let why = "nothing came for one and a half times the keep alive".to_owned();
        assert_eq!(ended(&mut silent), ("broker", "keep-alive", None, why));

        let mut refused = ledger();
        let connack = Connack { reason: ReasonCode(0x87), ..Connack::default() };
        refused.closes(0, None);
        refused.passes(0, Sender::Server, Version::V5, Some(&Packet::Connack(connack)));
        assert_eq!(ended(&mut refused), ("broker", "refused", Some(0x87), "refused by CONNACK (0x87)".to_owned()));

        let mut taken = ledger();
        taken.closes(0, Some(7));
        assert_eq!(ended(&mut taken), ("broker", "taken-over", None, "taken over by connection 7".to_owned()));
    }
}
