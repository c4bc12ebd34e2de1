extension JSONSchema {
  /// Packets, messages, verdicts and statements.
  static let packets = #"""
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

    """#
}
