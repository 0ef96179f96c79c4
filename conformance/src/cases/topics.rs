//! Topic names and topic filters: what matches what.

use super::prelude::*;

pub(super) const CASES: &[Case] = &[
    case!(wildcard_and_dollar: "A filter that begins with a wildcard does not match a topic that begins with $",
        v311: proves ["MQTT-4.7.2-1"],
        v5: proves ["MQTT-4.7.2-1"],
        caught: [Fault::WildcardMatchesDollar],
        needs: &["wildcard"], intrusive: true),
    case!(parent_level: "`sport/#` also matches `sport`",
        v311: proves ["U3-18"],
        v5: proves ["U5-202"],
        caught: [Fault::HashExcludesParent],
        needs: &["wildcard"]),
];

async fn wildcard_and_dollar(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe(exact("+/mqtt-assay"), AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;
    let hidden = broker.unique().as_bytes();

    publisher.send(publish(exact("$assay/mqtt-assay"), hidden))?;

    watcher.expect_no_message(hidden).before_message(&mut publisher, exact("assay/mqtt-assay")).await
}

async fn parent_level(broker: &Subject) -> Outcome {
    let mut watcher = broker.connect("watcher").await?;
    watcher.subscribe_tried("sport/#", "sport/tennis", AtLeastOnce).await?;
    let mut publisher = broker.connect("publisher").await?;

    publisher.publish("sport", b"3-0", AtLeastOnce).await?;

    watcher.expect(a_message("sport", b"3-0")).await
}
