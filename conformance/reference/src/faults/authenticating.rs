//! Clients that are served before they have authenticated, or not while they authenticate again.

use mqtt_assay_codec::Packet;

use super::Fault;
use crate::event::ConnectionId;
use crate::machine::Machine;
use crate::state::connection::Phase;

impl Machine {
    /// Serves a message or a PINGREQ before the CONNACK, or passes over it.
    pub(crate) fn serve_unauthenticated(&mut self, id: ConnectionId, packet: &Packet<'_>) {
        match packet {
            Packet::Publish(publish) if self.fault(Fault::ServesWhileAuthenticating) => {
                self.publish_anonymously(publish);
            }
            Packet::Pingreq if self.fault(Fault::ServesWhileAuthenticating) => self.send(id, &Packet::Pingresp),
            _ => {}
        }
    }

    /// Whether a packet gets lost because its client is authenticating again.
    pub(crate) fn loses_while_authenticating(&self, id: ConnectionId, packet: &Packet<'_>) -> bool {
        let is_again = self.connections.get(&id).is_some_and(|connection| {
            let authentication = connection.authentication.as_ref();
            connection.phase == Phase::Open && authentication.is_some_and(|it| it.answered.is_some())
        });
        let is_exempt = matches!(packet, Packet::Auth(_) | Packet::Disconnect(_));
        is_again && !is_exempt && self.fault(Fault::BlocksWhileAuthenticating)
    }
}
