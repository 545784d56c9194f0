// The OpenAPI document of the admin API; the tests hold it against what is served.
import { SCHEMAS, type Schema } from './openapi-schemas.ts';

type Operation = Readonly<Record<string, unknown>>;

const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

const json = (description: string, schema: string): Schema => ({
  description,
  content: { 'application/json': { schema: ref(schema) } },
});
const problem = (description: string, schema = 'Problem'): Schema => ({
  description,
  content: { 'application/problem+json': { schema: ref(schema) } },
});

const UNAUTHORIZED = problem('No token, or a wrong one.');
const FORBIDDEN = problem('The request comes from another web site, or names an unknown host.');

interface OperationTerms {
  id: string;
  summary: string;
  description?: string;
  parameters?: readonly Schema[];
  body?: string;
  bodyRequired?: boolean;
  answers: Readonly<Record<string, Schema>>;
  /** Answered without a token. */
  open?: boolean;
}

function operation(terms: OperationTerms): Operation {
  const { id, summary, description, parameters, body, bodyRequired = false, answers, open = false } = terms;
  const content = { 'application/json': { schema: ref(body ?? '') } };
  return {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: bodyRequired, content } }),
    responses: open ? answers : { ...answers, '401': UNAUTHORIZED, '403': FORBIDDEN },
    ...(open ? { security: [] } : {}),
  };
}

function query(name: string, description: string, schema: Schema = { type: 'string' }, required = false): Schema {
  return { name, in: 'query', description, required, schema };
}

const PATHS: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  '/livez': {
    get: operation({
      id: 'livez',
      summary: 'Whether the process answers at all',
      answers: { '200': json('It does.', 'Live') },
      open: true,
    }),
  },
  '/readyz': {
    get: operation({
      id: 'readyz',
      summary: 'Whether lb can serve requests',
      answers: { '200': json('It can.', 'Ready'), '503': json('It cannot, with the reasons.', 'Ready') },
      open: true,
    }),
  },
  '/metrics': {
    get: operation({
      id: 'metrics',
      summary: 'Metrics for Prometheus',
      answers: {
        '200': {
          description: 'Text exposition format 0.0.4.',
          content: { 'text/plain': { schema: { type: 'string' } } },
        },
      },
    }),
  },
  '/status': {
    get: operation({
      id: 'status',
      summary: 'Listeners, threads, sites, origins and cache',
      answers: { '200': json('How this lb is.', 'Status') },
    }),
  },
  '/stats': {
    get: operation({
      id: 'stats',
      summary: 'Everything counted',
      description: 'Two answers and their times give rates.',
      answers: { '200': json('All counters and gauges of one moment.', 'Stats') },
    }),
  },
  '/logs': {
    get: operation({
      id: 'logs',
      summary: 'Lines of the access log as they come',
      description:
        'Goes on until the reader ends it. Works with the access log turned off too; fields that `log.redact` names are missing. A reader that is too slow loses lines and is told how many.',
      parameters: [
        query('filter', 'Which lines are wanted, such as `status >= 500 && cache == "MISS"`.'),
        query('sample', 'Share of all requests.', { type: 'number', exclusiveMinimum: 0, maximum: 1, default: 1 }),
      ],
      answers: {
        '200': {
          description: 'One line after the other. As server-sent events where `Accept` asks for them.',
          content: {
            'application/jsonl': { schema: ref('LogLine') },
            'text/event-stream': { schema: { type: 'string' } },
          },
        },
        '400': problem('The filter or the sample is wrong; the column is told.'),
        '503': problem('Too many read the log already.'),
      },
    }),
  },
  '/reload': {
    post: operation({
      id: 'reload',
      summary: 'Reads the configuration anew and puts it in force',
      description:
        'All threads change over at once, without losing a connection. A wrong configuration changes nothing.',
      answers: {
        '200': json('It is in force.', 'Reloaded'),
        '422': problem('It is wrong; the one before stays in force.', 'ReloadProblem'),
      },
    }),
  },
  '/upgrade': {
    post: operation({
      id: 'upgrade',
      summary: 'Starts another lb in place of this one',
      description: 'It takes the listening addresses over; this one then drains.',
      answers: {
        '200': json('The other one serves.', 'Upgraded'),
        '409': problem('It does not, and this one goes on.'),
      },
    }),
  },
  '/explain': {
    get: operation({
      id: 'explain',
      summary: 'What lb would do with a request, and why',
      parameters: [
        query('url', 'A URL, or a path on the address where lb listens.', { type: 'string' }, true),
        query('method', 'Its method.', { type: 'string', default: 'GET' }),
        query('header', 'A field as `Name: value`; may be repeated.', { type: 'array', items: { type: 'string' } }),
        query('body', 'Its body, where a rule caches by it.'),
      ],
      answers: {
        '200': json('The decision and what it rests on.', 'Explanation'),
        '400': problem('A parameter is wrong.'),
        '404': problem('No site answers for the host.'),
      },
    }),
  },
  '/cache': {
    get: operation({
      id: 'cache',
      summary: 'Statistics of the cache',
      answers: { '200': json('Memory, objects, evictions.', 'Cache') },
    }),
  },
  '/cache/{target}': {
    delete: operation({
      id: 'purge',
      summary: 'Purges one target, or all that match a pattern',
      description:
        'The target is everything behind `/cache`, slashes and query included, as clients request it. In force on every thread before it is answered.',
      parameters: [
        {
          name: 'target',
          in: 'path',
          required: true,
          description: 'Path, with `*` for any number of characters.',
          schema: { type: 'string' },
        },
        query('host', 'Only of this host. Further parameters belong to the target.'),
        {
          name: 'X-LB-Soft',
          in: 'header',
          description: '1 marks stale instead of removing; `soft` of the body goes first.',
          schema: { type: 'string', enum: ['0', '1', 'true', 'false'] },
        },
      ],
      body: 'PurgeBody',
      answers: {
        '200': json('It is in force.', 'Purge'),
        '400': problem('Target or body are wrong.'),
        '404': problem('No site answers for the host, or has the name.'),
        '413': problem('The body is too large.'),
      },
    }),
  },
  '/purge': {
    post: operation({
      id: 'purges',
      summary: 'Purges a list: URLs, prefixes, patterns, tags, hosts, sites',
      description: 'All of it takes effect together, or nothing where anything in it is wrong.',
      body: 'PurgeList',
      bodyRequired: true,
      answers: {
        '200': json('All are in force.', 'Purged'),
        '400': problem('The list is wrong; the item is named.'),
        '404': problem('No site answers for a host, or has a name.'),
        '413': problem('The list is too large.'),
      },
    }),
  },
  '/openapi.json': {
    get: operation({
      id: 'openapi',
      summary: 'This document',
      answers: {
        '200': { description: 'OpenAPI 3.1.', content: { 'application/json': { schema: { type: 'object' } } } },
      },
    }),
  },
};

/** The document, as `GET /openapi.json` answers. */
export function openApiDocument(): Record<string, unknown> {
  return {
    openapi: '3.1.0',
    info: {
      title: 'lb admin API',
      version: '1',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description: 'Health, metrics, logs, purges and reload of a running lb.',
    },
    // relative to the document's own address, wherever the listener is
    servers: [{ url: '/' }],
    security: [{ token: [] }, {}],
    paths: PATHS,
    components: {
      schemas: SCHEMAS,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'Where `admin_token` is set.' },
      },
    },
  };
}
