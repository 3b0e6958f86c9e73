/** `telltale/core`: profiles rows in a browser or at the edge; see docs/core.md. */

export {
  type CoreSpec,
  createProfiler,
  type Profiler,
  type ProfilerOptions,
  type Refused,
  type SlotRecord,
  slotsPartitionOf,
} from './profiler.ts';
