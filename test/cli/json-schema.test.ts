import { readdirSync, readFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { jsonSchema, SCHEMA_FILES, SCHEMA_NAMES, type SchemaName } from '../../src/cli/json-schema.ts';

const CONFIG = new URL('../../config/', import.meta.url).pathname;
const SCHEMAS = new URL('../../schemas/config/', import.meta.url).pathname;
const textOf = (path: string): string => readFileSync(`${CONFIG}${path}`, 'utf8');
/** As an editor reads it: `${INFLUX_URL:-http://localhost:8086}` is a text. */
const read = (path: string): unknown => parse(textOf(path));
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

  it.each(FILES)('%s: %s tells editors its schema', (name, file) => {
    const path = relative(dirname(`${CONFIG}${file}`), `${SCHEMAS}${SCHEMA_FILES[name]}`);
    expect(textOf(file).split('\n')[0]).toBe(`# yaml-language-server: $schema=${path}`);
  });

  it.each(SCHEMA_NAMES)('%s: the committed schema is that of the code', (name) => {
    const cure = `npm run telltale -- validate --schema ${name} > schemas/config/${SCHEMA_FILES[name]}`;
    const committed: unknown = JSON.parse(readFileSync(`${SCHEMAS}${SCHEMA_FILES[name]}`, 'utf8'));
    expect(committed, cure).toEqual(jsonSchema(name));
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
