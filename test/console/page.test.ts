/** The script of the page on a stand-in for the document, which keeps what a person would read. */
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { PAGE_SCRIPT } from '../../src/console/page.ts';
import { BODY } from '../../src/console/page-html.ts';
import type { RolloutView } from '../../src/console/source.ts';
import { createConsoleState } from '../../src/console/state.ts';
import type { Incident, RolloutRecord } from '../../src/records.ts';
import { makeIncident } from '../incidents.ts';
import { makeRollout } from '../rollouts.ts';
import { HOUR_MS, makeSpec, T0 } from './records.ts';

/** An element, as far as the script asks for it. */
class Element {
  children: (Element | string)[] = [];
  className = '';
  hidden = false;
  readonly attributes: Record<string, string> = {};
  readonly listeners: Record<string, (event: unknown) => void> = {};

  append(...nodes: (Element | string)[]): void {
    this.children.push(...nodes);
  }
  replaceChildren(...nodes: (Element | string)[]): void {
    this.children = nodes;
  }
  setAttribute(name: string, value: string): void {
    this.attributes[name] = value;
  }
  addEventListener(name: string, listener: (event: unknown) => void): void {
    this.listeners[name] = listener;
  }
  contains(): boolean {
    return false;
  }
  get textContent(): string {
    return this.children.map((child) => (typeof child === 'string' ? child : child.textContent)).join('|');
  }
  set textContent(text: string) {
    this.children = [text];
  }
}

interface Page {
  textOf(id: string): string;
  element(id: string): Element;
  hear(type: string, data?: unknown): Promise<void>;
}

/** Opens the page on what `/api/...` answers; what waits is drawn before `hear` resolves. */
async function openPage(answers: Record<string, unknown>): Promise<Page> {
  const elements = new Map<string, Element>();
  for (const [, id = ''] of BODY.matchAll(/ id="([^"]+)"/g)) elements.set(id, new Element());
  const element = (id: string): Element => {
    const found = elements.get(id);
    if (found === undefined) throw new Error(`the page has no element '${id}'`);
    return found;
  };
  const source = new Element();
  const waiting: (() => void)[] = [];
  const faults: unknown[] = [];
  runInNewContext(PAGE_SCRIPT, {
    document: {
      getElementById: element,
      createElement: () => new Element(),
      createElementNS: () => new Element(),
      activeElement: null,
    },
    EventSource: function EventSource() {
      return source;
    },
    fetch: async (path: string) => {
      if (!(path in answers)) faults.push(path);
      return { ok: path in answers, json: async () => structuredClone(answers[path]) };
    },
    setTimeout: (work: () => void) => waiting.push(work),
    location: { hash: '' },
    history: { replaceState: () => {} },
  });
  const hear = async (type: string, data: unknown = null): Promise<void> => {
    source.listeners[type]!({ data: JSON.stringify(data) });
    // Until what was asked for has been answered and drawn.
    for (let turn = 0; turn < 10; turn++) {
      await new Promise(setImmediate);
      for (const work of waiting.splice(0)) work();
    }
    expect(faults).toEqual([]);
  };
  await hear('open');
  return { element, textOf: (id) => element(id).textContent, hear };
}

const serviceOf = (openIncidents: number) => ({
  name: 'fraud',
  description: '',
  light: 'green',
  eventTimeMs: null,
  counts: {},
  firing: [],
  openIncidents,
  streams: [],
});
const open = (incidents: Incident[], rollouts: RolloutView[] = []): Promise<Page> =>
  openPage({
    '/api/services': [serviceOf(incidents.length)],
    '/api/services/fraud?history=60': { results: [] },
    '/api/alerts': [],
    '/api/incidents': incidents,
    '/api/retrains': [],
    '/api/rollouts': rollouts,
  });

test('open incidents stand with level, summary, onset, counts and why nobody hears of them', async () => {
  const told = makeIncident({ firing: 3, mutedAlarms: 1 });
  const muted = makeIncident({
    id: 'i2',
    incidentId: 'incident-2',
    level: 'warning',
    muted: 'silence by ann: campaign',
    onsetMs: T0 + HOUR_MS,
  });
  const page = await open([muted, told]);
  expect(page.textOf('incidents-title')).toBe('Incidents: 2 open');
  const [first, second] = page.element('incidents').children as Element[];
  expect(first!.textContent).toBe(
    '|critical|fraud: 1 alarm of amount-drift; amount|since 2026-03-01 00:00|3 alarms, 1 muted',
  );
  expect(first!.className).toBe('card firing critical');
  expect(second!.textContent).toContain('since 2026-03-01 01:00|1 alarm; not told: silence by ann: campaign');
  expect(second!.className).not.toContain('firing');
  expect(page.textOf('services')).toContain('2 open incidents, No alarm fires');
});

