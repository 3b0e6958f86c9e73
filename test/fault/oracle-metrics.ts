/** The figures of one window and segment, from its rows. */
import type { Joined } from './oracle-join.ts';
import type { Row } from './oracle-rows.ts';

/** A figure; `within` is the relative error that is allowed: 0 where sums are exact, more for a sketch. */
export interface Figure {
  metric: string;
  subject: string;
  model: string;
  value: number | null;
  n: number;
  within: number;
}

/** The metrics that this file computes. Of others it is only known that every copy of a record must be the same. */
export const JUDGED: ReadonlySet<string> = new Set([
  'late',
  'dead_letters',
  'duplicates',
  'unmatched',
  'dropped',
  'volume',
  'throughput',
  'mean',
  'std',
  'median',
  'p05',
  'p95',
  'min',
  'max',
  'out_of_range_rate',
  'ks',
  'psi',
  'missing_rate',
  'invalid_rate',
  'new_category_rate',
  'class_share',
  'null_rate',
  'score_mean',
  'score_p50',
  'latency_p50',
  'latency_p95',
  'latency_p99',
  'error_rate',
  'accuracy',
  'precision',
  'recall',
  'f1',
  'mae',
  'bias',
  'rmse',
  'label_coverage',
  'click_through_rate',
  'redo_rate',
  'switch_to_typing_rate',
]);

const SKETCH = 1 / 128;
/** Of a square root, or a sum that is not exact. */
const ROUNDING = 1e-9;
const EXTERNAL = 'external';

const figure = (
  metric: string,
  subject: string,
  model: string,
  value: number | null,
  n: number,
  within = 0,
): Figure => ({ metric, subject, model, value, n, within });

const share = (part: number, n: number): number | null => (n === 0 ? null : part / n);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number | null => share(sum(values), values.length);

function quantile(values: readonly number[], q: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1]!;
}

function deviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const middle = mean(values)!;
  return Math.sqrt(sum(values.map((value) => (value - middle) ** 2)) / (values.length - 1));
}

/** What came on a stream: all rows, late ones and dead ones. */
export function streamFigures(
  stream: string,
  isMain: boolean,
  windowMs: number,
  { rows, late, dead }: { rows: number; late: number; dead: number },
): Figure[] {
  const figures = [
    figure('late', stream, '', late, rows + late),
    figure('dead_letters', stream, '', dead, rows + late + dead),
  ];
  if (!isMain) return figures;
  return [
    ...figures,
    figure('volume', '', '', rows, rows),
    figure('throughput', '', '', (1000 * rows) / windowMs, rows),
  ];
}

/** A numeric input without a declared range or a baseline. */
export function numericFigures(name: string, rows: readonly Row[]): Figure[] {
  const cells = rows.map((row) => row.fields[name] ?? null);
  const values = cells.filter((cell) => typeof cell === 'number');
  const n = values.length;
  const missing = cells.filter((cell) => cell === null).length;
  const own = (metric: string, value: number | null, within = 0) =>
    figure(metric, name, '', value, n, within);
  return [
    own('mean', mean(values)),
    own('std', deviation(values), ROUNDING),
    own('median', quantile(values, 0.5), SKETCH),
    own('p05', quantile(values, 0.05), SKETCH),
    own('p95', quantile(values, 0.95), SKETCH),
    own('min', n === 0 ? null : Math.min(...values)),
    own('max', n === 0 ? null : Math.max(...values)),
    own('out_of_range_rate', null),
    own('ks', null),
    own('psi', null),
    ...cellFigures(name, rows.length, missing, rows.length - missing - n),
  ];
}

function cellFigures(name: string, all: number, missing: number, invalid: number): Figure[] {
  return [
    figure('missing_rate', name, '', share(missing, all), all),
    figure('invalid_rate', name, '', share(invalid, all), all),
  ];
}

/** A categorical input without declared categories or a baseline. */
export function categoricalFigures(name: string, rows: readonly Row[]): Figure[] {
  const n = rows.filter((row) => typeof row.fields[name] === 'string').length;
  return [
    figure('new_category_rate', name, '', null, n),
    figure('psi', name, '', null, n),
    ...cellFigures(name, rows.length, rows.length - n, 0),
  ];
}

