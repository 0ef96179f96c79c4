//! Features: what a broker offers or not, as it announces it and as it works.

use super::attempts::{Message, comes, there_and_back};
use super::client::{Gone, KEEP_ALIVE};
use super::finding::{Cell, Group, Value};
use super::prober::{Over, Prober, Question};
use super::search::Outcome;
use mqtt_assay_codec::{Packet, PacketType, Properties, PropertiesBuf, Property, QoS, ReasonCode, Version};

const QOS_1: Question = ("qos-1", Group::Features, "QoS 1");
const QOS_2: Question = ("qos-2", Group::Features, "QoS 2");
const RETAIN: Question = ("retain", Group::Features, "retained messages");
const WILDCARDS: Question = ("wildcards", Group::Features, "wildcards in filters");
const SHARED: Question = ("shared-subscriptions", Group::Features, "shared subscriptions");
const IDENTIFIERS: Question = ("subscription-identifiers", Group::Features, "subscription identifiers");
const ALIASES: Question = ("topic-aliases", Group::Features, "takes topic aliases");
const OWN_ALIASES: Question = ("sends-topic-aliases", Group::Features, "sends topic aliases");
const USER_PROPERTIES: Question = ("user-properties", Group::Features, "forwards user properties");
const ASSIGNED_ID: Question = ("assigned-client-id", Group::Features, "assigns client identifiers");
const AUTHENTICATION: Question = ("enhanced-authentication", Group::Features, "unknown auth method");
const RESPONSE: Question = ("response-information", Group::Features, "response information");

/// The Topic Alias Maximum that a broker may use towards us.
const OUR_ALIASES: u16 = 10;

/// A method that no broker has.
const NO_METHOD: &str = "MQTT-ASSAY-NONE";

/// Asks for all of them.
pub(super) async fn ask(prober: &mut Prober<'_>, version: Version) -> Result<(), Over> {
    for (question, qos) in [(QOS_1, QoS::AtLeastOnce), (QOS_2, QoS::ExactlyOnce)] {
        let announced = announced(prober, version, |properties| {
            properties.maximum_qos().map_or(Value::Is(true), |most| Value::Is(most >= qos as u8))
        });
        let topic = prober.topic(question.0);
        prober.step(version, question.2);
        let tried = carries(prober, version, Message::new(&topic, b"a message", qos)).await;
        settle(prober, version, question, announced, tried).await?;
    }
    retain(prober, version).await?;
    wildcards(prober, version).await?;
    shared(prober, version).await?;
    assigned_id(prober, version).await?;
    if version == Version::V5 { only_in_5(prober).await } else { Ok(()) }
}

/// What the broker says in CONNACK, where it can.
fn announced(prober: &Prober<'_>, version: Version, of: impl Fn(&Properties<'_>) -> Value) -> Option<Value> {
    if version != Version::V5 {
        return None;
    }
    prober.with_announced(of)
}

/// Notes what came of a try.
async fn settle(
    prober: &mut Prober<'_>,
    version: Version,
    question: Question,
    announced: Option<Value>,
    tried: Result<(), Gone>,
) -> Result<(), Over> {
    let cell = match prober.outcome(version, question.2, tried).await? {
        Outcome::Taken => Cell::tried(Value::Is(true), ""),
        Outcome::Refused(why) | Outcome::Died(why) => Cell::tried(Value::Is(false), why),
    };
    prober.note(version, question, cell.and_announced(announced));
    Ok(())
}

/// Whether a message of this QoS is taken and comes with it.
async fn carries(prober: &mut Prober<'_>, version: Version, message: Message<'_>) -> Result<(), Gone> {
    let came = there_and_back(prober, version, message.topic, message).await?;
    match came.packet() {
        Packet::Publish(publish) if publish.qos != message.qos => {
            Err(Gone::Otherwise(format!("a message with QoS {}", publish.qos as u8)))
        }
        _ => Ok(()),
    }
}

async fn retain(prober: &mut Prober<'_>, version: Version) -> Result<(), Over> {
    let says = announced(prober, version, |properties| Value::Is(properties.retain_available() != Some(0)));
    let topic = prober.topic(RETAIN.0);
    prober.step(version, RETAIN.2);
    let tried = keeps(prober, version, &topic).await;
    settle(prober, version, RETAIN, says, tried).await
}

