import type { ComponentChildren } from 'preact';
import type { Calibration } from '../../src/console/source.ts';
import { number, percent } from '../model/format.ts';

/** A square plot of shares, 0..1 on both axes unless `top` says where the upper end is. */
function Square({
  label,
  across,
  up,
  top = 1,
  children,
}: {
  label: string;
  across: string;
  up: string;
  top?: number;
  children: ComponentChildren;
}) {
  return (
    <figure class="square">
      <div class="frame">
        <span class="y high small muted">{percent(top)}</span>
        <span class="y low small muted">0</span>
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label={label}>
          {[25, 50, 75].map((at) => (
            <path key={at} class="grid" d={`M0 ${at}H100M${at} 0V100`} />
          ))}
          {children}
        </svg>
        <span class="x low small muted">0</span>
        <span class="x high small muted">100 %</span>
      </div>
      <figcaption class="small muted">
        {up} against {across}
      </figcaption>
    </figure>
  );
}

/** How often answers of a score are hits. On the diagonal scores are what they say. */
export function Reliability({ of }: { of: Calibration }) {
  const [worst] = [...of.bins].sort(
    (a, b) => Math.abs(b.hits / b.n - b.score) - Math.abs(a.hits / a.n - a.score),
  );
  const label =
    worst === undefined
      ? 'no labelled answers'
      : `${of.n} labelled answers; furthest from calibrated at a score of ${number(worst.score)}: ${percent(worst.hits / worst.n)} are hits`;
  const what = of.of === 'yes' ? 'Share that is positive' : 'Share that is right';
  return (
    <Square label={label} across="the score that was given" up={what}>
      <path class="ideal" d="M0 100L100 0" />
      {of.bins.map(({ score, n, hits, low, high }) => {
        const [x, y] = [100 * score, 100 - (100 * hits) / n];
        return (
          <g key={score}>
            <title>{`score ${number(score)}: ${hits} of ${n}, ${percent(hits / n)} (${percent(low)} to ${percent(high)})`}</title>
            <path class="ends" d={`M${x} ${100 - 100 * low}V${100 - 100 * high}`} />
            <path class="dot" d={`M${x} ${y}h0.01`} />
          </g>
        );
      })}
    </Square>
  );
}

/** What share would be wrong if only the surest answers counted. */
export function RiskCoverage({ of }: { of: Calibration }) {
  const { curve } = of;
  const risks = curve
    .filter(({ coverage }) => coverage >= 0.05)
    .map(({ risk, high }) => Math.max(risk, Math.min(high, 2 * risk)));
  const top = Math.min(1, Math.max(0.02, ...risks) * 1.1);
  const y = (risk: number) => Math.max(0, 100 - (100 * risk) / top);
  const line = curve
    .map(({ coverage, risk }, i) => `${i === 0 ? 'M' : 'L'}${100 * coverage} ${y(risk)}`)
    .join('');
  const upper = curve.map(({ coverage, high }) => `${100 * coverage} ${y(high)}`);
  const lower = curve.map(({ coverage, low }) => `${100 * coverage} ${y(low)}`).reverse();
  const all = curve.at(-1);
  const half = curve.find(({ coverage }) => coverage >= 0.5);
  const label =
    all === undefined || half === undefined
      ? 'no labelled answers'
      : `${percent(all.risk)} of all answers are wrong, of the surest half ${percent(half.risk)}`;
  return (
    <Square
      label={label}
      across="the share of answers that count, the surest first"
      up="Share of wrong answers"
      top={top}
    >
      {curve.length > 1 && <path class="area" d={`M${[...upper, ...lower].join('L')}Z`} />}
      <path class="line" d={line} />
    </Square>
  );
}
