"""A provider whose cloud is a folder: one JSON file a resource, and a log of what was done to it, in order.

Run as a plugin (`python fake_provider.py ENGINE_ADDRESS`), so that it survives an engine that is killed. What a
resource's inputs say decides how it behaves:

- `replaceKey`: a change of it replaces the resource; `early: true` asks for delete before replace
- `failCreate`, `failUpdate`, `failDelete`: the operation is refused with this message
- `notReady`: the resource exists, but is reported as not initialised, with this reason
- `hold`: the operation waits until this file is gone (its presence is announced by FILE.waiting)
- `password`: comes back among the outputs, with its secret marking dropped
"""

# ruff: noqa: ANN401, ARG002, D101, D102, D103, D107, N802 - a fake: the protocol names methods and parameters, and types them loosely

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import any_pb2, empty_pb2, struct_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SAME, DIFFERENT = provider_pb2.DiffResponse.DIFF_NONE, provider_pb2.DiffResponse.DIFF_SOME


def reveal(value: Any) -> Any:
    """The tree without secret markings."""
    match value:
        case {"4dabf18193072939515e22adb298388d": _, "value": inner}:
            return reveal(inner)
        case dict():
            return {key: reveal(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType] - any JSON
        case list():
            return [reveal(item) for item in value]  # pyright: ignore[reportUnknownVariableType] - as above
        case _:
            return value


def tree(struct: struct_pb2.Struct) -> dict[str, Any]:
    return MessageToDict(struct)


def struct(properties: dict[str, Any]) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(properties)
    return message


class FakeProvider(provider_pb2_grpc.ResourceProviderServicer):
    def __init__(self, cloud: Path) -> None:
        self.cloud = cloud
        cloud.mkdir(parents=True, exist_ok=True)

    def record(self, what: str, name: str) -> None:
        with (self.cloud / "log").open("a") as log:
            log.write(f"{what} {name}\n")

    def hold(self, inputs: dict[str, Any]) -> None:
        if held := inputs.get("hold"):
            Path(f"{held}.waiting").touch()
            while Path(held).exists():
                time.sleep(0.005)

    def file(self, id_: str) -> Path:
        return self.cloud / f"{id_}.json"

    def write(self, id_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        outputs = {**reveal(inputs), "generated": f"made for {id_}"}
        self.file(id_).write_text(json.dumps(outputs))
        return outputs

    def unready(self, context: grpc.ServicerContext, id_: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        failed = provider_pb2.ErrorResourceInitFailed(
            id=id_, properties=struct(outputs), inputs=struct(inputs), reasons=[inputs["notReady"]]
        )
        detail = any_pb2.Any()
        detail.Pack(failed)
        status = status_pb2.Status(code=2, message="not initialised", details=[detail])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, f"{id_} was created but is not ready: {inputs['notReady']}")

    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version="1.0.0")

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        changed = tree(request.old_inputs) != tree(request.news)
        return provider_pb2.DiffResponse(changes=DIFFERENT if changed else SAME)

    def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:
        news = tree(request.news)
        failures = [provider_pb2.CheckFailure(property="bad", reason=news["bad"])] if "bad" in news else []
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:
        old, new = reveal(tree(request.old_inputs)), reveal(tree(request.news))
        changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        replaces = ["replaceKey"] if "replaceKey" in changed else []
        return provider_pb2.DiffResponse(
            changes=DIFFERENT if changed else SAME,
            diffs=changed,
            replaces=replaces,
            deleteBeforeReplace=bool(replaces and new.get("early")),
        )

    def Create(self, request: Any, context: Any) -> Any:
        inputs = tree(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=struct({**reveal(inputs), "generated": UNKNOWN}))
        plain = reveal(inputs)
        self.hold(plain)
        if "failCreate" in plain:
            self.record("create-refused", request.name)
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, plain["failCreate"])
        id_ = f"{request.name}-{plain.get('replaceKey', 0)}"
        outputs = self.write(id_, inputs)
        self.record("create", request.name)
        if "notReady" in plain:
            self.unready(context, id_, inputs, outputs)
        if after := plain.get("holdAfter"):
            self.hold({"hold": after})
        return provider_pb2.CreateResponse(id=id_, properties=struct(outputs))

    def Update(self, request: Any, context: Any) -> Any:
        inputs = tree(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=struct({**reveal(inputs), "generated": UNKNOWN}))
        plain = reveal(inputs)
        self.hold(plain)
        if "failUpdate" in plain:
            self.record("update-refused", request.name)
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, plain["failUpdate"])
        outputs = self.write(request.id, inputs)
        self.record("update", request.name)
        if "notReady" in plain:
            self.unready(context, request.id, inputs, outputs)
        return provider_pb2.UpdateResponse(properties=struct(outputs))

    def Delete(self, request: Any, context: Any) -> Any:
        plain = reveal(tree(request.old_inputs))
        self.hold({"hold": plain.get("holdDelete", "")})
        if "failDelete" in plain:
            self.record("delete-refused", request.name)
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, plain["failDelete"])
        self.file(request.id).unlink(missing_ok=True)
        self.record("delete", request.name)
        return empty_pb2.Empty()

    def Read(self, request: Any, context: Any) -> Any:
        inputs = tree(request.inputs)
        id_ = request.id or f"{request.name}-{reveal(inputs).get('replaceKey', 0)}"
        if not self.file(id_).exists():
            return provider_pb2.ReadResponse()
        outputs = json.loads(self.file(id_).read_text())
        live_inputs = {
            key: value if outputs.get(key) == reveal(value) else outputs.get(key) for key, value in inputs.items()
        }
        return provider_pb2.ReadResponse(id=id_, properties=struct(outputs), inputs=struct(live_inputs))

    def Invoke(self, request: Any, context: Any) -> Any:
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").update({"answer": f"hello {tree(request.args).get('name')}"})
        return response

    def Cancel(self, request: Any, context: Any) -> Any:
        self.record("cancel", "provider")
        return empty_pb2.Empty()


def main() -> None:
    server = grpc.server(ThreadPoolExecutor(16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(FakeProvider(Path(os.environ["FAKE_CLOUD"])), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)  # noqa: T201 - how a plugin says its port
    server.wait_for_termination()


if __name__ == "__main__":
    main()
