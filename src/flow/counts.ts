/** What the folds count, told to the metrics, the live page and the alarm about dead letters. */

import type { ConsoleState } from '../console/state.ts';
import { STREAMS, type StreamName } from '../records.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import type { DeadShare } from './dead-share.ts';
import type { Counts } from './runtime.ts';

/** Before the name of a sink, where a stream of a service would stand. */
export const SINK_STAGE = 'sink.';

const isStream = (name: string): name is StreamName => (STREAMS as readonly string[]).includes(name);

export function createCounts(
  metrics: Metrics,
  state: ConsoleState,
  share: DeadShare,
  lags: Map<string, number>,
  tracing: Pick<Tracing, 'note'>,
): Counts {
  return {
    records(service, stream, n) {
      metrics.records(service, stream as StreamName, n);
      state.count(service, stream, n);
      state.stream(service, stream as StreamName, 'flowing');
      share.read(n, service, `${service}/${stream}`);
    },
    dead(service, stream, code, n) {
      for (let i = 0; i < n; i++) metrics.deadLetter(service, stream as StreamName, code as never);
      state.count(service, 'dead', n);
      // A sink's records are no records of the service; what a fold behind the inputs refuses is.
      if (stream.startsWith(SINK_STAGE)) share.dead(n, stream);
      else share.dead(n, service, ...(isStream(stream) ? [`${service}/${stream}`] : []));
    },
    late(service, stream, n) {
      metrics.late(service, stream as StreamName, n);
      state.count(service, 'late', n);
    },
    emitted(output) {
      if (output.type === 'result') metrics.results(output.record.service, 1);
      else if (output.type === 'alert') {
        const { service, rule, state, level, id } = output.record;
        metrics.alert(service, state, level);
        tracing.note('telltale.alert', { service, rule, state, level, id });
      } else if (output.type === 'incident')
        metrics.incident(output.record.service, output.record.state, output.record.notify);
      else if (output.type === 'rollout') metrics.rollout(output.record.service, output.record.event);
      else if (output.type === 'retrain') metrics.retrain(output.record.service, output.record.state);
    },
    lag(service, stream, partition, lag) {
      lags.set(`${service}.${stream}/${partition}`, lag);
    },
    checkpoint: (topic, ms) => metrics.checkpoint(topic, ms),
  };
}
