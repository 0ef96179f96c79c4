//! Takes away what a session has left on the broker: sessions under its client identifiers, and retained messages.

use crate::hunt::login::known;
use crate::hunt::pace::Pace;
use crate::hunt::road::{Came, Road};
use crate::hunt::trial::Trial;
use crate::wire::Ending;
use mqtt_assay_codec::{Connect, Packet, Publish, Version};
use std::collections::BTreeSet;

/// Nobody judges this; `trial` takes it into its record. What can't be taken away stays.
pub(super) fn clean(
    road: &mut dyn Road,
    (pace, version): (Pace, Version),
    (clients, retained): (&BTreeSet<String>, &BTreeSet<String>),
    mut trial: Option<&mut Trial>,
) {
    for (place, client) in clients.iter().enumerate() {
        let connect = Connect { client_id: client, clean_start: true, keep_alive: 60, ..Connect::default() };
        let mut bytes = encoded(version, &Packet::Connect(known(connect, road.login())));
        if place == 0 {
            for topic in retained {
                bytes.extend(encoded(version, &Packet::Publish(Publish { topic, retain: true, ..Publish::default() })));
            }
        }
        bytes.extend_from_slice(&[0xC0, 0, 0xE0, 0]);
        let Ok(connection) = road.open() else { return };
        let at = road.now();
        let mut inbox = Vec::new();
        if road.write(connection, &bytes) {
            while road.read(connection, &mut inbox, pace.wait) == Came::Bytes && !inbox.ends_with(&[0xD0, 0]) {}
        }
        if let Some(trial) = trial.as_deref_mut() {
            trial.cleaned((at, road.now()), version, &bytes, &inbox);
        }
        road.close(connection, Ending::Fin);
    }
}

fn encoded(version: Version, packet: &Packet<'_>) -> Vec<u8> {
    packet.to_bytes(version).map(Vec::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::{Names, Session, Terms, play};
    use crate::hunt::ground::Ground;
    use crate::hunt::road::{Inside, Road};
    use mqtt_assay_reference::{Machine, Settings};

    /// A client with a session that is kept leaves, and so a retained will behind it.
    const LEAVES: &str = r#"{"cast":[false],"steps":[{"who":0,"act":{"Connect":{"client":0,"clean":false,"keep_alive":60,
        "expiry":null,"receive_maximum":null,"packet_size":null,"aliases":null,"problems":null,"padding":0,
        "will":{"topic":0,"qos":1,"retain":true,"delay":null,"properties":false,"size":8}}}}]}"#;

    /// The record of that session, and how much the broker keeps behind it more than before.
    fn played(tells_cleaning: bool) -> (String, u64) {
        let make = || Machine::new(Settings::default());
        let terms = crate::hunt::run::terms(&Ground::Inside(Box::new(make))).expect("it answers");
        let session: Session = serde_json::from_str(LEAVES).expect("the form of the corpus");
        let mut road = Inside::new(make());
        let before = road.memory().expect("it counts itself");
        let terms = Terms { tells_cleaning, ..terms };
        let played = play(&session, &mut road, terms, &Names::new("left"));
        assert!(played.trial.suspicions().is_empty());
        let after = road.memory().expect("it counts itself");
        (played.trial.transcript("left").to_string(), after - before)
    }

    #[test]
    fn nothing_is_left_and_the_record_tells_how_it_was_taken_away_where_that_is_wanted() {
        let (record, left) = played(true);
        assert_eq!(left, 0, "{record}");
        let cleaner: Vec<&str> =
            record.lines().filter_map(|line| line.split_once("cleaner")).map(|(_, did)| did).collect();
        let told = |what: &str| cleaner.iter().any(|did| did.contains(what));
        assert!(told("; CONNECT \"hsleft") && told("clean"), "{record}");
        assert!(told("; PUBLISH \"hs/left") && told("payload=\"\""), "{record}");
        assert!(told("<- ") && told("; PINGRESP"), "{record}");
        assert_eq!(played(false).0.matches("cleaner").count(), 0);
    }
}
