/** `notify` of telltale.yaml: receivers that have a language of their own for alarms. */
import { z } from 'zod';
import { httpUrl, spell, text } from './scalar-shapes.ts';
import { TOLD_TOPICS } from './types.ts';

/** Part of the name of a consumer group. */
const receiverName = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'a name of a-z, 0-9 and -');
const timeout = spell.refine((ms) => ms <= 600_000, 'at most 10m').prefault('10s');
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
  url: z.union([baseUrl, z.array(baseUrl).min(1)], { error: 'a URL such as http://localhost:9093' }),
  username: text.optional(),
  password: z.string().optional(),
  password_file: text.optional(),
  token: text.optional(),
  token_file: text.optional(),
  labels: z.record(labelName, z.string()).prefault({}),
  link: text.optional(),
  resend: spell.refine((ms) => ms >= 1_000 && ms <= 3_600_000, 'between 1s and 1h').prefault('1m'),
  timeout,
});

const told = {
  name: receiverName,
  on: z.enum(TOLD_TOPICS).prefault('incidents'),
  /** The lowest that is told. */
  level: z.enum(['info', 'warning', 'critical']).prefault('warning'),
  template: text.optional(),
  link: text.optional(),
  timeout,
};
const slackShape = z.strictObject({ ...told, url: text.optional(), url_file: text.optional() });
const pagerdutyShape = z.strictObject({
  ...told,
  routing_key: text.optional(),
  routing_key_file: text.optional(),
  url: httpUrl.prefault('https://events.pagerduty.com/v2/enqueue'),
});

export const notifyShape = z.strictObject({
  alertmanager: z.array(alertmanagerShape).prefault([]),
  slack: z.array(slackShape).prefault([]),
  pagerduty: z.array(pagerdutyShape).prefault([]),
});
export type NotifyShape = z.output<typeof notifyShape>;
