/**
 * How many different records a page holds. A partner that repeats some within a page counts them once when it skips, and
 * an offset that moves by all of them would pass over others; one that moves too little only reads some again.
 */
export const countDistinct = (records: readonly unknown[]): number =>
  new Set(records.map((record) => JSON.stringify(record))).size;
