import type { Target } from '../target.ts';
import { avroTarget } from './avro.ts';
import { codecTarget } from './codec.ts';
import { imageTarget } from './image.ts';
import { internalTarget } from './internal.ts';
import { jsonTarget } from './json.ts';
import { nativeTarget } from './native.ts';
import { otlpTarget } from './otlp.ts';
import { FAULTS, plantedTarget } from './planted.ts';

export interface Entry {
  /** The part of the inputs that it gets when all are fuzzed: the rest is cheap or rare. */
  share: number;
  make: () => Target | Promise<Target>;
}

/** What is fuzzed when no target is named. */
const REAL = {
  avro: { share: 0.35, make: avroTarget },
  json: { share: 0.28, make: jsonTarget },
  otlp: { share: 0.1, make: otlpTarget },
  native: { share: 0.07, make: nativeTarget },
  internal: { share: 0.1, make: internalTarget },
  codec: { share: 0.05, make: codecTarget },
  image: { share: 0.05, make: imageTarget },
} satisfies Record<string, Entry>;

export const ALL = Object.keys(REAL);

/** Targets by name; the planted ones break on purpose. */
export const TARGETS: Readonly<Record<string, Entry>> = {
  ...REAL,
  ...Object.fromEntries(
    FAULTS.map((fault) => [`planted-${fault}`, { share: 0, make: () => plantedTarget(fault) }]),
  ),
};

/** The entry of a name that is known. */
export function entryOf(name: string): Entry {
  const entry = TARGETS[name];
  if (entry === undefined) throw new Error(`no target ${name}`);
  return entry;
}
