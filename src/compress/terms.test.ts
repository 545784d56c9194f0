import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import type { CompressionConfig } from '../config/config.ts';
import { codingTerms, isCodedType } from './terms.ts';

const config: CompressionConfig = {
  enabled: true,
  encodings: ['zstd', 'br', 'gzip'],
  minLength: 1024,
  types: ['text/*', 'application/json', 'application/*+xml'],
  background: false,
  dictionaries: [],
};

test('types by patterns, and events only by name', () => {
  for (const type of ['text/html', 'text/x', 'application/json', 'application/atom+xml']) {
    equal(isCodedType(config, type), true, type);
  }
  for (const type of ['', 'image/png', 'application/jsonp', 'xtext/html', 'application/xml', 'text/event-stream']) {
    equal(isCodedType(config, type), false, type);
  }
  equal(isCodedType({ ...config, types: ['text/event-stream'] }, 'text/event-stream'), true);
  equal(isCodedType({ ...config, types: [] }, 'text/html'), false);
});

test('why content is left as it is', () => {
  const of = (status: number, headers: string[], length = -1) => codingTerms(config, status, headers, length);
  const html = ['content-type', 'Text/HTML; charset=utf-8'];
  equal(of(200, html).reason, undefined);
  equal(of(404, html, 5000).mayEncode, true);
  equal(of(200, html, 1023).reason, 'length');
  equal(of(200, html, 1024).reason, undefined);
  equal(of(200, [...html, 'content-encoding', 'gzip'], 100).mayEncode, true);
  for (const status of [204, 205, 206, 304]) equal(of(status, html).reason, 'status');
  equal(of(200, [...html, 'content-range', 'bytes 0-1/2']).reason, 'status');
  equal(of(200, []).reason, 'type');
  const fixed = of(200, [...html, 'content-encoding', 'br', 'cache-control', 'max-age=1, No-Transform']);
  equal(fixed.reason, 'no-transform');
  equal(fixed.mayDecode, false);
  const image = of(200, ['content-type', 'image/png', 'content-encoding', 'gzip']);
  equal(image.mayDecode, true);
  equal(image.mayEncode, false);
  for (const coding of ['deflate', 'gzip, br', 'compress']) {
    equal(of(200, [...html, 'content-encoding', coding]).reason, 'coding');
  }
  equal(of(200, [...html, 'content-encoding', 'gzip'], 0).mayDecode, false);
});
