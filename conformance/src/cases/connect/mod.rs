//! CONNECT and CONNACK: who is let in, and how the others are sent away.

pub(super) mod client_ids;
pub(super) mod protocol_name;
pub(super) mod refused;

use super::prelude::*;
use crate::scenario::{Client, Received};
use mqtt_assay_codec::{Packet, PropertyId};
use mqtt_assay_standard::bounds;

pub(super) const CASES: &[Case] = &[
    case!(first_packet["subscribe"]: "A SUBSCRIBE before any CONNECT ends the connection",
        v311: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::ServesBeforeConnect, Fault::IgnoresBeforeConnect]),
    case!(first_packet["unsubscribe"]: "An UNSUBSCRIBE before any CONNECT ends the connection",
        v311: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::ServesBeforeConnect, Fault::IgnoresBeforeConnect]),
    case!(first_packet["puback"]: "A PUBACK before any CONNECT ends the connection",
        v311: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::ServesBeforeConnect, Fault::IgnoresBeforeConnect]),
    case!(first_packet["pubrec"]: "A PUBREC before any CONNECT ends the connection",
        v311: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::ServesBeforeConnect, Fault::IgnoresBeforeConnect]),
    case!(first_packet["pubrel"]: "A PUBREL before any CONNECT ends the connection",
        v311: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::ServesBeforeConnect, Fault::IgnoresBeforeConnect]),
    case!(first_packet["pubcomp"]: "A PUBCOMP before any CONNECT ends the connection",
        v311: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::ServesBeforeConnect, Fault::IgnoresBeforeConnect]),
    case!(first_packet["pingreq"]: "A PINGREQ before any CONNECT ends the connection, unanswered",
        v311: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::ServesBeforeConnect, Fault::IgnoresBeforeConnect]),
    case!(first_packet["disconnect"]: "A DISCONNECT before any CONNECT ends the connection",
        v311: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::ServesBeforeConnect, Fault::IgnoresBeforeConnect]),
    case!(first_packet["auth"]: "An AUTH before any CONNECT ends the connection",
        v5: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::ServesBeforeConnect, Fault::IgnoresBeforeConnect]),
    case!(publish_before_connect: "A PUBLISH before any CONNECT ends the connection, and nobody gets it",
        v311: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.8.0-1"],
        v5: breaks ["MQTT-3.1.0-1"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::ServesBeforeConnect, Fault::IgnoresBeforeConnect]),
    case!(second_connect: "A second CONNECT on the same connection ends it",
    v311: proves ["MQTT-3.1.0-2"],
    v5: proves ["MQTT-3.1.0-2", "U5-210"],
    caught: [
        Fault::IgnoresSecondConnect, Fault::AnswersSecondConnect, Fault::ClosesWithoutDisconnect,
        Fault::DisconnectUnspecified,
    ]),
    case!(silent_connection: "A connection on which no CONNECT comes is closed after a while",
        v311: proves ["U3-06"],
        v5: proves ["U5-078"],
        caught: [Fault::NeverClosesSilentConnection]),
    case!(valid_connect: "A valid CONNECT, with the longest Keep Alive there is, is answered with CONNACK 0x00",
        v311: proves ["MQTT-3.1.4-4"],
        v5: proves ["MQTT-3.1.4-5"],
        caught: [Fault::NoConnack]),
    case!(valid_connect["byte-by-byte"]: "A valid CONNECT that comes byte by byte is answered with CONNACK 0x00",
        v311: proves ["MQTT-3.1.4-4"],
        v5: proves ["MQTT-3.1.4-5"],
        caught: [Fault::WantsConnectInOnePiece]),
    case!(no_extension_needed: "A CONNECT with nothing but what 3.1.1 defines is let in",
        v311: proves ["MQTT-7.0.0-2"],
        caught: [Fault::DemandsExtension]),
    case!(bytes_arrive: "What the broker sends arrives at the client",
        v311: proves ["MQTT-7.1.1-1"],
        caught: [Fault::SendsNothing]),
    case!(will_before_client_id: "A CONNECT whose payload does not begin with the client identifier is refused",
        v311: breaks ["MQTT-3.1.3-1"] proves ["MQTT-1.5.3-1"],
        v5: breaks ["MQTT-3.1.3-1"] proves ["MQTT-3.1.4-1"],
        caught: [Fault::TakesWillFirst],
        needs: &["will"]),
    case!(legal_connect["repeated-user-property"]: "A CONNECT with two user properties of the same name is accepted",
        v5: proves ["U5-061"],
        caught: [Fault::RefusesRepeatedUserProperty]),
    case!(legal_connect["properties-in-any-order"]: "A CONNECT whose properties are in no order is accepted",
        v5: proves ["U5-045"],
        caught: [Fault::RefusesUnsortedProperties]),
    case!(well_formed["password-alone"]: "A password without a user name is no error of format",
        v5: proves ["U5-049"],
        caught: [Fault::RefusesPasswordAlone]),
    case!(well_formed["empty-client-id"]: "An empty client identifier with Clean Start 0 is no error of format",
        v5: proves ["U5-066"],
        caught: [Fault::RefusesEmptyIdToResume]),
    case!(connack_first: "The first packet that a broker sends is a CONNACK, even where messages wait",
        v311: proves ["MQTT-3.2.0-1"],
        v5: proves ["MQTT-3.2.0-1"],
        caught: [Fault::PublishBeforeConnack]),
    case!(connack_once: "A CONNECT is answered with one CONNACK and no more",
        v5: proves ["MQTT-3.2.0-2"],
        caught: [Fault::ConnackTwice]),
    case!(clean_connect: "A clean start is accepted with CONNACK 0x00 and Session Present 0, even where a session was stored",
        v311: proves ["MQTT-3.2.2-1"],
        v5: proves ["MQTT-3.2.2-2"],
        caught: [Fault::SessionPresentAlways]),
    case!(takeover: "A second connection of the same client identifier ends the first one and is served",
        v311: proves ["MQTT-3.1.4-2"],
        v5: proves ["MQTT-3.1.4-3", "U5-080"],
        caught: [Fault::TakeoverLeavesOldOpen, Fault::TakeoverWithoutDisconnect]),
    case!(connack_without["response-information"]: "CONNACK has no Response Information for a client that didn't ask",
        v5: proves ["MQTT-3.1.2-28"],
        caught: [Fault::ResponseInformationUnasked]),
    case!(connack_without["authentication-method"]: "CONNACK names no authentication method to a client that named none",
        v5: proves ["MQTT-4.12.0-6"],
        caught: [Fault::AuthenticationMethodUnasked]),
    case!(connack_without["server-reference"]: "CONNACK 0x00 has no Server Reference",
        v5: proves ["U5-115"],
        caught: [Fault::ServerReferenceAlways]),
    case!(no_auth_unasked: "A client that named no authentication method gets no AUTH",
        v5: proves ["MQTT-4.12.0-6"],
        caught: [Fault::AuthUnasked]),
    case!(auth_without_method: "An AUTH from a client that named no authentication method is refused",
        v5: breaks ["MQTT-4.12.0-7", "U5-192"] proves ["MQTT-4.13.1-1"],
        caught: [Fault::AcceptsAuthWithoutMethod]),
    case!(maximum_qos_is_announced: "A broker without QoS 2 says so in CONNACK",
        v5: proves ["MQTT-3.2.2-9"],
        caught: [Fault::MaximumQosUnannounced],
        variant: Variant::MAX_QOS_1),
    case!(any_qos_may_be_asked: "A broker without QoS 2 still takes a subscription that asks for it",
        v5: proves ["MQTT-3.2.2-10"],
        caught: [Fault::RefusesHighQosSubscribe],
        variant: Variant::MAX_QOS_1),
    case!(will_above_maximum_qos: "A CONNECT with a will above the announced Maximum QoS is refused",
        v5: proves ["MQTT-3.2.2-12"],
        caught: [Fault::AcceptsWillQos, Fault::RefusalStaysOpen],
        variant: Variant::MAX_QOS_1, needs: &["will"]),
    case!(will_retained_in_vain: "A CONNECT with Will Retain 1 is refused by a broker that retains nothing",
        v5: proves ["MQTT-3.2.2-13"],
        caught: [Fault::AcceptsWillRetain, Fault::RefusalStaysOpen],
        variant: Variant::NO_RETAIN, needs: &["will"]),
];

