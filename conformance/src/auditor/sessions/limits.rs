//! What a client has said in CONNECT that it takes on this connection, and whether the broker keeps to it.

use super::super::points::{Audit, Point};
use mqtt_assay_codec::{Acknowledgement, Connect, Packet, Publish, Version};
use std::collections::BTreeMap;

/// The wishes of one CONNECT of 5.0, and the broker's use of them.
#[derive(Debug)]
pub(super) struct Limits {
    version: Version,
    receive_maximum: Option<u16>,
    packet_size: Option<u32>,
    alias_maximum: u16,
    wants_response_information: bool,
    /// Topics by alias, as the broker has mapped them here.
    aliases: BTreeMap<u16, String>,
    /// Messages of QoS 1 and 2 that have come, and acknowledgements that end one, on this connection.
    published: u64,
    ended: u64,
}

impl Limits {
    pub(super) fn of(version: Version, connect: &Connect<'_>) -> Self {
        let properties = &connect.properties;
        Self {
            version,
            receive_maximum: properties.receive_maximum(),
            packet_size: properties.maximum_packet_size(),
            alias_maximum: properties.topic_alias_maximum().unwrap_or(0),
            wants_response_information: properties.request_response_information() == Some(1),
            aliases: BTreeMap::new(),
            published: 0,
            ended: 0,
        }
    }

    /// The largest packet that the client takes.
    pub(super) fn largest(&self) -> usize {
        self.packet_size.map_or(usize::MAX, |size| size as usize)
    }

    /// The topic of a message, where its alias is known.
    pub(super) fn topic<'a>(&'a self, publish: &Publish<'a>) -> &'a str {
        match publish.properties.topic_alias() {
            Some(alias) if publish.topic.is_empty() => self.aliases.get(&alias).map_or("", String::as_str),
            _ => publish.topic,
        }
    }

    /// We end an exchange: the broker may send another message.
    pub(super) fn acknowledged(&mut self, packet: &Packet<'_>) {
        self.ended += match packet {
            Packet::Puback(_) | Packet::Pubcomp(_) => 1,
            Packet::Pubrec(Acknowledgement { reason, .. }) if reason.is_error() => 1,
            _ => 0,
        };
    }

    /// A packet of this length comes.
    pub(super) fn hold_length(&self, name: &str, length: usize, audit: &mut Audit) {
        let Some(most) = self.packet_size.filter(|_| self.version == Version::V5) else { return };
        if length > most as usize {
            let why = format!("{name} of {length} bytes, and the client takes {most} on this connection");
            audit.broken(Point::PacketSize, why);
        } else {
            audit.kept(Point::PacketSize);
        }
    }

    /// CONNACK comes.
    pub(super) fn hold_connack(&self, packet: &Packet<'_>, audit: &mut Audit) {
        let Packet::Connack(connack) = packet else { return };
        if self.version != Version::V5 || self.wants_response_information {
            return;
        }
        match connack.properties.response_information() {
            Some(_) => {
                audit.broken(Point::ResponseInformation, "Response Information that this CONNECT didn't ask for");
            }
            None => audit.kept(Point::ResponseInformation),
        }
    }

    /// A message comes; `is_repeated` where it has come on this connection before.
    pub(super) fn hold_publish(&mut self, publish: &Publish<'_>, is_repeated: bool, audit: &mut Audit) {
        if self.version != Version::V5 {
            return;
        }
        self.hold_alias(publish, audit);
        if publish.packet_id.is_none() || is_repeated {
            return;
        }
        self.published += 1;
        let Some(most) = self.receive_maximum else { return };
        // More than these can't have ended for the broker.
        let open = self.published.saturating_sub(self.ended);
        if open > u64::from(most) {
            let why = format!("{open} messages are not acknowledged on this connection, and the client takes {most}");
            audit.broken(Point::ReceiveMaximum, why);
            // It is followed: the next within what it takes itself to be allowed is no other breach.
            self.ended += 1;
        } else {
            audit.kept(Point::ReceiveMaximum);
        }
    }

    fn hold_alias(&mut self, publish: &Publish<'_>, audit: &mut Audit) {
        let Some(alias) = publish.properties.topic_alias() else {
            if self.alias_maximum == 0 {
                audit.kept(Point::NoAlias);
            }
            return;
        };
        let most = self.alias_maximum;
        match most {
            0 => audit.broken(Point::NoAlias, format!("topic alias {alias} to a client that takes none here")),
            most if alias > most => {
                audit.broken(Point::AliasMaximum, format!("topic alias {alias}, and the client takes {most} here"));
            }
            _ => audit.kept(Point::AliasMaximum),
        }
        if !publish.topic.is_empty() {
            self.aliases.insert(alias, publish.topic.to_owned());
        } else if self.aliases.contains_key(&alias) {
            audit.kept(Point::AliasKnown);
        } else if most > 0 {
            let why = format!("topic alias {alias} for a topic that was not named on this connection");
            audit.broken(Point::AliasKnown, why);
        }
    }
}
