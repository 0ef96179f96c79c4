"""Eclipse Paho (Python) against a broker: what it gets is asserted, line by line.

usage: paho_client.py PORT 3.1.1|5

Ends with 1 and a line that says what differed, as soon as something does. Nothing sleeps: each step waits for an event
of the library, with a deadline. That something does not come is told by a message that the same publisher sends after
it to the same topic with the same QoS, where the standard gives an order.
"""

import os
import queue
import select
import socket
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

DEADLINE = float(os.environ.get("DEADLINE", "10"))
USER, PASSWORD, DENIED = "ann", "secret", "denied/paho"
PORT, VERSION = int(sys.argv[1]), sys.argv[2]
V5 = VERSION == "5"
ROOT = f"paho/{VERSION}"


class Differs(Exception):
    """A client saw something else than the standard promises it."""


def same(what, expected, saw):
    if expected != saw:
        raise Differs(f"{what}: expected {expected!r}, paho saw {saw!r}")


def ok(what):
    print(f"ok: paho {VERSION}: {what}", flush=True)


def properties(kind, **values):
    made = Properties(kind)
    for name, value in values.items():
        setattr(made, name, value)
    return made


class Client:
    """A paho client whose callbacks are queues to wait on."""

    def __init__(self, name, keeps_session=False, will=None, reconnects=False, manual_ack=False, password=PASSWORD):
        self.keeps_session = keeps_session
        self.events = {kind: queue.Queue() for kind in ("connect", "disconnect", "message", "publish", "subscribe", "unsubscribe")}
        session = {} if V5 else {"clean_session": not keeps_session}
        self.paho = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=name and f"{ROOT}/{name}",
            protocol=mqtt.MQTTv5 if V5 else mqtt.MQTTv311,
            reconnect_on_failure=reconnects,
            manual_ack=manual_ack,
            **session,
        )
        self.paho.username_pw_set(USER, password)
        if will:
            self.paho.will_set(**will)
        self.listen()

    def listen(self):
        put = lambda kind: lambda _client, _userdata, *what: self.events[kind].put(what)
        self.paho.on_connect, self.paho.on_disconnect = put("connect"), put("disconnect")
        self.paho.on_subscribe, self.paho.on_unsubscribe = put("subscribe"), put("unsubscribe")
        self.paho.on_publish, self.paho.on_message = put("publish"), put("message")

    def wait(self, kind, what):
        try:
            return self.events[kind].get(timeout=DEADLINE)
        except queue.Empty:
            raise Differs(f"{what}: expected it, paho saw nothing within {DEADLINE:g} s") from None

    def connect(self, clean=True):
        """Returns Session Present, the reason code and the properties of CONNACK."""
        extra = {}
        if V5:
            expiry = properties(PacketTypes.CONNECT, SessionExpiryInterval=600 if self.keeps_session else 0)
            extra = {"clean_start": clean and mqtt.MQTT_CLEAN_START_FIRST_ONLY, "properties": expiry}
        self.paho.connect("127.0.0.1", PORT, **extra)
        self.paho.loop_start()
        return self.connack()

    def connack(self):
        flags, code, received = self.wait("connect", "a CONNACK")
        return flags.session_present, code.value, received

    def subscribe(self, topic, qos=0, **extra):
        """Returns the reason codes of SUBACK."""
        _, mid = self.paho.subscribe(topic, qos, **extra)
        got, codes, _ = self.wait("subscribe", f"a SUBACK for {topic}")
        same("packet identifier of SUBACK", mid, got)
        return [code.value for code in codes]

    def unsubscribe(self, topic):
        self.paho.unsubscribe(topic)
        return [code.value for code in self.wait("unsubscribe", f"an UNSUBACK for {topic}")[1]]

    def publish(self, topic, payload, qos=0, retain=False, **extra):
        """Waits for the last acknowledgement and returns its reason code."""
        sent = self.paho.publish(topic, payload, qos, retain, **extra)
        got, code, _ = self.wait("publish", f"the acknowledgement of a PUBLISH with QoS {qos}")
        same("packet identifier of the acknowledgement", sent.mid, got)
        return code.value

    def message(self, what):
        return self.wait("message", what)[0]

    def until(self, fence):
        """All messages that came before the one with that payload."""
        messages = []
        while not messages or messages[-1].payload != fence.encode():
            messages.append(self.message(f"the message {fence!r}"))
        return messages[:-1]

    def drop(self):
        """Ends the network connection without a DISCONNECT."""
        self.paho.socket().shutdown(socket.SHUT_RDWR)
        self.wait("disconnect", "the end of a dropped connection")

    def disconnect(self, **extra):
        self.paho.disconnect(**extra)
        self.wait("disconnect", "the end of a connection after DISCONNECT")
        self.paho.loop_stop()


