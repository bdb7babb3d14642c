import { assertNever } from '../../core/assert-never.ts';
import type { Query } from './query.ts';

/** Units by Grafana's names. `dateTimeFromNow` takes milliseconds. */
export type Unit = 'short' | 's' | 'bytes' | 'Bps' | 'percentunit' | 'reqps' | 'dateTimeFromNow';

interface Common {
  readonly title: string;
  /** What a reader has to know to judge what is shown. */
  readonly says: string;
  /** Of the 24 columns of a row of Grafana. */
  readonly width: 4 | 6 | 8 | 12 | 24;
}
export interface Stat extends Common {
  readonly kind: 'stat';
  readonly unit: Unit;
  readonly query: Query;
  /** Red from here on; without it, no value is bad. */
  readonly badFrom?: number;
}
export interface Lines extends Common {
  readonly kind: 'lines';
  readonly unit: Unit;
  readonly queries: readonly Query[];
}
export interface Table extends Common {
  readonly kind: 'table';
  readonly columns: readonly Column[];
}
export interface Column {
  readonly name: string;
  readonly expr: string;
  readonly unit: Unit;
  /** Said in place of 0, where 0 stands for "there is none". */
  readonly zero?: string;
}
export type Panel = Stat | Lines | Table;

/** The one of deploy/grafana/provisioning. */
export const datasource = { type: 'prometheus', uid: 'syncline-prometheus' } as const;

export const HEIGHTS = { stat: 4, lines: 8, table: 9 } as const satisfies Record<Panel['kind'], number>;

export const stat = (panel: Omit<Stat, 'kind'>): Stat => ({ kind: 'stat', ...panel });
export const lines = (panel: Omit<Lines, 'kind'>): Lines => ({ kind: 'lines', ...panel });
export const table = (panel: Omit<Table, 'kind'>): Table => ({ kind: 'table', ...panel });

/** The panel as Grafana stores it, without its number and place. */
export function grafanaPanel(panel: Panel): object {
  const head = { title: panel.title, description: panel.says, datasource };
  switch (panel.kind) {
    case 'stat':
      return {
        type: 'stat',
        ...head,
        fieldConfig: { defaults: { unit: panel.unit, min: 0, thresholds: thresholds(panel.badFrom) }, overrides: [] },
        targets: targets([panel.query], { instant: true }),
        options: { reduceOptions: { calcs: ['lastNotNull'] }, colorMode: 'value' },
      };
    case 'lines':
      return {
        type: 'timeseries',
        ...head,
        fieldConfig: {
          defaults: { unit: panel.unit, min: 0, custom: { showPoints: 'never', fillOpacity: 8 } },
          overrides: [],
        },
        targets: targets(panel.queries, {}),
        options: {
          legend: { displayMode: 'list', placement: 'bottom' },
          tooltip: { mode: 'multi', sort: 'desc' },
        },
      };
    case 'table':
      return {
        type: 'table',
        ...head,
        fieldConfig: { defaults: {}, overrides: panel.columns.map(columnOverride) },
        targets: targets(
          panel.columns.map(({ expr, name }) => ({ expr, legend: name })),
          { instant: true, format: 'table' },
        ),
        transformations: [
          { id: 'merge', options: {} },
          { id: 'organize', options: { excludeByName: { Time: true }, renameByName: columnNames(panel.columns) } },
        ],
      };
    default:
      return assertNever(panel);
  }
}

const targets = (queries: readonly Query[], more: object): readonly object[] =>
  queries.map(({ expr, legend }, at) => ({ refId: letter(at), datasource, expr, legendFormat: legend, ...more }));

const letter = (at: number): string => String.fromCodePoint(65 + at);

// Grafana calls the values of several merged queries `Value #A`, `Value #B`.
const columnNames = (columns: readonly Column[]): Readonly<Record<string, string>> =>
  Object.fromEntries(columns.map(({ name }, at) => [`Value #${letter(at)}`, name]));

const columnOverride = ({ name, unit, zero }: Column): object => ({
  matcher: { id: 'byName', options: name },
  properties: [
    { id: 'unit', value: unit },
    ...(zero === undefined
      ? []
      : [{ id: 'mappings', value: [{ type: 'value', options: { '0': { text: zero, index: 0 } } }] }]),
  ],
});

const thresholds = (badFrom: number | undefined): object => ({
  mode: 'absolute',
  steps: [
    { color: badFrom === undefined ? 'text' : 'green', value: null },
    ...(badFrom === undefined ? [] : [{ color: 'red', value: badFrom }]),
  ],
});
