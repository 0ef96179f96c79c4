/* A testee of `mqtt-assay decoder` for Eclipse Paho's C client, and a skeleton for any decoder in C: all that knows Paho is
 * between the two lines of dashes.
 *
 * Debian's shared library exports no decoder, but the archive beside it (libpaho-mqtt-dev 1.3.12) has the functions that its
 * client calls once a whole packet has come, one for each type. They are declared here, as no installed header does. Types that
 * the client has no function for it passes over without a word; they are `R unsupported`.
 *
 * The client reads the fixed header from its socket byte by byte; here it is read in the plainest way. The bytes of a packet end
 * where a page ends that nobody may read: who reads past them is killed by SIGSEGV, although the library has no ASan in it.
 *
 *     gcc -O2 -Wall -Wextra -Werror -o paho-testee paho.c -l:libpaho-mqtt3c.a -lpthread
 *
 * Your own decoder gets more from ASan, if it is compiled with it too:
 *
 *     gcc -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -o my-testee my.c my_decoder.c
 */
#define _GNU_SOURCE
#include <MQTTClient.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void number(const char *name, unsigned value) { printf(" %s=%u", name, value); }

static void hex(const char *bytes, int length)
{
    for (int at = 0; at < length; at++) {
        putchar_unlocked("0123456789abcdef"[(unsigned char)bytes[at] >> 4]);
        putchar_unlocked("0123456789abcdef"[bytes[at] & 15]);
    }
}

/* ---------------------------------------------------------------------------------------------------------------------------- */

/* The layout of the library's packets: its `Header` is a union of bit fields that takes four bytes. */
typedef struct { void *previous, *next; int *content; } Element;
typedef struct { Element *first; } List;
typedef struct { unsigned char header, pad[3], flags, pad_of_flags[3], code; int version; MQTTProperties properties; } Connack;
typedef struct { unsigned char header, pad[3]; char *topic; int topic_length, id; char *payload; int payload_length, version;
                 MQTTProperties properties; unsigned char mask[4]; } Publish;
typedef struct { unsigned char header, pad[3]; int id; unsigned char code; int version; MQTTProperties properties; } Ack;
typedef struct { unsigned char header, pad[3]; int id, version; MQTTProperties properties; List *codes; } Suback;
_Static_assert(sizeof(Connack) == 40 && sizeof(Publish) == 72 && sizeof(Ack) == 40 && sizeof(Suback) == 48, "as in 1.3.12");

extern void *(*new_packets[16])(int version, unsigned char header, char *data, size_t length);
void MQTTPacket_freeConnack(Connack *), MQTTPacket_freePublish(Publish *), MQTTPacket_freeAck(Ack *);
void MQTTPacket_freeSuback(Suback *), MQTTPacket_freeUnsuback(Suback *);
int Heap_initialize(void);

enum { CONNACK = 2, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK = 9, UNSUBACK = 11, PINGREQ, PINGRESP, DISCONNECT, AUTH };
static const char *const NAMES[] = {"", "", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "", "SUBACK", "",
                                    "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"};

/* The library's own names of properties, in the words of the protocol. */
static const int ASSIGNED_CLIENT_IDENTIFIER = 18;

static void property_name(enum MQTTPropertyCodes code)
{
    const char *name = MQTTPropertyName(code);
    /* Two of them it writes in its own way. */
    if (code == MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIERS_AVAILABLE) name = "subscription-identifier-available";
    if ((int)code == ASSIGNED_CLIENT_IDENTIFIER) name = "assigned-client-identifier";
    for (putchar(' '); *name; name++) putchar(*name == '_' ? '-' : *name | 0x20);
    putchar('=');
}

static void properties(const MQTTProperties *all)
{
    for (int at = 0; at < all->count; at++) {
        const MQTTProperty *one = &all->array[at];
        property_name(one->identifier);
        switch (MQTTProperty_getType(one->identifier)) {
        case MQTTPROPERTY_TYPE_BYTE: printf("%u", one->value.byte); break;
        case MQTTPROPERTY_TYPE_TWO_BYTE_INTEGER: printf("%u", one->value.integer2); break;
        case MQTTPROPERTY_TYPE_FOUR_BYTE_INTEGER:
        case MQTTPROPERTY_TYPE_VARIABLE_BYTE_INTEGER: printf("%u", one->value.integer4); break;
        default: hex(one->value.data.data, one->value.data.len);
        }
        if (one->identifier != MQTTPROPERTY_CODE_USER_PROPERTY) continue;
        putchar(':');
        hex(one->value.value.data, one->value.value.len);
    }
}

static void publish(const Publish *packet, int version)
{
    number("dup", packet->header >> 3 & 1), number("qos", packet->header >> 1 & 3), number("retain", packet->header & 1);
    printf(" topic=");
    hex(packet->topic, packet->topic_length);
    if (packet->header >> 1 & 3) number("packet-identifier", packet->id);
    if (version == 5) properties(&packet->properties);
    printf(" payload=");
    hex(packet->payload, packet->payload_length);
}

static void codes(const Suback *packet, int version)
{
    number("packet-identifier", packet->id);
    if (version == 5) properties(&packet->properties);
    /* An UNSUBACK has codes only in 5.0; the list is not set before. */
    if (packet->header >> 4 == UNSUBACK && version < 5) return;
    for (Element *at = packet->codes->first; at; at = at->next) number("reason-code", *at->content);
}