/** Answers of a classifier, with scores. */
export function classifierFigures(
  output: string,
  classes: readonly string[],
  rows: readonly Row[],
): Figure[] {
  const answers = rows.map((row) => row.fields.answer ?? null).filter((answer) => answer !== null);
  const scores = rows.map((row) => row.fields.score).filter((score) => typeof score === 'number');
  return [
    ...classes.map((name) =>
      figure(
        'class_share',
        `${output}=${name}`,
        EXTERNAL,
        share(answers.filter((answer) => answer === name).length, answers.length),
        answers.length,
      ),
    ),
    figure('null_rate', output, EXTERNAL, share(rows.length - answers.length, rows.length), rows.length),
    figure('score_mean', output, EXTERNAL, mean(scores), scores.length),
    figure('score_p50', output, EXTERNAL, quantile(scores, 0.5), scores.length, SKETCH),
    ...serviceFigures(rows),
  ];
}

/** How the other system runs. */
function serviceFigures(rows: readonly Row[]): Figure[] {
  const latency = rows.map((row) => row.fields.ms).filter((ms) => typeof ms === 'number');
  const failed = rows.filter((row) => (row.fields.error ?? null) !== null).length;
  const soft = (metric: string, q: number) =>
    figure(metric, '', EXTERNAL, quantile(latency, q), latency.length, SKETCH);
  return [
    soft('latency_p50', 0.5),
    soft('latency_p95', 0.95),
    soft('latency_p99', 0.99),
    figure('error_rate', '', EXTERNAL, share(failed, rows.length), rows.length),
  ];
}

/** Answers of a regressor. */
export function regressorFigures(output: string, rows: readonly Row[]): Figure[] {
  const values = rows.map((row) => row.fields.value).filter((value) => typeof value === 'number');
  const { length } = rows;
  return [
    figure('null_rate', output, EXTERNAL, share(length - values.length, length), length),
    figure('score_mean', output, EXTERNAL, mean(values), values.length),
    figure('score_p50', output, EXTERNAL, quantile(values, 0.5), values.length, SKETCH),
    ...serviceFigures(rows),
  ];
}

/** A classifier against its labels; nothing where no request has both. */
export function rightFigures(output: string, positive: string, entries: readonly Joined[]): Figure[] {
  const pairs = entries.filter(({ answer, truth }) => answer != null && truth != null);
  const n = pairs.length;
  if (n === 0) return [];
  const count = (test: (entry: Joined) => boolean): number => pairs.filter(test).length;
  const right = count(({ answer, truth }) => answer === truth);
  const found = count(({ answer, truth }) => answer === positive && truth === positive);
  const said = count(({ answer }) => answer === positive);
  const labelled = count(({ truth }) => truth === positive);
  const own = (metric: string, part: number, of: number, size = of) =>
    figure(metric, output, EXTERNAL, share(part, of), size);
  return [
    own('accuracy', right, n),
    own('precision', found, said),
    own('recall', found, labelled),
    own('f1', 2 * found, said + labelled, said + labelled - found),
  ];
}

/** A regressor against its labels. */
export function errorFigures(output: string, entries: readonly Joined[]): Figure[] {
  const errors = entries
    .filter(({ answer, truth }) => answer != null && truth != null)
    .map(({ answer, truth }) => (answer as number) - (truth as number));
  const n = errors.length;
  if (n === 0) return [];
  const own = (metric: string, value: number | null, within = 0) =>
    figure(metric, output, EXTERNAL, value, n, within);
  const square = mean(errors.map((error) => error * error))!;
  return [
    own('mae', mean(errors.map(Math.abs))),
    own('bias', mean(errors)),
    own('rmse', Math.sqrt(square), ROUNDING),
  ];
}

/** How many of the requests have their label. */
export const coverageFigure = (entries: readonly Joined[]): Figure => {
  const seen = entries.filter(({ truth }) => truth !== undefined).length;
  return figure('label_coverage', '', '', share(seen, entries.length), entries.length);
};

const KINDS = { click_through_rate: 'click', redo_rate: 'redo', switch_to_typing_rate: 'typed' };

/** What users did with the answers of these requests. */
export function feedbackFigures(entries: readonly Joined[]): Figure[] {
  return Object.entries(KINDS).map(([metric, kind]) => {
    const part = entries.filter(({ feedback }) => feedback.has(kind)).length;
    return figure(metric, '', '', share(part, entries.length), entries.length);
  });
}
