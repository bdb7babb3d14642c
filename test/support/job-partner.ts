import type { IncomingMessage } from 'node:http';
import type { OwnAnswer } from './serve-answers.ts';

export interface JobPartner {
  readonly answer: (url: URL, request: IncomingMessage) => Promise<OwnAnswer>;
  /** Jobs that were ordered, by their ids; the same key again is the same job. */
  readonly jobs: ReadonlyMap<string, OrderedJob>;
  /** Requests by what they are: `create`, `poll`, `file`, `page`, `cancel`, `find`. */
  readonly counts: Readonly<Record<string, number>>;
  /** The addresses of files that were given out so far are refused from now on. */
  readonly expireFiles: () => void;
  /** The partner knows none of its jobs any more. */
  readonly forget: () => void;
}

export interface OrderedJob {
  readonly key: string;
  readonly body: unknown;
  polls: number;
  cancelled: boolean;
}

export interface JobPartnerOptions {
  readonly files?: number;
  readonly perFile?: number;
  /** Polls that find the job at work. */
  readonly polls?: number;
  /** Whether the same Idempotency-Key orders one job. */
  readonly knowsKeys?: boolean;
  /** State instead of `done` of the first jobs. */
  readonly ends?: readonly string[];
  /** Records that it says the result has. */
  readonly total?: number;
  /** Where files are; the partner itself if absent. */
  readonly filesAt?: () => string;
}

/** When each record was changed. */
const AT = '2026-11-22T12:00:00Z';

/** A partner with export jobs: ordered, asked, read as files or as pages. */
export function jobPartner({
  files = 3,
  perFile = 4,
  polls = 1,
  knowsKeys = true,
  ends = [],
  total,
  filesAt = () => '',
}: JobPartnerOptions = {}): JobPartner {
  const jobs = new Map<string, OrderedJob>();
  const forgotten = new Set<string>();
  const counts: Record<string, number> = {};
  let signature = 1;
  const count = (name: string): void => void (counts[name] = (counts[name] ?? 0) + 1);
  const records = (file: number): unknown[] =>
    Array.from({ length: perFile }, (_, i) => ({ id: `o${file}-${i}`, v: 1, text: `file ${file}`, at: AT }));
  const gone: OwnAnswer = { status: 404, body: { error: 'no such job' } };

  return {
    jobs,
    counts,
    expireFiles: () => void signature++,
    forget: () => {
      for (const id of jobs.keys()) forgotten.add(id);
    },
    answer: async (url, request) => {
      const [, what, id = '', part, number] = url.pathname.split('/');
      if (what === 'files') {
        count('file');
        return url.searchParams.get('signature') === String(signature)
          ? { body: { data: records(Number(part)) } }
          : { status: 403, body: { error: 'the signature has expired' } };
      }
      if (request.method === 'POST') {
        count('create');
        const key = String(request.headers['idempotency-key'] ?? '');
        const body = JSON.parse(await textOf(request)) as unknown;
        const known = [...jobs].find(([, job]) => knowsKeys && job.key === key)?.[0];
        const made = known ?? `job-${jobs.size + 1}`;
        if (known === undefined) jobs.set(made, { key, body, polls: 0, cancelled: false });
        return { status: 201, body: { job: { id: made } } };
      }
      if (id === '') {
        count('find');
        const found = [...jobs].filter(
          ([, { body }]) => (body as { name?: string }).name === url.searchParams.get('name'),
        );
        return { body: { jobs: found.map(([name]) => ({ id: name })) } };
      }
      const job = jobs.get(id);
      if (job === undefined || forgotten.has(id)) return gone;
      if (request.method === 'DELETE') {
        count('cancel');
        job.cancelled = true;
        return { status: 204, text: '' };
      }
      if (part === 'pages') {
        count('page');
        const page = Number(number ?? 0);
        return { body: { data: records(page), next: page + 1 < files ? String(page + 1) : null } };
      }
      count('poll');
      if (++job.polls <= polls) return { body: { state: 'running', done: job.polls / (polls + 1) } };
      const state = ends[[...jobs.keys()].indexOf(id)] ?? 'done';
      const urls = Array.from({ length: files }, (_, i) => ({
        url: `${filesAt()}/files/${id}/${i}?signature=${signature}`,
      }));
      return { body: { state, why: 'as it is', files: urls, total: total ?? files * perFile } };
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
