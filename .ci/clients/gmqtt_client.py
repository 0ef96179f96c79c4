"""gmqtt against a broker: what it gets is asserted, line by line.

usage: gmqtt_client.py PORT 3.1.1|5

Ends with 1 and a line that says what differed, as soon as something does. Nothing sleeps: each step waits for a callback, with
a deadline. That something does not come is told by a message that the same publisher sends after it to the same topic with
the same QoS, where the standard gives an order.
"""

import asyncio
import logging
import os
import sys

import gmqtt
from gmqtt.mqtt.constants import MQTTv50, MQTTv311

PORT, VERSION = int(sys.argv[1]), sys.argv[2]
DEADLINE = float(os.environ.get("DEADLINE", 10))
V5 = VERSION == "5"
ROOT = f"gmqtt/{VERSION}"
# What the library logs of a broker that misbehaves is not what these checks tell.
logging.disable(logging.CRITICAL)


class Differs(Exception):
    pass


def same(what, expected, saw):
    if expected != saw:
        raise Differs(f"{what}: expected {expected!r}, gmqtt saw {saw!r}")


def ok(what):
    print(f"ok: gmqtt {VERSION}: {what}", flush=True)


async def within(what, waited):
    try:
        return await asyncio.wait_for(waited, DEADLINE)
    except asyncio.TimeoutError:
        raise Differs(f"{what}: expected it, gmqtt saw nothing within {DEADLINE:g} s") from None
    except gmqtt.mqtt.handler.MQTTConnectError as error:
        raise Differs(f"{what}: {error}") from None


class Client:
    """One client; what comes is kept in queues until a step takes it."""

    def __init__(self, name, keeps_session=False, will=None):
        self.events = {kind: asyncio.Queue() for kind in ("connect", "subscribe", "unsubscribe", "message", "disconnect")}
        kept = {"session_expiry_interval": 600} if V5 and keeps_session else {}
        self.gmqtt = gmqtt.Client(f"{ROOT}/{name}", clean_session=not keeps_session, will_message=will, **kept)
        self.gmqtt.set_auth_credentials("ann", "secret")
        self.gmqtt.set_config({"reconnect_retries": 0})
        put = lambda kind: lambda *what: self.events[kind].put_nowait(what)
        self.gmqtt.on_connect, self.gmqtt.on_disconnect = put("connect"), put("disconnect")
        self.gmqtt.on_subscribe, self.gmqtt.on_unsubscribe = put("subscribe"), put("unsubscribe")

        def on_message(_client, topic, payload, qos, properties):
            self.events["message"].put_nowait((payload.decode(), qos, bool(properties["retain"])))
            return 0

        self.gmqtt.on_message = on_message

    async def connect(self):
        """Returns Session Present."""
        version = MQTTv50 if V5 else MQTTv311
        await within("a CONNACK", self.gmqtt.connect("127.0.0.1", PORT, version=version))
        _, flags, code, _ = await within("a CONNACK", self.events["connect"].get())
        same("reason code of CONNACK", 0, code)
        return flags & 1

    async def subscribe(self, topic, qos):
        self.gmqtt.subscribe(topic, qos=qos)
        _, _, granted, _ = await within(f"a SUBACK for {topic}", self.events["subscribe"].get())
        same(f"granted for {topic}", [qos], list(granted))

    def publish(self, topic, payload, qos=0, retain=False):
        self.gmqtt.publish(topic, payload, qos=qos, retain=retain)

    async def message(self, what):
        return await within(what, self.events["message"].get())

    async def until(self, fence):
        """All messages that came before the one with that payload."""
        messages = []
        while not messages or messages[-1][0] != fence:
            messages.append(await self.message(f"the message {fence!r}"))
        return messages[:-1]

    async def drop(self):
        """Ends the network connection without a DISCONNECT."""
        self.gmqtt._connection._transport.abort()
        await within("the end of a dropped connection", self.events["disconnect"].get())

    async def disconnect(self):
        await self.gmqtt.disconnect()


