extension JSONSchema {
  /// What happens in a room: `netlab chat`.
  static let chat = #"""
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
        "chat_id": {
          "type": "string",
          "description": "The server's name for a message; a number as it is written."
        },

    """#
}
