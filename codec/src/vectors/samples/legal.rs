//! Legal packets to start from: every packet of every version, from the smallest to one with all it can hold.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use core::num::NonZeroU16;

use crate::packet::{
    Acknowledgement, Auth, Connack, Connect, Context, Disconnect, Packet, PacketType, Properties, PropertiesBuf,
    Property, Publish, QoS, ReasonCode, ReasonCodes, RetainHandling, Sender, Suback, Subscribe, SubscriptionOptions,
    SubscriptionsBuf, TopicFiltersBuf, Unsuback, Unsubscribe, Version, Will,
};
use crate::vectors::values::Values;

/// A legal packet.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// What it is; unique among those of its version and sender.
    pub(crate) title: String,
    /// Version, and a side that may send it.
    pub(crate) context: Context,
    /// The packet.
    pub(crate) bytes: Bytes,
    /// What the packet says that the bytes were written from: not what a decoder makes of them.
    pub(crate) values: Option<Values>,
}

/// Collects samples of one version.
struct Samples {
    version: Version,
    all: Vec<Sample>,
}

impl Samples {
    /// Adds a packet once for each side that may send it.
    fn add(&mut self, title: &str, packet: &Packet<'_>) {
        let by = packet.packet_type().sent_by(self.version);
        for from in [Sender::Client, Sender::Server] {
            if by.may_be(from) {
                self.add_from(title, from, packet);
            }
        }
    }

    fn add_from(&mut self, title: &str, from: Sender, packet: &Packet<'_>) {
        self.all.push(Sample::of(title, Context::new(self.version, from), packet));
    }
}

impl Sample {
    /// The packet as a sample.
    pub(super) fn of(title: &str, context: Context, packet: &Packet<'_>) -> Self {
        let version = context.version;
        let bytes = packet.to_bytes(version).unwrap_or_else(|error| panic!("{title}: {error}"));
        Self { title: title.into(), context, bytes, values: Some(Values::of(packet, version)) }
    }
}

fn id(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap_or(NonZeroU16::MIN)
}

/// All samples of one version.
pub(crate) fn samples(version: Version) -> Vec<Sample> {
    let mut samples = Samples { version, all: Vec::new() };
    connects(&mut samples);
    connacks(&mut samples);
    publishes(&mut samples);
    acknowledgements(&mut samples);
    subscriptions(&mut samples);
    samples.add("pingreq", &Packet::Pingreq);
    samples.add("pingresp", &Packet::Pingresp);
    endings(&mut samples);
    samples.all
}

fn connects(samples: &mut Samples) {
    let v5 = samples.version.has_properties();
    let plain = Connect { clean_start: true, keep_alive: 60, client_id: "watcher", ..Connect::default() };
    samples.add("connect", &Packet::Connect(plain));
    if samples.version != Version::V3_1 {
        samples.add("connect without client identifier", &Packet::Connect(Connect { client_id: "", ..plain }));
    }
    let will =
        Will { qos: QoS::AtLeastOnce, retain: true, topic: "will/of/watcher", payload: b"gone", ..Will::default() };
    samples.add("connect with will", &Packet::Connect(Connect { will: Some(will), ..plain }));
    let of_bytes = Will { payload: b"\xFF\xFE", ..will };
    samples.add("connect with a will of bytes", &Packet::Connect(Connect { will: Some(of_bytes), ..plain }));
    samples.add("connect with user name", &Packet::Connect(Connect { user_name: Some("lyra"), ..plain }));
    let named = Connect { user_name: Some("lyra"), password: Some(b"pan"), ..plain };
    samples.add("connect with user name and password", &Packet::Connect(named));
    if v5 {
        samples.add("connect with password", &Packet::Connect(Connect { password: Some(b"pan"), ..plain }));
    }
    let all = connect_properties();
    let all_of_will = will_properties();
    let (properties, of_will) =
        if v5 { (all.as_properties(), all_of_will.as_properties()) } else { (Properties::EMPTY, Properties::EMPTY) };
    let will = Will { properties: of_will, ..will };
    samples.add("connect with everything", &Packet::Connect(Connect { properties, will: Some(will), ..named }));
}