def connected(name, **settings):
    client = Client(name, **settings)
    present, code, _ = client.connect()
    same(f"reason code of CONNACK for {name}", 0, code)
    same(f"Session Present of the clean session of {name}", False, present)
    return client


def brief(messages):
    return [(message.payload.decode(), message.qos, message.retain) for message in messages]


def connecting():
    nameless = Client("")
    _, code, received = nameless.connect()
    same("reason code of CONNACK without a client identifier", 0, code)
    if V5:
        same("an Assigned Client Identifier", True, bool(getattr(received, "AssignedClientIdentifier", "")))
        same("Topic Alias Maximum above 0", True, getattr(received, "TopicAliasMaximum", 0) > 0)
    nameless.disconnect()
    code = Client("stranger", password="wrong").connect()[1]
    # Paho tells the return codes of 3.1.1 by the reason codes of 5: 5, not authorized, is 0x87 there, 4 is 0x86.
    same("a refusal of a wrong password", True, code in (0x86, 0x87))
    ok("connects, gets an identifier, is refused with a wrong password")


def live():
    publisher, subscriber = connected("live/publisher"), connected("live/subscriber")
    for qos in (0, 1, 2):
        topic = f"{ROOT}/live/{qos}"
        same(f"granted for QoS {qos}", [qos], subscriber.subscribe(topic, qos))
        publisher.publish(topic, "once", qos)
        publisher.publish(topic, f"fence {qos}", qos)
        same(f"messages of QoS {qos}", [("once", qos, False)], brief(subscriber.until(f"fence {qos}")))
        subscriber.unsubscribe(topic)
        ok(f"QoS {qos}, delivered once")
    publisher.disconnect()
    subscriber.disconnect()


def wildcards():
    publisher, subscriber = connected("wild/publisher"), connected("wild/subscriber")
    subscriber.subscribe(f"{ROOT}/wild/+/score", 1)
    for topic in ("tennis/score", "tennis/players", "golf/score", "a/b/score", "end/score"):
        publisher.publish(f"{ROOT}/wild/{topic}", topic, 1)
    same("what + matches", ["tennis/score", "golf/score"], [got[0] for got in brief(subscriber.until("end/score"))])
    publisher.disconnect()
    subscriber.disconnect()
    ok("wildcard +")


def retained():
    publisher, present = connected("retained/publisher"), connected("retained/present")
    topic = f"{ROOT}/retained"
    present.subscribe(topic, 1)
    publisher.publish(topic, "on", 1, retain=True)
    same("retain flag for an established subscription", [("on", 1, False)], brief([present.message("a live message")]))
    late = connected("retained/late")
    late.subscribe(topic, 1)
    same("retained message for a new subscription", [("on", 1, True)], brief([late.message("the retained message")]))
    publisher.publish(topic, "", 1, retain=True)
    late.unsubscribe(topic)
    late.until("")
    late.subscribe(topic, 1)
    publisher.publish(topic, "fence", 1)
    same("retained messages after the topic was cleared", [], brief(late.until("fence")))
    for client in (publisher, present, late):
        client.disconnect()
    ok("retained message, its flag, and clearing it")


def wills():
    watcher = connected("will/watcher")
    topic = f"{ROOT}/will"
    watcher.subscribe(topic, 2)
    will = {"topic": topic, "payload": "gone", "qos": 2, "retain": True}
    mortal = connected("will/mortal", will=will)
    mortal.drop()
    same("the will of a dropped connection", [("gone", 2, False)], brief([watcher.message("the will of a dropped connection")]))
    late = connected("will/late")
    late.subscribe(topic, 2)
    same("the retained will", [("gone", 2, True)], brief([late.message("the retained will")]))
    late.publish(topic, "", 2, retain=True)
    watcher.until("")
    connected("will/orderly", will=will).disconnect()
    late.publish(topic, "fence", 2)
    same("messages after an orderly DISCONNECT", [], brief(watcher.until("fence")))
    watcher.disconnect()
    late.disconnect()
    ok("will on a dropped connection, none after DISCONNECT")


