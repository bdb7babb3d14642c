import { writeFile } from 'node:fs/promises';
import { format } from 'prettier';
import { problemsDocument } from '../ingest/problem-words.ts';

/** `write-problems`: writes docs/ingest-problems.md from the table of problems. */
await writeFile('docs/ingest-problems.md', await format(problemsDocument(), { parser: 'markdown', printWidth: 120 }));
