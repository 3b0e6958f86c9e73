import { expect, test } from 'vitest';
import { charColumns } from '../../src/profile/chars.ts';
import { CHAR_CLASSES } from '../../src/records.ts';
import { counts, measured, only } from './support.ts';

/** The track of some texts. */
function charsOf(texts: readonly string[]) {
  const columns = charColumns(texts, new Uint8Array(texts.length));
  return counts(
    Object.fromEntries(columns.map(({ name, values }) => [name, values.reduce((sum, x) => sum + x, 0)])),
  );
}

const of = (texts: readonly string[]) => measured({ 'chars//query': charsOf(texts) });

test('shares of the characters of all texts, and words a text', () => {
  const found = of(['ab 1', 'a!', '']);
  const shares = found.filter(({ metric }) => metric === 'char_share').map(({ measure }) => measure);
  expect(Object.fromEntries(shares.map(({ subject, value }) => [subject, value]))).toEqual({
    'query=letters': 3 / 6,
    'query=digits': 1 / 6,
    'query=punctuation': 1 / 6,
    'query=spaces': 1 / 6,
    'query=other': 0,
  });
  for (const { n, low, value, high } of shares) {
    expect(n).toBe(3);
    expect(low!).toBeLessThanOrEqual(value!);
    expect(high!).toBeGreaterThan(value!);
  }
  expect(only(found, 'words_mean')).toMatchObject({ subject: 'query', value: 1, n: 3 });
});

test('texts and not characters are the sample: long texts of one kind say little', () => {
  const same = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 'a'.repeat(500) : '1'.repeat(500)));
  const mixed = Array.from({ length: 40 }, () => 'a1'.repeat(250));
  const width = (texts: string[]): number => {
    const share = of(texts).find(({ measure }) => measure.subject === 'query=letters')!.measure;
    expect(share.value).toBe(0.5);
    return share.high! - share.low!;
  };
  // Half of 40 texts: Wilson's 0.3520 to 0.6480, with n - 1 for the variance.
  expect(width(same)).toBeCloseTo(0.3, 1);
  // No spread: the sample size itself, which is too wide rather than too narrow.
  expect(width(mixed)).toBeCloseTo(width(same), 1);
});

test('no texts and no characters are reasons', () => {
  const reasons = (texts: string[]): (string | null)[] => of(texts).map(({ measure }) => measure.reason);
  expect(reasons([])).toEqual(Array(CHAR_CLASSES.length + 1).fill('no texts'));
  expect(reasons([''])).toEqual([...Array(CHAR_CLASSES.length).fill('no characters'), '']);
});
