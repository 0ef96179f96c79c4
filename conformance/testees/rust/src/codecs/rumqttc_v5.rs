//! The values of rumqttc's packets of 5.0. Reason codes are enums without numbers: [`CODES`] has the standard's number of each
//! name.

use std::fmt::Debug;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{
    ConnAck, ConnAckProperties, Connect, ConnectProperties, LastWill, LastWillProperties, Login, Packet, Publish,
    PublishProperties, RetainForwardRule, Subscribe, SubscribeReasonCode,
};

use crate::line::Values;

/// Names of reason codes, as all of its enums have them, with the standard's numbers.
const CODES: [(&str, u8); 36] = [
    ("Success", 0x00),
    ("NoMatchingSubscribers", 0x10),
    ("NoSubscriptionExisted", 0x11),
    ("Failure", 0x80),
    ("Unspecified", 0x80),
    ("UnspecifiedError", 0x80),
    ("MalformedPacket", 0x81),
    ("ProtocolError", 0x82),
    ("ImplementationSpecific", 0x83),
    ("ImplementationSpecificError", 0x83),
    ("UnsupportedProtocolVersion", 0x84),
    ("ClientIdentifierNotValid", 0x85),
    ("BadUserNamePassword", 0x86),
    ("NotAuthorized", 0x87),
    ("ServerUnavailable", 0x88),
    ("ServerBusy", 0x89),
    ("Banned", 0x8A),
    ("BadAuthenticationMethod", 0x8C),
    ("TopicFilterInvalid", 0x8F),
    ("TopicNameInvalid", 0x90),
    ("PacketIdentifierInUse", 0x91),
    ("PkidInUse", 0x91),
    ("PacketIdentifierNotFound", 0x92),
    ("PacketTooLarge", 0x95),
    ("QuotaExceeded", 0x97),
    ("PayloadFormatInvalid", 0x99),
    ("RetainNotSupported", 0x9A),
    ("QoSNotSupported", 0x9B),
    ("UseAnotherServer", 0x9C),
    ("ServerMoved", 0x9D),
    ("SharedSubscriptionsNotSupported", 0x9E),
    ("ConnectionRateExceeded", 0x9F),
    ("SubscriptionIdNotSupported", 0xA1),
    ("WildcardSubscriptionsNotSupported", 0xA2),
    // Codes of 3.1.1's CONNACK, which no packet of 5.0 decodes to.
    ("RefusedProtocolVersion", 0x01),
    ("BadClientId", 0x02),
];

/// The values of an answer: identifier, one or more reason codes, and properties, which have the same two fields everywhere.
macro_rules! answer {
    ($packet_type:literal, $answer:expr, [$($code:expr),*]) => {{
        let mut values = Values::of($packet_type);
        values.number("packet-identifier", $answer.pkid);
        $(values.number_if("reason-code", code(&$code));)*
        if let Some(properties) = &$answer.properties {
            values.bytes_if("reason-string", properties.reason_string.as_ref());
            values.user_properties("user-property", &properties.user_properties);
        }
        values
    }};
}

