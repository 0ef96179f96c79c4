//! A finding: what a decoder gets wrong, the shortest bytes that show it, and the command that repeats it. Written to its file
//! the moment it is there.

use super::breach::{Breach, Sort};
use super::input::Input;
use crate::scenario::hash;
use crate::testee::Question;
use crate::text::single_line;
use crate::whole_file::write_whole;
use mqtt_assay_codec::annotate;
use serde::Serialize;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What was found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What is wrong.
    pub breach: Breach,
    /// The shortest input that shows it.
    pub input: Input,
    /// The question that shows it: of the packet, or of the stream of its pieces.
    pub question: Question,
    /// How many bytes showed it first.
    pub first_len: usize,
    /// The case in which it was seen first, counted from 1.
    pub case: u64,
    /// Time since the beginning.
    pub at: Duration,
    /// How many cases have shown it.
    pub times: u64,
    /// How many of so many repetitions showed it.
    pub repeated: (u32, u32),
}

/// A finding as machines read it.
#[derive(Debug, Serialize)]
pub struct FindingRow {
    sort: Sort,
    about: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<&'static str>,
    mutation: &'static str,
    mqtt: &'static str,
    sender: String,
    due: String,
    came: String,
    question: String,
    repeat: String,
    case: u64,
    at_ms: u64,
    times: u64,
    repeated: String,
    bytes: usize,
}

impl Finding {
    /// Name of its file, which no other finding has.
    pub fn file_name(&self) -> String {
        let plain = |text: &str| -> String {
            let letters = text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
            letters.collect::<String>().split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
        };
        let (sort, made, version) = (self.breach.sort.word(), self.input.made.name(), self.input.context.version);
        let about: String = plain(&self.breach.about.to_lowercase()).chars().take(60).collect();
        let whole = hash(&format!("{version} {sort} {} {made}", self.breach.about)) as u32;
        format!("{sort}-{about}-{}-{whole:08x}.txt", plain(made))
    }

    /// The command that repeats it.
    pub fn repeat(&self, command: &str) -> String {
        format!("mqtt-assay decoder fuzz --only {} -- {command}", self.question.to_words())
    }

    /// In one line.
    pub fn line(&self) -> String {
        let statement = self.breach.statement.map_or_else(String::new, |id| format!(" ({id})"));
        let (sort, about) = (self.breach.sort.word(), single_line(&self.breach.about));
        format!("{sort}: {about}{statement}, by {}, {} bytes", self.input.made.name(), self.input.bytes.len())
    }

    /// The whole of it, for people.
    pub fn text(&self, decoder: &str, command: &str) -> String {
        let mut text = format!("{}\n\ndecoder:   {}\n", self.line(), single_line(decoder));
        let context = self.input.context;
        let _ = writeln!(text, "packet:    MQTT {}, from a {}", context.version, context.from);
        if let Some(rule) = self.breach.rule {
            let _ = writeln!(text, "rule:      {}: {}", self.breach.statement.unwrap_or(rule.name()), rule.says());
            let _ = writeln!(text, "layer:     {}", rule.layer().name());
        }
        let _ = writeln!(text, "made by:   {}", self.input.made.name());
        let _ = writeln!(text, "due:       {}", single_line(&self.breach.due));
        let _ = writeln!(text, "came:      {}", single_line(&self.breach.came));
        let (shown, of) = self.repeated;
        let _ = writeln!(text, "repeated:  {shown} of {of}, shrunk from {} bytes", self.first_len);
        let _ = writeln!(text, "question:  {}\nrepeat:    {}\n", self.question, self.repeat(command));
        text.push_str(&annotate(&self.input.bytes, context));
        text
    }

    /// As machines read it.
    pub fn row(&self, command: &str) -> FindingRow {
        FindingRow {
            sort: self.breach.sort,
            about: self.breach.about.clone(),
            rule: self.breach.rule.map(mqtt_assay_codec::Rule::name),
            statement: self.breach.statement,
            layer: self.breach.rule.map(|rule| rule.layer().name()),
            mutation: self.input.made.name(),
            mqtt: self.input.context.version.name(),
            sender: self.input.context.from.to_string(),
            due: self.breach.due.clone(),
            came: self.breach.came.clone(),
            question: self.question.to_string(),
            repeat: self.repeat(command),
            case: self.case,
            at_ms: u64::try_from(self.at.as_millis()).unwrap_or(u64::MAX),
            times: self.times,
            repeated: format!("{} of {}", self.repeated.0, self.repeated.1),
            bytes: self.input.bytes.len(),
        }
    }

    /// Writes it into the folder: whole, or not at all.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn write(&self, folder: &Path, decoder: &str, command: &str) -> io::Result<PathBuf> {
        let path = folder.join(self.file_name());
        write_whole(&path, &self.text(decoder, command))?;
        Ok(path)
    }
}
