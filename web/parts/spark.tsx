import { number } from '../model/format.ts';

export type SparkPoint = readonly [number, number | null];

const PAD = 3;

/** The last values of a series; a window without a value breaks the line. The label tells the range to those who cannot see it. */
export function Spark({
  points,
  width = 120,
  height = 28,
  isFilled = false,
}: {
  points: readonly SparkPoint[];
  width?: number;
  height?: number;
  isFilled?: boolean;
}) {
  const values = points.flatMap(([, value]) => (value === null ? [] : [value]));
  if (values.length === 0) return <span class="muted small">no values yet</span>;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (i: number) => PAD + (i * (width - 2 * PAD)) / Math.max(1, points.length - 1);
  const y = (value: number) =>
    high === low ? height / 2 : PAD + ((high - value) * (height - 2 * PAD)) / (high - low);
  let path = '';
  let pen = 'M';
  let last: [number, number] = [0, 0];
  let first: number | null = null;
  points.forEach(([, value], i) => {
    if (value === null) {
      pen = 'M';
      return;
    }
    last = [x(i), y(value)];
    first ??= last[0];
    path += `${pen}${last[0].toFixed(1)} ${last[1].toFixed(1)}`;
    pen = 'L';
  });
  const label = `from ${number(low)} to ${number(high)} over ${points.length} windows`;
  const isWhole = values.length === points.length;
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {isFilled && isWhole && <path class="area" d={`${path}L${last[0]} ${height}L${first} ${height}Z`} />}
      <path class="line" d={path} />
      <circle cx={last[0]} cy={last[1]} r="2" />
    </svg>
  );
}
