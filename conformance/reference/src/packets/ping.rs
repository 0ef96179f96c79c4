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
        let blocked = self.fault(Fault::QuotaBlocksAll) && self.quota_is_used_up(id);
        if self.fault(Fault::PingUnanswered) || blocked {
            return;
        }
        if self.fault(Fault::PingrespWithPayload) {
            self.send_bytes(id, &b"\xd0\x01\x00"[..]);
        } else if self.fault(Fault::PingrespReservedFlags) {
            self.send_bytes(id, &b"\xd1\x00"[..]);
        } else {
            self.send(id, &Packet::Pingresp);
        }
    }
}
