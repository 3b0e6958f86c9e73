import { beforeEach, describe, expect, test, vi } from 'vitest';
import { TelltaleError } from '../../src/errors.ts';
import {
  type GroupBatch,
  GroupPartition,
  type PartitionContext,
  type Tenure,
} from '../../src/log/group-partition.ts';
import { PartitionSlot } from '../../src/log/partition-slot.ts';
import type { PartitionHandler } from '../../src/log/port.ts';
import type { LogRecord } from '../../src/records.ts';

const identityOf = (generation: number) => ({ group: 'g', memberId: 'm', generation, instanceId: null });
const silent = { debug() {}, info() {}, warn() {}, error() {} };

describe('one assigned partition', () => {
  let calls: string[];
  let seeks: number[];
  let fatal: Error[];
  let ends: { first: number; next: number };
  let committed: number | null;
  let slot: PartitionSlot;
  let times: PartitionContext['times'];
  let tenure: Tenure;

  beforeEach(() => {
    calls = [];
    seeks = [];
    fatal = [];
    ends = { first: 0, next: 100 };
    committed = null;
    slot = new PartitionSlot();
    times = { heartbeatIntervalMs: 20, rebalanceTimeoutMs: 1_000_000, stalledAfterMs: 1_000 };
  });

  const partOf = (overrides: Partial<PartitionHandler> = {}): GroupPartition => {
    const context: PartitionContext = {
      group: 'g',
      tickMs: 1_000_000_000_000_000,
      times,
      reader: {
        ends: async () => ends,
        committed: async () => ({ offset: committed, metadata: '' }),
      },
      log: silent,
      seek: (_topic, _partition, offset) => seeks.push(offset),
      onFatal: (error) => fatal.push(error),
    };
    return new GroupPartition('t', 0, context, slot, identityOf(1), (own) => {
      tenure = own;
      calls.push('new');
      return {
        open: async () => {
          calls.push('open');
          return 'stay';
        },
        handle: async (records) => {
          calls.push(`handle ${records.map(({ offset }) => offset).join(',')}`);
        },
        tick: async (_now, lag) => {
          calls.push(`tick ${lag}`);
        },
        close: async () => {
          calls.push('close');
        },
        ...overrides,
      };
    });
  };

  const batchOf = (from: number, to: number, overrides: Partial<GroupBatch> = {}): GroupBatch => ({
    fetchedOffset: from,
    lastOffset: to - 1,
    highWatermark: 100,
    records: Array.from(
      { length: to - from },
      (_, i): LogRecord => ({
        topic: 't',
        partition: 0,
        offset: from + i,
        timestampMs: 0,
        key: null,
        value: null,
        headers: {},
      }),
    ),
    heartbeat: async () => undefined,
    isStale: () => false,
    resolve: () => calls.push('resolve'),
    ...overrides,
  });

  test('opens before its first records, and handles them where they are the right ones', async () => {
    const part = partOf();
    await part.onBatch(batchOf(0, 2));
    await part.onBatch(batchOf(2, 3));
    expect(calls).toEqual(['new', 'open', 'handle 0,1', 'resolve', 'handle 2', 'resolve']);
    expect(seeks).toEqual([]);
  });

  test('drops a batch fetched from elsewhere than where opening says, and seeks', async () => {
    const part = partOf({ open: async () => 40 });
    await part.onBatch(batchOf(10, 12));
    await part.onBatch(batchOf(12, 14, { isStale: () => true }));
    await part.onBatch(batchOf(40, 41));
    expect(calls).toEqual(['new', 'handle 40', 'resolve']);
    expect(seeks).toEqual([40]);
  });

  test('staying is at the commit, also when the client was sent elsewhere before', async () => {
    committed = 50;
    await partOf().onBatch(batchOf(10, 12));
    expect(seeks).toEqual([50]);
    expect(calls).toEqual(['new', 'open']);
  });

  test.each([5, 150])('begins at the first record when %i is not in the log', async (offset) => {
    committed = offset;
    ends = { first: 20, next: 100 };
    await partOf().tick(0);
    expect(seeks).toEqual([20]);
    expect(calls).toEqual(['new', 'open', 'tick 80']);
  });

  test('a heartbeat that fails is thrown on, whatever the handler makes of it, and is no failure', async () => {
    const gone = new Error('rebalance');
    const heartbeat = () => Promise.reject(gone);
    for (let i = 0; i < 6; i++) {
      const swallows = partOf({ handle: (_records, beat) => beat().catch(() => undefined) });
      await expect(swallows.onBatch(batchOf(0, 1, { heartbeat }))).rejects.toBe(gone);
      const throws = partOf({
        handle: (_records, beat) => beat().catch(() => Promise.reject(new Error('mine'))),
      });
      await expect(throws.onBatch(batchOf(0, 1, { heartbeat }))).rejects.toBe(gone);
    }
    expect(fatal).toEqual([]);
  });

  test('after a heartbeat that failed a new handler takes the batch: the old one may hold half of it', async () => {
    const part = partOf({ handle: (_records, beat) => beat() });
    const heartbeat = () => Promise.reject(new Error('the connection broke'));
    await expect(part.onBatch(batchOf(0, 2, { heartbeat }))).rejects.toThrow('the connection broke');
    await part.onBatch(batchOf(0, 2));
    expect(calls).toEqual(['new', 'open', 'new', 'open', 'resolve']);
  });

  test('from one generation to the next a partition goes on where it is', async () => {
    const part = partOf();
    await part.onBatch(batchOf(0, 2));
    expect(tenure.identity()).toEqual(identityOf(1));
    part.stay(identityOf(2));
    expect(tenure.identity()).toEqual(identityOf(2));
    expect(seeks).toEqual([2]);
    await part.onBatch(batchOf(2, 3));
    expect(calls).toEqual(['new', 'open', 'handle 0,1', 'resolve', 'handle 2', 'resolve']);
  });

  test('a partition that is not open yet goes on to be opened', async () => {
    const part = partOf();
    part.stay(identityOf(2));
    expect(seeks).toEqual([]);
    await part.onBatch(batchOf(0, 1));
    expect(calls).toEqual(['new', 'open', 'handle 0', 'resolve']);
  });

  test('a batch may be ended while the group assigns anew, but not for long; a restore is broken off', async () => {
    const rebalance = Object.assign(new Error('rebalance'), { type: 'REBALANCE_IN_PROGRESS' });
    const heartbeat = () => Promise.reject(rebalance);
    const part = partOf({ handle: (_records, beat) => beat() });
    await part.onBatch(batchOf(0, 1, { heartbeat }));
    expect(calls).toEqual(['new', 'open', 'resolve']);
    times.rebalanceTimeoutMs = 0;
    await expect(part.onBatch(batchOf(1, 2, { heartbeat }))).rejects.toBe(rebalance);

    times.rebalanceTimeoutMs = 1_000_000;
    const opening = partOf({ open: (beat) => beat().then(() => 'stay' as const) });
    await expect(opening.onBatch(batchOf(0, 1, { heartbeat }))).rejects.toBe(rebalance);
    expect(fatal).toEqual([]);
  });

  test('a commit that was refused is thrown on, whatever the handler makes of it, and is no failure', async () => {
    const gone = new Error('UNKNOWN_MEMBER_ID');
    for (let i = 0; i < 6; i++) {
      const part = partOf({
        handle: async () => {
          tenure.refused(gone);
          if (i % 2 === 0) throw new Error('mine');
        },
      });
      await expect(part.onBatch(batchOf(0, 1))).rejects.toBe(gone);
    }
    expect(calls).not.toContain('resolve');
    expect(fatal).toEqual([]);
  });

  test('a commit that was refused in a tick stops the ticks, and the next batch throws it', async () => {
    const gone = new Error('UNKNOWN_MEMBER_ID');
    const part = partOf({
      tick: async () => {
        calls.push('tick');
        tenure.refused(gone);
        throw gone;
      },
    });
    for (let i = 0; i < 6; i++) await part.tick(0);
    expect(calls).toEqual(['new', 'open', 'tick']);
    await expect(part.onBatch(batchOf(0, 1))).rejects.toBe(gone);
    expect(calls).toEqual(['new', 'open', 'tick', 'new']);
    expect(fatal).toEqual([]);
  });

  test('a batch keeps the membership while its handler works, until it gives no sign for too long', async () => {
    let beats = 0;
    const heartbeat = async () => {
      beats++;
    };
    const part = partOf({
      handle: () => vi.waitFor(() => expect(beats).toBeGreaterThan(2)),
    });
    await part.onBatch(batchOf(0, 1, { heartbeat }));
    const after = beats;
    times.rebalanceTimeoutMs = 0;
    const silent = partOf({ handle: () => new Promise((resolve) => setTimeout(resolve, 100)) });
    await silent.onBatch(batchOf(0, 1, { heartbeat }));
    expect(beats).toBe(after);
  });

  test('a failure brings a new handler; the fifth at one offset ends the process', async () => {
    const part = partOf({ handle: () => Promise.reject(new TypeError('no')) });
    for (let i = 0; i < 5; i++) {
      expect(fatal).toEqual([]);
      await expect(part.onBatch(batchOf(0, 1))).rejects.toThrow('failed at offset 0');
    }
    expect(fatal).toHaveLength(1);
    expect(calls.slice(0, 4)).toEqual(['new', 'open', 'new', 'open']);
  });

  test('a log that cannot be written ends the process at once', async () => {
    const error = new TelltaleError('log_failed', 'no');
    await partOf({ tick: () => Promise.reject(error) }).tick(0);
    expect(fatal).toEqual([error]);
  });

  test('after it is lost nothing is called', async () => {
    const part = partOf();
    await part.onBatch(batchOf(0, 1));
    part.lose();
    calls.length = 0;
    await part.onBatch(batchOf(1, 2));
    await part.tick(0);
    await part.close();
    expect(calls).toEqual([]);
  });

  test('a batch that waits for its turn sends heartbeats, and gives the turn back when they fail', async () => {
    const end = await slot.enter();
    const gone = new Error('rebalance');
    await expect(partOf().onBatch(batchOf(0, 1, { heartbeat: () => Promise.reject(gone) }))).rejects.toBe(
      gone,
    );
    end();
    const next = await slot.enter();
    next();
    expect(slot.busy).toBe(false);
  });

  test('behind and not moving for too long ends the process; a silent partition does not', async () => {
    const part = partOf();
    const start = Date.now();
    await part.onBatch(batchOf(0, 100));
    for (const afterMs of [1_000, 2_000, 3_000, 9_000]) await part.tick(start + afterMs);
    expect(fatal).toEqual([]);
    ends = { first: 0, next: 101 };
    await part.tick(start + 10_000);
    await part.tick(start + 10_900);
    expect(fatal).toEqual([]);
    await part.tick(start + 11_900);
    expect(fatal[0]).toMatchObject({ message: 't/0 does not move: at offset 100 of 101' });
  });

  test.each<[string, Partial<PartitionHandler>, string]>([
    ['that hangs', { handle: () => new Promise(() => undefined) }, 't/0 does not move: at offset 0 of 100'],
    ['that never opens', { open: () => new Promise(() => undefined) }, 'its handler does not open'],
  ])(
    'a handler %s ends the process; one that sends heartbeats does not',
    async (_name, overrides, message) => {
      const start = Date.now();
      let beat!: () => Promise<void>;
      const part = partOf({
        ...overrides,
        ...(overrides.open && {
          open: (heartbeat) => {
            beat = heartbeat;
            return overrides.open!(heartbeat);
          },
        }),
        ...(overrides.handle && {
          handle: (records, heartbeat) => {
            beat = heartbeat;
            return overrides.handle!(records, heartbeat);
          },
        }),
      });
      void part.onBatch(batchOf(0, 1));
      await vi.waitFor(() => expect(beat).toBeDefined());
      await part.tick(start + 1_000);
      await beat();
      await part.tick(start + 2_000);
      await part.tick(start + 2_900);
      expect(fatal).toEqual([]);
      await part.tick(start + 3_900);
      expect(fatal).toHaveLength(1);
      expect(fatal[0]!.message).toContain(message);
    },
  );
});
