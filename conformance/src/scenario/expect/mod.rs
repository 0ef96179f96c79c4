//! The deciding steps. Each names the rules that it decides (without `decides`: the first group that its case
//! proves), looks at what arrives, and writes a verdict with its line into the ledger. Nothing else makes evidence.
//!
//! What decides is always something that was seen: a packet, an end of the stream, a fence, or a limit of time that
//! stands in [`mqtt_assay_standard::bounds`]. A step that ends without any of these is inconclusive.

mod close;
mod frames;
mod nothing;
mod packets;
mod refusal;
mod sometime;
mod strangers;
mod turn;
mod unserved;

pub use close::ExpectClose;
pub use nothing::{ExpectNone, ExpectNothingAfter};
pub use packets::{Expect, ExpectOpen, ExpectRight};
pub use refusal::ExpectRefusal;
pub use sometime::ExpectCloseSometime;
pub use turn::ExpectInTurn;
pub use unserved::ExpectUnserved;

use crate::link::Remark;
use crate::scenario::client::Client;
use crate::scenario::context::Deciding;
use crate::scenario::pattern::Pattern;
use crate::scenario::subject::Subject;
use crate::scenario::verdict::{Evidence, Seen, Stop};
use mqtt_assay_codec::{OwnedPacket, PacketType, ReasonCode};
use std::pin::Pin;

type Step<'a> = Pin<Box<dyn Future<Output = Result<Evidence, Stop>> + 'a>>;

/// Lets a step be awaited.
macro_rules! awaited {
    ($step:ident) => {
        impl<'a> std::future::IntoFuture for $step<'a> {
            type Output = Result<crate::scenario::verdict::Evidence, crate::scenario::verdict::Stop>;
            type IntoFuture = super::Step<'a>;

            fn into_future(self) -> super::Step<'a> {
                Box::pin(self.run())
            }
        }
    };
}
use awaited;

impl Client {
    /// Decides: this packet comes, and it is right.
    pub fn expect(&mut self, pattern: Pattern) -> Expect<'_> {
        self.expect_all([pattern])
    }

    /// Decides: all these packets come, in any order, and each is right.
    pub fn expect_all(&mut self, patterns: impl IntoIterator<Item = Pattern>) -> Expect<'_> {
        Expect::new(self, patterns, false)
    }

    /// Decides: these packets come in this order. Others may come in between.
    pub fn expect_in_order(&mut self, patterns: impl IntoIterator<Item = Pattern>) -> Expect<'_> {
        Expect::new(self, patterns, true)
    }

    /// Decides: packets that steps before have brought came in this order.
    pub fn expect_in_turn<'a>(&'a mut self, seen: &'a [impl Seen]) -> ExpectInTurn<'a> {
        ExpectInTurn::new(self, seen)
    }

    /// Decides: a packet that a step before has brought is right in this respect too.
    pub fn expect_right<'a>(&'a mut self, seen: &'a impl Seen, pattern: Pattern) -> ExpectRight<'a> {
        ExpectRight::new(self, seen, pattern)
    }

    /// Decides: the broker refuses what was sent, that is, it ends the connection. Where 5.0 recommends a reason code
    /// before the close, any of `codes` is right and none or another is weak; empty: no code is looked at.
    pub fn expect_refusal<'a>(&'a mut self, codes: &'a [ReasonCode]) -> ExpectRefusal<'a> {
        ExpectRefusal::new(self, codes)
    }

    /// Decides: the broker ends the connection of its own accord, for something that is not on this connection.
    pub fn expect_close(&mut self) -> ExpectClose<'_> {
        ExpectClose::new(self)
    }

    /// Decides: the broker ends the connection at any time before the run ends; for what the standard recommends without a
    /// limit of time. None is observed, and no verdict.
    pub fn expect_close_sometime(&mut self) -> ExpectCloseSometime<'_> {
        ExpectCloseSometime::new(self)
    }

    /// Decides: the CONNECT just sent is not served as one of 3.1.1; a close, a refusal and silence all keep that.
    pub fn expect_unserved<'a>(&'a mut self, broker: &'a Subject) -> ExpectUnserved<'a> {
        ExpectUnserved::new(self, broker)
    }

    /// Decides: the connection is still served, as a PINGREQ shows.
    pub fn expect_open(&mut self) -> ExpectOpen<'_> {
        ExpectOpen::new(self)
    }

    /// Decides: no message with this payload comes (or comes again).
    pub fn expect_no_message<'a>(&'a mut self, payload: &'a [u8]) -> ExpectNone<'a> {
        ExpectNone::message(self, payload)
    }

    /// Decides: no packet of this type comes (or comes again).
    pub fn expect_no_packet(&mut self, packet_type: PacketType) -> ExpectNone<'_> {
        ExpectNone::packet(self, packet_type)
    }

    /// Decides: after this packet nothing more comes than the end of the connection.
    pub fn expect_nothing_after<'a>(&'a mut self, last: &impl Seen) -> ExpectNothingAfter<'a> {
        ExpectNothingAfter::new(self, last.line(), None)
    }

    /// Decides: the connection ends, and none of the unread packets before its end is of this type.
    pub fn expect_end_without(&mut self, packet_type: PacketType) -> ExpectNothingAfter<'_> {
        ExpectNothingAfter::new(self, 0, Some(packet_type))
    }

    fn say(&self, remark: Remark, text: impl Into<String>) -> u32 {
        self.context().say(&self.link().label, remark, text)
    }

    fn kept(
        &self,
        deciding: Option<&Deciding>,
        expected: &str,
        seen: &str,
        line: u32,
        packet: Option<OwnedPacket>,
    ) -> Evidence {
        self.context().kept(&self.link().label, deciding, expected, seen, line);
        Evidence::new(line, packet)
    }

    /// Not kept. `Err` where that stops the case; a weak step goes on with the packet that was not right.
    fn broken(
        &self,
        deciding: Option<&Deciding>,
        expected: &str,
        seen: &str,
        line: u32,
        packet: Option<OwnedPacket>,
    ) -> Result<Evidence, Stop> {
        self.context().broken(&self.link().label, deciding, expected, seen, line)?;
        Ok(Evidence::new(line, packet))
    }

    /// Weak, whatever the level.
    fn weak(
        &self,
        deciding: Option<&Deciding>,
        expected: &str,
        seen: &str,
        line: u32,
        packet: Option<OwnedPacket>,
    ) -> Evidence {
        self.context().weak(&self.link().label, deciding, expected, seen, line);
        Evidence::new(line, packet)
    }
}

/// What is expected, behind what it is to show.
fn with_subject(about: Option<String>, expected: String) -> String {
    match about {
        Some(about) => format!("{about}: {expected}"),
        None => expected,
    }
}

/// A step that can't be taken: our own mistake.
fn defect(what: &str) -> Stop {
    Stop::Inconclusive { why: format!("defect of the case: a step {what}"), line: None }
}
