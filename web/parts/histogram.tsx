import type { Distribution } from '../../src/console/source.ts';
import { number, percent } from '../model/format.ts';

export interface Cell {
  name: string;
  before: number;
  now: number;
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

/** Shares of the reference and of the window, without cells that are empty on both sides at either end. */
export function cellsOf({ names, reference, current }: Distribution): Cell[] {
  const [all, here] = [sum(reference) || 1, sum(current) || 1];
  const cells = names.map((name, i) => ({
    name,
    before: reference[i]! / all,
    now: current[i]! / here,
  }));
  const isFull = ({ before, now }: Cell) => before > 0 || now > 0;
  const first = cells.findIndex(isFull);
  return first < 0 ? [] : cells.slice(first, cells.findLastIndex(isFull) + 1);
}

/** Half of the sum of differences of shares, 0..1: which part of the rows would have to move. */
export const movedShare = (cells: readonly Cell[]): number =>
  cells.reduce((total, { before, now }) => total + Math.abs(before - now), 0) / 2;

/** A short form of a border, as `10..20.125` has too many digits for an axis. */
const borderText = (border: number): string => number(Number(border.toPrecision(3)));

/** Two bars as wide as a card would look like a flag. */
const CELL_REM_MAX = 5;

/** The window over its reference, cell by cell. */
export function Histogram({ of, height = 110 }: { of: Distribution; height?: number }) {
  const cells = cellsOf(of);
  const most = Math.max(...cells.flatMap(({ before, now }) => [before, now]), 0.01);
  const step = 100 / Math.max(1, cells.length);
  const share = (value: number) => (100 * value) / most;
  const [worst] = [...cells].sort((a, b) => Math.abs(b.now - b.before) - Math.abs(a.now - a.before));
  const label =
    worst === undefined
      ? `${of.subject}: no values`
      : `${of.subject}: ${percent(movedShare(cells))} of the rows lie in other cells than in the reference, most of all ${worst.name}: ${percent(worst.before)} before, ${percent(worst.now)} now`;
  return (
    <div class="histogram" style={{ maxWidth: `${CELL_REM_MAX * cells.length}rem` }}>
      <svg width="100%" height={height} role="img" aria-label={label}>
        {cells.map(({ name, before, now }, i) => (
          <g key={name}>
            <title>{`${name}: ${percent(before)} in the reference, ${percent(now)} now`}</title>
            <rect class="hit" x={`${i * step}%`} width={`${step}%`} y="0" height="100%" />
            <rect
              class="before"
              x={`${(i + 0.06) * step}%`}
              width={`${0.88 * step}%`}
              y={`${100 - share(before)}%`}
              height={`${share(before)}%`}
            />
            <rect
              class="now"
              x={`${(i + 0.24) * step}%`}
              width={`${0.52 * step}%`}
              y={`${100 - share(now)}%`}
              height={`${share(now)}%`}
            />
          </g>
        ))}
      </svg>
      {of.borders === null ? (
        <div class="ticks categories" aria-hidden="true">
          {cells.map(({ name }) => (
            <span key={name} title={name}>
              {name}
            </span>
          ))}
        </div>
      ) : (
        <div class="ticks" aria-hidden="true">
          <span>{borderText(of.borders[0]!)}</span>
          <span>{borderText(of.borders[Math.floor(of.borders.length / 2)]!)}</span>
          <span>{borderText(of.borders.at(-1)!)}</span>
        </div>
      )}
    </div>
  );
}
