// Files of rules that change while lb runs.
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { until } from '../support/cleanup.ts';
import { put, ruleFolder, startWaf } from './scene.ts';

const own = ruleFolder({ after }, '');
put(own, 'setup.conf', '');
put(own, 'own/none.conf', '');
const scene = await startWaf(
  { after },
  { setup: [join(own, 'setup.conf')], rules: [join(own, 'own/*.conf')] },
  { watch: true },
);
scene.on('/', (_request, answer) => answer.send(200, [], 'x'));
const status = async (query: string) => (await scene.get(`/?${query}`)).status;
const rule = (name: string, id: number, code: number) =>
  `SecRule ARGS:${name} "@streq 1" "id:${id},phase:2,deny,status:${code}"\n`;
const errors = () => scene.lb.log.filter(({ level }) => level === 'error');

test('a file that a name with * stands for is taken as soon as it is there', async () => {
  assert.equal(await status('a=1'), 200);
  put(own, 'own/a.conf', rule('a', 1, 418));
  await until(async () => (await status('a=1')) === 418, 'the new file to count');
  const line = scene.lb.log.findLast(({ message }) => message === 'reloaded');
  assert.deepEqual(
    [line?.details.cause, line?.details.changed],
    ['a file changed', ['default: rules of the firewall']],
  );
});

test('a wrong file is told with its place, and the rules in force stay until it is mended', async () => {
  put(own, 'own/b.conf', `\n${rule('b', 2, 418).replace('@streq', '@strek')}`);
  await until(() => errors().length >= 2, 'the mistake on the log');
  const [refused, mistake] = errors();
  assert.equal(refused.message, 'not reloaded: the configuration in force stays');
  assert.equal(mistake.details.place, `${join(own, 'own/b.conf')}:2:1`);
  assert.match(mistake.message, /strek/);
  assert.deepEqual([await status('a=1'), await status('b=1')], [418, 200]);
  const asked = await scene.lb.admin.fetch('POST', '/reload');
  assert.equal(asked.status, 422);
  const { errors: told } = JSON.parse(asked.text()) as { errors: { place: string; message: string; fix?: string }[] };
  assert.equal(told[0].place, `${join(own, 'own/b.conf')}:2:1`);
  assert.ok(told[0].fix);
  put(own, 'own/new.txt', rule('b', 2, 419));
  renameSync(join(own, 'own/new.txt'), join(own, 'own/b.conf'));
  await until(async () => (await status('b=1')) === 419, 'the mended file to count');
});

test('files of the rule set, of its setup and of operators count', async () => {
  put(own, 'setup.conf', rule('c', 3, 420));
  await until(async () => (await status('c=1')) === 420, 'the setup to count');
  put(own, 'own/words.data', 'first\n');
  put(own, 'own/d.conf', 'SecRule ARGS:d "@pmFromFile words.data" "id:4,phase:2,deny,status:421"\n');
  await until(async () => (await status('d=first')) === 421, 'the words to count');
  put(own, 'own/words.data', 'second\n');
  await until(async () => (await status('d=second')) === 421, 'other words to count');
  assert.equal(await status('d=first'), 200);
  put(scene.folder, 'rules/REQUEST-999-LAST.conf', rule('e', 5, 422));
  await until(async () => (await status('e=1')) === 422, 'a new file of the rule set to count');
});

test('a wrong file that a new configuration names is taken once it is mended', async () => {
  const path = put(own, 'elsewhere.conf', rule('f', 6, 423).replace('@streq', '@strek'));
  const waf = { path: scene.folder, rules: [path] };
  const refused = await scene.lb.reload({ origins: [scene.origin.address], watch: true, addons: { waf } });
  assert.ok(!refused.ok);
  put(own, 'elsewhere.conf', rule('f', 6, 423));
  await until(async () => (await status('f=1')) === 423, 'the mended file to count');
});
