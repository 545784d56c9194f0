/** What limits look at of a request. */
export interface LimitSubject {
  readonly method: string;
  /** As the client sent them. */
  readonly path: string;
  readonly query: string;
  /** `host` without port. */
  readonly host: { readonly host: string };
  /** That of the logs: what trusted proxies say of it counts. */
  clientAddress(): string;
  /** The first line of a field, '' where it is absent. */
  field(name: string): string;
  /** Names the request in logs and answers. */
  ownId(): string;
  /** Keeps a row of `Holds` until the request is over. */
  keepRow(row: number): void;
}

/** The country of an address, two letters. */
export type CountryOf = (address: string) => string;
