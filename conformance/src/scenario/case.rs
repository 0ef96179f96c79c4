//! What a case is: an id, the rules it breaks and proves in each version, what it needs, and its steps.
//!
//! The `case!` macro writes one row of a chapter's table. Rule ids are looked up in the catalog at
//! compile time; a function that no row names is an unused-code warning.

use super::context::Brief;
use super::observation::Check;
use super::rules::CaseRules;
use super::subject::Subject;
use super::verdict::Outcome;
use crate::broker::{Survived, Variant};
use mqtt_assay_codec::Version;
use mqtt_assay_reference::Fault;
use mqtt_assay_standard::Level;
use std::pin::Pin;
use std::time::Duration;

/// A case's steps under way.
pub type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;

/// How a case comes to its verdict.
#[derive(Clone, Copy)]
pub enum Method {
    /// It takes steps against the broker.
    Steps(for<'a> fn(&'a Subject) -> Running<'a>),
    /// It holds every packet of the run against a rule.
    Invariant(Check),
    /// It is about the life of the broker, all through the run.
    Life(Vital),
}

/// What a broker must be for anything about it to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vital {
    /// It runs.
    StaysAlive,
    /// It answers.
    Answers,
}

/// One case.
pub struct Case {
    /// The name of its function.
    pub function: &'static str,
    /// The source file that its row stands in, as the compiler was told of it.
    pub file: &'static str,
    /// For a member of a family: which one.
    pub member: &'static str,
    /// One sentence: what a conforming broker does.
    pub title: &'static str,
    /// Its rules in 3.1.1, if it exists there.
    pub v3_1_1: Option<CaseRules>,
    /// Its rules in 5.0, if it exists there.
    pub v5: Option<CaseRules>,
    /// Faults of the reference broker that must turn one of its rules to fail, or weak where its level allows no more.
    pub caught: &'static [Fault],
    /// The set-up of the broker that it needs.
    pub variant: Variant,
    /// What the broker must offer (`retain`, `qos2`, `wildcard` ...).
    pub needs: &'static [&'static str],
    /// The standard's own waits in it, in whole seconds: keep alive, expiry, will delay.
    pub waits: u64,
    /// It subscribes to what others publish, or sends what a broker in use should not get: off beyond loopback.
    pub intrusive: bool,
    /// It moves megabytes: the proof pairs it with the faults that it claims to catch and with every quirk, and with no other
    /// fault.
    pub weighty: bool,
    /// It takes so much of a broker that others beside it would not get their turn: it runs last and alone, as intrusive and
    /// weighty ones do.
    pub heavy: bool,
    /// It ends its broker in this way and starts it again: it has one of its own.
    pub restarts: Option<Survived>,
    /// How it comes to its verdict.
    pub method: Method,
}

impl Case {
    /// A case without extras, for the macro to fill in.
    pub const fn new(function: &'static str, member: &'static str, title: &'static str, method: Method) -> Self {
        Self {
            function,
            file: "",
            member,
            title,
            v3_1_1: None,
            v5: None,
            caught: &[],
            variant: Variant::PLAIN,
            needs: &[],
            waits: 0,
            intrusive: false,
            weighty: false,
            heavy: false,
            restarts: None,
            method,
        }
    }

    /// Its rules in a version, if it exists there.
    pub fn rules(&self, version: Version) -> Option<&CaseRules> {
        match version {
            Version::V3_1_1 => self.v3_1_1.as_ref(),
            Version::V5 => self.v5.as_ref(),
            Version::V3_1 => None,
        }
    }

    /// The name within its chapter: `topic-with-wildcard`, or `reserved-flags.subscribe` for a member of a family.
    pub fn name(&self) -> String {
        let function = self.function.replace('_', "-");
        if self.member.is_empty() { function } else { format!("{function}.{}", self.member) }
    }

    /// Whether it runs last and alone: others beside it would not be judged fairly, nor would it.
    pub const fn is_heavy(&self) -> bool {
        self.heavy || self.weighty || self.intrusive
    }

    /// The standard's own waits in it.
    pub fn waits(&self) -> Duration {
        Duration::from_secs(self.waits)
    }
}

/// A chapter: one file of cases.
#[derive(Clone, Copy)]
pub struct Chapter {
    /// Its name, the middle of a case's id.
    pub name: &'static str,
    /// Its cases, in the order of their functions.
    pub cases: &'static [Case],
}

/// A case in one version: what is listed, run and reported.
#[derive(Clone, Copy)]
pub struct Instance {
    /// The chapter's name.
    pub chapter: &'static str,
    /// The case.
    pub case: &'static Case,
    /// The version.
    pub version: Version,
    /// Its rules there.
    pub rules: &'static CaseRules,
}

impl Instance {
    /// The stable id: `5/publish/topic-with-wildcard`.
    pub fn id(&self) -> String {
        format!("{}/{}/{}", self.version, self.chapter, self.case.name())
    }

    /// The strongest level among its rules.
    pub fn level(&self) -> Level {
        self.rules.judged().map(|rule| rule.rule().level).min().unwrap_or(Level::May)
    }

    /// What its steps have to know of it.
    pub(crate) fn brief(&self) -> Brief {
        Brief { id: self.id(), version: self.version, rules: self.rules, member: self.case.member }
    }
}
