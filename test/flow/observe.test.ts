import { describe, expect, test } from 'vitest';
import { createDecoder } from '../../src/decode/decoder.ts';
import type { Output } from '../../src/flow/messages.ts';
import { createObserve, stepObserve } from '../../src/flow/observe.ts';
import { dropClosed, takeDirtySlots } from '../../src/flow/pane-slots.ts';
import type { LogRecord, ServiceSpec } from '../../src/records.ts';
import { NOW_MS, specOf, T0 } from '../scenario/support.ts';

const service = (more: string): ServiceSpec =>
  specOf(`
service: shop
streams: { requests: { topic: shop.requests } }
inputs: { country: { type: categorical } }
windows: { size: 4m, hop: 1m, lateness: 5s }
${more}
`);

function observer(spec: ServiceSpec) {
  const stream = spec.streams[0]!;
  const decoder = createDecoder(spec, stream, { schemas: null, schemaFile: null });
  const state = createObserve(spec, 'requests', stream.topic, 0);
  const source = {
    service: 'shop',
    group: 'requests' as const,
    topic: stream.topic,
    partition: 0,
    writer: 'w',
  };
  let offset = 0;
  return {
    state,
    send(rows: readonly object[]) {
      const records = rows.map(
        (row): LogRecord => ({
          topic: stream.topic,
          partition: 0,
          offset: offset++,
          timestampMs: NOW_MS,
          key: Buffer.from(`${offset}`),
          value: Buffer.from(JSON.stringify(row)),
          headers: {},
        }),
      );
      stepObserve(state, decoder.decode(records), { models: [], images: [] }, offset - 1);
    },
    flush(): Output[] {
      const slots = takeDirtySlots(state.panes, source, state.upTo, 0);
      dropClosed(state.panes, spec);
      return slots;
    },
  };
}
const startsOf = (outputs: readonly Output[]): number[] =>
  outputs.flatMap((output) => (output.type === 'slot' ? [output.record.paneStartMs] : []));

describe('what is counted aside', () => {
  test('never opens a pane anew whose slots were written: it would supersede them', () => {
    const { state, send, flush } = observer(service(''));
    send([{ time: T0 }, { time: T0 + 1_000 }]);
    expect(startsOf(flush())).toEqual([T0]);
    // The partition fell silent, and its time went on.
    state.panes.watermarkMs = T0 + 150_000;
    flush();
    expect(state.panes.open.size).toBe(0);
    send([{ time: T0 + 2_000 }, { time: 'never' }]);
    expect(startsOf(flush())).toEqual([T0 + 120_000]);
  });
});

describe('segments beyond the bound', () => {
  test('leave no trace for each of them', () => {
    const { state, send } = observer(service('segments: [[country]]\nlimits: { segments_max: 5 }'));
    for (let i = 0; i < 2_000; i++) send([{ time: T0, country: `c${i}` }]);
    const pane = state.panes.open.get(T0)!;
    const kept = [...pane.segments.values()].filter(({ evictedFrom }) => evictedFrom < 0);
    expect(kept).toHaveLength(5);
    // Those that were among the five of the smallest hash for a while: about 5 ln(2000 / 5).
    expect(pane.cells.size).toBeLessThan(100);
  });
});
