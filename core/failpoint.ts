/** Named places where tests end the process, to see that nothing is lost there. In production it does nothing. */
export const failpoints = [
  'permit.before',
  'token.after',
  'fetch.after',
  'fetched.before',
  'fetched.after',
  'commit.middle',
  'commit.released',
  'commit.after',
  'heartbeat.after',
  'apply.before',
  'apply.middle',
  'apply.after',
  'undo.before',
  'undo.after',
  'rebuild.read',
  'push.claimed',
  'push.answered',
  'push.before',
  'push.after',
] as const;
export type FailpointName = (typeof failpoints)[number];
export type Failpoint = (name: FailpointName) => void | Promise<void>;

export const noFailpoint: Failpoint = () => {};
