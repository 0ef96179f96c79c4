//! Who may connect, and the topic that nobody may use.

use mqtt_assay_codec::topic_matches;

/// A user name with its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// User name, compared byte by byte.
    pub name: String,
    /// Password.
    pub password: Vec<u8>,
}

/// The access rules of the broker. By default everybody may do everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whether a client without a user name is let in.
    pub anonymous: bool,
    /// Who is let in with which password; while this is empty, every name and password is.
    pub users: Vec<User>,
    /// Topics that match this filter are neither published to nor subscribed to.
    pub denied_topic: Option<String>,
}

/// Why a client isn't let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    /// It gave no user name.
    Anonymous,
    /// No such user, or another password.
    Credentials,
}

impl Default for Access {
    fn default() -> Self {
        Self { anonymous: true, users: Vec::new(), denied_topic: None }
    }
}

impl Access {
    pub(crate) fn check(&self, user_name: Option<&str>, password: Option<&[u8]>) -> Result<(), Denial> {
        match user_name {
            None if self.anonymous => Ok(()),
            None => Err(Denial::Anonymous),
            Some(_) if self.users.is_empty() => Ok(()),
            Some(name) => {
                let password = password.unwrap_or_default();
                let known = self.users.iter().any(|user| user.name == name && user.password == password);
                if known { Ok(()) } else { Err(Denial::Credentials) }
            }
        }
    }

    /// Whether a topic name, or a filter taken as if it were one, is denied.
    pub(crate) fn denies(&self, topic: &str) -> bool {
        self.denied_topic.as_deref().is_some_and(|denied| denied == topic || topic_matches(denied, topic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_in_whom_it_knows() {
        let user = User { name: "ann".to_owned(), password: b"secret".to_vec() };
        let access = Access { anonymous: false, users: vec![user], denied_topic: None };
        for (name, password, expected) in [
            (None, None, Err(Denial::Anonymous)),
            (Some("ann"), Some("secret"), Ok(())),
            (Some("ann"), Some("wrong"), Err(Denial::Credentials)),
            (Some("ann"), None, Err(Denial::Credentials)),
            (Some("bob"), Some("secret"), Err(Denial::Credentials)),
        ] {
            assert_eq!(access.check(name, password.map(str::as_bytes)), expected, "{name:?} {password:?}");
        }
    }

    #[test]
    fn denies_by_filter() {
        let access = Access { denied_topic: Some("secret/#".to_owned()), ..Access::default() };
        for (topic, denied) in [("secret", true), ("secret/a", true), ("secret/#", true), ("public", false)] {
            assert_eq!(access.denies(topic), denied, "{topic}");
        }
    }
}
