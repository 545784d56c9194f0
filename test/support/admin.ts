import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { CacheStats } from '../../src/cache/stats.ts';
import { until } from './cleanup.ts';

/** The admin listener of an lb on 127.0.0.1. */
export class Admin {
  readonly port: number;

  constructor(port: number) {
    this.port = port;
  }

  /** One request. */
  async fetch(method: string, path: string): Promise<{ status: number; text(): string; json(): unknown }> {
    const agent = new Agent();
    const asked = httpRequest({ host: '127.0.0.1', port: this.port, method, path, agent });
    asked.end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    const body = Buffer.concat(await answer.toArray()).toString('utf8');
    agent.destroy();
    return { status: answer.statusCode ?? 0, text: () => body, json: () => JSON.parse(body) as unknown };
  }

  /** GET /cache. */
  async cache(): Promise<CacheStats> {
    return (await this.fetch('GET', '/cache')).json() as CacheStats;
  }

  /** Test hook: an edge thread dies as by a bug. */
  async kill(worker: number): Promise<void> {
    const { status } = await this.fetch('POST', `/debug/workers/${worker}/kill`);
    if (status !== 202) throw new Error(`killing worker ${worker} answered ${status}`);
  }

  async ready(): Promise<boolean> {
    return (await this.fetch('GET', '/readyz')).status === 200;
  }

  /** Samples of the exposition by their name with labels, such as `lb_workers{state="up"}`. */
  async metrics(): Promise<Map<string, number>> {
    const text = (await this.fetch('GET', '/metrics')).text();
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
    );
  }

  /** Waits until no request holds a pin and no fill is under way. */
  async idle(): Promise<void> {
    let last: CacheStats | undefined;
    const isIdle = async () => {
      last = await this.cache();
      return last.pins === 0 && last.flights === 0;
    };
    await until(isIdle, 'pins and flights to go').catch((error: unknown) => {
      throw new Error(`${String(error)}: ${last?.pins} pins, ${last?.flights} flights`);
    });
  }
}
