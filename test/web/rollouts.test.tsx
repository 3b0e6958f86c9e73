import { beforeEach, expect, test } from 'vitest';
import { rollouts, takeStep } from '../../web/model/store.ts';
import { RolloutPage, RolloutsPage } from '../../web/pages/rollouts.tsx';
import { verdictText, whereText } from '../../web/parts/rollout.tsx';
import { HOUR_MS, T0 } from '../console/records.ts';
import { makeRollout } from '../rollouts.ts';
import { html, reset, text, textOf, viewsOf } from './support.tsx';

beforeEach(() => reset());

const stagesOf = (markup: string): string[] => {
  const bar = /<div class="stages".*?<\/div>/s.exec(markup)![0];
  return [...bar.matchAll(/<span(?: class(?:="(\w*)")?)?>/g)].map(([, kind = '']) => kind);
};

test('a roll-out stands with stage, share, verdict, evidence, what is needed, level and reason', () => {
  rollouts.value = viewsOf(makeRollout());
  const page = html(<RolloutsPage />);
  expect(stagesOf(page)).toEqual(['past', 'now', '']);
  expect(page).toContain('aria-label="stage 2 of 3, running"');
  const [view] = rollouts.value;
  expect(whereText(view!)).toBe(
    'Stage 2 of 3: canary, 10 % of the requests; it has answered 310; the level is full',
  );
  expect(verdictText(view!)).toBe(
    'Verdict keep: wrong answers -0.25 percentage points (-1.5 to +0.8), 1,200 labelled requests',
  );
  expect(textOf(page)).toContain('running|fraud: forest against mlp|2026-03-01 01:00');
  expect(textOf(page)).toContain(
    'Evidence of harm 10|-0.4|, that it is good enough 10|0.9|, of 10|1.6|; 700 labelled requests more, going on so',
  );
  expect(textOf(page)).toContain('advanced: stage 1 of 3 is done: verdict keep|Promote|Pause|Roll back');
});

test('steps that come later stand in front, and a roll-back is told with its reason', () => {
  expect(text(<RolloutsPage />)).toContain('Nothing was ever rolled out.');
  const first = makeRollout();
  const last = makeRollout({
    ...{ id: 'o2', seq: 2, event: 'rolled_back', status: 'rolled_back', verdict: 'rollback', by: 'ann' },
    ...{ table: '', reason: 'wrong answers <b>', needed: 0, atMs: T0 + 2 * HOUR_MS },
  });
  for (const view of viewsOf(first, last).reverse()) takeStep(view);
  takeStep(viewsOf(first)[0]!);
  expect(rollouts.value).toHaveLength(2);
  const page = html(<RolloutPage service="fraud" />);
  expect(stagesOf(page)).toEqual(['undone', 'undone', '']);
  expect(textOf(page)).toContain('rolled back|fraud: forest against mlp');
  expect(textOf(page)).toContain('rolled back: wrong answers <b>');
  expect(textOf(page)).not.toContain('labelled requests more');
  expect(textOf(page)).toMatch(
    /2026-03-01 02:00\|forest rolled back\|, canary 10 %, by ann\|.*2026-03-01 01:00\|forest advanced/,
  );
  expect(textOf(page), 'it is over: nothing can be decided').not.toMatch(/Promote|Pause/);
});

test('without data there is no figure, and a level without a roll-out has no stages', () => {
  const doubt = makeRollout({
    ...{ verdict: 'inconclusive', doubt: 'labels_late', difference: null, low: null, high: null },
  });
  rollouts.value = viewsOf(doubt);
  expect(text(<RolloutsPage />)).toContain('Verdict inconclusive (labels late): nothing to compare yet');
  const reason = 'shadow -> assist: by ann';
  rollouts.value = viewsOf(makeRollout({ event: 'level', candidate: '', stages: 0, reason }));
  const page = html(<RolloutsPage />);
  expect(textOf(page)).toContain(
    'no roll-out|fraud|2026-03-01 01:00|the level is full|level: shadow -> assist: by ann',
  );
  expect(page).not.toContain('class="stages"');
});

test('what can be decided follows from where it stands, and only operators decide', () => {
  const actions = (status: 'waiting' | 'paused' | 'promoted') => {
    rollouts.value = viewsOf(makeRollout({ status }));
    return [...html(<RolloutsPage />).matchAll(/<button[^>]*>(.*?)<\/button>/g)].map(([, name]) => name);
  };
  expect(actions('waiting')).toEqual(['Promote', 'Pause', 'Roll back']);
  expect(actions('paused')).toEqual(['Resume', 'Roll back']);
  expect(actions('promoted')).toEqual(['Roll back']);
  rollouts.value = viewsOf(makeRollout({ event: 'level_open', stages: 0, table: '{"level":"assist"}' }));
  expect(text(<RolloutsPage />)).toContain('Raise the level to partial');
  reset('viewer');
  expect(actions('waiting')).toEqual([]);
});

test('further metrics, what keeps the level down and earlier roll-outs have a line each', () => {
  const redo = { metric: 'redo', n: 900, logEWorse: 1, logEBetter: -1, tallies: [] };
  const first = makeRollout({
    ...{ id: 'o1', rolloutId: 'r1', candidate: 'tree', event: 'rolled_back', status: 'rolled_back' },
    ...{ atMs: T0, reason: 'redo of the candidate is worse' },
  });
  const waits = makeRollout({ id: 'o2', seq: 2, event: 'level_waits', reason: '12 of 500 outcomes' });
  const now = makeRollout({
    ...{ id: 'o3', seq: 3, event: 'verdict' },
    metrics: [...makeRollout().metrics, { ...redo, difference: 0.02, low: -0.01, high: 0.05 }],
  });
  rollouts.value = viewsOf(first, waits, { ...now, rolloutId: 'r2' });
  const page = textOf(html(<RolloutsPage />));
  expect(page).toContain('redo +2 percentage points (-1 to +5), 900 requests');
  expect(page).toContain('the level stays: 12 of 500 outcomes');
  expect(page).toMatch(
    /Earlier\|.*rolled back\|fraud: tree against mlp\|2026-03-01 00:00\|redo of the candidate is worse/,
  );
  const unknown = { ...redo, n: 0, difference: null, low: null, high: null };
  rollouts.value = viewsOf({ ...now, metrics: [...makeRollout().metrics, unknown] });
  expect(text(<RolloutsPage />)).toContain('redo: nothing to compare yet');
});
