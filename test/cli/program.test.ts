import { describe, expect, it } from 'vitest';
import type { CommandModule } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/program.ts';
import { TelltaleError } from '../../src/errors.ts';
import { fakeWiring, folder, telltale } from './support.ts';

const service = 'service: a\nstreams: { requests: { topic: t } }\n';

describe('the command line', () => {
  it('prints help and version with exit code 0', async () => {
    const help = await telltale(['--help']);
    expect(help.code).toBe(0);
    expect(help.out).toMatch(/validate.*topics.*baseline.*Examples:/s);
    expect((await telltale(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([['validate'], ['topics', 'create'], ['topics', 'list'], ['baseline', 'build']])(
    'shows examples in the help of %s %s',
    async (...words) => {
      const args = words.filter((word) => word !== undefined);
      const { out, code } = await telltale([...args, '--help']);
      expect(code).toBe(0);
      expect(out).toContain(`Examples:\n  $ telltale ${args.join(' ')}`);
    },
  );

  it('suggests the command that was meant', async () => {
    const { code, err, out } = await telltale(['valdate']);
    expect([code, out]).toEqual([2, '']);
    expect(err).toBe(
      "error[usage] unknown command 'valdate' (Did you mean validate?)\n  help: See `--help`.\n",
    );
  });

  it.each([
    [['validate', '--jsn']],
    [['baseline', 'build']],
    [['topics', 'make']],
    [['validate', '--schema', 'x']],
  ])('ends with 2 on wrong usage: %j', async (args) => {
    const { code, err } = await telltale(args);
    expect(code).toBe(2);
    expect(err).toMatch(/^error\[usage\] .+\n {2}help: /);
  });

  it('prints help and ends with 2 without a command', async () => {
    const { code, err } = await telltale([]);
    expect(code).toBe(2);
    expect(err).toContain('Usage: telltale');
  });

  const failing = (error: unknown): CommandModule => ({
    register: (program) => {
      program.command('fail').action(() => Promise.reject(error));
    },
  });

  it('ends with 1 on a failure of the surroundings, without a stack unless it is asked for', async () => {
    const commands = [...COMMANDS, failing(new TelltaleError('broker_unavailable', 'no broker'))];
    const quiet = await telltale(['fail'], fakeWiring(), { commands });
    expect(quiet.code).toBe(1);
    expect(quiet.err).toMatch(/^error\[broker_unavailable\] no broker\n {2}help: Check `kafka.brokers`.*\n$/);
    const loud = await telltale(['fail'], fakeWiring(), { commands, env: { TELLTALE_DEBUG: '1' } });
    expect(loud.err).toContain('    at ');
  });

  it('names an error that is not ours, and prints any error as JSON when asked', async () => {
    const commands = [failing(new Error('odd'))];
    expect((await telltale(['fail'], fakeWiring(), { commands })).err).toMatch(/^error\[internal\] odd\n/);
    const { out, err, code } = await telltale(['fail', '--json'], fakeWiring(), { commands });
    expect(JSON.parse(out)).toMatchObject({ ok: false, error: 'internal', message: 'odd' });
    expect([err, code]).toEqual(['', 1]);
  });
});

describe('telltale validate', () => {
  const good = { 'telltale.yaml': '', 'services/a.yaml': service };

  it('prints a line for each service', async () => {
    const { code, out } = await telltale(['validate', '--config', folder(good)]);
    expect(code).toBe(0);
    expect(out).toMatch(/^SERVICE +STREAMS.*\na +requests +0 +- +- +0 +-\n$/);
  });

  it('prints the services as JSON', async () => {
    const { out } = await telltale(['--json', '--config', folder(good), 'validate']);
    expect(JSON.parse(out)).toMatchObject({ ok: true, services: [{ service: 'a', streams: ['requests'] }] });
  });

  it('warns of what is allowed and may not be meant', async () => {
    const sasl = 'kafka: { sasl: { mechanism: plain, username: u, password: hush } }\n';
    const dir = folder({ ...good, 'telltale.yaml': sasl });
    const { code, err } = await telltale(['validate', '--config', dir]);
    expect([code, err]).toEqual([
      0,
      expect.stringMatching(/^warning: kafka\.sasl without kafka\.ssl: PLAIN/),
    ]);
    const { out } = await telltale(['validate', '--json', '--config', dir]);
    expect(JSON.parse(out)).toMatchObject({ ok: true, warnings: [expect.stringContaining('kafka.sasl')] });
    expect(err + out).not.toContain('hush');
  });

  it('prints every problem and ends with 2', async () => {
    const dir = folder({ 'telltale.yaml': 'x: 1\n', 'services/a.yaml': `${service}y: 1\n` });
    const { code, err } = await telltale(['validate', '--config', dir]);
    expect(code).toBe(2);
    expect(err.split('\n')).toEqual([
      expect.stringMatching(/services\/a\.yaml:3:1 {2}y: unknown key 'y'/),
      expect.stringMatching(/telltale\.yaml:1:1 {2}x: unknown key 'x'/),
      'error[config_invalid] 2 problems in 2 files',
      '  help: The configuration has errors; each is listed with file, line and key.',
      '',
    ]);
    const json = await telltale(['validate', '--json', '--config', dir]);
    expect(JSON.parse(json.out)).toMatchObject({
      ok: false,
      error: 'config_invalid',
      problems: [{ line: 3 }, { line: 1 }],
    });
  });

  it('ends with 2 where there is no telltale.yaml', async () => {
    const { code, err } = await telltale(['validate', '--config', folder({})]);
    expect(code).toBe(2);
    expect(err).toContain('error[config_missing]');
  });

  it('runs further checks and reports them at the lines of the file', async () => {
    const models = `models:
  - { name: s, role: shadow, file: m.onnx, inputs: { X: [x] }, outputs: { o: { value: v } } }
  - name: p
    role: primary
    file: m.onnx
    inputs: { X: [x] }
    outputs: { o: { value: v } }
inputs: { x: { type: numeric } }
outputs: { o: { type: regressor } }
`;
    const dir = folder({ 'telltale.yaml': '', 'services/a.yaml': service + models, 'services/m.onnx': '' });
    const wiring = fakeWiring({
      checks: [async (spec) => [{ path: ['models', spec.models[0]!.name, 'file'], message: 'not ONNX' }]],
    });
    const { code, err } = await telltale(['validate', '--config', dir], wiring);
    expect(code).toBe(2);
    expect(err).toMatch(/services\/a\.yaml:7:5 {2}models\[1\]\.file: not ONNX\n/);
  });

  it('prints JSON Schemas without a configuration', async () => {
    const { out, code } = await telltale(['validate', '--schema', 'service']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ type: 'object', required: ['service', 'streams'] });
  });
});

describe('telltale topics', () => {
  const files = { 'telltale.yaml': 'topics: { prefix: x. }\n', 'services/a.yaml': service };

  it('creates what is missing, once', async () => {
    const wiring = fakeWiring();
    const dir = folder(files);
    const first = await telltale(['topics', 'create', '--config', dir], wiring);
    expect(first.code).toBe(0);
    expect(wiring.topics.map(({ name }) => name)).toContain('x.slots');
    expect(first.out).toMatch(/x\.slots +created +4 +1 +cleanup\.policy=compact,delete/);
    const second = await telltale(['topics', 'create', '--config', dir], wiring);
    expect(second.out).toMatch(/x\.slots +exists/);
    expect(wiring.closed).toHaveLength(2);
  });

  it('creates nothing in a dry run, and needs no broker for it', async () => {
    const wiring = fakeWiring({ openTopicAdmin: () => Promise.reject(new Error('no broker')) });
    const { code, out } = await telltale(
      ['topics', 'create', '--dry-run', '--json', '--config', folder(files)],
      wiring,
    );
    expect(code).toBe(0);
    expect(JSON.parse(out).topics).toHaveLength(14);
  });

  it('lists what is read and written, and whether it exists', async () => {
    const wiring = fakeWiring();
    wiring.topics.push({ name: 't', partitions: 1, replication: 1, config: {} });
    const { out } = await telltale(['topics', 'list', '--config', folder(files)], wiring);
    expect(out).toMatch(/^t +yes +requests of a$/m);
    expect(out).toMatch(/^x\.alerts +no +written by Telltale$/m);
  });
});
