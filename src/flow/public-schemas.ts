/** Registers the schemas of the public topics, so that any Avro client can read them. */

import { TelltaleError } from '../errors.ts';
import type { TopicNames } from './runtime.ts';
import { type PublicIds, type PublicName, schemaText } from './wire.ts';

const TIMEOUT_MS = 10_000;

/** Registers under `<topic>-value`; the same schema twice gives the same id. Rejects while the registry is away. */
export async function registerPublicSchemas(url: string, topics: TopicNames): Promise<PublicIds> {
  const base = new URL(url);
  const user = decodeURIComponent(base.username);
  const password = decodeURIComponent(base.password);
  base.username = '';
  base.password = '';
  const headers: Record<string, string> = { 'content-type': 'application/vnd.schemaregistry.v1+json' };
  if (user !== '') headers.authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const register = async (name: PublicName, topic: string): Promise<number> => {
    const response = await fetch(
      `${base.href.replace(/\/$/, '')}/subjects/${encodeURIComponent(topic)}-value/versions`,
      {
        method: 'POST',
        headers,
        body: JSON.stringify({ schema: schemaText(name), schemaType: 'AVRO' }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      },
    );
    if (!response.ok) {
      throw new TelltaleError(
        'registry_unavailable',
        `registering ${topic}-value: ${response.status} ${await response.text()}`,
      );
    }
    return ((await response.json()) as { id: number }).id;
  };
  return {
    result: await register('result', topics.results),
    alert: await register('alert', topics.alerts),
    incident: await register('incident', topics.incidents),
    retrain: await register('retrain', topics.retrain),
    rollout: await register('rollout', topics.rollout),
  };
}
