//! SUBSCRIBE: filters in, codes and retained messages out.

use std::sync::Arc;

use mqtt_assay_codec::{
    Packet, PacketId, Properties, QoS, ReasonCode, ReasonCodes, RetainHandling, Suback, Subscribe, SubscriptionOptions,
    is_shared, split_shared,
};

use crate::ending::refuse::Ids;
use crate::event::ConnectionId;
use crate::faults::Fault;
use crate::faults::answering::{another, is_high};
use crate::machine::Machine;
use crate::quirks::Quirk;
use crate::quirks::characters::has_control_characters;
use crate::state::ClientId;
use crate::state::session::{Outgoing, Subscription};

/// What a SUBSCRIBE of 5.0 may not ask for: the rule, the reason code, what it asks for.
pub(crate) type Unavailable = (&'static str, ReasonCode, &'static str);

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

/// Whether one of these requests is one of 5.0 with this wish.
pub(crate) fn asks<'a>(requests: &[Request<'a>], wish: impl Fn(&Request<'a>) -> bool) -> bool {
    requests.iter().any(|request| request.is_v5 && wish(request))
}

impl Machine {
    pub(crate) fn subscribe(&mut self, id: ConnectionId, subscribe: &Subscribe<'_>) {
        let Some(connection) = self.connections.get(&id) else { return };
        let (is_v5, Some(client_id)) = (connection.is_v5(), connection.client_id.clone()) else { return };
        let identifier = subscribe.properties.subscription_identifier();
        let requests: Vec<Request<'_>> =
            subscribe.filters.iter().map(|(filter, options)| Request { filter, options, identifier, is_v5 }).collect();
        if self.refuse_unavailable(id, &requests) {
            return;
        }
        if is_v5 && self.session_of(id).is_some_and(|session| session.received.contains_key(&subscribe.packet_id)) {
            self.breach(id, Ids("MQTT-2.3.1-2", "U5-029"), "a packet identifier that is in use");
            let codes = vec![ReasonCode::PACKET_IDENTIFIER_IN_USE.0; requests.len()];
            self.send_suback(id, subscribe.packet_id, &codes);
            return;
        }
        let mut codes = Vec::with_capacity(requests.len());
        let mut retained = Vec::new();
        for (index, request) in requests.iter().enumerate() {
            let skipped = index > 0 && self.fault(Fault::OnlyFirstFilter);
            let (code, messages) = if skipped {
                (ReasonCode(request.options.qos as u8), Vec::new())
            } else {
                self.subscribe_one(&client_id, request)
            };
            codes.push(code.0);
            retained.extend(messages);
        }
        self.answer_subscribe(id, &client_id, subscribe.packet_id, &codes, retained);
    }

    fn answer_subscribe(
        &mut self,
        id: ConnectionId,
        client_id: &ClientId,
        packet_id: PacketId,
        codes: &[u8],
        retained: Vec<Outgoing>,
    ) {
        let suback_first = !self.quirk(Quirk::PublishBeforeSuback);
        if self.fault(Fault::SubackForEachFilter) {
            self.send_more_subacks(id, packet_id, codes);
        }
        if suback_first {
            self.send_suback(id, packet_id, codes);
        }
        for outgoing in retained {
            self.deliver(client_id, outgoing);
        }
        if !suback_first {
            self.send_suback(id, packet_id, codes);
        }
    }

    /// Closes on what the CONNACK of 5.0 ruled out; true if it did.
    fn refuse_unavailable(&mut self, id: ConnectionId, requests: &[Request<'_>]) -> bool {
        if self.quirk(Quirk::RefusesControlCharacters)
            && requests.iter().any(|request| has_control_characters(request.filter))
        {
            self.refuse(id, ReasonCode::MALFORMED_PACKET, "a control character in a topic filter");
            return true;
        }
        let Some((rule, reason, detail)) = self.unavailable(requests) else { return false };
        self.violation(id, Ids("MQTT-3.8.3-2", rule), reason, detail);
        true
    }

    fn unavailable(&self, requests: &[Request<'_>]) -> Option<Unavailable> {
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

    /// Makes or replaces one subscription: its code, and the retained messages for it.
    fn subscribe_one(&mut self, client_id: &ClientId, request: &Request<'_>) -> (ReasonCode, Vec<Outgoing>) {
        let granted = self.granted(request.options.qos);
        let existed = match self.store_subscription(client_id, request, granted) {
            Ok(existed) => existed,
            Err(code) if request.is_v5 => return (code, Vec::new()),
            Err(_) => return (ReasonCode::UNSPECIFIED_ERROR, Vec::new()),
        };
        let retained = if self.wants_retained(request, existed) {
            let no_local = request.options.no_local && !self.fault(Fault::NoLocalIgnored);
            self.retained_for(client_id, request.topic_filter(), granted, no_local, request.identifier)
        } else {
            Vec::new()
        };
        (ReasonCode(granted as u8), retained)
    }

    fn granted(&self, asked: QoS) -> QoS {
        let granted = asked.min(self.settings.limits.maximum_qos);
        if self.quirk(Quirk::GrantsLowerQos) { granted.min(QoS::AtLeastOnce) } else { granted }
    }

    /// Whether the session had this subscription before, or why it can't have it.
    fn store_subscription(
        &mut self,
        client_id: &ClientId,
        request: &Request<'_>,
        granted: QoS,
    ) -> Result<bool, ReasonCode> {
        let denied = self.settings.access.denies(request.topic_filter()) && !self.fault(Fault::DeliversDenied);
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
        let account = self.ledger.open(request.filter.len()).ok_or(ReasonCode::QUOTA_EXCEEDED)?;
        let session = self.sessions.get_mut(client_id).ok_or(ReasonCode::UNSPECIFIED_ERROR)?;
        let subscription = Subscription {
            filter: request.filter.into(),
            options: request.options,
            granted,
            identifier: request.identifier,
            shared: request.is_shared(),
            _account: account,
        };
        let held = session.subscriptions.iter().position(|held| held.filter == subscription.filter);
        if let Some(held) = held.filter(|_| !twice) {
            let old = std::mem::replace(&mut session.subscriptions[held], subscription);
            if !self.is_faultless() {
                self.spoil_replacement(client_id, held, old);
            }
            return Ok(true);
        }
        if session.subscriptions.len() >= most {
            return Err(ReasonCode::QUOTA_EXCEEDED);
        }
        session.subscriptions.push(subscription);
        Ok(held.is_some())
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
        if self.fault(Fault::SendsDoneAgain) {
            self.send_done_again(id);
        }
    }

    /// Takes away the session's subscriptions that `leaves` names; how many there were.
    pub(crate) fn remove_subscriptions(
        &mut self,
        client_id: &ClientId,
        leaves: impl Fn(&Subscription) -> bool,
    ) -> usize {
        let Some(session) = self.sessions.get_mut(client_id) else { return 0 };
        let (gone, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut session.subscriptions).into_iter().partition(|subscription| leaves(subscription));
        session.subscriptions = kept;
        for subscription in gone.iter().filter(|subscription| subscription.shared) {
            let filter = Arc::clone(&subscription.filter);
            self.forget_turn(&filter);
        }
        gone.len()
    }
}
