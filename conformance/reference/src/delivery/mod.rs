//! The way of a message from its acceptance to the bytes for each client: who gets it, when it is sent, when again.
//!
//! Floors, from below: `send` writes packets, `deliver` keeps the queue and the window of one client, `matching` says what
//! a subscription gets, `retained` keeps the last message of each topic, `route` turns one message into copies.
//! May use: the machine and its state.

pub(crate) mod deliver;
pub(crate) mod matching;
pub(crate) mod retained;
pub(crate) mod route;
pub(crate) mod send;
