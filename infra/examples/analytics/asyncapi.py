"""What a subscriber needs to know about the messages, read from the AsyncAPI document alone."""

import json

BATCH = "application/cloudevents-batch+json"


class Interface:
    """The events of the document, by the subject they come on."""

    def __init__(self, path, patterns=()):
        with open(path, encoding="utf-8") as file:
            self._document = json.load(file)
        self.schemas = {}
        for name, channel in self._document["channels"].items():
            messages = [self._resolve(message) for message in channel["messages"].values()]
            batches = [message for message in messages if message.get("contentType") == BATCH]
            if not batches or not any(name.startswith(f"evt.{part}") for part in patterns or [""]):
                continue
            items = self._resolve(batches[0]["payload"]["items"])
            # One of these is the event of the channel, the other the notice that some were dropped.
            self.schemas[channel["address"]] = [self._resolve(one) for one in items["oneOf"]]
        if not self.schemas:
            raise SystemExit(f"no event of {path} begins with {' or '.join(patterns)}")

    @property
    def subjects(self):
        return sorted(self.schemas)

    def faults(self, subject, event):
        """What of `event` isn't as the document says; nothing is the usual answer."""
        kind = event.get("type") if isinstance(event, dict) else None
        for schema in self.schemas[subject]:
            if schema["properties"]["type"].get("const") == kind:
                return list(self._check(schema, event, "event"))
        return [f"type {kind!r} is none of this subject"]

    def is_drop_notice(self, event):
        """A notice has a range where an event has what happened."""
        return any(
            schema["properties"]["type"]["const"] == event["type"]
            and {"from", "to"} <= set(schema["properties"]["data"].get("required", []))
            for schemas in self.schemas.values()
            for schema in schemas
        )

    def _check(self, schema, value, path):
        """Types and required fields: what this subscriber relies on."""
        schema = self._resolve(schema)
        kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int,
                 "number": (int, float)}
        wanted = schema.get("type")
        if wanted in kinds and not isinstance(value, kinds[wanted]):
            yield f"{path} must be of type {wanted}"
        elif wanted == "object":
            for name in schema.get("required", []):
                if name not in value:
                    yield f"{path}.{name} is missing"
            for name, inner in schema.get("properties", {}).items():
                if name in value:
                    yield from self._check(inner, value[name], f"{path}.{name}")
        elif wanted == "array" and isinstance(schema.get("items"), dict):
            for i, item in enumerate(value):
                yield from self._check(schema["items"], item, f"{path}[{i}]")

    def _resolve(self, node):
        while isinstance(node, dict) and "$ref" in node:
            target = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node