pub(super) fn values(packet: &Packet) -> Values {
    match packet {
        Packet::Connect(connect, will, login) => self::connect(connect, will.as_ref(), login.as_ref()),
        Packet::ConnAck(connack) => self::connack(connack),
        Packet::Publish(publish) => self::publish(publish),
        Packet::PubAck(answer) => answer!("PUBACK", answer, [answer.reason]),
        Packet::PubRec(answer) => answer!("PUBREC", answer, [answer.reason]),
        Packet::PubRel(answer) => answer!("PUBREL", answer, [answer.reason]),
        Packet::PubComp(answer) => answer!("PUBCOMP", answer, [answer.reason]),
        Packet::Subscribe(subscribe) => self::subscribe(subscribe),
        Packet::SubAck(suback) => {
            let mut values = answer!("SUBACK", suback, []);
            suback.return_codes.iter().for_each(|code| values.number_if("reason-code", granted(*code)));
            values
        }
        Packet::Unsubscribe(unsubscribe) => {
            let mut values = Values::of("UNSUBSCRIBE");
            values.number("packet-identifier", unsubscribe.pkid);
            unsubscribe.filters.iter().for_each(|filter| values.bytes("topic-filter", filter));
            if let Some(properties) = &unsubscribe.properties {
                values.user_properties("user-property", &properties.user_properties);
            }
            values
        }
        Packet::UnsubAck(unsuback) => {
            let mut values = answer!("UNSUBACK", unsuback, []);
            unsuback.reasons.iter().for_each(|reason| values.number_if("reason-code", code(reason)));
            values
        }
        Packet::PingReq(_) => Values::of("PINGREQ"),
        Packet::PingResp(_) => Values::of("PINGRESP"),
        Packet::Disconnect(disconnect) => {
            let mut values = Values::of("DISCONNECT");
            values.number("reason-code", disconnect.reason_code as u8);
            if let Some(properties) = &disconnect.properties {
                values.number_if("session-expiry-interval", properties.session_expiry_interval);
                values.bytes_if("reason-string", properties.reason_string.as_ref());
                values.bytes_if("server-reference", properties.server_reference.as_ref());
                values.user_properties("user-property", &properties.user_properties);
            }
            values
        }
        // Its reader never returns one.
        Packet::Auth(_) => Values::of("AUTH"),
    }
}

/// The number of a reason code; none where an enum has a name that the table has not, which then lacks in the line.
fn code(code: &impl Debug) -> Option<u8> {
    let name = format!("{code:?}");
    CODES.iter().find(|(known, _)| *known == name).map(|&(_, number)| number)
}

fn granted(reason: SubscribeReasonCode) -> Option<u8> {
    match reason {
        SubscribeReasonCode::Success(qos) => Some(qos as u8),
        reason => code(&reason),
    }
}

fn connect(connect: &Connect, will: Option<&LastWill>, login: Option<&Login>) -> Values {
    let mut values = Values::of("CONNECT");
    values.number("clean-start", u8::from(connect.clean_start));
    values.number("keep-alive", connect.keep_alive);
    values.bytes("client-identifier", &connect.client_id);
    if let Some(properties) = &connect.properties {
        connect_properties(properties, &mut values);
    }
    if let Some(will) = will {
        values.number("will-qos", will.qos as u8);
        values.number("will-retain", u8::from(will.retain));
        values.bytes("will-topic", &will.topic);
        values.bytes("will-payload", &will.message);
        if let Some(properties) = &will.properties {
            will_properties(properties, &mut values);
        }
    }
    if let Some(login) = login {
        values.bytes_if("user-name", Some(&login.username).filter(|name| !name.is_empty()));
        values.bytes_if("password", Some(&login.password).filter(|password| !password.is_empty()));
    }
    values
}

fn connect_properties(properties: &ConnectProperties, values: &mut Values) {
    values.number_if("session-expiry-interval", properties.session_expiry_interval);
    values.number_if("receive-maximum", properties.receive_maximum);
    values.number_if("maximum-packet-size", properties.max_packet_size);
    values.number_if("topic-alias-maximum", properties.topic_alias_max);
    values.number_if("request-response-information", properties.request_response_info);
    values.number_if("request-problem-information", properties.request_problem_info);
    values.user_properties("user-property", &properties.user_properties);
    values.bytes_if("authentication-method", properties.authentication_method.as_ref());
    values.bytes_if("authentication-data", properties.authentication_data.as_ref());
}

