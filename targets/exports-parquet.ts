import type { ExportsParquet, Target } from './target.ts';

/** Whether this target can write its tables as files of Parquet. */
export const exportsParquet = (target: Target): target is Target & ExportsParquet => 'exportParquet' in target;
