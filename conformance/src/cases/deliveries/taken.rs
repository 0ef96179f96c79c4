//! What a broker may refuse: topics with characters or of a length that nothing obliges it to take.

use super::scene::Scene;
use crate::scenario::draft::{connect, publish, subscribe, will};
use crate::scenario::pattern::{a_puback, any, codes};
use crate::scenario::{Received, Stop};
use mqtt_assay_codec::{PacketType, QoS};

/// Set-up: the broker takes the topics of the scene in each packet that is to bring them.
pub(super) async fn topics_are_taken(scene: &Scene<'_>) -> Result<(), Stop> {
    let topic = scene.row.first_topic();
    let mut client = scene.broker.connect("first").await?;
    client.send(subscribe(topic.as_str(), QoS::AtLeastOnce))?;
    is_taken(client.receive_or_end(any(PacketType::Suback)).await?.as_ref())?;
    let id = client.send(publish(topic.as_str(), b"is it taken").qos(QoS::AtLeastOnce))?;
    is_taken(client.receive_or_end(a_puback(id)).await?.as_ref())?;
    client.disconnect().await?;
    if !scene.row.is_will() {
        return Ok(());
    }
    let mut bearer = scene.broker.open("bearer").await?;
    bearer.send(connect().will(will(topic.as_str(), b"is it taken as a will")))?;
    is_taken(bearer.receive_or_end(any(PacketType::Connack)).await?.as_ref())?;
    bearer.disconnect().await
}

fn is_taken(answer: Option<&Received>) -> Result<(), Stop> {
    let refused = || Stop::NotExercised("the broker refuses such a topic".to_owned());
    let answer = answer.ok_or_else(refused)?;
    if codes(&answer.packet()).iter().any(|code| code.is_error()) { Err(refused()) } else { Ok(()) }
}
