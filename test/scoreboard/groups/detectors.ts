/** Every detector on the errors of a frozen model, on published generators. */

import { DETECTORS } from '../../../src/detect/registry.ts';
import { GENERATORS, rowAt, SCHEDULES, type Schedule } from '../generators/index.ts';
import { type Group, type Mode, median, numberText, type Size, shareText } from '../group.ts';
import { train } from '../learners.ts';
import { randomOf } from '../random.ts';
import { BASELINE, NAMES, type Outcome, optionsFor, streamsFor, watch } from '../rules/detectors.ts';

const SEEDS: Record<Size, number> = { quick: 2, default: 20, full: 100 };
const BEFORE = 5_000;
const AFTER = 5_000;
const NULL_ROWS = 50_000;

interface Found {
  schedule: Schedule;
  generator: string;
  rows: number;
  outcomes: Record<string, Outcome[]>;
}

function run(task: string, mode: Mode): Found {
  const [name, schedule] = task.split('/') as [string, Schedule];
  const at = GENERATORS.findIndex((one) => one.name === name);
  const generator = GENERATORS[at]!;
  const rows = schedule === 'none' ? NULL_ROWS : BEFORE + AFTER;
  const changeAt = schedule === 'none' ? rows : BEFORE;
  const outcomes: Record<string, Outcome[]> = Object.fromEntries(NAMES.map((one) => [one, []]));
  for (let seed = 0; seed < SEEDS[mode.size]; seed++) {
    const random = randomOf(1_000 * at + 100_000 * SCHEDULES.indexOf(schedule) + seed);
    const model = train(generator, random);
    let known = 0;
    for (let i = 0; i < BASELINE; i++) known += model.errorOf(generator.row(random, 0));
    const errors = new Uint8Array(rows);
    for (let i = 0; i < rows; i++) errors[i] = model.errorOf(rowAt(generator, random, schedule, i, changeAt));
    for (const detector of NAMES) {
      if (seed >= streamsFor(detector, SEEDS[mode.size])) continue;
      const kind = DETECTORS[detector]!;
      outcomes[detector]!.push(watch(kind, optionsFor(kind, known), errors, changeAt));
    }
  }
  return { schedule, generator: name, rows, outcomes };
}

const cellOf = (outcomes: readonly Outcome[]): string => {
  const delays = outcomes.flatMap(({ delay }) => (delay === null ? [] : [delay]));
  const missed = outcomes.length - delays.length;
  return `${numberText(median(delays))}${missed > 0 ? ` (${missed} missed)` : ''}`;
};

export const DETECTOR_GROUP: Group = {
  name: 'detectors',
  description: 'every detector on the errors of a frozen model, on published generators',
  tasks: () => GENERATORS.flatMap(({ name }) => SCHEDULES.map((schedule) => `${name}/${schedule}`)),
  run,
  tables(results, mode) {
    const found = results as Found[];
    const of = (schedule: Schedule, generator: string): Found =>
      found.find((one) => one.schedule === schedule && one.generator === generator)!;
    const names = GENERATORS.map(({ name }) => name);
    const alarms = (detector: string, list: readonly Found[]): string => {
      const all = list.flatMap(({ outcomes }) => outcomes[detector]!);
      const before = all.reduce((sum, one) => sum + one.before, 0);
      const rows = list.reduce((sum, one) => sum + (one.schedule === 'none' ? one.rows : BEFORE), 0);
      return numberText((100_000 * before) / rows / streamsFor(detector, SEEDS[mode.size]));
    };
    const nulls = {
      title: 'False alarms without drift',
      text: `Alarms in 100,000 errors of a model that was trained and frozen, ${SEEDS[mode.size]} streams of ${NULL_ROWS} each; default options. \`e_sr\` and \`e_cusum\` know the errors of ${BASELINE} labels. KSWIN sees a tenth of the streams.`,
      head: ['detector', ...names, 'all'],
      rows: NAMES.map((detector) => [
        detector,
        ...names.map((name) => alarms(detector, [of('none', name)])),
        alarms(
          detector,
          names.map((name) => of('none', name)),
        ),
      ]),
    };
    const drifts = SCHEDULES.filter((schedule) => schedule !== 'none').map((schedule) => ({
      title: `Delay, ${schedule} change`,
      text: `Median of the rows from the change at ${BEFORE} to the first alarm, ${SEEDS[mode.size]} streams; missed: none within ${AFTER}. Delays of detectors with false alarms are flattered: an alarm may come by chance.`,
      head: ['detector', ...names, 'missed'],
      rows: NAMES.map((detector) => {
        const all = names.flatMap((name) => of(schedule, name).outcomes[detector]!);
        return [
          detector,
          ...names.map((name) => cellOf(of(schedule, name).outcomes[detector]!)),
          shareText(all.filter(({ delay }) => delay === null).length, all.length),
        ];
      }),
    }));
    const drifting = SCHEDULES.filter((schedule) => schedule !== 'none');
    const papers = GENERATORS.map(({ name, paper }) => `${name} (${paper})`).join(', ');
    const summary = {
      title: 'Detectors in short',
      text: `Median delay over all generators by the kind of change, default options; alarms in 100,000 are those of the streams without drift. Generators: ${papers}. The model is trained on concept 0 and frozen, as the models that Telltale watches are: naive Bayes for classes, least squares for numbers, whose error is an answer further off than nine in ten were.`,
      head: ['detector', 'alarms in 100,000', ...drifting, 'missed'],
      rows: NAMES.map((detector) => {
        const outcomesOf = (schedule: Schedule): Outcome[] =>
          names.flatMap((name) => of(schedule, name).outcomes[detector]!);
        const all = drifting.flatMap(outcomesOf);
        return [
          detector,
          alarms(
            detector,
            names.map((name) => of('none', name)),
          ),
          ...drifting.map((schedule) => cellOf(outcomesOf(schedule))),
          shareText(all.filter(({ delay }) => delay === null).length, all.length),
        ];
      }),
    };
    return [summary, nulls, ...drifts];
  },
};
