import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOT_CLASSES } from './bot-classes.ts';
import { botNote, botOfNote, countryNote, countryOfNote } from './guard-note.ts';

test('a note has both, either or nothing', () => {
  assert.deepEqual([countryOfNote(0), botOfNote(0)], ['', undefined]);
  for (const country of ['AA', 'DE', 'XX', 'ZZ']) {
    assert.deepEqual([countryOfNote(countryNote(country)), botOfNote(countryNote(country))], [country, undefined]);
    for (const [i, botClass] of BOT_CLASSES.entries()) {
      for (const score of [0, 1, 50, 100]) {
        const note = countryNote(country) | botNote(i, score);
        assert.deepEqual([countryOfNote(note), botOfNote(note)], [country, { botClass, score }]);
        assert.equal(countryOfNote(botNote(i, score)), '');
      }
    }
  }
});
