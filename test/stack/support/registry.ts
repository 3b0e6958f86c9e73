/** Confluent's registry API and wire format, written down again from their description: no code of Telltale's. */
import type avro from 'avsc';

const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json';

/** Registers an Avro schema under a subject. @returns its id */
export async function registerSchema(registryUrl: string, subject: string, schema: unknown): Promise<number> {
  const response = await fetch(`${registryUrl}/subjects/${encodeURIComponent(subject)}/versions`, {
    method: 'POST',
    headers: { 'content-type': MEDIA_TYPE },
    body: JSON.stringify({ schema: JSON.stringify(schema) }),
  });
  const answer = (await response.json()) as { id?: number };
  if (!response.ok || answer.id === undefined)
    throw new Error(`registering ${subject}: ${response.status} ${JSON.stringify(answer)}`);
  return answer.id;
}

/** @returns the schema of an id, or null where the registry does not know it */
export async function fetchSchema(registryUrl: string, id: number): Promise<avro.Schema | null> {
  const response = await fetch(`${registryUrl}/schemas/ids/${id}`, { headers: { accept: MEDIA_TYPE } });
  const answer = (await response.json()) as { schema?: string };
  if (response.status === 404) return null;
  if (!response.ok || answer.schema === undefined) throw new Error(`schema ${id}: ${response.status}`);
  return JSON.parse(answer.schema) as avro.Schema;
}

/** 0x00, the id as 4 bytes big-endian, the Avro body. */
export function wireEncode(id: number, type: avro.Type, value: unknown): Buffer {
  const head = Buffer.alloc(5);
  head.writeInt32BE(id, 1);
  return Buffer.concat([head, type.toBuffer(value)]);
}

/** Splits a value in wire format. @throws Error when it is not in wire format */
export function wireSplit(value: Uint8Array): { id: number; body: Buffer } {
  const bytes = Buffer.from(value);
  if (bytes.length < 5 || bytes[0] !== 0) throw new Error('not in Confluent wire format');
  return { id: bytes.readInt32BE(1), body: bytes.subarray(5) };
}
