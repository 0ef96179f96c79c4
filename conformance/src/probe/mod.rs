//! What a broker offers, found out by trying: versions, features, limits, each with how it was learnt.
//!
//! Uses `broker`, `wire`, the codec and `text`. No rule is judged here: what is announced and what works are told side by side.
//! The broker is asked as a client may ask; where a limit is looked for, one step beyond it. A broker that dies of it is told
//! with the try that it died of.

mod attempts;
mod client;
mod features;
mod finding;
mod limits;
mod prober;
mod search;
mod sessions;
mod table;
mod versions;
mod written;

pub use finding::{Cell, Death, Finding, Findings, Group, Value, VersionFound};
pub use prober::{ProbeOptions, probe};

pub(crate) use table::table;
pub(crate) use written::{Place, Source, profile};