test('a change replaces what was known of the incident, and its end takes it away', async () => {
  const page = await open([]);
  expect([page.textOf('incidents-title'), page.textOf('incidents')]).toEqual([
    'Incidents',
    'No incident is open.',
  ]);
  await page.hear('incident', makeIncident());
  await page.hear('services', [serviceOf(1)]);
  expect(page.textOf('services')).toContain('1 open incident, No alarm fires');
  await page.hear('incident', makeIncident({ id: 'i2', firing: 7 }));
  expect(page.element('incidents').children).toHaveLength(1);
  expect(page.textOf('incidents')).toContain('7 alarms');
  await page.hear('incident', makeIncident({ id: 'x1', incidentId: 'other', summary: '<b>' }));
  await page.hear('incident', makeIncident({ id: 'i3', state: 'merged' }));
  expect(page.textOf('incidents-title')).toBe('Incidents: 1 open');
  expect(page.textOf('incidents')).toContain('fraud: <b>');
});

/** Records as the state of the console makes them steps. */
function viewsOf(...records: RolloutRecord[]): RolloutView[] {
  const state = createConsoleState([makeSpec('fraud')]);
  for (const rollout of records) state.apply({ rollout });
  return state.rollouts();
}

test('a roll-out stands with stage, share, verdict, evidence, what is needed, level and reason', async () => {
  const page = await open([], viewsOf(makeRollout()));
  expect(page.element('rollouts-part').hidden).toBe(false);
  const [card] = page.element('rollouts').children as Element[];
  const [head, bar, where, verdict, weight, reason, steps] = card!.children as Element[];
  expect(head!.textContent).toBe('|running|fraud|: forest against mlp|2026-03-01 01:00');
  expect((bar!.children as Element[]).map(({ className }) => className)).toEqual(['past', 'now', '']);
  expect(bar!.attributes['aria-label']).toBe('stage 2 of 3, running');
  expect(where!.textContent).toBe(
    'Stage 2 of 3: canary, 10 % of the requests; it has answered 310; the level is full',
  );
  expect(verdict!.textContent).toBe(
    'Verdict keep: wrong answers -0.25 percentage points (-1.5 to +0.8), 1,200 labelled requests',
  );
  expect(weight!.textContent).toBe(
    'Evidence of harm 10^-0.4, that it is good enough 10^0.9, of 10^1.6; 700 labelled requests more, going on so',
  );
  expect(reason!.textContent).toBe('advanced: stage 1 of 3 is done: verdict keep');
  expect(steps!.textContent).toContain('Last 1 step');
  expect(steps!.textContent).toContain('2026-03-01 01:00 forest advanced, canary 10 %: stage 1 of 3 is done');
});

test('steps that come later stand in front, and a roll-back is told with its reason', async () => {
  const page = await open([]);
  expect(page.element('rollouts-part').hidden).toBe(true);
  const first = makeRollout();
  const last = makeRollout({
    ...{
      id: 'o2',
      seq: 2,
      event: 'rolled_back',
      status: 'rolled_back',
      verdict: 'rollback',
      by: 'ann',
      table: '',
    },
    ...{ reason: 'wrong answers <b>', needed: 0, atMs: T0 + 2 * HOUR_MS },
  });
  for (const view of viewsOf(first, last).reverse()) await page.hear('rollout', view);
  await page.hear('rollout', viewsOf(first)[0]);
  const [card, ...others] = page.element('rollouts').children as Element[];
  expect(others).toEqual([]);
  expect(card!.textContent).toMatch(/^\|rolled back\|fraud/);
  expect(card!.textContent).toContain('rolled back: wrong answers <b>');
  expect(card!.textContent).not.toContain('labelled requests more');
  expect(card!.textContent).toMatch(
    /Last 2 steps\|2026-03-01 02:00 forest rolled back, canary 10 %, by ann: .*\|2026-03-01 01:00 forest advanced/,
  );
  const [, bar] = card!.children as Element[];
  expect((bar!.children as Element[]).map(({ className }) => className)).toEqual(['undone', 'undone', '']);
});

test('without data there is no figure, and a level without a roll-out has no stages', async () => {
  const doubt = makeRollout({
    verdict: 'inconclusive',
    doubt: 'labels_late',
    difference: null,
    low: null,
    high: null,
  });
  const page = await open([], viewsOf(doubt));
  expect(page.textOf('rollouts')).toContain('Verdict inconclusive (labels late): nothing to compare yet');
  const level = makeRollout({ event: 'level', candidate: '', stages: 0, reason: 'shadow -> assist: by ann' });
  const other = await open([], viewsOf(level));
  expect(other.textOf('rollouts')).toBe(
    '|no roll-out|fraud||2026-03-01 01:00|the level is full|level: shadow -> assist: by ann|Last 1 step|2026-03-01 01:00 level: shadow -> assist: by ann',
  );
});
