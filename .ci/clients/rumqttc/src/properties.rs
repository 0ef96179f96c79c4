//! What only clients of 5 get: properties and topic aliases.

use crate::client::{Broker, Checked, Client, same};
use crate::link::Link;
use rumqttc::v5::AsyncClient;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{PublishProperties, SubscribeProperties};

pub async fn all(broker: Broker) -> Checked {
    message_properties(broker).await?;
    request_and_response(broker).await?;
    topic_alias(broker).await
}

fn of_5(client: &Client) -> &AsyncClient {
    let Link::V5(client, _) = &client.link else { unreachable!("only for 5") };
    client
}

async fn publish(client: &mut Client, topic: &str, payload: &'static str, properties: PublishProperties) -> Checked {
    let queued = of_5(client).publish_with_properties(topic, QoS::AtLeastOnce, false, payload, properties).await;
    assert!(queued.is_ok(), "rumqttc takes no PUBLISH to {topic:?}");
    client.acknowledged(1).await.map(drop)
}

async fn message_properties(broker: Broker) -> Checked {
    let topic = broker.topic("props");
    let mut publisher = broker.connected(broker.settings("props/publisher")).await?;
    let mut subscriber = broker.connected(broker.settings("props/subscriber")).await?;
    let identified = SubscribeProperties { id: Some(9), user_properties: Vec::new() };
    let queued = of_5(&subscriber).subscribe_with_properties(&topic, QoS::AtLeastOnce, identified).await;
    assert!(queued.is_ok(), "rumqttc takes no SUBSCRIBE to {topic}");
    subscriber.suback(&topic).await?;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let sent = PublishProperties {
        payload_format_indicator: Some(1),
        message_expiry_interval: Some(300),
        response_topic: Some(broker.topic("props/answers")),
        correlation_data: Some(vec![0, 255].into()),
        user_properties: vec![pair("b", "1"), pair("a", "2"), pair("b", "1")],
        content_type: Some("text/plain".to_owned()),
        ..PublishProperties::default()
    };
    publish(&mut publisher, &topic, "all", sent.clone()).await?;
    let got = subscriber.message("a message with properties").await?.properties.unwrap_or_default();
    let left = got.message_expiry_interval;
    same("Message Expiry Interval from 290 to 300", &true, &left.is_some_and(|left| (290..=300).contains(&left)))?;
    let expected = PublishProperties { message_expiry_interval: left, subscription_identifiers: vec![9], ..sent };
    same("properties of a message", &expected, &got)?;
    publisher.disconnect().await?;
    subscriber.disconnect().await?;
    println!("ok: rumqttc 5: properties of a message, subscription identifier");
    Ok(())
}

async fn request_and_response(broker: Broker) -> Checked {
    let (questions, answers) = (broker.topic("rpc/questions"), broker.topic("rpc/answers"));
    let mut asker = broker.connected(broker.settings("rpc/asker")).await?;
    let mut answerer = broker.connected(broker.settings("rpc/answerer")).await?;
    asker.subscribe(&answers, 1).await?;
    answerer.subscribe(&questions, 1).await?;
    let asked = PublishProperties {
        response_topic: Some(answers.clone()),
        correlation_data: Some("42".into()),
        ..PublishProperties::default()
    };
    publish(&mut asker, &questions, "why", asked).await?;
    let question = answerer.message("the question").await?.properties.unwrap_or_default();
    same("the response topic", &Some(answers.clone()), &question.response_topic)?;
    let answered = PublishProperties { correlation_data: question.correlation_data, ..PublishProperties::default() };
    publish(&mut answerer, &answers, "because", answered).await?;
    let answer = asker.message("the answer").await?;
    let data = answer.properties.and_then(|properties| properties.correlation_data);
    same("the answer", &("because", Some("42".into())), &(answer.payload.as_str(), data))?;
    asker.disconnect().await?;
    answerer.disconnect().await?;
    println!("ok: rumqttc 5: response topic and correlation data");
    Ok(())
}

async fn topic_alias(broker: Broker) -> Checked {
    let (one, other) = (broker.topic("alias/a"), broker.topic("alias/b"));
    let mut publisher = broker.connected(broker.settings("alias/publisher")).await?;
    let mut subscriber = broker.connected(broker.settings("alias/subscriber")).await?;
    subscriber.subscribe(&broker.topic("alias/#"), 1).await?;
    let aliased = PublishProperties { topic_alias: Some(1), ..PublishProperties::default() };
    for (topic, payload) in [(one.as_str(), "sets"), ("", "uses"), (other.as_str(), "moves"), ("", "uses it again")] {
        publish(&mut publisher, topic, payload, aliased.clone()).await?;
    }
    for expected in [&one, &one, &other, &other] {
        let got = subscriber.message("a message sent with an alias").await?.topic;
        same("the topic behind an alias", expected, &got)?;
    }
    publisher.disconnect().await?;
    subscriber.disconnect().await?;
    println!("ok: rumqttc 5: topic alias");
    Ok(())
}
