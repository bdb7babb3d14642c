import type { CompiledStream } from './compiled.ts';

/** Parts of a name that say where a record stood in a file, and not which one it is. */
const places =
  /(^|_)(row|line|index|position|pos|offset|seq_?no|row_?num(ber)?|line_?no|file|filename|batch|export|upload|page)(_|$)/i;

/**
 * What in a definition lets the same record come to be two rows, in words: a key that says where a record stood in a file or a listing changes when the
 * partner sends the file again.
 */
export function invitesDuplicates(stream: CompiledStream): readonly string[] {
  const { primaryKey, disposition } = stream.definition;
  const found: string[] = [];
  for (const field of primaryKey)
    if (places.test(snake(field)))
      found.push(
        `primaryKey: ${field} looks like a place in a file or a listing; a record that is sent again may have another one and becomes a second row. ` +
          'Take what says which record it is: an id, a number, an e-mail address',
      );
  if (primaryKey.length === 0 && disposition !== 'replace')
    found.push(
      'there is no primaryKey, so a record that is sent again becomes a second row; say what tells records apart',
    );
  return found;
}

const snake = (field: string): string => field.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll(/[.-]/g, '_');
