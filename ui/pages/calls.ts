import { formatDuration } from '../../core/duration.ts';
import { html, type Html } from '../../core/html.ts';
import type { CallRow } from '../../store/calls/read-calls.ts';
import type { RunCalls } from '../facts/read-run.ts';
import { counted } from '../parts/numbers.ts';
import { table } from '../parts/table.ts';
import { when } from '../parts/times.ts';

/** The calls of a run that failed. What was sent and what came is not kept: docs/calls.md. */
export function callsOf({ counts, failed }: RunCalls, { id, at }: { readonly id: string; readonly at: string }): Html {
  const left = counts.failed - failed.length;
  return html`<p>
      ${counted(counts.calls, 'call')} to the partner, ${counted(counts.failed, 'failure')}. All that are kept:
      <code>syncline calls --run ${id}</code>.
    </p>
    ${
      counts.failed > 0 &&
      table<CallRow>({
        caption: 'Calls that failed, the newest first',
        none: '',
        rows: failed,
        columns: [
          { title: 'When', cell: (call) => when(call.at, at) },
          { title: 'Stream', cell: ({ stream }) => stream },
          { title: 'Request', cell: ({ method, host, path }) => html`<code>${method} ${host}${path}</code>` },
          {
            title: 'Answer',
            cell: ({ status, code, error }) => `${status ?? code ?? 'none'}${error === null ? '' : `, ${error}`}`,
          },
          { title: 'Took', isNumber: true, cell: ({ durationMs }) => formatDuration(durationMs) },
          { title: 'Waited for its permit', isNumber: true, cell: ({ waitedMs }) => formatDuration(waitedMs) },
          { title: 'Attempt', isNumber: true, cell: ({ attempt }) => String(attempt) },
          {
            title: "The partner's id",
            cell: ({ requestId }) => (requestId === null ? '' : html`<code>${requestId}</code>`),
          },
        ],
      })
    }
    ${left > 0 && html`<p class="quiet">And ${counted(left, 'failure')} before these.</p>`}`;
}
