//! What judging costs: the hunt's own loops beside a probe that does the same and judges nothing, in turns in one run.

use super::fresh::{ASIDE, Choice, Fresh, WIDTH};
use super::kept::{BATCH, Kept};
use super::login::Login;
use super::pace::{Offer, Pace};
use super::road::Sockets;
use super::table::{CLIENT, Table};
use super::written::Written;
use crate::chance::Random;
use mqtt_assay_codec::Version;
use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How often the two take turns.
const TURNS: u32 = 4;

/// How long the probe waits for the broker's end once its own half has ended.
const HANG: Duration = Duration::from_secs(2);

/// How often the probe reads one of its connections before it looks at another.
const MOST_READS: usize = 64;

/// How many cases one did, in what time, and how much of a processor the tool took for them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Rate {
    /// Cases.
    pub cases: u64,
    /// On the wall.
    pub took: Duration,
    /// Of the thread that did them.
    pub cpu: Duration,
}

impl Rate {
    /// Cases in a second.
    pub fn a_second(&self) -> f64 {
        roughly(self.cases) / self.took.as_secs_f64().max(1e-9)
    }

    /// Microseconds of processor for a case.
    pub fn cpu_a_case(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / roughly(self.cases).max(1.0)
    }

    fn add(&mut self, work: impl FnOnce() -> io::Result<u64>) -> io::Result<()> {
        let (begun, cpu) = (Instant::now(), thread_time());
        self.cases += work()?;
        self.took += begun.elapsed();
        self.cpu += thread_time().saturating_sub(cpu);
        Ok(())
    }
}

/// A count for who divides by it or into it.
#[expect(clippy::cast_precision_loss, reason = "nobody reads the sixteenth digit of a rate")]
pub(crate) fn roughly(count: u64) -> f64 {
    count as f64
}

/// Both, of both kinds of cases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// How fast the broker answers, and how long it is waited for.
    pub pace: Pace,
    /// The probe, a connection a case.
    pub probe_fresh: Rate,
    /// The hunt, a connection a case.
    pub hunt_fresh: Rate,
    /// The probe, on one connection.
    pub probe_kept: Rate,
    /// The hunt, on one connection.
    pub hunt_kept: Rate,
}

/// Measures for about so long in all.
///
/// # Errors
///
/// If the broker can't be reached, or refuses a plain CONNECT.
pub fn calibrate(
    address: SocketAddr,
    versions: &[Version],
    login: Option<Login>,
    time: Duration,
    seed: u64,
) -> io::Result<Calibration> {
    let table = Table::new(login.as_ref());
    let mut road = Sockets::new(address, Instant::now(), login);
    let offer = Offer::learn(&mut road, versions)?;
    let versions = offer.versions();
    let version = versions.last().copied().unwrap_or(Version::V5);
    let pace = Pace::measure(&mut road, version)?;
    let written = Written::new(&table);
    let probe = Probe { address, wait: pace.wait, table: &table, written, offer, versions: &versions };
    let turn = time / (TURNS * 4);
    let mut all = Calibration {
        pace,
        probe_fresh: Rate::default(),
        hunt_fresh: Rate::default(),
        probe_kept: Rate::default(),
        hunt_kept: Rate::default(),
    };
    let mut fresh = Fresh::new(&table, offer, pace);
    let mut kept = Kept::new(&table, offer, pace, version, "hunt-kept");
    for round in 0..u64::from(TURNS) {
        let seed = seed.wrapping_add(round);
        all.probe_fresh.add(|| probe.fresh(seed, turn))?;
        all.hunt_fresh.add(|| {
            until(turn, 1, |index| {
                let choice = Choice::by(index, &mut Random::of(seed, index), &table, &versions);
                fresh.step(&mut road, choice, &mut |_| {})
            })
        })?;
        fresh.drain(&mut road, &mut |_| {});
        all.probe_kept.add(|| probe.kept(seed, version, turn))?;
        all.hunt_kept.add(|| {
            until(turn, BATCH as u64, |index| {
                let entries = kept.choose(&mut Random::of(seed, index));
                kept.batch(&mut road, &entries, &mut |_, _| {})
            })
        })?;
        kept.close(&mut road);
    }
    Ok(all)
}

/// Does it again and again for so long; how many cases that were.
fn until(time: Duration, cases: u64, mut once: impl FnMut(u64) -> io::Result<()>) -> io::Result<u64> {
    let begun = Instant::now();
    let mut index = 0;
    while begun.elapsed() < time {
        once(index)?;
        index += 1;
    }
    Ok(index * cases)
}

/// What the probe has sent, and reads the answers to.
struct Sent {
    stream: TcpStream,
    at: Instant,
    is_ready: bool,
}

