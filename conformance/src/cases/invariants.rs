//! What must hold of every packet that a broker ever sends, whatever case it came to.

use super::prelude::*;
use crate::invariant;
use crate::invariant::{Holding, Observation};
use mqtt_assay_codec::Packet;

pub(super) const CASES: &[Case] = &[
    invariant!(fixed_header_flags: "Every packet has the fixed header flags of its type",
        v311: proves ["MQTT-2.2.2-1"],
        v5: proves ["MQTT-2.1.3-1"],
        caught: [Fault::PingrespReservedFlags, Fault::PubrelReservedFlags]),
    invariant!(connack_flags: "The reserved flags of CONNACK are 0",
        v311: proves ["U3-08"],
        v5: proves ["MQTT-3.2.2-1"],
        caught: [Fault::ConnackReservedFlags]),
];

/// An invariant of form: the decoder judges it.
fn by_decoder(observation: &Observation<'_>, rule: Rule, is_about: impl Fn(&Packet<'_>) -> bool) -> Holding {
    match observation.error {
        Some(error) if error.rule == rule => Holding::Broken(error.to_string()),
        _ if observation.packet.is_some_and(is_about) => Holding::Kept,
        _ => Holding::NotAbout,
    }
}

fn fixed_header_flags(observation: &Observation<'_>) -> Holding {
    by_decoder(observation, Rule::FixedHeaderFlags, |packet| !matches!(packet, Packet::Publish(_)))
}

fn connack_flags(observation: &Observation<'_>) -> Holding {
    by_decoder(observation, Rule::ConnackFlags, |packet| matches!(packet, Packet::Connack(_)))
}
