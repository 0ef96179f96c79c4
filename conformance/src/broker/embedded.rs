//! The reference broker in this process, one for each variant in use.

use super::{Authentication, Data, Endpoint, Ready, Setting, Unready, Variant, next_broker};
use crate::broker::Shell;
use mqtt_assay_reference::{
    ANSWERS, Access, BrokerLimits, FaultOn, FaultSet, METHOD, Machine, Questions, Quirk, Settings, User,
};
use std::rc::Rc;

/// The user name and passwords, and the denied topic, of the variant with access control.
const USER: (&str, &str) = ("assayer", "correct");
const BAD_PASSWORD: &str = "wrong";
const DENIED_TOPIC: &str = "mqtt-assay-denied/topic";
const DENIED_FILTER: &str = "mqtt-assay-denied/#";

/// How the embedded broker is to be.
#[derive(Debug, Clone, Default)]
pub struct EmbeddedOptions {
    /// Faults to switch on, everywhere or on some ways.
    pub faults: Vec<FaultOn>,
    /// Quirks to switch on.
    pub quirks: Vec<Quirk>,
    /// Limits that differ from the usual ones, by the names that `serve --limit` takes; those of a variant come on top.
    pub limits: Vec<(String, String)>,
    /// What decides where the standard leaves a choice to chance: delays, order.
    pub seed: u64,
    /// Where to note the faults that the broker is asked for.
    pub questions: Option<Questions>,
}

/// The embedded broker as a target.
#[derive(Clone)]
pub struct EmbeddedTarget {
    options: EmbeddedOptions,
}

impl EmbeddedTarget {
    /// A target with these options.
    pub fn new(options: EmbeddedOptions) -> Self {
        Self { options }
    }

    /// Starts a broker for this variant.
    pub fn prepare(&self, variant: Variant) -> Result<Ready, Unready> {
        let mut limits = BrokerLimits::default();
        for (name, value) in &self.options.limits {
            limits.set(name, value).map_err(Unready::Failed)?;
        }
        for (name, value) in variant.limits {
            limits.set(name, value).map_err(|why| Unready::Failed(format!("variant {}: {why}", variant.name)))?;
        }
        let (access, setting) = match variant {
            Variant::WITH_ACCESS => with_access(),
            Variant::WITH_AUTHENTICATION => (Access::default(), with_authentication()),
            _ => (Access::default(), Setting::default()),
        };
        let EmbeddedOptions { faults, quirks, seed, questions, .. } = &self.options;
        let faults: FaultSet = faults.iter().copied().collect();
        let settings = Settings {
            limits,
            access,
            faults: match questions {
                Some(questions) => faults.noting(questions.clone()),
                None => faults,
            },
            quirks: quirks.iter().copied().collect(),
            seed: *seed,
        };
        let setting = Setting { broker: next_broker(), ..setting };
        let shell = Shell::start(Machine::new(settings), quirks, *seed, |_| {});
        Ok(Ready { endpoint: Endpoint::Embedded(Rc::new(shell)), setting, process: None })
    }
}

fn with_authentication() -> Setting {
    let data = ANSWERS.iter().map(|answer| Data(answer.to_vec())).collect();
    let authentication = Some(Authentication { method: METHOD.to_owned(), data });
    Setting { authentication, ..Setting::default() }
}

fn with_access() -> (Access, Setting) {
    let (user, password) = (USER.0.to_owned(), USER.1.to_owned());
    let access = Access {
        anonymous: false,
        users: vec![User { name: user.clone(), password: password.clone().into_bytes() }],
        denied_topic: Some(DENIED_FILTER.to_owned()),
    };
    let setting = Setting {
        credentials: Some((user, password)),
        bad_password: Some(BAD_PASSWORD.to_owned()),
        denied_topic: Some(DENIED_TOPIC.to_owned()),
        hides_passwords: false,
        ..Setting::default()
    };
    (access, setting)
}
