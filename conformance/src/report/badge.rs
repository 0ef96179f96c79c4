//! A badge as SVG: what was certified, and how many of the judged cases pass. Never a share of all cases, and a run that
//! has not come to its end says so.

use super::Ended;
use super::document::Document;
use super::junit::allowed;
use crate::text::{grouped, single_line};
use quick_xml::escape::escape;
use std::io::{self, Write};

const GREEN: &str = "#2b7a0b";
const AMBER: &str = "#8a6100";
const RED: &str = "#b3261e";
const GREY: &str = "#5c5c5c";

/// Left and right of each segment's text, in pixels.
const MARGIN: f64 = 6.0;

/// Letters of a broker's name.
const NAME_SHOWN: usize = 60;

/// Writes the badge.
pub(crate) fn write(out: &mut dyn Write, document: &Document) -> io::Result<()> {
    out.write_all(svg(document).as_bytes())?;
    out.flush()
}

fn svg(document: &Document) -> String {
    let label = format!("MQTT {}", document.mqtt.join(" and "));
    let (message, color) = message(document);
    let [left, right] = [&label, &message].map(|text| width(text) + 2.0 * MARGIN);
    let broker = single_line(&document.broker());
    let name = crate::text::cut(&broker, NAME_SHOWN);
    let tool = format!("{} {}", document.tool.name, document.tool.version);
    let title = format!("{label} on {name}: {message} ({tool}, {})", document.day());
    let [label, message, title] = [label, message, title].map(|text| escape(allowed(&text)).into_owned());
    let [middle, end, all] = [left / 2.0, left + right / 2.0, left + right].map(|at| format!("{at:.1}"));
    let [left, right] = [left, right].map(|width| format!("{width:.1}"));
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{all}" height="20" role="img" aria-label="{title}">
  <title>{title}</title>
  <clipPath id="r"><rect width="{all}" height="20" rx="3"/></clipPath>
  <g clip-path="url(#r)">
    <rect width="{left}" height="20" fill="#3d3d3d"/>
    <rect x="{left}" width="{right}" height="20" fill="{color}"/>
  </g>
  <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" aria-hidden="true">
    <text x="{middle}" y="14">{label}</text>
    <text x="{end}" y="14">{message}</text>
  </g>
</svg>
"##
    )
}

/// What the right half says, and its colour.
fn message(document: &Document) -> (String, &'static str) {
    let counts = document.counts();
    if counts.judged() == 0 {
        return ("nothing judged".to_owned(), GREY);
    }
    let mut out = format!("{} of {} pass", grouped(counts.pass), grouped(counts.judged()));
    let further = [(counts.fail, "fail"), (counts.weak, "weak"), (counts.inconclusive, "not judged")];
    for (count, what) in further.into_iter().filter(|(count, _)| *count > 0) {
        out = format!("{out}, {} {what}", grouped(count));
    }
    if document.ended != Ended::Complete {
        out.push_str(", not finished");
    }
    let is_doubtful = counts.weak + counts.inconclusive > 0 || document.ended != Ended::Complete;
    let color = match counts.fail {
        0 if is_doubtful => AMBER,
        0 => GREEN,
        _ => RED,
    };
    (out, color)
}

/// About how wide a text is in Verdana of 11 pixels. Another font is narrower.
fn width(text: &str) -> f64 {
    text.chars().map(letter_width).sum()
}

fn letter_width(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | 'I' => 3.6,
        ' ' | ',' | '.' | '(' | ')' | ':' | '/' => 4.3,
        'f' | 'r' | 't' | 's' | 'c' => 5.4,
        'm' | 'w' | 'M' | 'W' => 10.2,
        'A'..='Z' => 7.8,
        _ => 7.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;
    use crate::scenario::{Stop, Verdict};

    #[test]
    fn it_says_what_was_judged_and_its_text_is_text() {
        let mut document = samples::document(&[
            samples::result(&[(Verdict::Fail, "DUP 1"), (Verdict::Pass, "")], Some(Stop::Failed)),
            samples::result(&[(Verdict::Pass, "kept"), (Verdict::Pass, "kept")], None),
        ]);
        document.target.name = "</title><script>\u{0}\"&\n".to_owned();
        insta::with_settings!({ filters => vec![(r"mqtt-assay \d[^, ]*", "mqtt-assay [version]")] }, {
            insta::assert_snapshot!(svg(&document));
        });
    }

    #[test]
    fn the_colour_is_that_of_the_worst() {
        let color = |verdict, ended| {
            let mut document = samples::document(&[samples::result(&[(verdict, ""), (verdict, "")], None)]);
            document.ended = ended;
            message(&document)
        };
        assert_eq!(color(Verdict::Pass, Ended::Complete), ("1 of 1 pass".to_owned(), GREEN));
        assert_eq!(color(Verdict::Pass, Ended::Timeout), ("1 of 1 pass, not finished".to_owned(), AMBER));
        assert_eq!(color(Verdict::Weak, Ended::Complete), ("0 of 1 pass, 1 weak".to_owned(), AMBER));
        assert_eq!(color(Verdict::Fail, Ended::Complete), ("0 of 1 pass, 1 fail".to_owned(), RED));
        assert_eq!(color(Verdict::NotOffered, Ended::Complete), ("nothing judged".to_owned(), GREY));
    }
}
