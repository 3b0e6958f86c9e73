import { splitUrl } from '../../decode/registry.ts';
import { topicNames } from '../../flow/runtime.ts';
import { type PublicName, schemaText } from '../../flow/wire.ts';
import { type DoctorCheck, type Finding, fail, ok, warn, whyOf } from './check.ts';

const TIMEOUT_MS = 5_000;

interface Registry {
  base: string;
  headers: Record<string, string>;
}

/** That the registry answers, knows the schemas of what is read, and takes those of what is written. */
export const schemasCheck: DoctorCheck = {
  name: 'registry',
  description: 'the schema registry answers, and takes the schemas of Telltale',
  needsBrokers: false,
  async run({ config }) {
    if (config.registry === null) return [ok('none is configured; public records are bare Avro')];
    const registry = splitUrl(config.registry.url, null);
    let subjects: string[];
    try {
      subjects = (await ask(registry, '/subjects')) as string[];
    } catch (error) {
      const cure =
        'Check registry.url in telltale.yaml and that the registry runs; take it out to do without.';
      return [fail(`${registry.base} does not answer: ${whyOf(error)}`, cure)];
    }
    const read = config.services
      .flatMap(({ streams }) => streams)
      .filter(({ encoding, topic }) => encoding === 'avro' && !subjects.includes(`${topic}-value`))
      .map(({ topic }) =>
        warn(
          `no subject ${topic}-value`,
          'Its producer has not registered yet, or names subjects otherwise.',
        ),
      );
    const names = topicNames(config.topics.prefix);
    const written: [PublicName, string][] = [
      ['result', names.results],
      ['alert', names.alerts],
      ['incident', names.incidents],
      ['retrain', names.retrain],
      ['rollout', names.rollout],
    ];
    const refused = await Promise.all(
      written
        .filter(([, topic]) => subjects.includes(`${topic}-value`))
        .map(([name, topic]) => compatibility(registry, name, `${topic}-value`)),
    );
    const faults = [...read, ...refused.flat()];
    return faults.length > 0 ? faults : [ok(`${registry.base} answers, ${subjects.length} subjects`)];
  },
};

async function ask({ base, headers }: Registry, path: string, body?: object): Promise<unknown> {
  const response = await fetch(base + path, {
    headers: { ...headers, ...(body && { 'content-type': 'application/vnd.schemaregistry.v1+json' }) },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
}

async function compatibility(registry: Registry, name: PublicName, subject: string): Promise<Finding[]> {
  const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions/latest`;
  try {
    const answer = await ask(registry, path, { schema: schemaText(name), schemaType: 'AVRO' });
    if ((answer as { is_compatible?: boolean }).is_compatible !== false) return [];
    const cure = `Take another topics.prefix, or set the compatibility of ${subject} to NONE for the update.`;
    return [fail(`${subject} does not take the schema of this version`, cure)];
  } catch (error) {
    return [warn(`${subject} cannot be compared: ${whyOf(error)}`, 'See the log of the registry.')];
  }
}
