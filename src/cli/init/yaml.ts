/** A guess as the commented file of a service. */

import { stringify } from 'yaml';
import { oneLine } from '../dead/letters.ts';
import type { Guess, GuessedInput } from './guess.ts';

/** Rows of a window, so that metrics of drift say something. */
const WINDOW_ROWS = 1000;
const SIZES: readonly [string, number][] = [
  ['1m', 60_000],
  ['5m', 300_000],
  ['15m', 900_000],
  ['1h', 3_600_000],
  ['6h', 21_600_000],
  ['1d', 86_400_000],
];

export interface WrittenFrom {
  service: string;
  /** In words. */
  sample: string;
  /** Of the requests. */
  topic: string;
  encoding: 'json' | 'avro';
}

/** A value in one line, quoted where YAML asks for it. */
const inline = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: true }).trim();

export function serviceYaml(guess: Guess, from: WrittenFrom): string {
  return [
    ...head(guess, from),
    ...streams(guess, from),
    ...inputs(guess),
    ...outputs(guess),
    ...windows(guess),
    ...rules(guess),
    '',
  ].join('\n');
}

function head(guess: Guess, { service, sample }: WrittenFrom): string[] {
  return [
    `# Guessed by telltale init from ${guess.rows} rows of ${oneLine(sample, 200)}: look over it, above all over inputs and outputs.`,
    '# Every key is in docs/configuration.md.',
    `service: ${service}`,
    `description: "What ${service} does, for whoever is woken by it."`,
  ];
}

function streams({ id, time, output }: Guess, { service, topic, encoding }: WrittenFrom): string[] {
  const paths = `encoding: ${encoding}, id: ${inline(id ?? 'id')}, time: ${inline(time ?? '')}`;
  const lines = ['', '# A topic each. `id` and `time` are fields of a record.', 'streams:'];
  if (id === null)
    lines.push(
      '  # No field of the sample is another one in each row: say which one is the id of a request.',
    );
  if (time === null) lines.push('  # No field is a time: the time stamp of Kafka counts.');
  lines.push(`  requests: { topic: ${topic}, ${paths} }`);
  if (output === null) return lines;
  const { name, label, prediction, score } = output;
  if (label !== null)
    lines.push(
      '  # What turned out to be true, with the id of its request. In the sample it stood beside the inputs.',
      `  labels: { topic: ${service}.labels, ${paths}, fields: ${inline({ [name]: label })} }`,
    );
  if (prediction !== null)
    lines.push(
      '  # What the model answered; a model in `models` would be scored by Telltale itself, without this stream.',
      `  predictions: { topic: ${service}.predictions, ${paths}, fields: ${inline({ [name]: prediction })}${score === null ? '' : `, score: ${inline(score)}`} }`,
    );
  return lines;
}

function inputs({ inputs: found, left, segment }: Guess): string[] {
  if (found.length === 0) return [];
  const lines = [
    '',
    '# What the model is asked with. Outside of `range`, or not in `categories`, is counted apart.',
    'inputs:',
    ...found.map((input) => `  ${input.name}: ${inputText(input)} # seen: ${input.seen}`),
    ...left.map(({ path, why }) => `  # left out: ${JSON.stringify(path)}, ${why}`),
  ];
  if (segment !== null)
    lines.push('', '# Every result is also computed for each value of it.', `segments: [[${segment}]]`);
  return lines;
}

function inputText({ name, from, type, range, categories, dimensions }: GuessedInput): string {
  return inline({
    type,
    ...(from !== name && { from }),
    ...(range !== null && { range }),
    ...(categories !== null && { categories }),
    ...(dimensions !== null && { dimensions }),
  });
}

function outputs({ output }: Guess): string[] {
  if (output === null)
    return [
      '',
      '# No field looks like a label or an answer of the model (--label, --prediction): its inputs are watched.',
    ];
  const { name, type, classes, positive: rarer, label, prediction } = output;
  const positive = rarer === null ? {} : { positive: rarer, threshold: 0.5 };
  const spec = type === 'classifier' ? { type, classes, ...positive } : { type, tolerance: 0 };
  const lines = [
    '',
    '# What the model answers; of two classes the rarer one is taken for `positive`.',
    'outputs:',
    `  ${name}: ${inline(spec)}`,
  ];
  if (prediction === null && label !== null)
    lines.push(
      '',
      '# Labels are compared with answers: name the stream of predictions, or a model to be scored here, as in config/services/fraud.yaml.',
      'models: []',
    );
  return lines;
}

function windows({ rows, spanMs }: Guess): string[] {
  const msPerRow = spanMs === null || rows < 2 ? null : spanMs / (rows - 1);
  const fit =
    msPerRow === null ? '5m' : (SIZES.find(([, ms]) => ms >= WINDOW_ROWS * msPerRow) ?? SIZES.at(-1)!)[0];
  const why =
    msPerRow === null
      ? '# Long enough for about 1,000 rows, so that a change is told from chance.'
      : `# About ${Math.round(SIZES.find(([size]) => size === fit)![1] / Math.max(msPerRow, 1e-9) || 0)} rows, at the rate of the sample.`;
  return ['', why, `windows: { size: ${fit} }`];
}

function rules({ inputs: found, output }: Guess): string[] {
  const lines = [
    '',
    '# Until there is a baseline (telltale baseline build), the first windows are what is usual.',
    'baseline: { learn: { first: 24 } }',
    '',
    '# False alarms that are acceptable; docs/budget.md says what is watched.',
    'budget: 1 per 30d',
    '',
    '# More to watch: docs/metrics.md.',
    'rules:',
    '  - { name: few-requests, metric: volume, warning: "< 1" }',
  ];
  if (found.some(({ type }) => type === 'numeric' || type === 'categorical'))
    lines.push('  - { name: missing, metric: missing_rate, subject: "*", warning: "> 0.05", min_n: 200 }');
  if (output?.label && output.prediction) {
    const metric = output.type === 'classifier' ? 'accuracy' : 'mae';
    const threshold = output.type === 'classifier' ? '< 0.9' : '> 1';
    lines.push(
      `  # Set what is no longer good enough.`,
      `  - { name: worse, metric: ${metric}, subject: ${output.name}, warning: "${threshold}", min_n: 200 }`,
    );
  }
  return lines;
}