async fn keeps(prober: &mut Prober<'_>, version: Version, topic: &str) -> Result<(), Gone> {
    let message = Message { retain: true, ..Message::new(topic, b"kept", prober.best_qos(version)) };
    let mut keeper = prober.connect(version).await?;
    keeper.publish(message.publish()).await?;
    let mut late = prober.connect(version).await?;
    late.subscribe_to(topic, message.qos).await?;
    let came = comes(&mut late, b"kept").await;
    // Nothing is left behind, whatever came.
    let removed = keeper.publish(Message { payload: b"", ..message }.publish()).await;
    late.leave().await;
    keeper.leave().await;
    came?;
    removed
}

async fn wildcards(prober: &mut Prober<'_>, version: Version) -> Result<(), Over> {
    let says =
        announced(prober, version, |properties| Value::Is(properties.wildcard_subscription_available() != Some(0)));
    let qos = prober.best_qos(version);
    let topic = prober.topic("wildcards/one/two");
    let mut tried = Ok(());
    for filter in [prober.topic("wildcards/+/two"), prober.topic("wildcards/#")] {
        prober.step(version, WILDCARDS.2);
        tried = tried.and(
            there_and_back(prober, version, &filter, Message::new(&topic, filter.as_bytes(), qos)).await.map(drop),
        );
    }
    settle(prober, version, WILDCARDS, says, tried).await
}

async fn shared(prober: &mut Prober<'_>, version: Version) -> Result<(), Over> {
    let says =
        announced(prober, version, |properties| Value::Is(properties.shared_subscription_available() != Some(0)));
    prober.step(version, SHARED.2);
    let (qos, topic) = (prober.best_qos(version), prober.topic("shared"));
    let filter = format!("$share/ma{}/{topic}", prober.options.run);
    let tried = there_and_back(prober, version, &filter, Message::new(&topic, b"to one of them", qos)).await;
    settle(prober, version, SHARED, says, tried.map(drop)).await
}

async fn assigned_id(prober: &mut Prober<'_>, version: Version) -> Result<(), Over> {
    prober.step(version, ASSIGNED_ID.2);
    let tried = prober.connect_as(version, "", true, KEEP_ALIVE, PropertiesBuf::new()).await;
    let (tried, says) = match tried {
        Ok(client) => {
            let assigned = client.announced().assigned_client_identifier().is_some();
            client.leave().await;
            (Ok(()), (version == Version::V5).then_some(Value::Is(assigned)))
        }
        Err(gone) => (Err(gone), None),
    };
    settle(prober, version, ASSIGNED_ID, says, tried).await
}

async fn only_in_5(prober: &mut Prober<'_>) -> Result<(), Over> {
    let version = Version::V5;
    let says =
        announced(prober, version, |properties| Value::Is(properties.subscription_identifier_available() != Some(0)));
    prober.step(version, IDENTIFIERS.2);
    let tried = identified(prober).await;
    settle(prober, version, IDENTIFIERS, says, tried).await?;
    let says = announced(prober, version, |properties| Value::Is(properties.topic_alias_maximum().unwrap_or(0) > 0));
    if says == Some(Value::Is(true)) {
        prober.step(version, ALIASES.2);
        let tried = aliased(prober).await;
        settle(prober, version, ALIASES, says, tried).await?;
    } else {
        prober.note(version, ALIASES, Cell { announced: says, ..Cell::default() });
    }
    prober.step(version, OWN_ALIASES.2);
    let cell = match sends_aliases(prober).await {
        Ok(does) => Cell::tried(Value::Is(does), ""),
        Err(gone) => Cell::tried(Value::Is(false), gone.says(version)),
    };
    prober.note(version, OWN_ALIASES, cell);
    prober.step(version, USER_PROPERTIES.2);
    let tried = forwards(prober).await;
    settle(prober, version, USER_PROPERTIES, None, tried).await?;
    prober.step(version, RESPONSE.2);
    let properties = PropertiesBuf::new().with(Property::RequestResponseInformation(1));
    if let Ok(client) = prober.connect_with(version, KEEP_ALIVE, properties).await {
        let says = Value::Is(client.announced().response_information().is_some());
        prober.note(version, RESPONSE, Cell::announced(says));
        client.leave().await;
    }
    unknown_method(prober).await
}

