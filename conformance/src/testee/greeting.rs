//! What a decoder says of itself before it is asked anything.

use mqtt_assay_codec::{Context, Sender, Version};
use std::collections::BTreeSet;

/// Name and number of the protocol, as both sides say it.
pub const PROTOCOL: &str = "mqtt-testee/1";

/// Who a decoder is, and what it can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// Its name, without spaces.
    pub name: String,
    /// Its version, without spaces.
    pub version: String,
    /// What it can: versions of MQTT, senders, `decode`, `stream`, `values`, `reason`.
    pub can: BTreeSet<String>,
    /// Names of fields that it does not hand out.
    pub hides: BTreeSet<String>,
}

impl Greeting {
    /// Reads the line.
    ///
    /// # Errors
    ///
    /// What the line lacks, in words.
    pub fn from_line(line: &str) -> Result<Self, String> {
        let mut words = line.split_whitespace();
        if (words.next(), words.next()) != (Some("HELLO"), Some(PROTOCOL)) {
            return Err(format!("its first line does not begin with `HELLO {PROTOCOL}`"));
        }
        let pairs: Vec<(&str, &str)> = words.filter_map(|word| word.split_once('=')).collect();
        let value = |key| pairs.iter().find(|(name, _)| *name == key).map(|&(_, value)| value);
        let list = |key| value(key).into_iter().flat_map(|all| all.split(',')).map(str::to_owned).collect();
        Ok(Self {
            name: value("name").ok_or("its first line has no `name=`")?.to_owned(),
            version: value("version").unwrap_or("unknown").to_owned(),
            can: list("can"),
            hides: list("hides"),
        })
    }

    /// Whether it decodes packets of this version and from this side.
    pub fn decodes(&self, context: Context) -> bool {
        let from = match context.from {
            Sender::Client => self.has("client"),
            Sender::Server => self.has("server"),
            Sender::Either => self.has("client") || self.has("server"),
        };
        from && self.speaks(context.version)
    }

    /// Whether it decodes this version.
    pub fn speaks(&self, version: Version) -> bool {
        self.has(version.name())
    }

    /// Whether it can do this.
    pub fn has(&self, word: &str) -> bool {
        self.can.contains(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_says_who_and_what() {
        let line = "HELLO mqtt-testee/1 name=carrier version=1.2 can=3.1.1,server,decode hides=dup,qos";
        let greeting = Greeting::from_line(line).expect("is one");
        assert_eq!((greeting.name.as_str(), greeting.version.as_str()), ("carrier", "1.2"));
        assert!(greeting.decodes(Context::new(Version::V3_1_1, Sender::Server)));
        assert!(!greeting.decodes(Context::new(Version::V3_1_1, Sender::Client)));
        assert!(!greeting.decodes(Context::new(Version::V5, Sender::Server)));
        assert!(greeting.has("decode") && !greeting.has("stream") && greeting.hides.contains("qos"));
    }

    #[test]
    fn what_is_no_greeting_is_said() {
        assert!(Greeting::from_line("HELLO mqtt-testee/2 name=x").is_err());
        assert!(Greeting::from_line("HELLO mqtt-testee/1 version=1").is_err_and(|why| why.contains("name=")));
    }
}
