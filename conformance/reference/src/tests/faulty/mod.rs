//! Every fault shows: a tour through everything the broker does comes out differently with it, in each version whose rules
//! it breaks, and in no other.

mod authenticating;
mod connecting;
mod exchanging;
mod lasting;
mod leniency;
mod limiting;
mod numbering;
mod subscribing;

use super::*;
use crate::{Access, User};
use mqtt_assay_codec::{MUTATIONS, RetainHandling};

/// What a tour leaves behind: everything every client got, as bytes, in order.
type Trace = Vec<(u64, Vec<u8>)>;

/// One broker of the tour, traced.
struct Stop {
    script: Script,
    trace: Trace,
}

impl Stop {
    fn new(fault: Option<Fault>, version: Version, limits: &[(&str, &str)], quirks: &[Quirk]) -> Self {
        let mut set = BrokerLimits::default();
        for (name, value) in limits {
            set.set(name, value).expect("a limit that exists");
        }
        let users = vec![User { name: "ann".to_owned(), password: b"secret".to_vec() }];
        let access = Access { users, denied_topic: Some("secret/#".to_owned()), ..Access::default() };
        let settings = Settings {
            limits: set,
            access,
            faults: fault.into_iter().collect(),
            quirks: quirks.iter().copied().collect(),
            seed: 1,
            planted: None,
        };
        let mut stop = Self { script: Script::with(settings), trace: Vec::new() };
        stop.join(1, version, "watcher");
        stop.options(1, "#", SubscriptionOptions::at(QoS::ExactlyOnce), None);
        stop.join(2, version, "rogue");
        stop
    }

    /// Writes down what everybody got by now.
    fn look(&mut self) {
        let ids: Vec<u64> = self.script.clients.keys().copied().collect();
        for id in ids {
            let got = self.script.bytes(id);
            if !got.is_empty() {
                self.trace.push((id, got.to_vec()));
            }
            if self.script.clients[&id].closed {
                self.trace.push((id, b"closed".to_vec()));
            }
        }
    }

    fn act(&mut self, act: impl FnOnce(&mut Script)) {
        act(&mut self.script);
        self.look();
    }

    fn join(&mut self, id: u64, version: Version, client_id: &str) {
        self.act(|script| script.connect_with(id, version, &connect(client_id)));
    }

    fn join_with(&mut self, id: u64, version: Version, connect: &Connect<'_>, properties: &[Property<'_>]) {
        let built: PropertiesBuf = properties.iter().copied().collect();
        let properties = if version == V5 { built.as_properties() } else { Properties::EMPTY };
        self.act(|script| script.connect_with(id, version, &Connect { properties, ..*connect }));
    }

    fn store(&mut self, id: u64, version: Version, client_id: &str, properties: &[Property<'_>]) {
        let forever = [Property::SessionExpiryInterval(100)];
        let all: Vec<Property<'_>> = forever.iter().chain(properties).copied().collect();
        self.join_with(id, version, &Connect { clean_start: false, ..connect(client_id) }, &all);
    }

    fn options(&mut self, id: u64, filter: &str, options: SubscriptionOptions, identifier: Option<u32>) {
        self.act(|script| script.subscribe_with(id, &[(filter, options)], identifier));
    }

    fn subscribe(&mut self, id: u64, filter: &str, qos: u8) {
        self.options(id, filter, SubscriptionOptions::at(level(qos)), None);
    }

    fn say(&mut self, id: u64, packet: &Packet<'_>) {
        self.act(|script| script.send(id, packet));
    }

    fn tell(&mut self, id: u64, topic: &str, qos: u8, payload: &str) {
        self.act(|script| script.publish(id, topic, qos, payload));
    }

    /// As `tell`, with the PUBREL where there is one.
    fn complete(&mut self, id: u64, topic: &str, qos: u8, payload: &str) {
        self.tell(id, topic, qos, payload);
        if qos == 2 {
            self.act(|script| script.pubrel(id, 10));
        }
    }

    fn tell_with(&mut self, id: u64, message: Publish<'_>, properties: &[Property<'_>]) {
        let built: PropertiesBuf = properties.iter().copied().collect();
        self.say(id, &Packet::Publish(Publish { properties: built.as_properties(), ..message }));
    }

    fn raw(&mut self, id: u64, bytes: &[u8]) {
        self.act(|script| script.raw(id, bytes));
    }

    fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.act(|script| script.wait(1));
        }
    }
}

/// All stops of the tour.
fn tour(fault: Option<Fault>, version: Version) -> Trace {
    let stops: &[fn(Option<Fault>, Version) -> Stop] = &[
        connecting::connecting,
        connecting::refusing,
        connecting::before_connecting,
        connecting::resuming,
        exchanging::redelivering,
        exchanging::exchanging,
        exchanging::retaining,
        subscribing::subscribing,
        subscribing::matching,
        connecting::mourning,
        connecting::leaving,
        limiting::limited,
        limiting::expiring,
        subscribing::sharing,
        limiting::taking_little,
        limiting::explaining,
        subscribing::overlapping,
        exchanging::swapping,
        exchanging::extremes,
        connecting::breaking_off,
        exchanging::striking,
        exchanging::completing,
        connecting::outliving,
        authenticating::authenticating,
        numbering::numbering,
        lasting::taking_up,
        lasting::starting_again,
        lasting::counting_time,
        lasting::connecting_richly,
        lasting::counting_again,
        lasting::leaving_one,
    ];
    stops.iter().flat_map(|stop| stop(fault, version).trace).collect()
}

#[test]
fn every_fault_shows_where_it_breaks_a_rule() {
    let mut hidden = Vec::new();
    for version in BOTH {
        let kept = tour(None, version);
        for fault in Fault::ALL {
            // What the shell does wrong can't show in the machine.
            let breaks = !fault.breaks(version).is_empty() && !fault.is_of_shell();
            let shows = tour(Some(*fault), version) != kept;
            // Serving what the administrator denied is no breach of 5.0, and yet it shows.
            let is_free = *fault == Fault::DeliversDenied && version == V5;
            if breaks != shows && !is_free {
                hidden.push(format!("{} in {version}: breaks {breaks}, shows {shows}", fault.name()));
            }
        }
    }
    assert!(hidden.is_empty(), "{}", hidden.join("\n"));
}

#[test]
fn mistakes_are_sent_where_they_break_a_rule() {
    let mut hidden = Vec::new();
    for version in BOTH {
        let kept = tour(None, version);
        for mutation in MUTATIONS {
            let fault = Fault::Sends(*mutation);
            let shows = tour(Some(fault), version) != kept;
            if shows && fault.breaks(version).is_empty() {
                hidden.push(format!("{} in {version}", fault.name()));
            }
        }
    }
    assert!(hidden.is_empty(), "{}", hidden.join("\n"));
}
