//! One who takes part in a session: what it has sent and awaits, holds and remembers.

use super::draft;
use super::op::{Id, Manner};
use crate::hunt::expected::Answers;
use mqtt_assay_codec::{Packet, PacketId, PacketType, QoS, Suback, Version};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Implementation specific error.
const REFUSED: u8 = 0x83;

/// How long a reason string is.
const WORDS: usize = 250;

/// One who takes part.
pub(super) struct Actor {
    pub(super) version: Version,
    /// Its connection on the road, and in the trial.
    pub(super) line: Option<(usize, usize)>,
    pub(super) answers: Answers,
    pub(super) manner: Manner,
    pub(super) held: VecDeque<(PacketType, u16)>,
    pub(super) awaited: Vec<(PacketType, u16)>,
    /// Those of them instead of which another acknowledgement of the same identifier has come.
    pub(super) misanswered: Vec<(PacketType, u16)>,
    pub(super) in_use: BTreeSet<u16>,
    pub(super) last_id: u16,
    pub(super) pings: u32,
    pub(super) is_deaf: bool,
    pub(super) is_half_closed: bool,
    pub(super) is_tainted: bool,
    /// It has sent its CONNECT on this connection, and nothing was wrong with it.
    pub(super) has_greeted: bool,
    /// Bytes that are written together with the next.
    pub(super) joined: Vec<u8>,
    /// Whose client identifier it has used last.
    pub(super) client: Option<usize>,
    /// The broker has resumed its session.
    pub(super) is_resumed: bool,
    /// What it has sent and not seen the end of, in order.
    pub(super) open: Vec<Open>,
    /// The highest QoS that each SUBSCRIBE under way asks for, filter by filter.
    pub(super) asked: BTreeMap<u16, Vec<u8>>,
    /// What a SUBACK has granted above that.
    pub(super) overgrant: Option<String>,
    /// Topics that it has given numbers to on this connection.
    pub(super) aliases: BTreeMap<u16, u8>,
    /// What it has published: topic and QoS.
    pub(super) published: BTreeSet<(u8, u8)>,
}

/// A message of QoS 2 that it has published and whose end it has not seen.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub(super) id: u16,
    /// The PUBLISH; nothing once PUBREC has come, so that PUBREL is next.
    pub(super) publish: Option<Vec<u8>>,
}

impl Actor {
    pub(super) fn new(version: Version) -> Self {
        Self {
            version,
            line: None,
            answers: Answers::default(),
            manner: Manner::Now,
            held: VecDeque::new(),
            awaited: Vec::new(),
            misanswered: Vec::new(),
            in_use: BTreeSet::new(),
            last_id: 0,
            pings: 0,
            is_deaf: false,
            is_half_closed: false,
            is_tainted: false,
            has_greeted: false,
            joined: Vec::new(),
            client: None,
            is_resumed: false,
            open: Vec::new(),
            asked: BTreeMap::new(),
            overgrant: None,
            aliases: BTreeMap::new(),
            published: BTreeSet::new(),
        }
    }

    pub(super) fn begins(&mut self, line: (usize, usize)) {
        self.line = Some(line);
        self.answers = Answers::default();
        (self.manner, self.pings) = (Manner::Now, 0);
        (self.is_deaf, self.is_half_closed, self.is_tainted, self.has_greeted) = (false, false, false, false);
        self.held.clear();
        self.awaited.clear();
        self.misanswered.clear();
        self.joined.clear();
        self.aliases.clear();
        self.asked.clear();
        self.is_resumed = false;
        // A session may be taken up in which identifiers are in use: fresh ones go on from where they were.
    }

    /// Each PINGREQ is answered, those before a packet with a mistake included.
    pub(super) fn has_all_pongs(&self) -> bool {
        self.answers.pongs >= self.pings
    }

    pub(super) fn is_let_in(&self) -> bool {
        self.answers.connack.is_some_and(|code| code.0 == 0)
    }

    /// It was not let in, and does not wait for that: nobody owes it an answer.
    pub(super) fn is_owed_nothing(&self) -> bool {
        !self.is_let_in() && self.awaited.iter().all(|(answer, _)| *answer != PacketType::Connack)
    }

    pub(super) fn identifier(&mut self, id: Id) -> u16 {
        let chosen = match id {
            Id::Fresh => self.free_from(self.last_id.checked_add(1).unwrap_or(1)),
            Id::Again => self.last_id.max(1),
            Id::Number(number) => self.free_from(number.max(1)),
        };
        self.last_id = chosen;
        chosen
    }

    /// The bytes with which it acknowledges, in its manner.
    pub(super) fn acknowledgement(&self, packet: PacketType, id: u16) -> Vec<u8> {
        let refuses = matches!(packet, PacketType::Puback | PacketType::Pubrec);
        match self.manner {
            Manner::Refusing if refuses && self.version == Version::V5 => draft::explained(packet, id, REFUSED, 0),
            Manner::Wordy if self.version == Version::V5 => draft::explained(packet, id, 0, WORDS),
            _ => draft::short(packet as u8, id),
        }
    }