def offline_queue():
    sleeper, publisher = connected("queue/sleeper", keeps_session=True), connected("queue/publisher")
    sleeper.subscribe(f"{ROOT}/queue/#", 2)
    sleeper.disconnect()
    for number in range(20):
        publisher.publish(f"{ROOT}/queue/{number % 2 + 1}", f"{number}", number % 2 + 1)
    present, _, _ = sleeper.connect(clean=False)
    same("Session Present of a kept session", True, present)
    publisher.publish(f"{ROOT}/queue/1", "fence 1", 1)
    publisher.publish(f"{ROOT}/queue/2", "fence 2", 2)
    queued = {1: [], 2: []}
    for message in sleeper.until("fence 2"):
        queued[message.qos].append(message.payload.decode())
    same("queued messages of QoS 1", [str(number) for number in range(0, 20, 2)] + ["fence 1"], queued[1])
    same("queued messages of QoS 2", [str(number) for number in range(1, 20, 2)], queued[2])
    sleeper.disconnect()
    fresh = connected("queue/sleeper")
    publisher.publish(f"{ROOT}/queue/1", "nobody's", 1)
    fresh.subscribe(f"{ROOT}/queue/1", 1)
    publisher.publish(f"{ROOT}/queue/1", "fence", 1)
    same("messages of a session that was discarded", [], brief(fresh.until("fence")))
    fresh.disconnect()
    publisher.disconnect()
    ok("session present, messages queued in order, each once, and nothing after a clean start")


def reconnect():
    subscriber = connected("again/subscriber", keeps_session=True, reconnects=True, manual_ack=True)
    publisher = connected("again/publisher")
    topic = f"{ROOT}/again"
    subscriber.subscribe(topic, 1)
    publisher.publish(topic, "unacknowledged", 1)
    first = subscriber.message("a message")
    same("DUP of the first delivery", False, first.dup)
    subscriber.drop()
    publisher.publish(topic, "while away", 1)
    present, _, _ = subscriber.connack()
    same("Session Present after an automatic reconnect", True, present)
    again, missed = subscriber.message("the delivery again"), subscriber.message("the message sent meanwhile")
    same("the delivery again", (first.payload, first.mid, True), (again.payload, again.mid, again.dup))
    same("the message sent meanwhile", (b"while away", False), (missed.payload, missed.dup))
    for message in (again, missed):
        subscriber.paho.ack(message.mid, 1)
    subscriber.disconnect()
    publisher.disconnect()
    ok("reconnects by itself; an unacknowledged message comes again with DUP and its identifier")


def half_sent():
    sender, watcher = connected("half/sender", keeps_session=True, reconnects=True), connected("half/watcher")
    topic = f"{ROOT}/half"
    watcher.subscribe(topic, 2)
    # Without its loop Paho writes what it is given and reads nothing; its PUBREC is taken away from it.
    sender.paho.loop_stop()
    sender.paho.publish(topic, "exactly once", 2)
    same("a QoS 2 message", [("exactly once", 2, False)], brief([watcher.message("a QoS 2 message")]))
    stream = sender.paho.socket()
    if not select.select([stream], [], [], DEADLINE)[0]:
        raise Differs(f"a PUBREC: expected it, nothing came within {DEADLINE:g} s")
    stream.recv(4096)
    stream.shutdown(socket.SHUT_RDWR)
    sender.paho.loop_start()
    sender.wait("disconnect", "the end of a dropped connection")
    same("Session Present after a lost connection", True, sender.connack()[0])
    sender.wait("publish", "the completion of a QoS 2 message that was sent again")
    sender.publish(topic, "fence", 2)
    same("further copies of a QoS 2 message that was sent again", [], brief(watcher.until("fence")))
    sender.disconnect()
    watcher.disconnect()
    ok("a QoS 2 message amidst which the connection was lost, delivered once")


def takeover():
    first, second = connected("twin"), Client("twin")
    second.connect()
    flags, code, _ = first.wait("disconnect", "the end of a connection that was taken over")
    if V5:
        same("DISCONNECT of the connection that was taken over", (True, 0x8E), (flags.is_disconnect_packet_from_server, code.value))
    second.disconnect()
    ok("a second client of the same identifier ends the first")


def denied():
    client = connected("denied")
    same("SUBACK for a denied topic", [0x87 if V5 else 0x80], client.subscribe(DENIED, 1))
    if V5:
        same("PUBACK for a denied topic", 0x87, client.publish(DENIED, "x", 1))
        # Paho answers the PUBREC 0x87 with a PUBREL all the same, and tells the code of the PUBCOMP: no such identifier.
        same("PUBCOMP after a PUBREC for a denied topic", 0x92, client.publish(DENIED, "x", 2))
        same("UNSUBACK without a subscription", [0x11], client.unsubscribe(f"{ROOT}/never"))
    client.disconnect()
    ok("reason codes")


