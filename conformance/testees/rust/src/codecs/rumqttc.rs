//! rumqttc: `Packet::read` out of `BytesMut`, in 3.1.1 (`mqttbytes::v4`) and in 5.0 (`v5::mqttbytes::v5`); the same for a
//! stream, as it waits by itself. Its decoders don't ask who sent a packet.
//!
//! It hides name and level of the protocol: 3.1.1 names them by an enum that takes 5.0 too, 5.0 not at all. A user name and a
//! password that are empty can't be told from none: empty ones are not handed out.

use bytes::BytesMut;
use rumqttc::mqttbytes::{Error as ErrorV4, v4};
use rumqttc::v5::mqttbytes::{Error as ErrorV5, v5};

use super::{Asked, Incremental, Testee, Verdict, rumqttc_v4, rumqttc_v5, version_of};

pub(super) struct Rumqttc;

struct Stream {
    buffer: BytesMut,
    read: fn(&mut BytesMut) -> Verdict,
}

fn read_v4(buffer: &mut BytesMut) -> Verdict {
    let before = buffer.len();
    match v4::Packet::read(buffer, usize::MAX) {
        Ok(packet) => Verdict::Packet { consumed: before - buffer.len(), values: rumqttc_v4::values(&packet).line() },
        Err(ErrorV4::InsufficientBytes(needed)) => Verdict::Wants(Some(needed)),
        Err(error) => {
            let unsupported = matches!(error, ErrorV4::InvalidProtocol | ErrorV4::InvalidProtocolLevel(_));
            refused(unsupported, &error)
        }
    }
}

fn read_v5(buffer: &mut BytesMut) -> Verdict {
    let before = buffer.len();
    match v5::Packet::read(buffer, None) {
        Ok(packet) => Verdict::Packet { consumed: before - buffer.len(), values: rumqttc_v5::values(&packet).line() },
        Err(ErrorV5::InsufficientBytes(needed)) => Verdict::Wants(Some(needed)),
        Err(error) => {
            let unsupported = matches!(error, ErrorV5::InvalidProtocol | ErrorV5::InvalidProtocolLevel(_));
            refused(unsupported, &error)
        }
    }
}

fn refused(unsupported: bool, error: &impl ToString) -> Verdict {
    let kind = if unsupported { "unsupported" } else { "malformed" };
    Verdict::Refused { kind, reason: None, text: error.to_string() }
}

impl Testee for Rumqttc {
    fn greeting(&self) -> String {
        let can = "3.1.1,5,client,server,decode,stream,values";
        format!("name=rumqttc version={} can={can} hides=protocol-name,protocol-level", version_of("rumqttc"))
    }

    fn decode(&self, asked: Asked<'_>, bytes: &[u8]) -> Option<Verdict> {
        let mut stream = self.stream(asked)?;
        stream.feed(bytes);
        Some(stream.next())
    }

    fn stream(&self, asked: Asked<'_>) -> Option<Box<dyn Incremental>> {
        let read = match asked.version {
            "3.1.1" => read_v4,
            "5" => read_v5,
            _ => return None,
        };
        Some(Box::new(Stream { buffer: BytesMut::new(), read }))
    }
}

impl Incremental for Stream {
    fn feed(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    fn next(&mut self) -> Verdict {
        (self.read)(&mut self.buffer)
    }
}
