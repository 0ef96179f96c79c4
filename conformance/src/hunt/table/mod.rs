//! What single cases are made of: every packet of a small set, legal and with every mutation of the catalogue that has a
//! place in it, in both versions, encoded once, with what a broker has to do with it.

mod base;
mod entry;

pub(super) use base::{CLIENT, FOLDER, greeting};
pub(super) use entry::{Asks, Entry, State, is_open};

use super::login::Login;
use mqtt_assay_codec::{Context, FieldName, MUTATIONS, PacketType, Sender, Version, fields};
use std::ops::Range;

/// All entries, and where those of single kinds stand.
#[derive(Debug)]
pub(super) struct Table {
    entries: Vec<Entry>,
    /// Those that a kept connection can send in any number.
    kept: [Vec<usize>; 2],
    /// Entries by version.
    by_version: [Vec<usize>; 2],
    greetings: [Vec<u8>; 2],
}

/// Place of a version in arrays of both.
pub(super) fn place(version: Version) -> usize {
    usize::from(version == Version::V5)
}

impl Table {
    /// Makes it, for who connects so.
    pub(super) fn new(login: Option<&Login>) -> Self {
        let mut entries = Vec::new();
        let both = [Version::V3_1_1, Version::V5];
        for version in both {
            base::each(version, login, &mut |base, bytes, from| add_all(&mut entries, version, base, bytes, from));
        }
        let greetings = both.map(|version| greeting(version, login));
        let mut table = Self { entries, kept: Default::default(), by_version: Default::default(), greetings };
        for (index, entry) in table.entries.iter().enumerate() {
            table.by_version[place(entry.version)].push(index);
            if entry.can_be_kept() {
                table.kept[place(entry.version)].push(index);
            }
        }
        table
    }

    pub(super) fn entry(&self, index: usize) -> &Entry {
        &self.entries[index]
    }

    /// The CONNECT with which connections of a version begin.
    pub(super) fn greeting(&self, version: Version) -> &[u8] {
        &self.greetings[place(version)]
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Those for connections that are kept.
    pub(super) fn kept(&self, version: Version) -> &[usize] {
        &self.kept[place(version)]
    }

    /// Those of a version.
    pub(super) fn of(&self, version: Version) -> &[usize] {
        &self.by_version[place(version)]
    }
}

/// A legal packet, and what the catalogue makes of it.
fn add_all(entries: &mut Vec<Entry>, version: Version, base: &'static str, bytes: &[u8], from: Sender) {
    let Some(packet) = bytes.first().and_then(|first| PacketType::from_number(first >> 4)) else { return };
    entries.push(Entry::plain(version, base, packet, bytes, from));
    if from == Sender::Server {
        return;
    }
    let context = Context::new(version, Sender::Client);
    for mutation in MUTATIONS {
        if let Some(mutated) = mutation.apply(bytes, context) {
            entries.push(Entry::mutated(version, base, packet, mutation.name, mutated));
        }
    }
}

/// Where the packet identifier stands, in bytes that may be illegal.
fn identifier_in(bytes: &[u8], version: Version) -> Option<Range<usize>> {
    let map = fields(bytes, Context::new(version, Sender::Client));
    map.find(FieldName::PACKET_ID).map(|field| field.range.clone()).filter(|range| range.len() == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mutation_of_clients_has_a_place_in_it() {
        let table = Table::new(None);
        let without: Vec<&str> = MUTATIONS
            .iter()
            .map(|mutation| mutation.name)
            .filter(|name| !table.entries.iter().any(|entry| entry.mutation == Some(*name)))
            .collect();
        // What only a server's packet has a place for, and 3.1.
        insta::assert_snapshot!(without.join("\n"));
    }

    #[test]
    fn where_no_sentence_demands_anything_a_broker_may_do_either() {
        let table = Table::new(None);
        let open = |name: &str, version: Version, packet: PacketType| {
            let mut found = table
                .entries
                .iter()
                .filter(|entry| entry.mutation == Some(name) && entry.version == version && entry.packet == packet);
            found.next().map(|entry| entry.expected == crate::hunt::expected::Expected::Either)
        };
        assert_eq!(open("topic.empty@response-topic", Version::V5, PacketType::Publish), Some(true));
        assert_eq!(open("topic.empty@topic-name", Version::V5, PacketType::Publish), Some(false));
        assert_eq!(open("filter.share-without-filter", Version::V5, PacketType::Subscribe), Some(true));
        assert_eq!(open("filter.share-plus-in-name", Version::V5, PacketType::Subscribe), Some(false));
        for packet in [PacketType::Puback, PacketType::Pubrec, PacketType::Pubrel, PacketType::Pubcomp] {
            assert_eq!(open("pid.zero", Version::V3_1_1, packet), Some(true), "{packet:?}");
        }
        assert_eq!(open("pid.zero", Version::V3_1_1, PacketType::Subscribe), Some(false));
    }

    #[test]
    fn a_broker_may_refuse_whom_it_does_not_know() {
        let table = Table::new(None);
        let mut found = table
            .entries
            .iter()
            .filter(|entry| entry.mutation == Some("connect.password-without-user") && entry.version == Version::V5);
        let entry = found.next().expect("legal in 5.0");
        assert_eq!(entry.expected, crate::hunt::expected::Expected::Either);
    }

    #[test]
    fn kept_entries_have_an_answer_and_a_place_for_their_identifier() {
        let table = Table::new(None);
        for version in [Version::V3_1_1, Version::V5] {
            assert!(table.kept(version).len() > 20, "{version}");
            for index in table.kept(version) {
                assert!(table.entry(*index).answer().is_some(), "{:?}", table.entry(*index));
            }
        }
    }
}
