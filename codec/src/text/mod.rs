//! Bytes that are to be text: what is in a string, sixteen bytes at a time, and accepted bytes as `&str`.
//!
//! All unsafe code of the crate is in here, in `lanes` and `utf8`, each piece beside a safe twin. Uses no other room.

mod lanes;
pub(crate) mod scan;
mod utf8;

pub(crate) use utf8::{of, plain, plain_name};