    /// This identifier, or the next that is not in use.
    fn free_from(&self, number: u16) -> u16 {
        let mut next = number;
        while self.in_use.contains(&next) {
            next = next.checked_add(1).unwrap_or(1);
            if next == number {
                break;
            }
        }
        next
    }

    /// What it has sent stays open until an answer has ended it.
    fn settle(&mut self, packet: &Packet<'_>, id: u16) {
        match packet {
            Packet::Pubrec(ack) if !ack.reason.is_error() => {
                if let Some(open) = self.open.iter_mut().find(|open| open.id == id) {
                    open.publish = None;
                }
            }
            Packet::Puback(_) | Packet::Pubrec(_) | Packet::Pubcomp(_) => self.open.retain(|open| open.id != id),
            _ => {}
        }
    }

    /// A code stands for the filter at its place, and grants no more than that asks for.
    fn check_grants(&mut self, id: u16, suback: &Suback<'_>) {
        let Some(asked) = self.asked.remove(&id) else { return };
        let over = suback.reasons.iter().zip(&asked).position(|(code, most)| code.0 <= 2 && code.0 > *most);
        if let Some(place) = over {
            let words =
                format!("filter {} of SUBSCRIBE {id} asks for QoS {} and is granted more", place + 1, asked[place]);
            self.overgrant = Some(words);
        }
    }

    /// Whether the broker has given other answers than all of those that are waited for.
    pub(super) fn is_misanswered(&self) -> bool {
        !self.awaited.is_empty() && self.awaited.iter().all(|awaited| self.misanswered.contains(awaited))
    }

    /// Its session is a new one, in which no identifier is in use.
    pub(super) fn starts_anew(&mut self) {
        self.open.clear();
        self.in_use.clear();
    }

    /// Follows a packet; what is to be answered to it at once.
    pub(super) fn follow(&mut self, packet: &Packet<'_>) {
        self.answers.follow(packet);
        let id = packet.packet_id().map_or(0, PacketId::get);
        let packet_type = packet.packet_type();
        if let Some(place) = self.awaited.iter().position(|known| *known == (packet_type, id)) {
            self.awaited.swap_remove(place);
            if matches!(packet_type, PacketType::Puback | PacketType::Suback | PacketType::Unsuback) {
                self.in_use.remove(&id);
            }
        }
        let instead = match packet_type {
            PacketType::Puback => Some((PacketType::Pubrec, id)),
            PacketType::Pubrec => Some((PacketType::Puback, id)),
            _ => None,
        };
        self.misanswered.extend(instead.filter(|instead| self.awaited.contains(instead)));
        self.settle(packet, id);
        match packet {
            Packet::Suback(suback) => self.check_grants(id, suback),
            Packet::Connack(connack) => self.is_resumed = connack.session_present,
            Packet::Publish(publish) => match publish.qos {
                QoS::AtMostOnce => {}
                QoS::AtLeastOnce => self.held.push_back((PacketType::Puback, id)),
                QoS::ExactlyOnce => self.held.push_back((PacketType::Pubrec, id)),
            },
            Packet::Pubrec(ack) if !ack.reason.is_error() => self.held.push_back((PacketType::Pubrel, id)),
            Packet::Pubrec(_) | Packet::Pubcomp(_) => drop(self.in_use.remove(&id)),
            Packet::Pubrel(_) => self.held.push_back((PacketType::Pubcomp, id)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqtt_assay_codec::{Acknowledgement, Connack, ReasonCode};

    #[test]
    fn another_acknowledgement_of_the_same_identifier_ends_the_waiting() {
        for (awaited, id, is_hopeless) in [
            (&[(PacketType::Pubrec, 1)][..], 1, true),
            (&[(PacketType::Pubrec, 1)], 2, false),
            (&[(PacketType::Pubrec, 1), (PacketType::Pingresp, 0)], 1, false),
            (&[(PacketType::Puback, 1)], 1, false),
            (&[], 1, false),
        ] {
            let mut actor = Actor::new(Version::V3_1_1);
            actor.awaited = awaited.to_vec();
            let id = PacketId::new(id).expect("not zero");
            actor.follow(&Packet::Puback(Acknowledgement::success(id)));
            assert_eq!(actor.is_misanswered(), is_hopeless, "{awaited:?}");
        }
    }

    #[test]
    fn who_was_not_let_in_is_owed_a_connack_and_nothing_else() {
        let mut actor = Actor::new(Version::V5);
        actor.awaited = vec![(PacketType::Pingresp, 0)];
        assert!(actor.is_owed_nothing(), "it has sent no CONNECT");
        actor.awaited.push((PacketType::Connack, 0));
        assert!(!actor.is_owed_nothing(), "its CONNECT is not answered");
        actor.follow(&Packet::Connack(Connack { reason: ReasonCode::NOT_AUTHORIZED, ..Connack::default() }));
        assert!(actor.is_owed_nothing(), "it was refused");
        actor.begins((0, 0));
        actor.awaited = vec![(PacketType::Connack, 0), (PacketType::Pingresp, 0)];
        actor.follow(&Packet::Connack(Connack::default()));
        assert!(!actor.is_owed_nothing(), "it was let in");
    }
}
