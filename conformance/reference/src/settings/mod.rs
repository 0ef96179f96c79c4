//! What is fixed about a broker before it starts: what it offers and stores, and who may do what.
//!
//! May use: the codec, the tables of faults and quirks.

pub(crate) mod access;
pub(crate) mod challenge;
pub(crate) mod limits;

use crate::faults::FaultSet;
use crate::planted::Planted;
use crate::quirks::QuirkSet;

use access::Access;
use limits::BrokerLimits;

/// Everything that is fixed about a broker before it starts.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What it offers and stores.
    pub limits: BrokerLimits,
    /// Who may do what.
    pub access: Access,
    /// What it does wrong on purpose.
    pub faults: FaultSet,
    /// Where it uses the freedom that the standard leaves.
    pub quirks: QuirkSet,
    /// A bug that is planted for the hunt; none unless somebody asks for it.
    pub planted: Option<Planted>,
    /// Where its assigned client identifiers start.
    pub seed: u64,
}
