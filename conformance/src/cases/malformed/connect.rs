//! A CONNECT that breaks its own form: refused by a close, in 3.1.1 without a CONNACK.

use crate::cases::connect::let_in;
use crate::cases::prelude::*;
use crate::scenario::Client;

pub(in crate::cases) const CASES: &[Case] = &[
    case!(reserved_flags: "A CONNECT with wrong fixed header flags is refused",
        v311: proves ["MQTT-2.2.2-2"],
        v5: breaks ["U5-014", "MQTT-2.1.3-1"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)]),
    case!(reserved_connect_flag: "A CONNECT with the reserved connect flag is refused",
        v311: proves ["MQTT-3.1.2-3"],
        v5: proves ["MQTT-3.1.2-3" = "U5-047"],
        caught: [Tolerates(Rule::ConnectReservedFlag), ActsOn(Rule::ConnectReservedFlag)]),
    case!(malformed["cut.before-field@protocol-name"]: "A CONNECT that ends with its fixed header is refused, without CONNACK in 3.1.1",
        v311: proves ["MQTT-3.1.4-1"],
        v5: proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::Truncated), Fault::ConnackForMalformedConnect]),
    case!(malformed["cut.mid-field@protocol-name"]: "A CONNECT that ends within the protocol name is refused, without CONNACK in 3.1.1",
        v311: proves ["MQTT-3.1.4-1"],
        v5: proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::StringPastEnd), Fault::ConnackForMalformedConnect]),
    case!(malformed["cut.before-field@protocol-level"]: "A CONNECT that ends before the protocol level is refused, without CONNACK in 3.1.1",
        v311: proves ["MQTT-3.1.4-1"],
        v5: proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::Truncated), Fault::ConnackForMalformedConnect]),
    case!(malformed["cut.before-field@connect-flags"]: "A CONNECT that ends before the connect flags is refused, without CONNACK in 3.1.1",
        v311: proves ["MQTT-3.1.4-1"],
        v5: proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::Truncated), Fault::ConnackForMalformedConnect]),
    case!(malformed["cut.before-field@keep-alive"]: "A CONNECT that ends before the keep alive is refused, without CONNACK in 3.1.1",
        v311: proves ["MQTT-3.1.4-1"],
        v5: proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::Truncated), Fault::ConnackForMalformedConnect]),
    case!(malformed["cut.before-field@client-identifier"]: "A CONNECT without client identifier is refused, without CONNACK in 3.1.1",
        v311: breaks ["MQTT-3.1.3-3"] proves ["MQTT-3.1.4-1"],
        v5: breaks ["MQTT-3.1.3-3"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::ClientIdMissing), Fault::ConnackForMalformedConnect]),
    case!(malformed["len.str.over@protocol-name"]: "A CONNECT whose protocol name reaches past its end is refused, without CONNACK in 3.1.1",
        v311: proves ["MQTT-3.1.4-1"],
        v5: proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::StringPastEnd), Fault::ConnackForMalformedConnect]),
    case!(malformed["len.str.over@client-identifier"]: "A CONNECT whose client identifier reaches past its end is refused, without CONNACK in 3.1.1",
        v311: proves ["MQTT-3.1.4-1"],
        v5: proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::StringPastEnd), Fault::ConnackForMalformedConnect]),
    case!(malformed["connect.will-qos-without-will"]: "A CONNECT with Will QoS 1 and no will is refused, without CONNACK in 3.1.1",
        v311: breaks ["MQTT-3.1.2-13", "MQTT-3.1.2-11"] proves ["MQTT-3.1.4-1"],
        v5: breaks ["MQTT-3.1.2-11"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::WillQosWithoutWill), ActsOn(Rule::WillQosWithoutWill), Fault::ConnackForMalformedConnect]),
    case!(malformed["connect.will-qos-without-will.2"]: "A CONNECT with Will QoS 2 and no will is refused, without CONNACK in 3.1.1",
        v311: breaks ["MQTT-3.1.2-13", "MQTT-3.1.2-11"] proves ["MQTT-3.1.4-1"],
        v5: breaks ["MQTT-3.1.2-11"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::WillQosWithoutWill), ActsOn(Rule::WillQosWithoutWill), Fault::ConnackForMalformedConnect]),
    case!(malformed["connect.will-qos-without-will.3"]: "A CONNECT with Will QoS 3 and no will is refused, without CONNACK in 3.1.1",
        v311: breaks ["MQTT-3.1.2-13", "MQTT-3.1.2-11"] proves ["MQTT-3.1.4-1"],
        v5: breaks ["MQTT-3.1.2-11"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::WillQosWithoutWill), ActsOn(Rule::WillQosWithoutWill), Fault::ConnackForMalformedConnect]),
    case!(malformed["connect.will-retain-without-will"]: "A CONNECT with Will Retain and no will is refused, without CONNACK in 3.1.1",
        v311: breaks ["MQTT-3.1.2-15", "MQTT-3.1.2-11"] proves ["MQTT-3.1.4-1"],
        v5: breaks ["MQTT-3.1.2-13"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::WillRetainWithoutWill), ActsOn(Rule::WillRetainWithoutWill), Fault::ConnackForMalformedConnect]),
    case!(malformed["connect.will-flag-without-will"]: "A CONNECT with the Will Flag and no will is refused, without CONNACK in 3.1.1",
        v311: breaks ["MQTT-3.1.2-9"] proves ["MQTT-3.1.4-1"],
        v5: breaks ["MQTT-3.1.2-9"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::WillMissing), Fault::ConnackForMalformedConnect]),
    case!(malformed["connect.user-flag-without-name"]: "A CONNECT with the User Name Flag and no user name is refused, without CONNACK in 3.1.1",
        v311: breaks ["MQTT-3.1.2-19"] proves ["MQTT-3.1.4-1"],
        v5: breaks ["MQTT-3.1.2-17"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::UserNameMissing), Fault::ConnackForMalformedConnect]),
    case!(malformed["extra.trailing"]: "A CONNECT with a byte behind its last field is refused, without CONNACK in 3.1.1",
        v311: proves ["MQTT-3.1.4-1"],
        v5: proves ["MQTT-3.1.4-1" = "U5-065"],
        caught: [Tolerates(Rule::TrailingBytes), ActsOn(Rule::TrailingBytes), Fault::ConnackForMalformedConnect]),
    case!(with_will["connect.will-qos3"]: "A CONNECT with Will QoS 3 is refused, without CONNACK in 3.1.1",
        v311: breaks ["MQTT-3.1.2-14"] proves ["MQTT-3.1.4-1"],
        v5: breaks ["MQTT-3.1.2-12", "U5-048"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::WillQos3), ActsOn(Rule::WillQos3), Fault::ConnackForMalformedConnect],
        needs: &["will"]),
    case!(with_will["cut.before-field@will-payload"]: "A CONNECT that ends before the payload of its will is refused, without CONNACK in 3.1.1",
        v311: proves ["MQTT-3.1.4-1"],
        v5: proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::Truncated), Fault::ConnackForMalformedConnect],
        needs: &["will"]),
    case!(with_will["len.str.over@will-topic"]: "A CONNECT whose will topic reaches past its end is refused, without CONNACK in 3.1.1",
        v311: proves ["MQTT-3.1.4-1"],
        v5: proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::StringPastEnd), Fault::ConnackForMalformedConnect],
        needs: &["will"]),
    case!(with_will["len.str.over@will-payload"]: "A CONNECT whose will payload reaches past its end is refused, without CONNACK in 3.1.1",
        v311: proves ["MQTT-3.1.4-1"],
        v5: proves ["MQTT-3.1.4-1" = "U5-007"],
        caught: [Tolerates(Rule::BinaryPastEnd), Fault::ConnackForMalformedConnect],
        needs: &["will"]),
    case!(with_user_name["connect.password-flag-without-password"]: "A CONNECT with the Password Flag and no password is refused, without CONNACK in 3.1.1",
        v311: breaks ["MQTT-3.1.2-21"] proves ["MQTT-3.1.4-1"],
        v5: breaks ["MQTT-3.1.2-19"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::PasswordMissing), Fault::ConnackForMalformedConnect]),
    case!(with_user_name["connect.user-without-flag"]: "A CONNECT with a user name that no flag announces is refused, without CONNACK in 3.1.1",
        v311: breaks ["MQTT-3.1.2-18"] proves ["MQTT-3.1.4-1"],
        v5: breaks ["MQTT-3.1.2-16"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::TrailingBytes), ActsOn(Rule::TrailingBytes), Fault::ConnackForMalformedConnect]),
    case!(with_password["connect.user-without-flag"]: "A CONNECT with a user name and a password that no flags announce is refused, without CONNACK in 3.1.1",
        v311: breaks ["MQTT-3.1.2-18", "MQTT-3.1.2-20"] proves ["MQTT-3.1.4-1"],
        v5: breaks ["MQTT-3.1.2-16", "MQTT-3.1.2-18"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::TrailingBytes), ActsOn(Rule::TrailingBytes), Fault::ConnackForMalformedConnect]),
    case!(with_password["connect.password-without-user"]: "A CONNECT with a password and no user name is refused, without CONNACK in 3.1.1",
        v311: breaks ["MQTT-3.1.2-22"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::PasswordWithoutUserName), ActsOn(Rule::PasswordWithoutUserName), Fault::ConnackForMalformedConnect]),
    case!(with_password["cut.before-field@password"]: "A CONNECT that ends before the password that it announces is refused, without CONNACK in 3.1.1",
        v311: breaks ["MQTT-3.1.2-21"] proves ["MQTT-3.1.4-1"],
        v5: breaks ["MQTT-3.1.2-19"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::PasswordMissing), Fault::ConnackForMalformedConnect]),
    case!(with_password["len.str.over@password"]: "A CONNECT whose password reaches past its end is refused, without CONNACK in 3.1.1",
        v311: proves ["MQTT-3.1.4-1"],
        v5: proves ["MQTT-3.1.4-1" = "U5-007"],
        caught: [Tolerates(Rule::BinaryPastEnd), Fault::ConnackForMalformedConnect]),
    case!(malformed["cut.mid-field@keep-alive"]: "A CONNECT that ends within the keep alive is refused, without CONNACK in 3.1.1",
        v311: proves ["MQTT-3.1.4-1"],
        v5: proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::Truncated), Fault::ConnackForMalformedConnect]),
    case!(malformed["cut.mid-field@client-identifier"]: "A CONNECT that ends within the client identifier is refused, without CONNACK in 3.1.1",
        v311: proves ["MQTT-3.1.4-1"],
        v5: proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::StringPastEnd), Fault::ConnackForMalformedConnect]),
    case!(with_will["cut.before-field@will-topic"]: "A CONNECT that ends before the topic of its will is refused, without CONNACK in 3.1.1",
        v311: breaks ["MQTT-3.1.2-9"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::WillMissing), Fault::ConnackForMalformedConnect],
        needs: &["will"]),
    case!(with_will["cut.mid-field@will-topic"]: "A CONNECT that ends within the topic of its will is refused, without CONNACK in 3.1.1",
        v311: proves ["MQTT-3.1.4-1"],
        v5: proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::StringPastEnd), Fault::ConnackForMalformedConnect],
        needs: &["will"]),
    case!(with_will["cut.mid-field@will-payload"]: "A CONNECT that ends within the payload of its will is refused, without CONNACK in 3.1.1",
        v311: proves ["MQTT-3.1.4-1"],
        v5: proves ["MQTT-3.1.4-1" = "U5-007"],
        caught: [Tolerates(Rule::BinaryPastEnd), Fault::ConnackForMalformedConnect],
        needs: &["will"]),
    case!(with_will_and_user_name["cut.before-field@user-name"]: "A CONNECT that ends with its will and announces a user name is refused, without CONNACK in 3.1.1",
        v311: breaks ["MQTT-3.1.2-19"] proves ["MQTT-3.1.4-1"],
        v5: breaks ["MQTT-3.1.2-17"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::UserNameMissing), Fault::ConnackForMalformedConnect],
        needs: &["will"]),
    case!(with_user_name["cut.mid-field@user-name"]: "A CONNECT that ends within the user name is refused, without CONNACK in 3.1.1",
        v311: proves ["MQTT-3.1.4-1"],
        v5: proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::StringPastEnd), Fault::ConnackForMalformedConnect]),
    case!(with_password["cut.mid-field@password"]: "A CONNECT that ends within the password is refused, without CONNACK in 3.1.1",
        v311: proves ["MQTT-3.1.4-1"],
        v5: proves ["MQTT-3.1.4-1" = "U5-007"],
        caught: [Tolerates(Rule::BinaryPastEnd), Fault::ConnackForMalformedConnect]),
    case!(bad_will_topic["topic.empty@will-topic"]: "A CONNECT with an empty will topic is refused",
        v311: breaks ["MQTT-4.7.3-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-4.7.3-1", "U5-077"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::WillTopicEmpty), ActsOn(Rule::WillTopicEmpty)],
        needs: &["will"]),
    case!(bad_will_topic["topic.wildcard-in-name.hash@will-topic"]: "A CONNECT with # in the will topic is refused",
        v311: breaks ["MQTT-4.7.1-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-4.7.0-1", "U5-077"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::WillTopicWildcard), ActsOn(Rule::WillTopicWildcard)],
        needs: &["will"]),
    case!(bad_will_topic["topic.wildcard-in-name.plus@will-topic"]: "A CONNECT with + in the will topic is refused",
        v311: breaks ["MQTT-4.7.1-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-4.7.0-1", "U5-077"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::WillTopicWildcard), ActsOn(Rule::WillTopicWildcard)],
        needs: &["will"]),
    case!(data_without_method: "A CONNECT with authentication data and no method is refused",
        v5: breaks ["U5-063"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::AuthenticationDataWithoutMethod), ActsOn(Rule::AuthenticationDataWithoutMethod)]),
    case!(reserved_flags["0010"]: "A CONNECT with the fixed header flags 0010 is refused",
        v311: proves ["MQTT-2.2.2-2"],
        v5: breaks ["U5-014", "MQTT-2.1.3-1"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)]),
    case!(reserved_flags["0100"]: "A CONNECT with the fixed header flags 0100 is refused",
        v311: proves ["MQTT-2.2.2-2"],
        v5: breaks ["U5-014", "MQTT-2.1.3-1"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)]),
    case!(reserved_flags["1000"]: "A CONNECT with the fixed header flags 1000 is refused",
        v311: proves ["MQTT-2.2.2-2"],
        v5: breaks ["U5-014", "MQTT-2.1.3-1"] proves ["MQTT-3.1.4-1"],
        caught: [Tolerates(Rule::FixedHeaderFlags), ActsOn(Rule::FixedHeaderFlags)]),
    case!(other_packet_first["connack"]: "A CONNACK before any CONNECT ends the connection",
        v311: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::ServesBeforeConnect, Fault::IgnoresBeforeConnect]),
    case!(other_packet_first["suback"]: "A SUBACK before any CONNECT ends the connection",
        v311: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::ServesBeforeConnect, Fault::IgnoresBeforeConnect]),
    case!(other_packet_first["unsuback"]: "An UNSUBACK before any CONNECT ends the connection",
        v311: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::ServesBeforeConnect, Fault::IgnoresBeforeConnect]),
    case!(other_packet_first["pingresp"]: "A PINGRESP before any CONNECT ends the connection",
        v311: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::ServesBeforeConnect, Fault::IgnoresBeforeConnect]),
    case!(other_packet_first["type-0"]: "A packet of type 0 before any CONNECT ends the connection",
        v311: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::ServesBeforeConnect, Fault::IgnoresBeforeConnect]),
    case!(other_packet_first["type-15"]: "A packet of type 15 before any CONNECT ends the connection",
        v311: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.8.0-1"],
        caught: [Fault::ServesBeforeConnect, Fault::IgnoresBeforeConnect]),
];

