//! One network connection of a case: what it knows of itself, and an inbox. `reader` and `writer` are its tasks.

use super::ear::Ear;
use super::flow::Flow;
use super::frames::Frames;
use super::recorder::{Recorder, Seen};
use super::transcript::What;
use crate::auditor::Audit;
use crate::wire::{Ending, Frame, Read, Transport, read_outcome};
use bytes::{Bytes, BytesMut};
use mqtt_assay_codec::{DecodeError, OwnedPacket, Packet, PacketType, Version};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as TaskContext, Poll, ready};
use tokio::io::ReadBuf;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// The largest packet that a broker may send us, in bytes, where the case doesn't expect larger ones: little enough that
/// all connections of a run can wait for the rest of one.
pub(crate) const LARGEST_PACKET: u32 = 1 << 20;

/// How often something was written to a broker.
static WRITES: AtomicU64 = AtomicU64::new(1);
/// Bytes of acknowledgements that may wait until the broker reads them, beyond what the system holds for it: there are no
/// more packet identifiers, so that a broker that keeps to them has no more messages under way. Each answer is 4 bytes.
const UNREAD_ANSWERS: usize = 4 * u16::MAX as usize;

/// What came from the broker.
#[derive(Debug, Clone)]
pub(crate) enum Arrival {
    /// A packet, perhaps with one rule of form broken.
    Packet(OwnedPacket),
    /// Bytes that are no packet; nothing behind them can be read.
    Unreadable(DecodeError),
    /// The end of the stream.
    Ended(Ending),
    /// A packet that is larger than the bytes that are read. It breaks no rule: nobody has told the broker a limit.
    TooLarge(u32),
    /// More than is kept; what comes behind it is dropped.
    Flood,
}

/// An arrival with its place in the transcript.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) line: u32,
    pub(crate) at: Instant,
    pub(crate) what: Arrival,
    /// How many of our PINGREQs were still without an answer, this one counted if it is one.
    pub(crate) pings_open: u32,
}

impl Arrived {
    /// The packet, if it is one.
    pub(crate) fn packet(&self) -> Option<OwnedPacket> {
        match &self.what {
            Arrival::Packet(packet) => Some(packet.clone()),
            _ => None,
        }
    }
}

pub(super) enum Order {
    Bytes(Bytes),
    /// Answers to messages, sent on the case's behalf; what comes behind them is laid to them.
    Acknowledgements(BytesMut),
    /// A write of their own, and the broker has a chance to read before the next.
    Alone(Bytes),
    /// Frames of a WebSocket, as the case has made them.
    Frames(Vec<Frame>),
    HalfClose,
    Close,
}

