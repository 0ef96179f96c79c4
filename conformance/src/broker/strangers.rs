//! Clients that show a broker another certificate than the one it lets in: none, a foreign one, one that has expired.

use crate::wire::{Authority, Holder, Identity, TlsClient};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

/// What a stranger shows where the broker asks for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shown {
    /// No certificate.
    Nothing,
    /// One that an authority has signed of which the broker has not heard.
    Foreign,
    /// One of the authority that the broker trusts, which has expired.
    Expired,
}

impl Shown {
    /// In words.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Nothing => "no certificate",
            Self::Foreign => "a certificate of an authority that the broker does not trust",
            Self::Expired => "a certificate that has expired",
        }
    }
}

/// The strangers of one broker, as far as there can be some.
#[derive(Clone, Default)]
pub(crate) struct Strangers(Rc<BTreeMap<Shown, Rc<TlsClient>>>);

impl Strangers {
    /// Clients made by `client`, each with what it shows. Only with the authority that the broker trusts there is one whose
    /// certificate has expired.
    pub(crate) fn make(
        trusted: Option<&Authority>,
        client: impl Fn(Option<Identity>) -> io::Result<TlsClient>,
    ) -> Result<Self, String> {
        let foreign = Authority::new()?.sign(Holder::Client)?.identity()?;
        let mut shown = vec![(Shown::Nothing, None), (Shown::Foreign, Some(foreign))];
        if let Some(authority) = trusted {
            shown.push((Shown::Expired, Some(authority.sign(Holder::ExpiredClient)?.identity()?)));
        }
        let made = shown.into_iter().map(|(shown, identity)| Ok((shown, Rc::new(client(identity)?))));
        let made = made.collect::<io::Result<BTreeMap<_, _>>>().map_err(|error| error.to_string())?;
        Ok(Self(Rc::new(made)))
    }

    /// The one that shows this.
    pub(super) fn showing(&self, shown: Shown) -> Option<&Rc<TlsClient>> {
        self.0.get(&shown)
    }
}
