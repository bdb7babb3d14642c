/** The long forms of tests, with SYNCLINE_TEST_LONG=1: too slow for every commit. */
export const long = process.env['SYNCLINE_TEST_LONG'] === '1';
