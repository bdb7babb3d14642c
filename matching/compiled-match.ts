import { hasMany, readForm, type FieldKind, type MatchForm } from '../core/match-form.ts';
import { readLevel, type LevelName, type MatchLevel } from '../core/match-level.ts';
import { fieldsFrom, levelsOf, type DuplicateSettings } from '../definitions/duplicates.ts';

/** Settings with the names of the columns that the work is done with, in DuckDB. */
export interface CompiledMatch {
  /** All fields that rows are read with: those that are compared, or that a rule or block names. */
  readonly fields: readonly MatchField[];
  /** Those with a part in the score, in the order of `compare`. */
  readonly scored: readonly ScoredField[];
  /** In the order in which a pair is taken: exact rules, those of them that are for review, blocks. */
  readonly passes: readonly Pass[];
}

export interface MatchField {
  readonly name: string;
  readonly kind: FieldKind;
  /** Of a phone. */
  readonly country?: string | undefined;
}

export interface ScoredField extends MatchField {
  /** From most to least alike; `else` is not among them. */
  readonly levels: readonly MatchLevel[];
  /** Values that many rows have count for less, where they are equal. */
  readonly termFrequency: boolean;
  readonly swapsWith?: string | undefined;
  /** The field that names this one under `swapsWith`. */
  readonly swappedBy?: string | undefined;
}

export interface Pass {
  readonly kind: 'exact' | 'review' | 'block';
  /** The exact rule's name, or the block as it is written. */
  readonly name: string;
  /** The column of its keys. */
  readonly column: string;
  readonly forms: readonly MatchForm[];
  /** A row has several keys: the column is a list. */
  readonly many: boolean;
}

export function compileMatch(settings: DuplicateSettings): CompiledMatch {
  const forms = (texts: readonly string[]): readonly MatchForm[] => texts.map((text) => readForm(text) as MatchForm);
  const passes = [
    ...settings.exact.map(({ name, fields, review }) => ({
      kind: review ? ('review' as const) : ('exact' as const),
      name,
      forms: forms(fields),
    })),
    ...settings.block.map((fields) => ({ kind: 'block' as const, name: fields.join(', '), forms: forms(fields) })),
  ];
  const used = new Set([
    ...Object.keys(settings.compare),
    ...passes.flatMap((pass) => pass.forms.map((form) => form.field)),
  ]);
  const fields = fieldsFrom(settings).filter((field) => used.has(field));
  return {
    fields: fields.map((field) => fieldOf(settings, field)),
    scored: Object.keys(settings.compare)
      .filter((field) => settings.compare[field]?.score === true && fields.includes(field))
      .map((field) => scoredField(settings, field)),
    passes: (['exact', 'review', 'block'] as const)
      .flatMap((kind) => passes.filter((pass) => pass.kind === kind))
      .map((pass, at) => ({ ...pass, column: `k${at}`, many: pass.forms.some(hasMany) })),
  };
}

const fieldOf = ({ compare }: DuplicateSettings, name: string): MatchField => ({
  name,
  kind: compare[name]?.as ?? 'text',
  country: compare[name]?.country,
});

function scoredField(settings: DuplicateSettings, name: string): ScoredField {
  const comparison = settings.compare[name] as DuplicateSettings['compare'][string];
  const { as, swapsWith, termFrequency = as !== 'amount' } = comparison;
  const swappedBy = Object.entries(settings.compare).find(([, other]) => other.swapsWith === name)?.[0];
  return {
    ...fieldOf(settings, name),
    levels: levelsOf(comparison).map((text) => readLevel(text, as) as MatchLevel),
    termFrequency,
    swapsWith,
    swappedBy,
  };
}

export const hasLevel = ({ levels }: ScoredField, ...names: readonly LevelName[]): boolean =>
  levels.some(({ name }) => names.includes(name));
