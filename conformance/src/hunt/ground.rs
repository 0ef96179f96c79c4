//! Where the hunt goes: to a broker at an address, that may die and come again, or to one in this process for each way.

use super::login::Login;
use super::pace::Line;
use super::road::{Inside, Road, Sockets};
use mqtt_assay_codec::Version;
use mqtt_assay_reference::Machine;
use std::net::SocketAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a broker that has died may take to come again.
const REVIVAL: Duration = Duration::from_secs(40);

/// How many clients that no case has to do with ask whether it still lets anybody in, one after the other.
const STRANGERS: u32 = 3;

/// How long it takes until one that answers nobody has been ended, where somebody does that.
const ENDING: Duration = Duration::from_secs(1);

/// Makes the reference broker, always the same.
pub type Make = Box<dyn Fn() -> Machine + Send + Sync>;

/// Where the hunt goes.
pub enum Ground {
    /// A broker behind sockets.
    Broker(Broker),
    /// The reference broker.
    Inside(Make),
}

/// A broker behind sockets, as those who hunt it and who watches over it know it.
#[derive(Debug)]
pub struct Broker {
    state: Mutex<State>,
    changed: Condvar,
    begun: Instant,
    versions: Vec<Version>,
    login: Option<Login>,
}

#[derive(Debug, Clone)]
struct State {
    address: SocketAddr,
    /// Its process, where that is known.
    pid: Option<u32>,
    /// How often it has died.
    deaths: u64,
    life: Life,
    /// How it ended last, in words.
    last_words: String,
    /// It runs and answers nobody: whoever watches over it may end it.
    is_stuck: bool,
}

/// Whether it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Up,
    Down,
    Lost,
}

impl Broker {
    /// One that runs there, as this process; it is hunted in those of these versions that it speaks.
    pub fn at(address: SocketAddr, versions: &[Version], pid: Option<u32>, login: Option<Login>) -> Self {
        let state = State { address, pid, deaths: 0, life: Life::Up, last_words: String::new(), is_stuck: false };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            begun: Instant::now(),
            versions: versions.to_vec(),
            login,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It has ended so; who watches over it may start it again.
    pub fn died(&self, last_words: String) {
        let mut state = self.state();
        if state.life == Life::Up {
            state.deaths += 1;
            (state.life, state.last_words) = (Life::Down, last_words);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// It runs again, there, as this process.
    pub fn came_again(&self, address: SocketAddr, pid: Option<u32>) {
        let mut state = self.state();
        (state.life, state.address, state.pid, state.is_stuck) = (Life::Up, address, pid, false);
        drop(state);
        self.changed.notify_all();
    }

    /// It runs and answers nobody.
    fn answers_nobody(&self) {
        self.state().is_stuck = true;
    }

    /// Whether it runs and answers nobody, so that it is better ended and started again.
    pub fn is_to_be_ended(&self) -> bool {
        self.state().is_stuck
    }

    /// It does not come again.
    pub fn is_lost(&self) {
        self.state().life = Life::Lost;
        self.changed.notify_all();
    }

    fn is_up(&self) -> bool {
        self.state().life == Life::Up
    }

    /// Waits until it runs; false where it does not come again.
    fn await_up(&self) -> bool {
        let until = Instant::now() + REVIVAL;
        let mut state = self.state();
        while state.life == Life::Down {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.life == Life::Up
    }
}

impl Ground {
    /// A way there, of its own.
    pub(super) fn road(&self) -> Box<dyn Road> {
        match self {
            Self::Broker(broker) => Box::new(Sockets::new(broker.state().address, broker.begun, broker.login.clone())),
            Self::Inside(make) => Box::new(Inside::new(make())),
        }
    }

    /// The versions to hunt in.
    pub(super) fn versions(&self) -> &[Version] {
        match self {
            Self::Broker(broker) => &broker.versions,
            Self::Inside(_) => &[Version::V3_1_1, Version::V5],
        }
    }

    /// As whom those who hunt connect.
    pub(super) fn login(&self) -> Option<&Login> {
        match self {
            Self::Broker(broker) => broker.login.as_ref(),
            Self::Inside(_) => None,
        }
    }

    /// How often it has died, as far as who watches over it has seen; roads know of deaths of their own.
    pub(super) fn deaths(&self) -> u64 {
        match self {
            Self::Broker(broker) => broker.state().deaths,
            Self::Inside(_) => 0,
        }
    }

    /// Whether it runs, after what was just done to it has had its time.
    pub(super) fn has_survived(&self, deaths: u64) -> bool {
        let Self::Broker(broker) = self else { return true };
        let until = Instant::now() + Duration::from_millis(300);
        while Instant::now() < until {
            if broker.state().deaths > deaths {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.deaths() == deaths
    }

    /// Whether clients that no case and no canary has to do with are not let in. The broker inside lets everybody in.
    pub(super) fn lets_nobody_in(&self, road: &mut dyn Road, version: Version) -> bool {
        let mut strangers = 0..STRANGERS;
        let is_left_out = |number| match Line::open_as(road, version, &format!("hunt-new-{number}"), |_| {}) {
            Ok(line) => {
                line.close(road);
                false
            }
            Err(_) => true,
        };
        !self.is_inside() && strangers.all(is_left_out)
    }

    /// It runs and answers nobody: true where it has been ended since.
    pub(super) fn gives_up(&self) -> bool {
        let Self::Broker(broker) = self else { return false };
        let deaths = self.deaths();
        broker.answers_nobody();
        // Nobody watches over it.
        if self.pid().is_none() {
            return false;
        }
        let until = Instant::now() + ENDING;
        while self.deaths() == deaths && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        self.deaths() != deaths
    }

    /// Waits until it runs; false where it does not come again.
    pub(super) fn await_up(&self) -> bool {
        match self {
            Self::Broker(broker) => broker.await_up(),
            Self::Inside(_) => true,
        }
    }

    /// Whether it runs now.
    pub(super) fn is_up(&self) -> bool {
        match self {
            Self::Broker(broker) => broker.is_up(),
            Self::Inside(_) => true,
        }
    }

    /// Its process, where that is known.
    pub(super) fn pid(&self) -> Option<u32> {
        match self {
            Self::Broker(broker) => broker.state().pid,
            Self::Inside(_) => None,
        }
    }

    /// How it ended last, in words.
    pub(super) fn last_words(&self) -> String {
        match self {
            Self::Broker(broker) => broker.state().last_words.clone(),
            Self::Inside(_) => "all connections were reset at once".to_owned(),
        }
    }

    /// True for the reference broker.
    pub(super) const fn is_inside(&self) -> bool {
        matches!(self, Self::Inside(_))
    }
}
