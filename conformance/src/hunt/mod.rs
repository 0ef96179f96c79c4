//! The hunt: a live broker is met with packets that are wrong in one named way, with sessions of several clients, and with
//! storms, and every case is judged: by the auditor, by the catalogue of mutations, by the strict decoder, and by whether
//! others, and the broker's process, come through it.
//!
//! Its loop is its own, without tasks: a case costs what its system calls cost and not much more. Uses `explore` for chance,
//! `cases` for the rules of the invariants, `auditor`, `broker`, `link` for transcripts, and `wire`.

mod calibrate;
mod expected;
mod fresh;
mod kept;
mod pace;
mod road;
mod table;
mod trial;

pub use calibrate::{Calibration, Rate, calibrate};
pub use pace::{Offer, Pace};
pub use road::{Came, Inside, Road, Sockets};
pub use trial::{Key, Oracle, Suspicion, Weight};
