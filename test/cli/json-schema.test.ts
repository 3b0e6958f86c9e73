import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { jsonSchema, SCHEMA_NAMES, type SchemaName } from '../../src/cli/json-schema.ts';
import { readSource } from '../../src/config/document.ts';

const CONFIG = new URL('../../config/', import.meta.url).pathname;
/** With what stands for the environment in place: `${INFLUX_URL:-http://localhost:8086}` is a URL. */
const read = (path: string): unknown => readSource(readFileSync(`${CONFIG}${path}`, 'utf8'), path, {}).value;
const filesIn = (folder: string): string[] =>
  readdirSync(`${CONFIG}${folder}`)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => `${folder}/${file}`);

/** As an editor: it knows the schema, and nothing of the program. */
const isFit = (name: SchemaName, file: unknown): boolean =>
  z.fromJSONSchema(jsonSchema(name) as z.core.JSONSchema.JSONSchema).safeParse(file).success;

describe('jsonSchema', () => {
  it('describes what people write, not what the program makes of it', () => {
    const service = JSON.stringify(jsonSchema('service'));
    expect(service).toContain('"max_delay"');
    expect(service).toContain('"default":"1m"');
    const daemon = JSON.stringify(jsonSchema('daemon'));
    for (const key of ['shadow_failures_max', 'routing_key_file', 'resend', 'cloudevents'])
      expect(daemon).toContain(`"${key}"`);
    const tests = JSON.stringify(jsonSchema('test'));
    for (const key of ['restart_at', 'reload_at', 'keep_firing_for', 'told'])
      expect(tests).toContain(`"${key}"`);
  });

  const FILES: [SchemaName, string][] = [
    ['daemon', 'telltale.yaml'],
    ...filesIn('services').map((file): [SchemaName, string] => ['service', file]),
    ...filesIn('tests').map((file): [SchemaName, string] => ['test', file]),
  ];
  it.each(FILES)('%s: %s fits its schema, and none of the others', (name, file) => {
    expect(SCHEMA_NAMES.filter((one) => isFit(one, read(file)))).toEqual([name]);
  });

  const test = { name: 'x', series: [{ metric: 'psi', values: 1 }] };
  it.each<[string, object]>([
    ['an unknown key', { ...test, expects: [] }],
    ['a time that is none', { ...test, expect: [{ at: '5 minutes', alarms: [] }] }],
    ['an unknown state', { ...test, records: [{ at: '5m', rule: 'r', state: 'pending' }] }],
    ['a restart at no time', { ...test, restart_at: ['always'] }],
    ['a rule without a metric', { ...test, reload_at: { '5m': { rules: [{ name: 'r', hits: 3 }] } } }],
    ['a test without series', { name: 'x' }],
  ])('an editor sees %s', (_, broken) => {
    expect(isFit('test', { rules: [], tests: [test] })).toBe(true);
    expect(isFit('test', { rules: [], tests: [broken] })).toBe(false);
  });

  const incidents = {
    repeat_interval: 'never',
    storm: '5 per 10m',
    inhibit: [
      { source: { rule: 'a', level: ['critical'] }, target: { kind: ['input'] }, equal: ['segment'] },
    ],
    maintenance: [
      { name: 'night', days: ['mon'], from: '22:00', to: '24:00', timezone: 'Europe/Berlin' },
      { name: 'once', from: '2026-12-01T22:00Z', to: '2026-12-02T02:00+01:00', match: { rule: 'a*' } },
    ],
  };
  it.each<[string, object, boolean]>([
    ['incidents', incidents, true],
    ['a time that is none', { ...incidents, repeat_interval: 'seldom' }, false],
    ['an unknown field', { ...incidents, inhibit: [{ source: { rul: 'a' }, target: { rule: 'b' } }] }, false],
    ['an unknown day', { ...incidents, maintenance: [{ name: 'm', days: ['monday'] }] }, false],
  ])('an editor sees %s of a service', (_, written, fits) => {
    const service = { service: 's', streams: { requests: { topic: 't' } }, incidents: written };
    expect(isFit('service', service)).toBe(fits);
  });
});