/// Set-up: a client let in by a CONNECT that is in order and may name somebody whom the broker doesn't know. One that is
/// refused for that can't be the control of what is to be refused for something else.
pub(super) async fn let_in(broker: &Subject, role: &'static str, legal: Draft) -> Result<Client, Stop> {
    let is_case_named = !legal.credentials_missing();
    let mut client = broker.open(role).await?;
    client.send(legal)?;
    let answer = client.receive_or_end(any(PacketType::Connack)).await?;
    match answer {
        Some(answer) if is_accepting(&answer) => Ok(client),
        Some(answer) if !is_about_credentials(&answer) => {
            let why = format!("{role}: a CONNECT that is in order was refused");
            Err(Stop::Inconclusive { why, line: Some(answer.line) })
        }
        None if !is_case_named => {
            let why = format!("{role}: the broker closed on a CONNECT that is in order");
            Err(Stop::Inconclusive { why, line: None })
        }
        // Where no user is known to the case, the one that it has made up may well be one who isn't let in.
        _ => Err(Stop::NotOffered("the broker doesn't let in the user whom this CONNECT has to name".to_owned())),
    }
}

/// True for a CONNACK that refuses for who the client is.
fn is_about_credentials(answer: &Received) -> bool {
    let about_them = [
        ReasonCode::BAD_USER_NAME_OR_PASSWORD_3,
        ReasonCode::NOT_AUTHORIZED_3,
        ReasonCode::BAD_USER_NAME_OR_PASSWORD,
        ReasonCode::NOT_AUTHORIZED,
    ];
    codes(&answer.packet()).iter().any(|code| about_them.contains(code))
}

