//! From the bytes of a connection to packets, and from packets to what they ask for.

use bytes::Bytes;
use mqtt_assay_codec::{Context, Decoded, Limits, Packet, ReasonCode, Sender, Version, decode};

use crate::event::{Breach, ConnectionId, Effect};
use crate::faults::{Fault, Segment};
use crate::machine::Machine;
use crate::packets::framing::{Greeting, PacketLen, greeting, is_incomplete, packet_len};
use crate::state::connection::{Connection, Phase};

/// Bytes of input that each connection may gather without a place on the ledger.
const SHORT_INPUT: usize = 16 << 10;

/// What became of the first bytes of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// So many bytes are dealt with.
    Consumed(usize),
    /// No packet can be complete before so many more bytes are here.
    Wants(usize),
    /// The connection takes no more bytes.
    Stop,
}

impl Machine {
    pub(crate) fn received(&mut self, id: ConnectionId, bytes: &[u8]) {
        if !self.connections.contains_key(&id) {
            self.sent_after_disconnect(id, bytes);
        } else if self.take_input(id, bytes) {
            self.process(id);
        }
    }

    /// Deals with the packets that are whole, as many as time allows.
    pub(crate) fn process(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.phase == Phase::Deaf || connection.work.is_some() || !connection.has_more() {
            return;
        }
        let mut input = std::mem::take(&mut connection.input);
        let mut at = 0;
        let mut wanted = 0;
        let mut segment = Segment::default();
        while at < input.len() && self.listens(id) && !self.is_tired() {
            if self.takes_its_time(id) {
                break;
            }
            self.effort += 1;
            let _way = self.connections.get(&id).and_then(|connection| self.on_connection(connection));
            if let Some(lost) = self.lost_of_segment(&mut segment, &input[at..]) {
                at += lost;
                continue;
            }
            let before = self.effects.len();
            let number = self.number_of_next(id);
            let step = self.step(id, &input[at..]);
            self.show_packet(before, number, &input[at..]);
            if matches!(step, Step::Consumed(_)) {
                self.count_one(id);
            }
            match step {
                Step::Consumed(_) if self.loses_behind(id, input[at]) => at = input.len(),
                Step::Consumed(length) => at += length.max(1),
                Step::Wants(more) => {
                    // At least one byte: what is here is no packet yet.
                    wanted = input.len() - at + more.max(1);
                    break;
                }
                Step::Stop => {
                    // Faults only come here with a connection that is still open: they wait for what follows.
                    wanted = input.len() - at + 1;
                    break;
                }
            }
        }
        let Some(connection) = self.connections.get_mut(&id) else {
            self.sent_after_disconnect(id, input.get(at..).unwrap_or_default());
            if self.departed.get(&id).is_some_and(|departed| departed.is_gone) {
                self.departed.remove(&id);
            }
            return;
        };
        if connection.phase == Phase::Deaf {
            return;
        }
        connection.skip = at.saturating_sub(input.len());
        input.drain(..at.min(input.len()));
        connection.input = input;
        connection.wanted = wanted;
        if connection.input.is_empty() {
            connection.input_account = None;
        }
        if connection.has_more() && !self.quirky.slow.contains_key(&id) {
            self.busy.insert(id);
        }
        self.wind(id);
    }

    /// Which of the client's packets the next one is.
    fn number_of_next(&self, id: ConnectionId) -> u64 {
        self.connections.get(&id).map_or(0, |connection| connection.packets + 1)
    }

