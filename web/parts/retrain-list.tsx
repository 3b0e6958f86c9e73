import type { Retrain } from '../../src/records.ts';
import { ask, retrainAsk } from '../model/commands.ts';
import { moment, plural, span } from '../model/format.ts';
import { mayCommand } from '../model/session.ts';
import { RETRAIN_TONES } from '../model/words.ts';
import { Badge } from './badge.tsx';

/** The data of a request, as a training needs them. */
export function DataRange({ data: { fromMs, toMs, ranges } }: Pick<Retrain, 'data'>) {
  return (
    <>
      <p>
        Train on <b>{moment(fromMs)}</b> to <b>{moment(toMs)}</b> UTC ({span(toMs - fromMs)}),{' '}
        {plural(ranges.length, 'offset range')}.
      </p>
      {ranges.length > 0 && (
        <details>
          <summary>Offsets of the topics</summary>
          <div class="scroll">
            <table class="plain">
              <thead>
                <tr>
                  <th scope="col">Stream</th>
                  <th scope="col">Topic</th>
                  <th scope="col" class="num">
                    Partition
                  </th>
                  <th scope="col" class="num">
                    From
                  </th>
                  <th scope="col" class="num">
                    To
                  </th>
                </tr>
              </thead>
              <tbody>
                {ranges.map(({ stream, topic, partition, fromOffset, toOffset }) => (
                  <tr key={`${topic}/${partition}`}>
                    <td>{stream}</td>
                    <td>{topic}</td>
                    <td class="num">{partition}</td>
                    <td class="num">{fromOffset}</td>
                    <td class="num">{toOffset}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </>
  );
}

export function RetrainItem({ record }: { record: Retrain }) {
  const { service, retrainId, state, mode, by, atMs, reason, model } = record;
  const isWaiting = state === 'requested' && mode === 'manual';
  return (
    <li class={`item edge ${isWaiting ? 'warn' : 'none'}`}>
      <div class="item-line">
        <Badge tone={RETRAIN_TONES[state]}>{isWaiting ? 'waits for approval' : state}</Badge>
        <b class="item-title">{service}: retraining</b>
        <span class="muted small">
          {mode}
          {by && ` by ${by}`}
        </span>
        <span class="when">{moment(atMs)}</span>
        {isWaiting && mayCommand.value && (
          <span class="actions">
            <button
              type="button"
              class="button primary small"
              aria-label={`Approve retraining of ${service}`}
              onClick={() => ask(retrainAsk(service, retrainId, 'approve'))}
            >
              Approve
            </button>
            <button
              type="button"
              class="button small"
              aria-label={`Reject retraining of ${service}`}
              onClick={() => ask(retrainAsk(service, retrainId, 'reject'))}
            >
              Reject
            </button>
          </span>
        )}
      </div>
      {reason !== '' && <p class="small">{reason}</p>}
      <div class="small muted">
        <DataRange data={record.data} />
      </div>
      {model !== null && <p class="small">The training gave {model.name || model.file}.</p>}
    </li>
  );
}
