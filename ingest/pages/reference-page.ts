import type { Header, MediaType, OpenApi, Operation, Parameter, Ref, Response } from '../openapi/openapi.ts';
import { html, json, words, type Html } from '../../core/html.ts';
import { layout } from './layout.ts';

/** The OpenAPI document for people. */
export const referencePage = (document: OpenApi): string =>
  layout(
    document.info.title,
    html`<h1>${document.info.title}</h1>
      <p>${words(document.info.description)}</p>
      <p>Server: <code>${document.servers.map(({ url }) => url).join(', ')}</code></p>
      ${operationsOf(document).map((one) => operation(document, one))}
      <h2 id="schemas">Schemas</h2>
      ${Object.entries(document.components.schemas).map(
        ([name, schema]) =>
          html`<h3 id="${name}">${name}</h3>
            ${json(schema)}`,
      )}`,
  );

interface At {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

/** HEAD is a GET without a body: once is enough. */
const operationsOf = ({ paths }: OpenApi): readonly At[] =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => method !== 'head')
      .map(([method, operation]) => ({ path, method, operation })),
  );

const operation = (document: OpenApi, { path, method, operation }: At): Html =>
  html`<h2 id="${operation.operationId}">${operation.summary}</h2>
    <p><span class="method">${method.toUpperCase()}</span> <code>${path}</code></p>
    ${operation.deprecated === true ? html`<p><strong>Deprecated.</strong> <a href="/docs/versions">What to change</a></p>` : undefined}
    ${operation.description === undefined ? undefined : html`<p>${words(operation.description)}</p>`}
    ${operation.parameters === undefined ? undefined : parametersOf(operation.parameters)}
    ${
      operation.requestBody === undefined
        ? undefined
        : html`<h3>Body</h3>
            <p>${words(operation.requestBody.description)}</p>
            ${mediaOf(operation.requestBody.content)}`
    }
    ${Object.entries(operation.responses).map(([status, response]) => responseOf(document, status, response))}`;

const parametersOf = (parameters: readonly Parameter[]): Html =>
  html`<h3>Parameters</h3>
    <table>
      ${parameters.map(
        (one) =>
          html`<tr>
            <td><code>${one.name}</code></td>
            <td>${one.in}${one.required === true ? ', required' : ''}</td>
            <td>${words(one.description)}</td>
          </tr>`,
      )}
    </table>`;

const responseOf = (document: OpenApi, status: string, { description, headers = {}, content = {} }: Response): Html =>
  html`<details>
    <summary>${status}</summary>
    ${description.split('\n').map((line) => html`<p>${words(line)}</p>`)}
    <table>
      ${Object.entries(headers).map(([name, header]) => {
        const { description, example } = resolved(document, header);
        return html`<tr>
          <td><code>${name}</code></td>
          <td>${words(description)}${example === undefined ? undefined : html` <code>${example}</code>`}</td>
        </tr>`;
      })}
    </table>
    ${mediaOf(content)}
  </details>`;

const mediaOf = (content: Readonly<Record<string, MediaType>>): Html =>
  html`${Object.entries(content).map(
    ([type, { schema, examples = {} }]) =>
      html`<p><code>${type}</code>${schemaLinks(schema)}</p>
        ${Object.values(examples).map(
          ({ summary, value }) =>
            html`<p>${summary}:</p>
              ${typeof value === 'string' ? html`<pre><code>${value}</code></pre>` : json(value)}`,
        )}`,
  )}`;

/** To each component that a schema names. */
const schemaLinks = (schema: unknown): Html =>
  html`${[
    ...new Set([...JSON.stringify(schema).matchAll(/#\/components\/schemas\/([\w.-]+)/g)].map(([, name = '']) => name)),
  ].map((name) => html` <a href="#${name}">${name}</a>`)}`;

function resolved({ components }: OpenApi, header: Header | Ref): Header {
  if (!('$ref' in header)) return header;
  return components.headers[header.$ref.slice('#/components/headers/'.length)] as Header;
}
