//! The shell around the machine: tasks that carry bytes between byte streams and the machine, and its clock.
//!
//! It knows tokio; the machine doesn't. Quirks that are about bytes on the way live here: delays for each connection,
//! single-byte writes, coalesced writes, a slow link, resets instead of orderly ends.

use super::tape::Tape;
use crate::wire::{Ending, FrameKind, Layers, Read, Transport, read, read_outcome};
use bytes::{Buf, Bytes, BytesMut};
use mqtt_assay_reference::{Breach, Closing, ConnectionId, Effect, Event, Machine, Note, Quirk};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::ReadBuf;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// The longest delay that the quirk of delayed connections puts on a direction.
const LONGEST_DELAY: Duration = Duration::from_millis(40);

/// How many bytes of a connection go one by one where single bytes are written: enough to cut every field of a packet.
const SINGLE_BYTES: usize = 64 << 10;

/// How many bytes go over a slow link at once, and how long they take: 100 kB a second.
const SLOW_PIECE: (usize, Duration) = (1000, Duration::from_millis(10));

/// How long a client may take nothing of an ended connection's last bytes before it is reset.
const LINGER: Duration = Duration::from_secs(5);

/// How often a client may take so long again as long as it takes something: a minute in all.
const LINGERS: usize = 12;

/// How many packets wait where several of them are written at once.
const BULK: usize = 16;

/// Bytes that are written before others have a turn.
const MOST_AT_ONCE: usize = 16 << 10;

