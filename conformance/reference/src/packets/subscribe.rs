//! SUBSCRIBE: filters in, codes and retained messages out.

use std::sync::Arc;

use mqtt_assay_codec::{
    Packet, PacketId, Properties, QoS, ReasonCode, ReasonCodes, RetainHandling, Suback, Subscribe, SubscriptionOptions,
    Subscriptions, is_shared, split_shared,
};

use crate::ending::breach::Ids;
use crate::event::ConnectionId;
use crate::faults::Fault;
use crate::faults::answering::{another, is_high};
use crate::machine::Machine;
use crate::quirks::Quirk;
use crate::quirks::characters::has_control_characters;
use crate::state::ClientId;
use crate::state::levels::Place;
use crate::state::subscriptions::Subscription;
use crate::state::work::{FilterList, Replay, Work};

/// What a SUBSCRIBE of 5.0 may not ask for: the rule, the reason code, what it asks for.
pub(crate) type Unavailable = (&'static str, ReasonCode, &'static str);

/// Levels of a topic filter where the broker limits them.
const MOST_LEVELS: usize = 10;

/// One topic filter with its options, as it is asked for.
pub(crate) struct Request<'a> {
    filter: &'a str,
    pub(crate) options: SubscriptionOptions,
    identifier: Option<u32>,
    is_v5: bool,
}

impl Request<'_> {
    pub(crate) fn is_shared(&self) -> bool {
        self.is_v5 && is_shared(self.filter)
    }

    /// The filter without its share name.
    fn topic_filter(&self) -> &str {
        match split_shared(self.filter) {
            Some((_, topic_filter)) if self.is_v5 => topic_filter,
            _ => self.filter,
        }
    }

    pub(crate) fn has_wildcards(&self) -> bool {
        self.topic_filter().contains(['+', '#'])
    }
}

/// What one SUBSCRIBE asks for.
#[derive(Clone, Copy)]
pub(crate) struct Requests<'a> {
    filters: Subscriptions<'a>,
    identifier: Option<u32>,
    is_v5: bool,
}

impl<'a> Requests<'a> {
    fn iter(&self) -> impl Iterator<Item = Request<'a>> + use<'a> {
        let Self { identifier, is_v5, .. } = *self;
        self.filters.iter().map(move |(filter, options)| Request { filter, options, identifier, is_v5 })
    }
}

/// Whether one of these requests is one of 5.0 with this wish.
pub(crate) fn asks<'a>(requests: &Requests<'a>, wish: impl Fn(&Request<'a>) -> bool) -> bool {
    requests.is_v5 && requests.iter().any(|request| wish(&request))
}

impl Machine {
    pub(crate) fn subscribe(&mut self, id: ConnectionId, subscribe: &Subscribe<'_>) {
        if self.falls_silent_at(subscribe) || self.dies_of_subscribe(id, subscribe) {
            return;
        }
        let is_v5 = self.is_v5(id);
        let identifier = subscribe.properties.subscription_identifier();
        let requests = Requests { filters: subscribe.filters, identifier, is_v5 };
        if self.refuse_unavailable(id, &requests) {
            return;
        }
        if self.names_identifier_in_use(id, subscribe.packet_id) && is_v5 {
            let codes = self.codes_for_identifier_in_use(id, subscribe.packet_id, subscribe.filters.len());
            self.send_suback(id, subscribe.packet_id, &codes);
            return;
        }
        let filters = FilterList::of_subscribe(subscribe.filters);
        self.begin_work(id, true, subscribe.packet_id, identifier, filters);
    }

    /// The next filters of a SUBSCRIBE, as many as time allows; true if all are done.
    pub(crate) fn subscribe_next(&mut self, client_id: &ClientId, is_v5: bool, work: &mut Work) -> bool {
        let filters = Arc::clone(&work.filters);
        while let Some((filter, options, next)) = filters.read(work.at) {
            if self.is_tired() {
                return false;
            }
            self.effort += 1 + filter.len() / 64;
            let _way = self.on_filter(client_id, filter, is_v5);
            let request = Request { filter, options, identifier: work.identifier, is_v5 };
            let skipped = work.at > 0 && self.fault(Fault::OnlyFirstFilter);
            let (code, wanted) =
                if skipped { (ReasonCode(options.qos as u8), false) } else { self.subscribe_one(client_id, &request) };
            work.codes.push(code.0);
            work.wanted.push(wanted);
            work.at = next;
        }
        true
    }

