import type { Config } from '../config/config.ts';
import type { EdgeThreads } from '../threads/edges.ts';
import type { PlanData } from '../threads/messages.ts';
import type { TlsKeeper } from '../tls/keeper.ts';
import type { TlsCertificate, TlsTerms } from '../tls/terms.ts';
import type { ConnectionCounts } from '../transport/connection-counts.ts';
import type { AcmeRunner } from './acme.ts';
import { fileChanges } from './changes.ts';
import type { Entrance } from './entrance.ts';
import { plannedListeners } from './listeners.ts';
import type { Live } from './live.ts';
import type { Origins } from './origins.ts';
import type { Planner } from './planner.ts';
import type { Purger } from './purger.ts';
import type { Applied } from './reload.ts';
import { limitUnsent } from './unsent.ts';

/** Whatever has a part in a plan. */
export interface PlanParts {
  readonly live: Live;
  readonly planner: Planner;
  readonly entrance: Entrance;
  readonly counts: ConnectionCounts;
  readonly tls: TlsKeeper;
  readonly acme: AcmeRunner;
  readonly origins: Origins;
  readonly purger: Purger;
  readonly edges: EdgeThreads;
}

/** The plan in force, and how another one comes into force everywhere at once. */
export class Plans {
  readonly #parts: PlanParts;
  #current: PlanData | undefined;
  /** What is being prepared. */
  #next: PlanData | undefined;

  constructor(parts: PlanParts) {
    this.#parts = parts;
  }

  /** What edges are born with. */
  get current(): PlanData {
    if (this.#current === undefined) throw new Error('there is no plan yet');
    return this.#current;
  }

  /**
   * Binds listeners for the first configuration, before there are edges.
   * @throws ListenError, CertificateError, CountryDatabaseError
   */
  async open(config: Config): Promise<void> {
    const { live, planner, entrance, tls, acme, origins } = this.#parts;
    tls.setObtained(await acme.prepare(config));
    tls.termsFor(config); // before anything is opened
    const listen = await entrance.prepare(this.#listeners(config));
    entrance.commit();
    this.#current = planner.plan(config, live.generation, listen);
    this.#countPorts();
    origins.commit(config);
  }

  /**
   * Puts another configuration in force, on all threads or on none.
   * @throws with one sentence where it cannot be; then nothing has changed
   */
  async apply(config: Config): Promise<Applied> {
    const { live, entrance, tls, acme } = this.#parts;
    live.number(config);
    let prepared: PlanData;
    try {
      prepared = await this.#prepare(config);
    } catch (error) {
      entrance.discard();
      tls.setObtained(acme.discard());
      this.#next = undefined;
      throw error;
    }
    const changed = await this.#commit(config, prepared);
    return { generation: live.generation, changed };
  }

  /** @returns what the edges are ready for */
  async #prepare(config: Config): Promise<PlanData> {
    const { live, planner, entrance, tls, acme, edges } = this.#parts;
    const listen = await entrance.prepare(this.#listeners(config));
    tls.setObtained(await acme.prepare(config));
    const plan = planner.plan(config, live.generation + 1, listen);
    this.#next = plan;
    const problem = await edges.prepare(plan);
    if (problem !== undefined) throw new Error(problem);
    return plan;
  }

  /** @returns what is another one of what was read from files */
  async #commit(config: Config, prepared: PlanData): Promise<string[]> {
    const { live, entrance, acme, origins, purger, edges } = this.#parts;
    const gone = live.sites.filter(({ index }) => !config.sites.some(({ number }) => number === index));
    const next = this.#next ?? prepared;
    const changed = fileChanges(this.current, next);
    this.#current = next;
    this.#next = undefined;
    const committed = edges.commit(next);
    // certificates, or the key, have changed while edges got ready
    if (next !== prepared && next.tls !== undefined) edges.certificates(next.tls);
    entrance.commit();
    this.#countPorts();
    void limitUnsent(this.ports());
    live.replace(config);
    origins.commit(config);
    acme.commit();
    // what comes back under the same name starts anew
    for (const { index } of gone) purger.forgetSite(index);
    await committed;
    return changed;
  }

  /** Ports of the listeners in force. */
  ports(): number[] {
    return this.#parts.entrance.listeners().map(({ address }) => address.port);
  }

  /** Has all listeners use a certificate in the place of another. */
  replaceCertificate(former: TlsCertificate, next: TlsCertificate): void {
    this.#changeTls((terms) => {
      const certificates = terms.certificates.map((certificate) => (certificate === former ? next : certificate));
      return { ...terms, certificates };
    });
  }

  /** Has all listeners use the key of session tickets that is current. */
  renewTicketKey(): void {
    this.#changeTls((terms) => ({ ...terms, ticketKey: this.#parts.tls.ticketKey.current }));
  }

  #changeTls(change: (terms: TlsTerms) => TlsTerms): void {
    const changed = (plan: PlanData | undefined) => plan && { ...plan, tls: plan.tls && change(plan.tls) };
    this.#current = changed(this.#current);
    this.#next = changed(this.#next);
    if (this.#current?.tls !== undefined) this.#parts.edges.certificates(this.#current.tls);
  }

  #listeners(config: Config) {
    return plannedListeners(config, this.#parts.entrance.uws !== undefined);
  }

  #countPorts(): void {
    this.#parts.counts.setPorts(this.ports());
  }
}
