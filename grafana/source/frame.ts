/** Panels, variables and annotations as all dashboards have them, in the types of Grafana's own SDK. */

import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  GraphDrawStyle,
  type GraphFieldConfig,
  LegendDisplayMode,
  LegendPlacement,
  LineInterpolation,
  PercentChangeColorMode,
  SortOrder,
  TableCellHeight,
  TooltipDisplayMode,
  VisibilityMode,
  VizOrientation,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type AnnotationQuery,
  type Dashboard,
  DashboardCursorSync,
  DashboardLinkType,
  FieldColorModeId,
  type Panel,
  type RowPanel,
  VariableHide,
  type VariableModel,
  VariableRefresh,
  VariableSort,
  VariableType,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { Options as StatOptions } from '@grafana/grafana-foundation-sdk/stat';
import type { Options as TableOptions } from '@grafana/grafana-foundation-sdk/table';
import type { Options as TimeSeriesOptions } from '@grafana/grafana-foundation-sdk/timeseries';
import { SOURCE, type Target, tagValues, type Where } from './queries.ts';

/** The SDK marks queries with a method that its builders have; a query of the data source is plain JSON. */
type Query = NonNullable<Panel['targets']>[number];
const asQueries = (targets: readonly Target[]): Query[] => targets as unknown as Query[];

/** A panel before it has its place. Widths are of 24, heights in units of 30 pixels. */
export interface Placed {
  width: number;
  height: number;
  panel: Omit<Panel, 'id' | 'gridPos'> | Omit<RowPanel, 'id' | 'gridPos'>;
}

export interface Look {
  width?: number;
  height?: number;
  unit?: string;
  min?: number;
  max?: number;
  decimals?: number;
  description?: string;
}

const framed = (type: string, title: string, targets: readonly Target[], look: Look) => ({
  type,
  title,
  ...(look.description === undefined ? {} : { description: look.description }),
  datasource: { ...SOURCE },
  targets: asQueries(targets),
});

const defaultsOf = ({ unit, min, max, decimals }: Look) => ({
  ...(unit === undefined ? {} : { unit }),
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
  ...(decimals === undefined ? {} : { decimals }),
});

export function lines(title: string, targets: readonly Target[], look: Look = {}): Placed {
  const custom: GraphFieldConfig = {
    drawStyle: GraphDrawStyle.Line,
    lineInterpolation: LineInterpolation.Linear,
    lineWidth: 1,
    fillOpacity: 6,
    showPoints: VisibilityMode.Auto,
    pointSize: 4,
    spanNulls: false,
  };
  const options: TimeSeriesOptions = {
    legend: {
      displayMode: LegendDisplayMode.Table,
      placement: LegendPlacement.Bottom,
      showLegend: true,
      calcs: ['lastNotNull'],
    },
    tooltip: { mode: TooltipDisplayMode.Multi, sort: SortOrder.Descending },
  };
  const panel: Placed['panel'] = {
    ...framed('timeseries', title, targets, look),
    fieldConfig: {
      defaults: { color: { mode: FieldColorModeId.PaletteClassic }, custom, ...defaultsOf(look) },
      overrides: [],
    },
    options,
  };
  return { width: look.width ?? 8, height: look.height ?? 8, panel };
}

export function numbers(title: string, targets: readonly Target[], look: Look = {}): Placed {
  const options: StatOptions = {
    graphMode: BigValueGraphMode.None,
    colorMode: BigValueColorMode.Value,
    justifyMode: BigValueJustifyMode.Auto,
    textMode: BigValueTextMode.ValueAndName,
    wideLayout: true,
    showPercentChange: false,
    percentChangeColorMode: PercentChangeColorMode.Standard,
    reduceOptions: { calcs: ['lastNotNull'], values: false },
    orientation: VizOrientation.Auto,
  };
  const panel: Placed['panel'] = {
    ...framed('stat', title, targets, look),
    fieldConfig: { defaults: defaultsOf(look), overrides: [] },
    options,
  };
  return { width: look.width ?? 12, height: look.height ?? 5, panel };
}

export function table(title: string, targets: readonly Target[], look: Look = {}): Placed {
  const options: TableOptions = { frameIndex: 0, showHeader: true, cellHeight: TableCellHeight.Sm };
  const panel: Placed['panel'] = {
    ...framed('table', title, targets, look),
    fieldConfig: { defaults: defaultsOf(look), overrides: [] },
    options,
  };
  return { width: look.width ?? 24, height: look.height ?? 8, panel };
}

export const section = (title: string): Placed => ({
  width: 24,
  height: 1,
  panel: { type: 'row', title, collapsed: false, panels: [] },
});

