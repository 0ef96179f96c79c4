//! User name and password of ordinary connections: where they come from, and how a command that repeats a case names them
//! without showing the password.

use super::failure::Failure;
use crate::broker::AddressTarget;
use crate::text::{quoted, shell, single_line};
use clap::Args;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// The variable that the password may stand in.
pub(crate) const VARIABLE: &str = "MQTT_ASSAY_PASSWORD";

/// The longest user name and password that a CONNECT has room for, in bytes.
const LONGEST: usize = u16::MAX as usize;

/// The arguments about user name and password.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Set-up of the broker")]
pub(crate) struct CredentialArgs {
    /// User name of ordinary connections; its password from --password-file or MQTT_ASSAY_PASSWORD
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,

    /// Password of ordinary connections; other users of the machine see it in the list of processes
    #[arg(long, value_name = "PASSWORD")]
    password: Option<String>,

    /// File whose first line is the password
    #[arg(long, value_name = "FILE", conflicts_with = "password")]
    pub(crate) password_file: Option<PathBuf>,

    /// A password that the broker refuses for that user
    #[arg(long, value_name = "PASSWORD")]
    bad_password: Option<String>,

    /// Write passwords into transcripts and reports; without it they are eight asterisks
    #[arg(long)]
    pub(crate) show_passwords: bool,
}

/// User name and password of ordinary connections, and where the password came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) pair: Option<(String, String)>,
    pub(crate) bad_password: Option<String>,
    source: Source,
}

/// Where a password came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Source {
    /// The command line, in an option or an address.
    #[default]
    Arguments,
    File(PathBuf),
    Environment,
}

impl CredentialArgs {
    /// True where none of the options that say something about the broker is given.
    pub(crate) fn are_none(&self) -> bool {
        self.user.is_none() && self.password.is_none() && self.password_file.is_none() && self.bad_password.is_none()
    }

    /// Finds user name and password, where the address may name them too. What is said twice is refused.
    pub(crate) fn resolve(&self, address: Option<&str>) -> Result<Credentials, Failure> {
        let in_address = address.map(AddressTarget::credentials_in).transpose().map_err(Failure::usage)?.flatten();
        let (named, password_in_address) = in_address.map_or((None, None), |(user, password)| (Some(user), password));
        if named.is_some() && self.user.is_some() {
            return Err(Failure::usage("the address names a user, and so does --user; leave one"));
        }
        let is_named_in_address = named.is_some();
        let bad_password = self.bad_password.clone();
        let Some(user) = named.or_else(|| self.user.clone()) else {
            return self.without_user();
        };
        let (password, source) = match self.password(password_in_address)? {
            Some(found) => found,
            None if is_named_in_address => (String::new(), Source::Arguments),
            None => {
                return Err(Failure::usage(format!(
                    "--user {} has no password: name a file with --password-file, or put it into {VARIABLE}",
                    quoted(&user)
                )));
            }
        };
        require_usable("user name", &user)?;
        require_usable("password", &password)?;
        Ok(Credentials { pair: Some((user, password)), bad_password, source })
    }

    fn without_user(&self) -> Result<Credentials, Failure> {
        let given = [
            (self.password.is_some(), "--password"),
            (self.password_file.is_some(), "--password-file"),
            (self.bad_password.is_some(), "--bad-password"),
        ];
        match given.into_iter().find(|(is_given, _)| *is_given) {
            Some((_, option)) => Err(Failure::usage(format!("{option} is for a user: name one with --user"))),
            None => Ok(Credentials::default()),
        }
    }

    /// The one password that is given, if one is.
    fn password(&self, in_address: Option<String>) -> Result<Option<(String, Source)>, Failure> {
        let in_environment = in_environment()?;
        let given = [
            (in_address.is_some(), "the address"),
            (self.password.is_some(), "--password"),
            (self.password_file.is_some(), "--password-file"),
            (in_environment.is_some(), VARIABLE),
        ];
        let given: Vec<&str> = given.into_iter().filter(|(is_given, _)| *is_given).map(|(_, name)| name).collect();
        if let [one, other, ..] = given[..] {
            return Err(Failure::usage(format!("{one} and {other} both give the password; leave one")));
        }
        if let Some(path) = &self.password_file {
            return Ok(Some((first_line(path)?, Source::File(path.clone()))));
        }
        let in_arguments = in_address.or_else(|| self.password.clone()).map(|password| (password, Source::Arguments));
        Ok(in_arguments.or(in_environment.map(|password| (password, Source::Environment))))
    }
}

/// The password in the environment; an empty one is none.
fn in_environment() -> Result<Option<String>, Failure> {
    let Some(value) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) else { return Ok(None) };
    let password = value.into_string().map_err(|_| Failure::usage(format!("{VARIABLE} holds no UTF-8")))?;
    Ok(Some(password))
}

/// The first line of a file, without what ends it.
fn first_line(path: &Path) -> Result<String, Failure> {
    let name = single_line(&path.to_string_lossy());
    let failed = |problem: &str| Failure::usage(format!("--password-file {name}: {problem}"));
    let read = || -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        // What has no end of a line is no password, and isn't read to its end.
        BufReader::new(File::open(path)?.take(LONGEST as u64 + 2)).read_until(b'\n', &mut line)?;
        Ok(line)
    };
    let line = read().map_err(|error| failed(&error.to_string()))?;
    let line = line.strip_suffix(b"\n").map_or(&line[..], |line| line.strip_suffix(b"\r").unwrap_or(line));
    match std::str::from_utf8(line) {
        Ok("") => Err(failed("its first line is empty; write the password there")),
        Ok(line) => Ok(line.to_owned()),
        Err(_) => Err(failed("its first line is no UTF-8")),
    }
}

/// What a CONNECT has no place for would make every case inconclusive. The text itself isn't shown.
fn require_usable(what: &str, text: &str) -> Result<(), Failure> {
    if text.len() > LONGEST {
        return Err(Failure::usage(format!("the {what} is longer than {LONGEST} bytes, the most that MQTT can carry")));
    }
    if what == "user name" && text.contains('\0') {
        return Err(Failure::usage("the user name has the character U+0000, which MQTT forbids"));
    }
    Ok(())
}

impl Credentials {
    /// The options that name them again; the password only where it may be shown.
    pub(crate) fn words(&self, shows_passwords: bool) -> Vec<String> {
        let Some((user, password)) = &self.pair else { return Vec::new() };
        let mut words = vec![format!("--user {}", shell::for_shell(user))];
        match &self.source {
            Source::File(path) => {
                words.push(format!("--password-file {}", shell::for_shell(&path.to_string_lossy())));
            }
            Source::Arguments if shows_passwords => words.push(format!("--password {}", shell::for_shell(password))),
            Source::Arguments | Source::Environment => {}
        }
        let bad = |password: &String| if shows_passwords { shell::for_shell(password) } else { "PASSWORD".to_owned() };
        words.extend(self.bad_password.iter().map(|password| format!("--bad-password {}", bad(password))));
        words
    }

    /// What stands before the command: the variable that holds the password, named so that the line works where it is set.
    pub(crate) fn before(&self, shows_passwords: bool) -> String {
        match &self.source {
            _ if self.pair.is_none() => String::new(),
            Source::File(_) => String::new(),
            Source::Arguments if shows_passwords => String::new(),
            Source::Arguments | Source::Environment => format!("{VARIABLE}=\"${VARIABLE}\" "),
        }
    }
}
