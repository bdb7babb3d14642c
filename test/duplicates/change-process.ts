import { openPool } from '../../landing/postgres-warehouse.ts';
import { changePiece } from '../../store/duplicates/changes.ts';

/** A process of its own that makes a change to its end: `change-process URL CHANGE`. */
const [, , url = '', change = ''] = process.argv;
const pool = openPool(url);
process.stdout.write('begins\n');
while (await changePiece(pool, Number(change))) process.stdout.write('piece\n');
await pool.end();
