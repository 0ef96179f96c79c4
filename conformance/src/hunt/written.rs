//! What a fresh case writes: CONNECT under a client identifier of its own, what its state asks for, a packet of the table, and
//! a PINGREQ, whose answer says that the broker has come to it.

use super::fresh::Choice;
use super::table::{CLIENT, Entry, State, Table, place};
use mqtt_assay_codec::{
    Packet, PacketId, PacketType, Publish, QoS, Subscribe, SubscriptionOptions, SubscriptionsBuf, Version,
};

const PINGREQ: [u8; 2] = [0xC0, 0];

/// The packets of all fresh cases.
pub(super) struct Written<'t> {
    table: &'t Table,
    greetings: [Vec<u8>; 2],
    preludes: [[Vec<u8>; 4]; 2],
}

impl<'t> Written<'t> {
    pub(super) fn new(table: &'t Table) -> Self {
        let both = [Version::V3_1_1, Version::V5];
        Self {
            table,
            greetings: both.map(|version| table.greeting(version).to_vec()),
            preludes: both.map(|version| State::ALL.map(|state| prelude(version, state))),
        }
    }

    /// Writes a case behind what `bytes` has, and tells `each` of every packet: its bytes, and where it is the one that the case
    /// is about, which that is.
    pub(super) fn write(&self, choice: Choice, bytes: &mut Vec<u8>, mut each: impl FnMut(&[u8], Option<&'t Entry>)) {
        let entry = self.table.entry(choice.entry);
        let at = place(entry.version);
        let before: [&[u8]; 2] = match choice.state {
            State::First => [&[], &[]],
            state => [&self.greetings[at], &self.preludes[at][state_place(state)]],
        };
        let behind: &[u8] = if entry.is_silent_in(choice.state) { &[] } else { &PINGREQ };
        let packets = [(before[0], None), (before[1], None), (&entry.bytes, Some(entry)), (behind, None)];
        // A state may need nothing before it, and a record has no line for nothing.
        for (packet, which) in packets.into_iter().filter(|(packet, _)| !packet.is_empty()) {
            let start = bytes.len();
            bytes.extend_from_slice(packet);
            if packet[0] >> 4 == PacketType::Connect as u8 {
                name_client(&mut bytes[start..], choice.index);
            }
            each(&bytes[start..], which);
        }
    }
}

/// Puts the case's own client identifier in the place of the one that all have.
fn name_client(bytes: &mut [u8], index: u64) {
    let digits = CLIENT.trim_end_matches('@').len();
    let head = bytes.len().min(64 + CLIENT.len());
    let Some(start) = bytes[..head].windows(CLIENT.len()).position(|window| window == CLIENT.as_bytes()) else {
        return;
    };
    let mut rest = index;
    for place in (start + digits..start + CLIENT.len()).rev() {
        bytes[place] = b"0123456789abcdefghijklmnopqrstuvwxyz"[(rest % 36) as usize];
        rest /= 36;
    }
}

fn state_place(state: State) -> usize {
    State::ALL.iter().position(|known| *known == state).unwrap_or_default()
}

/// What stands between CONNECT and the packet.
fn prelude(version: Version, state: State) -> Vec<u8> {
    let packet_id = PacketId::new(7);
    let filters: SubscriptionsBuf = [("quiet/filter", SubscriptionOptions::at(QoS::AtLeastOnce))].into_iter().collect();
    let packet = match state {
        State::First | State::Connected => return Vec::new(),
        State::Subscribed => Packet::Subscribe(Subscribe {
            packet_id: PacketId::new(6).unwrap_or(PacketId::MIN),
            properties: mqtt_assay_codec::Properties::EMPTY,
            filters: filters.as_subscriptions(),
        }),
        State::InFlight => Packet::Publish(Publish {
            topic: "hunt/open",
            payload: b"1",
            qos: QoS::ExactlyOnce,
            packet_id,
            ..Publish::default()
        }),
    };
    packet.to_bytes(version).map(Vec::from).unwrap_or_default()
}
