import { historyOf } from '../core/table-name.ts';
import { targetsOf } from '../definitions/named-targets.ts';
import type { CompiledStream } from '../definitions/compiled.ts';

/** Where else a stream is written: `lake`, `lake.history`, `postgres.history`. */
export const tablesElsewhere = ({ partner, name }: Pick<CompiledStream, 'partner' | 'name'>): readonly string[] => [
  ...targetsOf(partner, name),
  ...targetsOf(partner, historyOf(name)).map(historyOf),
];
