import { datasource, grafanaPanel, HEIGHTS, type Panel } from './panel.ts';

export interface Dashboard {
  /** Its file is `NAME.json`, its uid in Grafana `syncline-NAME`. */
  readonly name: string;
  readonly title: string;
  readonly variables: readonly Variable[];
  /** Title and panels; the panels go from left to right and break where a line is full. */
  readonly rows: readonly (readonly [string, readonly Panel[]])[];
}
/** A choice at the top, of the values that a label has. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  readonly series: string;
  /** Several at once, and all to begin with. */
  readonly many: boolean;
}

/** All partners that are defined, also those that were never called. */
export const partners: Variable = {
  name: 'partner',
  label: 'Partner',
  series: 'syncline_fresh_timestamp_seconds',
  many: true,
};

/** The dashboard as Grafana reads it from a file. */
export function grafanaDashboard({ name, title, variables, rows }: Dashboard): object {
  return {
    uid: `syncline-${name}`,
    title,
    tags: ['syncline'],
    timezone: 'browser',
    schemaVersion: 39,
    version: 1,
    editable: true,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    links: [{ type: 'dashboards', title: 'Syncline', tags: ['syncline'], includeVars: true, keepTime: true }],
    templating: { list: variables.map(grafanaVariable) },
    annotations: { list: [] },
    panels: placed(rows),
  };
}

function grafanaVariable({ name, label, series, many }: Variable): object {
  const query = `label_values(${series}, ${name})`;
  const all = { includeAll: true, multi: true, allValue: '.*', current: { text: 'All', value: '$__all' } };
  return {
    name,
    label,
    type: 'query',
    datasource,
    query: { query, refId: name },
    definition: query,
    refresh: 2,
    sort: 1,
    ...(many ? all : { includeAll: false, multi: false }),
  };
}

const COLUMNS = 24;

function placed(rows: Dashboard['rows']): readonly object[] {
  const found: object[] = [];
  let y = 0;
  for (const [title, panels] of rows) {
    const gridPos = { x: 0, y, w: COLUMNS, h: 1 };
    found.push({ id: found.length + 1, type: 'row', title, collapsed: false, gridPos, panels: [] });
    y += 1;
    let [x, height] = [0, 0];
    for (const panel of panels) {
      if (x + panel.width > COLUMNS) [x, y, height] = [0, y + height, 0];
      const h = HEIGHTS[panel.kind];
      found.push({ id: found.length + 1, ...grafanaPanel(panel), gridPos: { x, y, w: panel.width, h } });
      x += panel.width;
      height = Math.max(height, h);
    }
    y += height;
  }
  return found;
}
