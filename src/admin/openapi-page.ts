/** docs/admin-api.md, made from the OpenAPI document. */

import { openApiDocument } from './openapi.ts';
import { SCHEMAS, type Schema } from './openapi-schemas.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description: string;
}

interface Answer {
  readonly description: string;
  readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
}

interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Answer['content'] };
  readonly responses: Readonly<Record<string, Answer>>;
  readonly security?: readonly unknown[];
}

const INTRODUCTION = `# Admin API

The admin listener is on \`127.0.0.1:9900\`; \`--admin\` or \`LB_ADMIN\` moves it. \`GET /openapi.json\` answers with an OpenAPI 3.1
document that describes all of this for programs; this page is made from it. Who may use the API is in
[operations.md](operations.md); the commands that use it are in [commands.md](commands.md).

Answers are JSON with names in snake_case, times in ISO 8601 (UTC), sizes in bytes; errors are \`application/problem+json\`
(RFC 9457), whose \`detail\` says what to do. HEAD answers the head of GET. Every answer says \`Cache-Control: no-store\`.

\`\`\`sh
curl http://127.0.0.1:9900/status
curl -X POST http://127.0.0.1:9900/reload
curl -N -G http://127.0.0.1:9900/logs --data-urlencode 'filter=status >= 500'
curl -N -H 'Accept: text/event-stream' 'http://127.0.0.1:9900/logs?sample=0.01'
\`\`\`
`;

/** The page as Markdown. */
export function adminApiPage(): string {
  const { paths } = openApiDocument() as { paths: Record<string, Record<string, Operation>> };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
  );
  const overview = operations.map(
    ({ name, operation }) => `| [\`${name}\`](#${anchor(name)}) | ${operation.summary} |\n`,
  );
  return [
    INTRODUCTION,
    `| request | |\n|---|---|\n${overview.join('')}`,
    ...operations.map(({ name, operation }) => operationText(name, operation)),
    '## Objects\n',
    ...Object.entries(SCHEMAS).map(([name, schema]) => objectText(name, schema)),
  ].join('\n');
}

function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

function operationText(name: string, operation: Operation): string {
  const { summary, description, parameters, requestBody, responses, security } = operation;
  const notes = [description, security?.length === 0 ? 'Needs no token.' : undefined].filter(
    (note) => note !== undefined,
  );
  const lines = [`## ${name}\n`, `${[`${summary}.`, ...notes].join(' ')}\n`];
  if (parameters !== undefined) {
    const rows = parameters.map(
      (one) => `| \`${one.name}\` | ${one.in}${one.required ? ', required' : ''} | ${one.description} |`,
    );
    lines.push(`| parameter | in | |\n|---|---|---|\n${rows.join('\n')}\n`);
  }
  if (requestBody !== undefined) lines.push(`Body: ${contentText(requestBody.content)}.\n`);
  const answers = Object.entries(responses).map(
    ([status, { description: about, content }]) => `| ${status} | ${contentText(content)} | ${about} |`,
  );
  lines.push(`| status | answer | |\n|---|---|---|\n${answers.join('\n')}\n`);
  return lines.join('\n');
}

function contentText(content: Answer['content']): string {
  return Object.entries(content)
    .map(([type, { schema }]) => (schema.$ref === undefined ? `\`${type}\`` : `${link(schema)} as \`${type}\``))
    .join(' or ');
}

function link({ $ref }: Schema): string {
  const name = String($ref).split('/').at(-1) ?? '';
  return `[${name}](#${name.toLowerCase()})`;
}

function objectText(name: string, schema: Schema): string {
  const about = describe(schema) === '' ? '' : `${describe(schema)}\n\n`;
  return `### ${name}\n\n${about}${membersText(schema)}`;
}

function membersText(schema: Schema): string {
  if (schema.properties === undefined) return `${typeText(schema)}\n`;
  const rows = memberRows(schema, '');
  return `| member | type | |\n|---|---|---|\n${rows.join('\n')}\n`;
}

/** Members of members too: `workers[].busy`. */
function memberRows(schema: Schema, before: string): string[] {
  const required = new Set(schema.required as readonly string[] | undefined);
  return Object.entries(schema.properties as Record<string, Schema>).flatMap(([name, member]) => {
    const optional = schema.required === undefined || required.has(name) ? '' : ', optional';
    const row = `| \`${before}${name}\` | ${typeText(member)}${optional} | ${describe(member)} |`;
    const items = member.items as Schema | undefined;
    if (member.properties !== undefined) return [row, ...memberRows(member, `${before}${name}.`)];
    if (items?.properties !== undefined) return [row, ...memberRows(items, `${before}${name}[].`)];
    return [row];
  });
}

function describe({ description }: Schema): string {
  return typeof description === 'string' ? description : '';
}

function typeText(schema: Schema): string {
  if (schema.$ref !== undefined) return link(schema);
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return (schema.enum as readonly string[]).map((value) => `\`${value}\``).join(', ');
  if (schema.anyOf !== undefined) return (schema.anyOf as readonly Schema[]).map(typeText).join(' or ');
  const types = [schema.type].flat().map(String);
  return types.map((type) => namedType(type, schema)).join(' or ');
}

function namedType(type: string, schema: Schema): string {
  if (type === 'array') return `list of ${typeText(schema.items as Schema)}`;
  if (type === 'object' && typeof schema.additionalProperties === 'object') {
    return `object of ${typeText(schema.additionalProperties as Schema)}`;
  }
  if (type === 'string' && schema.format === 'date-time') return 'time';
  return { string: 'text', integer: 'whole number', boolean: 'true or false' }[type] ?? type;
}
