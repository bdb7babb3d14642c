import type { Evidence } from '../../store/partner-report/period.ts';

/** A report as its writers take it: what is said, and tables. Nothing in it is escaped yet. */
export interface Section {
  readonly title: string;
  readonly says: readonly string[];
  readonly tables: readonly SectionTable[];
}

export interface SectionTable {
  readonly caption: string;
  readonly columns: readonly string[];
  /** Names of columns whose figures stand at the right. */
  readonly figures: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** `code`: an id, a path or the name of a field. */
export type Cell = string | { readonly code: string };

export const code = (text: string | null): Cell => (text === null ? '' : { code: text });

/** Longer ones are cut: nobody reads them. */
const MOST = 50;

/** None where there are no rows. */
export function tableOf(
  caption: string,
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  figures: readonly string[] = [],
): readonly SectionTable[] {
  if (rows.length === 0) return [];
  const more = rows.length - MOST;
  return [
    {
      caption: more > 0 ? `${caption} (${MOST} of ${rows.length})` : caption,
      columns,
      figures,
      rows: rows.slice(0, MOST),
    },
  ];
}

export const evidenceColumns = ['When (UTC)', 'Request id', 'Run'] as const;

/** By what a partner finds it again. */
export const evidence = ({ at, requestId, runId }: Evidence): readonly Cell[] => [
  second(at),
  code(requestId),
  code(runId),
];

/** `2026-11-24 03:10:07`, of columns that say UTC. */
export const second = (iso: string): string => iso.slice(0, 19).replace('T', ' ');
