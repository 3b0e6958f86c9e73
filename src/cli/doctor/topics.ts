import { type TopicSpec, topicSpecs } from '../../config/topics.ts';
import type { TelltaleConfig } from '../../config/types.ts';
import type { TopicFacts } from '../../log/kafka-inspect.ts';
import { type DoctorCheck, type Finding, fail, kafkaTool, ok, warn } from './check.ts';
import { inputTopics } from './inputs.ts';

/** Settings that Telltale relies on: the words, and whether what a topic has will do. */
const NEEDS: Readonly<Record<string, (found: string, needed: string) => boolean>> = {
  'cleanup.policy': (found, needed) => words(found) === words(needed),
  'retention.ms': (found, needed) => found === '-1' || (needed !== '-1' && Number(found) >= Number(needed)),
  'min.compaction.lag.ms': (found, needed) => Number(found) >= Number(needed),
  'max.message.bytes': (found, needed) => Number(found) >= Number(needed),
};
const words = (list: string): string => list.split(',').sort().join(',');

/** That they exist, with the partitions, copies and settings that Telltale needs. */
export const topicsCheck: DoctorCheck = {
  name: 'topics',
  description:
    'topics exist, all partitions have a leader and enough copies, and settings keep what is needed',
  needsBrokers: true,
  async run({ config, kafka }) {
    const own = topicSpecs(config);
    const inputs = inputTopics(config);
    const cluster = await kafka.cluster([...own.map(({ name }) => name), ...inputs.keys()]);
    if (cluster === null)
      return [warn('the brokers are older than Kafka 2.3 and do not tell enough', 'Update the brokers.')];
    const facts = new Map(cluster.topics.map((topic) => [topic.name, topic]));
    const there = own.filter(({ name }) => facts.get(name)?.state === 'there');
    const configs = there.length === 0 ? new Map() : await kafka.topicConfigs(there.map(({ name }) => name));
    const findings = [
      ...[...inputs].flatMap(([name, use]) => inputFindings(config, facts.get(name), name, use)),
      ...missingOwn(own, facts),
      ...there.flatMap((spec) => ownFindings(config, spec, facts.get(spec.name)!, configs?.get(spec.name))),
    ];
    if (configs === null)
      findings.push(warn('settings of topics may not be seen', 'Allow DescribeConfigs on them.'));
    if (findings.length > 0) return findings;
    return [ok(`${inputs.size} input topics and ${own.length} of Telltale are as needed`)];
  },
};

function inputFindings(
  config: TelltaleConfig,
  facts: TopicFacts | undefined,
  name: string,
  use: string,
): Finding[] {
  if (facts === undefined || facts.state === 'missing') {
    const create = `${kafkaTool('kafka-topics', config)} --create --topic ${name} --partitions 4`;
    return [fail(`${name} (${use}) does not exist`, `Create it, or correct its name: ${create}`)];
  }
  return facts.state === 'denied' ? [] : partitionFindings(facts, 1);
}

/** The daemon makes its own topics at its start. */
function missingOwn(own: readonly TopicSpec[], facts: ReadonlyMap<string, TopicFacts>): Finding[] {
  const names = own.filter(({ name }) => facts.get(name)?.state === 'missing').map(({ name }) => name);
  if (names.length === 0) return [];
  return [warn(`not made yet: ${names.join(', ')}`, 'telltale topics create; or telltale run makes them')];
}

function ownFindings(
  config: TelltaleConfig,
  spec: TopicSpec,
  facts: TopicFacts,
  found: Record<string, string> | undefined,
): Finding[] {
  const findings = partitionFindings(facts, Number(found?.['min.insync.replicas'] ?? 1));
  if (facts.partitions.some(({ replicas }) => replicas < spec.replication)) {
    const cure = 'Move it with kafka-reassign-partitions.sh, or correct topics.replication.';
    findings.push(warn(`${spec.name} has fewer copies than topics.replication, ${spec.replication}`, cure));
  }
  for (const [key, needed] of Object.entries(spec.config)) {
    const value = found?.[key];
    if (value === undefined || NEEDS[key]?.(value, needed) !== false) continue;
    const alter = `${kafkaTool('kafka-configs', config)} --alter --entity-type topics --entity-name ${spec.name}`;
    // Lists stand in brackets there.
    const written = needed.includes(',') ? `[${needed}]` : needed;
    findings.push(
      fail(`${spec.name} has ${key}=${value} and needs ${needed}`, `${alter} --add-config ${key}=${written}`),
    );
  }
  return findings;
}

/** @param inSyncMin copies without which nothing can be written */
function partitionFindings({ name, partitions }: TopicFacts, inSyncMin: number): Finding[] {
  const leaderless = partitions.filter(({ hasLeader }) => !hasLeader).length;
  if (leaderless > 0)
    return [
      fail(
        `${name}: ${leaderless} of ${partitions.length} partitions have no leader`,
        'Start the brokers that hold them.',
      ),
    ];
  const few = partitions.filter(({ inSync }) => inSync < inSyncMin).length;
  if (few > 0)
    return [
      fail(
        `${name}: ${few} partitions have fewer copies in sync than min.insync.replicas, ${inSyncMin}: nothing can be written`,
        'Start the brokers that hold the copies.',
      ),
    ];
  const behind = partitions.filter(({ inSync, replicas }) => inSync < replicas).length;
  if (behind > 0)
    return [warn(`${name}: copies of ${behind} partitions are behind`, 'See which broker is away or slow.')];
  return [];
}
