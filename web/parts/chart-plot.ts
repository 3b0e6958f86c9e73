/** How uPlot draws a series: its interval, limits, the reference and what happened. */

import uPlot from 'uplot';
import type { HistoryPoint, ReferenceValue } from '../../src/console/source.ts';
import { day, number, time } from '../model/format.ts';
import type { Tone } from '../model/words.ts';
import { colorOf } from './colors.ts';

export interface Limit {
  value: number;
  tone: Tone;
  label: string;
}

/** Something that happened at a time. */
export interface Happening {
  atMs: number;
  tone: Tone;
  kind: 'alarm' | 'rollout';
  label: string;
}

export interface Plotted {
  points: readonly HistoryPoint[];
  /** A second series in the same windows, such as that of a shadow. */
  other?: readonly HistoryPoint[] | undefined;
  limits: readonly Limit[];
  reference: ReferenceValue | null;
  happenings: readonly Happening[];
}

const TONE_COLORS: Record<Tone, string> = {
  good: '--good',
  info: '--accent',
  warn: '--warn',
  bad: '--bad',
  none: '--muted',
};

/** A limit so many times further off than the values are wide would flatten them to a line. */
const FAR = 12;
/** Intervals of few rows are very wide; they may take so many widths of the values above and below. */
const WIDE = 2;

/** With more windows their dots would be a thick line. */
const DOTS_MAX = 60;

export type Columns = [number[], ...(number | null)[][]];

/** Seconds, values, both ends of the interval, and the other series. */
export function columnsOf({ points, other }: Plotted): Columns {
  const columns: Columns = [
    points.map(({ windowEndMs }) => windowEndMs / 1_000),
    points.map(({ value }) => value),
    points.map(({ low }) => low),
    points.map(({ high }) => high),
  ];
  if (other === undefined) return columns;
  const byEnd = new Map(other.map(({ windowEndMs, value }) => [windowEndMs, value]));
  columns.push(points.map(({ windowEndMs }) => byEnd.get(windowEndMs) ?? null));
  return columns;
}

/** The lowest and the highest value that is shown. */
export function rangeOf({ points, other = [], limits, reference }: Plotted): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const take = (value: number | null) => {
    if (value === null) return;
    low = Math.min(low, value);
    high = Math.max(high, value);
  };
  for (const { value } of [...points, ...other]) take(value);
  if (low > high) return [0, 1];
  const width = high - low || Math.abs(high) || 1;
  const [first, last] = [low - WIDE * width, high + WIDE * width];
  for (const point of points) {
    take(point.low === null ? null : Math.max(first, point.low));
    take(point.high === null ? null : Math.min(last, point.high));
  }
  const [near, far] = [low - FAR * width, high + FAR * width];
  const others = [...limits.map(({ value }) => value), ...(reference === null ? [] : [reference.value])];
  for (const value of others) if (value >= near && value <= far) take(value);
  const pad = (high - low || Math.abs(high) || 1) * 0.08;
  // A share or a distance has no values below 0.
  return [low >= 0 && low - pad < 0 ? 0 : low - pad, high + pad];
}

/** Times of the day; with the day where it begins. */
function timesOf(splits: readonly number[]): string[] {
  let known = '';
  return splits.map((seconds) => {
    const ms = seconds * 1_000;
    const today = day(ms);
    const isNew = today !== known;
    known = today;
    return isNew ? `${time(ms)}\n${today}` : time(ms);
  });
}

function drawBehind(plot: uPlot, { limits, reference }: Plotted, node: Element): void {
  const { ctx, bbox } = plot;
  const [min, max] = [plot.scales.y!.min!, plot.scales.y!.max!];
  const y = (value: number) => plot.valToPos(Math.min(max, Math.max(min, value)), 'y', true);
  ctx.save();
  if (reference !== null) {
    const { value, low, high } = reference;
    ctx.fillStyle = colorOf(node, '--reference');
    const [top, bottom] = [y(high ?? value), y(low ?? value)];
    const height = Math.max(2 * devicePixelRatio, bottom - top);
    ctx.fillRect(bbox.left, (top + bottom - height) / 2, bbox.width, height);
  }
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.lineWidth = 1.25 * devicePixelRatio;
  for (const { value, tone } of limits) {
    if (value < min || value > max) continue;
    ctx.strokeStyle = colorOf(node, TONE_COLORS[tone]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y(value));
    ctx.lineTo(bbox.left + bbox.width, y(value));
    ctx.stroke();
  }
  ctx.restore();
}

