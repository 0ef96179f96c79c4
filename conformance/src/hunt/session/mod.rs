//! Sessions of one to four clients: what they are made of, made by chance, played, and cleaned up after.

mod clean;
mod draft;
mod ending;
mod make;
mod lines;
mod pieces;
mod scenes;
mod actor;
mod mistakes;
mod noticing;
mod op;
mod play;

pub(super) use draft::Names;
pub(super) use make::Maker;
pub(super) use op::{Act, Cut, Greeting, Message, Session, Step};
pub(super) use play::{Terms, play};
