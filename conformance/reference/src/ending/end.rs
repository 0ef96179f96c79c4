//! The end of connections and of sessions.

use std::time::Duration;

use mqtt_assay_codec::ReasonCode;

use crate::ending::breach::Ids;
use crate::event::{Closing, ConnectionId, Effect};
use crate::faults::Fault;
use crate::machine::Machine;
use crate::quirks::Quirk;
use crate::state::ClientId;
use crate::state::connection::Connection;
use crate::state::session::Session;

impl Machine {
    /// Ends a connection: closes it, publishes the will or lets it wait, keeps or ends the session.
    pub(crate) fn end(&mut self, id: ConnectionId, with_will: bool) {
        let Some(connection) = self.connections.remove(&id) else { return };
        self.wind(id);
        self.busy.remove(&id);
        self.takes_no_more_time(id);
        if !self.quirky.unaware.remove(&id) {
            self.close_to(id);
        }
        self.finish(connection, with_will);
    }

    /// Closes the connection towards the client.
    pub(crate) fn close_to(&mut self, id: ConnectionId) {
        self.outflow.close(id);
        self.effects.push(Effect::Close(id, Closing::Fin));
    }

    /// What follows the end of a connection: its will, and its session.
    pub(crate) fn finish(&mut self, mut connection: Connection, with_will: bool) {
        let id = connection.id;
        let _way = self.on_end(&connection);
        self.leave_aliases(&mut connection);
        let will = connection.will.take().filter(|_| with_will && !self.fault(Fault::WillNotSent));
        let Some(client_id) = connection.client_id else { return self.will_of_cut_off(will) };
        let had_will = will.is_some();
        let open_since = connection.opened_at;
        let expiry = self.detach(id, &client_id, connection.session_expiry, open_since);
        if let Some(will) = will {
            self.will_after_end(&client_id, will, expiry);
        }
        if !had_will && self.fault(Fault::WillStays) {
            self.will_of_before(&client_id);
        }
        if expiry.is_zero() {
            self.end_session(&client_id);
        } else {
            self.wind_session(&client_id);
        }
    }

    /// Takes the connection from its session; says how long the session lasts from now.
    fn detach(&mut self, id: ConnectionId, client_id: &ClientId, expiry: u32, open_since: Duration) -> Duration {
        let now = self.now;
        let Some(session) = self.sessions.get(client_id).filter(|session| session.connection == Some(id)) else {
            return Duration::MAX;
        };
        let mut lasts = self.lasts(session, expiry);
        if lasts < Duration::MAX && self.fault(Fault::ExpiryFromConnect) {
            lasts = lasts.saturating_sub(now.saturating_sub(open_since));
        }
        if let Some(session) = self.sessions.get_mut(client_id) {
            session.connection = None;
            session.expires_at = now.checked_add(lasts);
            for entry in &mut session.in_flight {
                entry.sent = false;
            }
        }
        lasts
    }

    /// How long a session outlives its connection.
    fn lasts(&self, session: &Session, expiry: u32) -> Duration {
        let anew = session.faulty.begun_anew && self.fault(Fault::ForgetsCleanlyBegun);
        match expiry {
            0 if !self.fault(Fault::EndedSessionStays) => Duration::ZERO,
            _ if anew || self.fault(Fault::ForgetsSession) => Duration::ZERO,
            0 | u32::MAX => Duration::MAX,
            _ if self.fault(Fault::SessionNeverExpires) => Duration::MAX,
            seconds if self.fault(Fault::SessionExpiresEarly) => Duration::from_secs(u64::from(seconds)) / 2,
            seconds => Duration::from_secs(u64::from(seconds)),
        }
    }

    /// Forgets the session; a will that still waits is published now, because the session ends.
    pub(crate) fn end_session(&mut self, client_id: &ClientId) {
        let Some(mut session) = self.sessions.remove(client_id) else { return };
        self.wind_session(client_id);
        for subscription in session.subscriptions.iter() {
            self.strike_subscriber(client_id, subscription);
        }
        session.subscriptions.clear();
        if self.fault(Fault::RetainedEndsWithSession) {
            self.retained.retain(|retained| retained.publisher != *client_id);
        }
        if self.fault(Fault::SharedEndedGoesOn) {
            self.pass_all_on(client_id, &mut session);
        }
        if let Some(pending) = session.will.take() {
            self.publish_will(pending.will);
        }
    }

    /// A session's time has come: its will is due, or its expiry, or both.
    pub(crate) fn session_due(&mut self, client_id: &ClientId) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(client_id) else { return };
        let will = session.will.take_if(|pending| pending.due <= now);
        if let Some(pending) = will {
            self.publish_will(pending.will);
        }
        let over = self.sessions.get(client_id).and_then(|session| session.expires_at).is_some_and(|at| at <= now);
        if over {
            self.end_session(client_id);
        }
        self.wind_session(client_id);
    }

    /// Nothing came for one and a half times the keep alive: the network is taken for broken.
    pub(crate) fn keep_alive_over(&mut self, id: ConnectionId) {
        let asked = self.connections.get(&id).and_then(|connection| connection.patience);
        self.name_silence(id);
        let idle = asked.is_none() || self.quirk(Quirk::ClosesIdleClients);
        if !idle && self.is_v5(id) {
            let blames = self.fault(Fault::KeepAliveBlamesQuota);
            self.send_disconnect(
                id,
                if blames { ReasonCode::RECEIVE_MAXIMUM_EXCEEDED } else { ReasonCode::KEEP_ALIVE_TIMEOUT },
                "no packet came within one and a half times the keep alive",
            );
        }
        let _way = self.on_will_of(id);
        let with_will = !self.fault(Fault::NoWillOnKeepAlive);
        self.end(id, with_will);
    }

    /// Names the silence, where it is the client's: not while a packet is under way, and not before its time.
    fn name_silence(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        let is_over = connection.patience.is_some_and(|patience| connection.heard_at + patience <= self.now);
        let is_half = !connection.input.is_empty();
        // In 5.0 it may be the broker's own keep alive, which takes the place of the client's.
        let stated = self.settings.limits.server_keep_alive.is_some();
        let ids = Ids("MQTT-3.1.2-23", if stated { "MQTT-3.1.2-21" } else { "MQTT-3.1.2-20" });
        let is_told = connection.connack_ends.is_some_and(|end| self.outflow.has_written(id, end));
        if is_over && !is_half && (is_told || !stated) {
            self.breach(id, ids, "no packet came within one and a half times the keep alive");
        }
        let why = match (is_over, is_half) {
            (true, true) => "no whole packet came within one and a half times the keep alive",
            (true, false) => "keep alive",
            (false, _) => "it was idle",
        };
        self.note(id, format!("closed: {why}"));
    }
}
