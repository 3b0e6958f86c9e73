/** The groups of sources of a service, whose windows close apart from each other. */

import type { ServiceSpec } from '../records.ts';
import { TIME_MIN_MS, type Watermarks } from '../window/watermarks.ts';
import { hasStream, needsJoin } from './events-of.ts';
import { JOINED_STREAMS } from './join-state.ts';
import type { SourceGroup } from './messages.ts';

export interface Groups {
  marks: Partial<Record<SourceGroup, Watermarks>>;
  /** Event time through which the windows of a group are closed. */
  closed: Partial<Record<SourceGroup, number>>;
}

export function groupsOf(spec: ServiceSpec): SourceGroup[] {
  const groups: SourceGroup[] = spec.streams.map((stream) => stream.stream);
  if (needsJoin(spec)) groups.push('events');
  return groups;
}

/** Whether the topics of a group do not exist, or nothing has ever come on them: there is nothing to wait for. */
function isSilent(groups: Groups, spec: ServiceSpec, group: SourceGroup): boolean {
  if (group === 'events')
    return JOINED_STREAMS.every((stream) => !hasStream(spec, stream) || isSilent(groups, spec, stream));
  const marks = groups.marks[group] ?? {};
  return spec.streams.every(({ stream, topic }) => {
    if (stream !== group) return true;
    const own = marks[topic];
    if (own === undefined) return false;
    for (let p = 0; p < own.partitions; p++) {
      const mark = own.marks[p];
      if (mark === undefined || !mark.idle || mark.watermarkMs > TIME_MIN_MS) return false;
    }
    return true;
  });
}

/** Event time through which all groups have closed their windows. */
export const throughOf = (groups: Groups, spec: ServiceSpec): number =>
  Math.min(
    ...groupsOf(spec)
      .filter((group) => !isSilent(groups, spec, group))
      .map((group) => groups.closed[group] ?? TIME_MIN_MS),
  );
