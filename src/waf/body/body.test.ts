import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJson } from './json.ts';
import { parseMultipart } from './multipart.ts';
import type { BodyBounds } from './parsed-body.ts';
import { decodePercent, parseArguments } from './urlencoded.ts';
import { compileXmlPath, parseXml } from './xml.ts';

const BOUNDS: BodyBounds = { arguments: 1000, jsonDepth: 20, files: 10, noFiles: 100_000 };
const FORM = 'multipart/form-data; boundary=B';

function part(header: string, data: string): string {
  return `--B\r\n${header}\r\n\r\n${data}\r\n`;
}

function form(name: string, data = 'x'): string {
  return part(`Content-Disposition: form-data; name="${name}"`, data);
}

function flagsOf(body: string, type = FORM): string[] {
  return [...parseMultipart(body, type, BOUNDS).flags.keys()].sort();
}

test('arguments: empty ones count, a last separator adds none, bad escapes stay', () => {
  const read = parseArguments('a=1&&b=%zz+c&c&=d&A=7&', '&', 1000);
  assert.deepEqual(read.list, ['a', '1', '', '', 'b', '%zz c', 'c', '', '', 'd', 'A', '7']);
  assert.equal(read.invalid, true);
  assert.equal(parseArguments('a&b&c', '&', 2).cut, true);
  assert.deepEqual(parseArguments('a=1;b=2', ';', 9).list, ['a', '1', 'b', '2']);
});

test('arguments: what is encoded comes back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
      assert.equal(decodePercent(encodeURIComponent(text)), text);
    }),
  );
});

test('JSON: names as ModSecurity v3 gives them', () => {
  const read = parseJson('{"a":[1,{"b":null,"c":[true,"x\\u00e9"]},[]],"d":{"e":1.50e3},"":"z"}', BOUNDS);
  assert.equal(read.error, '');
  assert.deepEqual(read.arguments, [
    ...['json.a.array_0', '1', 'json.a.array_1.b', '', 'json.a.array_1.c.array_0', 'true'],
    ...['json.a.array_1.c.array_1', 'x\xc3\xa9', 'json.d.e', '1.50e3', 'json.empty-key', 'z'],
  ]);
  assert.deepEqual(parseJson('"s"', BOUNDS).arguments, ['json', 's']);
  assert.deepEqual(parseJson(' ', BOUNDS), parseJson('', BOUNDS));
});

test('JSON: errors keep what came before', () => {
  for (const text of ['{"a":1', '{"a":1,}', '{"a":1}x', '{"a":1 "b":2}', '{"a":1,"b":tru}', '{"a":1,"b":"\n"}']) {
    const read = parseJson(text, BOUNDS);
    assert.match(read.error, /^JSON parsing error: /, text);
    assert.deepEqual(read.arguments.slice(0, 2), ['json.a', '1']);
  }
  assert.match(parseJson('['.repeat(21), BOUNDS).error, /depth/);
  assert.match(parseJson('['.repeat(1e6), { ...BOUNDS, jsonDepth: 1e5 }).error, /depth/);
});

test('JSON: accepts what JSON.parse accepts, and nothing else', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), fc.nat(60), (text, cut) => {
      const binary = Buffer.from(text).toString('latin1');
      assert.equal(parseJson(binary, BOUNDS).error, '');
      const part = text.slice(0, cut);
      let valid = part.trim() === '';
      try {
        JSON.parse(part);
        valid = true;
      } catch {}
      assert.equal(parseJson(part.replace(/[^\0-\x7f]/g, '?'), BOUNDS).error === '', valid, part);
    }),
    { numRuns: 300 },
  );
});

test('XML: text and attributes by paths', () => {
  const { xml, error } = parseXml(
    '<?xml version="1.0"?><a x="1"><!-- c --><b y="2">t&amp;1</b> z<![CDATA[<q>]]></a>',
    false,
  );
  assert.equal(error, '');
  assert.ok(xml);
  const select = (path: string) => compileXmlPath(path)?.(xml);
  assert.deepEqual(select('/*'), ['t&1 z<q>']);
  assert.deepEqual(select('//@*'), ['1', '2']);
  assert.deepEqual(select('/a/b/@y'), ['2']);
  assert.deepEqual(select('//b'), ['t&1']);
  assert.deepEqual(select('//b/text()'), ['t&1']);
  assert.equal(compileXmlPath('count(//a)'), undefined);
  assert.equal(compileXmlPath(''), undefined);
});

test('XML: what is not well formed, and entities of its own, are errors', () => {
  const bomb = '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c SYSTEM "file:///etc/passwd">]><a>&b;&c;</a>';
  for (const text of ['<a x="1"><b></a>', '', 'x', bomb, '<a>'.repeat(300)]) {
    assert.notEqual(parseXml(text, false).error, '', text.slice(0, 40));
  }
});

test('multipart: arguments, files, header lines', () => {
  const file = part(
    'Content-Disposition: form-data; name="f"; filename="a;b.txt"\r\nContent-Type: text/plain',
    'l1\r\nl2',
  );
  const read = parseMultipart(`${form('g')}${file}--B--\r\n`, FORM, BOUNDS);
  assert.equal(read.error, '');
  assert.deepEqual([...read.flags], []);
  assert.deepEqual(read.arguments, ['g', 'x']);
  assert.deepEqual(read.files, [{ field: 'f', filename: 'a;b.txt', content: 'l1\r\nl2' }]);
  assert.deepEqual(read.partHeaders.slice(-2), ['f', 'Content-Type: text/plain\r\n']);
});

