//! Bugs planted for the hunt: what has broken brokers in the field, each as a switch that is off unless somebody asks for it.
//!
//! They are no faults of the catalog: no case of the suite has to catch them, and most are no breach of a rule but the end of
//! the broker, or of its memory. `table` names them and says whose bug each has the shape of. The machine asks for one
//! at the branch where a broker would have it (`self.planted(..)`); what it then does stands in the other files, which may use
//! every room, as those of `faults` may.

mod bytes;
mod packets;
mod state;
mod table;

pub(crate) use state::State;
pub use table::{Planted, Sort};
