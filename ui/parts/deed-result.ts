import { html, type Html } from '../../core/html.ts';
import type { NotedDeed } from '../../store/ui-audit.ts';
import { badge } from './badge.ts';

/** What came of something that somebody has done. */
export const deedResult = ({ result: found }: NotedDeed): Html =>
  found === null
    ? html`${badge('unknown', 'warning')} It was begun, and this process ended before it knew what came of it.`
    : html`${badge(found.failed ? 'failed' : 'done', found.failed ? 'bad' : 'good')} ${found.says}`;