async fn identified(prober: &mut Prober<'_>) -> Result<(), Gone> {
    let (qos, topic) = (prober.best_qos(Version::V5), prober.topic("identified"));
    let mut client = prober.connect(Version::V5).await?;
    let granted = client.subscribe(std::slice::from_ref(&topic), qos, Some(7)).await?;
    if let Some(code) = granted.first().filter(|code| code.is_error()) {
        return Err(Gone::Refused(PacketType::Suback, *code));
    }
    client.publish(Message::new(&topic, b"identified", qos).publish()).await?;
    let came = comes(&mut client, b"identified").await?;
    client.leave().await;
    if came.packet().properties().subscription_identifiers().eq([7]) {
        Ok(())
    } else {
        Err(Gone::Otherwise("a message without the identifier".to_owned()))
    }
}

/// Sets an alias, and publishes by it.
async fn aliased(prober: &mut Prober<'_>) -> Result<(), Gone> {
    let (qos, topic) = (prober.best_qos(Version::V5), prober.topic("aliased"));
    let alias = PropertiesBuf::new().with(Property::TopicAlias(1));
    let mut client = prober.connect(Version::V5).await?;
    client.subscribe_to(&topic, qos).await?;
    for topic in [topic.as_str(), ""] {
        let message = Message { properties: alias.as_properties(), ..Message::new(topic, b"aliased", qos) };
        client.publish(message.publish()).await?;
    }
    for _ in 0..2 {
        comes(&mut client, b"aliased").await?;
    }
    client.leave().await;
    Ok(())
}

/// Whether one of some messages on the same topic comes with an alias.
async fn sends_aliases(prober: &mut Prober<'_>) -> Result<bool, Gone> {
    let (qos, topic) = (prober.best_qos(Version::V5), prober.topic("own-aliases"));
    let properties = PropertiesBuf::new().with(Property::TopicAliasMaximum(OUR_ALIASES));
    let mut client = prober.connect_with(Version::V5, KEEP_ALIVE, properties).await?;
    client.subscribe_to(&topic, qos).await?;
    let mut has_alias = false;
    for payload in [b"1", b"2", b"3"] {
        client.publish(Message::new(&topic, payload, qos).publish()).await?;
        has_alias |= comes(&mut client, payload).await?.packet().properties().topic_alias().is_some();
    }
    client.leave().await;
    Ok(has_alias)
}

async fn forwards(prober: &mut Prober<'_>) -> Result<(), Gone> {
    let (qos, topic) = (prober.best_qos(Version::V5), prober.topic("user-properties"));
    let properties = PropertiesBuf::new().with(Property::UserProperty("name", "value"));
    let message = Message { properties: properties.as_properties(), ..Message::new(&topic, b"with properties", qos) };
    let came = there_and_back(prober, Version::V5, &topic, message).await?;
    if came.packet().properties().user_properties().any(|pair| pair == ("name", "value")) {
        Ok(())
    } else {
        Err(Gone::Otherwise("a message without them".to_owned()))
    }
}

/// What becomes of a method that the broker can't know: with 0x8C it says that it looks at methods.
async fn unknown_method(prober: &mut Prober<'_>) -> Result<(), Over> {
    let version = Version::V5;
    prober.step(version, AUTHENTICATION.2);
    let properties = PropertiesBuf::new().with(Property::AuthenticationMethod(NO_METHOD));
    let words = match prober.connect_with(version, KEEP_ALIVE, properties).await {
        Ok(client) => {
            client.leave().await;
            "let in".to_owned()
        }
        Err(Gone::Refused(PacketType::Connack, ReasonCode(code))) => format!("CONNACK 0x{code:02x}"),
        Err(Gone::Silent(_)) => "no answer".to_owned(),
        Err(_) => "closed".to_owned(),
    };
    let outcome = prober.outcome(version, AUTHENTICATION.2, Ok(())).await?;
    let note = if let Outcome::Died(why) = outcome { why } else { String::new() };
    prober.note(version, AUTHENTICATION, Cell::tried(Value::Words(words), note));
    Ok(())
}