async def connected(name, **settings):
    client = Client(name, **settings)
    same(f"Session Present of the first connection of {name}", 0, await client.connect())
    return client


async def live():
    publisher, subscriber = await connected("live/publisher"), await connected("live/subscriber")
    for qos in (0, 1, 2):
        topic = f"{ROOT}/live/{qos}"
        await subscriber.subscribe(topic, qos)
        publisher.publish(topic, "once", qos)
        publisher.publish(topic, f"fence {qos}", qos)
        same(f"messages of QoS {qos}", [("once", qos, False)], await subscriber.until(f"fence {qos}"))
        ok(f"QoS {qos}, delivered once")
    await publisher.disconnect()
    await subscriber.disconnect()


async def retained():
    publisher, late = await connected("retained/publisher"), await connected("retained/late")
    topic = f"{ROOT}/retained"
    await publisher.subscribe(topic, 1)
    publisher.publish(topic, "on", 1, retain=True)
    same("retain flag for an established subscription", ("on", 1, False), await publisher.message("a live message"))
    await late.subscribe(topic, 1)
    same("retained message for a new subscription", ("on", 1, True), await late.message("the retained message"))
    publisher.publish(topic, "", 1, retain=True)
    await late.until("")
    await publisher.disconnect()
    await late.disconnect()
    ok("retained message and its flag")


async def wills():
    watcher, topic = await connected("will/watcher"), f"{ROOT}/will"
    await watcher.subscribe(topic, 2)
    mortal = await connected("will/mortal", will=gmqtt.Message(topic, "gone", qos=2))
    await mortal.drop()
    same("the will of a dropped connection", ("gone", 2, False), await watcher.message("the will of a dropped connection"))
    orderly = await connected("will/orderly", will=gmqtt.Message(topic, "gone", qos=2))
    await orderly.disconnect()
    watcher.publish(topic, "fence", 2)
    same("messages after an orderly DISCONNECT", [], await watcher.until("fence"))
    await watcher.disconnect()
    ok("will on a dropped connection, none after DISCONNECT")


async def sessions():
    sleeper, publisher = await connected("queue/sleeper", keeps_session=True), await connected("queue/publisher")
    topic = f"{ROOT}/queue"
    await sleeper.subscribe(topic, 2)
    await sleeper.disconnect()
    for number in range(10):
        publisher.publish(topic, f"{number}", 2)
    same("Session Present of a kept session", 1, await sleeper.connect())
    publisher.publish(topic, "fence", 2)
    queued = [payload for payload, _, _ in await sleeper.until("fence")]
    same("messages queued for a session", [f"{number}" for number in range(10)], queued)
    await sleeper.disconnect()
    await publisher.disconnect()
    ok("session present, messages queued in order")


async def half_sent():
    """A QoS 2 message whose PUBREC is not read before the connection is lost, so that it is sent again."""
    sender, watcher = await connected("half/sender", keeps_session=True), await connected("half/watcher")
    topic = f"{ROOT}/half"
    await watcher.subscribe(topic, 2)
    sender.gmqtt._connection._transport.pause_reading()
    sender.publish(topic, "exactly once", 2)
    same("a QoS 2 message", ("exactly once", 2, False), await watcher.message("a QoS 2 message"))
    await sender.drop()
    same("Session Present after a lost connection", 1, await sender.connect())
    sender.publish(topic, "fence", 2)
    same("further copies of a QoS 2 message that was sent again", [], await watcher.until("fence"))
    await sender.disconnect()
    await watcher.disconnect()
    ok("a QoS 2 message amidst which the connection was lost, delivered once")


async def main():
    for check in (live, retained, wills, sessions, half_sent):
        await check()


try:
    asyncio.run(main())
except Differs as difference:
    print(f"differs: gmqtt {VERSION}: {difference}", file=sys.stderr, flush=True)
    # Not sys.exit: tasks of the library may still wait for the broker.
    os._exit(1)
