/** The JSON Schema of lb.json for editors, made from the settings table. Draft 7, which every editor knows. */

import type { Setting } from './setting.ts';
import { defaultText } from './settings-page.ts';
import { type Shape, SITE_SHAPE, switchOf, TOP_SHAPE } from './shape.ts';
import { isOfObjects, type Json, takesNumbers } from './values.ts';

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
    definitions: {
      condition: objectSchema(CONDITION),
      site: { description: 'Settings of one site.', ...objectSchema(SITE_SHAPE) },
    },
  };
}

/** An object, or where it may be switched on and off as a whole, true or false in its place. */
function partSchema(shape: Shape): Schema {
  const onOff = switchOf(shape);
  return onOff ? { anyOf: [settingSchema(onOff, undefined), objectSchema(shape)] } : objectSchema(shape);
}

function objectSchema(shape: Shape): Schema {
  const properties: Schema = {};
  for (const [key, child] of shape.keys) {
    properties[key] = child.setting ? settingSchema(child.setting, child.items) : partSchema(child);
  }
  return {
    type: 'object',
    properties,
    additionalProperties: shape.named ? objectSchema(shape.named) : false,
    ...requiredKeys(shape),
  };
}

/** Keys without which an object says nothing. */
function requiredKeys(shape: Shape): Schema {
  const required = ['to'].filter((key) => shape.keys.has(key));
  return required.length > 0 ? { required } : {};
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
      return { anyOf: [{ enum: enumValues(setting.values ?? []) }, REFERENCE] };
    case 'integer':
    case 'number':
      return { anyOf: [{ type: setting.type, ...limits(min, max) }, REFERENCE] };
    case 'duration':
    case 'size':
      return setting.mayBeOff
        ? { anyOf: [{ type: ['string', 'number'], minimum: 0 }, { const: false }] }
        : { type: ['string', 'number'], minimum: 0 };
    case 'address':
      return { type: ['string', 'integer'] };
    case 'text':
      return { type: 'string' };
    case 'cookie':
    case 'file':
    case 'folder':
    case 'hash-key':
    case 'host-name':
    case 'path':
    case 'string':
    case 'template':
    case 'url':
      return { type: 'string', minLength: 1 };
    case 'conditions':
      return { anyOf: [CONDITION_REF, { type: 'array', minItems: 1, items: CONDITION_REF }] };
    case 'fields':
      return FIELDS;
    case 'matches':
      return NAMED_TEXTS;
    default:
      return listSchema(setting, items);
  }
}

/** Conditions stand in conditions. */
const CONDITION_REF: Schema = { $ref: '#/definitions/condition' };
const CONDITION = ['addons', 'waf', 'custom_rules', 'when'].reduce<Shape>((shape, key) => {
  const child = shape.keys.get(key) as Shape;
  return child.items ?? child;
}, TOP_SHAPE);

const NAMED_TEXTS: Schema = {
  type: 'object',
  additionalProperties: {
    anyOf: [{ type: ['string', 'number'] }, { type: 'array', items: { type: ['string', 'number'] } }],
  },
};

/** Header fields by name, or as lines `name: value`. */
const FIELDS: Schema = {
  anyOf: [NAMED_TEXTS, { type: 'array', items: { type: 'string' } }],
};

/** Values that are numbers may be written as such. */
function enumValues(values: readonly string[]): Json[] {
  return values.flatMap((value): Json[] => (/^\d+(?:\.\d+)?$/.test(value) ? [value, Number(value)] : [value]));
}

function listSchema(setting: Setting, items: Shape | undefined): Schema {
  const array: Schema = { type: 'array', items: itemSchema(setting, items) };
  if (isOfObjects(setting)) return array;
  if (setting.type === 'limits' && items) return { anyOf: [RATE, objectSchema(items), array] };
  return { anyOf: [{ type: takesNumbers(setting) ? ['string', 'integer'] : 'string' }, array] };
}

/** A rate alone, such as `100` or `600/m`. */
const RATE: Schema = { type: ['string', 'number'] };

/** What an object in a list has to have. */
const REQUIRED: { readonly [type in Setting['type']]?: Schema } = {
  origins: { anyOf: [{ required: ['host'] }, { required: ['unix'] }] },
  certificates: { required: ['cert', 'key'] },
  'custom-rules': { required: ['action', 'when'] },
  dictionaries: { required: ['match'] },
  'geo-paths': { required: ['match'] },
  'waf-paths': { required: ['match', 'mode'] },
};

function itemSchema(setting: Setting, items: Shape | undefined): Schema {
  if (setting.values !== undefined) return { enum: setting.values };
  if (!items) return { type: takesNumbers(setting) ? ['string', 'integer'] : 'string' };
  const object = { ...objectSchema(items), ...REQUIRED[setting.type] };
  if (setting.type === 'limits') return { anyOf: [RATE, object] };
  return setting.type === 'origins' ? { anyOf: [{ type: 'string' }, object] } : object;
}

function limits(min: number | undefined, max: number | undefined): Schema {
  return { ...(min === undefined ? {} : { minimum: min }), ...(max === undefined ? {} : { maximum: max }) };
}