fn connect_properties() -> PropertiesBuf {
    [
        Property::SessionExpiryInterval(3600),
        Property::ReceiveMaximum(20),
        Property::MaximumPacketSize(65_536),
        Property::TopicAliasMaximum(10),
        Property::RequestResponseInformation(1),
        Property::RequestProblemInformation(0),
        Property::UserProperty("colour", "red"),
        Property::UserProperty("colour", "blue"),
        Property::AuthenticationMethod("SCRAM-SHA-1"),
        Property::AuthenticationData(b"client-first"),
    ]
    .into_iter()
    .collect()
}

fn will_properties() -> PropertiesBuf {
    [
        Property::WillDelayInterval(5),
        Property::PayloadFormatIndicator(1),
        Property::MessageExpiryInterval(30),
        Property::ContentType("text/plain"),
        Property::ResponseTopic("answers/will"),
        Property::CorrelationData(b"\x00\x01"),
        Property::UserProperty("why", "gone"),
    ]
    .into_iter()
    .collect()
}

fn connacks(samples: &mut Samples) {
    let plain = Connack::default();
    samples.add("connack", &Packet::Connack(plain));
    samples.add("connack with session", &Packet::Connack(Connack { session_present: true, ..plain }));
    let v5 = samples.version.has_properties();
    let refused = if v5 { ReasonCode::NOT_AUTHORIZED } else { ReasonCode::NOT_AUTHORIZED_3 };
    samples.add("connack that refuses", &Packet::Connack(Connack { reason: refused, ..plain }));
    if v5 {
        let all = connack_properties();
        samples.add("connack with everything", &Packet::Connack(Connack { properties: all.as_properties(), ..plain }));
    }
}

fn connack_properties() -> PropertiesBuf {
    [
        Property::SessionExpiryInterval(60),
        Property::ReceiveMaximum(100),
        Property::MaximumQoS(1),
        Property::RetainAvailable(0),
        Property::MaximumPacketSize(1_000_000),
        Property::AssignedClientIdentifier("auto-1"),
        Property::TopicAliasMaximum(5),
        Property::ReasonString("welcome"),
        Property::WildcardSubscriptionAvailable(1),
        Property::SubscriptionIdentifierAvailable(0),
        Property::SharedSubscriptionAvailable(1),
        Property::ServerKeepAlive(30),
        Property::ResponseInformation("answers/"),
        Property::ServerReference("other.example"),
        Property::AuthenticationMethod("SCRAM-SHA-1"),
        Property::AuthenticationData(b"server-final"),
        Property::UserProperty("node", "7"),
    ]
    .into_iter()
    .collect()
}

fn publishes(samples: &mut Samples) {
    let plain = Publish { topic: "sport/tennis", payload: b"3-0", ..Publish::default() };
    samples.add("publish of qos 0", &Packet::Publish(plain));
    samples.add("publish without payload", &Packet::Publish(Publish { payload: b"", retain: true, ..plain }));
    let acknowledged = Publish { qos: QoS::AtLeastOnce, packet_id: Some(id(10)), ..plain };
    samples.add("publish of qos 1", &Packet::Publish(acknowledged));
    samples.add("publish of qos 1 without payload", &Packet::Publish(Publish { payload: b"", ..acknowledged }));
    let twice = Publish { qos: QoS::ExactlyOnce, dup: true, ..acknowledged };
    samples.add("publish of qos 2, sent again", &Packet::Publish(twice));
    let long = [b'x'; 300];
    samples.add("publish with a long payload", &Packet::Publish(Publish { payload: &long, ..plain }));
    if samples.version.has_properties() {
        publishes_with_properties(samples, plain);
    }
}

