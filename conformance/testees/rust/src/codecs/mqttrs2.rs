//! mqttrs2: `decode_slice_with_len`, for a stream in a loop over what is left, as its users call it. 3.1.1 only. It hides
//! nothing. Its decoder doesn't ask who sent a packet. How many bytes a packet took is what it says, even where the remaining
//! length says otherwise.

use mqttrs2::{
    Connack, Connect, ConnectReturnCode, Error, Packet, Pid, Protocol, Publish, QoS, QosPid, SubscribeReturnCodes,
    decode_slice_with_len,
};

use super::{Asked, Incremental, Testee, Verdict, version_of};
use crate::line::Values;

pub(super) struct Mqttrs2;

struct Stream(Vec<u8>);

fn read(bytes: &[u8]) -> Verdict {
    match decode_slice_with_len(bytes) {
        Ok(Some((consumed, packet))) => Verdict::Packet { consumed, values: values(&packet).line() },
        Ok(None) => Verdict::Wants(None),
        Err(error) => refused(&error),
    }
}

fn refused(error: &Error) -> Verdict {
    let kind = if matches!(error, Error::InvalidProtocol(..)) { "unsupported" } else { "malformed" };
    Verdict::Refused { kind, reason: None, text: format!("{error:?}") }
}

fn values(packet: &Packet<'_>) -> Values {
    match packet {
        Packet::Connect(connect) => self::connect(connect),
        Packet::Connack(connack) => self::connack(*connack),
        Packet::Publish(publish) => self::publish(publish),
        Packet::Puback(id) => identified("PUBACK", *id),
        Packet::Pubrec(id) => identified("PUBREC", *id),
        Packet::Pubrel(id) => identified("PUBREL", *id),
        Packet::Pubcomp(id) => identified("PUBCOMP", *id),
        Packet::Subscribe(subscribe) => {
            let mut values = identified("SUBSCRIBE", subscribe.pid);
            subscribe.topics.iter().for_each(|topic| values.filter(&topic.topic_path, &[number(topic.qos)]));
            values
        }
        Packet::Suback(suback) => {
            let mut values = identified("SUBACK", suback.pid);
            suback.return_codes.iter().for_each(|code| values.number("reason-code", granted(*code)));
            values
        }
        Packet::Unsubscribe(unsubscribe) => {
            let mut values = identified("UNSUBSCRIBE", unsubscribe.pid);
            unsubscribe.topics.iter().for_each(|topic| values.bytes("topic-filter", topic));
            values
        }
        Packet::Unsuback(id) => identified("UNSUBACK", *id),
        Packet::Pingreq => Values::of("PINGREQ"),
        Packet::Pingresp => Values::of("PINGRESP"),
        Packet::Disconnect => Values::of("DISCONNECT"),
    }
}

fn identified(packet_type: &str, id: Pid) -> Values {
    let mut values = Values::of(packet_type);
    values.number("packet-identifier", id.get());
    values
}

fn number(qos: QoS) -> u8 {
    match qos {
        QoS::AtMostOnce => 0,
        QoS::AtLeastOnce => 1,
        QoS::ExactlyOnce => 2,
    }
}

fn granted(code: SubscribeReturnCodes) -> u8 {
    match code {
        SubscribeReturnCodes::Success(qos) => number(qos),
        SubscribeReturnCodes::Failure => 0x80,
    }
}

fn connect(connect: &Connect<'_>) -> Values {
    let (name, level) = match connect.protocol {
        Protocol::MQTT311 => ("MQTT", 4_u8),
        Protocol::MQIsdp => ("MQIsdp", 3),
    };
    let mut values = Values::of("CONNECT");
    values.bytes("protocol-name", name);
    values.number("protocol-level", level);
    values.number("clean-start", u8::from(connect.clean_session));
    values.number("keep-alive", connect.keep_alive);
    values.bytes("client-identifier", connect.client_id);
    if let Some(will) = &connect.last_will {
        values.number("will-qos", number(will.qos));
        values.number("will-retain", u8::from(will.retain));
        values.bytes("will-topic", will.topic);
        values.bytes("will-payload", will.message);
    }
    values.bytes_if("user-name", connect.username);
    values.bytes_if("password", connect.password);
    values
}

fn connack(connack: Connack) -> Values {
    let code = match connack.code {
        ConnectReturnCode::Accepted => 0_u8,
        ConnectReturnCode::RefusedProtocolVersion => 1,
        ConnectReturnCode::RefusedIdentifierRejected => 2,
        ConnectReturnCode::ServerUnavailable => 3,
        ConnectReturnCode::BadUsernamePassword => 4,
        ConnectReturnCode::NotAuthorized => 5,
    };
    let mut values = Values::of("CONNACK");
    values.number("session-present", u8::from(connack.session_present));
    values.number("reason-code", code);
    values
}

fn publish(publish: &Publish<'_>) -> Values {
    let (qos, id) = match publish.qospid {
        QosPid::AtMostOnce => (0_u8, None),
        QosPid::AtLeastOnce(id) => (1, Some(id.get())),
        QosPid::ExactlyOnce(id) => (2, Some(id.get())),
    };
    let mut values = Values::of("PUBLISH");
    values.number("dup", u8::from(publish.dup));
    values.number("qos", qos);
    values.number("retain", u8::from(publish.retain));
    values.bytes("topic", publish.topic_name);
    values.number_if("packet-identifier", id);
    values.bytes("payload", publish.payload);
    values
}

impl Testee for Mqttrs2 {
    fn greeting(&self) -> String {
        format!("name=mqttrs2 version={} can=3.1.1,client,server,decode,stream,values", version_of("mqttrs2"))
    }

    fn decode(&self, asked: Asked<'_>, bytes: &[u8]) -> Option<Verdict> {
        (asked.version == "3.1.1").then(|| read(bytes))
    }

    fn stream(&self, asked: Asked<'_>) -> Option<Box<dyn Incremental>> {
        (asked.version == "3.1.1").then(|| Box::new(Stream(Vec::new())) as Box<dyn Incremental>)
    }
}

impl Incremental for Stream {
    fn feed(&mut self, piece: &[u8]) {
        self.0.extend_from_slice(piece);
    }

    fn next(&mut self) -> Verdict {
        let verdict = read(&self.0);
        if let Verdict::Packet { consumed, .. } = &verdict {
            self.0.drain(..consumed);
        }
        verdict
    }
}
