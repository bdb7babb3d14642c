/** The words of `duplicates.yaml` for types, forms and levels; docs/duplicates.md says what each one means. */

export const fieldKinds = ['name', 'text', 'email', 'phone', 'date', 'amount', 'id', 'address'] as const;
export type FieldKind = (typeof fieldKinds)[number];

/** A field as rows are compared by it: equality of a form of its value. */
export interface MatchForm {
  readonly field: string;
  /** undefined: the whole value, after normalisation. */
  readonly form?: FormName | undefined;
  /** Of prefix and suffix: how many characters. */
  readonly length?: number | undefined;
}

export const formNames = ['phonetic', 'sorted', 'words', 'trigram', 'prefix', 'suffix', 'year', 'month'] as const;
export type FormName = (typeof formNames)[number];

const written = /^([a-z][a-z0-9_]*)(?:~([a-z]+)(\d*))?$/;

/** `name`, `name~phonetic`, `name~prefix3`; undefined: it is none of them. */
export function readForm(text: string): MatchForm | undefined {
  const [, field, form, digits = ''] = written.exec(text) ?? [];
  if (field === undefined) return undefined;
  if (form === undefined) return { field };
  if (!isFormName(form)) return undefined;
  const sized = form === 'prefix' || form === 'suffix';
  const length = Number(digits);
  if (sized ? !(length >= 1 && length <= 20) : digits !== '') return undefined;
  return sized ? { field, form, length } : { field, form };
}

const isFormName = (text: string): text is FormName => (formNames as readonly string[]).includes(text);

/** Forms of words need words, forms of days need days. */
export function formFits(form: FormName, kind: FieldKind): boolean {
  if (form === 'year' || form === 'month') return kind === 'date';
  if (form === 'prefix' || form === 'suffix') return kind !== 'amount';
  return kind === 'name' || kind === 'text' || kind === 'address';
}

/** A form of which a row has several: it is in several blocks. */
export const hasMany = ({ form }: MatchForm): boolean => form === 'words' || form === 'trigram';
