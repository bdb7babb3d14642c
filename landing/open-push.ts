import type { Pool } from 'pg';
import type { CompiledStream } from '../definitions/compiled.ts';
import { transaction } from '../store/session/transaction.ts';
import { addColumns } from './add-columns.ts';
import { lookAgain } from './look-again.ts';
import { registerStream } from './open-stream.ts';

/** Makes what records of a stream are written to: its row, its log, its tables, by its present definition. As the begin of a run does it, without a run. */
export async function openPush(pool: Pool, stream: CompiledStream): Promise<void> {
  await addColumns(pool, stream);
  const { isOther } = await transaction(pool, async (client) => {
    const { deletesIn } = stream;
    if (deletesIn !== undefined) await registerStream(client, deletesIn);
    return registerStream(client, stream);
  });
  if (isOther || (stream.relations?.needs.length ?? 0) > 0) await lookAgain(pool, stream);
}
