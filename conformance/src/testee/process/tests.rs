//! Processes that answer, die, hang and write what is no answer, as shells can.

use super::super::{Answer, Came, Death, End, Question, Testee, TesteeLimits};
use super::Process;
use mqtt_assay_codec::{Context, Sender, Version};
use std::ffi::OsString;
use std::time::Duration;

const LIMITS: TesteeLimits = TesteeLimits {
    answer: Duration::from_secs(20),
    greeting: Duration::from_secs(20),
    memory: TesteeLimits::DEFAULT.memory,
};

/// For those that don't answer: long enough for all others on a machine that has much to do.
const SHORT: TesteeLimits = TesteeLimits { answer: Duration::from_secs(2), ..LIMITS };

/// A shell that greets and then does this for each request, whose words are `$word`, `$id`, `$version`, `$from`, `$bytes`.
fn shell(body: &str) -> Vec<OsString> {
    let script = format!(
        "read hello; echo 'HELLO mqtt-testee/1 name=shell version=1 can=5,client,decode'; \
         while read word id version from bytes; do {body}\ndone"
    );
    ["sh", "-c", &script].map(OsString::from).to_vec()
}

fn questions(bytes: &[&[u8]]) -> Vec<Question> {
    let context = Context::new(Version::V5, Sender::Client);
    bytes.iter().map(|bytes| Question::decode(context, bytes.to_vec())).collect()
}

/// As many as a window holds several times, all alike but one.
fn many(odd: usize) -> Vec<Question> {
    let of = |index| if index == odd { &[0xFF_u8][..] } else { &[0xC0, 0][..] };
    questions(&(0..200).map(of).collect::<Vec<_>>())
}

fn ends(body: &str, questions: &[Question], limits: TesteeLimits) -> Vec<End> {
    let mut process = Process::start(&shell(body), limits).expect("a shell that greets");
    let answers = process.ask(questions).expect("answers");
    assert_eq!(answers.len(), questions.len());
    answers.into_iter().map(|answer| answer.end).collect()
}

fn accepted() -> End {
    End::Accepted { consumed: 2, values: Some("PINGREQ".to_owned()) }
}

const ANSWERS: &str = "echo \"A $id 2 PINGREQ\"";

/// All are answered but the one of these bytes, `ff`; of which this came.
fn only_odd(body: &str, odd: usize) -> End {
    only_odd_within(body, odd, LIMITS)
}

fn only_odd_within(body: &str, odd: usize, limits: TesteeLimits) -> End {
    let mut ends = ends(&format!("case $bytes in ff) {body};; *) {ANSWERS};; esac"), &many(odd), limits);
    let end = ends.remove(odd);
    assert!(ends.iter().all(|end| *end == accepted()), "{ends:?}");
    end
}

#[test]
fn what_answers_is_asked_as_often_as_one_likes() {
    let mut process = Process::start(&shell(ANSWERS), LIMITS).expect("a shell that greets");
    assert_eq!(process.greeting().name, "shell");
    for _ in 0..2 {
        let answers = process.ask(&many(200)).expect("answers");
        assert!(answers.len() == 200 && answers.iter().all(|answer| answer.end == accepted()), "{answers:?}");
    }
    assert_eq!(process.ask(&[]), Ok(vec![]));
}

#[test]
fn packets_of_a_stream_come_before_its_end() {
    let mut process = Process::start(&shell("echo \"P $id 1 -\"; echo \"N $id -\""), LIMITS).expect("a shell");
    let question = Question::stream(Context::new(Version::V5, Sender::Client), vec![vec![0xC0, 0], vec![0xC0]]);
    let answer = Answer { packets: vec![Came { piece: 1, values: None }], end: End::Wants(None) };
    assert_eq!(process.ask(&[question]), Ok(vec![answer]));
}

#[test]
fn of_all_under_way_the_one_is_found_that_it_dies_of() {
    for odd in [0, 70, 199] {
        let End::Died(death) = only_odd("echo 'panicked at x' >&2; exit 3", odd) else { panic!("it dies") };
        let how = "it exited with code 3".to_owned();
        assert_eq!(death, Death { how, stderr: "panicked at x".to_owned(), repeats: true });
    }
}

#[test]
fn a_signal_is_told_by_name() {
    let End::Died(death) = only_odd("kill -SEGV $$", 5) else { panic!("it dies") };
    assert_eq!(death.how, "it was ended by signal 11 (SIGSEGV)");
    let End::Died(death) = only_odd("exec >&-; sleep 100", 5) else { panic!("it dies") };
    assert_eq!(death.how, "it closed its output and lived on");
}

