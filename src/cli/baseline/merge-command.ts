import { TelltaleError } from '../../errors.ts';
import { mergeBaselines } from '../../profile/baseline/merge.ts';
import type { Cli } from '../command.ts';
import { printLine } from '../output.ts';
import { putBaseline, readBaseline } from './file.ts';

export interface MergeOptions {
  out?: string;
}

/** `telltale baseline merge`. */
export function merge(cli: Cli, files: readonly string[], { out }: MergeOptions): void {
  const { io } = cli;
  if (files.length < 2) throw new TelltaleError('usage', 'give two files or more to merge');
  const { baseline, recut, left } = mergeBaselines(files.map(readBaseline));
  if (recut.length > 0) {
    const cure = 'to keep the cells, build the parts with --cells-of';
    printLine(io.stderr, `cells differ and are cut anew: ${recut.join(', ')}; ${cure}`);
  }
  if (left.length > 0) {
    const cure = 'build the baseline from all data to have them';
    printLine(io.stderr, `of other parameters in each file and left out: ${left.join(', ')}; ${cure}`);
  }
  putBaseline(cli, out, baseline);
}