fn publishes_with_properties(samples: &mut Samples, plain: Publish<'_>) {
    let alias = PropertiesBuf::new().with(Property::TopicAlias(7));
    let by_alias = Publish { topic: "", properties: alias.as_properties(), ..plain };
    samples.add("publish by topic alias", &Packet::Publish(by_alias));
    let all: PropertiesBuf = [
        Property::PayloadFormatIndicator(0),
        Property::MessageExpiryInterval(60),
        Property::TopicAlias(3),
        Property::ResponseTopic("answers/1"),
        Property::CorrelationData(b"\xff"),
        Property::UserProperty("a", "b"),
        Property::ContentType("text/plain"),
        Property::UserProperty("a", "b"),
    ]
    .into_iter()
    .collect();
    let properties = all.as_properties();
    samples.add("publish with everything", &Packet::Publish(Publish { properties, ..plain }));
    samples.add("publish that ends with properties", &Packet::Publish(Publish { properties, payload: b"", ..plain }));
    let identifiers: PropertiesBuf =
        [Property::SubscriptionIdentifier(1), Property::SubscriptionIdentifier(268_435_455)].into_iter().collect();
    let matched = Publish { properties: identifiers.as_properties(), ..plain };
    samples.add_from("publish for two subscriptions", Sender::Server, &Packet::Publish(matched));
}

fn acknowledgements(samples: &mut Samples) {
    acknowledgements_of(samples, PacketType::Puback, ReasonCode::QUOTA_EXCEEDED);
    acknowledgements_of(samples, PacketType::Pubrec, ReasonCode::QUOTA_EXCEEDED);
    acknowledgements_of(samples, PacketType::Pubrel, ReasonCode::PACKET_IDENTIFIER_NOT_FOUND);
    acknowledgements_of(samples, PacketType::Pubcomp, ReasonCode::PACKET_IDENTIFIER_NOT_FOUND);
}

/// One kind of acknowledgement, in each of its forms.
fn acknowledgements_of(samples: &mut Samples, packet_type: PacketType, reason: ReasonCode) {
    let title = packet_type.name().to_lowercase();
    let packet = |ack| acknowledgement(packet_type, ack);
    let plain = Acknowledgement::success(id(10));
    samples.add(&title, &packet(plain));
    if samples.version.has_properties() {
        samples.add(&format!("{title} with a reason"), &packet(Acknowledgement { reason, ..plain }));
        let explained = explanation();
        let full = Acknowledgement { reason, properties: explained.as_properties(), ..plain };
        samples.add(&format!("{title} with everything"), &packet(full));
    }
}

