import { number } from '../model/format.ts';

export interface WhiskerRow {
  key: string;
  label: string;
  value: number | null;
  low: number | null;
  high: number | null;
  n: number;
  /** Beside the label. */
  note?: string;
  isStrong?: boolean;
}

/** Where a list of values begins and ends; intervals of few rows may reach beyond. */
function scaleOf(rows: readonly WhiskerRow[], at: number | null): (value: number) => number {
  const values = rows.flatMap(({ value, low, high }) =>
    [value, low, high].filter((one): one is number => one !== null),
  );
  if (at !== null) values.push(at);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const width = high - low || 1;
  return (value) => 2 + (96 * (value - low)) / width;
}

/** Values with their intervals on one scale, in the order that is given. `at` is a line through all of them. */
export function Whiskers({
  rows,
  at = null,
  label,
}: {
  rows: readonly WhiskerRow[];
  at?: number | null;
  label: string;
}) {
  const x = scaleOf(rows, at);
  return (
    <table class="whiskers">
      <caption class="hidden">{label}</caption>
      <thead class="hidden">
        <tr>
          <th scope="col">What</th>
          <th scope="col">Interval</th>
          <th scope="col">Value</th>
          <th scope="col">n</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, label: name, value, low, high, n, note, isStrong }) => (
          <tr key={key} class={isStrong ? 'strong' : ''}>
            <th scope="row">
              {name}
              {note && <small class="muted"> {note}</small>}
            </th>
            <td class="scale">
              <svg width="100%" height="20" aria-hidden="true">
                {at !== null && <line class="at" x1={`${x(at)}%`} x2={`${x(at)}%`} y1="0" y2="20" />}
                {low !== null && high !== null && (
                  <line class="ends" x1={`${x(low)}%`} x2={`${x(high)}%`} y1="10" y2="10" />
                )}
                {value !== null && <circle cx={`${x(value)}%`} cy="10" r="4.5" />}
              </svg>
              <span class="hidden">
                {low !== null && high !== null ? `${number(low)} to ${number(high)}` : 'none'}
              </span>
            </td>
            <td class="num">{number(value)}</td>
            <td class="num muted small">{number(n)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