    /// Answers a SUBSCRIBE and begins to hand on the retained messages that it asked for.
    pub(crate) fn answer_subscribe(&mut self, id: ConnectionId, client_id: &ClientId, is_v5: bool, work: Work) {
        let Work { packet_id, identifier, filters, codes, wanted, account, .. } = work;
        if self.fault(Fault::SubackForEachFilter) {
            self.send_more_subacks(id, packet_id, &codes);
        }
        let suback_first = !self.replays_first();
        if suback_first {
            self.send_suback(id, packet_id, &codes);
        }
        let replay =
            Replay { identifier, is_v5, filters, at: 0, index: 0, wanted, place: Place::Start, _account: account };
        self.begin_replay(client_id, replay);
        self.replay(client_id);
        if !suback_first {
            self.send_suback(id, packet_id, &codes);
        }
    }

    /// Closes on what the CONNACK of 5.0 ruled out; true if it did.
    fn refuse_unavailable(&mut self, id: ConnectionId, requests: &Requests<'_>) -> bool {
        if self.quirk(Quirk::RefusesControlCharacters)
            && requests.iter().any(|request| has_control_characters(request.filter))
        {
            self.refuse(id, ReasonCode::MALFORMED_PACKET, "a control character in a topic filter");
            return true;
        }
        let is_denied = |request: Request<'_>| self.settings.access.denies(request.topic_filter());
        if !requests.is_v5 && requests.iter().any(is_denied) && self.fault(Fault::ClosesOnDenied) {
            self.end(id, true);
            return true;
        }
        let Some((rule, reason, detail)) = self.unavailable(requests) else { return false };
        self.limit_violation(id, Ids("MQTT-3.8.3-2", rule), reason, detail);
        true
    }

    fn unavailable(&self, requests: &Requests<'_>) -> Option<Unavailable> {
        let limits = &self.settings.limits;
        if !limits.wildcards_available
            && asks(requests, Request::has_wildcards)
            && !self.fault(Fault::GrantsUnavailableWildcard)
        {
            let reason = ReasonCode::WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED;
            return Some(("U5-101", reason, "a wildcard where none is available"));
        }
        if !limits.shared_subscriptions_available
            && asks(requests, Request::is_shared)
            && !self.fault(Fault::AcceptsUnavailableShare)
        {
            let reason = ReasonCode::SHARED_SUBSCRIPTIONS_NOT_SUPPORTED;
            return Some(("U5-110", reason, "a shared subscription where none is available"));
        }
        let identified = asks(requests, |request| request.identifier.is_some());
        if !limits.subscription_identifiers_available && identified && !self.fault(Fault::AcceptsUnavailableIdentifier)
        {
            let reason = ReasonCode::SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED;
            return Some(("U5-106", reason, "a subscription identifier where none is available"));
        }
        self.ruled_out_by_fault(requests)
    }

    /// Makes or replaces one subscription: its code, and whether the retained messages for it are asked for.
    fn subscribe_one(&mut self, client_id: &ClientId, request: &Request<'_>) -> (ReasonCode, bool) {
        let granted = self.granted(request.options.qos);
        match self.store_subscription(client_id, request, granted) {
            Ok(existed) => (ReasonCode(granted as u8), self.wants_retained(request, existed)),
            Err(code) if request.is_v5 => (code, false),
            Err(_) => (ReasonCode::UNSPECIFIED_ERROR, false),
        }
    }

    fn limits_filter(&self, request: &Request<'_>) -> bool {
        let filter = request.topic_filter();
        self.quirk(Quirk::LimitsFilters) && (filter == "#" || filter.split('/').count() > MOST_LEVELS)
    }

