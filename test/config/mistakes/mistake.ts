/** One mistake in the configuration: where it is found, what is said, and what is proposed. */

export interface Mistake {
  readonly name: string;
  /** lb.json. */
  readonly file?: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** How the error begins: `lb.json:2:3` or the name of a flag or variable. */
  readonly at: string;
  readonly says: RegExp;
  readonly fix: RegExp;
}

/** The usual origin of these cases, where it is not what is wrong. */
export const ORIGIN = '"origins": ["example.com:443"]';
