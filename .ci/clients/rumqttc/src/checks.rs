//! What a client of either version must get.

use crate::client::{Broker, Checked, brief, briefly, same};
use crate::link::Settings;

fn ok(broker: Broker, what: &str) {
    println!("ok: rumqttc {}: {what}", broker.version());
}

pub async fn all(broker: Broker) -> Checked {
    refused(broker).await?;
    live(broker).await?;
    retained(broker).await?;
    wills(broker).await?;
    offline_queue(broker).await?;
    half_sent(broker).await?;
    redelivered(broker).await?;
    takeover(broker).await?;
    denied(broker).await
}

async fn refused(broker: Broker) -> Checked {
    let mut stranger = broker.client(Settings { password: "wrong", ..broker.settings("stranger") });
    let error = stranger.end("a refusal of a wrong password").await?;
    let refusals = ["BadUserNamePassword", "NotAuthorized"];
    same("a refusal of a wrong password", &true, &refusals.iter().any(|refusal| error.contains(refusal)))?;
    ok(broker, "is refused with a wrong password");
    Ok(())
}

async fn live(broker: Broker) -> Checked {
    let mut publisher = broker.connected(broker.settings("live/publisher")).await?;
    let mut subscriber = broker.connected(broker.settings("live/subscriber")).await?;
    for (qos, granted) in [(0, "AtMostOnce"), (1, "AtLeastOnce"), (2, "ExactlyOnce")] {
        let topic = broker.topic(&format!("live/{qos}"));
        let codes = subscriber.subscribe(&topic, qos).await?;
        same(&format!("granted for QoS {qos}"), &vec![format!("Success({granted})")], &codes)?;
        publisher.publish(&topic, "once", qos).await?;
        publisher.publish(&topic, "fence", qos).await?;
        let messages = subscriber.until("fence").await?;
        same(&format!("messages of QoS {qos}"), &vec![("once", qos, false)], &briefly(&messages))?;
        subscriber.unsubscribe(&topic).await?;
        ok(broker, &format!("QoS {qos}, delivered once"));
    }
    publisher.disconnect().await?;
    subscriber.disconnect().await
}

async fn retained(broker: Broker) -> Checked {
    let topic = broker.topic("retained/state");
    let filter = broker.topic("retained/+");
    let mut publisher = broker.connected(broker.settings("retained/publisher")).await?;
    let mut present = broker.connected(broker.settings("retained/present")).await?;
    present.subscribe(&filter, 1).await?;
    publisher.retain(&topic, "on").await?;
    let message = present.message("a live message").await?;
    same("retain flag for an established subscription", &("on", 1, false), &brief(&message))?;
    let mut late = broker.connected(broker.settings("retained/late")).await?;
    late.subscribe(&filter, 1).await?;
    let message = late.message("the retained message").await?;
    same("retained message for a new subscription", &("on", 1, true), &brief(&message))?;
    publisher.retain(&topic, "").await?;
    late.until("").await?;
    late.subscribe(&filter, 1).await?;
    publisher.publish(&topic, "fence", 1).await?;
    same("retained messages after the topic was cleared", &vec![], &briefly(&late.until("fence").await?))?;
    for mut client in [publisher, present, late] {
        client.disconnect().await?;
    }
    ok(broker, "retained message, its flag, and clearing it");
    Ok(())
}

async fn wills(broker: Broker) -> Checked {
    let topic = broker.topic("will");
    let mut watcher = broker.connected(broker.settings("will/watcher")).await?;
    watcher.subscribe(&topic, 1).await?;
    let mut mortal = broker.connected(Settings { will: Some(&topic), ..broker.settings("will/mortal") }).await?;
    mortal.link.drop_connection();
    let message = watcher.message("the will of a dropped connection").await?;
    same("the will of a dropped connection", &("gone", 1, false), &brief(&message))?;
    let mut late = broker.connected(broker.settings("will/late")).await?;
    late.subscribe(&topic, 1).await?;
    same("the retained will", &("gone", 1, true), &brief(&late.message("the retained will").await?))?;
    late.retain(&topic, "").await?;
    watcher.until("").await?;
    let mut orderly = broker.connected(Settings { will: Some(&topic), ..broker.settings("will/orderly") }).await?;
    orderly.disconnect().await?;
    late.publish(&topic, "fence", 1).await?;
    same("messages after an orderly DISCONNECT", &vec![], &briefly(&watcher.until("fence").await?))?;
    watcher.disconnect().await?;
    late.disconnect().await?;
    ok(broker, "will on a dropped connection, none after DISCONNECT");
    Ok(())
}

