//! Sessions of one to four clients: what they are made of, made by chance, played, and cleaned up after.

mod actor;
mod clean;
mod draft;
mod ending;
mod lines;
mod make;
mod mistakes;
mod noticing;
mod op;
mod pieces;
mod play;
mod scenes;

pub(super) use draft::Names;
pub(super) use make::Maker;
pub(super) use op::{Act, Cut, Greeting, Message, Session, Step};
pub(super) use play::{Terms, play};
