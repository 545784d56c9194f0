import { loadMemoryAddon } from '../../native-bindings/memory/index.ts';

/** How often memory is given back, in ms. */
const PERIOD = 30_000;

/** Gives the system back what the C library holds free, again and again. Without the addon nothing happens. */
export class GiveBack {
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  async start(): Promise<void> {
    const addon = await loadMemoryAddon();
    if (addon === undefined || this.#isStopped) return;
    this.#timer = setInterval(() => addon.trim(), PERIOD).unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
  }
}
