extension JSONSchema {
  /// Crafted messages: `netlab send` and `netlab receive`.
  static let exchange = #"""
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

    """#
}
