//! The deciding step about a CONNECT that 3.1.1 lets a broker close, refuse, pass over in silence or serve by another
//! specification, and forbids one thing alone: to serve it as 3.1.1 ([MQTT-3.1.2-1]).

use super::awaited;
use crate::link::{Arrival, Arrived, Remark, describe};
use crate::scenario::client::{Client, describe_end};
use crate::scenario::subject::Subject;
use crate::scenario::verdict::{Evidence, Stop};
use mqtt_assay_codec::{Packet, PacketType};
use mqtt_assay_standard::bounds;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

/// See [`Client::expect_unserved`].
#[must_use = "a deciding step decides when it is awaited"]
pub struct ExpectUnserved<'a> {
    client: &'a mut Client,
    broker: &'a Subject,
}

impl<'a> ExpectUnserved<'a> {
    pub(super) fn new(client: &'a mut Client, broker: &'a Subject) -> Self {
        Self { client, broker }
    }

    async fn run(self) -> Result<Evidence, Stop> {
        let Self { client, broker } = self;
        let context = Rc::clone(client.context());
        let deciding = context.deciding(None, false);
        let expected = "no CONNACK that accepts (fence: evidence, watched until the run ends)";
        client.say(Remark::Expects, expected);
        let mut answer = answer_within(client, context.patient(bounds::PROBE_CONNECT)).await;
        if answer.is_none() {
            // A busy broker comes to it in its turn: no sooner than to a CONNECT that is sent now, and as long again.
            let asked = Instant::now();
            broker.connect("bystander").await?;
            answer = answer_within(client, asked.elapsed()).await;
        }
        let Some(arrived) = answer else {
            let line = client.say(Remark::Notes, "no answer, while a CONNECT that came later was served");
            client.link().watch(Box::new(accepts), Box::new(on_straggler(client)));
            return Ok(client.kept(deciding.as_ref(), expected, "not served", line, None));
        };
        match &arrived.what {
            Arrival::Packet(packet) if accepts(&packet.packet()) => {
                let seen = describe::packet(&packet.packet());
                client.broken(deciding.as_ref(), expected, &seen, arrived.line, Some(packet.clone()))
            }
            Arrival::Packet(packet) => {
                let seen = describe::packet(&packet.packet());
                Ok(client.kept(deciding.as_ref(), expected, &seen, arrived.line, Some(packet.clone())))
            }
            // What it said may well be an answer by another specification.
            end => Ok(client.kept(deciding.as_ref(), expected, &describe_end(end), arrived.line, None)),
        }
    }
}

awaited!(ExpectUnserved);

fn accepts(packet: &Packet<'_>) -> bool {
    matches!(packet, Packet::Connack(connack) if connack.reason.0 == 0)
}

/// The CONNACK, or the end of what can be read.
async fn answer_within(client: &Client, limit: Duration) -> Option<Arrived> {
    let is_answer = |arrived: &Arrived| match &arrived.what {
        Arrival::Packet(packet) => packet.packet().packet_type() == PacketType::Connack,
        _ => true,
    };
    client.next(Instant::now() + limit, is_answer).await
}

/// Turns the verdict where the broker serves it after all.
fn on_straggler(client: &Client) -> impl Fn(u32, &Packet<'_>) + use<> {
    let (context, label) = (Rc::downgrade(client.context()), client.link().label.clone());
    move |line, packet: &Packet<'_>| {
        if let Some(context) = context.upgrade() {
            let seen = format!("{} came after the fence", describe::packet(packet));
            context.straggler(&label, context.deciding(None, false).as_ref(), &seen, line);
        }
    }
}
