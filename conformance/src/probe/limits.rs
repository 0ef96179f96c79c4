//! Limits: the largest of each thing that is taken. Those that brokers die of come last.

use super::attempts::Message;
use super::client::{Client, Gone, KEEP_ALIVE};
use super::finding::{Cell, Group, Value};
use super::prober::{Over, Prober, Question};
use super::search::{Largest, Outcome, largest};
use mqtt_assay_codec::{Packet, PacketType, PropertiesBuf, Property, QoS, Version};
use mqtt_assay_standard::bounds;

const RECEIVE_MAXIMUM: Question = ("receive-maximum", Group::Limits, "Receive Maximum");
const IN_FLIGHT: Question = ("in-flight", Group::Limits, "messages in flight to a client");
const ALIAS_MAXIMUM: Question = ("topic-alias-maximum", Group::Limits, "Topic Alias Maximum");
const CLIENT_ID: Question = ("longest-client-id", Group::Limits, "client identifier, bytes");
const FILTERS: Question = ("filters-in-subscribe", Group::Limits, "filters in a SUBSCRIBE");
const USER_PROPERTIES: Question = ("user-properties-in-publish", Group::Limits, "user properties in a PUBLISH");
const CONNECTIONS: Question = ("connections", Group::Limits, "connections side by side");
const TOPIC: Question = ("longest-topic", Group::Limits, "topic, bytes");
const PACKET: Question = ("largest-packet", Group::Limits, "packet, bytes");
const FILTER_LEVELS: Question = ("filter-levels", Group::Limits, "levels of a filter");
const TOPIC_LEVELS: Question = ("topic-levels", Group::Limits, "levels of a topic");

/// What Receive Maximum is where it is not announced (5.0 section 3.2.2.3.3).
const NO_RECEIVE_MAXIMUM: u64 = 65_535;

/// The longest string of MQTT, in bytes.
const LONGEST_STRING: u64 = 65_535;

/// The largest packet of MQTT: five bytes of fixed header, and a remaining length of four times seven bits.
const LARGEST_PACKET: u64 = 268_435_455 + 5;

/// How far is looked where nobody asks for more, and where somebody does.
struct Bounds {
    packet: u64,
    levels: u64,
    filters: u64,
    user_properties: u64,
    in_flight: u64,
}

impl Bounds {
    /// For this broker: one that others may be using is not sent megabytes.
    const fn of(deep: bool, is_private: bool) -> Self {
        match (deep, is_private) {
            (true, _) => {
                Self { packet: LARGEST_PACKET, levels: 32_000, filters: 8192, user_properties: 8192, in_flight: 4096 }
            }
            (false, true) => {
                Self { packet: 16 << 20, levels: 1024, filters: 1024, user_properties: 1024, in_flight: 256 }
            }
            (false, false) => Self { packet: 1 << 20, levels: 128, filters: 256, user_properties: 256, in_flight: 64 },
        }
    }
}

/// Bytes that a long remaining length has more than a short one.
const LONGER_LENGTH: usize = 3;

/// How many connections are opened side by side, at most; what the system allows may be less.
const MOST_CONNECTIONS: u64 = 1000;

/// Asks for all of them.
pub(super) async fn ask(prober: &mut Prober<'_>, version: Version) -> Result<(), Over> {
    let bounds = Bounds::of(prober.options.deep, prober.is_private());
    if version == Version::V5 {
        announced_only(prober);
    }
    in_flight(prober, version, bounds.in_flight).await?;
    search(prober, version, CLIENT_ID, 1, LONGEST_STRING, client_id).await?;
    search(prober, version, FILTERS, 1, bounds.filters, filters).await?;
    if version == Version::V5 {
        search(prober, version, USER_PROPERTIES, 1, bounds.user_properties, user_properties).await?;
    }
    if prober.options.deep {
        connections(prober, version).await?;
    }
    let shortest = prober.topic("").len() as u64 + 1;
    search(prober, version, TOPIC, shortest, LONGEST_STRING, topic).await?;
    packets(prober, version, bounds.packet).await?;
    search(prober, version, FILTER_LEVELS, LEVELS_OF_OURS, bounds.levels, filter_levels).await?;
    search(prober, version, TOPIC_LEVELS, LEVELS_OF_OURS, bounds.levels, topic_levels).await
}

/// Levels of the shortest topic of a run of ours.
const LEVELS_OF_OURS: u64 = 3;

fn announced_only(prober: &Prober<'_>) {
    let receive = prober.with_announced(|properties| properties.receive_maximum().map(u64::from));
    let cell = match receive.flatten() {
        Some(number) => Cell::announced(Value::Number(number)),
        None => Cell {
            note: "not announced, which means 65535".to_owned(),
            ..Cell::announced(Value::Number(NO_RECEIVE_MAXIMUM))
        },
    };
    prober.note(Version::V5, RECEIVE_MAXIMUM, cell);
    let aliases = prober.with_announced(|properties| u64::from(properties.topic_alias_maximum().unwrap_or(0)));
    prober.note(Version::V5, ALIAS_MAXIMUM, Cell { announced: aliases.map(Value::Number), ..Cell::default() });
}