    fn count_one(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.packets += 1;
        }
    }

    /// Adds the packet at the start of `input` to the breaches that were named since there were `before` effects.
    fn show_packet(&mut self, before: usize, number: u64, input: &[u8]) {
        let packet_len = match packet_len(input) {
            PacketLen::Known(len) => len,
            PacketLen::Unknown | PacketLen::Never => input.len(),
        };
        for effect in self.effects.iter_mut().skip(before) {
            if let Effect::Breach(breach) = effect {
                let shown = packet_len.min(input.len()).min(Breach::MOST_BYTES);
                breach.packet = Bytes::copy_from_slice(&input[..shown]);
                breach.packet_len = packet_len;
                breach.packet_number = number;
            }
        }
    }

    /// Adds the new bytes to the connection's input; says whether that may hold a packet.
    fn take_input(&mut self, id: ConnectionId, mut bytes: &[u8]) -> bool {
        let Some(connection) = self.connections.get_mut(&id).filter(|connection| connection.phase != Phase::Deaf)
        else {
            return false;
        };
        let connack = connection.connack_ends.filter(|_| connection.input.is_empty());
        connection.is_told |= connack.is_some_and(|end| self.outflow.has_written(id, end));
        let skipped = connection.skip.min(bytes.len());
        connection.skip -= skipped;
        bytes = &bytes[skipped..];
        connection.input.extend_from_slice(bytes);
        if !self.book_input(id) {
            self.give_up(id, ReasonCode::QUOTA_EXCEEDED, "the broker has no room for the rest of this packet");
            return false;
        }
        !bytes.is_empty()
    }

    /// Books what is gathered of a long packet; false if there is no room for it.
    fn book_input(&mut self, id: ConnectionId) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else { return true };
        if connection.input.len() <= SHORT_INPUT {
            return true;
        }
        let held = connection.input.capacity();
        match &mut connection.input_account {
            Some(account) => self.ledger.extend(account, held.saturating_sub(account.bytes())),
            none => {
                *none = self.ledger.open(held);
                none.is_some()
            }
        }
    }

    fn listens(&self, id: ConnectionId) -> bool {
        let listening = |connection: &Connection| connection.phase != Phase::Deaf && connection.work.is_none();
        self.connections.get(&id).is_some_and(listening)
    }

    /// Names what comes from a client behind its DISCONNECT, once.
    fn sent_after_disconnect(&mut self, id: ConnectionId, input: &[u8]) {
        if input.is_empty() {
            return;
        }
        let Some(departed) = self.departed.remove(&id) else { return };
        let is_v5 = departed.version == Version::V5;
        let before = self.effects.len();
        self.effects.push(Effect::Breach(Breach {
            connection: id,
            client_id: departed.client_id.map(|client_id| client_id.to_string()),
            rule: if is_v5 { "MQTT-3.14.4-1" } else { "MQTT-3.14.4-2" },
            version: departed.version,
            detail: "it sent more behind its DISCONNECT".to_owned(),
            packet: Bytes::new(),
            packet_len: 0,
            packet_number: 0,
        }));
        self.show_packet(before, departed.packets + 1, input);
    }

    fn step(&mut self, id: ConnectionId, input: &[u8]) -> Step {
        if self.dies_of_bytes(id, input) {
            return Step::Stop;
        }
        let Some(connection) = self.connections.get(&id) else { return Step::Stop };
        match connection.phase {
            Phase::Greeting => self.greet(id, input),
            Phase::Open | Phase::Authenticating => self.take_packet(id, connection.version, input),
            Phase::Deaf => Step::Stop,
        }
    }

    fn greet(&mut self, id: ConnectionId, input: &[u8]) -> Step {
        match greeting(input) {
            Greeting::Other(number) => self.not_a_connect(id, number, input),
            Greeting::Unknown | Greeting::Level { .. }
                if is_incomplete(input) && self.fault(Fault::WantsConnectInOnePiece) =>
            {
                self.end(id, false);
                Step::Stop
            }
            Greeting::Unknown if is_incomplete(input) => Step::Wants(1),
            Greeting::Level { name_is_mqtt: true, level: 5 } => self.take_packet(id, Version::V5, input),
            _ => self.take_packet(id, Version::V3_1_1, input),
        }
    }

    /// Decodes the first packet and does what it says.
    fn take_packet(&mut self, id: ConnectionId, version: Version, input: &[u8]) -> Step {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.version = version;
        }
        let context = Context::new(version, Sender::Client);
        match decode(input, context, &self.decode_limits(version)) {
            Ok(Decoded::Partial { .. }) if self.wants_more_at_once(id, input) => {
                self.end(id, true);
                Step::Stop
            }
            Ok(Decoded::Partial { needed }) => Step::Wants(needed),
            Ok(Decoded::Complete { packet, len }) => self.take(id, packet, len, input),
            Err(error) => self.refuse_packet(id, error, input),
        }
    }

    pub(crate) fn decode_limits(&self, version: Version) -> Limits {
        let unlimited = version == Version::V5 && self.fault(Fault::AcceptsLargePackets);
        let max_packet_size = if unlimited { 268_435_460 } else { self.settings.limits.max_packet_size };
        Limits { max_packet_size, ..Limits::default() }
    }

    /// Deals with one packet of `len` bytes at the start of `input`.
    pub(crate) fn take(&mut self, id: ConnectionId, packet: Packet<'_>, len: usize, input: &[u8]) -> Step {
        let Some(connection) = self.connections.get_mut(&id) else { return Step::Stop };
        connection.heard_at = self.now;
        let version = connection.version;
        let _way = self.on_packet(id, &packet, len);
        if self.dislikes(&packet, len) {
            return self.refuse_disliked(id);
        }
        match packet {
            packet if self.is_too_early(id, &packet) => self.too_early(id, &packet),
            packet if self.loses_while_authenticating(id, &packet) => {}
            Packet::Connect(connect) => self.connect(id, &connect, &input[..len.min(input.len())]),
            Packet::Disconnect(_) if self.puts_off(id, Some(&input[..len.min(input.len())])) => {}
            Packet::Disconnect(disconnect) => self.disconnect(id, &disconnect),
            packet => self.serve(id, &packet),
        }
        if std::mem::take(&mut self.faulty.publishes_rest) {
            self.publish_rest(&input[len.min(input.len())..], version);
        }
        Step::Consumed(len)
    }

    /// Packets of an accepted connection, apart from CONNECT and DISCONNECT.
    pub(crate) fn serve(&mut self, id: ConnectionId, packet: &Packet<'_>) {
        match packet {
            Packet::Publish(publish) => self.publish(id, publish),
            Packet::Puback(acknowledgement) => self.puback(id, acknowledgement),
            Packet::Pubrec(acknowledgement) => self.pubrec(id, acknowledgement),
            Packet::Pubrel(acknowledgement) => self.pubrel(id, acknowledgement),
            Packet::Pubcomp(acknowledgement) => self.pubcomp(id, acknowledgement),
            Packet::Subscribe(subscribe) => self.subscribe(id, subscribe),
            Packet::Unsubscribe(unsubscribe) => self.unsubscribe(id, unsubscribe),
            Packet::Pingreq => self.pingreq(id),
            Packet::Auth(auth) => self.auth(id, auth),
            // The decoder refuses what only servers send; a waived rule may let it through, and then there is nothing to do.
            _ => {}
        }
    }
}
