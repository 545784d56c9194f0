/** docs/settings.md, made from the settings table. */

import type { Setting, SettingType } from './setting.ts';
import { SETTINGS } from './settings.ts';
import { formatDuration, formatSize } from './units.ts';

const TYPE_NAMES: Record<SettingType, string> = {
  address: 'Address',
  addresses: 'List of addresses',
  boolean: 'true or false',
  certificates: 'List of objects',
  cookie: 'Cookie name',
  conditions: 'Object or list of objects',
  cookies: 'List of cookie names',
  countries: 'List of countries',
  'custom-rules': 'List of objects',
  dictionaries: 'List of objects',
  domains: 'List of host names',
  duration: 'Duration',
  enum: 'One of',
  fields: 'Object of header fields',
  file: 'File',
  folder: 'Folder',
  'geo-paths': 'List of objects',
  globs: 'List of globs',
  'hash-key': 'Text',
  host: 'List of host names',
  'host-name': 'Host name',
  integer: 'Whole number',
  'key-fields': 'List of field names',
  keys: 'List',
  limits: 'Rate, object, or list of them',
  matches: 'Object of names and texts',
  'media-types': 'List of media types',
  methods: 'List of methods',
  'name-servers': 'List of addresses',
  names: 'List of field names',
  networks: 'List of networks',
  number: 'Number',
  origins: 'List of origins',
  parameters: 'List of parameter names',
  path: 'Path',
  paths: 'List of paths',
  'rule-ids': 'List of ids',
  rules: 'List of objects',
  size: 'Size',
  'status-ranges': 'List of statuses',
  statuses: 'List of statuses',
  string: 'Text',
  strings: 'List of texts',
  'target-fields': 'List of field names',
  template: 'Text with variables',
  text: 'Text',
  texts: 'List of texts',
  url: 'URL',
  'waf-exclusions': 'List of objects',
  'waf-paths': 'List of objects',
};

const HEAD = `# Settings

Made from the table that begins in \`src/config/settings.ts\` by \`node scripts/docs.ts\`; change it there.

A flag goes over a variable, a variable over lb.json, lb.json over the default. The file is the one that \`-c FILE\` or
\`LB_CONFIG\` names, else \`lb.json\` in the current folder. [configuration.md](configuration.md) is the guide.

- **Durations**: \`250ms\`, \`30s\`, \`5m\`, \`1h30m\`, \`7d\`; a bare number is seconds.
- **Sizes**: \`64KB\`, \`512MB\`, \`1GB\`, by powers of 1024; a bare number is bytes.
- **Lists**: an array, or one text with commas.
- **True or false**: \`true\` and \`false\`, also \`on\` and \`off\`.
- Any text in lb.json may hold \`\${env:NAME}\`, which stands for the value of that environment variable.
`;

/** The whole page. */
export function settingsPage(): string {
  return [
    HEAD,
    '## For the process\n',
    ...SETTINGS.filter(({ scope }) => scope === 'process').map(entry),
    '## For a site\n',
    'At the top of lb.json these are for every site; inside `sites`, for one. The latter goes over the former.\n',
    ...SETTINGS.filter(({ scope, siteRow }) => scope === 'site' && siteRow === undefined).map(entry),
  ].join('\n');
}

function entry(setting: Setting): string {
  const facts = [`${typeText(setting)}.`];
  const text = defaultText(setting);
  if (text) facts.push(text === 'required' ? 'Required.' : `Default: ${text}.`);
  const limits = limitsText(setting);
  if (limits) facts.push(`From ${limits}.`);
  const inRule = SETTINGS.find(({ siteRow }) => siteRow === setting.path);
  if (inRule) facts.push(`For one rule: \`${inRule.path.replace('*', 'NAME')}\`, which goes over it.`);
  if (setting.flag) facts.push(`Flag \`${[setting.short, setting.flag].filter(Boolean).join(', ')}\`.`);
  if (setting.env) facts.push(`Variable \`${setting.env}\`${setting.secret ? ` or \`${setting.env}_FILE\`` : ''}.`);
  const shortcuts = (setting.shortcuts ?? []).map(
    ({ path, flag, env, prose }) => `- \`${path}\`: flag \`${flag}\`, variable \`${env}\`. ${prose}\n`,
  );
  const list = shortcuts.length > 0 ? `\n${shortcuts.join('')}` : '';
  return `### \`${setting.path.replace('*', 'NAME')}\`\n\n${setting.prose}\n\n${facts.join(' ')}\n${list}`;
}

function typeText(setting: Setting): string {
  const name = `${TYPE_NAMES[setting.type]}${setting.mayBeOff ? ' or `false`' : ''}`;
  return setting.values ? `${name} ${setting.values.map((value) => `\`${value}\``).join(', ')}` : name;
}

/** The default as it would be written, or in words where it is computed. */
export function defaultText(setting: Setting): string {
  if (setting.default === undefined) return setting.defaultText ?? '';
  if (Array.isArray(setting.default)) return setting.default.length > 0 ? `\`${setting.default.join(',')}\`` : 'none';
  if (setting.type === 'boolean') return setting.default ? '`on`' : '`off`';
  return setting.default === '' ? 'none' : `\`${String(setting.default)}\``;
}

function limitsText({ type, unit, min, max }: Setting): string {
  if (min === undefined || max === undefined) return '';
  const format = (value: number) => {
    if (type === 'size') return formatSize(value);
    return type === 'duration' ? formatDuration(value * (unit === 's' ? 1000 : 1)) : String(value);
  };
  return `\`${format(min)}\` to \`${format(max)}\``;
}
