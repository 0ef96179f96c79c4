//! Text for people, whoever wrote it: what is hostile stays on its line, what is misspelt finds its neighbour, what is
//! secret isn't shown; lines end where the screen does.
//!
//! The lowest floor: it uses nothing of this crate.

mod line;
pub(crate) mod markdown;
mod number;
mod paragraph;
mod secrets;
pub(crate) mod shell;
mod suggest;
mod time;
mod wrap;

pub(crate) use line::{cut, quoted, short, single_line, visible};
pub(crate) use number::{counted, grouped, seconds};
pub(crate) use paragraph::paragraph;
pub(crate) use secrets::{HIDDEN, Secrets, without_password};
pub(crate) use suggest::did_you_mean;
pub(crate) use time::now;
pub(crate) use wrap::{columns, fitted, wrapped};
