/** The catalogue of metrics as Markdown, made from the registry; a test holds docs/metrics.md to it. */

import type { MetricKind, MetricSubjects } from './metric.ts';
import { METRICS } from './registry.ts';

const FAMILIES: Record<MetricKind['family'], string> = {
  input: 'What comes in.',
  output: 'What the models answer.',
  agreement: 'Whether a shadow answers as the primary does.',
  performance: 'How right the answers are, once labels have arrived within `join.max_delay`.',
  feedback: 'What users did with the answers, within `join.max_delay`.',
  reliance:
    'Who decides where a service has [degrees of automation](automation.md), and how far people rely on the model. Rates without data say so; those that need what people decided are there where it is known.',
  software: 'How the service and its hosts run.',
};

const SUBJECTS: Record<MetricSubjects, string> = {
  track: 'input or track',
  numeric_track: 'numeric input or track',
  categorical_track: 'categorical input',
  text_input: 'text input',
  values: 'categorical or text input',
  chars: '`input=letters`, `digits`, `punctuation`, `spaces` or `other`',
  output: 'output',
  model_output: 'output, of a model',
  embedding_input: 'embedding',
  class: '`output=class`, of a model',
  telemetry: 'name of a host metric',
  service: 'the whole service',
};

const HEAD = `# Metrics

<!-- Made from src/metric by metricsMarkdown(); a test compares. Change a metric's description there. -->

Every metric is computed for each window and each segment. A result carries its value, the size \`n\` of the sample behind
it, and, where there is no value, the reason. Those that give an interval have the ends of a 95 % one in \`low\` and \`high\`; those
that give a \`p\` are compared with the baseline, or with chance: how likely such a value or a worse one is without any change. A p-value
counts the size of the baseline too (see [drift](drift.md)). Where a sample is too small there is neither. A rule names one with \`metric:\`; its \`subject:\` is of the kind in the last
column, \`"*"\` means every one. Tracks of a text input \`q\` and an image input \`i\` are \`q.length\`, \`i.brightness\`,
\`i.contrast\`, \`i.sharpness\` (variance of the Laplacian), \`i.width\` and \`i.height\`; of an embedding \`e\` it is \`e.norm\`.
The answers of another system are those of the model \`external\`.
`;

/**
 * Whether a metric has a 95 % interval and a p-value, where its sample allows them: the formula says how they are made. A test
 * compares this with what the metric gives.
 */
export const givesOf = ({ formula }: Pick<MetricKind, 'formula'>): { interval: boolean; p: boolean } => ({
  interval: /\binterval\b/.test(formula),
  p: /\bp (?:of|by|for)\b|\bp:|\bp$/.test(formula),
});

/** Vertical bars would end a cell of the table. */
const cell = (text: string): string => text.replaceAll('|', '\\|');

function row({ name, description, formula, subjects }: MetricKind): string {
  const { interval, p } = givesOf({ formula });
  const gives = [interval ? 'interval' : [], p ? 'p' : []].flat().join(', ');
  return `| \`${name}\` | ${cell(description)} | ${cell(formula)} | ${gives} | ${SUBJECTS[subjects]} |`;
}

/** The text of docs/metrics.md: a table for each family, metrics by name. */
export function metricsMarkdown(): string {
  const parts = [HEAD];
  const metrics = Object.values(METRICS).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const [family, what] of Object.entries(FAMILIES)) {
    const own = metrics.filter((metric) => metric.family === family);
    parts.push(
      `## ${family}\n\n${what}\n`,
      [
        '| metric | what it says | formula | gives | subject |',
        '| --- | --- | --- | --- | --- |',
        ...own.map(row),
      ].join('\n'),
      '',
    );
  }
  return `${parts.join('\n').trimEnd()}\n`;
}