/** Left to right and top to bottom, in the order in which they are written. */
export function laidOut(placed: readonly Placed[]): (Panel | RowPanel)[] {
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  return placed.map(({ width, height, panel }, i) => {
    if (x + width > 24) {
      x = 0;
      y += rowHeight;
      rowHeight = 0;
    }
    const gridPos = { h: height, w: width, x, y };
    x += width;
    rowHeight = Math.max(rowHeight, height);
    return { id: i + 1, ...panel, gridPos } as Panel | RowPanel;
  });
}

export interface VariableLook {
  label: string;
  where?: Where;
  measurement?: string;
  /** Several at once, and all of them at first. */
  several?: boolean;
  /** What a variable of one value is at first; default: the first value. */
  first?: string;
}

export function variable(name: string, look: VariableLook): VariableModel {
  const { label, where, measurement, several = false, first } = look;
  const query = tagValues(name, where, measurement);
  const current = several ? { text: ['All'], value: ['$__all'] } : { text: first ?? '', value: first ?? '' };
  return {
    name,
    label,
    type: VariableType.Query,
    datasource: { ...SOURCE },
    query,
    definition: query,
    refresh: VariableRefresh.OnTimeRangeChanged,
    sort: VariableSort.AlphabeticalAsc,
    multi: several,
    includeAll: several,
    ...(several ? { allValue: '.*' } : {}),
    ...(several || first !== undefined ? { current } : {}),
    hide: VariableHide.DontHide,
  };
}

interface Marks {
  name: string;
  color: string;
  measurement: string;
  where: Where;
  text: string;
  tags: readonly string[];
}

function annotation({ name, color, measurement, where, text, tags }: Marks): AnnotationQuery {
  const columns = [text, ...tags].map((column) => `"${column}"`).join(', ');
  const target = {
    refId: 'Anno',
    queryType: 'tags',
    rawQuery: true,
    fromAnnotations: true,
    query: `SELECT ${columns} FROM "${measurement}" WHERE ${[...where, '$timeFilter'].join(' AND ')} ORDER BY time DESC LIMIT 500`,
    textColumn: text,
    tagsColumn: tags.join(','),
    titleColumn: '',
    timeEndColumn: '',
  };
  return {
    name,
    enable: true,
    hide: false,
    iconColor: color,
    datasource: { ...SOURCE },
    target: target as unknown as AnnotationQuery['target'],
  };
}

/** What stands in every graph: when alarms fire and end, incidents open, training is asked for, and roll-outs move. */
function annotations(where: Where): AnnotationQuery[] {
  const alert = {
    measurement: 'telltale_alert',
    text: 'reason',
    tags: ['service', 'rule', 'level', 'segment'],
  };
  return [
    {
      builtIn: 1,
      name: 'Annotations & Alerts',
      type: 'dashboard',
      datasource: { type: 'grafana', uid: '-- Grafana --' },
      enable: true,
      hide: true,
      iconColor: 'rgba(0, 211, 255, 1)',
    },
    annotation({ ...alert, name: 'Firing', color: 'red', where: [`"state" = 'firing'`, ...where] }),
    annotation({ ...alert, name: 'Resolved', color: 'green', where: [`"state" = 'resolved'`, ...where] }),
    annotation({
      name: 'Incidents',
      color: 'orange',
      measurement: 'telltale_incident',
      where: [`"notify" != '-'`, ...where],
      text: 'summary',
      tags: ['service', 'state', 'level', 'notify'],
    }),
    annotation({
      name: 'Retraining',
      color: 'purple',
      measurement: 'telltale_retrain',
      where,
      text: 'reason',
      tags: ['service', 'state', 'mode'],
    }),
    annotation({
      name: 'Roll-out',
      color: 'blue',
      measurement: 'telltale_rollout',
      where: [`"event" != 'verdict'`, ...where],
      text: 'reason',
      tags: ['service', 'candidate', 'event', 'status'],
    }),
  ];
}

export interface Plan {
  /** Follows `telltale-` in the address. */
  name: string;
  title: string;
  variables: VariableModel[];
  /** Which alarms, incidents and steps stand in the graphs. */
  marks: Where;
  panels: readonly Placed[];
}

export const dashboard = ({ name, title, variables, marks, panels }: Plan): Dashboard => ({
  uid: `telltale-${name}`,
  title: `Telltale: ${title}`,
  tags: ['telltale'],
  schemaVersion: 39,
  version: 1,
  editable: true,
  graphTooltip: DashboardCursorSync.Crosshair,
  timezone: 'utc',
  refresh: '30s',
  time: { from: 'now-24h', to: 'now' },
  links: [
    {
      type: DashboardLinkType.Dashboards,
      title: 'Telltale',
      tags: ['telltale'],
      asDropdown: false,
      includeVars: true,
      keepTime: true,
      icon: 'external link',
      targetBlank: false,
      url: '',
      tooltip: '',
    },
  ],
  templating: { list: variables },
  annotations: { list: annotations(marks) },
  panels: laidOut(panels),
});