impl Sent {
    /// Reads what is there; whether PINGRESP or the end were in it. A broker that never stops sending is not read for ever.
    fn is_done(&self, buffer: &mut Vec<u8>) -> bool {
        for _ in 0..MOST_READS {
            buffer.clear();
            match super::road::receive(&self.stream, buffer) {
                Ok(count) if count > 0 && !buffer.ends_with(&[0xD0, 0]) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    quickly(&self.stream);
                    return false;
                }
                Ok(_) | Err(_) => {
                    let _ = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
                    return true;
                }
            }
        }
        false
    }

    /// It waits for more: our half ends, and then the broker's.
    fn give_up(&self, buffer: &mut Vec<u8>) {
        if self.is_done(buffer) {
            return;
        }
        let _ = self.stream.shutdown(Shutdown::Write);
        let until = Instant::now() + HANG;
        while !self.is_done(buffer) && Instant::now() < until {
            super::road::wait(&[&self.stream], until.saturating_duration_since(Instant::now()), &mut Vec::new());
        }
    }
}

/// Who judges nothing: it sends, and reads to the end.
struct Probe<'a> {
    address: SocketAddr,
    wait: Duration,
    table: &'a Table,
    written: Written<'a>,
    offer: Offer,
    versions: &'a [Version],
}

impl Probe<'_> {
    /// It writes what the hunt does, has as many connections under way side by side, and takes whichever is answered: what the
    /// hunt gains or loses by that is not what judging costs.
    fn fresh(&self, seed: u64, time: Duration) -> io::Result<u64> {
        let mut under_way: VecDeque<Sent> = VecDeque::with_capacity(WIDTH);
        let (mut aside, mut ready, mut buffer) = (VecDeque::<Sent>::new(), Vec::new(), Vec::new());
        let count = until(time, 1, |index| {
            under_way.push_back(self.send(seed, index)?);
            while under_way.len() >= WIDTH {
                if !under_way.iter().any(|sent| sent.is_ready) {
                    let patience = (under_way[0].at + ASIDE).saturating_duration_since(Instant::now());
                    let streams: Vec<&TcpStream> = under_way.iter().map(|sent| &sent.stream).collect();
                    super::road::wait(&streams, patience, &mut ready);
                    for place in &ready {
                        under_way[*place].is_ready = true;
                    }
                }
                let place = under_way.iter().position(|sent| sent.is_ready);
                let Some(mut one) = under_way.remove(place.unwrap_or(0)) else { break };
                one.is_ready = false;
                match (one.is_done(&mut buffer), place) {
                    (true, _) => {}
                    (false, Some(place)) => under_way.insert(place, one),
                    (false, None) => aside.push_back(one),
                }
            }
            while aside.front().is_some_and(|sent| sent.at + self.wait <= Instant::now()) {
                if let Some(sent) = aside.pop_front() {
                    sent.give_up(&mut buffer);
                }
            }
            Ok(())
        })?;
        for sent in under_way.into_iter().chain(aside) {
            sent.give_up(&mut buffer);
        }
        Ok(count)
    }

    fn send(&self, seed: u64, index: u64) -> io::Result<Sent> {
        let choice = Choice::by(index, &mut Random::of(seed, index), self.table, self.versions);
        let mut stream = TcpStream::connect(self.address)?;
        let mut bytes = Vec::with_capacity(512);
        self.written.write(choice, &mut bytes, |_, _| {});
        // What is not taken any more was refused before.
        let _ = stream.write_all(&bytes);
        if self.table.entry(choice.entry).is_silent_in(choice.state) {
            let _ = stream.shutdown(Shutdown::Write);
        }
        Ok(Sent { stream, at: Instant::now(), is_ready: false })
    }

    fn kept(&self, seed: u64, version: Version, time: Duration) -> io::Result<u64> {
        let chooser = Kept::new(self.table, self.offer, Pace::NONE, version, CLIENT);
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let (mut buffer, mut id) = ([0; 16 << 10], 0_u16);
        stream.write_all(self.table.greeting(version))?;
        let _ = stream.read(&mut buffer)?;
        until(time, BATCH as u64, |index| {
            let mut bytes = Vec::with_capacity(4096);
            let mut fence = 0;
            for entry in chooser.choose(&mut Random::of(seed, index)) {
                let entry = self.table.entry(entry);
                let start = bytes.len();
                bytes.extend_from_slice(&entry.bytes);
                if let Some(place) = entry.identifier {
                    id = id % 60_000 + 1;
                    bytes[start + place..start + place + 2].copy_from_slice(&id.to_be_bytes());
                }
                fence += 1;
            }
            stream.write_all(&bytes)?;
            // A packet of an answer is no shorter than two bytes, and begins with its length behind its type.
            let mut rest = Vec::new();
            while fence > 0 {
                quickly(&stream);
                let count = stream.read(&mut buffer)?;
                if count == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                rest.extend_from_slice(&buffer[..count]);
                while rest.len() > 1 && rest.len() >= 2 + usize::from(rest[1]) {
                    rest.drain(..2 + usize::from(rest[1]));
                    fence -= 1;
                }
            }
            Ok(())
        })
    }
}

#[cfg(target_os = "linux")]
fn quickly(stream: &TcpStream) {
    let _ = std::os::linux::net::TcpStreamExt::set_quickack(stream, true);
}

#[cfg(not(target_os = "linux"))]
fn quickly(_: &TcpStream) {}

/// How long this thread has had a processor.
#[cfg(unix)]
pub(super) fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

#[cfg(not(unix))]
pub(super) fn thread_time() -> Duration {
    Duration::ZERO
}
