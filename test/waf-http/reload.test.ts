// Rules over reloads, and custom rules.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { counted } from '../caching/scene.ts';
import { put, startWaf } from './scene.ts';

const custom_rules = [
  { name: 'office', action: 'allow', when: { headers: { 'X-Office': 'yes' } } },
  { name: 'admin', action: 'block', status: 404, when: { path: '/admin/*' } },
  { name: 'debug', action: 'log', when: { query: { debug: '*' } } },
  { name: 'scripts', action: 'challenge', when: { user_agent: '*curl*' } },
];
const scene = await startWaf({ after }, { custom_rules });
scene.on('/', counted([]));
scene.on('/admin/a', counted([]));

const settings = (waf: object) => ({
  origins: [scene.origin.address],
  addons: { waf: { path: scene.folder, custom_rules, ...waf } },
});

test('custom rules block, log, allow and challenge', async () => {
  assert.equal((await scene.get('/admin/a')).status, 404);
  assert.equal((await scene.get('/%61dmin/a')).status, 404);
  assert.deepEqual((await scene.event(({ action }) => action === 'blocked')).rules, ['admin']);
  assert.equal((await scene.get('/?debug=1')).status, 200);
  assert.deepEqual((await scene.event(({ action }) => action === 'logged')).rules, ['debug']);
  const office = [['X-Office', 'yes']] as const;
  assert.equal((await scene.get('/admin/a?id=union%20select', office)).status, 200);
  assert.deepEqual((await scene.event(({ action }) => action === 'allowed')).rules, ['office']);
  assert.notEqual((await scene.get('/', [['User-Agent', 'curl/8']])).status, 200);
});

test('a wrong file of rules is told with its place, and the rules in force stay', async () => {
  const file = put(scene.folder, 'own.conf', '\nSecRule ARGS "@contain x" "id:1,phase:2,deny"\n');
  const refused = await scene.lb.reload(settings({ rules: [file] }));
  assert.ok(!refused.ok);
  assert.deepEqual([refused.mistakes[0].source, refused.mistakes[0].line], [file, 2]);
  assert.match(refused.mistakes[0].message, /contain/);
  assert.equal((await scene.get('/?id=union%20select')).status, 403);
  const odd = put(scene.folder, 'odd.conf', 'SecRule ARGS "@rx (" "id:1,phase:2,deny"\n');
  const second = await scene.lb.reload(settings({ rules: [odd] }));
  assert.ok(!second.ok);
  assert.deepEqual([second.mistakes[0].source, second.mistakes[0].line], [odd, 1]);
});

test('a missing rule set is told with what to do', async () => {
  const refused = await scene.lb.reload(settings({ path: `${scene.folder}/nothing` }));
  assert.ok(!refused.ok);
  assert.match(refused.error, /there is no rule set in .*lb waf install/);
  assert.equal((await scene.get('/?id=union%20select')).status, 403);
});

test('new rules are in force after a reload', async () => {
  const file = put(scene.folder, 'own.conf', 'SecRule ARGS:own "@streq bad" "id:1,phase:2,deny,status:418"\n');
  const taken = await scene.lb.reload(settings({ rules: [file] }));
  assert.ok(taken.ok);
  assert.equal((await scene.get('/?own=bad')).status, 418);
  assert.ok((await scene.lb.reload(settings({ mode: 'off' }))).ok);
  assert.equal((await scene.get('/?id=union%20select')).status, 200);
});
