import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_INCIDENTS } from '../../src/alarm/incident/defaults.ts';
import { wiring } from '../../src/cli/wiring.ts';
import { filesNear } from '../../src/config/load.ts';
import { parseService } from '../../src/config/service.ts';
import { EVIDENCE_CHOICES } from '../../src/metric/evidence/registry.ts';
import { contextOf, good, knownFiles, problemsOf, registries, specOf } from './support.ts';

const context = { ...contextOf(knownFiles), registries: { ...registries, evidence: EVIDENCE_CHOICES } };
const MORE = `rules:
  - { name: volume-low, metric: volume, warning: "< 10" }
  - { name: memory-high, metric: memory, critical: "> 1e9" }
`;
const base = good.replace('rules:\n', MORE);
const fileOf = (section: string, text = base): string => `${text}\nincidents: ${section}\n`;
const incidentsOf = (section: string, text?: string) => specOf(fileOf(section, text), context).incidents!;
const faultsOf = (section: string, text?: string): string[] =>
  problemsOf(fileOf(section, text), context).map(({ key, message }) => `${key}: ${message}`);
const HOUR_MS = 3_600_000;

describe('incidents', () => {
  it('are left out where there are none, so that digests stay', () => {
    expect(specOf(base, context)).not.toHaveProperty('incidents');
  });

  it('have the defaults of the stage that makes them', () => {
    expect(incidentsOf('{}')).toEqual(DEFAULT_INCIDENTS);
  });

  it('are as the file says', () => {
    const section =
      '{ within: 2h, share_inputs: false, group_wait: 30s, group_interval: 10m, repeat_interval: never, storm: 3 per 5m }';
    expect(incidentsOf(section)).toEqual({
      ...DEFAULT_INCIDENTS,
      withinMs: 2 * HOUR_MS,
      sharesInputs: false,
      groupWaitMs: 30_000,
      groupIntervalMs: 600_000,
      repeatIntervalMs: null,
      storm: { count: 3, periodMs: 300_000 },
    });
    expect(incidentsOf('{ repeat_interval: 1d }').repeatIntervalMs).toBe(24 * HOUR_MS);
  });

  it('have texts or lists of texts in matchers, and names of metrics in place of kinds', () => {
    const { inhibit } = incidentsOf(`
  inhibit:
    - source: { rule: memory-*, level: critical }
      target: { kind: [input, output], segment: [channel=*, "*"] }
      equal: [segment, model, segment]
    - { source: { kind: software }, target: { kind: input, metric: [ps*, memory] } }`);
    expect(inhibit).toEqual([
      {
        source: { rule: ['memory-*'], level: ['critical'] },
        target: {
          metric: ['psi', 'mean', 'new_categories', 'null_rate', 'class_share', 'volume'],
          segment: ['channel=*', '*'],
        },
        equal: ['segment', 'model'],
      },
      { source: { metric: ['memory'] }, target: { metric: ['psi'] }, equal: [] },
    ]);
  });

  it('have maintenance every week or once', () => {
    const { maintenance } = incidentsOf(`
  maintenance:
    - { name: import, days: [tue, mon], from: "22:00", to: 02:30, timezone: Europe/Berlin, match: { rule: volume-* } }
    - { name: all day, from: "00:00", to: "24:00" }
    - { name: migration, from: 2026-12-01T22:00Z, to: 2026-12-02T02:00+02:00 }`);
    expect(maintenance).toEqual([
      {
        name: 'import',
        match: { rule: ['volume-*'] },
        when: { days: [1, 2], fromMinute: 1320, toMinute: 150, timezone: 'Europe/Berlin' },
      },
      {
        name: 'all day',
        match: {},
        when: { days: [1, 2, 3, 4, 5, 6, 7], fromMinute: 0, toMinute: 1440, timezone: 'UTC' },
      },
      {
        name: 'migration',
        match: {},
        when: { fromMs: Date.UTC(2026, 11, 1, 22), toMs: Date.UTC(2026, 11, 2) },
      },
    ]);
  });

  it('may name the budget where there is one, and what it watches', () => {
    const section = '{ inhibit: [{ source: { rule: budget, level: critical }, target: { rule: drift } }] }';
    expect(faultsOf(section, `${base}budget: 1 per 30d\n`)).toEqual([]);
    expect(faultsOf(section)).toEqual([
      "incidents.inhibit[0].source.rule: found the rule 'budget', allowed: volume-low, memory-high, drift",
    ]);
    const performance =
      '{ maintenance: [{ name: m, from: "01:00", to: "02:00", match: { metric: accuracy } }] }';
    expect(faultsOf(performance, `${base}budget: 1 per 30d\n`)).toEqual([]);
    expect(faultsOf(performance)).toEqual([
      expect.stringMatching(/^incidents\.maintenance\[0\]\.match: no alarm of the service can fit/),
    ]);
  });
});