    /// Whether the session had this subscription before, or why it can't have it.
    fn store_subscription(
        &mut self,
        client_id: &ClientId,
        request: &Request<'_>,
        granted: QoS,
    ) -> Result<bool, ReasonCode> {
        let denied = self.settings.access.denies(request.topic_filter()) && !self.fault(Fault::DeliversDenied);
        if denied && self.quirk(Quirk::BlamesName) || self.limits_filter(request) {
            return Err(ReasonCode::TOPIC_FILTER_INVALID);
        }
        if denied {
            return Err(ReasonCode::NOT_AUTHORIZED);
        }
        let grants_wildcard = self.settings.limits.wildcards_available || self.fault(Fault::GrantsUnavailableWildcard);
        if request.has_wildcards() && !grants_wildcard {
            return Err(ReasonCode::WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED);
        }
        let most = self.settings.limits.max_subscriptions;
        let counted = request.is_shared() && self.fault(Fault::SharedCountsTwice);
        let twice = self.fault(Fault::SubscribesTwice) || counted;
        let account = self.ledger.open(2 * request.filter.len()).ok_or(ReasonCode::QUOTA_EXCEEDED)?;
        let faulty = self.marks_of_subscription();
        let session = self.sessions.get_mut(client_id).ok_or(ReasonCode::UNSPECIFIED_ERROR)?;
        let filter: Arc<str> = request.filter.into();
        let shared = request.is_shared();
        let subscription = Subscription {
            filter: Arc::clone(&filter),
            options: request.options,
            granted,
            identifier: request.identifier,
            shared,
            made: 0,
            faulty,
            _account: account,
        };
        let existed = session.subscriptions.get(&filter).is_some();
        if existed && !twice {
            let replaced = session.subscriptions.replace(subscription);
            self.settle_replaced(client_id, replaced);
        } else if session.subscriptions.len() >= most {
            return Err(ReasonCode::QUOTA_EXCEEDED);
        } else {
            session.subscriptions.add(subscription);
        }
        self.list_subscriber(client_id, &filter, shared);
        Ok(existed)
    }

    /// What follows for a subscription in whose place there is another one now.
    fn settle_replaced(&mut self, client_id: &ClientId, replaced: Option<Subscription>) {
        let Some(old) = replaced else { return };
        // A client that comes back with another version may share by a filter by which it didn't before.
        self.strike_subscriber(client_id, &old);
        if !self.is_faultless() {
            self.spoil_replacement(client_id, old);
        }
    }

    /// Whether a SUBSCRIBE asks for the retained messages (5.0 section 3.8.3.1; in 3.1.1 always).
    fn wants_retained(&self, request: &Request<'_>, existed: bool) -> bool {
        if request.is_shared() && !self.fault(Fault::RetainedToShared) {
            return false;
        }
        match request.options.retain_handling {
            RetainHandling::Send => !existed || !self.fault(Fault::RetainedNotResent),
            RetainHandling::SendIfNew if self.fault(Fault::RetainHandling1Never) => false,
            RetainHandling::SendIfNew => !existed || self.fault(Fault::RetainHandling1Always),
            RetainHandling::DoNotSend => self.fault(Fault::RetainHandling2Ignored),
        }
    }

    pub(crate) fn send_suback(&mut self, id: ConnectionId, packet_id: PacketId, codes: &[u8]) {
        if self.fault(Fault::NoSuback) && is_high(packet_id) {
            return;
        }
        let packet_id =
            if self.fault(Fault::WrongSubackId) && is_high(packet_id) { another(packet_id) } else { packet_id };
        let codes = self.spoiled_suback_codes(codes, packet_id);
        let failed = codes.iter().any(|code| *code >= 0x80);
        let why = failed.then_some("not every subscription was granted");
        let reasons = ReasonCodes::from(codes.as_slice());
        self.send_explained(id, why, Packet::Suback(Suback { packet_id, properties: Properties::EMPTY, reasons }));
        if !self.is_faultless() {
            self.send_done_again(id);
        }
    }

    /// Takes away the subscription with this filter; says whether there was one.
    pub(crate) fn remove_subscription(&mut self, client_id: &ClientId, filter: &str) -> bool {
        let session = self.sessions.get_mut(client_id);
        let gone = session.and_then(|session| session.subscriptions.remove(filter));
        if let Some(gone) = &gone {
            self.strike_subscriber(client_id, gone);
        }
        gone.is_some()
    }
}