/// What a running broker has to say for a log, and to who watches its clients.
#[derive(Debug, Clone, Copy)]
pub enum Said<'a> {
    /// A client broke a rule.
    Breach(&'a Breach),
    /// Something else that a user would ask about.
    Note(&'a Note),
    /// These bytes of a client were read; the machine is told of them next.
    Read(ConnectionId, &'a [u8]),
    /// These bytes were written to a client: before this it can't have read them.
    Wrote(ConnectionId, &'a [u8]),
    /// The client sends text over WebSocket, where MQTT travels in binary frames. Mostly that ends the connection: true.
    Text(ConnectionId, bool),
    /// The client's half was read to its end, for this reason where the transport knows one; the machine is told of it next.
    ClientEnded(ConnectionId, Ending, Option<&'a str>),
    /// The machine closes the connection. What waits is still written.
    Closes(ConnectionId),
    /// Nothing more is written on this connection.
    Ended(ConnectionId),
}

/// A running reference broker.
pub struct Shell {
    core: Rc<Core>,
}

struct Core {
    machine: RefCell<Machine>,
    connections: RefCell<BTreeMap<ConnectionId, Rc<Outgoing>>>,
    next: Cell<u64>,
    started: Instant,
    clock_changed: Notify,
    /// Wakes those who wait until the machine has done something.
    progressed: Notify,
    ways: Ways,
    seed: u64,
    log: Box<dyn Fn(Said<'_>)>,
    tape: Option<Tape>,
}

/// How bytes travel: the quirks of the shell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Ways {
    delay: bool,
    single_bytes: bool,
    coalesce: bool,
    reset_for_fin: bool,
    slow: bool,
}

impl Ways {
    fn of(quirks: &[Quirk]) -> Self {
        Self {
            delay: quirks.contains(&Quirk::DelayPerConnection),
            single_bytes: quirks.contains(&Quirk::SingleByteWrites),
            coalesce: quirks.contains(&Quirk::CoalescedWrites),
            reset_for_fin: quirks.contains(&Quirk::ResetForFin),
            slow: quirks.contains(&Quirk::SlowLink),
        }
    }

    /// How many bytes of so many are written at once, where so many were before.
    fn piece_of(self, length: usize, moved: usize) -> usize {
        match self {
            Self { single_bytes: true, .. } if moved < SINGLE_BYTES => 1,
            Self { slow: true, .. } => length.min(SLOW_PIECE.0),
            _ => length,
        }
    }
}

/// Whether the machine has no part in this quirk, so that no other machine shows it.
pub(crate) fn is_of_shell(quirk: Quirk) -> bool {
    Ways::of(&[quirk]) != Ways::default()
}

/// How long so many bytes take over a slow link.
fn time_of(bytes: usize) -> Duration {
    SLOW_PIECE.1 * u32::try_from(bytes).unwrap_or(u32::MAX) / SLOW_PIECE.0 as u32
}

/// What waits to be written on one connection.
struct Outgoing {
    queue: RefCell<VecDeque<Bytes>>,
    close: Cell<Option<Closing>>,
    changed: Notify,
    closing: Notify,
    /// Bytes written so far.
    moved: Cell<usize>,
}

impl Shell {
    /// Starts the broker in the current local task set. `log` is told of each rule that a client breaks, and of what the
    /// broker decides by itself.
    pub fn start(machine: Machine, quirks: &[Quirk], seed: u64, log: impl Fn(Said<'_>) + 'static) -> Self {
        Self::start_with(machine, quirks, seed, log, None)
    }

    /// The same, with a recording of what the machine is told and does.
    pub(super) fn start_with(
        machine: Machine,
        quirks: &[Quirk],
        seed: u64,
        log: impl Fn(Said<'_>) + 'static,
        tape: Option<Tape>,
    ) -> Self {
        let core = Rc::new(Core {
            machine: RefCell::new(machine),
            connections: RefCell::default(),
            next: Cell::new(0),
            started: Instant::now(),
            clock_changed: Notify::new(),
            progressed: Notify::new(),
            ways: Ways::of(quirks),
            seed,
            log: Box::new(log),
            tape,
        });
        tokio::task::spawn_local(keep_time(Rc::clone(&core)));
        Self { core }
    }

    /// Stops the broker and starts it again: every connection ends, and what is stored is there.
    pub fn restart(&self) {
        self.core.handle(Event::Restarted);
    }

    /// Takes a new network connection. They are numbered from 0 on, as they come.
    pub fn accept(&self, stream: Box<dyn Transport>) {
        self.accept_as(self.reserve(), stream);
    }

    /// The next number, for a connection that comes through its handshakes later, or never.
    pub fn reserve(&self) -> ConnectionId {
        let id = ConnectionId(self.core.next.get());
        self.core.next.set(id.0 + 1);
        id
    }

    /// Takes a new network connection under the number that was reserved for it.
    pub fn accept_as(&self, id: ConnectionId, stream: Box<dyn Transport>) {
        let core = Rc::clone(&self.core);
        let outgoing = Rc::new(Outgoing {
            queue: RefCell::default(),
            close: Cell::new(None),
            changed: Notify::new(),
            closing: Notify::new(),
            moved: Cell::new(0),
        });
        core.connections.borrow_mut().insert(id, Rc::clone(&outgoing));
        core.handle(Event::Opened(id));
        tokio::task::spawn_local(serve(core, id, stream, outgoing));
    }

    /// The same, once these layers are on it. A client that does not come through the handshakes never was one.
    pub(crate) fn accept_through(&self, stream: Box<dyn Transport>, layers: &Layers) {
        if layers.are_none() {
            return self.accept(stream);
        }
        let (shell, layers) = (Self { core: Rc::clone(&self.core) }, layers.clone());
        tokio::task::spawn_local(async move {
            if let Ok(stream) = layers.put_on(stream).await {
                shell.accept(stream);
            }
        });
    }
}

impl Core {
    fn handle(&self, event: Event<'_>) {
        let mut effects = Vec::new();
        let now = self.started.elapsed();
        self.machine.borrow_mut().handle(event, now, &mut effects);
        if let Some(tape) = &self.tape {
            tape.note(event, now, &self.machine.borrow(), &effects);
        }
        let mut forgotten = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send(id, bytes) => self.send(id, bytes),
                Effect::Close(id, closing) => {
                    (self.log)(Said::Closes(id));
                    self.close(id, closing);
                }
                Effect::Discard(id) => forgotten.push((id, self.discard(id))),
                Effect::Breach(breach) => (self.log)(Said::Breach(&breach)),
                Effect::Note(note) => (self.log)(Said::Note(&note)),
            }
        }
        self.clock_changed.notify_one();
        self.progressed.notify_waiters();
        for (id, bytes) in forgotten {
            self.handle(Event::Written(id, bytes));
        }
    }

    /// Forgets what waits to be written on this connection, but for what the writer has begun with; says how many bytes.
    fn discard(&self, id: ConnectionId) -> usize {
        let outgoing = self.connections.borrow().get(&id).cloned();
        outgoing.map_or(0, |outgoing| outgoing.forget())
    }

    fn send(&self, id: ConnectionId, bytes: Bytes) {
        let Some(outgoing) = self.connections.borrow().get(&id).cloned() else { return };
        outgoing.queue.borrow_mut().push_back(bytes);
        outgoing.changed.notify_one();
    }

    fn close(&self, id: ConnectionId, closing: Closing) {
        let Some(outgoing) = self.connections.borrow_mut().remove(&id) else { return };
        outgoing.close.set(Some(if self.ways.reset_for_fin { Closing::Reset } else { closing }));
        outgoing.changed.notify_one();
        outgoing.closing.notify_one();
    }

    /// The delay of one direction of a connection: the same for the same seed.
    fn delay(&self, id: ConnectionId, direction: u64) -> Duration {
        if !self.ways.delay {
            return Duration::ZERO;
        }
        let mixed = mix(self.seed ^ (id.0 << 1 | direction));
        LONGEST_DELAY * (mixed % 1000) as u32 / 1000
    }
}

impl Outgoing {
    /// Forgets what waits; says how many bytes that was.
    fn forget(&self) -> usize {
        self.queue.borrow_mut().drain(..).map(|packet| packet.len()).sum()
    }

    /// Ends when a connection that is closed has had its time for its last bytes.
    async fn overdue(&self) -> Closing {
        self.closing.notified().await;
        for _ in 0..LINGERS {
            let before = self.moved.get();
            sleep(LINGER).await;
            if self.moved.get() == before {
                break;
            }
        }
        Closing::Reset
    }
}

/// SplitMix64's finaliser: enough chance for delays.
fn mix(mut number: u64) -> u64 {
    number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// Ticks the machine at its deadlines.
async fn keep_time(core: Rc<Core>) {
    loop {
        // A deadline beyond what the clock can count is as good as none.
        let deadline = core.machine.borrow().next_deadline().and_then(|at| core.started.checked_add(at));
        match deadline {
            // Work in legs: everybody else has a turn in between.
            Some(at) if at <= Instant::now() => {
                core.handle(Event::Tick);
                yield_now().await;
            }
            Some(at) => {
                tokio::select! {
                    biased;
                    () = core.clock_changed.notified() => {}
                    () = sleep_until(at) => core.handle(Event::Tick),
                }
            }
            None => core.clock_changed.notified().await,
        }
    }
}

/// One connection, until both halves have ended.
async fn serve(core: Rc<Core>, id: ConnectionId, stream: Box<dyn Transport>, outgoing: Rc<Outgoing>) {
    let stream = Rc::new(RefCell::new(stream));
    let reading = async {
        let delay = core.delay(id, 0);
        let mut buffer = vec![0u8; 16 << 10];
        let mut sends_text = false;
        loop {
            may_read(&core, id).await;
            let read = poll_fn(|context| {
                let mut stream = stream.borrow_mut();
                stream.acknowledge_quickly();
                let mut into = ReadBuf::new(&mut buffer);
                Pin::new(&mut **stream)
                    .poll_read(context, &mut into)
                    .map(|done| read_outcome(&done, into.filled().len()))
            })
            .await;
            if !sends_text && is_text(&mut **stream.borrow_mut()) {
                sends_text = true;
                (core.log)(Said::Text(id, matches!(read, Read::Ended(_))));
            }
            match read {
                Read::Bytes(count) => (core.log)(Said::Read(id, &buffer[..count])),
                Read::Ended(ending) => {
                    let why = stream.borrow().why_ended();
                    (core.log)(Said::ClientEnded(id, ending, why.as_deref()));
                }
            }
            if !delay.is_zero() {
                sleep(delay).await;
            }
            if let (true, Read::Bytes(count)) = (core.ways.slow, &read) {
                sleep(time_of(*count)).await;
            }
            match read {
                Read::Bytes(count) => core.handle(Event::Received(id, &buffer[..count])),
                Read::Ended(Ending::Fin) => break core.handle(Event::HalfClosed(id)),
                Read::Ended(Ending::Reset) => break core.handle(Event::Reset(id)),
            }
        }
    };
    let writing = write_all(&core, id, &stream, &outgoing);
    let closing = tokio::select! {
        biased;
        closing = carry(reading, writing) => closing,
        closing = outgoing.overdue() => closing,
    };
    // Whatever ended it: to the machine the client is gone, and what was not written never will be.
    core.handle(Event::Reset(id));
    core.connections.borrow_mut().remove(&id);
    outgoing.forget();
    (core.log)(Said::Ended(id));
    finish(&core, id, stream, closing).await;
    core.handle(Event::Gone(id));
}

/// Whether what came last over a WebSocket is text.
fn is_text(stream: &mut dyn Transport) -> bool {
    stream.web_socket().is_some_and(|socket| socket.last_kind() == Some(FrameKind::Text))
}

/// Ends when something may be read from this client: not while what came is still worked on, and only now and then while it
/// is to be slowed.
async fn may_read(core: &Core, id: ConnectionId) {
    while core.machine.borrow().is_busy(id) {
        core.progressed.notified().await;
    }
    let pause = core.machine.borrow().pause_before_reading(id);
    if pause.is_zero() {
        return;
    }
    let eased = async {
        while !core.machine.borrow().pause_before_reading(id).is_zero() {
            core.progressed.notified().await;
        }
    };
    let _ = timeout(pause, eased).await;
}

/// Lets both directions run until the machine has closed the connection. When the client's half has ended, what the
/// machine still has to say goes out, then its close.
async fn carry(reading: impl Future<Output = ()>, writing: impl Future<Output = Closing>) -> Closing {
    tokio::pin!(reading);
    tokio::pin!(writing);
    tokio::select! {
        biased;
        closing = &mut writing => closing,
        () = &mut reading => writing.await,
    }
}

/// Ends the stream as the machine asked. After an orderly end what the client still sends is read for a while, and dropped
/// by the machine: a socket that is closed with unread bytes is reset, and the reset may overtake our last packet.
async fn finish(core: &Core, id: ConnectionId, stream: Rc<RefCell<Box<dyn Transport>>>, closing: Closing) {
    // Nobody else holds the stream any more: reading and writing have ended.
    let Some(stream) = Rc::into_inner(stream) else { return };
    let mut stream = stream.into_inner();
    if closing == Closing::Reset {
        return stream.reset();
    }
    let _ = poll_fn(|context| Pin::new(&mut *stream).poll_shutdown(context)).await;
    let drain = async {
        let mut buffer = vec![0u8; 4 << 10];
        while let Read::Bytes(count) = read(&mut *stream, &mut buffer).await {
            core.handle(Event::Received(id, &buffer[..count]));
        }
    };
    let _ = timeout(LINGER, drain).await;
}

async fn write_all(
    core: &Core,
    id: ConnectionId,
    stream: &RefCell<Box<dyn Transport>>,
    outgoing: &Outgoing,
) -> Closing {
    let delay = core.delay(id, 1);
    let mut burst = 0;
    loop {
        let next = next_bytes(core.ways, outgoing);
        if let Some(mut bytes) = next {
            if !delay.is_zero() {
                sleep(delay).await;
            }
            while !bytes.is_empty() {
                let piece = core.ways.piece_of(bytes.len(), outgoing.moved.get());
                if core.ways.slow {
                    sleep(time_of(piece)).await;
                }
                let written =
                    poll_fn(|context| Pin::new(&mut **stream.borrow_mut()).poll_write(context, &bytes[..piece])).await;
                match written {
                    Ok(count) if count > 0 => {
                        (core.log)(Said::Wrote(id, &bytes[..count]));
                        bytes.advance(count);
                        burst += count;
                        outgoing.moved.set(outgoing.moved.get() + count);
                        core.handle(Event::Written(id, count));
                    }
                    _ => return Closing::Reset,
                }
                if core.ways.single_bytes || burst >= MOST_AT_ONCE {
                    // What is written makes room for more: others have a turn before that.
                    burst = 0;
                    yield_now().await;
                }
            }
            continue;
        }
        // A layer may hold back what it could not write at once. Where the client is gone, the next write says so.
        let _ = poll_fn(|context| Pin::new(&mut **stream.borrow_mut()).poll_flush(context)).await;
        if !outgoing.queue.borrow().is_empty() {
            continue;
        }
        if let Some(closing) = outgoing.close.get() {
            return closing;
        }
        outgoing.changed.notified().await;
        if core.ways.coalesce {
            // Whatever the machine says in the next moment leaves in the same write.
            sleep(Duration::from_millis(2)).await;
        }
    }
}

/// The next packet to write; with coalesced writes everything that waits; where many wait, some of them.
fn next_bytes(ways: Ways, outgoing: &Outgoing) -> Option<Bytes> {
    let mut queue = outgoing.queue.borrow_mut();
    let first = queue.pop_front()?;
    let in_bulk = !ways.single_bytes && queue.len() >= BULK;
    if queue.is_empty() || !(ways.coalesce || in_bulk) {
        return Some(first);
    }
    let mut bytes = BytesMut::from(first);
    while (ways.coalesce || bytes.len() < MOST_AT_ONCE)
        && let Some(next) = queue.pop_front()
    {
        bytes.extend_from_slice(&next);
    }
    Some(bytes.freeze())
}
