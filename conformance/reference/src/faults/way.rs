//! The way that the machine is on: how a message, a request or a connection came to where a rule is to be kept.

use std::cell::Cell;
use std::rc::Rc;

use mqtt_assay_codec::{QoS, Version};

/// Everything that a condition can ask of the moment. What is not known, or has no meaning there, is not set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Way {
    /// How a message came to its receiver.
    pub(crate) path: Option<Path>,
    /// It is a will.
    pub(crate) is_will: bool,
    /// It was published with RETAIN.
    pub(crate) retains: bool,
    /// It was sent before.
    pub(crate) sent_again: bool,
    /// The subscription is a shared one.
    pub(crate) shared: bool,
    /// How often the session was resumed.
    pub(crate) resumed: Option<u32>,
    /// The connection ended another one of its client; true with a clean start.
    pub(crate) taken_over: Option<bool>,
    /// What the topic filter looks like.
    pub(crate) shape: Option<Shape>,
    /// It came with others in one packet.
    pub(crate) one_of_several: bool,
    /// It took the place of an older one.
    pub(crate) replaced: bool,
    /// Several subscriptions of the client match.
    pub(crate) overlapping: bool,
    /// The QoS at which a message goes.
    pub(crate) qos: Option<QoS>,
    /// That is lower than it was published at.
    pub(crate) lowered: bool,
    /// The QoS at which it was published.
    pub(crate) published_at: Option<QoS>,
    /// The version of MQTT that it was published in.
    pub(crate) published_in: Option<Version>,
    /// The publisher speaks another version than the receiver.
    pub(crate) other_version: bool,
    /// The how manieth event of its kind it is.
    pub(crate) count: u32,
    /// Bytes of the payload, or of the packet.
    pub(crate) length: usize,
    /// The packet identifier; 0 where there is none.
    pub(crate) packet_id: u16,
}

/// How a message comes to its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    Live,
    Retained,
    /// It waits for a client that isn't connected.
    Queued,
}

/// What a topic filter looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Exact,
    Plus,
    Hash,
    PlusAndHash,
}

impl Path {
    /// How many there are.
    pub(crate) const COUNT: usize = 3;
}

impl Shape {
    /// Of a topic filter, with or without its share name.
    pub(crate) fn of(filter: &str) -> Self {
        match (filter.contains('+'), filter.contains('#')) {
            (false, false) => Self::Exact,
            (true, false) => Self::Plus,
            (false, true) => Self::Hash,
            (true, true) => Self::PlusAndHash,
        }
    }
}

/// The way of now.
#[derive(Debug, Default)]
pub(crate) struct Road(Rc<Cell<Way>>);

impl Road {
    pub(crate) fn now(&self) -> Way {
        self.0.get()
    }

    /// Goes on on this way, until what is handed back is dropped: then it is the way of before again.
    pub(crate) fn turn(&self, way: Way) -> Turn {
        Turn { road: Rc::clone(&self.0), before: self.0.replace(way) }
    }
}

/// A way that ends with this.
#[derive(Debug)]
#[must_use = "the way ends where this is dropped"]
pub(crate) struct Turn {
    road: Rc<Cell<Way>>,
    before: Way,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.road.set(self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_ends_where_its_turn_is_dropped() {
        let road = Road::default();
        let outer = road.turn(Way { count: 1, ..Way::default() });
        {
            let _inner = road.turn(Way { shared: true, ..road.now() });
            assert_eq!(road.now(), Way { count: 1, shared: true, ..Way::default() });
        }
        assert_eq!(road.now(), Way { count: 1, ..Way::default() });
        drop(outer);
        assert_eq!(road.now(), Way::default());
    }

    #[test]
    fn filters_have_four_shapes() {
        let shapes = ["a/b", "a/+", "a/#", "+/#"].map(Shape::of);
        assert_eq!(shapes, [Shape::Exact, Shape::Plus, Shape::Hash, Shape::PlusAndHash]);
    }
}
