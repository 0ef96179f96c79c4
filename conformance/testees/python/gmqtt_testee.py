"""A testee of `mqtt-assay decoder` for gmqtt, a client: so it decodes what servers send, in 3.1.1 and 5.

Its packets have no form of their own. `MQTTProtocol._read_packet` cuts the stream, and `MqttPackageHandler` reads a packet and
calls back: `on_message`, `on_subscribe`, the sender of acknowledgements. Values are what those calls are given. Where not all
fields of a packet are handed out, its values are `-`: in 5.0 PUBACK, PUBREC, PUBREL, PUBCOMP and DISCONNECT (reason codes and
properties are not decoded) and UNSUBACK (nor are its properties handed out); a CONNACK that refuses (nothing but its code is).

The client logs what it can't read and goes on with the next packet. Here a packet is refused (R) if the handler logs it as
critical or raises an exception; a type that it has no handler for is passed over (R unsupported). An empty topic in 5.0 is
skipped (K): whether its alias is known hangs on its connection.

    python gmqtt_testee.py        in a virtual environment with requirements.txt
"""
import asyncio

from gmqtt.mqtt.handler import MqttPackageHandler
from gmqtt.mqtt.protocol import MQTTProtocol
from gmqtt.mqtt.utils import ConnectionState

from testee import Refused, Skipped, Waits, serve, text

NAMES = ["", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE",
         "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"]
LEVELS = {"3.1.1": 4, "5": 5}
# Where its names of properties are not the standard's.
PROPERTIES = {"payload_format_id": "payload-format-indicator", "auth_method": "authentication-method", "max_qos": "maximum-qos",
              "response_info": "response-information", "sub_id_available": "subscription-identifier-available"}
LOOP = asyncio.new_event_loop()


class Log:
    """The handler's logger: what is critical refuses the packet, and so does the warning that goes with dropping a message."""

    def __init__(self, level):
        self.level = level

    def debug(self, *_):
        """Not a verdict."""

    info = error = debug

    def warning(self, form, *_, **named):
        if "topic name is empty" in form:
            raise Skipped("whether its alias is known hangs on its connection") if self.level == 5 else Refused("malformed", form)

    def critical(self, form, *arguments):
        raise Refused("malformed", form % arguments)


class Client:
    """What the handler calls: it keeps what it is given."""

    def __init__(self, level):
        self.values = {}
        self.handler = MqttPackageHandler(
            connack_event=asyncio.Event(), connection_lost_event=asyncio.Event(), connect_properties={},
            connection_state=ConnectionState(level, {}), reconnect_callback=self.later, disconnect_callback=self.later,
            resend_qos_callback=self.later, clear_qos_callback=self.later, subscriptions_getter=list,
            remove_message_callback=self.identifier, store_message_callback=self.identifier,
            send_command_with_mid_callback=lambda _, mid, *rest, **named: self.identifier(mid), logger=Log(level))
        self.handler.on_message, self.handler.on_connect = self.message, self.connected
        self.handler.on_subscribe = self.handler.on_unsubscribe = self.subscribed
        self.handler.on_disconnect = self.disconnected
        self.handler._default_cmd_handler = self.unknown

    def later(self, *_, **named):
        return LOOP.create_future()

    def unknown(self, command, _):
        raise Refused("unsupported", f"no handler for {command:#x}: passed over")

    def identifier(self, mid, *_):
        self.values["packet-identifier"] = [str(mid)]

    def message(self, topic, payload, qos, properties):
        self.values |= {"dup": [str(properties.pop("dup"))], "qos": [str(qos)], "retain": [str(properties.pop("retain"))],
                        "topic": [text(topic)], "payload": [text(payload)]}
        self.properties(properties)

    def connected(self, session_present, code, properties):
        self.values = {"session-present": [str(session_present)], "reason-code": [str(code)]}
        self.properties(properties)

    def subscribed(self, mid, codes, properties={}):
        self.values = {"packet-identifier": [str(mid)], "reason-code": [str(code) for code in codes]}
        self.properties(properties)

    def disconnected(self, packet):
        if isinstance(packet, Exception):
            raise Refused("malformed", str(packet))

    def properties(self, properties):
        for name, values in properties.items():
            name = PROPERTIES.get(name, name.replace("_", "-"))
            self.values[name] = [written(value) for value in values]

    def line(self, name, level):
        refused = name == "CONNACK" and not self.values
        if refused or level == 5 and name in ("PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "UNSUBACK", "DISCONNECT"):
            return "-"
        return " ".join([name] + [f"{field}={value}" for field, values in self.values.items() for value in values])


def written(value):
    if isinstance(value, tuple):
        return text(value[0]) + ":" + text(value[1])
    return str(value) if isinstance(value, int) else text(value)


class Decoder:
    """The library's reader of a stream without its socket: it keeps what is left of the buffer, as its loop does."""

    def __init__(self, version, sender):
        if version not in LEVELS or sender != "server":
            raise Skipped("only what servers send, in 3.1.1 and 5")
        self.level, self.buffer, self.packages = LEVELS[version], b"", []
        self.protocol = MQTTProtocol.__new__(MQTTProtocol)
        self.protocol._connection = self

    def put_package(self, package):
        """Called by the library for each packet of the buffer."""
        self.packages.append(package)

    def feed(self, piece):
        self.buffer += piece

    def cut(self):
        """The first packet of the buffer, and its length. The library tells the length of all at once only: where there are
        more, it is asked again with as little as makes a packet."""
        self.packages = []
        consumed = self.protocol._read_packet(self.buffer)
        if self.packages[1:]:
            first, whole = self.packages[0], self.buffer
            for self.buffer in (whole[:end] for end in range(len(first.data) + 2, len(whole) + 1)):
                consumed, self.packages = self.protocol._read_packet(self.buffer), self.packages[:0]
                if consumed > 0:
                    break
            self.packages, self.buffer = [first], whole
        return consumed

    def next(self):
        consumed = self.cut()
        if not self.packages:
            if consumed < 0:
                raise Refused("malformed", "remaining length of more than four bytes: the connection is closed")
            raise Waits
        package, self.buffer = self.packages[0], self.buffer[consumed:]
        client = Client(self.level)
        client.handler._handle_packet(package.cmd, package.data)
        return consumed, client.line(NAMES[package.cmd >> 4], self.level)


if __name__ == "__main__":
    serve("gmqtt", "3.1.1,5,server,decode,stream,values", Decoder)
