//! The auditor: a judge over all traffic of a run, without I/O and without a clock of its own.
//!
//! It knows the codec alone. Told of every packet, both ways, in the order in which they were written and read, it answers
//! for each packet of the broker what that says of each [`Point`]: kept, broken, or that the thing wasn't there to be
//! broken; and at last, what was owed and did not come. [`Auditor`] asks its parts: `connection` knows form, direction and
//! order on one connection; `sessions` what holds across those of one client identifier; `routing` what becomes of messages
//! on their way from one client to others. Doubt is never a breach:
//!
//! * What we sent against the standard (a mistake put in on purpose, a second CONNECT, bytes that are no packet) taints the
//!   connection: from there on answers are not judged, only what no packet of ours can excuse.
//! * An identifier that we used again while it was in use is not judged any more.
//! * That a packet of ours was read is known once a later packet, or it itself, is answered.
//! * What was read before something else was written came first; nothing else orders two lines.
//!
//! After a breach it follows the broker, so that one breach stays one.

mod clients;
mod connection;
mod cut_off;
mod deliveries;
mod facts;
mod judge;
mod outgoing;
mod places;
mod points;
mod requests;
mod routing;
mod sessions;
mod subscriptions;
#[cfg(test)]
mod tests;

pub use deliveries::{Print, print};
pub use facts::{Conn, Facts, Finding, Moment};
pub use judge::Auditor;
pub use points::{Audit, Holding, Point};
