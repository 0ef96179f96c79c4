//! The suite that decides whether an MQTT broker keeps the standard, rule by rule, with evidence.
//!
//! The way of a verdict: a [`scenario::Case`] takes steps on [`scenario::Client`]s of the broker under test; everything that
//! goes over a connection is recorded in a [`link::Transcript`]; deciding steps ([`scenario::expect`]) write a verdict for
//! a rule of the [catalog](mqtt_assay_standard) with the line that decided it; [`run`] tells all that as one stream of
//! events, which the reports consume. The broker under test is a [`broker::Target`]; the one that is built in is
//! [`mqtt_assay_reference::Machine`].

pub mod auditor;
mod baseline;
pub mod broker;
pub mod cases;
mod chance;
pub mod cli;
pub mod explore;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing {
    //! What the fuzz targets of the repository call; nothing in it is stable.

    pub use crate::hunt::laws::{auditor, session};
    pub use crate::link::laws::transcript_parse;
}
pub mod hunt;
pub mod link;
pub mod probe;
pub mod proof;
pub mod replay;
pub mod report;
pub mod run;
pub mod scenario;
pub mod testee;
mod text;
mod watch;
mod whole_file;
pub mod wire;