test('multipart: of large files only the beginning stands in the excerpt', () => {
  const file = part('Content-Disposition: form-data; name="f"; filename="a"', 'y'.repeat(70_000));
  const read = parseMultipart(`${form('g')}${file}${form('h')}--B--\r\n`, FORM, BOUNDS);
  assert.equal(read.excerpt?.match(/y+/)?.[0].length, 65_536);
  assert.ok(read.excerpt?.includes('name="g"') && read.excerpt.endsWith(`${form('h')}--B--\r\n`));
  assert.equal(read.files[0].content.length, 70_000);
  assert.equal(parseMultipart(`${form('g')}--B--\r\n`, FORM, BOUNDS).excerpt, undefined);
});

test('multipart: each liberty has its flag', () => {
  const strict = 'multipart_strict_error';
  const whole = `${form('f')}--B--\r\n`;
  assert.deepEqual(flagsOf(`pre\r\n${whole}`), ['multipart_data_before', strict]);
  assert.deepEqual(flagsOf(`${whole}more`), ['multipart_data_after', strict]);
  assert.deepEqual(flagsOf(whole.replaceAll('\r\n', '\n')), ['multipart_lf_line', strict]);
  assert.deepEqual(flagsOf(whole.replace('\r\n', '\n')), ['multipart_crlf_lf_lines', 'multipart_lf_line', strict]);
  assert.deepEqual(flagsOf(whole, 'multipart/form-data; boundary="B"'), ['multipart_boundary_quoted', strict]);
  assert.deepEqual(flagsOf(whole, 'multipart/form-data; boundary =B'), ['multipart_boundary_whitespace', strict]);
  assert.deepEqual(flagsOf(whole, 'multipart/form-data boundary=B'), ['multipart_missing_semicolon', strict]);
  assert.deepEqual(flagsOf(whole.replace('; name', ';\r\n name')), ['multipart_header_folding', strict]);
  assert.deepEqual(flagsOf(whole.replaceAll('"', "'")), ['multipart_invalid_quoting', strict]);
  assert.deepEqual(flagsOf(whole.replace('form-data', 'attachment')), ['multipart_invalid_part', strict]);
  assert.deepEqual(flagsOf(`${form('f', 'x\r\n-----BEGIN')}--B--\r\n`), ['multipart_unmatched_boundary']);
});

test('multipart: what an origin could read otherwise is an error', () => {
  const errorOf = (body: string, type = FORM) => parseMultipart(body, type, BOUNDS).error;
  const whole = `${form('f')}--B--\r\n`;
  assert.match(errorOf(form('f')), /Final boundary missing/);
  assert.match(errorOf('hello'), /No boundaries/);
  assert.match(errorOf(`${form('f', 'x\r\n--Bx')}--B--\r\n`), /Invalid boundary/);
  assert.match(errorOf(`${form('f', 'x\r\n-- B')}--B--\r\n`), /whitespace/);
  assert.match(errorOf(whole, 'multipart/form-data; Boundary=B'), /case/);
  assert.match(errorOf(whole, 'multipart/form-data; boundary=B; boundary=C'), /Multiple/);
  assert.match(errorOf(whole, 'multipart/form-data; boundary="B'), /quote/);
  assert.match(errorOf(whole, 'multipart/form-data; charset=x; boundary=B'), /malformed/);
  assert.match(errorOf(whole, 'multipart/form-data; boundary=B['), /characters/);
  assert.match(errorOf(whole, 'multipart/form-data'), /not found/);
  assert.match(errorOf(`--B\r\nnothing\r\n\r\nx\r\n--B--\r\n`), /colon/);
  assert.match(errorOf(`${form('f', 'x'.repeat(100_001))}--B--\r\n`), /bigger/);
});

test('multipart: any text is read without an exception', () => {
  const piece = fc.constantFrom(
    '--B',
    '--',
    '\r\n',
    '\n',
    'Content-Disposition: form-data; name=',
    '"a"',
    ';',
    ' ',
    'x',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      parseMultipart(pieces.join(''), FORM, BOUNDS);
    }),
  );
});

test('XML: values are UTF-8 whatever the encoding; encodings that are not known are errors', () => {
  const textsOf = (text: string) => {
    const { xml, error } = parseXml(text, false);
    return xml === undefined || error !== '' ? undefined : compileXmlPath('/*')?.(xml);
  };
  const binary = (text: string) => Buffer.from(text).toString('latin1');
  assert.deepEqual(textsOf('<a>&#233;&#xff;&#x20ac;</a>'), [binary('éÿ€')]);
  assert.deepEqual(textsOf(binary('<?xml version="1.0"?><a>é€</a>')), [binary('é€')]);
  assert.deepEqual(textsOf('<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>'), [binary('é')]);
  const wide = (text: string) => Buffer.from(text, 'utf16le').toString('latin1');
  const wrong = ['<?xml version="1.0" encoding="UTF-7"?><a>+ADw-</a>', `\xff\xfe${wide('<a>b</a>')}`, '<a>\xe9</a>'];
  for (const text of wrong) assert.equal(textsOf(text), undefined, text);
});
