//! The way of a message from its acceptance to the bytes for each client: who gets it, when it is sent, when again.
//!
//! Floors, from below: `send` writes packets, `deliver` keeps the queue and the window of one client, `flow` holds back what
//! a client is too slow for, `matching` says what a subscription gets, `retained` keeps the last message of each topic,
//! `replay` hands them on to new subscriptions, `route` turns one message into copies.
//! May use: the machine and its state.

pub(crate) mod deliver;
pub(crate) mod flow;
pub(crate) mod matching;
pub(crate) mod replay;
pub(crate) mod retained;
pub(crate) mod route;
pub(crate) mod send;
