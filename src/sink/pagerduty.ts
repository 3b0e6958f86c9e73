import type { Alert, Incident, Level } from '../records.ts';
import { createHttpReceiver } from './http.ts';
import { alarmWords, incidentWords, shownAlarms } from './incident-words.ts';
import { createNotifier } from './notifier.ts';
import type { Sink, SinkContext, SinkKind } from './sink.ts';
import { ALARMS, type Change, INCIDENTS } from './subjects.ts';
import { cut, isoTime, linkOf, textOf, type Words, wordsOf } from './template.ts';

export interface PagerDutyOptions {
  name: string;
  /** Of an integration of the type Events API v2. */
  routingKey: string;
  url: string;
  /** What opens an incident there: an incident, or each alarm. */
  on: 'incidents' | 'alerts';
  /** What is below it opens none. */
  level: Level;
  /** Of the summary; null: ours. */
  template: string | null;
  /** Template of the URL at which people read more; null: none. */
  link: string | null;
  timeoutMs: number;
}

const ALERT_TEMPLATE = '{{service}}: {{rule}} {{level}} - {{reason}}';
const INCIDENT_TEMPLATE = '{{service}} {{level}}: {{summary}} - {{reason}}';
/** Longer summaries are refused. */
const SUMMARY_MAX = 1_024;
/** Of a list of names, and of a reason. */
const NAMES_MAX = 1_024;

const withoutEmpty = (words: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(words).filter(([, word]) => word !== '' && word !== null));

interface Content {
  key: string;
  words: Words;
  ours: string;
  payload: {
    source: string;
    severity: Level;
    timestamp: string;
    component: string;
    group: string;
    class: string;
    custom_details: Readonly<Record<string, unknown>>;
  };
}

/**
 * An event of the Events API v2. What is not open at the level any more is resolved, and opened anew when it is again;
 * what is told anew of one that is open is added to it.
 */
function eventOf({ key, words, ours, payload }: Content, change: Change, options: PagerDutyOptions): object {
  const link = linkOf(options.link, words);
  const { source, severity, timestamp, component, group, class: kind, custom_details } = payload;
  return {
    routing_key: options.routingKey,
    event_action: change === 'fires' ? 'trigger' : 'resolve',
    dedup_key: key,
    client: 'Telltale',
    ...(link === null ? {} : { client_url: link, links: [{ href: link, text: 'Details' }] }),
    payload: {
      summary: cut(textOf(options.template, ours, words, String), SUMMARY_MAX),
      source,
      severity,
      timestamp,
      ...withoutEmpty({ component, group, class: kind }),
      custom_details: withoutEmpty(custom_details),
    },
  };
}

function alertContent(alert: Alert): Content {
  const { fingerprint, level, windowEndMs, value, n } = alert;
  const words = wordsOf(alert);
  const { service, metric, subject, model, segment, ...others } = words;
  return {
    key: fingerprint,
    words,
    ours: ALERT_TEMPLATE,
    payload: {
      source: service,
      severity: level,
      timestamp: isoTime(windowEndMs),
      component: subject || model,
      group: segment,
      class: metric,
      custom_details: { ...others, metric, subject, model, segment, value, n },
    },
  };
}

function incidentContent(incident: Incident, change: Change): Content {
  const { incidentId, level, atMs, firing, mutedAlarms, fired, isStorm } = incident;
  const words = incidentWords(incident, change);
  const { service, ...others } = words;
  const { shown, more } = shownAlarms(incident);
  const alarms = shown.map(
    (alarm) => `${alarm.level} ${alarmWords(alarm)} - ${cut(alarm.reason, NAMES_MAX)}`,
  );
  return {
    key: incidentId,
    words,
    ours: INCIDENT_TEMPLATE,
    payload: {
      source: service,
      severity: level,
      timestamp: isoTime(atMs),
      component: cut(words.inputs, NAMES_MAX),
      group: cut(words.segments, NAMES_MAX),
      class: cut(words.rules, NAMES_MAX),
      custom_details: {
        ...others,
        firing,
        muted_alarms: mutedAlarms,
        fired,
        ...(isStorm ? { storm: true } : {}),
        ...(alarms.length === 0 ? {} : { alarms }),
        ...(more === 0 ? {} : { more_alarms: more }),
      },
    },
  };
}

async function createPagerDuty(options: PagerDutyOptions, context: SinkContext): Promise<Sink> {
  const { name, url, routingKey, level, timeoutMs } = options;
  const { signal } = context;
  const who = `pagerduty ${name}`;
  const receiver = createHttpReceiver({ who, url, headers: {}, secrets: [routingKey], timeoutMs, signal });
  const common = { name: `pagerduty.${name}`, level, receiver, isKeeper: true, context };
  return options.on === 'alerts'
    ? createNotifier({
        ...common,
        subject: ALARMS,
        bodyOf: (alert, change) => eventOf(alertContent(alert), change, options),
      })
    : createNotifier({
        ...common,
        subject: INCIDENTS,
        bodyOf: (incident, change) => eventOf(incidentContent(incident, change), change, options),
      });
}

/** The Events API v2 of PagerDuty, and of others that take its events. */
export const pagerdutySink: SinkKind<
  PagerDutyOptions,
  { notify: { pagerduty: readonly PagerDutyOptions[] } }
> = {
  name: 'pagerduty',
  description: 'PagerDuty through its Events API v2: an incident for each incident, or for each alarm',
  create: createPagerDuty,
  wanted: ({ notify }) =>
    notify.pagerduty.map((options) => ({
      name: `pagerduty.${options.name}`,
      topics: [options.on],
      create: (context) => createPagerDuty(options, context),
    })),
};
