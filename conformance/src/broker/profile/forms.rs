//! What may be written behind a key of a profile: told in words, and looked at with its place, before anything is made of it.

use super::keys::Section;
use crate::broker::{AddressTarget, Data, Reach, Setting, VARIANTS};
use crate::text::{did_you_mean, quoted};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// The versions in which brokers are judged, as profiles name them.
const VERSIONS: [&str; 2] = ["3.1.1", "5"];

/// The signals by which a broker can be stopped in order.
pub(crate) const SIGNALS: [&str; 5] = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1"];

/// What a broker can survive.
const SURVIVED: [&str; 2] = ["stop", "kill"];

/// The longest time that a start may be given, in seconds.
const LONGEST_START: u64 = 3600;

/// The highest patience, as on the command line.
const MOST_PATIENCE: u64 = 100;

/// What may be written behind a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A text with at least one letter.
    Text,
    /// A text.
    AnyText,
    /// A text that isn't shown.
    Secret,
    /// Program and arguments.
    Words,
    /// Texts by name.
    Texts,
    /// Files by plain names.
    Files,
    /// True or false.
    Flag,
    /// Seconds.
    Seconds,
    /// User name and password.
    Credentials,
    /// Versions of MQTT.
    Versions,
    /// One version of MQTT, or all.
    VersionChoice,
    /// An address.
    Address,
    /// A signal, or program and arguments.
    Stop,
    /// What is survived.
    Survives,
    /// Cases side by side.
    Jobs,
    /// How the suite's own limits are stretched.
    Patience,
    /// A text or several.
    OneOrMore,
    /// Bytes in hexadecimal, step by step.
    HexSteps,
    /// Sections by the names of variants.
    Variants,
    /// A section.
    Part(Section),
}

/// What is wrong, and where in the text.
pub(super) type Wrong = (Range<usize>, String);

