import { createHmac } from 'node:crypto';
import { createHttpReceiver } from './http.ts';
import { jsonOf, type PublicTopic, type Sink, type SinkContext, type SinkKind } from './sink.ts';

export interface WebhookOptions {
  name: string;
  /** http or https. User and password in it are sent as basic authentication. */
  url: string;
  on: readonly PublicTopic[];
  headers: Readonly<Record<string, string>>;
  /** Null: requests are not signed. */
  secret: string | null;
  timeoutMs: number;
}

/** HMAC-SHA256 in hex over `<unix seconds>.<body>`: the time stands in it, so that an old request cannot be sent again. */
export function signatureOf(secret: string, unixSeconds: number, body: string): string {
  return createHmac('sha256', secret).update(`${unixSeconds}.${body}`).digest('hex');
}

async function createWebhook(options: WebhookOptions, context: SinkContext): Promise<Sink> {
  const { secret } = options;
  const receiver = createHttpReceiver({
    who: `webhook ${options.name}`,
    url: options.url,
    headers: options.headers,
    secrets: secret === null ? [] : [secret],
    timeoutMs: options.timeoutMs,
    signal: context.signal,
  });

  const headersOf = (id: string, body: string): Record<string, string> => {
    if (secret === null) return { 'idempotency-key': id };
    const seconds = Math.floor(Date.now() / 1000);
    const signature = `t=${seconds},v1=${signatureOf(secret, seconds, body)}`;
    return { 'idempotency-key': id, 'telltale-signature': signature };
  };

  return {
    name: `webhook.${options.name}`,
    // After each record its progress can be committed: what follows may have to wait for hours.
    batchMax: 1,
    async write(batch) {
      const refusals = [];
      for (const delivery of batch) {
        const entry = jsonOf(delivery);
        if (entry === null) continue;
        const reason = await receiver.post(entry.json, {
          ...context.traceHeaders?.(),
          ...headersOf(entry.id, entry.json),
        });
        if (reason !== null) refusals.push({ delivery, reason });
      }
      return refusals;
    },
    async close() {},
  };
}

/**
 * One POST a record, in the order of each partition. The body is the public record as JSON with its `type`, the
 * header `idempotency-key` its id: a repetition after a crash has the same id and the same bytes.
 */
export const webhookSink: SinkKind<WebhookOptions, { webhooks: readonly WebhookOptions[] }> = {
  name: 'webhook',
  description: 'an HTTP receiver: one POST with JSON for each record',
  create: createWebhook,
  wanted: ({ webhooks }) =>
    webhooks.map((hook) => ({
      name: `webhook.${hook.name}`,
      topics: hook.on,
      create: (context) => createWebhook(hook, context),
    })),
};
