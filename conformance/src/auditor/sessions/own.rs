//! What we have sent on a connection of 5.0, as far as codes of a DISCONNECT could complain of it.

use super::super::points::{Audit, Point};
use mqtt_assay_codec::{Connack, Connect, Disconnect, Packet, Publish, ReasonCode};
use std::collections::BTreeSet;
use std::time::Duration;

/// Our side of one connection.
#[derive(Debug, Default)]
pub(super) struct Own {
    keep_alive: u16,
    /// What CONNACK allows, once it has come.
    receive_maximum: Option<u16>,
    alias_maximum: u16,
    /// Our messages of QoS 1 and 2 that the broker has not ended.
    open: BTreeSet<u16>,
    aliases: BTreeSet<u16>,
    has_exceeded_receive_maximum: bool,
    has_misused_alias: bool,
    /// When we last wrote.
    wrote: Duration,
    /// The longest time between two packets of ours: what is read behind it, however much came before, may have been sent in it.
    pause: Duration,
}

impl Own {
    /// CONNECT was written `at` so long after the run began.
    pub(super) fn of(connect: &Connect<'_>, at: Duration) -> Self {
        Self { keep_alive: connect.keep_alive, wrote: at, ..Self::default() }
    }

    /// The broker lets us in.
    pub(super) fn accepted(&mut self, connack: &Connack<'_>) {
        self.keep_alive = connack.properties.server_keep_alive().unwrap_or(self.keep_alive);
        self.receive_maximum = Some(connack.properties.receive_maximum().unwrap_or(u16::MAX));
        self.alias_maximum = connack.properties.topic_alias_maximum().unwrap_or(0);
    }

    /// We write a packet.
    pub(super) fn wrote(&mut self, packet: &Packet<'_>, at: Duration) {
        let pause = at.saturating_sub(std::mem::replace(&mut self.wrote, at));
        self.pause = self.pause.max(pause);
        if let Packet::Publish(publish) = packet {
            self.publish(publish);
        }
    }

    fn publish(&mut self, publish: &Publish<'_>) {
        if let Some(id) = publish.packet_id {
            self.open.insert(id.get());
        }
        // Before CONNACK nobody knows what the broker takes.
        let most = self.receive_maximum.map_or(0, usize::from);
        self.has_exceeded_receive_maximum |= self.open.len() > most;
        if let Some(alias) = publish.properties.topic_alias() {
            let is_unknown = publish.topic.is_empty() && !self.aliases.contains(&alias);
            self.has_misused_alias |= is_unknown || alias == 0 || alias > self.alias_maximum;
            self.aliases.insert(alias);
        }
    }

    /// The broker answers.
    pub(super) fn answered(&mut self, packet: &Packet<'_>) {
        match packet {
            Packet::Puback(ack) | Packet::Pubcomp(ack) => drop(self.open.remove(&ack.packet_id.get())),
            Packet::Pubrec(ack) if ack.reason.is_error() => drop(self.open.remove(&ack.packet_id.get())),
            _ => {}
        }
    }

    /// The broker takes leave: whether its code contradicts what we did. `is_resumed`: of what a former connection left open
    /// nothing is known here. `is_alone`: nobody else has used the client identifier since.
    pub(super) fn hold_farewell(
        &self,
        disconnect: &Disconnect<'_>,
        at: Duration,
        is_resumed: bool,
        is_alone: bool,
        audit: &mut Audit,
    ) {
        let silent = at.saturating_sub(self.wrote).max(self.pause);
        let contradiction = match disconnect.reason {
            ReasonCode::KEEP_ALIVE_TIMEOUT => {
                let (keep_alive, limit) = (self.keep_alive, self.limit());
                let is_early = keep_alive == 0 || silent < limit;
                audit_early(is_early, silent, keep_alive, audit);
                return;
            }
            ReasonCode::SESSION_TAKEN_OVER if is_alone => "no other connection has used the client identifier",
            ReasonCode::RECEIVE_MAXIMUM_EXCEEDED if !is_resumed && !self.has_exceeded_receive_maximum => {
                "the client has kept to the Receive Maximum of CONNACK"
            }
            ReasonCode::TOPIC_ALIAS_INVALID if !self.has_misused_alias => {
                "every topic alias was within the Topic Alias Maximum of CONNACK, and known"
            }
            ReasonCode::SESSION_TAKEN_OVER | ReasonCode::RECEIVE_MAXIMUM_EXCEEDED | ReasonCode::TOPIC_ALIAS_INVALID => {
                return audit.kept(Point::FittingCode);
            }
            _ => return,
        };
        audit.broken(Point::FittingCode, format!("DISCONNECT {}, but {contradiction}", disconnect.reason));
    }

    fn limit(&self) -> Duration {
        Duration::from_millis(1500) * u32::from(self.keep_alive)
    }
}

fn audit_early(is_early: bool, silent: Duration, keep_alive: u16, audit: &mut Audit) {
    if is_early {
        let why = format!("DISCONNECT 0x8D after {silent:?} without a packet, with a Keep Alive of {keep_alive} s");
        audit.broken(Point::KeepAliveCode, why);
    } else {
        audit.kept(Point::KeepAliveCode);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a DISCONNECT for silence where the client wrote at these seconds, with a Keep Alive of 2.
    fn is_early(wrote: &[u64], at: u64) -> bool {
        let mut own = Own::of(&Connect { keep_alive: 2, ..Connect::default() }, Duration::ZERO);
        for seconds in wrote {
            own.wrote(&Packet::Pingreq, Duration::from_secs(*seconds));
        }
        let mut audit = Audit::default();
        let farewell = Disconnect { reason: ReasonCode::KEEP_ALIVE_TIMEOUT, ..Disconnect::default() };
        own.answered(&Packet::Pingresp);
        own.hold_farewell(&farewell, Duration::from_secs(at), false, true, &mut audit);
        audit.breaks(Point::KeepAliveCode)
    }

    #[test]
    fn who_wrote_again_before_he_read_may_have_been_silent_for_too_long() {
        assert!(is_early(&[1, 2], 2));
        assert!(is_early(&[1, 2], 4));
        assert!(!is_early(&[1, 2], 5));
        assert!(!is_early(&[1, 5, 6], 6));
    }
}
