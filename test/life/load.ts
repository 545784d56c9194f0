import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';

/** Of a client between its requests: together they ask some hundred times a second. */
const PAUSE_MS = 15;

/** Clients that ask again and again, and note whatever goes wrong. */
export class Load {
  /** Answers that came as they should. */
  answered = 0;
  readonly errors: string[] = [];
  readonly #port: number;
  readonly #clients: Promise<void>[];
  #isOver = false;

  /**
   * @param fresh clients with a new connection for every request
   * @param kept clients that keep their connection until they are told that it ends
   */
  constructor(port: number, fresh: number, kept: number) {
    this.#port = port;
    const kinds = [...Array<boolean>(fresh).fill(false), ...Array<boolean>(kept).fill(true)];
    this.#clients = kinds.map((keepAlive, number) => this.#ask(new Agent({ keepAlive, maxSockets: 1 }), number));
  }

  async #ask(agent: Agent, client: number): Promise<void> {
    for (let number = 0; !this.#isOver; number++) {
      // in part hits, in part misses
      const path = number % 2 === 0 ? '/hit' : `/miss/${client}/${number}`;
      try {
        const asked = request({ host: '127.0.0.1', port: this.#port, path, agent, headers: { Host: 'site.test' } });
        asked.end();
        const [answer] = (await once(asked, 'response')) as [IncomingMessage];
        const body = Buffer.concat(await answer.toArray()).toString();
        if (answer.statusCode === 200 && body === path) this.answered++;
        else this.errors.push(`${path}: ${answer.statusCode} ${body.slice(0, 200)}`);
      } catch (error) {
        this.errors.push(`${path}: ${(error as Error).message}`);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    agent.destroy();
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
  }
}
