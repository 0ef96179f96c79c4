//! A sequence as text: a line for the cast, then one a step. What is printed is parsed back as the same.

use super::step::{Act, Connecting, Publishing, ROLES, Sequence, Step, Which, Willing};
use mqtt_assay_codec::{QoS, RetainHandling, SubscriptionOptions, Version};
use std::fmt;
use std::str::FromStr;

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cast")?;
        for (index, version) in self.actors() {
            write!(f, " {}={version}", ROLES[index])?;
        }
        self.steps.iter().try_for_each(|step| write!(f, "\n{step}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wait(milliseconds) => write!(f, "wait {milliseconds}"),
            Self::Do(who, act) => write!(f, "{} {act}", ROLES[*who]),
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(connecting) => write!(f, "connect{connecting}"),
            Self::Subscribe { filters, identifier } => {
                f.write_str("subscribe")?;
                for (filter, options) in filters {
                    write!(f, " filter={filter} qos={}", options.qos as u8)?;
                    flag(f, options.no_local, "no-local")?;
                    flag(f, options.retain_as_published, "as-published")?;
                    let handling = options.retain_handling as u8;
                    number(f, "handling", (handling > 0).then_some(handling))?;
                }
                number(f, "identifier", *identifier)
            }
            Self::Unsubscribe(filters) => {
                f.write_str("unsubscribe")?;
                filters.iter().try_for_each(|filter| write!(f, " filter={filter}"))
            }
            Self::Publish(publishing) => write!(f, "publish{publishing}"),
            Self::Hold => f.write_str("hold"),
            Self::Acknowledge(which) => write!(f, "acknowledge {}", which.word()),
            Self::Ping => f.write_str("ping"),
            Self::Leave { with_will } => {
                f.write_str("leave")?;
                flag(f, *with_will, "with-will")
            }
            Self::Reset => f.write_str("reset"),
            Self::Fin => f.write_str("fin"),
        }
    }
}

impl fmt::Display for Connecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        flag(f, self.is_clean, "clean")?;
        flag(f, self.keeps, "keeps")?;
        number(f, "receive-maximum", self.receive_maximum)?;
        number(f, "packet-size", self.packet_size)?;
        number(f, "aliases", self.aliases)?;
        flag(f, self.in_pieces, "in-pieces")?;
        let Some(Willing { topic, qos, retain, delay }) = &self.will else { return Ok(()) };
        write!(f, " will={topic} qos={}", *qos as u8)?;
        flag(f, *retain, "retain")?;
        number(f, "delay", *delay)
    }
}

impl fmt::Display for Publishing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " topic={} qos={}", self.topic, self.qos as u8)?;
        flag(f, self.retain, "retain")?;
        number(f, "size", (self.size != 1).then_some(self.size))?;
        flag(f, self.alias, "alias")?;
        flag(f, self.properties, "properties")?;
        number(f, "expiry", self.expiry)?;
        flag(f, self.at_once, "at-once")?;
        flag(f, self.in_pieces, "in-pieces")
    }
}

fn flag(f: &mut fmt::Formatter<'_>, is_set: bool, name: &str) -> fmt::Result {
    if is_set { write!(f, " {name}") } else { Ok(()) }
}

fn number(f: &mut fmt::Formatter<'_>, name: &str, value: Option<impl fmt::Display>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, " {name}={value}"))
}

impl Which {
    const ALL: [Self; 4] = [Self::All, Self::First, Self::Qos1, Self::Qos2];

    const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::First => "first",
            Self::Qos1 => "qos1",
            Self::Qos2 => "qos2",
        }
    }
}

impl FromStr for Sequence {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let first = lines.next().and_then(|line| line.strip_prefix("cast ")).ok_or("the first line names the cast")?;
        let mut cast = vec![None; ROLES.len()];
        for word in first.split_whitespace() {
            let (role, version) = word.split_once('=').ok_or_else(|| format!("`{word}` is no ROLE=VERSION"))?;
            let version: Version = version.parse().map_err(|_| format!("`{version}` is no MQTT version"))?;
            cast[place(role)?] = Some(version);
        }
        while cast.last() == Some(&None) {
            cast.pop();
        }
        let sequence = Self { cast, steps: lines.map(str::parse).collect::<Result<_, _>>()? };
        let is_there =
            |step: &Step| !matches!(step, Step::Do(who, _) if sequence.cast.get(*who).copied().flatten().is_none());
        match sequence.steps.iter().find(|step| !is_there(step)) {
            Some(step) => Err(format!("`{step}`: it is not in the cast")),
            None => Ok(sequence),
        }
    }
}

fn place(role: &str) -> Result<usize, String> {
    ROLES.iter().position(|known| *known == role).ok_or_else(|| format!("`{role}` is none of {}", ROLES.join(", ")))
}

impl FromStr for Step {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        if first == "wait" {
            return Ok(Self::Wait(value(first, rest.trim())?));
        }
        Ok(Self::Do(place(first)?, rest.parse()?))
    }
}

fn value<T: FromStr>(name: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is no number for {name}"))
}

fn qos(text: &str) -> Result<QoS, String> {
    match text {
        "0" => Ok(QoS::AtMostOnce),
        "1" => Ok(QoS::AtLeastOnce),
        "2" => Ok(QoS::ExactlyOnce),
        _ => Err(format!("`{text}` is no QoS")),
    }
}

