import { ERRORS, messageOf, TelltaleError } from '../../errors.ts';
import type { ServiceSpec } from '../../records.ts';
import { type DoctorCheck, type Finding, fail, ok } from './check.ts';
import { sampleOf } from './sample.ts';

const OPTIONS = { threadsMax: 1, shadowTimeoutMs: 10_000, shadowFailuresMax: 5 };

/** That every model of every service can be loaded, and answers a row in the middle of what its inputs may be. */
export const modelsCheck: DoctorCheck = {
  name: 'models',
  description: 'each model can be loaded and answers a sample',
  needsBrokers: false,
  async run({ config }) {
    const findings: Finding[] = [];
    // One after the other: each loads all its models, and threads of their own.
    for (const spec of config.services.filter(({ models }) => models.length > 0))
      findings.push(...(await modelFindings(spec)));
    return findings.length > 0 ? findings : [ok('no service has any')];
  },
};

async function modelFindings(spec: ServiceSpec): Promise<Finding[]> {
  const { createScorer } = await import('../../score/scorer.ts');
  try {
    const scorer = await createScorer(spec, OPTIONS);
    try {
      const startedMs = performance.now();
      const { models } = await scorer.score(await sampleOf(spec));
      const ms = Math.round(performance.now() - startedMs);
      const silent = spec.models.filter((_, i) => models[i] === null).map(({ name }) => name);
      if (silent.length > 0)
        return [fail(`${spec.service}: no answer of ${silent.join(', ')}`, ERRORS.model_failed)];
      return [ok(`${spec.service}: ${spec.models.map(({ name }) => name).join(', ')} answer in ${ms} ms`)];
    } finally {
      await scorer.close();
    }
  } catch (error) {
    const cure = error instanceof TelltaleError ? ERRORS[error.code] : ERRORS.model_failed;
    return [fail(`${spec.service}: ${messageOf(error)}`, cure)];
  }
}
