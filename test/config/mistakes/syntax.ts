/** Mistakes in the text of lb.json as JSON. */

import { type Mistake, ORIGIN } from './mistake.ts';

export const SYNTAX: readonly Mistake[] = [
  { name: 'an empty file', file: '', at: 'lb.json:1:1', says: /the file is empty/, fix: /lb init/ },
  {
    name: 'a missing comma',
    file: `{\n  ${ORIGIN}\n  "workers": 2\n}`,
    at: 'lb.json:3:3',
    says: /a comma is missing/,
    fix: /comma/,
  },
  {
    name: 'a missing colon',
    file: `{${ORIGIN}, "workers" 2}`,
    at: 'lb.json:1:44',
    says: /a colon/,
    fix: /"key": value/,
  },
  {
    name: 'a key without quotes',
    file: '{\n  origins: ["example.com:443"]\n}',
    at: 'lb.json:2:3',
    says: /"origins" stands without quotes|not origins/,
    fix: /"origins"/,
  },
  {
    name: 'a value without quotes',
    file: '{\n  "listen": localhost,\n}',
    at: 'lb.json:2:13',
    says: /"localhost" stands without quotes/,
    fix: /double quotes/,
  },
  {
    name: 'single quotes',
    file: `{\n  "listen": '0.0.0.0:80'\n}`,
    at: 'lb.json:2:13',
    says: /double quotes/,
    fix: /write "/,
  },
  {
    name: 'True as in Python',
    file: `{${ORIGIN}, "log": {"access": True}}`,
    at: 'lb.json:1:52',
    says: /True is no value of JSON/,
    fix: /true, false/,
  },
  {
    name: 'a string that is not closed',
    file: '{\n  "listen": "0.0.0.0:80\n}',
    at: 'lb.json:2:13',
    says: /not closed/,
    fix: /"/,
  },
  { name: 'an object that is not closed', file: `{${ORIGIN}`, at: 'lb.json:1:', says: /not closed/, fix: /}/ },
  {
    name: 'a list that is not closed',
    file: '{"origins": ["example.com:443"}',
    at: 'lb.json:1:31',
    says: /not closed|comma/,
    fix: /]|comma/,
  },
  {
    name: 'a brace too many',
    file: `{${ORIGIN}}}`,
    at: 'lb.json:1:33',
    says: /more text after the end/,
    fix: /remove/,
  },
  {
    name: 'a comment that is not closed',
    file: `{${ORIGIN}} /* more`,
    at: 'lb.json:1:34',
    says: /comment is not closed/,
    fix: /\*\//,
  },
  {
    name: 'an array in place of the settings',
    file: '["example.com:443"]',
    at: 'lb.json:1:1',
    says: /expected an object, found an array/,
    fix: /origins/,
  },
];
