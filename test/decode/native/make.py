"""Writes messages.json: what model servers put on Kafka, by implementations that are not Telltale's.

    python3 -m venv venv && venv/bin/pip install tritonclient protobuf grpcio 'cloudevents<2' numpy
    venv/bin/python test/decode/native/make.py

Protobuf is that of Triton's client (the Open Inference Protocol is a part of it); CloudEvents are those of CNCF's SDK.
"""

import base64
import json
import pathlib

import numpy as np
from cloudevents.http import CloudEvent
from cloudevents.kafka import to_binary, to_structured
from tritonclient.grpc import service_pb2 as v2
from tritonclient.utils import serialize_byte_tensor


def text(data):
    return base64.b64encode(data).decode()


def record(key, value, headers=()):
    return {
        "key": key,
        "value": text(value),
        "headers": {name: text(data) for name, data in dict(headers).items()},
    }


def tensor(name, datatype, shape, **contents):
    found = v2.ModelInferRequest.InferInputTensor(name=name, datatype=datatype, shape=shape)
    for kind, values in contents.items():
        getattr(found.contents, kind).extend(values)
    return found


def output(name, datatype, shape, **contents):
    found = v2.ModelInferResponse.InferOutputTensor(name=name, datatype=datatype, shape=shape)
    for kind, values in contents.items():
        getattr(found.contents, kind).extend(values)
    return found


raw_values = {
    "BOOL": np.array([True, False]),
    "UINT8": np.array([0, 255], np.uint8),
    "UINT16": np.array([1, 65535], np.uint16),
    "UINT32": np.array([1, 4294967295], np.uint32),
    "UINT64": np.array([1, 18446744073709551615], np.uint64),
    "INT8": np.array([-128, 127], np.int8),
    "INT16": np.array([-32768, 32767], np.int16),
    "INT32": np.array([-2147483648, 2147483647], np.int32),
    "INT64": np.array([-5, 9223372036854775807], np.int64),
    "FP16": np.array([1.5, -0.000061035], np.float16),
    "FP32": np.array([0.1, -1e30], np.float32),
    "FP64": np.array([0.1, -1e300], np.float64),
}
raw = v2.ModelInferRequest(model_name="all_1", model_version="1", id="ignored")
for kind, values in raw_values.items():
    raw.inputs.append(tensor(kind, kind, [2]))
    raw.raw_input_contents.append(values.tobytes())
raw.inputs.append(tensor("BYTES", "BYTES", [2]))
raw.raw_input_contents.append(serialize_byte_tensor(np.array(["grün", ""], dtype=object)).item())
raw.inputs.append(tensor("matrix", "FP32", [2, 3]))
raw.raw_input_contents.append(np.arange(6, dtype=np.float32).tobytes())

typed = v2.ModelInferRequest(model_name="fraud_1", id="ignored")
typed.parameters["priority"].int64_param = 3
typed.inputs.append(tensor("amount", "FP64", [2, 1], fp64_contents=[12.5, 80.25]))
typed.inputs.append(tensor("country", "BYTES", [2, 1], bytes_contents=[b"de", b"fr"]))
typed.inputs.append(tensor("age", "INT64", [2], int64_contents=[40, 2**60]))

answer = v2.ModelInferResponse(model_name="fraud_1", model_version="1", id="ignored")
answer.outputs.append(output("fraud", "INT32", [2], int_contents=[0, 1]))
answer.outputs.append(output("probabilities", "FP32", [2, 2], fp32_contents=[0.75, 0.25, 0.125, 0.875]))

truth = {name: [str(value) for value in values] for name, values in raw_values.items()}


def event(kind, identity, body, as_message):
    # `mode: all` of an InferenceService logs requests and responses with one id; the client sets the time.
    attributes = {
        "type": f"org.kubeflow.serving.inference.{kind}",
        "source": "http://localhost:9081/",
        "id": identity,
        "time": "2026-01-14T23:59:30.500000+00:00",
        "inferenceservicename": "fraud",
        "namespace": "shop",
        "component": "predictor",
        "endpoint": "default",
        "metadata": "{}",
        "datacontenttype": "application/json",
    }
    message = as_message(CloudEvent(attributes, body), key_mapper=lambda _: None)
    value = message.value if isinstance(message.value, bytes) else message.value.encode()
    return record(None, value, message.headers)


def binary(kind, identity, body):
    raw_body = json.dumps(body).encode()
    return event(kind, identity, raw_body, lambda one, key_mapper: to_binary(one, data_marshaller=bytes, key_mapper=key_mapper))


def structured(kind, identity, body):
    return event(kind, identity, body, lambda one, key_mapper: to_structured(one, key_mapper=key_mapper))


def structured_bytes(kind, identity, body):
    return event(
        kind,
        identity,
        json.dumps(body).encode(),
        lambda one, key_mapper: to_structured(one, data_marshaller=bytes, key_mapper=key_mapper),
    )


v2_request = {
    "id": "own",
    "inputs": [
        {"name": "amount", "shape": [2, 1], "datatype": "FP64", "data": [[12.5], [80.25]]},
        {"name": "country", "shape": [2], "datatype": "BYTES", "data": ["de", "fr"]},
    ],
}
v2_response = {
    "model_name": "fraud",
    "outputs": [
        {"name": "fraud", "shape": [2], "datatype": "INT32", "data": [0, 1]},
        {"name": "probabilities", "shape": [2, 2], "datatype": "FP64", "data": [0.75, 0.25, 0.125, 0.875]},
    ],
}
messages = {
    "seldon": {
        "raw": record("r-1", raw.SerializeToString()),
        "typed": record("r-2", typed.SerializeToString(), {"pipeline": b"fraud"}),
        "answer": record("r-2", answer.SerializeToString(), {"pipeline": b"fraud"}),
        "json": record("r-3", json.dumps(v2_response).encode()),
    },
    "kserve": {
        "binary": binary("request", "k-1", v2_request),
        "response": binary("response", "k-1", v2_response),
        "structured": structured("request", "k-2", v2_request),
        "base64": structured_bytes("request", "k-3", v2_request),
        "objects": binary("request", "k-4", {"instances": [{"amount": 1, "country": "it"}]}),
        "lists": binary("request", "k-5", {"instances": [[1, "it"], [2, "es"], [3, None]]}),
        "values": binary("response", "k-5", {"predictions": [0, 1, 1]}),
    },
}
file = pathlib.Path(__file__).with_name("messages.json")
file.write_text(json.dumps({"truth": truth, **messages}, indent=2, ensure_ascii=False) + "\n")
