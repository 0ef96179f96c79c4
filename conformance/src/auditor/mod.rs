//! The auditor: a judge over all traffic. This is its beginning: form, direction and order of what a broker sends, one
//! connection at a time.
//!
//! It knows the codec alone, does no I/O and has no clock. Told of every packet, both ways, in the order in which they were
//! written and read, it answers for each packet of the broker what that says of each [`Point`]: kept, broken, or that
//! the thing wasn't there to be broken. Doubt is never a breach:
//!
//! * What we sent against the standard (a mistake put in on purpose, a second CONNECT, bytes that are no packet) taints the
//!   connection: from there on answers are not judged, only what no packet of ours can excuse.
//! * An identifier that we used again while it was in use is not judged any more.
//! * That a packet of ours was read is known once a later packet, or it itself, is answered.
//! * What an earlier connection may have left behind is not judged: only a client identifier that was never used before
//!   has nothing behind it.
//!
//! After a breach it follows the broker, so that one breach stays one.

mod clients;
mod connection;
mod deliveries;
mod points;
mod requests;
mod subscriptions;
#[cfg(test)]
mod tests;

pub use clients::Clients;
pub use connection::Connection;
pub use points::{Audit, Holding, Point};