/// Looks for the largest number that is taken.
async fn search(
    prober: &mut Prober<'_>,
    version: Version,
    question: Question,
    first: u64,
    last: u64,
    attempt: impl AsyncFn(&mut Prober<'_>, Version, u64) -> Result<(), Gone>,
) -> Result<(), Over> {
    let mut is_over = false;
    let found = largest(first, last, async |number| {
        prober.step(version, &format!("{}: {number}", question.2));
        let tried = attempt(prober, version, number).await;
        let what = format!("{}: {number}", question.2);
        prober.outcome(version, &what, tried).await.unwrap_or_else(|Over| {
            is_over = true;
            Outcome::Died("the broker is gone".to_owned())
        })
    })
    .await;
    prober.note(version, question, cell_of(&found));
    if is_over { Err(Over) } else { Ok(()) }
}

fn cell_of(found: &Largest) -> Cell {
    let note = match &found.beyond {
        Some((number, why)) => format!("{number}: {why}"),
        None => String::new(),
    };
    Cell {
        announced: None,
        tried: Some(Value::Number(found.taken.unwrap_or(0))),
        at_least: found.beyond.is_none() || found.has_gap,
        note,
    }
}

async fn client_id(prober: &mut Prober<'_>, version: Version, length: u64) -> Result<(), Gone> {
    let ours = prober.client_id();
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let letters = ours.chars().rev().chain(std::iter::repeat('x'));
    let client_id: String = letters.take(length).collect();
    prober.connect_as(version, &client_id, true, KEEP_ALIVE, PropertiesBuf::new()).await?.leave().await;
    Ok(())
}

async fn filters(prober: &mut Prober<'_>, version: Version, count: u64) -> Result<(), Gone> {
    let filters: Vec<String> = (0..count).map(|number| prober.topic(&format!("f/{number}"))).collect();
    let mut client = prober.connect(version).await?;
    let granted = client.subscribe(&filters, prober.best_qos(version), None).await?;
    client.leave().await;
    match granted.iter().find(|code| code.is_error()) {
        Some(code) => Err(Gone::Refused(PacketType::Suback, *code)),
        None => Ok(()),
    }
}

async fn user_properties(prober: &mut Prober<'_>, version: Version, count: u64) -> Result<(), Gone> {
    let mut properties = PropertiesBuf::new();
    for _ in 0..count {
        let pushed = properties.push(Property::UserProperty("name", "value"));
        pushed.map_err(|error| Gone::Unsendable(error.to_string()))?;
    }
    let topic = prober.topic("properties");
    let message = Message {
        properties: properties.as_properties(),
        ..Message::new(&topic, b"with properties", prober.best_qos(version))
    };
    published(prober, version, message).await
}

async fn topic(prober: &mut Prober<'_>, version: Version, length: u64) -> Result<(), Gone> {
    let head = prober.topic("");
    let rest = usize::try_from(length).unwrap_or(usize::MAX).saturating_sub(head.len());
    let topic = format!("{head}{}", "t".repeat(rest));
    published(prober, version, Message::new(&topic, b"far away", prober.best_qos(version))).await
}

/// A topic or a filter of so many levels, the first of them ours.
fn of_levels(prober: &Prober<'_>, levels: u64) -> String {
    let more = levels.saturating_sub(LEVELS_OF_OURS);
    prober.topic("a") + &"/a".repeat(usize::try_from(more).unwrap_or(usize::MAX))
}

async fn topic_levels(prober: &mut Prober<'_>, version: Version, levels: u64) -> Result<(), Gone> {
    let topic = of_levels(prober, levels);
    published(prober, version, Message::new(&topic, b"far down", prober.best_qos(version))).await
}

async fn filter_levels(prober: &mut Prober<'_>, version: Version, levels: u64) -> Result<(), Gone> {
    let filter = of_levels(prober, levels);
    let mut client = prober.connect(version).await?;
    client.subscribe_to(&filter, prober.best_qos(version)).await?;
    client.leave().await;
    Ok(())
}

/// Packets, up to one beyond what the broker announces.
async fn packets(prober: &mut Prober<'_>, version: Version, most: u64) -> Result<(), Over> {
    let announced = prober.with_announced(|properties| properties.maximum_packet_size().map(u64::from)).flatten();
    let announced = announced.filter(|_| version == Version::V5);
    let most = announced.map_or(most, |limit| most.min(limit + 1));
    search(prober, version, PACKET, 64, most, packet).await?;
    let known = prober.found.borrow().cell(PACKET.0, version).cloned().unwrap_or_default();
    prober.note(version, PACKET, known.and_announced(announced.map(Value::Number)));
    Ok(())
}

/// A PUBLISH of this many bytes, the fixed header included.
async fn packet(prober: &mut Prober<'_>, version: Version, size: u64) -> Result<(), Gone> {
    let topic = prober.topic("p");
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let message = Message::new(&topic, b"", prober.best_qos(version));
    let packet_id = (message.qos != QoS::AtMostOnce).then_some(mqtt_assay_codec::PacketId::MIN);
    let length = |payload: &[u8]| {
        let publish = mqtt_assay_codec::Publish { packet_id, ..Message { payload, ..message }.publish() };
        Packet::Publish(publish).encoded_len(version).map_err(|error| Gone::Unsendable(error.to_string()))
    };
    let head = length(b"")?;
    let mut payload = Vec::with_capacity(size);
    // The remaining length takes up to three bytes more than without a payload.
    payload.resize(size.saturating_sub(head + LONGER_LENGTH), b'p');
    while length(&payload)? < size {
        payload.push(b'p');
    }
    published(prober, version, Message { payload: &payload, ..message }).await
}

async fn published(prober: &mut Prober<'_>, version: Version, message: Message<'_>) -> Result<(), Gone> {
    let mut client = prober.connect(version).await?;
    client.publish(message.publish()).await?;
    client.leave().await;
    Ok(())
}

/// How many messages the broker has on their way to a client that acknowledges none.
async fn in_flight(prober: &mut Prober<'_>, version: Version, most: u64) -> Result<(), Over> {
    if prober.best_qos(version) == QoS::AtMostOnce {
        return Ok(());
    }
    prober.step(version, IN_FLIGHT.2);
    let counted = count_in_flight(prober, version, most).await;
    let (count, tried) = match counted {
        Ok(count) => (Some(count), Ok(())),
        Err(gone) => (None, Err(gone)),
    };
    let cell = match (prober.outcome(version, IN_FLIGHT.2, tried).await?, count) {
        (Outcome::Taken, Some(count)) => {
            let cell = Cell::tried(Value::Number(count), "");
            Cell { at_least: count >= most, ..cell }
        }
        (Outcome::Died(why) | Outcome::Refused(why), _) => Cell::tried(Value::Words("unknown".to_owned()), why),
        (Outcome::Taken, None) => return Ok(()),
    };
    prober.note(version, IN_FLIGHT, cell);
    Ok(())
}

async fn count_in_flight(prober: &mut Prober<'_>, version: Version, most: u64) -> Result<u64, Gone> {
    let topic = prober.topic("in-flight");
    let mut holder = prober.connect(version).await?;
    holder.subscribe_to(&topic, QoS::AtLeastOnce).await?;
    holder.holds = true;
    let mut publisher = prober.connect(version).await?;
    for _ in 0..most {
        publisher.publish(Message::new(&topic, b"on its way", QoS::AtLeastOnce).publish()).await?;
    }
    publisher.leave().await;
    let mut count = 0;
    while count < most && comes_soon(&mut holder).await? {
        count += 1;
    }
    holder.leave().await;
    Ok(count)
}

/// Whether one more message comes; a broker that has sent all that it may is silent.
async fn comes_soon(holder: &mut Client) -> Result<bool, Gone> {
    let is_new = |packet: &Packet<'_>| matches!(packet, Packet::Publish(publish) if !publish.dup);
    match holder.receive_within(bounds::TRIAL, is_new).await {
        Ok(_) => Ok(true),
        Err(Gone::Silent(_)) => Ok(false),
        Err(gone) => Err(gone),
    }
}

/// How many clients are let in side by side.
async fn connections(prober: &mut Prober<'_>, version: Version) -> Result<(), Over> {
    let mut clients = Vec::new();
    let mut tried = Ok(());
    while tried.is_ok() && clients.len() < MOST_CONNECTIONS as usize {
        prober.step(version, &format!("{}: {}", CONNECTIONS.2, clients.len() + 1));
        match prober.connect(version).await {
            Ok(client) => clients.push(client),
            Err(gone) => tried = Err(gone),
        }
    }
    let count = clients.len() as u64;
    // A machine that has no sockets left says nothing of the broker.
    let is_ours = matches!(&tried, Err(Gone::Unreachable(_)));
    drop(clients);
    let cell = Cell { at_least: tried.is_ok() || is_ours, ..Cell::tried(Value::Number(count), "") };
    let note = match prober.outcome(version, CONNECTIONS.2, tried).await? {
        Outcome::Taken => String::new(),
        Outcome::Refused(why) | Outcome::Died(why) => format!("{}: {why}", count + 1),
    };
    prober.note(version, CONNECTIONS, Cell { note, ..cell });
    Ok(())
}
