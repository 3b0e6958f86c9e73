import { describe, expect, it } from 'vitest';
import { machineFindings } from '../../src/cli/doctor/machine.ts';
import { DOCTOR_CHECKS } from '../../src/cli/doctor/registry.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { ClusterFacts, KafkaInspector, Right, TopicFacts } from '../../src/log/kafka-inspect.ts';
import { registries } from '../config/support.ts';
import { fakeWiring, folder, telltale } from './support.ts';

const service = 'service: a\nstreams: { requests: { topic: t } }\ninputs: { x: { type: numeric } }\n';
const labelled = `${service.replace('{ topic: t }', '{ topic: t }, labels: { topic: u }')}outputs: { y: { type: regressor } }\n`;
const ALL: ReadonlySet<Right> = new Set(['Read', 'Write', 'Create', 'Describe', 'DescribeConfigs']);

/** Brokers of which nothing is wrong, but for what a test changes. */
function inspector(change: Partial<TopicFacts> & { of?: string } = {}): KafkaInspector {
  const { of = 't', ...changed } = change;
  return {
    reach: async () => 1,
    cluster: async (topics): Promise<ClusterFacts> => ({
      brokers: [],
      rights: ALL,
      topics: topics.map((name) => ({
        name,
        state: 'there',
        partitions: [{ replicas: 1, inSync: 1, hasLeader: true }],
        rights: ALL,
        ...(name === of && changed),
      })),
    }),
    groupRights: async () => ALL,
    topicConfigs: async () => new Map(),
    close: async () => {},
  };
}

async function doctor(files: Record<string, string>, kafka = inspector()) {
  const wiring = fakeWiring({ inspectKafka: async () => kafka });
  const { code, out } = await telltale(['doctor', '--json', '--config', folder(files)], wiring);
  const { checks } = JSON.parse(out) as {
    checks: { check: string; status: string; message: string; cure: string }[];
  };
  // Nothing can be read without a broker.
  return { code, bad: checks.filter(({ check, status }) => status !== 'ok' && check !== 'clock'), checks };
}

const good = { 'telltale.yaml': '', 'services/a.yaml': service };

describe('telltale doctor', () => {
  it('finds nothing where nothing is wrong', async () => {
    const { bad, checks } = await doctor(good);
    expect(bad).toEqual([]);
    const names = ['config', ...DOCTOR_CHECKS.map(({ name }) => name)];
    expect([...new Set(checks.map(({ check }) => check))]).toEqual(names);
  });

  it('goes on to the brokers where a service is wrong, and names each fault', async () => {
    const { code, bad, checks } = await doctor({ ...good, 'services/a.yaml': `${service}y: 1\nz: 1\n` });
    expect(code).toBe(1);
    expect(bad.map(({ check, message }) => [check, message])).toEqual([
      ['config', expect.stringContaining("a.yaml:4:1  y: unknown key 'y'")],
      ['config', expect.stringContaining("a.yaml:5:1  z: unknown key 'z'")],
    ]);
    expect(checks.find(({ check }) => check === 'brokers')).toMatchObject({ status: 'ok' });
  });

  it('ends with 1 where telltale.yaml is wrong, and checks no more', async () => {
    const { code, checks } = await doctor({ ...good, 'telltale.yaml': 'x: 1\n' });
    expect([code, checks.map(({ check }) => check)]).toEqual([1, ['config']]);
  });

  const partition = { replicas: 3, inSync: 3, hasLeader: true };
  it.each<[string, Partial<TopicFacts> & { of?: string }, string, RegExp]>([
    [
      'without a leader',
      { partitions: [{ ...partition, hasLeader: false }] },
      'fail',
      /t: 1 of 1 .* no leader/,
    ],
    [
      'with copies that are behind',
      { partitions: [{ ...partition, inSync: 2 }] },
      'warn',
      /copies of 1 partitions/,
    ],
    [
      'with too few copies',
      { of: 'telltale.slots', partitions: [{ ...partition, inSync: 0 }] },
      'fail',
      /in sync/,
    ],
    [
      'that is not made yet',
      { of: 'telltale.slots', state: 'missing' },
      'warn',
      /not made yet: telltale\.slots/,
    ],
    ['that may not be read', { rights: new Set<Right>(['Describe']) }, 'fail', /no Read on t/],
    [
      'that may not even be seen',
      { state: 'denied', rights: new Set() },
      'fail',
      /no Read, no Describe on t/,
    ],
  ])('tells of a topic %s', async (_, change, status, message) => {
    const { bad } = await doctor(good, inspector(change));
    expect(bad).toEqual([expect.objectContaining({ status, message: expect.stringMatching(message) })]);
    expect(bad[0]!.cure).not.toBe('');
  });

  it('names the user in the command that allows', async () => {
    const sasl =
      'kafka: { ssl: true, sasl: { mechanism: scram-sha-256, username: plant, password: hush-hush } }\n';
    const { bad } = await doctor({ ...good, 'telltale.yaml': sasl }, inspector({ rights: new Set() }));
    expect(bad[0]!.cure).toBe(
      'kafka-acls.sh --bootstrap-server localhost:9092 --command-config client.properties --add --allow-principal User:plant --operation Read --operation Describe --topic t',
    );
  });

  it('counts cores and what pending joins may take', async () => {
    const dir = folder({ 'telltale.yaml': 'scoring: { threads: 8 }\n', 'services/a.yaml': labelled });
    const config = await loadConfig(dir, registries);
    const [threads, memory] = machineFindings(config, 2, 500e6);
    expect(threads).toMatchObject({ status: 'warn', cure: 'Set it to 2 at most.' });
    expect(memory!.message).toBe('500 MB of memory; full tables of pending joins take 780 MB');
    expect(machineFindings(config, 8, 800e6).map(({ status }) => status)).toEqual(['ok']);
  });
});
