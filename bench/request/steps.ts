/** Whole requests through the pipeline, beside a reply and an origin that cost next to nothing: what lb itself takes. */
import type { Addon } from '../../src/guard/addon.ts';
import { BROWSER, PLAIN } from '../hot/fields.ts';
import type { Step } from '../hot/measure.ts';
import { BenchReply, BenchRequest } from '../hot/replies.ts';
import { BenchThread, type ThreadTerms } from '../hot/thread.ts';

const STORED = 'public, max-age=86400';

/** Objects that hits are of, in turn. */
const OBJECTS = 256;

const NOTHING: Addon = { name: 'nothing', check: () => undefined };

const targets = Array.from({ length: OBJECTS }, (_, i) =>
  Buffer.from(`/assets/images/product/${i}.webp`).toString('latin1'),
);

async function hits(
  name: string,
  terms: Partial<ThreadTerms>,
  fields: Readonly<Record<string, string>>,
): Promise<Step> {
  const thread = new BenchThread({ cacheControl: STORED, bytes: 1024, ...terms });
  const request = new BenchRequest('/', fields);
  const reply = new BenchReply();
  for (const target of targets) {
    request.target = target;
    thread.pipeline.handle(request, new BenchReply());
    await Promise.resolve();
  }
  return {
    name,
    run(times) {
      let sent = 0;
      for (let i = 0; i < times; i++) {
        request.target = targets[i & (OBJECTS - 1)];
        thread.pipeline.handle(request, reply.reuse());
        sent += reply.offset;
        if ((i & 255) === 255) thread.emptyLog();
      }
      if (sent !== times * (terms.bytes ?? 1024)) throw new Error(`${name}: not all were hits`);
      return sent;
    },
  };
}

/** @param cacheControl of the answers; @param fresh whether each is of another target */
function misses(name: string, cacheControl: string, fresh: boolean, fields: Readonly<Record<string, string>>): Step {
  const thread = new BenchThread({ cacheControl, bytes: 1024 });
  const request = new BenchRequest('/', fields);
  const reply = new BenchReply();
  let at = 0;
  return {
    name,
    async run(times) {
      let sent = 0;
      for (let i = 0; i < times; i++) {
        request.target = fresh ? `/pages/${at++}.html` : targets[i & (OBJECTS - 1)];
        thread.pipeline.handle(request, reply.reuse());
        while (!reply.closed) await Promise.resolve();
        sent += reply.offset;
      }
      if (sent !== times * 1024) throw new Error(`${name}: ${reply.status}`);
      return sent;
    },
  };
}

export async function requestSteps(): Promise<Step[]> {
  return [
    await hits('hit, 1 KB, Host alone', {}, PLAIN),
    await hits('hit, 1 KB, a browser', {}, BROWSER),
    await hits('hit, 1 KB, a browser, access log', { isLogged: true }, BROWSER),
    await hits('hit, 64 KB', { bytes: 65_536 }, PLAIN),
    misses('miss, no-store, Host alone', 'no-store', false, PLAIN),
    misses('miss, no-store, a browser', 'no-store', false, BROWSER),
    misses('miss, stored, a browser', STORED, true, BROWSER),
  ];
}

/** The step that asks addons: a hit beside the same where one addon does nothing. */
export async function guardSteps(): Promise<Step[]> {
  return [await hits('hit, 1 KB, an addon that does nothing', { addons: [NOTHING] }, PLAIN)];
}
