/** Series in the notation of promtool: `0.02x3 0.12+0.02x4 _x2 0.3`. */

/** What a window gives: a value, null for a result without one, undefined for no result at all. */
export type Step = number | null | undefined;

export type Expanded = { steps: Step[] } | { fault: string };

/** Of one series. A typing error in a count must not fill the memory. */
export const STEPS_MAX = 100_000;

const NUMBER = String.raw`(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;
const ITEM = new RegExp(`^(?:(_|null)|([+-]?${NUMBER})(?:([+-])(${NUMBER}))?)(?:x(\\d+))?$`);
const FORMS = 'allowed: 0.1, 0.1x3, 0.1+0.02x3, 0.1-0.02x3, null, _ and _x3, with blanks between';

/**
 * Writes a series out. As in promtool `axn` is a and n more of it, `a+bxn` a and n more, each b larger; what cannot grow stands
 * exactly n times, `_xn` and `nullxn`.
 *
 * Steps are decimal numbers and computed as such: with binary ones `0.1+0.1x2` would end beyond a threshold `> 0.3`.
 */
export function expand(text: string): Expanded {
  const items = text.split(/\s+/).filter((item) => item !== '');
  if (items.length === 0) return { fault: `there are no values, ${FORMS}` };
  const steps: Step[] = [];
  for (const item of items) {
    const [, gap, first, sign, step, times] = ITEM.exec(item) ?? [];
    if (gap === undefined && first === undefined) return { fault: faultOf(item) };
    if (step !== undefined && times === undefined)
      return { fault: `found '${item}', a step without a count; how often? As in ${item}x3` };
    const count = Number(times ?? 0);
    const length = gap === undefined ? count + 1 : times === undefined ? 1 : count;
    if (steps.length + length > STEPS_MAX) return { fault: `more than ${STEPS_MAX} windows` };
    if (gap !== undefined) {
      for (let i = 0; i < length; i++) steps.push(gap === '_' ? undefined : null);
      continue;
    }
    const start = decimalOf(first!);
    const by = decimalOf(`${sign ?? ''}${step ?? 0}`);
    if (start === null || by === null) return { fault: `'${item}' is beyond what a number can hold` };
    for (let i = 0; i < length; i++) {
      const value = sum(start, by, i);
      if (!Number.isFinite(value)) return { fault: `'${item}' grows beyond what a number can hold` };
      steps.push(value);
    }
  }
  return { steps };
}

function faultOf(item: string): string {
  if (/^stale(x|$)/.test(item))
    return `found '${item}', but results do not go stale; _ is a window without a result, no_data of a rule says what follows`;
  if (/^[+-]?(nan|inf)/i.test(item))
    return `found '${item}', but values of results are finite; null is a result without a value`;
  if (/^x\d/.test(item)) return `found '${item}' alone; it belongs to the value before it, without a blank`;
  if (item.includes(',')) return `found '${item}'; values have blanks between them, no commas`;
  if (/x(-|$|\d*\.|\D)/.test(item)) return `found '${item}', a count that is not a whole number, ${FORMS}`;
  return `found '${item}', ${FORMS}`;
}

/** digits x 10^exponent */
interface Decimal {
  digits: bigint;
  exponent: number;
}

/** No double has more places; beyond it only the computing would become slow. */
const EXPONENT_MAX = 400;

function decimalOf(text: string): Decimal | null {
  const [mantissa = '', power = '0'] = text.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const exponent = Number(power) - fraction.length;
  if (Math.abs(exponent) > EXPONENT_MAX || !Number.isFinite(Number(text))) return null;
  return { digits: BigInt(`${whole.replace('+', '')}${fraction}`), exponent };
}

function sum(start: Decimal, by: Decimal, times: number): number {
  const exponent = Math.min(start.exponent, by.exponent);
  const scaled = ({ digits, exponent: own }: Decimal): bigint => digits * 10n ** BigInt(own - exponent);
  return Number(`${scaled(start) + BigInt(times) * scaled(by)}e${exponent}`);
}
