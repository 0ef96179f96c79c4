//! A testee of `mqtt-assay decoder` for codecs of Rust: `rust-testee ours|rumqttc|mqttrs2`.
//!
//! It speaks `mqtt-testee/1` on its standard input and output, and hands every question to the codec of that name as its
//! users would. What each codec hides, and why, is said in its file in `codecs/`. A panic is not caught: it ends the process,
//! as it would end the thread of a user, and whoever asks finds the packet that did it.

mod codecs;
mod line;

use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::process::ExitCode;

use codecs::{Asked, Testee, Verdict};

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    let Some(testee) = codecs::testee(&name) else {
        eprintln!("usage: rust-testee ours|rumqttc|mqttrs2; there is no codec named {name:?}");
        return ExitCode::from(2);
    };
    match serve(testee.as_ref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rust-testee: standard input or output: {error}");
            ExitCode::from(2)
        }
    }
}

/// Answers a line each, and flushes whenever no whole line is left to answer.
fn serve(testee: &dyn Testee) -> io::Result<()> {
    let mut input = BufReader::with_capacity(1 << 16, io::stdin().lock());
    let mut output = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let mut question = String::new();
    while input.read_line(&mut question)? > 0 {
        answer(testee, question.trim_end(), &mut output)?;
        question.clear();
        if !input.buffer().contains(&b'\n') {
            output.flush()?;
        }
    }
    output.flush()
}

fn answer(testee: &dyn Testee, question: &str, output: &mut impl Write) -> io::Result<()> {
    let words: Vec<&str> = question.split(' ').collect();
    match words[..] {
        ["HELLO", ..] => writeln!(output, "HELLO mqtt-testee/1 {}", testee.greeting()),
        ["D", id, version, sender, hex] => decode(testee, id, Asked { version, sender }, hex, output),
        ["S", id, version, sender, hex] => stream(testee, id, Asked { version, sender }, hex, output),
        [_, id, ..] => writeln!(output, "K {id} unknown"),
        _ => writeln!(output, "K 0 unknown"),
    }
}

fn decode(testee: &dyn Testee, id: &str, asked: Asked<'_>, hex: &str, output: &mut impl Write) -> io::Result<()> {
    let Some(bytes) = line::bytes(hex) else { return writeln!(output, "K {id} not hexadecimal") };
    match testee.decode(asked, &bytes) {
        None => writeln!(output, "K {id} version or sender"),
        Some(Verdict::Packet { consumed, values }) => writeln!(output, "A {id} {consumed} {values}"),
        Some(verdict) => end(id, &verdict, output),
    }
}

/// A stream: a line for each packet with the piece that completed it, and how it ends.
fn stream(testee: &dyn Testee, id: &str, asked: Asked<'_>, hex: &str, output: &mut impl Write) -> io::Result<()> {
    let Some(mut decoder) = testee.stream(asked) else { return writeln!(output, "K {id} version or sender") };
    let (mut fed, mut consumed, mut verdict) = (0, 0, Verdict::Wants(None));
    for (index, piece) in hex.split(',').enumerate() {
        let Some(bytes) = line::bytes(piece) else { return writeln!(output, "K {id} not hexadecimal") };
        fed += bytes.len();
        decoder.feed(&bytes);
        loop {
            verdict = decoder.next();
            let Verdict::Packet { consumed: length, values } = &verdict else { break };
            consumed += length;
            writeln!(output, "P {id} {} {values}", index + 1)?;
        }
        if matches!(verdict, Verdict::Refused { .. }) {
            break;
        }
    }
    match verdict {
        Verdict::Wants(_) if consumed == fed => writeln!(output, "A {id} {consumed} -"),
        verdict => end(id, &verdict, output),
    }
}

fn end(id: &str, verdict: &Verdict, output: &mut impl Write) -> io::Result<()> {
    match verdict {
        Verdict::Wants(Some(needed)) => writeln!(output, "N {id} {needed}"),
        Verdict::Wants(None) | Verdict::Packet { .. } => writeln!(output, "N {id} -"),
        Verdict::Refused { kind, reason, text } => {
            let reason = reason.map_or("-".to_owned(), |code| format!("{code:02x}"));
            writeln!(output, "R {id} {kind} {reason} {}", text.replace(['\n', '\r'], " "))
        }
    }
}
