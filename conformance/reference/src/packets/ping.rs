//! PINGREQ.

use mqtt_assay_codec::Packet;

use crate::event::ConnectionId;
use crate::faults::Fault;
use crate::machine::Machine;

impl Machine {
    pub(crate) fn pingreq(&mut self, id: ConnectionId) {
        if self.fault(Fault::PingForgetsSubscriptions) {
            self.forget_subscriptions(id);
        }
        if self.fault(Fault::PingEndsKeepAlive)
            && let Some(connection) = self.connections.get_mut(&id)
        {
            connection.patience = None;
            self.wind(id);
        }
        let blocked = self.fault(Fault::QuotaBlocksAll) && self.quota_is_used_up(id);
        if self.fault(Fault::PingUnanswered) || blocked {
            return;
        }
        if self.fault(Fault::SendsPingreq) {
            self.send_client_packet(id, b"\xc0\x00");
        }
        match self.wrong_pingresp() {
            Some(wrong) => self.send_bytes(id, wrong),
            None => self.send(id, &Packet::Pingresp),
        }
        if !self.is_faultless() {
            self.release_done_again(id);
        }
    }
}
