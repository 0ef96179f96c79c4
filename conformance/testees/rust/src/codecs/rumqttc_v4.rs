//! The values of rumqttc's packets of 3.1.1.

use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Connect, Packet, Publish, SubscribeReasonCode};

use crate::line::Values;

pub(super) fn values(packet: &Packet) -> Values {
    match packet {
        Packet::Connect(connect) => self::connect(connect),
        Packet::ConnAck(connack) => {
            let mut values = Values::of("CONNACK");
            values.number("session-present", u8::from(connack.session_present));
            values.number("reason-code", connack.code as u8);
            values
        }
        Packet::Publish(publish) => self::publish(publish),
        Packet::PubAck(answer) => identified("PUBACK", answer.pkid),
        Packet::PubRec(answer) => identified("PUBREC", answer.pkid),
        Packet::PubRel(answer) => identified("PUBREL", answer.pkid),
        Packet::PubComp(answer) => identified("PUBCOMP", answer.pkid),
        Packet::Subscribe(subscribe) => {
            let mut values = identified("SUBSCRIBE", subscribe.pkid);
            subscribe.filters.iter().for_each(|filter| values.filter(&filter.path, &[filter.qos as u8]));
            values
        }
        Packet::SubAck(suback) => {
            let mut values = identified("SUBACK", suback.pkid);
            suback.return_codes.iter().for_each(|code| values.number("reason-code", granted(*code)));
            values
        }
        Packet::Unsubscribe(unsubscribe) => {
            let mut values = identified("UNSUBSCRIBE", unsubscribe.pkid);
            unsubscribe.topics.iter().for_each(|topic| values.bytes("topic-filter", topic));
            values
        }
        Packet::UnsubAck(unsuback) => identified("UNSUBACK", unsuback.pkid),
        Packet::PingReq => Values::of("PINGREQ"),
        Packet::PingResp => Values::of("PINGRESP"),
        Packet::Disconnect => Values::of("DISCONNECT"),
    }
}

fn identified(packet_type: &str, id: u16) -> Values {
    let mut values = Values::of(packet_type);
    values.number("packet-identifier", id);
    values
}

fn granted(code: SubscribeReasonCode) -> u8 {
    match code {
        SubscribeReasonCode::Success(qos) => qos as u8,
        SubscribeReasonCode::Failure => 0x80,
    }
}

fn connect(connect: &Connect) -> Values {
    let mut values = Values::of("CONNECT");
    values.number("clean-start", u8::from(connect.clean_session));
    values.number("keep-alive", connect.keep_alive);
    values.bytes("client-identifier", &connect.client_id);
    if let Some(will) = &connect.last_will {
        values.number("will-qos", will.qos as u8);
        values.number("will-retain", u8::from(will.retain));
        values.bytes("will-topic", &will.topic);
        values.bytes("will-payload", &will.message);
    }
    if let Some(login) = &connect.login {
        values.bytes_if("user-name", Some(&login.username).filter(|name| !name.is_empty()));
        values.bytes_if("password", Some(&login.password).filter(|password| !password.is_empty()));
    }
    values
}

fn publish(publish: &Publish) -> Values {
    let mut values = Values::of("PUBLISH");
    values.number("dup", u8::from(publish.dup));
    values.number("qos", publish.qos as u8);
    values.number("retain", u8::from(publish.retain));
    values.bytes("topic", &publish.topic);
    values.number_if("packet-identifier", (publish.qos != QoS::AtMostOnce).then_some(publish.pkid));
    values.bytes("payload", &publish.payload);
    values
}
