//! The deciding step about the order of packets that steps before have brought.

use super::{awaited, defect};
use crate::link::{Remark, describe};
use crate::scenario::client::Client;
use crate::scenario::rules::StepRules;
use crate::scenario::verdict::{Evidence, Seen, Stop};
use mqtt_assay_codec::OwnedPacket;

/// See [`Client::expect_in_turn`].
#[must_use = "a deciding step decides when it is awaited"]
pub struct ExpectInTurn<'a> {
    client: &'a mut Client,
    seen: Vec<(u32, Option<&'a OwnedPacket>)>,
    rules: Option<StepRules>,
}

impl<'a> ExpectInTurn<'a> {
    pub(super) fn new<S: Seen>(client: &'a mut Client, seen: &'a [S]) -> Self {
        let seen = seen.iter().map(|seen| (seen.line(), seen.owned())).collect();
        Self { client, seen, rules: None }
    }

    /// Names the rules that the step decides.
    pub fn decides(mut self, rules: StepRules) -> Self {
        self.rules = Some(rules);
        self
    }

    #[expect(clippy::unused_async, reason = "every step is awaited, this one too")]
    async fn run(self) -> Result<Evidence, Stop> {
        let Self { client, seen, rules } = self;
        let deciding = client.context().deciding(rules, false);
        let lines: Vec<String> = seen.iter().map(|(line, _)| line.to_string()).collect();
        let expected = format!("lines {} in this order", lines.join(", "));
        client.say(Remark::Expects, expected.as_str());
        let Some(&(last, packet)) = seen.last() else { return Err(defect("holds nothing against an order")) };
        let is_behind = |pair: &&[(u32, Option<&OwnedPacket>)]| pair[0].0 > pair[1].0;
        match seen.windows(2).find(is_behind) {
            Some(pair) => {
                let (line, packet) = pair[1];
                let told = packet.map(describe::owned).unwrap_or_default();
                let seen = format!("{told} (line {line}) came before line {}", pair[0].0);
                client.broken(deciding.as_ref(), &expected, &seen, line, packet.cloned())
            }
            None => Ok(client.kept(deciding.as_ref(), &expected, "in this order", last, packet.cloned())),
        }
    }
}

awaited!(ExpectInTurn);
