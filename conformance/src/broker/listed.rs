//! A broker that is already running and whose listeners a profile names: one for each variant.

use super::profile::{Profile, ProfileVariant};
use super::{AddressTarget, Carrier, Reach, Started, Unready, Variant, version};
use crate::text::single_line;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A profile of addresses as a target.
#[derive(Clone)]
pub struct ListedTarget {
    profile: Rc<Profile>,
    patience: u32,
    /// By the names of variants; `plain` is there.
    listeners: BTreeMap<String, AddressTarget>,
    /// The version and how it was learnt, once it was.
    version: Rc<RefCell<Option<(String, String)>>>,
}

impl ListedTarget {
    /// A target at the addresses of this profile; `patience` stretches the time that its version may take, `reach` says how
    /// brokers are reached by TLS and WebSocket.
    ///
    /// # Errors
    ///
    /// If an address can't be one; says which and why.
    pub fn new(mut profile: Profile, patience: u32, reach: &Reach) -> Result<Self, String> {
        profile.variants.entry(Variant::PLAIN.name.to_owned()).or_default();
        let offered = profile.variants.iter().filter(|(_, variant)| variant.not_offered.is_none());
        let listeners = offered.map(|(name, variant)| Ok((name.clone(), listener(&profile, variant, reach)?)));
        let listeners = listeners.collect::<Result<BTreeMap<_, _>, String>>()?;
        if !listeners.contains_key(Variant::PLAIN.name) {
            return Err("the profile has no variant plain, without which nothing can be judged".to_owned());
        }
        Ok(Self { profile: Rc::new(profile), patience, listeners, version: Rc::default() })
    }

    /// The profile's name, escaped.
    pub fn name(&self) -> String {
        single_line(&self.profile.name)
    }

    /// The address of the plain variant, without credentials.
    pub fn url(&self) -> String {
        self.listeners.get(Variant::PLAIN.name).map(AddressTarget::url).unwrap_or_default()
    }

    /// What carries the bytes of the plain variant.
    pub fn carrier(&self) -> Carrier {
        self.listeners.get(Variant::PLAIN.name).map(AddressTarget::carrier).unwrap_or_default()
    }

    /// True where all listeners are on this machine.
    pub fn is_loopback(&self) -> bool {
        self.listeners.values().all(AddressTarget::is_loopback)
    }

    /// The broker's version and how it was learnt, escaped, once [`learn_version`](Self::learn_version) has found it.
    pub fn version(&self) -> Option<(String, String)> {
        self.version.borrow().clone()
    }

    /// Asks for the broker's version, as the profile says.
    pub async fn learn_version(&self) {
        *self.version.borrow_mut() = version::learn(&self.profile, self.patience).await;
    }

    /// Says where the variant is, or why it is not offered.
    pub fn prepare(&self, variant: Variant) -> Result<Started, Unready> {
        if let Some(why) = self.profile.variants.get(variant.name).and_then(|named| named.not_offered.as_ref()) {
            return Err(Unready::NotOffered(single_line(why)));
        }
        let none = || Unready::NotOffered(format!("the profile {} has no variant {}", self.name(), variant.name));
        let listener = self.listeners.get(variant.name).ok_or_else(none)?;
        // What is special about it is up to the listener.
        let ready = listener.prepare(Variant::PLAIN)?;
        if self.profile.speaks_every_version() {
            return Ok(Started::one(ready));
        }
        let endpoints = self.profile.versions().map(|version| (version, ready.endpoint.clone()));
        Ok(Started::by_version(endpoints.collect(), ready.setting))
    }
}

/// Where a variant is.
fn listener(profile: &Profile, variant: &ProfileVariant, reach: &Reach) -> Result<AddressTarget, String> {
    let plain = profile.variants.get(Variant::PLAIN.name).and_then(|plain| plain.address.as_ref());
    let address = variant.address.as_ref().or(profile.address.as_ref()).or(plain);
    let address = address.ok_or_else(|| "the profile names no address".to_owned())?;
    AddressTarget::parse(address, variant.setting(), reach.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mqtt_assay_codec::Version;

    fn target(text: &str) -> ListedTarget {
        let profile = Profile::parse("x.toml", &format!("name = 'x'\n{text}")).expect("a profile");
        ListedTarget::new(profile, 1, &Reach::default()).expect("addresses")
    }

    fn place(target: &ListedTarget, variant: Variant, version: Version) -> String {
        let ready = target.prepare(variant).and_then(|started| started.ready(version));
        match ready {
            Ok(ready) => ready.endpoint.tcp_address().unwrap_or_default().to_owned(),
            Err(Unready::NotOffered(why) | Unready::Failed(why)) => why,
        }
    }

    #[test]
    fn each_variant_has_its_address_and_else_that_of_the_profile() {
        let target = target(
            "address = 'mqtt://h:1'\n[variants.max-qos-1]\naddress = 'mqtt://h:2'\n[variants.no-retain]\n\
             [variants.few-in-flight]\nnot_offered = 'it has no such option'",
        );
        let at = |variant| place(&target, variant, Version::V5);
        assert_eq!(at(Variant::PLAIN), "h:1");
        assert_eq!(at(Variant::MAX_QOS_1), "h:2");
        assert_eq!(at(Variant::NO_RETAIN), "h:1");
        assert_eq!(at(Variant::FEW_IN_FLIGHT), "it has no such option");
        assert_eq!(at(Variant::NO_SHARED), "the profile x has no variant no-shared-subscriptions");
        assert_eq!(target.url(), "mqtt://h:1");
    }

    #[test]
    fn a_version_that_the_profile_does_not_name_is_not_offered() {
        let target = target("mqtt = ['3.1.1']\n[variants.plain]\naddress = 'mqtt://h'");
        assert_eq!(place(&target, Variant::PLAIN, Version::V3_1_1), "h:1883");
        assert!(place(&target, Variant::PLAIN, Version::V5).contains("does not speak MQTT 5"));
    }

    #[test]
    fn credentials_stand_in_the_profile_or_in_the_address() {
        let setting = |text: &str| {
            let started = target(text).prepare(Variant::WITH_ACCESS).expect("offered");
            started.ready(Version::V5).expect("spoken").setting
        };
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        let in_address = setting("address = 'mqtt://ann:s@h'\n[variants.with-access]\nbad_password = 'w'");
        assert_eq!((in_address.credentials, in_address.bad_password.as_deref()), (pair("ann", "s"), Some("w")));
        let named = setting("address = 'mqtt://h'\ncredentials = ['bob', 'p']\n[variants.with-access]");
        assert_eq!(named.credentials, pair("bob", "p"));
    }
}
