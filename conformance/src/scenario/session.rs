//! What CONNACK says of a client's session.

use super::client::Client;
use super::verdict::Stop;
use crate::link::breach_of_form;
use mqtt_assay_codec::Packet;

impl Client {
    /// Whether the CONNACK that accepted this client says that a session was there.
    pub fn session_is_present(&self) -> bool {
        self.link()
            .connack()
            .is_some_and(|connack| matches!(connack.packet(), Packet::Connack(connack) if connack.session_present))
    }

    /// How long the session outlives its connection where the client asked for `asked` seconds: in 5.0 the broker may state
    /// another time (section 3.2.2.3.2).
    pub fn session_lasts(&self, asked: u32) -> u32 {
        // What stands in a CONNACK that breaks a rule of form is no statement.
        let connack = self.link().connack().filter(|connack| breach_of_form(connack).is_none());
        let stated = connack.and_then(|connack| match connack.packet() {
            Packet::Connack(connack) => connack.properties.session_expiry_interval(),
            _ => None,
        });
        stated.unwrap_or(asked)
    }

    /// Set-up: the session outlives this connection, unless the broker says that there is no such thing.
    pub fn session_stays(&self) -> Result<(), Stop> {
        match self.session_lasts(1) {
            0 => Err(Stop::NotOffered(
                "CONNACK: Session Expiry Interval 0, sessions end with their connection".to_owned(),
            )),
            _ => Ok(()),
        }
    }

    /// Set-up: the session ends with this connection. A broker that states a longer one leaves the case nothing to see.
    pub fn session_ends(&self) -> Result<(), Stop> {
        match self.session_lasts(0) {
            0 => Ok(()),
            stated => {
                Err(Stop::NotExercised(format!("CONNACK: Session Expiry Interval {stated}, where none was asked")))
            }
        }
    }
}
