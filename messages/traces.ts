/** A global of the workflow sandbox, there when workflows are to be traced. */
export const TRACES = '__synclineTraces';
