/** Places that `apply` comes to, where tests end the process. */
export const applyPoints = ['staged', 'deleted', 'inserted', 'moved', 'committed'] as const;
export type ApplyPoint = (typeof applyPoints)[number];

/** Told of each of them. */
export type Reached = (point: ApplyPoint) => void | Promise<void>;
