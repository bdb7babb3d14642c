import { cp } from 'node:fs/promises';

/** tsc copies only what it compiles: these are found by the compiled code beside itself. */
for (const folder of ['warehouse/migrations', 'partners', 'templates'])
  await cp(folder, `dist/${folder}`, { recursive: true });
