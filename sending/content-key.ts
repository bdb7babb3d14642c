import { createHash } from 'node:crypto';
import type { PushedBatch } from './batch.ts';

/**
 * An Idempotency-Key that is the same whenever the same records are sent to the same stream in the same batch, in another process, too. Of use only
 * where equal content means the same thing: two equal entries in two batches are one, while the server keeps the key.
 */
export const contentKey = ({ partner, stream, body }: PushedBatch): string =>
  createHash('sha256')
    .update(JSON.stringify([partner, stream]))
    .update(body)
    .digest('hex');