/// What must not come on a connection any more, told by payload or packet type.
pub(crate) type Forbidden = Box<dyn Fn(&Packet<'_>) -> bool>;

/// Called with the line and the packet when something forbidden comes late.
pub(crate) type OnStraggler = Box<dyn Fn(u32, &Packet<'_>)>;

/// One network connection.
pub(crate) struct Link {
    pub(crate) label: String,
    /// What is spoken on it: that of its case, or the other one.
    pub(crate) version: Version,
    pub(crate) recorder: Rc<Recorder>,
    stream: RefCell<Option<Box<dyn Transport>>>,
    inbox: RefCell<VecDeque<Arrived>>,
    /// How many bytes of a packet have come whose rest has not.
    pub(super) unfinished: Cell<usize>,
    /// What is under way.
    pub(crate) flow: Flow,
    pub(super) frames: Frames,
    pub(super) arrived: Notify,
    pub(super) orders: RefCell<VecDeque<Order>>,
    pub(super) ordered: Notify,
    pub(super) tasks: RefCell<Vec<AbortHandle>>,
    /// Acknowledge what arrives without being asked.
    pub(crate) acknowledges: Cell<bool>,
    /// Give the case what comes again on this connection without being acknowledged: it asks about just that.
    pub(crate) takes_repetitions: Cell<bool>,
    /// How many messages of others were written down only for what is wrong with them.
    pub(super) findings_shown: Cell<u32>,
    /// The CONNACK that accepted us, with its line.
    pub(super) accepted: RefCell<Option<(u32, OwnedPacket)>>,
    pub(super) pings_open: Cell<u32>,
    /// The last packet that the case itself sent: line, type, packet identifier.
    last_sent: Cell<(u32, Option<PacketType>, u16)>,
    /// Who tells the auditor of it.
    pub(super) ear: Ear,
    /// Packet identifiers of messages of others at QoS 2, up to PUBREL.
    pub(super) of_others: RefCell<BTreeSet<u16>>,
    /// Packet identifiers of exchanges that the case began here.
    begun: RefCell<BTreeSet<u16>>,
    pub(super) ended: Cell<Option<Ending>>,
    closed_by_us: Cell<bool>,
    is_leaving: Cell<bool>,
    pub(super) written: Cell<bool>,
    last_write: Cell<Instant>,
    /// The number of that write among all of this process.
    write_number: Cell<u64>,
    bytewise: Cell<bool>,
    pub(super) watches: RefCell<Vec<(Forbidden, OnStraggler)>>,
    largest: Cell<u32>,
    /// Keeps our place at the broker's door, until it has answered or that has lasted too long.
    pub(super) at_the_door: RefCell<Option<AbortHandle>>,
}

impl Link {
    /// A connection over a fresh stream, on which nothing is read or written yet.
    pub(super) fn new(
        mut stream: Box<dyn Transport>,
        label: String,
        version: Version,
        recorder: Rc<Recorder>,
    ) -> Rc<Self> {
        let frames = Frames::of(&mut *stream);
        let ear = recorder.listen(&label, version);
        Rc::new(Self {
            label,
            version,
            ear,
            recorder,
            stream: RefCell::new(Some(stream)),
            inbox: RefCell::default(),
            unfinished: Cell::new(0),
            flow: Flow::default(),
            frames,
            arrived: Notify::new(),
            orders: RefCell::default(),
            ordered: Notify::new(),
            tasks: RefCell::default(),
            acknowledges: Cell::new(true),
            takes_repetitions: Cell::new(false),
            findings_shown: Cell::new(0),
            accepted: RefCell::default(),
            pings_open: Cell::new(0),
            last_sent: Cell::new((0, None, 0)),
            of_others: RefCell::default(),
            begun: RefCell::default(),
            ended: Cell::new(None),
            closed_by_us: Cell::new(false),
            is_leaving: Cell::new(false),
            written: Cell::new(false),
            last_write: Cell::new(Instant::now()),
            write_number: Cell::new(0),
            bytewise: Cell::new(false),
            watches: RefCell::default(),
            largest: Cell::new(LARGEST_PACKET),
            at_the_door: RefCell::default(),
        })
    }

    /// The broker has let us in, or sent us away: another may knock.
    pub(super) fn leave_the_door(&self) {
        if let Some(waiting) = self.at_the_door.borrow_mut().take() {
            waiting.abort();
        }
    }

    /// Records and sends bytes. Writing to a connection that the broker has ended is no error here: the end is in the
    /// inbox, for the step that comes next.
    pub(crate) fn send(&self, bytes: Bytes, mutation: Option<&str>) -> u32 {
        self.last_write.set(Instant::now());
        self.write_number.set(WRITES.fetch_add(1, Ordering::Relaxed));
        let mutation = mutation.or_else(|| self.frame_mistake());
        let line = self
            .recorder
            .record(&self.label, What::Sent { bytes: bytes.clone(), mutation: mutation.map(str::to_owned) });
        self.ear.wrote(line, &bytes, mutation.is_some());
        if self.holds(&bytes) {
            return line;
        }
        if self.bytewise.get() {
            bytes.chunks(1).for_each(|byte| self.order(Order::Alone(Bytes::copy_from_slice(byte))));
        } else {
            self.order(Order::Bytes(bytes));
        }
        line
    }

    /// Does a client's duty towards the broker, and writes that down or only counts it. False where the broker does not
    /// read what it is sent: then there is no end to what would have to be kept for it.
    pub(super) fn acknowledge(&self, bytes: &Bytes, is_written_down: bool) -> bool {
        self.last_write.set(Instant::now());
        self.write_number.set(WRITES.fetch_add(1, Ordering::Relaxed));
        let line = if is_written_down {
            self.recorder.record(&self.label, What::Sent { bytes: bytes.clone(), mutation: None })
        } else {
            self.recorder.count_answer(&self.label);
            0
        };
        self.ear.wrote(line, bytes, false);
        let mut orders = self.orders.borrow_mut();
        let waiting = if let Some(Order::Acknowledgements(waiting)) = orders.back_mut() {
            waiting.extend_from_slice(bytes);
            waiting.len()
        } else {
            orders.push_back(Order::Acknowledgements(BytesMut::from(&bytes[..])));
            bytes.len()
        };
        self.ordered.notify_one();
        waiting <= UNREAD_ANSWERS
    }

    /// Whether each byte of what is sent from now on is written on its own.
    pub(crate) fn write_bytewise(&self, bytewise: bool) {
        self.bytewise.set(bytewise);
    }

    /// Reads packets of so many bytes from now on, in place of [`LARGEST_PACKET`].
    pub(crate) fn read_up_to(&self, bytes: u32) {
        self.largest.set(bytes);
    }

    /// Shows something that came on it to who watches the run.
    pub(super) fn show(&self, line: u32, seen: &Seen<'_>, audit: &Audit) {
        self.recorder.show(&self.label, self.version, line, seen, self.frame_kind(), audit);
    }

    /// The largest packet that is read, in bytes.
    pub(crate) fn largest(&self) -> u32 {
        self.largest.get()
    }

    /// Remembers what the case itself has sent; acknowledgements sent on its behalf don't count.
    pub(crate) fn sent_by_case(&self, line: u32, packet_type: Option<PacketType>, packet_id: u16, is_legal: bool) {
        self.last_sent.set((line, packet_type, packet_id));
        if is_legal && packet_type == Some(PacketType::Pingreq) {
            self.pings_open.set(self.pings_open.get() + 1);
        }
        if packet_id != 0 {
            self.begun.borrow_mut().insert(packet_id);
        }
    }

    /// The last packet that the case itself sent: line, type where it is a packet, packet identifier or 0.
    pub(crate) fn last_sent(&self) -> (u32, Option<PacketType>, u16) {
        self.last_sent.get()
    }

    /// The line of the last packet that the case itself sent.
    pub(crate) fn last_line(&self) -> u32 {
        self.last_sent.get().0
    }

    /// The line of the CONNACK that accepted us.
    pub(crate) fn accepted_line(&self) -> Option<u32> {
        self.accepted.borrow().as_ref().map(|(line, _)| *line)
    }

    /// The CONNACK that accepted us.
    pub(crate) fn connack(&self) -> Option<OwnedPacket> {
        self.accepted.borrow().as_ref().map(|(_, packet)| packet.clone())
    }

    /// True for a packet identifier of another exchange than this one.
    pub(crate) fn belongs_to_another(&self, packet_id: u16, than: u16) -> bool {
        packet_id != than && self.begun.borrow().contains(&packet_id)
    }

    /// When the last packet was handed to the connection, before it was written.
    pub(crate) fn last_write(&self) -> Instant {
        self.last_write.get()
    }

    /// The number of that write among all of this process: which of two came later, where no time passed between them.
    pub(crate) fn write_number(&self) -> u64 {
        self.write_number.get()
    }

    pub(super) fn order(&self, order: Order) {
        self.orders.borrow_mut().push_back(order);
        self.ordered.notify_one();
    }

    /// Ends our half of the connection.
    pub(crate) fn half_close(&self) {
        if !self.closed_by_us.get() {
            self.note_leaving();
            self.ear.client_ended(self.recorder.record(&self.label, What::HalfClosed));
            self.order(Order::HalfClose);
        }
    }

    /// The broker may count from the first sign that we leave: a DISCONNECT, or the end of our half.
    fn note_leaving(&self) {
        let has_said_so = self.last_sent.get().1 == Some(PacketType::Disconnect);
        if !self.is_leaving.replace(true) && !has_said_so {
            self.last_write.set(Instant::now());
        }
    }

    /// Ends the connection in order, after what was sent has been written.
    pub(crate) fn close(&self) {
        if !self.closed_by_us.replace(true) {
            self.note_leaving();
            self.ear.client_ended(self.recorder.record(&self.label, What::Closed(Ending::Fin)));
            self.order(Order::Close);
        }
    }

    /// Ends the connection abortively, now.
    pub(crate) fn reset(&self) {
        if self.closed_by_us.replace(true) {
            return;
        }
        self.last_write.set(Instant::now());
        self.ear.client_ended(self.recorder.record(&self.label, What::Closed(Ending::Reset)));
        if let Some(stream) = self.stream.borrow_mut().take() {
            stream.reset();
        }
        self.stop();
    }

    /// Stops both tasks and lets the stream go.
    pub(crate) fn stop(&self) {
        self.leave_the_door();
        self.ear.client_ended(0);
        self.ear.lost_sight();
        for task in self.tasks.borrow_mut().drain(..) {
            task.abort();
        }
        self.stream.borrow_mut().take();
        self.written.set(true);
    }

    /// Waits until everything that was ordered before the close has been written.
    pub(crate) async fn written(&self) {
        while self.closed_by_us.get() && !self.written.get() && self.ended.get().is_none() {
            self.arrived.notified().await;
        }
    }

    /// True once the broker's half has ended or we have closed.
    pub(crate) fn is_over(&self) -> bool {
        self.ended.get().is_some() || self.closed_by_us.get()
    }

    /// True once the broker's half has ended.
    pub(crate) fn was_ended_by_broker(&self) -> bool {
        self.ended.get().is_some()
    }

    /// From now on reports packets like this; those that wait in the inbox are looked at too.
    pub(crate) fn watch(&self, forbidden: Forbidden, on_straggler: OnStraggler) {
        for arrived in self.inbox.borrow().iter() {
            if let Arrival::Packet(packet) = &arrived.what
                && forbidden(&packet.packet())
            {
                on_straggler(arrived.line, &packet.packet());
            }
        }
        self.watches.borrow_mut().push((forbidden, on_straggler));
    }

    /// Nobody watches any longer: what comes now is our own cleaning up.
    pub(crate) fn unwatch(&self) {
        self.watches.borrow_mut().clear();
    }

    pub(crate) fn is_watched(&self) -> bool {
        !self.watches.borrow().is_empty()
    }

    /// Takes the first arrival that `wanted` says yes to. An end of the stream stays where it is: it is the answer to
    /// every later question too.
    pub(crate) fn take(&self, wanted: impl Fn(&Arrived) -> bool) -> Option<Arrived> {
        let mut inbox = self.inbox.borrow_mut();
        let place = inbox.iter().position(wanted)?;
        match &inbox[place].what {
            Arrival::Packet(_) => inbox.remove(place),
            _ => Some(inbox[place].clone()),
        }
    }

    /// How many bytes of a packet have come whose rest has not.
    pub(crate) fn unfinished(&self) -> usize {
        self.unfinished.get()
    }

    /// What waits in the inbox.
    pub(crate) fn pending(&self) -> Vec<Arrived> {
        self.inbox.borrow().iter().cloned().collect()
    }

    /// Waits until something new has arrived.
    pub(crate) async fn arrival(&self) {
        self.arrived.notified().await;
    }

    pub(super) fn push(&self, what: Arrival, line: u32) {
        let pings_open = self.pings_open.get();
        self.inbox.borrow_mut().push_back(Arrived { line, at: Instant::now(), what, pings_open });
        self.arrived.notify_one();
    }

    /// These bytes and all that are ordered right behind them, so that packets sent together leave in one write.
    pub(super) fn with_the_following(&self, mut bytes: BytesMut) -> BytesMut {
        let mut orders = self.orders.borrow_mut();
        loop {
            match orders.front() {
                Some(Order::Bytes(next)) => bytes.extend_from_slice(next),
                Some(Order::Acknowledgements(next)) => bytes.extend_from_slice(next),
                _ => return bytes,
            }
            orders.pop_front();
        }
    }

    pub(super) fn poll_read(&self, context: &mut TaskContext<'_>, buffer: &mut [u8]) -> Poll<Read> {
        let mut stream = self.stream.borrow_mut();
        let Some(stream) = stream.as_mut() else { return Poll::Ready(Read::Ended(Ending::Fin)) };
        stream.acknowledge_quickly();
        let mut into = ReadBuf::new(buffer);
        let done = ready!(Pin::new(&mut **stream).poll_read(context, &mut into));
        if let Some(socket) = stream.web_socket() {
            self.note_frame(socket.last_kind());
        }
        Poll::Ready(read_outcome(&done, into.filled().len()))
    }

    /// Why the broker has ended the stream, where it said so by TLS or WebSocket.
    pub(crate) fn why_ended(&self) -> Option<String> {
        self.stream.borrow().as_ref()?.why_ended()
    }

    pub(super) fn poll_frame(&self, context: &mut TaskContext<'_>, frame: &Frame) -> Poll<io::Result<()>> {
        match self.stream.borrow_mut().as_mut().and_then(|stream| stream.web_socket()) {
            Some(socket) => socket.poll_send(context, frame),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    pub(super) fn poll_write(&self, context: &mut TaskContext<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.stream.borrow_mut().as_mut() {
            Some(stream) => Pin::new(&mut **stream).poll_write(context, bytes),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    pub(super) fn poll_flush(&self, context: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        match self.stream.borrow_mut().as_mut() {
            Some(stream) => Pin::new(&mut **stream).poll_flush(context),
            None => Poll::Ready(Ok(())),
        }
    }

    pub(super) fn poll_shutdown(&self, context: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        match self.stream.borrow_mut().as_mut() {
            Some(stream) => Pin::new(&mut **stream).poll_shutdown(context),
            None => Poll::Ready(Ok(())),
        }
    }
}
