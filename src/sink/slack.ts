import type { Alert, Incident, Level } from '../records.ts';
import { createHttpReceiver } from './http.ts';
import { alarmWords, incidentWords, shownAlarms } from './incident-words.ts';
import { createNotifier } from './notifier.ts';
import type { Sink, SinkContext, SinkKind } from './sink.ts';
import { ALARMS, type Change, INCIDENTS } from './subjects.ts';
import { cut, linkOf, textOf, type Words, wordsOf } from './template.ts';

export interface SlackOptions {
  name: string;
  /** Of the incoming webhook: whoever knows it may post. */
  url: string;
  /** What it is told of. */
  on: 'incidents' | 'alerts';
  /** What is below it is not posted. */
  level: Level;
  /** Of the text; null: ours. */
  template: string | null;
  /** Template of the URL at which people read more; null: none. */
  link: string | null;
  timeoutMs: number;
}

const ALERT_TEMPLATE = '*{{level}} {{state}}* {{service}}: {{rule}} - {{reason}}';
const INCIDENT_TEMPLATE = '*{{level}} {{state}}* {{service}}: {{summary}} - {{reason}}';
/** Slack refuses longer texts of a block, and of one of its fields. */
const TEXT_MAX = 3_000;
const FIELD_MAX = 2_000;
/** Of the reason of one of several alarms. */
const REASON_MAX = 300;

/** What Slack reads as markup otherwise. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Not through the middle of an escaped letter. */
const cutEscaped = (text: string, max: number): string =>
  text.length <= max ? text : cut(text, max).replace(/&[a-z]{0,3}…$/, '…');

const markup = (text: string): object => ({ type: 'mrkdwn', text });

const section = (text: string): object => ({ type: 'section', text: markup(text) });

interface Content {
  words: Words;
  ours: string;
  /** By title; those that are empty are left out. */
  fields: Words;
  /** Escaped; one section each. */
  more: readonly string[];
}

function messageOf({ words, ours, fields, more }: Content, options: SlackOptions): object {
  const text = cutEscaped(textOf(options.template, ours, words, escaped), TEXT_MAX);
  const shown = Object.entries(fields).filter(([, word]) => word !== '');
  const link = linkOf(options.link, words);
  return {
    // For notifications, and for receivers that know no blocks.
    text,
    blocks: [
      section(text),
      {
        type: 'section',
        fields: shown.map(([title, word]) => markup(cutEscaped(`*${title}*\n${escaped(word)}`, FIELD_MAX))),
      },
      ...more.map((part) => section(cutEscaped(part, TEXT_MAX))),
      ...(link === null ? [] : [section(`<${escaped(link)}|Details>`)]),
    ],
  };
}

function alertContent(alert: Alert): Content {
  const words = wordsOf(alert);
  const { service, level, subject, model, segment, reason, value, threshold, since } = words;
  const fields = {
    Service: service,
    Level: level,
    Since: since,
    Subject: subject,
    Model: model,
    Segment: segment,
    Reason: reason,
    Value: value,
    Threshold: threshold,
  };
  return { words, ours: ALERT_TEMPLATE, fields, more: [] };
}

/** The first alarms that fire, a line each; null: none does, or they are muted. */
function alarmLines(incident: Incident): string | null {
  const { shown, more } = shownAlarms(incident);
  if (shown.length === 0) return null;
  const lines = shown.map(
    (alarm) => `• *${alarm.level}* ${escaped(`${alarmWords(alarm)} - ${cut(alarm.reason, REASON_MAX)}`)}`,
  );
  if (more > 0) lines.push(`and ${more} more`);
  return lines.join('\n');
}

function incidentContent(incident: Incident, change: Change): Content {
  const words = incidentWords(incident, change);
  const { service, level, reason, since, firing, muted, rules, inputs, segments } = words;
  const fields = {
    Service: service,
    Level: level,
    Reason: reason,
    Since: since,
    Firing: firing,
    Muted: muted,
    Rules: rules,
    Inputs: inputs,
    Segments: segments,
  };
  const lines = alarmLines(incident);
  return { words, ours: INCIDENT_TEMPLATE, fields, more: lines === null ? [] : [lines] };
}

async function createSlack(options: SlackOptions, context: SinkContext): Promise<Sink> {
  const { name, url, level, timeoutMs } = options;
  const { signal } = context;
  const who = `slack ${name}`;
  const receiver = createHttpReceiver({ who, url, headers: {}, secrets: [url], timeoutMs, signal });
  const common = { name: `slack.${name}`, level, receiver, isKeeper: false, context };
  return options.on === 'alerts'
    ? createNotifier({
        ...common,
        subject: ALARMS,
        bodyOf: (alert) => messageOf(alertContent(alert), options),
      })
    : createNotifier({
        ...common,
        subject: INCIDENTS,
        bodyOf: (incident, change) => messageOf(incidentContent(incident, change), options),
      });
}

/** Incoming webhooks of Slack, and of others that read its messages. */
export const slackSink: SinkKind<SlackOptions, { notify: { slack: readonly SlackOptions[] } }> = {
  name: 'slack',
  description:
    'an incoming webhook of Slack or of what reads its messages: one message for each piece of news of an incident, or for each alert',
  create: createSlack,
  wanted: ({ notify }) =>
    notify.slack.map((options) => ({
      name: `slack.${options.name}`,
      topics: [options.on],
      create: (context) => createSlack(options, context),
    })),
};
