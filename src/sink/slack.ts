import type { Alert, Level } from '../records.ts';
import { createHttpReceiver } from './http.ts';
import { createNotifier } from './notifier.ts';
import type { Sink, SinkContext, SinkKind } from './sink.ts';
import { cut, linkOf, textOf, wordsOf } from './template.ts';

export interface SlackOptions {
  name: string;
  /** Of the incoming webhook: whoever knows it may post. */
  url: string;
  /** Alerts below it are not posted. */
  level: Level;
  /** Of the text; null: ours. */
  template: string | null;
  /** Template of the URL at which people read more; null: none. */
  link: string | null;
  timeoutMs: number;
}

const TEMPLATE = '*{{level}} {{state}}* {{service}}: {{rule}} - {{reason}}';
/** Slack refuses longer texts of a block, and of one of its fields. */
const TEXT_MAX = 3_000;
const FIELD_MAX = 2_000;

/** What Slack reads as markup otherwise. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Not through the middle of an escaped letter. */
const cutEscaped = (text: string, max: number): string =>
  text.length <= max ? text : cut(text, max).replace(/&[a-z]{0,3}…$/, '…');

const markup = (text: string): object => ({ type: 'mrkdwn', text });

function messageOf(alert: Alert, options: SlackOptions): object {
  const text = cutEscaped(textOf(options.template, TEMPLATE, alert, escaped), TEXT_MAX);
  const { service, level, subject, model, segment, reason, value, threshold, since } = wordsOf(alert);
  const fields = Object.entries({
    Service: service,
    Level: level,
    Since: since,
    Subject: subject,
    Model: model,
    Segment: segment,
    Reason: reason,
    Value: value,
    Threshold: threshold,
  }).filter(([, word]) => word !== '');
  const link = linkOf(options.link, alert);
  const details = { type: 'section', text: markup(`<${escaped(link ?? '')}|Details>`) };
  return {
    // For notifications, and for receivers that know no blocks.
    text,
    blocks: [
      { type: 'section', text: markup(text) },
      {
        type: 'section',
        fields: fields.map(([title, word]) => markup(cutEscaped(`*${title}*\n${escaped(word)}`, FIELD_MAX))),
      },
      ...(link === null ? [] : [details]),
    ],
  };
}

async function createSlack(options: SlackOptions, { signal }: SinkContext): Promise<Sink> {
  const { name, url, level, timeoutMs } = options;
  const who = `slack ${name}`;
  return createNotifier({
    name: `slack.${name}`,
    level,
    receiver: createHttpReceiver({ who, url, headers: {}, secrets: [url], timeoutMs, signal }),
    bodyOf: (alert) => messageOf(alert, options),
  });
}

/** Incoming webhooks of Slack, and of others that read its messages. */
export const slackSink: SinkKind<SlackOptions, { notify: { slack: readonly SlackOptions[] } }> = {
  name: 'slack',
  description: 'an incoming webhook of Slack or of what reads its messages: one message for each alert',
  create: createSlack,
  wanted: ({ notify }) =>
    notify.slack.map((options) => ({
      name: `slack.${options.name}`,
      topics: ['alerts'],
      create: (context) => createSlack(options, context),
    })),
};