/// The acknowledgement as a packet of this type.
fn acknowledgement(packet_type: PacketType, acknowledgement: Acknowledgement<'_>) -> Packet<'_> {
    match packet_type {
        PacketType::Puback => Packet::Puback(acknowledgement),
        PacketType::Pubrec => Packet::Pubrec(acknowledgement),
        PacketType::Pubrel => Packet::Pubrel(acknowledgement),
        _ => Packet::Pubcomp(acknowledgement),
    }
}

/// The properties that nearly every answer may have.
fn explanation() -> PropertiesBuf {
    [Property::ReasonString("because"), Property::UserProperty("a", "b")].into_iter().collect()
}

fn subscriptions(samples: &mut Samples) {
    let v5 = samples.version.has_properties();
    let one: SubscriptionsBuf = [("sport/tennis", QoS::AtLeastOnce)].into_iter().collect();
    let (packet_id, properties) = (id(11), Properties::EMPTY);
    let plain = Subscribe { packet_id, properties, filters: one.as_subscriptions() };
    samples.add("subscribe", &Packet::Subscribe(plain));
    let many: SubscriptionsBuf =
        [("sport/+/score", QoS::ExactlyOnce), ("#", QoS::AtMostOnce), ("/", QoS::AtMostOnce)].into_iter().collect();
    samples.add("subscribe to many", &Packet::Subscribe(Subscribe { filters: many.as_subscriptions(), ..plain }));
    let filters: TopicFiltersBuf = ["sport/tennis", "news/#"].into_iter().collect();
    let unsubscribe = Unsubscribe { packet_id, properties, filters: filters.as_topic_filters() };
    samples.add("unsubscribe", &Packet::Unsubscribe(unsubscribe));
    let one = Suback { packet_id, properties, reasons: ReasonCodes::from(&[1]) };
    samples.add("suback", &Packet::Suback(one));
    let reasons: &[u8; 3] = if samples.version == Version::V3_1 { &[0, 2, 1] } else { &[0, 0x80, 2] };
    samples.add("suback for many", &Packet::Suback(Suback { reasons: ReasonCodes::from(reasons), ..one }));
    let reasons = if v5 { ReasonCodes::from(&[0, 0x11]) } else { ReasonCodes::EMPTY };
    let unsuback = Unsuback { packet_id, properties, reasons };
    samples.add("unsuback", &Packet::Unsuback(unsuback));
    if v5 {
        subscriptions_with_properties(samples, (plain, unsubscribe, one, unsuback));
    }
}

fn subscriptions_with_properties(
    samples: &mut Samples,
    (subscribe, unsubscribe, suback, unsuback): (Subscribe<'_>, Unsubscribe<'_>, Suback<'_>, Unsuback<'_>),
) {
    let options = SubscriptionOptions {
        qos: QoS::ExactlyOnce,
        no_local: true,
        retain_as_published: true,
        retain_handling: RetainHandling::DoNotSend,
    };
    let shared = SubscriptionOptions { no_local: false, ..options };
    let filters: SubscriptionsBuf = [("$share/group/sport/#", shared), ("sport/tennis", options)].into_iter().collect();
    let properties: PropertiesBuf =
        [Property::SubscriptionIdentifier(200), Property::UserProperty("a", "b")].into_iter().collect();
    let full = Subscribe { properties: properties.as_properties(), filters: filters.as_subscriptions(), ..subscribe };
    samples.add("subscribe with everything", &Packet::Subscribe(full));
    let identifier = PropertiesBuf::new().with(Property::SubscriptionIdentifier(1));
    let identified = Subscribe { properties: identifier.as_properties(), ..subscribe };
    samples.add("subscribe with an identifier", &Packet::Subscribe(identified));
    let pair = PropertiesBuf::new().with(Property::UserProperty("a", ""));
    let full = Unsubscribe { properties: pair.as_properties(), ..unsubscribe };
    samples.add("unsubscribe with everything", &Packet::Unsubscribe(full));
    let explained = explanation();
    let full = Suback { properties: explained.as_properties(), ..suback };
    samples.add("suback with everything", &Packet::Suback(full));
    let full = Unsuback { properties: explained.as_properties(), ..unsuback };
    samples.add("unsuback with everything", &Packet::Unsuback(full));
}

fn endings(samples: &mut Samples) {
    samples.add("disconnect", &Packet::Disconnect(Disconnect::default()));
    if !samples.version.has_properties() {
        return;
    }
    let reason = ReasonCode::UNSPECIFIED_ERROR;
    samples.add("disconnect for a reason", &Packet::Disconnect(Disconnect { reason, ..Disconnect::default() }));
    let expiry: PropertiesBuf =
        [Property::SessionExpiryInterval(0), Property::ReasonString("bye"), Property::UserProperty("a", "b")]
            .into_iter()
            .collect();
    let by_client = Disconnect { properties: expiry.as_properties(), ..Disconnect::default() };
    samples.add_from("disconnect of a client", Sender::Client, &Packet::Disconnect(by_client));
    let moved: PropertiesBuf =
        [Property::ServerReference("other.example"), Property::UserProperty("a", "b")].into_iter().collect();
    let by_server = Disconnect { reason: ReasonCode::SERVER_MOVED, properties: moved.as_properties() };
    samples.add_from("disconnect of a server", Sender::Server, &Packet::Disconnect(by_server));
    let method = PropertiesBuf::new().with(Property::AuthenticationMethod("SCRAM-SHA-1"));
    let step = Auth { reason: ReasonCode::CONTINUE_AUTHENTICATION, properties: method.as_properties() };
    samples.add("auth", &Packet::Auth(step));
    let full = method.clone().with(Property::AuthenticationData(b"next")).with(Property::ReasonString("go on"));
    let full = full.with(Property::UserProperty("a", "b"));
    samples.add("auth with everything", &Packet::Auth(Auth { properties: full.as_properties(), ..step }));
}

/// The samples of all versions.
pub(crate) fn all_samples() -> Vec<Sample> {
    Version::ALL.into_iter().flat_map(samples).collect()
}
