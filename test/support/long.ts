/** The long forms of tests, with SYNCLINE_TEST_LONG=1: too slow for every commit, to be run before a release. */
export const long = process.env['SYNCLINE_TEST_LONG'] === '1';

/** All of them in the long form, otherwise the first ones. */
export const firstOf = <T>(cases: readonly T[], count: number): readonly T[] => (long ? cases : cases.slice(0, count));
