/** `notify` of telltale.yaml: receivers that have a language of their own for alarms. */
import { z } from 'zod';
import { httpUrl, level, spell, text } from './scalar-shapes.ts';
import { TOLD_TOPICS } from './types.ts';

const receiverName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'a name of a-z, 0-9 and -')
  .describe('a-z, 0-9 and -; part of the name of its consumer group');
const timeout = spell
  .refine((ms) => ms <= 600_000, 'at most 10m')
  .prefault('10s')
  .describe('how long an answer is waited for, at most 10m');
const link = text.optional().describe('where people read more: a URL with placeholders');
const OWN_LABELS = ['alertname', 'service', 'metric', 'subject', 'model', 'segment', 'severity'];
const labelName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a name of a label: letters, digits and _')
  .refine((key) => !OWN_LABELS.includes(key), 'a label that Telltale does not set itself');
const baseUrl = httpUrl.refine(
  (url) => !/[?#]|\/api\/v2\b/.test(url),
  'a URL such as http://localhost:9093, without /api/v2/alerts and ?',
);

const alertmanagerShape = z.strictObject({
  name: receiverName,
  url: z
    .union([baseUrl, z.array(baseUrl).min(1)], { error: 'a URL such as http://localhost:9093' })
    .describe('one, or all members of a cluster: each is sent everything'),
  username: text.optional().describe('basic authentication; by default none'),
  password: z.string().optional().describe('of the user'),
  password_file: text.optional().describe('file with the password'),
  token: text.optional().describe('bearer token, instead of user and password'),
  token_file: text.optional().describe('file with the token'),
  labels: z.record(labelName, z.string()).prefault({}).describe('more labels of each alert'),
  link,
  resend: spell
    .refine((ms) => ms >= 1_000 && ms <= 3_600_000, 'between 1s and 1h')
    .prefault('1m')
    .describe('how often what fires is sent again, between 1s and 1h'),
  timeout,
});

const told = {
  name: receiverName,
  on: z
    .enum(TOLD_TOPICS)
    .prefault('incidents')
    .describe('what is told: alarms of one cause as one, or each alarm'),
  level: level.prefault('warning').describe('the lowest that is told'),
  template: text
    .optional()
    .describe("the text, with placeholders such as {{service}}; by default one of Telltale's own"),
  link,
  timeout,
};
const slackShape = z.strictObject({
  ...told,
  url: text.optional().describe('of the incoming webhook; whoever knows it may post'),
  url_file: text.optional().describe('file with the URL'),
});
const pagerdutyShape = z.strictObject({
  ...told,
  routing_key: text.optional().describe('of the integration that gets the events'),
  routing_key_file: text.optional().describe('file with the routing key'),
  url: httpUrl.prefault('https://events.pagerduty.com/v2/enqueue').describe('of the Events API v2'),
});

export const notifyShape = z.strictObject({
  alertmanager: z
    .array(alertmanagerShape)
    .prefault([])
    .describe('Prometheus Alertmanagers that are told of alerts'),
  slack: z
    .array(slackShape)
    .prefault([])
    .describe('incoming webhooks of Slack, or of what reads its messages'),
  pagerduty: z.array(pagerdutyShape).prefault([]).describe('services of PagerDuty'),
});
export type NotifyShape = z.output<typeof notifyShape>;