pub(super) fn is_accepting(answer: &Received) -> bool {
    matches!(answer.packet(), Packet::Connack(connack) if connack.reason == ReasonCode::SUCCESS)
}

async fn first_packet(broker: &Subject) -> Outcome {
    let first = match broker.member() {
        "subscribe" => subscribe("news", AtMostOnce),
        "unsubscribe" => unsubscribe(["news"]),
        "puback" => puback(1_u16),
        "pubrec" => pubrec(1_u16),
        "pubrel" => pubrel(1_u16),
        "pubcomp" => pubcomp(1_u16),
        "disconnect" => disconnect(),
        "auth" => auth(ReasonCode::RE_AUTHENTICATE).property(Property::AuthenticationMethod("assay")),
        _ => pingreq(),
    };
    let mut rogue = broker.open("rogue").await?;

    rogue.send(first)?;

    rogue.expect_refusal(&[]).await
}

async fn publish_before_connect(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("news", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    let mut rogue = broker.open("rogue").await?;

    rogue.send(publish("news", b"unannounced"))?;

    let _ = rogue.expect_refusal(&[]).await?;
    watcher.expect_no_message(b"unannounced").before_message(&mut publisher, "news").await
}

pub(super) async fn second_connect(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;
    rogue.serves().await?;

    rogue.send(connect())?;

    let refused = rogue.expect_refusal(&[]).await?;
    if broker.version() != Version::V5 {
        return Ok(refused);
    }
    let (wanted, explained) = ([ReasonCode::PROTOCOL_ERROR], rule!(v5 "U5-210"));
    if let Some(Packet::Disconnect(_)) = refused.packet() {
        let code = any(PacketType::Disconnect).code(&wanted);
        return rogue.expect_right(&refused, code).decides(explained).recommended().await;
    }
    rogue.expect_close().code(&wanted, explained).await
}

async fn silent_connection(broker: &Subject) -> Outcome {
    let mut mute = broker.open("mute").await?;

    // Section 3.1.4 says "reasonable" and names no time: whenever the broker closes before the run ends, it is in time.
    mute.expect_close_sometime().await
}

async fn valid_connect(broker: &Subject) -> Outcome {
    let mut client = broker.open("client").await?;

    let valid = connect().client_id(broker.unique()).keep_alive(u16::MAX);
    match broker.member() {
        "byte-by-byte" => client.send_bytewise(valid)?,
        _ => client.send(valid)?,
    };

    client.expect(a_connack().code(&[ReasonCode::SUCCESS])).await
}

async fn no_extension_needed(broker: &Subject) -> Outcome {
    let mut plain = broker.open("plain").await?;

    plain.send(connect().client_id(broker.unique()))?;

    plain.expect(a_connack().code(&[ReasonCode::SUCCESS])).as_next().await
}

async fn bytes_arrive(broker: &Subject) -> Outcome {
    let mut client = broker.open("client").await?;

    client.send_together([connect(), pingreq()])?;

    // Which of the answers comes is for other cases: that any comes shows that bytes do.
    client.expect(either(PacketType::Connack, PacketType::Pingresp)).await
}

async fn will_before_client_id(broker: &Subject) -> Outcome {
    let status = || connect().will(will("status", b"\xFF\xFE"));
    broker.connect_as("control", status()).await?;
    // Read in the right order, what stands first is a client identifier of bytes that are no text. A broker that doesn't refuse
    // such a one tells nothing here.
    let mut ill_formed = broker.open("ill-formed").await?;
    ill_formed.send(connect().will(will("status", b"gone")).with("utf8.surrogate@client-identifier"))?;
    let limit = ill_formed.context().patient(bounds::PROBE_CONNECT);
    let is_refused = match ill_formed.receive_within(any(PacketType::Connack), limit).await {
        Ok(answer) => !is_accepting(&answer),
        Err(Stop::Inconclusive { line, .. }) => line.is_some(),
        Err(other) => return Err(other),
    };
    if !is_refused {
        let why = "ill-formed: a client identifier that is no text was not refused".to_owned();
        return Err(Stop::Inconclusive { why, line: None });
    }
    let mut rogue = broker.open("rogue").await?;

    rogue.send(status().with("connect.will-first"))?;

    rogue.expect_refusal(&[ReasonCode::MALFORMED_PACKET, ReasonCode::CLIENT_IDENTIFIER_NOT_VALID]).await
}

async fn legal_connect(broker: &Subject) -> Outcome {
    broker.connect("control").await?;
    let unusual = match broker.member() {
        "repeated-user-property" => {
            connect().property(Property::UserProperty("name", "one")).property(Property::UserProperty("name", "two"))
        }
        _ => connect().property(Property::ReceiveMaximum(10)).property(Property::SessionExpiryInterval(0)),
    };
    let mut client = broker.open("client").await?;

    client.send(unusual)?;

    client.expect(a_connack().code(&[ReasonCode::SUCCESS])).await
}

/// Codes of 5.0 that say of a CONNECT that its form is wrong.
const OF_FORMAT: [ReasonCode; 2] = [ReasonCode::MALFORMED_PACKET, ReasonCode::PROTOCOL_ERROR];

async fn well_formed(broker: &Subject) -> Outcome {
    let (unusual, tasteful) = match broker.member() {
        "password-alone" => {
            let alone = connect().client_id(broker.unique()).anonymous().password("secret");
            (alone, [ReasonCode::BAD_USER_NAME_OR_PASSWORD, ReasonCode::NOT_AUTHORIZED])
        }
        _ => (connect().client_id("").resume(), [ReasonCode::CLIENT_IDENTIFIER_NOT_VALID; 2]),
    };
    let mut client = broker.open("client").await?;

    client.send(unusual)?;

    // A bare close tells nothing: the broker may have reasons of its own. One that knows its clients by name has, where there
    // is none.
    let wants_names = broker.member() == "password-alone" && broker.setting().credentials.is_some();
    let nameless =
        || Stop::NotOffered("the broker knows its clients by a user name, which this CONNECT lacks".to_owned());
    let right = a_connack().code(&[ReasonCode::SUCCESS, tasteful[0], tasteful[1]]);
    if !wants_names {
        let answer = client.receive(any(PacketType::Connack)).await?;
        return client.expect_right(&answer, right).await;
    }
    let answer = client.receive_or_end(any(PacketType::Connack)).await?.ok_or_else(nameless)?;
    let blames_format = codes(&answer.packet()).iter().any(|code| OF_FORMAT.contains(code));
    if !is_accepting(&answer) && !blames_format {
        return Err(nameless());
    }
    client.expect_right(&answer, right).await
}

async fn connack_first(broker: &Subject) -> Outcome {
    let mut sleeper = broker.connect_as("sleeper", connect().persistent()).await?;
    sleeper.subscribe("news", AtLeastOnce).await?;
    sleeper.disconnect().await?;
    broker.connect("publisher").await?.publish("news", b"waiting", AtLeastOnce).await?;

    let mut sleeper = broker.open("sleeper").await?;
    sleeper.send(connect().persistent())?;

    sleeper.expect(a_connack().code(&[ReasonCode::SUCCESS])).as_next().await
}

async fn connack_once(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;

    client.expect_no_packet(PacketType::Connack).await
}

async fn clean_connect(broker: &Subject) -> Outcome {
    broker.connect_as("sleeper", connect().persistent()).await?.disconnect().await?;
    let mut sleeper = broker.open("sleeper").await?;

    sleeper.send(connect())?;

    let accepted = sleeper.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;
    sleeper.expect_right(&accepted, a_connack().session_present(false)).await
}

async fn takeover(broker: &Subject) -> Outcome {
    let mut first = broker.connect("client").await?;
    first.serves().await?;

    let mut second = broker.connect("client").await?;

    let closed = first.expect_close().code(&[ReasonCode::SESSION_TAKEN_OVER], rule!(v5 "U5-080")).await?;
    second.serves().await?;
    Ok(closed)
}

async fn connack_without(broker: &Subject) -> Outcome {
    let unasked = match broker.member() {
        "response-information" => PropertyId::RESPONSE_INFORMATION,
        "authentication-method" => PropertyId::AUTHENTICATION_METHOD,
        _ => PropertyId::SERVER_REFERENCE,
    };
    let mut client = broker.open("client").await?;

    client.send(connect())?;

    let accepted = client.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;
    client.expect_right(&accepted, a_connack().lacks(unasked)).await
}

async fn no_auth_unasked(broker: &Subject) -> Outcome {
    let mut client = broker.connect("client").await?;

    client.expect_no_packet(PacketType::Auth).await
}

async fn auth_without_method(broker: &Subject) -> Outcome {
    let mut rogue = broker.connect("rogue").await?;

    rogue.send(auth(ReasonCode::RE_AUTHENTICATE).property(Property::AuthenticationMethod("assay")))?;

    rogue.expect_refusal(&[ReasonCode::PROTOCOL_ERROR]).await
}

async fn maximum_qos_is_announced(broker: &Subject) -> Outcome {
    let mut client = broker.open("client").await?;

    client.send(connect())?;

    let accepted = client.receive(a_connack().code(&[ReasonCode::SUCCESS])).await?;
    client.expect_right(&accepted, a_connack().has(PropertyId::MAXIMUM_QOS)).await
}

async fn any_qos_may_be_asked(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe("control", AtMostOnce).await?;

    let id = watcher.send(subscribe("news", ExactlyOnce))?;

    watcher
        .expect(a_suback(id).code(&[ReasonCode::SUCCESS, ReasonCode::GRANTED_QOS_1, ReasonCode::GRANTED_QOS_2]))
        .await
}

async fn will_above_maximum_qos(broker: &Subject) -> Outcome {
    let mut rogue = broker.open("rogue").await?;

    rogue.send(connect().will(will("status", b"gone").qos(ExactlyOnce)).although_excluded(Excluded::Qos))?;

    rogue.expect_refusal(&[ReasonCode::QOS_NOT_SUPPORTED]).await
}

async fn will_retained_in_vain(broker: &Subject) -> Outcome {
    let mut rogue = broker.open("rogue").await?;

    rogue.send(connect().will(will("status", b"gone").retain()).although_excluded(Excluded::Retain))?;

    rogue.expect_refusal(&[ReasonCode::RETAIN_NOT_SUPPORTED]).await
}
