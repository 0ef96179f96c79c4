//! What a case is written with: its row in a table, the broker and its clients, packets to send and to wait for, and the
//! steps that set up and that decide.
//!
//! Uses `broker`, `link`, `wire` and `text`, the standard and the names of the reference broker's faults.
//!
//! # The words of a case
//!
//! A case is an `async fn(broker: &Subject) -> Outcome`, named by a row in its chapter's table. **Set-up steps** make the
//! case inconclusive where they don't come about. **Deciding steps** (`expect_*`) write a verdict for a rule: by default
//! the first that the row proves, else the one that `.decides(rule!(v311 "..", v5 ".."))` names. Only they make the
//! [`Evidence`] that a case ends with.
//!
//! ## Set-up: the broker ([`Subject`])
//!
//! | word | what it does |
//! |---|---|
//! | [`connect`](Subject::connect), [`connect_as`](Subject::connect_as) | a client by its role, with a clean session or by a CONNECT of your own; the same role again is the same client identifier |
//! | [`resume`](Subject::resume) | the client comes back to the session that it left |
//! | [`witness`](Subject::witness) | a client that tells when a message is dealt with |
//! | [`open`](Subject::open) | a network connection, and nothing sent on it |
//! | [`open_below`](Subject::open_below) | the same below TLS, for bytes that no client sends ([`Below`]) |
//! | [`wait`](Subject::wait) | the standard's own time passes; the row says so in `waits` |
//! | [`version`](Subject::version), [`member`](Subject::member) | which version, which member of a family |
//! | [`unique`](Subject::unique), [`setting`](Subject::setting), [`bad_credentials`](Subject::bad_credentials), [`denied_topic`](Subject::denied_topic) | texts of the run's own; how the broker is set up |
//! | [`note`](Subject::note), [`observe`](Subject::observe) | into the transcript; what a permission was seen to be used for |
//!
//! ## Set-up: a client ([`Client`])
//!
//! | word | what it does |
//! |---|---|
//! | [`subscribe`](Client::subscribe), [`subscribe_tried`](Client::subscribe_tried), [`unsubscribe`](Client::unsubscribe) | and is acknowledged; *tried*: a message has come that way |
//! | [`publish`](Client::publish), [`publish_draft`](Client::publish_draft), [`publish_together`](Client::publish_together) | up to the last acknowledgement, within the broker's Receive Maximum |
//! | [`publish_to`](Client::publish_to), [`publish_to_itself`](Client::publish_to_itself), [`publish_until_heard`](Client::publish_until_heard), [`subscribe_until`](Client::subscribe_until) | until it has come: QoS 0 may be lost, and is sent again |
//! | [`send_in_turn`](Client::send_in_turn), [`complete`](Client::complete), [`room`](Client::room), [`try_paths`](Client::try_paths) | for messages that are sent by hand: when there is room for them; their exchanges; how many at once; whether they come through |
//! | [`receive`](Client::receive), [`receive_also`](Client::receive_also), [`receive_or_end`](Client::receive_or_end) | a packet that must come for the case to go on |
//! | [`send`](Client::send), [`send_together`](Client::send_together), [`send_bytewise`](Client::send_bytewise) | and nothing is waited for |
//! | [`hold_acknowledgements`](Client::hold_acknowledgements), [`acknowledge`](Client::acknowledge) | whether what comes is acknowledged without being asked |
//! | [`serves`](Client::serves) | a PINGREQ is answered |
//! | [`disconnect`](Client::disconnect), [`disconnect_with`](Client::disconnect_with) | by DISCONNECT |
//! | [`drop_connection`](Client::drop_connection), [`half_close`](Client::half_close), [`reset_connection`](Client::reset_connection) | without one |
//! | [`ended`](Client::ended) | the broker has ended the connection |
//! | [`session_ends`](Client::session_ends), [`session_stays`](Client::session_stays), [`session_lasts`](Client::session_lasts) | as asked, or as CONNACK says |
//! | [`connack`](Client::connack), [`keep_alive`](Client::keep_alive), [`waiting`](Client::waiting), [`waiting_behind`](Client::waiting_behind) | what is known by now |
//!
//! ## Builders ([`draft`])
//!
//! [`connect()`](draft::connect) [`publish()`](draft::publish) [`subscribe()`](draft::subscribe)
//! [`unsubscribe()`](draft::unsubscribe) [`puback()`](draft::puback) [`pubrec()`](draft::pubrec)
//! [`pubrel()`](draft::pubrel) [`pubcomp()`](draft::pubcomp) [`pingreq()`](draft::pingreq)
//! [`disconnect()`](draft::disconnect) [`auth()`](draft::auth) [`will()`](draft::will)
//! [`server_packet()`](draft::server_packet), with the methods of [`draft::Draft`]. Topics are the case's own and get the
//! run's prefix; [`exact`] leaves one as it is. What is illegal is a legal draft [`.with`](draft::Draft::with) exactly one
//! mutation: `mqtt-assay explain mutations` lists them.
//!
//! What the broker's CONNACK excludes is not offered, without a word from the case. A case that is about it says so:
//! [`.although_excluded(..)`](draft::Draft::although_excluded).
//!
//! ## Patterns ([`pattern`])
//!
//! [`a_message()`](pattern::a_message) [`with_payload()`](pattern::with_payload) [`ending_in()`](pattern::ending_in)
//! [`a_connack()`](pattern::a_connack) [`a_puback()`](pattern::a_puback) [`a_pubrec()`](pattern::a_pubrec)
//! [`a_pubrel()`](pattern::a_pubrel) [`a_pubcomp()`](pattern::a_pubcomp) [`a_suback()`](pattern::a_suback)
//! [`an_unsuback()`](pattern::an_unsuback) [`a_pingresp()`](pattern::a_pingresp) [`either()`](pattern::either)
//! [`any()`](pattern::any): which packet is waited for. The methods of [`pattern::Pattern`] say what is right about it.
//!
//! ## Deciding steps
//!
//! | word | decides that |
//! |---|---|
//! | [`expect`](Client::expect), [`expect_all`](Client::expect_all), [`expect_in_order`](Client::expect_in_order) | it comes, in what order |
//! | [`expect_right`](Client::expect_right), [`expect_in_turn`](Client::expect_in_turn) | what has come is as the pattern says, or came in this order |
//! | [`expect_no_message`](Client::expect_no_message), [`expect_no_packet`](Client::expect_no_packet) | it does not come: `.before_message(..)` is the fence |
//! | [`expect_refusal`](Client::expect_refusal) | the broker closes after something forbidden |
//! | [`expect_close`](Client::expect_close) | the broker closes of its own accord, when it is due |
//! | [`expect_open`](Client::expect_open) | the connection is still served |
//! | [`expect_shut_out`](Subject::expect_shut_out), [`expect_served`](Subject::expect_served) | by TLS: who is not let in, and that others are |
//! | [`expect_version_refused`](Below::expect_version_refused), [`expect_no_connack`](Below::expect_no_connack) | below TLS: what is not spoken |
//! | [`expect_nothing_after`](Client::expect_nothing_after), [`expect_end_without`](Client::expect_end_without) | it ends, and what does not come before |

mod announced;
mod below;
mod case;
mod clean_up;
mod client;
mod context;
pub mod draft;
mod excuses;
pub mod expect;
mod invariant;
mod joining;
mod leavings;
mod names;
mod observation;
pub mod pattern;
mod rules;
mod session;
mod subject;
mod table;
mod trial;
mod verdict;

pub use announced::Excluded;
pub use below::{Below, Heard};
pub use case::{Case, Chapter, Instance, Method, Running, Vital};
pub use client::Client;
pub(crate) use client::describe_end;
pub use context::CaseContext;
pub use invariant::{Breach, Invariants, Tally};
pub use joining::Joining;
pub use leavings::{Kind, LeftBehind};
pub use names::{Names, RunNames, Topic, exact};
pub use observation::{Check, Holding, Observation};
pub use rules::{CaseRules, StepRules};
pub use subject::Subject;
pub use verdict::{Evidence, Outcome, Received, RuleVerdict, Seen, Stop, Verdict};

pub(crate) use context::{Brief, Common};
pub(crate) use leavings::Leavings;
pub(crate) use names::{base36, hash, tag_of};
pub(crate) use table::{case, invariant, rule};