impl Form {
    /// What is to be written, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Text | Self::AnyText => "a text: \"...\"",
            Self::Secret => "a text (what is written is not shown here): \"...\"",
            Self::Words => "program and arguments, a text each: [\"PROGRAM\", \"ARGUMENT\"]",
            Self::Texts => "texts by name: { NAME = \"...\" }",
            Self::Files => "texts by plain file names: \"NAME\" = \"...\"",
            Self::Flag => "true or false",
            Self::Seconds => "whole seconds from 1 to 3600",
            Self::Credentials => "user name and password (what is written is not shown here): [\"USER\", \"PASSWORD\"]",
            Self::Versions => "versions of MQTT: [\"3.1.1\", \"5\"], or one of them in brackets",
            Self::VersionChoice => "\"3.1.1\", \"5\" or \"all\"",
            Self::Address => "an address: \"mqtt://HOST:PORT\"",
            Self::Stop => {
                "a signal (\"SIGTERM\", \"SIGINT\", \"SIGQUIT\", \"SIGHUP\", \"SIGUSR1\") or [\"PROGRAM\", \"ARGUMENT\"]"
            }
            Self::Survives => "[\"stop\"] or [\"stop\", \"kill\"]",
            Self::Jobs => "a number from 1, or \"all\"",
            Self::Patience => "a number from 1 to 100, or \"x1\" to \"x100\"",
            Self::OneOrMore => "a text \"...\", or several [\"...\", \"...\"]",
            Self::HexSteps => "texts of pairs of hexadecimal digits (what is written is not shown here): [\"6f6b\"]",
            Self::Variants => "sections: [variants.NAME]",
            Self::Part(section) => match section.heading() {
                "" => "a table",
                heading => heading,
            },
        }
    }

    /// Whether what is written may hold a password.
    pub(super) const fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::Credentials | Self::HexSteps | Self::Part(Section::Authentication))
    }

    /// Looks at a value that is no section.
    pub(super) fn look_at(self, value: &Spanned<DeValue<'_>>) -> Result<(), Wrong> {
        let whole = |holds: bool| self.require(holds, value);
        let value_text = value.get_ref().as_str();
        match self {
            Self::AnyText | Self::Secret => whole(value_text.is_some()),
            Self::Text => whole(value_text.is_some_and(|text| !text.is_empty())),
            Self::Flag => whole(value.get_ref().is_bool()),
            Self::Seconds => whole(number(value).is_some_and(|seconds| (1..=LONGEST_START).contains(&seconds))),
            Self::Words => self.texts(value).and_then(|texts| whole(!texts.is_empty() && !texts[0].0.is_empty())),
            Self::Texts | Self::Variants | Self::Part(_) => self.table(value).map(drop),
            Self::Files => self.files(value),
            Self::Credentials => whole(self.texts(value)?.len() == 2),
            Self::Versions => self.some_of(value, &VERSIONS),
            Self::VersionChoice => self.one_of(value, &["3.1.1", "5", "all"]),
            Self::Address => self.address(value),
            Self::Stop if value_text.is_some() => self.one_of(value, &SIGNALS),
            Self::Stop => Self::Words.look_at(value).map_err(|(at, _)| (at, self.expected(value))),
            Self::Survives => self
                .some_of(value, &SURVIVED)
                .and_then(|()| whole(self.texts(value)?.iter().any(|(text, _)| *text == SURVIVED[0]))),
            Self::Jobs => whole(value_text == Some("all") || number(value).is_some_and(|jobs| jobs > 0)),
            Self::Patience => whole(patience(value).is_some_and(|times| (1..=MOST_PATIENCE).contains(&times))),
            Self::OneOrMore if value_text.is_some() => Self::Text.look_at(value),
            Self::OneOrMore => whole(!self.texts(value)?.is_empty()),
            Self::HexSteps => {
                let steps = self.texts(value)?;
                whole(steps.iter().all(|(step, _)| step.parse::<Data>().is_ok()))
            }
        }
    }

    fn require(self, holds: bool, value: &Spanned<DeValue<'_>>) -> Result<(), Wrong> {
        if holds { Ok(()) } else { Err((value.span(), self.expected(value))) }
    }

    fn expected(self, value: &Spanned<DeValue<'_>>) -> String {
        let found = match value.get_ref() {
            _ if self.is_secret() => String::new(),
            DeValue::String(text) => format!(" and not {}", quoted(text)),
            DeValue::Integer(number) => format!(" and not {}", quoted(number.as_str())),
            DeValue::Boolean(is_true) => format!(" and not {is_true}"),
            other => format!(" and not what is there ({})", other.type_str()),
        };
        format!("wants {}{found}", self.words())
    }

    /// The texts of an array, each with its place.
    fn texts<'a>(self, value: &'a Spanned<DeValue<'_>>) -> Result<Vec<(&'a str, Range<usize>)>, Wrong> {
        let wrong = || (value.span(), self.expected(value));
        let array: &DeArray<'_> = value.get_ref().as_array().ok_or_else(wrong)?;
        let text = |item: &'a Spanned<DeValue<'_>>| {
            let text = item.get_ref().as_str().ok_or_else(|| (item.span(), self.expected(item)))?;
            Ok((text, item.span()))
        };
        array.iter().map(text).collect()
    }

    fn table<'a, 'i>(self, value: &'a Spanned<DeValue<'i>>) -> Result<&'a DeTable<'i>, Wrong> {
        let table = value.get_ref().as_table().ok_or_else(|| (value.span(), self.expected(value)))?;
        let is_of_texts = matches!(self, Self::Texts | Self::Files);
        match table.iter().find(|(_, item)| is_of_texts && !item.get_ref().is_str()) {
            Some((name, item)) => Err((item.span(), format!("wants a text \"...\" for {}", quoted(name.get_ref())))),
            None => Ok(table),
        }
    }

    fn files(self, value: &Spanned<DeValue<'_>>) -> Result<(), Wrong> {
        let is_plain = |name: &str| !name.contains(['/', '\\']) && !name.starts_with('.') && !name.is_empty();
        match self.table(value)?.keys().find(|name| !is_plain(name.get_ref())) {
            Some(name) => {
                let why = format!(
                    "has the file name {}: plain names only, files go into the broker's own folder",
                    quoted(name.get_ref())
                );
                Err((name.span(), why))
            }
            None => Ok(()),
        }
    }

    fn one_of(self, value: &Spanned<DeValue<'_>>, known: &[&'static str]) -> Result<(), Wrong> {
        match value.get_ref().as_str() {
            Some(text) if known.contains(&text) => Ok(()),
            text => {
                let near = text.map_or_else(String::new, |text| did_you_mean(text, known.iter().copied()));
                Err((value.span(), self.expected(value) + &near))
            }
        }
    }

    fn some_of(self, value: &Spanned<DeValue<'_>>, known: &[&'static str]) -> Result<(), Wrong> {
        let texts = self.texts(value)?;
        match texts.iter().find(|(text, _)| !known.contains(text)) {
            Some((text, at)) => {
                let near = did_you_mean(text, known.iter().copied());
                Err((at.clone(), format!("wants {} and not {}{near}", self.words(), quoted(text))))
            }
            None => self.require(!texts.is_empty(), value),
        }
    }

    fn address(self, value: &Spanned<DeValue<'_>>) -> Result<(), Wrong> {
        let text = value.get_ref().as_str().ok_or_else(|| (value.span(), self.expected(value)))?;
        AddressTarget::parse(text, Setting::default(), Reach::default())
            .map(drop)
            .map_err(|why| (value.span(), format!("is wrong: {why}")))
    }
}

/// The names that sections of `variants` may have.
pub(super) fn variants() -> Vec<&'static str> {
    VARIANTS.iter().map(|variant| variant.name).collect()
}

fn number(value: &Spanned<DeValue<'_>>) -> Option<u64> {
    let number = value.get_ref().as_integer()?;
    u64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
}

fn patience(value: &Spanned<DeValue<'_>>) -> Option<u64> {
    let written = value.get_ref().as_str().map(|text| text.strip_prefix('x').unwrap_or(text).parse().ok());
    written.unwrap_or_else(|| number(value))
}