/// Codes of 5.0 for a CONNECT that is no good; 0x86 and 0x87 would be about whom it names.
const CODES: &[ReasonCode] =
    &[ReasonCode::MALFORMED_PACKET, ReasonCode::PROTOCOL_ERROR, ReasonCode::TOPIC_NAME_INVALID];

/// A client that has sent a CONNECT with one mistake, after another one was let in by the same CONNECT without it.
async fn sent(broker: &Subject, legal: Draft, mutation: &'static str) -> Result<Client, Stop> {
    let_in(broker, "control", legal.clone()).await?;
    let mut rogue = broker.open("rogue").await?;
    rogue.send(legal.with(mutation))?;
    Ok(rogue)
}

/// A CONNECT with a user name, and with the password to it where there is one and the mistake leaves room for it.
fn named(broker: &Subject, legal: Draft) -> Draft {
    let (name, password) = user(broker);
    let legal = legal.user_name(name);
    let has_room = broker.member() == "cut.mid-field@user-name" && broker.setting().credentials.is_some();
    if has_room { legal.password(password) } else { legal }
}

/// A user name that the broker knows, or any where it asks for none.
fn user(broker: &Subject) -> (String, Vec<u8>) {
    let known = broker.setting().credentials.clone();
    let (name, password) = known.unwrap_or_else(|| ("somebody".to_owned(), "anything".to_owned()));
    (name, password.into_bytes())
}

