import type { Alert, Level } from '../records.ts';
import { createHttpReceiver } from './http.ts';
import { type Change, createNotifier } from './notifier.ts';
import type { Sink, SinkContext, SinkKind } from './sink.ts';
import { cut, isoTime, linkOf, textOf, wordsOf } from './template.ts';

export interface PagerDutyOptions {
  name: string;
  /** Of an integration of the type Events API v2. */
  routingKey: string;
  url: string;
  /** Alerts below it open no incident. */
  level: Level;
  /** Of the summary; null: ours. */
  template: string | null;
  /** Template of the URL at which people read more; null: none. */
  link: string | null;
  timeoutMs: number;
}

const TEMPLATE = '{{service}}: {{rule}} {{level}} - {{reason}}';
/** Longer summaries are refused. */
const SUMMARY_MAX = 1_024;

const withoutEmpty = (words: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(words).filter(([, word]) => word !== '' && word !== null));

/** An event of the Events API v2. What no longer fires at the level is resolved, and opened anew when it does again. */
function eventOf(alert: Alert, change: Change, options: PagerDutyOptions): object {
  const { service, metric, subject, model, segment, ...words } = wordsOf(alert);
  const link = linkOf(options.link, alert);
  return {
    routing_key: options.routingKey,
    event_action: change === 'fires' ? 'trigger' : 'resolve',
    dedup_key: alert.fingerprint,
    client: 'Telltale',
    ...(link === null ? {} : { client_url: link, links: [{ href: link, text: 'Details' }] }),
    payload: {
      summary: cut(textOf(options.template, TEMPLATE, alert, String), SUMMARY_MAX),
      source: service,
      severity: alert.level,
      timestamp: isoTime(alert.windowEndMs),
      ...withoutEmpty({ component: subject || model, group: segment, class: metric }),
      custom_details: withoutEmpty({
        ...words,
        metric,
        subject,
        model,
        segment,
        value: alert.value,
        n: alert.n,
      }),
    },
  };
}

async function createPagerDuty(options: PagerDutyOptions, { signal }: SinkContext): Promise<Sink> {
  const { name, url, routingKey, level, timeoutMs } = options;
  const who = `pagerduty ${name}`;
  return createNotifier({
    name: `pagerduty.${name}`,
    level,
    receiver: createHttpReceiver({ who, url, headers: {}, secrets: [routingKey], timeoutMs, signal }),
    bodyOf: (alert, change) => eventOf(alert, change, options),
  });
}

/** The Events API v2 of PagerDuty, and of others that take its events. */
export const pagerdutySink: SinkKind<
  PagerDutyOptions,
  { notify: { pagerduty: readonly PagerDutyOptions[] } }
> = {
  name: 'pagerduty',
  description: 'PagerDuty through its Events API v2: an incident for each alarm',
  create: createPagerDuty,
  wanted: ({ notify }) =>
    notify.pagerduty.map((options) => ({
      name: `pagerduty.${options.name}`,
      topics: ['alerts'],
      create: (context) => createPagerDuty(options, context),
    })),
};
