//! Packets to bytes: the general way, which also tells what cannot be written, and a short one for the packets that come
//! most. All of it is methods of `Packet`; nothing here has a name that others use.
//!
//! Uses `packet`.

mod encode;
mod fast;
mod flags;
mod slice;
