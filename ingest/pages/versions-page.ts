import type { ApiVersion } from '../versions/api-version.ts';
import { html, words, type Html } from '../../core/html.ts';
import { layout } from './layout.ts';

/** Which versions there are, until when, and what a sender changes on its way from one to the next. */
export const versionsPage = (versions: readonly ApiVersion[]): string =>
  layout(
    'Versions of the API',
    html`<h1>Versions of the API</h1>
      <p>
        A version is the first part of a path. What breaks a sender only comes with a new version; both are served side
        by side, by the same streams: a request may be sent again through another version with the same Idempotency-Key.
      </p>
      ${versions.map((version, i) => section(version, versions[i + 1]))}`,
  );

const section = ({ name, changes, deprecation }: ApiVersion, next: ApiVersion | undefined): Html =>
  html`<h2 id="${name}">${name}</h2>
    ${
      deprecation === undefined
        ? html`<p>Served, and not deprecated.</p>`
        : html`<p>
            Deprecated since ${dayOf(deprecation.since)};
            ${deprecation.ended === true ? 'it has ended' : `it ends on ${dayOf(deprecation.sunset)}`}.
          </p>`
    }
    ${
      changes.length === 0
        ? undefined
        : html`<p>What differs from the version before:</p>
            ${list(changes)}`
    }
    ${
      deprecation === undefined || next === undefined
        ? undefined
        : html`<p>To go on with <a href="#${next.name}">${next.name}</a>:</p>
            ${list(next.changes)}`
    }`;

const list = (texts: readonly string[]): Html =>
  html`<ul>
    ${texts.map((text) => html`<li>${words(text)}</li>`)}
  </ul>`;

const dayOf = (iso: string): string => iso.slice(0, 10);