/// Words that are flags, and words with a value, in order.
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split_whitespace().map(|word| word.split_once('=').unwrap_or((word, "")))
}

fn unknown<T>(name: &str) -> Result<T, String> {
    Err(format!("`{name}` is no word of this step"))
}

impl FromStr for Act {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        match name {
            "connect" => connecting(rest).map(Self::Connect),
            "subscribe" => subscribing(rest),
            "unsubscribe" => {
                let filter =
                    |(name, filter): (&str, &str)| if name == "filter" { Ok(filter.to_owned()) } else { unknown(name) };
                pairs(rest).map(filter).collect::<Result<_, _>>().map(Self::Unsubscribe)
            }
            "publish" => publishing(rest).map(Self::Publish),
            "hold" => Ok(Self::Hold),
            "acknowledge" => {
                let which = Which::ALL.into_iter().find(|which| which.word() == rest.trim());
                which.map(Self::Acknowledge).map_or_else(|| unknown(rest.trim()), Ok)
            }
            "ping" => Ok(Self::Ping),
            "leave" => match rest.trim() {
                "" => Ok(Self::Leave { with_will: false }),
                "with-will" => Ok(Self::Leave { with_will: true }),
                other => unknown(other),
            },
            "reset" => Ok(Self::Reset),
            "fin" => Ok(Self::Fin),
            other => Err(format!("`{other}` is nothing that a client does here")),
        }
    }
}

fn connecting(text: &str) -> Result<Connecting, String> {
    let mut made = Connecting::default();
    for (name, text) in pairs(text) {
        match (name, &mut made.will) {
            ("clean", _) => made.is_clean = true,
            ("keeps", _) => made.keeps = true,
            ("receive-maximum", _) => made.receive_maximum = Some(value(name, text)?),
            ("packet-size", _) => made.packet_size = Some(value(name, text)?),
            ("aliases", _) => made.aliases = Some(value(name, text)?),
            ("in-pieces", _) => made.in_pieces = true,
            ("will", will) => {
                *will = Some(Willing { topic: text.to_owned(), qos: QoS::AtMostOnce, retain: false, delay: None });
            }
            ("qos", Some(will)) => will.qos = qos(text)?,
            ("retain", Some(will)) => will.retain = true,
            ("delay", Some(will)) => will.delay = Some(value(name, text)?),
            _ => return unknown(name),
        }
    }
    Ok(made)
}

fn subscribing(text: &str) -> Result<Act, String> {
    let (mut filters, mut identifier): (Vec<(String, SubscriptionOptions)>, _) = (Vec::new(), None);
    for (name, text) in pairs(text) {
        match (name, filters.last_mut().map(|(_, options)| options)) {
            ("filter", _) => filters.push((text.to_owned(), SubscriptionOptions::default())),
            ("identifier", _) => identifier = Some(value(name, text)?),
            ("qos", Some(options)) => options.qos = qos(text)?,
            ("no-local", Some(options)) => options.no_local = true,
            ("as-published", Some(options)) => options.retain_as_published = true,
            ("handling", Some(options)) => {
                options.retain_handling = match text {
                    "1" => RetainHandling::SendIfNew,
                    "2" => RetainHandling::DoNotSend,
                    _ => return Err(format!("`{text}` is no number for handling")),
                };
            }
            _ => return unknown(name),
        }
    }
    Ok(Act::Subscribe { filters, identifier })
}

fn publishing(text: &str) -> Result<Publishing, String> {
    let mut made = Publishing::plain("", QoS::AtMostOnce);
    for (name, text) in pairs(text) {
        match name {
            "topic" => text.clone_into(&mut made.topic),
            "qos" => made.qos = qos(text)?,
            "retain" => made.retain = true,
            "size" => made.size = value(name, text)?,
            "alias" => made.alias = true,
            "properties" => made.properties = true,
            "expiry" => made.expiry = Some(value(name, text)?),
            "at-once" => made.at_once = true,
            "in-pieces" => made.in_pieces = true,
            _ => return unknown(name),
        }
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::super::generate::generate;
    use super::*;

    #[test]
    fn what_is_printed_is_parsed_back() {
        for index in 0..500 {
            let sequence = generate(3, index, &[Version::V3_1_1, Version::V5]);
            let text = sequence.to_string();
            assert_eq!(text.parse::<Sequence>().as_ref(), Ok(&sequence), "{text}");
        }
    }

    #[test]
    fn what_is_no_sequence_is_refused_with_a_reason() {
        let refused = |text: &str| text.parse::<Sequence>().expect_err(text);
        assert_eq!(refused("ann connect"), "the first line names the cast");
        assert_eq!(refused("cast ann=4"), "`4` is no MQTT version");
        assert_eq!(refused("cast ann=5\nben ping"), "`ben ping`: it is not in the cast");
        assert_eq!(refused("cast ann=5\nann sing"), "`sing` is nothing that a client does here");
        assert_eq!(refused("cast ann=5\nann publish topic=a qos=3"), "`3` is no QoS");
        assert_eq!(refused("cast ann=5\nann connect retain"), "`retain` is no word of this step");
    }
}
