//! The two clients of rumqttc, for 3.1.1 and for 5, behind one face. Nothing moves but while `poll` is awaited.

use rumqttc::{Outgoing, v5};
use std::time::Duration;

const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// How a client connects.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    pub port: u16,
    pub is_v5: bool,
    pub client_id: &'a str,
    pub password: &'a str,
    pub keeps_session: bool,
    pub manual_acks: bool,
    /// Topic of a will with QoS 1 and RETAIN.
    pub will: Option<&'a str>,
}

/// A message as the library hands it over.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub topic: String,
    pub payload: String,
    pub qos: u8,
    pub retain: bool,
    pub dup: bool,
    pub packet_id: u16,
    pub properties: Option<v5::mqttbytes::v5::PublishProperties>,
    original: Original,
}

/// What the library wants back for an acknowledgement.
#[derive(Clone, Debug, PartialEq)]
enum Original {
    V4(rumqttc::Publish),
    V5(v5::mqttbytes::v5::Publish),
}

/// What one poll told. Codes are the library's words for them.
#[derive(Debug)]
pub enum Seen {
    Connack {
        session_present: bool,
    },
    Message(Box<Message>),
    Suback(Vec<String>),
    Unsuback(Vec<String>),
    /// PUBACK, PUBCOMP, or a PUBREC that refuses.
    Acknowledged(String),
    /// A PUBLISH has been written.
    Sent,
    /// A PUBACK has been written.
    Thanked,
    /// A DISCONNECT has been written.
    Left,
    Other,
}

/// A client and its event loop.
pub enum Link {
    V4(rumqttc::AsyncClient, Box<rumqttc::EventLoop>),
    V5(v5::AsyncClient, Box<v5::EventLoop>),
}

fn qos_4(qos: u8) -> rumqttc::QoS {
    rumqttc::qos(qos).expect("0, 1 or 2")
}

fn qos_5(qos: u8) -> v5::mqttbytes::QoS {
    v5::mqttbytes::qos(qos).expect("0, 1 or 2")
}

impl Link {
    pub fn new(settings: Settings<'_>) -> Self {
        if settings.is_v5 { Self::new_5(settings) } else { Self::new_4(settings) }
    }

    fn new_4(settings: Settings<'_>) -> Self {
        let mut options = rumqttc::MqttOptions::new(settings.client_id, "127.0.0.1", settings.port);
        options.set_keep_alive(KEEP_ALIVE).set_credentials("ann", settings.password);
        options.set_clean_session(!settings.keeps_session).set_manual_acks(settings.manual_acks);
        if let Some(topic) = settings.will {
            options.set_last_will(rumqttc::LastWill::new(topic, "gone", qos_4(1), true));
        }
        let (client, events) = rumqttc::AsyncClient::new(options, 10);
        Self::V4(client, Box::new(events))
    }

    fn new_5(settings: Settings<'_>) -> Self {
        let mut options = v5::MqttOptions::new(settings.client_id, "127.0.0.1", settings.port);
        options.set_keep_alive(KEEP_ALIVE).set_credentials("ann", settings.password);
        options.set_clean_start(!settings.keeps_session).set_manual_acks(settings.manual_acks);
        options.set_session_expiry_interval(Some(if settings.keeps_session { 600 } else { 0 }));
        if let Some(topic) = settings.will {
            options.set_last_will(v5::mqttbytes::v5::LastWill::new(topic, "gone", qos_5(1), true, None));
        }
        let (client, events) = v5::AsyncClient::new(options, 10);
        Self::V5(client, Box::new(events))
    }

    /// Connects if there is no connection, then gives the next event; an error in the library's words.
    pub async fn poll(&mut self) -> Result<Seen, String> {
        match self {
            Self::V4(_, events) => events.poll().await.map(seen_4).map_err(|error| format!("{error:?}")),
            Self::V5(_, events) => events.poll().await.map(seen_5).map_err(|error| format!("{error:?}")),
        }
    }

    /// Drops the network connection without a DISCONNECT, and keeps what is to be sent again.
    pub fn drop_connection(&mut self) {
        match self {
            Self::V4(_, events) => events.clean(),
            Self::V5(_, events) => events.clean(),
        }
    }

    pub async fn publish(&self, topic: &str, payload: &str, qos: u8, retain: bool) {
        let queued = match self {
            Self::V4(client, _) => client.publish(topic, qos_4(qos), retain, payload).await.is_ok(),
            Self::V5(client, _) => client.publish(topic, qos_5(qos), retain, payload.to_owned()).await.is_ok(),
        };
        assert!(queued, "rumqttc takes no PUBLISH to {topic}");
    }

