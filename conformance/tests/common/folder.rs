//! What tests of files share: a folder of their own, calls of the program in it, and what is read from them.

use super::common::{mqtt_assay, shown};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

/// A folder that ends with the test.
pub(crate) struct Folder(pub(crate) TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a folder of our own"))
    }

    /// The path of a file in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A call of the program in this folder.
    #[allow(dead_code, reason = "not every test runs in its folder")]
    pub(crate) fn call(&self, arguments: &[&str]) -> Output {
        mqtt_assay(arguments).current_dir(self.0.path()).output().expect("the program is there")
    }

    /// Everything that a call in this folder shows: command, both outputs, exit code.
    #[allow(dead_code, reason = "not every test runs in its folder")]
    pub(crate) fn shown(&self, arguments: &[&str]) -> String {
        shown(arguments, &self.call(arguments))
    }
}

/// A file of JSON.
#[allow(dead_code, reason = "not every test reads a report")]
pub(crate) fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("there is a report");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
