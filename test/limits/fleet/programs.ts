import { fileURLToPath } from 'node:url';

/** Compiled by test/setup.ts (`npm run build`): many processes start quickly from it. */
export const program = (name: string): string =>
  fileURLToPath(new URL(`../../../dist/test/limits/fleet/${name}.js`, import.meta.url));
