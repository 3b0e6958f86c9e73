import { readdirSync, readFileSync } from 'node:fs';

export interface Target {
  query: string;
  rawQuery: boolean;
  resultFormat: string;
  datasource: { uid: string };
}
export interface Panel {
  id: number;
  type: string;
  title: string;
  datasource?: { uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: Target[];
}
export interface Dashboard {
  uid: string;
  title: string;
  schemaVersion: number;
  panels: Panel[];
  annotations: {
    list: { name: string; target?: { query: string; textColumn: string; tagsColumn: string } }[];
  };
  templating: {
    list: {
      name: string;
      query: string;
      multi?: boolean;
      includeAll?: boolean;
      allValue?: string;
      current?: { value: string | string[] };
    }[];
  };
}
export interface Query {
  title: string;
  query: string;
}

const FOLDER = new URL('../../grafana/dashboards/', import.meta.url);

export function dashboards(): Dashboard[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return files.map((file) => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Dashboard);
}

export const panelQueries = (dashboard: Dashboard): Query[] =>
  dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ query }) => ({ title, query })));

export const annotationQueries = (dashboard: Dashboard): Query[] =>
  dashboard.annotations.list.flatMap(({ name, target }) =>
    target ? [{ title: name, query: target.query }] : [],
  );

export const variableQueries = (dashboard: Dashboard): Query[] =>
  dashboard.templating.list.map(({ name, query }) => ({ title: name, query }));
