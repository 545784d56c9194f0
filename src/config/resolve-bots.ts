/** `addons.bots` of one site. */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { BOT_ACTIONS, BOT_CLASSES, type BotAction } from '../base/bot-classes.ts';
import type { BotsConfig, ChallengeConfig, RobotsConfig } from './bot-config.ts';
import { type ErrorList, Problem } from './errors.ts';
import { reasonOf } from './files.ts';
import { parseNetwork } from './network-values.ts';
import type { Picker } from './picker.ts';

const SHORT_SECRET = 16;

/** Bytes of a robots.txt that crawlers read (RFC 9309 section 2.5). */
const LONGEST_ROBOTS = 500 * 1024;

/** Undefined where there is none. */
export function resolveBots(pick: Picker, errors: ErrorList): BotsConfig | undefined {
  if (pick.findObject('addons.bots') === undefined) return undefined;
  const mode = pick.text('addons.bots.mode');
  const actions: BotsConfig['actions'] = {};
  for (const name of BOT_CLASSES) {
    const action = pick.maybe(`addons.bots.actions.${name}`) as BotAction | undefined;
    if (action !== undefined) actions[name] = action;
  }
  const robotsFile = pick.maybe('addons.bots.robots_file');
  const bots: BotsConfig = {
    mode: mode === 'log' ? 'log' : 'enforce',
    actions,
    thresholds: resolveThresholds(pick, errors),
    exclude: [...((pick.value('addons.bots.exclude') ?? []) as string[])],
    requestsPerMinute: pick.number('addons.bots.requests_per_minute'),
    verify: pick.boolean('addons.bots.verify'),
    ranges: pick.list('addons.bots.ranges').flatMap((file) => readRanges(file, pick, errors)),
    robots: resolveRobots(pick, errors),
    files: [...pick.list('addons.bots.ranges'), ...(robotsFile === undefined ? [] : [robotsFile])],
  };
  return mode === 'off' ? undefined : bots;
}

/** What signs where nothing is configured, the same over reloads. */
const OWN_SECRET = randomBytes(32).toString('base64url');

/** The challenge of `addons.bots` and of custom rules. */
export function resolveChallenge(pick: Picker, errors: ErrorList): ChallengeConfig {
  return {
    difficulty: pick.number('addons.bots.challenge.difficulty'),
    ttl: pick.number('addons.bots.challenge.ttl'),
    cookie: pick.text('addons.bots.challenge.cookie'),
    secret: resolveSecret(pick, errors) ?? OWN_SECRET,
  };
}

function resolveThresholds(pick: Picker, errors: ErrorList): BotsConfig['thresholds'] {
  const thresholds: BotsConfig['thresholds'] = [];
  for (const action of BOT_ACTIONS) {
    if (action === 'allow') continue;
    const path = `addons.bots.thresholds.${action}`;
    const score = pick.value(path) as number | undefined;
    if (score === undefined) continue;
    const stricter = thresholds.at(-1);
    const place = pick.find(path)?.place;
    if (stricter !== undefined && stricter.score >= score && place) {
      const message = `${path} is not over ${stricter.action}, which is milder and would never be`;
      errors.add(place, message, `give ${action} a score over ${stricter.score}, or remove ${stricter.action}`);
    }
    thresholds.push({ action, score });
  }
  return thresholds;
}

function resolveSecret(pick: Picker, errors: ErrorList): string | undefined {
  const path = 'addons.bots.challenge.secret';
  const secret = pick.maybe(path);
  const place = pick.find(path)?.place;
  if (secret !== undefined && secret.length < SHORT_SECRET && place)
    errors.add(place, `${path} is shorter than ${SHORT_SECRET} characters`, 'make one by `openssl rand -hex 32`');
  return secret;
}

function readRanges(file: string, pick: Picker, errors: ErrorList): BotsConfig['ranges'] {
  const place = pick.find('addons.bots.ranges')?.place;
  const fail = (message: string, fix: string) => {
    if (place) errors.add(place, `addons.bots.ranges: ${message}`, fix);
    return [];
  };
  const word = basename(file)
    .replace(/\.[^.]*$/, '')
    .toLowerCase();
  if (!/[a-z0-9]/.test(word)) return fail(`${file} names no crawler`, 'name the file after it, such as gptbot.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return fail(`cannot read ${file}: ${reasonOf(error)}`, 'name a file that lb may read');
  }
  const given = networksIn(text);
  if (given.length === 0) return fail(`${file} has no network`, 'write one network a line, such as 192.0.2.0/24');
  const networks: string[] = [];
  for (const one of given) {
    const network = parseNetwork(one);
    if (network instanceof Problem) return fail(`${file}: ${network.message}`, network.fix ?? '');
    networks.push(network);
  }
  return [{ word, networks }];
}

/** Of Google's form, which others have taken over, or one a line with `#` before remarks. */
function networksIn(text: string): string[] {
  if (/^\s*[[{]/.test(text))
    return [...text.matchAll(/"ipv[46]Prefix"\s*:\s*"([^"]*)"/g)].map(([, network]) => network);
  return text
    .split('\n')
    .map((line) => line.replace(/[#;].*/, '').trim())
    .filter((line) => line !== '');
}

function resolveRobots(pick: Picker, errors: ErrorList): RobotsConfig | undefined {
  const list = pick.list('addons.bots.robots');
  const file = pick.maybe('addons.bots.robots_file');
  const place = pick.find('addons.bots.robots')?.place;
  const wrong = list.find((name) => !/^[A-Za-z_][\w .-]*$|^\*$/.test(name));
  if (place && wrong !== undefined)
    errors.add(
      place,
      `addons.bots.robots: ${JSON.stringify(wrong)} is no user agent`,
      'write "block-ai", or a name such as "GPTBot"',
    );
  if (list.length === 0 && file === undefined) return undefined;
  return {
    disallow: list.filter((name) => name !== 'block-ai'),
    blockAi: list.includes('block-ai'),
    text: file === undefined ? '' : readRobots(file, pick, errors),
  };
}

function readRobots(file: string, pick: Picker, errors: ErrorList): string {
  const place = pick.find('addons.bots.robots_file')?.place;
  try {
    const text = readFileSync(file, 'utf8');
    if (Buffer.byteLength(text) > LONGEST_ROBOTS && place)
      errors.add(place, `addons.bots.robots_file: ${file} is over 500 KB`, 'crawlers read no more; make it shorter');
    return text;
  } catch (error) {
    if (place) errors.add(place, `addons.bots.robots_file: cannot read ${file}: ${reasonOf(error)}`, 'name another');
    return '';
  }
}
