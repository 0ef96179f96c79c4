//! What a packet asks for that may take long: done in legs, so that other clients are served in between.

use std::sync::Arc;

use mqtt_assay_codec::{PacketId, QoS, RetainHandling, SubscriptionOptions, Subscriptions, TopicFilters};

use crate::state::ledger::Account;
use crate::state::levels::Place;

/// Topic filters as they stand in a packet, owned: each with its length before it, and in SUBSCRIBE its options behind it.
#[derive(Debug)]
pub(crate) struct FilterList {
    payload: Box<[u8]>,
    has_options: bool,
}

impl FilterList {
    /// The payload of a SUBSCRIBE.
    pub(crate) fn of_subscribe(filters: Subscriptions<'_>) -> Self {
        Self { payload: filters.as_bytes().into(), has_options: true }
    }

    /// The payload of an UNSUBSCRIBE.
    pub(crate) fn of_unsubscribe(filters: TopicFilters<'_>) -> Self {
        Self { payload: filters.as_bytes().into(), has_options: false }
    }

    /// The filter that begins at `at`, its options, and where the next one begins.
    pub(crate) fn read(&self, at: usize) -> Option<(&str, SubscriptionOptions, usize)> {
        let begin = at + 2;
        let length = self.payload.get(at..begin)?;
        let end = begin + usize::from(u16::from_be_bytes([length[0], length[1]]));
        let filter = std::str::from_utf8(self.payload.get(begin..end)?).ok()?;
        if self.has_options {
            Some((filter, options_of(*self.payload.get(end)?), end + 1))
        } else {
            Some((filter, SubscriptionOptions::default(), end))
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.payload.len()
    }
}

/// The options in a byte; values that only waiving a rule lets through read as the highest legal ones, as in the codec.
fn options_of(byte: u8) -> SubscriptionOptions {
    SubscriptionOptions {
        no_local: byte & 0x04 != 0,
        retain_as_published: byte & 0x08 != 0,
        retain_handling: match byte >> 4 & 3 {
            0 => RetainHandling::Send,
            1 => RetainHandling::SendIfNew,
            _ => RetainHandling::DoNotSend,
        },
        ..SubscriptionOptions::at(QoS::try_from(byte & 3).unwrap_or(QoS::ExactlyOnce))
    }
}

/// A SUBSCRIBE or an UNSUBSCRIBE that is being worked on.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) subscribes: bool,
    pub(crate) packet_id: PacketId,
    pub(crate) identifier: Option<u32>,
    pub(crate) filters: Arc<FilterList>,
    /// Where the next filter begins.
    pub(crate) at: usize,
    /// A code for each filter that is done.
    pub(crate) codes: Vec<u8>,
    /// Whether retained messages are wanted for it.
    pub(crate) wanted: Vec<bool>,
    /// Its bytes on the ledger, where there are many.
    pub(crate) account: Option<Account>,
}

/// The retained messages that a SUBSCRIBE asked for, as far as they are not handed on yet.
#[derive(Debug)]
pub(crate) struct Replay {
    pub(crate) identifier: Option<u32>,
    pub(crate) is_v5: bool,
    pub(crate) filters: Arc<FilterList>,
    /// Where the filter of now begins, and how many were before it.
    pub(crate) at: usize,
    pub(crate) index: usize,
    pub(crate) wanted: Vec<bool>,
    /// How far the search for the filter of now has come.
    pub(crate) place: Place,
    pub(crate) _account: Option<Account>,
}

#[cfg(test)]
mod tests {
    use mqtt_assay_codec::{SubscriptionsBuf, TopicFiltersBuf};

    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let options = SubscriptionOptions {
            no_local: true,
            retain_as_published: true,
            retain_handling: RetainHandling::SendIfNew,
            ..SubscriptionOptions::at(QoS::ExactlyOnce)
        };
        let at_least_once = SubscriptionOptions::at(QoS::AtLeastOnce);
        let payload: SubscriptionsBuf = [("a/#", options), ("é", at_least_once)].into_iter().collect();
        let list = FilterList::of_subscribe(payload.as_subscriptions());
        let (filter, read, next) = list.read(0).expect("the first");
        assert_eq!((filter, read), ("a/#", options));
        let (filter, read, end) = list.read(next).expect("the second");
        assert_eq!((filter, read), ("é", at_least_once));
        assert!(list.read(end).is_none());
        let payload: TopicFiltersBuf = ["a", "b/c"].into_iter().collect();
        let list = FilterList::of_unsubscribe(payload.as_topic_filters());
        let (filter, _, next) = list.read(0).expect("the first");
        assert_eq!((filter, list.read(next).map(|(filter, _, _)| filter)), ("a", Some("b/c")));
    }
}
