/** Half-hourly prices of electricity: real data with a rhythm, and a change of the inputs at row 17,424. */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { optionsOf } from '../../../src/detect/detector.ts';
import { DETECTORS } from '../../../src/detect/registry.ts';
import { type Group, numberText, shareText } from '../group.ts';
import { NAMES } from '../rules/detectors.ts';

const FILE = fileURLToPath(new URL('../../../../shared/data/elec.csv', import.meta.url));
const CELLS = 10;

interface Found {
  detector: string;
  rows: number;
  wrong: number;
  alarms: number;
}

interface Rows {
  x: number[][];
  y: number[];
}

function read(): Rows {
  const lines = readFileSync(FILE, 'utf8').trim().split('\n').slice(1);
  const cells = lines.map((line) => line.split(',').map(Number));
  return { x: cells.map((row) => row.slice(0, -1)), y: cells.map((row) => row.at(-1)!) };
}

/** Naive Bayes that learns each row after it was asked about it, and begins again at an alarm. */
function prequential({ x, y }: Rows, alarm: (error: number) => boolean): { wrong: number; alarms: number } {
  const inputs = x[0]!.length;
  const fresh = () => ({
    totals: [1, 1],
    counts: [0, 1].map(() => new Float64Array(inputs * CELLS).fill(1)),
  });
  let model = fresh();
  let [wrong, alarms] = [0, 0];
  x.forEach((row, i) => {
    const at = row.map((value, j) => j * CELLS + Math.min(CELLS - 1, Math.floor(value * CELLS)));
    const score = (label: 0 | 1): number =>
      at.reduce(
        (sum, cell) => sum + Math.log(model.counts[label]![cell]! / (model.totals[label]! + CELLS)),
        Math.log(model.totals[label]!),
      );
    const error = (score(1) > score(0) ? 1 : 0) === y[i] ? 0 : 1;
    wrong += error;
    if (alarm(error)) {
      alarms++;
      model = fresh();
    }
    model.totals[y[i]!]!++;
    for (const cell of at) model.counts[y[i]!]![cell]!++;
  });
  return { wrong, alarms };
}

const NEVER = 'no detector';

export const ELEC_GROUP: Group = {
  name: 'elec',
  description: 'real data: the electricity market of New South Wales',
  tasks: () => (existsSync(FILE) ? [NEVER, ...NAMES] : []),
  run(task) {
    const rows = read();
    const kind = DETECTORS[task];
    if (kind === undefined) return { detector: task, rows: rows.y.length, ...prequential(rows, () => false) };
    const options = optionsOf(kind);
    const state = kind.create(options);
    const found = prequential(rows, (error) => kind.step(state, options, error) === 'drift');
    return { detector: task, rows: rows.y.length, ...found } satisfies Found;
  },
  tables(results) {
    const found = results as Found[];
    const text =
      'Naive Bayes asked about each row before it learns it, begun anew at each alarm. Where the truth changes is not known, and neighbouring rows are alike, so alarms are counted and not judged: what is lost or won shows in the share of wrong answers. `e_sr` and `e_cusum` learn their baseline from the first 1,000 errors here.';
    if (found.length === 0)
      return [{ title: 'Electricity', text: 'Left out: elec.csv is not here.', head: ['-'], rows: [] }];
    return [
      {
        title: 'Electricity',
        text,
        head: ['detector', 'alarms', 'in 100,000', 'wrong answers'],
        rows: found.map(({ detector, rows, wrong, alarms }) => [
          detector,
          String(alarms),
          numberText((100_000 * alarms) / rows),
          shareText(wrong, rows),
        ]),
      },
    ];
  },
};
