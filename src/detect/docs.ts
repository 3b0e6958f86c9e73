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
