/**
 * What addons have found out about a client, in one number, so that a request keeps no object for it:
 * bits 0 to 3 the class of bot and 1, 4 to 10 the score, 11 to 20 the letters of the country. 0: nothing.
 */

import { BOT_CLASSES, type BotClass } from './bot-classes.ts';

const LETTER_A = 65;

/** @param country two capitals */
export function countryNote(country: string): number {
  return ((country.charCodeAt(0) - LETTER_A + 1) << 11) | ((country.charCodeAt(1) - LETTER_A + 1) << 16);
}

/** @param score 0 to 100 */
export function botNote(botClass: number, score: number): number {
  return (botClass + 1) | (score << 4);
}

/** '' where it is not noted. */
export function countryOfNote(note: number): string {
  const first = (note >> 11) & 31;
  return first === 0 ? '' : String.fromCharCode(first + LETTER_A - 1, ((note >> 16) & 31) + LETTER_A - 1);
}

/** Undefined where it is not noted. */
export function botOfNote(note: number): { botClass: BotClass; score: number } | undefined {
  const number = note & 15;
  return number === 0 ? undefined : { botClass: BOT_CLASSES[number - 1], score: (note >> 4) & 127 };
}
