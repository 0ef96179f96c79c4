//! Bugs of those who read bytes without looking where they end.

use mqtt_assay_codec::PacketType;

use crate::event::ConnectionId;
use crate::machine::Machine;
use crate::packets::framing::{PacketLen, packet_len};
use crate::planted::Planted;
use crate::state::connection::Phase;

/// A whole packet that nobody has looked at yet.
struct Raw<'a> {
    packet: Option<PacketType>,
    flags: u8,
    body: &'a [u8],
    is_v5: bool,
}

impl<'a> Raw<'a> {
    fn of(input: &'a [u8], is_v5: bool) -> Option<Self> {
        let PacketLen::Known(len) = packet_len(input) else { return None };
        let whole = input.get(..len)?;
        let header = 1 + whole.iter().skip(1).take(4).position(|byte| byte & 0x80 == 0)? + 1;
        let packet = PacketType::from_number(whole[0] >> 4);
        Some(Self { packet, flags: whole[0] & 15, body: &whole[header..], is_v5 })
    }

    /// Behind the properties that begin there; nothing where they go beyond the packet.
    fn behind_properties(&self, at: usize) -> Option<usize> {
        if !self.is_v5 {
            return Some(at);
        }
        let (length, size) = integer(self.body.get(at..)?)?;
        Some(at + size + length).filter(|end| *end <= self.body.len())
    }

    /// Behind the string that begins there.
    fn behind_string(&self, at: usize) -> Option<usize> {
        let length = self.body.get(at..at + 2)?;
        let end = at + 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
        (end <= self.body.len()).then_some(end)
    }

    /// A SUBSCRIBE that has a filter without options at its end.
    fn is_cut_behind_filter(&self) -> bool {
        let mut at = self.behind_properties(2).filter(|_| self.packet == Some(PacketType::Subscribe));
        while let Some(end) = at.and_then(|at| self.behind_string(at)) {
            if end == self.body.len() {
                return true;
            }
            at = Some(end + 1);
        }
        false
    }

    fn is_publish_cut_behind_topic(&self) -> bool {
        self.packet == Some(PacketType::Publish)
            && self.flags & 6 != 0
            && self.behind_string(0) == Some(self.body.len())
    }

    fn has_longer_properties(&self) -> bool {
        let identifier = if self.flags & 6 == 0 { 0 } else { 2 };
        let at = self.behind_string(0).map(|end| end + identifier);
        let length = at.and_then(|at| Some((at, integer(self.body.get(at..)?)?)));
        let is_longer = length.is_some_and(|(at, (length, size))| at + size + length > self.body.len());
        self.packet == Some(PacketType::Publish) && self.is_v5 && is_longer
    }

    fn has_property_length_of_five_bytes(&self) -> bool {
        let length = self.body.get(10..15).and_then(<[u8]>::split_last);
        let is_long = length.is_some_and(|(last, before)| *last < 0x80 && before.iter().all(|byte| *byte >= 0x80));
        self.packet == Some(PacketType::Connect) && self.body.get(6) == Some(&5) && is_long
    }

    fn is_share_without_slash(&self) -> bool {
        let filter = self.behind_properties(2).and_then(|at| Some(&self.body[at + 2..self.behind_string(at)?]));
        let share = filter.and_then(|filter| filter.strip_prefix(b"$share/"));
        self.packet == Some(PacketType::Subscribe) && share.is_some_and(|name| !name.contains(&b'/'))
    }
}

/// A variable byte integer of at most four bytes, and how many it has.
fn integer(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

impl Machine {
    /// Whether the first packet of these bytes is the end of a broker that reads them without care.
    pub(crate) fn dies_of_bytes(&mut self, id: ConnectionId, input: &[u8]) -> bool {
        let Some(planted) = self.settings.planted else { return false };
        let is_open = self.connections.get(&id).is_some_and(|connection| connection.phase == Phase::Open);
        let Some(raw) = Raw::of(input, self.is_v5(id)) else { return false };
        if is_open && planted == Planted::ShareWithoutSlash {
            self.planted_state.holds_half |= raw.is_share_without_slash();
        }
        let dies = match planted {
            Planted::SubscribeCutAfterFilter => is_open && raw.is_cut_behind_filter(),
            Planted::SubscribeCutAt1024 => is_open && raw.body.len() == 1024 && raw.is_cut_behind_filter(),
            Planted::PublishCutAfterTopic => is_open && raw.is_publish_cut_behind_topic(),
            Planted::ConnackFromClient => is_open && raw.is_v5 && raw.packet == Some(PacketType::Connack),
            Planted::PropertyLengthLie => is_open && raw.has_longer_properties(),
            Planted::PropertyLengthOfFiveBytes => !is_open && raw.has_property_length_of_five_bytes(),
            _ => false,
        };
        if dies {
            self.crash();
        }
        dies
    }

    /// Room for a first packet that will never be served.
    pub(crate) fn keep_room(&mut self, input: &[u8]) {
        const LARGE: usize = 1 << 20;
        let large = match packet_len(input) {
            PacketLen::Known(len) => len > LARGE,
            PacketLen::Unknown | PacketLen::Never => false,
        };
        if large && self.planted(Planted::LengthBeforeConnect) {
            self.lose(4096);
        }
    }
}
