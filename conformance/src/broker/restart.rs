//! Brokers that a case stops or kills, and starts again in the same place: with the same ports, and with what they stored.

use super::spawned::{Lease, Place, SpawnedTarget};
use super::{EmbeddedTarget, Ready, Started, Survived, Target, Unready, Variant};
use std::rc::Rc;

impl Survived {
    /// The word in profiles and in the ids of cases.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Kill => "kill",
        }
    }
}

/// Where brokers come from that are started again within a case.
#[derive(Clone)]
pub(crate) enum Restarts {
    Embedded(EmbeddedTarget),
    Spawned(SpawnedTarget),
    /// Nobody starts a broker that is running already.
    None,
}

/// How a broker is started again.
#[derive(Clone)]
pub(super) struct Again {
    pub(super) target: SpawnedTarget,
    pub(super) variant: Variant,
    pub(super) place: Rc<Place>,
}

impl Target {
    /// Where it has brokers from that are started again within a case.
    pub(crate) fn restarts(&self) -> Restarts {
        match self {
            Self::Embedded(target) => Restarts::Embedded(target.clone()),
            Self::Spawned(target) => Restarts::Spawned(target.clone()),
            Self::Address(_) | Self::Listed(_) => Restarts::None,
        }
    }
}

impl Restarts {
    /// A broker of its own for one case, which will end in this way and is started again.
    pub(crate) async fn lease(&self, variant: Variant, manner: Survived) -> Result<(Started, Option<Lease>), Unready> {
        match self {
            Self::Embedded(target) => target.prepare(variant).map(|ready| (Started::one(ready), None)),
            Self::Spawned(target) => {
                target.lease_to_restart(variant, manner).await.map(|(started, lease)| (started, Some(lease)))
            }
            Self::None => {
                let why = "the broker at an address is not started by the suite, which can't start it again";
                Err(Unready::NotOffered(why.to_owned()))
            }
        }
    }
}

impl Ready {
    /// Ends the broker as its lease says, and starts it again where it was.
    ///
    /// # Errors
    ///
    /// Why it does not run again.
    pub async fn restart(&self) -> Result<(), String> {
        match (self.endpoint.shell(), &self.process) {
            (Some(shell), _) => {
                shell.restart();
                Ok(())
            }
            (None, Some(broker)) => broker.restart().await,
            (None, None) => Err("nobody here has started this broker".to_owned()),
        }
    }
}
