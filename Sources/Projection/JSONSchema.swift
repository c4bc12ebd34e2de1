/// The JSON Schema of `-T jsonl`, as `netlab schema` prints it. The same text stands in
/// `Projection.docc/netlab-1.schema.json`; a test holds the two equal.
public enum JSONSchema {
  /// JSON Schema 2020-12.
  public static let text = #"""
    {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "urn:netlab:schema:1",
      "title": "netlab/1",
      "description": "One line of netlab's -T jsonl, or the document of `netlab stats -T json`. New members and new types of objects may come in later versions of netlab; what is here stays. Read with `additionalProperties` allowed if you want to be ready for them.",
      "oneOf": [
        {
          "$ref": "#/$defs/header"
        },
        {
          "$ref": "#/$defs/frame"
        },
        {
          "$ref": "#/$defs/message"
        },
        {
          "$ref": "#/$defs/verdict"
        },
        {
          "$ref": "#/$defs/follow"
        },
        {
          "$ref": "#/$defs/end"
        },
        {
          "$ref": "#/$defs/stats"
        },
        {
          "$ref": "#/$defs/assertion"
        },
        {
          "$ref": "#/$defs/chat_room"
        },
        {
          "$ref": "#/$defs/chat_message"
        },
        {
          "$ref": "#/$defs/chat_members"
        },
        {
          "$ref": "#/$defs/chat_delivery"
        },
        {
          "$ref": "#/$defs/chat_remark"
        },
        {
          "$ref": "#/$defs/chat_connection"
        },
        {
          "$ref": "#/$defs/sending"
        },
        {
          "$ref": "#/$defs/attempt"
        },
        {
          "$ref": "#/$defs/received"
        },
        {
          "$ref": "#/$defs/exchange_remark"
        },
        {
          "$ref": "#/$defs/exchange_outcome"
        },
        {
          "$ref": "#/$defs/flood"
        }
      ],
      "$defs": {
        "header": {
          "title": "First line: what is read, and by what",
          "type": "object",
          "properties": {
            "type": {"const": "header"},
            "schema": {"const": "netlab/1"},
            "tool": {"type": "string", "description": "Name and version of the program."},
            "source": {"type": "string", "description": "The capture file, the interfaces, or the chat server."}
          },
          "required": ["type", "schema", "tool", "source"],
          "additionalProperties": false
        },
        "frame": {
          "title": "A packet: `netlab read` and `netlab capture`",
          "type": "object",
          "properties": {
            "type": {"const": "frame"},
            "number": {"type": "integer", "minimum": 1, "description": "Position in the capture, from 1."},
            "ts": {"$ref": "#/$defs/time"},
            "ts_s": {"$ref": "#/$defs/seconds"},
            "ts_nsec": {"$ref": "#/$defs/nanoseconds"},
            "section": {"$ref": "#/$defs/count"},
            "interface": {"$ref": "#/$defs/count"},
            "length": {"$ref": "#/$defs/count", "description": "Octets on the wire."},
            "captured_length": {"$ref": "#/$defs/count", "description": "Octets in the capture."},
            "source": {"$ref": "#/$defs/address"},
            "destination": {"$ref": "#/$defs/address"},
            "protocol": {"type": "string"},
            "info": {"type": "string"},
            "layers": {"$ref": "#/$defs/layers"},
            "messages": {
              "type": "array",
              "items": {"$ref": "#/$defs/id"},
              "minItems": 1,
              "description": "The application messages that this packet completes."
            },
            "findings": {"$ref": "#/$defs/findings"},
            "fields": {"$ref": "#/$defs/fields"}
          },
          "required": [
            "type",
            "number",
            "section",
            "interface",
            "length",
            "captured_length",
            "protocol",
            "info",
            "layers"
          ],
          "additionalProperties": false,
          "dependentRequired": {"ts": ["ts_s", "ts_nsec"], "ts_s": ["ts"], "ts_nsec": ["ts"]}
        },
        "message": {
          "title": "An application message: `netlab messages`",
          "type": "object",
          "properties": {
            "type": {"const": "message"},
            "id": {"$ref": "#/$defs/id"},
            "packets": {
              "type": "array",
              "items": {"type": "integer", "minimum": 0},
              "minItems": 1,
              "description": "The frames that carried it, retransmissions included, ascending."
            },
            "ts": {"$ref": "#/$defs/time"},
            "ts_s": {"$ref": "#/$defs/seconds"},
            "ts_nsec": {"$ref": "#/$defs/nanoseconds"},
            "stream": {"$ref": "#/$defs/stream"},
            "side": {"$ref": "#/$defs/side"},
            "source": {"$ref": "#/$defs/address"},
            "source_port": {"$ref": "#/$defs/port"},
            "destination": {"$ref": "#/$defs/address"},
            "destination_port": {"$ref": "#/$defs/port"},
            "protocol": {"type": "string"},
            "length": {
              "$ref": "#/$defs/count",
              "description": "Octets of the stream that hold it, framing included."
            },
            "layers": {"$ref": "#/$defs/layers"},
            "info": {"type": "string"},
            "findings": {"$ref": "#/$defs/findings"},
            "fields": {"$ref": "#/$defs/fields"}
          },
          "required": ["type", "id", "packets", "stream", "side", "protocol", "length", "layers", "info"],
          "additionalProperties": false,
          "dependentRequired": {"ts": ["ts_s", "ts_nsec"], "ts_s": ["ts"], "ts_nsec": ["ts"]}
        },
        "verdict": {
          "title": "How a connection went, at its end",
          "type": "object",
          "properties": {
            "type": {"const": "verdict"},
            "ts": {"$ref": "#/$defs/time"},
            "ts_s": {"$ref": "#/$defs/seconds"},
            "ts_nsec": {"$ref": "#/$defs/nanoseconds"},
            "stream": {"$ref": "#/$defs/stream"},
            "source": {"$ref": "#/$defs/address", "description": "The client."},
            "source_port": {"$ref": "#/$defs/port"},
            "destination": {"$ref": "#/$defs/address", "description": "The server."},
            "destination_port": {"$ref": "#/$defs/port"},
            "protocol": {"type": "string"},
            "is_complete": {
              "type": "boolean",
              "description": "The capture saw the handshake and the end, and nothing between them is missing."
            },
            "octets_missing": {"$ref": "#/$defs/count"},
            "client_messages": {"$ref": "#/$defs/count"},
            "server_messages": {"$ref": "#/$defs/count"},
            "end": {"enum": ["fin", "rst", "replaced", "idle", "capture"]},
            "ended_by": {"$ref": "#/$defs/side"},
            "closed_by": {"$ref": "#/$defs/side", "description": "Who sent the first WebSocket Close frame."},
            "close_code": {"type": "integer", "minimum": 0, "maximum": 65535},
            "close_reason": {"type": "string"},
            "close_answered": {"type": "boolean"},
            "info": {"type": "string"}
          },
          "required": [
            "type",
            "stream",
            "protocol",
            "is_complete",
            "octets_missing",
            "client_messages",
            "server_messages",
            "end",
            "info"
          ],
          "additionalProperties": false,
          "dependentRequired": {
            "ts": ["ts_s", "ts_nsec"],
            "ts_s": ["ts"],
            "ts_nsec": ["ts"],
            "close_code": ["closed_by"],
            "closed_by": ["close_reason", "close_answered"]
          }
        },
        "follow": {
          "title": "A message of one conversation, with its octets: `netlab follow`",
          "type": "object",
          "properties": {
            "type": {"const": "follow"},
            "id": {"$ref": "#/$defs/id"},
            "ts": {"$ref": "#/$defs/time"},
            "ts_s": {"$ref": "#/$defs/seconds"},
            "ts_nsec": {"$ref": "#/$defs/nanoseconds"},
            "stream": {"$ref": "#/$defs/stream"},
            "side": {"$ref": "#/$defs/side"},
            "length": {"$ref": "#/$defs/count"},
            "info": {"type": "string"},
            "data_b64": {"$ref": "#/$defs/base64"}
          },
          "required": [
            "type",
            "id",
            "ts",
            "ts_s",
            "ts_nsec",
            "stream",
            "side",
            "length",
            "info",
            "data_b64"
          ],
          "additionalProperties": false
        },
        "assertion": {
          "title": "Whether something holds: `netlab assert`",
          "type": "object",
          "properties": {
            "type": {"const": "assertion"},
            "text": {"type": "string"},
            "holds": {"type": "boolean"},
            "counts": {"type": "array", "items": {"$ref": "#/$defs/assertion_count"}}
          },
          "required": ["type", "text", "holds", "counts"],
          "additionalProperties": false
        },
        "assertion_count": {
          "title": "One count of an assertion, and what was counted",
          "type": "object",
          "properties": {
            "text": {"type": "string"},
            "of": {"enum": ["packets", "messages"], "description": "What is counted."},
            "number": {"$ref": "#/$defs/count"},
            "evidence": {
              "type": "array",
              "items": {"type": "string", "pattern": "^[0-9]+(\\.[1-9][0-9]*)?$"},
              "description": "Frames N or messages N.k, the first of them."
            }
          },
          "required": ["text", "of", "number", "evidence"],
          "additionalProperties": false
        },
        "end": {
          "title": "Last line: how many objects there were",
          "oneOf": [
            {
              "title": "After frames",
              "type": "object",
              "properties": {"type": {"const": "end"}, "frames": {"$ref": "#/$defs/count"}},
              "required": ["type", "frames"],
              "additionalProperties": false
            },
            {
              "title": "After messages",
              "type": "object",
              "properties": {"type": {"const": "end"}, "messages": {"$ref": "#/$defs/count"}},
              "required": ["type", "messages"],
              "additionalProperties": false
            },
            {
              "title": "After sending",
              "type": "object",
              "properties": {"type": {"const": "end"}, "attempts": {"$ref": "#/$defs/count"}},
              "required": ["type", "attempts"],
              "additionalProperties": false
            },
            {
              "title": "After receiving",
              "type": "object",
              "properties": {
                "type": {"const": "end"},
                "segments": {"$ref": "#/$defs/count"},
                "delivered": {"$ref": "#/$defs/count"}
              },
              "required": ["type", "segments", "delivered"],
              "additionalProperties": false
            },
            {
              "title": "After a chat",
              "type": "object",
              "properties": {
                "type": {"const": "end"},
                "received": {"$ref": "#/$defs/count", "description": "Messages and notices."},
                "delivered": {"$ref": "#/$defs/count"},
                "undelivered": {"$ref": "#/$defs/count"}
              },
              "required": ["type", "received", "delivered", "undelivered"],
              "additionalProperties": false
            }
          ]
        },
        "chat_room": {
          "title": "In a room: `netlab chat`, at first and after each loss",
          "type": "object",
          "properties": {
            "type": {"const": "chat_room"},
            "room": {"type": "string", "description": "The code with which others join."},
            "name": {"type": "string", "description": "As the server has it."},
            "is_first": {"type": "boolean", "description": "False when it came back after a loss."},
            "has_earlier": {
              "type": "boolean",
              "description": "The room has messages before those that follow."
            }
          },
          "required": ["type", "room", "name", "is_first", "has_earlier"],
          "additionalProperties": false
        },
        "chat_message": {
          "title": "A message or a notice of the room",
          "type": "object",
          "properties": {
            "type": {"const": "chat_message"},
            "kind": {"enum": ["message", "notice"]},
            "id": {"$ref": "#/$defs/chat_id"},
            "ts": {"$ref": "#/$defs/time"},
            "ts_s": {"$ref": "#/$defs/seconds"},
            "ts_nsec": {"$ref": "#/$defs/nanoseconds"},
            "sender": {"type": "string", "description": "Empty for a notice."},
            "text": {"type": "string"},
            "is_own": {
              "type": "boolean",
              "description": "This client sent it; in the history: somebody of this name did."
            },
            "is_history": {
              "type": "boolean",
              "description": "It was in the room before this client was, or came while it was away."
            }
          },
          "required": ["type", "kind", "sender", "text", "is_own", "is_history"],
          "additionalProperties": false,
          "dependentRequired": {"ts": ["ts_s", "ts_nsec"], "ts_s": ["ts"], "ts_nsec": ["ts"]}
        },
        "chat_members": {
          "title": "Who is here",
          "type": "object",
          "properties": {
            "type": {"const": "chat_members"},
            "members": {"type": "array", "items": {"type": "string"}}
          },
          "required": ["type", "members"],
          "additionalProperties": false
        },
        "chat_delivery": {
          "title": "What became of a message of one's own",
          "type": "object",
          "properties": {
            "type": {"const": "chat_delivery"},
            "state": {
              "enum": ["delivered", "delayed", "undelivered"],
              "description": "Delayed: it is sent again when there is a connection."
            },
            "key": {"type": "string", "description": "What the server knows it by, however often it is sent."},
            "id": {"$ref": "#/$defs/chat_id"},
            "text": {"type": "string"},
            "reason": {"type": "string"}
          },
          "required": ["type", "state", "key", "text"],
          "additionalProperties": false
        },
        "chat_remark": {
          "title": "What the server says to this client alone",
          "type": "object",
          "properties": {"type": {"const": "chat_remark"}, "text": {"type": "string"}},
          "required": ["type", "text"],
          "additionalProperties": false
        },
        "chat_connection": {
          "title": "The connection was lost, or it is over",
          "type": "object",
          "properties": {
            "type": {"const": "chat_connection"},
            "state": {"enum": ["lost", "left", "refused", "failed"]},
            "reason": {"type": "string"}
          },
          "required": ["type", "state"],
          "additionalProperties": false
        },
        "sending": {
          "title": "What is being sent, and by which way: `netlab send`",
          "type": "object",
          "properties": {
            "type": {"const": "sending"},
            "source": {"$ref": "#/$defs/address"},
            "source_port": {"$ref": "#/$defs/port"},
            "destination": {"$ref": "#/$defs/address"},
            "destination_port": {"$ref": "#/$defs/port"},
            "id": {"$ref": "#/$defs/crafted_id"},
            "parts": {"type": "integer", "minimum": 1},
            "seed": {"$ref": "#/$defs/count", "description": "Of the faults, when there are any."}
          },
          "required": ["type", "source", "source_port", "destination", "destination_port", "id", "parts"],
          "additionalProperties": false
        },
        "attempt": {
          "title": "One try of one part: `netlab send`",
          "type": "object",
          "properties": {
            "type": {"const": "attempt"},
            "ts": {"$ref": "#/$defs/time"},
            "ts_s": {"$ref": "#/$defs/seconds"},
            "ts_nsec": {"$ref": "#/$defs/nanoseconds"},
            "part": {"type": "integer", "minimum": 1},
            "try": {"type": "integer", "minimum": 1},
            "seq": {"$ref": "#/$defs/count", "description": "The sequence number, as it stands in the header."},
            "length": {"$ref": "#/$defs/count", "description": "Octets of the payload."},
            "faults": {"$ref": "#/$defs/faults"},
            "answer": {
              "enum": ["none", "ack", "resend", "refused", "unverifiable"],
              "description": "None: none came before the next try or the end. Unverifiable: made with another key."
            },
            "answered_after_ns": {"$ref": "#/$defs/count"},
            "reason": {"$ref": "#/$defs/reason"}
          },
          "required": ["type", "ts", "ts_s", "ts_nsec", "part", "try", "seq", "length", "answer"],
          "additionalProperties": false
        },
        "received": {
          "title": "One segment that arrived: `netlab receive`",
          "type": "object",
          "properties": {
            "type": {"const": "received"},
            "ts": {"$ref": "#/$defs/time"},
            "ts_s": {"$ref": "#/$defs/seconds"},
            "ts_nsec": {"$ref": "#/$defs/nanoseconds"},
            "source": {"$ref": "#/$defs/address"},
            "source_port": {"$ref": "#/$defs/port"},
            "destination": {"$ref": "#/$defs/address"},
            "destination_port": {"$ref": "#/$defs/port"},
            "seq": {"$ref": "#/$defs/count", "description": "The sequence number, as it stands in the header."},
            "length": {"$ref": "#/$defs/count", "description": "Octets of the payload."},
            "verdict": {
              "enum": [
                "delivered",
                "part",
                "duplicate",
                "out-of-order",
                "damaged",
                "refused",
                "foreign",
                "connection-attempt",
                "answer"
              ],
              "description": "Part: kept until the others are here. Foreign: no token."
            },
            "id": {"$ref": "#/$defs/crafted_id"},
            "sender": {"type": "string"},
            "room": {"type": "string"},
            "text": {"type": "string", "description": "Of a message that was delivered, put together."},
            "part": {"type": "integer", "minimum": 0},
            "parts": {"type": "integer", "minimum": 0},
            "reason": {"$ref": "#/$defs/reason"},
            "answer": {"enum": ["ack", "resend", "refused"]},
            "tries": {"type": "integer", "minimum": 2, "description": "Which try of the segment this is, as far as they were seen."},
            "faults": {"$ref": "#/$defs/faults"}
          },
          "required": ["type", "ts", "ts_s", "ts_nsec", "length", "verdict"],
          "additionalProperties": false
        },
        "exchange_remark": {
          "title": "Something that changes nothing",
          "type": "object",
          "properties": {"type": {"const": "exchange_remark"}, "text": {"type": "string"}},
          "required": ["type", "text"],
          "additionalProperties": false
        },
        "exchange_outcome": {
          "title": "How the sending ended",
          "type": "object",
          "properties": {
            "type": {"const": "exchange_outcome"},
            "outcome": {
              "enum": [
                "delivered",
                "no-answer",
                "refused",
                "another-key",
                "damaged",
                "incomplete",
                "timed-out",
                "cancelled"
              ],
              "description": "All but delivered: not confirmed."
            },
            "exit_code": {"$ref": "#/$defs/count"},
            "text": {"type": "string"},
            "reason": {"$ref": "#/$defs/reason"}
          },
          "required": ["type", "outcome", "exit_code", "text"],
          "additionalProperties": false
        },
        "flood": {
          "title": "How fast it went: `netlab send --flood`",
          "type": "object",
          "properties": {
            "type": {"const": "flood"},
            "packets": {"$ref": "#/$defs/count"},
            "length": {"$ref": "#/$defs/count", "description": "Octets of each packet."},
            "elapsed_ns": {"$ref": "#/$defs/count"},
            "cpu_ns": {"$ref": "#/$defs/count", "description": "Processor time of the sender."}
          },
          "required": ["type", "packets", "length", "elapsed_ns", "cpu_ns"],
          "additionalProperties": false
        },
        "reason": {
          "title": "Why a crafted segment was not taken: the first test that it failed",
          "type": "object",
          "properties": {
            "code": {
              "enum": [
                "bad-ip-checksum",
                "bad-tcp-checksum",
                "bad-token",
                "bad-hmac",
                "expired",
                "from-the-future",
                "before-start",
                "bad-message",
                "wrong-sequence",
                "late",
                "incomplete",
                "too-long",
                "no-room",
                "full"
              ]
            },
            "found": {"type": "string"},
            "expected": {"type": "string"}
          },
          "required": ["code"],
          "additionalProperties": false
        },
        "faults": {
          "type": "array",
          "items": {
            "type": "object",
            "properties": {
              "kind": {"enum": ["loss", "corrupt", "duplicate", "reorder", "delay", "rate", "cut"]},
              "id": {"type": "integer", "minimum": 1, "description": "Which --fault it was."},
              "detail": {"type": "string"}
            },
            "required": ["kind", "id", "detail"],
            "additionalProperties": false
          },
          "minItems": 1
        },
        "crafted_id": {
          "type": "string",
          "pattern": "^[0-9a-f]{32}$",
          "description": "What all parts and tries of a message have in common."
        },
        "chat_id": {
          "type": "string",
          "description": "The server's name for a message; a number as it is written."
        },
        "stats": {
          "title": "Statistics: `netlab stats -T json`",
          "type": "object",
          "required": ["type", "schema", "tool", "source"],
          "properties": {
            "type": {"const": "stats"},
            "schema": {"const": "netlab/1"},
            "tool": {"type": "string"},
            "source": {"type": "string"}
          },
          "propertyNames": {"$ref": "#/$defs/key"},
          "additionalProperties": {"$ref": "#/$defs/section"}
        },
        "section": {
          "title": "The answer to one question: values and tables",
          "type": "object",
          "propertyNames": {"$ref": "#/$defs/key"},
          "additionalProperties": {
            "anyOf": [
              {"$ref": "#/$defs/scalar"},
              {"type": "array", "items": {"$ref": "#/$defs/row"}},
              {"$ref": "#/$defs/section"}
            ]
          }
        },
        "row": {
          "type": "object",
          "propertyNames": {"$ref": "#/$defs/key"},
          "additionalProperties": {
            "anyOf": [{"$ref": "#/$defs/scalar"}, {"type": "array", "items": {"$ref": "#/$defs/scalar"}}]
          }
        },
        "scalar": {
          "type": ["string", "number", "boolean", "null"]
        },
        "key": {
          "type": "string",
          "pattern": "^[a-z0-9][a-z0-9_]*$"
        },
        "finding": {
          "title": "A remark about one layer",
          "type": "object",
          "properties": {
            "name": {
              "type": "string",
              "description": "The field of the display filter language that finds it."
            },
            "severity": {"enum": ["comment", "chat", "note", "warning", "error"]},
            "layer": {"type": "string"},
            "text": {"type": "string"}
          },
          "required": ["name", "severity", "layer", "text"],
          "additionalProperties": false
        },
        "findings": {
          "type": "array",
          "items": {"$ref": "#/$defs/finding"},
          "minItems": 1
        },
        "fields": {
          "title": "The values of the fields that -e names",
          "description": "Absent fields have no member; octets stand as Base64 under the field's name with `_b64` behind it; the verdict on a checksum is a word; durations are seconds.",
          "type": "object",
          "patternProperties": {"_b64$": {"type": "array", "items": {"$ref": "#/$defs/base64"}, "minItems": 1}},
          "additionalProperties": {"type": "array", "items": {"type": ["string", "number", "boolean"]}, "minItems": 1}
        },
        "layers": {
          "type": "array",
          "items": {"type": "string", "pattern": "^[a-z0-9_.-]+$"},
          "description": "Names of protocols, outermost first."
        },
        "id": {
          "type": "string",
          "pattern": "^[0-9]+\\.[1-9][0-9]*$",
          "description": "N.k: frame N completes it, as its k-th message."
        },
        "time": {
          "type": "string",
          "format": "date-time",
          "pattern": "^[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{9}Z$"
        },
        "seconds": {
          "type": "integer",
          "description": "Seconds since 1970-01-01T00:00:00Z."
        },
        "nanoseconds": {
          "type": "integer",
          "minimum": 0,
          "maximum": 999999999,
          "description": "Behind the second."
        },
        "count": {
          "type": "integer",
          "minimum": 0
        },
        "stream": {
          "type": "integer",
          "minimum": 0,
          "description": "`tcp.stream`."
        },
        "side": {
          "enum": ["client", "server"]
        },
        "port": {
          "type": "integer",
          "minimum": 0,
          "maximum": 65535
        },
        "address": {
          "type": "string",
          "minLength": 1,
          "description": "IPv4, IPv6 (RFC 5952) or Ethernet."
        },
        "base64": {
          "type": "string",
          "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
        }
      }
    }

    """#
}
