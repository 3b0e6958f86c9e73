/** A service and rows that are the same wherever they are made: no clock, no randomness, no module of Node. */

export const T0 = Date.UTC(2026, 0, 1);

/** A row of number i: a time, an amount, one of four countries, now and then a rare one, and a text. */
export function rowOf(i: number): object {
  const spread = (i * 7919) % 1000;
  return {
    id: `r${i}`,
    time: T0 + i * 25,
    amount: i % 97 === 0 ? null : spread / 8 - 20,
    country: i % 1999 === 0 ? `rare ${i}` : ['de', 'fr', 'it', 'es'][i % 4],
    plan: ['free', 'paid'][Number(spread > 600)],
    query: 'x'.repeat(spread % 13),
  };
}

/** Rows [from, to). */
export const rowsOf = (from: number, to: number): object[] =>
  Array.from({ length: to - from }, (_, k) => rowOf(from + k));
