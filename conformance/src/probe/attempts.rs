//! Single tries that several questions are made of: a message there and back.

use super::client::{Client, Gone};
use super::prober::Prober;
use mqtt_assay_codec::{OwnedPacket, Packet, Properties, Publish, QoS, Version};

/// A message that is published and shall come.
#[derive(Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) topic: &'a str,
    pub(super) payload: &'a [u8],
    pub(super) qos: QoS,
    pub(super) retain: bool,
    pub(super) properties: Properties<'a>,
}

impl<'a> Message<'a> {
    /// A message without anything special.
    pub(super) const fn new(topic: &'a str, payload: &'a [u8], qos: QoS) -> Self {
        Self { topic, payload, qos, retain: false, properties: Properties::EMPTY }
    }

    /// As a packet.
    pub(super) fn publish(self) -> Publish<'a> {
        let Self { topic, payload, qos, retain, properties } = self;
        Publish { dup: false, qos, retain, topic, packet_id: None, properties, payload }
    }
}

/// Waits for a message with this payload.
pub(super) async fn comes(client: &mut Client, payload: &[u8]) -> Result<OwnedPacket, Gone> {
    client.receive(|packet| matches!(packet, Packet::Publish(publish) if publish.payload == payload)).await
}

/// Subscribes by a filter, and waits for the message; what came.
pub(super) async fn there_and_back(
    prober: &mut Prober<'_>,
    version: Version,
    filter: &str,
    message: Message<'_>,
) -> Result<OwnedPacket, Gone> {
    let mut client = prober.connect(version).await?;
    client.subscribe_to(filter, message.qos).await?;
    client.publish(message.publish()).await?;
    let came = comes(&mut client, message.payload).await?;
    client.leave().await;
    Ok(came)
}
