//! A connection below TLS: bytes as they are, which no client of MQTT has sent. They are told in notes of the record, in words
//! and in hexadecimal digits: nobody decodes them as packets, and the auditor does not hear of them.

use super::context::CaseContext;
use super::subject::Subject;
use super::verdict::Stop;
use crate::link::{BELOW, Remark};
use crate::wire::{Ending, Read, Transport, read};
use bytes::Bytes;
use mqtt_assay_standard::bounds;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes that are heard of a broker, at most: a whole flight of a handshake is less.
const MOST: usize = 64 << 10;

/// Bytes that are shown of what came.
const SHOWN: usize = 256;

/// A connection that carries whatever a case writes.
pub struct Below {
    label: String,
    context: Rc<CaseContext>,
    stream: Option<Box<dyn Transport>>,
    heard: Vec<u8>,
}

/// What was heard on a connection below TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Enough to tell what it is; all that has come by now.
    Enough,
    /// The broker has ended it.
    Ended(Ending),
    /// Neither, for as long as was waited.
    Silence,
}

impl Subject {
    /// Set-up: a network connection to a broker that is reached by TLS, and nothing of TLS upon it.
    pub async fn open_below(&self, role: &'static str) -> Result<Below, Stop> {
        let context = Rc::clone(self.context());
        is_reached_by_tls(&context)?;
        let limit = context.patient(bounds::OPEN);
        let opened = timeout(limit, context.ready.endpoint.open_below()).await;
        let opened = opened.map_err(|_| format!("no connection within {limit:?}"));
        let stream = opened.and_then(|opened| opened.map_err(|error| error.to_string()));
        let stream = stream.map_err(|why| Stop::Inconclusive { why: format!("{role}: {why}"), line: None })?;
        let below = Below { label: context.label(role), context, stream: Some(stream), heard: Vec::new() };
        below.note("opens a connection, and no TLS upon it");
        Ok(below)
    }
}

/// *Not offered* where there is nothing below TLS, for there is no TLS.
pub(super) fn is_reached_by_tls(context: &CaseContext) -> Result<(), Stop> {
    if context.ready.endpoint.is_tls() {
        return Ok(());
    }
    Err(Stop::NotOffered("the broker is not reached by TLS alone there".to_owned()))
}

impl Below {
    pub(super) fn context(&self) -> &Rc<CaseContext> {
        &self.context
    }

    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// All that has come.
    pub(super) fn heard(&self) -> &[u8] {
        &self.heard
    }

    pub(super) fn say(&self, remark: Remark, text: impl Into<String>) -> u32 {
        self.context.say(&self.label, remark, text)
    }

    pub(super) fn note(&self, text: impl Into<String>) -> u32 {
        self.say(Remark::Notes, text)
    }

    /// Set-up: sends these bytes; `words` say what they are. Where the broker has ended the connection, that is heard next.
    pub async fn send(&mut self, bytes: &[u8], words: &str) {
        self.note(format!("{BELOW}{words}, {} bytes: {}", bytes.len(), in_hex(bytes, usize::MAX)));
        let Some(stream) = &mut self.stream else { return };
        let written = async {
            stream.write_all(bytes).await?;
            stream.flush().await
        };
        if let Ok(Err(error)) = timeout(self.context.patient(bounds::OPEN), written).await {
            self.note(format!("not all of it was written: {error}"));
        }
    }

    /// Listens until `is_enough` says yes to all that has come, the broker ends the connection, or the time is over. Says
    /// what came, and the line where that is written.
    pub async fn hear(&mut self, limit: Duration, is_enough: impl Fn(&[u8]) -> bool) -> (Heard, u32) {
        let (until, known) = (Instant::now() + limit, self.heard.len());
        let heard = self.listen(until, is_enough).await;
        let mut line = 0;
        if self.heard.len() > known {
            let came = &self.heard[known..];
            line = self.note(format!("<- {} bytes: {}", came.len(), in_hex(came, SHOWN)));
        }
        match heard {
            Heard::Enough => {}
            Heard::Ended(ending) => line = self.note(format!("<- {}", ended(ending))),
            Heard::Silence => line = self.note(format!("nothing more comes within {limit:?}")),
        }
        (heard, line)
    }

    async fn listen(&mut self, until: Instant, is_enough: impl Fn(&[u8]) -> bool) -> Heard {
        let mut buffer = [0; 4 << 10];
        loop {
            if is_enough(&self.heard) || self.heard.len() > MOST {
                return Heard::Enough;
            }
            let Some(stream) = &mut self.stream else { return Heard::Ended(Ending::Reset) };
            match timeout_at(until, read(&mut **stream, &mut buffer)).await {
                Ok(Read::Bytes(count)) => self.heard.extend_from_slice(&buffer[..count]),
                Ok(Read::Ended(ending)) => return Heard::Ended(ending),
                Err(_) => return Heard::Silence,
            }
        }
    }

    /// Set-up: ends the connection in order, and lets the broker end its half: then it has dealt with it.
    pub async fn close(mut self) {
        self.note(format!("{BELOW}{}", ended(Ending::Fin)));
        if let Some(stream) = &mut self.stream {
            let _ = timeout(bounds::MARGIN, poll_fn(|context| Pin::new(&mut **stream).poll_shutdown(context))).await;
        }
        self.hear(self.context.patient(bounds::MARGIN), |_| false).await;
    }

    /// Set-up: ends the connection abortively.
    pub fn reset(mut self) {
        self.note(format!("{BELOW}{}", ended(Ending::Reset)));
        if let Some(stream) = self.stream.take() {
            stream.reset();
        }
    }
}

/// How the broker has ended a connection, in words.
pub(super) const fn ended(ending: Ending) -> &'static str {
    match ending {
        Ending::Fin => "the end of the connection (FIN)",
        Ending::Reset => "the end of the connection (RST)",
    }
}

/// The first bytes, as many as are shown.
fn in_hex(bytes: &[u8], most: usize) -> String {
    let shown = format!("{:x}", Bytes::copy_from_slice(&bytes[..bytes.len().min(most)]));
    if bytes.len() > most { format!("{shown} and more") } else { shown }
}
