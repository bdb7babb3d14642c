export type { ActivityDeps } from './activity-deps.ts';
export { createControlActivities, type ControlActivities } from './control-activities.ts';
export { createPartnerActivities, type PartnerActivities } from './partner-activities.ts';
export { createTargetActivities, type TargetActivities } from './target-activities.ts';
