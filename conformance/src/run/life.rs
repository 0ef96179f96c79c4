//! Whether the broker is alive: connections that are held for nothing else, opened before the first case, and asked behind
//! every one.
//!
//! A close, a reset or a silence is evidence only if the broker is seen alive after it. A new CONNECT that is answered
//! proves nothing: what watches over a broker starts it again within milliseconds. A held connection that was open before
//! the deciding packet and still answers proves it. There are two of them, for a broker may have a reason to end one.

use crate::broker::Ready;
use crate::link::Arrival;
use crate::scenario::pattern::codes;
use crate::scenario::{Client, Stop, Subject};
use mqtt_assay_codec::{Packet, QoS};
use mqtt_assay_standard::bounds;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep};

/// How a broker was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// It is gone, or was and is there again.
    Died(String),
    /// It is there, and answers nobody.
    Silent(String),
    /// It ended its connections with a DISCONNECT that says why: nothing is wrong with that, and nothing was judged.
    TookLeave(String),
}

impl End {
    /// In words, for the cases that it struck.
    pub(crate) fn says(&self) -> &str {
        match self {
            Self::Died(how) | Self::Silent(how) | Self::TookLeave(how) => how,
        }
    }
}

/// The watch over one broker.
pub(crate) struct Life {
    subject: Subject,
    ready: Ready,
    limit: Duration,
    held: RefCell<[Option<Client>; 2]>,
    turn: Mutex<()>,
    begun: Cell<u64>,
    done: Cell<u64>,
    answers: Cell<u64>,
    last_asked: Cell<Instant>,
    end: watch::Sender<Option<End>>,
}

/// The roles of the connections that are held.
const HELD: &str = "held";
const HELD_TOO: &str = "held-too";

/// The role of the client that asks whether anybody is let in.
const CALLER: &str = "caller";

/// Bytes of the answer to a question.
const PINGRESP: usize = 2;

/// The keep alive of the held connections where the broker sets no other, in seconds: that of every ordinary client.
const KEEP_ALIVE: u16 = 60;

impl Life {
    /// Opens the held connections and watches over them. A broker that lets nobody in twice is watched as far as it goes.
    pub(crate) async fn begin(subject: Subject, ready: Ready, patience: u32) -> Rc<Self> {
        let held = [subject.connect(HELD).await.ok(), subject.connect("held-too").await.ok()];
        let life = Rc::new(Self {
            subject,
            ready,
            limit: bounds::SILENT * patience,
            held: RefCell::new(held),
            turn: Mutex::new(()),
            begun: Cell::new(0),
            done: Cell::new(0),
            answers: Cell::new(0),
            last_asked: Cell::new(Instant::now()),
            end: watch::Sender::new(None),
        });
        tokio::task::spawn_local(keep_asking(Rc::downgrade(&life), life.interval()));
        life
    }

    /// How often it was asked and answered.
    pub(crate) fn answers(&self) -> u64 {
        self.answers.get()
    }

    /// How it was lost, as far as that is known by now.
    pub(crate) fn end(&self) -> Option<End> {
        self.end.borrow().clone()
    }

