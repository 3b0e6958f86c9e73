/** Why a dead letter is not put back into its topic. */

import { internalTopicNames, selfTopic } from '../../config/topics.ts';
import type { TelltaleConfig } from '../../config/types.ts';
import type { Letter } from '../../flow/letters.ts';
import type { ServiceSpec, StreamSpec } from '../../records.ts';
import type { LetterEntry } from './letters.ts';

/** Outputs, whose readers would get them twice; the others of our topics are logs that only the folds may write. */
const OUTPUTS = ['results', 'alerts', 'incidents', 'retrain', 'rollout'];

export interface ReplayPlan {
  entries: LetterEntry[];
  refused: { id: string; reason: string; isRepeat: boolean }[];
  /** Letters so old that their windows have probably closed. */
  lateProbable: number;
}

interface Reader {
  spec: ServiceSpec;
  stream: StreamSpec;
}

function readerOf(config: TelltaleConfig, topic: string): Reader | null {
  for (const spec of config.services) {
    const stream = spec.streams.find((own) => own.topic === topic);
    if (stream !== undefined) return { spec, stream };
  }
  return null;
}

function reasonOf(
  { letter }: LetterEntry,
  config: TelltaleConfig,
  isThere: (topic: string) => boolean,
): string | null {
  const { topic, cutFromBytes, isSealed } = letter;
  const { prefix } = config.topics;
  if (OUTPUTS.some((name) => topic === prefix + name)) {
    return `${topic} is an output of Telltale: every sink and reader of it would get the record twice`;
  }
  if (internalTopicNames(prefix).includes(topic) || topic === selfTopic(prefix)) {
    return `${topic} is a log of Telltale's own, whose records stand for offsets of the inputs; replay those`;
  }
  if (cutFromBytes !== null) return `only the beginning is kept of its ${cutFromBytes} bytes`;
  if (isSealed && config.privacy === null)
    return 'it is sealed: give the key of then as privacy.key in telltale.yaml';
  if (readerOf(config, topic) === null) return `no service reads ${topic}`;
  return isThere(topic) ? null : `the topic ${topic} does not exist`;
}

const REPEATED = {
  done: 'it was replayed before; --again does so once more',
  begun: 'a replay of it was cut short, so it may be in its topic already; --again puts it there in any case',
} as const;

/** When the windows of what arrived before have probably closed. */
function closedBeforeMs(config: TelltaleConfig, { topic }: Letter, nowMs: number): number {
  const reader = readerOf(config, topic);
  if (reader === null) return nowMs;
  const { windows, maxDelayMs } = reader.spec;
  const isJoined = ['labels', 'feedback', 'predictions'].includes(reader.stream.stream);
  return nowMs - windows.sizeMs - windows.latenessMs - windows.graceMs - (isJoined ? maxDelayMs : 0);
}

/** Sorts out what can be replayed, in the order of the original topics. */
export function planOf(
  found: readonly LetterEntry[],
  config: TelltaleConfig,
  options: { topics: ReadonlyMap<string, number>; again: boolean; limit: number; nowMs: number },
): ReplayPlan {
  const plan: ReplayPlan = { entries: [], refused: [], lateProbable: 0 };
  for (const entry of found) {
    const { id } = entry.letter;
    const reason = reasonOf(entry, config, (topic) => options.topics.has(topic));
    if (reason !== null) plan.refused.push({ id, reason, isRepeat: false });
    else if (entry.replay === 'none' || options.again) plan.entries.push(entry);
    else plan.refused.push({ id, reason: REPEATED[entry.replay], isRepeat: true });
  }
  plan.entries.sort(
    ({ letter: a }, { letter: b }) =>
      (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0) ||
      a.partition - b.partition ||
      a.offset - b.offset,
  );
  plan.entries.splice(options.limit);
  plan.lateProbable = plan.entries.filter(
    ({ letter }) => letter.timeMs < closedBeforeMs(config, letter, options.nowMs),
  ).length;
  return plan;
}
