//! A message for everybody who connects.

use mqtt_assay_codec::{Packet, Properties, Publish, QoS};

use crate::event::ConnectionId;
use crate::machine::Machine;

impl Machine {
    /// A message from a subscription that the client didn't make.
    pub(crate) fn greet_client(&mut self, id: ConnectionId) {
        self.send(
            id,
            &Packet::Publish(Publish {
                dup: false,
                qos: QoS::AtMostOnce,
                retain: false,
                topic: "$SYS/broker/welcome",
                packet_id: None,
                properties: Properties::EMPTY,
                payload: b"welcome",
            }),
        );
    }
}
