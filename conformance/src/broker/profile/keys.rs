//! Every key of a profile, in one table: what it means, what holds where it is not written, an example. The reader of profiles
//! knows what stands here and nothing else; `mqtt-assay explain profiles`, the page about profiles and the JSON Schema are
//! held against it.

use super::forms::Form;

/// A part of a profile with keys of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// The file itself.
    Profile,
    /// `[variants.NAME]`.
    Variant,
    /// `[version]`.
    Version,
    /// `[run]`.
    Run,
    /// `[variants.NAME.authentication]`.
    Authentication,
}

impl Section {
    /// All of them, in the order in which they are explained.
    pub const ALL: [Self; 5] = [Self::Profile, Self::Variant, Self::Version, Self::Run, Self::Authentication];

    /// How it is written in a profile; empty for the file itself.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Profile => "",
            Self::Variant => "[variants.NAME]",
            Self::Version => "[version]",
            Self::Run => "[run]",
            Self::Authentication => "[variants.NAME.authentication]",
        }
    }

    /// What it is about.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Profile => "where the broker is or how it is started",
            Self::Variant => "a set-up of the broker that cases need; names: mqtt-assay explain variants",
            Self::Version => "how the broker's version is learnt, where it is started or at an address",
            Self::Run => "what `mqtt-assay run` does with this profile where its command line says nothing",
            Self::Authentication => "how a client authenticates with a method that the broker knows (5.0)",
        }
    }

    /// The keys in it.
    pub fn keys(self) -> impl Iterator<Item = &'static Key> {
        KEYS.iter().filter(move |key| key.section == self)
    }
}

/// For which kind of broker a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Any.
    Any,
    /// One that the suite starts.
    Command,
    /// One that is running.
    Address,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Where it may stand.
    pub section: Section,
    /// Its name.
    pub name: &'static str,
    /// What may be written behind it.
    pub form: Form,
    /// For which brokers.
    pub is_for: For,
    /// What it means.
    pub says: &'static str,
    /// What holds where it isn't written.
    pub otherwise: &'static str,
    /// A line of a profile.
    pub example: &'static str,
}

