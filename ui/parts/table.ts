import { html, type Html, type Part } from '../../core/html.ts';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Part;
  /** Figures stand at the right, so that they can be compared. */
  readonly isNumber?: boolean;
}

/**
 * Rows below their titles. The first column names the row. Wide ones scroll by themselves, also by keyboard: the page around them does not.
 */
export function table<Row>(of: {
  /** What it lists; the name that screen readers say. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** Instead of no rows. */
  readonly none: string;
  readonly rowClass?: (row: Row) => string;
}): Html {
  const { caption, columns, rows, none, rowClass } = of;
  if (rows.length === 0) return html`<p class="quiet">${none}</p>`;
  const [first, ...others] = columns as readonly [Column<Row>, ...Column<Row>[]];
  return html`<div class="wide" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <caption class="unseen">
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map(({ title, isNumber }) => html`<th scope="col" class="${isNumber === true ? 'number' : ''}">${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr class="${rowClass?.(row) ?? ''}">
              <th scope="row">${first.cell(row)}</th>
              ${others.map(
                ({ title, cell, isNumber }) =>
                  html`<td class="${isNumber === true ? 'number' : ''}" data-title="${title}">${cell(row)}</td>`,
              )}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Names and what they stand for. */
export const facts = (of: readonly (readonly [string, Part])[]): Html =>
  html`<dl class="facts">
    ${of.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;

/** A word as the title of a column. */
export const titleOf = (word: string): string => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
