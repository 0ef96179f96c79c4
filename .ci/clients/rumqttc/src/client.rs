//! A client whose steps wait for what they are about, with a deadline, and what is said when it differs.

use crate::link::{Link, Message, Seen, Settings};
use std::collections::VecDeque;
use std::fmt::Debug;
use std::time::Duration;
use tokio::time::timeout;

/// What differed, in one sentence.
pub struct Differs(pub String);

/// How a check ends.
pub type Checked<T = ()> = Result<T, Differs>;

/// The broker, and under which names the clients of this run work on it.
#[derive(Clone, Copy)]
pub struct Broker {
    pub port: u16,
    pub is_v5: bool,
    pub deadline: Duration,
}

impl Broker {
    pub fn version(self) -> &'static str {
        if self.is_v5 { "5" } else { "3.1.1" }
    }

    pub fn topic(self, rest: &str) -> String {
        format!("rumqttc/{}/{rest}", self.version())
    }

    pub fn settings(self, client_id: &str) -> Settings<'_> {
        Settings {
            port: self.port,
            is_v5: self.is_v5,
            client_id,
            password: "secret",
            keeps_session: false,
            manual_acks: false,
            will: None,
        }
    }

    pub fn client(self, settings: Settings<'_>) -> Client {
        let client_id = self.topic(settings.client_id);
        let link = Link::new(Settings { client_id: &client_id, ..settings });
        Client { link, broker: self, messages: VecDeque::new() }
    }

    /// A client that is connected; it had no session.
    pub async fn connected(self, settings: Settings<'_>) -> Checked<Client> {
        let mut client = self.client(settings);
        let what = format!("Session Present of the new session of {}", settings.client_id);
        same(&what, &false, &client.connect().await?)?;
        Ok(client)
    }
}

/// Compares what the standard promises with what the client saw.
pub fn same<T: PartialEq + Debug + ?Sized>(what: &str, expected: &T, saw: &T) -> Checked {
    if expected == saw {
        return Ok(());
    }
    Err(Differs(format!("{what}: expected {expected:?}, rumqttc saw {saw:?}")))
}

/// A client of rumqttc; its connection rests whenever no step of it waits.
pub struct Client {
    pub link: Link,
    broker: Broker,
    messages: VecDeque<Message>,
}

impl Client {
    /// Polls until `wanted` finds what it looks for. Messages on the way are kept.
    async fn wait<T>(&mut self, what: &str, mut wanted: impl FnMut(Seen) -> Option<T>) -> Checked<T> {
        let Self { link, messages, broker } = self;
        let waiting = async {
            loop {
                match link.poll().await {
                    Ok(Seen::Message(message)) => {
                        messages.push_back((*message).clone());
                        if let Some(found) = wanted(Seen::Message(message)) {
                            return Ok(found);
                        }
                    }
                    Ok(seen) => {
                        if let Some(found) = wanted(seen) {
                            return Ok(found);
                        }
                    }
                    Err(error) => return Err(Differs(format!("{what}: expected it, rumqttc saw the error {error}"))),
                }
            }
        };
        let late =
            || Differs(format!("{what}: expected it, rumqttc saw nothing within {} s", broker.deadline.as_secs()));
        timeout(broker.deadline, waiting).await.unwrap_or_else(|_| Err(late()))
    }

    /// Connects, or connects again, and gives Session Present.
    pub async fn connect(&mut self) -> Checked<bool> {
        self.wait("a CONNACK", |seen| match seen {
            Seen::Connack { session_present } => Some(session_present),
            _ => None,
        })
        .await
    }

    /// Gives the codes of SUBACK.
    pub async fn subscribe(&mut self, filter: &str, qos: u8) -> Checked<Vec<String>> {
        self.link.subscribe(filter, qos).await;
        self.suback(filter).await
    }

    pub async fn suback(&mut self, filter: &str) -> Checked<Vec<String>> {
        self.wait(&format!("a SUBACK for {filter}"), |seen| match seen {
            Seen::Suback(codes) => Some(codes),
            _ => None,
        })
        .await
    }

    /// Gives the codes of UNSUBACK, of which 3.1.1 has none.
    pub async fn unsubscribe(&mut self, filter: &str) -> Checked<Vec<String>> {
        self.link.unsubscribe(filter).await;
        self.wait(&format!("an UNSUBACK for {filter}"), |seen| match seen {
            Seen::Unsuback(codes) => Some(codes),
            _ => None,
        })
        .await
    }

    /// Publishes and waits for the last acknowledgement, whose code it gives.
    pub async fn publish(&mut self, topic: &str, payload: &str, qos: u8) -> Checked<String> {
        self.link.publish(topic, payload, qos, false).await;
        self.acknowledged(qos).await
    }

    pub async fn retain(&mut self, topic: &str, payload: &str) -> Checked<String> {
        self.link.publish(topic, payload, 1, true).await;
        self.acknowledged(1).await
    }

    pub async fn acknowledged(&mut self, qos: u8) -> Checked<String> {
        self.wait(&format!("the acknowledgement of a PUBLISH with QoS {qos}"), |seen| match seen {
            Seen::Acknowledged(code) => Some(code),
            Seen::Sent if qos == 0 => Some("Success".to_owned()),
            _ => None,
        })
        .await
    }

    /// Writes a PUBLISH of QoS 2 and reads no answer to it.
    pub async fn publish_half(&mut self, topic: &str, payload: &str) -> Checked {
        self.link.publish(topic, payload, 2, false).await;
        self.wait("a PUBLISH of QoS 2 on its way", |seen| matches!(seen, Seen::Sent).then_some(())).await
    }

    pub async fn acknowledge(&mut self, message: &Message) -> Checked {
        self.link.acknowledge(message).await;
        self.wait("a PUBACK on its way", |seen| matches!(seen, Seen::Thanked).then_some(())).await
    }

    pub async fn message(&mut self, what: &str) -> Checked<Message> {
        if self.messages.is_empty() {
            self.wait(what, |seen| matches!(seen, Seen::Message(_)).then_some(())).await?;
        }
        Ok(self.messages.pop_front().expect("one has come"))
    }

    /// All messages that came before the one with that payload.
    pub async fn until(&mut self, fence: &str) -> Checked<Vec<Message>> {
        let mut before = Vec::new();
        loop {
            let message = self.message(&format!("the message {fence:?}")).await?;
            if message.payload == fence {
                return Ok(before);
            }
            before.push(message);
        }
    }

    pub async fn disconnect(&mut self) -> Checked {
        self.link.disconnect().await;
        self.wait("a DISCONNECT on its way", |seen| matches!(seen, Seen::Left).then_some(())).await?;
        self.link.drop_connection();
        Ok(())
    }

    /// The error, in the library's words, with which the broker ends this connection.
    pub async fn end(&mut self, what: &str) -> Checked<String> {
        let Self { link, broker, .. } = self;
        let waiting = async {
            loop {
                if let Err(error) = link.poll().await {
                    return error;
                }
            }
        };
        let late =
            || Differs(format!("{what}: expected it, rumqttc saw nothing within {} s", broker.deadline.as_secs()));
        timeout(broker.deadline, waiting).await.map_err(|_| late())
    }
}

/// Payload, QoS, retain flag.
pub fn brief(message: &Message) -> (&str, u8, bool) {
    (&message.payload, message.qos, message.retain)
}

pub fn briefly(messages: &[Message]) -> Vec<(&str, u8, bool)> {
    messages.iter().map(brief).collect()
}
