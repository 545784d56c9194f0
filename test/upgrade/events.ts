import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until, within } from '../support/cleanup.ts';
import { type Client, openClient, type Response, requestText } from '../support/client.ts';
import type { Answer, OriginRequest } from '../support/origin.ts';
import { sharedPair } from '../support/pair.ts';

const EVENTS = 5;
const CLIENTS = 100;

const EVENT_STREAM = ['Content-Type', 'text/event-stream'] as const;

/** A stream that its test feeds. */
class Stream {
  readonly answer: Promise<Answer>;
  #begun!: (answer: Answer) => void;
  #end!: () => void;
  readonly #over: Promise<void>;
  readonly #cacheControl: string;
  readonly #first: string;

  /** @param first event that goes out with the head, '' for none */
  constructor(cacheControl: string, first: string) {
    this.#cacheControl = cacheControl;
    this.#first = first;
    this.answer = new Promise((resolve) => {
      this.#begun = resolve;
    });
    this.#over = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  readonly handle = async (_: OriginRequest, answer: Answer): Promise<void> => {
    await answer.head(200, [EVENT_STREAM, ['Cache-Control', this.#cacheControl], ['Transfer-Encoding', 'chunked']]);
    if (this.#first !== '') await answer.chunk(this.#first);
    this.#begun(answer);
    await Promise.race([answer.gone, this.#over]);
  };

  /** After the last chunk: the connection is free for another request. */
  async end(): Promise<void> {
    await (await this.answer).raw('0\r\n\r\n');
    this.#end();
  }
}

/** A client that has the head of a stream. */
async function subscribe(t: Parameters<typeof openClient>[0], port: number, path: string): Promise<[Client, Response]> {
  const client = await openClient(t, port);
  client.send(requestText('GET', path, [['Accept', 'text/event-stream']]));
  const response = await client.head();
  assert.ok(response !== undefined);
  assert.equal(response.status, 200);
  return [client, response];
}

/** Collects a client's body in the background. */
function collect([client, response]: [Client, Response]): { text(): string; over: Promise<boolean> } {
  let text = '';
  const over = client
    .body(response, 'GET', (chunk) => {
      text += chunk.toString('latin1');
    })
    .then(({ complete }) => complete);
  return { text: () => text, over };
}

const HELLO = 'data: 0\n\n';

/** Server-sent events and long polls, whatever carries them. @param headFirst whether a head can go out on its own */
export function eventCases(headFirst: boolean): void {
  const pair = sharedPair({ timeouts: { first_byte: '5s', between_bytes: '5s' } });

  describe('server-sent events', () => {
    for (const cacheControl of ['no-store', 'no-cache', 'max-age=60']) {
      it(`reach the client one by one (${cacheControl})`, async (t) => {
        const stream = new Stream(cacheControl, headFirst ? '' : HELLO);
        pair.script(stream.handle);
        const path = `/events/${cacheControl}`;
        const got = [collect(await subscribe(t, pair.port, path))];
        const answer = await stream.answer;
        if (headFirst) await answer.chunk(HELLO);
        await until(() => got[0].text() === HELLO, 'the first event');
        // one who comes later shares a stream that may be shared
        if (cacheControl === 'max-age=60') got.push(collect(await subscribe(t, pair.port, path)));
        let sent = HELLO;
        for (let i = 1; i < EVENTS; i++) {
          const event = `id: ${i}\ndata: ${'x'.repeat(i * 10)}\n\n`;
          sent += event;
          await answer.chunk(event);
          // the next one is sent only when this one is there
          await until(() => got.every((one) => one.text() === sent), `event ${i}`);
        }
        assert.equal(pair.origin.requests.length, 1);
        await stream.end();
        assert.deepEqual(
          await Promise.all(got.map(({ over }) => over)),
          got.map(() => true),
        );
      });
    }

    it('end at the origin when the client goes', async (t) => {
      const stream = new Stream('no-store', HELLO);
      pair.script(stream.handle);
      const [client] = await subscribe(t, pair.port, '/events/gone');
      const answer = await stream.answer;
      client.close();
      await within(answer.gone, 'the end of the stream at the origin');
    });

    it(`are streamed to ${CLIENTS} clients at once`, async (t) => {
      const answers: Answer[] = [];
      pair.script(async (_, answer) => {
        await answer.head(200, [EVENT_STREAM, ['Cache-Control', 'no-store'], ['Transfer-Encoding', 'chunked']]);
        await answer.chunk(HELLO);
        answers.push(answer);
        await answer.gone;
      });
      const clients = await Promise.all(
        Array.from({ length: CLIENTS }, (_, i) => subscribe(t, pair.port, `/many/${i}`)),
      );
      const got = clients.map(collect);
      for (let round = 1; round <= 3; round++) {
        for (const answer of answers) await answer.chunk('data: x\n\n');
        const all = HELLO + 'data: x\n\n'.repeat(round);
        await until(() => got.every((one) => one.text() === all), `round ${round}`);
      }
      for (const [client] of clients) client.close();
      await within(Promise.all(answers.map(({ gone }) => gone)), 'the ends of all streams');
    });
  });

  it('a long poll is answered when the origin answers', async (t) => {
    let answered: (() => Promise<void>) | undefined;
    pair.script((_, answer) => {
      answered = () => answer.send(200, [['Cache-Control', 'no-store']], 'news');
      return answer.gone;
    });
    const client = await openClient(t, pair.port);
    client.send(requestText('GET', '/poll'));
    await pair.origin.request(0);
    await answered?.();
    assert.equal((await client.response()).text, 'news');
  });
}