fn will_properties(properties: &LastWillProperties, values: &mut Values) {
    values.number_if("will.will-delay-interval", properties.delay_interval);
    values.number_if("will.payload-format-indicator", properties.payload_format_indicator);
    values.number_if("will.message-expiry-interval", properties.message_expiry_interval);
    values.bytes_if("will.content-type", properties.content_type.as_ref());
    values.bytes_if("will.response-topic", properties.response_topic.as_ref());
    values.bytes_if("will.correlation-data", properties.correlation_data.as_ref());
    values.user_properties("will.user-property", &properties.user_properties);
}

fn connack(connack: &ConnAck) -> Values {
    let mut values = Values::of("CONNACK");
    values.number("session-present", u8::from(connack.session_present));
    values.number_if("reason-code", code(&connack.code));
    if let Some(properties) = &connack.properties {
        connack_properties(properties, &mut values);
    }
    values
}

fn connack_properties(properties: &ConnAckProperties, values: &mut Values) {
    values.number_if("session-expiry-interval", properties.session_expiry_interval);
    values.number_if("receive-maximum", properties.receive_max);
    values.number_if("maximum-qos", properties.max_qos);
    values.number_if("retain-available", properties.retain_available);
    values.number_if("maximum-packet-size", properties.max_packet_size);
    values.bytes_if("assigned-client-identifier", properties.assigned_client_identifier.as_ref());
    values.number_if("topic-alias-maximum", properties.topic_alias_max);
    values.bytes_if("reason-string", properties.reason_string.as_ref());
    values.user_properties("user-property", &properties.user_properties);
    values.number_if("wildcard-subscription-available", properties.wildcard_subscription_available);
    values.number_if("subscription-identifier-available", properties.subscription_identifiers_available);
    values.number_if("shared-subscription-available", properties.shared_subscription_available);
    values.number_if("server-keep-alive", properties.server_keep_alive);
    values.bytes_if("response-information", properties.response_information.as_ref());
    values.bytes_if("server-reference", properties.server_reference.as_ref());
    values.bytes_if("authentication-method", properties.authentication_method.as_ref());
    values.bytes_if("authentication-data", properties.authentication_data.as_ref());
}

fn publish(publish: &Publish) -> Values {
    let mut values = Values::of("PUBLISH");
    values.number("dup", u8::from(publish.dup));
    values.number("qos", publish.qos as u8);
    values.number("retain", u8::from(publish.retain));
    values.bytes("topic", &publish.topic);
    values.number_if("packet-identifier", (publish.qos != QoS::AtMostOnce).then_some(publish.pkid));
    if let Some(properties) = &publish.properties {
        publish_properties(properties, &mut values);
    }
    values.bytes("payload", &publish.payload);
    values
}

fn publish_properties(properties: &PublishProperties, values: &mut Values) {
    values.number_if("payload-format-indicator", properties.payload_format_indicator);
    values.number_if("message-expiry-interval", properties.message_expiry_interval);
    values.number_if("topic-alias", properties.topic_alias);
    values.bytes_if("response-topic", properties.response_topic.as_ref());
    values.bytes_if("correlation-data", properties.correlation_data.as_ref());
    values.user_properties("user-property", &properties.user_properties);
    properties.subscription_identifiers.iter().for_each(|id| values.number("subscription-identifier", *id));
    values.bytes_if("content-type", properties.content_type.as_ref());
}

fn subscribe(subscribe: &Subscribe) -> Values {
    let mut values = Values::of("SUBSCRIBE");
    values.number("packet-identifier", subscribe.pkid);
    if let Some(properties) = &subscribe.properties {
        values.number_if("subscription-identifier", properties.id);
        values.user_properties("user-property", &properties.user_properties);
    }
    for filter in &subscribe.filters {
        let handling = match filter.retain_forward_rule {
            RetainForwardRule::OnEverySubscribe => 0,
            RetainForwardRule::OnNewSubscribe => 1,
            RetainForwardRule::Never => 2,
        };
        let (no_local, as_published) = (filter.nolocal.into(), filter.preserve_retain.into());
        values.filter(&filter.path, &[filter.qos as u8, no_local, as_published, handling]);
    }
    values
}
