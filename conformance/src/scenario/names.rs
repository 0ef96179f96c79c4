//! The names that a case uses on the broker: topics, client identifiers, nonces. Unique to run and case, so that cases
//! run side by side, on a broker in use, and again without cleaning up.

use std::cell::Cell;

/// The longest client identifier of a case's clients, in bytes: one less than what every 3.1.1 broker must take
/// ([MQTT-3.1.3-5]), so that a broker that refuses those of 23 bytes fails the cases about them and no others.
const LONGEST_CLIENT_ID: usize = 22;

/// A topic name or topic filter as a case writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    /// Below the case's own prefix.
    Own(String),
    /// Exactly so on the wire: `#`, `+/x`, `$SYS/...`; such a case is intrusive on a broker in use.
    Exact(String),
}

impl Topic {
    /// As the case wrote it.
    pub(crate) fn text(&self) -> &str {
        let (Self::Own(text) | Self::Exact(text)) = self;
        text
    }
}

impl From<&str> for Topic {
    fn from(text: &str) -> Self {
        Self::Own(text.to_owned())
    }
}

impl From<String> for Topic {
    fn from(text: String) -> Self {
        Self::Own(text)
    }
}

impl From<&Topic> for Topic {
    fn from(topic: &Topic) -> Self {
        topic.clone()
    }
}

/// A topic name or filter that goes out as written, without the case's prefix.
pub fn exact(text: impl Into<String>) -> Topic {
    Topic::Exact(text.into())
}

/// What a run puts before the names of all its cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunNames {
    /// Before every topic; `mqtt-assay` by default.
    pub topic_prefix: String,
    /// Before every client identifier: letters and digits only, `ma` by default.
    pub client_id_prefix: String,
    /// The run's own name: a few letters and digits.
    pub run: String,
}

/// The names of one case in one run.
#[derive(Debug, Clone)]
pub struct Names {
    topics: String,
    clients: String,
    nonces: Cell<u32>,
    run: String,
}

impl Names {
    /// Names for the case with this id (`5/publish/topic-with-wildcard`).
    pub fn new(run: &RunNames, case: &str) -> Self {
        let tag = tag_of(case);
        let topics = format!("{}/{}/{tag}/", run.topic_prefix, run.run);
        let clients = format!("{}{}{tag}", run.client_id_prefix, run.run);
        Self { topics, clients, nonces: Cell::new(0), run: format!("{}{tag}", run.run) }
    }

    /// A topic name as it goes out.
    pub fn topic(&self, topic: &Topic) -> String {
        match topic {
            Topic::Own(text) => format!("{}{text}", self.topics),
            Topic::Exact(text) => text.clone(),
        }
    }

    /// A topic filter as it goes out; in a shared subscription the share name is made unique and the filter prefixed.
    pub fn filter(&self, filter: &Topic) -> String {
        match filter {
            Topic::Own(text) => match text.strip_prefix("$share/").and_then(|rest| rest.split_once('/')) {
                Some((share, filter)) => format!("$share/{share}{}/{}{filter}", self.run, self.topics),
                None => format!("{}{text}", self.topics),
            },
            Topic::Exact(text) => text.clone(),
        }
    }

    /// What stands before every topic of the case.
    pub fn own_topics(&self) -> &str {
        &self.topics
    }

    /// What stands before every client identifier of the case, and of no other run's.
    pub fn own_clients(&self) -> &str {
        &self.clients
    }

    /// The client identifier of a role: letters and digits, at most 22 of them.
    pub fn client_id(&self, role: &str) -> String {
        let tag = base36(hash(role), 3);
        let room = LONGEST_CLIENT_ID.saturating_sub(self.clients.len() + tag.len());
        let readable: String = role.chars().filter(char::is_ascii_alphanumeric).take(room).collect();
        format!("{}{tag}{readable}", self.clients)
    }

    /// A payload that nobody else publishes.
    pub fn nonce(&self) -> Vec<u8> {
        self.nonces.set(self.nonces.get() + 1);
        format!("fence-{}-{}", self.run, self.nonces.get()).into_bytes()
    }

    /// A text unique to run and case, for names that are no topics.
    pub fn unique(&self) -> &str {
        &self.run
    }
}

/// What stands for a case in its names.
pub(crate) fn tag_of(case: &str) -> String {
    base36(hash(case), 5)
}

/// FNV-1a: stable over versions and machines, unlike the standard library's hashers.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The low digits of a number, in letters and digits.
pub(crate) fn base36(mut number: u64, digits: usize) -> String {
    let mut out = String::new();
    for _ in 0..digits {
        out.push(char::from_digit((number % 36) as u32, 36).unwrap_or('0'));
        number /= 36;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(case: &str) -> Names {
        let run = RunNames { topic_prefix: "mqtt-assay".into(), client_id_prefix: "ma".into(), run: "k3x9q2".into() };
        Names::new(&run, case)
    }

    #[test]
    fn client_ids_are_what_every_broker_must_take() {
        let names = names("5/publish/topic-with-wildcard");
        for role in ["watcher", "a-role-with-a-very-long-name", "x"] {
            let id = names.client_id(role);
            assert!((1..=LONGEST_CLIENT_ID).contains(&id.len()), "{id}");
            assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
        }
        assert_ne!(names.client_id("watcher"), names.client_id("watcher2"));
    }

    #[test]
    fn cases_do_not_meet() {
        let (one, other) = (names("5/a/b"), names("3.1.1/a/b"));
        assert_ne!(one.topic(&"t".into()), other.topic(&"t".into()));
        assert_ne!(one.client_id("watcher"), other.client_id("watcher"));
        assert_ne!(one.nonce(), one.nonce());
    }

    #[test]
    fn shared_filters_keep_their_form() {
        let names = names("5/a/b");
        let filter = names.filter(&"$share/g/t/#".into());
        assert!(filter.starts_with("$share/gk3x9q2") && filter.ends_with("/t/#"), "{filter}");
        assert_eq!(names.filter(&exact("#")), "#");
    }
}
