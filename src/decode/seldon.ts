/**
 * Seldon Core 2: topics `seldon.NAMESPACE.model.NAME.inputs` and `.outputs` (and `.pipeline.`) with messages of the Open Inference
 * Protocol as Protobuf, or as JSON where the model server speaks REST. The key is the id of the request.
 * https://github.com/SeldonIO/seldon-core/tree/v2/scheduler/pkg/kafka
 */

import { readJsonBody, readProtoBody } from './inference.ts';
import type { NativeReader } from './native-message.ts';

/** `{`; no message in Protobuf begins with it: it would be the begin of a group. */
const BRACE = 0x7b;

export const seldon: NativeReader = ({ key, value }, side) => {
  const body =
    value![0] === BRACE ? readJsonBody(value!.toString('utf8'), side) : readProtoBody(value!, side);
  if ('code' in body || key === null || key.length === 0) return body;
  return { ...body, id: key.toString('utf8') };
};
