/** Who is counted as under way, and when the last one has gone. */
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, test, vi } from 'vitest';
import { createBatcher } from '../../src/predict/batcher.ts';
import { createGate } from '../../src/predict/gate.ts';

const HOUR_MS = 3_600_000;

test('a gate is empty when the last response has closed, or when it has waited long enough', async () => {
  const gate = createGate();
  const responses = [new EventEmitter(), new EventEmitter()];
  await gate.empty(HOUR_MS);
  for (const response of responses) gate.enter(response as ServerResponse);
  await gate.empty(1);
  expect(gate.inFlight).toBe(2);
  let isEmpty = false;
  const empty = gate.empty(HOUR_MS).then(() => {
    isEmpty = true;
  });
  responses[0]!.emit('close');
  await new Promise(setImmediate);
  expect([gate.inFlight, isEmpty]).toEqual([1, false]);
  responses[1]!.emit('close');
  await empty;
  expect(gate.inFlight).toBe(0);
});

test('what comes together runs together, at most so many at once, and a full batch does not wait', async () => {
  const runs: number[][] = [];
  const batcher = createBatcher<number>({ max: 3, waitMs: 1, run: (items) => runs.push(items) });
  for (let i = 0; i < 7; i++) batcher.add(i);
  expect(runs).toEqual([
    [0, 1, 2],
    [3, 4, 5],
  ]);
  await vi.waitFor(() => expect(runs).toHaveLength(3));
  batcher.add(7);
  await vi.waitFor(() => expect(runs.slice(2)).toEqual([[6], [7]]));
});
