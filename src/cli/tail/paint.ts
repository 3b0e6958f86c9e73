import { styleText } from 'node:util';
import type { Environment } from '../../config/environment.ts';
import type { TerminalStream } from '../progress.ts';

const STYLES = {
  dim: 'dim',
  bold: 'bold',
  info: 'cyan',
  warning: 'yellow',
  critical: 'red',
  good: 'green',
} as const;

/** Colours a text by what it means. */
export type Paint = (style: keyof typeof STYLES, text: string) => string;

/** No colours where nobody looks, or somebody wants none (https://no-color.org). */
export function paintFor(stream: TerminalStream, env: Environment): Paint {
  if (stream.isTTY !== true || (env.NO_COLOR ?? '') !== '') return (_, text) => text;
  // The decision is made; Node would look at its own standard output.
  return (style, text) => styleText(STYLES[style], text, { validateStream: false });
}
