import { html, type Html } from '../../core/html.ts';
import type { Level, Trouble } from '../facts/trouble.ts';
import type { ShownStream } from '../facts/read-overview.ts';

/** A word in a colour. The word says it all: colours are for those who look over a long list. */
export const badge = (word: string, tone: Tone): Html => html`<span class="badge ${tone}">${word}</span>`;

export type Tone = 'bad' | 'warning' | 'note' | 'good' | 'plain';

const tones: Readonly<Record<string, Tone>> = {
  ok: 'good',
  partial: 'warning',
  suspect: 'bad',
  failed: 'bad',
  deferred: 'note',
  running: 'note',
};

export const outcomeBadge = (outcome: string | null): Html =>
  outcome === null ? badge('running', 'note') : badge(outcome, tones[outcome] ?? 'plain');

const levelWords: Readonly<Record<Level, string>> = { bad: 'wrong', warning: 'look', note: 'note' };
const kindWords: Readonly<Partial<Record<Trouble['kind'], string>>> = {
  late: 'late',
  failed: 'failed',
  suspect: 'suspect',
  partial: 'partial',
  paused: 'paused',
  down: 'down',
};

export const troubleBadge = ({ kind, level }: Trouble): Html => badge(kindWords[kind] ?? levelWords[level], level);

/** How a stream stands, in one word. */
export function standingOf(stream: ShownStream): { readonly word: string; readonly tone: Tone } {
  if (stream.freshness?.late === true) return { word: 'late', tone: 'bad' };
  if (stream.paused) return { word: 'paused', tone: 'note' };
  if (stream.lastOutcome === 'failed' || stream.lastOutcome === 'suspect')
    return { word: stream.lastOutcome, tone: 'bad' };
  if (stream.deferredUntil !== null) return { word: 'waits', tone: 'note' };
  if (stream.running) return { word: 'running', tone: 'note' };
  if (stream.lastOutcome === null)
    return stream.events > 0 ? { word: 'pushed', tone: 'plain' } : { word: 'never run', tone: 'plain' };
  if (stream.worst === 'bad') return { word: 'wrong', tone: 'bad' };
  return { word: stream.lastOutcome, tone: tones[stream.lastOutcome] ?? 'plain' };
}
