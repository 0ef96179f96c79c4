//! The other codecs, each asked the same: what does it make of exactly these bytes, which claim to be one packet?

use bytes::BytesMut;
use mqtt_assay_codec::Version;
use mqtt_protocol_core::mqtt::Arc;
use mqtt_protocol_core::mqtt::packet::{v3_1_1, v5_0};
use tokio_util::codec::Decoder as _;

/// What a codec makes of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Accepts,
    Refuses,
    /// Wants more bytes than the remaining length promises.
    Waits,
    /// Accepts a packet that ends before or behind the remaining length.
    OtherLength,
    Panics,
    /// Has no such packet, by design.
    Unable,
}

/// A codec.
pub struct Peer {
    pub name: &'static str,
    pub version: Version,
    pub ask: fn(&[u8]) -> Answer,
}

/// All of them.
pub const PEERS: &[Peer] = &[
    Peer { name: "mqtt-protocol-core", version: Version::V3_1_1, ask: protocol_core_v3 },
    Peer { name: "mqtt-protocol-core", version: Version::V5, ask: protocol_core_v5 },
    Peer { name: "mqttbytes", version: Version::V3_1_1, ask: |bytes| read(bytes, mqttbytes_v3) },
    Peer { name: "mqttbytes", version: Version::V5, ask: |bytes| read(bytes, mqttbytes_v5) },
    Peer { name: "mqttrs", version: Version::V3_1_1, ask: mqttrs },
    Peer { name: "ntex-mqtt", version: Version::V3_1_1, ask: ntex_v3 },
    Peer { name: "ntex-mqtt", version: Version::V5, ask: ntex_v5 },
    Peer { name: "rmqtt-codec", version: Version::V3_1_1, ask: rmqtt_v3 },
    Peer { name: "rmqtt-codec", version: Version::V5, ask: rmqtt_v5 },
    Peer { name: "rumqttc", version: Version::V3_1_1, ask: |bytes| read(bytes, rumqttc_v3) },
    Peer { name: "rumqttc", version: Version::V5, ask: |bytes| read(bytes, rumqttc_v5) },
];

/// A codec that takes its packet out of a buffer: `None` wants more.
fn read(bytes: &[u8], decode: impl FnOnce(&mut BytesMut) -> Result<Option<()>, ()>) -> Answer {
    let mut buffer = BytesMut::from(bytes);
    match decode(&mut buffer) {
        Ok(Some(())) if buffer.is_empty() => Answer::Accepts,
        Ok(Some(())) => Answer::OtherLength,
        Ok(None) => Answer::Waits,
        Err(()) => Answer::Refuses,
    }
}

fn mqttbytes_v3(buffer: &mut BytesMut) -> Result<Option<()>, ()> {
    mqttbytes_result(mqttbytes::v4::read(buffer, usize::MAX))
}

fn mqttbytes_v5(buffer: &mut BytesMut) -> Result<Option<()>, ()> {
    mqttbytes_result(mqttbytes::v5::read(buffer, usize::MAX))
}

fn mqttbytes_result<T>(result: Result<T, mqttbytes::Error>) -> Result<Option<()>, ()> {
    match result {
        Ok(_) => Ok(Some(())),
        Err(mqttbytes::Error::InsufficientBytes(_)) => Ok(None),
        Err(_) => Err(()),
    }
}

fn rumqttc_v3(buffer: &mut BytesMut) -> Result<Option<()>, ()> {
    use rumqttc::mqttbytes::{Error, v4};
    match v4::Packet::read(buffer, usize::MAX) {
        Ok(_) => Ok(Some(())),
        Err(Error::InsufficientBytes(_)) => Ok(None),
        Err(_) => Err(()),
    }
}

fn rumqttc_v5(buffer: &mut BytesMut) -> Result<Option<()>, ()> {
    use rumqttc::v5::mqttbytes::{Error, v5};
    match v5::Packet::read(buffer, None) {
        Ok(_) => Ok(Some(())),
        Err(Error::InsufficientBytes(_)) => Ok(None),
        Err(_) => Err(()),
    }
}

fn rmqtt_v3(bytes: &[u8]) -> Answer {
    read(bytes, |buffer| rmqtt_codec::v3::Codec::default().decode(buffer).map(|packet| packet.map(drop)).map_err(drop))
}

fn rmqtt_v5(bytes: &[u8]) -> Answer {
    read(bytes, |buffer| rmqtt_codec::v5::Codec::default().decode(buffer).map(|packet| packet.map(drop)).map_err(drop))
}

/// Does not say how many bytes it has read.
fn mqttrs(bytes: &[u8]) -> Answer {
    match mqttrs::decode_slice(bytes) {
        Ok(Some(_)) => Answer::Accepts,
        Ok(None) => Answer::Waits,
        Err(_) => Answer::Refuses,
    }
}

macro_rules! ntex {
    ($name:ident, $version:ident) => {
        fn $name(bytes: &[u8]) -> Answer {
            use ntex_codec::Decoder as _;
            let mut buffer = ntex_bytes::BytesMut::with_capacity(bytes.len() + 256);
            buffer.extend_from_slice(bytes);
            match ntex_mqtt::$version::codec::Codec::new().decode(&mut buffer) {
                Ok(Some(_)) if buffer.is_empty() => Answer::Accepts,
                Ok(Some(_)) => Answer::OtherLength,
                Ok(None) => Answer::Waits,
                Err(_) => Answer::Refuses,
            }
        }
    };
}
ntex!(ntex_v3, v3);
ntex!(ntex_v5, v5);

/// Leaves the fixed header to its user; here it is read, and its flags are passed on where `parse` takes them.
macro_rules! protocol_core {
    ($name:ident, $version:ident $(, $auth:ident)?) => {
        fn $name(bytes: &[u8]) -> Answer {
            let Some((first, body)) = split_header(bytes) else { return Answer::Unable };
            let parsed = match first >> 4 {
                1 => $version::Connect::parse(body).map(|(_, used)| used),
                2 => $version::Connack::parse(body).map(|(_, used)| used),
                3 => $version::Publish::parse(first & 0x0F, Arc::from(body)).map(|(_, used)| used),
                4 => $version::Puback::parse(body).map(|(_, used)| used),
                5 => $version::Pubrec::parse(body).map(|(_, used)| used),
                6 => $version::Pubrel::parse(body).map(|(_, used)| used),
                7 => $version::Pubcomp::parse(body).map(|(_, used)| used),
                8 => $version::Subscribe::parse(body).map(|(_, used)| used),
                9 => $version::Suback::parse(body).map(|(_, used)| used),
                10 => $version::Unsubscribe::parse(body).map(|(_, used)| used),
                11 => $version::Unsuback::parse(body).map(|(_, used)| used),
                12 => $version::Pingreq::parse(body).map(|(_, used)| used),
                13 => $version::Pingresp::parse(body).map(|(_, used)| used),
                14 => $version::Disconnect::parse(body).map(|(_, used)| used),
                $(15 => $version::$auth::parse(body).map(|(_, used)| used),)?
                _ => return Answer::Unable,
            };
            match parsed {
                Ok(used) if used == body.len() => Answer::Accepts,
                Ok(_) => Answer::OtherLength,
                Err(_) => Answer::Refuses,
            }
        }
    };
}
protocol_core!(protocol_core_v3, v3_1_1);
protocol_core!(protocol_core_v5, v5_0, Auth);

/// First byte, and what follows the remaining length.
fn split_header(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let last = bytes.get(1..)?.iter().take(4).position(|byte| byte & 0x80 == 0)?;
    Some((bytes[0], bytes.get(last + 2..)?))
}
