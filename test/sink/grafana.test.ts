import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DASHBOARDS, fileOf, textOf } from '../../grafana/source/index.ts';
import { annotationQueries, dashboards, panelQueries } from './dashboards.ts';

const provisioned = (path: string) =>
  parse(readFileSync(new URL(`../../grafana/provisioning/${path}`, import.meta.url), 'utf8'));
const all = dashboards();

test('the data source speaks InfluxQL and takes its address from the environment', () => {
  const [source] = provisioned('datasources/influxdb.yaml').datasources;
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in.
  expect(source).toMatchObject({ type: 'influxdb', url: '${INFLUX_URL}', jsonData: { version: 'InfluxQL' } });
  expect(source.jsonData.dbName).not.toBe('');
  expect(provisioned('dashboards/telltale.yaml').providers).toHaveLength(1);
});

test('the files are what their sources say: npm run dashboards', () => {
  expect(all.map((dashboard) => dashboard.uid)).toEqual(
    ['daemon', 'drift', 'overview', 'rollout', 'service'].map((name) => `telltale-${name}`),
  );
  for (const dashboard of DASHBOARDS) {
    const file = new URL(`../../grafana/dashboards/${fileOf(dashboard)}`, import.meta.url);
    expect(readFileSync(file, 'utf8'), fileOf(dashboard)).toBe(textOf(dashboard));
  }
});

describe.each(all)('$title', (dashboard) => {
  const { uid } = provisioned('datasources/influxdb.yaml').datasources[0];

  test('asks the provisioned data source, within the chosen time', () => {
    expect(dashboard.schemaVersion).toBe(39);
    for (const panel of dashboard.panels.filter(({ type }) => type !== 'row')) {
      expect(panel.datasource?.uid, panel.title).toBe(uid);
      expect(panel.targets?.length, panel.title).toBeGreaterThan(0);
      for (const target of panel.targets ?? []) {
        expect(target).toMatchObject({ rawQuery: true, datasource: { uid } });
        expect(target.query).toContain('$timeFilter');
        expect(target.resultFormat).toBe(panel.type === 'table' ? 'table' : 'time_series');
      }
    }
  });

  test('alarms, incidents, retraining and roll-outs stand as annotations, with their reason as text', () => {
    expect(annotationQueries(dashboard).map(({ title }) => title)).toEqual([
      'Firing',
      'Resolved',
      'Incidents',
      'Retraining',
      'Roll-out',
    ]);
    for (const { target } of dashboard.annotations.list) {
      if (!target) continue;
      for (const column of [target.textColumn, ...target.tagsColumn.split(',')]) {
        expect(target.query).toContain(`"${column}"`);
      }
    }
  });

  test('panels have ids of their own and do not overlap', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });

  test('uses no variable that it does not have', () => {
    const known = new Set([...dashboard.templating.list.map(({ name }) => name), 'timeFilter', '__interval']);
    const used = [...panelQueries(dashboard), ...annotationQueries(dashboard)].flatMap(({ query }) => [
      ...query.matchAll(/\$(\w+)/g),
    ]);
    expect(used.map((match) => match[1]).filter((name) => !known.has(name ?? ''))).toEqual([]);
  });
});
