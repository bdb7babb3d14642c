import type { FieldKind } from './match-form.ts';

/** How alike two values are, from most to least. What fits none of a field's levels is `else`. */
export interface MatchLevel {
  /** As it is written: `similar 0.92`. */
  readonly text: string;
  readonly name: LevelName;
  /** Of the levels that have one: a share, or a count of characters or days. */
  readonly bound: number;
}

interface Rule {
  readonly kinds: readonly FieldKind[];
  /** What its number is; undefined: it has none. */
  readonly bound?: 'share' | 'count';
}

const worded = ['name', 'text', 'address'] as const;

export const levelRules = {
  exact: { kinds: ['name', 'text', 'email', 'phone', 'date', 'amount', 'id', 'address'] },
  words: { kinds: worded },
  nickname: { kinds: ['name'] },
  initial: { kinds: ['name'] },
  swapped: { kinds: ['name', 'date'] },
  similar: { kinds: [...worded, 'email', 'id'], bound: 'share' },
  overlap: { kinds: worded, bound: 'share' },
  edits: { kinds: [...worded, 'email', 'phone', 'date', 'id'], bound: 'count' },
  sounds: { kinds: worded },
  local: { kinds: ['email'] },
  end: { kinds: ['phone', 'id'], bound: 'count' },
  days: { kinds: ['date'], bound: 'count' },
  near: { kinds: ['amount'], bound: 'share' },
} as const satisfies Readonly<Record<string, Rule>>;
export type LevelName = keyof typeof levelRules;

/** Of the fields that say nothing else. `swapped` of a name only counts where the field says what it swaps with. */
export const defaultLevels: Readonly<Record<FieldKind, readonly string[]>> = {
  name: ['exact', 'swapped', 'words', 'nickname', 'similar 0.92', 'initial', 'similar 0.88', 'similar 0.7'],
  text: ['exact', 'words', 'similar 0.92', 'similar 0.8'],
  email: ['exact', 'local', 'similar 0.92', 'similar 0.88'],
  phone: ['exact', 'end 8', 'edits 1', 'edits 2'],
  date: ['exact', 'swapped', 'edits 1', 'edits 2', 'days 366'],
  amount: ['exact', 'near 0.01', 'near 0.1'],
  id: ['exact', 'edits 1', 'edits 2'],
  address: ['exact', 'words', 'similar 0.92', 'overlap 0.6', 'similar 0.8'],
};

/** `similar 0.92` for a name; a text: why it is no level of that kind. */
export function readLevel(text: string, kind: FieldKind): MatchLevel | string {
  const [, name = '', digits] = /^([a-z]+)(?: (\d+(?:\.\d+)?))?$/.exec(text) ?? [];
  if (!isLevelName(name)) return `there is no level "${text}"; the levels of ${kind} are ${levelsOf(kind)}`;
  const rule: Rule = levelRules[name];
  if (!rule.kinds.includes(kind))
    return `"${name}" does not compare values as ${kind}; the levels of ${kind} are ${levelsOf(kind)}`;
  const bound = Number(digits ?? 0);
  if (rule.bound === undefined ? digits !== undefined : !fits(bound, rule.bound) || digits === undefined)
    return `"${text}": expected ${example(name)}`;
  return { text, name, bound };
}

const isLevelName = (text: string): text is LevelName => Object.hasOwn(levelRules, text);
const fits = (bound: number, what: 'share' | 'count'): boolean =>
  what === 'share' ? bound > 0 && bound < 1 : Number.isInteger(bound) && bound >= 1 && bound <= 36_600;

const example = (name: LevelName): string => {
  const { bound }: Rule = levelRules[name];
  if (bound === undefined) return `"${name}" without a number`;
  return bound === 'share' ? `a share between 0 and 1, such as "${name} 0.9"` : `a whole number, such as "${name} 2"`;
};

const levelsOf = (kind: FieldKind): string =>
  Object.entries(levelRules)
    .filter(([, { kinds }]) => (kinds as readonly FieldKind[]).includes(kind))
    .map(([name]) => name)
    .join(', ');