def message_properties():
    publisher, subscriber = connected("props/publisher"), connected("props/subscriber")
    topic = f"{ROOT}/props"
    identified = properties(PacketTypes.SUBSCRIBE, SubscriptionIdentifier=7)
    subscriber.subscribe(topic, 1, properties=identified)
    sent = properties(
        PacketTypes.PUBLISH,
        PayloadFormatIndicator=1,
        MessageExpiryInterval=300,
        ContentType="text/plain",
        ResponseTopic=f"{ROOT}/props/answers",
        CorrelationData=b"\x00\xff",
        UserProperty=[("b", "1"), ("a", "2"), ("b", "1")],
    )
    publisher.publish(topic, "all", 1, properties=sent)
    got = subscriber.message("a message with properties").properties
    for name in ("PayloadFormatIndicator", "ContentType", "ResponseTopic", "CorrelationData", "UserProperty"):
        same(name, getattr(sent, name), getattr(got, name, None))
    same("SubscriptionIdentifier", [7], getattr(got, "SubscriptionIdentifier", None))
    left = getattr(got, "MessageExpiryInterval", None)
    same("MessageExpiryInterval from 290 to 300", True, left is not None and 290 <= left <= 300)
    publisher.disconnect()
    subscriber.disconnect()
    ok("properties of a message, subscription identifier")


def request_and_response():
    asker, answerer = connected("rpc/asker"), connected("rpc/answerer")
    asker.subscribe(f"{ROOT}/rpc/answers", 1)
    answerer.subscribe(f"{ROOT}/rpc/questions", 1)
    asked = properties(PacketTypes.PUBLISH, ResponseTopic=f"{ROOT}/rpc/answers", CorrelationData=b"42")
    asker.publish(f"{ROOT}/rpc/questions", "why", 1, properties=asked)
    question = answerer.message("the question").properties
    answer = properties(PacketTypes.PUBLISH, CorrelationData=question.CorrelationData)
    answerer.publish(question.ResponseTopic, "because", 1, properties=answer)
    got = asker.message("the answer")
    same("the answer", (b"because", b"42"), (got.payload, got.properties.CorrelationData))
    asker.disconnect()
    answerer.disconnect()
    ok("response topic and correlation data")


def topic_alias():
    publisher, subscriber = connected("alias/publisher"), connected("alias/subscriber")
    subscriber.subscribe(f"{ROOT}/alias/#", 1)
    aliased = properties(PacketTypes.PUBLISH, TopicAlias=1)
    for topic, payload in ((f"{ROOT}/alias/a", "sets"), ("", "uses"), (f"{ROOT}/alias/b", "moves"), ("", "uses it again")):
        publisher.publish(topic, payload, 1, properties=aliased)
    got = [subscriber.message("a message sent with an alias").topic for _ in range(4)]
    same("topics behind an alias", [f"{ROOT}/alias/{name}" for name in "aabb"], got)
    publisher.disconnect()
    subscriber.disconnect()
    ok("topic alias")


def subscription_options():
    client, other = connected("options/client"), connected("options/other")
    topic = f"{ROOT}/options"
    client.publish(topic, "kept", 1, retain=True)
    options = SubscribeOptions(qos=1, noLocal=True, retainAsPublished=True, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
    _, _ = client.paho.subscribe(topic, options=options)
    client.wait("subscribe", "a SUBACK")
    client.publish(topic, "own", 1)
    other.publish(topic, "foreign", 1, retain=True)
    same("no local, retain as published, retain handling", [("foreign", 1, True)], brief([client.message("a message")]))
    other.publish(topic, "", 1, retain=True)
    client.until("")
    client.disconnect()
    other.disconnect()
    ok("subscription options")


def session_ended_by_disconnect():
    client = connected("expiry", keeps_session=True)
    client.disconnect(properties=properties(PacketTypes.DISCONNECT, SessionExpiryInterval=0))
    same("Session Present after an expiry of 0 in DISCONNECT", False, client.connect(clean=False)[0])
    client.disconnect(properties=properties(PacketTypes.DISCONNECT, SessionExpiryInterval=0))
    ok("session expiry at DISCONNECT")


CHECKS = [connecting, live, wildcards, retained, wills, offline_queue, reconnect, half_sent, takeover, denied]
CHECKS_OF_5 = [message_properties, request_and_response, topic_alias, subscription_options, session_ended_by_disconnect]


def main():
    for check in CHECKS + (CHECKS_OF_5 if V5 else []):
        check()


try:
    main()
except Differs as difference:
    print(f"differs: paho {VERSION}: {difference}", file=sys.stderr, flush=True)
    # Not sys.exit: threads of the library may still wait for the broker.
    os._exit(1)
