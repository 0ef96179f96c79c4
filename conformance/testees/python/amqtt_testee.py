"""A testee of `mqtt-assay decoder` for amqtt: its classes of packets (`amqtt.mqtt`), read as its handler of a connection reads
them: the fixed header, the class for it, the packet.

They read field by field from the connection and not from the packet. So does this: the reader is one of the library's kind
(`ReaderAdapter`) over the bytes that have come; where a connection would wait for more, the answer is N. How many bytes a packet
took is where the library stopped reading, whatever the remaining length says. 3.1.1 only; it doesn't ask who sent a packet. What
its broker asks of a CONNECT later on is not in its decoder, and not here.

An empty client identifier it replaces by one of its own, and says that it did: then it is handed out as empty.

    python amqtt_testee.py        in a virtual environment with requirements.txt
"""
from amqtt.adapters import ReaderAdapter
from amqtt.errors import AMQTTError, CodecError, MQTTError
from amqtt.mqtt import packet_class
from amqtt.mqtt.packet import MQTTFixedHeader

from testee import Refused, Skipped, Waits, serve, text

NAMES = ["", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE",
         "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT"]


class Connection(ReaderAdapter):
    """What has come, to be read by the library."""

    def __init__(self):
        self.came, self.at = b"", 0

    async def read(self, n=-1):
        end = len(self.came) if n < 0 else self.at + n
        if end > len(self.came):
            raise Waits
        part, self.at = self.came[self.at:end], end
        return part

    def feed_eof(self):
        """Never called: the input ends where the question ends."""


def connect(packet):
    header, payload = packet.variable_header, packet.payload
    client = "" if payload.client_id_is_random else payload.client_id
    line = (f"protocol-name={text(header.proto_name)} protocol-level={header.proto_level} "
            f"clean-start={int(header.clean_session_flag)} keep-alive={header.keep_alive} client-identifier={text(client)}")
    if header.will_flag:
        line += (f" will-qos={header.will_qos} will-retain={int(header.will_retain_flag)} will-topic={text(payload.will_topic)} "
                 f"will-payload={text(payload.will_message)}")
    if payload.username is not None:
        line += f" user-name={text(payload.username)}"
    if payload.password is not None:
        line += f" password={text(payload.password)}"
    return line


def publish(packet):
    header = packet.variable_header
    identifier = "" if header.packet_id is None else f" packet-identifier={header.packet_id}"
    return (f"dup={int(packet.dup_flag)} qos={packet.qos} retain={int(packet.retain_flag)} "
            f"topic={text(header.topic_name)}{identifier} payload={text(packet.payload.data)}")


def fields(name, packet):
    header, payload = packet.variable_header, packet.payload
    if name == "CONNECT":
        return connect(packet)
    if name == "CONNACK":
        return f"session-present={header.session_parent} reason-code={header.return_code}"
    if name == "PUBLISH":
        return publish(packet)
    if header is None:
        return ""
    line = f"packet-identifier={header.packet_id}"
    if name == "SUBSCRIBE":
        line += "".join(f" topic-filter={text(topic)}:{qos}" for topic, qos in payload.topics)
    elif name == "UNSUBSCRIBE":
        line += "".join(f" topic-filter={text(topic)}" for topic in payload.topics)
    elif name == "SUBACK":
        line += "".join(f" reason-code={code}" for code in payload.return_codes)
    return line


async def read(connection):
    """As the library's handler does: a packet from a connection."""
    header = await MQTTFixedHeader.from_stream(connection)
    return await packet_class(header).from_stream(connection, fixed_header=header)


class Decoder:
    def __init__(self, version, sender):
        if version != "3.1.1":
            raise Skipped(version)
        self.connection = Connection()

    def feed(self, piece):
        self.connection.came += piece

    def next(self):
        begin = self.connection.at
        try:
            # Nothing in it waits for anything but the reader, which never does.
            read(self.connection).send(None)
        except StopIteration as done:
            packet = done.value
        except Waits:
            # What a connection would go on from is read anew when more has come.
            self.connection.at = begin
            raise
        except (AMQTTError, CodecError, MQTTError) as refusal:
            raise Refused("malformed", str(refusal)) from refusal
        name = NAMES[packet.fixed_header.packet_type]
        return self.connection.at - begin, f"{name} {fields(name, packet)}".rstrip()


if __name__ == "__main__":
    serve("amqtt", "3.1.1,client,server,decode,stream,values", Decoder)
