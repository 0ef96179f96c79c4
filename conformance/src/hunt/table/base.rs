//! The legal packets that the table begins with.

use crate::hunt::login::{Login, known};
use mqtt_assay_codec::{
    Acknowledgement, Auth, Connack, Connect, Disconnect, Packet, PacketId, Properties, PropertiesBuf, Property,
    Publish, QoS, ReasonCode, ReasonCodes, RetainHandling, Sender, Suback, Subscribe, SubscriptionOptions,
    SubscriptionsBuf, TopicFiltersBuf, Unsuback, Unsubscribe, Version, Will,
};

/// Before the topics of single cases; nothing subscribes to them.
pub(in crate::hunt) const FOLDER: &str = "hunt/";

/// Stands for the client identifier until the case has one.
pub(in crate::hunt) const CLIENT: &str = "hunt@@@@@@@@";

/// The packet identifier that stands in each base.
const ID: PacketId = PacketId::MIN.saturating_add(6);

type Each<'a> = &'a mut dyn FnMut(&'static str, &[u8], Sender);

/// The CONNECT with which connections begin.
pub(in crate::hunt) fn greeting(version: Version, login: Option<&Login>) -> Vec<u8> {
    // Others may have their turn for as long as they need it; for ever, Keep Alive 0, is refused by some brokers.
    let connect = Connect { client_id: CLIENT, clean_start: true, keep_alive: 3600, ..Connect::default() };
    encoded(&Packet::Connect(known(connect, login)), version)
}

fn encoded(packet: &Packet<'_>, version: Version) -> Vec<u8> {
    packet.to_bytes(version).map(Vec::from).unwrap_or_default()
}

/// Tells each base of a version, with who may send it.
pub(super) fn each(version: Version, login: Option<&Login>, each: Each<'_>) {
    connects(version, login, each);
    publishes(version, each);
    requests(version, each);
    others(version, each);
    of_servers(version, each);
}

fn is_5(version: Version) -> bool {
    version == Version::V5
}

fn connects(version: Version, login: Option<&Login>, each: Each<'_>) {
    let mut add =
        |name, connect| each(name, &encoded(&Packet::Connect(known(connect, login)), version), Sender::Client);
    let plain = Connect { client_id: CLIENT, clean_start: true, keep_alive: 60, ..Connect::default() };
    let will_properties = PropertiesBuf::new()
        .with(Property::WillDelayInterval(0))
        .with(Property::PayloadFormatIndicator(1))
        .with(Property::MessageExpiryInterval(60))
        .with(Property::ContentType("text/plain"))
        .with(Property::ResponseTopic("hunt/answer"))
        .with(Property::CorrelationData(b"17"))
        .with(Property::UserProperty("a", "b"));
    let mut will = Will { topic: "hunt/will", payload: b"gone too soon", qos: QoS::AtLeastOnce, ..Will::default() };
    add("connect", plain);
    add("connect with a will", Connect { will: Some(will), ..plain });
    let named = Connect { user_name: Some("user"), password: Some(b"secret"), ..plain };
    add("connect with a user", Connect { will: Some(will), ..named });
    if is_5(version) {
        let properties = PropertiesBuf::new()
            .with(Property::SessionExpiryInterval(0))
            .with(Property::ReceiveMaximum(20))
            .with(Property::MaximumPacketSize(100_000))
            .with(Property::TopicAliasMaximum(5))
            .with(Property::RequestResponseInformation(1))
            .with(Property::RequestProblemInformation(1))
            .with(Property::UserProperty("a", "b"));
        add("connect with properties", Connect { properties: properties.as_properties(), ..plain });
        will.properties = will_properties.as_properties();
        add("connect with a will and its properties", Connect { will: Some(will), ..plain });
        let method = PropertiesBuf::new()
            .with(Property::AuthenticationMethod("PLAIN"))
            .with(Property::AuthenticationData(b"\0a\0b"));
        add("connect with a method", Connect { properties: method.as_properties(), ..plain });
    }
}

fn publishes(version: Version, each: Each<'_>) {
    let mut add = |name, publish| each(name, &encoded(&Packet::Publish(publish), version), Sender::Client);
    let plain = Publish { topic: "hunt/topic", payload: b"3-0", ..Publish::default() };
    let packet_id = Some(ID);
    let once = Publish { qos: QoS::AtLeastOnce, packet_id, ..plain };
    let long = vec![b'x'; 300];
    add("publish of qos 0", plain);
    add("publish of qos 1", once);
    add("publish of qos 2", Publish { qos: QoS::ExactlyOnce, ..once });
    add("publish of qos 1 without payload", Publish { payload: b"", ..once });
    add("publish of qos 1 with a long payload", Publish { payload: &long, ..once });
    let overhead = 2 + plain.topic.len() + 2 + usize::from(is_5(version));
    let sizes = [127, 128, 1026].map(|size| vec![b'y'; size - overhead]);
    let names = ["publish of 127 bytes", "publish of 128 bytes", "publish of 1026 bytes"];
    for (name, payload) in names.into_iter().zip(&sizes) {
        add(name, Publish { payload, ..once });
    }
    if is_5(version) {
        let all = PropertiesBuf::new()
            .with(Property::PayloadFormatIndicator(1))
            .with(Property::MessageExpiryInterval(60))
            .with(Property::ContentType("text/plain"))
            .with(Property::ResponseTopic("hunt/answer"))
            .with(Property::CorrelationData(b"17"))
            .with(Property::UserProperty("a", "b"))
            .with(Property::UserProperty("a", "c"));
        add("publish with properties", Publish { properties: all.as_properties(), ..once });
        let alias = PropertiesBuf::new().with(Property::TopicAlias(1));
        add("publish with an alias", Publish { properties: alias.as_properties(), ..once });
    }
}

fn requests(version: Version, each: Each<'_>) {
    let packet_id = ID;
    let identifier =
        PropertiesBuf::new().with(Property::SubscriptionIdentifier(17)).with(Property::UserProperty("a", "b"));
    let user = PropertiesBuf::new().with(Property::UserProperty("a", "b"));
    let mut subscribe = |name, filters: &SubscriptionsBuf, properties: Option<&PropertiesBuf>| {
        let properties = properties.map(PropertiesBuf::as_properties).unwrap_or_default();
        let packet = Packet::Subscribe(Subscribe { packet_id, properties, filters: filters.as_subscriptions() });
        each(name, &encoded(&packet, version), Sender::Client);
    };
    let at = SubscriptionOptions::at;
    let one: SubscriptionsBuf = [("quiet/filter", at(QoS::AtLeastOnce))].into_iter().collect();
    let two: SubscriptionsBuf =
        [("quiet/+/x", at(QoS::ExactlyOnce)), ("quiet/a/#", at(QoS::AtMostOnce))].into_iter().collect();
    subscribe("subscribe", &one, None);
    subscribe("subscribe to two", &two, None);
    // Without its last byte, the options, each is as long as buffers like to be.
    let overhead = 2 + usize::from(is_5(version)) + 2 + 1;
    for (name, body) in [("subscribe of 129 bytes", 129), ("subscribe of 1025 bytes", 1025)] {
        let filter = format!("quiet/{}", "l".repeat(body - overhead - "quiet/".len()));
        let long: SubscriptionsBuf = [(filter.as_str(), at(QoS::AtLeastOnce))].into_iter().collect();
        subscribe(name, &long, None);
    }
    if is_5(version) {
        let options = SubscriptionOptions {
            no_local: true,
            retain_as_published: true,
            retain_handling: RetainHandling::SendIfNew,
            ..at(QoS::ExactlyOnce)
        };
        let with_options: SubscriptionsBuf = [("quiet/filter", options)].into_iter().collect();
        let share: SubscriptionsBuf = [("$share/group/quiet/a", at(QoS::AtLeastOnce))].into_iter().collect();
        subscribe("subscribe with properties", &with_options, Some(&identifier));
        subscribe("subscribe to a share", &share, None);
    }
    let filters: [(&'static str, TopicFiltersBuf); 2] = [
        ("unsubscribe", ["quiet/filter"].into_iter().collect()),
        ("unsubscribe from two", ["quiet/+/x", "quiet/a/#"].into_iter().collect()),
    ];
    for (name, filters) in &filters {
        let properties = if is_5(version) { user.as_properties() } else { Properties::default() };
        let packet = Packet::Unsubscribe(Unsubscribe { packet_id, properties, filters: filters.as_topic_filters() });
        each(name, &encoded(&packet, version), Sender::Client);
    }
}

fn others(version: Version, each: Each<'_>) {
    let mut add = |name, packet: &Packet<'_>| each(name, &encoded(packet, version), Sender::Client);
    let plain = Acknowledgement::success(ID);
    add("puback", &Packet::Puback(plain));
    add("pubrec", &Packet::Pubrec(plain));
    add("pubrel", &Packet::Pubrel(plain));
    add("pubcomp", &Packet::Pubcomp(plain));
    add("pingreq", &Packet::Pingreq);
    add("disconnect", &Packet::Disconnect(Disconnect::default()));
    if is_5(version) {
        let explained =
            PropertiesBuf::new().with(Property::ReasonString("why not")).with(Property::UserProperty("a", "b"));
        let properties = explained.as_properties();
        let refusing = Acknowledgement { reason: ReasonCode(0x83), properties, ..plain };
        add("puback with properties", &Packet::Puback(refusing));
        add("pubrec with properties", &Packet::Pubrec(refusing));
        add("pubrel with properties", &Packet::Pubrel(Acknowledgement { reason: ReasonCode(0x92), ..refusing }));
        let leaving = PropertiesBuf::new()
            .with(Property::SessionExpiryInterval(0))
            .with(Property::ReasonString("why not"))
            .with(Property::UserProperty("a", "b"));
        let disconnect = Disconnect { reason: ReasonCode(0x04), properties: leaving.as_properties() };
        add("disconnect with properties", &Packet::Disconnect(disconnect));
        let method = PropertiesBuf::new()
            .with(Property::AuthenticationMethod("PLAIN"))
            .with(Property::AuthenticationData(b"17"));
        let auth = Auth { reason: ReasonCode(0x18), properties: method.as_properties() };
        add("auth", &Packet::Auth(auth));
    }
}

/// Packets that no client sends.
fn of_servers(version: Version, each: Each<'_>) {
    let mut add = |name, packet: &Packet<'_>| each(name, &encoded(packet, version), Sender::Server);
    let packet_id = ID;
    add("connack", &Packet::Connack(Connack::default()));
    let reasons = ReasonCodes::from(&[0u8][..]);
    add("suback", &Packet::Suback(Suback { packet_id, reasons, properties: Properties::default() }));
    let reasons = if is_5(version) { ReasonCodes::from(&[0u8][..]) } else { ReasonCodes::from(&[][..]) };
    add("unsuback", &Packet::Unsuback(Unsuback { packet_id, reasons, properties: Properties::default() }));
    add("pingresp", &Packet::Pingresp);
}