async fn offline_queue(broker: Broker) -> Checked {
    let settings = Settings { keeps_session: true, ..broker.settings("queue/sleeper") };
    let mut sleeper = broker.connected(settings).await?;
    let mut publisher = broker.connected(broker.settings("queue/publisher")).await?;
    for qos in [1, 2] {
        sleeper.subscribe(&broker.topic(&format!("queue/{qos}")), qos).await?;
    }
    sleeper.disconnect().await?;
    for number in 0..10 {
        for qos in [1, 2] {
            publisher.publish(&broker.topic(&format!("queue/{qos}")), &number.to_string(), qos).await?;
        }
    }
    same("Session Present of a kept session", &true, &sleeper.connect().await?)?;
    publisher.publish(&broker.topic("queue/1"), "fence 1", 1).await?;
    publisher.publish(&broker.topic("queue/2"), "fence 2", 2).await?;
    let messages = sleeper.until("fence 2").await?;
    for qos in [1, 2] {
        let of_qos = messages.iter().filter(|message| message.qos == qos && message.payload != "fence 1");
        let payloads: Vec<String> = of_qos.map(|message| message.payload.clone()).collect();
        let expected: Vec<String> = (0..10).map(|number| number.to_string()).collect();
        same(&format!("queued messages of QoS {qos}"), &expected, &payloads)?;
    }
    sleeper.disconnect().await?;
    broker.connected(broker.settings("queue/sleeper")).await?.disconnect().await?;
    same("Session Present after a clean start", &false, &broker.client(settings).connect().await?)?;
    publisher.disconnect().await?;
    ok(broker, "session present, messages queued in order, each once, and nothing after a clean start");
    Ok(())
}

/// The connection breaks after a PUBLISH of QoS 2, before its PUBREC is read: the message is sent again, and arrives once.
async fn half_sent(broker: Broker) -> Checked {
    let topic = broker.topic("half");
    let mut watcher = broker.connected(broker.settings("half/watcher")).await?;
    watcher.subscribe(&topic, 2).await?;
    let settings = Settings { keeps_session: true, ..broker.settings("half/publisher") };
    let mut publisher = broker.connected(settings).await?;
    publisher.publish_half(&topic, "exactly once").await?;
    let first = watcher.message("the message of a PUBLISH without PUBREL").await?;
    same("the message of a PUBLISH without PUBREL", &("exactly once", 2, false), &brief(&first))?;
    publisher.link.drop_connection();
    same("Session Present of the reconnect", &true, &publisher.connect().await?)?;
    publisher.acknowledged(2).await?;
    publisher.publish(&topic, "fence", 2).await?;
    same("further copies of a QoS 2 message that was sent again", &vec![], &briefly(&watcher.until("fence").await?))?;
    publisher.disconnect().await?;
    watcher.disconnect().await?;
    ok(broker, "reconnects amidst QoS 2: sent again, delivered once");
    Ok(())
}

/// A message that isn't acknowledged comes again on the next connection.
async fn redelivered(broker: Broker) -> Checked {
    let topic = broker.topic("again");
    let settings = Settings { keeps_session: true, manual_acks: true, ..broker.settings("again/subscriber") };
    let mut subscriber = broker.connected(settings).await?;
    let mut publisher = broker.connected(broker.settings("again/publisher")).await?;
    subscriber.subscribe(&topic, 1).await?;
    publisher.publish(&topic, "unacknowledged", 1).await?;
    let first = subscriber.message("a message").await?;
    subscriber.link.drop_connection();
    same("Session Present of the reconnect", &true, &subscriber.connect().await?)?;
    let again = subscriber.message("the delivery again").await?;
    let shown = |dup| ("unacknowledged".to_owned(), first.packet_id, dup);
    same("the first delivery", &shown(false), &(first.payload.clone(), first.packet_id, first.dup))?;
    same("the delivery again", &shown(true), &(again.payload.clone(), again.packet_id, again.dup))?;
    subscriber.acknowledge(&again).await?;
    subscriber.disconnect().await?;
    publisher.disconnect().await?;
    ok(broker, "an unacknowledged message comes again with DUP and its identifier");
    Ok(())
}

async fn takeover(broker: Broker) -> Checked {
    let mut first = broker.connected(broker.settings("twin")).await?;
    let mut second = broker.connected(broker.settings("twin")).await?;
    let end = first.end("the end of a connection that was taken over").await?;
    if broker.is_v5 {
        same("DISCONNECT of the connection that was taken over", &true, &end.contains("SessionTakenOver"))?;
    }
    second.disconnect().await?;
    ok(broker, "a second client of the same identifier ends the first");
    Ok(())
}

async fn denied(broker: Broker) -> Checked {
    let topic = "denied/rumqttc";
    let mut client = broker.connected(broker.settings("denied")).await?;
    let refusal = if broker.is_v5 { "NotAuthorized" } else { "Failure" };
    same("SUBACK for a denied topic", &vec![refusal.to_owned()], &client.subscribe(topic, 1).await?)?;
    if broker.is_v5 {
        for (qos, answer) in [(1, "PUBACK"), (2, "PUBREC")] {
            let code = client.publish(topic, "x", qos).await?;
            same(&format!("{answer} for a denied topic"), "NotAuthorized", code.as_str())?;
        }
        let codes = client.unsubscribe(&broker.topic("never")).await?;
        same("UNSUBACK without a subscription", &vec!["NoSubscriptionExisted".to_owned()], &codes)?;
    }
    client.disconnect().await?;
    ok(broker, "reason codes");
    Ok(())
}
