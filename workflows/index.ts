export { applyTarget } from './apply-target.ts';
export { backfillStream } from './backfill-stream.ts';
export { exportTarget } from './export-target.ts';
export { governPartner } from './govern-partner.ts';
export { retryStream } from './retry-stream.ts';
export { scheduledSync } from './scheduled-sync.ts';
export { syncPartner } from './sync-partner.ts';
export { syncStream } from './sync-stream.ts';
