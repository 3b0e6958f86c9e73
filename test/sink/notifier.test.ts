/** Slack and PagerDuty `on: alerts`: what they are told, which alerts concern them, and what they do not take. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Alert, Level } from '../../src/records.ts';
import { type PagerDutyOptions, pagerdutySink } from '../../src/sink/pagerduty.ts';
import { AskedToWait } from '../../src/sink/retry.ts';
import type { SinkPart } from '../../src/sink/sink.ts';
import { type SlackOptions, slackSink } from '../../src/sink/slack.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { HOUR_MS, makeAlert, T0 } from './records.ts';

const logged: string[] = [];
const keep = (fields: object, message: string): void => {
  logged.push(`${message} ${JSON.stringify(fields)}`);
};
const log = { info: keep, warn: keep };
const WINDOW_END = new Date(T0 + HOUR_MS).toISOString();
let receiver: Receiver;

beforeEach(async () => {
  logged.length = 0;
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

const common = { on: 'alerts', level: 'warning', template: null, link: null, timeoutMs: 5_000 } as const;
const slackOf = async (over: Partial<SlackOptions> = {}): Promise<SinkPart> => {
  const url = `http://${receiver.host}/services/T000/B000/hush`;
  return (await slackSink.create({ ...common, name: 'oncall', url, ...over }, { log })).part!();
};
const pagerOf = async (over: Partial<PagerDutyOptions> = {}): Promise<SinkPart> => {
  const options = {
    ...common,
    name: 'page',
    url: `http://${receiver.host}/v2/enqueue`,
    routingKey: 'R0UT1NG',
  };
  return (await pagerdutySink.create({ ...options, ...over }, { log })).part!();
};
const bodies = <T>(): T[] => receiver.posted.splice(0).map(({ body }) => JSON.parse(body) as T);

async function failureOf(work: Promise<unknown>): Promise<Error & { code: string; waitMs?: number }> {
  return work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error) => error,
  );
}

interface Message {
  text: string;
  blocks: { type: string; text?: { type: string; text: string }; fields?: { text: string }[] }[];
}
interface Event {
  event_action: string;
  dedup_key: string;
  payload: { summary: string; severity: string };
}

describe('slack', () => {
  test('posts text and blocks, without what is empty', async () => {
    const part = await slackOf({ link: 'https://g.example/?s={{service}}&r={{rule}}' });
    await part.write([{ alert: makeAlert({ reason: 'psi 0.25 > 0.2 & <rising>' }) }]);
    expect(receiver.posted[0]!.path).toBe('/services/T000/B000/hush');
    const text = '*critical firing* fraud: amount-drift - psi 0.25 &gt; 0.2 &amp; &lt;rising&gt;';
    const [message] = bodies<Message>();
    expect(message!.text).toBe(text);
    expect(message!.blocks).toEqual([
      { type: 'section', text: { type: 'mrkdwn', text } },
      {
        type: 'section',
        fields: [
          '*Service*\nfraud',
          '*Level*\ncritical',
          `*Since*\n${WINDOW_END}`,
          '*Subject*\namount',
          '*Segment*\n*',
          '*Reason*\npsi 0.25 &gt; 0.2 &amp; &lt;rising&gt;',
          '*Value*\n0.25',
          '*Threshold*\n&gt;= 0.2',
        ].map((field) => ({ type: 'mrkdwn', text: field })),
      },
      {
        type: 'section',
        text: { type: 'mrkdwn', text: '<https://g.example/?s=fraud&amp;r=amount-drift|Details>' },
      },
    ]);
  });

  test('takes a template; values cannot mention anybody, the owner can', async () => {
    const part = await slackOf({ template: '<!here> {{ state }} {{model}}|{{value}}|{{since}} {{nobody}}' });
    await part.write([{ alert: makeAlert({ model: '<!channel>', value: null }) }]);
    expect(bodies<Message>()[0]!.text).toBe(`<!here> firing &lt;!channel&gt;||${WINDOW_END} {{nobody}}`);
    const empty = await slackOf({ template: '{{value}}' });
    await empty.write([{ alert: makeAlert({ value: null }) }]);
    expect(bodies<Message>()[0]!.text).toContain('amount-drift');
  });

  test('texts that Slack would refuse are cut, and not within an escaped letter', async () => {
    const part = await slackOf({ template: '{{reason}}' });
    for (let shift = 0; shift < 6; shift++) {
      const reason = 'x'.repeat(shift) + '&'.repeat(4_000);
      await part.write([{ alert: makeAlert({ id: `a${shift}`, reason }) }]);
      const [{ text, blocks }] = bodies<Message>() as [Message];
      expect(text.length).toBeLessThanOrEqual(3_000);
      expect(text).toMatch(/^x*(&amp;)+…$/);
      for (const field of blocks[1]!.fields!) expect(field.text.length).toBeLessThanOrEqual(2_000);
    }
    const emoji = await slackOf({ template: '{{reason}}' });
    for (const reason of ['😀'.repeat(2_000), `x${'😀'.repeat(2_000)}`]) {
      await emoji.write([{ alert: makeAlert({ id: reason.slice(0, 1), reason }) }]);
      expect(bodies<Message>()[0]!.text).toMatch(/^x?(😀)+…$/u);
    }
  });
});

describe('pagerduty', () => {
  test('triggers and resolves an incident for each alarm', async () => {
    const part = await pagerOf({ link: 'https://g.example/{{service}}' });
    const alert = makeAlert({ segment: 'country=de' });
    await part.write([{ alert }]);
    await part.write([{ alert: { ...alert, id: 'a2', state: 'resolved', level: 'warning', value: null } }]);
    const [trigger, resolve] = bodies<Event>();
    expect(trigger).toEqual({
      routing_key: 'R0UT1NG',
      event_action: 'trigger',
      dedup_key: 'f1',
      client: 'Telltale',
      client_url: 'https://g.example/fraud',
      links: [{ href: 'https://g.example/fraud', text: 'Details' }],
      payload: {
        summary: 'fraud: amount-drift critical - psi 0.25 >= 0.2',
        source: 'fraud',
        severity: 'critical',
        timestamp: WINDOW_END,
        component: 'amount',
        group: 'country=de',
        class: 'psi',
        custom_details: {
          rule: 'amount-drift',
          level: 'critical',
          state: 'firing',
          reason: 'psi 0.25 >= 0.2',
          value: 0.25,
          threshold: '>= 0.2',
          since: WINDOW_END,
          metric: 'psi',
          subject: 'amount',
          segment: 'country=de',
          n: 200,
        },
      },
    });
    expect(resolve).toMatchObject({
      event_action: 'resolve',
      dedup_key: 'f1',
      payload: { severity: 'warning' },
    });
  });

  test('a summary has 1,024 characters at most', async () => {
    const part = await pagerOf({ template: '{{reason}} & {{rule}}' });
    await part.write([{ alert: makeAlert({ reason: 'r'.repeat(5_000) }) }]);
    await part.write([{ alert: makeAlert({ id: 'a2', reason: '<r>' }) }]);
    const [long, short] = bodies<Event>();
    expect(long!.payload.summary).toHaveLength(1_024);
    expect(short!.payload.summary).toBe('<r> & amount-drift');
  });
});

describe('which alerts', () => {
  const steps = async (part: SinkPart, ...alerts: [string, Alert['state'], Level][]) => {
    for (const [id, state, level] of alerts) await part.write([{ alert: makeAlert({ id, state, level }) }]);
  };
  const actions = () =>
    bodies<Event>().map(({ event_action, payload }) => `${event_action} ${payload.severity}`);

  test('of the level and above alone; what falls below it is over', async () => {
    const part = await pagerOf({ level: 'critical' });
    await steps(part, ['1', 'firing', 'warning'], ['2', 'resolved', 'warning']);
    expect(actions()).toEqual([]);
    await steps(part, ['3', 'firing', 'warning'], ['4', 'firing', 'critical'], ['5', 'firing', 'warning']);
    expect(actions()).toEqual(['trigger critical', 'resolve warning']);
    await steps(
      part,
      ['6', 'resolved', 'warning'],
      ['7', 'firing', 'critical'],
      ['8', 'resolved', 'critical'],
    );
    expect(actions()).toEqual(['trigger critical', 'resolve critical']);
    const slack = await slackOf({ level: 'critical', template: '{{level}} {{state}}' });
    await steps(slack, ['1', 'firing', 'critical'], ['2', 'firing', 'warning'], ['3', 'resolved', 'warning']);
    expect(bodies<Message>().map(({ text }) => text)).toEqual(['critical firing', 'warning firing']);
  });

  test('from warning on, unless told otherwise', async () => {
    const part = await pagerOf();
    await steps(part, ['1', 'firing', 'info'], ['2', 'firing', 'warning'], ['3', 'firing', 'critical']);
    expect(actions()).toEqual(['trigger warning', 'trigger critical']);
    await steps(part, ['4', 'firing', 'info'], ['5', 'resolved', 'info']);
    expect(actions()).toEqual(['resolve info']);
    const all = await pagerOf({ level: 'info' });
    await steps(all, ['1', 'firing', 'info'], ['2', 'resolved', 'info']);
    expect(actions()).toEqual(['trigger info', 'resolve info']);
  });

  test('the end of what is open, whatever level it has by then', async () => {
    const part = await pagerOf({ level: 'critical' });
    // An alarm that flaps is silent, so its end may follow a level that nobody was told of.
    await steps(part, ['1', 'firing', 'critical'], ['2', 'resolved', 'warning']);
    expect(actions()).toEqual(['trigger critical', 'resolve warning']);
  });

  test('each once, however often the topic has it, and after a restart too', async () => {
    const part = await pagerOf({ level: 'critical' });
    part.restore({ alert: makeAlert({ id: '1', level: 'critical' }) }, T0);
    await steps(part, ['1', 'firing', 'critical']);
    expect(actions()).toEqual([]);
    await steps(part, ['2', 'firing', 'warning'], ['2', 'firing', 'warning'], ['1', 'firing', 'critical']);
    expect(actions()).toEqual(['resolve warning']);
  });

  test('an alert that did not arrive is told by the next try', async () => {
    const part = await pagerOf();
    receiver.answer = () => ({ status: 500 });
    await failureOf(part.write([{ alert: makeAlert() }]));
    receiver.answer = () => ({ status: 202 });
    await part.write([{ alert: makeAlert() }]);
    expect(receiver.posted.map(({ status }) => status)).toEqual([500, 202]);
  });
});

describe.each([
  ['slack', slackOf],
  ['pagerduty', pagerOf],
])('%s, when it does not take it', (kind, make) => {
  test('waits as long as the receiver asks', async () => {
    const part = await make();
    receiver.answer = () => ({ status: 429, headers: { 'retry-after': '30' } });
    const error = await failureOf(part.write([{ alert: makeAlert() }]));
    expect(error).toBeInstanceOf(AskedToWait);
    expect(error.waitMs).toBe(30_000);
  });

  test('gives back what is refused for good, and shows no secret', async () => {
    const part = await make();
    receiver.answer = ({ path, body }) => ({ status: 400, body: `no ${path} R0UT1NG ${body}` });
    const batch = [{ alert: makeAlert() }];
    const refusals = await part.write(batch);
    expect(refusals).toHaveLength(1);
    expect(refusals[0]!.delivery).toBe(batch[0]);
    expect(refusals[0]!.reason).toContain(`${kind} `);
    expect(refusals[0]!.reason).toContain('HTTP 400: no');
    const secret = kind === 'slack' ? /T000|hush/ : /R0UT1NG/;
    expect(refusals[0]!.reason + logged.join()).not.toMatch(secret);
    receiver.answer = ({ path, body }) => ({ status: 403, body: `${path} ${body}` });
    const error = await failureOf(part.write([{ alert: makeAlert({ id: 'a2' }) }]));
    expect(error.message).not.toMatch(secret);
  });
});

test('each entry of the configuration is a sink of its own, for alerts or for incidents', () => {
  const of = (name: string, on: SlackOptions['on']) => ({ name, on });
  const notify = {
    slack: [of('a', 'alerts'), of('b', 'incidents')] as SlackOptions[],
    pagerduty: [of('a', 'incidents'), of('b', 'alerts')] as PagerDutyOptions[],
  };
  expect([...slackSink.wanted({ notify }), ...pagerdutySink.wanted({ notify })]).toMatchObject([
    { name: 'slack.a', topics: ['alerts'] },
    { name: 'slack.b', topics: ['incidents'] },
    { name: 'pagerduty.a', topics: ['incidents'] },
    { name: 'pagerduty.b', topics: ['alerts'] },
  ]);
});
