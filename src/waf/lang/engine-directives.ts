/** Directives that set up the engine, and those that lb knows and has no use for. */

import { choice, count, MODES, XML_ARGUMENTS } from './control.ts';
import { Misuse } from './mistakes.ts';
import type { BodySettings, EngineSettings } from './rule.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Settings while directives are read. */
export type MutableEngine = Mutable<Omit<EngineSettings, 'requestBody' | 'responseBody'>> & {
  requestBody: Mutable<EngineSettings['requestBody']>;
  responseBody: Mutable<EngineSettings['responseBody']>;
};

/** What holds where no directive says. Bytes; the limits are those that ModSecurity recommends. */
export const DEFAULT_ENGINE: EngineSettings = {
  mode: 'on',
  requestBody: {
    access: true,
    limit: 13_107_200,
    limitAction: 'reject',
    noFilesLimit: 1_048_576,
    jsonDepthLimit: 512,
  },
  responseBody: {
    access: true,
    limit: 524_288,
    limitAction: 'process-partial',
    mimeTypes: ['text/plain', 'text/html', 'text/xml'],
  },
  argumentSeparator: '&',
  argumentsLimit: 1000,
  cookieFormat: 0,
  xmlExternalEntity: false,
  parseXmlIntoArgs: 'off',
  uploadFileLimit: 100,
  collectionTimeout: 3600,
  unicodeMap: undefined,
  componentSignatures: [],
  webAppId: 'default',
  sensorId: '',
};

/** A copy that directives may change. */
export function mutableEngine(engine: EngineSettings): MutableEngine {
  return { ...engine, requestBody: { ...engine.requestBody }, responseBody: { ...engine.responseBody } };
}

const ON_OFF = { on: true, off: false };
const LIMIT_ACTIONS: Readonly<Record<string, BodySettings['limitAction']>> = {
  reject: 'reject',
  processpartial: 'process-partial',
};

/** Changes settings by the words behind a directive, of which there is at least one. */
type Change = (engine: MutableEngine, args: readonly string[], name: string) => void;

/** By the directive's name in lower case. */
export const ENGINE_DIRECTIVES: Readonly<Record<string, Change>> = {
  secruleengine: (engine, [mode], name) => {
    engine.mode = choice(MODES, mode, name);
  },
  secrequestbodyaccess: (engine, [value], name) => {
    engine.requestBody.access = choice(ON_OFF, value, name);
  },
  secrequestbodylimit: (engine, [value], name) => {
    engine.requestBody.limit = count(value, name);
  },
  secrequestbodynofileslimit: (engine, [value], name) => {
    engine.requestBody.noFilesLimit = count(value, name);
  },
  secrequestbodylimitaction: (engine, [value], name) => {
    engine.requestBody.limitAction = choice(LIMIT_ACTIONS, value, name);
  },
  secrequestbodyjsondepthlimit: (engine, [value], name) => {
    engine.requestBody.jsonDepthLimit = count(value, name);
  },
  secresponsebodyaccess: (engine, [value], name) => {
    engine.responseBody.access = choice(ON_OFF, value, name);
  },
  secresponsebodylimit: (engine, [value], name) => {
    engine.responseBody.limit = count(value, name);
  },
  secresponsebodylimitaction: (engine, [value], name) => {
    engine.responseBody.limitAction = choice(LIMIT_ACTIONS, value, name);
  },
  secresponsebodymimetype: (engine, types) => {
    engine.responseBody.mimeTypes = types.map((type) => type.toLowerCase());
  },
  secargumentseparator: (engine, [value], name) => {
    if (value.length !== 1) throw new Misuse(`${name} takes one character, not "${value.slice(0, 20)}"`, 'write &');
    engine.argumentSeparator = value;
  },
  secargumentslimit: (engine, [value], name) => {
    engine.argumentsLimit = count(value, name) || Number.POSITIVE_INFINITY;
  },
  seccookieformat: (engine, [value], name) => {
    engine.cookieFormat = choice<0 | 1>({ 0: 0, 1: 1 }, value, name);
  },
  secxmlexternalentity: (engine, [value], name) => {
    if (choice(ON_OFF, value, name))
      throw new Misuse('XML never reads what it points to', `write ${name} Off, or remove it`);
    engine.xmlExternalEntity = false;
  },
  secparsexmlintoargs: (engine, [value], name) => {
    engine.parseXmlIntoArgs = choice(XML_ARGUMENTS, value, name);
  },
  secuploadfilelimit: (engine, [value], name) => {
    engine.uploadFileLimit = count(value, name);
  },
  seccollectiontimeout: (engine, [value], name) => {
    engine.collectionTimeout = count(value, name);
  },
  seccomponentsignature: (engine, [value]) => {
    engine.componentSignatures = [...engine.componentSignatures, value];
  },
  secwebappid: (engine, [value]) => {
    engine.webAppId = value;
  },
  secsensorid: (engine, [value]) => {
    engine.sensorId = value;
  },
};

/** About logs, folders, chroots and other things that lb has its own ways for, or needs none for. */
export const IGNORED_DIRECTIVES: ReadonlySet<string> = new Set(
  [
    'secauditengine secauditlog secauditlog2 secauditlogdirmode secauditlogfilemode secauditlogformat secauditlogparts',
    'secauditlogprefix secauditlogrelevantstatus secauditlogstoragedir secauditlogtype secauditlogdir',
    'seccachetransformations secchrootdir secconnengine secconnreadstatelimit secconnwritestatelimit',
    'seccontentinjection seccookiev0separator secdatadir secdebuglog secdebugloglevel',
    'secdisablebackendcompression secgeolookupdb secgsblookupdb secguardianlog sechashengine sechashkey sechashmethodpm',
    'sechashmethodrx sechashparam sechttpblkey secinterceptonerror secpcrematchlimit secpcrematchlimitrecursion',
    'secreadstatelimit secrequestbodyinmemorylimit secruleinheritance secruleperftime secserversignature',
    'secstatusengine secstreaminbodyinspection secstreamoutbodyinspection sectmpdir sectmpsaveuploadedfiles',
    'secunicodecodepage secuploaddir secuploadfilemode secuploadkeepfiles secwritestatelimit secxmlparser',
  ].flatMap((line) => line.split(' ')),
);

/** What lb has not, and what to do in its place. */
export const REFUSED_DIRECTIVES: Readonly<Record<string, string>> = {
  secrulescript: 'lb runs no Lua: write it as SecRule, or as a custom rule in lb.json',
  secremoterules: 'lb loads no rules by itself: download them, and name the file under addons.waf.rules',
  secremoterulesfailaction: 'lb loads no rules by itself: remove it',
};
