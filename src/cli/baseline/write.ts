import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, TelltaleError } from '../../errors.ts';
import type { Baseline } from '../../records.ts';

/** JSON with a line for each track, so that a new baseline is a readable change in a repository. */
export function formatBaseline(baseline: Baseline): string {
  const { tracks, ...head } = baseline;
  const lines = Object.entries(tracks).map(
    ([track, data]) => `    ${JSON.stringify(track)}: ${JSON.stringify(data)}`,
  );
  const fields = Object.entries(head).map(
    ([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`,
  );
  return `{\n${fields.join('')}  "tracks": {\n${lines.join(',\n')}\n  }\n}\n`;
}

/** Writes the file in one step: a running daemon that reloads never sees half of it. */
export function writeBaseline(file: string, baseline: Baseline): void {
  const part = `${file}.part`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(part, formatBaseline(baseline));
    renameSync(part, file);
  } catch (cause) {
    throw new TelltaleError('file_unreadable', `cannot write ${file}: ${messageOf(cause)}`, { cause });
  }
}
