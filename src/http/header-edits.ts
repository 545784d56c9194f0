import type { HeaderList } from './headers.ts';

/** What one rule does to header fields: first it removes, then sets, then adds. Names lowercase. */
export interface EditStep {
  readonly remove: readonly string[];
  /** Each name takes the place of all lines of that name; of several values of one name all stay. */
  readonly set: readonly (readonly [name: string, value: string])[];
  readonly add: readonly (readonly [name: string, value: string])[];
}

/** Changes of header fields, one step after the other. Unchangeable. */
export class HeaderEdits {
  readonly steps: readonly EditStep[];
  /** Made of steps that many requests share, so that one object stands for one set of changes. */
  readonly isShared: boolean;
  readonly #next = new Map<EditStep, HeaderEdits>();
  #text: string | undefined;

  constructor(steps: readonly EditStep[] = [], isShared = true) {
    this.steps = steps;
    this.isShared = isShared;
  }

  /**
   * These changes and then those of a step. Of a shared step the same object each time.
   *
   * @param isShared whether the step is the same object for all requests
   */
  with(step: EditStep, isShared: boolean): HeaderEdits {
    const shared = isShared && this.isShared;
    const known = shared ? this.#next.get(step) : undefined;
    if (known !== undefined) return known;
    const edits = new HeaderEdits([...this.steps, step], shared);
    if (shared) this.#next.set(step, edits);
    return edits;
  }

  /** The list with the changes made; the list itself where there are none. */
  apply(headers: HeaderList): HeaderList {
    let out = headers;
    for (const { remove, set, add } of this.steps) {
      const gone = new Set([...remove, ...set.map(([name]) => name)]);
      if (gone.size > 0) out = out.filter((_, i) => !gone.has(out[i & ~1]));
      else if (out === headers) out = [...headers];
      for (const [name, value] of set) out.push(name, value);
      for (const [name, value] of add) out.push(name, value);
    }
    return out;
  }

  /** For people, a line each: `- name`, `name: value`, `+ name: value`. */
  describe(): string[] {
    return this.steps.flatMap(({ remove, set, add }) => [
      ...remove.map((name) => `- ${name}`),
      ...set.map(([name, value]) => `${name}: ${value}`),
      ...add.map(([name, value]) => `+ ${name}: ${value}`),
    ]);
  }

  /** Tells different changes apart, each part with its length before it. */
  get text(): string {
    this.#text ??= this.steps.map(textOf).join('');
    return this.#text;
  }
}

function textOf({ remove, set, add }: EditStep): string {
  const lists = [remove, set.flat(), add.flat()];
  return lists.map((list) => `${list.length}[${list.map((part) => `${part.length}:${part}`).join('')}]`).join('');
}

/** A field value without what could end it: control characters, and what is not latin1. */
export function safeFieldValue(text: string): string {
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '');
}
