/** What tests of your definitions import from `syncline/testing`: a partner to pull from, and all that pulls. */
export { startSimulator, type Simulator } from '../simulator/start.ts';
export type { SimulatorOptions } from '../simulator/options.ts';
export { startSyncline, type RunningSyncline, type StartSyncline, type SyncChoice } from './start-syncline.ts';
export { startReplay, type Replay, type Arrival } from '../recordings/replay.ts';
export { readRecordings } from '../recordings/files.ts';
export type { Recording } from '../recordings/recording.ts';
