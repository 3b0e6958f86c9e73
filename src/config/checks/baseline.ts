import type { Baseline } from '../../records.ts';
import { parseBaseline } from '../baseline-file.ts';
import type { Report } from '../document.ts';
import type { Path, Registries } from '../types.ts';
import type { View } from '../view.ts';
import { checkFit } from './baseline-fit.ts';
import { checkLearning } from './baseline-learning.ts';
import type { Files } from './streams.ts';

/**
 * Reads the baseline that the service names and checks that it is of this service, its inputs, outputs, models,
 * segments and season. Tracks of inputs that are gone are let pass.
 */
export function checkBaseline(
  view: View,
  files: Files,
  registries: Registries,
  report: Report,
): Baseline | null {
  const { baseline: wanted } = view;
  if (wanted === null) return null;
  checkLearning(view, report);
  const { file } = wanted;
  if (file === undefined) return null;
  const at: Path = view.isBaselineText ? ['baseline'] : ['baseline', 'file'];
  const text = files.read(files.resolve(file));
  if (text === null) {
    report(at, { message: `no such file: '${file}' (paths are relative to the service file)` });
    return null;
  }
  const say = (message: string): void => report(at, { message: `'${file}' ${message}` });
  const parsed = parseBaseline(text, registries.readState);
  if ('faults' in parsed) {
    for (const fault of parsed.faults) say(fault);
    return null;
  }
  checkFit(parsed, view, { report, at, say });
  return parsed.baseline;
}
