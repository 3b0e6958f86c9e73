import { messageOf, TelltaleError } from '../errors.ts';
import type { Alert } from '../records.ts';
import { createHttpReceiver, type HttpReceiver } from './http.ts';
import { AskedToWait } from './retry.ts';
import type { Delivery, Refusal, Sink, SinkContext, SinkKind, SinkPart } from './sink.ts';
import { createStandingSet, type Standing } from './standing.ts';
import { isoTime, linkOf, wordsOf } from './template.ts';

export interface AlertmanagerOptions {
  name: string;
  /** Of the members of one cluster, without `/api/v2/alerts`. Each is sent everything, since they do not share alerts. */
  urls: readonly string[];
  /** Basic authentication; empty: none, or that of the URLs. */
  username: string;
  password: string;
  /** Sent as `Bearer`; null: none. */
  token: string | null;
  /** Added to those of the alert. */
  labels: Readonly<Record<string, string>>;
  /** Template of the URL at which people read more; null: none. */
  link: string | null;
  /** What fires is sent again so often. */
  resendMs: number;
  timeoutMs: number;
}

/** Without news Alertmanager resolves an alert after so many intervals: one that is lost or late does no harm. */
const SILENT_INTERVALS = 4;
/** Alerts of one request. */
const REQUEST_MAX = 100;
/** Alerts that one call of `repeat` sends; the others follow with the next. */
const REPEAT_MAX = 1_000;
/** Alarms of a partition that are sent again. */
const STANDING_MAX = 10_000;

/** A partial outage is told once, and its end. */
function createHealth(context: SinkContext, sink: string) {
  const away = new Set<HttpReceiver>();
  return (receiver: HttpReceiver, cause: string | null): void => {
    if (cause === null) {
      if (away.delete(receiver)) context.log.info({ sink, receiver: receiver.who }, 'takes alerts again');
    } else if (!away.has(receiver)) {
      away.add(receiver);
      context.log.warn({ sink, receiver: receiver.who, cause }, 'one of several takes no alerts');
    }
  };
}

