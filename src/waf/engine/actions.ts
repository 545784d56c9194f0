/** Non-disruptive actions, compiled. Those that set variables run for each value that matches, the others once a rule has. */
import type { Action, Control, SetVariable } from '../lang/rule.ts';
import { compileMacro, compileText, type Text } from './macro.ts';
import type { RuleNumbers } from './rule-book.ts';
import { selectorTest } from './source.ts';
import type { State, TargetRemoval } from './state.ts';
import type { TxNames } from './tx-store.ts';

export type Run = (state: State) => void;

export interface CompiledActions {
  readonly eachMatch: readonly Run[];
  readonly afterMatch: readonly Run[];
}

/** What is compiled against. */
export interface ActionContext {
  readonly names: TxNames;
  readonly numbers: RuleNumbers;
}

export function compileActions(actions: readonly Action[], context: ActionContext): CompiledActions {
  const eachMatch: Run[] = [];
  const afterMatch: Run[] = [];
  for (const action of actions) {
    if (action.kind === 'setvar') eachMatch.push(compileSet(action, context.names));
    else {
      const run = compileOther(action, context);
      if (run !== undefined) afterMatch.push(run);
    }
  }
  return { eachMatch, afterMatch };
}

function compileSet(action: SetVariable, names: TxNames): Run {
  const value = compileText(action.value, names);
  if (action.collection !== 'tx') return compilePersistentSet(action, value, names);
  const dynamicName = compileMacro(action.name, names);
  if (dynamicName !== undefined) {
    return (state) => {
      const name = dynamicName(state);
      state.tx.setByName(name, changed(action.change, state.tx.get(name), value(state)));
    };
  }
  const slot = names.slot(action.name);
  if (action.change === 'set') return (state) => state.tx.set(slot, value(state));
  return (state) => state.tx.set(slot, changed(action.change, state.tx.values[slot], value(state)));
}

function compilePersistentSet({ collection, name, change }: SetVariable, value: Text, names: TxNames): Run {
  const nameText = compileText(name, names);
  return (state) => {
    const target = state.collections?.get(collection);
    if (target === undefined) return;
    const key = nameText(state);
    target.set(key, changed(change, target.get(key, state.shared.now()), value(state)));
  };
}

function changed(change: SetVariable['change'], before: string | undefined, value: string): string | undefined {
  switch (change) {
    case 'set':
      return value;
    case 'remove':
      return undefined;
    case 'add':
      return String(asInteger(before) + asInteger(value));
    case 'subtract':
      return String(asInteger(before) - asInteger(value));
  }
}

const LARGEST = 0x7fffffff;

/** As C++'s stoi: leading digits count, and what is no number, or too large a one, is 0. */
export function asInteger(text: string | undefined): number {
  if (text === undefined) return 0;
  const number = Number.parseInt(text, 10);
  return Number.isNaN(number) || Math.abs(number) > LARGEST ? 0 : number;
}

function compileOther(action: Exclude<Action, SetVariable>, context: ActionContext): Run | undefined {
  switch (action.kind) {
    case 'ctl':
      return compileControl(action.control, context);
    case 'initcol': {
      const key = compileText(action.value, context.names);
      return (state) => open(state, action.collection, key(state));
    }
    case 'setsid':
    case 'setuid':
    case 'setrsc':
      return compileIdentity(action.kind, compileText(action.value, context.names));
    case 'setenv': {
      const value = compileText(action.value, context.names);
      return (state) => {
        state.environment ??= new Map();
        state.environment.set(action.name, value(state));
      };
    }
    case 'expirevar':
      return compileExpire(
        action.collection,
        compileText(action.name, context.names),
        compileText(action.value, context.names),
      );
    case 'deprecatevar':
      return compileDeprecate(action.collection, compileText(action.name, context.names), action.value);
    default:
      return undefined;
  }
}

function open(state: State, kind: string, key: string): void {
  const { collections, now } = state.shared;
  state.collections ??= new Map();
  state.collections.set(kind, collections.open(kind, key, now()));
}

function compileIdentity(kind: 'setsid' | 'setuid' | 'setrsc', value: Text): Run {
  return (state) => {
    const text = value(state);
    if (kind === 'setsid') state.sessionId = text;
    if (kind === 'setuid') state.userId = text;
    open(state, { setsid: 'session', setuid: 'user', setrsc: 'resource' }[kind], text);
  };
}

function compileExpire(collection: string, name: Text, seconds: Text): Run | undefined {
  // a transaction is shorter than any time after which a variable of it could end
  if (collection === 'tx') return undefined;
  return (state) => {
    state.collections?.get(collection)?.expire(name(state), state.shared.now() + asInteger(seconds(state)) * 1000);
  };
}

/** `amount/seconds`: less by the amount for each such time since the last change; here since the value was last lowered. */
function compileDeprecate(collection: string, name: Text, value: string): Run | undefined {
  if (collection === 'tx') return undefined;
  const [amount, seconds] = value.split('/').map(asInteger);
  if (!(seconds > 0)) return undefined;
  return (state) => {
    const target = state.collections?.get(collection);
    const key = name(state);
    const now = state.shared.now();
    const before = target?.get(key, now);
    if (target === undefined || before === undefined) return;
    const mark = `${key}\0deprecated`;
    const since = Number(target.get(mark, now) ?? now);
    const steps = Math.floor((now - since) / (seconds * 1000));
    if (steps > 0) target.set(key, String(Math.max(0, asInteger(before) - steps * amount)));
    target.set(mark, String(since + steps * seconds * 1000));
  };
}

function compileControl(control: Control, { numbers }: ActionContext): Run | undefined {
  switch (control.option) {
    case 'ruleengine':
      return (state) => {
        // what lb's configuration says, only to log, is not undone by a rule
        state.mode = control.value === 'on' ? state.modeWanted : control.value;
      };
    case 'remove-rule':
      return compileRuleRemoval(numbers.select(control.rules));
    case 'remove-target': {
      const tests = control.targets.map(({ variable, selector }) => ({
        name: variable.toUpperCase(),
        test: selectorTest(selector),
      }));
      const removal: TargetRemoval = {
        rules: numbers.select(control.rules),
        matches: (entry) => tests.some(({ name, test }) => entry.collection === name && test(entry.key)),
      };
      return (state) => {
        state.targetRemovals ??= [];
        state.targetRemovals.push(removal);
      };
    }
    case 'requestbodyaccess':
      return (state) => {
        state.requestBodyAccess = control.value;
      };
    case 'responsebodyaccess':
      return (state) => {
        state.responseBodyAccess = control.value;
      };
    case 'requestbodyprocessor':
      return (state) => {
        state.processor = control.value;
      };
    case 'requestbodylimit':
      return (state) => {
        state.requestBodyLimit = control.value;
      };
    case 'responsebodylimit':
      return (state) => {
        state.responseBodyLimit = control.value;
      };
    case 'parsexmlintoargs':
      return (state) => {
        state.xmlArguments = control.value;
      };
    // REQUEST_BODY has always the body, as in ModSecurity v3
    case 'forcerequestbodyvariable':
    case 'none':
      return undefined;
  }
}

function compileRuleRemoval(selected: Uint8Array): Run {
  return (state) => {
    state.removedRules ??= new Uint8Array(selected.length);
    const removed = state.removedRules;
    for (let i = 0; i < selected.length; i++) removed[i] |= selected[i];
  };
}