#[test]
fn a_death_that_does_not_repeat_is_said_to_be_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let once = folder.path().join("once");
    let body =
        format!("case $bytes in ff) if mkdir {0} 2>/dev/null; then exit 9; fi;; esac; {ANSWERS}", once.display());
    let ends = ends(&body, &many(3), LIMITS);
    let died: Vec<&End> = ends.iter().filter(|end| **end != accepted()).collect();
    let [End::Died(Death { how, repeats: false, .. })] = died[..] else { panic!("{died:?}") };
    assert!(how.starts_with("it exited with code 9, once, at this question or one of the "), "{how}");
}

#[test]
fn of_all_under_way_the_one_is_found_that_it_hangs_at() {
    assert_eq!(only_odd_within("while :; do :; done", 50, SHORT), End::Hung(SHORT.answer));
}

#[test]
fn what_is_no_answer_is_kept_and_the_others_are_answered() {
    let garbled = |body, odd| match only_odd_within(body, odd, SHORT) {
        End::Garbled(line) => line,
        other => panic!("{body}: {other:?}"),
    };
    assert_eq!(garbled("echo 'warning: what is this'", 7), "no line of an answer: warning: what is this");
    assert_eq!(garbled("echo \"A $id many PINGREQ\"", 1), "A 2 many PINGREQ");
    let other = garbled("echo \"A 7$id 2 -\"", 2);
    assert!(other.starts_with("id 72") && other.contains(" is due: A 72"), "the id of the second time: {other}");
    assert!(garbled("printf 'A %s 2' $id; sleep 100", 9).starts_with("no line feed behind: A 2"));
    assert!(garbled("yes | tr -d '\\n'", 4).starts_with("a line without end: yyyyy"));
    assert!(garbled("while :; do echo \"P $id 1 -\"; done", 4).starts_with("more packets than bytes: P 2"));
}

#[test]
fn one_answer_too_many_is_the_last_ones() {
    let ends = ends(&format!("{ANSWERS}\n{ANSWERS}"), &questions(&[&[0xC0, 0]]), LIMITS);
    // The second may come behind the end of the talk: then nobody has asked for it.
    assert!(matches!(&ends[..], [End::Garbled(_) | End::Accepted { .. }]), "{ends:?}");
}

#[test]
fn who_answers_nothing_at_all_is_given_up() {
    let hangs = "sleep 100";
    let limits = TesteeLimits { answer: Duration::from_millis(10), ..LIMITS };
    let mut process = Process::start(&shell(hangs), limits).expect("a shell that greets");
    let why = process.ask(&many(200)).expect_err("is given up");
    assert!(why.contains("no answer within 0.01 s; does it flush its output?"), "{why}");
}

#[test]
fn what_does_not_greet_is_told_with_what_it_says() {
    let started = |script: &str, greeting| {
        let words = ["sh", "-c", script].map(OsString::from);
        let limits = TesteeLimits { greeting: Duration::from_millis(greeting), ..LIMITS };
        Process::start(&words, limits).map(|process| process.greeting().clone()).expect_err(script)
    };
    let long = 20_000;
    assert_eq!(started("echo no >&2; exit 4", long), "it ended before it greeted: it exited with code 4\nno");
    let other = "its first line does not begin with `HELLO mqtt-testee/1`: `hello`";
    assert_eq!(started("echo hello; read x", long), other);
    let more = "behind its greeting it wrote, unasked: `and more`";
    assert_eq!(started("printf 'HELLO mqtt-testee/1 name=x\\nand more\\n'; read x", long), more);
    let silent = "it did not greet within 0.05 s: its first line is to be `HELLO mqtt-testee/1 ...`";
    assert_eq!(started("sleep 100", 50), silent);
    assert!(started("printf HELLO; sleep 100", 200).ends_with("there is no line feed behind `HELLO`"));
    assert!(started("yes | tr -d '\\n'", long).starts_with("its first line has no end: `yyy"));
    let missing = Process::start(&["/no/such/decoder".into()], LIMITS).map(drop).expect_err("is not there");
    assert!(missing.starts_with("`/no/such/decoder` can't be started: "), "{missing}");
}

#[cfg(target_os = "linux")]
#[test]
fn who_takes_too_much_memory_is_found() {
    let limits = TesteeLimits { memory: 64 << 20, answer: Duration::from_secs(20), ..LIMITS };
    let eats = "x=$(head -c 50000000 /dev/zero | tr '\\0' x); x=$x$x; x=";
    let body = format!("case $bytes in ff) {eats};; esac; {ANSWERS}");
    let mut process = Process::start(&shell(&body), limits).expect("a shell that greets");
    let answers = process.ask(&many(100)).expect("answers");
    let wrong: Vec<usize> = (0..200).filter(|&index| answers[index].end != accepted()).collect();
    assert_eq!(wrong, [100]);
    let End::Died(death) = &answers[100].end else { panic!("{:?}", answers[100]) };
    assert!(death.how.starts_with("memory: it used ") && death.how.ends_with("of the 64 MiB that it may"), "{death:?}");
}
