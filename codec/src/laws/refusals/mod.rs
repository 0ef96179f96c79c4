//! Refusals, one by one: of bytes that break a rule, and of packets that the format has no room for.

mod read;
mod write;
