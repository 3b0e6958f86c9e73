import { existsSync, readdirSync, readFileSync } from 'node:fs';
import specs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { internalTopicNames, topicSpecs } from '../../src/config/topics.ts';
import { asyncApi } from '../../src/docs/asyncapi.ts';
import { PAGES } from '../../src/docs/pages.ts';
import { TOPICS, type TopicName, WAITS } from '../../src/docs/topic-table.ts';

const root = new URL('../../', import.meta.url);

test.each(Object.entries(PAGES))('%s is what the code says', (path, text) => {
  expect(readFileSync(new URL(path, root), 'utf8'), 'npm run docs').toBe(text());
});

describe('the AsyncAPI document', () => {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const isAsyncApi = ajv.compile(specs.schemasWithoutId['3.0.0']);
  const faultsOf = (document: unknown) => (isAsyncApi(document) ? [] : isAsyncApi.errors);
  const refs = [...JSON.stringify(asyncApi()).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref!);
  const files = refs.filter((ref) => !ref.startsWith('#'));
  const schemaOf = (file: string): unknown =>
    JSON.parse(readFileSync(new URL(file, new URL('docs/reference/', root)), 'utf8'));

  test('is valid, with its schemas in place too', () => {
    expect(faultsOf(asyncApi())).toEqual([]);
    const whole = JSON.parse(JSON.stringify(asyncApi()), (_, value) =>
      value?.$ref?.endsWith('.avsc') ? schemaOf(value.$ref) : value,
    );
    expect(faultsOf(whole)).toEqual([]);
    expect(faultsOf({ ...whole, operations: { x: { action: 'write' } } })).not.toEqual([]);
  });

  test('names every schema, and channels that there are', () => {
    const all = readdirSync(new URL('schemas/', root)).filter((name) => name.endsWith('.avsc'));
    expect([...new Set(files.map((file) => file.split('/').at(-1)))].sort()).toEqual(all.sort());
    const { channels } = asyncApi() as { channels: Record<string, unknown> };
    const inside = refs.filter((ref) => ref.startsWith('#/channels/')).map((ref) => ref.split('/')[2]!);
    expect([...new Set(inside)].sort()).toEqual(Object.keys(channels).sort());
  });
});

test('the topics are those that are created, and their rest is told as it is set', () => {
  expect(Object.keys(TOPICS).sort()).toEqual([...internalTopicNames(''), 'telemetry'].sort());
  const topics = { prefix: '', partitions: 1, replication: 1, retentionMs: 1, cloudEvents: false };
  const waits = { maxDelayMs: 1e9, windows: { sizeMs: 1, graceMs: 0 }, limits: { messageBytesMax: 1 } };
  const retentions = (services: unknown[]) =>
    topicSpecs({ topics, services } as never).map(
      ({ name, config }) => [name, config['retention.ms']] as const,
    );
  const usual = new Map(retentions([]));
  const longer = retentions([waits]).filter(([name, ms]) => usual.get(name) !== ms);
  expect(new Set(longer.map(([name]) => name as TopicName))).toEqual(WAITS);
});

test('what the pages link to exists', () => {
  for (const entry of Object.values(TOPICS))
    for (const schema of entry.schemas)
      expect(existsSync(new URL(`schemas/${schema}.avsc`, root)), schema).toBe(true);
});
