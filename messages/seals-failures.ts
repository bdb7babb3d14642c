/** A global of the workflow sandbox, there when messages of failures are to be sealed. */
export const SEALS_FAILURES = '__synclineSealsFailures';
