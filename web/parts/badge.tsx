import type { ComponentChildren } from 'preact';
import type { Tone } from '../model/words.ts';

/** Each tone has a shape too: colour never carries a meaning alone. */
const SHAPES: Record<Tone, string> = {
  good: 'M2 6.5 L5 9.5 L10 3',
  info: 'M6 2 A4 4 0 1 0 6.01 2',
  warn: 'M6 1.5 L11 10.5 L1 10.5 Z',
  bad: 'M3.5 1 L8.5 1 L11 3.5 L11 8.5 L8.5 11 L3.5 11 L1 8.5 L1 3.5 Z',
  none: 'M2 6 L10 6',
};

export function Mark({ tone }: { tone: Tone }) {
  return (
    <svg class={`mark ${tone}`} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path d={SHAPES[tone]} />
    </svg>
  );
}

export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`}>
      <Mark tone={tone} />
      {children}
    </span>
  );
}
