/** What programs of your own import from `syncline/client`: to start a sync and to learn how it ended, and to push records to a server. */
export { connectClient, type TemporalAt } from '../client/temporal-client.ts';
export { reportOfSync, startSync, type StartedSync, type StartSync } from '../client/start-sync.ts';
export type { PushedBatch, SentBatch, SentItem } from '../sending/batch.ts';
export { contentKey } from '../sending/content-key.ts';
export { PushFailed } from '../sending/push-failed.ts';
export type { Misfit, PushOptions, PushReport, PushRetry } from '../sending/push-options.ts';
export { push } from '../sending/push.ts';
