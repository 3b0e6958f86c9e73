/**
 * Every panel, annotation and variable of the dashboards asks a real InfluxDB that holds what the demo publishes, and the
 * figures of a real daemon about itself: none may fail, and none may stay empty.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { END_MS, START_MS } from '../../src/demo/stories/story.ts';
import { type Chosen, interpolate, type Variable } from '../grafana/interpolate.ts';
import {
  annotationQueries,
  type Dashboard,
  dashboards,
  panelQueries,
  variableQueries,
} from '../sink/dashboards.ts';
import { type ConfigFolder, configFolder, killDaemons, startDaemon } from './daemon.ts';
import { fillByDemo } from './demo-influx.ts';
import { extend, plantOf, sendWindows } from './sinks-support.ts';
import { describeStack, type StackUrls } from './support/context.ts';
import { javaProduce } from './support/foreign.ts';
import { influxQuery } from './support/influx.ts';
import { createTopics, uniquePrefix } from './support/topics.ts';

const database = uniquePrefix('grafana');
/** The daemon tells of itself at its own time, the stories at theirs. */
const TIME = { fromMs: START_MS, toMs: Date.now() + 3_600_000, interval: '5m' };

let folder: ConfigFolder | null = null;

/** A daemon with lag, records that it cannot read, and an alarm about them, in the same database as the demo. */
async function runDaemon(stack: StackUrls): Promise<void> {
  folder = configFolder(stack, database, { partitions: 1 });
  const requests = `${database}.requests`;
  extend(folder, { dead_letters: { window: '2s', min_records: 1, rate_max: 0.01 } });
  folder.service(plantOf(requests));
  await createTopics(stack.kafka, [{ topic: requests }]);
  const daemon = await startDaemon(folder.dir);
  await daemon.untilReady();
  await javaProduce(stack.kafka, requests, [{ key: 'x', value: Buffer.from('{') }]);
  await sendWindows(stack.kafka, requests, 0, 2);
  await daemon.until('an alarm of the daemon about itself', async () => {
    const query = `SELECT "value" FROM "telltale_alert" WHERE "service" = 'telltale'`;
    return (await influxQuery(stack.influx, database, query)).length > 0;
  });
  await daemon.end('SIGTERM');
}

describeStack('dashboards', (stack) => {
  const ask = (query: string) => influxQuery(stack.influx, database, query);

  beforeAll(async () => {
    await fillByDemo(stack.influx, database);
    await runDaemon(stack);
  }, 300_000);
  afterAll(async () => {
    await killDaemons();
    folder?.remove();
    await ask(`DROP DATABASE "${database}"`);
  });

  /** The values of a variable, asked as Grafana asks. */
  const valuesOf = async (dashboard: Dashboard, name: string, chosen: Chosen): Promise<string[]> => {
    const { list } = dashboard.templating;
    const { query } = list.find((variable) => variable.name === name)!;
    const found = await ask(interpolate(query, list, chosen, TIME));
    return found.map(({ value }) => String(value));
  };

  /** What a person may have chosen: each service, with whatever else the dashboard shows at first. */
  const choices = async (dashboard: Dashboard): Promise<Chosen[]> => {
    const first = (variable: Variable & { current?: { value: string | string[] } }): string | null => {
      if (variable.includeAll) return '$__all';
      return variable.current === undefined ? null : String(variable.current.value);
    };
    const chosen = Object.fromEntries(
      dashboard.templating.list.flatMap((variable) => {
        const value = first(variable);
        return value === null ? [] : [[variable.name, value]];
      }),
    );
    if (chosen.service !== undefined || !dashboard.templating.list.some(({ name }) => name === 'service'))
      return [chosen];
    return (await valuesOf(dashboard, 'service', {})).map((service) => ({ ...chosen, service }));
  };

  describe.each(dashboards())('$title', (dashboard) => {
    const { list } = dashboard.templating;

    test('every variable has values, and what it shows at first is one of them', async () => {
      for (const chosen of await choices(dashboard)) {
        for (const { title } of variableQueries(dashboard)) {
          const values = await valuesOf(dashboard, title, chosen);
          expect(values, title).not.toEqual([]);
          if (chosen[title] !== '$__all') expect(values, title).toContain(chosen[title]);
        }
      }
    });

    test('no query fails whatever is chosen, and each has rows for some service', async () => {
      const queries = [...panelQueries(dashboard), ...annotationQueries(dashboard)];
      const empty = new Set(queries.map(({ title, query }) => `${title}: ${query}`));
      for (const chosen of await choices(dashboard)) {
        for (const { title, query } of queries) {
          const found = await ask(interpolate(query, list, chosen, TIME));
          // A row of tags alone says nothing.
          const hasValue = found.some((row) =>
            Object.entries(row).some(([name, value]) => name !== 'time' && value !== null),
          );
          if (hasValue) empty.delete(`${title}: ${query}`);
        }
      }
      expect([...empty]).toEqual([]);
    });

    test('every field that a table shows is there', async () => {
      const choice = await choices(dashboard);
      for (const panel of dashboard.panels.filter(({ type }) => type === 'table')) {
        const { query } = panel.targets![0]!;
        const columns = [...query.slice(0, query.indexOf(' FROM ')).matchAll(/"(\w+)"/g)].map(
          (match) => match[1]!,
        );
        const seen = new Set<string>();
        for (const chosen of choice) {
          for (const row of await ask(interpolate(query, list, chosen, TIME)))
            for (const [name, value] of Object.entries(row)) if (value !== null) seen.add(name);
        }
        expect([...seen], panel.title).toEqual(expect.arrayContaining(columns));
      }
    });

    test('names with every sign of a regular expression are asked for, and only they', async () => {
      const several = list.filter(({ multi }) => multi);
      for (const { name } of several) {
        const query = panelQueries(dashboard).find((panel) => panel.query.includes(`$${name}$/`))!.query;
        const [chosen] = await choices(dashboard);
        const values = (await valuesOf(dashboard, name, chosen!)).slice(0, 3);
        for (const value of [...values.map((one) => [one]), values])
          await ask(interpolate(query, list, { ...chosen, [name]: value }, TIME));
        const strange = [`a/b(c)*[d]'`, '$&'];
        expect(await ask(interpolate(query, list, { ...chosen, [name]: strange }, TIME))).toEqual([]);
      }
    });
  });

  test('the stories lie within the time that is asked for', () => {
    expect(END_MS).toBeLessThan(TIME.toMs);
  });
});
