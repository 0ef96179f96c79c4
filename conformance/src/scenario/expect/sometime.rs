//! The deciding step about a close that the standard recommends without saying when: it may come as long as anybody looks.

use super::awaited;
use crate::link::{Arrival, Arrived, Remark};
use crate::scenario::client::{Client, describe_end};
use crate::scenario::verdict::{Evidence, Stop};
use mqtt_assay_standard::bounds;
use std::rc::Rc;
use tokio::time::Instant;

/// What is expected, in the words of transcripts and reports.
const EXPECTED: &str = "the broker closes the connection before the run ends";

/// See [`Client::expect_close_sometime`].
#[must_use = "a deciding step decides when it is awaited"]
pub struct ExpectCloseSometime<'a> {
    client: &'a mut Client,
}

impl<'a> ExpectCloseSometime<'a> {
    pub(super) fn new(client: &'a mut Client) -> Self {
        Self { client }
    }

    /// Waits as long as for other things without a limit. What hasn't happened by then is observed, and the connection stays
    /// open: a close before the run ends is in time too.
    async fn run(self) -> Result<Evidence, Stop> {
        let Self { client } = self;
        let context = Rc::clone(client.context());
        let deciding = context.deciding(None, false);
        client.say(Remark::Expects, EXPECTED);
        let (opened, grace) = (Instant::now(), context.patient(bounds::GRACE));
        let is_end = |arrived: &Arrived| !matches!(arrived.what, Arrival::Packet(_));
        if let Some(end) = client.next(opened + grace, is_end).await {
            let seen = told(&end, opened);
            return Ok(client.kept(deciding.as_ref(), EXPECTED, &seen, end.line, None));
        }
        let seen = format!("still open after {grace:?}, and looked at again when the run ends");
        let line = client.say(Remark::Notes, seen.as_str());
        context.observed(&client.link().label, deciding.as_ref(), EXPECTED, &seen, line);
        let link = Rc::clone(client.link());
        // Nothing that comes here is forbidden; it is watched so that it stays open.
        link.watch(Box::new(|_| false), Box::new(|_, _| {}));
        context.at_the_end(Box::new(move |context| {
            if let Some(end) = link.pending().iter().find(|arrived| is_end(arrived)) {
                context.late(&link.label, deciding.as_ref(), EXPECTED, &told(end, opened), end.line);
            }
            link.unwatch();
            link.close();
        }));
        Ok(Evidence::new(line, None))
    }
}

awaited!(ExpectCloseSometime);

fn told(end: &Arrived, opened: Instant) -> String {
    format!("{} after {:.3} s", describe_end(&end.what), end.at.duration_since(opened).as_secs_f64())
}
