/** Mistakes in cache rules. */

import { type Mistake, ORIGIN } from './mistake.ts';

export const CACHE_RULES: readonly Mistake[] = [
  {
    name: 'globs in place of a rule',
    file: `{${ORIGIN}, "cache": {"static": "*.js"}}`,
    at: 'lb.json:1:',
    says: /cache.static: expected an object, found a string/,
    fix: /"static": {"match": "\*.js"/,
  },
  {
    name: 'a rule without match',
    file: `{${ORIGIN},\n "cache": {"static": {"ttl": 60}}}`,
    at: 'lb.json:2:12',
    says: /the rule static has no match/,
    fix: /"match"/,
  },
  {
    name: 'a rule that is no object',
    file: `{${ORIGIN},\n "cache": {"pages": "/p/*"}}`,
    at: 'lb.json:2:12',
    says: /unknown key "pages"/,
    fix: /a rule is an object/,
  },
  {
    name: 'a rule with an odd name',
    file: `{${ORIGIN},\n "cache": {"*.js": {"match": "*.js"}}}`,
    at: 'lb.json:2:12',
    says: /cannot name a rule/,
    fix: /begin with a letter/,
  },
  {
    name: 'an empty list of globs',
    file: `{${ORIGIN},\n "cache": {"static": {"match": []}}}`,
    at: 'lb.json:2:32',
    says: /the list is empty/,
    fix: /\*\.js/,
  },
  {
    name: 'a glob with braces',
    file: `{${ORIGIN},\n "cache": {"static": {"match": "*.{js"}}}`,
    at: 'lb.json:2:35',
    says: /the character \{/,
    fix: /list the globs/,
  },
  {
    name: 'a glob with a query',
    file: `{${ORIGIN},\n "cache": {"api": {"match": "/a,/b?id=*"}}}`,
    at: 'lb.json:2:35',
    says: /has a query/,
    fix: /without the query: \/b/,
  },
  {
    name: 'globs separated by a space',
    file: `{${ORIGIN},\n "cache": {"static": {"match": "*.js *.css"}}}`,
    at: 'lb.json:2:37',
    says: /has a space/,
    fix: /comma/,
  },
  {
    name: 'a URL for a glob',
    file: `{${ORIGIN},\n "cache": {"api": {"match": "https://a.com/b"}}}`,
    at: 'lb.json:2:30',
    says: /is a URL/,
    fix: /\/b/,
  },
  {
    name: 'a number for a glob',
    file: `{${ORIGIN},\n "cache": {"api": {"match": ["/a", 7]}}}`,
    at: 'lb.json:2:36',
    says: /expected a string, found a number/,
    fix: /globs/,
  },
  {
    name: 'force without override',
    file: `{${ORIGIN},\n "cache": {"api": {"match": "/a", "force": true}}}`,
    at: 'lb.json:2:44',
    says: /does nothing without override/,
    fix: /"override": true/,
  },
];
