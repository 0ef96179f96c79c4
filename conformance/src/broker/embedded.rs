//! The reference broker in this process, one for each variant in use.

use super::endpoint::Upon;
use super::strangers::Strangers;
use super::tape::Tape;
use super::{Authentication, Carrier, Data, Endpoint, Ready, Setting, Unready, Variant, next_broker};
use crate::broker::Shell;
use crate::wire::{Authority, Holder, Layers, Manners, TlsManners, WebSocketClient, WebSocketServer};
use mqtt_assay_reference::{
    ANSWERS, Access, BrokerLimits, Fault, FaultOn, FaultSet, METHOD, Machine, Questions, Quirk, QuirkSet, Settings,
    User,
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
    /// What carries the bytes, where a variant doesn't say.
    pub carrier: Carrier,
    /// Where to note the faults that the broker is asked for.
    pub questions: Option<Questions>,
}

/// The embedded broker as a target.
#[derive(Clone)]
pub struct EmbeddedTarget {
    options: EmbeddedOptions,
    /// Where to note what the machine is told and does.
    tape: Option<Tape>,
}

impl EmbeddedTarget {
    /// A target with these options.
    pub fn new(options: EmbeddedOptions) -> Self {
        Self { options, tape: None }
    }

    /// With a recording of what the machine is told and does.
    pub(crate) fn recorded(self, tape: Tape) -> Self {
        Self { tape: Some(tape), ..self }
    }

    /// What carries the bytes, where a variant doesn't say.
    pub fn carrier(&self) -> Carrier {
        self.options.carrier
    }

    /// Makes machines of this kind, for who drives them without a shell.
    ///
    /// # Errors
    ///
    /// If a limit is none.
    pub(crate) fn maker(&self) -> Result<Box<dyn Fn() -> Machine + Send + Sync>, String> {
        let EmbeddedOptions { faults, quirks, seed, .. } = self.options.clone();
        let mut limits = BrokerLimits::default();
        for (name, value) in &self.options.limits {
            limits.set(name, value)?;
        }
        Ok(Box::new(move || {
            let (faults, quirks) = (faults.iter().copied().collect(), quirks.iter().copied().collect());
            Machine::new(Settings { limits: limits.clone(), faults, quirks, seed, ..Settings::default() })
        }))
    }

    /// Starts a broker for this variant.
    pub fn prepare(&self, variant: Variant) -> Result<Ready, Unready> {
        let (settings, setting) = self.settings(variant)?;
        let setting = Setting { broker: next_broker(), ..setting };
        let carrier = variant.carrier.unwrap_or(self.options.carrier);
        let (layers, upon) = carried(carrier, &settings)?;
        let EmbeddedOptions { quirks, seed, .. } = &self.options;
        let shell = Shell::start_with(Machine::new(settings), quirks, *seed, |_| {}, self.tape.clone());
        let endpoint = Endpoint::embedded(Rc::new(shell), layers).with(upon);
        Ok(Ready { endpoint, setting, process: None })
    }

    /// The machine alone that the broker of this variant is made of.
    pub(crate) fn machine(&self, variant: Variant) -> Result<Machine, Unready> {
        Ok(Machine::new(self.settings(variant)?.0))
    }

    fn settings(&self, variant: Variant) -> Result<(Settings, Setting), Unready> {
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
        let faults = match questions {
            Some(questions) => faults.noting(questions.clone()),
            None => faults,
        };
        let quirks = quirks.iter().copied().collect();
        Ok((Settings { limits, access, faults, quirks, seed: *seed, planted: None }, setting))
    }
}

/// What lies upon the two ends of each memory pipe.
fn carried(carrier: Carrier, settings: &Settings) -> Result<(Layers, Upon), Unready> {
    if carrier == Carrier::Unix {
        let why = "the embedded broker has no socket of any kind; `mqtt-assay run unix:///PATH` meets one that has";
        return Err(Unready::NotOffered(why.to_owned()));
    }
    let (mut layers, mut upon) = (Layers::default(), Upon::default());
    if carrier.has_tls() {
        let wants_certificate = carrier == Carrier::MutualTls;
        let authority = Authority::new().map_err(Unready::Failed)?;
        let client = authority.sign(Holder::Client).and_then(|papers| papers.identity()).map_err(Unready::Failed)?;
        let manners = tls_manners(&settings.faults, &settings.quirks);
        layers.tls = Some(authority.server_with(wants_certificate, manners).map_err(Unready::Failed)?);
        if wants_certificate {
            let strangers = Strangers::make(Some(&authority), |identity| authority.client(identity));
            upon.strangers = strangers.map_err(Unready::Failed)?;
        }
        let client = authority.client(wants_certificate.then_some(client));
        upon.tls = Some(Rc::new(client.map_err(|error| Unready::Failed(error.to_string()))?));
    }
    if carrier.has_web_socket() {
        layers.web_socket = Some(WebSocketServer { manners: manners(&settings.faults), path: None });
        let client = WebSocketClient::new("localhost", "/mqtt", Vec::new()).map_err(Unready::Failed)?;
        upon.web_socket = Some(Rc::new(client));
    }
    Ok((layers, upon))
}

/// How the faults make the broker treat frames.
pub(crate) fn manners(faults: &FaultSet) -> Manners {
    Manners {
        accepts_text: faults.has_in_shell(Fault::WebSocketTextAccepted),
        sends_text: faults.has_in_shell(Fault::WebSocketTextSent),
        one_packet_a_message: faults.has_in_shell(Fault::WebSocketOnePacketAFrame),
        whole_packets_only: faults.has_in_shell(Fault::WebSocketWholePacketsOnly),
        no_subprotocol: faults.has_in_shell(Fault::WebSocketNoSubprotocol),
        other_subprotocol: faults.has_in_shell(Fault::WebSocketOtherSubprotocol),
    }
}

/// How faults and quirks make the broker treat clients that come by TLS.
fn tls_manners(faults: &FaultSet, quirks: &QuirkSet) -> TlsManners {
    TlsManners {
        wants_no_certificate: faults.has_in_shell(Fault::TlsWantsNoCertificate),
        takes_foreign: faults.has_in_shell(Fault::TlsTakesForeignCertificates),
        takes_expired: faults.has_in_shell(Fault::TlsTakesExpiredCertificates),
        greets_old_versions: faults.has_in_shell(Fault::TlsSpeaksOldVersions),
        speaks_plain: faults.has_in_shell(Fault::TlsServesPlainMqtt),
        refuses_in_silence: faults.has_in_shell(Fault::TlsRefusesInSilence),
        one_at_a_time: faults.has_in_shell(Fault::TlsOneHandshakeAtATime),
        closes_at_failure: faults.has_in_shell(Fault::TlsDoorClosesAtFailure),
        sends_no_alert: quirks.has(Quirk::TlsSendsNoAlert),
        is_late: quirks.has(Quirk::TlsIsLate),
        only_1_2: quirks.has(Quirk::TlsOnly12),
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
