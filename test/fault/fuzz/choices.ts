/** A source of decisions. A builder asks it; fast-check makes its tape of numbers, and shrinks it when a check fails. */
export interface Choices {
  /** A whole number from 0 to n - 1. */
  pick(n: number): number;
  /** True once in n; never at the end of the tape, so that shorter tapes build simpler inputs. */
  once(n: number): boolean;
  of<T>(list: readonly T[]): T;
  /** Bytes without a pattern. */
  bytes(length: number): Buffer;
}

/** Decisions from a tape of 32-bit numbers; zeros follow its end. */
export function choicesOf(tape: readonly number[]): Choices {
  let at = 0;
  const next = (): number => tape[at++] ?? 0;
  const pick = (n: number): number => next() % n;
  return {
    pick,
    once: (n) => pick(n) === n - 1,
    of: (list) => list[pick(list.length)]!,
    bytes: (length) => noise(next(), length),
  };
}

/** Marsaglia's xorshift32, so that one number of the tape stands for any amount of bytes. */
function noise(seed: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = seed | 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}
