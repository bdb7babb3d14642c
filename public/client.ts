/** What programs of your own import from `syncline/client`: to start a sync and to learn how it ended. */
export { connectClient, type TemporalAt } from '../client/temporal-client.ts';
export { reportOfSync, startSync, type StartedSync, type StartSync } from '../client/start-sync.ts';
