import type { SeenAnswer } from './profile.ts';

/** A number of a list header, with the window that may stand beside it. */
export interface Count {
  readonly value: number;
  readonly windowMs?: number;
}

const MAX_ITEMS = 16;
const MAX_TEXT = 1024;

/** The numbers of `100`, `12.5`, `100;w=60`, `10, 10;w=1;name="x"`: finite and not negative. Others are left out and noted. */
export function readCounts(answer: SeenAnswer, header: string | undefined): readonly Count[] {
  const text = header === undefined ? undefined : answer.headers[header]?.trim();
  if (header === undefined || text === undefined || text === '') return [];
  if (/^\d{1,15}$/.test(text)) return [{ value: Number(text) }];
  if (text.length > MAX_TEXT) {
    answer.note(`${header} is too long`);
    return [];
  }
  const counts = text.split(',', MAX_ITEMS).map((item) => countOf(item.trim()));
  // A list with a hole would join numbers that do not belong together.
  if (counts.every((count) => count !== undefined)) return counts;
  answer.note(`${header} is not a number`);
  return [];
}

/** The first number of the header. */
export const readCount = (answer: SeenAnswer, header: string | undefined): number | undefined =>
  readCounts(answer, header)[0]?.value;

function countOf(item: string): Count | undefined {
  const [number = '', ...parameters] = item.split(';').map((part) => part.trim());
  // Over-drawn: nothing is left. What -1 means for a limit ("none") is left to the caller, who drops a limit of 0.
  if (/^-\d{1,15}(\.\d+)?$/.test(number)) return { value: 0 };
  if (!/^\d{1,15}(\.\d{1,15})?$/.test(number)) return undefined;
  const seconds = parameters.map((parameter) => /^(?:w|window)=(\d{1,9})$/.exec(parameter)?.[1]).find(Boolean);
  const windowMs = Number(seconds ?? 0) * 1000;
  return { value: Number(number), ...(windowMs > 0 ? { windowMs } : {}) };
}
