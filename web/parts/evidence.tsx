import type { AlertEvidence, MovedStream } from '../../src/records.ts';
import { about, moment, number, percent } from '../model/format.ts';
import { KINDS } from '../model/words.ts';

const STREAMS_SHOWN = 6;

/** Borders of cells have all the digits of the baseline; a person wants three. */
export const cellText = (cell: string): string =>
  /\.\.|^[<>] /.test(cell)
    ? cell.replace(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g, (border) =>
        number(Number(Number(border).toPrecision(3))),
      )
    : cell;

const shareText = (share: number): string =>
  share > 0 && share < 0.001 ? 'less than 0.1 %' : percent(share);

function Moved({ stream }: { stream: MovedStream }) {
  const most = Math.max(...stream.cells.flatMap(({ reference, current }) => [reference, current]), 0.01);
  return (
    <article class="card moved">
      <h3>{about(stream)}</h3>
      <p class="muted small">
        {shareText(stream.share)} of the evidence, since <span class="nowrap">{moment(stream.onsetMs)}</span>;{' '}
        {number(stream.n)} rows against {number(stream.referenceN)} of the reference
      </p>
      <table class="bars">
        <caption class="hidden">The cells of {about(stream)} that moved most</caption>
        <thead class="hidden">
          <tr>
            <th scope="col">Cell</th>
            <th scope="col">Bars</th>
            <th scope="col">Share before and now</th>
          </tr>
        </thead>
        <tbody>
          {stream.cells.map(({ cell, reference, current }) => (
            <tr key={cell}>
              <th scope="row">{cellText(cell)}</th>
              <td>
                <svg width="100%" height="18" aria-hidden="true">
                  <rect class="before" x="0" y="1" height="7" rx="2" width={`${(100 * reference) / most}%`} />
                  <rect class="now" x="0" y="10" height="7" rx="2" width={`${(100 * current) / most}%`} />
                </svg>
              </td>
              <td class="num small">
                {percent(reference)} → <b>{percent(current)}</b>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </article>
  );
}

/** Why an alarm on the budget fires: the streams that moved, each with the cells that moved most. */
export function Evidence({ evidence }: { evidence: AlertEvidence }) {
  const { kind, log10Evidence, log10Boundary, coverage, streams } = evidence;
  return (
    <>
      <p>
        {KINDS[kind]}. Evidence 10<sup>{log10Evidence.toFixed(1)}</sup> of the 10
        <sup>{log10Boundary.toFixed(1)}</sup> that the budget asks for
        {coverage !== null && `; ${percent(coverage)} of the labels were known`}.
      </p>
      <div class="grid">
        {streams.slice(0, STREAMS_SHOWN).map((stream) => (
          <Moved key={about(stream)} stream={stream} />
        ))}
      </div>
    </>
  );
}
