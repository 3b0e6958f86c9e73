/** The script of the page on a stand-in for the document, which keeps what a person would read. */
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { PAGE_SCRIPT } from '../../src/console/page.ts';
import { BODY } from '../../src/console/page-html.ts';
import type { Incident } from '../../src/records.ts';
import { makeIncident } from '../incidents.ts';
import { HOUR_MS, T0 } from './records.ts';

/** An element, as far as the script asks for it. */
class Element {
  children: (Element | string)[] = [];
  className = '';
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
const open = (incidents: Incident[]): Promise<Page> =>
  openPage({
    '/api/services': [serviceOf(incidents.length)],
    '/api/services/fraud?history=60': { results: [] },
    '/api/alerts': [],
    '/api/incidents': incidents,
    '/api/retrains': [],
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
