/** The catalogue of detectors as Markdown, made from the registry; a test holds docs/detectors.md to it. */

import type { DetectorInput, DetectorKind } from './detector.ts';
import { DETECTORS } from './registry.ts';

const INPUTS: Record<DetectorInput, string> = {
  error: '0 or 1, 1 for an error',
  unit: '0 to 1',
  real: 'any number',
};

const HEAD = `# Detectors

<!-- Made from src/detect by detectorsMarkdown(); a test compares. Change a detector's description there. -->

A detector reads one value after the other and says \`none\`, \`warning\` or \`drift\`. After \`drift\` it begins again. A value
outside the input that it is made for is moved to the nearest bound. Its state is plain JSON and does not grow, and nothing in it is random,
so a replay gives the same alarms.

Only the e-detectors promise how rare false alarms are: on average there are at least \`arl\` values between two, as long as the
mean of each value, given those before it, is tolerated. With a baseline the tolerated mean is the bound on the baseline's mean at
\`confidence\`, plus \`tolerance\`. The thresholds of the others are those of their papers or of River, and how often they alarm without a
change depends on the values.

## In a rule

\`\`\`yaml
rules:
  - { name: mae-change, metric: mae, subject: price, detector: adwin, options: { delta: 0.002 }, level: warning }
\`\`\`

A rule has thresholds or a detector. For each subject, model and segment that the rule watches a detector is given one value a window: that of the
final revision, or of the first one with \`min_coverage\`, where n reaches \`min_n\`. Other windows change nothing. All counts in the options
below are of windows then: a detector that learns from 1,000 values learns from 1,000 windows. Detectors that read values
in 0..1 go with metrics of shares, such as \`accuracy\` or \`missing_rate\`, and take the share of a window as one value; \`eddm\` takes it as an
error from 0.5 on.

A drift fires \`level\` (\`warning\`), and the alarm resolves after \`hold\` (12) windows without another one: the detector has begun
again, takes what it sees for normal, and cannot tell that a change has gone. With \`warn: true\` and \`level: critical\` a warning of the
detector fires the level \`warning\`. The state is part of the judge's snapshot; new options, or another detector, begin with an empty one.
`;

/** Vertical bars would end a cell of the table. */
const cell = (text: string): string => text.replaceAll('|', '\\|');

function section({ name, title, description, paper, input, options }: DetectorKind): string {
  const rows = Object.entries(options).map(
    ([option, { default: value, description: what, min, max }]) =>
      `| \`${option}\` | ${value} | ${cell(what)} | ${min} to ${max} |`,
  );
  return [
    `## ${name}\n`,
    `${title}. ${description}\n`,
    `Values: ${INPUTS[input]}. Source: ${paper}.\n`,
    '| option | default | what it is | bounds |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

/** The text of docs/detectors.md: a section for each detector, in the order of the registry. */
export function detectorsMarkdown(): string {
  return `${[HEAD, ...Object.values(DETECTORS).map((kind) => `${section(kind)}\n`)].join('\n').trimEnd()}\n`;
}