const fn key(
    section: Section,
    name: &'static str,
    form: Form,
    is_for: For,
    [says, otherwise, example]: [&'static str; 3],
) -> Key {
    Key { section, name, form, is_for, says, otherwise, example }
}

/// Every key.
pub const KEYS: &[Key] = &[
    key(
        Section::Profile,
        "name",
        Form::Text,
        For::Any,
        ["the broker's name in reports", "must be there", "name = \"mybroker\""],
    ),
    key(
        Section::Profile,
        "command",
        Form::Words,
        For::Command,
        [
            "program and arguments that start the broker in the foreground",
            "must be there, or `address`",
            "command = [\"mybroker\", \"--port\", \"{port}\"]",
        ],
    ),
    key(
        Section::Profile,
        "address",
        Form::Address,
        For::Address,
        [
            "a broker that is running already; the suite starts and stops nothing",
            "must be there, or `command`",
            "address = \"mqtt://localhost:1883\"",
        ],
    ),
    key(
        Section::Profile,
        "mqtt",
        Form::Versions,
        For::Any,
        ["the versions that the broker speaks; cases of others are not offered", "both", "mqtt = [\"3.1.1\", \"5\"]"],
    ),
    key(
        Section::Profile,
        "credentials",
        Form::Credentials,
        For::Any,
        [
            "user name and password of ordinary connections, in every variant that has none of its own",
            "ordinary connections have none",
            "credentials = [\"ann\", \"secret\"]",
        ],
    ),
    key(
        Section::Profile,
        "env",
        Form::Texts,
        For::Command,
        [
            "environment variables of the broker, besides those of mqtt-assay",
            "none",
            "env = { MYBROKER_HOME = \"{dir}\" }",
        ],
    ),
    key(
        Section::Profile,
        "cwd",
        Form::Text,
        For::Command,
        [
            "the folder that the broker works in; a relative one counts from where mqtt-assay is started",
            "the broker's own folder, {dir}",
            "cwd = \"/opt/mybroker\"",
        ],
    ),
    key(
        Section::Profile,
        "files",
        Form::Files,
        For::Command,
        [
            "files that are written into the broker's own folder before it starts, by plain names",
            "none",
            "files.\"my.conf\" = \"listener {port}\\n\"",
        ],
    ),
    key(
        Section::Profile,
        "start_within",
        Form::Seconds,
        For::Command,
        [
            "seconds until the broker must accept its first CONNECT; --patience stretches them",
            "30",
            "start_within = 120",
        ],
    ),
    key(
        Section::Profile,
        "stop",
        Form::Stop,
        For::Command,
        [
            "the signal or the command by which the broker is stopped in order; what runs 10 s later is killed. Where it is named, the \
         broker is also stopped so when it is needed no more",
            "SIGTERM where an orderly stop is wanted; else the broker is killed at once, and its folder removed",
            "stop = \"SIGINT\"",
        ],
    ),
    key(
        Section::Profile,
        "survives",
        Form::Survives,
        For::Command,
        [
            "what the broker promises to keep its sessions, acknowledged and retained messages over: an orderly stop, also a kill",
            "it promises nothing",
            "survives = [\"stop\", \"kill\"]",
        ],
    ),
    key(
        Section::Profile,
        "fresh_for_each_case",
        Form::Flag,
        For::Command,
        [
            "each case gets a broker of its own: for brokers that one client can spoil for all others",
            "false",
            "fresh_for_each_case = true",
        ],
    ),
    key(
        Section::Profile,
        "version",
        Form::Part(Section::Version),
        For::Any,
        [
            "a section, below",
            "the version is unknown, unless the run has --label version=...",
            "version = { command = [\"mybroker\", \"-V\"], after = \"\" }",
        ],
    ),
    key(
        Section::Profile,
        "run",
        Form::Part(Section::Run),
        For::Any,
        ["a section, below", "the defaults of `mqtt-assay run`", "run = { mqtt = \"5\" }"],
    ),
    key(
        Section::Profile,
        "variants",
        Form::Variants,
        For::Any,
        [
            "a section for each variant, below; `plain` is always there",
            "none but `plain`; cases that need another are not offered",
            "variants.with-access.bad_password = \"wrong\"",
        ],
    ),
    key(
        Section::Variant,
        "append",
        Form::Files,
        For::Command,
        [
            "text to add at the end of files of the profile, or files of the variant's own",
            "nothing",
            "append.\"my.conf\" = \"max_qos 1\\n\"",
        ],
    ),
    key(
        Section::Variant,
        "address",
        Form::Address,
        For::Address,
        [
            "where the running broker listens with this set-up",
            "the address of the profile",
            "address = \"mqtt://localhost:1884\"",
        ],
    ),
    key(
        Section::Variant,
        "credentials",
        Form::Credentials,
        For::Any,
        [
            "user name and password of ordinary connections",
            "those of the profile",
            "credentials = [\"ann\", \"secret\"]",
        ],
    ),
    key(
        Section::Variant,
        "bad_password",
        Form::Secret,
        For::Any,
        [
            "a password that the broker refuses for that user",
            "cases about it are not offered",
            "bad_password = \"wrong\"",
        ],
    ),
    key(
        Section::Variant,
        "denied_topic",
        Form::Text,
        For::Any,
        [
            "a topic that this user may neither publish nor subscribe to",
            "cases about it are not offered",
            "denied_topic = \"private/topic\"",
        ],
    ),
    key(
        Section::Variant,
        "authentication",
        Form::Part(Section::Authentication),
        For::Any,
        [
            "a section, below",
            "cases about AUTH are not offered",
            "authentication = { method = \"PLAIN\", data = [\"6f6b\"] }",
        ],
    ),
    key(
        Section::Variant,
        "survives",
        Form::Survives,
        For::Command,
        ["as in the profile, for this variant alone", "what the profile says", "survives = [\"stop\"]"],
    ),
    key(
        Section::Variant,
        "port",
        Form::Text,
        For::Command,
        [
            "the word of the port where the variant listens, for one that is a transport",
            "the broker's own port",
            "port = \"web\"",
        ],
    ),
    key(
        Section::Variant,
        "path",
        Form::Text,
        For::Command,
        ["the path of its WebSockets", "/mqtt", "path = \"/mqtt\""],
    ),
    key(
        Section::Variant,
        "not_offered",
        Form::Text,
        For::Any,
        [
            "why the broker has no such variant, in words; reports show them",
            "the variant is offered",
            "not_offered = \"mybroker has no such option\"",
        ],
    ),
    key(
        Section::Version,
        "command",
        Form::Words,
        For::Any,
        ["program and arguments that print the version", "must be there", "command = [\"mybroker\", \"--version\"]"],
    ),
    key(
        Section::Version,
        "after",
        Form::AnyText,
        For::Any,
        [
            "what stands right before the version in what is printed; empty where the version comes first",
            "must be there",
            "after = \"mybroker version \"",
        ],
    ),
    key(Section::Run, "mqtt", Form::VersionChoice, For::Any, ["as --mqtt", "all", "mqtt = \"5\""]),
    key(Section::Run, "jobs", Form::Jobs, For::Any, ["as --jobs", "64", "jobs = 8"]),
    key(Section::Run, "patience", Form::Patience, For::Any, ["as --patience", "x1", "patience = \"x3\""]),
    key(
        Section::Run,
        "filter",
        Form::OneOrMore,
        For::Any,
        ["as --filter; several in brackets, any of them", "all cases", "filter = \"chapter(publish) & level(must)\""],
    ),
    key(
        Section::Run,
        "baseline",
        Form::Text,
        For::Any,
        [
            "as --baseline: the file with the failures that are known; a relative path counts from where mqtt-assay is started",
            "none",
            "baseline = \"mybroker.baseline.toml\"",
        ],
    ),
    key(
        Section::Authentication,
        "method",
        Form::Text,
        For::Any,
        ["the Authentication Method", "must be there", "method = \"PLAIN\""],
    ),
    key(
        Section::Authentication,
        "data",
        Form::HexSteps,
        For::Any,
        [
            "what the client says in it, in hexadecimal: in CONNECT, and in each AUTH after it",
            "nothing",
            "data = [\"00616e6e00\", \"6f6b\"]",
        ],
    ),
];

/// What stands for something in commands, files, `env`, `cwd` and `stop`.
pub const WORDS: &[(&str, &str)] = &[
    ("{port}", "the broker's own port on 127.0.0.1, free when it starts"),
    ("{port-3.1.1} {port-5}", "the same, for a broker that speaks each version on a port of its own"),
    ("{port-NAME}", "a free port for anything else, by any name; as many as are named"),
    ("{socket}", "the path of the broker's unix socket, in its own folder"),
    (
        "{ca} {cert} {key}",
        "an authority that is made for the run, and the broker's certificate and key: files, in PEM form",
    ),
    ("{client_cert} {client_key}", "the certificate and key of the suite's client, by the same authority"),
    ("{dir}", "the broker's own folder, empty but for `files`; it is removed at the end"),
];

/// Keys that once had another name.
pub(super) const FORMER: &[(&str, &str)] = &[("start_seconds", "start_within")];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_key_has_one_row() {
        let rows: BTreeSet<(Section, &str)> = KEYS.iter().map(|key| (key.section, key.name)).collect();
        assert_eq!(rows.len(), KEYS.len());
    }

    #[test]
    fn every_example_is_a_line_with_that_key() {
        for key in KEYS {
            let table: toml::Table = key.example.parse().unwrap_or_else(|error| panic!("{}: {error}", key.example));
            assert_eq!(table.keys().collect::<Vec<_>>(), [key.name]);
        }
    }
}
