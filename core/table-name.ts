/**
 * A stream has up to two tables in a target. `payments` names the one of its rows, and `payments.history` the one of their versions. The
 * names of streams have no dot.
 */
const HISTORY = '.history';

export const historyOf = (stream: string): string => `${stream}${HISTORY}`;
export const isHistory = (table: string): boolean => table.endsWith(HISTORY);
/** The stream that a table is of. */
export const streamOf = (table: string): string => (isHistory(table) ? table.slice(0, -HISTORY.length) : table);
