import { mkdir, writeFile } from 'node:fs/promises';
import { format } from 'prettier';
import { editorSchemas } from './editor-schema.ts';

/** `write-schemas`: writes schema/*.json as the definitions of this tree make them. */
await mkdir('schema', { recursive: true });
for (const [name, schema] of Object.entries(editorSchemas()))
  await writeFile(`schema/${name}`, await format(JSON.stringify(schema), { parser: 'json', printWidth: 120 }));
