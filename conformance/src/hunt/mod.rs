//! The hunt: a live broker is met with packets that are wrong in one named way, with sessions of several clients, and with
//! storms, and every case is judged: by the auditor, by the catalogue of mutations, by the strict decoder, and by whether
//! others, and the broker's process, come through it.
//!
//! Its loop is its own, without tasks: a case costs what its system calls cost and not much more. Uses `explore` for chance,
//! `cases` for the rules of the invariants, `auditor`, `broker`, `link` for transcripts, and `wire`.

mod against;
mod calibrate;
mod calm;
mod canary;
mod case;
mod causes;
mod confirm;
mod corpus;
mod death;
mod expected;
mod feedback;
mod finding;
mod follow;
mod fresh;
mod futile;
mod ground;
mod harm;
mod kept;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod laws;
mod leak;
mod login;
mod memory;
mod options;
mod pace;
mod rehearse;
mod road;
mod run;
mod session;
mod shared;
mod shorter;
mod table;
#[cfg(test)]
mod tests;
mod trial;
mod tries;
mod watch;
mod worker;
mod written;

pub use against::Other;
pub(crate) use calibrate::roughly;
pub use calibrate::{Calibration, Rate, calibrate};
pub use corpus::{Merged, merge_corpus};
pub use finding::{Again, Finding, Hunted, Progress};
pub use ground::{Broker, Ground, Make};
pub use login::Login;
pub use options::HuntOptions;
pub use pace::{Offer, Pace};
pub use rehearse::rehearse;
pub use road::{Came, Inside, Road, Sockets};
pub use run::hunt;
pub use shared::Tell;
pub use trial::{Key, Oracle, Suspicion, Weight};