fn mortal() -> Draft {
    connect().will(will("status", b"gone"))
}

async fn reserved_flags(broker: &Subject) -> Outcome {
    let mutation = match broker.member() {
        "0010" => "flags.reserved.2",
        "0100" => "flags.reserved.4",
        "1000" => "flags.reserved.8",
        _ => "flags.reserved.1",
    };
    let mut rogue = sent(broker, connect(), mutation).await?;

    rogue.expect_refusal(CODES).await
}

async fn reserved_connect_flag(broker: &Subject) -> Outcome {
    let mut rogue = sent(broker, connect(), "connect.reserved-bit").await?;

    rogue.expect_refusal(CODES).await
}

async fn malformed(broker: &Subject) -> Outcome {
    let mut rogue = sent(broker, connect(), broker.member()).await?;

    rogue.expect_refusal(CODES).without_connack().await
}

async fn with_will(broker: &Subject) -> Outcome {
    let mut rogue = sent(broker, mortal(), broker.member()).await?;

    rogue.expect_refusal(CODES).without_connack().await
}

async fn with_will_and_user_name(broker: &Subject) -> Outcome {
    let mut rogue = sent(broker, named(broker, mortal()), broker.member()).await?;

    rogue.expect_refusal(CODES).without_connack().await
}

async fn with_user_name(broker: &Subject) -> Outcome {
    let mut rogue = sent(broker, named(broker, connect()), broker.member()).await?;

    rogue.expect_refusal(CODES).without_connack().await
}

async fn with_password(broker: &Subject) -> Outcome {
    let (name, password) = user(broker);
    let mut rogue = sent(broker, connect().user_name(name).password(password), broker.member()).await?;

    rogue.expect_refusal(CODES).without_connack().await
}

async fn bad_will_topic(broker: &Subject) -> Outcome {
    let mut rogue = sent(broker, mortal(), broker.member()).await?;

    rogue.expect_refusal(CODES).await
}

async fn data_without_method(broker: &Subject) -> Outcome {
    let mut rogue = sent(broker, connect(), "connect.authentication-data-without-method").await?;

    rogue.expect_refusal(CODES).await
}

async fn other_packet_first(broker: &Subject) -> Outcome {
    let first = match broker.member() {
        "connack" => server_packet(PacketType::Connack),
        "suback" => server_packet(PacketType::Suback),
        "unsuback" => server_packet(PacketType::Unsuback),
        "pingresp" => server_packet(PacketType::Pingresp),
        "type-0" => pingreq().with("type.reserved.0"),
        _ => pingreq().with("type.reserved.15"),
    };
    let mut rogue = broker.open("rogue").await?;

    rogue.send(first)?;

    rogue.expect_refusal(&[]).await
}
