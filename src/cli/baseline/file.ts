import { readFileSync } from 'node:fs';
import { BASELINE_BYTES_MAX, parseBaseline } from '../../config/baseline-file.ts';
import { messageOf, TelltaleError } from '../../errors.ts';
import { factsOfState } from '../../profile/baseline/facts.ts';
import type { Baseline } from '../../records.ts';
import type { Cli } from '../command.ts';
import { printJson, printLine } from '../output.ts';
import { formatBaseline, writeBaseline } from './write.ts';

/**
 * Reads a baseline file.
 *
 * @throws TelltaleError file_unreadable, or baseline_invalid with all faults
 */
export function readBaseline(file: string): Baseline {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new TelltaleError('file_unreadable', messageOf(cause), { cause });
  }
  const parsed = parseBaseline(text, factsOfState, Number.POSITIVE_INFINITY);
  if ('baseline' in parsed) return parsed.baseline;
  throw new TelltaleError('baseline_invalid', parsed.faults.map((fault) => `${file} ${fault}`).join('\n'));
}

/** Writes a baseline to a file, with a line or JSON of what it holds, or to standard output, which is JSON itself. */
export function putBaseline({ io, options }: Cli, out: string | undefined, baseline: Baseline): void {
  const { stdout, stderr } = io;
  const { length } = formatBaseline(baseline);
  if (out === undefined) stdout.write(formatBaseline(baseline));
  else {
    writeBaseline(out, baseline);
    const { n, tracks, states = {}, segments = {}, season } = baseline;
    const parts = [
      `${n} rows`,
      `${Object.keys(tracks).length} tracks`,
      ...counted(Object.keys(states).length, 'states'),
      ...counted(Object.keys(segments).length, 'segments'),
      ...counted(Object.keys(season?.parts ?? {}).length, 'hours'),
      `${Math.ceil(length / 1000)} kB`,
    ];
    if (options().json)
      printJson(stdout, { ok: true, file: out, service: baseline.service, rows: n, bytes: length });
    else printLine(stderr, `${out}: ${parts.join(', ')}`);
  }
  if (length <= BASELINE_BYTES_MAX) return;
  const cure = 'build it without --segments or --season, or for fewer segments';
  printLine(stderr, `warning: ${length} bytes, of which the daemon takes ${BASELINE_BYTES_MAX}; ${cure}`);
}

const counted = (n: number, what: string): string[] => (n === 0 ? [] : [`${n} ${what}`]);
