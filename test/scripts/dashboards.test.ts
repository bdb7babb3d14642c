import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { dashboardFiles } from '../../scripts/dashboards/all.ts';
import { choicesOf, panelQueries } from '../metrics/panel-queries.ts';
import { seriesIn } from '../metrics/queried-series.ts';

const folder = new URL('../../deploy/grafana/dashboards/', import.meta.url);
const committed = Object.fromEntries(
  readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]),
);
const files = Object.entries(committed);

/** The labels of each series that docs/metrics.md tells of. */
const told = new Map(
  [
    ...readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8').matchAll(
      /^\| `([a-z]\w+)` +\| ([^|]*)\|/gm,
    ),
  ].map(([, name = '', labels = '']) => [name, [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label)]),
);
/** Temporal's own: test/metrics/worker-metrics.test.ts holds them against a real worker and a real server. */
const isTemporals = (series: string): boolean => /^(temporal|service|persistence)_/.test(series);
const documented = (series: string): string => (told.has(series) ? series : series.replace(/_(bucket|count|sum)$/, ''));
/** Prometheus adds `instance`, a histogram has `le`. */
const labelsOf = (series: string): readonly string[] => [
  ...(told.get(documented(series)) ?? []),
  'instance',
  ...(series.endsWith('_bucket') ? ['le'] : []),
];

/** Labels by which a query selects, groups or matches. */
function labelsIn(expr: string): readonly string[] {
  const chosen = [...expr.matchAll(/\{([^}]*)\}/g)].flatMap(([, selector = '']) =>
    [...selector.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label),
  );
  const grouped = [...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/));
  return [...chosen, ...grouped];
}

describe('deploy/grafana/dashboards', () => {
  test('holds what scripts/dashboards says, and nothing else: else run scripts/write-dashboards.ts', () => {
    const parsed = Object.fromEntries(files.map(([name, text]) => [name, JSON.parse(text) as object]));
    expect(parsed).toEqual(JSON.parse(JSON.stringify(dashboardFiles())));
    expect(files.map(([name]) => name).toSorted()).toEqual(
      ['fleet', 'ingest', 'limits', 'partner', 'targets'].map((name) => `${name}.json`),
    );
  });

  describe.each(files)('%s', (_, text) => {
    const queries = panelQueries(text);
    const ours = queries.filter(({ expr }) => !seriesIn(expr).some(isTemporals));

    test('names only series that docs/metrics.md tells of', () => {
      expect(told.size).toBeGreaterThan(50);
      expect(ours.length).toBeGreaterThan(8);
      const unknown = ours.flatMap(({ panel, expr }) => {
        const names = seriesIn(expr);
        const strange = names.filter((name) => !told.has(documented(name)));
        return names.length === 0 || strange.length > 0 ? [{ panel, expr, strange }] : [];
      });
      expect(unknown).toEqual([]);
    });

    test('names only labels that those series have', () => {
      const selected = ours.flatMap(({ panel, expr }) =>
        [...expr.matchAll(/(\w+)(\{[^}]*\})/g)].flatMap(([, series = '', selector = '']) =>
          labelsIn(selector).map((label) => ({ panel, series, label })),
        ),
      );
      expect(selected.filter(({ series, label }) => !labelsOf(series).includes(label))).toEqual([]);
      const strange = ours.flatMap(({ panel, expr }) => {
        const known = new Set(seriesIn(expr).flatMap(labelsOf));
        return labelsIn(expr).flatMap((label) => (known.has(label) ? [] : [{ panel, label }]));
      });
      expect(strange).toEqual([]);
      for (const { series, label } of choicesOf(text)) expect(told.get(series)).toContain(label);
    });

    test('says of each panel what it shows, and gives each a place of its own', () => {
      const { panels } = JSON.parse(text) as {
        panels: {
          id: number;
          type: string;
          title: string;
          description?: string;
          gridPos: { x: number; y: number; w: number; h: number };
        }[];
      };
      const silent = panels.filter(({ type, description = '' }) => type !== 'row' && description === '');
      expect(silent).toEqual([]);
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`),
      );
      expect(new Set(cells).size).toBe(cells.length);
      expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
    });
  });

  test('shows each series that docs/metrics.md tells of somewhere', () => {
    const shown = new Set(
      files.flatMap(([, text]) => panelQueries(text).flatMap(({ expr }) => seriesIn(expr).map(documented))),
    );
    expect([...told.keys()].filter((name) => !shown.has(name))).toEqual([]);
  });
});
