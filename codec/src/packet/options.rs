//! What a client asks for along with a topic filter.

use crate::packet::qos::QoS;

/// Options of one subscription. In 3.1 and 3.1.1 there is only the QoS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SubscriptionOptions {
    /// Highest QoS that the client wants.
    pub qos: QoS,
    /// Do not send back the client's own messages (5.0).
    pub no_local: bool,
    /// Keep the RETAIN flag as it was published (5.0).
    pub retain_as_published: bool,
    /// Which retained messages to send (5.0).
    pub retain_handling: RetainHandling,
}

impl SubscriptionOptions {
    /// A QoS and nothing else: right in every version.
    pub const fn at(qos: QoS) -> Self {
        Self { qos, no_local: false, retain_as_published: false, retain_handling: RetainHandling::Send }
    }

    /// The byte as 5.0 section 3.8.3.1 lays it out; with a QoS alone it is that of 3.1.1.
    pub const fn to_byte(self) -> u8 {
        self.qos as u8
            | (self.no_local as u8) << 2
            | (self.retain_as_published as u8) << 3
            | (self.retain_handling as u8) << 4
    }

    /// Options in an accepted byte; values that only waiving a rule lets through read as the highest legal ones.
    #[inline]
    pub(super) const fn from_accepted_byte(byte: u8) -> Self {
        /// The options in all bytes, but for two bits that no version uses.
        static TABLE: [SubscriptionOptions; 64] = {
            let mut table = [SubscriptionOptions::at(QoS::AtMostOnce); 64];
            let mut byte = 0;
            while byte < 64 {
                table[byte] = SubscriptionOptions {
                    qos: QoS::from_accepted_bits(byte as u8),
                    no_local: byte & 4 != 0,
                    retain_as_published: byte & 8 != 0,
                    retain_handling: match byte >> 4 {
                        0 => RetainHandling::Send,
                        1 => RetainHandling::SendIfNew,
                        _ => RetainHandling::DoNotSend,
                    },
                };
                byte += 1;
            }
            table
        };
        TABLE[(byte & 0x3F) as usize]
    }
}

impl From<QoS> for SubscriptionOptions {
    fn from(qos: QoS) -> Self {
        Self::at(qos)
    }
}

/// Which retained messages a subscription gets (5.0 section 3.8.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum RetainHandling {
    /// 0: all that match, at every SUBSCRIBE.
    #[default]
    Send = 0,
    /// 1: only if the subscription is new.
    SendIfNew = 1,
    /// 2: none.
    DoNotSend = 2,
}