    /// Ends once the broker is lost.
    pub(crate) async fn over(&self) -> End {
        match self.end.subscribe().wait_for(Option::is_some).await.map(|end| end.clone()) {
            Ok(Some(end)) => end,
            // The sender lives as long as this does.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    /// Asks now; how the broker was lost, if it does not answer. All who ask while one question is under way share the next.
    /// Not to be dropped before it ends: meanwhile it has the held connections.
    pub(crate) async fn ask(&self) -> Option<End> {
        let wanted = self.begun.get() + 1;
        let _turn = self.turn.lock().await;
        if self.end().is_none() && self.done.get() < wanted {
            self.begun.set(self.begun.get() + 1);
            match self.question().await {
                Some(end) => drop(self.end.send_replace(Some(end))),
                None => self.answers.set(self.answers.get() + 1),
            }
            self.done.set(self.begun.get());
            self.last_asked.set(Instant::now());
        }
        self.end()
    }

    /// Takes its leave of the broker.
    pub(crate) async fn leave(&self) {
        self.subject.close().await;
        self.subject.release();
    }

    /// Often enough for the keep alive that the broker sets.
    fn interval(&self) -> Duration {
        let keep_alive = self.held.borrow().iter().flatten().map(|client| client.keep_alive(KEEP_ALIVE)).min();
        keep_alive.map_or(bounds::ASK, |keep_alive| (keep_alive / 4).min(bounds::ASK))
    }

    async fn question(&self) -> Option<End> {
        if let Some(status) = self.process_end() {
            return Some(End::Died(status));
        }
        let [mut first, mut second] = self.held.take();
        if first.is_none() && second.is_none() {
            return self.unanswered().await;
        }
        let unheard_for = self.last_asked.get().elapsed();
        let is_over = |client: &Option<Client>| client.as_ref().is_some_and(|client| client.link().is_over());
        let were_over = [is_over(&first), is_over(&second)];
        let answered = tokio::join!(answers(first.as_mut(), self.limit), answers(second.as_mut(), self.limit));
        // A watch has no end of its own: its answers must not use up what is kept for one case.
        for _ in [answered.0, answered.1].into_iter().filter(|answers| *answers) {
            self.subject.context().recorder().gives_back(PINGRESP);
        }
        let ends: Vec<Ended> =
            [&first, &second].into_iter().flatten().filter_map(|client| Ended::of(client, unheard_for)).collect();
        let open = [&first, &second].into_iter().flatten().count() - ends.len();
        let found = match (answered, open) {
            ((true, _) | (_, true), _) => None,
            (_, 0) => self.all_ended(&ends).await,
            _ => self.unanswered().await,
        };
        // One had ended, and the other answered a question that came later: the broker had a reason of its own. What ended
        // while it was asked may be the first sign of its death, which a connection to its successor would hide.
        if found.is_none() {
            // Both ended for our own silence: then nothing is known, and it begins anew.
            let begins_anew = open == 0 && answered == (false, false);
            if begins_anew || were_over[0] && answered.1 {
                self.reopen(&mut first, HELD).await;
            }
            if begins_anew || were_over[1] && answered.0 {
                self.reopen(&mut second, HELD_TOO).await;
            }
        }
        self.held.replace([first, second]);
        found
    }

    /// The process of a broker that the suite has started: how it ended, if it has.
    fn process_end(&self) -> Option<String> {
        let status = self.ready.process.as_ref()?.ended()?;
        Some(format!("its process ended ({status})"))
    }

    /// Both held connections have ended.
    async fn all_ended(&self, ends: &[Ended]) -> Option<End> {
        if ends.iter().any(|end| end.is_our_delay) {
            return self.after_our_delay().await;
        }
        if let Some(code) = ends.iter().find_map(|end| end.code.clone()) {
            return Some(End::TookLeave(format!("it took its leave of a connection that did nothing: {code}")));
        }
        // The process ends a moment after its connections.
        let calls = self.lets_in().await;
        if !calls {
            self.wait_for_the_process().await;
        }
        if let Some(status) = self.process_end() {
            return Some(End::Died(status));
        }
        let how = ends.first().map_or_else(String::new, |end| end.how.clone());
        let now =
            if calls { "a new CONNECT is answered: it was started again" } else { "a new CONNECT is not answered" };
        Some(End::Died(format!("connections that did nothing ended too ({how}); {now}")))
    }

    /// We had been silent for so long that the broker had to close. The process that was started is then the only witness of
    /// its life; where there is none, nothing is known, and nothing is judged.
    async fn after_our_delay(&self) -> Option<End> {
        match &self.ready.process {
            Some(process) if process.is_running().await => None,
            Some(_) => self.process_end().map(End::Died),
            None => Some(End::TookLeave("the suite itself had been silent for longer than its keep alive".to_owned())),
        }
    }

    /// A process that has lost its connections may be writing its core yet: how it ends is worth a moment.
    async fn wait_for_the_process(&self) {
        let Some(process) = &self.ready.process else { return };
        let until = Instant::now() + bounds::END;
        while process.is_running().await && Instant::now() < until {
            sleep(bounds::ASK / 10).await;
        }
    }

    /// Whether the broker still does what the control has seen it do, for a client that comes now: one that answers every
    /// PINGREQ may yet serve nobody any more.
    pub(crate) async fn serves(&self) -> Option<End> {
        if let Some(end) = self.ask().await {
            return Some(end);
        }
        // Twice: what a broker has at hand may be enough for one more.
        let first = self.round_trip("one-more").await;
        let Err(Stop::Inconclusive { why, .. }) = first.and(self.round_trip("another").await) else { return None };
        let end = End::Silent(format!("it answers PINGREQ and serves nobody: {why}"));
        self.end.send_replace(Some(end.clone()));
        Some(end)
    }

    /// A client that comes now, and a message on a topic that nobody has used yet.
    async fn round_trip(&self, which: &str) -> Result<(), Stop> {
        let topic = format!("{which}-{}", self.begun.get());
        let mut client = self.subject.connect(CALLER).await?;
        client.subscribe_tried(topic.as_str(), topic.as_str(), QoS::AtLeastOnce).await?;
        client.disconnect().await
    }

    /// A held connection is open and has not answered, or there is none.
    async fn unanswered(&self) -> Option<End> {
        let asked = Instant::now();
        if self.lets_in().await {
            return None;
        }
        let was_silent = asked.elapsed() >= self.limit;
        self.wait_for_the_process().await;
        if let Some(status) = self.process_end() {
            return Some(End::Died(status));
        }
        if !was_silent {
            return Some(End::Died("it lets nobody in any more".to_owned()));
        }
        let limit = self.limit;
        Some(End::Silent(format!(
            "it runs and answers nobody: no PINGRESP on a connection that did nothing within {limit:?}, and no CONNACK to a new CONNECT"
        )))
    }

    async fn lets_in(&self) -> bool {
        let Ok(mut client) = self.subject.connect(CALLER).await else { return false };
        let _ = client.disconnect().await;
        true
    }

    async fn reopen(&self, client: &mut Option<Client>, role: &'static str) {
        if let Ok(again) = self.subject.connect(role).await {
            // One that can't be opened again stays as it ended: that is what the next question has to know.
            *client = Some(again);
        }
    }
}

/// Asks until the broker is lost or nobody wants to know any more.
async fn keep_asking(life: Weak<Life>, interval: Duration) {
    loop {
        sleep(interval).await;
        let Some(life) = life.upgrade() else { return };
        if life.ask().await.is_some() {
            return;
        }
    }
}

/// Whether the broker answers on this connection.
async fn answers(client: Option<&mut Client>, limit: Duration) -> bool {
    match client {
        Some(client) if !client.link().is_over() => client.ping(limit).await.is_ok(),
        _ => false,
    }
}

/// The end of a held connection.
struct Ended {
    how: String,
    /// The DISCONNECT before it.
    code: Option<String>,
    /// We had been silent for longer than the keep alive: then a broker must close.
    is_our_delay: bool,
}

impl Ended {
    fn of(client: &Client, unheard_for: Duration) -> Option<Self> {
        let pending = client.link().pending();
        let end = pending.iter().find(|arrived| matches!(arrived.what, Arrival::Ended(_)))?;
        let code = pending.iter().find_map(|arrived| {
            let packet = arrived.packet()?;
            let is_leave = matches!(packet.packet(), Packet::Disconnect(_));
            is_leave.then(|| codes(&packet.packet()).first().map_or_else(String::new, ToString::to_string))
        });
        let is_our_delay = unheard_for >= client.keep_alive(KEEP_ALIVE);
        Some(Self { how: crate::scenario::describe_end(&end.what), code, is_our_delay })
    }
}
