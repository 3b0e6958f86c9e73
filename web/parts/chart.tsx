import { useEffect, useRef, useState } from 'preact/hooks';
import { moment, number } from '../model/format.ts';
import { createPlot, type Plot, type Plotted } from './chart-plot.ts';
import { repaints } from './colors.ts';

interface Props extends Plotted {
  /** What the chart is of. */
  label: string;
  height?: number;
  /** What the band around the line is. */
  band?: string;
}

/** A window as a line of text. */
function textOf({ points, other, happenings }: Plotted, index: number): string {
  const point = points[index];
  if (point === undefined) return '';
  const { windowEndMs, value, low, high, n } = point;
  const ends = low !== null && high !== null ? ` (${number(low)} to ${number(high)})` : '';
  const beside = other?.find((one) => one.windowEndMs === windowEndMs);
  const second = beside === undefined ? '' : `, beside it ${number(beside.value)}`;
  const previous = points[index - 1]?.windowEndMs ?? Number.NEGATIVE_INFINITY;
  const events = happenings.filter(({ atMs }) => atMs > previous && atMs <= windowEndMs);
  const told = events.map(({ label }) => `; ${label}`).join('');
  return `${moment(windowEndMs)}: ${number(value)}${ends}${second}, n ${number(n)}${told}`;
}

function summaryOf({ label, points, limits, reference }: Props): string {
  const values = points.flatMap(({ value }) => (value === null ? [] : [value]));
  if (values.length === 0) return `${label}: no values yet`;
  const ends = `from ${number(Math.min(...values))} to ${number(Math.max(...values))}`;
  const held = limits.map((limit) => `, ${limit.label}`).join('');
  const before = reference === null ? '' : `, reference ${number(reference.value)}`;
  return `${label}: ${points.length} windows, ${ends}, last ${number(values.at(-1)!)}${before}${held}`;
}

/** A series over time. With the focus on it, the arrow keys move from window to window, and each is read out. */
export function Chart(props: Props) {
  const { height = 280 } = props;
  const node = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [index, setIndex] = useState<number | null>(null);
  const paint = repaints.value;
  const isDouble = props.other !== undefined;

  // Colours and the number of series are fixed when a plot is made
  useEffect(() => {
    const own = node.current!;
    const size = () => ({ width: Math.max(200, own.clientWidth), height });
    plot.current = createPlot(own, latest.current, size(), setIndex);
    const observer = new ResizeObserver(() => plot.current?.resize(size().width, height));
    observer.observe(own);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [paint, isDouble, height]);

  // These are all that is plotted
  useEffect(() => {
    plot.current?.update(latest.current);
  }, [props.points, props.other, props.limits, props.reference, props.happenings]);

  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
    if (by === 0) return;
    event.preventDefault();
    plot.current?.step(event.shiftKey ? 10 * by : by);
  };
  const told = index === null ? '' : textOf(props, index);
  return (
    <figure class="chart">
      <div
        ref={node}
        class="plot"
        role="img"
        aria-label={summaryOf(props)}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys read the windows one by one
        tabIndex={0}
        onKeyDown={onKeyDown}
      />
      <figcaption>
        <Legend {...props} />
        <output class="readout" aria-live="polite">
          {told || (
            <span class="muted">
              {props.points.length === 0 ? 'No window has closed yet.' : lastOf(props)}
            </span>
          )}
        </output>
      </figcaption>
    </figure>
  );
}

const lastOf = (props: Plotted) => textOf(props, props.points.length - 1);

function Legend({ points, other, limits, reference, happenings, band = '95 % interval' }: Props) {
  const hasBand = points.some(({ low }) => low !== null);
  return (
    <ul class="legend">
      {hasBand && (
        <li>
          <i class="swatch band" />
          {band}
        </li>
      )}
      {other !== undefined && (
        <li>
          <i class="swatch second" />
          beside it
        </li>
      )}
      {reference !== null && (
        <li>
          <i class="swatch reference" />
          reference {number(reference.value)}
        </li>
      )}
      {limits.map(({ label, tone }) => (
        <li key={label}>
          <i class={`swatch limit ${tone}`} />
          {label}
        </li>
      ))}
      {happenings.some(({ kind }) => kind === 'alarm') && (
        <li>
          <i class="swatch alarm" />
          alarm
        </li>
      )}
      {happenings.some(({ kind }) => kind === 'rollout') && (
        <li>
          <i class="swatch rollout" />
          roll-out
        </li>
      )}
    </ul>
  );
}
