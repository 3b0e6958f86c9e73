/**
 * The messages of the Open Inference Protocol (V2 of KServe's data plane) as Protobuf, of `schemas/open-inference.proto`, in the JSON form
 * that needs no parser. https://github.com/kserve/open-inference-protocol
 */

import protobuf from 'protobufjs/light.js';

const tensor = {
  fields: {
    name: { type: 'string', id: 1 },
    datatype: { type: 'string', id: 2 },
    shape: { rule: 'repeated', type: 'int64', id: 3 },
    contents: { type: 'InferTensorContents', id: 5 },
  },
} as const;

export const INFERENCE_PROTO = {
  nested: {
    inference: {
      nested: {
        ModelInferRequest: {
          fields: {
            id: { type: 'string', id: 3 },
            inputs: { rule: 'repeated', type: 'InferInputTensor', id: 5 },
            rawInputContents: { rule: 'repeated', type: 'bytes', id: 7 },
          },
          nested: { InferInputTensor: tensor },
        },
        ModelInferResponse: {
          fields: {
            id: { type: 'string', id: 3 },
            outputs: { rule: 'repeated', type: 'InferOutputTensor', id: 5 },
            rawOutputContents: { rule: 'repeated', type: 'bytes', id: 6 },
          },
          nested: { InferOutputTensor: tensor },
        },
        InferTensorContents: {
          fields: {
            boolContents: { rule: 'repeated', type: 'bool', id: 1 },
            intContents: { rule: 'repeated', type: 'int32', id: 2 },
            int64Contents: { rule: 'repeated', type: 'int64', id: 3 },
            uintContents: { rule: 'repeated', type: 'uint32', id: 4 },
            uint64Contents: { rule: 'repeated', type: 'uint64', id: 5 },
            fp32Contents: { rule: 'repeated', type: 'float', id: 6 },
            fp64Contents: { rule: 'repeated', type: 'double', id: 7 },
            bytesContents: { rule: 'repeated', type: 'bytes', id: 8 },
          },
        },
      },
    },
  },
};

const root = protobuf.Root.fromJSON(INFERENCE_PROTO);

export interface ProtoTensor {
  name?: string;
  datatype?: string;
  /** 64-bit numbers are texts, so that none loses digits. */
  shape?: string[];
  contents?: Record<string, unknown[]>;
}

export interface ProtoMessage {
  id?: string;
  tensors: ProtoTensor[];
  /** Instead of contents: the bytes of each tensor. */
  raw: Uint8Array[];
}

/** Throws where the bytes are no message. Fields that nothing here reads are passed over. */
export function readProto(bytes: Uint8Array, side: 'request' | 'response'): ProtoMessage {
  const isRequest = side === 'request';
  const type = root.lookupType(isRequest ? 'inference.ModelInferRequest' : 'inference.ModelInferResponse');
  const found = type.toObject(type.decode(bytes), { longs: String });
  return {
    id: found.id,
    tensors: (isRequest ? found.inputs : found.outputs) ?? [],
    raw: (isRequest ? found.rawInputContents : found.rawOutputContents) ?? [],
  };
}
