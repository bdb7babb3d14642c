import type { AlertFacts } from '../core/alert-facts.ts';
import type { Found } from './find.ts';
import { compareEnds, comparesLate } from './rules/compared.ts';
import { leftBehind } from './rules/leftovers.ts';
import { brokenDefinitions, limitsReached, longPauses, partnersDown, scheduleTrouble } from './rules/partners.ts';
import { joinsFailed, reconcileEnds, reconcilesLate } from './rules/reconciled.ts';
import { heldDeletes, recordsOff } from './rules/records.ts';
import { lateData, runEnds } from './rules/runs.ts';
import { deadChannels, missingWorkers, targetsBehind, targetsChanged, webhookTrouble } from './rules/surroundings.ts';
import { unusualValues } from './rules/unusual.ts';

const all: readonly ((facts: AlertFacts) => readonly Found[])[] = [
  runEnds,
  lateData,
  heldDeletes,
  recordsOff,
  brokenDefinitions,
  limitsReached,
  partnersDown,
  longPauses,
  scheduleTrouble,
  reconcileEnds,
  reconcilesLate,
  joinsFailed,
  targetsBehind,
  compareEnds,
  comparesLate,
  targetsChanged,
  webhookTrouble,
  leftBehind,
  missingWorkers,
  deadChannels,
  unusualValues,
];

/** Everything that is wrong by these facts. */
export const judge = (facts: AlertFacts): readonly Found[] => all.flatMap((rule) => rule(facts));