    pub async fn subscribe(&self, filter: &str, qos: u8) {
        let queued = match self {
            Self::V4(client, _) => client.subscribe(filter, qos_4(qos)).await.is_ok(),
            Self::V5(client, _) => client.subscribe(filter, qos_5(qos)).await.is_ok(),
        };
        assert!(queued, "rumqttc takes no SUBSCRIBE to {filter}");
    }

    pub async fn unsubscribe(&self, filter: &str) {
        let queued = match self {
            Self::V4(client, _) => client.unsubscribe(filter).await.is_ok(),
            Self::V5(client, _) => client.unsubscribe(filter).await.is_ok(),
        };
        assert!(queued, "rumqttc takes no UNSUBSCRIBE from {filter}");
    }

    pub async fn acknowledge(&self, message: &Message) {
        let queued = match (self, &message.original) {
            (Self::V4(client, _), Original::V4(publish)) => client.ack(publish).await.is_ok(),
            (Self::V5(client, _), Original::V5(publish)) => client.ack(publish).await.is_ok(),
            _ => false,
        };
        assert!(queued, "rumqttc takes no PUBACK");
    }

    pub async fn disconnect(&self) {
        let queued = match self {
            Self::V4(client, _) => client.disconnect().await.is_ok(),
            Self::V5(client, _) => client.disconnect().await.is_ok(),
        };
        assert!(queued, "rumqttc takes no DISCONNECT");
    }
}

fn words<T: std::fmt::Debug>(codes: &[T]) -> Vec<String> {
    codes.iter().map(|code| format!("{code:?}")).collect()
}

fn outgoing(outgoing: &Outgoing) -> Seen {
    match outgoing {
        Outgoing::Publish(_) => Seen::Sent,
        Outgoing::PubAck(_) => Seen::Thanked,
        Outgoing::Disconnect => Seen::Left,
        _ => Seen::Other,
    }
}

fn seen_4(event: rumqttc::Event) -> Seen {
    use rumqttc::{Event, Packet};
    match event {
        Event::Outgoing(packet) => outgoing(&packet),
        Event::Incoming(Packet::ConnAck(connack)) => Seen::Connack { session_present: connack.session_present },
        Event::Incoming(Packet::SubAck(suback)) => Seen::Suback(words(&suback.return_codes)),
        Event::Incoming(Packet::UnsubAck(_)) => Seen::Unsuback(Vec::new()),
        Event::Incoming(Packet::PubAck(_) | Packet::PubComp(_)) => Seen::Acknowledged("Success".to_owned()),
        Event::Incoming(Packet::Publish(publish)) => Seen::Message(Box::new(Message {
            topic: publish.topic.clone(),
            payload: String::from_utf8_lossy(&publish.payload).into_owned(),
            qos: publish.qos as u8,
            retain: publish.retain,
            dup: publish.dup,
            packet_id: publish.pkid,
            properties: None,
            original: Original::V4(publish),
        })),
        Event::Incoming(_) => Seen::Other,
    }
}

fn seen_5(event: v5::Event) -> Seen {
    use v5::Event;
    use v5::mqttbytes::v5::{Packet, PubRecReason};
    match event {
        Event::Outgoing(packet) => outgoing(&packet),
        Event::Incoming(Packet::ConnAck(connack)) => Seen::Connack { session_present: connack.session_present },
        Event::Incoming(Packet::SubAck(suback)) => Seen::Suback(words(&suback.return_codes)),
        Event::Incoming(Packet::UnsubAck(unsuback)) => Seen::Unsuback(words(&unsuback.reasons)),
        Event::Incoming(Packet::PubAck(puback)) => Seen::Acknowledged(format!("{:?}", puback.reason)),
        Event::Incoming(Packet::PubComp(pubcomp)) => Seen::Acknowledged(format!("{:?}", pubcomp.reason)),
        Event::Incoming(Packet::PubRec(pubrec)) if pubrec.reason != PubRecReason::Success => {
            Seen::Acknowledged(format!("{:?}", pubrec.reason))
        }
        Event::Incoming(Packet::Publish(publish)) => Seen::Message(Box::new(Message {
            topic: String::from_utf8_lossy(&publish.topic).into_owned(),
            payload: String::from_utf8_lossy(&publish.payload).into_owned(),
            qos: publish.qos as u8,
            retain: publish.retain,
            dup: publish.dup,
            packet_id: publish.pkid,
            properties: publish.properties.clone(),
            original: Original::V5(publish),
        })),
        Event::Incoming(_) => Seen::Other,
    }
}
