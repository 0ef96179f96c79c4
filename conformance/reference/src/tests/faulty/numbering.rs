//! A stop of the tour about numbers with two meanings: identifiers in use, identifiers of subscriptions that change, aliases of
//! both sides.

use super::*;

pub(super) fn numbering(fault: Option<Fault>, version: Version) -> Stop {
    let mut stop = Stop::new(fault, version, &[], &[]);
    if version != V5 {
        return stop;
    }
    stop.tell(2, "t", 2, "open");
    stop.raw(2, b"\x82\x0b\x00\x0a\x00\x00\x01a\x00\x00\x01b\x00");
    stop.act(|script| script.pubrel(2, 10));
    stop.store(5, V5, "keeper", &[]);
    stop.options(5, "k", SubscriptionOptions::at(QoS::AtLeastOnce), Some(1));
    stop.tell(2, "k", 1, "open");
    stop.options(5, "k", SubscriptionOptions::at(QoS::AtLeastOnce), Some(2));
    stop.act(|script| script.lose(5));
    stop.store(6, V5, "keeper", &[]);
    stop.act(|script| script.lose(6));
    stop.store(7, V5, "keeper", &[]);
    stop.join_with(8, V5, &connect("aliases"), &[Property::TopicAliasMaximum(2)]);
    stop.subscribe(8, "n", 0);
    stop.tell(2, "n", 0, "aliased");
    stop.tell_with(8, publish("m", 0, "named"), &[Property::TopicAlias(1)]);
    stop.tell_with(8, publish("", 0, "by alias"), &[Property::TopicAlias(1)]);
    stop
}
