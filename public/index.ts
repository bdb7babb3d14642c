/** What definitions in TypeScript import from `syncline`. Every name here is kept by semantic versioning (docs/package.md). */
export {
  definePartner,
  type AnsweredPage,
  type AuthAnswer,
  type AuthCache,
  type AuthFunction,
  type AuthTools,
  type OnUnauthorized,
  type OutgoingRequest,
  type PartnerInput,
  type PrepareAuth,
  type ReadSecret,
  type StreamInput,
} from '../definitions/definition.ts';
export type { PageRead, Source, SourceAnswer, UnreadAnswer } from '../core/source.ts';
export type { NextPage, PageRequest, Position, TimeRange } from '../core/page.ts';
export { defineSecrets, type SecretProvider } from '../definitions/secrets.ts';
export { defineAlerts, type AlertsInput } from '../definitions/alerts.ts';
export { defineDuplicates, type DuplicatesInput } from '../definitions/duplicates.ts';
export { defineTargets, type TargetsInput } from '../definitions/targets.ts';
/** The zod that definitions are checked with: schemas made with it are of the version we read. */
export { z } from 'zod';
