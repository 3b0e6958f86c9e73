import { topicSpecs } from '../../config/topics.ts';
import type { TelltaleConfig } from '../../config/types.ts';
import { judgeGroupOf } from '../../flow/runtime.ts';
import type { ClusterFacts, Right } from '../../log/kafka-inspect.ts';
import { type DoctorCheck, type Finding, fail, kafkaTool, ok, warn } from './check.ts';
import { inputTopics } from './inputs.ts';

const TO_READ: readonly Right[] = ['Read', 'Describe'];
const TO_OWN: readonly Right[] = ['Read', 'Write', 'Describe'];

/** That this client may do what the daemon does; the brokers say so, nothing is tried. */
export const rightsCheck: DoctorCheck = {
  name: 'acls',
  description: 'the brokers let this client read its inputs, write its own topics and use its groups',
  needsBrokers: true,
  async run({ config, kafka }) {
    const inputs = [...inputTopics(config).keys()];
    const own = topicSpecs(config).map(({ name }) => name);
    const cluster = await kafka.cluster([...inputs, ...own]);
    if (cluster === null)
      return [warn('the brokers are older than Kafka 2.3 and do not tell rights', 'Update the brokers.')];
    const findings = [
      ...inputs.flatMap((name) => topicFindings(config, cluster, [name], TO_READ, `--topic ${name}`)),
      ...topicFindings(config, cluster, own, TO_OWN, ofPrefix('topic', config.topics.prefix)),
      ...createFindings(config, cluster, own),
    ];
    const { group } = config.kafka;
    const groups = [group, judgeGroupOf(group), `${group}.sink.influx`];
    const denied: string[] = [];
    for (const name of groups) if (!(await kafka.groupRights(name)).has('Read')) denied.push(name);
    if (denied.length > 0)
      findings.push(
        fail(`may not use the groups ${denied.join(', ')}`, allow(config, TO_READ, ofPrefix('group', group))),
      );
    if (findings.length > 0) return findings;
    return [ok(`may read ${inputs.length} input topics, read and write its own, and use its groups`)];
  },
};

function topicFindings(
  config: TelltaleConfig,
  cluster: ClusterFacts,
  names: readonly string[],
  needed: readonly Right[],
  resource: string,
): Finding[] {
  const own = cluster.topics.filter(({ name, state }) => names.includes(name) && state !== 'missing');
  const lacking = needed.filter((right) => own.some(({ rights }) => !rights.has(right)));
  const among = own.filter(({ rights }) => lacking.some((right) => !rights.has(right)));
  if (among.length === 0) return [];
  const shown = among.map(({ name }) => name).join(', ');
  return [fail(`no ${lacking.join(', no ')} on ${shown}`, allow(config, lacking, resource))];
}

/** Topics that are missing have to be made, by the daemon or by somebody else. */
function createFindings(config: TelltaleConfig, { topics, rights }: ClusterFacts, own: string[]): Finding[] {
  const missing = topics.filter(({ name, state }) => own.includes(name) && state === 'missing');
  const denied = missing.filter((topic) => !topic.rights.has('Create'));
  if (denied.length === 0 || rights.has('Create')) return [];
  const cure = allow(config, ['Create'], ofPrefix('topic', config.topics.prefix));
  return [fail(`no Create of ${denied.map(({ name }) => name).join(', ')}`, cure)];
}

/** Every name begins with the prefix, which may be empty. */
const ofPrefix = (kind: 'topic' | 'group', prefix: string): string =>
  prefix === '' ? `--${kind} '*'` : `--resource-pattern-type prefixed --${kind} ${prefix}`;

function allow(config: TelltaleConfig, rights: readonly Right[], resource: string): string {
  const operations = rights.map((right) => `--operation ${right}`).join(' ');
  const principal = `--allow-principal ${principalOf(config)}`;
  return `${kafkaTool('kafka-acls', config)} --add ${principal} ${operations} ${resource}`;
}

/** Who the broker takes us for, as far as the configuration says. */
function principalOf({ kafka: { sasl, ssl } }: TelltaleConfig): string {
  if (sasl !== null && sasl.mechanism !== 'oauthbearer') return `User:${sasl.username}`;
  if (sasl !== null) return 'User:SUBJECT_OF_THE_TOKEN';
  return ssl === false ? 'User:ANONYMOUS' : 'User:NAME_OF_THE_CERTIFICATE';
}