async function createAlertmanager(options: AlertmanagerOptions, context: SinkContext): Promise<Sink> {
  const { username, password, token, resendMs } = options;
  const name = `alertmanager.${options.name}`;
  const now = context.nowMs ?? Date.now;
  const isWatched = context.isWatched ?? (() => true);
  const basic = username === '' ? null : Buffer.from(`${username}:${password}`).toString('base64');
  const authorization = token === null ? basic && `Basic ${basic}` : `Bearer ${token}`;
  const receivers = options.urls.map((url) =>
    createHttpReceiver({
      who: `alertmanager ${options.name}`,
      url: `${url.replace(/\/+$/, '')}/api/v2/alerts`,
      headers: authorization ? { authorization } : {},
      secrets: [password],
      timeoutMs: options.timeoutMs,
      signal: context.signal,
    }),
  );
  const health = createHealth(context, name);
  let beyond = 0;

  const labelsOf = (alert: Alert): Record<string, string> => {
    const { service, metric, subject, model, segment, rule, level } = wordsOf(alert);
    const own = { alertname: rule, service, metric, subject, model, segment, severity: level };
    return Object.fromEntries(
      Object.entries({ ...options.labels, ...own }).filter(([, text]) => text !== ''),
    );
  };

  /** As Alertmanager's API takes it. */
  const postable = ({ alert, labels, endMs }: Standing, nowMs: number): object => {
    const { reason, value, threshold } = wordsOf(alert);
    const annotations = Object.entries({ summary: reason, value, threshold }).filter(
      ([, text]) => text !== '',
    );
    // An end that is still to come would let it fire until then, and one before the start is refused.
    const end = endMs === null ? nowMs + SILENT_INTERVALS * resendMs : Math.min(endMs, nowMs);
    const link = linkOf(options.link, wordsOf(alert));
    return {
      labels,
      annotations: Object.fromEntries(annotations),
      startsAt: isoTime(Math.min(alert.sinceMs, nowMs, end)),
      endsAt: isoTime(end),
      ...(link === null ? {} : { generatorURL: link }),
    };
  };

  /** Null: at least one has them, which is as good as all: what it tells the others will not, and they get it again. */
  const post = async (body: string): Promise<string | null> => {
    const answers = await Promise.allSettled(receivers.map((receiver) => receiver.post(body)));
    const isTaken = answers.some((answer) => answer.status === 'fulfilled' && answer.value === null);
    const failures: unknown[] = [];
    const refusals: string[] = [];
    answers.forEach((answer, i) => {
      if (answer.status === 'rejected') failures.push(answer.reason);
      else if (answer.value !== null) refusals.push(answer.value);
      const cause = answer.status === 'rejected' ? messageOf(answer.reason) : answer.value;
      if (isTaken) health(receivers[i]!, cause);
    });
    if (isTaken) return null;
    if (failures.length === 0) return refusals.join('; ');
    throw soonest(failures);
  };

  /** Sends all; returns those that nobody will ever take, each with the reason. */
  const send = async (all: readonly Standing[], nowMs: number): Promise<Map<Standing, string>> => {
    const refused = new Map<Standing, string>();
    const sendSome = async (some: readonly Standing[]): Promise<void> => {
      if (some.length === 0) return;
      const reason = await post(JSON.stringify(some.map((one) => postable(one, nowMs))));
      if (reason === null) for (const one of some) one.dueMs = nowMs + resendMs;
      else if (some.length === 1) refused.set(some[0]!, reason);
      else {
        const half = some.length >> 1;
        await sendSome(some.slice(0, half));
        await sendSome(some.slice(half));
      }
    };
    for (let at = 0; at < all.length; at += REQUEST_MAX) await sendSome(all.slice(at, at + REQUEST_MAX));
    return refused;
  };

  const onBeyond = (): void => {
    if (beyond++ > 0) return;
    context.log.warn(
      { sink: name, max: STANDING_MAX },
      'alarms beyond the bound are sent once and not again',
    );
  };

  const part = (): SinkPart => {
    const standing = createStandingSet({ labelsOf, max: STANDING_MAX, onBeyond });
    return {
      meaningOf: ({ alert }) =>
        alert === undefined
          ? null
          : { key: alert.fingerprint, is: alert.state === 'firing' ? 'open' : 'over' },
      restore({ alert }, writtenMs) {
        if (alert === undefined) return;
        // Said before, and due again at once: nobody knows for how long we were away.
        for (const one of standing.apply(alert, writtenMs)) one.dueMs = 1;
      },
      async write(batch) {
        const nowMs = now();
        const because = new Map<Standing, Delivery>();
        for (const delivery of batch) {
          if (delivery.alert === undefined) continue;
          for (const one of standing.apply(delivery.alert, nowMs)) because.set(one, delivery);
        }
        const refusals = new Map<Delivery, Refusal>();
        for (const [one, reason] of await send([...because.keys()], nowMs)) {
          standing.drop(one);
          const delivery = because.get(one)!;
          refusals.set(delivery, { delivery, reason });
        }
        return [...refusals.values()];
      },
      async repeat(nowMs) {
        // Nobody would ever resolve the alarms of a service that is not configured any more.
        for (const one of standing.firing())
          if (!isWatched(one.alert.service)) standing.end(one, nowMs, nowMs);
        for (const [one, reason] of await send(standing.due(nowMs).slice(0, REPEAT_MAX), nowMs)) {
          standing.drop(one);
          context.log.warn({ sink: name, fingerprint: one.alert.fingerprint, reason }, 'an alarm is refused');
        }
      },
    };
  };

  return {
    name,
    batchMax: REQUEST_MAX,
    write: part().write,
    part,
    async close() {
      if (beyond > 0) context.log.info({ sink: name, beyond }, 'alerts beyond the bound since the start');
    },
  };
}

/** Of several failures the one after which it is soonest worth to try again. */
function soonest(failures: readonly unknown[]): unknown {
  const waitOf = (error: unknown): number => {
    if (!(error instanceof TelltaleError)) return Number.POSITIVE_INFINITY;
    return error instanceof AskedToWait ? error.waitMs : 0;
  };
  return failures.reduce((best, error) => (waitOf(error) < waitOf(best) ? error : best));
}

/**
 * Prometheus Alertmanager through its API v2. It takes alerts for over when it does not hear of them, so what fires is
 * sent again; and it tells alerts apart by their labels, so a new level resolves the old one.
 */
export const alertmanagerSink: SinkKind<
  AlertmanagerOptions,
  { notify: { alertmanager: readonly AlertmanagerOptions[] } }
> = {
  name: 'alertmanager',
  description: 'Prometheus Alertmanager: alerts with routing, silences and grouping',
  create: createAlertmanager,
  wanted: ({ notify }) =>
    notify.alertmanager.map((options) => ({
      name: `alertmanager.${options.name}`,
      topics: ['alerts'],
      create: (context) => createAlertmanager(options, context),
    })),
};
