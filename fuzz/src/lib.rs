//! What the target `differential` does, which needs codecs that the project itself does not depend on.
#![cfg(feature = "peers")]

mod differential;
mod known;
mod peers;

pub use differential::{Difference, differences, differential};
pub use known::{Sorting, sorting};
