//! The deciding steps about WebSocket itself: the subprotocol of the handshake, and the frames in which the broker's bytes
//! came.

use crate::link::{Remark, What};
use crate::scenario::client::Client;
use crate::scenario::verdict::{Evidence, Stop};
use crate::wire::SUBPROTOCOL;

impl Client {
    /// Decides: the broker has answered the subprotocol `mqtt` in the handshake. Another one is a fail; none at all is weak.
    ///
    /// What [MQTT-6.0.0-4] binds is the name that the server "selected and returned": it must be `mqtt`. Where none was
    /// returned no wrong one was either, so that the sentence is not broken to the letter. That one is returned at all is what
    /// it takes for granted, and a breach of what is only implied is weak. A pass it is not: by RFC 6455 section 4.2.2 an
    /// answer without a subprotocol says that the server agrees to none that the client offered, and it goes on to speak one
    /// of them; clients that offer `mqtt`, every browser among them, then end the connection.
    pub fn expect_subprotocol(&self) -> Result<Evidence, Stop> {
        let deciding = self.context().deciding(None, false);
        let expected = format!("the broker answers the subprotocol {SUBPROTOCOL}");
        self.say(Remark::Expects, expected.as_str());
        let Some(handshake) = self.link().handshake() else { return Err(no_web_socket()) };
        let answered = handshake.subprotocol.as_deref();
        let seen = match answered {
            Some(name) => format!("the handshake was answered with the subprotocol {}", crate::text::quoted(name)),
            None => "the handshake was answered without a subprotocol".to_owned(),
        };
        let line = self.say(Remark::Notes, seen.as_str());
        match answered {
            Some(SUBPROTOCOL) => Ok(self.kept(deciding.as_ref(), &expected, &seen, line, None)),
            Some(_) => self.broken(deciding.as_ref(), &expected, &seen, line, None),
            None => Ok(self.weak(deciding.as_ref(), &expected, &seen, line, None)),
        }
    }

    /// Decides: all that the broker has sent on this connection came in binary frames.
    pub fn expect_binary_frames(&self) -> Result<Evidence, Stop> {
        let deciding = self.context().deciding(None, false);
        let expected = "all that the broker sends is in binary frames";
        self.say(Remark::Expects, expected);
        if self.link().handshake().is_none() {
            return Err(no_web_socket());
        }
        let transcript = self.context().transcript();
        let is_ours = |role: &str| role == self.link().label;
        let received =
            transcript.lines.iter().filter(|line| is_ours(&line.role) && matches!(line.what, What::Received(_)));
        let (count, last) = (received.clone().count(), received.last().map(|line| line.number));
        if self.link().has_seen_text() {
            let line = self.say(Remark::Notes, "a text frame came from the broker");
            return self.broken(deciding.as_ref(), expected, "a text frame", line, None);
        }
        match last {
            Some(line) => {
                let seen = format!("{count} packets in binary frames, and no other frame with data");
                Ok(self.kept(deciding.as_ref(), expected, &seen, line, None))
            }
            None => Err(Stop::Inconclusive { why: "the broker has sent nothing".to_owned(), line: None }),
        }
    }
}

fn no_web_socket() -> Stop {
    Stop::NotOffered("the connection is no WebSocket".to_owned())
}
