/**
 * Epoch ms of an HTTP-date in its three forms (RFC 9110 §5.6.7), of an ISO time with a zone (with or without seconds:
 * Atlassian sends `2026-03-26T16:00Z`), or of what JavaScript prints for a date (lemlist); undefined otherwise.
 * `Date.parse` is of no use here: it reads asctime in the local zone, and `120` as a year.
 */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  const value = text.trim();
  if (isoTime.test(value)) return orUndefined(Date.parse(value.toUpperCase()));
  for (const form of [imfFixdate, rfc850, asctime, printed]) {
    const parts = form.exec(value)?.groups;
    if (parts !== undefined) return fromParts(parts, nowMs);
  }
  return undefined;
}

const time = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)';
const zone = '(?:GMT|UTC|(?<offset>[+-]\\d{4}))';
const imfFixdate = new RegExp(`^[a-z]{3}, (?<day>\\d\\d) (?<month>[a-z]{3}) (?<year>\\d{4}) ${time} ${zone}$`, 'i');
const rfc850 = new RegExp(`^[a-z]{6,9}, (?<day>\\d\\d)-(?<month>[a-z]{3})-(?<year>\\d\\d) ${time} ${zone}$`, 'i');
const asctime = new RegExp(`^[a-z]{3} (?<month>[a-z]{3}) +(?<day>\\d{1,2}) ${time} (?<year>\\d{4})$`, 'i');
const printed = new RegExp(
  `^[a-z]{3} (?<month>[a-z]{3}) (?<day>\\d\\d) (?<year>\\d{4}) ${time} GMT(?<offset>[+-]\\d{4})(?: \\([^)]{0,60}\\))?$`,
  'i',
);
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/i;
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

function fromParts(parts: Readonly<Record<string, string | undefined>>, nowMs: number): number | undefined {
  const month = months.indexOf((parts.month ?? '').toLowerCase());
  const [day, hour, minute, second] = [parts.day, parts.hour, parts.minute, parts.second].map(Number);
  const year = parts.year?.length === 2 ? nearestYear(Number(parts.year), nowMs) : Number(parts.year);
  if (day === undefined || hour === undefined || minute === undefined || second === undefined) return undefined;
  if (month < 0 || hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  if (date.getUTCDate() !== day) return undefined;
  return orUndefined(date.setUTCHours(hour, minute, second) - offsetMs(parts.offset));
}

/** `+0130`: that much ahead of UTC. */
function offsetMs(offset = '+0000'): number {
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3));
  return (offset.startsWith('-') ? -minutes : minutes) * 60_000;
}

/** RFC 9110 §5.6.7: two digits that seem more than 50 years ahead mean the past. */
function nearestYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + 50 ? year - 100 : year;
}

const orUndefined = (ms: number): number | undefined => (Number.isNaN(ms) ? undefined : ms);
