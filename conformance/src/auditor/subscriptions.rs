//! The QoS that a connection's subscriptions allow on a topic.

use mqtt_assay_codec::{Suback, Subscribe, split_shared, topic_matches};

/// Every subscription that was asked for on a connection, the removed ones too: their messages may be under way.
#[derive(Debug, Default)]
pub(super) struct Subscriptions(Vec<Asked>);

/// One SUBSCRIBE.
#[derive(Debug)]
struct Asked {
    id: u16,
    filters: Vec<String>,
    /// The highest QoS of all its filters, as granted; as asked for until SUBACK comes. An order of codes is not relied on.
    most: u8,
    is_answered: bool,
}

impl Subscriptions {
    pub(super) fn asked(&mut self, subscribe: &Subscribe<'_>) {
        let wholes = subscribe.filters.iter().map(|(filter, _)| filter);
        let filters = wholes.map(|filter| split_shared(filter).map_or(filter, |(_, rest)| rest).to_owned()).collect();
        let most = subscribe.filters.iter().map(|(_, options)| options.qos as u8).max().unwrap_or_default();
        self.0.push(Asked { id: subscribe.packet_id.get(), filters, most, is_answered: false });
    }

    pub(super) fn granted(&mut self, suback: &Suback<'_>) {
        let id = suback.packet_id.get();
        let Some(place) = self.0.iter().position(|asked| asked.id == id && !asked.is_answered) else { return };
        match suback.reasons.iter().map(|code| code.0).filter(|&code| code < 0x80).max() {
            Some(most) => {
                self.0[place].most = most;
                self.0[place].is_answered = true;
            }
            None => {
                self.0.remove(place);
            }
        }
    }

    /// The highest QoS of a subscription that matches the topic, if one does.
    pub(super) fn most(&self, topic: &str) -> Option<u8> {
        let matching = self.0.iter().filter(|asked| asked.filters.iter().any(|filter| topic_matches(filter, topic)));
        matching.map(|asked| asked.most).max()
    }
}
