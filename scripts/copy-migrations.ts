import { cp } from 'node:fs/promises';

/** tsc copies no .sql: the compiled warehouse finds its migrations beside itself. */
await cp('warehouse/migrations', 'dist/warehouse/migrations', { recursive: true });
