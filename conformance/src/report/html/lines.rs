//! The lines of a transcript's text form, taken apart as far as the page lays them out.

use mqtt_assay_codec::Sender;

/// What a line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Sent,
    Received,
    /// The broker ended the connection.
    Ended,
    /// The case ended it, or its half.
    Closed,
    Expects,
    Decides,
    Notes,
    /// Nothing that this program knows; the text is whole.
    Unknown,
}

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told<'a> {
    pub(super) number: u32,
    pub(super) micros: u64,
    pub(super) role: &'a str,
    pub(super) kind: Kind,
    /// What is said, or the packet in words.
    pub(super) text: &'a str,
    /// The packet's bytes as digits; where it is long with a mark in the place of its middle.
    pub(super) hex: &'a str,
    /// What was done to it.
    pub(super) mutation: &'a str,
}

impl<'a> Told<'a> {
    /// Takes a line apart.
    pub(super) fn of(line: &'a str) -> Self {
        Self::known(line).unwrap_or(Self {
            number: 0,
            micros: 0,
            role: "",
            kind: Kind::Unknown,
            text: line,
            hex: "",
            mutation: "",
        })
    }

    fn known(line: &'a str) -> Option<Self> {
        let (number, rest) = word(line)?;
        let (seconds, rest) = word(rest)?;
        let (role, what) = word(rest)?;
        let (kind, text, packet) = happening(what.trim_start())?;
        let (hex, mutation) = packet.split_once(" !").unwrap_or((packet, ""));
        Some(Self { number: number.parse().ok()?, micros: micros(seconds)?, role, kind, text, hex, mutation })
    }

    /// Who sent the packet, where there is one.
    pub(super) fn sender(&self) -> Option<Sender> {
        match self.kind {
            Kind::Sent => Some(Sender::Client),
            Kind::Received => Some(Sender::Server),
            _ => None,
        }
    }
}

fn word(text: &str) -> Option<(&str, &str)> {
    text.trim_start().split_once(' ')
}

/// Seconds with their fraction as microseconds.
fn micros(seconds: &str) -> Option<u64> {
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let fraction: u64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(fraction)
}

/// Kind, text, and the packet's digits with its mutation.
fn happening(what: &str) -> Option<(Kind, &str, &str)> {
    for (word, kind) in [("expects: ", Kind::Expects), ("decides: ", Kind::Decides), ("notes: ", Kind::Notes)] {
        if let Some(said) = what.strip_prefix(word) {
            return Some((kind, said, ""));
        }
    }
    match what {
        "open" => return Some((Kind::Open, "opens the connection", "")),
        "-> fin" => return Some((Kind::Closed, "ends the connection", "")),
        "-> rst" => return Some((Kind::Closed, "resets the connection", "")),
        "-> half-fin" => return Some((Kind::Closed, "ends its half of the connection", "")),
        "<- fin" => return Some((Kind::Ended, "the broker ends the connection", "")),
        "<- rst" => return Some((Kind::Ended, "the broker resets the connection", "")),
        _ => {}
    }
    let (kind, rest) = match what.strip_prefix("-> ") {
        Some(rest) => (Kind::Sent, rest),
        None => (Kind::Received, what.strip_prefix("<- ")?),
    };
    let (packet, words) = rest.split_once(" ; ").unwrap_or((rest, ""));
    Some((kind, words, packet))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let sent = Told::of("  11    0.140582 rogue        -> c100 !flags.reserved.1 ; MQTT-2.2.2-2: PINGREQ ; more");
        assert_eq!((sent.number, sent.micros, sent.role, sent.kind), (11, 140_582, "rogue", Kind::Sent));
        assert_eq!((sent.hex, sent.mutation, sent.text), ("c100", "flags.reserved.1", "MQTT-2.2.2-2: PINGREQ ; more"));
        let said = Told::of("12 3.5 rogue expects: the broker ; closes");
        assert_eq!((said.micros, said.kind, said.text), (3_500_000, Kind::Expects, "the broker ; closes"));
        assert_eq!(Told::of("1 0 a <- rst").kind, Kind::Ended);
        for unknown in ["", "x", "1 0.x a open", "1 99999999999999999999 a open", "1 0 a leaps", "1 0 a"] {
            let told = Told::of(unknown);
            assert_eq!((told.kind, told.text), (Kind::Unknown, unknown));
        }
    }
}
