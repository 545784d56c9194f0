/** The JSON Schema of lb.json for editors, made from the settings table. Draft 7, which every editor knows. */

import type { Setting } from './setting.ts';
import { defaultText } from './settings-page.ts';
import { type Shape, SITE_SHAPE, TOP_SHAPE } from './shape.ts';
import type { Json } from './values.ts';

type Schema = Record<string, Json>;

/** `${env:NAME}` may stand in place of any value. */
const REFERENCE: Schema = { type: 'string', pattern: '\\$\\{env:\\w+\\}' };

/** The whole schema. */
export function jsonSchema(): Schema {
  const top = objectSchema(TOP_SHAPE);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'lb.json',
    description: 'Settings of lb, a caching reverse proxy.',
    ...top,
    properties: {
      $schema: { type: 'string' },
      ...(top.properties as Schema),
      sites: {
        description: 'Several sites by host name: example.com, *.example.com, or * for every other host.',
        type: 'object',
        minProperties: 1,
        additionalProperties: { $ref: '#/definitions/site' },
      },
    },
    definitions: { site: { description: 'Settings of one site.', ...objectSchema(SITE_SHAPE) } },
  };
}

function objectSchema(shape: Shape): Schema {
  const properties: Schema = {};
  for (const [key, child] of shape.keys) {
    properties[key] = child.setting ? settingSchema(child.setting, child.items) : objectSchema(child);
  }
  return {
    type: 'object',
    properties,
    additionalProperties: shape.named ? objectSchema(shape.named) : false,
    ...(shape.keys.has('requests_per_second') ? { required: ['requests_per_second'] } : {}),
  };
}

function settingSchema(setting: Setting, items: Shape | undefined): Schema {
  const text = defaultText(setting).replaceAll('`', '');
  const description = setting.prose.replaceAll('`', '') + (text ? ` Default: ${text}.` : '');
  const value = valueSchema(setting, items);
  return setting.default === undefined
    ? { description, ...value }
    : { description, default: setting.default, ...value };
}

function valueSchema(setting: Setting, items: Shape | undefined): Schema {
  const { min, max } = setting;
  switch (setting.type) {
    case 'boolean':
      return { anyOf: [{ type: 'boolean' }, { enum: ['on', 'off'] }, REFERENCE] };
    case 'enum':
      return { anyOf: [{ enum: setting.values ?? [] }, REFERENCE] };
    case 'integer':
    case 'number':
      return { anyOf: [{ type: setting.type, ...limits(min, max) }, REFERENCE] };
    case 'duration':
    case 'size':
      return { type: ['string', 'number'], minimum: 0 };
    case 'address':
      return { type: ['string', 'integer'] };
    case 'string':
      return { type: 'string', minLength: 1 };
    default:
      return { anyOf: [{ type: 'string' }, { type: 'array', items: itemSchema(items, setting.values) }] };
  }
}

function itemSchema(items: Shape | undefined, values: readonly string[] | undefined): Schema {
  if (values !== undefined) return { enum: values };
  if (!items) return { type: 'string' };
  return { anyOf: [{ type: 'string' }, { ...objectSchema(items), required: ['host'] }] };
}

function limits(min: number | undefined, max: number | undefined): Schema {
  return { ...(min === undefined ? {} : { minimum: min }), ...(max === undefined ? {} : { maximum: max }) };
}
