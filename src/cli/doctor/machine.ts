import { availableParallelism, totalmem } from 'node:os';
import type { TelltaleConfig } from '../../config/types.ts';
import { type DoctorCheck, type Finding, ok, warn } from './check.ts';

/** Node, codecs and the sessions of small models, as measured. */
const BASE_BYTES = 300e6;
/** Of a request that waits for its label: `docs/architecture.md`. */
const PENDING_BYTES = 120;

/** Cores and memory, beside what the configuration may come to need. */
export const machineCheck: DoctorCheck = {
  name: 'machine',
  description: 'cores and memory are enough for threads, models and pending joins',
  needsBrokers: false,
  async run({ config }) {
    const cores = availableParallelism();
    // In a container the limit of its group counts; outside of one it is larger than the memory.
    const limit = process.constrainedMemory();
    const bytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
    return machineFindings(config, cores, bytes);
  },
};

/** @param bytes of memory that this process may have */
export function machineFindings(config: TelltaleConfig, cores: number, bytes: number): Finding[] {
  const findings: Finding[] = [];
  if (config.scoring.threads > cores)
    findings.push(
      warn(`scoring.threads is ${config.scoring.threads}, of ${cores} cores`, `Set it to ${cores} at most.`),
    );
  const joined = config.services.filter(({ streams }) =>
    streams.some(({ stream }) => stream !== 'requests' && stream !== 'telemetry'),
  );
  const pending = joined.reduce((sum, { limits }) => sum + limits.pendingJoinsMax, 0);
  // Each partition of the topic of events has a bound of its own.
  const worst = BASE_BYTES + pending * PENDING_BYTES * config.topics.partitions;
  if (BASE_BYTES > bytes)
    findings.push(warn(`${megabytes(bytes)} of memory`, `Give it ${megabytes(BASE_BYTES)} at least.`));
  else if (worst > bytes) {
    const cure = 'Set limits.pending_joins_max to the requests of join.max_delay, or give it more memory.';
    findings.push(
      warn(`${megabytes(bytes)} of memory; full tables of pending joins take ${megabytes(worst)}`, cure),
    );
  }
  if (findings.length > 0) return findings;
  return [ok(`${cores} cores, ${megabytes(bytes)} of memory, Node ${process.versions.node}`)];
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
