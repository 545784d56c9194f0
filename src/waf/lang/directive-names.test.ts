import assert from 'node:assert/strict';
import test from 'node:test';
import { DIRECTIVE_NAMES } from './directive-names.ts';
import { RULE_DIRECTIVES } from './directives.ts';
import { ENGINE_DIRECTIVES } from './engine-directives.ts';

test('every directive that has an effect has its spelling', () => {
  const read = ['include', 'includeoptional', 'secunicodemapfile', 'secresponsebodymimetypesclear'];
  const followed = [...Object.keys(RULE_DIRECTIVES), ...Object.keys(ENGINE_DIRECTIVES), ...read];
  assert.deepEqual(DIRECTIVE_NAMES.map((name) => name.toLowerCase()).sort(), followed.sort());
});
