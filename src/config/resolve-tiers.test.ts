// Disks, slices, compression, folders of files and the preset: what comes of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flags, loaded } from './testing.ts';

const inspect = () => undefined;

function site(file: object, ...words: string[]) {
  const given = words.length > 0 ? flags(...words) : {};
  return loaded({ 'lb.json': JSON.stringify(file) }, { ...given, inspect }).config.sites[0];
}

const ORIGIN = { origins: ['a:80'] };

test('disks: a folder, several, their size', () => {
  const disk = (file: object, options = {}) =>
    loaded({ 'lb.json': JSON.stringify({ ...ORIGIN, ...file }) }, options).config.disk;
  assert.equal(disk({}), undefined);
  assert.deepEqual(disk({ cache: { disk: '/var/cache/lb' } }), { paths: ['/var/cache/lb'], size: 10 * 2 ** 30 });
  assert.deepEqual(disk({ cache: { disk: ['a', '/b'], disk_size: '1GB' } }), {
    paths: ['/folder/a', '/b'],
    size: 2 ** 30,
  });
  const given = flags('--cache-disk', '/a', '--cache-disk', '/b', '--cache-disk-size', '100GB');
  assert.deepEqual(disk({}, given), { paths: ['/a', '/b'], size: 100 * 2 ** 30 });
  const env = { LB_CACHE_DISK: '/a, /b', LB_CACHE_DISK_SIZE: '16MB' };
  assert.deepEqual(disk({}, { env }), { paths: ['/a', '/b'], size: 16 * 2 ** 20 });
});

test('a size of disks without a disk is told of', () => {
  const { announcements } = loaded({ 'lb.json': '{"origins": ["a:80"], "cache": {"disk_size": "1GB"}}' });
  assert.match(announcements.join(), /cache.disk_size .* does nothing/);
});

test('slices: off, of a size, and by themselves where there is a disk', () => {
  const slice = (cache: object) => {
    const { cache: of } = site({ ...ORIGIN, cache: { pages: { match: '/p/*' }, ...cache } });
    return [of.slice, of.sliceAuto, of.rules[0].slice, of.rules[0].sliceAuto];
  };
  assert.deepEqual(slice({}), [0, false, 0, false]);
  assert.deepEqual(slice({ slice: '1MB' }), [2 ** 20, false, 2 ** 20, false]);
  assert.deepEqual(slice({ disk: '/a' }), [2 ** 23, true, 2 ** 23, true]);
  assert.deepEqual(slice({ disk: '/a', slice: false }), [0, false, 0, false]);
  assert.deepEqual(slice({ disk: '/a', pages: { match: '/p/*', slice: 'off' } }), [2 ** 23, true, 0, false]);
  assert.deepEqual(slice({ slice: 0, pages: { match: '/p/*', slice: '64KB' } }), [0, false, 65_536, false]);
});

test('compression: true, an object, off, and for some paths', () => {
  const of = (file: object, ...words: string[]) => site({ ...ORIGIN, ...file }, ...words).compression;
  assert.equal(of({}), undefined);
  assert.equal(of({ compression: false }), undefined);
  assert.equal(of({ compression: { enabled: false } }), undefined);
  const usual = of({ compression: true });
  assert.ok(usual?.enabled);
  assert.deepEqual([usual.encodings, usual.minLength, usual.background], [['zstd', 'br', 'gzip'], 1024, true]);
  assert.deepEqual(usual.dictionaries, []);
  assert.ok(usual.types.includes('text/*'));
  assert.deepEqual(of({}, '--compress', 'on'), usual);
  const own = of({ compression: { encodings: 'gzip', min_length: 0, types: 'Text/HTML, application/*' } });
  assert.deepEqual([own?.encodings, own?.minLength, own?.types], [['gzip'], 0, ['text/html', 'application/*']]);
  assert.equal(of({ compression: { encodings: 'gzip' } }, '--compress', 'off'), undefined);
  const some = site({ ...ORIGIN, cache: { pages: { match: '/p/*', compress: true }, api: { match: '/a' } } });
  assert.equal(some.compression?.enabled, false);
  assert.deepEqual([some.cache.compress, ...some.cache.rules.map(({ compress }) => compress)], [false, true, false]);
});

