/** What is read of a request's head and of an answer's. */
import { parseRequestCacheControl } from '../../src/http/cache-control.ts';
import { checkRequest } from '../../src/http/request-check.ts';
import { BROWSER } from '../hot/fields.ts';
import type { Step } from '../hot/measure.ts';

const headers = Object.entries(BROWSER).flat();

export function httpSteps(): Step[] {
  return [
    {
      name: 'head of a browser checked',
      run(times) {
        let refused = 0;
        for (let i = 0; i < times; i++) {
          if ('status' in checkRequest({ method: 'GET', target: '/a/page.html?x=1', headers })) refused++;
        }
        if (refused > 0) throw new Error('the request is in order');
        return refused;
      },
    },
    {
      name: 'Cache-Control of a request',
      run(times) {
        let count = 0;
        for (let i = 0; i < times; i++) {
          count += parseRequestCacheControl('max-age=0, no-cache', '').noCache ? 1 : 0;
        }
        return count;
      },
    },
  ];
}
