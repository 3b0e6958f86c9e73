/** A part of the scoreboard: tasks that run apart from each other, and what they come to. */

export type Size = 'quick' | 'default' | 'full';

export interface Mode {
  size: Size;
  /** Simulated days of each seed of the whole service; null: those of the size. */
  days: number | null;
}

export interface Table {
  title: string;
  /** What is measured, for people. */
  text: string;
  head: string[];
  rows: string[][];
}

export interface Group {
  name: string;
  description: string;
  /** Names of its tasks, each of which `run` takes; the order is that of their results. */
  tasks(mode: Mode): string[];
  /** Plain JSON, a function of task and mode alone. */
  run(task: string, mode: Mode): unknown;
  tables(results: readonly unknown[], mode: Mode): Table[];
}

export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export const numberText = (value: number | null, digits = 3): string =>
  value === null ? '-' : value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(digits)));

export const shareText = (part: number, of: number): string =>
  of === 0 ? '-' : `${Number(((100 * part) / of).toPrecision(3))} %`;