test('dictionaries: which paths they are for', () => {
  const dictionaries = [{ match: 'app.?.js' }, { match: ['/a/*.js', '/b'] }, { match: '/d', use_for: '/*', id: 'x' }];
  assert.deepEqual(site({ ...ORIGIN, compression: { dictionaries } }).compression?.dictionaries, [
    { match: ['app.?.js'], useFor: '/*app.*.js', id: undefined },
    { match: ['/a/*.js', '/b'], useFor: '/a/*.js', id: undefined },
    { match: ['/d'], useFor: '/*', id: 'x' },
  ]);
});

test('a folder in place of origins', () => {
  const given = site({ static_root: './public', static_index: 'a.htm,b.htm', static_recheck: 0 });
  assert.deepEqual([given.staticRoot, given.origins], ['/folder/public', []]);
  assert.deepEqual(given.static, { index: ['a.htm', 'b.htm'], dotfiles: false, recheck: 0 });
  assert.equal(site(ORIGIN).staticRoot, undefined);
});

test('of folder and origins, the stronger source counts', () => {
  const folder = site(ORIGIN, '--static-root', 'public');
  assert.deepEqual([folder.staticRoot, folder.origins], ['/folder/public', []]);
  const origins = site({ static_root: 'public' }, '-b', 'b:80');
  assert.deepEqual([origins.staticRoot, origins.origins.length], [undefined, 1]);
});

test('sites have folders and origins side by side', () => {
  const files = { 'lb.json': '{"sites": {"a.com": {"static_root": "a"}, "b.com": {"origins": ["b:80"]}}}' };
  const { sites } = loaded(files, { inspect }).config;
  assert.deepEqual(
    sites.map(({ staticRoot }) => staticRoot),
    ['/folder/a', undefined],
  );
});

test('the preset static, and each part of it set otherwise', () => {
  const rule = (file: object, ...words: string[]) => {
    const [first] = site({ ...ORIGIN, ...file }, ...words).cache.rules;
    return [first.ttl, first.immutable, first.compress, first.key.queryExclude, first.fromPreset];
  };
  const flag = ['--cache-static', '*.js'];
  const all = ['ttl', 'immutable', 'key.query_exclude', 'compress'];
  const tracking = [':tracking'];
  assert.deepEqual(rule({}, ...flag), [86_400, true, true, tracking, all]);
  assert.deepEqual(rule({ cache: { static: { match: '*.js' } } }), [86_400, true, true, tracking, all]);
  assert.deepEqual(rule({ cache: { assets: { match: '*.js', preset: 'static' } } }), [
    86_400,
    true,
    true,
    tracking,
    all,
  ]);
  assert.deepEqual(rule({ cache: { assets: { match: '*.js' } } }), [3600, false, false, [], []]);
  assert.deepEqual(rule({ cache: { static: { match: '*.js', preset: 'none' } } }), [3600, false, false, [], []]);
  assert.deepEqual(rule({}, ...flag, '--ttl', '5'), [5, true, true, tracking, all.slice(1)]);
  assert.deepEqual(rule({}, '--ttl', '5', ...flag), [5, true, true, tracking, all.slice(1)]);
  assert.deepEqual(rule({}, ...flag, '--compress', 'off').slice(2), [false, tracking, all.slice(0, 3)]);
  assert.deepEqual(rule({ compression: true }, ...flag).slice(2), [true, tracking, all.slice(0, 3)]);
  const own = { static: { match: '*.js', immutable: false, compress: false, key: { query_exclude: [] } } };
  assert.deepEqual(rule({ cache: own }), [86_400, false, false, [], ['ttl']]);
  const ofSite = { immutable: false, key: { query_include: 'v' } };
  assert.deepEqual(rule({ cache: ofSite }, ...flag), [86_400, false, true, [], ['ttl', 'compress']]);
});

test('the preset for a site without such a rule', () => {
  const { cache } = site({ ...ORIGIN, cache: { preset: 'static', pages: { match: '/p' } } });
  const [pages, assets] = cache.rules;
  assert.deepEqual(
    [pages.name, assets.name, assets.fromPreset[0], assets.source],
    ['pages', 'static', 'match', 'lb.json:1:39'],
  );
  assert.ok(assets.match.includes('*.woff2'));
  const own = site({ ...ORIGIN, cache: { preset: 'static', static: { match: '/s/*' } } }).cache.rules;
  assert.deepEqual(
    own.map(({ match }) => match),
    [['/s/*']],
  );
});
