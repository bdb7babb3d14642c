import { html, type Html } from '../../core/html.ts';
import { ageText } from '../../core/freshness.ts';
import { formatDuration, MINUTE } from '../../core/duration.ts';

/** `2026-11-24 03:10 UTC`. */
export const minute = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`;

/** `2026-11-24 03:10:07`, of UTC. */
export const second = (iso: string): Html => html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')}</time>`;

/** A time and how long ago it was; a dash where there is none. */
export function when(iso: string | null | undefined, at: string): Html {
  if (iso === null || iso === undefined) return html`<span class="quiet">–</span>`;
  const ms = Date.parse(at) - Date.parse(iso);
  const ago = Math.abs(ms) < MINUTE ? 'just now' : ms >= 0 ? `${ageText(ms)} ago` : `in ${ageText(-ms)}`;
  return html`<time datetime="${iso}">${minute(iso)}</time> <span class="quiet">${ago}</span>`;
}

/** `3.2s`; a dash while it goes on. */
export const took = (from: string, to: string | null): string =>
  to === null ? '–' : formatDuration(Math.max(0, Date.parse(to) - Date.parse(from)));