const inhibit = (source: string, target: string, more = '') =>
  `{ inhibit: [{ source: ${source}, target: ${target}${more} }] }`;
const maintenance = (text: string) => `{ maintenance: [{ name: m, ${text} }] }`;
const matching = (match: string) => maintenance(`from: "01:00", to: "02:00", match: ${match}`);

describe('faults of incidents', () => {
  it.each<[string, string, RegExp]>([
    ['{ witin: 1h }', 'witin', /unknown key 'witin', .*did you mean 'within'\?$/],
    ['{ within: long }', 'within', /allowed: a duration such as/],
    ['{ group_interval: 0s }', 'group_interval', /allowed: a duration longer than 0/],
    ['{ repeat_interval: nevr }', 'repeat_interval', /found 'nevr', allowed: never, or a duration/],
    ['{ storm: 0 per 1h }', 'storm', /found '0 per 1h', allowed: incidents in a time, such as '10 per 1h'/],
    ['{ storm: 10 per 0h }', 'storm', /allowed: incidents in a time/],
    [inhibit('{ rul: drift }', '{ level: warning }'), 'inhibit[0].source.rul', /did you mean 'rule'\?$/],
    [inhibit('{}', '{ rule: drift }'), 'inhibit[0].source', /allowed: at least one of rule, metric/],
    [inhibit('{ rule: drift }', '{}'), 'inhibit[0].target', /allowed: at least one of rule, metric/],
    [
      inhibit('{ rule: drfit }', '{ rule: volume-low }'),
      'inhibit[0].source.rule',
      /found the rule 'drfit', allowed: volume-low, memory-high, drift; did you mean 'drift'\?$/,
    ],
    [
      inhibit('{ rule: drift }', '{ rule: [volume-low, mem] }'),
      'inhibit[0].target.rule[1]',
      /found the rule 'mem', allowed/,
    ],
    [
      inhibit('{ rule: drift }', '{ rule: vol_* }'),
      'inhibit[0].target.rule',
      /found 'vol_\*', which no rule fits, allowed: volume-low/,
    ],
    [
      inhibit('{ rule: drift }', '{ metric: memroy }'),
      'inhibit[0].target.metric',
      /found the metric 'memroy'.*did you mean 'memory'\?$/,
    ],
    [
      inhibit('{ rule: drift }', '{ model: mpl }'),
      'inhibit[0].target.model',
      /found the model 'mpl'.*did you mean 'mlp'\?$/,
    ],
    [
      inhibit('{ rule: drift }', '{ kind: inputs }'),
      'inhibit[0].target.kind',
      /allowed: input, output, .*did you mean 'input'\?$/,
    ],
    [
      inhibit('{ rule: drift }', '{ level: critcal }'),
      'inhibit[0].target.level',
      /did you mean 'critical'\?$/,
    ],
    [
      inhibit('{ rule: drift }', '{ level: [info, critcal] }'),
      'inhibit[0].target.level[1]',
      /found 'critcal', .*did you mean 'critical'\?$/,
    ],
    [inhibit('{ rule: drift }', '{ rule: 5 }'), 'inhibit[0].target.rule', /found 5, allowed: text or a list/],
    [
      inhibit('{ rule: drift }', '{ segment: country=* }'),
      'inhibit[0].target.segment',
      /found 'country=\*', allowed: \*, channel=VALUE/,
    ],
    [
      inhibit('{ rule: drift }', '{ segment: each }'),
      'inhibit[0].target.segment',
      /found 'each', allowed: \*, channel=VALUE/,
    ],
    [
      inhibit('{ rule: drift }', '{ level: info }', ', equal: [segmnt]'),
      'inhibit[0].equal[0]',
      /allowed: rule, metric, .*did you mean 'segment'\?$/,
    ],
    [inhibit('{ rule: drift }', '{ rule: drift }'), 'inhibit[0]', /source and target are the same alarms/],
    [
      inhibit('{ rule: drift }', '{ rule: [drift] }', ', equal: [segment]'),
      'inhibit[0]',
      /source and target are the same alarms/,
    ],
    [matching('{ rule: drift, metric: memory }'), 'maintenance[0].match', /no alarm of the service can fit/],
    [matching('{ rule: drift, level: info }'), 'maintenance[0].match', /no alarm of the service can fit/],
    [matching('{ kind: feedback }'), 'maintenance[0].match', /no alarm of the service can fit/],
    [matching('{ kind: input, metric: memory }'), 'maintenance[0].match', /no alarm of the service can fit/],
    [maintenance('from: "01:00", to: "01:00"'), 'maintenance[0].to', /to is the same as from/],
    [
      maintenance('from: "01:00", to: "25:00"'),
      'maintenance[0].to',
      /allowed: a time of day such as '22:00'/,
    ],
    [maintenance('from: "24:00", to: "01:00"'), 'maintenance[0].from', /allowed: '00:00' to '23:59'/],
    [maintenance('from: "01:00"'), 'maintenance[0].to', /missing/],
    [
      maintenance('from: 2026-01-01T00:00Z, to: "02:00"'),
      'maintenance[0].to',
      /from is a time of one day, and to is not/,
    ],
    [
      maintenance('from: 2026-01-01T00:00Z, to: 2026-01-01T00:00Z'),
      'maintenance[0].to',
      /allowed: a time after from/,
    ],
    [
      maintenance('from: 2026-01-01T00:00, to: 2026-01-01T01:00Z'),
      'maintenance[0].from',
      /or a time such as 2026-12-01T22:00Z/,
    ],
    [
      maintenance('from: 2026-02-28T00:00Z, to: 2026-02-30T00:00Z'),
      'maintenance[0].to',
      /found '2026-02-30T00:00Z', allowed: a time of day/,
    ],
    [
      maintenance('from: 2026-01-01T00:00Z, to: 2026-01-01T01:00Z, days: [mon]'),
      'maintenance[0].days',
      /days goes with times of day/,
    ],
    [
      maintenance('from: "01:00", to: "02:00", days: [mon, tues]'),
      'maintenance[0].days[1]',
      /found 'tues', allowed: mon, tue, .*did you mean 'tue'\?$/,
    ],
    [
      maintenance('from: "01:00", to: "02:00", timezone: Europe/Berln'),
      'maintenance[0].timezone',
      /found 'Europe\/Berln', allowed: a time zone .*; did you mean 'Europe\/Berlin'\?$/,
    ],
    [
      maintenance('from: "01:00", to: "02:00", timezone: "+02:00"'),
      'maintenance[0].timezone',
      /allowed: a time zone such as UTC/,
    ],
  ])('%s', (section, key, message) => {
    const faults = faultsOf(section);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(message);
    expect(faults[0]!.startsWith(`incidents.${key}: `)).toBe(true);
  });

  it('are told together, each at its place', () => {
    expect(
      faultsOf('{ storm: often, inhibit: [{ source: { rule: drfit }, target: { rule: drift } }] }'),
    ).toEqual([expect.stringMatching(/^incidents\.storm/), expect.stringMatching(/^incidents\.inhibit/)]);
  });

  it('do not follow from faults of rules', () => {
    const broken = base.replace('"> 1e9"', 'high');
    const section = inhibit('{ rule: memory-high, level: critical }', '{ rule: drift }');
    expect(faultsOf(section, broken)).toEqual([expect.stringMatching(/^rules\[1\]\.critical/)]);
  });
});

