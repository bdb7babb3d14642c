import { GiveUp, NeedsAttention, RetryLater } from '../../core/errors.ts';
import { pgError } from './pg-error.ts';
import { whenAvailable } from '../../store/session/unavailable.ts';

/** Runs work on a target; what fails is told in words that hold no value of a record. */
export async function explained<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await whenAvailable(work);
  } catch (error) {
    throw knownError(name, error);
  }
}

function knownError(name: string, error: unknown): unknown {
  if (error instanceof RetryLater && error.cause !== undefined)
    return new RetryLater(`the database of target ${name} is not available`, { cause: error.cause });
  const { code, message, constraint, table } = pgError(error);
  if (code === '57014')
    return new RetryLater(`a statement on target ${name} took too long: load fewer rows at once, or give it more time`);
  if (/^40|^55P03/.test(code)) return new RetryLater(`target ${name}: ${message}`);
  if (code === '21000')
    return new GiveUp(`changes for target ${name} hold two rows for one row key: nothing was written`);
  if (code === '2BP01')
    return new NeedsAttention(
      `target ${name}: ${message}: drop the view, or whatever somebody made on that table (\\d+ in psql names it), and make it again afterwards`,
    );
  if (/^(28|3D|42501)/.test(code)) return new NeedsAttention(`target ${name}: ${message}`);
  if (code.startsWith('23'))
    return new NeedsAttention(
      `${constraint === undefined ? 'a constraint' : `constraint ${constraint}`} that somebody made on ${table ?? 'a table'} of target ` +
        `${name} refuses a row (SQLSTATE ${code}): drop it`,
    );
  if (code.startsWith('22'))
    return new NeedsAttention(
      `target ${name} refused a value (SQLSTATE ${code}); its words are left out because they quote it`,
    );
  return error;
}
