import { cp } from 'node:fs/promises';

/** tsc copies only what it compiles: these are found by the compiled code beside itself. */
for (const path of [
  'store/migrations',
  'store/functions',
  'partners',
  'templates',
  'client/sealed-failures.cjs',
  'workflows/traced.cjs',
])
  await cp(path, `dist/${path}`, { recursive: true });
