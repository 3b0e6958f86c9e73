/** A request that is sent once more: it gets the answer that it had, and nothing of it is logged twice. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TelltaleError } from '../../src/errors.ts';
import type { DecisionRecord } from '../../src/predict/decision.ts';
import { createRecent, type Recent } from '../../src/predict/recent.ts';
import { firstTable, nextTable } from '../../src/router/index.ts';
import { asJson, NOW_MS, PAYMENT, type Reply, type Served, serve } from './support.ts';

const decision = (over: Partial<DecisionRecord> = {}): DecisionRecord => ({
  ...{
    id: 'a',
    service: 'fraud',
    timeMs: 5,
    digest: 'd1',
    version: 'mlp',
    level: 'full',
    epoch: 0,
    by: 'key',
  },
  ...{ suggestion: { fraud: { class: 'legit', confidence: 0.9 } }, confidence: 0.9 },
  ...{ decidedBy: 'model', blind: false, output: { fraud: { class: 'legit', confidence: 0.9 } } },
  ...over,
});
const bytes = (record: unknown): Buffer => Buffer.from(JSON.stringify(record));

describe('what is kept', () => {
  const versionIn = async (recent: Recent, of: DecisionRecord): Promise<string | undefined> =>
    (await recent.find(of, []))?.version;

  test('is the first decision on a request, told apart by service, id, bytes and the version that was asked for', async () => {
    const recent = createRecent();
    recent.note(bytes(decision()));
    recent.note(bytes(decision({ version: 'forest', epoch: 1 })));
    expect(await versionIn(recent, decision({ version: 'boost', epoch: 2 }))).toBe('mlp');
    for (const other of [
      { service: 'shop' },
      { id: 'b' },
      { digest: 'd2' },
      { by: 'override', version: 'mlp' },
    ] as const)
      expect(await versionIn(recent, decision(other))).toBeUndefined();
  });

  test('goes, the oldest first, where there is too much of it', async () => {
    const ids = ['a', 'b', 'c', 'd'];
    const recent = createRecent(2 * bytes(decision()).length);
    for (const id of ids) recent.note(bytes(decision({ id })));
    const kept = await Promise.all(ids.map((id) => versionIn(recent, decision({ id }))));
    expect(kept).toEqual([undefined, undefined, 'mlp', 'mlp']);
  });

  test('is nothing that is no decision', () => {
    const recent = createRecent();
    for (const value of [Buffer.from('{'), bytes(null), bytes([]), bytes({ id: 'a' }), Buffer.alloc(0)])
      expect(() => recent.note(value)).not.toThrow();
  });

  test('says no more than the first answer did, where a person decides blind', async () => {
    const recent = createRecent();
    const hidden = decision({ decidedBy: 'human', blind: true, output: null, level: 'assist' });
    recent.note(bytes(hidden));
    expect(await recent.find(hidden, ['forest'])).toEqual({
      ...{ id: 'a', service: 'fraud', version: 'mlp', shadows: ['forest'], outputs: null },
      decision: { decidedBy: 'human', output: null, confidence: null, blind: true, review: true },
      ...{ level: 'assist', epoch: 0, by: 'key' },
    });
  });
});

describe('over HTTP', () => {
  let app: Served;
  beforeEach(async () => {
    app = await serve({ change: (specs) => specs.filter(({ service }) => service === 'fraud') });
  });
  afterEach(() => app.close());

  const ask = (over: object = {}): Promise<Reply> =>
    app.post(
      '/predict/fraud',
      JSON.stringify({ ...PAYMENT, id: 'a', time: NOW_MS - 1_000, ...over }),
      asJson,
    );
  const logged = async (): Promise<string[]> =>
    (await Promise.all(['fraud.requests', 't.decisions'].map((topic) => app.records(topic))))
      .flat()
      .map(({ key }) => key);
  const switchOver = (): void => {
    const first = firstTable({ service: 'fraud', seed: 's', level: 'full' }, [
      { version: 'mlp', role: 'primary', share: 1 },
      { version: 'forest', role: 'preview', share: 0 },
    ]);
    app.route(nextTable(first, [{ version: 'forest', role: 'primary', share: 1 }]));
  };

  test('the second try has the answer of the first, also after a switch, and counts once', async () => {
    const first = await ask();
    switchOver();
    const second = await ask();
    expect(second).toMatchObject({ status: 200, body: { ...first.body, shadows: expect.anything() } });
    expect(await logged()).toEqual(['a', 'a']);
    const volumes = (await app.results()).filter(
      ({ metric, segment }) => metric === 'volume' && segment === '*',
    );
    expect(volumes.map(({ value }) => value)).toEqual([1]);
  });

  test('tries at the same time are one request', async () => {
    const replies = await Promise.all(Array.from({ length: 5 }, () => ask()));
    expect(new Set(replies.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(await logged()).toEqual(['a', 'a']);
  });

  test('an id that is used again for something else is another request', async () => {
    const first = await ask();
    switchOver();
    const others = [await ask({ time: NOW_MS }), await ask({ amount: 1 })];
    expect([first, ...others].map(({ body }) => body.version)).toEqual(['mlp', 'forest', 'forest']);
    expect(await logged()).toHaveLength(6);
  });

  test('what was refused is tried anew', async () => {
    app.append.before = async () => {
      throw new TelltaleError('log_failed', 'no broker');
    };
    expect((await ask()).status).toBe(503);
    app.append.before = async () => {};
    expect((await ask()).status).toBe(200);
    expect(await logged()).toEqual(['a', 'a']);
  });

  test('what another process has decided is answered as it was', async () => {
    await ask();
    const [decided] = await app.records('t.decisions');
    await app.close();
    app = await serve();
    app.predictions.recent.note(bytes({ ...decided!.value, version: 'forest' }));
    expect((await ask()).body).toMatchObject({ version: 'forest' });
    expect(await logged()).toEqual([]);
  });
});
