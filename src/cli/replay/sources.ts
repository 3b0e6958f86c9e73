/** Files of several streams as one sequence in the order of event time. */

import { basename } from 'node:path';
import { TelltaleError } from '../../errors.ts';
import type { ServiceSpec, StreamSpec } from '../../records.ts';
import { type Format, readRows } from '../baseline/rows.ts';
import { createShaper, type TimeSteps } from './shape.ts';

export interface FileSource {
  file: string;
  format: Format;
  stream: StreamSpec;
}

export interface Replayed {
  stream: StreamSpec;
  /** Stands in for the id where the row carries none. */
  key: string;
  /** Of the record, or of the one before it in the file where it has none that can be read. */
  timeMs: number;
  value: Buffer;
}

async function* recordsOf(
  spec: ServiceSpec,
  { file, format, stream }: FileSource,
  steps: TimeSteps | null,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Replayed> {
  const shape = createShaper(spec, stream, format, steps);
  let index = 0;
  let lastMs = Number.NaN;
  for await (const row of readRows(file, format, onBytes)) {
    const { timeMs, value } = shape(row, index);
    if (index === 0 && Number.isNaN(timeMs)) {
      const where = stream.time === '' ? 'stream has no time field' : `no event time at '${stream.time}'`;
      const names = Object.keys(row).join(', ');
      throw new TelltaleError(
        'input_unreadable',
        `${file}: ${where} in the first row, which has ${names}; give --time-start and --time-step`,
      );
    }
    lastMs = Number.isNaN(timeMs) ? lastMs : timeMs;
    yield { stream, key: `${basename(file)}:${index + 1}`, timeMs: lastMs, value };
    index++;
  }
}

/** Merges files that are in the order of time each; equal times go in the order of the files. */
export async function* mergeFiles(
  spec: ServiceSpec,
  sources: readonly FileSource[],
  steps: TimeSteps | null,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Replayed> {
  const open = sources.map((source) => recordsOf(spec, source, steps, onBytes));
  try {
    const heads: (Replayed | null)[] = [];
    for (const records of open) heads.push(await nextOf(records));
    for (;;) {
      let best = -1;
      for (let i = 0; i < heads.length; i++) {
        const head = heads[i];
        if (head && (best < 0 || head.timeMs < heads[best]!.timeMs)) best = i;
      }
      if (best < 0) return;
      yield heads[best]!;
      heads[best] = await nextOf(open[best]!);
    }
  } finally {
    for (const records of open) await records.return(undefined);
  }
}

async function nextOf(records: AsyncGenerator<Replayed>): Promise<Replayed | null> {
  const { value, done } = await records.next();
  return done ? null : value;
}
