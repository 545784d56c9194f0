/** Mistakes with `sites`. */

import { type Mistake, ORIGIN } from './mistake.ts';

export const SITES: readonly Mistake[] = [
  {
    name: 'origins beside sites',
    file: `{${ORIGIN},\n "sites": {"a.com": {"origins": ["b:80"]}}}`,
    at: 'lb.json:1:13',
    says: /cannot stand together/,
    fix: /inside "sites"/,
  },
  {
    name: 'sites without a site',
    file: '{"sites": {}}',
    at: 'lb.json:1:11',
    says: /no site in it/,
    fix: /"example.com"/,
  },
  {
    name: 'a site without origins',
    file: '{"sites": {\n "a.com": {}}}',
    at: 'lb.json:2:2',
    says: /a.com has no origins/,
    fix: /"origins"/,
  },
  {
    name: 'a site by URL',
    file: '{"sites": {\n "https://a.com/": {"origins": ["b:80"]}}}',
    at: 'lb.json:2:2',
    says: /is a URL/,
    fix: /write a.com/,
  },
  {
    name: 'a site with a port',
    file: '{"sites": {\n "a.com:80": {"origins": ["b:80"]}}}',
    at: 'lb.json:2:2',
    says: /without a port/,
    fix: /write a.com/,
  },
  {
    name: 'a star in the middle',
    file: '{"sites": {\n "a.*.com": {"origins": ["b:80"]}}}',
    at: 'lb.json:2:5',
    says: /\* stands only/,
    fix: /\*\.example\.com/,
  },
  {
    name: 'a process setting in a site',
    file: '{"sites": {\n "a.com": {"origins": ["b:80"], "workers": 2}}}',
    at: 'lb.json:2:33',
    says: /for all sites together/,
    fix: /top of the file/,
  },
  {
    name: 'memory of one site',
    file: '{"sites": {\n "a.com": {"origins": ["b:80"], "cache": {"memory": "1GB"}}}}',
    at: 'lb.json:2:43',
    says: /cache.memory is for all sites/,
    fix: /top of the file/,
  },
  {
    name: 'hosts at the top',
    file: `{${ORIGIN},\n "hosts": ["a.com"]}`,
    at: 'lb.json:2:2',
    says: /one of several sites/,
    fix: /"sites"/,
  },
  {
    name: 'a host of two sites',
    file: '{"sites": {"a.com": {"origins": ["b:80"]},\n "c.com": {"origins": ["b:80"], "hosts": ["A.com"]}}}',
    at: 'lb.json:2:42',
    says: /a.com belongs to the site a.com already/,
    fix: /one site/,
  },
  {
    name: 'an origin flag beside sites',
    file: '{"sites": {"a.com": {"origins": ["b:80"]}}}',
    flags: ['-b', 'c:80'],
    at: '-b',
    says: /cannot stand together/,
    fix: /inside "sites"/,
  },
];
