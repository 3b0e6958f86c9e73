/** What a change detector is: a stateless object of the registry, and a state of plain data that it steps. */

import { assert } from '../errors.ts';

/** What a step says. `drift` has reset the state. */
export type Signal = 'none' | 'warning' | 'drift';

/** Values that a detector is made for: an error as 0 or 1, a loss or share in 0..1, or any number. */
export type DetectorInput = 'error' | 'unit' | 'real';

export interface OptionSpec {
  default: number;
  description: string;
  /** Bounds, both inclusive. */
  min: number;
  max: number;
  integer?: true;
}

export type Options = Readonly<Record<string, number>>;

/**
 * The contract, which test/detect/laws.test.ts holds every entry of the registry to:
 * - a state is plain JSON: finite numbers, booleans, texts, null, and arrays and objects of those. Written as JSON
 *   and read again in the middle of a stream it goes on to the same signals;
 * - a state is bounded, however long the stream is;
 * - `step` is a function of state, options and value: no clock, no randomness;
 * - a value outside the input that the detector is made for is moved to its nearest bound;
 * - after `drift` the state is as `create` gives it, save what the paper of the detector keeps;
 * - a constant stream never alarms with the default options.
 */
export interface DetectorKind<State extends object = object> {
  name: string;
  title: string;
  description: string;
  /** Where it was published. */
  paper: string;
  input: DetectorInput;
  options: Readonly<Record<string, OptionSpec>>;
  /** What is wrong with options that are each within their bounds; undefined when nothing is. */
  check?(options: Options): string | undefined;
  create(options: Options): State;
  step(state: State, options: Options, value: number): Signal;
}

/** Which way the mean may move; an option of several detectors. */
export const DIRECTION: OptionSpec = {
  default: 0,
  description: '1: only increases alarm; -1: only decreases; 0: both',
  min: -1,
  max: 1,
  integer: true,
};

/** Squares of larger values would overflow in sums over a long stream. */
const REAL_MAX = 1e100;

/** A value for a detector of real numbers. */
export function realOf(value: number): number {
  assert(!Number.isNaN(value), 'a detector was given what is not a number');
  return Math.min(REAL_MAX, Math.max(-REAL_MAX, value));
}

/** A value for a detector of losses, shares or errors. */
export function unitOf(value: number): number {
  assert(!Number.isNaN(value), 'a detector was given what is not a number');
  return Math.min(1, Math.max(0, value));
}

/** Everything that is wrong with the options given for a detector, for people; empty when they hold. */
export function optionFaults(kind: DetectorKind, given: Options): string[] {
  const faults: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    const spec = Object.hasOwn(kind.options, name) ? kind.options[name] : undefined;
    if (spec === undefined)
      faults.push(`${kind.name} has no option ${name}; it has ${Object.keys(kind.options).join(', ')}`);
    else if (!(value >= spec.min && value <= spec.max))
      faults.push(`${name} must lie in ${spec.min}..${spec.max}`);
    else if (spec.integer && !Number.isInteger(value)) faults.push(`${name} must be a whole number`);
  }
  if (faults.length > 0) return faults;
  const fault = kind.check?.(withDefaults(kind, given));
  return fault === undefined ? [] : [fault];
}

/** All options of a detector: those given, and the defaults of the rest. The given ones must be without faults. */
export function optionsOf(kind: DetectorKind, given: Options = {}): Options {
  const faults = optionFaults(kind, given);
  assert(faults.length === 0, `options of ${kind.name}: ${faults.join('; ')}`);
  return withDefaults(kind, given);
}

function withDefaults(kind: DetectorKind, given: Options): Options {
  const all: Record<string, number> = {};
  for (const [name, spec] of Object.entries(kind.options)) all[name] = given[name] ?? spec.default;
  return all;
}

/** Puts a state back to its beginning, in place, since callers hold it. */
export function restart<State extends object>(
  kind: DetectorKind<State>,
  state: State,
  options: Options,
): 'drift' {
  Object.assign(state, kind.create(options));
  return 'drift';
}
