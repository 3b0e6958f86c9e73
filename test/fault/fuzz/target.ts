import type { Choices } from './choices.ts';

/** One input: bytes, and the way in which they are read. */
export interface Case {
  /** Index into the target's `variants`. */
  variant: number;
  bytes: Buffer;
}

/** What is fuzzed. Cases of one target are checked one after the other in one process. */
export interface Target {
  /** Ways of reading, by words that a file name may hold. */
  variants: readonly string[];
  build(choices: Choices): Case;
  /** Throws where the contract is broken: the decoder threw, or what it gave is not what it may give. */
  check(one: Case): void | Promise<void>;
  /**
   * What one check may allocate in the JavaScript heap and in its buffers, in bytes: a fixed budget and a constant
   * times the length of the input.
   */
  heap: { fixedBytes: number; perByte: number };
  /** What the resident set may grow by, for decoders in native code, which the heap does not show. Null: not looked at. */
  residentBytesMax: number | null;
}

export class Violation extends Error {
  override readonly name = 'Violation';
}

/** The contract of a decoder, as `assert` is that of the code. */
export function must(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Violation(what);
}
