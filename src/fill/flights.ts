import { type Cache, type Claim, REFRESHED } from '../cache/cache.ts';
import type { Doorbells } from '../threads/doorbell.ts';

/** Whoever follows a flight: told whenever its state or its body moved on. */
export interface FlightClient {
  onFlight(): void;
}

/** A flight as one thread holds it: one long pin, shared by the fill and all clients of the thread. */
export class LocalFlight {
  readonly id: number;
  readonly handle: number;
  readonly clients = new Set<FlightClient>();
  /** Set while this thread leads the flight. */
  filling = false;
  /** Set while clients are about to be told. */
  telling = false;

  constructor(id: number, handle: number) {
    this.id = id;
    this.handle = handle;
  }
}

/** The flights that this thread leads or follows. */
export class Flights {
  readonly #cache: Cache;
  readonly #doorbells: Doorbells;
  readonly #worker: number;
  readonly #flights = new Map<number, LocalFlight>();

  constructor(cache: Cache, doorbells: Doorbells, worker: number) {
    this.#cache = cache;
    this.#doorbells = doorbells;
    this.#worker = worker;
  }

  /** The local side of a claim; a pin that the thread already has on the flight is used again. */
  enter(claim: Claim): LocalFlight {
    const known = this.#flights.get(claim.id);
    if (known !== undefined) {
      this.#cache.drop(claim.handle);
      return known;
    }
    const flight = new LocalFlight(claim.id, claim.handle);
    this.#flights.set(claim.id, flight);
    return flight;
  }

  /** Ends a client's interest. */
  leave(flight: LocalFlight, client: FlightClient): void {
    flight.clients.delete(client);
    this.#releaseUnused(flight);
  }

  /** There is no need for a flight that this thread leads: its followers look up again. */
  standDown(flight: LocalFlight): void {
    this.#cache.finish(flight.id, REFRESHED);
    this.announce(flight);
  }

  /** The fill has ended. */
  land(flight: LocalFlight): void {
    flight.filling = false;
    this.#releaseUnused(flight);
  }

  /**
   * Tells all followers of a flight that this thread leads: other threads by their doorbells, this thread's clients once
   * the current callback is over, so that a head and the body that came with it go out together.
   */
  announce(flight: LocalFlight): void {
    const [lo, hi] = this.#cache.waiters(flight.id);
    this.#doorbells.ringMask(lo, hi, this.#worker);
    if (flight.telling || flight.clients.size === 0) return;
    flight.telling = true;
    queueMicrotask(() => {
      flight.telling = false;
      tell(flight);
    });
  }

  /** The doorbell rang: some flight led by another thread moved on. */
  onRing(): void {
    for (const flight of [...this.#flights.values()]) if (!flight.filling) tell(flight);
  }

  #releaseUnused(flight: LocalFlight): void {
    if (flight.filling || flight.clients.size > 0 || !this.#flights.delete(flight.id)) return;
    this.#cache.drop(flight.handle);
  }
}

function tell(flight: LocalFlight): void {
  for (const client of [...flight.clients]) if (flight.clients.has(client)) client.onFlight();
}
