//! How clients come and go: the sessions that they take up, the wills that they leave, and which of both a DISCONNECT ends.

use super::content::Content;
use super::publications::{Draft, Publisher};
use super::sessions::Session;
use super::traffic::Traffic;
use crate::auditor::{Conn, Finding, Moment, Point, print};
use mqtt_assay_codec::{Connack, Connect, Disconnect, ReasonCode, Version};
use std::time::Duration;

impl Traffic {
    pub(super) fn connects(&mut self, conn: Conn, moment: Moment, connect: &Connect<'_>) {
        let number = match self.names.get(connect.client_id) {
            Some(&number) if !connect.client_id.is_empty() => number,
            _ => self.new_session(connect.client_id),
        };
        let Some(link) = self.links.get_mut(&conn).filter(|link| link.session.is_none()) else { return };
        let properties = &connect.properties;
        link.session = Some(number);
        link.connect = moment;
        link.is_clean = connect.clean_start;
        link.keep_alive = connect.keep_alive;
        link.has_no_expiry = properties.session_expiry_interval().unwrap_or_default() == 0;
        link.ends_session = match link.version {
            Version::V5 => properties.session_expiry_interval().unwrap_or_default() == 0,
            _ => connect.clean_start,
        };
        let (version, is_uncertain) = (link.version, link.is_tainted);
        self.sessions[number].used_by(version);
        self.sessions[number].latest = Some(conn);
        let smallest = &mut self.sessions[number].smallest_limit;
        *smallest = smallest.iter().copied().chain(properties.maximum_packet_size()).min();
        if let Some(will) = &connect.will {
            let draft = Draft {
                topic: self.publications.name(will.topic),
                print: print(will.payload),
                length: will.payload.len(),
                qos: will.qos,
                retain: will.retain,
                content: Content::of(will.properties),
                expiry: will.properties.message_expiry_interval(),
            };
            let publisher = Publisher { conn, session: number, version, is_will: true, is_uncertain };
            let will = self.publications.add(draft, publisher, moment);
            if let Some(link) = self.links.get_mut(&conn) {
                link.will = Some(will);
            }
        }
    }

    fn new_session(&mut self, client_id: &str) -> usize {
        self.sessions.push(Session::default());
        let number = self.sessions.len() - 1;
        if !client_id.is_empty() {
            self.names.insert(client_id.into(), number);
        }
        number
    }

    pub(super) fn is_let_in(&mut self, conn: Conn, moment: Moment, connack: &Connack<'_>) {
        if connack.reason.is_error() || connack.reason != ReasonCode::SUCCESS {
            return;
        }
        let Some(link) = self.links.get_mut(&conn).filter(|link| link.accepted.is_none()) else { return };
        link.accepted = Some(moment);
        link.is_resumed = connack.session_present;
        link.keep_alive = connack.properties.server_keep_alive().unwrap_or(link.keep_alive);
        link.alias_maximum = connack.properties.topic_alias_maximum().unwrap_or_default();
        if let Some(expiry) = connack.properties.session_expiry_interval() {
            link.ends_session = expiry == 0;
        }
        let Some(number) = link.session else { return };
        let (connect, is_clean) = (link.connect.seq, link.is_clean && !link.is_tainted);
        if let Some(assigned) = connack.properties.assigned_client_identifier() {
            self.names.insert(assigned.into(), number);
        }
        let last = self.sessions[number].last.and_then(|last| self.links.get(&last));
        // It ended with the connection before, which the broker has let go.
        let has_ended = last.is_some_and(|last| {
            let ends = last.ends_session || last.leaves_for_good && !last.is_dismissed;
            ends && !last.is_tainted && last.broker_end.is_some_and(|end| end < connect)
        });
        // There is none, whatever became of it: what was subscribed and sent before is gone, if the broker says what is so.
        let may_have_ended = !connack.session_present;
        // It was left behind by somebody else, and what was subscribed there nobody here knows.
        let is_foreign = connack.session_present && last.is_none();
        let session = &mut self.sessions[number];
        session.is_foreign |= is_foreign;
        session.is_mixed |= is_foreign;
        if is_clean || has_ended {
            session.floor = session.floor.max(connect);
            session.copies.clear();
            session.reused.clear();
        }
        if is_clean || has_ended || may_have_ended {
            session.incoming.clear();
            session.late.clear();
        }
        // What is sent again of them may be taken for new.
        let under_way = std::mem::take(&mut session.outgoing);
        if !is_clean && !has_ended {
            if may_have_ended {
                for &number in under_way.values() {
                    self.publications.get_mut(number).is_uncertain = true;
                }
            }
            session.outgoing = under_way;
        }
        if may_have_ended {
            session.subscriptions.iter_mut().for_each(|subscription| subscription.may_end(connect));
        }
        session.last = Some(conn);
        let floor = session.floor;
        if let Some(link) = self.links.get_mut(&conn) {
            link.floor = floor;
        }
    }

    /// The client takes leave, having written last at `wrote`.
    pub(super) fn leaves(&mut self, conn: Conn, moment: Moment, wrote: Duration, disconnect: &Disconnect<'_>) {
        self.settle_debts(conn, moment);
        let Some(link) = self.links.get_mut(&conn) else { return };
        let changed = disconnect.properties.session_expiry_interval();
        let expiry = changed.unwrap_or_default();
        link.ends_session &= expiry == 0;
        // It is against the standard, and the broker need not take it for a leave.
        let is_refused = expiry > 0 && link.has_no_expiry;
        link.has_left = true;
        let keep_alive = Duration::from_secs(link.keep_alive.into());
        let is_alive = keep_alive.is_zero() || moment.at < wrote + keep_alive;
        // A message that was not read before it may be what ends the connection.
        let is_last = link.broker_end.is_none() && !link.order.has_unread();
        let is_taken = is_last && is_alive && !link.is_tainted && !is_refused;
        link.leaves_for_good = is_taken && changed == Some(0);
        if is_taken && disconnect.reason == ReasonCode::SUCCESS {
            link.farewell = Some(moment);
        }
    }

    /// The broker has ended a connection whose client had left: what it has of a will is deleted.
    pub(super) fn delete_will(&mut self, conn: Conn) {
        let Some(link) = self.links.get(&conn) else { return };
        let (Some(will), Some(farewell), Some(session)) = (link.will, link.farewell, link.session) else { return };
        let is_last = self.sessions[session].latest == Some(conn) && !self.sessions[session].is_mixed;
        if link.accepted.is_none() || link.is_dismissed || !is_last {
            return;
        }
        let publication = self.publications.get_mut(will);
        publication.deleted = Some(farewell);
        if let Some(seen) = publication.seen.filter(|seen| seen.seq > farewell.seq) {
            let why = format!("the will of a client that had left with DISCONNECT came to others (line {})", seen.line);
            self.debts.found.push(Finding { conn, owed: farewell, point: Point::WillDeleted, why });
        }
    }
}
