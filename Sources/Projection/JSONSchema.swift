/// The JSON Schema of `-T jsonl`, as `netlab schema` prints it. The same text stands in
/// `Projection.docc/netlab-1.schema.json`; a test holds the two equal.
public enum JSONSchema {
  /// JSON Schema 2020-12.
  public static let text =
    opening + packets + endings + chat + exchange + statistics + common

  /// The kinds of objects, and the first one.
  private static let opening = #"""
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

    """#

  /// The last object.
  private static let endings = #"""
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

    """#

  /// What several objects have in common.
  private static let common = #"""
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
