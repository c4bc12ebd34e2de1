extension JSONSchema {
  /// Tables: `netlab stats`.
  static let statistics = #"""
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

    """#
}