/* Prints the values, and frees the packet. */
static void hand_out(void *packet, int type, int version)
{
    printf("%s", NAMES[type]);
    if (type == CONNACK) {
        Connack *connack = packet;
        if (version > 3) number("session-present", connack->flags & 1);
        number("reason-code", connack->code);
        if (version == 5) properties(&connack->properties);
        MQTTPacket_freeConnack(connack);
    } else if (type == PUBLISH) {
        publish(packet, version);
        MQTTPacket_freePublish(packet);
    } else if (type == SUBACK || type == UNSUBACK) {
        codes(packet, version);
        if (type == SUBACK) MQTTPacket_freeSuback(packet); else MQTTPacket_freeUnsuback(packet);
    } else if (type != PINGREQ && type != PINGRESP) {
        Ack *ack = packet;
        if (type < DISCONNECT) number("packet-identifier", ack->id);
        if (version == 5) number("reason-code", ack->code), properties(&ack->properties);
        MQTTPacket_freeAck(ack);
    }
}

/* The packet at the start of these bytes, as the client's `MQTTPacket_Factory` does it behind its socket. */
static void decode(const char *id, int version, unsigned char *bytes, size_t length)
{
    size_t remaining = 0, head = 1;
    for (int shift = 0;; shift += 7, head++) {
        if (shift == 28) { printf("R %s malformed - remaining length of more than four bytes\n", id); return; }
        if (head >= length) { printf("N %s %zu\n", id, head + 1 - length); return; }
        remaining |= (size_t)(bytes[head] & 127) << shift;
        if (!(bytes[head] & 128)) break;
    }
    if (length < ++head + remaining) { printf("N %s %zu\n", id, head + remaining - length); return; }
    int type = bytes[0] >> 4;
    if (!new_packets[type] || (version < 5 && type >= DISCONNECT)) {
        printf("R %s unsupported - type passed over\n", id);
        return;
    }
    /* To the end of the page, where nothing of the next packet hides who reads too far. */
    memmove(bytes + length - remaining, bytes + head, remaining);
    void *packet = new_packets[type](version, bytes[0], (char *)bytes + length - remaining, remaining);
    if (!packet) { printf("R %s malformed - Bad MQTT packet, type %d\n", id, type); return; }
    printf("A %s %zu ", id, head + remaining);
    hand_out(packet, type, version);
    putchar('\n');
}

/* What the client does before all else: without it the library's own `realloc` fails. */
static void begin_library(void) { Heap_initialize(); }

static void hello(void)
{
    MQTTClient_nameValue *about = MQTTClient_getVersionInfo();
    while (about->name && strcmp(about->name, "Version")) about++;
    const char *version = about->name ? about->value : "unknown";
    printf("HELLO mqtt-testee/1 name=paho-c version=%s can=3.1,3.1.1,5,server,decode,values\n", version);
}

/* ---------------------------------------------------------------------------------------------------------------------------- */

/* So many bytes that end where a page ends that nobody may read. */
static unsigned char *fenced(size_t length)
{
    static unsigned char *area;
    static size_t size;
    size_t page = sysconf(_SC_PAGESIZE), needed = (length / page + 1) * page;
    if (needed > size) {
        if (area) munmap(area, size + page);
        size = needed;
        area = mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (area == MAP_FAILED || mprotect(area + size, page, PROT_NONE)) { perror("no memory for a packet"); exit(2); }
    }
    return area + size - length;
}

static int digit(char letter) { return letter <= '9' ? letter - '0' : (letter | 0x20) - 'a' + 10; }

static void answer(char *line)
{
    char *rest = line, *word = strsep(&rest, " "), *id = strsep(&rest, " ");
    char *version = strsep(&rest, " "), *sender = strsep(&rest, " "), *digits = rest ? rest : "";
    if (!strcmp(word, "HELLO")) { hello(); return; }
    if (strcmp(word, "D")) { printf("K %s unknown\n", id ? id : "0"); return; }
    if (!sender || strcmp(sender, "server")) { printf("K %s only what servers send\n", id ? id : "0"); return; }
    size_t length = strlen(digits) / 2;
    unsigned char *bytes = fenced(length);
    for (size_t at = 0; at < length; at++) bytes[at] = digit(digits[2 * at]) << 4 | digit(digits[2 * at + 1]);
    decode(id, !strcmp(version, "3.1") ? 3 : !strcmp(version, "3.1.1") ? 4 : 5, bytes, length);
}

enum { OUTPUT = 1 << 18 };

int main(void)
{
    size_t room = 1 << 16, filled = 0, begin = 0;
    char *buffer = malloc(room), *end;
    begin_library();
    setvbuf(stdout, NULL, _IOFBF, OUTPUT);
    while (buffer) {
        while ((end = memchr(buffer + begin, '\n', filled - begin))) {
            *end = 0;
            /* No line goes out by halves, so that a crash takes none with it but its own. */
            if (__fpending(stdout) > OUTPUT / 2) fflush(stdout);
            answer(buffer + begin);
            begin = end + 1 - buffer;
        }
        /* The input has run dry: what is answered goes out, and more comes in. */
        fflush(stdout);
        memmove(buffer, buffer + begin, filled -= begin);
        begin = 0;
        if (filled == room) buffer = realloc(buffer, room *= 2);
        ssize_t came = buffer ? read(0, buffer + filled, room - filled) : 0;
        if (came <= 0) return 0;
        filled += came;
    }
    return 2;
}
