/** Silences that a test gives, and ends, as the commands of a person. */

import { checkMatcher } from '../../config/checks/incidents.ts';
import type { Report } from '../../config/document.ts';
import { matcherOf } from '../../config/incidents.ts';
import type { Registries } from '../../config/types.ts';
import type { Command, SilenceSpec } from '../../records.ts';
import type { Plan } from './run.ts';
import type { TestShape } from './shape.ts';
import { opened, type Target } from './target.ts';
import { durationText } from './words.ts';

interface Silence {
  id: string;
  atMs: number;
  untilMs: number;
}

/**
 * The commands of a test in the order of time; faults are reported, after which they cannot be run.
 *
 * @param targets what is under test, and what comes of it by reloads: a matcher may name rules of each
 */
export function commandsOf(
  test: TestShape,
  targets: readonly Target[],
  startMs: number,
  registries: Registries,
  report: Report,
): Plan['commands'] {
  const { service } = targets[0]!.spec;
  const views = targets.map(({ view }) => view);
  const all = {
    ...views[0]!,
    rules: views.flatMap(({ rules }) => rules),
    ruleNames: views.flatMap(({ ruleNames }) => ruleNames),
  };
  const view = targets[0]!.file === null ? opened(all) : all;
  const commands: { atMs: number; command: Command }[] = [];
  const silences: Silence[] = [];
  test.silence_at.forEach((written, k) => {
    const { at: atMs, for: forMs, by, reason } = written;
    const id = written.id ?? `silence ${k + 1}`;
    if (silences.some((other) => other.id === id))
      report(['silence_at', k, 'id'], { message: `the id '${id}' is already that of another silence` });
    checkMatcher(written.match, ['silence_at', k, 'match'], view, registries, report);
    const untilMs = atMs + forMs;
    silences.push({ id, atMs, untilMs });
    const match = matcherOf(written.match, registries);
    const spec: SilenceSpec = { match, fromMs: startMs + atMs, untilMs: startMs + untilMs };
    const target = JSON.stringify(spec);
    commands.push({ atMs, command: { id, service, kind: 'silence.add', target, by, reason } });
  });
  const ended = new Set<string>();
  [...test.expire_at.entries()]
    .sort(([, a], [, b]) => a.at - b.at)
    .forEach(([k, { at: atMs, id }]) => {
      const isThere = (one: Silence): boolean =>
        !ended.has(one.id) && one.atMs <= atMs && atMs < one.untilMs && (id ?? one.id) === one.id;
      const found = silences.filter(isThere);
      if (found.length === 0) reportMissing(silences, atMs, id, (fault) => report(['expire_at', k], fault));
      for (const one of found) {
        ended.add(one.id);
        const command = { id: `${one.id} ends`, service, target: one.id, by: 'test', reason: '' };
        commands.push({ atMs, command: { ...command, kind: 'silence.expire' } });
      }
    });
  return commands.sort((a, b) => a.atMs - b.atMs);
}

type Fault = Parameters<Report>[1];

function reportMissing(
  silences: readonly Silence[],
  atMs: number,
  id: string | undefined,
  report: (fault: Fault) => void,
): void {
  const known = silences.map((one) => one.id);
  if (id !== undefined && !known.includes(id)) {
    const allowed = known.length > 0 ? known : ['ids of silence_at, which has none'];
    report({ found: `the silence '${id}'`, word: id, allowed });
    return;
  }
  const what = id === undefined ? 'no silence holds' : `the silence '${id}' does not hold`;
  report({ message: `${what} at ${durationText(atMs)}` });
}
