//! Runtimes: one whose clock jumps over all waiting, for the embedded broker, and one on the machine's clock.
//!
//! On the simulated clock nothing may wait for anything outside: no socket, no other thread. A due timer that is left
//! standing would stop it for ever, which is why runs on it have a watchdog on a thread of its own.

use std::io;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

/// Runs to the end on a clock that jumps to the next timer whenever nothing else can be done.
///
/// # Panics
/// If the system cannot give a runtime its memory.
pub fn simulated<T>(work: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.unwrap_or_else(|error| panic!("no runtime: {error}"));
    LocalSet::new().block_on(&runtime, work)
}

/// Runs to the end on the machine's clock, with sockets, processes and signals.
pub fn real<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let result = LocalSet::new().block_on(&runtime, work);
    // A name that is still being looked up, on a thread of its own, keeps nobody waiting.
    runtime.shutdown_background();
    Ok(result)
}
