//! Messages that are acknowledged at once and routed a moment later; and the order in which connections get their copies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::machine::Machine;
use crate::quirks::Quirk;
use crate::quirks::state::LateRoute;
use crate::state::ClientId;
use crate::state::message::Message;
use crate::state::session::{Outgoing, Session};
use crate::state::timers::Due;

/// How long a message waits between its acknowledgement and its routing.
const LATE: Duration = Duration::from_millis(400);

impl Machine {
    /// Puts the storing and the sending of a message off, whose receivers are known. One too many is lost.
    pub(crate) fn route_later(&mut self, message: &Arc<Message>, copies: Vec<(ClientId, Outgoing)>) {
        if self.quirky.late_routes.len() >= self.settings.limits.max_queued_messages {
            return;
        }
        self.quirky.late_routes.push_back(LateRoute { due: self.now + LATE, message: Arc::clone(message), copies });
        self.wind_late_routes();
    }

    /// Stores and sends what has waited long enough, to those who still have the session that it was meant for.
    pub(crate) fn late_routes_due(&mut self) {
        while let Some(route) = self.quirky.late_routes.pop_front_if(|route| route.due <= self.now) {
            let _way = self.on_message(&route.message);
            self.retain(&route.message);
            let mut copies = route.copies;
            let same = |session: &Session, client_id: &ClientId| Arc::ptr_eq(&session.client_id, client_id);
            copies
                .retain(|(client_id, _)| self.sessions.get(client_id).is_some_and(|session| same(session, client_id)));
            self.deliver_all(copies);
        }
        self.wind_late_routes();
    }

    fn wind_late_routes(&mut self) {
        self.timers.set(Due::LateRoutes, self.quirky.late_routes.front().map(|route| route.due));
    }

    /// Changes who gets a copy first, by the seed; the copies of one client stay in order.
    pub(crate) fn shuffle_clients(&mut self, copies: &mut Vec<(ClientId, Outgoing)>) {
        if !self.quirk(Quirk::FansOutInAnyOrder) {
            return;
        }
        let mut of_each: BTreeMap<ClientId, Vec<Outgoing>> = BTreeMap::new();
        for (client_id, copy) in copies.drain(..) {
            of_each.entry(client_id).or_default().push(copy);
        }
        let mut clients: Vec<(u64, ClientId, Vec<Outgoing>)> = Vec::new();
        for (client_id, copies) in of_each {
            clients.push((self.next_choice(), client_id, copies));
        }
        clients.sort_by_key(|(choice, ..)| *choice);
        for (_, client_id, of_one) in clients {
            copies.extend(of_one.into_iter().map(|copy| (Arc::clone(&client_id), copy)));
        }
    }

    /// A number that looks like chance and comes of the seed (splitmix64).
    fn next_choice(&mut self) -> u64 {
        self.quirky.choices = self.quirky.choices.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut choice = self.quirky.choices ^ self.settings.seed;
        choice = (choice ^ (choice >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        choice = (choice ^ (choice >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        choice ^ (choice >> 31)
    }
}