function drawHappenings(plot: uPlot, { happenings }: Plotted, node: Element): void {
  const { ctx, bbox } = plot;
  const size = 5 * devicePixelRatio;
  ctx.save();
  for (const { atMs, tone, kind } of happenings) {
    const x = plot.valToPos(atMs / 1_000, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = colorOf(node, kind === 'alarm' ? TONE_COLORS[tone] : '--rollout');
    ctx.fillStyle = ctx.strokeStyle;
    ctx.globalAlpha = 0.55;
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.beginPath();
    // Alarms hang from the top, steps of roll-outs stand on the bottom.
    if (kind === 'alarm') {
      ctx.moveTo(x - size, bbox.top);
      ctx.lineTo(x + size, bbox.top);
      ctx.lineTo(x, bbox.top + 1.6 * size);
    } else {
      const bottom = bbox.top + bbox.height;
      ctx.moveTo(x, bottom - 2 * size);
      ctx.lineTo(x + size, bottom - size);
      ctx.lineTo(x, bottom);
      ctx.lineTo(x - size, bottom - size);
    }
    ctx.closePath();
    if (tone === 'none') ctx.stroke();
    else ctx.fill();
  }
  ctx.restore();
}

export interface Plot {
  update(next: Plotted): void;
  resize(width: number, height: number): void;
  /** Moves the cursor by so many windows. */
  step(by: number): void;
  destroy(): void;
}

/** @param onCursor told the index of the window under the cursor; null: there is none */
export function createPlot(
  node: HTMLElement,
  first: Plotted,
  size: { width: number; height: number },
  onCursor: (index: number | null) => void,
): Plot {
  let shown = first;
  const color = (name: string) => colorOf(node, name);
  const axis = {
    stroke: color('--muted'),
    font: `11px ${getComputedStyle(node).fontFamily}`,
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
  };
  const points = { show: ({ data }: uPlot) => data[0].length <= DOTS_MAX, size: 5, fill: color('--accent') };
  const series: uPlot.Series[] = [
    {},
    { stroke: color('--accent'), width: 2, points },
    { stroke: 'transparent', points: { show: false } },
    { stroke: 'transparent', points: { show: false } },
  ];
  if (first.other !== undefined)
    series.push({ stroke: color('--second'), width: 2, dash: [5, 3], points: { show: false } });
  const plot = new uPlot(
    {
      ...size,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false }, points: { size: 8 } },
      scales: { y: { range: () => rangeOf(shown) } },
      axes: [
        { ...axis, grid: { show: false }, values: (_, splits) => timesOf(splits), space: 64, size: 40 },
        { ...axis, values: (_, splits) => splits.map((value) => number(value)), size: 58 },
      ],
      series,
      bands: [{ series: [3, 2], fill: color('--band') }],
      hooks: {
        drawAxes: [(own) => drawBehind(own, shown, node)],
        draw: [(own) => drawHappenings(own, shown, node)],
        setCursor: [(own) => onCursor(own.cursor.idx ?? null)],
      },
    },
    columnsOf(first) as uPlot.AlignedData,
    node,
  );
  return {
    update(next) {
      shown = next;
      plot.setData(columnsOf(next) as uPlot.AlignedData);
    },
    resize: (width, height) => plot.setSize({ width, height }),
    step(by) {
      const last = plot.data[0].length - 1;
      const at = Math.min(last, Math.max(0, (plot.cursor.idx ?? last + (by < 0 ? 1 : 0)) + by));
      if (last < 0) return;
      plot.setCursor({ left: plot.valToPos(plot.data[0][at]!, 'x'), top: plot.over.clientHeight / 2 });
    },
    destroy: () => plot.destroy(),
  };
}