describe('what is written about them', () => {
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

  it('is read as it stands in the documentation', () => {
    const [, section] = /```yaml\n(incidents:[\s\S]*?)```/.exec(read('docs/incidents.md')) ?? [];
    const rules = base.replace('memory-high', 'service-down');
    const { inhibit, maintenance, ...rest } = specOf(`${rules}${section}`, context).incidents!;
    const { inhibit: _, maintenance: __, ...defaults } = DEFAULT_INCIDENTS;
    expect(rest).toEqual(defaults);
    expect(inhibit).toHaveLength(1);
    expect(maintenance.map(({ name }) => name)).toEqual(['nightly import', 'migration']);
  });

  it('is read as it stands, as a comment, in a file of ours', () => {
    const written = read('config/services/fraud.yaml');
    const text = written.replace(/^# incidents:\n(?:# .*\n)+/m, (lines) => lines.replace(/^# /gm, ''));
    expect(text).not.toBe(written);
    const dir = new URL('../../config/services/', import.meta.url).pathname;
    const parsed = parseService(text, 'fraud.yaml', {
      registries: wiring.registries,
      env: {},
      files: filesNear(dir),
    });
    expect(parsed).toMatchObject({
      spec: { incidents: { inhibit: [{ equal: ['segment'] }], maintenance: [{ name: 'cash import' }] } },
    });
  });
});
