import { SECOND } from '../../core/duration.ts';
import type { ExpectedRows } from '../../store/inspect/expected-rows.ts';
import { exactDuration } from '../took.ts';

/** How far a stream was at a moment. */
export interface Sample {
  readonly atMs: number;
  readonly rows: number;
}

const REMEMBERED_MS = 15 * SECOND;
/** With it a line of a stream of ten letters fits 80 columns. */
const BAR = 12;

/** The samples that a speed is made of: those of the last 15 s, so that a stream that stands still shows it. */
export const remember = (samples: readonly Sample[], newest: Sample): readonly Sample[] => [
  ...samples.filter(({ atMs }) => newest.atMs - atMs <= REMEMBERED_MS),
  newest,
];

/** Rows per second; undefined while there is too little to tell. */
export function speedOf(samples: readonly Sample[]): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.atMs - first.atMs < SECOND) return undefined;
  return ((last.rows - first.rows) * SECOND) / (last.atMs - first.atMs);
}

/** `orders  ██████░░░░░░  50 %  2,500 of 5,000 rows, 310 rows/s, 8s left`. */
export function progressLine(of: {
  readonly stream: string;
  readonly samples: readonly Sample[];
  readonly expected: ExpectedRows | undefined;
  readonly width: number;
}): string {
  const { stream, samples, expected, width } = of;
  const rows = samples.at(-1)?.rows ?? 0;
  const speed = speedOf(samples);
  const pace = speed === undefined ? [] : [`${count(Math.round(speed))} rows/s`];
  const name = stream.padEnd(width);
  if (expected === undefined || rows > expected.rows) return `${name}  ${[`${count(rows)} rows`, ...pace].join(', ')}`;
  // A partner may send more than it said: only the end of the run says that it is the end.
  const share = Math.min(rows / expected.rows, 0.99);
  const filled = Math.floor(share * BAR);
  const far = `${count(rows)} of ${expected.known === 'partner' ? '' : 'about '}${count(expected.rows)} rows`;
  const left =
    speed === undefined || speed <= 0
      ? []
      : [`${exactDuration(Math.max(Math.ceil((expected.rows - rows) / speed), 1) * SECOND)} left`];
  return `${name}  ${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}  ${String(Math.floor(share * 100)).padStart(2)} %  ${[far, ...pace, ...left].join(', ')}`;
}

const count = (value: number): string => value.toLocaleString('en-US');
