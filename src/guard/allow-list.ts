import { type NetworkTest, networkTest } from '../http/networks.ts';
import { type Addon, type GuardRequest, type Opinion, SKIP } from './addon.ts';

/** Lets clients of some networks past all addons behind it. */
export class AllowList implements Addon {
  readonly name = 'allow';
  readonly #isAllowed: NetworkTest;

  constructor(networks: readonly string[]) {
    this.#isAllowed = networkTest(networks);
  }

  check(x: GuardRequest): Opinion {
    return this.#isAllowed(x.clientAddress()) ? SKIP : undefined;
  }
}
